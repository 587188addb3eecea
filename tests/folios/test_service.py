from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from pms.audit.models import AuditEntry
from pms.core.db import db, transaction
from pms.core.errors import NotFound
from pms.folios import queries, service
from pms.folios.models import PaymentMethod, Posting, PostingCode, PostingKind
from pms.folios.rules import AlreadyReversed, CurrencyInUse, NothingToPayBack, NotReversible
from pms.properties import queries as properties
from pms.properties import service as house_service
from pms.stays import queries as stay_queries
from pms.stays import service as stays
from tests.folios.conftest import DESK, new_request
from tests.races import race


def fees(stay_id: int) -> list[tuple[str, int, bool]]:
    db.remove()
    return [
        (line.posting.code.value, line.posting.amount, line.is_reversed)
        for line in queries.lines(stay_id)
        if line.posting.turn
    ]


def test_nights_charges_discounts_and_payments_make_the_balance(books):
    stay_id = books.stay()
    books.charge(stay_id, 700)
    books.charge(stay_id, 1000, PostingCode.DISCOUNT)
    books.pay(stay_id, 15000)
    found = queries.balance_of(stay_id)
    assert (found.nights, found.charges, found.paid, found.amount) == (19600, -300, 15000, 4300)


def test_a_double_click_posts_once(books):
    stay_id = books.stay()
    assert books.pay(stay_id, 500, "same").id == books.pay(stay_id, 500, "same").id
    assert books.charge(stay_id, 500, request="other").id == books.charge(stay_id, 500, request="other").id
    assert books.owed(stay_id) == 19600


def test_two_clerks_reverse_the_same_line_and_one_does(books):
    stay_id = books.stay()
    posting = books.charge(stay_id, 700)
    outcomes = race(2, lambda _number: books.reverse(posting.id))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["AlreadyReversed", "Posting"]
    assert books.owed(stay_id) == 19600


def test_the_same_form_in_two_windows_takes_one_payment(books):
    stay_id = books.stay()
    outcomes = race(2, lambda _number: books.pay(stay_id, 500, "same form"))
    assert {outcome.id for outcome in outcomes} == {outcomes[0].id}
    assert books.owed(stay_id) == 19100


def test_a_reversed_payment_is_owed_again_and_a_reversal_is_final(books):
    stay_id = books.stay()
    paid = books.pay(stay_id, 19600)
    back = books.reverse(paid.id)
    assert queries.balance_of(stay_id).paid == 0
    with pytest.raises(AlreadyReversed):
        books.reverse(paid.id)
    with pytest.raises(NotReversible):
        books.reverse(back.id)
    with pytest.raises(NotFound):
        books.reverse(1)


def test_no_more_is_paid_back_than_was_paid_too_much(books, now):
    stay_id = books.stay()
    books.pay(stay_id, 20000)
    values = {"stay_id": stay_id, "method": PaymentMethod.CASH, "actor": DESK, "now": now}
    with pytest.raises(NothingToPayBack):
        service.pay_back(amount=401, request_id=new_request(), **values)
    first = service.pay_back(amount=400, request_id="back", **values)
    assert service.pay_back(amount=400, request_id="back", **values).id == first.id
    assert books.owed(stay_id) == 0


@pytest.mark.parametrize("statement", ["UPDATE posting SET amount = 1", "DELETE FROM posting"])
def test_the_database_refuses_to_change_a_posting(books, statement):
    books.charge(books.stay(), 700)
    with pytest.raises(DBAPIError, match="never changed"), transaction() as session:
        session.execute(sa.text(statement))


@pytest.mark.parametrize(
    "values",
    [
        {"kind": PostingKind.CHARGE, "amount": -5},
        {"kind": PostingKind.CHARGE, "amount": 0},
        {"kind": PostingKind.PAYMENT, "amount": -5},
        {"kind": PostingKind.REVERSAL, "amount": -5},
        {"kind": PostingKind.CHARGE, "amount": 5, "method": PaymentMethod.CASH},
    ],
)
def test_the_database_refuses_postings_that_make_no_sense(books, now, values):
    stay_id = books.stay()
    with pytest.raises(DBAPIError), transaction() as session:
        session.add(Posting(stay_id=stay_id, code=PostingCode.OTHER, posted_at=now, posted_by="x", **values))


