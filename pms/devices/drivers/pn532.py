"""A PN532 module on a USB serial adapter: sold everywhere, reads and writes MIFARE Classic and NTAG (NXP UM0701-02)."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass

from pms.core.text import N_
from pms.devices.contactless import ContactlessEncoder
from pms.devices.contactless_reader import AnswerLost, CardRefused, CardSilent, never, ntag_medium
from pms.devices.encoder import (
    CardPresence,
    Driver,
    EncoderIdentity,
    IsCancelled,
)
from pms.devices.errors import CardChanged, DeviceError, LineFault, Unsupported
from pms.devices.pn532_line import Pn532Line
from pms.devices.transport import Transport, open_transport
from pms.protocol.card_layout import Medium
from pms.protocol.encoder_line import Capability, KeyKind, SignalPattern

BAUD_RATE = 115200

# Asleep, the chip hears nothing at once: five rising edges wake it, and the zeros give it time.
_WAKE_UP = b"\x55\x55" + bytes(14)
# The first answer after opening may take a second behind some USB hubs; nobody at all should be found out soon.
_FIRST_WAITS = (0.7, 0.7)
_LAST_WAITS = (0.1,)
_LIST_SECONDS = 0.3

_GET_FIRMWARE_VERSION = 0x02
_SET_PARAMETERS = 0x12
_SAM_CONFIGURATION = 0x14
_RF_CONFIGURATION = 0x32
_IN_DATA_EXCHANGE = 0x40
_IN_COMMUNICATE_THRU = 0x42
_IN_LIST_PASSIVE_TARGET = 0x4A
_IN_RELEASE = 0x52

_PN532 = 0x32
_NORMAL_MODE = b"\x01\x14\x01"
# What another program may have left: time-outs as the chip has them at first, and few tries per call for a card, since
# the chip would otherwise wait for one for ever.
_SETTINGS = (b"\x02\x00\x0b\x0a", b"\x05\xff\x01\x02")
# Frames whole, and no step towards ISO 14443-4 by itself: none of our cards is spoken to in that way.
_PARAMETERS = b"\x04"
_FIELD_OFF = b"\x01\x00"
_ALL_TARGETS = b"\x00"
_FIRST_TARGET = b"\x01"
_TYPE_A = 0x00

_KEY_A, _KEY_B = 0x60, 0x61
_READ, _WRITE_BLOCK, _WRITE_PAGE, _GET_VERSION = 0x30, 0xA0, 0xA2, 0x60

_ERROR_BITS = 0x3F
_KEY_DENIED, _REFUSED = 0x14, 0x13
# The card did not answer, was moved, was released, or nothing is selected.
_SILENT = (0x01, 0x02, 0x03, 0x05, 0x0B, 0x26, 0x27, 0x29, 0x2B)

# SEL_RES; 88 is a Classic made by Infineon.
_CLASSIC = {0x08: Medium.CLASSIC_1K, 0x88: Medium.CLASSIC_1K, 0x18: Medium.CLASSIC_4K}
_ULTRALIGHT_FAMILY = 0x00


@dataclass(frozen=True, slots=True)
class _Target:
    """A card as the chip lists it."""

    sel_res: int
    uid: bytes


class Pn532(ContactlessEncoder):
    """A module on an open line. Say `hello` first: it sleeps until then."""

    def __init__(self, transport: Transport) -> None:
        super().__init__()
        self._line = Pn532Line(transport)
        self._known: CardPresence | None = None
        self._is_awake = False

    def hello(self) -> EncoderIdentity:
        """Who the module is. `NoAnswer` if nobody speaks as a PN532 does, `Unsupported` if it is a relative of it."""
        self._lies = None
        self._line.request(_SAM_CONFIGURATION, _NORMAL_MODE, ack_waits=_FIRST_WAITS, before=_WAKE_UP)
        self._is_awake = True
        version = self._line.request(_GET_FIRMWARE_VERSION)
        if len(version) != 4:
            raise LineFault(f"a firmware version of {len(version)} bytes")
        if version[0] != _PN532:
            raise Unsupported(f"the chip is a PN5{version[0]:02X}")
        self._line.request(_SET_PARAMETERS, _PARAMETERS)
        for setting in _SETTINGS:
            self._line.request(_RF_CONFIGURATION, setting)
        return EncoderIdentity("", "PN532", f"{version[1]}.{version[2]}", Capability.CLASSIC | Capability.NTAG)

    def signal(self, pattern: SignalPattern) -> None:
        """There is no lamp: `Unsupported`."""
        raise Unsupported(f"the module has no lamp to show {pattern.name}")

    def attend(self, seconds: float) -> None:
        """Listen while there is nothing to do; `EncoderGone` if the module was pulled out."""
        self._line.listen(time.monotonic() + seconds)

    def close(self) -> None:
        """Switch the field off and let go of the port; never fails."""
        if self._is_awake:
            with suppress(DeviceError):
                self._line.request(_IN_RELEASE, _ALL_TARGETS, ack_waits=_LAST_WAITS)
                self._line.request(_RF_CONFIGURATION, _FIELD_OFF, ack_waits=_LAST_WAITS)
        self._is_awake = False
        self._line.close()

    # --- the reader's part

    def _look(self, is_cancelled: IsCancelled) -> CardPresence | None:
        targets = self._list(2, is_cancelled)
        if len(targets) > 1:
            raise CardChanged("several cards lie on the module")
        # Selected once more as the only one: with room for two the chip parks the first to look for another.
        return self._select(is_cancelled) if targets else None

    def _select(self, is_cancelled: IsCancelled = never) -> CardPresence | None:
        targets = self._list(1, is_cancelled)
        if not targets:
            return None
        target = targets[0]
        if self._known is not None and self._known.uid == target.uid:
            return self._known
        medium = _CLASSIC.get(target.sel_res)
        if target.sel_res == _ULTRALIGHT_FAMILY:
            medium = self._ntag_medium(target.uid)
        self._known = CardPresence(target.uid, medium) if medium is not None else None
        return self._known

    def _ntag_medium(self, uid: bytes) -> Medium | None:
        status, version = self._through(bytes((_GET_VERSION,)))
        if status == 0:
            return ntag_medium(version)
        # It does not know the question, and has fallen silent.
        targets = self._list(1, never)
        if not targets or targets[0].uid != uid:
            raise CardSilent("the card went away while it was asked what it is")
        with suppress(CardRefused):
            return self._medium_by_container()
        return None

    def _authenticate(self, block: int, kind: KeyKind, key: bytes, uid: bytes) -> bool:
        code = _KEY_A if kind is KeyKind.A else _KEY_B
        status, _ = self._exchange(bytes((code, block)) + key + uid)
        if status == _KEY_DENIED:
            return False
        _check(status)
        return True

    def _read_block(self, row: int) -> bytes:
        status, content = self._exchange(bytes((_READ, row)))
        _check(status)
        if len(content) != 16:
            raise AnswerLost(f"block {row} came with {len(content)} bytes")
        return content

    def _write_block(self, block: int, content: bytes) -> None:
        _check(self._exchange(bytes((_WRITE_BLOCK, block)) + content)[0])

    def _write_page(self, page: int, content: bytes) -> None:
        _check(self._exchange(bytes((_WRITE_PAGE, page)) + content)[0])

    def _pause(self, deadline: float) -> None:
        self._line.listen(deadline)

    # --- commands of the chip

    def _list(self, most: int, is_cancelled: IsCancelled) -> list[_Target]:
        answer = self._line.request(
            _IN_LIST_PASSIVE_TARGET, bytes((most, _TYPE_A)), seconds=_LIST_SECONDS, is_cancelled=is_cancelled
        )
        return _parse_targets(answer)

    def _exchange(self, command: bytes) -> tuple[int, bytes]:
        """What the selected card answers: the chip's status, and the data."""
        return _with_status(self._line.request(_IN_DATA_EXCHANGE, _FIRST_TARGET + command))

    def _through(self, command: bytes) -> tuple[int, bytes]:
        """The same for a command that the chip itself does not know."""
        return _with_status(self._line.request(_IN_COMMUNICATE_THRU, command))


