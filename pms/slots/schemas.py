"""What programs send and hear of what locks store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, StringConstraints, ValidationInfo, WithJsonSchema

from pms.protocol.command import StoredKind, UserRole, WeekWindow
from pms.slots import rules
from pms.slots.models import SlotKind
from pms.web.wire import HouseTime, Id, Line, RequestId, SerialNumber, Wire, read_digits

if TYPE_CHECKING:
    from pms.slots.models import Slot

_WHOLE_DAY = 1440


def _read_credential_id(value: object, info: ValidationInfo) -> int:
    return read_digits(value, info, rules.MAX_CREDENTIAL_ID)


CredentialId = Annotated[
    int,
    BeforeValidator(_read_credential_id),
    PlainSerializer(str, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": "^[0-9]{1,10}$",
            "description": "By this the lock's records name the credential: a number of 4 bytes, in decimal digits.",
            "examples": ["2864434397"],
        }
    ),
]
SlotNumber = Annotated[int, Field(ge=1, le=rules.LARGEST_SLOT, description="Its place in the lock.", examples=[12])]
Name = Annotated[Line, StringConstraints(min_length=1, max_length=rules.MAX_NAME)]
Kind = Literal["passcode", "card", "fingerprint", "remote", "face", "palm"]
Role = Literal["guest", "staff", "administrator", "duress"]
Content = Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{1,16384}$")]
ClockTime = Annotated[str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
_CONTENT = (
    "What opens: the UID of a card, the id of a remote control or a template in hexadecimal, the digits of a passcode. It is "
    "kept sealed, and not given back, but for the digits of a passcode by `GET /passwords/{passwordId}`. Templates need their "
    "owner's consent, and an owner."
)


class Week(Wire):
    """On which days, and from when until when of the day, on the lock's clock; an end that is not later is on the next day."""

    weekdays: Annotated[list[Annotated[int, Field(ge=1, le=7)]], Field(min_length=1, max_length=7)] = Field(
        description="1 for Monday to 7 for Sunday.", examples=[[1, 2, 3, 4, 5]]
    )
    start_time: ClockTime = Field(default="00:00", examples=["09:00"])
    end_time: ClockTime = Field(default="24:00", examples=["11:00"])


class Span(Wire):
    """When it opens, and whom it is of."""

    valid_from: HouseTime | None = Field(default=None, description="Null: from now on.")
    valid_until: HouseTime | None = Field(default=None, description="Null: until it is taken away, or the stay ends.")
    week: Week | None = Field(default=None, description="Null: at any time of any day.")
    role: Role = "guest"
    stay_id: Id | None = Field(default=None, description="The stay that it is for: it ends with the stay.")
    account_id: Id | None = Field(default=None, description="The member of staff that it is for.")
    request_id: RequestId | None = None


class Data(Span):
    """Something that a phone stored in a lock, as it reports it."""

    lock_id: Id
    slot: SlotNumber
    credential_id: CredentialId
    name: Name = Field(description="Whom or what it is for.", examples=["Claire Moreau, white card"])
    content: Content | None = Field(
        default=None, description=f"{_CONTENT} Without it only the lock knows it.", examples=["04A1B2C3D4E5F6"]
    )


class AddLockUser(Span):
    """Something to be stored in a lock."""

    lock_id: Id
    kind: Kind
    name: Name = Field(description="Whom or what it is for.", examples=["Claire Moreau, white card"])
    content: Content = Field(description=_CONTENT, examples=["04A1B2C3D4E5F6"])


class Change(Wire):
    """What is to be different: a field that is not sent stays as it is, null lifts a limit."""

    content: Content | None = Field(default=None, description=_CONTENT, examples=["04A1B2C3D4E5F6"])
    valid_from: HouseTime | None = None
    valid_until: HouseTime | None = None
    week: Week | None = None
    role: Role | None = None
    request_id: RequestId | None = None


class Modify(Change):
    """A change of something that a lock stores, by its id here."""

    id: Id
    name: Name | None = Field(default=None, examples=["Claire Moreau, blue card"])


class ModifyLockUser(Change):
    """A change of what lies in a slot of a lock."""

    lock_id: Id
    slot: SlotNumber


class DeleteLockUser(Wire):
    """A slot of a lock that is to be emptied."""

    lock_id: Id
    slot: SlotNumber
    request_id: RequestId | None = None


