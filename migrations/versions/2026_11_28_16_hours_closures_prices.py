"""Stays have hours, wishes and a price; rooms are closed for dates; types may be overbooked."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_16"
down_revision = "2026_11_28_15"
branch_labels = None
depends_on = None

_STEPS_BEFORE = (
    "booked",
    "changed",
    "room_assigned",
    "room_unassigned",
    "checked_in",
    "moved",
    "extended",
    "shortened",
    "checked_out",
    "cancelled",
    "no_show",
)
_STEPS_NEW = ("checked_in_ahead", "rearranged", "hours_agreed", "fixed", "released")
_HOUSE_CHECKS = {
    "early_arrival_hour": "early_arrival_hour BETWEEN 0 AND check_in_hour",
    "late_departure_hour": "late_departure_hour BETWEEN check_out_hour AND 24",
    "fees": "early_fee >= 0 AND late_fee >= 0",
    "cleaning_hours": "cleaning_hours BETWEEN 0 AND 12",
}
_STAY_CHECKS = {
    "hours": "arrival_hour BETWEEN 0 AND 23 AND departure_hour BETWEEN 1 AND 24",
    "day_use": "NOT is_day_use OR (arrival_date = departure_date AND arrival_hour < departure_hour AND room_id IS NOT NULL)",
    "room_ahead": "waiting_since IS NULL OR room_id IS NOT NULL",
    "fixed_room": "NOT is_fixed OR room_id IS NOT NULL",
    "night_price": "night_price >= 0",
}
_STAY_COLUMNS = (
    "arrival_hour",
    "departure_hour",
    "is_day_use",
    "night_price",
    "is_fixed",
    "fixed_reason",
    "wishes",
    "note",
    "waiting_since",
    "room_expected_at",
)


def upgrade() -> None:
    _house_and_rooms()
    _stays()
    _closures()
    _days()
    _change_steps((*_STEPS_BEFORE, *_STEPS_NEW))


def downgrade() -> None:
    op.execute(sa.text("UPDATE stay_step SET kind = 'changed' WHERE kind IN ('checked_in_ahead', 'rearranged')"))
    op.execute(sa.text("UPDATE stay_step SET kind = 'changed' WHERE kind IN ('hours_agreed', 'fixed', 'released')"))
    _change_steps(_STEPS_BEFORE)
    op.drop_table("room_day")
    with op.batch_alter_table("type_night", table_kwargs={"sqlite_with_rowid": False}) as table:
        table.drop_constraint(op.f("ck_type_night_not_negative"), type_="check")
        table.drop_constraint(op.f("ck_type_night_not_oversold"), type_="check")
        table.drop_column("closed")
        table.drop_column("overbooking")
        table.create_check_constraint(op.f("ck_type_night_not_negative"), "sold >= 0")
        # Promises beyond the rooms cannot be told in the old shape: they stay, counted as rooms.
    op.execute(sa.text("UPDATE type_night SET capacity = sold WHERE sold > capacity"))
    with op.batch_alter_table("type_night", table_kwargs={"sqlite_with_rowid": False}) as table:
        table.create_check_constraint(op.f("ck_type_night_not_oversold"), "sold <= capacity")
    op.execute(sa.text("DELETE FROM room_night WHERE stay_id IS NULL"))
    with op.batch_alter_table("room_night", table_kwargs={"sqlite_with_rowid": False}) as table:
        table.drop_index(op.f("ix_room_night_closure_id"))
        table.drop_constraint(op.f("ck_room_night_stay_or_closure"), type_="check")
        table.drop_constraint(op.f("fk_room_night_closure_id_room_closure"), type_="foreignkey")
        table.drop_column("closure_id")
        table.alter_column("stay_id", existing_type=sa.BigInteger(), nullable=False)
    op.drop_index(op.f("ix_room_closure_until_date"), table_name="room_closure")
    op.drop_index(op.f("ix_room_closure_room_id"), table_name="room_closure")
    op.drop_table("room_closure")
    with op.batch_alter_table("stay") as table:
        for name in _STAY_CHECKS:
            table.drop_constraint(op.f(f"ck_stay_{name}"), type_="check")
        for name in _STAY_COLUMNS:
            table.drop_column(name)
    with op.batch_alter_table("reservation") as table:
        table.drop_column("group_name")
    with op.batch_alter_table("room") as table:
        table.drop_column("features")
    with op.batch_alter_table("room_type") as table:
        table.drop_constraint(op.f("ck_room_type_overbooking_limit"), type_="check")
        table.drop_constraint(op.f("ck_room_type_night_price"), type_="check")
        table.drop_column("overbooking_limit")
        table.drop_column("night_price")
    with op.batch_alter_table("property") as table:
        for name in _HOUSE_CHECKS:
            table.drop_constraint(op.f(f"ck_property_{name}"), type_="check")
        for name in (
            "currency",
            "early_arrival_hour",
            "late_departure_hour",
            "early_fee",
            "late_fee",
            "cleaning_hours",
        ):
            table.drop_column(name)


def _house_and_rooms() -> None:
    with op.batch_alter_table("property") as table:
        table.add_column(sa.Column("currency", sa.String(length=3), nullable=False, server_default="EUR"))
        table.add_column(sa.Column("early_arrival_hour", sa.Integer(), nullable=False, server_default="8"))
        table.add_column(sa.Column("late_departure_hour", sa.Integer(), nullable=False, server_default="18"))
        table.add_column(sa.Column("early_fee", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("late_fee", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("cleaning_hours", sa.Integer(), nullable=False, server_default="2"))
    op.execute(
        sa.text("UPDATE property SET early_arrival_hour = check_in_hour WHERE check_in_hour < early_arrival_hour")
    )
    op.execute(
        sa.text("UPDATE property SET late_departure_hour = check_out_hour WHERE check_out_hour > late_departure_hour")
    )
    with op.batch_alter_table("property") as table:
        for name, condition in _HOUSE_CHECKS.items():
            table.create_check_constraint(op.f(f"ck_property_{name}"), condition)
        for name in (
            "currency",
            "early_arrival_hour",
            "late_departure_hour",
            "early_fee",
            "late_fee",
            "cleaning_hours",
        ):
            table.alter_column(name, server_default=None)
    with op.batch_alter_table("room_type") as table:
        table.add_column(sa.Column("night_price", sa.BigInteger(), nullable=False, server_default="0"))
        table.add_column(sa.Column("overbooking_limit", sa.Integer(), nullable=False, server_default="0"))
        table.create_check_constraint(op.f("ck_room_type_night_price"), "night_price >= 0")
        table.create_check_constraint(op.f("ck_room_type_overbooking_limit"), "overbooking_limit BETWEEN 0 AND 99")
    with op.batch_alter_table("room_type") as table:
        table.alter_column("night_price", server_default=None)
        table.alter_column("overbooking_limit", server_default=None)
    with op.batch_alter_table("room") as table:
        table.add_column(sa.Column("features", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("room") as table:
        table.alter_column("features", server_default=None)
    with op.batch_alter_table("reservation") as table:
        table.add_column(sa.Column("group_name", sa.String(length=80), nullable=False, server_default=""))
    with op.batch_alter_table("reservation") as table:
        table.alter_column("group_name", server_default=None)


def _stays() -> None:
    with op.batch_alter_table("stay") as table:
        table.add_column(sa.Column("arrival_hour", sa.Integer(), nullable=True))
        table.add_column(sa.Column("departure_hour", sa.Integer(), nullable=True))
        table.add_column(sa.Column("is_day_use", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("night_price", sa.BigInteger(), nullable=False, server_default="0"))
        table.add_column(sa.Column("is_fixed", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("fixed_reason", sa.String(length=200), nullable=False, server_default=""))
        table.add_column(sa.Column("wishes", sa.JSON(), nullable=False, server_default="[]"))
        table.add_column(sa.Column("note", sa.String(length=500), nullable=False, server_default=""))
        table.add_column(sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("room_expected_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("stay") as table:
        for name, condition in _STAY_CHECKS.items():
            table.create_check_constraint(op.f(f"ck_stay_{name}"), condition)
        for name in ("is_day_use", "night_price", "is_fixed", "fixed_reason", "wishes", "note"):
            table.alter_column(name, server_default=None)


def _closures() -> None:
    op.create_table(
        "room_closure",
        sa.Column("room_id", sa.BigInteger(), nullable=False),
        sa.Column("from_date", sa.Date(), nullable=False),
        sa.Column("until_date", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("closed_by", sa.String(length=80), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("until_date > from_date", name=op.f("ck_room_closure_dates")),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_room_closure_room_id_room")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_closure")),
        sa.UniqueConstraint("request_id", name=op.f("uq_room_closure_request_id")),
    )
    op.create_index(op.f("ix_room_closure_room_id"), "room_closure", ["room_id"])
    op.create_index(op.f("ix_room_closure_until_date"), "room_closure", ["until_date"])
    with op.batch_alter_table("room_night", table_kwargs={"sqlite_with_rowid": False}) as table:
        table.alter_column("stay_id", existing_type=sa.BigInteger(), nullable=True)
        table.add_column(sa.Column("closure_id", sa.BigInteger(), nullable=True))
        table.create_foreign_key(op.f("fk_room_night_closure_id_room_closure"), "room_closure", ["closure_id"], ["id"])
        table.create_check_constraint(
            op.f("ck_room_night_stay_or_closure"), "(stay_id IS NULL) <> (closure_id IS NULL)"
        )
        table.create_index(op.f("ix_room_night_closure_id"), ["closure_id"])
    with op.batch_alter_table("type_night", table_kwargs={"sqlite_with_rowid": False}) as table:
        table.drop_constraint(op.f("ck_type_night_not_negative"), type_="check")
        table.drop_constraint(op.f("ck_type_night_not_oversold"), type_="check")
        table.add_column(sa.Column("closed", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("overbooking", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("type_night", table_kwargs={"sqlite_with_rowid": False}) as table:
        table.create_check_constraint(op.f("ck_type_night_not_negative"), "sold >= 0 AND closed >= 0")
        table.create_check_constraint(
            op.f("ck_type_night_not_oversold"), "sold + closed <= capacity + overbooking AND closed <= capacity"
        )
        table.alter_column("closed", server_default=None)
        table.alter_column("overbooking", server_default=None)


def _days() -> None:
    places = [
        sa.Column("through_stay_id", sa.BigInteger(), nullable=True),
        sa.Column("leaving_stay_id", sa.BigInteger(), nullable=True),
        sa.Column("leaving_hour", sa.Integer(), nullable=True),
        sa.Column("day_stay_id", sa.BigInteger(), nullable=True),
        sa.Column("day_from_hour", sa.Integer(), nullable=True),
        sa.Column("day_until_hour", sa.Integer(), nullable=True),
        sa.Column("arriving_stay_id", sa.BigInteger(), nullable=True),
        sa.Column("arriving_hour", sa.Integer(), nullable=True),
    ]
    op.create_table(
        "room_day",
        sa.Column("room_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        *places,
        sa.CheckConstraint("leaving_hour <= arriving_hour", name=op.f("ck_room_day_leaving_before_arriving")),
        sa.CheckConstraint("leaving_hour <= day_from_hour", name=op.f("ck_room_day_leaving_before_day_use")),
        sa.CheckConstraint("day_until_hour <= arriving_hour", name=op.f("ck_room_day_day_use_before_arriving")),
        sa.CheckConstraint(
            "through_stay_id IS NULL OR (leaving_stay_id IS NULL AND day_stay_id IS NULL AND arriving_stay_id IS NULL)",
            name=op.f("ck_room_day_through_alone"),
        ),
        *(
            sa.ForeignKeyConstraint([f"{place}_stay_id"], ["stay.id"], name=op.f(f"fk_room_day_{place}_stay_id_stay"))
            for place in ("through", "leaving", "day", "arriving")
        ),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_room_day_room_id_room")),
        sa.PrimaryKeyConstraint("room_id", "day", name=op.f("pk_room_day")),
        sqlite_with_rowid=False,
    )
    _fill_days()


def _fill_days() -> None:
    """Rows for the stays that are expected or in house, by the house's hours."""
    nights = sa.table("room_night", *map(sa.column, ("room_id", "night", "stay_id")))
    nights.c.night.type = sa.Date()
    stays = sa.table("stay", *map(sa.column, ("id", "room_id", "state")))
    house = sa.table("property", *map(sa.column, ("check_in_hour", "check_out_hour")))
    days = sa.table(
        "room_day", *map(sa.column, ("room_id", "day", "through_stay_id", "leaving_stay_id", "leaving_hour"))
    )
    days.append_column(sa.column("arriving_stay_id"))
    days.append_column(sa.column("arriving_hour"))
    days.c.day.type = sa.Date()
    connection = op.get_bind()
    hours = connection.execute(sa.select(house)).one_or_none()
    if hours is None:
        return
    rows = connection.execute(
        sa.select(nights.c.room_id, nights.c.night, nights.c.stay_id)
        .join(stays, sa.and_(stays.c.id == nights.c.stay_id, stays.c.room_id == nights.c.room_id))
        .where(stays.c.state.in_(["confirmed", "in_house"]))
    ).all()
    slept = {(row.room_id, row.night): row.stay_id for row in rows}
    found: dict = {}
    for (room_id, night), stay_id in slept.items():
        next_day = night.fromordinal(night.toordinal() + 1)
        day_before = night.fromordinal(night.toordinal() - 1)
        if slept.get((room_id, day_before)) == stay_id:
            found.setdefault((room_id, night), {})["through_stay_id"] = stay_id
        else:
            found.setdefault((room_id, night), {}).update(arriving_stay_id=stay_id, arriving_hour=hours.check_in_hour)
        if slept.get((room_id, next_day)) != stay_id:
            leaving = min(hours.check_out_hour, hours.check_in_hour)
            found.setdefault((room_id, next_day), {}).update(leaving_stay_id=stay_id, leaving_hour=leaving)
    names = ("through_stay_id", "leaving_stay_id", "leaving_hour", "arriving_stay_id", "arriving_hour")
    values = [
        {"room_id": room_id, "day": day, **dict.fromkeys(names), **place} for (room_id, day), place in found.items()
    ]
    if values:
        connection.execute(sa.insert(days), values)


def _change_steps(kinds: tuple[str, ...]) -> None:
    allowed = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table("stay_step") as table:
        table.drop_constraint(op.f("ck_stay_step_stepkind"), type_="check")
        table.create_check_constraint(op.f("ck_stay_step_stepkind"), f"kind IN ({allowed})")
