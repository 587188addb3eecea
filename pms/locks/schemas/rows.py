"""A lock as programs see it: the fields of the vendor's answer, in their order and form.

What this server knows by itself comes from the columns, everything else from what the import said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from pms.locks.models import LockSetup
from pms.locks.rules import offset_text
from pms.locks.schemas.reading import FEATURES, SECRET_FIELDS
from pms.web.wire import Wire, write_time

if TYPE_CHECKING:
    from datetime import datetime

    from pms.locks.models import Lock
    from pms.locks.reach import Reach

_WORDS = {ours: theirs for theirs, ours in FEATURES.items()}
_PHONE_OWNER = "手机端超级管理员"
# Tags of the settings, and the names that they go by here. The first eight carry their tag in front of the value.
EXTENDED = {
    "30": "doorDirection",
    "31": "rearDoorContact",
    "32": "lockBodySettings",
    "33": "torqueSetting",
    "34": "lockbackTime",
    "35": "staySettings",
    "36": "radarSettings",
    "37": "lockoutTimeNew",
}
PLAIN = {
    "38": "lockoutTime",
    "39": "lockLanguage",
    "3A": "pickProof",
    "3B": "electronLock",
    "3C": "connectStatus",
    "3D": "lockMode",
}


def _said(description: str, *examples: str) -> Any:
    return Field(description=description, examples=list(examples) or None)


_Secret = "A secret: null without `locks:secrets`; the audit trail notes each look."  # noqa: S105 - says that it is one
_EXTENDED = "An extended setting (version 08), tag and value in hexadecimal."
_PLAIN = "A setting of one byte in hexadecimal."
_KEPT = "As the import said it."


class LockRow(Wire):
    """A lock, as the vendor's system lists it. Every value is a string, or null where nothing is known."""

    id: str = _said("The id that the lock was imported with, else ours.", "1980084539766648834")
    lock_number: str | None = _said("The model.", "Z-LOCK")
    lock_sn: str = _said("Serial number: 6 bytes in hexadecimal.", "292E593B0E66")
    lock_username: str = _said("The name of the lock.", "Z-4000DF")
    lock_status: str | None = _said("`01` bound, `00` not bound (never, or not any more).", "01")
    user_id: str = _said("The id of the user that the import named, else of the user who asks.", "1994295702918381570")
    user_type: str | None = _said("What the user is to the lock.", _PHONE_OWNER)
    unlock_type: str | None = _said(_KEPT)
    room_status: str | None = _said(_KEPT)
    electricity: str | None = _said("Battery percent.", "25")
    feature_codes: str | None = _said("What the lock can do, with commas.", "遥控,卡片,密码,指纹")
    double_verify: str | None = _said(f"Second verification, 4 digits. {_Secret}")
    ev_update_time: str | None = _said(_KEPT)
    mac: str = _said("Bluetooth address.", "01:01:11:40:00:DF")
    virtually_id: str | None = _said(_KEPT)
    times_tamp: str | None = _said(
        "When the clock was set last: Unix seconds in hexadecimal, 8 digits.", "694B5BF9", "694B911F"
    )
    pw_admin: str | None = _said(f"Administrator's passcode, 8 digits. {_Secret}")
    new_pw_admin: str | None = _said(f"The one that is on its way to the lock. {_Secret}")
    electrical_voltage: str | None = _said("Voltage class: one byte in hexadecimal.", "04")
    lockout_time: str | None = _said(_PLAIN, "0F")
    lock_language: str | None = _said(_PLAIN, "E1")
    pick_proof: str | None = _said(_PLAIN, "17")
    lock_sys_time: str | None = _said("When the clock was set last: Unix milliseconds.", "1766451628561")
    lock_mode: str | None = _said(_PLAIN, "01")
    is_always_open: str | None = _said("`1` while the passage mode is on.", "0")
    is_locked: str | None = _said("State of the bolt, as the import said it.", "0")
    connect_status: str | None = _said(_PLAIN, "1E")
    electron_lock: str | None = _said(_PLAIN, "22")
    door_direction: str | None = _said(_EXTENDED, "3001")
    rear_door_contact: str | None = _said(_EXTENDED, "3102")
    lock_body_settings: str | None = _said(_EXTENDED, "3201")
    torque_setting: str | None = _said(_EXTENDED, "3301")
    lockback_time: str | None = _said(_EXTENDED, "3401")
    stay_settings: str | None = _said(_EXTENDED, "3501")
    radar_settings: str | None = _said(_EXTENDED, "3601")
    lockout_time_new: str | None = _said(f"{_EXTENDED} All ones: not limited.", "37FFFF")
    server_keys: str | None = _said(f"16 digits: the server's half of the lock's secret. {_Secret}")
    lock_keys: str | None = _said(f"8 bytes in hexadecimal: the lock's half. {_Secret}")
    bound_gateway: str | None = _said("The gateway that it hangs on.")
    lock_online_status: str | None = _said("`1` while it can be reached from here.", "1")
    status_flags: str | None = _said(_KEPT)
    create_time: str | None = _said("Time of the house.", "2025-10-20 09:31:57")
    update_time: str | None = _said("Time of the house.", "2025-12-24 14:38:16")
    del_flag: str | None = _said("`1` for a lock that another hangs in the place of.", "0")
    current_version: str | None = _said("Firmware.")
    latest_version: str | None = _said(_KEPT)
    agreement_type: str = _said("Protocol version.", "07", "08")
    time_zone: str | None = _said("The lock's distance from UTC.", "+02:00")
    module_ally: str | None = _said("`1` where a 4G module is associated.", "0")
    lock_open: str | None = _said(_KEPT)
    lock_imsi: str | None = _said("The module's SIM.")
    lock_imei: str | None = _said("The module.")


