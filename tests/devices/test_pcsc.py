"""The driver of PC/SC readers against a service made of software: what pyscard would give, with our virtual cards on it."""

from __future__ import annotations

import sys
import time
from types import ModuleType

import pytest

from pms.devices import errors
from pms.devices.card_writer import erase_card, read_card, write_card
from pms.devices.drivers.pcsc import DRIVER
from pms.devices.encoder import SectorKey
from pms.devices.port import Port
from pms.protocol.card_layout import Medium
from pms.protocol.encoder_line import KeyKind, SignalPattern
from pms.simulators.cards import CardRefused as Nak
from pms.simulators.cards import CardTorn, KeyRefused, SimulatedCard
from tests.devices.plastic import EMPTY, OURS_1, unit

NAMES = {Medium.CLASSIC_1K: 1, Medium.CLASSIC_4K: 2}
MEDIA = [Medium.CLASSIC_1K, Medium.CLASSIC_4K, Medium.NTAG213, Medium.NTAG215, Medium.NTAG216]


class SmartcardError(Exception):
    pass


class CannotConnect(SmartcardError):
    def __init__(self, hresult: int) -> None:
        super().__init__("unable to connect")
        self.hresult = hresult


class NoCardHere(SmartcardError):
    pass


class LowLevelError(Exception):
    pass


class Reader:
    """A reader of the service; `apdus` counts what cards were asked."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.card: SimulatedCard | None = None
        self.apdus = 0
        self.at_apdu = {}
        self.refusals: list[SmartcardError] = []

    def __str__(self) -> str:
        return self.name

    def createConnection(self):  # noqa: N802 - pyscard's name
        return Connection(self)


class Connection:
    """A card on the reader, with its keys and its open sector."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.card = None

    def connect(self) -> None:
        if self.reader.refusals:
            raise self.reader.refusals.pop()
        if self.reader.card is None:
            raise NoCardHere("no card")
        self.card, self.open, self.key = self.reader.card, None, b""

    def disconnect(self) -> None:
        self.card = None

    def getATR(self) -> list[int]:  # noqa: N802
        name = NAMES.get(self.card.medium, 3)
        # As PC/SC part 3 has it: RID, standard 03 (ISO 14443 A, part 3), chip, four zero bytes, checksum.
        return list(bytes.fromhex("3b8f8001804f0ca00000030603") + name.to_bytes(2, "big") + bytes(5))

    def transmit(self, apdu: list[int]) -> tuple[list[int], int, int]:
        self.reader.apdus += 1
        self.reader.at_apdu.pop(self.reader.apdus, lambda: None)()
        if self.card is None or self.reader.card is not self.card:
            raise LowLevelError("card was removed")
        try:
            return list(self._answer(bytes(apdu))), 0x90, 0x00
        except CardTorn as torn:
            self.reader.card = None
            raise LowLevelError("card was removed") from torn
        except Nak:
            self.open = None
            return [], 0x63, 0x00

    def _answer(self, apdu: bytes) -> bytes:
        code, row = apdu[1], apdu[3]
        if code == 0xCA:
            return self.card.uid
        if code == 0x82:
            self.key = apdu[5:]
            return b""
        if code == 0x86:
            kind = KeyKind.A if apdu[8] == 0x60 else KeyKind.B
            self.open = None
            self.card.read_row(apdu[7] | 3, kind, self.key)
            self.open = (apdu[7] // 4, kind, self.key)
            return b""
        if not self.card.medium.is_classic:
            if code == 0xB0:
                return b"".join(self.card.read_row(row + page, KeyKind.NONE, b"") for page in range(4))
            self.card.write_row(row, KeyKind.NONE, b"", apdu[5:])
            return b""
        if self.open is None or self.open[0] != row // 4:
            raise KeyRefused("not authenticated")
        if code == 0xB0:
            return self.card.read_row(row, self.open[1], self.open[2])
        self.card.write_row(row, self.open[1], self.open[2], apdu[5:])
        return b""


@pytest.fixture
def service(monkeypatch) -> list[Reader]:
    """The service's readers; the names of pyscard's modules."""
    present = [Reader("Other reader 00"), Reader("ACS ACR122U PICC Interface 00 00")]
    for name, content in {
        "smartcard": {},
        "smartcard.pcsc": {},
        "smartcard.System": {"readers": lambda: list(present)},
        "smartcard.Exceptions": {"SmartcardException": SmartcardError, "NoCardException": NoCardHere},
        "smartcard.pcsc.PCSCExceptions": {"BaseSCardException": LowLevelError},
    }.items():
        module = ModuleType(name)
        module.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, module)
    return present


@pytest.fixture
def reader(service) -> Reader:
    return service[1]


@pytest.fixture
def port(reader) -> Port:
    port = Port("pcsc://acr122", "pcsc")
    port.open()
    return port


def never() -> bool:
    return False


def lay(port, reader, medium=Medium.CLASSIC_1K):
    reader.card = SimulatedCard.blank(medium)
    return port.encoder.wait_for_card(1, never)


