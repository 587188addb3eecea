"""Passcodes as programs see them. The JSON says "password" and `lockId`; the words are those of the pages."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import Field, StringConstraints

from pms.lock_commands.schemas import Command
from pms.passcodes import queries, stored_words, words
from pms.passcodes.stored_queries import StoredLine
from pms.protocol.passcode import Pattern
from pms.slots.models import SlotOrigin
from pms.web.wire import HouseTime, Id, Line, RequestId, SerialNumber, Wire

if TYPE_CHECKING:
    from typing import Any

    from pms.passcodes.queries import PasscodeLine
    from pms.passcodes.rules import Choice

PatternName = Literal[
    "daily",
    "mondayToFriday",
    "saturdayAndSunday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
]
PATTERNS: dict[str, Pattern] = dict(zip(get_args(PatternName), Pattern, strict=True))
Name = Annotated[Line, StringConstraints(max_length=60)]
Note = Annotated[Line, StringConstraints(max_length=200)]
Hour = Annotated[int, Field(ge=0, le=23)]
HoursADay = Annotated[int, Field(ge=1, le=24)]
Month = Annotated[str, StringConstraints(pattern="^2[01][0-9]{2}-(0[1-9]|1[0-2])$")]
Unit = Literal["hours", "nights", "days"]
_WHOM = "Whom it is for; needed where there is no `stayId`."
_REQUEST = "Sending the same one again makes nothing new and answers the same."


class OfflinePassword(Wire):
    """A passcode of a door. `password` holds the digits only where they were asked for by who may see them."""

    password_id: Id
    lock_id: Id
    lock_sn: SerialNumber
    door_name: str
    kind: str = Field(
        description="hours, nights, days, single, permanent, cyclic or clear; stored for one that a lock stores.",
        examples=["nights"],
    )
    online: bool = Field(description="Whether the lock stores it; false: it is computed and never sent there.")
    password_name: str = Field(description="Whom it is for.", examples=["Ms Kim, laundry"])
    note: str
    stay_id: Id | None
    state: str = Field(
        description="coming, opens, still_opens (nobody wants it, the door does not know), being_revoked, time_over, used or "
        "revoked (the lock said so); of one that a lock stores also waiting (for somebody at the lock), refused (by the lock) or "
        "not_sent (given up before the lock heard of it).",
        examples=["opens"],
    )
    confirmed: bool = Field(description="Whether the lock's own record or answer shows it.")
    start_time: HouseTime = Field(description="From when on it opens; where nothing limits that, when it was made.")
    end_time: HouseTime | None = Field(description="null: until it is revoked, or taken out of the lock.")
    words: str = Field(description="What it does.", examples=["From Tue 9 Jun, 14:00 to Fri 12 Jun, 12:00."])
    notes: list[str] = Field(description="What else should be known.")
    create_time: HouseTime
    created_by: str
    added: bool = Field(description="It was made elsewhere, and is only written down here.")
    replaces_id: Id | None = Field(description="The passcode whose times were changed by making this one.")
    password: str | None = Field(
        description="Ten digits, 4 to 12 of a passcode that a lock stores, typed at the door with # at the end; null where they "
        "were not asked for, are known to the lock alone, or mean nothing to it any more.",
        examples=["4805193276"],
    )


class ListQuery(Wire):
    """Which passcodes, and from where on."""

    limit: Annotated[int, Field(ge=1, le=500)] = 100
    before: Id | None = Field(default=None, description="The id of the last row of the page before.")
    show: Literal["alive", "ended", "all"] = "all"
    lock_id: Id | None = None


class Making(Wire):
    """What every new passcode is told."""

    lock_id: Id
    password_name: Name = Field(default="", description=_WHOM, examples=["Ms Kim, laundry"])
    note: Note = ""
    stay_id: Id | None = Field(default=None, description="The stay whose guest it is for.")
    request_id: RequestId | None = Field(default=None, description=_REQUEST)


class TimeLimited(Making):
    """From when until when. Codes last 1 to 72 hours, or to one of the next 31 check-outs of the lock, or, from 00:00 UTC on, to
    one of the 32nd to 400th; what is none of these is refused with the nearest two in `offers`."""

    start_time: HouseTime | None = Field(default=None, description="A full hour; without it the present one.")
    end_time: HouseTime
    unit: Unit | None = Field(
        default=None,
        description="Where two units can say the same times: nights and days end the codes of earlier guests with their first "
        "use, hours do not. Without it: nights for a stay's guest, hours for others.",
    )


class SingleUse(Making):
    """A code that opens once."""

    start_time: HouseTime | None = Field(default=None, description="A full hour; without it the present one.")


class Permanent(Making):
    """A code that opens until it is revoked."""


class Cyclic(Making):
    """A code for certain days of the week."""

    pattern: PatternName
    start_hour: Hour = Field(description="By the lock's clock.")
    hours: HoursADay = Field(description="How long, from the start hour on.")
    last_month: Month = Field(
        description="It holds through its end; at most eleven months ahead.", examples=["2026-09"]
    )


class ClearCode(Wire):
    """A code that ends all others of a door, and opens nothing."""

    lock_id: Id
    request_id: RequestId | None = Field(default=None, description=_REQUEST)


class Delete(Wire):
    """Which passcode, and whether a clear code is to end it."""

    password_id: Id
    with_clear_code: bool = Field(
        default=False,
        description="Make the clear code of the door; it ends this passcode, and every other made before, once it is typed there.",
    )
    request_id: RequestId | None = Field(default=None, description=_REQUEST)


class Add(Making):
    """Digits that were made elsewhere with the lock's key."""

    password: Annotated[str, StringConstraints(pattern="^[0-9]{10}$")] = Field(examples=["4805193276"])


