"""The desk as a person works at it: what to click and what to read, named once for all browser tests."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect


class Desk:
    """Somebody logged in at a browser."""

    def __init__(self, page: Page, url: str, username: str = "desk") -> None:
        self.page = page
        self.url = url
        page.goto(f"{url}/login")
        page.get_by_label("Log-in name").fill(username)
        page.get_by_label("Password", exact=True).fill("latchkey-demo")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/(today|rooms/cleaning|rooms)$"))

    @property
    def dialog(self) -> Locator:
        """The open dialog."""
        return self.page.locator("dialog[open]")

    def open(self, path: str) -> None:
        """Go to a page by its address."""
        self.page.goto(self.url + path)

    def prefer(self, language: str, theme: str) -> None:
        """Choose language and theme on the page of one's own settings."""
        self.open("/accounts/me")
        self.page.locator(f"main input[name=language][value={language}]").check()
        self.page.locator(f"main input[name=theme][value={theme}]").check()
        self.page.locator("main form button.primary").first.click()
        self.page.wait_for_load_state()

    def clear_machine(self, machine: str = "Front desk 1") -> None:
        """Nothing lies on the machine and it is plugged in, whatever was before."""
        self.open("/demo/doors")
        form = self.page.get_by_role("form", name=machine)
        for act in ("Plug in", "Take the card away"):
            if form.get_by_role("button", name=act, exact=True).count():
                self.at_machine(act, machine)

    def expect_guest(self, family_name: str, given_name: str, *, has_document: bool = True) -> Locator:
        """A booking for tonight with nothing missing (but a document), in a ready room; the guest's row among the arrivals."""
        self._begin("b", family_name, given_name)
        if has_document:
            self.dialog.get_by_label("Document", exact=True).select_option("passport")
            self.dialog.get_by_label("Document number").fill(f"P{len(family_name):03}{family_name}".upper())
        self.dialog.get_by_role("button", name="Book").click()
        self.page.wait_for_url(re.compile(r"/stays/\d+$"))
        self.open("/today?show=arriving")
        row = self.page.locator("[data-row]", has_text=f"{given_name} {family_name}")
        expect(row).to_contain_text("Room ready")
        return row

    def leave_room(self, number: str, how: str) -> None:
        """Say on the room's page that it is Dirty, Clean or Inspected."""
        self.open("/rooms")
        self.page.locator("main a.tile", has=self.page.get_by_text(number, exact=True)).first.click()
        # What the room is already has no button.
        button = self.page.get_by_role("button", name=how, exact=True)
        if button.count():
            button.click()
            self.page.wait_for_load_state()

    def _have_a_ready_room(self) -> None:
        """Where no guest could be let into any room now, an empty one is cleaned, or somebody who leaves today is checked out."""
        self.open("/rooms?show=ready")
        if self.page.locator("main a.tile.vacant").count():
            return
        self.open("/rooms?show=vacant")
        empty = self.page.locator("main a.tile.vacant")
        if not empty.count():
            self.open("/today?show=leaving")
            row = self.page.locator("[data-row]").first
            number = row.locator("td.room").inner_text().strip()
            row.get_by_role("link", name="Check out").click()
            self.dialog.get_by_role("button", name="Check out").click()
            expect(self.dialog).to_have_count(0)
            self.leave_room(number, "Clean")
            return
        empty.first.click()
        self.page.get_by_role("button", name="Clean").click()
        self.page.wait_for_load_state()

    def _enter_guest(self, family_name: str, given_name: str) -> None:
        self.dialog.get_by_label("Name, phone, document or room").fill(family_name)
        self.dialog.get_by_text("New guest").first.click()
        self.dialog.get_by_label("Given name").fill(given_name)

    def _begin(self, letter: str, family_name: str, given_name: str, room: str | None = None) -> None:
        """The dialog of a walk-in or a booking, with its guest and room; in a full house a room is made free first."""
        if room is None:
            self._have_a_ready_room()
        for _ in range(2):
            self.open("/today")
            self.page.keyboard.press(letter)
            self._enter_guest(family_name, given_name)
            if self._choose_room(room):
                return
            self._lose_an_arrival()
        raise AssertionError("no room could be made free")

    def _choose_room(self, room: str | None = None) -> bool:
        """This room, or (None) one that is offered as ready, also of another type than the one proposed; whether there was one."""
        choice = self.dialog.get_by_label("Room", exact=True)
        if room is None:
            option = choice.locator("optgroup[label$=', ready'] option").first
        else:
            option = choice.locator("option", has_text=re.compile(rf"^\s*{room}\b"))
        kinds = self.dialog.locator("input[name=room_type_id]")
        for number in range(kinds.count()):
            if option.count():
                break
            if not kinds.nth(number).is_checked():
                with self.page.expect_response(re.compile("/offers")) as answer:
                    kinds.nth(number).check()
                answer.value.finished()
                expect(self.page.locator(".htmx-request")).to_have_count(0)
        if option.count() == 0:
            return False
        choice.select_option(option.get_attribute("value"))
        return True

    def _lose_an_arrival(self) -> None:
        """The house is full: somebody whose room is ready does not come."""
        self.open("/today?show=arriving")
        row = self.page.locator("[data-row]", has_text="Room ready").first
        address = row.get_by_role("link", name="Check in").get_attribute("href") or ""
        self.open(address.replace("/check-in", "/cancel"))
        self.page.locator("main button.danger, main button.primary").last.click()
        self.page.wait_for_url(re.compile(r"/stays/\d+$"))

    def walk_in(self, family_name: str, given_name: str, *, room: str | None = None, state: str = "waiting") -> str:
        """A guest off the street: booked, checked in, the card's job is in that state; the room's number."""
        self._begin("w", family_name, given_name, room)
        choice = self.dialog.get_by_label("Room", exact=True)
        chosen = choice.locator("option:checked").inner_text()
        self.dialog.get_by_role("button", name="Check in").click()
        self.wait_for(state)
        return re.match(r"\s*(\S+)", chosen)[1]  # type: ignore[index]

    @property
    def progress(self) -> Locator:
        """What the dialog says about the card that is being made."""
        return self.page.locator("#key-progress")

    def put_new_card(self, machine: str = "Front desk 1") -> None:
        """Lay a new card on the machine, with the demo's hands."""
        self.dialog.get_by_role("button", name=f"Put a new card on {machine}").click()

    def wait_for(self, state: str) -> None:
        """Until the job is in that state."""
        expect(self.progress).to_have_attribute("data-state", state, timeout=15_000)

    def at_machine(self, act: str, machine: str = "Front desk 1") -> None:
        """Press one of the demo's buttons at a machine."""
        self.open("/demo/doors")
        self.page.get_by_role("form", name=machine).get_by_role("button", name=act, exact=True).click()
        self.page.wait_for_load_state()

    def take_card(self, machine: str = "Front desk 1") -> str:
        """Take the card off the machine; its name."""
        self.open("/demo/doors")
        form = self.page.get_by_role("form", name=machine)
        text = form.inner_text()
        form.get_by_role("button", name="Take the card away").click()
        expect(form.get_by_text("No card lies there")).to_be_visible()
        found = re.search(r"(Card \d+) lies on it", text)
        assert found, text
        return found[1]

    def hold(self, card: str, door: str) -> str:
        """Hold a card to a door; the lock's answer as a word of the protocol."""
        self.open("/demo/doors")
        self._choose_door(door)
        self.page.get_by_label("Card", exact=True).select_option(label=card)
        self.page.get_by_role("button", name="Hold to the door").click()
        return self._answer()

    def type_code(self, digits: str, door: str) -> str:
        """Type digits and # at a door; the lock's answer."""
        self.open("/demo/doors")
        self._choose_door(door)
        self.page.get_by_label("Digits").fill(digits)
        self.page.get_by_role("button", name="Type it and #").click()
        return self._answer()

    def press_power(self, door: str, button: str) -> None:
        """Give or cut the power of the gateway or module of a door."""
        self.open("/demo/doors")
        self._choose_door(door)
        self.page.get_by_role("button", name=button, exact=True).click()

    def _choose_door(self, door: str) -> None:
        if self.page.get_by_role("heading", name=f"Door {door}", exact=True).count():
            return
        self.page.get_by_label("Choose a door").select_option(label=door)
        expect(self.page.get_by_role("heading", name=f"Door {door}", exact=True)).to_be_visible()

    def _answer(self) -> str:
        answer = self.page.locator("#door-answer [data-result]")
        answer.wait_for()
        return answer.get_attribute("data-result") or ""
