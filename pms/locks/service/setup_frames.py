"""The frame that sets a lock up (0500): what it says, and what the lock answers."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from pms.locks import closed_cards, lock_keys, rules, scope_queries
from pms.properties import queries as properties
from pms.protocol.card import Audience
from pms.protocol.command import (
    AnswerStatus,
    AreaKey,
    Command,
    Denied,
    Initialise,
    IssueFloor,
    decode_answer,
    decode_request,
)
from pms.protocol.errors import ProtocolError, TamperedError
from pms.protocol.frame import Direction, Frame, open_frame, peek_header, seal_frame
from pms.protocol.session import next_server_counter

if TYPE_CHECKING:
    from datetime import datetime

    from pms.locks.models import Door, Lock

SCOPE = Audience.SCOPE


def new_frame(lock: Lock, door: Door, *, is_factory_new: bool, now: datetime) -> bytes:
    """A frame with new keys, which are noted as pending; under `K_bind` for a lock in its factory state."""
    key = lock_keys.bind_key_of(lock) if is_factory_new else lock_keys.command_key_of(lock)
    lock.pending_server_keys = f"{secrets.randbelow(10**16):016d}"
    lock.new_admin_code = f"{secrets.randbelow(10**8):08d}"
    epoch = rules.first_epoch(lock.code_epoch)
    content = _content(door, lock.pending_server_keys, lock.new_admin_code, epoch, now)
    lock.server_counter = next_server_counter(lock.server_counter, int(now.timestamp() * 1000))
    version = lock.protocol_version
    return seal_frame(
        key,
        lock_keys.serial_of(lock),
        Frame(version, Command.INITIALISE, Direction.REQUEST, lock.server_counter, content.encode(version)),
    )


def _content(door: Door, server_keys: str, admin_passcode: str, epoch: int, now: datetime) -> Initialise:
    """All that a lock must know of its door; also what a lock before it had learnt, so that no dead card revives."""
    house, site_key = properties.get_property(), properties.get_site_key()
    scopes = scope_queries.scopes_of_door(door)
    issue = closed_cards.issue_floor(door_id=door.id, now=now)
    issues = [IssueFloor(Audience.DOOR, door.number, issue)] if issue is not None else []
    issues += [IssueFloor(SCOPE, scope.number, scope.issue) for scope in scopes]
    return Initialise(
        server_keys=server_keys,
        admin_passcode=admin_passcode,
        door_id=door.number,
        key_version=site_key.key_version,
        door_key=lock_keys.door_key(site_key, door),
        areas=(AreaKey(door.area.number, lock_keys.area_key(site_key, door.area)),) if door.area else (),
        card_a_key=lock_keys.card_keys(site_key).a,
        staff_public_key=site_key.pk_staff,
        clock=int(now.timestamp()),
        time_zone=rules.utc_offset_quarters(now, house.zone),
        checkout_hour=house.check_out_hour,
        epoch=epoch,
        scopes=tuple(scope.number for scope in scopes),
        issues=tuple(issues),
        denied=tuple(
            Denied(card.credential_id, int(card.until.timestamp()))
            for card in closed_cards.denied_cards(door_id=door.id, now=now)
        ),
    )


def read_answer(lock: Lock, frame: bytes, answer: bytes) -> AnswerStatus:
    """What the lock said; AnswerNotGenuine for anything but its answer to this very frame."""
    counter = peek_header(frame).counter
    try:
        opened = _open(lock, answer)
        if (opened.command, opened.direction, opened.counter) == (Command.INITIALISE, Direction.ANSWER, counter):
            return decode_answer(opened.command, opened.plaintext, opened.version).status
    except ProtocolError as error:
        raise rules.AnswerNotGenuine from error
    raise rules.AnswerNotGenuine


def _open(lock: Lock, data: bytes) -> Frame:
    """A frame of a setup under way: an answer is sealed with the key of its request, and that was one of two."""
    if lock.server_keys is not None:
        try:
            return open_frame(lock_keys.command_key_of(lock), lock_keys.serial_of(lock), data)
        except TamperedError:
            pass
    return open_frame(lock_keys.bind_key_of(lock), lock_keys.serial_of(lock), data)


def was_factory_new(lock: Lock) -> bool:
    """Whether the frame on its way is one that only an unbound lock takes."""
    if lock.server_keys is None:
        return True
    try:
        open_frame(lock_keys.command_key_of(lock), lock_keys.serial_of(lock), lock.setup_frame or b"")
    except TamperedError:
        return True
    return False


def told_by(lock: Lock) -> Initialise:
    """What the frame on its way told the lock."""
    opened = _open(lock, lock.setup_frame or b"")
    told = decode_request(opened.command, opened.plaintext, opened.version)
    if not isinstance(told, Initialise):
        raise TypeError("a setup frame without a setup")
    return told
