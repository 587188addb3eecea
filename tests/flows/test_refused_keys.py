"""Keys that are asked for and not made: each refusal leaves everything as it was."""

from __future__ import annotations

import pytest

from pms.core import clock
from pms.core.db import db
from pms.encoders import queries as encoders
from pms.encoders.models import JobState
from pms.keycards import losses, service
from pms.keycards.rules import KeyState, NotLive, NotOfTheParty, NotToRetry
from pms.stays import service as stays
from tests.client import text_of
from tests.factories import TODAY
from tests.flows.desk import blank, book, cards_of
from tests.keycards.desk import DESK, guest, machine_row, new_request, stay


def ask(stay_id, machine_id, **options) -> str:
    request_id = options.pop("request_id", new_request())
    return service.issue(
        stay_id=stay_id,
        copies=1,
        encoder_id=machine_id,
        request_id=request_id,
        actor=DESK,
        now=clock.now(),
        **options,
    )


def second_room(house, guest_id, room, *, inside: bool) -> int:
    row = house.rooms[room]
    made = stays.book(
        guest_id=guest_id,
        room_type_id=row.room_type_id,
        room_id=row.id,
        arrival_date=TODAY,
        departure_date=TODAY.replace(day=TODAY.day + 2),
        actor=DESK,
        now=clock.now(),
    )
    if inside:
        stays.check_in(stay_id=made.id, actor=DESK, now=clock.now())
    return made.id


def test_only_rooms_of_the_same_party_go_on_one_card(house):
    machine_id, party = machine_row(), guest().id
    mine = second_room(house, party, "101", inside=True)
    second_room(house, party, "102", inside=True)
    second_room(house, party, "103", inside=False)
    stay(house, "203", name="Sato")
    for stranger in ("103", "203", "201"):
        with pytest.raises(NotOfTheParty):
            ask(mine, machine_id, further_room_ids=[house.rooms["102"].id, house.rooms[stranger].id])
    assert book(mine) == []
    assert encoders.queued(machine_id) == []
    ask(mine, machine_id, further_room_ids=[house.rooms["102"].id])
    assert book(mine) == [KeyState.IN_MAKING]


def test_the_dialog_says_that_a_room_is_not_of_the_party_any_more(house, clerk):
    """It offered the room when it was opened, and offers none now: there is no field to say it at."""
    machine_id, stay_id = machine_row(), stay(house)
    form = {
        "encoder_id": str(machine_id),
        "copies": "1",
        "request_id": new_request(),
        "further_room_ids": str(house.rooms["203"].id),
    }
    answer = clerk.post(f"/keys/stays/{stay_id}/new", form, htmx=True, status=422)
    assert "Only rooms of the same party" in text_of(answer)
    assert book(stay_id) == []


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("copies", "0", "Number must be between 1 and 8."),
        ("copies", "9", "Number must be between 1 and 8."),
        ("copies", "two", "Not a valid integer value."),
        ("encoder_id", "", "Choose a card machine."),
        ("encoder_id", "x", "Invalid Choice"),
        ("encoder_id", "1", "There is no such card machine, or no longer."),
        ("request_id", "again", "Make key cards"),
    ],
)
def test_the_dialog_says_what_was_entered_wrongly(house, clerk, field, value, sentence):
    machine_id, stay_id = machine_row(), stay(house)
    form = {"encoder_id": str(machine_id), "copies": "1", "request_id": new_request(), field: value}
    answer = clerk.post(f"/keys/stays/{stay_id}/new", form, htmx=True, status=422)
    assert sentence in text_of(answer)
    assert book(stay_id) == []


def lose(card, machine_id=None):
    return losses.report_lost(
        key_card_id=card.id, encoder_id=machine_id, request_id=new_request(), actor=DESK, now=clock.now()
    )


def test_only_a_key_in_use_can_be_lost(desk, house, clerk):
    stay_id = stay(house)
    batch_id = desk.ask(stay_id)
    with pytest.raises(NotLive):
        lose(cards_of(stay_id)[0])
    desk.cancel(batch_id)
    with pytest.raises(NotLive):
        lose(cards_of(stay_id)[0])
    desk.open().make(stay_id, blank())
    card = cards_of(stay_id)[-1]
    lose(card)
    assert book(stay_id) == [KeyState.NOT_MADE, KeyState.STILL_OPENS]
    form = {"encoder_id": str(desk.machine.id), "request_id": new_request()}
    answer = clerk.post(f"/keys/{card.id}/lost", form, htmx=True, status=422)
    assert "This key is not in use any more." in text_of(answer)
    assert book(stay_id) == [KeyState.NOT_MADE, KeyState.STILL_OPENS]


def test_what_is_under_way_or_done_is_not_repeated(desk, house, clerk):
    stay_id = stay(house)
    batch_id = desk.open().ask(stay_id)
    waiting = desk.wait_for(batch_id, JobState.WAITING)

    def refused(job) -> None:
        with pytest.raises(NotToRetry):
            service.retry(job_id=job.id, request_id=new_request(), overwrite=False, actor=DESK, now=clock.now())
        answer = clerk.post(f"/keys/jobs/{job.id}/retry", {"request_id": new_request()}, htmx=True, status=409)
        assert "This card is being made or is made already." in text_of(answer)

    refused(waiting)
    desk.machine.put(blank())
    refused(desk.wait_for(batch_id, JobState.DONE))
    assert book(stay_id) == [KeyState.CONFIRMED]


def test_there_is_nothing_to_make_again_where_every_card_is_good(desk, house, clerk):
    stay_id = stay(house)
    desk.open().make(stay_id, blank())
    db.remove()
    with pytest.raises(NotToRetry):
        service.make_again(
            stay_id=stay_id, encoder_id=desk.machine.id, request_id=new_request(), actor=DESK, now=clock.now()
        )
    clerk.get("/keys/jobs/nothing/retry", status=405)
    clerk.post("/keys/jobs/nothing/retry", {"request_id": new_request()}, status=404)
    clerk.get("/keys/batches/nothing", status=404)
    clerk.post("/keys/batches/nothing/cancel", status=409)
    assert book(stay_id) == [KeyState.CONFIRMED]
