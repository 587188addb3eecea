"""The serial line: whatever comes in, in whatever pieces, the next good frame is found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pms.protocol.encoder_line import (
    MAX_PAYLOAD,
    SILENCE,
    Answer,
    Capability,
    HelloAnswer,
    KeyKind,
    LineDecoder,
    LineFrame,
    ReadUnit,
    Status,
    WriteUnit,
    decode_event,
    decode_request,
    encode_line_frame,
)
from pms.protocol.errors import MalformedError, UsageError

from . import strategies as some

GOOD = LineFrame(7, 0x81, b"\0")
NOISE = st.one_of(
    st.binary(max_size=60),
    st.lists(st.sampled_from([b"\xaa", b"\x55", b"\x01", b"\xaa\x55", b"\xaa\x55\x01\x00\x81\x00", b"\x07"])).map(
        b"".join
    ),
)


def _pieces(data: st.DataObject, stream: bytes) -> list[bytes]:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    return [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


@given(st.lists(st.one_of(NOISE, some.LINE_FRAMES.map(encode_line_frame)), max_size=5).map(b"".join), st.data())
def test_pieces_make_no_difference(stream: bytes, data: st.DataObject) -> None:
    whole, pieces = LineDecoder(), LineDecoder()
    frames = whole.feed(stream, 0.0) + whole.idle(1.0)
    in_pieces = [frame for piece in _pieces(data, stream) for frame in pieces.feed(piece, 0.0)]
    assert in_pieces + pieces.idle(1.0) == frames


@given(NOISE, some.LINE_FRAMES)
def test_a_good_frame_comes_through_noise_after_the_silence_at_the_latest(noise: bytes, frame: LineFrame) -> None:
    decoder = LineDecoder()
    frames = decoder.feed(noise + encode_line_frame(frame), 0.0) + decoder.idle(SILENCE)
    assert frame in frames
    assert not decoder.is_partial


@given(st.binary(max_size=300), some.LINE_FRAMES)
def test_a_good_frame_after_a_silence_comes_at_once(noise: bytes, frame: LineFrame) -> None:
    decoder = LineDecoder()
    decoder.feed(noise, 0.0)
    assert decoder.feed(encode_line_frame(frame), SILENCE)[-1] == frame


@given(st.lists(some.LINE_FRAMES, max_size=6))
def test_frames_come_out_in_their_order(frames: list[LineFrame]) -> None:
    assert LineDecoder().feed(b"".join(map(encode_line_frame, frames)), 0.0) == frames


def test_silence_counts_from_the_last_byte_and_is_a_tenth_of_a_second() -> None:
    raw = encode_line_frame(GOOD)
    decoder = LineDecoder()
    assert decoder.feed(raw[:3], 5.0) == []
    assert decoder.feed(raw[3:6], 5.0625) == []
    assert decoder.idle(5.125) == []
    assert decoder.is_partial
    assert decoder.feed(raw[6:], 5.15625) == [GOOD]
    assert decoder.feed(raw[:6], 6.0) == []
    assert decoder.feed(raw[6:], 6.125) == []
    assert not decoder.is_partial


def test_what_is_kept_is_less_than_one_frame() -> None:
    decoder = LineDecoder()
    for at in range(200):
        decoder.feed(bytes.fromhex("aa550100010800") + bytes(100), at / 1000)
    assert len(decoder._kept) < 9 + MAX_PAYLOAD


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(encode_line_frame(GOOD)[:2] + b"\x02" + encode_line_frame(GOOD)[3:], id="version"),
        pytest.param(bytes.fromhex("aa550100810801"), id="length 2049"),
        pytest.param(encode_line_frame(GOOD)[:-1] + b"\x00", id="checksum"),
    ],
)
def test_a_wrong_frame_costs_one_byte_only(wrong: bytes) -> None:
    assert LineDecoder().feed(wrong + encode_line_frame(GOOD), 0.0) == [GOOD]


def test_a_frame_inside_a_spoilt_one_is_found() -> None:
    inner = encode_line_frame(GOOD)
    outer = bytearray(encode_line_frame(LineFrame(1, 2, b"before" + inner + b"after")))
    outer[-1] ^= 1
    assert LineDecoder().feed(bytes(outer), 0.0) == [GOOD]


def test_a_good_frame_hides_what_looks_like_one_in_its_payload() -> None:
    outer = LineFrame(1, 2, b"before" + encode_line_frame(GOOD))
    assert LineDecoder().feed(encode_line_frame(outer), 0.0) == [outer]


def test_a_start_mark_cut_in_two_behind_a_frame_is_kept() -> None:
    raw = encode_line_frame(GOOD)
    decoder = LineDecoder()
    assert decoder.feed(raw + raw[:1], 0.0) == [GOOD]
    assert decoder.feed(raw[1:], 0.01) == [GOOD]


def test_a_last_byte_that_belongs_to_a_frame_is_not_taken_for_a_start_mark() -> None:
    frame = next(
        frame for n in range(5000) if encode_line_frame(frame := LineFrame(1, 1, n.to_bytes(2, "big")))[-1] == 0xAA
    )
    decoder = LineDecoder()
    assert decoder.feed(encode_line_frame(frame), 0.0) == [frame]
    assert not decoder.is_partial


def test_the_largest_payload_passes_and_one_byte_more_does_not() -> None:
    frame = LineFrame(0, 0, bytes(MAX_PAYLOAD))
    assert LineDecoder().feed(encode_line_frame(frame), 0.0) == [frame]
    with pytest.raises(UsageError):
        LineFrame(0, 0, bytes(MAX_PAYLOAD + 1))


@pytest.mark.parametrize(("seq", "kind"), [(-1, 0), (256, 0), (0, -1), (0, 256)])
def test_a_frame_of_impossible_numbers_cannot_be_made(seq: int, kind: int) -> None:
    with pytest.raises(UsageError):
        LineFrame(seq, kind)


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param("05" + "00" * 5 + "01" + "41" + "00" * 6, id="UID of 5 bytes"),
        pytest.param("04ee1a153a" + "00" + "41" + "00" * 6, id="unit 0"),
        pytest.param("04ee1a153a" + "09" + "41" + "00" * 6, id="unit 9"),
        pytest.param("04ee1a153a" + "01" + "43" + "00" * 6, id="key kind C"),
        pytest.param("04ee1a153a" + "01" + "41" + "00" * 5, id="cut short"),
        pytest.param("04ee1a153a" + "01" + "41" + "00" * 7, id="too long"),
    ],
)
def test_a_request_to_read_that_says_something_else_is_refused(payload: str) -> None:
    with pytest.raises(MalformedError):
        decode_request(0x03, bytes.fromhex(payload))


def test_a_trailer_flag_is_zero_or_one() -> None:
    raw = WriteUnit(b"\x04\xb8\x07\xc7", 1, bytes(48)).encode()
    with pytest.raises(MalformedError, match="flag"):
        decode_request(0x04, raw[:-1] + b"\x02")


def test_an_unknown_type_has_its_own_code() -> None:
    for decode in (decode_request, decode_event):
        with pytest.raises(MalformedError) as caught:
            decode(0x77, b"")
        assert caught.value.code == "unknown_type"


def test_an_acknowledgement_of_anything_but_done_is_refused() -> None:
    with pytest.raises(MalformedError):
        decode_event(0xF0, b"\x01")


def test_an_answer_that_is_not_done_carries_nothing_more() -> None:
    with pytest.raises(MalformedError):
        Answer.decode(b"\x05\x00")
    with pytest.raises(UsageError):
        Answer(Status.NO_CARD, b"x")


def test_a_reserved_capability_is_refused() -> None:
    raw = HelloAnswer(1, bytes(8), Capability.NTAG, "E-20").encode()
    with pytest.raises(MalformedError):
        HelloAnswer.decode(raw[:9] + b"\x08" + raw[10:])
    with pytest.raises(UsageError):
        HelloAnswer(1, bytes(8), Capability.NTAG, "Ё")


def test_keys_contents_and_payloads_stay_out_of_texts() -> None:
    key, content, trailer = b"SECRET", b"content" * 6 + b"xxxxxx", b"trailertrailerxx"
    texts = (
        repr(ReadUnit(b"\x04\xb8\x07\xc7", 1, KeyKind.A, key)),
        repr(WriteUnit(b"\x04\xb8\x07\xc7", 1, content, KeyKind.B, key, trailer)),
        repr(Answer(Status.DONE, content)),
        repr(LineFrame(1, 4, key + content + trailer)),
    )
    for text in texts:
        assert not any(word in text for word in ("SECRET", "content" * 2, "trailertrailer", content.hex()))
