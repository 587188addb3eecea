"""Commands and sessions: what cannot be said, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pms.protocol.card import Audience
from pms.protocol.command import (
    AddUser,
    AnswerStatus,
    Deleted,
    DeleteUser,
    Denied,
    Initialise,
    IssueFloor,
    ListedUser,
    ListUsers,
    LockAnswer,
    OneRecord,
    Operate,
    Operation,
    Payload,
    RawSetting,
    ReadRecords,
    ReadSettings,
    RecordPage,
    SettingsAnswer,
    StoredKind,
    SystemSettings,
    UserList,
    WeekWindow,
    WriteSettings,
    decode_answer,
    decode_report,
    decode_request,
    encode_answer,
)
from pms.protocol.errors import MalformedError, UsageError
from pms.protocol.frame import Direction, Frame, open_frame, peek_header, seal_frame
from pms.protocol.session import Receiver, next_server_counter
from pms.protocol.tlv import Part, Tag, Tlv, encode_tlvs

USER = ListedUser(1, StoredKind.CARD, 5, 0, 1)
INITIALISE = {
    "door_id": 1,
    "key_version": 1,
    "door_key": bytes(32),
    "card_a_key": bytes(16),
    "staff_public_key": bytes(32),
    "clock": 0,
    "time_zone": 0,
    "checkout_hour": 12,
    "epoch": 0,
}


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: Operate(Operation.UNLOCK, 0, clock=1), id="a clock for unlock"),
        pytest.param(lambda: Operate(Operation.SET_CLOCK, 0), id="no clock to set"),
        pytest.param(lambda: Operate(Operation.DENY, 0), id="nobody to deny"),
        pytest.param(lambda: Operate(Operation.UNLOCK, 1 << 32).encode(), id="time of five bytes"),
        pytest.param(lambda: Operate(Operation.DENY, 0, denied=(Denied(1, 1),) * 32).encode(), id="32 denied"),
        pytest.param(lambda: IssueFloor(Audience.AREA, 1, 1), id="issue of an area"),
        pytest.param(lambda: DeleteUser(), id="nothing to delete"),
        pytest.param(lambda: DeleteUser(slot=1, permanent_serial=1), id="two things to delete"),
        pytest.param(lambda: DeleteUser(permanent_serial=256), id="serial 256"),
        pytest.param(lambda: ListUsers(65536).encode(), id="slot of three bytes"),
        pytest.param(lambda: ReadRecords(0, 61), id="61 records"),
        pytest.param(lambda: ReadRecords(0, 0), id="no record"),
        pytest.param(lambda: RecordPage((), 0, bytes(7)).encode(), id="chain of 7 bytes"),
        pytest.param(lambda: UserList((USER,) * 21), id="21 users"),
        pytest.param(lambda: AddUser(USER, b""), id="empty credential"),
        pytest.param(lambda: AddUser(USER, bytes(241)), id="credential of 241 bytes"),
        pytest.param(lambda: AddUser(USER, b"x", part=Part(0, 1, 0)), id="a card in parts"),
        pytest.param(lambda: AddUser(ListedUser(1, StoredKind.PERMANENT_PASSCODE, 1, 0, 1), b"x"), id="kind 7"),
        pytest.param(lambda: WeekWindow(0), id="no weekday"),
        pytest.param(lambda: WriteSettings(battery=1), id="a battery to write"),
        pytest.param(lambda: SystemSettings(epoch=1), id="an epoch in report 0701"),
        pytest.param(lambda: WriteSettings(time_zone=57), id="time zone +14:15"),
        pytest.param(lambda: SettingsAnswer(firmware="ü"), id="firmware that is not ASCII"),
        pytest.param(lambda: WriteSettings(scopes=(1,) * 17), id="17 scopes"),
        pytest.param(lambda: WriteSettings(raw=(RawSetting(Tag.STAY, b"\0"),) * 2), id="a setting twice"),
        pytest.param(lambda: WriteSettings(raw=(RawSetting(Tag.STAY, b"\0"),)).encode(7), id="extended on 07"),
        pytest.param(lambda: RawSetting(Tag.SLOT, b"\0\0"), id="a slot as a setting"),
        pytest.param(lambda: RawSetting(Tag.STAY, b"\0\0"), id="a setting of two bytes"),
        pytest.param(lambda: Initialise("1" * 15, "1" * 8, **INITIALISE), id="15 digits"),  # type: ignore[arg-type]
        pytest.param(lambda: Initialise("1" * 15 + "x", "1" * 8, **INITIALISE).encode(), id="a letter"),  # type: ignore[arg-type]
        pytest.param(lambda: encode_answer(LockAnswer(AnswerStatus.FULL, UserList())), id="body of a failure"),
        pytest.param(lambda: Frame(9, 0, Direction.REQUEST, 0, b""), id="version 09"),
        pytest.param(lambda: Frame(8, 1 << 16, Direction.REQUEST, 0, b""), id="command of three bytes"),
        pytest.param(lambda: Frame(8, 0, Direction.REQUEST, 1 << 48, b""), id="counter of seven bytes"),
        pytest.param(lambda: Frame(8, 0, Direction.REQUEST, 0, bytes(1025)), id="1025 bytes"),
        pytest.param(lambda: seal_frame(bytes(32), bytes(6), Frame(8, 0, Direction.REQUEST, 0, b"")), id="key"),
        pytest.param(lambda: seal_frame(bytes(16), bytes(5), Frame(8, 0, Direction.REQUEST, 0, b"")), id="SN"),
    ],
)
def test_what_cannot_be_said_is_the_callers_fault(make: Callable[[], object]) -> None:
    with pytest.raises(UsageError):
        make()


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(lambda: decode_answer(0x0400, b""), id="no status"),
        pytest.param(lambda: decode_answer(0x0400, b"\x0b"), id="status 11"),
        pytest.param(lambda: decode_answer(0x0400, b"\x00\x01\x01\x00"), id="tags where none belong"),
        pytest.param(lambda: decode_answer(0x0103, b"\x03\x01\x02\x00\x01"), id="tags after a failure"),
        pytest.param(lambda: decode_report(0x0400, b""), id="a request as a report"),
        pytest.param(lambda: decode_request(0x0800, b""), id="a report as a request"),
        pytest.param(lambda: decode_report(0x0300, bytes.fromhex("2020" + "00" * 32 + "110164")), id="two records"),
        pytest.param(lambda: decode_report(0x0702, bytes.fromhex("0101")), id="cut user"),
        pytest.param(lambda: decode_report(0x0702, encode_tlvs(USER.items()[:5])), id="user of five tags"),
        pytest.param(lambda: decode_report(0x0702, encode_tlvs([*USER.items()[1:], USER.items()[0]])), id="slot last"),
        pytest.param(lambda: decode_report(0x0702, encode_tlvs([USER.items()[0], *USER.items()[:5]])), id="two slots"),
        pytest.param(lambda: RawSetting.from_text("3"), id="half a byte"),
        pytest.param(lambda: RawSetting.from_text(""), id="nothing"),
        pytest.param(lambda: RawSetting.from_text("010001"), id="a slot as a setting"),
        pytest.param(lambda: RawSetting.from_text("300102"), id="two bytes for 30"),
    ],
)
def test_what_makes_no_sense_is_the_peers_fault(read: Callable[[], object]) -> None:
    with pytest.raises(MalformedError):
        read()


@pytest.mark.parametrize(
    "request_of", [ReadSettings(), Deleted(), WriteSettings()], ids=["0200", "0502", "0201 without anything"]
)
def test_some_payloads_are_empty(request_of: Payload) -> None:
    assert request_of.encode() == b""
    assert type(request_of).decode(b"") == request_of


def test_raw_settings_read_as_the_given_rows_have_them() -> None:
    for text in ("3001", "3102", "37FFFF", "380F"):
        assert RawSetting.from_text(text).to_text() == text
    assert RawSetting.from_text("37ffff") == RawSetting(Tag.LOCK_OUT_TIME_NEW, b"\xff\xff")


def test_every_tag_of_initialise_that_must_be_there_is_missed() -> None:
    items = Initialise("1" * 16, "2" * 8, **INITIALISE).items()  # type: ignore[arg-type]
    for item in items:
        rest = [each for each in items if each is not item]
        with pytest.raises(MalformedError) as caught:
            Initialise.from_items(rest)
        assert caught.value.code == "bad_tlv"


def test_lengths_of_frames_are_exact() -> None:
    sealed = seal_frame(bytes(16), bytes(6), Frame(8, 0x0200, Direction.REQUEST, 1, b"abc"))
    for wrong in (sealed[:-1], sealed + b"\0", b"\x5b" + sealed[1:], sealed[:4] + b"\x04" + sealed[5:], sealed[:20]):
        with pytest.raises(MalformedError):
            open_frame(bytes(16), bytes(6), wrong)
    assert peek_header(sealed).size == 3


def test_the_servers_counter_follows_the_clock_and_never_falls() -> None:
    assert next_server_counter(5, 1_766_452_389_328) == 1_766_452_389_328
    assert next_server_counter(1_766_452_389_328, 1_766_452_389_328) == 1_766_452_389_329
    assert next_server_counter(1_766_452_389_400, 1_766_452_389_328) == 1_766_452_389_401


def test_a_receiver_that_never_took_a_frame_takes_no_empty_one() -> None:
    receiver = Receiver(Direction.REQUEST)
    assert receiver.take(bytes(16), bytes(6), b"") != receiver.take(
        bytes(16), bytes(6), seal_frame(bytes(16), bytes(6), Frame(8, 0, Direction.REQUEST, 1, b""))
    )


def test_secrets_stay_out_of_texts() -> None:
    texts = [
        repr(Tlv(Tag.DOOR_KEY, b"SECRET" * 5)),
        repr(Frame(8, 1, Direction.REQUEST, 1, b"SECRET")),
        repr(AddUser(USER, b"SECRET")),
        repr(Receiver(Direction.REQUEST, 1, 8, b"SECRET", b"SECRET")),
        repr(Initialise("1" * 16, "2" * 8, **{**INITIALISE, "door_key": b"SECRET" * 5})),  # type: ignore[arg-type]
    ]
    assert not any("SECRET" in text or "1" * 16 in text or "2" * 8 in text for text in texts)


def test_a_report_of_one_record_needs_a_record_that_makes_sense() -> None:
    with pytest.raises(MalformedError):
        OneRecord.decode(bytes.fromhex("2010" + "00" * 16 + "110164"))
