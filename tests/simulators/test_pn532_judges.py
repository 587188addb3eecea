"""Programs that others wrote for the PN532 judge ours: nfcpy and libnfc's tools, each over the module's own port.

They use the simulated module as they would a real one; and they read, by themselves, cards that our driver made. A client
written in C may wait for ever, so each has its time limit. libnfc comes with Debian's `libnfc-bin`, nfcpy needs the
system's libusb even where it uses a serial port.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest

from pms.devices.card_writer import erase_card, read_card, write_card
from pms.devices.port import Port
from pms.protocol.card_layout import ACCESS_BYTES, DELIVERY_KEY, DELIVERY_TRAILER, Medium
from pms.protocol.encoder_line import KeyKind
from pms.simulators.cards import SimulatedCard
from pms.simulators.pn532 import SimulatedPn532
from tests.devices.plastic import EMPTY, OURS_1, unit

UID = bytes.fromhex("deadbeef")
LONG_UID = bytes.fromhex("04a1b2c3d4e5f6")
GRANTS = {1: unit("101"), 3: unit("lobby")}
UNITS = [unit("101"), EMPTY, unit("lobby")]
TEXT = bytes(range(0x41, 0x51))
_PATIENCE = 30


@pytest.fixture
def module(tmp_path):
    with SimulatedPn532(link=tmp_path / "module") as module:
        yield module


def lay_down(module, medium):
    card = SimulatedCard.blank(medium, UID if medium.is_classic else LONG_UID)
    module.put_card(card)
    return card


def ours(module, work):
    """Have our driver do something with the card that lies there, and let go of the port."""
    port = Port(module.path, "pn532")
    port.open()
    try:
        return work(port.encoder, port.encoder.wait_for_card(2, lambda: False))
    finally:
        port.close()


def make(encoder, presence):
    return write_card(encoder, presence, OURS_1, GRANTS, main_slot=1, on_progress=lambda *_: None)


def erase(encoder, presence):
    return erase_card(encoder, presence, OURS_1, on_progress=lambda *_: None)


# --- nfcpy


@pytest.fixture
def nfcpy(module):
    """Opens the module with nfcpy; at the end nfcpy sends it to sleep."""
    try:
        import nfc
        from nfc.clf import RemoteTarget, pn532, transport
    except (ImportError, OSError) as fault:
        pytest.skip(f"nfcpy cannot be loaded, it needs libusb-1.0: {fault}")
    opened = []

    def open_module():
        device = pn532.init(transport.TTY(module.path))
        opened.append(device)
        frontend = nfc.ContactlessFrontend()
        frontend.device = device
        frontend.look = lambda: frontend.sense(RemoteTarget("106A"))
        return frontend

    yield open_module
    for device in opened:
        if device.chipset is not None:
            device.close()


class Classic:
    """MIFARE Classic through nfcpy's chipset: its own tag classes do not know it."""

    def __init__(self, frontend) -> None:
        self.chipset = frontend.device.chipset
        self.select()

    def select(self):
        self.uid = bytes(self.chipset.in_list_passive_target(1, 0, b"")[4:])
        return self

    def ask(self, *command):
        return bytes(self.chipset.in_data_exchange(b"".join(command), 1)[0])

    def open(self, block, key, code=0x60):
        self.ask(bytes((code, block)), key, self.uid[-4:])
        return self

    def read(self, block):
        return self.ask(bytes((0x30, block)))

    def unit(self, number):
        return b"".join(self.read(block) for block in range(4 * number, 4 * number + 3))

    def write(self, block, content):
        self.ask(bytes((0xA0, block)), content)

    def is_refused(self, act, code):
        with pytest.raises(type(self.chipset).Error) as caught:
            act()
        self.select()
        return caught.value.errno == code


def test_nfcpy_opens_the_module_finds_no_card_and_comes_back(module, nfcpy):
    for _ in range(2):
        frontend = nfcpy()
        assert str(frontend.device._chipset_name) == "PN532v1.6"
        assert frontend.look() is None
        frontend.close()


