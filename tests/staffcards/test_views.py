"""The pages of staff cards: what they say, who may do what, what is entered wrongly, what is posted twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from pms.accounts.models import Account, Language
from pms.core import clock
from pms.core.db import db, transaction
from pms.core.weeks import Window
from pms.encoders import queries as encoders
from pms.encoders.models import JobState
from pms.keycards import service as keycards
from pms.locks import service as locks
from pms.simulators.cards import SimulatedCard
from pms.staffcards import queries, service, words
from pms.staffcards.models import StaffCard, StaffCardKind
from pms.staffcards.rules import LostAnswer
from pms.web import weeks
from tests.client import PageClient, text_of
from tests.keycards.desk import machine_row, new_request
from tests.staffcards.desk import BOSS, EARLY, ask, card_of, job_of, last_day
from tests.staffcards.test_service import count, leave, lose, made, visitor, write


@pytest.fixture
def manager(client) -> PageClient:
    return client.log_in("manager")


@pytest.fixture
def machine(house) -> int:
    return machine_row()


def staff_form(house, machine_id, **changes):
    return {
        "request_id": new_request(),
        "encoder_id": str(machine_id),
        "account_id": str(house.accounts["housekeeper"].id),
        "scope_ids": [str(house.scopes["1"].id)],
        "shift": "always",
        "valid_until": last_day().isoformat(),
        **changes,
    }


def on_machine(machine_id) -> dict[str, str]:
    return {"request_id": new_request(), "encoder_id": str(machine_id)}


# --- lists


def test_without_a_card_the_page_says_what_to_do(manager):
    text = text_of(manager.get("/staff-cards/"))
    assert "No staff cards yet" in text
    assert "New staff card" in text
    assert "There is no card that this filter shows." in text_of(manager.get("/staff-cards/?show=soon"))
    assert "No staff cards yet" in text_of(manager.get("/staff-cards/?show=nonsense"))


def test_the_list_says_who_holds_what_until_when(manager, house, machine):
    made(machine, house, ["1", "2"], window=EARLY, shift_name="Early")
    made(machine, house, [], kind=StaffCardKind.EMERGENCY, who="Safe at the desk")
    text = text_of(manager.get("/staff-cards/"))
    for part in (
        "Housekeeper Floor 1, Floor 2 Early Mon–Fri, 06:00–14:30 Confirmed",
        "Safe at the desk Emergency card All doors",
    ):
        assert part in text
    assert "at any time" in text
    assert "Safe at the desk" not in text_of(manager.get("/staff-cards/?q=house", htmx=True))


def test_cards_that_end_soon_offer_to_renew_and_those_of_people_who_left_to_deny(manager, house, machine):
    made(machine, house, last_day=last_day(10))
    assert "Ends soon" in text_of(manager.get("/staff-cards/?show=soon"))
    assert "Renew" in text_of(manager.get("/staff-cards/?show=soon"))
    leave(house.accounts["housekeeper"].id)
    manager.get("/staff-cards/")
    text = text_of(manager.get("/staff-cards/?show=deny"))
    assert "Its holder does not work here any more." in text
    assert "These cards must not open anything any more." in text


def test_all_cards_are_shown_a_page_at_a_time(manager, house, machine, monkeypatch):
    from pms.staffcards import listing

    monkeypatch.setattr(listing, "_SIZE", 2)
    ids = [made(machine, house, who=f"Somebody {number}") for number in range(3)]
    first = manager.get("/staff-cards/?show=all").text
    assert f"before={ids[1]}" in first
    more = manager.get(f"/staff-cards/?show=all&before={ids[1]}", htmx=True).text
    assert "Somebody 0" in more
    assert "Somebody 1" not in more
    for number in ("x", str(2**70)):
        manager.get(f"/staff-cards/?show=all&before={number}")


@pytest.mark.parametrize(
    ("username", "sees", "makes"),
    [("desk", False, False), ("housekeeper", False, False), ("technician", True, False), ("manager", True, True)],
)
def test_who_sees_and_who_makes(client, house, machine, username, sees, makes):
    card_id = made(machine, house)
    client.log_in(username)
    answer = client.get("/staff-cards/", status=200 if sees else 403)
    assert ("Lost …" in answer.text) is makes
    client.get(f"/staff-cards/{card_id}", status=200 if sees else 403)
    client.get("/staff-cards/new", status=200 if makes else 403)
    client.post(f"/staff-cards/{card_id}/lost", {"how": "nonsense"}, status=422 if makes else 403)


def test_the_staff_list_leads_to_each_persons_cards(client, house, machine):
    made(machine, house)
    client.log_in("manager")
    account_id = house.accounts["housekeeper"].id
    assert f"/staff-cards/holders/{account_id}" in client.get("/accounts").text
    text = text_of(client.get(f"/staff-cards/holders/{account_id}"))
    assert "Cards of Housekeeper" in text
    assert "Floor 1" in text
    other = house.accounts["desk"].id
    assert "was given no card" in text_of(client.get(f"/staff-cards/holders/{other}"))
    client.get("/staff-cards/holders/1", status=404)
    leave(account_id)
    assert "does not work here any more" in text_of(client.get(f"/staff-cards/holders/{account_id}"))


def test_by_doors_each_scope_shows_its_cards(manager, house, machine):
    made(machine, house, ["1"])
    text = text_of(manager.get("/staff-cards/scopes"))
    assert "Floor 1 1" in text
    assert "Nobody holds a card for it." in text


# --- making


def test_a_card_is_asked_for_and_the_dialog_goes_on_to_the_machine(manager, house, machine):
    page = manager.get(f"/staff-cards/new?account_id={house.accounts['technician'].id}", htmx=True).text
    assert f'selected value="{house.accounts["technician"].id}"' in page
    answer = manager.post("/staff-cards/new", staff_form(house, machine), htmx=True, status=303)
    progress = manager.get(answer.location, htmx=True)
    assert "Housekeeper · Staff card" in text_of(progress)
    assert count(StaffCard) == 1
    assert "is not connected" in text_of(manager.get(f"{answer.location}/part", htmx=True))


def test_the_same_form_twice_makes_one_card(manager, house, machine):
    form = staff_form(house, machine)
    for _ in range(2):
        manager.post("/staff-cards/new", form, status=303)
    assert count(StaffCard) == 1


def test_the_hours_are_those_of_the_shift_or_entered_by_hand(manager, house, machine):
    shift_id = service.create_shift(name="Early", window=EARLY, actor=BOSS, now=clock.now()).id
    by_hand = {"shift": "hand", "weekdays": ["5", "6"], "start": "22:00", "end": "06:00"}
    for changes, window, name in (
        ({"shift": str(shift_id)}, EARLY, "Early"),
        (by_hand, Window(0b1100000, 1320, 360), ""),
        ({}, Window(), ""),
    ):
        answer = manager.post("/staff-cards/new", staff_form(house, machine, **changes), status=303)
        card = queries.get_card(job_of(answer.location.split("/")[-1]).subject_id)
        assert (words.window_of(card), card.shift_name) == (window, name)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"account_id": "", "holder_name": ""}, "Say who will hold the card"),
        ({"account_id": "nonsense"}, "Invalid Choice"),
        ({"account_id": "4711"}, "Say who will hold the card"),
        ({"scope_ids": []}, "Choose what the card opens."),
        ({"scope_ids": ["x"]}, "Invalid choice"),
        ({"valid_until": ""}, "This field is required."),
        ({"valid_until": "tomorrow"}, "Not a valid date value."),
        ({"valid_until": "2026-06-01"}, "This day is over already."),
        ({"valid_until": "2027-06-01"}, "is good for at most 92 days. Choose"),
        ({"shift": "hand", "weekdays": []}, "Choose one day of the week at least."),
        ({"shift": "hand", "weekdays": ["0"], "start": "x"}, "Enter a time such as 06:00."),
        ({"encoder_id": ""}, "Choose a card machine."),
        ({"encoder_id": "1"}, "There is no such card machine, or no longer."),
        ({"request_id": "again"}, "Load the page again."),
        ({"holder_name": "x" * 81, "account_id": ""}, "Field cannot be longer than 80 characters."),
    ],
)
def test_the_dialog_says_what_was_entered_wrongly(manager, house, machine, changes, sentence):
    form = staff_form(house, machine, weekdays=["0"], start="06:00", end="14:00") | changes
    answer = manager.post("/staff-cards/new", form, htmx=True, status=422)
    assert sentence in text_of(answer)
    assert count(StaffCard) == 0


def test_a_shift_that_was_deleted_meanwhile_is_not_there(manager, house, machine):
    manager.post("/staff-cards/new", staff_form(house, machine, shift="4711"), htmx=True, status=422)
    assert count(StaffCard) == 0


def test_an_emergency_card_says_what_it_is(manager, house, machine):
    assert "deadbolt" in manager.get("/staff-cards/emergency", htmx=True).text
    form = {**on_machine(machine), "account_id": "", "holder_name": "Safe", "valid_until": last_day(20).isoformat()}
    manager.post("/staff-cards/emergency", form, status=303)
    refused = manager.post(
        "/staff-cards/emergency", form | on_machine(machine) | {"valid_until": "2026-12-01"}, status=422
    )
    assert "at most 31 days" in text_of(refused)


def test_a_visitor_gets_a_card_for_some_hours(manager, house, machine):
    manager.get("/staff-cards/visitor", htmx=True)
    form = {**on_machine(machine), "visitor": "Plumber", "door_id": str(house.doors["101"].id), "hours": "4"}
    manager.post("/staff-cards/visitor", form, status=303)
    for changes in ({"hours": "25"}, {"hours": "x"}, {"visitor": ""}, {"door_id": ""}, {"door_id": "4711"}):
        manager.post("/staff-cards/visitor", {**form, **on_machine(machine), **changes}, status=422)
    assert count(StaffCard) == 1


def test_without_a_machine_the_dialogs_say_so(manager, house):
    for path in ("new", "emergency", "visitor"):
        assert "There is no card machine yet." in manager.get(f"/staff-cards/{path}", htmx=True).text
    manager.post("/staff-cards/new", staff_form(house, ""), htmx=True, status=422)


# --- one card


def test_a_card_is_renewed(manager, house, machine):
    card_id = made(machine, house)
    manager.get(f"/staff-cards/{card_id}/renew", htmx=True)
    form = {**on_machine(machine), "valid_until": last_day(60).isoformat()}
    answer = manager.post(f"/staff-cards/{card_id}/renew", form, status=303)
    assert queries.get_card(job_of(answer.location.split("/")[-1]).subject_id).replaces_id == card_id
    refused = {**on_machine(machine), "valid_until": "2020-01-01"}
    assert "This day is over already." in text_of(manager.post(f"/staff-cards/{card_id}/renew", refused, status=422))
    manager.get("/staff-cards/4711/renew", status=404)


def test_a_raise_says_what_it_does_and_the_cards_are_made_again(manager, house, machine):
    card_id, scope_id = made(machine, house), house.scopes["1"].id
    assert "1 card must be made again. Housekeeper." in text_of(
        manager.get(f"/staff-cards/scopes/{scope_id}/raise", htmx=True)
    )
    clock.freeze(clock.now() + timedelta(minutes=1))
    manager.post(f"/staff-cards/scopes/{scope_id}/raise", status=303)
    assert "To make again" in text_of(manager.get(f"/staff-cards/{card_id}"))
    assert "To make again" in text_of(manager.get("/staff-cards/scopes"))
    assert "Housekeeper" in manager.get(f"/staff-cards/scopes/{scope_id}/again", htmx=True).text
    manager.get(f"/staff-cards/{card_id}/again", htmx=True)
    manager.post(f"/staff-cards/{card_id}/again", on_machine(machine), status=303)
    answer = manager.post(f"/staff-cards/scopes/{scope_id}/again", on_machine(machine), status=303)
    write(answer.location.split("/")[-1])
    with transaction() as session:
        session.get_one(StaffCard, card_id).refused_since = clock.now()
    text = text_of(manager.post(f"/staff-cards/scopes/{scope_id}/again", on_machine(machine), status=422))
    assert "None of these cards must be made again." in text
    assert "Nothing to make again" in text
    manager.post(f"/staff-cards/{card_id}/again", on_machine(machine), status=422)
    manager.get("/staff-cards/scopes/4711/raise", status=404)


def test_the_loss_is_explained_and_done(manager, house, machine):
    card_id = made(machine, house, window=EARLY)
    made(machine, house, who="technician")
    locks.note_told(lock_id=house.doors["101"].lock_id, numbers=[house.scopes["1"].number])
    text = text_of(manager.get(f"/staff-cards/{card_id}/lost", htmx=True))
    for part in (
        "It opens 1 door (Floor 1) until that has heard of the loss",
        "1 other card must be made again",
        "A new card that carries the denial",
        "Mon–Fri, 06:00–14:30",
    ):
        assert part in text
    answer = manager.post(f"/staff-cards/{card_id}/lost", {**on_machine(machine), "how": "both"}, status=303)
    batch = encoders.batch(answer.location.split("/")[-1])
    assert len(batch) == 2
    text = text_of(manager.get(answer.location, htmx=True))
    assert "Deny card for the lost card of Housekeeper" in text
    text = text_of(manager.get(f"/staff-cards/{card_id}"))
    assert "0 of 1 doors are known to refuse it." in text
    assert "101 not seen there yet" in text
    again = manager.post(f"/staff-cards/{card_id}/lost", {**on_machine(machine), "how": "deny"}, status=422)
    assert "This key is not in use any more." in text_of(again)


def test_a_loss_can_be_noted_without_a_machine(manager, house, machine):
    card_id = made(machine, house)
    form = {"request_id": new_request(), "encoder_id": "", "how": "later"}
    answer = manager.post(f"/staff-cards/{card_id}/lost", form, status=303)
    assert answer.location == f"/staff-cards/{card_id}"
    assert "The card is noted as lost." in manager.get(answer.location).text
    manager.get(f"/staff-cards/{card_id}/deny", htmx=True)
    manager.post(f"/staff-cards/{card_id}/deny", on_machine(machine), status=303)
    other = made(machine, house)
    for how in ("", "nonsense"):
        manager.post(f"/staff-cards/{other}/lost", {**on_machine(machine), "how": how}, status=422)
    refused = manager.post(f"/staff-cards/{other}/deny", on_machine(machine), status=422)
    assert "was not reported lost" in text_of(refused)


def test_of_a_visitors_card_and_of_somebody_who_left_only_the_denial_is_offered(manager, house, machine):
    visitors = write(visitor(house, machine))
    mine = made(machine, house)
    leave(house.accounts["housekeeper"].id)
    for card_id in (visitors, mine):
        page = manager.get(f"/staff-cards/{card_id}/lost", htmx=True).text
        assert 'value="deny"' in page
        assert 'value="carry"' not in page
        assert 'value="both"' not in page


@pytest.mark.parametrize("answer", [LostAnswer.CARRY, LostAnswer.DENY])
def test_every_state_of_a_card_has_its_sentence(desk, client, answer):
    client.log_in("manager")
    plastic = desk.staff(["1"])
    door = desk.door("101")
    pages = [text_of(client.get(f"/staff-cards/{card_of(plastic).id}"))]
    door.hold(plastic)
    pages.append(text_of(client.get(f"/staff-cards/{card_of(plastic).id}")))
    lost_id = card_of(plastic).id
    (other,) = desk.lose(plastic, answer)
    door.hold(other)
    pages.append(text_of(client.get(f"/staff-cards/{lost_id}")))
    pages.append(text_of(client.get(f"/staff-cards/{card_of(other).id}")))
    for page, sentence in zip(
        pages,
        (
            "Read back from the card",
            "Seen at the door",
            "1 of 1 doors are known to refuse it.",
            "It carries the denial of the lost card of Housekeeper",
        ),
        strict=True,
    ):
        assert sentence in page
    clock.freeze(clock.now() + timedelta(days=100))
    client.log_in("manager")
    assert "Its time ended" in text_of(client.get(f"/staff-cards/{card_of(other).id}"))


# --- the machine's page


def test_the_page_of_a_job_serves_staff_cards_like_guests_keys(desk, client, house):
    client.log_in("manager")
    theirs = desk.staff(["1"], who="technician")
    batch_id = ask(desk.encoder_id, house)
    desk.work(theirs)
    text = text_of(client.get(f"/keys/batches/{batch_id}"))
    assert "This is the card of Technician (Staff card)" in text
    assert "Overwrite this card" in text
    job = job_of(batch_id)
    answer = client.post(f"/keys/jobs/{job.id}/overwrite", {"request_id": new_request()}, status=303)
    desk.work(theirs)
    text = text_of(client.get(answer.location))
    assert "The card is ready" in text
    assert "Housekeeper · Staff card" in text
    assert "Floor 1, until" in text
    failed = ask(desk.encoder_id, house, ["1", "2"])
    from pms.protocol.card_layout import Medium

    desk.work(SimulatedCard.blank(Medium.NTAG213))
    text = text_of(client.get(f"/keys/batches/{failed}"))
    assert "There is not enough room on this card for all that it should open." in text
    client.post(f"/keys/jobs/{job_of(failed).id}/retry", {"request_id": new_request()}, status=303)


def test_the_front_desk_may_not_make_staff_cards_by_way_of_a_job(client, house, machine):
    batch_id = ask(machine, house)
    client.log_in("desk")
    client.get(f"/keys/batches/{batch_id}", status=403)
    client.get(f"/keys/batches/{batch_id}/part", status=403)
    client.post(f"/keys/batches/{batch_id}/cancel", status=403)
    client.post(f"/keys/jobs/{job_of(batch_id).id}/retry", {"request_id": new_request()}, status=403)
    assert job_of(batch_id).state is JobState.QUEUED


def test_an_interrupted_card_says_that_it_may_open(manager, house, machine):
    batch_id = ask(machine, house)
    with transaction():
        job = encoders.batch(batch_id)[0]
        job.state, job.error_code = JobState.UNKNOWN, "no_card"
    db.remove()
    text = text_of(manager.get(f"/keys/batches/{batch_id}"))
    assert "It counts as possibly valid until it is made again, read or erased. Trying again is safe." in text


def test_a_found_card_names_its_holder_at_the_desk(desk, client):
    plastic = desk.staff(["1"], who="technician")
    client.log_in("desk")

    def read() -> str:
        db.remove()
        batch_id = keycards.read(encoder_id=desk.encoder_id, request_id=new_request(), actor=BOSS, now=clock.now())
        desk.work(plastic)
        return text_of(client.get(f"/keys/batches/{batch_id}"))

    text = read()
    assert "Card of Technician In use Kind Staff card" in text
    assert "Show this card" not in text
    desk.lose(plastic, LostAnswer.LATER)
    client.post("/logout")
    client.log_in("manager")
    text = read()
    assert "Reported lost" in text
    assert "Show this card" in text


# --- shifts


def test_shifts_are_made_changed_and_deleted(manager):
    assert "No shifts yet" in text_of(manager.get("/staff-cards/shifts"))
    manager.get("/staff-cards/shifts/new", htmx=True)
    form = {"name": "Night", "weekdays": ["5", "6"], "start": "22:00", "end": "06:00"}
    manager.post("/staff-cards/shifts/new", form, status=303)
    assert "Night Sat, Sun, 22:00–06:00 on the next day" in text_of(manager.get("/staff-cards/shifts"))
    assert "There is already a shift called" in text_of(manager.post("/staff-cards/shifts/new", form, status=422))
    for changes in ({"name": ""}, {"weekdays": []}, {"start": ""}, {"end": "26:00"}, {"weekdays": ["x"]}):
        manager.post("/staff-cards/shifts/new", form | {"name": "Other"} | changes, htmx=True, status=422)
    (shift,) = queries.list_shifts()
    shift_id = shift.id
    assert 'value="22:00"' in manager.get(f"/staff-cards/shifts/{shift_id}", htmx=True).text
    manager.post(f"/staff-cards/shifts/{shift_id}", form | {"weekdays": list("0123456"), "end": "22:00"}, status=303)
    assert "Night every day, around the clock" not in text_of(manager.get("/staff-cards/shifts"))
    assert "Night at any time" in text_of(manager.get("/staff-cards/shifts"))
    manager.post(f"/staff-cards/shifts/{shift_id}", form | {"weekdays": []}, status=422)
    manager.get(f"/staff-cards/shifts/{shift_id}/delete", htmx=True)
    manager.post(f"/staff-cards/shifts/{shift_id}/delete", status=303)
    manager.get(f"/staff-cards/shifts/{shift_id}", status=404)


@pytest.mark.parametrize(
    ("window", "english"),
    [
        (Window(), "at any time"),
        (Window(0b0011111), "Mon–Fri, around the clock"),
        (Window(0b1110101, 360, 870), "Mon, Wed, Fri–Sun, 06:00–14:30"),
        (Window(0b1100000, 360, 1440), "Sat, Sun, 06:00–00:00"),
        (Window(127, 1320, 360), "every day, 22:00–06:00 on the next day"),
    ],
)
def test_hours_read_as_people_say_them(app: Flask, window, english):
    with app.test_request_context():
        assert weeks.window_text(window) == english


def test_everything_is_there_in_chinese(manager, house, machine):
    with transaction() as session:
        session.get_one(Account, house.accounts["manager"].id).language = Language.CHINESE
    card_id = made(machine, house, window=EARLY)
    lose(card_id, LostAnswer.LATER)
    for path in ("", "scopes", "shifts", "new", "emergency", "visitor", f"{card_id}", "?show=deny"):
        text = text_of(manager.get(f"/staff-cards/{path}"))
        assert "员工卡" in text
    assert "周一–周五" in text_of(manager.get(f"/staff-cards/{card_id}"))
