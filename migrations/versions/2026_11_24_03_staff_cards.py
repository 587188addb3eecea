"""Staff cards: scopes of doors, cards with shifts, and which locks refuse a lost one."""

import time

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_03"
down_revision = "2026_11_24_02"
branch_labels = None
depends_on = None

_WINDOW = "start_minute BETWEEN 0 AND 1439 AND end_minute BETWEEN 1 AND 1440"


def upgrade() -> None:
    op.create_table(
        "scope",
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("kind", _one_of("scopekind", "all", "floor", "section"), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("floor_id", sa.BigInteger(), nullable=True),
        sa.Column("issue", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("(kind = 'floor') = (floor_id IS NOT NULL)", name=op.f("ck_scope_floor")),
        sa.CheckConstraint("(kind = 'section') = (name <> '')", name=op.f("ck_scope_name")),
        sa.ForeignKeyConstraint(["floor_id"], ["floor.id"], name=op.f("fk_scope_floor_id_floor")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scope")),
        sa.UniqueConstraint("floor_id", name=op.f("uq_scope_floor_id")),
        sa.UniqueConstraint("number", name=op.f("uq_scope_number")),
    )
    _create_unique("scope", "uq_scope_all", "kind = 'all'", "kind")
    _create_unique("scope", "uq_scope_section_name", "kind = 'section'", "name")
    op.create_table(
        "scope_door",
        sa.Column("scope_id", sa.BigInteger(), nullable=False),
        sa.Column("door_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["door_id"], ["door.id"], name=op.f("fk_scope_door_door_id_door")),
        sa.ForeignKeyConstraint(["scope_id"], ["scope.id"], name=op.f("fk_scope_door_scope_id_scope")),
        sa.PrimaryKeyConstraint("scope_id", "door_id", name=op.f("pk_scope_door")),
    )
    op.create_index(op.f("ix_scope_door_door_id"), "scope_door", ["door_id"])
    with op.batch_alter_table("lock") as table:
        table.add_column(sa.Column("told_scopes", sa.JSON(none_as_null=True), nullable=True))
        table.add_column(sa.Column("scope_issues", sa.JSON(none_as_null=True), nullable=False, server_default="{}"))
    with op.batch_alter_table("lock") as table:
        table.alter_column("scope_issues", existing_type=sa.JSON(), existing_nullable=False, server_default=None)
    _create_cards()
    with op.batch_alter_table("access_record") as table:
        table.add_column(sa.Column("staff_card_id", sa.BigInteger(), nullable=True))
        table.create_foreign_key(
            op.f("fk_access_record_staff_card_id_staff_card"), "staff_card", ["staff_card_id"], ["id"]
        )
        table.create_index(op.f("ix_access_record_staff_card_id"), ["staff_card_id"])
    _add_scopes_of_the_house()


def downgrade() -> None:
    with op.batch_alter_table("access_record") as table:
        table.drop_index(op.f("ix_access_record_staff_card_id"))
        table.drop_constraint(op.f("fk_access_record_staff_card_id_staff_card"), type_="foreignkey")
        table.drop_column("staff_card_id")
    for name in ("staff_denial", "staff_card_grant", "staff_card", "shift", "scope_door", "scope"):
        op.drop_table(name)
    with op.batch_alter_table("lock") as table:
        table.drop_column("scope_issues")
        table.drop_column("told_scopes")


def _create_cards() -> None:
    op.create_table(
        "shift",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("weekdays", sa.Integer(), nullable=False),
        sa.Column("start_minute", sa.Integer(), nullable=False),
        sa.Column("end_minute", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("weekdays BETWEEN 1 AND 127", name=op.f("ck_shift_weekdays")),
        sa.CheckConstraint(_WINDOW, name=op.f("ck_shift_minutes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift")),
        sa.UniqueConstraint("name", name=op.f("uq_shift_name")),
    )
    op.create_table(
        "staff_card",
        sa.Column("kind", _one_of("staffcardkind", "staff", "emergency", "one_shot", "deny"), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("holder_name", sa.String(length=80), nullable=False),
        sa.Column("job_id", sa.String(length=36), nullable=True),
        sa.Column("credential_id", sa.BigInteger(), nullable=False),
        sa.Column("uid", sa.String(length=20), nullable=True),
        sa.Column("medium", sa.String(length=20), nullable=True),
        sa.Column("state", _one_of("cardstate", "reserved", "active", "unknown", "void", "ended"), nullable=False),
        sa.Column("proof", _one_of("proof", "believed", "confirmed", "unknown"), nullable=False),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("proved_by", sa.String(length=20), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shift_name", sa.String(length=40), nullable=False),
        sa.Column("weekdays", sa.Integer(), nullable=False),
        sa.Column("start_minute", sa.Integer(), nullable=False),
        sa.Column("end_minute", sa.Integer(), nullable=False),
        sa.Column("overrides_privacy", sa.Boolean(), nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaces_id", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", _one_of("staffend", "lost", "renewed", "erased", "overwritten", "used"), nullable=True),
        sa.Column("refused_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name=op.f("ck_staff_card_ended")),
        sa.CheckConstraint("valid_from < valid_until", name=op.f("ck_staff_card_validity")),
        sa.CheckConstraint("(kind = 'deny') = (holder_name = '')", name=op.f("ck_staff_card_holder")),
        sa.CheckConstraint("weekdays BETWEEN 1 AND 127", name=op.f("ck_staff_card_weekdays")),
        sa.CheckConstraint(_WINDOW, name=op.f("ck_staff_card_minutes")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_staff_card_account_id_account")),
        sa.ForeignKeyConstraint(["job_id"], ["encoder_job.id"], name=op.f("fk_staff_card_job_id_encoder_job")),
        sa.ForeignKeyConstraint(["replaces_id"], ["staff_card.id"], name=op.f("fk_staff_card_replaces_id_staff_card")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_card")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_staff_card_credential_id")),
        sa.UniqueConstraint("job_id", name=op.f("uq_staff_card_job_id")),
    )
    op.create_index(op.f("ix_staff_card_account_id"), "staff_card", ["account_id"])
    op.create_index(op.f("ix_staff_card_uid"), "staff_card", ["uid"])
    op.create_table(
        "staff_card_grant",
        sa.Column("staff_card_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("scope_id", sa.BigInteger(), nullable=True),
        sa.Column("door_id", sa.BigInteger(), nullable=True),
        sa.Column("issue", sa.BigInteger(), nullable=False),
        sa.Column("denies_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("(scope_id IS NULL) <> (door_id IS NULL)", name=op.f("ck_staff_card_grant_scope_or_door")),
        sa.CheckConstraint(
            "denies_id IS NULL OR scope_id IS NOT NULL", name=op.f("ck_staff_card_grant_denial_has_scope")
        ),
        sa.ForeignKeyConstraint(
            ["denies_id"], ["staff_card.id"], name=op.f("fk_staff_card_grant_denies_id_staff_card")
        ),
        sa.ForeignKeyConstraint(["door_id"], ["door.id"], name=op.f("fk_staff_card_grant_door_id_door")),
        sa.ForeignKeyConstraint(["scope_id"], ["scope.id"], name=op.f("fk_staff_card_grant_scope_id_scope")),
        sa.ForeignKeyConstraint(
            ["staff_card_id"], ["staff_card.id"], name=op.f("fk_staff_card_grant_staff_card_id_staff_card")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_card_grant")),
        sa.UniqueConstraint("staff_card_id", "place", name=op.f("uq_staff_card_grant_staff_card_id_place")),
    )
    for column in ("staff_card_id", "scope_id", "door_id", "denies_id"):
        op.create_index(op.f(f"ix_staff_card_grant_{column}"), "staff_card_grant", [column])
    op.create_table(
        "staff_denial",
        sa.Column("staff_card_id", sa.BigInteger(), nullable=False),
        sa.Column("lock_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("carried_by_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["carried_by_id"], ["staff_card.id"], name=op.f("fk_staff_denial_carried_by_id_staff_card")
        ),
        sa.ForeignKeyConstraint(["lock_id"], ["lock.id"], name=op.f("fk_staff_denial_lock_id_lock")),
        sa.ForeignKeyConstraint(
            ["staff_card_id"], ["staff_card.id"], name=op.f("fk_staff_denial_staff_card_id_staff_card")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_denial")),
        sa.UniqueConstraint("staff_card_id", "lock_id", name=op.f("uq_staff_denial_staff_card_id_lock_id")),
    )
    op.create_index(op.f("ix_staff_denial_lock_id"), "staff_denial", ["lock_id"])


def _add_scopes_of_the_house() -> None:
    """A house that exists already has its scope of every door, and one for each floor."""
    connection = op.get_bind()
    number = connection.scalar(sa.text("SELECT last_door_number FROM property WHERE id = 1"))
    if number is None:
        return
    seconds = time.time_ns() // 10**9
    first_id = (seconds * 1000 - 1_704_067_200_000) << 20
    floors = connection.scalars(sa.text("SELECT id FROM floor ORDER BY id")).all()
    for count, floor_id in enumerate((None, *floors), 1):
        connection.execute(
            sa.text(
                "INSERT INTO scope (id, number, kind, name, floor_id, issue, created_at)"
                " VALUES (:id, :number, :kind, '', :floor_id, :issue, CURRENT_TIMESTAMP)"
            ),
            {
                "id": first_id + count,
                "number": number + count,
                "kind": "all" if floor_id is None else "floor",
                "floor_id": floor_id,
                "issue": seconds,
            },
        )
    connection.execute(
        sa.text("UPDATE property SET last_door_number = :number WHERE id = 1"), {"number": number + 1 + len(floors)}
    )


def _one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=20)


def _create_unique(table: str, name: str, condition: str, column: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, [column], unique=True, sqlite_where=where, postgresql_where=where)