def _with_status(answer: bytes) -> tuple[int, bytes]:
    if not answer:
        raise LineFault("an answer without a status")
    return answer[0] & _ERROR_BITS, answer[1:]


def _check(status: int) -> None:
    """Only a status of success goes on."""
    if status in _SILENT:
        raise CardSilent(f"the card did not answer (status {status:02X})")
    if status in (_REFUSED, _KEY_DENIED):
        raise CardRefused(f"the card refused (status {status:02X})")
    if status:
        # Overheated, a buffer too small, a parameter that we should not have sent.
        raise LineFault(f"the module reports status {status:02X}")


def _parse_targets(answer: bytes) -> list[_Target]:
    """Number, then for each: its own number, SENS_RES(2), SEL_RES, length of the UID, UID."""
    targets: list[_Target] = []
    at = 1
    for _ in range(answer[0] if answer else 0):
        size = answer[at + 4] if at + 4 < len(answer) else 0
        uid = answer[at + 5 : at + 5 + size]
        if len(uid) not in (4, 7, 10) or len(uid) != size:
            raise LineFault("the list of cards makes no sense")
        targets.append(_Target(answer[at + 3], uid))
        at += 5 + size
    return targets


def _connect(url: str) -> Pn532:
    return Pn532(open_transport(url, BAUD_RATE))


DRIVER = Driver("pn532", N_("PN532 module"), _connect, probe_order=2)