def make(port, presence, units=None):
    write_card(
        port.encoder,
        presence,
        OURS_1,
        units or {1: unit("101"), 3: unit("lobby")},
        main_slot=1,
        on_progress=lambda *_: None,
    )


def test_a_reader_is_found_by_a_part_of_its_name(service, reader):
    assert Port("pcsc://acr122u", "pcsc").open().model == "ACS ACR122U PICC Interface 00 00"
    assert Port("pcsc://", "pcsc").open().model == "Other reader 00"
    with pytest.raises(errors.EncoderGone):
        Port("pcsc://elsewhere", "pcsc").open()


def test_without_the_binding_it_says_what_is_missing(monkeypatch):
    for name in ("smartcard", "smartcard.System"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(errors.Unsupported, match="pcsc"):
        DRIVER.connect("pcsc://")


@pytest.mark.parametrize("medium", MEDIA)
def test_a_card_is_made_read_and_erased(port, reader, medium):
    presence = lay(port, reader, medium)
    assert presence.medium is medium
    make(port, presence)
    wanted = [unit("101"), EMPTY, unit("lobby")]
    assert reader.card.read_units(OURS_1.key_a)[:3] == wanted
    assert list(read_card(port.encoder, presence, OURS_1).units[:3]) == wanted
    erase_card(port.encoder, presence, OURS_1, on_progress=lambda *_: None)
    assert read_card(port.encoder, presence, OURS_1).is_empty


def test_a_wrong_key_is_said_and_the_card_can_still_be_used(port, reader):
    presence = lay(port, reader)
    with pytest.raises(errors.WrongKey):
        port.encoder.read_unit(presence.uid, 1, SectorKey(KeyKind.A, bytes(6)))
    make(port, presence)


def test_no_card_ends_the_wait_and_a_cancel_ends_it_at_once(port, reader):
    with pytest.raises(errors.TimedOut):
        port.encoder.wait_for_card(0.2, never)
    begun = time.monotonic()
    with pytest.raises(errors.Cancelled):
        port.encoder.wait_for_card(20, lambda: time.monotonic() - begun > 0.1)
    assert time.monotonic() - begun < 0.4


def test_a_card_that_lies_askew_is_waited_for(port, reader):
    unpowered, unresponsive = CannotConnect(0x8010_0067 - 2**32), CannotConnect(0x8010_0066)
    reader.refusals = [unpowered, unresponsive, unpowered, unresponsive]
    assert lay(port, reader).medium is Medium.CLASSIC_1K


def test_a_reader_that_another_program_has_is_in_use(port, reader):
    reader.refusals = [CannotConnect(0x8010_000B - 2**32)]
    with pytest.raises(errors.PortInUse):
        port.encoder.wait_for_card(1, never)


@pytest.mark.parametrize("number", [5, 20, 40, 60, 80])
@pytest.mark.parametrize("act", ["take", "swap", "unplug"])
def test_what_happens_at_any_moment_is_one_error_and_repeating_is_safe(service, port, reader, act, number):
    presence = lay(port, reader)
    card, other = reader.card, SimulatedCard.blank(Medium.CLASSIC_1K)
    untouched = other.to_json()

    def happen() -> None:
        if act == "unplug":
            service.remove(reader)
        reader.card = {"take": None, "swap": other, "unplug": None}[act]

    reader.at_apdu[reader.apdus + number] = happen
    with pytest.raises((errors.NoCard, errors.CardChanged, errors.EncoderGone, errors.WriteUncertain)):
        make(port, presence)
    assert other.to_json() == untouched
    if reader not in service:
        service.append(reader)
    port.open()
    reader.card = card
    make(port, port.encoder.wait_for_card(1, never))
    assert card.read_units(OURS_1.key_a)[:3] == [unit("101"), EMPTY, unit("lobby")]


@pytest.mark.parametrize("count", [0, 1, 20, 47])
def test_a_card_torn_away_in_mid_write_is_made_good(port, reader, count):
    presence = lay(port, reader)
    card = reader.card
    card.tear_after = count
    with pytest.raises(errors.WriteUncertain):
        make(port, presence)
    reader.card = card
    make(port, port.encoder.wait_for_card(1, never))
    assert card.read_units(OURS_1.key_a)[0] == unit("101")


def test_it_has_no_lamp_takes_no_fingers_and_is_missed(service, port, reader):
    with pytest.raises(errors.Unsupported):
        port.encoder.signal(SignalPattern.GOOD)
    with pytest.raises(errors.Unsupported):
        port.encoder.capture_finger(2, 1, never)
    port.encoder.attend(0.05)
    lay(port, reader)
    assert not port.encoder.wait_until_removed(reader.card.uid, 0.1, never)
    uid, reader.card = reader.card.uid, None
    assert port.encoder.wait_until_removed(uid, 1, never)
    service.remove(reader)
    with pytest.raises(errors.EncoderGone):
        port.encoder.attend(0.05)
    with pytest.raises(errors.EncoderGone):
        port.encoder.hello()
