"""What doors sounded before alarms had a table is carried over, with who looked, and back."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms import schema
from pms.core.db import db
from tests.alarms.cast import everything

BEFORE = "2026_11_28_40"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def before(any_house, now):
    """A house of before: (id, event, minute, looked, hidden) of records at room 101's door."""
    house = any_house
    schema.downgrade(db.engine, BEFORE)
    records = [
        (1, 6, 0, True, False),
        (2, 6, 1, False, False),
        (3, 6, 2, False, False),
        (4, 7, 3, True, False),
        (5, 7, 4, True, False),
        (6, 8, 5, False, True),
        (7, 15, 6, False, False),
        (8, 1, 7, False, False),
    ]
    door = house.doors["101"]
    with db.engine.connect().execution_options(pms_writes=True) as connection:
        table = sa.Table("access_record", sa.MetaData(), autoload_with=connection)
        for number, event, minute, looked, hidden in records:
            at = (now + minute * MINUTE).replace(tzinfo=now.tzinfo if db.engine.dialect.name != "sqlite" else None)
            connection.execute(
                sa.insert(table).values(
                    id=number,
                    lock_id=door.lock_id,
                    door_id=door.id,
                    life=1,
                    sequence=number,
                    at=at,
                    event=event,
                    method=0,
                    credential_id=0,
                    result=0,
                    battery_percent=15,
                    received_at=at,
                    is_doubtful=False,
                    looked_at=at + MINUTE if looked else None,
                    hidden_at=at + MINUTE if hidden else None,
                )
            )
        entry = sa.Table("audit_entry", sa.MetaData(), autoload_with=connection)
        connection.execute(
            sa.insert(entry).values(
                id=1,
                at=at,
                actor_kind="account",
                actor_name="Desk",
                account_id=house.accounts["desk"].id,
                address="",
                action="access.alarm_looked_at",
                subject_kind="access_record",
                subject_id="1",
                subject_label="101",
                digest="",
            )
        )
        token = sa.Table("api_token", sa.MetaData(), autoload_with=connection)
        connection.execute(
            sa.insert(token).values(
                id=1,
                account_id=house.accounts["manager"].id,
                name="Old",
                token_hash="x",
                scopes=["rooms:view", "records:alarms"],
                is_log_in=False,
                auth_epoch=0,
                address="",
                created_at=at,
                expires_at=at + MINUTE,
            )
        )
        connection.commit()
    return house


def test_looked_at_becomes_acknowledged_and_the_rest_waits_as_one_of_a_kind(before, now):
    schema.upgrade(db.engine)
    found = {
        alarm.id: (alarm.kind.value, alarm.times, alarm.settled_at, alarm.acknowledged_at, alarm.acknowledged_by_id)
        for alarm in everything()
    }
    desk = before.accounts["desk"].id
    assert found == {
        1: ("tamper", 1, None, now + MINUTE, desk),
        2: ("tamper", 2, None, None, None),
        4: ("low_battery", 1, now + 4 * MINUTE, now + 4 * MINUTE, None),
        5: ("low_battery", 1, now + 5 * MINUTE, now + 5 * MINUTE, None),
        6: ("door_left_open", 1, now + 6 * MINUTE, None, None),
        7: ("duress", 1, None, None, None),
    }
    scopes = db.session.execute(sa.text("SELECT scopes FROM api_token")).scalar_one()
    assert "alarms:view" in str(scopes)
    db.remove()
    schema.downgrade(db.engine, BEFORE)
    with db.engine.connect() as connection:
        waiting = "SELECT id FROM access_record WHERE event IN (6, 7, 8, 9, 15) AND looked_at IS NULL"
        # Those that were counted with another one are not brought up again.
        assert [row[0] for row in connection.execute(sa.text(waiting))] == [2, 7]
    schema.upgrade(db.engine)
    assert schema.differences(db.engine) == []
