from __future__ import annotations

import re
from datetime import timedelta

import pytest

from pms.access_records import service
from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import transaction
from pms.guests.models import GuestWord
from pms.locks import queries as locks
from tests.client import text_of


def _carry(scene, now) -> None:
    serial_number = locks.get_lock(scene.lock_id).serial_number
    while (frame := scene.twin.pending_report(scene.at)) is not None:
        answer = service.take_report(
            serial_number=serial_number, frame=frame, actor=Actor(kind="lock", name=""), now=now
        )
        scene.twin.receive(answer, scene.at)


def _open(scene, now, *, after: timedelta = timedelta(0)) -> None:
    scene.at = int((now + after).timestamp())
    scene.open()
    _carry(scene, now + after)


@pytest.fixture
def manager(client):
    return client.log_in("manager")


def test_the_page_says_who_opened_which_door_when(manager, scene, now):
    _open(scene, now, after=timedelta(minutes=5, seconds=7))
    page = manager.get("/records/")
    assert "Fri, Jun 12, 12:05 :07 101 Opened Key card Claire Moreau" in text_of(page)
    assert f"/stays/{scene.stay_id}" in page.text


def test_the_page_of_a_lock_shows_the_last_that_it_noted(manager, scene, now):
    assert f"/records/of-lock/{scene.lock_id}" in manager.get(f"/locks/{scene.lock_id}").text
    part = f"/records/of-lock/{scene.lock_id}"
    assert "Nothing that was brought here yet" in text_of(manager.get(part, htmx=True))
    for number in range(12):
        _open(scene, now, after=timedelta(minutes=number))
    page = manager.get(part, htmx=True)
    assert text_of(page).count("Opened") == 10
    assert "Fri, Jun 12, 12:11 Opened Claire Moreau" in text_of(page)
    assert "12:01 Opened" not in text_of(page)
    manager.get("/records/of-lock/1", status=404)


def test_filters_narrow_by_day_door_kind_and_guest(manager, scene, now, house):
    with transaction() as session:
        session.add(GuestWord(word="moreau", guest_id=scene.guest_id))
    _open(scene, now)
    scene.twin.present(bytes(4), scene.units, scene.at)
    _carry(scene, now)
    other = house.doors["102"].id

    def shown(query: str) -> tuple[bool, bool]:
        page = text_of(manager.get(f"/records/?{query}", htmx=True))
        return "Claire Moreau" in page, "The card is not genuine" in page

    assert shown("") == (True, True)
    assert shown("kind=opened") == (True, False)
    assert shown("kind=refused") == (False, True)
    assert shown("kind=nonsense") == (True, True)
    assert shown(f"door={other}") == (False, False)
    assert shown(f"door={house.doors['101'].id}") == (True, True)
    assert shown("q=moreau") == (True, False)
    assert shown("q=101") == (True, True)
    assert shown("since=2026-06-12&until=2026-06-12") == (True, True)
    assert shown("since=2026-06-13") == (False, False)
    assert shown("until=2026-06-11") == (False, False)
    assert shown("since=nonsense&until=2026-02-31") == (True, True)


def test_a_day_is_a_day_of_the_house(manager, scene, now):
    """23:30 in Berlin is still the 12th, though in UTC it is 21:30, and 00:30 is the 13th, though in UTC it is the 12th."""
    late, early = timedelta(hours=11, minutes=30), timedelta(hours=12, minutes=30)
    _open(scene, now, after=late)
    _open(scene, now, after=early)
    clock.freeze(now + early)
    manager.log_in("manager")
    page = text_of(manager.get("/records/?kind=opened&until=2026-06-12", htmx=True))
    assert "Fri, Jun 12, 23:30" in page
    assert "Sat, Jun 13, 00:30" not in page


def test_the_list_goes_on_without_gaps_or_repeats(manager, scene, now):
    minutes = [timedelta(minutes=n) for n in range(57)]
    for after in minutes:
        _open(scene, now, after=after)
    seen, url = [], "/records/?kind=opened"
    while url:
        page = manager.get(url, htmx=True)
        seen += [line for line in text_of(page).split("Opened") if "Jun 12" in line]
        more = re.search(r'hx-get="(/records/[^"]+)"', page.text)
        url = more[1].replace("&amp;", "&") if more else ""
    assert len(seen) == len(minutes)
    assert len({line.split("Jun 12")[1][:12] for line in seen}) == len(minutes)


def test_the_list_asks_the_same_number_of_questions_whatever_its_length(manager, scene, now, count_queries):
    _open(scene, now)
    few = count_queries(lambda: manager.get("/records/"))
    for minute in range(1, 20):
        _open(scene, now, after=timedelta(minutes=minute))
    assert count_queries(lambda: manager.get("/records/")) == few