def test_fees_follow_the_hours(books):
    stay_id = books.stay()
    assert fees(stay_id) == []
    books.hours(stay_id, 10, 14)
    assert fees(stay_id) == [("early_arrival", 2500, False), ("late_departure", 3500, False)]
    books.hours(stay_id, 11, None)
    assert fees(stay_id) == [("early_arrival", 2500, False), ("late_departure", 3500, True)]
    books.hours(stay_id, None, 13)
    assert books.owed(stay_id) == 19600 + 3500


def test_a_booking_with_hours_is_charged_and_its_end_takes_the_fees_back(books, now):
    stay_id = books.stay(arrival_hour=10)
    assert books.owed(stay_id) == 19600 + 2500
    stays.cancel(stay_id=stay_id, actor=DESK, now=now)
    assert books.owed(stay_id) == 0
    step = stay_queries.last_step(stay_id)
    stays.undo_last(stay_id=stay_id, step_id=step.id, actor=DESK, now=now)
    assert books.owed(stay_id) == 19600 + 2500


def test_undo_of_the_hours_takes_their_fee_back(books, now):
    stay_id = books.stay()
    step = books.hours(stay_id, 10)
    stays.undo_last(stay_id=stay_id, step_id=step.id, actor=DESK, now=now)
    assert books.owed(stay_id) == 19600


def test_a_fee_that_the_desk_waived_does_not_come_back_by_itself(books, now):
    stay_id = books.stay(arrival_hour=10)
    books.reverse(queries.fees(stay_id)[0].posting.id)
    books.hours(stay_id, 10, 14)
    assert books.owed(stay_id) == 19600 + 3500
    stays.check_in(stay_id=stay_id, actor=DESK, now=now)
    assert books.owed(stay_id) == 19600 + 3500


def test_longer_stays_cost_more_and_lose_the_late_hour(books, now):
    stay_id = books.stay(departure_hour=14)
    departure = stay_queries.get_stay(stay_id).departure_date
    stays.extend(stay_id=stay_id, departure_date=departure.replace(day=departure.day + 1), actor=DESK, now=now)
    assert books.owed(stay_id) == 3 * 9800


def test_the_database_charges_a_fee_once(books, now):
    stay_id = books.stay(arrival_hour=10)
    with pytest.raises(DBAPIError), transaction() as session:
        fee = {"kind": PostingKind.CHARGE, "code": PostingCode.EARLY_ARRIVAL, "amount": 2500, "turn": 1}
        session.add(Posting(stay_id=stay_id, posted_at=now, posted_by="x", **fee))


def test_the_currency_stands_once_something_is_posted(books, now):
    def change(currency: str) -> None:
        house_service.change_terms(
            version=properties.get_property().version,
            currency=currency,
            early_arrival_hour=9,
            late_departure_hour=18,
            early_fee=2500,
            late_fee=3500,
            cleaning_hours=2,
            actor=DESK,
            now=now,
        )

    change("CNY")
    books.charge(books.stay(), 700)
    with pytest.raises(CurrencyInUse):
        change("EUR")
    change("CNY")


def test_the_trail_says_how_much_and_how(books):
    stay_id = books.stay()
    posting = books.pay(stay_id, 1250)
    books.reverse(posting.id)
    db.remove()
    said = db.session.scalars(
        sa.select(AuditEntry).where(AuditEntry.action.startswith("folios.")).order_by(AuditEntry.id)
    ).all()
    assert [(entry.action, entry.after["amount"], entry.stay_id) for entry in said] == [
        ("folios.paid", "-12.50 EUR", stay_id),
        ("folios.reversed", "12.50 EUR", stay_id),
    ]
    assert said[0].after["method"] == "cash"