def test_nfcpy_needs_the_key_of_a_classic_card(module, nfcpy):
    card = lay_down(module, Medium.CLASSIC_1K)
    frontend = nfcpy()
    assert bytes(frontend.look().sdd_res) == UID
    classic = Classic(frontend)
    assert classic.is_refused(lambda: classic.read(4), 0x13)
    assert classic.is_refused(lambda: classic.open(4, bytes(6)), 0x14)
    # A key opens its own sector only.
    classic.open(4, DELIVERY_KEY)
    assert classic.is_refused(lambda: classic.read(8), 0x13)
    classic.open(4, DELIVERY_KEY).write(5, TEXT)
    assert classic.read(5) == TEXT
    assert classic.read(7) == bytes(6) + DELIVERY_TRAILER[6:]
    assert card.read_row(5, KeyKind.A, DELIVERY_KEY) == TEXT


def test_nfcpy_must_select_a_card_again_that_refused(module, nfcpy):
    lay_down(module, Medium.CLASSIC_1K)
    classic = Classic(nfcpy())
    with pytest.raises(type(classic.chipset).Error):
        classic.open(4, bytes(6))
    with pytest.raises(type(classic.chipset).Error):
        classic.open(4, DELIVERY_KEY)
    classic.select().open(4, DELIVERY_KEY)


def test_nfcpy_knows_an_ntag213_reads_it_and_writes_it(module, nfcpy):
    import nfc.tag

    card = lay_down(module, Medium.NTAG213)
    frontend = nfcpy()
    tag = nfc.tag.activate(frontend, frontend.look())
    assert (tag.product, bytes(tag.identifier)) == ("NXP NTAG213", LONG_UID)
    assert bytes(tag.read(3)[:4]).hex() == "e1101200"
    assert tag.write(6, b"abcd")
    assert bytes(tag.read(4)[8:12]) == b"abcd"
    assert tag.is_present
    assert bytes(tag.transceive(b"\x3a\x04\x06")) == bytes.fromhex("0103a00c340300fe") + b"abcd"
    assert bytes(tag.transceive(b"\x1b\xff\xff\xff\xff")) == b"\0\0"
    with pytest.raises(nfc.tag.tt2.Type2TagCommandError):
        tag.read(45)
    with pytest.raises(nfc.tag.tt2.Type2TagCommandError):
        tag.write(0, b"abcd")
    assert card.read_row(6, KeyKind.NONE, b"") == b"abcd"


@pytest.mark.parametrize("medium", [Medium.NTAG215, Medium.NTAG216])
def test_nfcpy_tells_the_sizes_apart(module, nfcpy, medium):
    import nfc.tag

    lay_down(module, medium)
    frontend = nfcpy()
    assert nfc.tag.activate(frontend, frontend.look()).product == f"NXP {medium.name}"


def test_nfcpy_reads_a_classic_card_that_we_made(module, nfcpy):
    lay_down(module, Medium.CLASSIC_1K)
    ours(module, make)
    classic = Classic(nfcpy())
    for number, content in enumerate(UNITS, 1):
        key_a, key_b = OURS_1.key_a(UID, number), OURS_1.key_b(UID, number)
        assert classic.is_refused(lambda number=number: classic.open(4 * number, DELIVERY_KEY), 0x14)
        assert classic.open(4 * number, key_a).unit(number) == content
        # Key A is a lock's: it reads, and neither writes nor shows a key.
        assert classic.is_refused(lambda number=number: classic.write(4 * number, TEXT), 0x13)
        assert classic.open(4 * number, key_a).read(4 * number + 3) == bytes(6) + ACCESS_BYTES + b"\x01" + bytes(6)
        classic.open(4 * number, key_b, 0x61).write(4 * number, content[:16])
    assert classic.open(16, DELIVERY_KEY).unit(4) == EMPTY


def test_nfcpy_reads_an_ntag_that_we_made(module, nfcpy):
    import nfc.tag

    lay_down(module, Medium.NTAG213)
    ours(module, make)
    frontend = nfcpy()
    tag = nfc.tag.activate(frontend, frontend.look())
    assert b"".join(bytes(tag.read(page)) for page in range(4, 40, 4)) == b"".join(UNITS)


def test_we_read_and_erase_what_nfcpy_wrote(module, nfcpy):
    lay_down(module, Medium.CLASSIC_1K)
    ours(module, make)
    frontend = nfcpy()
    classic = Classic(frontend)
    classic.open(12, OURS_1.key_b(UID, 3), 0x61).write(13, TEXT)
    frontend.close()
    content = ours(module, lambda encoder, presence: read_card(encoder, presence, OURS_1))
    assert content.units[2] == unit("lobby")[:16] + TEXT + unit("lobby")[32:]
    assert ours(module, erase).is_empty
    assert Classic(nfcpy()).open(4, DELIVERY_KEY).unit(1) == EMPTY


