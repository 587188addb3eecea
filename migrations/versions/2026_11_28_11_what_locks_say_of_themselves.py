"""What locks say of themselves, their battery by day, and setups among the commands."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_11"
down_revision = "2026_11_28_10"
branch_labels = None
depends_on = None

_TIMES = ("battery_at", "settings_at", "clock_set_at", "bound_at", "forgotten_at", "replaced_at", "changed_at")
_MAYBE = (
    ("voltage_class", sa.Integer()),
    ("earlier_server_keys_sealed", sa.LargeBinary()),
    ("clock_drift", sa.Integer()),
    ("reported_epoch", sa.Integer()),
    ("newest_sequence", sa.BigInteger()),
    ("in_passage_mode", sa.Boolean()),
    ("replaced_by_id", sa.BigInteger()),
)
_SETUPS = ("imported", "pending", "ready", "moved")


def upgrade() -> None:
    op.create_table(
        "lock_battery",
        sa.Column("lock_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name=op.f("ck_lock_battery_percent")),
        sa.ForeignKeyConstraint(["lock_id"], ["lock.id"], name=op.f("fk_lock_battery_lock_id_lock")),
        sa.PrimaryKeyConstraint("lock_id", "day", name=op.f("pk_lock_battery")),
    )
    with op.batch_alter_table("lock") as table:
        for name in _TIMES:
            table.add_column(sa.Column(name, sa.DateTime(timezone=True), nullable=True))
        for name, kind in _MAYBE:
            table.add_column(sa.Column(name, kind, nullable=True))
        table.add_column(sa.Column("settings", sa.JSON(none_as_null=True), nullable=False, server_default="{}"))
        table.add_column(sa.Column("is_clock_lost", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.create_foreign_key(op.f("fk_lock_replaced_by_id_lock"), "lock", ["replaced_by_id"], ["id"])
    with op.batch_alter_table("lock") as table:
        table.alter_column("settings", existing_type=sa.JSON(), existing_nullable=False, server_default=None)
        table.alter_column("is_clock_lost", existing_type=sa.Boolean(), existing_nullable=False, server_default=None)
    _allow_setups((*_SETUPS, "new", "forgotten"))
    with op.batch_alter_table("lock_command") as table:
        table.drop_index("uq_lock_command_sent")
        # A frame that is on its way is made anew; the lock does what it did already once.
        table.drop_column("frame")
        table.add_column(sa.Column("frame_sealed", sa.LargeBinary(), nullable=True))
        table.add_column(sa.Column("details", sa.JSON(none_as_null=True), nullable=True))
    _one_at_a_time("state = 'sent' AND command <> 1280")


def downgrade() -> None:
    op.execute("UPDATE lock_command SET state = 'dropped' WHERE command = 1280 AND state IN ('made', 'sent')")
    op.drop_index("uq_lock_command_sent", "lock_command")
    with op.batch_alter_table("lock_command") as table:
        table.drop_column("details")
        table.drop_column("frame_sealed")
        table.add_column(sa.Column("frame", sa.LargeBinary(), nullable=True))
    _one_at_a_time("state = 'sent'")
    op.execute("UPDATE lock SET setup = 'imported' WHERE setup IN ('new', 'forgotten')")
    _allow_setups(_SETUPS)
    with op.batch_alter_table("lock") as table:
        table.drop_constraint(op.f("fk_lock_replaced_by_id_lock"), type_="foreignkey")
        for name in (*_TIMES, *(name for name, _kind in _MAYBE), "settings", "is_clock_lost"):
            table.drop_column(name)
    op.drop_table("lock_battery")


def _allow_setups(names: tuple[str, ...]) -> None:
    allowed = ", ".join(f"'{name}'" for name in names)
    with op.batch_alter_table("lock") as table:
        table.drop_constraint(op.f("ck_lock_locksetup"), type_="check")
        table.create_check_constraint(op.f("ck_lock_locksetup"), f"setup IN ({allowed})")


def _one_at_a_time(condition: str) -> None:
    where = sa.text(condition)
    op.create_index(
        "uq_lock_command_sent",
        "lock_command",
        ["lock_id"],
        unique=True,
        sqlite_where=where,
        postgresql_where=where,
    )
