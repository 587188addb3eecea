"""A record says which command it came of; a series knows its newest record; findings name what was changed here."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_57"
down_revision = "2026_11_28_56"
branch_labels = None
depends_on = None

_OF_COMMAND = sa.text("command_id IS NOT NULL")
_BEFORE = ("chain", "cut", "differs")


def upgrade() -> None:
    with op.batch_alter_table("access_record") as table:
        table.add_column(sa.Column("command_id", sa.BigInteger(), nullable=True))
        table.create_foreign_key(
            op.f("fk_access_record_command_id_lock_command"), "lock_command", ["command_id"], ["id"]
        )
    op.create_index(
        "ix_access_record_command_id",
        "access_record",
        ["command_id"],
        sqlite_where=_OF_COMMAND,
        postgresql_where=_OF_COMMAND,
    )
    _change_doubts((*_BEFORE, "altered", "missing", "added"))
    # Nothing that is held is newer than this, so that nobody need ask whether a newer record is held.
    newest = (
        "SELECT max(sequence) FROM access_record WHERE access_record.lock_id = record_series.lock_id"
        " AND access_record.life = record_series.life"
    )
    op.execute(sa.text(f"UPDATE record_series SET newest = ({newest}) WHERE newest < ({newest})"))


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM record_finding WHERE kind IN ('altered', 'missing', 'added')"))
    _change_doubts(_BEFORE)
    op.drop_index("ix_access_record_command_id", table_name="access_record")
    with op.batch_alter_table("access_record") as table:
        table.drop_constraint(op.f("fk_access_record_command_id_lock_command"), type_="foreignkey")
        table.drop_column("command_id")


def _change_doubts(doubts: tuple[str, ...]) -> None:
    allowed = ", ".join(f"'{doubt}'" for doubt in doubts)
    with op.batch_alter_table("record_finding") as table:
        table.drop_constraint(op.f("ck_record_finding_doubt"), type_="check")
        table.create_check_constraint(op.f("ck_record_finding_doubt"), f"kind IN ({allowed})")
