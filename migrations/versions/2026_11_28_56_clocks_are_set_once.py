"""The scheduler sets a lock's clock once at a time."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_56"
down_revision = "2026_11_28_55"
branch_labels = None
depends_on = None

_SETS_CLOCK = sa.text("subject_kind = 'clock' AND state IN ('made', 'sent')")


def upgrade() -> None:
    op.create_index(
        "uq_lock_command_clock",
        "lock_command",
        ["lock_id"],
        unique=True,
        sqlite_where=_SETS_CLOCK,
        postgresql_where=_SETS_CLOCK,
    )


def downgrade() -> None:
    op.drop_index("uq_lock_command_clock", table_name="lock_command")
