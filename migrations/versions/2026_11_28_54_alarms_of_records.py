"""What doors sounded before alarms had a table becomes rows of it, with who looked; wrong codes are found by an index."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_54"
down_revision = "2026_11_28_53"
branch_labels = None
depends_on = None

_OPEN_RECORD = sa.text("event IN (6, 7, 8, 9, 15) AND looked_at IS NULL AND hidden_at IS NULL")
_WRONG_CODE = sa.text("result = 11")
# By event of the record: kind, severity, and whether somebody's look leaves the reason as it is.
_KINDS = {
    6: ("tamper", "urgent", False),
    7: ("low_battery", "quiet", True),
    8: ("door_left_open", "warning", True),
    9: ("lock_out", "warning", False),
    15: ("duress", "urgent", False),
}
_BATCH = 500
_instant = sa.DateTime(timezone=True)

_record = sa.table(
    "access_record",
    sa.column("id", sa.BigInteger()),
    sa.column("lock_id", sa.BigInteger()),
    sa.column("door_id", sa.BigInteger()),
    sa.column("at", _instant),
    sa.column("event", sa.Integer()),
    sa.column("battery_percent", sa.Integer()),
    sa.column("received_at", _instant),
    sa.column("looked_at", _instant),
    sa.column("hidden_at", _instant),
)
_alarm = sa.table(
    "alarm",
    sa.column("id", sa.BigInteger()),
    sa.column("kind", sa.String()),
    sa.column("severity", sa.String()),
    sa.column("thing", sa.String()),
    sa.column("lock_id", sa.BigInteger()),
    sa.column("door_id", sa.BigInteger()),
    sa.column("record_id", sa.BigInteger()),
    sa.column("raised_at", _instant),
    sa.column("noticed_at", _instant),
    sa.column("last_seen_at", _instant),
    sa.column("times", sa.Integer()),
    sa.column("details", sa.JSON()),
    sa.column("settled_at", _instant),
    sa.column("acknowledged_at", _instant),
    sa.column("acknowledged_by_id", sa.BigInteger()),
    sa.column("note", sa.String()),
)
_EARLIER_RIGHT, _RIGHT = "records:alarms", "alarms:view"
_token = sa.table("api_token", sa.column("id", sa.BigInteger()), sa.column("scopes", sa.JSON()))
_entry = sa.table(
    "audit_entry",
    sa.column("action", sa.String()),
    sa.column("subject_id", sa.String()),
    sa.column("account_id", sa.BigInteger()),
)


def upgrade() -> None:
    connection = op.get_bind()
    looks = sa.select(_entry.c.subject_id, _entry.c.account_id).where(_entry.c.action == "access.alarm_looked_at")
    who = {row[0]: row[1] for row in connection.execute(looks)}
    records = sa.select(_record).where(_record.c.event.in_(_KINDS)).order_by(_record.c.at, _record.c.id)
    made, waiting = [], {}
    for record in connection.execute(records):
        alarm = _alarm_of(record, who)
        if alarm["acknowledged_at"] is None and alarm["settled_at"] is None:
            same = waiting.get((alarm["kind"], alarm["thing"]))
            if same is not None:
                # Of what still waits there is one of a kind and lock from now on: the first, which counts the others.
                same["times"] += 1
                same["last_seen_at"], same["details"] = alarm["raised_at"], alarm["details"]
                continue
            waiting[alarm["kind"], alarm["thing"]] = alarm
        made.append(alarm)
    for start in range(0, len(made), _BATCH):
        connection.execute(sa.insert(_alarm), made[start : start + _BATCH])
    _rename_right(connection, _EARLIER_RIGHT, _RIGHT)
    op.drop_index("ix_access_record_open_alarm", table_name="access_record")
    op.drop_column("access_record", "looked_at")
    op.create_index(
        "ix_access_record_wrong_code",
        "access_record",
        ["at"],
        sqlite_where=_WRONG_CODE,
        postgresql_where=_WRONG_CODE,
    )


def _rename_right(connection, old, new):
    """Tokens of programs name the rights that they were given."""
    for token in connection.execute(sa.select(_token)).all():
        if old in token.scopes:
            scopes = [new if scope == old else scope for scope in token.scopes]
            connection.execute(sa.update(_token).where(_token.c.id == token.id).values(scopes=scopes))


def _alarm_of(record, who):
    kind, severity, lasts = _KINDS[record.event]
    # Nobody knows any more how long the reason of an old one lasted.
    is_over = record.hidden_at if record.looked_at is None else record.looked_at if lasts else None
    return {
        "id": record.id,
        "kind": kind,
        "severity": severity,
        "thing": f"lock:{record.lock_id}",
        "lock_id": record.lock_id,
        "door_id": record.door_id,
        "record_id": record.id,
        "raised_at": record.at,
        "noticed_at": record.received_at,
        "last_seen_at": record.at,
        "times": 1,
        "details": {"percent": record.battery_percent} if kind == "low_battery" else {},
        "settled_at": is_over,
        "acknowledged_at": record.looked_at,
        "acknowledged_by_id": who.get(str(record.id)) if record.looked_at is not None else None,
        "note": "",
    }


def downgrade() -> None:
    op.drop_index("ix_access_record_wrong_code", table_name="access_record")
    op.add_column("access_record", sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True))
    ended = sa.func.coalesce(_alarm.c.acknowledged_at, _alarm.c.settled_at)
    is_of_record = _alarm.c.record_id == _record.c.id
    waits = sa.exists().where(is_of_record, ended.is_(None))
    looked_at = sa.select(ended).where(is_of_record, ended.is_not(None)).limit(1).scalar_subquery()
    op.execute(
        sa.update(_record)
        .where(_record.c.event.in_(_KINDS), ~waits)
        .values(looked_at=sa.func.coalesce(looked_at, _record.c.received_at))
    )
    op.create_index(
        "ix_access_record_open_alarm",
        "access_record",
        ["at"],
        sqlite_where=_OPEN_RECORD,
        postgresql_where=_OPEN_RECORD,
    )
    # They stand in the records again; going up again makes them anew.
    op.execute(sa.text("DELETE FROM alarm_delivery"))
    op.execute(sa.delete(_alarm))
    _rename_right(op.get_bind(), _RIGHT, _EARLIER_RIGHT)
