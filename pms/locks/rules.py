"""What is known of locks without a database: how they are, and what their settings are called."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pms.core.errors import DomainError, Invalid
from pms.core.text import N_
from pms.locks.models import LockSetup
from pms.protocol.tlv import EXTENDED_SETTINGS

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from zoneinfo import ZoneInfo

MOST_DRIFT = 300
"""Seconds that a lock's clock may be off before somebody is told; passcodes and cards bear three times as much."""
MAX_SCOPES = 16
_WORN_EPOCH = 128
"""What a lock remembers (tag 25)."""

SETUP_WORDS: dict[LockSetup, str] = {
    LockSetup.NEW: N_("Never bound"),
    LockSetup.IMPORTED: N_("Waits for an installer's phone"),
    LockSetup.PENDING: N_("New keys are on their way"),
    LockSetup.READY: N_("Set up"),
    LockSetup.MOVED: N_("Must be set up for its new door"),
    LockSetup.FORGOTTEN: N_("Has forgotten its keys"),
}

FEATURE_WORDS: dict[str, str] = {
    "remote": N_("Remote control"),
    "card": N_("Card"),
    "passcode": N_("Passcode"),
    "fingerprint": N_("Fingerprint"),
    "face": N_("Face"),
    "palm": N_("Palm"),
}

EXTENDED_TAGS = tuple(f"{tag:02X}" for tag in EXTENDED_SETTINGS)
# Name in the import, our word, tag byte in hex (extended settings have it in front of their value).
SETTING_WORDS: tuple[tuple[str, str, str], ...] = (
    ("doorDirection", N_("Door direction"), "30"),
    ("rearDoorContact", N_("Rear door contact"), "31"),
    ("lockBodySettings", N_("Lock body"), "32"),
    ("torqueSetting", N_("Torque"), "33"),
    ("lockbackTime", N_("Time until it locks again"), "34"),
    ("staySettings", N_("Somebody stays at the door"), "35"),
    ("radarSettings", N_("Radar"), "36"),
    ("lockoutTimeNew", N_("Lock-out time (extended)"), "37"),
    ("lockoutTime", N_("Lock-out time"), "38"),
    ("lockLanguage", N_("Language"), "39"),
    ("pickProof", N_("Pick-proof alarm"), "3A"),
    ("electronLock", N_("Electronic lock"), "3B"),
    ("connectStatus", N_("Connection"), "3C"),
    ("lockMode", N_("Mode"), "3D"),
)


class LockTaken(DomainError):
    """A lock hangs on one door."""

    code = "lock_taken"
    field = "lock_id"
    message = N_("The lock %(lock)s hangs on the door “%(door)s”. Take it off there first.")


class DoorHasLock(DomainError):
    """A door has one lock."""

    code = "door_has_lock"
    field = "lock_id"
    message = N_("The door “%(door)s” has the lock %(lock)s already. Take it off first.")


class NoDoor(DomainError):
    """A lock is set up for a door, so it needs one."""

    code = "no_door"
    message = N_("Give the lock a door first: it is set up with the keys of that door.")


class RoomOrArea(Invalid):
    """A door leads to a room or belongs to an area, not both."""

    code = "room_or_area"
    field = "place"
    message = N_("Choose the room or the area that the door belongs to.")


class AreaNameTaken(DomainError):
    """Areas are told apart by their names."""

    code = "area_name_taken"
    field = "name"
    message = N_("There is already an area called “%(name)s”.")


class BadAreaName(Invalid):
    """An area has a name."""

    code = "bad_area_name"
    field = "name"
    message = N_("Give the area a name of at most 60 characters.")


class BadDoorName(Invalid):
    """A door has a name."""

    code = "bad_door_name"
    field = "name"
    message = N_("Give the door a name of at most 60 characters.")


class BadSectionName(Invalid):
    """A section has a name."""

    code = "bad_section_name"
    field = "name"
    message = N_("Give the section a name of at most 60 characters.")


class SectionNameTaken(DomainError):
    """Sections are told apart by their names."""

    code = "section_name_taken"
    field = "name"
    message = N_("There is already a section called “%(name)s”.")


class TooManyScopes(DomainError):
    """A lock remembers sixteen scopes."""

    code = "too_many_scopes"
    field = "door_ids"
    message = N_(
        "The door “%(door)s” would be in %(count)s floors and sections, and a lock remembers %(most)s. "
        "Take it out of another section first."
    )


class NotBeingSetUp(DomainError):
    """No new keys are on their way to the lock."""

    code = "not_being_set_up"
    message = N_("No setup of this lock is under way. Start one first.")


