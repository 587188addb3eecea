"""What housekeepers find behind the doors, and who cleans which floor on a day."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_22"
down_revision = "2026_11_28_21"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "room_sighting",
        sa.Column("room_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "found",
            sa.Enum("occupied", "empty", "luggage", name="sight", native_enum=False, create_constraint=True, length=20),
            nullable=False,
        ),
        sa.Column("found_by", sa.String(length=80), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_by", sa.String(length=80), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_as", sa.String(length=20), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_room_sighting_room_id_room")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_sighting")),
    )
    op.create_index("ix_room_sighting_room_id_id", "room_sighting", ["room_id", "id"])
    op.create_table(
        "floor_round",
        sa.Column("floor_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_floor_round_account_id_account")),
        sa.ForeignKeyConstraint(["floor_id"], ["floor.id"], name=op.f("fk_floor_round_floor_id_floor")),
        sa.PrimaryKeyConstraint("floor_id", "day", name=op.f("pk_floor_round")),
    )


def downgrade():
    op.drop_table("floor_round")
    op.drop_index("ix_room_sighting_room_id_id", table_name="room_sighting")
    op.drop_table("room_sighting")
