"""first tables"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_01"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "account",
        sa.Column("username", sa.String(length=60), nullable=False),
        sa.Column("display_name", sa.String(length=80), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "front_desk",
                "housekeeping",
                "maintenance",
                "manager",
                "administrator",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "language",
            sa.Enum("en", "zh", name="language", native_enum=False, create_constraint=True, length=20),
            nullable=False,
        ),
        sa.Column(
            "theme",
            sa.Enum("auto", "light", "dark", name="theme", native_enum=False, create_constraint=True, length=20),
            nullable=False,
        ),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("auth_epoch", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("username", name=op.f("uq_account_username")),
    )
    op.create_table(
        "area",
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("for_every_guest", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area")),
        sa.UniqueConstraint("name", name=op.f("uq_area_name")),
        sa.UniqueConstraint("number", name=op.f("uq_area_number")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.String(length=20), nullable=False),
        sa.Column("actor_name", sa.String(length=80), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject_kind", sa.String(length=30), nullable=False),
        sa.Column("subject_id", sa.String(length=40), nullable=False),
        sa.Column("subject_label", sa.String(length=160), nullable=False),
        sa.Column("room_id", sa.BigInteger(), nullable=True),
        sa.Column("guest_id", sa.BigInteger(), nullable=True),
        sa.Column("stay_id", sa.BigInteger(), nullable=True),
        sa.Column("lock_id", sa.BigInteger(), nullable=True),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("after", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_entry_account_id_id"), ["account_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_entry_action_id"), ["action", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_entry_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_entry_guest_id"), ["guest_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_entry_lock_id"), ["lock_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_entry_room_id_id"), ["room_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_entry_stay_id"), ["stay_id"], unique=False)

    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_audit_head_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "building",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_building")),
        sa.UniqueConstraint("name", name=op.f("uq_building_name")),
    )
    op.create_table(
        "encoder",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("url", sa.String(length=200), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("offline", "ready", name="encoderstate", native_enum=False, create_constraint=True, length=20),
            nullable=False,
        ),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("serial_number", sa.String(length=16), nullable=False),
        sa.Column("model", sa.String(length=40), nullable=False),
        sa.Column("last_error", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_encoder")),
        sa.UniqueConstraint("name", name=op.f("uq_encoder_name")),
        sa.UniqueConstraint("url", name=op.f("uq_encoder_url")),
    )
    op.create_table(
        "guest",
        sa.Column("family_name", sa.String(length=80), nullable=False),
        sa.Column("given_name", sa.String(length=80), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("email", sa.String(length=120), nullable=False),
        sa.Column("nationality", sa.String(length=2), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("document_kind", sa.String(length=20), nullable=False),
        sa.Column("document_number_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("document_index", sa.String(length=32), nullable=True),
        sa.Column("document_tail_index", sa.String(length=32), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guest")),
    )
    with op.batch_alter_table("guest", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_guest_document_index"), ["document_index"], unique=False)
        batch_op.create_index(batch_op.f("ix_guest_document_tail_index"), ["document_tail_index"], unique=False)

    op.create_table(
        "lock",
        sa.Column("origin_id", sa.String(length=32), nullable=True),
        sa.Column("serial_number", sa.String(length=12), nullable=False),
        sa.Column("mac", sa.String(length=17), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("model", sa.String(length=40), nullable=False),
        sa.Column("protocol_version", sa.Integer(), nullable=False),
        sa.Column("battery_percent", sa.Integer(), nullable=True),
        sa.Column("features", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("origin", sa.JSON(none_as_null=True), nullable=False),
        sa.Column(
            "setup",
            sa.Enum(
                "imported",
                "pending",
                "ready",
                "moved",
                name="locksetup",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("lock_keys_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("server_keys_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("pending_server_keys_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("setup_frame_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("admin_code_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("new_admin_code_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("double_verify_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("door_number", sa.BigInteger(), nullable=True),
        sa.Column("utc_offset_quarters", sa.Integer(), nullable=False),
        sa.Column("check_out_hour", sa.Integer(), nullable=False),
        sa.Column("server_counter", sa.BigInteger(), nullable=False),
        sa.Column("report_counter", sa.BigInteger(), nullable=False),
        sa.Column("last_report", sa.LargeBinary(), nullable=True),
        sa.Column("last_report_answer", sa.LargeBinary(), nullable=True),
        sa.Column("life", sa.Integer(), nullable=False),
        sa.Column("firmware", sa.String(length=40), nullable=False),
        sa.Column("known_epoch", sa.Integer(), nullable=False),
        sa.Column("code_epoch", sa.Integer(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("protocol_version IN (7, 8)", name=op.f("ck_lock_protocol_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lock")),
        sa.UniqueConstraint("origin_id", name=op.f("uq_lock_origin_id")),
        sa.UniqueConstraint("serial_number", name=op.f("uq_lock_serial_number")),
    )
    op.create_table(
        "login_throttle",
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_login_throttle")),
    )
    op.create_table(
        "property",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("time_zone", sa.String(length=60), nullable=False),
        sa.Column("check_in_hour", sa.Integer(), nullable=False),
        sa.Column("check_out_hour", sa.Integer(), nullable=False),
        sa.Column("last_door_number", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("check_in_hour BETWEEN 0 AND 23", name=op.f("ck_property_check_in_hour")),
        sa.CheckConstraint("check_out_hour BETWEEN 0 AND 23", name=op.f("ck_property_check_out_hour")),
        sa.CheckConstraint("id = 1", name=op.f("ck_property_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_property")),
    )
    op.create_table(
        "room_type",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("beds", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_type")),
        sa.UniqueConstraint("code", name=op.f("uq_room_type_code")),
    )
    op.create_table(
        "site_key",
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("k_prop_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("sk_staff_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("pk_staff", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("key_version BETWEEN 1 AND 255", name=op.f("ck_site_key_key_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_key")),
        sa.UniqueConstraint("key_version", name=op.f("uq_site_key_key_version")),
    )
    op.create_table(
        "encoder_job",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("encoder_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "write", "read", "erase", "signal", name="jobkind", native_enum=False, create_constraint=True, length=20
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "waiting",
                "writing",
                "checking",
                "done",
                "failed",
                "cancelled",
                "unknown",
                name="jobstate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("subject_id", sa.BigInteger(), nullable=True),
        sa.Column("stay_id", sa.BigInteger(), nullable=True),
        sa.Column("batch_id", sa.String(length=36), nullable=False),
        sa.Column("batch_position", sa.Integer(), nullable=False),
        sa.Column("batch_size", sa.Integer(), nullable=False),
        sa.Column("overwrite_uid", sa.String(length=20), nullable=True),
        sa.Column("requested_by", sa.BigInteger(), nullable=True),
        sa.Column("actor_name", sa.String(length=80), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("card_uid", sa.String(length=20), nullable=True),
        sa.Column("card_medium", sa.String(length=20), nullable=True),
        sa.Column("error_code", sa.String(length=40), nullable=True),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["encoder_id"], ["encoder.id"], name=op.f("fk_encoder_job_encoder_id_encoder")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_encoder_job")),
    )
    with op.batch_alter_table("encoder_job", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_encoder_job_batch_id"), ["batch_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_encoder_job_encoder_id"), ["encoder_id"], unique=False)
        batch_op.create_index("ix_encoder_job_state_created_at", ["state", "created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_encoder_job_stay_id"), ["stay_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_encoder_job_subject_id"), ["subject_id"], unique=False)
        batch_op.create_index(
            "uq_encoder_job_active",
            ["encoder_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('waiting', 'writing', 'checking')"),
            postgresql_where=sa.text("state IN ('waiting', 'writing', 'checking')"),
        )

    op.create_table(
        "floor",
        sa.Column("building_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["building_id"], ["building.id"], name=op.f("fk_floor_building_id_building")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_floor")),
        sa.UniqueConstraint("building_id", "name", name=op.f("uq_floor_building_id_name")),
    )
    op.create_table(
        "guest_word",
        sa.Column(
            "word",
            sa.String(length=120).with_variant(sa.String(length=120, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("guest_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["guest_id"], ["guest.id"], name=op.f("fk_guest_word_guest_id_guest"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("word", "guest_id", name=op.f("pk_guest_word")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("guest_word", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_guest_word_guest_id"), ["guest_id"], unique=False)

    op.create_table(
        "reservation",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("booker_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["booker_id"], ["guest.id"], name=op.f("fk_reservation_booker_id_guest")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservation")),
        sa.UniqueConstraint("code", name=op.f("uq_reservation_code")),
        sa.UniqueConstraint("request_id", name=op.f("uq_reservation_request_id")),
    )
    with op.batch_alter_table("reservation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reservation_booker_id"), ["booker_id"], unique=False)

    op.create_table(
        "staff_session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("auth_epoch", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("encoder_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_staff_session_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_session_token_hash")),
    )
    with op.batch_alter_table("staff_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_staff_session_account_id"), ["account_id"], unique=False)

    op.create_table(
        "type_night",
        sa.Column("room_type_id", sa.BigInteger(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("sold", sa.Integer(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.CheckConstraint("sold <= capacity", name=op.f("ck_type_night_not_oversold")),
        sa.CheckConstraint("sold >= 0", name=op.f("ck_type_night_not_negative")),
        sa.ForeignKeyConstraint(["room_type_id"], ["room_type.id"], name=op.f("fk_type_night_room_type_id_room_type")),
        sa.PrimaryKeyConstraint("room_type_id", "night", name=op.f("pk_type_night")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("type_night", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_type_night_night"), ["night"], unique=False)

    op.create_table(
        "room",
        sa.Column("number", sa.String(length=12), nullable=False),
        sa.Column("floor_id", sa.BigInteger(), nullable=False),
        sa.Column("room_type_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "housekeeping",
            sa.Enum(
                "dirty",
                "clean",
                "inspected",
                name="housekeepingstatus",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("housekeeping_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("out_of_order", sa.Boolean(), nullable=False),
        sa.Column("out_of_order_reason", sa.String(length=200), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["floor_id"], ["floor.id"], name=op.f("fk_room_floor_id_floor")),
        sa.ForeignKeyConstraint(["room_type_id"], ["room_type.id"], name=op.f("fk_room_room_type_id_room_type")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room")),
        sa.UniqueConstraint("number", name=op.f("uq_room_number")),
    )
    with op.batch_alter_table("room", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_room_floor_id"), ["floor_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_room_room_type_id"), ["room_type_id"], unique=False)

    op.create_table(
        "door",
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("room_id", sa.BigInteger(), nullable=True),
        sa.Column("area_id", sa.BigInteger(), nullable=True),
        sa.Column("lock_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("(room_id IS NULL) <> (area_id IS NULL)", name=op.f("ck_door_room_or_area")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_door_area_id_area")),
        sa.ForeignKeyConstraint(["lock_id"], ["lock.id"], name=op.f("fk_door_lock_id_lock")),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_door_room_id_room")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_door")),
        sa.UniqueConstraint("lock_id", name=op.f("uq_door_lock_id")),
        sa.UniqueConstraint("number", name=op.f("uq_door_number")),
        sa.UniqueConstraint("room_id", name=op.f("uq_door_room_id")),
    )
    with op.batch_alter_table("door", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_door_area_id"), ["area_id"], unique=False)

    op.create_table(
        "stay",
        sa.Column("reservation_id", sa.BigInteger(), nullable=False),
        sa.Column("guest_id", sa.BigInteger(), nullable=False),
        sa.Column("room_type_id", sa.BigInteger(), nullable=False),
        sa.Column("room_id", sa.BigInteger(), nullable=True),
        sa.Column("arrival_date", sa.Date(), nullable=False),
        sa.Column("departure_date", sa.Date(), nullable=False),
        sa.Column("adults", sa.Integer(), nullable=False),
        sa.Column("children", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "confirmed",
                "in_house",
                "checked_out",
                "cancelled",
                "no_show",
                name="staystate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("checked_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("state <> 'in_house' OR room_id IS NOT NULL", name=op.f("ck_stay_room_in_house")),
        sa.CheckConstraint("adults >= 1 AND children >= 0", name=op.f("ck_stay_party")),
        sa.CheckConstraint("departure_date >= arrival_date", name=op.f("ck_stay_dates")),
        sa.ForeignKeyConstraint(["guest_id"], ["guest.id"], name=op.f("fk_stay_guest_id_guest")),
        sa.ForeignKeyConstraint(
            ["reservation_id"], ["reservation.id"], name=op.f("fk_stay_reservation_id_reservation")
        ),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_stay_room_id_room")),
        sa.ForeignKeyConstraint(["room_type_id"], ["room_type.id"], name=op.f("fk_stay_room_type_id_room_type")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stay")),
    )
    with op.batch_alter_table("stay", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stay_arrival_date"), ["arrival_date"], unique=False)
        batch_op.create_index(batch_op.f("ix_stay_departure_date"), ["departure_date"], unique=False)
        batch_op.create_index(batch_op.f("ix_stay_guest_id"), ["guest_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_stay_reservation_id"), ["reservation_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_stay_room_id"), ["room_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_stay_room_type_id"), ["room_type_id"], unique=False)
        batch_op.create_index("ix_stay_state_arrival_date", ["state", "arrival_date"], unique=False)
        batch_op.create_index(
            "uq_stay_in_house_room",
            ["room_id"],
            unique=True,
            sqlite_where=sa.text("state = 'in_house'"),
            postgresql_where=sa.text("state = 'in_house'"),
        )

    op.create_table(
        "key_card",
        sa.Column("stay_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.String(length=36), nullable=True),
        sa.Column(
            "reason",
            sa.Enum(
                "new",
                "duplicate",
                "replacement",
                "remade",
                name="cardreason",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("credential_id", sa.BigInteger(), nullable=False),
        sa.Column("uid", sa.String(length=20), nullable=True),
        sa.Column("medium", sa.String(length=20), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "reserved",
                "active",
                "unknown",
                "void",
                "ended",
                name="cardstate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "proof",
            sa.Enum(
                "believed", "confirmed", "unknown", name="proof", native_enum=False, create_constraint=True, length=20
            ),
            nullable=False,
        ),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("proved_by", sa.String(length=20), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "end_reason",
            sa.Enum(
                "checked_out",
                "lost",
                "remade",
                "moved",
                "cancelled",
                "erased",
                "overwritten",
                name="endreason",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=True,
        ),
        sa.Column("ended_step_id", sa.BigInteger(), nullable=True),
        sa.Column("refused_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name=op.f("ck_key_card_ended")),
        sa.CheckConstraint("valid_from < valid_until", name=op.f("ck_key_card_validity")),
        sa.ForeignKeyConstraint(["job_id"], ["encoder_job.id"], name=op.f("fk_key_card_job_id_encoder_job")),
        sa.ForeignKeyConstraint(["stay_id"], ["stay.id"], name=op.f("fk_key_card_stay_id_stay")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_card")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_key_card_credential_id")),
        sa.UniqueConstraint("job_id", name=op.f("uq_key_card_job_id")),
    )
    with op.batch_alter_table("key_card", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_key_card_ended_step_id"), ["ended_step_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_key_card_stay_id"), ["stay_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_key_card_uid"), ["uid"], unique=False)

    op.create_table(
        "key_series",
        sa.Column("stay_id", sa.BigInteger(), nullable=False),
        sa.Column("door_id", sa.BigInteger(), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issue", sa.BigInteger(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["door_id"], ["door.id"], name=op.f("fk_key_series_door_id_door")),
        sa.ForeignKeyConstraint(["stay_id"], ["stay.id"], name=op.f("fk_key_series_stay_id_stay")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_series")),
        sa.UniqueConstraint("door_id", "issue", name=op.f("uq_key_series_door_id_issue")),
        sa.UniqueConstraint("stay_id", "door_id", name=op.f("uq_key_series_stay_id_door_id")),
    )
    with op.batch_alter_table("key_series", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_key_series_door_id"), ["door_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_key_series_stay_id"), ["stay_id"], unique=False)

    op.create_table(
        "passcode",
        sa.Column("stay_id", sa.BigInteger(), nullable=True),
        sa.Column("door_id", sa.BigInteger(), nullable=False),
        sa.Column("lock_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "nights", "days", "clear", name="passcodekind", native_enum=False, create_constraint=True, length=20
            ),
            nullable=False,
        ),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("permission", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "active",
                "revoking",
                "revoked",
                name="passcodestate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "proof",
            sa.Enum(
                "believed", "confirmed", name="passcodeproof", native_enum=False, create_constraint=True, length=20
            ),
            nullable=False,
        ),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_step_id", sa.BigInteger(), nullable=True),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["door_id"], ["door.id"], name=op.f("fk_passcode_door_id_door")),
        sa.ForeignKeyConstraint(["lock_id"], ["lock.id"], name=op.f("fk_passcode_lock_id_lock")),
        sa.ForeignKeyConstraint(["stay_id"], ["stay.id"], name=op.f("fk_passcode_stay_id_stay")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passcode")),
        sa.UniqueConstraint("request_id", name=op.f("uq_passcode_request_id")),
    )
    with op.batch_alter_table("passcode", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_passcode_door_id"), ["door_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_passcode_ended_step_id"), ["ended_step_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_passcode_lock_id"), ["lock_id"], unique=False)
        batch_op.create_index("ix_passcode_lock_permission", ["lock_id", "epoch", "permission"], unique=False)
        batch_op.create_index(batch_op.f("ix_passcode_stay_id"), ["stay_id"], unique=False)

    op.create_table(
        "passcode_start",
        sa.Column("lock_id", sa.BigInteger(), nullable=False),
        sa.Column("life", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stay_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["lock_id"], ["lock.id"], name=op.f("fk_passcode_start_lock_id_lock")),
        sa.ForeignKeyConstraint(["stay_id"], ["stay.id"], name=op.f("fk_passcode_start_stay_id_stay")),
        sa.PrimaryKeyConstraint("lock_id", "life", "epoch", "starts_at", name=op.f("pk_passcode_start")),
    )
    op.create_table(
        "room_night",
        sa.Column("room_id", sa.BigInteger(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("stay_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_room_night_room_id_room")),
        sa.ForeignKeyConstraint(["stay_id"], ["stay.id"], name=op.f("fk_room_night_stay_id_stay"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("room_id", "night", name=op.f("pk_room_night")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("room_night", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_room_night_night"), ["night"], unique=False)
        batch_op.create_index(batch_op.f("ix_room_night_stay_id"), ["stay_id"], unique=False)

    op.create_table(
        "stay_step",
        sa.Column("stay_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
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
                name="stepkind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_name", sa.String(length=80), nullable=False),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["stay_id"], ["stay.id"], name=op.f("fk_stay_step_stay_id_stay")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stay_step")),
        sa.UniqueConstraint("request_id", name=op.f("uq_stay_step_request_id")),
    )
    with op.batch_alter_table("stay_step", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stay_step_stay_id"), ["stay_id"], unique=False)

    op.create_table(
        "access_record",
        sa.Column("lock_id", sa.BigInteger(), nullable=False),
        sa.Column("door_id", sa.BigInteger(), nullable=True),
        sa.Column("life", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.Integer(), nullable=False),
        sa.Column("method", sa.Integer(), nullable=False),
        sa.Column("credential_id", sa.BigInteger(), nullable=False),
        sa.Column("result", sa.Integer(), nullable=False),
        sa.Column("battery_percent", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_card_id", sa.BigInteger(), nullable=True),
        sa.Column("passcode_id", sa.BigInteger(), nullable=True),
        sa.Column("stay_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["door_id"], ["door.id"], name=op.f("fk_access_record_door_id_door")),
        sa.ForeignKeyConstraint(["key_card_id"], ["key_card.id"], name=op.f("fk_access_record_key_card_id_key_card")),
        sa.ForeignKeyConstraint(["lock_id"], ["lock.id"], name=op.f("fk_access_record_lock_id_lock")),
        sa.ForeignKeyConstraint(["passcode_id"], ["passcode.id"], name=op.f("fk_access_record_passcode_id_passcode")),
        sa.ForeignKeyConstraint(["stay_id"], ["stay.id"], name=op.f("fk_access_record_stay_id_stay")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_record")),
        sa.UniqueConstraint("lock_id", "life", "sequence", name=op.f("uq_access_record_lock_id_life_sequence")),
    )
    with op.batch_alter_table("access_record", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_access_record_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_access_record_credential_id"), ["credential_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_access_record_door_id"), ["door_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_access_record_key_card_id"), ["key_card_id"], unique=False)
        batch_op.create_index("ix_access_record_lock_id_at", ["lock_id", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix_access_record_passcode_id"), ["passcode_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_access_record_stay_id"), ["stay_id"], unique=False)

    op.create_table(
        "key_card_grant",
        sa.Column("key_card_id", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.Integer(), nullable=False),
        sa.Column("door_id", sa.BigInteger(), nullable=True),
        sa.Column("area_id", sa.BigInteger(), nullable=True),
        sa.Column("issue", sa.BigInteger(), nullable=False),
        sa.Column("series_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("(door_id IS NULL) <> (area_id IS NULL)", name=op.f("ck_key_card_grant_door_or_area")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_key_card_grant_area_id_area")),
        sa.ForeignKeyConstraint(["door_id"], ["door.id"], name=op.f("fk_key_card_grant_door_id_door")),
        sa.ForeignKeyConstraint(["key_card_id"], ["key_card.id"], name=op.f("fk_key_card_grant_key_card_id_key_card")),
        sa.ForeignKeyConstraint(["series_id"], ["key_series.id"], name=op.f("fk_key_card_grant_series_id_key_series")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_card_grant")),
        sa.UniqueConstraint("key_card_id", "unit", name=op.f("uq_key_card_grant_key_card_id_unit")),
    )
    with op.batch_alter_table("key_card_grant", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_key_card_grant_door_id"), ["door_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_key_card_grant_key_card_id"), ["key_card_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_key_card_grant_series_id"), ["series_id"], unique=False)


def downgrade() -> None:

    with op.batch_alter_table("key_card_grant", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_key_card_grant_series_id"))
        batch_op.drop_index(batch_op.f("ix_key_card_grant_key_card_id"))
        batch_op.drop_index(batch_op.f("ix_key_card_grant_door_id"))

    op.drop_table("key_card_grant")
    with op.batch_alter_table("access_record", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_access_record_stay_id"))
        batch_op.drop_index(batch_op.f("ix_access_record_passcode_id"))
        batch_op.drop_index("ix_access_record_lock_id_at")
        batch_op.drop_index(batch_op.f("ix_access_record_key_card_id"))
        batch_op.drop_index(batch_op.f("ix_access_record_door_id"))
        batch_op.drop_index(batch_op.f("ix_access_record_credential_id"))
        batch_op.drop_index(batch_op.f("ix_access_record_at"))

    op.drop_table("access_record")
    with op.batch_alter_table("stay_step", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_stay_step_stay_id"))

    op.drop_table("stay_step")
    with op.batch_alter_table("room_night", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_room_night_stay_id"))
        batch_op.drop_index(batch_op.f("ix_room_night_night"))

    op.drop_table("room_night")
    op.drop_table("passcode_start")
    with op.batch_alter_table("passcode", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_passcode_stay_id"))
        batch_op.drop_index("ix_passcode_lock_permission")
        batch_op.drop_index(batch_op.f("ix_passcode_lock_id"))
        batch_op.drop_index(batch_op.f("ix_passcode_ended_step_id"))
        batch_op.drop_index(batch_op.f("ix_passcode_door_id"))

    op.drop_table("passcode")
    with op.batch_alter_table("key_series", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_key_series_stay_id"))
        batch_op.drop_index(batch_op.f("ix_key_series_door_id"))

    op.drop_table("key_series")
    with op.batch_alter_table("key_card", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_key_card_uid"))
        batch_op.drop_index(batch_op.f("ix_key_card_stay_id"))
        batch_op.drop_index(batch_op.f("ix_key_card_ended_step_id"))

    op.drop_table("key_card")
    with op.batch_alter_table("stay", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_stay_in_house_room",
            sqlite_where=sa.text("state = 'in_house'"),
            postgresql_where=sa.text("state = 'in_house'"),
        )
        batch_op.drop_index("ix_stay_state_arrival_date")
        batch_op.drop_index(batch_op.f("ix_stay_room_type_id"))
        batch_op.drop_index(batch_op.f("ix_stay_room_id"))
        batch_op.drop_index(batch_op.f("ix_stay_reservation_id"))
        batch_op.drop_index(batch_op.f("ix_stay_guest_id"))
        batch_op.drop_index(batch_op.f("ix_stay_departure_date"))
        batch_op.drop_index(batch_op.f("ix_stay_arrival_date"))

    op.drop_table("stay")
    with op.batch_alter_table("door", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_door_area_id"))

    op.drop_table("door")
    with op.batch_alter_table("room", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_room_room_type_id"))
        batch_op.drop_index(batch_op.f("ix_room_floor_id"))

    op.drop_table("room")
    with op.batch_alter_table("type_night", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_type_night_night"))

    op.drop_table("type_night")
    with op.batch_alter_table("staff_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_staff_session_account_id"))

    op.drop_table("staff_session")
    with op.batch_alter_table("reservation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reservation_booker_id"))

    op.drop_table("reservation")
    with op.batch_alter_table("guest_word", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_guest_word_guest_id"))

    op.drop_table("guest_word")
    op.drop_table("floor")
    with op.batch_alter_table("encoder_job", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_encoder_job_active",
            sqlite_where=sa.text("state IN ('waiting', 'writing', 'checking')"),
            postgresql_where=sa.text("state IN ('waiting', 'writing', 'checking')"),
        )
        batch_op.drop_index(batch_op.f("ix_encoder_job_subject_id"))
        batch_op.drop_index(batch_op.f("ix_encoder_job_stay_id"))
        batch_op.drop_index("ix_encoder_job_state_created_at")
        batch_op.drop_index(batch_op.f("ix_encoder_job_encoder_id"))
        batch_op.drop_index(batch_op.f("ix_encoder_job_batch_id"))

    op.drop_table("encoder_job")
    op.drop_table("site_key")
    op.drop_table("room_type")
    op.drop_table("property")
    op.drop_table("login_throttle")
    op.drop_table("lock")
    with op.batch_alter_table("guest", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_guest_document_tail_index"))
        batch_op.drop_index(batch_op.f("ix_guest_document_index"))

    op.drop_table("guest")
    op.drop_table("encoder")
    op.drop_table("building")
    op.drop_table("audit_head")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_entry_stay_id"))
        batch_op.drop_index(batch_op.f("ix_audit_entry_room_id_id"))
        batch_op.drop_index(batch_op.f("ix_audit_entry_lock_id"))
        batch_op.drop_index(batch_op.f("ix_audit_entry_guest_id"))
        batch_op.drop_index(batch_op.f("ix_audit_entry_at"))
        batch_op.drop_index(batch_op.f("ix_audit_entry_action_id"))
        batch_op.drop_index(batch_op.f("ix_audit_entry_account_id_id"))

    op.drop_table("audit_entry")
    op.drop_table("area")
    op.drop_table("account")
