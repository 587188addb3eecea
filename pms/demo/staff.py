"""Staff cards of the demo hotel: who works when, what they hold, and the one that was lost yesterday."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pms.accounts import queries as accounts
from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.core.weeks import Window
from pms.locks import queries as locks
from pms.locks import scope_queries
from pms.locks import service as lock_service
from pms.locks.models import ScopeKind
from pms.staffcards import queries, service
from pms.staffcards.models import StaffCardKind
from pms.staffcards.rules import LostAnswer

if TYPE_CHECKING:
    from datetime import datetime

    from pms.demo.keys import Hands

_EARLY, _LATE = Window(0b0011111, 6 * 60, 14 * 60 + 30), Window(0b1111111, 14 * 60, 22 * 60 + 30)
_NIGHT = Window(0b1111111, 22 * 60, 6 * 60 + 30)
_PORTER = "Ben Adler, night porter"


def make_sections(actor: Actor, now: datetime) -> None:
    """Before the locks are set up, so that they know them."""
    commons = [door.id for door in locks.list_doors() if door.room_id is None]
    lock_service.create_section(name="Common doors", door_ids=commons, actor=actor, now=now)


def hand_out(hands: Hands) -> None:
    """Shifts, and the first cards of everybody."""
    boss = _boss()
    with transaction():
        for name, window in (("Early", _EARLY), ("Late", _LATE), ("Night", _NIGHT)):
            service.create_shift(name=name, window=window, actor=boss, now=clock.now())
    floors = _scopes(ScopeKind.FLOOR)
    everything, section = _scopes(ScopeKind.ALL), _scopes(ScopeKind.SECTION)
    _make(hands, boss, "housekeeper", floors[:2], 60, window=_EARLY, shift_name="Early")
    _make(hands, boss, "technician", everything, 75)
    _make(hands, boss, "Safe at the desk", everything, 30, kind=StaffCardKind.EMERGENCY)
    _make(hands, boss, "Laundry, Ms Kim", section, 13, window=_EARLY, shift_name="Early")
    _make(hands, boss, _PORTER, floors[:1], 60, window=_NIGHT, shift_name="Night")


def lose_one(hands: Hands) -> None:
    """The night porter's card is gone; the deny card has been to half of its doors."""
    boss, now = _boss(), clock.now()
    lost = next(line.card.id for line in queries.live_and_lost(now) if line.holder == _PORTER)
    batch_id = service.report_lost(
        card_id=lost,
        answer=LostAnswer.BOTH,
        encoder_id=hands.encoder_id,
        request_id=str(uuid.uuid4()),
        actor=boss,
        now=now,
    )
    deny, _new = (hands.work(name) for name in ("Deny card", _PORTER) if batch_id)
    doors = [one.door.lock.serial_number for one in queries.get_line(lost, now=now).left if one.door.lock]
    db.remove()
    for serial_number in doors[: len(doors) // 2]:
        hands.hold(serial_number, deny)


def _make(hands: Hands, boss: Actor, who: str, scope_ids: list[int], days: int, **options: Any) -> None:
    account = accounts.find_account_by_username(who)
    name = account.display_name if account is not None else who
    service.make(
        kind=options.pop("kind", StaffCardKind.STAFF),
        account_id=account.id if account is not None else None,
        holder_name=who,
        scope_ids=scope_ids,
        window=options.pop("window", Window()),
        last_day=(clock.now() + timedelta(days=days)).date(),
        encoder_id=hands.encoder_id,
        request_id=str(uuid.uuid4()),
        actor=boss,
        now=clock.now(),
        **options,
    )
    hands.work(name)


def _scopes(kind: ScopeKind) -> list[int]:
    return [row.scope.id for row in scope_queries.list_scopes() if row.scope.kind is kind]


def _boss() -> Actor:
    manager = accounts.find_account_by_username("manager")
    if manager is None:
        raise RuntimeError("nobody manages the demo hotel")
    return Actor(kind="account", name=manager.display_name, account_id=manager.id, address="127.0.0.1")
