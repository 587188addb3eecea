from __future__ import annotations

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.audit import jobs, queries, service
from pms.audit.models import AuditEntry, AuditHead
from pms.audit.queries import ChainCheck, Filters
from pms.core.actor import SETUP, Actor
from pms.core.db import db, transaction

DESK = Actor(kind="account", name="Desk", account_id=7, address="10.0.0.5")


def _record(now, count: int = 1, *, actor=SETUP, action="rooms.cleaned", **subject) -> None:
    with transaction():
        for number in range(count):
            service.record(
                actor=actor,
                action=action,
                subject=service.Subject(kind="room", id=number, label=f"10{number}", **subject),
                now=now,
                before={"housekeeping": "dirty"},
                after={"housekeeping": "clean", "note": "naïve — 干净", "beds": 2},
            )


def _numbers(**filters) -> list[int]:
    return [entry.id for entry in queries.list_entries(Filters(**filters)).rows]


@pytest.fixture
def tamper(any_app):
    """Changes rows as somebody with the database's password could: past the triggers."""

    def do(*statements: str) -> None:
        is_sqlite = db.engine.dialect.name == "sqlite"
        db.session.rollback()
        with db.engine.connect().execution_options(pms_writes=True) as connection:
            if is_sqlite:
                triggers = connection.execute(
                    sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_entry'")
                ).all()
                for name, _sql in triggers:
                    connection.execute(sa.text(f"DROP TRIGGER {name}"))
            else:
                connection.execute(sa.text("ALTER TABLE audit_entry DISABLE TRIGGER USER"))
            for statement in statements:
                connection.execute(sa.text(statement))
            if is_sqlite:
                for _name, sql in triggers:
                    connection.exec_driver_sql(sql)
            else:
                connection.execute(sa.text("ALTER TABLE audit_entry ENABLE TRIGGER USER"))
            connection.commit()

    return do


def test_each_filter_shows_what_it_says(any_house, now):
    _record(now - timedelta(hours=2), room_id=1)
    _record(now - timedelta(hours=1), actor=DESK, guest_id=2, stay_id=3)
    _record(now, action="stays.checked_in", lock_id=4)
    _record(now, action="staysX", guest_id=5)
    assert _numbers() == [4, 3, 2, 1]
    assert _numbers(room_id=1) == [1]
    assert _numbers(account_id=7) == [2]
    assert _numbers(is_machine=True) == [4, 3, 1]
    assert _numbers(guest_ids=(2, 5)) == [4, 2]
    assert _numbers(guest_ids=()) == []
    assert _numbers(stay_id=3) == [2]
    assert _numbers(lock_id=4) == [3]
    assert _numbers(action="stays.") == [3]
    assert _numbers(action="rooms.cleaned") == [2, 1]
    assert _numbers(action="%") == []
    assert _numbers(since=now - timedelta(hours=1), until=now) == [2]
    assert _numbers(since=now, action="stays.", lock_id=4) == [3]
    assert Filters().is_empty
    assert not Filters(guest_ids=()).is_empty


def test_the_list_goes_on_from_a_number(any_house, now):
    _record(now, 7)
    first = queries.list_entries(Filters(), size=3)
    second = queries.list_entries(Filters(), before=int(first.next_key), size=3)
    last = queries.list_entries(Filters(), before=int(second.next_key), size=3)
    assert [[e.id for e in page.rows] for page in (first, second, last)] == [[7, 6, 5], [4, 3, 2], [1]]
    assert last.next_key is None


def test_a_whole_trail_is_intact_across_chunks(any_house, now, monkeypatch):
    monkeypatch.setattr(queries, "_CHUNK", 4)
    for count in (0, 1, 3, 5, 8):
        _record(now, count)
    assert queries.verify() == ChainCheck(17)
    assert str(queries.verify()) == "The audit trail is complete: 17 entries."
    assert [entry.id for entries in queries.stream_entries(Filters()) for entry in entries] == list(range(1, 18))


def test_an_empty_trail_is_intact(any_house):
    assert queries.verify() == ChainCheck(0)


@pytest.mark.parametrize(
    "change",
    [
        "actor_name = 'Nobody'",
        "at = '2026-01-01 00:00:00+00:00'",
        "room_id = 5",
        "address = '10.0.0.6'",
        "digest = '" + "0" * 64 + "'",
        "after = '" + json.dumps({"housekeeping": "dirty"}) + "'",
    ],
)
def test_an_altered_entry_is_named(any_house, now, tamper, change):
    _record(now, 5)
    tamper(f"UPDATE audit_entry SET {change} WHERE id = 3")
    assert queries.verify() == ChainCheck(2, "altered", 3)
    assert not queries.verify().is_intact
    assert "Entry 3 of the audit trail was altered" in str(queries.verify())


@pytest.mark.parametrize("number", [1, 3])
def test_a_missing_entry_is_named(any_house, now, tamper, number):
    _record(now, 5)
    tamper(f"DELETE FROM audit_entry WHERE id = {number}")
    assert queries.verify() == ChainCheck(number - 1, "missing", number)
    assert f"Entry {number} of the audit trail is missing" in str(queries.verify())


def test_closing_the_gap_does_not_hide_it(any_house, now, tamper):
    _record(now, 5)
    # One after the other: in one statement PostgreSQL may come to the fifth before the fourth has made room.
    moves = [f"UPDATE audit_entry SET id = {number} WHERE id = {number + 1}" for number in (3, 4)]
    tamper("DELETE FROM audit_entry WHERE id = 3", *moves)
    assert queries.verify() == ChainCheck(2, "altered", 3)


def test_removing_the_last_entries_shows_in_the_head(any_house, now, tamper):
    _record(now, 5)
    tamper("DELETE FROM audit_entry WHERE id > 3")
    assert queries.verify() == ChainCheck(3, "head", 3)
    assert "were removed" in str(queries.verify())
    tamper("DELETE FROM audit_head")
    assert queries.verify() == ChainCheck(3, "head", 3)


def test_removing_everything_shows_too(any_house, now, tamper):
    _record(now, 2)
    tamper("DELETE FROM audit_entry")
    assert queries.verify() == ChainCheck(0, "head", 0)


def test_turning_the_head_back_needs_the_key(any_house, now, tamper):
    _record(now, 5)
    tamper("DELETE FROM audit_entry WHERE id > 3", "UPDATE audit_head SET last_id = 3")
    assert queries.verify().fault == "head"


def test_the_nightly_check_writes_down_what_it_found(any_house, now, tamper, caplog):
    _record(now, 2)
    jobs.verify_chain()
    assert queries.find_last_check().after == {"entries": 2}
    tamper("UPDATE audit_entry SET actor_name = 'Nobody' WHERE id = 2")
    jobs.verify_chain()
    entry = queries.find_last_check()
    assert (entry.action, entry.after) == ("audit.fault_found", {"entries": 1, "fault": "altered", "at_entry": 2})
    assert "Entry 2 of the audit trail was altered" in caplog.text


def test_the_head_is_one_row(any_house, now):
    _record(now, 2)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(AuditHead)) == 1
    assert db.session.scalar(sa.select(sa.func.max(AuditEntry.id))) == 2
