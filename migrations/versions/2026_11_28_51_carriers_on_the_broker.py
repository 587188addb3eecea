"""What the broker says of gateways and 4G modules, what they log in with, and which processes talk to it."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_51"
down_revision = "2026_11_28_40"
branch_labels = None
depends_on = None

_CARRIERS = ("gateway", "cellular_module")


def upgrade() -> None:
    for name in _CARRIERS:
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column("is_connected", sa.Boolean(), nullable=False, server_default=sa.false()))
            table.add_column(sa.Column("connected_at", sa.DateTime(timezone=True), nullable=True))
            table.add_column(sa.Column("lost_at", sa.DateTime(timezone=True), nullable=True))
            table.add_column(sa.Column("firmware", sa.String(length=40), nullable=False, server_default=""))
            table.add_column(sa.Column("password_hash", sa.String(length=200), nullable=True))
        with op.batch_alter_table(name) as table:
            table.alter_column("is_connected", existing_type=sa.Boolean(), existing_nullable=False, server_default=None)
            table.alter_column(
                "firmware", existing_type=sa.String(length=40), existing_nullable=False, server_default=None
            )
    # No gateway was ever given such a token.
    with op.batch_alter_table("gateway") as table:
        table.drop_constraint("uq_gateway_token_hash", type_="unique")
        table.drop_column("token_hash")
    op.create_table(
        "link_process",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("is_connected", sa.Boolean(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fault", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_link_process")),
    )


def downgrade() -> None:
    op.drop_table("link_process")
    with op.batch_alter_table("gateway") as table:
        table.add_column(sa.Column("token_hash", sa.String(length=64), nullable=True))
        table.create_unique_constraint("uq_gateway_token_hash", ["token_hash"])
    for name in _CARRIERS:
        with op.batch_alter_table(name) as table:
            for column in ("password_hash", "firmware", "lost_at", "connected_at", "is_connected"):
                table.drop_column(column)
