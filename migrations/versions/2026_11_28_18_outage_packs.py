"""Outage packs, who fetched them, and the desk password that seals a part of them."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_18"
down_revision = "2026_11_28_17"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outage_setting",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("desk_password_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("makes_codes", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_outage_setting_single")),
        sa.CheckConstraint(
            "NOT makes_codes OR desk_password_sealed IS NOT NULL", name=op.f("ck_outage_setting_codes_are_sealed")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outage_setting")),
    )
    op.create_table(
        "outage_pack",
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=True),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.Column("sealed_codes", sa.Integer(), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outage_pack")),
        sa.UniqueConstraint("hour", name=op.f("uq_outage_pack_hour")),
        sa.UniqueConstraint("request_id", name=op.f("uq_outage_pack_request_id")),
    )
    op.create_index(op.f("ix_outage_pack_made_at"), "outage_pack", ["made_at"])
    op.create_table(
        "outage_file",
        sa.Column("pack_id", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pack_id"], ["outage_pack.id"], name=op.f("fk_outage_file_pack_id_outage_pack"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pack_id", "language", name=op.f("pk_outage_file")),
    )
    op.create_table(
        "outage_fetch",
        sa.Column("pack_id", sa.BigInteger(), nullable=False),
        sa.Column("fetched_by", sa.String(length=80), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["pack_id"], ["outage_pack.id"], name=op.f("fk_outage_fetch_pack_id_outage_pack"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outage_fetch")),
    )
    op.create_index(op.f("ix_outage_fetch_pack_id"), "outage_fetch", ["pack_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_outage_fetch_pack_id"), table_name="outage_fetch")
    op.drop_index(op.f("ix_outage_pack_made_at"), table_name="outage_pack")
    for name in ("outage_fetch", "outage_file", "outage_pack", "outage_setting"):
        op.drop_table(name)
