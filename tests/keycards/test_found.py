"""A card lies on the desk: what it is, and the one thing to do with it."""

from __future__ import annotations

import pytest

from pms.core import clock
from pms.encoders import queries as encoder_queries
from pms.keycards import losses, progress, queries, rules, service
from pms.keycards.models import EndReason
from pms.keycards.rules import CardKindSeen, FoundAct, FoundCard, KeyState, MakeAgain
from pms.protocol.card_layout import Medium
from pms.simulators.cards import SimulatedCard
from pms.stays import service as stays
from pms.stays.models import StayState
from tests.client import text_of
from tests.keycards.desk import DESK, new_request, stay

IN, COMING, GONE = StayState.IN_HOUSE, StayState.CONFIRMED, StayState.CHECKED_OUT


@pytest.mark.parametrize(
    ("found", "act"),
    [
        (FoundCard(CardKindSeen.GUEST, KeyState.CONFIRMED, stay_state=IN), "give_back"),
        (FoundCard(CardKindSeen.GUEST, KeyState.BELIEVED, stay_state=COMING), "keep_for_arrival"),
        (FoundCard(CardKindSeen.GUEST, KeyState.CONFIRMED, MakeAgain.LOST, IN), "make_again"),
        (FoundCard(CardKindSeen.DEAD, KeyState.DEAD, MakeAgain.NEWER_USED, IN), "make_again"),
        (FoundCard(CardKindSeen.DEAD, KeyState.STILL_OPENS, stay_state=GONE), "erase"),
        (FoundCard(CardKindSeen.DEAD, KeyState.DEAD, stay_state=IN, is_lost=True), "erase"),
        (FoundCard(CardKindSeen.DEAD, KeyState.DEAD, stay_state=IN, is_lost=True, is_denied=True), "allow"),
        (FoundCard(CardKindSeen.DEAD, KeyState.DEAD, stay_state=GONE, is_lost=True, is_denied=True), "erase"),
        (FoundCard(CardKindSeen.BLANK), "use"),
        (FoundCard(CardKindSeen.FOREIGN), "lost_property"),
        (FoundCard(CardKindSeen.FOREIGN, is_damaged=True), "erase"),
        (FoundCard(CardKindSeen.GUEST), "to_manager"),
        (FoundCard(CardKindSeen.DEAD), "erase"),
        (FoundCard(CardKindSeen.STAFF), "to_manager"),
        (FoundCard(CardKindSeen.STAFF, holder_counts=True), "to_holder"),
        (FoundCard(CardKindSeen.STAFF, holder_counts=True, is_lost=True), "to_manager"),
        (FoundCard(CardKindSeen.DEAD, holder_counts=False), "erase"),
    ],
)
def test_there_is_one_thing_to_do_with_each_card(found, act):
    assert rules.what_to_do(found) == FoundAct(act)


def read(desk, plastic):
    batch_id = service.read(encoder_id=desk.encoder_id, request_id=new_request(), actor=DESK, now=clock.now())
    desk.work(plastic)
    assert encoder_queries.batch(batch_id)[0].state.value == "done"
    return batch_id


def page_of(client, batch_id) -> str:
    return text_of(client.get(f"/keys/batches/{batch_id}"))


@pytest.fixture
def clerk(client):
    return client.log_in("desk")


def test_a_good_card_goes_back_to_its_guest(house, desk, clerk):
    (plastic,) = desk.keys_of(stay(house))
    text = page_of(clerk, read(desk, plastic))
    assert "Key of Claire Moreau" in text
    assert "Give it back to Claire Moreau in 101." in text
    assert "the door takes it until 12:15" in text
    assert plastic.uid.hex().upper() in text


def lose(desk, plastic, how):
    how(
        key_card_id=queries.cards_with_uid(plastic.uid.hex())[0].id,
        encoder_id=None,
        request_id=new_request(),
        actor=DESK,
        now=clock.now(),
    )


