"""Credentials that a lock stores: commands 0100…0103 and report 0702 (docs/protocol.md, section 4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Self

from .command_base import TEMPLATE_KINDS, Command, Payload, StoredKind, UserRole, number_item
from .errors import UsageError
from .reader import check_range
from .tlv import MAX_PART, Fields, Part, Tag, Tlv, bad_tlv, split_parts

MAX_LISTED = 20
_U32 = 0xFFFF_FFFF
_LISTED_TAGS = (Tag.SLOT, Tag.CREDENTIAL_KIND, Tag.CREDENTIAL_ID, Tag.NOT_BEFORE, Tag.NOT_AFTER, Tag.ROLE)


@dataclass(frozen=True, slots=True)
class ListedUser:
    """A stored credential as a lock lists it. Times are Unix seconds."""

    slot: int
    kind: StoredKind
    credential_id: int
    not_before: int
    not_after: int
    role: UserRole = UserRole.GUEST

    def __post_init__(self) -> None:
        check_range("slot", self.slot, 0, 0xFFFF)
        check_range("credential id", self.credential_id, 0, _U32)
        check_range("not before", self.not_before, 0, _U32)
        check_range("not after", self.not_after, 0, _U32)

    def items(self) -> list[Tlv]:
        """The six tags of a listed user."""
        return [
            number_item(Tag.SLOT, self.slot, 2),
            number_item(Tag.CREDENTIAL_KIND, self.kind, 1),
            number_item(Tag.CREDENTIAL_ID, self.credential_id, 4),
            number_item(Tag.NOT_BEFORE, self.not_before, 4),
            number_item(Tag.NOT_AFTER, self.not_after, 4),
            number_item(Tag.ROLE, self.role, 1),
        ]

    @classmethod
    def take(cls, fields: Fields) -> Self:
        """Take the six tags."""
        return cls(
            fields.number(Tag.SLOT),
            StoredKind(fields.number(Tag.CREDENTIAL_KIND)),
            fields.number(Tag.CREDENTIAL_ID),
            fields.number(Tag.NOT_BEFORE),
            fields.number(Tag.NOT_AFTER),
            UserRole(fields.number(Tag.ROLE)),
        )


@dataclass(frozen=True, slots=True)
class WeekWindow:
    """Weekdays (bit 0 Monday) and local minutes of the day, as on a card; `end` ≤ `start` crosses midnight."""

    weekdays: int = 0x7F
    start: int = 0
    end: int = 1440

    def __post_init__(self) -> None:
        check_range("weekdays", self.weekdays, 1, 0x7F)
        check_range("day window start", self.start, 0, 1439)
        check_range("day window end", self.end, 1, 1440)

    def encode(self) -> bytes:
        """The value of tag 07."""
        return bytes((self.weekdays,)) + self.start.to_bytes(2, "big") + self.end.to_bytes(2, "big")

    @classmethod
    def decode(cls, value: bytes) -> Self:
        """The window in a value of tag 07 that was already checked."""
        return cls(value[0], int.from_bytes(value[1:3], "big"), int.from_bytes(value[3:5], "big"))

    def contains(self, weekday: int, minute: int) -> bool:
        """Whether a local weekday (0 Monday) and minute lie in it.

        The weekday of a window that crosses midnight is the day it began; equal ends are 24 hours.
        """
        today = bool(self.weekdays >> weekday & 1)
        if self.start < self.end:
            return today and self.start <= minute < self.end
        yesterday = bool(self.weekdays >> (weekday - 1) % 7 & 1)
        return (today and minute >= self.start) or (yesterday and minute < self.end)


@dataclass(frozen=True, slots=True)
class _UserChange(Payload):
    """A whole credential, or one part of a long one."""

    user: ListedUser
    content: bytes = field(repr=False)
    window: WeekWindow = field(default=WeekWindow())
    part: Part | None = None

    def __post_init__(self) -> None:
        if self.user.kind is StoredKind.PERMANENT_PASSCODE:
            raise UsageError("a permanent offline passcode is not stored in a lock")
        if self.part is not None and self.user.kind not in TEMPLATE_KINDS:
            raise UsageError("only templates travel in parts")
        check_range("size of the credential", len(self.content), 1, MAX_PART)

    def items(self) -> list[Tlv]:
        slot, kind, credential_id, not_before, not_after, role = self.user.items()
        part = [] if self.part is None else [Tlv(Tag.PART, self.part.encode())]
        content = Tlv(Tag.CREDENTIAL_CONTENT, self.content)
        window = Tlv(Tag.WEEK_WINDOW, self.window.encode())
        return [slot, kind, credential_id, content, not_before, not_after, window, *part, role]

    @classmethod
    def _take(cls, fields: Fields) -> Self:
        part = fields.find(Tag.PART)
        return cls(
            ListedUser.take(fields),
            fields.get(Tag.CREDENTIAL_CONTENT),
            WeekWindow.decode(fields.get(Tag.WEEK_WINDOW)),
            None if part is None else Part.decode(part),
        )

    @classmethod
    def list_for(cls, user: ListedUser, content: bytes, window: WeekWindow | None = None) -> list[Self]:
        """The requests that carry a credential: one, or for a template as many as it has parts."""
        chosen = window or WeekWindow()
        if user.kind not in TEMPLATE_KINDS:
            return [cls(user, content, chosen)]
        return [cls(user, piece, chosen, part) for piece, part in split_parts(content)]


@dataclass(frozen=True, slots=True)
class AddUser(_UserChange):
    """0100: store a credential in a free slot."""

    command: ClassVar[Command] = Command.ADD_USER


@dataclass(frozen=True, slots=True)
class ModifyUser(_UserChange):
    """0101: change the credential in a slot."""

    command: ClassVar[Command] = Command.MODIFY_USER


@dataclass(frozen=True, slots=True)
class DeleteUser(Payload):
    """0102: empty a slot, or revoke a permanent offline passcode by its serial; exactly one of the two."""

    command: ClassVar[Command] = Command.DELETE_USER
    slot: int | None = None
    permanent_serial: int | None = None

    def __post_init__(self) -> None:
        if (self.slot is None) is (self.permanent_serial is None):
            raise UsageError("either a slot or the serial of a permanent passcode is deleted")
        check_range("slot", self.slot or 0, 0, 0xFFFF)
        check_range("serial", self.permanent_serial or 0, 0, 0xFF)

    def items(self) -> list[Tlv]:
        if self.permanent_serial is None:
            return [number_item(Tag.SLOT, self.slot or 0, 2)]
        return [
            number_item(Tag.CREDENTIAL_KIND, StoredKind.PERMANENT_PASSCODE, 1),
            number_item(Tag.CREDENTIAL_ID, self.permanent_serial, 4),
        ]

    @classmethod
    def _take(cls, fields: Fields) -> Self:
        slot = fields.find_number(Tag.SLOT)
        if slot is not None:
            return cls(slot=slot)
        if fields.number(Tag.CREDENTIAL_KIND) != StoredKind.PERMANENT_PASSCODE:
            raise bad_tlv("only permanent passcodes are deleted by serial")
        return cls(permanent_serial=fields.number(Tag.CREDENTIAL_ID))


@dataclass(frozen=True, slots=True)
class ListUsers(Payload):
    """0103: at most 20 users whose slot is above `after_slot`."""

    command: ClassVar[Command] = Command.LIST_USERS
    after_slot: int = 0

    def items(self) -> list[Tlv]:
        return [number_item(Tag.SLOT, self.after_slot, 2)]

    @classmethod
    def _take(cls, fields: Fields) -> Self:
        return cls(fields.number(Tag.SLOT))


@dataclass(frozen=True, slots=True)
class UserList(Payload):
    """The answer to 0103, and report 0702."""

    command: ClassVar[Command] = Command.USERS
    users: tuple[ListedUser, ...] = ()

    def __post_init__(self) -> None:
        check_range("users in one frame", len(self.users), 0, MAX_LISTED)

    def items(self) -> list[Tlv]:
        return [item for user in self.users for item in user.items()]

    @classmethod
    def _take(cls, fields: Fields) -> Self:
        raise NotImplementedError("users come in groups; see from_items")

    @classmethod
    def from_items(cls, items: list[Tlv]) -> Self:
        """The users, each six tags that begin with the slot; `MalformedError` (`bad_tlv`) for anything else."""
        size = len(_LISTED_TAGS)
        if len(items) % size or len(items) > size * MAX_LISTED:
            raise bad_tlv("the tags do not make up whole users, or too many")
        users = []
        for at in range(0, len(items), size):
            group = items[at : at + size]
            if group[0].tag is not Tag.SLOT:
                raise bad_tlv("a user begins with its slot")
            fields = Fields(group)
            users.append(ListedUser.take(fields))
            fields.end()
        return cls(tuple(users))
