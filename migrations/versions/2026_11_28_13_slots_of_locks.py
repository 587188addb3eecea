"""What locks store, what they list of it themselves, and how far their lists got."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_13"
down_revision = "2026_11_28_12"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "listed_slot",
        sa.Column("lock_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "passcode",
                "card",
                "fingerprint",
                "remote",
                "face",
                "palm",
                name="slotkind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("credential_id", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "role",
            sa.Enum(
                "guest",
                "staff",
                "administrator",
                "duress",
                name="slotrole",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["lock_id"], ["lock.id"], name=op.f("fk_listed_slot_lock_id_lock")),
        sa.PrimaryKeyConstraint("lock_id", "number", name=op.f("pk_listed_slot")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "slot_sync",
        sa.Column("lock_id", sa.BigInteger(), nullable=False),
        sa.Column("is_running", sa.Boolean(), nullable=False),
        sa.Column("after_number", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_by", sa.String(length=80), nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["lock_id"], ["lock.id"], name=op.f("fk_slot_sync_lock_id_lock")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot_sync")),
        sa.UniqueConstraint("lock_id", name=op.f("uq_slot_sync_lock_id")),
    )
    op.create_table(
        "slot",
        sa.Column("lock_id", sa.BigInteger(), nullable=False),
        sa.Column("door_id", sa.BigInteger(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "passcode",
                "card",
                "fingerprint",
                "remote",
                "face",
                "palm",
                name="slotkind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("credential_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_with_stay", sa.Boolean(), nullable=False),
        sa.Column("weekdays", sa.Integer(), nullable=False),
        sa.Column("window_start", sa.Integer(), nullable=False),
        sa.Column("window_end", sa.Integer(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "guest",
                "staff",
                "administrator",
                "duress",
                name="slotrole",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "wanted",
                "waiting",
                "added",
                "changing",
                "refused",
                "removing",
                "removed",
                "not_sent",
                name="slotstate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("is_sent", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column(
            "origin",
            sa.Enum(
                "made_here",
                "reported",
                "found",
                name="slotorigin",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("guest_id", sa.BigInteger(), nullable=True),
        sa.Column("stay_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("fingerprint_id", sa.BigInteger(), nullable=True),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("missed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint(
            "content_sealed IS NULL OR state IN ('wanted', 'waiting', 'added', 'changing')",
            name=op.f("ck_slot_content_while_stored"),
        ),
        sa.CheckConstraint(
            "number IS NOT NULL OR state IN ('wanted', 'not_sent', 'refused')", name=op.f("ck_slot_number_in_lock")
        ),
        sa.CheckConstraint("credential_id BETWEEN 0 AND 4294967295", name=op.f("ck_slot_credential_id")),
        sa.CheckConstraint("guest_id IS NULL OR account_id IS NULL", name=op.f("ck_slot_of_one_person")),
        sa.CheckConstraint("number BETWEEN 1 AND 65535", name=op.f("ck_slot_number")),
        sa.CheckConstraint(
            "weekdays BETWEEN 1 AND 127 AND window_start BETWEEN 0 AND 1439 AND window_end BETWEEN 1 AND 1440",
            name=op.f("ck_slot_window"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_slot_account_id_account")),
        sa.ForeignKeyConstraint(["door_id"], ["door.id"], name=op.f("fk_slot_door_id_door")),
        sa.ForeignKeyConstraint(
            ["fingerprint_id"], ["fingerprint.id"], name=op.f("fk_slot_fingerprint_id_fingerprint")
        ),
        sa.ForeignKeyConstraint(["guest_id"], ["guest.id"], name=op.f("fk_slot_guest_id_guest")),
        sa.ForeignKeyConstraint(["lock_id"], ["lock.id"], name=op.f("fk_slot_lock_id_lock")),
        sa.ForeignKeyConstraint(["stay_id"], ["stay.id"], name=op.f("fk_slot_stay_id_stay")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot")),
        sa.UniqueConstraint("request_id", name=op.f("uq_slot_request_id")),
    )
    with op.batch_alter_table("slot", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_slot_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_slot_door_id"), ["door_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_slot_fingerprint_id"), ["fingerprint_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_slot_guest_id"), ["guest_id"], unique=False)
        batch_op.create_index("ix_slot_kind_id", ["kind", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_slot_lock_id"), ["lock_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_slot_stay_id"), ["stay_id"], unique=False)
        batch_op.create_index(
            "uq_slot_credential",
            ["lock_id", "credential_id"],
            unique=True,
            sqlite_where=sa.text("state NOT IN ('removed', 'not_sent', 'refused', 'removing')"),
            postgresql_where=sa.text("state NOT IN ('removed', 'not_sent', 'refused', 'removing')"),
        )
        batch_op.create_index(
            "uq_slot_number",
            ["lock_id", "number"],
            unique=True,
            sqlite_where=sa.text("state NOT IN ('removed', 'not_sent', 'refused')"),
            postgresql_where=sa.text("state NOT IN ('removed', 'not_sent', 'refused')"),
        )


def downgrade() -> None:
    with op.batch_alter_table("slot", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_slot_number",
            sqlite_where=sa.text("state NOT IN ('removed', 'not_sent', 'refused')"),
            postgresql_where=sa.text("state NOT IN ('removed', 'not_sent', 'refused')"),
        )
        batch_op.drop_index(
            "uq_slot_credential",
            sqlite_where=sa.text("state NOT IN ('removed', 'not_sent', 'refused', 'removing')"),
            postgresql_where=sa.text("state NOT IN ('removed', 'not_sent', 'refused', 'removing')"),
        )
        batch_op.drop_index(batch_op.f("ix_slot_stay_id"))
        batch_op.drop_index(batch_op.f("ix_slot_lock_id"))
        batch_op.drop_index("ix_slot_kind_id")
        batch_op.drop_index(batch_op.f("ix_slot_guest_id"))
        batch_op.drop_index(batch_op.f("ix_slot_fingerprint_id"))
        batch_op.drop_index(batch_op.f("ix_slot_door_id"))
        batch_op.drop_index(batch_op.f("ix_slot_account_id"))

    op.drop_table("slot")
    op.drop_table("slot_sync")
    op.drop_table("listed_slot")