def test_a_card_that_was_replaced_is_said_to_be_lost_and_erased_with_one_button(house, desk, clerk):
    plastic, other = desk.keys_of(stay(house), 2)
    lose(desk, plastic, losses.report_lost)
    batch_id = read(desk, plastic)
    text = page_of(clerk, batch_id)
    assert "Reported lost Fri, Jun 12, 12:00" in text
    assert "It still opens 101 until a new card is used there, at the latest until Sun, Jun 14, 12:15." in text
    assert "Erase it" in text
    clerk.post("/keys/erase", {"encoder_id": desk.encoder_id, "request_id": new_request()}, status=303)
    desk.work(plastic)
    assert queries.cards_with_uid(plastic.uid.hex())[0].proved_by == "erased"
    text = page_of(clerk, read(desk, other))
    assert "Make it again for Claire Moreau in 101 before you give it back." in text


def test_a_denied_card_that_is_found_is_allowed_again_from_the_same_page(house, desk, clerk):
    plastic, _other = desk.keys_of(stay(house), 2)
    lose(desk, plastic, losses.deny)
    page = clerk.get(f"/keys/batches/{read(desk, plastic)}")
    assert "Allow it again for Claire Moreau in 101, or erase it." in text_of(page)
    card = queries.cards_with_uid(plastic.uid.hex())[0]
    assert f"/keys/{card.id}/found" in page.text
    text = text_of(clerk.get(f"/keys/{card.id}/found"))
    assert "No lock has heard of the loss yet." in text
    clerk.post(f"/keys/{card.id}/found", {"request_id": new_request()}, status=303)
    assert "Give it back to Claire Moreau" in page_of(clerk, read(desk, plastic))


def test_a_departed_guests_card_is_erased(house, desk, clerk):
    stay_id = stay(house)
    (plastic,) = desk.keys_of(stay_id)
    step = stays.check_out(stay_id=stay_id, actor=DESK, now=clock.now())
    service.end_for_stay(stay_id=stay_id, step_id=step.id, reason=EndReason.CHECKED_OUT, actor=DESK, now=clock.now())
    text = page_of(clerk, read(desk, plastic))
    assert "Checked out" in text
    assert "Erase it. Then it can be used for anybody." in text


def test_a_blank_card_goes_to_the_blank_ones(house, desk, clerk):
    batch_id = read(desk, SimulatedCard.blank(Medium.CLASSIC_1K))
    assert "Put it to the blank cards." in page_of(clerk, batch_id)
    assert progress.find(batch_id, now=clock.now()).held is None


def test_the_dialog_of_a_lost_card_offers_both_ways_with_what_each_comes_to(house, desk, clerk):
    plastic, _other = desk.keys_of(stay(house), 2)
    url = f"/keys/{queries.cards_with_uid(plastic.uid.hex())[0].id}/lost"
    text = text_of(clerk.get(url))
    assert "Refuse this one card" in text
    assert (
        "101, Lobby entrance: opens for it until Sun, Jun 14, 12:15, or until somebody with a phone was there." in text
    )
    assert "The other card of the party goes on opening." in text
    assert "The other card of the party must come back" in text
    assert "Not every door is online" in text
    form = {"request_id": new_request(), "how": "deny", "encoder_id": desk.encoder_id, "with_new": "y"}
    clerk.post(url, form, status=303)
    assert len(desk.make(form["request_id"])) == 1
    clerk.post(url, {**form, "request_id": new_request()}, status=422)


def test_the_stays_page_says_door_by_door_where_a_denied_card_still_opens(house, desk, clerk):
    stay_id = stay(house)
    plastic, _other = desk.keys_of(stay_id, 2)
    lose(desk, plastic, losses.deny)
    text = text_of(clerk.get(f"/keys/stays/{stay_id}"))
    assert "101, Lobby entrance: still opens until Sun, Jun 14, 12:15, or until the lock has heard" in text
    assert "Found again …" in text