# --- libnfc


@pytest.fixture
def libnfc(module, tmp_path):
    """Runs one of libnfc's tools on the module; all that it says."""
    if shutil.which("nfc-mfclassic") is None:
        pytest.skip("no libnfc is installed (Debian: libnfc-bin)")

    def run(tool, *words, answers=""):
        environment = {**os.environ, "LIBNFC_DEVICE": f"pn532_uart:{module.path}"}
        done = subprocess.run(
            [tool, *words],
            env=environment, cwd=tmp_path, input=answers, timeout=_PATIENCE, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.stdout + done.stderr

    return run


def key_file(path, card, numbers):
    """A dump that has the sector keys where libnfc looks for them: ours in sectors `numbers`, else those of delivery."""
    memory = bytearray(bytes.fromhex(card.to_json()["memory"]))
    for sector in range(16):
        key_a, key_b = DELIVERY_KEY, DELIVERY_KEY
        if sector in numbers:
            key_a, key_b = OURS_1.key_a(card.uid, sector), OURS_1.key_b(card.uid, sector)
        memory[64 * sector + 48 : 64 * sector + 54], memory[64 * sector + 58 : 64 * sector + 64] = key_a, key_b
    path.write_bytes(memory)
    return memory


def test_libnfc_finds_the_chip_and_what_lies_on_it(module, libnfc):
    assert "chip: PN532 v1.6" in libnfc("nfc-scan-device", "-v")
    assert "UID" not in libnfc("nfc-list")
    lay_down(module, Medium.CLASSIC_1K)
    assert re.search(r"UID \(NFCID1\): de +ad +be +ef", libnfc("nfc-list"))
    module.take_card()
    lay_down(module, Medium.NTAG213)
    assert re.search(r"UID \(NFCID1\): 04 +a1 +b2 +c3 +d4 +e5 +f6", libnfc("nfc-list"))


def test_libnfc_reads_a_classic_card_that_we_made_with_its_keys_alone(module, libnfc, tmp_path):
    card = lay_down(module, Medium.CLASSIC_1K)
    ours(module, make)
    key_file(tmp_path / "keys", card, (1, 2))
    assert "authentication failed for block 0x0f" in libnfc("nfc-mfclassic", "r", "a", "u", "read", "keys", "f")
    expected = key_file(tmp_path / "keys", card, (1, 2, 3))
    assert "64 of 64 blocks read" in libnfc("nfc-mfclassic", "r", "a", "u", "read", "keys", "f")
    read = (tmp_path / "read").read_bytes()
    assert read == expected
    assert read[64:112] + read[128:176] + read[192:240] == b"".join(UNITS)


def test_we_read_what_libnfc_wrote_on_a_classic_card(module, libnfc, tmp_path):
    card = lay_down(module, Medium.CLASSIC_1K)
    ours(module, make)
    memory = key_file(tmp_path / "keys", card, (1, 2, 3))
    memory[192:208] = TEXT
    (tmp_path / "new").write_bytes(memory)
    # This release writes the first block of each sector only.
    assert "blocks written" in libnfc("nfc-mfclassic", "w", "B", "u", "new", "keys", "f")
    content = ours(module, lambda encoder, presence: read_card(encoder, presence, OURS_1))
    assert content.units[:3] == (unit("101"), EMPTY, TEXT + unit("lobby")[16:])


def test_libnfc_reads_an_ntag_that_we_made_and_we_read_what_it_wrote(module, libnfc, tmp_path):
    lay_down(module, Medium.NTAG213)
    ours(module, make)
    said = libnfc("nfc-mfultralight", "r", "read")
    assert "NTAG Type: NTAG213 (144 user bytes)" in said
    assert "45 of 45 pages read" in said
    memory = bytearray((tmp_path / "read").read_bytes())
    assert memory[16:160] == b"".join(UNITS)
    memory[64:112] = unit("libnfc")
    (tmp_path / "new").write_bytes(memory)
    libnfc("nfc-mfultralight", "w", "new", answers="n\n" * 4)
    content = ours(module, lambda encoder, presence: read_card(encoder, presence, OURS_1))
    assert content.units == (unit("101"), unit("libnfc"), unit("lobby"))
