"""Cards made of software that behave as the chips do: MIFARE Classic with sectors, keys and access conditions; NTAG.

A card is used by the machine that it lies on and by the lock that it is held to, from different threads: every access
takes the card's lock. Sources: NXP data sheets MF1S50yyX (sections 8.6 and 8.7) and NTAG213/215/216.
"""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from threading import RLock
from typing import ClassVar

from pms.protocol.card_layout import DELIVERY_TRAILER, MAX_UNITS, Medium, unit_count, unit_place
from pms.protocol.encoder_line import KeyKind

KeyOf = Callable[[bytes, int], bytes]


class CardRefused(Exception):
    """The card answered with a NAK: no such place, or the access conditions forbid it."""


class KeyRefused(CardRefused):
    """The key does not open the sector."""


class CardTorn(CardRefused):
    """The card left the field in the middle of a write: some bytes of the row are new, the rest is as it was."""


class SimulatedCard(ABC):
    """A card: UID, medium and memory. `row_size` is what one write command writes: a block or a page."""

    row_size: ClassVar[int]
    tear_after: int | None = None
    """A fault: after so many more bytes have been written the card is torn away (`CardTorn`), once."""

    def __init__(self, uid: bytes, medium: Medium, memory: bytes) -> None:
        self.uid = uid
        self.medium = medium
        self._memory = bytearray(memory)
        self._lock = RLock()

    @staticmethod
    def blank(medium: Medium, uid: bytes | None = None) -> SimulatedCard:
        """A card as it leaves the factory; the UID is random unless given (Classic 4 or 7 bytes, NTAG 7)."""
        if medium.is_classic:
            uid = _random_classic_uid() if uid is None else uid
            return ClassicCard(uid, medium, _new_classic_memory(uid, medium))
        if not medium.is_ntag:
            raise ValueError(f"there is no simulated {medium.name}")
        uid = b"\x04" + secrets.token_bytes(6) if uid is None else uid
        return NtagCard(uid, medium, _new_ntag_memory(uid, medium))

    @staticmethod
    def from_json(values: Mapping[str, str]) -> SimulatedCard:
        """The card that `to_json` described. `ValueError` or `KeyError` if it is none."""
        medium = Medium[values["medium"]]
        uid, memory = bytes.fromhex(values["uid"]), bytes.fromhex(values["memory"])
        sizes = _CLASSIC_SIZES if medium.is_classic else _NTAG_SIZES
        if medium not in sizes or len(memory) != sizes[medium]:
            raise ValueError(f"{len(memory)} bytes are not the memory of a {medium.name}")
        return (ClassicCard if medium.is_classic else NtagCard)(uid, medium, memory)

    def to_json(self) -> dict[str, str]:
        """All that the card is: `uid`, `medium`, `memory` (hex)."""
        with self._lock:
            return {"uid": self.uid.hex(), "medium": self.medium.name, "memory": self._memory.hex()}

    def read_units(self, key_a: KeyOf | None = None) -> list[bytes | None]:
        """The units as a lock reads them: with sector key A on a Classic, None where it does not fit or is not given."""
        return [self._unit_for_lock(unit, key_a) for unit in range(1, min(unit_count(self.medium), MAX_UNITS) + 1)]

    def unit_rows(self, unit: int) -> range:
        """The blocks or pages of a unit; `CardRefused` if the card has no such unit."""
        if not 1 <= unit <= unit_count(self.medium):
            raise CardRefused(f"no unit {unit}")
        place = unit_place(self.medium, unit)
        return range(place.first, place.last + 1)

    def read_unit(self, unit: int, kind: KeyKind, key: bytes) -> bytes:
        """The 48 bytes of a unit; `KeyRefused` or `CardRefused`."""
        with self._lock:
            return b"".join(self.read_row(row, kind, key) for row in self.unit_rows(unit))

    @abstractmethod
    def read_row(self, row: int, kind: KeyKind, key: bytes) -> bytes:
        """One block or page; `KeyRefused` or `CardRefused`."""

    @abstractmethod
    def write_row(self, row: int, kind: KeyKind, key: bytes, content: bytes) -> None:
        """Write one block or page; `KeyRefused` or `CardRefused`."""

    def _unit_for_lock(self, unit: int, key_a: KeyOf | None) -> bytes | None:
        if self.medium.is_classic and key_a is None:
            return None
        key = key_a(self.uid, unit) if self.medium.is_classic and key_a else b""
        try:
            return self.read_unit(unit, KeyKind.A if self.medium.is_classic else KeyKind.NONE, key)
        except CardRefused:
            return None

    def _store(self, at: int, content: bytes) -> None:
        """Let bytes reach the memory; the lock is held."""
        left = self.tear_after
        if left is not None and left < len(content):
            self._memory[at : at + left] = content[:left]
            self.tear_after = None
            raise CardTorn(f"torn away after {left} bytes")
        if left is not None:
            self.tear_after = left - len(content)
        self._memory[at : at + len(content)] = content

    def _row(self, row: int) -> slice:
        if not 0 <= row < len(self._memory) // self.row_size:
            raise CardRefused(f"no row {row}")
        return slice(row * self.row_size, (row + 1) * self.row_size)


