"""All keys of some stays, of every sort, as `key_rules` sees them: what opens now, for whom, until when.

The number of queries does not depend on how many stays there are.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from pms.frontdesk import key_rules
from pms.frontdesk.key_rules import Key, KeySort, Stance
from pms.keycards import queries as keycards
from pms.keycards import wanted
from pms.keycards.models import CardState, Proof
from pms.keycards.rules import MakeAgain
from pms.locks import reach
from pms.passcodes import queries as passcodes
from pms.passcodes import rules as passcode_rules
from pms.passcodes.models import PasscodeProof
from pms.properties import queries as properties
from pms.slots import queries as slots
from pms.slots import rules as slot_rules
from pms.stays import rules as stay_rules
from pms.stays.models import StayState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pms.keycards.queries import KeyLine
    from pms.passcodes.queries import PasscodeLine
    from pms.properties.models import Property
    from pms.slots.models import ListedSlot, Slot
    from pms.stays.models import Stay


def of_stay(stay: Stay, *, now: datetime) -> list[Key]:
    """The keys of one stay: cards, codes, what locks store."""
    return of_stays([stay], now=now)[stay.id]


def of_stays(stays: Sequence[Stay], *, now: datetime) -> dict[int, list[Key]]:
    """The keys of each of these stays, which are loaded with their room."""
    house = properties.get_property()
    by_id = {stay.id: stay for stay in stays}
    found: dict[int, list[Key]] = {stay_id: [] for stay_id in by_id}
    for stay_id, lines in _grouped(keycards.lines_of_stays(by_id, now=now)).items():
        found[stay_id] += _cards(lines, by_id[stay_id], house, now)
    for stay_id, codes in _grouped_codes(passcodes.alive_of_stays(by_id, now=now)).items():
        found[stay_id] += _codes(codes, by_id[stay_id], house, now)
    for stay_id, stored in _stored(by_id, now).items():
        found[stay_id] += stored
    return found


def _grouped(lines: Sequence[KeyLine]) -> dict[int, list[KeyLine]]:
    groups = defaultdict(list)
    for line in lines:
        groups[line.card.stay_id].append(line)
    return groups


def _grouped_codes(lines: Sequence[PasscodeLine]) -> dict[int, list[PasscodeLine]]:
    groups = defaultdict(list)
    for line in lines:
        groups[line.passcode.stay_id or 0].append(line)
    return groups


def _cards(lines: Sequence[KeyLine], stay: Stay, house: Property, now: datetime) -> list[Key]:
    begins, leaves = wanted.beginning(stay, now), stay_rules.leaves_at(stay, house)
    found = []
    for line in lines:
        card = line.card
        was_written = card.uid is not None or card.proof is Proof.UNKNOWN
        stance = key_rules.stance_of_card(line.state, was_written=was_written)
        if stance is Stance.GONE and line.again is None:
            continue
        found.append(
            Key(
                sort=KeySort.CARD,
                id=card.id,
                doors=tuple(line.opening_doors if line.denials else line.doors),
                is_denied=bool(line.denials),
                stance=stance,
                opens_until=None if card.state is CardState.RESERVED else line.opens_until,
                ends=card.valid_until,
                again=line.again,
                by=key_rules.card_by(line.again, ends=card.valid_until, begins=begins, leaves=leaves),
                is_proved=card.proof is Proof.CONFIRMED,
            )
        )
    return _numbered(found)


def _codes(lines: Sequence[PasscodeLine], stay: Stay, house: Property, now: datetime) -> list[Key]:
    # Codes begin with full hours.
    arrives = passcode_rules.full_hour(stay_rules.may_enter_at(stay, house))
    leaves = stay_rules.leaves_at(stay, house)
    is_wanted = stay.state in (StayState.CONFIRMED, StayState.IN_HOUSE)
    ends: dict[int, list[datetime]] = {}
    for line in lines:
        code = line.passcode
        if code.ended_at is None and code.valid_until is not None:
            ends.setdefault(code.door_id, []).append(code.valid_until)
    found = []
    for line in lines:
        code = line.passcode
        stance = key_rules.stance_of_code(line.life, is_wanted=is_wanted)
        again = None
        if stance is Stance.OPENS and code.door.room_id == stay.room_id:
            again = key_rules.code_need(
                begins=code.valid_from,
                ends=code.valid_until,
                arrives=now if stay.state is StayState.IN_HOUSE else arrives,
                leaves=leaves,
                now=now,
                reaches=max(ends.get(code.door_id, []), default=None),
            )
        found.append(
            Key(
                sort=KeySort.PASSCODE,
                id=code.id,
                doors=(code.door.name,),
                stance=stance,
                opens_until=line.opens_until,
                ends=code.valid_until,
                again=again,
                by=code.valid_until if again is MakeAgain.TOO_SHORT else None,
                is_proved=code.proof is PasscodeProof.CONFIRMED,
            )
        )
    return found


def _stored(stays: dict[int, Stay], now: datetime) -> dict[int, list[Key]]:
    rows = slots.of_stays(stays)
    lock_ids = {row.lock_id for row in rows}
    listed = slots.listed_in(lock_ids)
    reached = {lock_id for lock_id, way in reach.of_locks(lock_ids=lock_ids, now=now).items() if way.is_online}
    found = defaultdict(list)
    for row in rows:
        its = listed.get((row.lock_id, row.number or 0))
        if its is not None and its.credential_id != row.credential_id:
            its = None
        found[row.stay_id or 0].append(_slot(row, its, is_reached=row.lock_id in reached))
    return found


def _slot(row: Slot, listed: ListedSlot | None, *, is_reached: bool) -> Key:
    stance = key_rules.stance_of_slot(row.state, is_sent=row.is_sent, is_listed=listed is not None)
    there = listed.valid_until if listed is not None else None
    again = None
    if row.state in slot_rules.WANTED:
        again = key_rules.slot_need(wanted=row.valid_until, listed=there, is_listed=listed is not None)
    may_open = stance in key_rules.MAY_OPEN
    return Key(
        sort=key_rules.SORT_OF_SLOT[row.kind],
        id=row.id,
        doors=(row.door.name if row.door is not None else row.lock.name,),
        stance=stance,
        opens_until=(there if listed is not None else row.valid_until) if may_open else None,
        ends=row.valid_until,
        again=again,
        by=key_rules.slot_by(again, wanted=row.valid_until, listed=there),
        is_reached=is_reached,
        is_proved=listed is not None,
        status=row.status,
    )


def _numbered(cards: list[Key]) -> list[Key]:
    """Cards that count are called "1 of 2" in the order in which they were made."""
    live = [card.id for card in cards if card.counts]
    return [replace(card, number=live.index(card.id) + 1, of=len(live)) if card.id in live else card for card in cards]
