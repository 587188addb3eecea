"""Card machines of several makes, at the server's ports and at those of other desks."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_02"
down_revision = "2026_11_23_02"
branch_labels = None
depends_on = None

_KINDS = ("write", "read", "erase", "signal")
_NEW_COLUMNS = (
    ("driver", sa.String(length=20), "machine"),
    ("error_text", sa.String(length=200), ""),
    ("firmware", sa.String(length=40), ""),
    ("capabilities", sa.Integer(), "3"),
)


def upgrade() -> None:
    op.create_table(
        "desk_agent",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("run_id", sa.String(length=36), nullable=True),
        sa.Column("host", sa.String(length=80), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_agent")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_desk_agent_token_hash")),
    )
    _create_unique("desk_agent", "uq_desk_agent_name", "revoked_at IS NULL", ["name"])
    op.create_table(
        "found_port",
        sa.Column("agent_id", sa.BigInteger(), nullable=True),
        sa.Column("url", sa.String(length=200), nullable=False),
        sa.Column("description", sa.String(length=120), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.String(length=40), nullable=True),
        sa.Column("driver", sa.String(length=20), nullable=True),
        sa.Column("model", sa.String(length=40), nullable=False),
        sa.Column("serial_number", sa.String(length=16), nullable=False),
        sa.Column("firmware", sa.String(length=40), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["desk_agent.id"], name=op.f("fk_found_port_agent_id_desk_agent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_found_port")),
    )
    op.create_index(op.f("ix_found_port_agent_id"), "found_port", ["agent_id"])
    _create_unique("found_port", "uq_found_port_agent_url", "agent_id IS NOT NULL", ["agent_id", "url"])
    _create_unique("found_port", "uq_found_port_url", "agent_id IS NULL", ["url"])

    with op.batch_alter_table("encoder") as table:
        table.drop_constraint(op.f("uq_encoder_name"), type_="unique")
        table.drop_constraint(op.f("uq_encoder_url"), type_="unique")
        table.alter_column("url", existing_type=sa.String(length=200), nullable=True)
        table.add_column(sa.Column("agent_id", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("error_code", sa.String(length=40), nullable=True))
        table.add_column(sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
        for name, kind, first in _NEW_COLUMNS:
            table.add_column(sa.Column(name, kind, nullable=False, server_default=first))
        table.create_foreign_key(op.f("fk_encoder_agent_id_desk_agent"), "desk_agent", ["agent_id"], ["id"])
    # A machine that was switched off had to let go of its port; that is now said by having none.
    op.execute("UPDATE encoder SET url = NULL WHERE NOT is_enabled")
    with op.batch_alter_table("encoder") as table:
        for name, kind, _first in _NEW_COLUMNS:
            table.alter_column(name, existing_type=kind, existing_nullable=False, server_default=None)
        table.drop_column("is_enabled")
        table.drop_column("last_error")
        table.create_check_constraint(op.f("ck_encoder_deleted_is_unbound"), "deleted_at IS NULL OR url IS NULL")
        table.create_check_constraint(op.f("ck_encoder_agent_has_port"), "agent_id IS NULL OR url IS NOT NULL")
    op.create_index(op.f("ix_encoder_agent_id"), "encoder", ["agent_id"])
    _create_unique("encoder", "uq_encoder_name", "deleted_at IS NULL", ["name"])
    _create_unique("encoder", "uq_encoder_url", "agent_id IS NULL", ["url"])
    _create_unique("encoder", "uq_encoder_agent_url", "agent_id IS NOT NULL", ["agent_id", "url"])

    with op.batch_alter_table("staff_session") as table:
        table.drop_column("encoder_id")
    _change_kinds((*_KINDS, "staff", "finger"))
    op.add_column("encoder_job", sa.Column("run_id", sa.String(length=36), nullable=True))


def downgrade() -> None:
    op.add_column("staff_session", sa.Column("encoder_id", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("encoder_job") as table:
        table.drop_column("run_id")
    op.execute("DELETE FROM encoder_job WHERE kind IN ('staff', 'finger')")
    _change_kinds(_KINDS)
    for name in ("uq_encoder_agent_url", "uq_encoder_url", "uq_encoder_name", op.f("ix_encoder_agent_id")):
        op.drop_index(name, "encoder")
    with op.batch_alter_table("encoder") as table:
        table.drop_constraint(op.f("ck_encoder_deleted_is_unbound"), type_="check")
        table.drop_constraint(op.f("ck_encoder_agent_has_port"), type_="check")
        table.drop_constraint(op.f("fk_encoder_agent_id_desk_agent"), type_="foreignkey")
        table.add_column(sa.Column("last_error", sa.String(length=200), nullable=False, server_default=""))
        table.add_column(sa.Column("is_enabled", sa.Boolean(), nullable=False, server_default=sa.true()))
    # Machines without a port of the server have no place in the older form.
    op.execute(
        "UPDATE encoder SET is_enabled = (1 = 0), url = 'unbound:' || id, name = substr(name, 1, 20) || ' ' || id"
        " WHERE url IS NULL OR agent_id IS NOT NULL"
    )
    with op.batch_alter_table("encoder") as table:
        table.alter_column("last_error", existing_type=sa.String(length=200), server_default=None)
        table.alter_column("is_enabled", existing_type=sa.Boolean(), server_default=None)
        table.alter_column("url", existing_type=sa.String(length=200), nullable=False)
        for name in ("agent_id", "error_code", "deleted_at", *(name for name, _kind, _first in _NEW_COLUMNS)):
            table.drop_column(name)
        table.create_unique_constraint(op.f("uq_encoder_name"), ["name"])
        table.create_unique_constraint(op.f("uq_encoder_url"), ["url"])
    op.drop_table("found_port")
    op.drop_table("desk_agent")


def _create_unique(table: str, name: str, condition: str, columns: list[str]) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=True, sqlite_where=where, postgresql_where=where)


def _change_kinds(kinds: tuple[str, ...]) -> None:
    allowed = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table("encoder_job") as table:
        table.drop_constraint(op.f("ck_encoder_job_jobkind"), type_="check")
        table.create_check_constraint(op.f("ck_encoder_job_jobkind"), f"kind IN ({allowed})")
