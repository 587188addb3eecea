"""People register themselves with a code that was sent to them; the mail server that sends it."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_10"
down_revision = "2026_11_28_01"
branch_labels = None
depends_on = None

_STATES = ("queued", "sending", "sent", "failed")


def upgrade() -> None:
    op.create_table(
        "mail_server",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("host", sa.String(length=120), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("security", _words("security", "none", "starttls", "tls"), nullable=False),
        sa.Column("username", sa.String(length=120), nullable=False),
        sa.Column("password_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("sender", sa.String(length=160), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_mail_server_single")),
        sa.CheckConstraint("port BETWEEN 1 AND 65535", name=op.f("ck_mail_server_port")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_server")),
    )
    op.create_table(
        "registration_setting",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("is_allowed", sa.Boolean(), nullable=False),
        sa.Column("role", _words("registrationrole", "housekeeping", "front_desk", "maintenance"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_registration_setting_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration_setting")),
    )
    op.create_table(
        "verification_code",
        sa.Column("recipient_index", sa.String(length=32), nullable=False),
        sa.Column("code_hash", sa.String(length=32), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_verification_code_has_an_end")),
        sa.CheckConstraint("tries BETWEEN 0 AND 5", name=op.f("ck_verification_code_tries")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification_code")),
        sa.UniqueConstraint("recipient_index", name=op.f("uq_verification_code_recipient_index")),
    )
    with op.batch_alter_table("account") as table:
        table.add_column(sa.Column("email_sealed", sa.LargeBinary(), nullable=True))
        table.add_column(sa.Column("email_index", sa.String(length=32), nullable=True))
        table.add_column(sa.Column("registration_id", sa.BigInteger(), nullable=True))
        table.create_unique_constraint(op.f("uq_account_email_index"), ["email_index"])
        table.create_unique_constraint(op.f("uq_account_registration_id"), ["registration_id"])
    with op.batch_alter_table("letter") as table:
        table.add_column(sa.Column("error_code", sa.String(length=20), nullable=False, server_default=""))
    with op.batch_alter_table("letter") as table:
        table.alter_column(
            "error_code", existing_type=sa.String(length=20), existing_nullable=False, server_default=None
        )
    _change_states((*_STATES, "unknown", "expired"))


def downgrade() -> None:
    # The older form knows two ends only.
    op.execute("UPDATE letter SET state = 'failed' WHERE state IN ('unknown', 'expired')")
    _change_states(_STATES)
    with op.batch_alter_table("letter") as table:
        table.drop_column("error_code")
    with op.batch_alter_table("account") as table:
        table.drop_constraint(op.f("uq_account_registration_id"), type_="unique")
        table.drop_constraint(op.f("uq_account_email_index"), type_="unique")
        for name in ("registration_id", "email_index", "email_sealed"):
            table.drop_column(name)
    for name in ("verification_code", "registration_setting", "mail_server"):
        op.drop_table(name)


def _words(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=20)


def _change_states(states: tuple[str, ...]) -> None:
    allowed = ", ".join(f"'{state}'" for state in states)
    with op.batch_alter_table("letter") as table:
        table.drop_constraint(op.f("ck_letter_letterstate"), type_="check")
        table.create_check_constraint(op.f("ck_letter_letterstate"), f"state IN ({allowed})")
