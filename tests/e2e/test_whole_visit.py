"""From a booking to an opened door, in a real browser, over a real serial line, to a lock that knows nothing of the server."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.desk import Desk

# The first of them waits until the demo hotel is made; on a busy computer all of it takes minutes.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def desk(demo, open_page):
    """The clerk, with an empty machine."""
    desk = Desk(open_page(), demo.url)
    desk.clear_machine()
    return desk


def test_a_guests_whole_visit_and_the_next_guests_card(demo, open_page, desk):
    # The first guest walks in and gets a card.
    room = desk.walk_in("Erstling", "Emma")
    desk.put_new_card()
    desk.wait_for("done")
    expect(desk.dialog).to_contain_text("The card is ready")
    expect(desk.dialog).to_contain_text(re.compile(rf"{room}.*until"))
    desk.dialog.get_by_role("link", name="Go to the stay").click()
    stay_url = desk.page.url.removeprefix(demo.url)
    first_card = desk.take_card()

    # It opens this door and no other.
    other = "101" if room != "101" else "102"
    assert desk.hold(first_card, room) == "opened"
    assert desk.hold(first_card, other) == "not_addressed"
    assert desk.hold(first_card, "Lobby entrance") == "opened"

    # The guest leaves; the page does not claim that the door knows.
    desk.open(stay_url)
    desk.page.get_by_role("link", name="Check out").first.click()
    desk.dialog.get_by_role("button", name="Check out").click()
    desk.page.wait_for_url("**/today")
    desk.open(stay_url)
    expect(desk.page.locator("main")).to_contain_text("still opens")
    assert desk.hold(first_card, room) == "opened"

    # The next guest's card ends it.
    assert desk.walk_in("Zweitling", "Zoe", room=room) == room
    desk.put_new_card()
    desk.wait_for("done")
    second_card = desk.take_card()
    assert desk.hold(second_card, room) == "opened"
    assert desk.hold(first_card, room) == "superseded"
    desk.open(stay_url)
    expect(desk.page.locator("main")).not_to_contain_text("still opens")

    # The manager sees all of it.
    manager = Desk(open_page(), demo.url, "manager")
    manager.open("/audit/")
    trail = manager.page.locator("main")
    for words in (
        "Checked in: Emma Erstling",
        "Made a key card: Emma Erstling",
        f"Door records came in: {room}",
        "Checked out: Emma Erstling",
        "Checked in: Zoe Zweitling",
        "Made a key card: Zoe Zweitling",
    ):
        expect(trail).to_contain_text(re.compile(re.escape(words), re.IGNORECASE))
    manager.open("/records/")
    told = manager.page.locator("main tr", has_text=room)
    expect(told.filter(has_text="Emma Erstling").filter(has_text="Opened").first).to_be_visible()
    expect(told.filter(has_text="Emma Erstling").filter(has_text="Refused").first).to_be_visible()
    expect(told.filter(has_text="Zoe Zweitling").filter(has_text="Opened").first).to_be_visible()


def test_a_plug_that_is_pulled_while_writing_loses_nothing(demo, open_page, desk):
    hands = Desk(open_page(), demo.url)
    room = desk.walk_in("Steckler", "Stina")
    hands.at_machine("Pull it out in mid-writing")
    desk.put_new_card()
    desk.wait_for("unknown")
    expect(desk.dialog).to_contain_text("Nobody knows what this card holds now")
    expect(desk.dialog).to_contain_text("possibly valid")
    hands.at_machine("Plug in")
    desk.dialog.locator(".dialog-foot button.primary").click()
    desk.wait_for("done")
    assert desk.hold(desk.take_card(), room) == "opened"


def test_a_card_of_another_guest_is_not_overwritten_without_a_question(desk):
    room = desk.walk_in("Besitzer", "Berta")
    desk.put_new_card()
    desk.wait_for("done")
    # The card is left on the machine, and the next guest is already here.
    desk.walk_in("Hastig", "Hanna", state="failed")
    expect(desk.dialog).to_contain_text("This is the key of Berta Besitzer")
    expect(desk.dialog).to_contain_text("Nothing was written")
    expect(desk.dialog.get_by_role("button", name="Overwrite this card")).to_have_count(0)
    # Another card is the way out, and the first one is as it was.
    desk.dialog.get_by_role("button", name="Take the card off Front desk 1").click()
    desk.dialog.get_by_role("button", name="Use another card").click()
    desk.wait_for("waiting")
    desk.put_new_card()
    desk.wait_for("done")
    second = desk.take_card()
    first = f"Card {int(second.split()[1]) - 1}"
    assert desk.hold(first, room) == "opened"
    assert desk.hold(second, room) == "not_addressed"


def test_a_passcode_opens_the_door_by_itself(desk):
    room = desk.walk_in("Ziffer", "Zita")
    desk.dialog.get_by_role("button", name="Cancel").click()
    desk.wait_for("cancelled")
    desk.dialog.get_by_role("link", name="Go to the stay").click()
    desk.page.get_by_role("link", name="Make a passcode").click()
    desk.dialog.get_by_role("button", name="Make and show it").click()
    digits = desk.dialog.locator(".passcode").inner_text().replace(" ", "").replace("\n", "").rstrip("#")
    assert re.fullmatch(r"\d{10}", digits)
    assert desk.type_code(digits, room) == "opened"
    assert desk.type_code(f"{(int(digits) + 1) % 10**10:010}", room) == "wrong_code"
