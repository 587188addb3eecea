"""Packets of fingerprint modules: pairs from the manuals, read whole, byte by byte, with noise and with damage."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pms.devices.ef01_packets import Identifier, Packet, PacketDecoder, data_packets

HEAD = "ef01ffffffff"
PAIRS = [
    # The manuals' own examples, after start and address: content, then the rest of the packet.
    ("13 00000000", "01 0007 13 00000000 001b"),
    ("0f", "01 0003 0f 0013"),
    ("0e 06 02", "01 0005 0e0602 001c"),
    ("01", "01 0003 01 0005"),
    ("02 01", "01 0004 0201 0008"),
    ("05", "01 0003 05 0009"),
    ("03", "01 0003 03 0007"),
    ("06 01 0000", "01 0006 06010000 000e"),
    ("07 02 0000", "01 0006 07020000 0010"),
    ("04 01 0000 00c8", "01 0008 0401000000c8 00d6"),
    ("08 01", "01 0004 0801 000e"),
    ("09 01", "01 0004 0901 000f"),
    ("0a", "01 0003 0a 000e"),
    ("0c 0000 0001", "01 0007 0c00000001 0015"),
    ("0d", "01 0003 0d 0011"),
    ("1d", "01 0003 1d 0021"),
    ("1f 00", "01 0004 1f00 0024"),
]


@pytest.mark.parametrize(("content", "rest"), PAIRS)
def test_a_command_is_the_bytes_of_the_manual_and_back(content, rest):
    packet = Packet(Identifier.COMMAND, bytes.fromhex(content))
    whole = bytes.fromhex(HEAD + rest)
    assert packet.encode() == whole
    assert PacketDecoder().feed(whole) == [packet]


@pytest.mark.parametrize(("rest", "confirmation"), [("07 0003 00 000a", 0), ("07 0003 02 000c", 2)])
def test_an_answer_is_read(rest, confirmation):
    (packet,) = PacketDecoder().feed(bytes.fromhex(HEAD + rest))
    assert (packet.identifier, packet.content) == (Identifier.ACKNOWLEDGE, bytes((confirmation,)))


packets = st.builds(Packet, st.sampled_from(Identifier), st.binary(max_size=256), st.integers(0, 0xFFFFFFFF))


@given(st.lists(packets, max_size=4), st.data())
def test_packets_are_found_however_the_line_cuts_them(sent, data):
    whole = b"".join(packet.encode() for packet in sent)
    decoder, found, at = PacketDecoder(), [], 0
    while at < len(whole):
        size = data.draw(st.integers(1, 40))
        found += decoder.feed(whole[at : at + size])
        at += size
    assert found == sent
    assert decoder.lost == 0


@given(packets, st.binary(max_size=40).filter(lambda noise: b"\xef" not in noise))
def test_noise_before_a_packet_is_passed_over_and_counted(packet, noise):
    decoder = PacketDecoder()
    assert decoder.feed(b"\x55" + noise + packet.encode()) == [packet]
    assert decoder.lost == 1 + len(noise)


@given(packets.filter(lambda packet: packet.content), st.data())
def test_a_damaged_content_is_no_packet(packet, data):
    whole = bytearray(packet.encode())
    at = data.draw(st.integers(9, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    decoder = PacketDecoder()
    assert packet not in decoder.feed(bytes(whole))


def test_a_content_too_long_for_a_packet_is_refused():
    Packet(Identifier.DATA, bytes(256)).encode()
    with pytest.raises(ValueError, match="256"):
        Packet(Identifier.DATA, bytes(257)).encode()


@pytest.mark.parametrize(("size", "count"), [(0, 1), (1, 1), (128, 1), (129, 2), (512, 4), (1536, 12)])
def test_a_template_travels_in_packets_of_which_the_last_says_so(size, count):
    content = bytes(range(256)) * 6
    sent = list(data_packets(content[:size], 128))
    assert len(sent) == count
    assert [packet.identifier for packet in sent] == [Identifier.DATA] * (count - 1) + [Identifier.LAST_DATA]
    assert b"".join(packet.content for packet in sent) == content[:size]
