"""Fingerprints with their consent, and the commands that bring them to locks."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_04"
down_revision = "2026_11_24_03"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "consent",
        sa.Column("guest_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("text_version", sa.Integer(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(length=80), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("(guest_id IS NULL) <> (account_id IS NULL)", name=op.f("ck_consent_of_one_person")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_consent_account_id_account")),
        sa.ForeignKeyConstraint(["guest_id"], ["guest.id"], name=op.f("fk_consent_guest_id_guest")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_consent_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_consent_guest_id"), ["guest_id"], unique=False)

    op.create_table(
        "lock_command",
        sa.Column("lock_id", sa.BigInteger(), nullable=False),
        sa.Column("command", sa.Integer(), nullable=False),
        sa.Column("plaintext_sealed", sa.LargeBinary(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "made",
                "sent",
                "answered",
                "failed",
                "expired",
                "dropped",
                name="commandstate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("counter", sa.BigInteger(), nullable=True),
        sa.Column("frame", sa.LargeBinary(), nullable=True),
        sa.Column("life", sa.Integer(), nullable=True),
        sa.Column("subject_kind", sa.String(length=30), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("is_last", sa.Boolean(), nullable=False),
        sa.Column("actor_name", sa.String(length=80), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["lock_id"], ["lock.id"], name=op.f("fk_lock_command_lock_id_lock")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lock_command")),
        sa.UniqueConstraint("request_id", "part", name=op.f("uq_lock_command_request_id_part")),
    )
    with op.batch_alter_table("lock_command", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lock_command_lock_id"), ["lock_id"], unique=False)
        batch_op.create_index("ix_lock_command_subject", ["subject_kind", "subject_id"], unique=False)
        batch_op.create_index(
            "uq_lock_command_sent",
            ["lock_id"],
            unique=True,
            sqlite_where=sa.text("state = 'sent'"),
            postgresql_where=sa.text("state = 'sent'"),
        )

    op.create_table(
        "fingerprint",
        sa.Column("guest_id", sa.BigInteger(), nullable=True),
        sa.Column("stay_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("consent_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column(
            "finger",
            sa.Enum(
                "right_thumb",
                "right_index",
                "right_middle",
                "left_thumb",
                "left_index",
                "left_middle",
                name="finger",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("credential_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "capturing",
                "stored",
                "not_taken",
                "destroyed",
                name="fingerstate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("template_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("template_format", sa.String(length=20), nullable=False),
        sa.Column("template_model", sa.String(length=40), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("captured_by", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("destroyed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "end_reason",
            sa.Enum(
                "checked_out",
                "withdrawn",
                "removed",
                "time_over",
                "left",
                name="endreason",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=True,
        ),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("(state = 'destroyed') = (destroyed_at IS NOT NULL)", name=op.f("ck_fingerprint_destroyed")),
        sa.CheckConstraint(
            "(state = 'stored') = (template_sealed IS NOT NULL)", name=op.f("ck_fingerprint_template_while_stored")
        ),
        sa.CheckConstraint("(guest_id IS NULL) <> (account_id IS NULL)", name=op.f("ck_fingerprint_of_one_person")),
        sa.CheckConstraint("(guest_id IS NULL) = (stay_id IS NULL)", name=op.f("ck_fingerprint_guests_have_stays")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_fingerprint_account_id_account")),
        sa.ForeignKeyConstraint(["consent_id"], ["consent.id"], name=op.f("fk_fingerprint_consent_id_consent")),
        sa.ForeignKeyConstraint(["guest_id"], ["guest.id"], name=op.f("fk_fingerprint_guest_id_guest")),
        sa.ForeignKeyConstraint(["job_id"], ["encoder_job.id"], name=op.f("fk_fingerprint_job_id_encoder_job")),
        sa.ForeignKeyConstraint(["stay_id"], ["stay.id"], name=op.f("fk_fingerprint_stay_id_stay")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fingerprint")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_fingerprint_credential_id")),
        sa.UniqueConstraint("job_id", name=op.f("uq_fingerprint_job_id")),
    )
    with op.batch_alter_table("fingerprint", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_fingerprint_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_fingerprint_guest_id"), ["guest_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_fingerprint_stay_id"), ["stay_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("fingerprint", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_fingerprint_stay_id"))
        batch_op.drop_index(batch_op.f("ix_fingerprint_guest_id"))
        batch_op.drop_index(batch_op.f("ix_fingerprint_account_id"))

    op.drop_table("fingerprint")
    with op.batch_alter_table("lock_command", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_lock_command_sent", sqlite_where=sa.text("state = 'sent'"), postgresql_where=sa.text("state = 'sent'")
        )
        batch_op.drop_index("ix_lock_command_subject")
        batch_op.drop_index(batch_op.f("ix_lock_command_lock_id"))

    op.drop_table("lock_command")
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_consent_guest_id"))
        batch_op.drop_index(batch_op.f("ix_consent_account_id"))

    op.drop_table("consent")
