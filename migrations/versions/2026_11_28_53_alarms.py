"""Alarms, who wants to hear of them, and what is on its way to programs; when batteries are low and ways out of reach."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_53"
down_revision = "2026_11_28_52"
branch_labels = None
depends_on = None

_OPEN = sa.text("settled_at IS NULL AND acknowledged_at IS NULL")
_CURRENT = sa.text(
    "settled_at IS NULL AND (acknowledged_at IS NULL OR kind IN ('door_left_open', 'low_battery', 'offline'))"
)
_SENDING = sa.text("state = 'sending'")
_LIMITS = {
    "low_battery_percent": (20, "low_battery_percent BETWEEN 5 AND 50"),
    "offline_minutes": (30, "offline_minutes BETWEEN 5 AND 1440"),
    "silent_lock_hours": (24, "silent_lock_hours BETWEEN 1 AND 168"),
}


def upgrade() -> None:
    with op.batch_alter_table("property") as table:
        for name, (usual, _limit) in _LIMITS.items():
            table.add_column(sa.Column(name, sa.Integer(), nullable=False, server_default=str(usual)))
    with op.batch_alter_table("property") as table:
        for name, (_usual, limit) in _LIMITS.items():
            table.create_check_constraint(op.f(f"ck_property_{name}"), limit)
            table.alter_column(name, server_default=None)
    op.create_table(
        "alarm_subscription",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column(
            "channel",
            sa.Enum("email", "webhook", name="channel", native_enum=False, create_constraint=True, length=20),
            nullable=False,
        ),
        sa.Column("target_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "language",
            sa.Enum("en", "zh", name="language", native_enum=False, create_constraint=True, length=20),
            nullable=False,
        ),
        sa.Column("kinds", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("floor_id", sa.BigInteger(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("in_own_network", sa.Boolean(), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_by", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("channel = 'email' OR account_id IS NULL", name=op.f("ck_alarm_subscription_account")),
        sa.CheckConstraint(
            "removed_at IS NOT NULL OR (channel = 'webhook') = (secret_sealed IS NOT NULL)",
            name=op.f("ck_alarm_subscription_secret"),
        ),
        sa.CheckConstraint(
            "removed_at IS NOT NULL OR (target_sealed IS NULL) <> (account_id IS NULL)",
            name=op.f("ck_alarm_subscription_target"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_alarm_subscription_account_id_account")),
        sa.ForeignKeyConstraint(["floor_id"], ["floor.id"], name=op.f("fk_alarm_subscription_floor_id_floor")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_subscription")),
    )
    op.create_index(op.f("ix_alarm_subscription_account_id"), "alarm_subscription", ["account_id"])
    op.create_index(op.f("ix_alarm_subscription_floor_id"), "alarm_subscription", ["floor_id"])
    op.create_table(
        "alarm",
        sa.Column(
            "kind",
            sa.Enum(
                "duress",
                "tamper",
                "passcode_guessing",
                "chain_broken",
                "door_left_open",
                "lock_out",
                "offline",
                "low_battery",
                name="alarmkind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "severity",
            sa.Enum(
                "urgent", "warning", "quiet", name="severity", native_enum=False, create_constraint=True, length=20
            ),
            nullable=False,
        ),
        sa.Column("thing", sa.String(length=40), nullable=False),
        sa.Column("lock_id", sa.BigInteger(), nullable=True),
        sa.Column("door_id", sa.BigInteger(), nullable=True),
        sa.Column("gateway_id", sa.BigInteger(), nullable=True),
        sa.Column("record_id", sa.BigInteger(), nullable=True),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("details", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by_id", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint(
            "acknowledged_by_id IS NULL OR acknowledged_at IS NOT NULL", name=op.f("ck_alarm_acknowledged")
        ),
        sa.CheckConstraint("times >= 1", name=op.f("ck_alarm_times")),
        sa.ForeignKeyConstraint(
            ["acknowledged_by_id"], ["account.id"], name=op.f("fk_alarm_acknowledged_by_id_account")
        ),
        sa.ForeignKeyConstraint(["door_id"], ["door.id"], name=op.f("fk_alarm_door_id_door")),
        sa.ForeignKeyConstraint(["gateway_id"], ["gateway.id"], name=op.f("fk_alarm_gateway_id_gateway")),
        sa.ForeignKeyConstraint(["lock_id"], ["lock.id"], name=op.f("fk_alarm_lock_id_lock")),
        sa.ForeignKeyConstraint(["record_id"], ["access_record.id"], name=op.f("fk_alarm_record_id_access_record")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm")),
    )
    op.create_index(op.f("ix_alarm_acknowledged_by_id"), "alarm", ["acknowledged_by_id"])
    op.create_index(op.f("ix_alarm_door_id"), "alarm", ["door_id"])
    op.create_index(op.f("ix_alarm_gateway_id"), "alarm", ["gateway_id"])
    op.create_index(op.f("ix_alarm_lock_id"), "alarm", ["lock_id"])
    op.create_index("ix_alarm_open", "alarm", ["raised_at", "id"], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index("ix_alarm_raised_at_id", "alarm", ["raised_at", "id"])
    op.create_index(op.f("ix_alarm_record_id"), "alarm", ["record_id"])
    op.create_index(
        "uq_alarm_current", "alarm", ["kind", "thing"], unique=True, sqlite_where=_CURRENT, postgresql_where=_CURRENT
    )
    op.create_table(
        "alarm_delivery",
        sa.Column("subscription_id", sa.BigInteger(), nullable=False),
        sa.Column("alarm_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "event",
            sa.Enum(
                "raised",
                "settled",
                "acknowledged",
                "test",
                name="event",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "sending",
                "sent",
                "failed",
                "dropped",
                name="deliverystate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error_code", sa.String(length=20), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("(alarm_id IS NULL) = (event = 'test')", name=op.f("ck_alarm_delivery_test")),
        sa.CheckConstraint(
            "(state IN ('queued', 'sending')) = (ended_at IS NULL)", name=op.f("ck_alarm_delivery_ended")
        ),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarm.id"], name=op.f("fk_alarm_delivery_alarm_id_alarm")),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["alarm_subscription.id"],
            name=op.f("fk_alarm_delivery_subscription_id_alarm_subscription"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_delivery")),
        sa.UniqueConstraint("request_id", name=op.f("uq_alarm_delivery_request_id")),
        sa.UniqueConstraint(
            "subscription_id", "alarm_id", "event", name=op.f("uq_alarm_delivery_subscription_id_alarm_id_event")
        ),
    )
    op.create_index(op.f("ix_alarm_delivery_alarm_id"), "alarm_delivery", ["alarm_id"])
    op.create_index("ix_alarm_delivery_state_next_try_at", "alarm_delivery", ["state", "next_try_at"])
    op.create_index("ix_alarm_delivery_subscription_id_id", "alarm_delivery", ["subscription_id", "id"])
    op.create_index(
        "uq_alarm_delivery_sending",
        "alarm_delivery",
        ["subscription_id"],
        unique=True,
        sqlite_where=_SENDING,
        postgresql_where=_SENDING,
    )


def downgrade() -> None:
    op.drop_table("alarm_delivery")
    op.drop_table("alarm")
    op.drop_table("alarm_subscription")
    with op.batch_alter_table("property") as table:
        for name in _LIMITS:
            table.drop_constraint(op.f(f"ck_property_{name}"), type_="check")
            table.drop_column(name)
