"""Passcodes are found by a keyed hash of their digits, groups by their names; alarms are looked at."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_40"
down_revision = "2026_11_28_22"
branch_labels = None
depends_on = None

_OPEN_ALARM = sa.text("event IN (6, 7, 8, 9, 15) AND looked_at IS NULL AND hidden_at IS NULL")
_IS_GROUP = sa.text("group_name <> ''")


def upgrade() -> None:
    op.add_column("passcode", sa.Column("digits_index", sa.String(length=32), nullable=True))
    op.create_index(op.f("ix_passcode_digits_index"), "passcode", ["digits_index"])
    op.add_column("slot", sa.Column("content_index", sa.String(length=32), nullable=True))
    op.create_index(op.f("ix_slot_content_index"), "slot", ["content_index"])
    op.add_column("access_record", sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True))
    # What was there before anybody could say so is not brought up again.
    op.execute(sa.text("UPDATE access_record SET looked_at = received_at WHERE event IN (6, 7, 8, 9, 15)"))
    op.create_index(
        "ix_access_record_open_alarm",
        "access_record",
        ["at"],
        sqlite_where=_OPEN_ALARM,
        postgresql_where=_OPEN_ALARM,
    )
    op.create_index(
        "ix_reservation_group_name", "reservation", ["group_name"], sqlite_where=_IS_GROUP, postgresql_where=_IS_GROUP
    )


def downgrade() -> None:
    op.drop_index("ix_reservation_group_name", table_name="reservation")
    op.drop_index("ix_access_record_open_alarm", table_name="access_record")
    op.drop_column("access_record", "looked_at")
    op.drop_index(op.f("ix_slot_content_index"), table_name="slot")
    op.drop_column("slot", "content_index")
    op.drop_index(op.f("ix_passcode_digits_index"), table_name="passcode")
    op.drop_column("passcode", "digits_index")
