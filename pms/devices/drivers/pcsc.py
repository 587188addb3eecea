"""Readers of the system's smart-card service: ACR122U and others that know the storage-card commands of PC/SC part 3.

The service and its Python binding (`pip install latchkey[pcsc]`) are optional; without them there is no such reader. A URL is
`pcsc://` and a part of the reader's name, or nothing for the first one.
"""

from __future__ import annotations

import time
from importlib import import_module
from typing import Any, Protocol

from pms.core.text import N_
from pms.devices.contactless import ContactlessEncoder
from pms.devices.contactless_reader import AnswerLost, CardRefused, CardSilent, never
from pms.devices.encoder import CardPresence, Driver, EncoderIdentity, IsCancelled
from pms.devices.errors import EncoderGone, PortInUse, Unsupported
from pms.protocol.card_layout import Medium
from pms.protocol.encoder_line import Capability, KeyKind, SignalPattern

# In the ATR that a reader makes up for a storage card: the RID of the PC/SC group, the standard (ISO 14443 A, part 3), and
# then two bytes for the chip.
_STORAGE_CARD = bytes.fromhex("a00000030603")
_CLASSIC = {0x0001: Medium.CLASSIC_1K, 0x0002: Medium.CLASSIC_4K}
_ULTRALIGHT = 0x0003

# SCARD_E_SHARING_VIOLATION; the binding gives it with or without a sign.
_SHARING_VIOLATION = 0x8010_000B

_GET_UID = "ffca000000"
_DONE = (0x90, 0x00)
# "No information", which readers answer also to a key that does not fit or a write that the card refuses.
_REFUSED = 0x63


class Connection(Protocol):
    """What pyscard gives for a card on a reader."""

    def connect(self) -> None:
        """Power the card."""

    def disconnect(self) -> None:
        """Leave it."""

    def getATR(self) -> list[int]:  # noqa: N802 - pyscard's name
        """What the card is."""

    def transmit(self, apdu: list[int]) -> tuple[list[int], int, int]:
        """Ask; data and the two status bytes."""


