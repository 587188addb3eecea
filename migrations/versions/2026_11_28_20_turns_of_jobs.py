"""Scheduled jobs and their turns."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_20"
down_revision = "2026_11_28_18"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scheduled_job",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("every_seconds", sa.Integer(), nullable=True),
        sa.Column("at_hour", sa.Integer(), nullable=True),
        sa.Column("at_minute", sa.Integer(), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(every_seconds IS NULL) <> (at_hour IS NULL)", name=op.f("ck_scheduled_job_when")),
        sa.CheckConstraint("(at_hour IS NULL) = (at_minute IS NULL)", name=op.f("ck_scheduled_job_time")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_scheduled_job")),
    )
    op.create_table(
        "job_turn",
        sa.Column("job", sa.String(length=60), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "asked",
                "running",
                "done",
                "failed",
                "interrupted",
                name="turnstate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("asked_by", sa.String(length=80), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fault", sa.String(length=80), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_turn")),
        sa.UniqueConstraint("job", "due_at", name=op.f("uq_job_turn_job_due_at")),
    )
    op.create_index("ix_job_turn_state", "job_turn", ["state"])
    op.create_index(
        "uq_job_turn_asked",
        "job_turn",
        ["job"],
        unique=True,
        sqlite_where=sa.text("state = 'asked'"),
        postgresql_where=sa.text("state = 'asked'"),
    )


def downgrade() -> None:
    op.drop_index("uq_job_turn_asked", table_name="job_turn")
    op.drop_index("ix_job_turn_state", table_name="job_turn")
    op.drop_table("job_turn")
    op.drop_table("scheduled_job")
