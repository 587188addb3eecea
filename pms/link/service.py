"""What the server does with the line to its carriers: takes what comes up it, says what goes down, knows who is there.

No socket is known here. Whoever holds one calls these, and sends what they return once they have returned: by then it is stored.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pms.access_records import service as records
from pms.core.db import transaction
from pms.gateways import queries as gateway_queries
from pms.gateways import service as gateways
from pms.link.rules import Message
from pms.lock_commands import rules as command_rules
from pms.lock_commands import service as lock_commands
from pms.protocol.errors import MalformedError
from pms.protocol.frame import Direction, peek_header
from pms.protocol.topics import FrameTopic, Way

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from pms.access_records.service import Taken
    from pms.lock_commands.service import Outgoing
    from pms.protocol.topics import CarrierName, CarrierState

_log = logging.getLogger("pms.link")


def take(*, messages: Sequence[Message], now: datetime) -> list[Message]:
    """A batch of frames from carriers, each judged, stored and answered once; what goes back at once.

    That is an acknowledgement for each genuine report, by the way it came, also if it comes again; and the next command of
    each lock that has answered, by the lock's own way. What does not verify, or comes from a carrier that the house does not
    have, is dropped, and only its topic is logged.

    A genuine frame is taken whichever carrier of the house brings it: the frame proves the lock, and a lock that was moved
    is heard by the gateway that is near. But only the gateway that it hangs on, and its own module, are called its way.
    """
    with transaction():
        known = gateway_queries.known_carriers({message.topic.carrier for message in messages})
        believed = [message for message in messages if _is_from(known, message)]
        taken = records.take_frames(
            brought=[records.Brought(message.topic.lock, message.payload) for message in believed], now=now
        )
        genuine = [(message, one) for message, one in zip(believed, taken, strict=True) if one is not None]
        for message, one in zip(believed, taken, strict=True):
            if one is None:
                _log_dropped(message)
        _note_heard(genuine, now)
        answered = {one.lock_id for message, one in genuine if one.is_new and _is_answer(message)}
        back = [_acknowledgement(message, one.acknowledgement) for message, one in genuine if one.acknowledgement]
        return back + _outgoing(lock_commands.claim(lock_ids=answered, now=now) if answered else [])


def _is_from(known: set[CarrierName], message: Message) -> bool:
    if message.topic.way is Way.UP and message.topic.carrier in known:
        return True
    _log_dropped(message)
    return False


def _log_dropped(message: Message) -> None:
    _log.warning("a frame was dropped: %s", message.topic.text("…"))


def _is_answer(message: Message) -> bool:
    try:
        return peek_header(message.payload).direction is Direction.ANSWER
    except MalformedError:
        return False


def _note_heard(genuine: Sequence[tuple[Message, Taken]], now: datetime) -> None:
    """Whose locks these are is there; and a lock that is heard of itself need not wait for the pause before the next send."""
    brought = {(one.lock_id, message.topic.carrier) for message, one in genuine if one.is_new}
    own = gateway_queries.own_carriers({lock_id for lock_id, _carrier in brought})
    gateways.note_carried(
        carriers={carrier for lock_id, carrier in brought if carrier in own.get(lock_id, ())}, now=now
    )
    reported = {one.lock_id for message, one in genuine if one.is_new and not _is_answer(message)}
    if reported:
        lock_commands.send_soon(lock_ids=reported, now=now)


def _acknowledgement(message: Message, frame: bytes) -> Message:
    return Message(FrameTopic(message.topic.carrier, message.topic.lock, Way.DOWN), frame, command_rules.USEFUL_AT_MOST)


def due(*, now: datetime, limit: int = 50) -> list[Message]:
    """Commands whose frames go out (again) now, to locks whose carrier is on the broker.

    Claimed by moving their next time on, so that of several processes one sends each. A frame that is lost after this is sent
    again when its pause is over.
    """
    return _outgoing(lock_commands.claim(limit=limit, now=now))


def _outgoing(claimed: Sequence[Outgoing]) -> list[Message]:
    return [Message(FrameTopic(one.carrier, one.serial_number, Way.DOWN), one.frame, one.useful_for) for one in claimed]


def note_state(*, carrier: CarrierName, state: CarrierState, now: datetime) -> None:
    """The carrier says that it is there, or its will says that it is not.

    When it comes, or comes back, what was sent to its locks and not answered is due at once. Of carriers that the house does
    not have nothing is noted.
    """
    with transaction():
        if state.is_online:
            lock_commands.make_due(lock_ids=gateway_queries.locks_behind(carrier), now=now)
        if not gateways.note_state(carrier=carrier, state=state, now=now):
            _log.warning("a carrier that is not of this house says that it is there: %s %s", carrier.sort, carrier.id)


def note_silence(*, but: Collection[CarrierName], now: datetime) -> None:
    """After a fresh connection to the broker: carriers whose state the broker does not hold are not there."""
    gateways.note_silence(but=but, now=now)