class PcscReader(ContactlessEncoder):
    """A reader of the service. A connection is made for each card that is laid down."""

    def __init__(self, reader: Any, faults: tuple[type[Exception], ...], no_card: tuple[type[Exception], ...]) -> None:
        """`faults` are pyscard's errors, `no_card` those of them that say that no card lies there."""
        super().__init__()
        self._reader = reader
        self._faults = faults
        self._no_card = no_card
        self._connection: Connection | None = None

    def hello(self) -> EncoderIdentity:
        """Its name. `EncoderGone` if the service does not list it any more."""
        self._lies = None
        self._look_for_reader()
        return EncoderIdentity("", str(self._reader)[:40], "", Capability.CLASSIC | Capability.NTAG)

    def signal(self, pattern: SignalPattern) -> None:
        """Readers show by themselves that they read: `Unsupported`."""
        raise Unsupported(f"the reader has no lamp to show {pattern.name}")

    def attend(self, seconds: float) -> None:
        """Let time pass; `EncoderGone` if the reader vanishes meanwhile."""
        self._pause(time.monotonic() + seconds)

    def close(self) -> None:
        """Leave the card; never fails."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.disconnect()
            except self._faults:
                return

    # --- the reader's part

    def _select(self, is_cancelled: IsCancelled = never) -> CardPresence | None:  # noqa: ARG002 - it takes no time
        """A new connection powers the card anew, whatever it refused before."""
        self.close()
        connection: Connection = self._reader.createConnection()
        try:
            connection.connect()
        except self._no_card:
            self._look_for_reader()
            return None
        except self._faults as fault:
            self._look_for_reader()
            if getattr(fault, "hresult", 0) & 0xFFFF_FFFF == _SHARING_VIOLATION:
                raise PortInUse(f"another program has the reader: {fault}") from fault
            # It lies askew, or it is none that the reader can power.
            raise CardSilent(f"the card cannot be used: {fault}") from fault
        self._connection = connection
        data, *status = self._transmit(_GET_UID)
        if tuple(status) != _DONE or len(data) not in (4, 7, 10):
            return None
        medium = self._medium(bytes(connection.getATR()))
        return CardPresence(bytes(data), medium) if medium is not None else None

    def _medium(self, atr: bytes) -> Medium | None:
        at = atr.find(_STORAGE_CARD)
        if at < 0:
            return None
        name = int.from_bytes(atr[at + 6 : at + 8], "big")
        return self._medium_by_container() if name == _ULTRALIGHT else _CLASSIC.get(name)

    def _authenticate(self, block: int, kind: KeyKind, key: bytes, uid: bytes) -> bool:  # noqa: ARG002 - it knows the UID
        _, *status = self._transmit(f"ff82000006{key.hex()}")
        _expect(status, "the key")
        code = 0x60 if kind is KeyKind.A else 0x61
        _, *status = self._transmit(f"ff860000050100{block:02x}{code:02x}00")
        if status[0] == _REFUSED:
            return False
        _expect(status, "the sector")
        return True

    def _read_block(self, row: int) -> bytes:
        data, *status = self._transmit(f"ffb000{row:02x}10")
        _expect(status, f"block {row}")
        if len(data) != 16:
            raise AnswerLost(f"block {row} came with {len(data)} bytes")
        return bytes(data)

    def _write_block(self, block: int, content: bytes) -> None:
        _, *status = self._transmit(f"ffd600{block:02x}10{content.hex()}")
        _expect(status, f"block {block}")

    def _write_page(self, page: int, content: bytes) -> None:
        _, *status = self._transmit(f"ffd600{page:02x}04{content.hex()}")
        _expect(status, f"page {page}")

    def _pause(self, deadline: float) -> None:
        time.sleep(max(0.0, deadline - time.monotonic()))
        self._look_for_reader()

    def _transmit(self, apdu: str) -> tuple[list[int], int, int]:
        if self._connection is None:
            raise CardSilent("no card is connected")
        try:
            return self._connection.transmit(list(bytes.fromhex(apdu)))
        except self._faults as fault:
            # Card gone, reader gone or service gone look alike; only the service tells which reader there still is.
            self.close()
            self._look_for_reader()
            raise CardSilent(f"the card does not answer: {fault}") from fault

    def _look_for_reader(self) -> None:
        if str(self._reader) not in (str(reader) for reader in _list_readers()):
            raise EncoderGone(f"the reader {self._reader} is not there any more")


def _expect(status: list[int], what: str) -> None:
    if tuple(status) != _DONE:
        raise CardRefused(f"the card refused {what} with {status[0]:02X}{status[1]:02X}")


def _list_readers() -> list[Any]:
    """The service's readers; `Unsupported` without the binding, `EncoderGone` without the service."""
    try:
        system = import_module("smartcard.System")
    except ImportError as fault:
        raise Unsupported("PC/SC readers need the extra latchkey[pcsc]") from fault
    exceptions = import_module("smartcard.Exceptions")
    base = import_module("smartcard.pcsc.PCSCExceptions")
    try:
        found: list[Any] = system.readers()
    except (exceptions.SmartcardException, base.BaseSCardException) as fault:
        raise EncoderGone(f"the smart-card service does not answer: {fault}") from fault
    return found


def _connect(url: str) -> PcscReader:
    wanted = url.partition("://")[2].casefold()
    reader = next((reader for reader in _list_readers() if wanted in str(reader).casefold()), None)
    if reader is None:
        raise EncoderGone(f"no reader is called {wanted or 'anything'}")
    exceptions = import_module("smartcard.Exceptions")
    base = import_module("smartcard.pcsc.PCSCExceptions")
    faults = (exceptions.SmartcardException, base.BaseSCardException)
    return PcscReader(reader, faults, (exceptions.NoCardException,))


DRIVER = Driver("pcsc", N_("PC/SC reader"), _connect, url_scheme="pcsc")
