"""Commands know when they go out next, and which go before others; what is open is found without looking through all."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_52"
down_revision = "2026_11_28_51"
branch_labels = None
depends_on = None

_IS_OPEN = sa.text("state IN ('made', 'sent')")


def upgrade() -> None:
    with op.batch_alter_table("lock_command") as table:
        table.add_column(sa.Column("is_urgent", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("sends", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("next_send_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("lock_command") as table:
        table.alter_column("is_urgent", existing_type=sa.Boolean(), existing_nullable=False, server_default=None)
        table.alter_column("sends", existing_type=sa.Integer(), existing_nullable=False, server_default=None)
    op.create_index("ix_lock_command_counter", "lock_command", ["lock_id", "counter"])
    for name, columns in (
        ("ix_lock_command_open", ["lock_id", "state", "is_urgent", "id", "command", "next_send_at"]),
        ("ix_lock_command_expiring", ["expires_at"]),
    ):
        op.create_index(name, "lock_command", columns, sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN)


def downgrade() -> None:
    for name in ("ix_lock_command_expiring", "ix_lock_command_open", "ix_lock_command_counter"):
        op.drop_index(name, table_name="lock_command")
    with op.batch_alter_table("lock_command") as table:
        for column in ("next_send_at", "sends", "is_urgent"):
            table.drop_column(column)
