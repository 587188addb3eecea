"""Commands, answers and reports by number (docs/protocol.md, section 4).

The values themselves are in `command_users`, `command_settings` and `command_device`; this module knows which of them
belongs to which number, and is the one to import from.
"""

from __future__ import annotations

from dataclasses import dataclass

from .command_base import AnswerStatus, Command, Operation, Payload, StoredKind, UserRole
from .command_device import (
    Alive,
    AreaKey,
    Bound,
    Deleted,
    Denied,
    Forget,
    Initialise,
    IssueFloor,
    OneRecord,
    Operate,
    ReadRecords,
    RecordPage,
)
from .command_settings import (
    AssociateModule,
    ModuleAssociated,
    RawSetting,
    ReadSettings,
    SettingsAnswer,
    SystemSettings,
    WriteSettings,
)
from .command_users import AddUser, DeleteUser, ListedUser, ListUsers, ModifyUser, UserList, WeekWindow
from .errors import MalformedError, UsageError

__all__ = [
    "ACKNOWLEDGED",
    "AddUser",
    "Alive",
    "AnswerStatus",
    "AreaKey",
    "AssociateModule",
    "Bound",
    "Command",
    "DeleteUser",
    "Deleted",
    "Denied",
    "Forget",
    "Initialise",
    "IssueFloor",
    "ListUsers",
    "ListedUser",
    "LockAnswer",
    "ModifyUser",
    "ModuleAssociated",
    "OneRecord",
    "Operate",
    "Operation",
    "Payload",
    "RawSetting",
    "ReadRecords",
    "ReadSettings",
    "RecordPage",
    "SettingsAnswer",
    "StoredKind",
    "SystemSettings",
    "UserList",
    "UserRole",
    "WeekWindow",
    "WriteSettings",
    "decode_answer",
    "decode_report",
    "decode_request",
    "encode_answer",
]

ACKNOWLEDGED = b"\0"
"""The whole content of a frame of direction 3."""

REQUESTS: dict[int, type[Payload]] = {
    kind.command: kind
    for kind in (
        AddUser,
        ModifyUser,
        DeleteUser,
        ListUsers,
        ReadSettings,
        WriteSettings,
        ReadRecords,
        Operate,
        Initialise,
        Forget,
        AssociateModule,
    )
}
REPORTS: dict[int, type[Payload]] = {
    kind.command: kind for kind in (OneRecord, Deleted, ModuleAssociated, Bound, SystemSettings, UserList, Alive)
}
ANSWERS: dict[int, type[Payload]] = {
    Command.LIST_USERS: UserList,
    Command.READ_SETTINGS: SettingsAnswer,
    Command.READ_RECORDS: RecordPage,
}


@dataclass(frozen=True, slots=True)
class LockAnswer:
    """A lock's answer: what became of the request, and what it asked for."""

    status: AnswerStatus
    body: Payload | None = None


def decode_request(command: int, plaintext: bytes, version: int = 8) -> Payload:
    """The request in the content of a frame of direction 0.

    `MalformedError` with code `unknown_command` (status 1) or `bad_tlv` (status 2).
    """
    return _decode(REQUESTS, command, plaintext, version)


def decode_report(command: int, plaintext: bytes, version: int = 8) -> Payload:
    """The report in the content of a frame of direction 2; errors as for `decode_request`."""
    return _decode(REPORTS, command, plaintext, version)


def _decode(kinds: dict[int, type[Payload]], command: int, plaintext: bytes, version: int) -> Payload:
    kind = kinds.get(command)
    if kind is None:
        raise MalformedError(f"command {command:04X} is not known here", code="unknown_command")
    return kind.decode(plaintext, version)


def encode_answer(answer: LockAnswer, version: int = 8) -> bytes:
    """The content of a frame of direction 1; `UsageError` if an answer that is not done carries anything."""
    if answer.status is not AnswerStatus.DONE and answer.body is not None:
        raise UsageError("an answer that is not done carries its status only")
    return bytes((answer.status,)) + (b"" if answer.body is None else answer.body.encode(version))


def decode_answer(command: int, plaintext: bytes, version: int = 8) -> LockAnswer:
    """The answer to a request with this command; `MalformedError` for an unknown status or content out of place."""
    if not plaintext or plaintext[0] not in AnswerStatus._value2member_map_:
        raise MalformedError("an answer begins with a known status")
    status, rest = AnswerStatus(plaintext[0]), plaintext[1:]
    kind = ANSWERS.get(command)
    if status is AnswerStatus.DONE and kind is not None:
        return LockAnswer(status, kind.decode(rest, version))
    if rest:
        raise MalformedError("this answer carries its status only")
    return LockAnswer(status)
