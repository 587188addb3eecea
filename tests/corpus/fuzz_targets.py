"""What is fuzzed: one function a decoder, which takes any bytes and fails only by an unexpected exception.

`python -m tests.corpus.fuzz TARGET FOLDER -max_total_time=75` hunts with atheris (not among the project's dependencies);
`tests/protocol/test_corpus.py` replays what such hunts kept, which is in `inputs.json` beside this file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from pms.protocol import encoder_messages as line
from pms.protocol.card import (
    CardBody,
    find_staff_body,
    open_guest_grant,
    open_staff_grant,
    read_header,
)
from pms.protocol.command import decode_answer, decode_report, decode_request
from pms.protocol.encoder_line import LineDecoder, LineFrame, encode_line_frame
from pms.protocol.errors import ProtocolError
from pms.protocol.frame import Direction, Frame, open_frame, peek_header, seal_frame
from pms.protocol.passcode import decode_permission, decrypt_passcode, encode_permission, window
from pms.protocol.record import AccessRecord, split_records
from pms.protocol.tlv import Part, decode_tlvs, encode_tlvs, join_parts
from pms.simulators.lock import KeySet, LockState, VirtualLock

KEY_16, KEY_32 = bytes(range(16)), bytes(range(32))
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
SN, UID = bytes.fromhex("292e593b0e66"), bytes.fromhex("04b807c7151a4d")
NOW = 1_773_813_600


def card(raw: bytes) -> None:
    """Units, bodies and grants."""
    read_header(raw)
    find_staff_body(raw)
    for attempt in (
        lambda: open_guest_grant(KEY_32, raw, UID),
        lambda: open_staff_grant(PUBLIC, raw, UID),
        lambda: open_guest_grant(KEY_32, bytes(48), raw),
    ):
        with contextlib.suppress(ProtocolError):
            attempt()
    with contextlib.suppress(ProtocolError):
        assert CardBody.decode(raw).encode() == raw


def passcode(raw: bytes) -> None:
    """Digits, permission numbers, and windows at any time and offset."""
    with contextlib.suppress(ProtocolError):
        decrypt_passcode(KEY_16, 0, raw.decode("latin-1"))
    padded = raw.ljust(11, b"\0")
    p, now = int.from_bytes(padded[:4], "big") % 20_000_000, int.from_bytes(padded[4:8], "big")
    with contextlib.suppress(ProtocolError):
        permission = decode_permission(p, now)
        assert encode_permission(permission) == p
        start, end = window(permission, padded[8] % 113 - 56, padded[9] % 24, now)
        assert start < end


def frame(raw: bytes) -> None:
    """Frames, and what is sealed in them."""
    with contextlib.suppress(ProtocolError):
        peek_header(raw)
        open_frame(KEY_16, SN, raw)
    with contextlib.suppress(ProtocolError):
        sealed = seal_frame(KEY_16, SN, Frame(8, 0x0400, Direction.REQUEST, 1, raw))
        assert open_frame(KEY_16, SN, sealed).plaintext == raw


def tags(raw: bytes) -> None:
    """Tags, and every command, report and answer made of them; the first two bytes say which."""
    with contextlib.suppress(ProtocolError):
        assert encode_tlvs(decode_tlvs(raw)) == raw
    with contextlib.suppress(ProtocolError):
        join_parts([(raw[6:], Part.decode(raw[:6]))])
    command = int.from_bytes(raw[:2], "big")
    for decode in (decode_request, decode_report, decode_answer):
        with contextlib.suppress(ProtocolError):
            decode(command, raw[2:], 8)


def record(raw: bytes) -> None:
    """Records one after another."""
    with contextlib.suppress(ProtocolError):
        for each in split_records(raw):
            assert AccessRecord.decode(each).encode() == each


def serial(raw: bytes) -> None:
    """The stream, whole and in pieces; after silence a good frame always comes through."""
    whole, pieces = LineDecoder(), LineDecoder()
    frames = whole.feed(raw, 0.0)
    step = (raw[0] % 7 + 1) if raw else 1
    in_pieces = [each for at in range(0, len(raw), step) for each in pieces.feed(raw[at : at + step], 0.0)]
    assert frames == in_pieces
    good = LineFrame(7, 0x81, b"\0")
    assert whole.feed(encode_line_frame(good), 1.0)[-1] == good


def message(raw: bytes) -> None:
    """Payloads of the serial line; the first byte is the type."""
    kind, payload = raw[:1], raw[1:]
    for decode in (line.decode_request, line.decode_event):
        with contextlib.suppress(ProtocolError):
            assert decode(kind[0] if kind else 0, payload).encode() == payload
    for decode_answered in (line.Answer.decode, line.HelloAnswer.decode):
        with contextlib.suppress(ProtocolError):
            assert decode_answered(payload).encode() == payload


def lock(raw: bytes) -> None:
    """A whole lock: a sealed request with any content, a card with any units, an entry of any characters."""
    keys = KeySet(3, KEY_32, PUBLIC, {9: KEY_32})
    state = LockState(SN, SN, KEY_16[:8], is_bound=True, door_id=501, keys=[keys], scopes=[33], bound_version=8)
    virtual = VirtualLock(state)
    command = int.from_bytes(raw[:2], "big")
    request = Frame(8, command, Direction.REQUEST, 1, raw[2:1026])
    answer = virtual.receive(seal_frame(state.k_frame(), SN, request), NOW)
    assert answer is not None
    virtual.present(UID, [raw[at : at + 48] for at in range(0, min(len(raw), 384), 48)], NOW)
    virtual.type_code(raw[:12].decode("latin-1"), NOW)
    virtual.receive(raw, NOW)
    assert VirtualLock.from_json(virtual.to_json()) == virtual


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (card, passcode, frame, tags, record, serial, message, lock)
}
