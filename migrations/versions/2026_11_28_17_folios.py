"""The accounts of stays: postings that the database itself refuses to change or remove."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_17"
down_revision = "2026_11_28_16"
branch_labels = None
depends_on = None

_REFUSAL = "postings are never changed"
_CODES = (
    "early_arrival",
    "late_departure",
    "minibar",
    "restaurant",
    "parking",
    "laundry",
    "city_tax",
    "lost_key",
    "damage",
    "other",
    "discount",
    "payment",
)


def upgrade() -> None:
    op.create_table(
        "posting",
        sa.Column("stay_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", _words("postingkind", "charge", "payment", "adjustment", "reversal"), nullable=False),
        sa.Column("code", _words("postingcode", *_CODES), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("method", _words("paymentmethod", "cash", "card", "transfer", "voucher"), nullable=True),
        sa.Column("text", sa.String(length=200), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("posted_by", sa.String(length=80), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.Column("reverses_id", sa.BigInteger(), nullable=True),
        sa.Column("turn", sa.Integer(), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("amount <> 0 AND (kind <> 'charge' OR amount > 0)", name=op.f("ck_posting_amount")),
        sa.CheckConstraint("(kind = 'payment') = (method IS NOT NULL)", name=op.f("ck_posting_method")),
        sa.CheckConstraint("(kind = 'reversal') = (reverses_id IS NOT NULL)", name=op.f("ck_posting_reverses")),
        sa.ForeignKeyConstraint(["reverses_id"], ["posting.id"], name=op.f("fk_posting_reverses_id_posting")),
        sa.ForeignKeyConstraint(["stay_id"], ["stay.id"], name=op.f("fk_posting_stay_id_stay")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posting")),
        sa.UniqueConstraint("request_id", name=op.f("uq_posting_request_id")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_posting_reverses_id")),
        sa.UniqueConstraint("stay_id", "code", "turn", name=op.f("uq_posting_stay_id_code_turn")),
    )
    op.create_index(op.f("ix_posting_stay_id"), "posting", ["stay_id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"""
            CREATE FUNCTION refuse_posting_change() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$
            """
        )
        op.execute(
            """
            CREATE TRIGGER posting_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON posting
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_posting_change()
            """
        )
        return
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"""
            CREATE TRIGGER posting_no_{act.lower()} BEFORE {act} ON posting
            BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END
            """
        )


def downgrade() -> None:
    op.drop_index(op.f("ix_posting_stay_id"), table_name="posting")
    op.drop_table("posting")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_posting_change()")


def _words(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=20)
