"""Locks refuse one lost card of a party by its number; the times of keys are indexed for the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_21"
down_revision = "2026_11_28_20"
branch_labels = None
depends_on = None

_TIMES = (("key_card", "made_at"), ("key_card", "ended_at"), ("passcode", "made_at"), ("slot", "created_at"))


def upgrade() -> None:
    op.create_table(
        "key_denial",
        sa.Column("key_card_id", sa.BigInteger(), nullable=False),
        sa.Column("lock_id", sa.BigInteger(), nullable=False),
        sa.Column("door_id", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("proved_by", sa.String(length=20), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("(at IS NULL) = (proved_by IS NULL)", name=op.f("ck_key_denial_proved")),
        sa.ForeignKeyConstraint(["door_id"], ["door.id"], name=op.f("fk_key_denial_door_id_door")),
        sa.ForeignKeyConstraint(["key_card_id"], ["key_card.id"], name=op.f("fk_key_denial_key_card_id_key_card")),
        sa.ForeignKeyConstraint(["lock_id"], ["lock.id"], name=op.f("fk_key_denial_lock_id_lock")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_denial")),
        sa.UniqueConstraint("key_card_id", "lock_id", name=op.f("uq_key_denial_key_card_id_lock_id")),
    )
    op.create_index(op.f("ix_key_denial_lock_id"), "key_denial", ["lock_id"])
    op.create_index(op.f("ix_key_denial_until"), "key_denial", ["until"])
    for table, column in _TIMES:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def downgrade() -> None:
    for table, column in _TIMES:
        op.drop_index(op.f(f"ix_{table}_{column}"), table_name=table)
    op.drop_index(op.f("ix_key_denial_until"), table_name="key_denial")
    op.drop_index(op.f("ix_key_denial_lock_id"), table_name="key_denial")
    op.drop_table("key_denial")
