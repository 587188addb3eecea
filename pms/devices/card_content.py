"""What is on a card, read through a machine: our keys first, older versions of them, then the keys of delivery."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

from pms.protocol.card_layout import DELIVERY_KEY, EMPTY_UNIT, UNIT_SIZE, Medium, unit_count
from pms.protocol.encoder_line import KeyKind

from .encoder import CardPresence, Encoder, SectorKey
from .errors import WrongKey

KeyOf = Callable[[bytes, int], bytes]
"""The 6-byte sector key for a card's UID and a unit."""

DELIVERY_SECTOR_KEY = SectorKey(KeyKind.A, DELIVERY_KEY)

# What NXP's data sheet says that the user pages hold at delivery; the rest is zero. That of an NTAG213 begins with the
# same byte as a grant.
_NTAG_DELIVERY = {
    Medium.NTAG213: bytes.fromhex("0103a00c340300fe").ljust(UNIT_SIZE, b"\0"),
    Medium.NTAG215: bytes.fromhex("0300fe00").ljust(UNIT_SIZE, b"\0"),
    Medium.NTAG216: bytes.fromhex("0300fe00").ljust(UNIT_SIZE, b"\0"),
}


@dataclass(frozen=True, slots=True)
class CardKeys:
    """How sector keys are made under one key version, and under earlier ones. NTAG needs none, and asks for none."""

    key_a: KeyOf = field(repr=False)
    key_b: KeyOf = field(repr=False)
    version: int
    older: Sequence[CardKeys] = ()


class UnitState(StrEnum):
    """Who can use a unit: we do; nobody has yet; somebody else does."""

    OURS = "ours"
    DELIVERY = "delivery"
    FOREIGN_KEYS = "foreign_keys"


@dataclass(frozen=True, slots=True)
class UnitReading:
    """One unit as the machine sees it. `content` is None where no key fits; `keys` opened a sector of ours."""

    state: UnitState
    content: bytes | None = field(default=None, repr=False)
    keys: CardKeys | None = None


@dataclass(frozen=True, slots=True)
class CardContent:
    """All units of a card, in order from unit 1.

    `units` holds the 48 bytes as a lock reads them, None where a lock's key does not fit (on a MIFARE Classic also in
    delivery state, whatever the sector holds). `versions` tells under which key version a Classic sector was opened.
    """

    uid: bytes
    medium: Medium
    units: tuple[bytes | None, ...] = field(repr=False)
    states: tuple[UnitState, ...]
    versions: tuple[int | None, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is on it: factory-new, or erased."""
        return all(
            state is UnitState.DELIVERY or (state is UnitState.OURS and unit == EMPTY_UNIT)
            for unit, state in zip(self.units, self.states, strict=True)
        )

    @property
    def is_foreign(self) -> bool:
        """Whether somebody else's keys guard units 1 and 2, where the main door's grant has its place."""
        return UnitState.FOREIGN_KEYS in self.states[:2]

    @classmethod
    def of_readings(cls, presence: CardPresence, readings: Sequence[UnitReading]) -> CardContent:
        """The same in the form for callers who have no use for keys."""
        hidden = UnitState.DELIVERY if presence.medium.is_classic else None
        return cls(
            presence.uid,
            presence.medium,
            tuple(None if reading.state is hidden else reading.content for reading in readings),
            tuple(reading.state for reading in readings),
            tuple(reading.keys.version if reading.keys else None for reading in readings),
        )


def read_card(encoder: Encoder, presence: CardPresence, keys: CardKeys) -> CardContent:
    """All units of the card. `NoCard`, `CardChanged`, `EncoderGone`; foreign keys are a state and no error."""
    return CardContent.of_readings(presence, read_units(encoder, presence, keys))


def read_units(
    encoder: Encoder, presence: CardPresence, keys: CardKeys, on_unit: Callable[[int], None] = lambda _: None
) -> list[UnitReading]:
    """All units of the card with what is needed to write them; `on_unit` hears how many were read so far."""
    readings = []
    for unit in range(1, unit_count(presence.medium) + 1):
        readings.append(_read_unit(encoder, presence, keys, unit))
        on_unit(unit)
    return readings


def _read_unit(encoder: Encoder, presence: CardPresence, keys: CardKeys, unit: int) -> UnitReading:
    uid = presence.uid
    if not presence.medium.is_classic:
        content = encoder.read_unit(uid, unit)
        is_new = unit == 1 and content == _NTAG_DELIVERY.get(presence.medium)
        return UnitReading(UnitState.DELIVERY if is_new else UnitState.OURS, content)
    for candidate in (keys, *keys.older):
        with suppress(WrongKey):
            key = SectorKey(KeyKind.A, candidate.key_a(uid, unit))
            return UnitReading(UnitState.OURS, encoder.read_unit(uid, unit, key), candidate)
    with suppress(WrongKey):
        return UnitReading(UnitState.DELIVERY, encoder.read_unit(uid, unit, DELIVERY_SECTOR_KEY))
    return UnitReading(UnitState.FOREIGN_KEYS)
