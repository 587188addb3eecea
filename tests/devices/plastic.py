"""Sector keys and card contents for tests of card writing."""

from __future__ import annotations

from pms.devices.card_writer import CardKeys
from pms.protocol.card_layout import EMPTY_UNIT
from pms.protocol.kdf import sector_key


def keys_of(version: int, *older: CardKeys, hotel: bytes = b"hotel") -> CardKeys:
    """The sector keys of one key version of one hotel."""
    rest = (hotel + bytes((version,))).ljust(15, b"\0")
    card_a, card_b = b"A" + rest, b"B" + rest
    return CardKeys(
        lambda uid, unit: sector_key(card_a, uid, unit),
        lambda uid, unit: sector_key(card_b, uid, unit),
        version,
        older,
    )


def unit(mark: str) -> bytes:
    """48 bytes that cannot be taken for others, beginning as a grant does."""
    return b"\x01" + mark.encode().ljust(47, b".")


EMPTY = EMPTY_UNIT
OURS_1 = keys_of(1)
OURS_2 = keys_of(2, OURS_1)
THEIRS = keys_of(1, hotel=b"other")
