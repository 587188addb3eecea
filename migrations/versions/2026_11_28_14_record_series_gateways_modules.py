"""How far a lock's records are known, gaps and findings among them; gateways and 4G modules."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_14"
down_revision = "2026_11_28_13"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cellular_module",
        sa.Column("imei", sa.String(length=16), nullable=False),
        sa.Column("imsi", sa.String(length=16), nullable=False),
        sa.Column("lock_id", sa.BigInteger(), nullable=True),
        sa.Column("asked_lock_id", sa.BigInteger(), nullable=True),
        sa.Column("associated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("(lock_id IS NULL) = (associated_at IS NULL)", name=op.f("ck_cellular_module_associated")),
        sa.ForeignKeyConstraint(["asked_lock_id"], ["lock.id"], name=op.f("fk_cellular_module_asked_lock_id_lock")),
        sa.ForeignKeyConstraint(["lock_id"], ["lock.id"], name=op.f("fk_cellular_module_lock_id_lock")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cellular_module")),
        sa.UniqueConstraint("imei", name=op.f("uq_cellular_module_imei")),
        sa.UniqueConstraint("lock_id", name=op.f("uq_cellular_module_lock_id")),
    )
    with op.batch_alter_table("cellular_module", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cellular_module_asked_lock_id"), ["asked_lock_id"], unique=False)

    op.create_table(
        "gateway",
        sa.Column("serial_number", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("bound_by_id", sa.BigInteger(), nullable=True),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("token_hash", sa.String(length=64), nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("(bound_by_id IS NULL) = (bound_at IS NULL)", name=op.f("ck_gateway_bound")),
        sa.ForeignKeyConstraint(["bound_by_id"], ["account.id"], name=op.f("fk_gateway_bound_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway")),
        sa.UniqueConstraint("serial_number", name=op.f("uq_gateway_serial_number")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_gateway_token_hash")),
    )
    with op.batch_alter_table("gateway", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_gateway_bound_by_id"), ["bound_by_id"], unique=False)

    op.create_table(
        "record_series",
        sa.Column("lock_id", sa.BigInteger(), nullable=False),
        sa.Column("life", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("known_until", sa.BigInteger(), nullable=False),
        sa.Column("newest", sa.BigInteger(), nullable=False),
        sa.Column("chain_sequence", sa.BigInteger(), nullable=False),
        sa.Column("chain", sa.LargeBinary(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["lock_id"], ["lock.id"], name=op.f("fk_record_series_lock_id_lock")),
        sa.PrimaryKeyConstraint("lock_id", "life", name=op.f("pk_record_series")),
    )
    op.create_table(
        "gateway_lock",
        sa.Column("lock_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("gateway_id", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["gateway_id"], ["gateway.id"], name=op.f("fk_gateway_lock_gateway_id_gateway")),
        sa.ForeignKeyConstraint(["lock_id"], ["lock.id"], name=op.f("fk_gateway_lock_lock_id_lock")),
        sa.PrimaryKeyConstraint("lock_id", name=op.f("pk_gateway_lock")),
    )
    with op.batch_alter_table("gateway_lock", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_gateway_lock_gateway_id"), ["gateway_id"], unique=False)

    op.create_table(
        "record_finding",
        sa.Column("lock_id", sa.BigInteger(), nullable=False),
        sa.Column("door_id", sa.BigInteger(), nullable=True),
        sa.Column("life", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("chain", "cut", "differs", name="doubt", native_enum=False, create_constraint=True, length=20),
            nullable=False,
        ),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("first >= 1 AND last >= first", name=op.f("ck_record_finding_span")),
        sa.ForeignKeyConstraint(["door_id"], ["door.id"], name=op.f("fk_record_finding_door_id_door")),
        sa.ForeignKeyConstraint(["lock_id"], ["lock.id"], name=op.f("fk_record_finding_lock_id_lock")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_finding")),
        sa.UniqueConstraint(
            "lock_id", "life", "kind", "first", "last", name=op.f("uq_record_finding_lock_id_life_kind_first_last")
        ),
    )
    with op.batch_alter_table("record_finding", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_record_finding_found_at"), ["found_at"], unique=False)

    op.create_table(
        "record_gap",
        sa.Column("lock_id", sa.BigInteger(), nullable=False),
        sa.Column("door_id", sa.BigInteger(), nullable=True),
        sa.Column("life", sa.Integer(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("first >= 1 AND last >= first", name=op.f("ck_record_gap_span")),
        sa.ForeignKeyConstraint(["door_id"], ["door.id"], name=op.f("fk_record_gap_door_id_door")),
        sa.ForeignKeyConstraint(["lock_id"], ["lock.id"], name=op.f("fk_record_gap_lock_id_lock")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_gap")),
        sa.UniqueConstraint("lock_id", "life", "first", name=op.f("uq_record_gap_lock_id_life_first")),
        sa.UniqueConstraint("lock_id", "life", "last", name=op.f("uq_record_gap_lock_id_life_last")),
    )
    with op.batch_alter_table("record_gap", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_record_gap_found_at"), ["found_at"], unique=False)

    with op.batch_alter_table("access_record", schema=None) as batch_op:
        batch_op.add_column(sa.Column("raw", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("is_doubtful", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("hidden_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("lock", schema=None) as batch_op:
        batch_op.add_column(sa.Column("counting_life", sa.Integer(), nullable=False, server_default="1"))
    # Locks of before are taken to count from 1 since they were set up last, as it was believed then.
    op.execute("UPDATE lock SET counting_life = life")
    with op.batch_alter_table("access_record", schema=None) as batch_op:
        batch_op.alter_column("is_doubtful", existing_type=sa.Boolean(), existing_nullable=False, server_default=None)

    with op.batch_alter_table("lock", schema=None) as batch_op:
        batch_op.alter_column("counting_life", existing_type=sa.Integer(), existing_nullable=False, server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("lock", schema=None) as batch_op:
        batch_op.drop_column("counting_life")

    with op.batch_alter_table("access_record", schema=None) as batch_op:
        batch_op.drop_column("hidden_at")
        batch_op.drop_column("is_doubtful")
        batch_op.drop_column("raw")

    with op.batch_alter_table("record_gap", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_record_gap_found_at"))

    op.drop_table("record_gap")
    with op.batch_alter_table("record_finding", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_record_finding_found_at"))

    op.drop_table("record_finding")
    with op.batch_alter_table("gateway_lock", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_gateway_lock_gateway_id"))

    op.drop_table("gateway_lock")
    op.drop_table("record_series")
    with op.batch_alter_table("gateway", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_gateway_bound_by_id"))

    op.drop_table("gateway")
    with op.batch_alter_table("cellular_module", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cellular_module_asked_lock_id"))

    op.drop_table("cellular_module")