# --- MIFARE Classic. Conditions are C1C2C3 as a number; the words say which of keys A and B may.

_CLASSIC_SIZES = {Medium.CLASSIC_1K: 1024, Medium.CLASSIC_4K: 4096}
_READ_DATA = ("AB", "AB", "AB", "B", "AB", "B", "AB", "")
_WRITE_DATA = ("AB", "", "", "B", "B", "", "B", "")
_WRITE_KEY_A = ("A", "A", "", "B", "B", "", "", "")
_WRITE_ACCESS = ("", "A", "", "B", "", "B", "", "")
_WRITE_KEY_B = ("A", "A", "", "B", "B", "", "", "")
# Where key B can be read it is data and no key.
_KEY_B_IS_DATA = (0, 1, 2)
_TRAILER = 3


class ClassicCard(SimulatedCard):
    """MIFARE Classic: every access proves a key of its sector first.

    Access bytes whose inverted copies disagree end the sector: nothing opens it any more, as on the chip.
    """

    row_size = 16

    def read_row(self, row: int, kind: KeyKind, key: bytes) -> bytes:
        with self._lock:
            place, conditions = self._row(row), self._open(row, kind, key)
            group = _group(row)
            if group == _TRAILER:
                trailer = bytes(self._memory[place])
                key_b = trailer[10:] if conditions[_TRAILER] in _KEY_B_IS_DATA and kind is KeyKind.A else bytes(6)
                return bytes(6) + trailer[6:10] + key_b
            if kind.name not in _READ_DATA[conditions[group]]:
                raise CardRefused(f"key {kind.name} may not read block {row}")
            return bytes(self._memory[place])

    def write_row(self, row: int, kind: KeyKind, key: bytes, content: bytes) -> None:
        with self._lock:
            place, conditions = self._row(row), self._open(row, kind, key)
            if row == 0 or len(content) != self.row_size:
                raise CardRefused(f"block {row} does not take {len(content)} bytes")
            group = _group(row)
            if group == _TRAILER:
                self._write_trailer(place.start, kind.name, conditions[_TRAILER], content)
            elif kind.name in _WRITE_DATA[conditions[group]]:
                self._store(place.start, content)
            else:
                raise CardRefused(f"key {kind.name} may not write block {row}")

    def _write_trailer(self, at: int, kind: str, condition: int, content: bytes) -> None:
        parts = ((0, 6, _WRITE_KEY_A), (6, 10, _WRITE_ACCESS), (10, 16, _WRITE_KEY_B))
        allowed = [(start, end) for start, end, table in parts if kind in table[condition]]
        if not allowed:
            raise CardRefused(f"key {kind} may not write the trailer")
        before = self._memory[at : at + self.row_size]
        for start, end in allowed:
            before[start:end] = content[start:end]
        self._store(at, bytes(before))

    def _open(self, row: int, kind: KeyKind, key: bytes) -> tuple[int, ...]:
        """Prove a key; the conditions of the sector's four groups of blocks."""
        trailer = self._memory[self._row(_trailer_row(row))]
        conditions = _conditions(trailer[6:9])
        held = {KeyKind.A: trailer[:6], KeyKind.B: trailer[10:]}.get(kind)
        if conditions is None or held is None or not secrets.compare_digest(held, key):
            raise KeyRefused(f"key {kind.name} does not open block {row}")
        if kind is KeyKind.B and conditions[_TRAILER] in _KEY_B_IS_DATA:
            raise CardRefused("key B can be read here, so it opens nothing")
        return conditions


