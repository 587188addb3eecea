"""Where units lie on a medium, and the sector trailers that guard them (docs/protocol.md, section 2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from .errors import MalformedError, UsageError
from .reader import check_range, check_size

UNIT_SIZE = 48
MAX_UNITS = 8
EMPTY_UNIT = bytes(UNIT_SIZE)

SLOT_A = 1
SLOT_B = 2
FIRST_FURTHER_UNIT = 3

KEY_SIZE = 6
TRAILER_SIZE = 16
DELIVERY_KEY = b"\xff" * KEY_SIZE
ACCESS_BYTES = bytes.fromhex("787788")
"""Data blocks: key A reads, key B writes. Trailer: key B writes, nothing reads a key."""
DELIVERY_ACCESS_BYTES = bytes.fromhex("ff0780")
DELIVERY_TRAILER = DELIVERY_KEY + DELIVERY_ACCESS_BYTES + b"\x69" + DELIVERY_KEY


class Medium(IntEnum):
    """Kinds of card; 1…5 are the codes of the serial line's event E1."""

    CLASSIC_1K = 1
    CLASSIC_4K = 2
    NTAG213 = 3
    NTAG215 = 4
    NTAG216 = 5
    DESFIRE = 6

    @property
    def is_classic(self) -> bool:
        """Whether units are sectors that sector keys guard."""
        return self in (Medium.CLASSIC_1K, Medium.CLASSIC_4K)

    @property
    def is_ntag(self) -> bool:
        """Whether units are runs of pages."""
        return self in (Medium.NTAG213, Medium.NTAG215, Medium.NTAG216)


_FIRST_PAGE = 4
_PAGE_SIZE = 4
_USER_PAGES = {Medium.NTAG213: 36, Medium.NTAG215: 126, Medium.NTAG216: 222}
_PAGES_A_UNIT = UNIT_SIZE // _PAGE_SIZE


@dataclass(frozen=True, slots=True)
class UnitPlace:
    """Where a unit lies: first and last block (Classic), page (NTAG) or byte of the file (DESFire), both included."""

    first: int
    last: int
    trailer_block: int | None = None


def unit_count(medium: Medium) -> int:
    """How many units fit on a medium, at most 8."""
    if medium.is_ntag:
        return min(MAX_UNITS, _USER_PAGES[medium] // _PAGES_A_UNIT)
    return MAX_UNITS


def staff_grant_count(medium: Medium) -> int:
    """How many staff grants, of two units each, fit on a medium."""
    return unit_count(medium) // 2


def unit_place(medium: Medium, unit: int) -> UnitPlace:
    """Where unit 1… lies; `UsageError` for a unit that the medium does not have."""
    check_range("unit", unit, 1, unit_count(medium))
    if medium.is_classic:
        return UnitPlace(4 * unit, 4 * unit + 2, trailer_block=4 * unit + 3)
    if medium.is_ntag:
        first = _FIRST_PAGE + _PAGES_A_UNIT * (unit - 1)
        return UnitPlace(first, first + _PAGES_A_UNIT - 1)
    first = UNIT_SIZE * (unit - 1)
    return UnitPlace(first, first + UNIT_SIZE - 1)


def access_bytes(data: int, trailer: int) -> bytes:
    """The three access bytes for conditions C1C2C3 (0…7) of the three data blocks, all alike, and of the trailer."""
    check_range("condition of the data blocks", data, 0, 7)
    check_range("condition of the trailer", trailer, 0, 7)
    c1, c2, c3 = (((trailer >> bit & 1) << 3) | (data >> bit & 1) * 0b111 for bit in (2, 1, 0))
    return bytes(((c2 ^ 0xF) << 4 | (c1 ^ 0xF), c1 << 4 | (c3 ^ 0xF), c3 << 4 | c2))


def sector_trailer(key_a: bytes, key_b: bytes, version: int) -> bytes:
    """The 16 bytes of our trailer; byte 9 tells the key version."""
    check_size("key A", key_a, KEY_SIZE)
    check_size("key B", key_b, KEY_SIZE)
    check_range("key version", version, 1, 0xFF)
    trailer = key_a + ACCESS_BYTES + bytes((version,)) + key_b
    check_access_bytes(trailer)
    return trailer


def check_access_bytes(trailer: bytes) -> None:
    """Refuse (`MalformedError`) a trailer that must never reach a card.

    Access bytes whose inverted copies disagree kill the sector for ever; conditions other than ours and those of
    delivery could make it unwritable just as well, so nothing else passes.
    """
    if len(trailer) != TRAILER_SIZE:
        raise MalformedError(f"a sector trailer has {TRAILER_SIZE} bytes, not {len(trailer)}")
    access = trailer[6:9]
    plain = (access[1] >> 4, access[2] & 0xF, access[2] >> 4)
    inverted = (access[0] & 0xF, access[0] >> 4, access[1] & 0xF)
    if any(c ^ n != 0xF for c, n in zip(plain, inverted, strict=True)):
        raise MalformedError("the access bytes contradict their inverted copies")
    if access not in (ACCESS_BYTES, DELIVERY_ACCESS_BYTES):
        raise MalformedError("the access bytes are neither ours nor those of delivery")


def choose_slot(issue_a: int | None, issue_b: int | None) -> tuple[int, int]:
    """Into which slot a new grant of the main door goes, and which one is zeroed once it was read back.

    The issues are those of the valid grants now in slots A and B, None where there is none. The slot that holds the
    valid grant with the higher issue is left whole until the end.
    """
    keeps_a = issue_a is not None and (issue_b is None or issue_a >= issue_b)
    keeps_b = issue_b is not None and not keeps_a
    return (SLOT_A, SLOT_B) if keeps_b or not keeps_a else (SLOT_B, SLOT_A)


def split_staff_grant(grant: bytes) -> tuple[bytes, bytes]:
    """The two units of a staff grant."""
    check_size("staff grant", grant, 2 * UNIT_SIZE)
    return grant[:UNIT_SIZE], grant[UNIT_SIZE:]


def staff_units(medium: Medium, place: int) -> tuple[int, int]:
    """The two units of the staff grant at `place` 1…; `UsageError` if the medium has no such place."""
    if not 1 <= place <= staff_grant_count(medium):
        raise UsageError(f"{medium.name} has room for {staff_grant_count(medium)} staff grants")
    return 2 * place - 1, 2 * place
