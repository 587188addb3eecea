"""What is told before an act is what the act does, for every act and every sort of key."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.audit.models import AuditEntry
from pms.core import clock
from pms.core.db import db
from pms.frontdesk import consequences, fate_rules, key_tasks, service
from pms.frontdesk.consequences import Change, ChangeKind
from pms.frontdesk.fate_rules import Fate
from pms.frontdesk.key_rules import KeySort
from pms.lock_commands.models import LockCommand
from pms.rooms.models import HousekeepingStatus, Room
from pms.stays import queries as stays
from pms.stays.models import Stay, StayStep
from tests.frontdesk.held import hold_everything

STORED = (KeySort.STORED_CARD, KeySort.STORED_PASSCODE, KeySort.FINGERPRINT)


def told(**fates: Fate) -> set[tuple[KeySort, Fate]]:
    """What is expected of the card, of the code that was told, and of all that the lock stores."""
    expected = {(KeySort.CARD, fates["card"]), (KeySort.PASSCODE, fates["code"])}
    for name in ("stored", "copied"):
        if name in fates:
            expected |= {(sort, fates[name]) for sort in STORED}
    return expected


# Act (of a guest in house, from day 0 to day 2), what it needs, and what becomes of the keys.
IN_HOUSE = [
    (ChangeKind.EXTEND, {"departure_date": 4}, told(card=Fate.ENDS_EARLY, code=Fate.ENDS_EARLY, stored=Fate.CHANGED)),
    (ChangeKind.SHORTEN, {"departure_date": 1}, told(card=Fate.ENDS_LATE, code=Fate.ENDS_LATE, stored=Fate.CHANGED)),
    (
        ChangeKind.MOVE,
        {"room_id": "102"},
        told(card=Fate.LEFT, code=Fate.LEFT, stored=Fate.TAKEN_AWAY, copied=Fate.STORED),
    ),
    (
        ChangeKind.REARRANGE,
        {"room_id": "102", "arrival_date": 0, "departure_date": 3},
        told(card=Fate.LEFT, code=Fate.LEFT, stored=Fate.TAKEN_AWAY, copied=Fate.STORED),
    ),
    (
        ChangeKind.REARRANGE,
        {"room_id": "101", "arrival_date": 0, "departure_date": 3},
        told(card=Fate.ENDS_EARLY, code=Fate.ENDS_EARLY, stored=Fate.CHANGED),
    ),
    (ChangeKind.HOURS, {"departure_hour": 16}, told(card=Fate.ENDS_EARLY, code=Fate.ENDS_EARLY, stored=Fate.CHANGED)),
    (ChangeKind.HOURS, {"departure_hour": 9}, told(card=Fate.ENDS_LATE, code=Fate.ENDS_LATE, stored=Fate.CHANGED)),
    (ChangeKind.CHECK_OUT, {}, told(card=Fate.LEFT, code=Fate.LEFT, stored=Fate.TAKEN_AWAY)),
]
# The same of a guest who is expected on day 1 and leaves on day 3, with keys made ahead.
EXPECTED = [
    (ChangeKind.CANCEL, {}, told(card=Fate.LEFT, code=Fate.LEFT, stored=Fate.TAKEN_AWAY)),
    (ChangeKind.UNASSIGN, {}, told(card=Fate.LEFT, code=Fate.LEFT, stored=Fate.TAKEN_AWAY)),
    (
        ChangeKind.ASSIGN,
        {"room_id": "102"},
        told(card=Fate.LEFT, code=Fate.LEFT, stored=Fate.TAKEN_AWAY, copied=Fate.STORED),
    ),
    (
        ChangeKind.REARRANGE,
        {"room_id": "101", "arrival_date": 2, "departure_date": 3},
        told(card=Fate.BEGINS_SOON, code=Fate.BEGINS_SOON, stored=Fate.KEEPS),
    ),
    (ChangeKind.HOURS, {"arrival_hour": 9}, told(card=Fate.BEGINS_LATE, code=Fate.BEGINS_LATE, stored=Fate.KEEPS)),
    (ChangeKind.CHANGE, {"wish": 4}, told(card=Fate.ENDS_EARLY, code=Fate.ENDS_EARLY, stored=Fate.CHANGED)),
]


def change_of(desk, kind: ChangeKind, needs: dict[str, object]) -> Change:
    """The act with the rows and dates of this house."""
    values: dict[str, object] = dict(needs)
    if "room_id" in needs:
        values["room_id"] = desk.house.rooms[needs["room_id"]].id
    for name in ("arrival_date", "departure_date"):
        if name in needs:
            values[name] = desk.day(needs[name])
    if "wish" in needs:
        values["wish"] = service.Wish(
            room_type_id=desk.house.standard.id,
            room_id=None,
            arrival_date=desk.day(1),
            departure_date=desk.day(needs["wish"]),
        )
    return Change(kind=kind, **values)


def do(desk, stay_id: int, change: Change) -> None:
    """The act as the dialogs do it."""
    db.remove()
    consequences._ACTS[change.kind](change, {"stay_id": stay_id, "actor": desk.clerk, "now": clock.now()})
    db.remove()


def counted() -> tuple[int, ...]:
    """How many rows there are of what no preview may leave behind."""
    db.remove()
    counts = [
        db.session.scalar(sa.select(sa.func.count()).select_from(kind)) for kind in (StayStep, AuditEntry, LockCommand)
    ]
    versions = db.session.scalar(sa.select(sa.func.sum(Stay.version)))
    return (*counts, versions)


def plain(outcomes) -> list[tuple[object, ...]]:
    """Outcomes without the ids that an act gives to new rows."""
    rows = [(o.key.sort, o.fate, o.key.doors, o.key.ends, o.key.opens_until, o.key.again, o.key.by) for o in outcomes]
    return sorted(rows, key=str)


def dirty_rooms() -> set[int]:
    db.remove()
    return set(db.session.scalars(sa.select(Room.id).where(Room.housekeeping == HousekeepingStatus.DIRTY)))


def guest_in(desk, *, inside: bool) -> int:
    if inside:
        stay = desk.book(room="101")
        service.check_in(stay_id=stay.id, cards=0, encoder_id=None, **desk.act())
        return stay.id
    return desk.book(room="101", days=(1, 3)).id


@pytest.mark.parametrize(("inside", "cases"), [(True, IN_HOUSE), (False, EXPECTED)])
def test_every_act_tells_what_becomes_of_every_key_and_leaves_no_trace(desk, inside, cases):
    held = hold_everything(desk, guest_in(desk, inside=inside))
    before, rows = held.listed(), counted()
    for kind, needs, expected in cases:
        found = consequences.preview(stay_id=held.stay_id, change=change_of(desk, kind, needs), now=clock.now())
        assert found.refusal is None, kind
        assert {(one.key.sort, one.fate) for one in found.keys} == expected, kind
    assert counted() == rows
    assert held.listed() == before


@pytest.mark.parametrize(
    ("inside", "kind", "needs"),
    [
        (True, ChangeKind.EXTEND, {"departure_date": 4}),
        (True, ChangeKind.REARRANGE, {"room_id": "102", "arrival_date": 0, "departure_date": 3}),
        (True, ChangeKind.CHECK_OUT, {}),
        (False, ChangeKind.HOURS, {"arrival_hour": 9, "departure_hour": 16}),
        (False, ChangeKind.CANCEL, {}),
    ],
)
def test_what_was_told_is_what_happens(desk, inside, kind, needs):
    held = hold_everything(desk, guest_in(desk, inside=inside))
    change, before = change_of(desk, kind, needs), held.listed()
    found = consequences.preview(stay_id=held.stay_id, change=change, now=clock.now())
    do(desk, held.stay_id, change)
    assert plain(found.keys) == plain(fate_rules.outcomes(before, held.listed()))
    assert found.to_do == (key_tasks.of_stay(stays.get_stay(held.stay_id), now=clock.now()))
    assert (found.dirty is not None) == (desk.house.rooms["101"].id in dirty_rooms())


@pytest.mark.parametrize(
    ("kind", "needs", "expected"),
    [
        (ChangeKind.EXTEND, {"departure_date": 4}, told(card=Fate.KEEPS, code=Fate.KEEPS, stored=Fate.CHANGED)),
        (
            ChangeKind.MOVE,
            {"room_id": "102"},
            # Nobody was at 102, so its lock never hears of it; 101 is told to let go, then to store them anew.
            told(card=Fate.COUNTS_AGAIN, code=Fate.COUNTS_AGAIN, stored=Fate.NOT_MADE, copied=Fate.STORED),
        ),
        # What the lock stored was given up here, too: it is not brought back.
        (ChangeKind.CHECK_OUT, {}, told(card=Fate.COUNTS_AGAIN, code=Fate.COUNTS_AGAIN)),
    ],
)
def test_undo_tells_what_comes_back_and_what_does_not(desk, kind, needs, expected):
    held = hold_everything(desk, guest_in(desk, inside=True))
    clock.freeze(desk.now + timedelta(minutes=10))
    do(desk, held.stay_id, change_of(desk, kind, needs))
    undo = Change(kind=ChangeKind.UNDO, step_id=stays.last_step(held.stay_id).id)
    before = held.listed()
    found = consequences.preview(stay_id=held.stay_id, change=undo, now=clock.now())
    assert {(o.key.sort, o.fate) for o in found.keys} == expected
    do(desk, held.stay_id, undo)
    assert plain(found.keys) == plain(fate_rules.outcomes(before, held.listed()))
