"""A machine remembers the request that added it."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_15"
down_revision = "2026_11_28_13"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("encoder") as table:
        table.add_column(sa.Column("request_id", sa.String(length=36), nullable=True))
        table.create_unique_constraint(op.f("uq_encoder_request_id"), ["request_id"])


def downgrade() -> None:
    with op.batch_alter_table("encoder") as table:
        table.drop_constraint(op.f("uq_encoder_request_id"), type_="unique")
        table.drop_column("request_id")