class SyncLockUsers(Wire):
    """A lock that is to list what it stores."""

    lock_id: Id
    request_id: RequestId | None = None


class Which(Wire):
    """One of them."""

    id: Id


class RowsOf(Wire):
    """Which part of a list."""

    limit: Annotated[int, Field(ge=1, le=500)] = 100
    before: Id | None = Field(default=None, description="The id of the last row of the page before.")


class Stored(Wire):
    """Something that a lock stores, or is to store. Its content is not given back."""

    id: Id
    kind: Kind
    lock_id: Id | None = Field(description="Null: a captured fingerprint that was sent to no lock yet.")
    lock_sn: SerialNumber | None
    slot: int | None = Field(description="Its place in the lock.")
    credential_id: CredentialId
    name: str
    valid_from: HouseTime | None
    valid_until: HouseTime | None
    week: Week
    role: Role
    state: str = Field(
        description=(
            "wanted, waiting (for somebody at the lock), added, changing, refused, removing, removed, not_sent; of a captured "
            "fingerprint that was sent to no lock: stored."
        ),
        examples=["added"],
    )
    origin: str = Field(description="made_here, reported (by a phone) or found (in the lock).", examples=["made_here"])
    status: int | None = Field(description="The lock's own word where it did not do what it was asked, 1 to 10.")
    has_content: bool = Field(description="Whether it can be sent again from here.")
    stay_id: Id | None
    account_id: Id | None
    fingerprint_id: Id | None = Field(description="The captured fingerprint that it is.")
    create_time: HouseTime
    update_time: HouseTime
    seen_time: HouseTime | None = Field(description="When the lock itself said last that it has it.")


def write(slot: Slot) -> Stored:
    """The slot as programs see it."""
    return Stored(
        id=slot.id,
        kind=slot.kind.value,
        lock_id=slot.lock_id,
        lock_sn=slot.lock.serial_number,
        slot=slot.number,
        credential_id=slot.credential_id,
        name=slot.name,
        valid_from=slot.valid_from,
        valid_until=slot.valid_until,
        week=write_week(slot.window),
        role=slot.role.value,
        state=slot.state.value,
        origin=slot.origin.value,
        status=slot.status,
        has_content=slot.content_sealed is not None,
        stay_id=slot.stay_id,
        account_id=slot.account_id,
        fingerprint_id=slot.fingerprint_id,
        create_time=slot.created_at,
        update_time=slot.changed_at,
        seen_time=slot.seen_at,
    )


def write_week(window: WeekWindow) -> Week:
    """Days and hours as programs see them."""
    return Week(
        weekdays=[day + 1 for day in range(7) if window.weekdays >> day & 1],
        start_time=_clock_time(window.start),
        end_time=_clock_time(window.end),
    )


def span_of(body: Span) -> dict[str, Any]:
    """When it opens and whom it is of, as the service takes it."""
    return {
        "valid_from": body.valid_from,
        "valid_until": body.valid_until,
        "window": _window(body.week),
        "role": UserRole[body.role.upper()],
        "owner": rules.Owner(stay_id=body.stay_id, account_id=body.account_id),
        "request_id": body.request_id,
    }


def change_of(body: Change, slot: Slot) -> dict[str, Any]:
    """What the slot is to be, as the service takes it."""
    said = body.model_fields_set
    return {
        "content": None if body.content is None else rules.packed(slot.kind, body.content),
        "valid_from": body.valid_from if "valid_from" in said else slot.valid_from,
        "valid_until": body.valid_until if "valid_until" in said else slot.valid_until,
        "window": _window(body.week) if "week" in said else slot.window,
        "role": slot.role.wire if body.role is None else UserRole[body.role.upper()],
        "request_id": body.request_id,
    }


def content_of(kind: str, text: str) -> tuple[StoredKind, bytes]:
    """Kind and content as the service takes them."""
    what = SlotKind(kind)
    return what.wire, rules.packed(what, text)


def _window(week: Week | None) -> WeekWindow:
    if week is None:
        return WeekWindow()
    days = sum(1 << (day - 1) for day in set(week.weekdays))
    # 24:00 as a beginning is the day's first minute, 00:00 as an end its last.
    return WeekWindow(days, _minute(week.start_time) % _WHOLE_DAY, _minute(week.end_time) or _WHOLE_DAY)


def _minute(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def _clock_time(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