class Update(Wire):
    """What is to be other; fields that are left out stay as they are. Other times are another passcode, which is made; one that
    the lock stores is changed there, and has only a name, a start and an end to change here."""

    password_id: Id
    password_name: Name | None = None
    note: Note | None = None
    start_time: HouseTime | None = None
    end_time: HouseTime | None = None
    pattern: PatternName | None = None
    start_hour: Hour | None = None
    hours: HoursADay | None = None
    last_month: Month | None = None
    request_id: RequestId | None = Field(default=None, description=_REQUEST)


class PasswordEnding(Wire):
    """What was begun to end a passcode, and what is true of it until the lock has said that it is dead."""

    password: OfflinePassword
    words: str
    clear_password: OfflinePassword | None = Field(description="To be typed at the door.")
    command: Command | None = Field(description="To be carried to the lock.")


class PasswordChange(Wire):
    """The passcode as it is now, and the one that replaces it where its times were changed."""

    password: OfflinePassword
    words: str = Field(description="Which of the two opens, and until when.")
    replacement: OfflinePassword | None
    command: Command | None = Field(description="To be carried to a lock that stores the passcode.")


def write(line: PasscodeLine, *, digits: str | None = None, more: tuple[str, ...] = ()) -> OfflinePassword:
    """A code for programs; `more` are sentences beside those that every such code has."""
    code, lock = line.passcode, line.passcode.lock
    return OfflinePassword(
        password_id=code.id,
        lock_id=code.lock_id,
        lock_sn=lock.serial_number,
        door_name=code.door.name,
        kind=code.kind.value,
        online=False,
        password_name=line.holder,
        note=code.note,
        stay_id=code.stay_id,
        state=line.life.value,
        confirmed=code.proof.value == "confirmed",
        start_time=code.valid_from,
        end_time=code.valid_until,
        words=words.of(line),
        notes=[*words.notes(line.permission, code.valid_until, queries.clockwork_of(lock)), *filter(None, more)],
        create_time=code.made_at,
        created_by=code.made_by,
        added=code.was_added,
        replaces_id=code.replaces_id,
        password=digits,
    )


def write_any(line: PasscodeLine | StoredLine) -> OfflinePassword:
    """A code of either sort, without its digits."""
    return write_stored(line) if isinstance(line, StoredLine) else write(line)


def write_stored(line: StoredLine, *, digits: str | None = None) -> OfflinePassword:
    """A code that a lock stores, for programs."""
    slot = line.slot
    return OfflinePassword(
        password_id=slot.id,
        lock_id=slot.lock_id,
        lock_sn=slot.lock.serial_number,
        door_name=line.door_name,
        kind="stored",
        online=True,
        password_name=slot.name,
        note="",
        stay_id=slot.stay_id,
        state=line.life.value,
        confirmed=slot.seen_at is not None,
        start_time=slot.valid_from or slot.created_at,
        end_time=slot.valid_until,
        words=stored_words.of(line),
        notes=stored_words.notes(line),
        create_time=slot.created_at,
        created_by=slot.made_by,
        added=slot.origin is not SlotOrigin.MADE_HERE,
        replaces_id=None,
        password=digits,
    )


def write_offer(choice: Choice) -> dict[str, Any]:
    """A length that can be made, as values for the request."""
    values = _Times.model_validate(
        {"start_time": choice.valid_from, "end_time": choice.valid_until, "unit": choice.kind.value}
    )
    return {**values.model_dump(mode="json", by_alias=True), "words": words.offer(choice)}


class _Times(Wire):
    start_time: HouseTime
    end_time: HouseTime
    unit: Unit


def read_month(text: str) -> date:
    """The first day of a month that is well formed."""
    return date(int(text[:4]), int(text[5:]), 1)
