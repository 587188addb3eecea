"""Screens that stay true without being loaded anew."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest

from pms.accounts.models import StaffSession
from pms.core import clock
from pms.core.db import db
from pms.frontdesk import live
from pms.rooms import service as rooms
from pms.rooms.models import HousekeepingStatus


@pytest.fixture
def browser(client, desk):
    return client.log_in("desk")


def mark_of(answer) -> str:
    found = re.search(r'id="live"[^>]*data-mark="([^"]+)"', answer.text)
    assert found
    return found[1]


def test_nothing_is_said_until_something_was_done(browser, desk):
    mark = mark_of(browser.get("/rooms"))
    browser.get(f"/live?mark={mark}", htmx=True, status=204)
    rooms.set_housekeeping(
        room_id=desk.house.rooms["101"].id, status=HousekeepingStatus.DIRTY, actor=desk.clerk, now=desk.now
    )
    answer = browser.get(f"/live?mark={mark}", htmx=True, status=200)
    assert mark_of(answer) != mark
    browser.get(f"/live?mark={mark_of(answer)}", htmx=True, status=204)


def test_a_mark_that_is_none_is_answered_with_one(browser):
    for text in ("", "?mark=", "?mark=nonsense", "?mark=99999999999999999999"):
        assert mark_of(browser.get(f"/live{text}", htmx=True, status=200))


def test_the_clock_alone_makes_a_screen_old(app, now):
    assert live.mark(now) == live.mark(now + timedelta(minutes=14))
    assert live.mark(now) != live.mark(now + timedelta(minutes=15))


def test_the_question_is_one_statement(desk, count_queries, now):
    assert count_queries(lambda: live.mark(now)) == 1


def test_watching_does_not_keep_a_deserted_desk_logged_in(browser, now):
    def seen():
        db.remove()
        return db.session.query(StaffSession.last_seen_at).order_by(StaffSession.id.desc()).first()[0]

    before = seen()
    clock.freeze(now + timedelta(minutes=5))
    browser.get("/live", htmx=True, headers={"X-Watching": "1"})
    assert seen() == before
    browser.get("/accounts/me")
    assert seen() == now + timedelta(minutes=5)
    clock.freeze(now + timedelta(minutes=5 + 61))
    answer = browser.get("/live", htmx=True, headers={"X-Watching": "1"}, status=401)
    assert answer.headers["HX-Redirect"].startswith("/login")


def test_a_dialog_leads_elsewhere_unless_its_page_renews_itself(browser, desk):
    def cancel(**headers):
        stay = desk.book("101", guest_id=desk.guest())
        form = {"request_id": desk.act()["request_id"], "version": stay.version}
        return browser.post(f"/stays/{stay.id}/cancel", form, htmx=True, headers=headers), stay

    answer, stay = cancel()
    assert answer.headers["HX-Redirect"] == f"/stays/{stay.id}"
    answer, _stay = cancel(**{"X-In-Place": "1"})
    assert answer.status_code == 204
    for event in ("dialog:close", "live:look", "The booking of Claire Moreau is cancelled."):
        assert event in answer.headers["HX-Trigger"]


@pytest.mark.parametrize(
    ("address", "part"),
    [("/rooms?show=dirty", "board"), ("/rooms/cleaning?show=all", "cleaning"), ("/today?show=arriving", "today")],
)
def test_a_screen_that_stays_true_comes_anew_whole_from_its_own_address(browser, address, part):
    page = browser.get(address).text
    found = re.search(rf'<div id="{part}"[^>]* data-live="([^"]+)"', page)
    own = unescape(found[1])
    assert own.split("?")[1] == address.split("?")[1]
    again = browser.get(own, htmx=True).text.strip()
    assert again.startswith(f'<div id="{part}"')
    assert again.endswith("</div>")
