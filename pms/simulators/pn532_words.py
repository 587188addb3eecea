"""Words of the chip and of cards of type A, from the tables of NXP UM0701-02 and ISO 14443-3."""

from __future__ import annotations

from collections.abc import Sequence

from pms.protocol.card_layout import Medium

from .cards import SimulatedCard

FIRMWARE = b"\x32\x01\x06\x07"


class Status:
    """The first byte of many answers."""

    OK = b"\x00"
    NO_REPLY = b"\x01"
    CRC_WRONG = b"\x02"
    FORMAT = b"\x13"
    KEY_DENIED = b"\x14"
    WRONG_CONTEXT = b"\x27"


_SENS_RES = {Medium.CLASSIC_1K: 0x0004, Medium.CLASSIC_4K: 0x0002}
_SEL_RES = {Medium.CLASSIC_1K: 0x08, Medium.CLASSIC_4K: 0x18}
_NTAG_SENS_RES = 0x0044
_DOUBLE_SIZE_UID = 0x0040
_CASCADE_TAG = 0x88


def targets(cards: Sequence[SimulatedCard]) -> bytes:
    """How InListPassiveTarget tells which cards there are."""
    numbered = (bytes((number,)) + _target(card) for number, card in enumerate(cards, 1))
    return bytes((len(cards),)) + b"".join(numbered)


def _target(card: SimulatedCard) -> bytes:
    """SENS_RES, SEL_RES and UID."""
    sens_res = _SENS_RES.get(card.medium, _NTAG_SENS_RES) | (_DOUBLE_SIZE_UID if len(card.uid) > 4 else 0)
    return sens_res.to_bytes(2, "big") + bytes((_SEL_RES.get(card.medium, 0x00), len(card.uid))) + card.uid


def without_cascade_tags(uid: bytes) -> bytes:
    """The UID that is looked for: of a longer one, every part but the last is announced by a tag."""
    if len(uid) in (8, 12) and uid[0] == _CASCADE_TAG:
        uid = uid[1:]
    if len(uid) == 11 and uid[3] == _CASCADE_TAG:
        uid = uid[:3] + uid[4:]
    return uid


def crc_a(data: bytes) -> bytes:
    """CRC_A of ISO 14443-3, low byte first."""
    crc = 0x6363
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
    return crc.to_bytes(2, "little")
