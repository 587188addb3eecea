"""A house that is in use is brought to another version of the schema and back with everything that it has."""

from __future__ import annotations

import uuid

import pytest
import sqlalchemy as sa

from pms import schema
from pms.core.actor import SETUP
from pms.core.db import db, transaction
from pms.encoders import service
from pms.encoders.models import JobKind
from pms.retention import queries as retention

BEFORE_OTHER_DESKS = "2026_11_23_02"


@pytest.fixture
def in_use(any_house, now) -> dict[str, int]:
    """Machines with jobs, one of them bound to nothing; how many rows each table has."""
    names = ("Front desk 1", "Front desk 2")
    ids = [service.add_encoder(name=name, url=f"/dev/{name[-1]}", actor=SETUP, now=now).id for name in names]
    for number in ids:
        service.queue_jobs(
            encoder_id=number,
            kind=JobKind.READ,
            subjects=[None],
            stay_id=None,
            batch_id=str(uuid.uuid4()),
            actor=SETUP,
            now=now,
        )
    service.unbind_encoder(encoder_id=ids[1], actor=SETUP, now=now)
    return counts()


def counts() -> dict[str, int]:
    db.remove()
    with db.engine.connect() as connection:
        names = sa.inspect(connection).get_table_names()
        return {name: connection.scalar(sa.text(f'SELECT count(*) FROM "{name}"')) or 0 for name in names}


def machines() -> list[tuple[object, ...]]:
    with db.engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql("SELECT name, is_enabled FROM encoder ORDER BY name")]


def test_a_house_in_use_goes_to_the_earlier_schema_and_back(in_use):
    try:
        schema.downgrade(db.engine, BEFORE_OTHER_DESKS)
        assert counts()["encoder_job"] == in_use["encoder_job"]
        assert [bool(is_enabled) for _, is_enabled in machines()] == [True, False]
    finally:
        schema.upgrade(db.engine)
    after = counts()
    # What a migration itself puts there: the scopes that every house has, and that a house in use forgets nobody unasked.
    own = ("scope", "scope_door", "retention_rule")
    assert {name: after[name] for name in in_use if name not in own} == {
        name: count for name, count in in_use.items() if name not in own
    }
    assert retention.months() is None, "nothing of its guests is removed before somebody decides"
    with db.engine.connect() as connection:
        urls = connection.exec_driver_sql("SELECT name, url FROM encoder ORDER BY name").all()
    assert [url for _, url in urls] == ["/dev/1", None]
    assert schema.differences(db.engine) == []


def test_sqlite_tells_a_migration_that_left_rows_pointing_at_nothing(app, house):
    with transaction() as session:
        session.execute(sa.text("PRAGMA defer_foreign_keys=ON"))
    with (
        pytest.raises(RuntimeError, match="point at nothing"),
        db.engine.connect().execution_options(pms_writes=True) as connection,
        schema._tables_may_be_rebuilt(connection),
    ):
        connection.exec_driver_sql("DELETE FROM room_type")
