"""Commands about the lock itself: its settings are read and written, and it is told to forget everything."""

# ruff: noqa: ARG002 - the signatures are those of `lock_commands.answers`

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pms.audit import service as audit
from pms.core.db import transaction
from pms.lock_commands import queries, rules, service
from pms.lock_commands.answers import Asker
from pms.lock_commands.models import CommandState
from pms.locks import bind_rules, scope_queries
from pms.locks import queries as lock_queries
from pms.locks import service as locks
from pms.locks.models import Lock, LockSetup
from pms.protocol.command import (
    AnswerStatus,
    Command,
    Forget,
    RawSetting,
    ReadSettings,
    SettingsAnswer,
    WriteSettings,
)
from pms.protocol.errors import ProtocolError
from pms.protocol.tlv import EXTENDED_SETTINGS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.lock_commands.models import LockCommand
    from pms.protocol.command import LockAnswer, Payload

SUBJECT = "lock"
# A time that is set must be set soon, or it is wrong.
CLOCK_MINUTES = 15
_RAW = re.compile(r"3[0-9A-D](?:[0-9A-F]{2}){1,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a lock should be set to; what is None or empty stays as it is.

    `raw` are settings as tag and value in hexadecimal. `scopes` tells the lock which scopes its door is in now.
    """

    clock: bool = False
    time_zone: int | None = None
    check_out_hour: int | None = None
    scopes: bool = False
    raw: tuple[str, ...] = ()


def read_settings(*, lock_id: int, request_id: str | None = None, actor: Actor, now: datetime) -> LockCommand:
    """Ask a lock for all settings that it has (0200). NotSetUp."""
    with transaction():
        earlier = _earlier(request_id)
        if earlier is not None:
            return earlier
        lock = _ready(lock_id)
        _record(lock, "locks.settings_asked", actor, now)
        return _queue(lock, ReadSettings(), request_id, actor, now)


def write_settings(
    *, lock_id: int, wanted: Wanted, request_id: str | None = None, actor: Actor, now: datetime
) -> LockCommand:
    """Order other settings (0201). NotSetUp, NothingToSet, BadSetting, SettingTwice, ExtendedOnSeven."""
    with transaction():
        earlier = _earlier(request_id)
        if earlier is not None:
            return earlier
        lock = _ready(lock_id)
        raw = _raw(wanted.raw, lock)
        numbers = _scopes(lock) if wanted.scopes else None
        payload = WriteSettings(
            clock=int(now.timestamp()) if wanted.clock else None,
            time_zone=wanted.time_zone,
            checkout_hour=wanted.check_out_hour,
            scopes=None if numbers is None else tuple(numbers),
            raw=raw,
        )
        if payload == WriteSettings():
            raise bind_rules.NothingToSet
        details: dict[str, Any] = {"settings": [setting.to_text() for setting in raw]} if raw else {}
        details |= {"clock": True} if wanted.clock else {}
        details |= {"time_zone": wanted.time_zone} if wanted.time_zone is not None else {}
        details |= {"check_out_hour": wanted.check_out_hour} if wanted.check_out_hour is not None else {}
        details |= {"scopes": numbers} if numbers is not None else {}
        _record(lock, "locks.settings_ordered", actor, now, details)
        until = now + timedelta(minutes=CLOCK_MINUTES) if wanted.clock else None
        return _queue(lock, payload, request_id, actor, now, details=details, expires_at=until)


def forget(*, lock_id: int, request_id: str | None = None, actor: Actor, now: datetime) -> LockCommand:
    """Order a lock to wipe its keys and all that is stored in it (0501). NotSetUp.

    Asked once more while the order waits, it is the same order.
    """
    with transaction():
        lock = _ready(lock_id)
        waiting = queries.find_open(lock_id, Command.FORGET)
        earlier = _earlier(request_id) or waiting
        if earlier is not None:
            return earlier
        _record(lock, "locks.forget_ordered", actor, now)
        return _queue(lock, Forget(), request_id, actor, now)


class LockAsker(Asker):
    """Writes into the lock's row what it answered."""

    def unwanted(self, commands: Sequence[LockCommand], now: datetime) -> Collection[int]:
        """Orders of which a later one in the line says all anew; what went out may have been done, and is waited for."""
        writes = [command for command in commands if command.command == Command.WRITE_SETTINGS]
        return [
            earlier.id
            for earlier in writes
            if earlier.state is CommandState.MADE
            and any(
                later.lock_id == earlier.lock_id
                and later.id > earlier.id
                and rules.says_all_of(later.details or {}, earlier.details or {})
                for later in writes
            )
        ]

    def answered(self, command: LockCommand, answer: LockAnswer, actor: Actor, now: datetime) -> None:
        """What the lock said, once. A refusal changes nothing at the lock, and stands in the outbox."""
        if answer.status is not AnswerStatus.DONE:
            return
        asked_at = command.sent_at or command.created_at
        if isinstance(answer.body, SettingsAnswer):
            locks.note_settings(lock_id=command.lock_id, said=answer.body, asked_at=asked_at, actor=actor, now=now)
        elif command.command == Command.WRITE_SETTINGS:
            locks.note_written(
                lock_id=command.lock_id, asked=command.details or {}, asked_at=asked_at, actor=actor, now=now
            )
        elif command.command == Command.FORGET:
            locks.note_deleted(lock_id=command.lock_id, actor=actor, now=now)


def _earlier(request_id: str | None) -> LockCommand | None:
    found = queries.of_request(request_id) if request_id is not None else []
    return found[0] if found else None


def _ready(lock_id: int) -> Lock:
    lock = lock_queries.get_lock(lock_id)
    if lock.setup is not LockSetup.READY or lock.server_keys is None:
        raise bind_rules.NotSetUp(lock=lock.name)
    return lock


def _scopes(lock: Lock) -> list[int]:
    door = lock_queries.door_of_lock(lock.id)
    return sorted(scope.number for scope in scope_queries.scopes_of_door(door)) if door is not None else []


def _raw(texts: Sequence[str], lock: Lock) -> tuple[RawSetting, ...]:
    found: dict[int, RawSetting] = {}
    for text in texts:
        setting = _setting(text)
        tag = f"{setting.tag:02X}"
        if lock.protocol_version < 8 and setting.tag in EXTENDED_SETTINGS:
            raise bind_rules.ExtendedOnSeven(lock=lock.name, tag=tag)
        if setting.tag in found:
            raise bind_rules.SettingTwice(tag=tag)
        found[setting.tag] = setting
    return tuple(found[tag] for tag in sorted(found))


def _setting(text: str) -> RawSetting:
    digits = text.strip().upper()
    try:
        if _RAW.fullmatch(digits):
            return RawSetting.from_text(digits)
    except ProtocolError:
        pass
    raise bind_rules.BadSetting(text=text[:20])


def _queue(
    lock: Lock,
    payload: Payload,
    request_id: str | None,
    actor: Actor,
    now: datetime,
    details: dict[str, Any] | None = None,
    expires_at: datetime | None = None,
) -> LockCommand:
    (command,) = service.queue(
        lock_id=lock.id,
        payloads=[payload],
        subject_kind=SUBJECT,
        subject_id=lock.id,
        details=details,
        expires_at=expires_at,
        request_id=request_id,
        actor=actor,
        now=now,
    )
    return command


def _record(lock: Lock, action: str, actor: Actor, now: datetime, after: dict[str, Any] | None = None) -> None:
    audit.record(
        actor=actor,
        action=action,
        subject=audit.Subject(kind="lock", id=lock.id, label=lock.name, lock_id=lock.id),
        now=now,
        after=after,
    )