def _conditions(access: bytes | bytearray) -> tuple[int, ...] | None:
    """C1C2C3 of the four groups; None if the inverted copies disagree."""
    c1, c2, c3 = access[1] >> 4, access[2] & 0xF, access[2] >> 4
    if (access[0] & 0xF, access[0] >> 4, access[1] & 0xF) != (c1 ^ 0xF, c2 ^ 0xF, c3 ^ 0xF):
        return None
    return tuple((c1 >> i & 1) << 2 | (c2 >> i & 1) << 1 | c3 >> i & 1 for i in range(4))


def _trailer_row(row: int) -> int:
    return row | 3 if row < 128 else row | 15


def _group(row: int) -> int:
    """Which of the four access conditions rules a block; in the big sectors of a 4K one rules five data blocks."""
    return row & 3 if row < 128 else (row & 15) // 5


def _random_classic_uid() -> bytes:
    # 08 begins a UID that changes at every selection, 88 is the cascade tag.
    while (uid := secrets.token_bytes(4))[0] in (0x08, 0x88):
        pass
    return uid


def _new_classic_memory(uid: bytes, medium: Medium) -> bytes:
    memory = bytearray(_CLASSIC_SIZES[medium])
    for row in range(len(memory) // 16):
        if _trailer_row(row) == row:
            memory[row * 16 : row * 16 + 16] = DELIVERY_TRAILER
    memory[: len(uid)] = uid
    if len(uid) == 4:
        check = uid[0] ^ uid[1] ^ uid[2] ^ uid[3]
        memory[4:8] = bytes((check, 0x08 if medium is Medium.CLASSIC_1K else 0x18, 0x04, 0x00))
    return bytes(memory)


# --- NTAG

_NTAG_SIZES = {Medium.NTAG213: 45 * 4, Medium.NTAG215: 135 * 4, Medium.NTAG216: 231 * 4}
_NTAG_USER_END = {Medium.NTAG213: 40, Medium.NTAG215: 130, Medium.NTAG216: 226}
_NTAG_START = {
    Medium.NTAG213: "e1101200 0103a00c 340300fe",
    Medium.NTAG215: "e1103e00 0300fe00",
    Medium.NTAG216: "e1106d00 0300fe00",
}


class NtagCard(SimulatedCard):
    """NTAG213, 215, 216: pages that anybody may write, except those before page 4 and after the user memory."""

    row_size = 4

    def read_row(self, row: int, kind: KeyKind, key: bytes) -> bytes:  # noqa: ARG002 - of the base
        with self._lock:
            place = self._row(row)
            _refuse_key(kind)
            return bytes(self._memory[place])

    def write_row(self, row: int, kind: KeyKind, key: bytes, content: bytes) -> None:  # noqa: ARG002
        with self._lock:
            place = self._row(row)
            _refuse_key(kind)
            if not 4 <= row < _NTAG_USER_END[self.medium] or len(content) != self.row_size:
                raise CardRefused(f"page {row} does not take {len(content)} bytes")
            self._store(place.start, content)


def _refuse_key(kind: KeyKind) -> None:
    if kind is not KeyKind.NONE:
        raise KeyRefused("the card has no sector keys")


def _new_ntag_memory(uid: bytes, medium: Medium) -> bytes:
    memory = bytearray(_NTAG_SIZES[medium])
    first = 0x88 ^ uid[0] ^ uid[1] ^ uid[2]
    second = uid[3] ^ uid[4] ^ uid[5] ^ uid[6]
    start = uid[:3] + bytes((first,)) + uid[3:7] + bytes((second, 0x48, 0, 0)) + bytes.fromhex(_NTAG_START[medium])
    memory[: len(start)] = start
    return bytes(memory)
