"""A machine remembers the request that added it, and can be asked for a card's number."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_15"
down_revision = "2026_11_28_13"
branch_labels = None
depends_on = None

_BEFORE = ("write", "read", "erase", "signal", "staff", "finger")


def upgrade() -> None:
    with op.batch_alter_table("encoder") as table:
        table.add_column(sa.Column("request_id", sa.String(length=36), nullable=True))
        table.create_unique_constraint(op.f("uq_encoder_request_id"), ["request_id"])
    _change_kinds((*_BEFORE, "online"))


def downgrade() -> None:
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
