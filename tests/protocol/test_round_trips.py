"""Whatever is valid comes back as it went in; whatever is not is refused with one of our own errors."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pms.protocol import encoder_messages as line
from pms.protocol.bcd import decode_bcd, encode_bcd
from pms.protocol.card import (
    Audience,
    CardBody,
    CardKind,
    GrantHeader,
    open_guest_grant,
    open_staff_grant,
    read_header,
    seal_guest_grant,
    sign_staff_grant,
)
from pms.protocol.card_layout import check_access_bytes
from pms.protocol.command import (
    ANSWERS,
    REPORTS,
    REQUESTS,
    AnswerStatus,
    LockAnswer,
    Payload,
    RawSetting,
    UserList,
    decode_answer,
    decode_report,
    decode_request,
    encode_answer,
)
from pms.protocol.crc import crc16
from pms.protocol.encoder_line import LineDecoder, LineFrame, encode_line_frame
from pms.protocol.errors import MalformedError, ProtocolError
from pms.protocol.frame import Direction, Frame, open_frame, peek_header, seal_frame
from pms.protocol.passcode import decrypt_passcode
from pms.protocol.record import AccessRecord, chain_after, split_records, verify_chain
from pms.protocol.tlv import MAX_PART, Part, decode_tlvs, encode_tlvs, join_parts, split_parts

from . import strategies as some


@given(some.bodies())
def test_a_body_comes_back(body: CardBody) -> None:
    assert CardBody.decode(body.encode()) == body


@given(some.headers())
def test_a_header_comes_back(header: GrantHeader) -> None:
    assert GrantHeader.decode(header.encode()) == header
    assert read_header(header.encode() + bytes(40)) == header


@given(some.KEYS_32, some.headers(Audience.DOOR), some.GUEST_BODIES, some.UIDS)
def test_a_guest_grant_comes_back(key: bytes, header: GrantHeader, body: CardBody, uid: bytes) -> None:
    grant = seal_guest_grant(key, header, body, uid)
    assert len(grant) == 48
    assert open_guest_grant(key, grant, uid) == (header, body)


@given(some.headers(Audience.SCOPE), some.STAFF_BODIES, some.UIDS)
def test_a_staff_grant_comes_back(header: GrantHeader, body: CardBody, uid: bytes) -> None:
    grant = sign_staff_grant(SECRET, header, body, uid)
    assert len(grant) == 96
    assert open_staff_grant(PUBLIC, grant, uid) == (header, body)


SECRET = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
KEY_32 = bytes(range(32))
KEY_16 = bytes(range(16))
SN = bytes.fromhex("292e593b0e66")
UID = bytes.fromhex("04b807c7151a4d")
BODY = CardBody(CardKind.GUEST, 1_773_813_600, 1_773_813_600, 1_773_986_400, 1001)
STAFF_BODY = CardBody(CardKind.STAFF, 1_773_813_600, 1_773_813_600, 1_773_986_400, 2001)


@given(some.KEYS_16, some.SNS, some.FRAMES)
def test_a_frame_comes_back(key: bytes, sn: bytes, frame: Frame) -> None:
    sealed = seal_frame(key, sn, frame)
    assert open_frame(key, sn, sealed) == frame
    head = peek_header(sealed)
    assert (head.command, head.counter, head.size) == (frame.command, frame.counter, len(frame.plaintext))


@given(some.RECORDS)
def test_a_record_comes_back(record: AccessRecord) -> None:
    assert AccessRecord.decode(record.encode()) == record


@given(some.REQUESTS)
def test_a_request_comes_back(request: Payload) -> None:
    encoded = request.encode()
    assert decode_request(request.command, encoded) == request
    assert encode_tlvs(decode_tlvs(encoded)) == encoded


@given(some.REPORTS)
def test_a_report_comes_back(report: Payload) -> None:
    assert decode_report(report.command, report.encode()) == report


@given(some.ANSWER_BODIES)
def test_an_answer_comes_back(body: Payload) -> None:
    answer = LockAnswer(AnswerStatus.DONE, body)
    assert decode_answer(body.command, encode_answer(answer)) == answer


@given(some.USER_LISTS)
def test_a_list_of_users_comes_back(body: UserList) -> None:
    answer = LockAnswer(AnswerStatus.DONE, body)
    assert decode_answer(0x0103, encode_answer(answer)) == answer


@given(st.sampled_from(AnswerStatus), st.sampled_from(sorted(set(REQUESTS) - set(ANSWERS))))
def test_a_bare_answer_comes_back(status: AnswerStatus, command: int) -> None:
    assert decode_answer(command, encode_answer(LockAnswer(status))) == LockAnswer(status)


@given(some.RAW_SETTINGS)
def test_a_raw_setting_comes_back_from_its_text(settings: tuple[RawSetting, ...]) -> None:
    for setting in settings:
        assert RawSetting.from_text(setting.to_text()) == setting


@given(st.binary(min_size=1, max_size=3000), st.randoms())
def test_parts_join_in_any_order(content: bytes, random: object) -> None:
    parts = split_parts(content)
    assert all(len(piece) <= MAX_PART for piece, _ in parts)
    assert all(Part.decode(part.encode()) == part for _, part in parts)
    random.shuffle(parts)  # type: ignore[attr-defined]
    assert join_parts(parts) == content


@given(some.digits(1, 40))
def test_packed_digits_come_back(number: str) -> None:
    assert decode_bcd(encode_bcd(number)) == number


@given(st.one_of(some.LINE_REQUESTS, some.LINE_EVENTS))
def test_a_message_of_the_serial_line_comes_back(message: line.Message) -> None:
    decode = line.decode_request if message.type in line.REQUESTS else line.decode_event
    assert decode(message.type, message.encode()) == message


@given(some.U8, some.sized(8), st.integers(0, 7), some.TEXTS)
def test_a_name_plate_comes_back(version: int, serial_number: bytes, capabilities: int, model: str) -> None:
    plate = line.HelloAnswer(version, serial_number, line.Capability(capabilities), model)
    assert line.HelloAnswer.decode(plate.encode()) == plate


@given(st.sampled_from(line.Status), st.binary(max_size=100))
def test_an_answer_of_the_machine_comes_back(status: line.Status, body: bytes) -> None:
    answer = line.Answer(status, body if status is line.Status.DONE else b"")
    assert line.Answer.decode(answer.encode()) == answer


@given(some.LINE_FRAMES)
def test_a_line_frame_comes_back(frame: LineFrame) -> None:
    assert LineDecoder().feed(encode_line_frame(frame), 0.0) == [frame]


# --- any bytes


DECODERS: dict[str, Callable[[bytes], object]] = {
    "body": CardBody.decode,
    "header": GrantHeader.decode,
    "unit": read_header,
    "guest grant": lambda raw: open_guest_grant(KEY_32, raw, UID),
    "staff grant": lambda raw: open_staff_grant(PUBLIC, raw, UID),
    "uid": lambda raw: open_guest_grant(KEY_32, bytes(48), raw),
    "trailer": check_access_bytes,
    "record": AccessRecord.decode,
    "records": split_records,
    "frame": lambda raw: open_frame(KEY_16, SN, raw),
    "frame header": peek_header,
    "tags 07": lambda raw: decode_tlvs(raw, 7),
    "tags 08": decode_tlvs,
    "part": Part.decode,
    "packed digits": decode_bcd,
    "raw setting": lambda raw: RawSetting.from_text(raw.decode("latin-1")),
    "digits": lambda raw: decrypt_passcode(KEY_16, 0, raw.decode("latin-1")),
    "machine's answer": line.Answer.decode,
    "name plate": line.HelloAnswer.decode,
    **{f"request {command:04X}": lambda raw, c=command: decode_request(c, raw) for command in (*REQUESTS, 0)},
    **{f"report {command:04X}": lambda raw, c=command: decode_report(c, raw) for command in (*REPORTS, 0)},
    **{f"answer {command:04X}": lambda raw, c=command: decode_answer(c, raw) for command in (*ANSWERS, 0x0400)},
    **{f"line request {kind:02X}": lambda raw, k=kind: line.decode_request(k, raw) for kind in (*line.REQUESTS, 0)},
    **{f"line event {kind:02X}": lambda raw, k=kind: line.decode_event(k, raw) for kind in (*line.EVENTS, 0)},
}


@pytest.mark.parametrize("name", DECODERS)
@given(raw=st.binary(max_size=120))
def test_a_decoder_raises_nothing_but_errors_of_the_protocol(name: str, raw: bytes) -> None:
    # Anything else than an error of the protocol goes through and fails the test.
    with contextlib.suppress(ProtocolError):
        DECODERS[name](raw)


@given(st.binary(min_size=24, max_size=24))
def test_a_body_that_is_taken_has_one_spelling(raw: bytes) -> None:
    try:
        body = CardBody.decode(raw)
    except MalformedError:
        return
    assert body.encode() == raw


@given(some.bodies(), st.data())
def test_no_prefix_and_no_tail_of_a_body_is_taken(body: CardBody, data: st.DataObject) -> None:
    raw = body.encode()
    cut = data.draw(st.integers(0, len(raw) - 1))
    for wrong in (raw[:cut], raw + b"\0"):
        with pytest.raises(MalformedError):
            CardBody.decode(wrong)


@given(some.REQUESTS, st.data())
def test_no_cut_request_is_taken_for_the_whole(request: Payload, data: st.DataObject) -> None:
    raw = request.encode()
    if not raw:
        return
    cut = data.draw(st.integers(0, len(raw) - 1))
    with contextlib.suppress(MalformedError):
        assert decode_request(request.command, raw[:cut]) != request


@given(some.REQUESTS)
def test_a_doubled_or_foreign_tag_is_refused(request: Payload) -> None:
    raw = request.encode()
    for wrong in (raw + raw, raw + bytes.fromhex("24080000000000000000")):
        if wrong == raw or request.command == 0x0500:
            continue
        with pytest.raises(MalformedError, match="tag"):
            decode_request(request.command, wrong)


# --- every single bit


def _flips(raw: bytes) -> list[bytes]:
    number = int.from_bytes(raw, "big")
    return [(number ^ 1 << bit).to_bytes(len(raw), "big") for bit in range(8 * len(raw))]


@given(some.headers(Audience.DOOR, Audience.AREA), some.GUEST_BODIES, some.UIDS)
def test_every_changed_bit_of_a_guest_grant_is_refused(header: GrantHeader, body: CardBody, uid: bytes) -> None:
    if header.audience is Audience.AREA and not body.is_concurrent:
        return
    grant = seal_guest_grant(KEY_32, header, body, uid)
    for wrong in _flips(grant):
        with pytest.raises(ProtocolError):
            open_guest_grant(KEY_32, wrong, uid)
    for wrong_uid in _flips(uid):
        with pytest.raises(ProtocolError):
            open_guest_grant(KEY_32, grant, wrong_uid)


def test_every_changed_bit_of_a_staff_grant_is_refused() -> None:
    grant = sign_staff_grant(SECRET, GrantHeader(3, Audience.SCOPE, 33), STAFF_BODY, UID)
    for wrong in _flips(grant):
        with pytest.raises(ProtocolError):
            open_staff_grant(PUBLIC, wrong, UID)
    for wrong_uid in _flips(UID):
        with pytest.raises(ProtocolError):
            open_staff_grant(PUBLIC, grant, wrong_uid)


@given(some.FRAMES.filter(lambda frame: len(frame.plaintext) < 64))
def test_every_changed_bit_of_a_frame_is_refused(frame: Frame) -> None:
    for wrong in _flips(seal_frame(KEY_16, SN, frame)):
        with pytest.raises(ProtocolError):
            open_frame(KEY_16, SN, wrong)


def test_a_changed_bit_is_refused_by_the_tag_even_if_somebody_mends_the_crc() -> None:
    sealed = seal_frame(KEY_16, SN, Frame(8, 0x0400, Direction.REQUEST, 7, b"\x0a\x04\x69\xba\x3f\x9c\x40\x01\x01"))
    for wrong in _flips(sealed[:-2]):
        mended = wrong + crc16(wrong).to_bytes(2, "big")
        with pytest.raises(ProtocolError):
            open_frame(KEY_16, SN, mended)


@given(st.lists(some.RECORDS, min_size=1, max_size=4), st.data())
def test_every_changed_bit_of_a_record_breaks_the_chain(records: list[AccessRecord], data: st.DataObject) -> None:
    raw = [record.encode() for record in records]
    chain = chain_after(KEY_16, raw)
    at = data.draw(st.integers(0, len(raw) - 1))
    for wrong in _flips(raw[at]):
        assert not verify_chain(KEY_16, [*raw[:at], wrong, *raw[at + 1 :]], chain)
    assert not verify_chain(KEY_16, raw[:-1], chain)
    assert verify_chain(KEY_16, raw, chain)


@given(some.LINE_FRAMES.filter(lambda frame: len(frame.payload) < 64))
def test_every_changed_bit_of_a_line_frame_is_refused(frame: LineFrame) -> None:
    for wrong in _flips(encode_line_frame(frame)):
        decoder = LineDecoder()
        assert frame not in decoder.feed(wrong, 0.0) + decoder.idle(1.0)
