"""All kinds of passcodes, for anybody."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_12"
down_revision = "2026_11_28_11"
branch_labels = None
depends_on = None

_KINDS = ("hours", "nights", "days", "single", "permanent", "cyclic", "clear")
_OLD_KINDS = ("nights", "days", "clear")
_STATES = ("active", "revoking", "revoked", "used")
_OLD_STATES = ("active", "revoking", "revoked")
_HELD = "kind = 'permanent' OR state <> 'revoked'"


def upgrade() -> None:
    _allow(_KINDS, _STATES)
    with op.batch_alter_table("passcode") as table:
        table.add_column(sa.Column("holder_name", sa.String(length=60), nullable=False, server_default=""))
        table.add_column(sa.Column("note", sa.String(length=200), nullable=False, server_default=""))
        table.add_column(sa.Column("life", sa.Integer(), nullable=False, server_default="1"))
        table.add_column(sa.Column("was_added", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("replaces_id", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("party_id", sa.BigInteger(), nullable=True))
        table.alter_column("valid_until", existing_type=sa.DateTime(timezone=True), nullable=True)
        table.create_foreign_key(op.f("fk_passcode_replaces_id_passcode"), "passcode", ["replaces_id"], ["id"])
        table.create_index(op.f("ix_passcode_replaces_id"), ["replaces_id"])
        table.create_index("ix_passcode_state_valid_until", ["state", "valid_until"])
    with op.batch_alter_table("passcode") as table:
        for name, kind in (
            ("holder_name", sa.String(length=60)),
            ("note", sa.String(length=200)),
            ("life", sa.Integer()),
            ("was_added", sa.Boolean()),
        ):
            table.alter_column(name, existing_type=kind, existing_nullable=False, server_default=None)
    op.execute("UPDATE passcode SET life = (SELECT lock.life FROM lock WHERE lock.id = passcode.lock_id)")
    # Two stays of one room may have got the same clear code in one hour: the older row is of a life that no lock has.
    op.execute(
        "UPDATE passcode SET life = 0 WHERE (kind = 'permanent' OR state <> 'revoked') AND EXISTS (SELECT 1 FROM passcode AS "
        "newer WHERE newer.lock_id = passcode.lock_id AND newer.epoch = passcode.epoch AND newer.permission = "
        "passcode.permission AND newer.id > passcode.id AND newer.state <> 'revoked')"
    )
    # What belonged to nobody was a clear code; should there be another, it is called after who made it.
    op.execute("UPDATE passcode SET holder_name = substr(made_by, 1, 60) WHERE stay_id IS NULL AND kind <> 'clear'")
    with op.batch_alter_table("passcode") as table:
        table.create_check_constraint(op.f("ck_passcode_has_an_end"), "(kind = 'permanent') = (valid_until IS NULL)")
        table.create_check_constraint(
            op.f("ck_passcode_is_for_somebody"),
            "stay_id IS NOT NULL OR holder_name <> '' OR kind = 'clear'",
        )
        table.create_index(
            "uq_passcode_digits",
            ["lock_id", "life", "epoch", "permission"],
            unique=True,
            sqlite_where=sa.text(_HELD),
            postgresql_where=sa.text(_HELD),
        )
    with op.batch_alter_table("passcode_start") as table:
        table.alter_column("stay_id", existing_type=sa.BigInteger(), nullable=True)
        table.add_column(sa.Column("passcode_id", sa.BigInteger(), nullable=True))
        table.create_foreign_key(op.f("fk_passcode_start_passcode_id_passcode"), "passcode", ["passcode_id"], ["id"])
        table.create_check_constraint(
            op.f("ck_passcode_start_is_of_one_party"), "(stay_id IS NULL) <> (passcode_id IS NULL)"
        )


def downgrade() -> None:
    """Codes that the earlier version cannot say are forgotten; the doors take them all the same."""
    op.execute(
        "DELETE FROM passcode_start WHERE stay_id IS NULL OR passcode_id IN (SELECT id FROM passcode WHERE kind IN ('hours', "
        "'single', 'permanent', 'cyclic') OR stay_id IS NULL)"
    )
    op.execute(
        "UPDATE access_record SET passcode_id = NULL WHERE passcode_id IN (SELECT id FROM passcode WHERE kind IN ('hours', "
        "'single', 'permanent', 'cyclic') OR stay_id IS NULL)"
    )
    op.execute("UPDATE passcode SET replaces_id = NULL")
    op.execute("DELETE FROM passcode WHERE kind IN ('hours', 'single', 'permanent', 'cyclic') OR stay_id IS NULL")
    with op.batch_alter_table("passcode_start") as table:
        table.drop_constraint(op.f("ck_passcode_start_is_of_one_party"), type_="check")
        table.drop_constraint(op.f("fk_passcode_start_passcode_id_passcode"), type_="foreignkey")
        table.drop_column("passcode_id")
        table.alter_column("stay_id", existing_type=sa.BigInteger(), nullable=False)
    with op.batch_alter_table("passcode") as table:
        table.drop_index("uq_passcode_digits")
        table.drop_index("ix_passcode_state_valid_until")
        table.drop_index(op.f("ix_passcode_replaces_id"))
        table.drop_constraint(op.f("ck_passcode_has_an_end"), type_="check")
        table.drop_constraint(op.f("ck_passcode_is_for_somebody"), type_="check")
        table.drop_constraint(op.f("fk_passcode_replaces_id_passcode"), type_="foreignkey")
        for name in ("party_id", "replaces_id", "was_added", "life", "note", "holder_name"):
            table.drop_column(name)
        table.alter_column("valid_until", existing_type=sa.DateTime(timezone=True), nullable=False)
    _allow(_OLD_KINDS, _OLD_STATES)


def _allow(kinds: tuple[str, ...], states: tuple[str, ...]) -> None:
    with op.batch_alter_table("passcode") as table:
        for name, column, values in (("passcodekind", "kind", kinds), ("passcodestate", "state", states)):
            table.drop_constraint(op.f(f"ck_passcode_{name}"), type_="check")
            listed = ", ".join(f"'{value}'" for value in values)
            table.create_check_constraint(op.f(f"ck_passcode_{name}"), f"{column} IN ({listed})")