_BLANK: dict[str, str | None] = {field.alias or name: None for name, field in LockRow.model_fields.items()}
_KEPT_FIELDS = _BLANK.keys() - set(SECRET_FIELDS)


# What is so for every lock of ours; an import may say otherwise.
_USUAL: dict[str, str | None] = {
    "userType": _PHONE_OWNER,
    "isAlwaysOpen": "0",
    "lockOnlineStatus": "0",
    "delFlag": "0",
    "moduleAlly": "0",
}


def write(lock: Lock, *, user_id: int, reach: Reach | None, shows_secrets: bool) -> dict[str, str | None]:
    """The lock in the vendor's form. Secrets are unsealed only where they are to be shown."""
    said = lock.origin
    values = _BLANK | _USUAL | {name: _text(said[name]) for name in said.keys() & _KEPT_FIELDS}
    values |= {
        "id": lock.origin_id or str(lock.id),
        "lockNumber": lock.model or values["lockNumber"],
        "lockSn": lock.serial_number,
        "lockUsername": lock.name,
        "userId": values["userId"] or str(user_id),
        "electricity": _battery(lock.battery_percent, values["electricity"]),
        "featureCodes": ",".join(_WORDS.get(word, word) for word in lock.features) or values["featureCodes"],
        "mac": lock.mac,
        "agreementType": f"{lock.protocol_version:02d}",
        "createTime": values["createTime"] or write_time(lock.created_at),
        "updateTime": _time(lock.changed_at) or values["updateTime"] or write_time(lock.created_at),
        "delFlag": "1" if lock.replaced_at is not None else values["delFlag"],
    }
    if lock.setup is not LockSetup.IMPORTED:
        _write_own(values, lock)
    _write_said(values, lock)
    _write_reach(values, lock, reach)
    _write_secrets(values, lock if shows_secrets else None)
    return values


def _write_own(values: dict[str, str | None], lock: Lock) -> None:
    """What only this server can know of a lock that is its own, whatever another said of it before."""
    is_bound = lock.setup in (LockSetup.READY, LockSetup.MOVED) or lock.door_number is not None
    values["lockStatus"] = "01" if is_bound and lock.setup is not LockSetup.FORGOTTEN else "00"
    values["lockOnlineStatus"] = "0"
    if lock.door_number is not None:
        values["timeZone"] = offset_text(lock.utc_offset_quarters)


def _write_said(values: dict[str, str | None], lock: Lock) -> None:
    """What the lock said of itself."""
    for tag, raw in lock.settings.items():
        name = _SETTINGS.get(tag)
        if name is not None:
            values[name] = f"{tag}{raw}" if tag in EXTENDED else raw
    if lock.clock_set_at is not None:
        values["timesTamp"] = f"{int(lock.clock_set_at.timestamp()):08X}"
        values["lockSysTime"] = str(round(lock.clock_set_at.timestamp() * 1000))
    if lock.voltage_class is not None:
        values["electricalVoltage"] = f"{lock.voltage_class:02X}"
    if lock.in_passage_mode is not None:
        values["isAlwaysOpen"] = "1" if lock.in_passage_mode else "0"
    values["currentVersion"] = lock.firmware or values["currentVersion"]


def _write_reach(values: dict[str, str | None], lock: Lock, reach: Reach | None) -> None:
    if reach is not None:
        values |= {
            "boundGateway": reach.gateway,
            "lockOnlineStatus": "1" if reach.is_online else "0",
            "moduleAlly": "1" if reach.module else "0",
            "lockImei": reach.module,
            "lockImsi": reach.sim,
        }
    elif lock.setup is not LockSetup.IMPORTED:
        values |= {"boundGateway": None, "lockImei": None, "lockImsi": None, "moduleAlly": "0"}


def _write_secrets(values: dict[str, str | None], lock: Lock | None) -> None:
    values["lockKeys"] = lock.lock_keys if lock else None
    values["serverKeys"] = lock.server_keys if lock else None
    values["pwAdmin"] = lock.admin_code if lock else None
    values["newPwAdmin"] = lock.new_admin_code if lock else None
    values["doubleVerify"] = lock.double_verify if lock else None


_SETTINGS = EXTENDED | PLAIN


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else str(value)


def _battery(percent: int | None, said: str | None) -> str | None:
    if percent is None:
        return None
    # "07" and "7" are the same percentage: what was said is kept as it was written.
    return said if said is not None and said.strip().isdecimal() and int(said) == percent else str(percent)


def _time(at: datetime | None) -> str | None:
    return None if at is None else write_time(at)
