from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from pms.audit import chain, queries, service
from pms.audit.models import AuditEntry
from pms.core.actor import SETUP
from pms.core.db import db, transaction


def _record(now, count: int = 1) -> None:
    with transaction():
        for number in range(count):
            service.record(
                actor=SETUP,
                action="rooms.cleaned",
                subject=service.Subject(kind="room", id=number, label=f"10{number}"),
                now=now,
                before={"housekeeping": "dirty"},
                after={"housekeeping": "clean"},
            )


def test_entries_are_numbered_without_gaps_and_chained(any_house, now):
    _record(now, 3)
    _record(now)
    rows = db.session.execute(sa.select(*AuditEntry.__table__.columns).order_by(AuditEntry.id)).mappings().all()
    assert [row["id"] for row in rows] == [1, 2, 3, 4]
    link = chain.START
    for row in rows:
        assert row["digest"] == chain.digest(row, link)
        link = row["digest"]


def test_nothing_is_recorded_of_what_did_not_happen(any_house, now):
    with pytest.raises(ValueError, match="stop"), transaction():
        service.record(actor=SETUP, action="x", subject=service.Subject(kind="room", id=1), now=now)
        raise ValueError("stop")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(AuditEntry)) == 0
    _record(now)
    assert db.session.scalars(sa.select(AuditEntry.id)).all() == [1]


@pytest.mark.parametrize("statement", [sa.update(AuditEntry).values(actor_name="nobody"), sa.delete(AuditEntry)])
def test_the_database_refuses_to_change_an_entry(any_house, now, statement):
    _record(now)
    with pytest.raises(DBAPIError, match="never changed"), transaction() as session:
        session.execute(statement)


def test_the_chain_holds_whatever_zone_an_instant_was_counted_in(any_app, now):
    subject = service.Subject(kind="room", id=1)
    with transaction():
        for zone in ("UTC", "Europe/Berlin", "Asia/Kathmandu"):
            service.record(actor=SETUP, action="rooms.cleaned", subject=subject, now=now.astimezone(ZoneInfo(zone)))
    assert queries.verify().fault is None
