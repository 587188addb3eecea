"""Frames of a PN532: the pairs of the data sheet, and what is found in a stream that is cut, noisy or damaged."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pms.devices.pn532_frames import (
    ACK_FRAME,
    ERROR_FRAME,
    MAX_DATA,
    NACK_FRAME,
    Frame,
    FrameDecoder,
    FrameKind,
    encode_frame,
)

# What the frames carry and how they look on the line; checked against programs that others wrote.
REFERENCE = [
    ("D4 02", "00 00 FF 02 FE D4 02 2A 00"),
    ("D5 03 32 01 06 07", "00 00 FF 06 FA D5 03 32 01 06 07 E8 00"),
    ("D4 14 01 14 01", "00 00 FF 05 FB D4 14 01 14 01 02 00"),
    ("D4 14 01", "00 00 FF 03 FD D4 14 01 17 00"),
    ("D5 15", "00 00 FF 02 FE D5 15 16 00"),
    ("D4 32 05 FF 01 01", "00 00 FF 06 FA D4 32 05 FF 01 01 F4 00"),
    ("D4 4A 01 00", "00 00 FF 04 FC D4 4A 01 00 E1 00"),
    ("D5 4B 00", "00 00 FF 03 FD D5 4B 00 E0 00"),
    ("D5 4B 01 01 00 04 08 04 DE AD BE EF", "00 00 FF 0C F4 D5 4B 01 01 00 04 08 04 DE AD BE EF 96 00"),
    (
        "D5 4B 01 01 00 44 00 07 04 A1 B2 C3 D4 E5 F6",
        "00 00 FF 0F F1 D5 4B 01 01 00 44 00 07 04 A1 B2 C3 D4 E5 F6 CA 00",
    ),
    (
        "D4 40 01 60 04 FF FF FF FF FF FF DE AD BE EF",
        "00 00 FF 0F F1 D4 40 01 60 04 FF FF FF FF FF FF DE AD BE EF 55 00",
    ),
    ("D5 41 00", "00 00 FF 03 FD D5 41 00 EA 00"),
    ("D5 41 14", "00 00 FF 03 FD D5 41 14 D6 00"),
    ("D4 40 01 30 04", "00 00 FF 05 FB D4 40 01 30 04 B7 00"),
    ("D4 40 01 A0 04" + " 00" * 16, "00 00 FF 15 EB D4 40 01 A0 04" + " 00" * 16 + " 47 00"),
    ("D4 40 01 A2 14 01 02 03 04", "00 00 FF 09 F7 D4 40 01 A2 14 01 02 03 04 2B 00"),
    ("D4 52 00", "00 00 FF 03 FD D4 52 00 DA 00"),
    # Seen on a real module with a card of 1 kB.
    ("D5 4B 01 01 00 04 08 04 D6 10 B6 26", "00 00 FF 0C F4 D5 4B 01 01 00 04 08 04 D6 10 B6 26 0C 00"),
]

payloads = st.binary(min_size=1, max_size=MAX_DATA).filter(lambda data: data != b"\x7f")
# Noise that no frame can begin in, so that it hides none.
noise = st.binary(max_size=12).map(lambda data: data.replace(b"\xff", b"\xfe").rstrip(b"\x00"))


def data_frame(data: bytes) -> Frame:
    return Frame(FrameKind.DATA, data)


@pytest.mark.parametrize(("data", "wire"), REFERENCE)
def test_the_frames_of_the_table(data, wire):
    assert encode_frame(bytes.fromhex(data)) == bytes.fromhex(wire)
    assert FrameDecoder().feed(bytes.fromhex(wire)) == [data_frame(bytes.fromhex(data))]


@pytest.mark.parametrize(
    ("wire", "kind"),
    [(ACK_FRAME, FrameKind.ACK), (NACK_FRAME, FrameKind.NACK), (ERROR_FRAME, FrameKind.ERROR)],
)
def test_the_frames_that_carry_nothing(wire, kind):
    assert FrameDecoder().feed(wire) == [Frame(kind)]


def test_255_bytes_are_the_longest_that_a_normal_frame_carries():
    assert encode_frame(bytes(255))[:5].hex() == "0000ffff01"
    extended = encode_frame(bytes(256))
    assert extended[:8].hex() == "0000ffffff0100ff"
    assert len(extended) == 8 + 256 + 2


@pytest.mark.parametrize("size", [0, MAX_DATA + 1])
def test_what_fits_no_frame_is_refused(size):
    with pytest.raises(ValueError, match="265"):
        encode_frame(bytes(size))


def test_an_extended_frame_that_claims_too_much_is_none():
    decoder = FrameDecoder()
    assert decoder.feed(bytes.fromhex("0000ffffff700090")) == []
    assert decoder.feed(ACK_FRAME) == [Frame(FrameKind.ACK)]


@given(payloads)
@example(b"\xd5" * 255)
@example(b"\xd5" * 256)
def test_what_is_encoded_is_decoded(data):
    assert FrameDecoder().feed(encode_frame(data)) == [data_frame(data)]


@given(st.lists(payloads, min_size=1, max_size=3), st.data())
def test_a_stream_may_be_cut_anywhere(contents, data):
    stream = b"".join(ACK_FRAME + encode_frame(content) for content in contents)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    decoder, found = FrameDecoder(), []
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += decoder.feed(stream[begin:end])
    assert found == [frame for content in contents for frame in (Frame(FrameKind.ACK), data_frame(content))]


def test_every_byte_may_come_alone():
    decoder = FrameDecoder()
    for data, wire in REFERENCE:
        found = [frame for byte in bytes.fromhex(wire) for frame in decoder.feed(bytes((byte,)))]
        assert found == [data_frame(bytes.fromhex(data))]


@given(noise, payloads, noise)
def test_noise_between_frames_hides_none(before, data, between):
    stream = before + encode_frame(data) + between + ACK_FRAME
    assert FrameDecoder().feed(stream) == [data_frame(data), Frame(FrameKind.ACK)]


@given(payloads, st.data())
def test_one_flipped_bit_never_makes_another_frame_of_data(content, data):
    wire = bytearray(encode_frame(content))
    # From the length to the checksum of the data.
    at = data.draw(st.integers(3, len(wire) - 2))
    wire[at] ^= 1 << data.draw(st.integers(0, 7))
    decoder = FrameDecoder()
    found = decoder.feed(bytes(wire)) + decoder.give_up()
    # A frame can hide inside the content of a damaged one, but never is it the whole.
    assert all(len(frame.data) < len(content) for frame in found)


def test_a_start_that_promises_more_than_comes_hides_the_next_frame_only_until_it_is_given_up():
    decoder = FrameDecoder()
    assert decoder.feed(bytes.fromhex("00ff20e0") + ACK_FRAME) == []
    assert decoder.give_up() == [Frame(FrameKind.ACK)]


@given(st.binary(max_size=600))
def test_whatever_comes_nothing_breaks_and_little_is_kept(data):
    decoder = FrameDecoder()
    decoder.feed(data)
    assert len(decoder._buffer) <= MAX_DATA + 8
    decoder.give_up()
    assert decoder.feed(ACK_FRAME)[-1:] == [Frame(FrameKind.ACK)]