class AnswerNotGenuine(Invalid):
    """The bytes are not the lock's answer to its setup."""

    code = "answer_not_genuine"
    field = "answer"
    message = N_("These bytes are not this lock's answer to this setup. Bring the same frame to the lock once more.")


class SetupRefused(DomainError):
    """The lock understood and said no."""

    code = "setup_refused"
    message = N_("The lock refused the setup (status %(status)s). Its old keys stay in force.")


class SaidSettings(Protocol):
    """What is known of a lock's settings: from itself, by tag, and from the import, by name."""

    @property
    def settings(self) -> dict[str, Any]: ...
    @property
    def origin(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a lock as it was read: its meaning is not public, so the raw hex stands beside the name."""

    wire_name: str
    name: str
    tag: str
    raw: str | None
    value: str | None
    is_unlimited: bool


def is_low(battery_percent: int | None, threshold: int) -> bool:
    """Whether somebody should change the battery soon; `threshold` is the house's."""
    return battery_percent is not None and battery_percent <= threshold


def waits_for_phone(setup: LockSetup) -> bool:
    """Whether somebody must go to the door with a phone."""
    return setup is not LockSetup.READY


def settings_of(lock: SaidSettings, protocol_version: int) -> list[Setting]:
    """The settings that a lock of this version has, in the order of their tags: as it said them itself, else as imported."""
    found = []
    for wire_name, name, tag in SETTING_WORDS:
        is_extended = tag in EXTENDED_TAGS
        if is_extended and protocol_version < 8:
            continue
        own, raw = lock.settings.get(tag), lock.origin.get(wire_name)
        text = raw if isinstance(raw, str) and raw else None
        if own is not None:
            text = f"{tag}{own}" if is_extended else own
        value = text[2:] if text and is_extended and text.upper().startswith(tag) else text
        is_unlimited = bool(is_extended and value and set(value.upper()) == {"F"})
        found.append(Setting(wire_name, name, tag, text, value, is_unlimited))
    return found


def utc_offset_quarters(now: datetime, zone: ZoneInfo) -> int:
    """The house's distance from UTC at `now`, in quarter hours, as locks count it."""
    offset = now.astimezone(zone).utcoffset()
    return int(offset.total_seconds() // 900) if offset is not None else 0


def offset_text(quarters: int) -> str:
    """A distance from UTC in hours and minutes, such as +02:00."""
    hours, rest = divmod(abs(quarters), 4)
    return f"{'-' if quarters < 0 else '+'}{hours:02d}:{rest * 15:02d}"


def is_clock_off(*, setup: LockSetup, lock_quarters: int, now: datetime, zone: ZoneInfo) -> bool:
    """Whether the lock still counts the hours of before the clocks were put forward or back.

    Cards carry instants and are not touched by it; a passcode ends at the lock's check-out hour, on its own clock.
    """
    return setup is LockSetup.READY and lock_quarters != utc_offset_quarters(now, zone)


def check_scopes(door: str, count: int) -> None:
    """TooManyScopes."""
    if count > MAX_SCOPES:
        raise TooManyScopes(door=door, count=count, most=MAX_SCOPES)


def missing_scopes(wanted: Collection[int], told: Collection[int] | None) -> list[int] | None:
    """The scopes that a lock must be told, all of them; None where it knows them already, in whichever order."""
    return None if told is not None and set(told) == set(wanted) else sorted(wanted)


def first_issue(now: datetime) -> int:
    """Where the numbers of a new scope begin."""
    return int(now.timestamp())


def first_epoch(code_epoch: int) -> int:
    """The epoch of passcodes that a lock begins with under new keys, which end all codes before: 0 again once half of the 256
    are used, so that no setup leaves a lock with few; before that the present one, whose codes' numbers are known to be new."""
    return code_epoch if code_epoch < _WORN_EPOCH else 0


def clean_name(name: str, refusal: type[DomainError]) -> str:
    """The name without spaces around; `refusal` where it is empty or longer than 60 characters."""
    text = " ".join(name.split())
    if not 1 <= len(text) <= 60:
        raise refusal
    return text


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong: in which record (1 is the first; 0 is the file), in which field; `message` is translatable."""

    record: int
    field: str
    message: str
    params: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImportedLock:
    """One lock of the document. The secrets are kept out of texts."""

    record: int
    origin_id: str | None
    serial_number: str
    mac: str
    name: str
    model: str
    protocol_version: int
    battery_percent: int | None
    features: list[str]
    origin: dict[str, Any]
    lock_keys: str = dataclasses.field(repr=False)
    server_keys: str | None = dataclasses.field(repr=False)
    admin_code: str | None = dataclasses.field(repr=False)
    new_admin_code: str | None = dataclasses.field(repr=False)
    double_verify: str | None = dataclasses.field(repr=False)
