"""Any bytes of the protocol in plain English, line by line, for installers and support. Keys never come out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from enum import IntEnum

from .card import CardBody, CardKind, GrantHeader
from .command import Command
from .encoder_line import ANSWER_BIT, Answer, EventType, LineFrame, Message, RequestType, decode_event, decode_request
from .errors import ProtocolError
from .frame import FrameHeader
from .passcode import (
    Clear,
    Cyclic,
    Days,
    Hours,
    Nights,
    Pattern,
    Permanent,
    Permission,
    Single,
    decode_permission,
)
from .record import AccessRecord, RecordMethod
from .tlv import Tag, Tlv

SECRET_TAGS = frozenset(
    (
        Tag.CREDENTIAL_CONTENT,
        Tag.DOOR_KEY,
        Tag.AREA_KEYS,
        Tag.CARD_A_KEY,
        Tag.SERVER_KEYS,
        Tag.ADMIN_PASSCODE,
    )
)
_TIME_TAGS = frozenset((Tag.NOT_BEFORE, Tag.NOT_AFTER, Tag.DO_BEFORE, Tag.CLOCK, Tag.KEEP_OLD_KEYS_UNTIL))
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MAX_NUMBER_BYTES = 6


def moment(at: int) -> str:
    """An instant in UTC."""
    if at < 0:
        return f"{-at} seconds before 1970"
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def plain(name: str) -> str:
    """A member's name as words."""
    return name.lower().replace("_", " ")


def describe_weekdays(weekdays: int) -> str:
    """The days of a bit mask."""
    if weekdays == 0x7F:
        return "every day"
    return ", ".join(day for bit, day in enumerate(_DAYS) if weekdays >> bit & 1)


def _clock_time(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def describe_header(header: GrantHeader) -> str:
    """Whom a grant addresses."""
    return f"for {plain(header.audience.name)} {header.target_id}, key version {header.version}"


def describe_body(body: CardBody) -> Iterator[str]:
    """What a card says."""
    yield f"kind: {plain(body.kind.name)}"
    issue = "denies credential" if body.kind is CardKind.DENY else "issue"
    yield f"{issue}: {body.issue}"
    yield f"valid: {moment(body.not_before)} to {moment(body.not_after)}"
    yield f"hours: {describe_weekdays(body.weekdays)}, {_clock_time(body.start_minute)} to {_clock_time(body.end_minute)}"
    yield f"credential id: {body.credential_id}"
    options = (
        (body.is_concurrent, "lives beside others"),
        (body.overrides_privacy, "overrides privacy"),
        (body.may_set_passage, "may set passage mode"),
    )
    chosen = [words for is_set, words in options if is_set]
    yield f"options: {', '.join(chosen) or 'none'}"


def describe_permission(permission: Permission) -> str:
    """What a passcode allows."""
    match permission:
        case Hours(start, hours):
            return f"opens from {moment(start)} for {hours} hours"
        case Nights(start, nights):
            return f"opens from {moment(start)} until check-out number {nights} after it"
        case Days(start, days):
            return (
                f"opens from {moment(start)} until check-out number {days} after it, when first typed in its first week"
            )
        case Single(start, index):
            return f"opens once within 24 hours from {moment(start)} (number {index} of that hour)"
        case Permanent(serial):
            return f"opens until it is revoked (serial {serial})"
        case Cyclic(pattern, start_hour, length, year, month):
            on_days = plain(Pattern(pattern).name)
            return f"opens {on_days} from {start_hour:02d}:00 local for {length} hours, through {year}-{month:02d}"
        case Clear(start):
            return f"clears the epoch when typed within 24 hours from {moment(start)}; opens nothing"


def describe_number(p: int, now: int) -> str:
    """What the number of a permission stands for."""
    try:
        return describe_permission(decode_permission(p, now))
    except ProtocolError:
        return "no permission has this number"


def describe_record(record: AccessRecord) -> str:
    """A record on one line."""
    when = moment(record.time) if record.time else "clock lost"
    by = "" if record.method is RecordMethod.NONE else f" by {plain(record.method.name)}"
    what = plain(record.event.name)
    credential = f", credential {record.credential_id}" if record.credential_id else ""
    if record.method is RecordMethod.OFFLINE_PASSCODE and record.credential_id:
        credential = f", code number {record.credential_id}: {describe_number(record.credential_id, record.time)}"
    result = plain(record.result.name) if record.result else "done"
    alarm = " ALARM" if record.is_alarm else ""
    return f"#{record.sequence}  {when}  {what}{by}: {result}{credential}; battery {record.battery} %{alarm}"


def describe_frame(header: FrameHeader) -> Iterator[str]:
    """What a carrier may see of a frame."""
    known = header.command in Command._value2member_map_
    name = plain(Command(header.command).name) if known else "unknown command"
    yield f"protocol version {header.version:02d}, {plain(header.direction.name)}, command {header.command:04X} ({name})"
    yield f"counter {header.counter}, {header.size} bytes sealed"


def describe_tlvs(items: Sequence[Tlv]) -> Iterator[str]:
    """The tags of an open frame, secret ones without their values."""
    for item in items:
        yield f"{item.tag:02X} {plain(item.tag.name)}: {_describe_value(item)}"


def _describe_value(item: Tlv) -> str:
    if item.tag in SECRET_TAGS:
        return f"({len(item.value)} secret bytes)"
    number = int.from_bytes(item.value, "big")
    if item.tag in _TIME_TAGS:
        return moment(number)
    if item.tag is Tag.FIRMWARE:
        return item.value.decode("ascii")
    return f"{item.value.hex()} ({number})" if len(item.value) <= _MAX_NUMBER_BYTES else item.value.hex()


def describe_line_frame(frame: LineFrame) -> Iterator[str]:
    """A frame of the serial line. Keys, card contents and templates stay out."""
    if frame.type in RequestType._value2member_map_:
        yield f"seq {frame.seq}, request: {plain(RequestType(frame.type).name)}"
        yield from _describe_fields(decode_request(frame.type, frame.payload))
    elif frame.type & ~ANSWER_BIT in RequestType._value2member_map_:
        yield f"seq {frame.seq}, answer to: {plain(RequestType(frame.type & ~ANSWER_BIT).name)}"
        answer = Answer.decode(frame.payload)
        yield f"status: {plain(answer.status.name)}, {len(answer.body)} bytes more"
    elif frame.type in EventType._value2member_map_:
        yield f"seq {frame.seq}, event: {plain(EventType(frame.type).name)}"
        yield from _describe_fields(decode_event(frame.type, frame.payload))
    else:
        yield f"seq {frame.seq}, unknown type {frame.type:02X}, {len(frame.payload)} bytes"


def _describe_fields(message: Message) -> Iterator[str]:
    """The fields of a message that may be shown: those that its text form shows, too."""
    for each in fields(message):  # type: ignore[arg-type]  # every message is a dataclass; the base class is not
        value = getattr(message, each.name)
        if not each.repr:
            shown = "(secret)"
        elif isinstance(value, bytes):
            shown = value.hex()
        else:
            shown = plain(value.name) if isinstance(value, IntEnum) else str(value)
        yield f"{plain(each.name)}: {shown}"
