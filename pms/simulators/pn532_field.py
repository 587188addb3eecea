"""The antenna of a simulated PN532: which card lies there, whether it is selected, and what it answers.

What cards say is from the data sheets MF1S50yyX (section 9 and 10) and NTAG213/215/216 (section 10).
"""

from __future__ import annotations

from enum import IntEnum

from pms.protocol.card_layout import Medium
from pms.protocol.encoder_line import KeyKind

from .cards import CardRefused, CardTorn, KeyRefused, SimulatedCard
from .encoder_parts import CardWell
from .pn532_faults import Faults, Moment, WriteAct, WriteFault
from .port import PulledOut


class Nibble(IntEnum):
    """An answer of four bits."""

    NAK_ARGUMENT = 0x0
    NAK_DENIED = 0x4
    ACK = 0xA


class KeyDenied(Exception):
    """The card broke off an authentication."""


Reply = bytes | Nibble | None
"""What a card says; None: nothing."""

_PAGES = {Medium.NTAG213: 45, Medium.NTAG215: 135, Medium.NTAG216: 231}
_STORAGE = {Medium.NTAG213: 0x0F, Medium.NTAG215: 0x11, Medium.NTAG216: 0x13}
_AUTHENTICATE = {0x60: KeyKind.A, 0x61: KeyKind.B}
_FACTORY_PASSWORD = b"\xff\xff\xff\xff"


class CardField(CardWell):
    """A card in the field is idle until it is selected, and again after it refused something or was moved."""

    def __init__(self) -> None:
        super().__init__()
        self.faults = Faults()
        self.neighbour: SimulatedCard | None = None
        """A second card that lies beside the first."""
        self.writes = 0
        """How many blocks and pages the card was asked to write."""
        self._selected: SimulatedCard | None = None
        self._open: tuple[int, KeyKind, bytes] | None = None

    def put(self, card: SimulatedCard) -> None:
        """Lay a card down; `ValueError` if one lies there."""
        with self.lock:
            super().put(card)
            self.forget()

    def take(self) -> SimulatedCard | None:
        """Take the card away, if there is one."""
        with self.lock:
            self.forget()
            return super().take()

    def forget(self) -> None:
        """Nothing is selected any more."""
        self._selected = self._open = None

    @property
    def selected(self) -> SimulatedCard | None:
        """The card that listens to commands."""
        return self._selected

    def select(self, most: int, uid: bytes) -> list[SimulatedCard]:
        """The cards that answer, the first of them selected; only the one with `uid` unless that is empty."""
        with self.lock:
            self.forget()
            found = [card for card in (self.card, self.neighbour) if card and uid in (b"", card.uid)]
            self._selected = found[0] if found else None
            return found[:most]

    def ask(self, command: bytes) -> Reply:
        """What the selected card answers to a command; `KeyDenied` when it breaks off an authentication."""
        with self.lock:
            card = self._selected
            if card is None or not command:
                return None
            reply = self._ask_classic(card, command) if card.medium.is_classic else self._ask_ntag(card, command)
            if reply is None or reply in (Nibble.NAK_ARGUMENT, Nibble.NAK_DENIED):
                self.forget()
            return reply

    # --- MIFARE Classic

    def _ask_classic(self, card: SimulatedCard, command: bytes) -> Reply:
        match [*command]:
            case [0x60 | 0x61 as code, block, *rest] if len(rest) == 10:
                return self._authenticate(card, _AUTHENTICATE[code], block, bytes(rest))
            case [0x30, block] if self._is_open(block):
                return self._read_block(card, block)
            case [0xA0, block, *content] if len(content) == 16 and self._is_open(block):
                return self._write(card, block, bytes(content), Nibble.NAK_DENIED)
            case [0x30 | 0xA0, *_]:
                return Nibble.NAK_DENIED
            case _:
                return None

    def _authenticate(self, card: SimulatedCard, kind: KeyKind, block: int, rest: bytes) -> Reply:
        key, uid = rest[:6], rest[6:]
        self._open = None
        try:
            card.read_row(block, kind, key)
        except KeyRefused:
            self.forget()
            raise KeyDenied from None
        except CardRefused:
            # The key is right, but opens nothing that could be read there.
            pass
        if uid != card.uid[-4:]:
            self.forget()
            raise KeyDenied
        self._open = (_sector(block), kind, key)
        return b""

    def _is_open(self, block: int) -> bool:
        return self._open is not None and self._open[0] == _sector(block)

    def _read_block(self, card: SimulatedCard, block: int) -> Reply:
        kind, key = self._key()
        try:
            return card.read_row(block, kind, key)
        except CardRefused:
            return Nibble.NAK_DENIED

    def _key(self) -> tuple[KeyKind, bytes]:
        return (KeyKind.NONE, b"") if self._open is None else self._open[1:]

    # --- NTAG

    def _ask_ntag(self, card: SimulatedCard, command: bytes) -> Reply:
        pages = _PAGES[card.medium]
        match [*command]:
            case [0x30, page] if page < pages:
                return _pages(card, [(page + i) % pages for i in range(4)])
            case [0x3A, first, last] if first <= last < pages:
                return _pages(card, list(range(first, last + 1)))
            case [0xA2, page, *content] if len(content) == 4:
                return self._write(card, page, bytes(content), Nibble.NAK_ARGUMENT)
            case [0xA0, page, *content] if len(content) == 16:
                # The Classic's way of writing; the card takes the first four bytes.
                return self._write(card, page, bytes(content[:4]), Nibble.NAK_ARGUMENT)
            case [0x60]:
                return bytes((0x00, 0x04, 0x04, 0x02, 0x01, 0x00, _STORAGE[card.medium], 0x03))
            case [0x1B, *password] if bytes(password) == _FACTORY_PASSWORD:
                return b"\x00\x00"
            case [0x50, 0x00]:
                return None
            case _:
                return Nibble.NAK_ARGUMENT

    # --- writing, and what may go wrong there

    def _write(self, card: SimulatedCard, row: int, content: bytes, refusal: Nibble) -> Reply:
        self.writes += 1
        fault = self.faults.due_write()
        if fault is not None and fault.moment is not Moment.AFTER:
            return self._fail(card, row, content, fault, refusal)
        try:
            card.write_row(row, *self._key(), content)
        except CardTorn:
            self.take()
            return None
        except CardRefused:
            return refusal
        if fault is not None:
            return self._strike(fault, refusal)
        return Nibble.ACK

    def _fail(self, card: SimulatedCard, row: int, content: bytes, fault: WriteFault, refusal: Nibble) -> Reply:
        """A write of which nothing, or half, is done."""
        if fault.moment is Moment.TORN:
            card.tear_after = len(content) // 2
            try:
                card.write_row(row, *self._key(), content)
            except CardRefused:
                # Torn, as it was meant; or it would have refused it anyway.
                card.tear_after = None
        return self._strike(fault, refusal)

    def _strike(self, fault: WriteFault, refusal: Nibble) -> Reply:
        if fault.act is WriteAct.UNPLUG:
            raise PulledOut
        if fault.act is WriteAct.TAKE:
            self.take()
            return None
        if fault.act is WriteAct.NAK:
            return refusal
        self.faults.drop_answers += 1
        return Nibble.ACK


def _sector(block: int) -> int:
    return block // 4 if block < 128 else 32 + (block - 128) // 16


def _pages(card: SimulatedCard, numbers: list[int]) -> bytes:
    return b"".join(card.read_row(number, KeyKind.NONE, b"") for number in numbers)
