"""The scheduler sets a lock's clock once at a time; guests are forgotten; backups are listed."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_56"
down_revision = "2026_11_28_55"
branch_labels = None
depends_on = None

_SETS_CLOCK = sa.text("subject_kind = 'clock' AND state IN ('made', 'sent')")


def upgrade() -> None:
    op.add_column("guest", sa.Column("anonymised_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_guest_anonymised_at"), "guest", ["anonymised_at"])
    op.create_table(
        "retention_rule",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("months", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(length=80), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_retention_rule_single")),
        sa.CheckConstraint("months BETWEEN 1 AND 120", name=op.f("ck_retention_rule_months")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_rule")),
    )
    op.create_table(
        "backup",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backup")),
        sa.UniqueConstraint("name", name=op.f("uq_backup_name")),
    )
    op.create_index(op.f("ix_backup_made_at"), "backup", ["made_at"])
    # A house that is in use decides itself before anything of its guests is removed.
    op.execute(
        sa.text(
            "INSERT INTO retention_rule (id, months, changed_at, changed_by, version) "
            "SELECT 1, NULL, CURRENT_TIMESTAMP, '', 1 FROM property"
        )
    )
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
    op.drop_index(op.f("ix_backup_made_at"), table_name="backup")
    op.drop_table("backup")
    op.drop_table("retention_rule")
    op.drop_index(op.f("ix_guest_anonymised_at"), table_name="guest")
    op.drop_column("guest", "anonymised_at")
