"""A machine remembers the request that added it, and can be asked for a card's number, which a lock is to store."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_15"
down_revision = "2026_11_28_14"
branch_labels = None
depends_on = None

_INDEXED = ("account_id", "lock_id", "stay_id")
_BEFORE = ("write", "read", "erase", "signal", "staff", "finger")


def upgrade() -> None:
    with op.batch_alter_table("encoder") as table:
        table.add_column(sa.Column("request_id", sa.String(length=36), nullable=True))
        table.create_unique_constraint(op.f("uq_encoder_request_id"), ["request_id"])
    _change_kinds((*_BEFORE, "online"))
    op.create_table(
        "online_card",
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("lock_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "role",
            sa.Enum(
                "guest",
                "staff",
                "administrator",
                "duress",
                name="slotrole",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("stay_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("slot_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("stay_id IS NULL OR account_id IS NULL", name=op.f("ck_online_card_of_one_person")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_online_card_account_id_account")),
        sa.ForeignKeyConstraint(["job_id"], ["encoder_job.id"], name=op.f("fk_online_card_job_id_encoder_job")),
        sa.ForeignKeyConstraint(["lock_id"], ["lock.id"], name=op.f("fk_online_card_lock_id_lock")),
        sa.ForeignKeyConstraint(["slot_id"], ["slot.id"], name=op.f("fk_online_card_slot_id_slot")),
        sa.ForeignKeyConstraint(["stay_id"], ["stay.id"], name=op.f("fk_online_card_stay_id_stay")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_online_card")),
        sa.UniqueConstraint("job_id", name=op.f("uq_online_card_job_id")),
        sa.UniqueConstraint("slot_id", name=op.f("uq_online_card_slot_id")),
    )
    for name in _INDEXED:
        op.create_index(op.f(f"ix_online_card_{name}"), "online_card", [name])


def downgrade() -> None:
    for name in reversed(_INDEXED):
        op.drop_index(op.f(f"ix_online_card_{name}"), table_name="online_card")
    op.drop_table("online_card")
    op.execute(sa.text("DELETE FROM encoder_job WHERE kind = 'online'"))
    _change_kinds(_BEFORE)
    with op.batch_alter_table("encoder") as table:
        table.drop_constraint(op.f("uq_encoder_request_id"), type_="unique")
        table.drop_column("request_id")


def _change_kinds(kinds: tuple[str, ...]) -> None:
    allowed = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table("encoder_job") as table:
        table.drop_constraint(op.f("ck_encoder_job_jobkind"), type_="check")
        table.create_check_constraint(op.f("ck_encoder_job_jobkind"), f"kind IN ({allowed})")
