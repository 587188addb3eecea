from __future__ import annotations

from uuid import uuid4

import pytest

from pms.folios import queries
from pms.stays import service as stays
from tests.folios.conftest import DESK, Book


@pytest.fixture
def stay_id(house, now) -> int:
    return Book(house, now).stay()


def post(client, url: str, status: int = 303, **form):
    return client.post(url, {"request_id": str(uuid4()), **form}, status=status)


def test_the_account_is_part_of_the_stays_page(client, stay_id):
    client.log_in("desk")
    assert f"/folios/of-stay/{stay_id}" in client.get(f"/stays/{stay_id}").text
    part = client.get(f"/folios/of-stay/{stay_id}", htmx=True).text
    assert "€196.00" in part
    assert "2 nights × €98.00" in " ".join(part.split())
    assert "<html" not in part
    assert "To pay" in client.get(f"/folios/of-stay/{stay_id}").text


def test_a_payment_is_preset_to_what_is_owed(client, stay_id):
    client.log_in("desk")
    url = f"/folios/stays/{stay_id}/payment"
    assert 'value="196.00"' in client.get(url, htmx=True).text
    post(client, url, direction="in", amount="100,00", method="cash")
    assert 'value="96.00"' in client.get(url).text
    post(client, url, direction="in", amount="150", method="card")
    assert "Pay back" in client.get(url).text
    assert "At most" in post(client, url, 422, direction="back", amount="54.01", method="cash").text
    post(client, url, direction="back", amount="54", method="cash")
    assert queries.balance_of(stay_id).amount == 0
    assert "All paid" in client.get(f"/folios/of-stay/{stay_id}").text


@pytest.mark.parametrize(
    ("amount", "said"),
    [("12,345", "could be two different amounts"), ("much", "in digits"), ("", "Enter an amount"), ("0", "above zero")],
)
def test_a_doubtful_amount_is_asked_again_and_kept(client, stay_id, amount, said):
    client.log_in("desk")
    page = post(client, f"/folios/stays/{stay_id}/payment", 422, direction="in", amount=amount, method="cash").text
    assert said in page
    assert f'value="{amount}"' in page
    assert queries.lines(stay_id) == []


def test_charges_are_posted_with_their_note_as_text(client, stay_id):
    client.log_in("desk")
    url = f"/folios/stays/{stay_id}/charge"
    assert "City tax" in client.get(url).text
    assert "few words" in post(client, url, 422, code="other", amount="5", text="").text
    assert post(client, url, 422, code="early_arrival", amount="5").status_code == 422
    post(client, url, code="other", amount="5", text="<b>Umbrella</b>")
    post(client, url, code="discount", amount="10", text="")
    part = client.get(f"/folios/of-stay/{stay_id}").text
    assert "&lt;b&gt;Umbrella" in part
    assert "-€10.00" in part


def test_a_manager_reverses_a_line_with_a_reason(client, stay_id):
    client.log_in("desk")
    post(client, f"/folios/stays/{stay_id}/charge", code="minibar", amount="7")
    posting = queries.lines(stay_id)[0].posting
    url = f"/folios/postings/{posting.id}/reverse"
    client.get(url, status=403)
    client.post("/logout")
    client.log_in("manager")
    assert "Minibar" in client.get(url).text
    post(client, url, 422, text="")
    post(client, url, text="Not eaten")
    assert "reversed already" in post(client, url, 422, text="Not eaten").text
    assert "Reversed: Minibar" in client.get(f"/folios/of-stay/{stay_id}").text


def test_the_statement_is_paper_without_verbs(client, stay_id):
    client.log_in("desk")
    post(client, f"/folios/stays/{stay_id}/payment", direction="in", amount="50", method="voucher")
    page = client.get(f"/folios/stays/{stay_id}/statement").text
    assert "Voucher" in page
    assert "€146.00" in page
    assert "Reverse" not in page


def test_check_out_says_what_is_owed_and_does_not_stop_it(client, stay_id, house, now):
    stays.check_in(stay_id=stay_id, actor=DESK, now=now)
    client.log_in("desk")
    Book(house, now).charge(stay_id, 700)
    page = client.get(f"/stays/{stay_id}/check-out").text
    assert "€7.00 is still to be paid" in page
    assert f"/folios/stays/{stay_id}/payment" in page
    version = page.split('name="version" type="hidden" value="')[1].split('"')[0]
    post(client, f"/stays/{stay_id}/check-out", version=version)
