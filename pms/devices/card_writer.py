"""Make and erase guest cards so that an interruption at any instant leaves a card that is still true.

A plan is absolute: it says what each unit holds in the end, whatever it holds now, so writing it again is always safe.
The new grant of the main door goes to the slot that the caller chose (the one without the grant that is valid now), is
read back as a lock reads it, and only after everything else is written does the other slot become zero. A torn write
therefore leaves the earlier grant whole. See docs/protocol.md, section 2.4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from pms.protocol.card_layout import (
    DELIVERY_TRAILER,
    EMPTY_UNIT,
    FIRST_FURTHER_UNIT,
    MAX_UNITS,
    SLOT_A,
    SLOT_B,
    UNIT_SIZE,
    sector_trailer,
    unit_count,
)
from pms.protocol.encoder_line import KeyKind

from .card_content import (
    DELIVERY_SECTOR_KEY,
    CardContent,
    CardKeys,
    UnitReading,
    UnitState,
    read_card,
    read_units,
)
from .encoder import CardPresence, Encoder, SectorKey
from .errors import CardTooSmall, DeviceError, VerifyFailed, WriteUncertain, WrongKey

__all__ = ["CardContent", "CardKeys", "OnProgress", "Phase", "UnitState", "erase_card", "read_card", "write_card"]

Phase = Literal["writing", "checking"]
OnProgress = Callable[[Phase, int, int], None]
"""Called with the phase, how many steps of it are done, and how many there are."""

MIN_UNITS = 3


@dataclass(frozen=True, slots=True)
class _Step:
    """One write command."""

    unit: int
    content: bytes = field(repr=False)
    key: SectorKey | None
    trailer: bytes | None = field(repr=False)


def write_card(
    encoder: Encoder,
    presence: CardPresence,
    keys: CardKeys,
    units: dict[int, bytes],
    *,
    main_slot: int | None,
    on_progress: OnProgress,
    before: Sequence[UnitReading] | None = None,
) -> CardContent:
    """Put `units` (48 bytes each) on the card and read all of it back.

    A guest's card has `main_slot` 1 or 2 and any of 3…8. A card of staff (None) holds grants of two units each from unit 1:
    their second halves go first, so that a torn grant is never a valid one. Every other unit that we ever wrote becomes zero; sectors beyond the last planned one that are not ours stay
    untouched. `before` is what `read_units` has just read of this card, where the caller has it. `on_progress("writing", 0, n)` comes before the first write command: if it raises, the card is as it was.

    Before that: `CardTooSmall`, `WrongKey` (somebody else's keys in a unit that is needed), `NoCard`, `CardChanged`,
    `EncoderGone`. After it every `DeviceError` becomes `WriteUncertain`, and any other error that `on_progress` raises
    leaves the card just as uncertain. `ValueError` for a plan that makes no sense.
    """
    _check_plan(presence, units, main_slot)
    before = before or read_units(encoder, presence, keys)
    order = _staff_order(units) if main_slot is None else _guest_order(units, main_slot)
    wanted = _wanted_units(before, units, order)
    steps = [
        _write_step(presence, keys, unit, content, before[unit - 1])
        for unit, content in wanted.items()
        if not _holds(presence, keys, before[unit - 1], content)
    ]
    on_progress("writing", 0, len(steps))
    with _uncertain_from_here():
        for done, step in enumerate(steps, 1):
            encoder.write_unit(presence.uid, step.unit, step.content, step.key, step.trailer)
            if step.unit == main_slot:
                _check_as_lock(encoder, presence, keys, step)
            on_progress("writing", done, len(steps))
        after = _read_back(encoder, presence, keys, on_progress)
        for unit, content in wanted.items():
            if not _holds(presence, keys, after[unit - 1], content):
                raise VerifyFailed(f"unit {unit} does not hold what was written")
    return CardContent.of_readings(presence, after)


def erase_card(
    encoder: Encoder,
    presence: CardPresence,
    keys: CardKeys,
    *,
    on_progress: OnProgress,
    before: Sequence[UnitReading] | None = None,
) -> CardContent:
    """Zero every unit that we can write, and give the sectors of a MIFARE Classic their delivery keys back.

    Sectors under somebody else's keys stay as they are; `WrongKey` if there are no others. Progress, errors and `before`
    are as for `write_card`.
    """
    before = before or read_units(encoder, presence, keys)
    if all(reading.state is UnitState.FOREIGN_KEYS for reading in before):
        raise WrongKey("somebody else's keys guard the whole card")
    steps = [
        _erase_step(presence, unit, reading)
        for unit, reading in enumerate(before, 1)
        if not _is_erased(presence, reading) and reading.state is not UnitState.FOREIGN_KEYS
    ]
    on_progress("writing", 0, len(steps))
    with _uncertain_from_here():
        for done, step in enumerate(steps, 1):
            encoder.write_unit(presence.uid, step.unit, step.content, step.key, step.trailer)
            on_progress("writing", done, len(steps))
        after = _read_back(encoder, presence, keys, on_progress)
        for step in steps:
            if not _is_erased(presence, after[step.unit - 1]):
                raise VerifyFailed(f"unit {step.unit} is not erased")
    return CardContent.of_readings(presence, after)


def _check_plan(presence: CardPresence, units: dict[int, bytes], main_slot: int | None) -> None:
    """Refuse what could be half done: too small a medium, or a plan that is none."""
    if main_slot is None:
        is_plan = bool(units) and set(units) == set(range(1, len(units) + 1)) and len(units) % 2 == 0
    else:
        allowed = {main_slot, *range(FIRST_FURTHER_UNIT, MAX_UNITS + 1)}
        is_plan = main_slot in (SLOT_A, SLOT_B) and main_slot in units and units.keys() <= allowed
    if not is_plan:
        raise ValueError("a plan has its main slot, 1 or 2, and any of units 3 to 8; or pairs of units from 1")
    if any(len(content) != UNIT_SIZE for content in units.values()):
        raise ValueError(f"a unit has {UNIT_SIZE} bytes")
    room = unit_count(presence.medium)
    if room < MIN_UNITS or max(units) > room:
        raise CardTooSmall(f"{presence.medium.name} has {room} units, {max(MIN_UNITS, *units)} are needed")


def _guest_order(units: dict[int, bytes], main_slot: int) -> list[int]:
    """The main grant first; the slot of the earlier one last of all."""
    further = range(FIRST_FURTHER_UNIT, max(SLOT_B, *units) + 1)
    return [main_slot, *further, SLOT_A + SLOT_B - main_slot]


def _staff_order(units: dict[int, bytes]) -> list[int]:
    """Back to front: what makes a grant valid is in its first unit."""
    return sorted(units, reverse=True)


def _wanted_units(before: Sequence[UnitReading], units: dict[int, bytes], order: list[int]) -> dict[int, bytes]:
    """Unit and final content in the order of writing; `WrongKey` if one of them is somebody else's.

    What an earlier holder had beyond the units of this plan becomes zero, just before the last: it would go on opening
    doors.
    """
    leftover = [unit for unit, reading in enumerate(before, 1) if unit not in order and reading.state is UnitState.OURS]
    whole = (*order[:-1], *leftover, order[-1])
    foreign = [unit for unit in whole if before[unit - 1].state is UnitState.FOREIGN_KEYS]
    if foreign:
        raise WrongKey(f"somebody else's keys guard units {foreign}")
    return {unit: units.get(unit, EMPTY_UNIT) for unit in whole}


def _write_step(presence: CardPresence, keys: CardKeys, unit: int, content: bytes, reading: UnitReading) -> _Step:
    """Write with the key that the sector has now; the trailer only if it must become ours, or newer."""
    if not presence.medium.is_classic:
        return _Step(unit, content, None, None)
    trailer = sector_trailer(keys.key_a(presence.uid, unit), keys.key_b(presence.uid, unit), keys.version)
    return _Step(unit, content, _present_key(presence, unit, reading), None if reading.keys is keys else trailer)


def _erase_step(presence: CardPresence, unit: int, reading: UnitReading) -> _Step:
    if not presence.medium.is_classic:
        return _Step(unit, EMPTY_UNIT, None, None)
    return _Step(unit, EMPTY_UNIT, _present_key(presence, unit, reading), DELIVERY_TRAILER if reading.keys else None)


def _present_key(presence: CardPresence, unit: int, reading: UnitReading) -> SectorKey:
    """The key that may write the sector as it is now. In delivery state key B can be read, so it is no key."""
    if reading.keys is None:
        return DELIVERY_SECTOR_KEY
    return SectorKey(KeyKind.B, reading.keys.key_b(presence.uid, unit))


def _holds(presence: CardPresence, keys: CardKeys, reading: UnitReading, content: bytes) -> bool:
    """Whether a lock that has the present keys reads `content`."""
    return reading.content == content and (reading.keys is keys or not presence.medium.is_classic)


def _is_erased(presence: CardPresence, reading: UnitReading) -> bool:
    if presence.medium.is_classic:
        return reading.state is UnitState.DELIVERY and reading.content == EMPTY_UNIT
    return reading.state is UnitState.DELIVERY or reading.content == EMPTY_UNIT


def _check_as_lock(encoder: Encoder, presence: CardPresence, keys: CardKeys, step: _Step) -> None:
    """Read the main grant with key A: only then may the earlier one go."""
    key = SectorKey(KeyKind.A, keys.key_a(presence.uid, step.unit)) if presence.medium.is_classic else None
    if encoder.read_unit(presence.uid, step.unit, key) != step.content:
        raise VerifyFailed("the main grant reads back differently")


def _read_back(encoder: Encoder, presence: CardPresence, keys: CardKeys, on_progress: OnProgress) -> list[UnitReading]:
    count = unit_count(presence.medium)
    on_progress("checking", 0, count)
    return read_units(encoder, presence, keys, lambda done: on_progress("checking", done, count))


@contextmanager
def _uncertain_from_here() -> Iterator[None]:
    try:
        yield
    except DeviceError as fault:
        raise WriteUncertain(fault) from fault
