"""What came of a job's turn, in words."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_55"
down_revision = "2026_11_28_54"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("job_turn") as table:
        table.add_column(sa.Column("result", sa.String(length=200), nullable=False, server_default=""))
        table.add_column(sa.Column("result_params", sa.JSON(none_as_null=True), nullable=False, server_default="{}"))
    with op.batch_alter_table("job_turn") as table:
        table.alter_column("result", existing_type=sa.String(length=200), server_default=None)
        table.alter_column("result_params", existing_type=sa.JSON(), server_default=None)


def downgrade() -> None:
    op.drop_column("job_turn", "result_params")
    op.drop_column("job_turn", "result")
