"""Keys, cards, layout and records: what is refused, by whose fault, and what never shows."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from pms.protocol import kdf
from pms.protocol.bcd import decode_bcd, encode_bcd
from pms.protocol.card import (
    Audience,
    CardBody,
    CardKind,
    GrantHeader,
    find_staff_body,
    open_guest_grant,
    open_staff_grant,
    read_header,
    seal_guest_grant,
    sign_staff_grant,
)
from pms.protocol.card_layout import (
    ACCESS_BYTES,
    DELIVERY_ACCESS_BYTES,
    DELIVERY_KEY,
    DELIVERY_TRAILER,
    Medium,
    access_bytes,
    check_access_bytes,
    choose_slot,
    sector_trailer,
    split_staff_grant,
    staff_grant_count,
    staff_units,
    unit_count,
    unit_place,
)
from pms.protocol.crc import crc16
from pms.protocol.errors import MalformedError, ProtocolError, TamperedError, UsageError
from pms.protocol.record import AccessRecord, RecordEvent, RecordMethod, RecordResult, chain_next, split_records
from pms.protocol.tlv import Part, Tag, Tlv, encode_tlvs, join_parts, split_parts

KEY_16, KEY_32 = bytes(range(16)), bytes(range(32))
UID = bytes.fromhex("04b807c7151a4d")
NOW = 1_773_813_600


def body(kind: CardKind = CardKind.GUEST, **changes: object) -> CardBody:
    fields: dict[str, object] = {"issue": NOW, "not_before": NOW, "not_after": NOW + 60, "credential_id": 1}
    return CardBody(kind, **{**fields, **changes})  # type: ignore[arg-type]


DOOR = GrantHeader(3, Audience.DOOR, 501)
AREA = GrantHeader(3, Audience.AREA, 9)
SCOPE = GrantHeader(3, Audience.SCOPE, 33)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: kdf.kdf(KEY_16, b"x", b"", 24), id="derived key of 24 bytes"),
        pytest.param(lambda: kdf.kdf(KEY_32, b"x", b"", 16), id="key of 32 bytes"),
        pytest.param(lambda: kdf.lock_secret(bytes(8), "１" * 16), id="digits that are not ASCII"),
        pytest.param(lambda: kdf.sector_key(KEY_16[:8], UID, 1), id="card key of 8 bytes"),
        pytest.param(lambda: body(weekdays=0), id="no weekday"),
        pytest.param(lambda: body(weekdays=0x80), id="an eighth weekday"),
        pytest.param(lambda: body(start_minute=1440), id="window start"),
        pytest.param(lambda: body(end_minute=0), id="window end"),
        pytest.param(lambda: body(not_after=NOW), id="ends as it begins"),
        pytest.param(lambda: body(issue=-1), id="negative issue"),
        pytest.param(lambda: body(credential_id=1 << 32), id="credential id of five bytes"),
        pytest.param(lambda: body(CardKind.ONE_SHOT, not_after=NOW + 86401), id="one-shot of a day and a second"),
        pytest.param(lambda: GrantHeader(0, Audience.DOOR, 1), id="key version 0"),
        pytest.param(lambda: GrantHeader(1, Audience.DOOR, 1 << 32), id="door id of five bytes"),
        pytest.param(lambda: seal_guest_grant(KEY_32, SCOPE, body(CardKind.STAFF), UID), id="guest grant for a scope"),
        pytest.param(lambda: seal_guest_grant(KEY_32, DOOR, body(CardKind.STAFF), UID), id="staff kind for a door"),
        pytest.param(lambda: seal_guest_grant(KEY_32, AREA, body(), UID), id="area grant that ends others"),
        pytest.param(lambda: seal_guest_grant(KEY_16, DOOR, body(), UID), id="door key of 16 bytes"),
        pytest.param(lambda: seal_guest_grant(KEY_32, DOOR, body(), UID[:5]), id="UID of 5 bytes"),
        pytest.param(lambda: sign_staff_grant(KEY_32, DOOR, body(CardKind.STAFF), UID), id="staff grant for a door"),
        pytest.param(lambda: sign_staff_grant(KEY_32, SCOPE, body(), UID), id="guest kind for a scope"),
        pytest.param(lambda: sign_staff_grant(KEY_16, SCOPE, body(CardKind.STAFF), UID), id="secret of 16 bytes"),
        pytest.param(lambda: open_staff_grant(KEY_16, bytes(96), UID), id="public key of 16 bytes"),
        pytest.param(lambda: unit_place(Medium.NTAG213, 4), id="fourth unit of an NTAG213"),
        pytest.param(lambda: unit_place(Medium.DESFIRE, 0), id="unit 0"),
        pytest.param(lambda: staff_units(Medium.NTAG213, 2), id="second staff grant of an NTAG213"),
        pytest.param(lambda: split_staff_grant(bytes(95)), id="staff grant of 95 bytes"),
        pytest.param(lambda: sector_trailer(DELIVERY_KEY, DELIVERY_KEY, 0), id="trailer of key version 0"),
        pytest.param(lambda: sector_trailer(DELIVERY_KEY, KEY_16, 1), id="key B of 16 bytes"),
        pytest.param(lambda: access_bytes(8, 0), id="condition 8"),
        pytest.param(lambda: encode_bcd("12a"), id="packed letter"),
        pytest.param(lambda: encode_bcd("12345", 2), id="too many digits"),
        pytest.param(lambda: encode_tlvs([Tlv(Tag.SLOT, b"\0")]), id="slot of one byte"),
        pytest.param(lambda: encode_tlvs([Tlv(Tag.STAY, b"\0")], 7), id="extended setting on version 07"),
        pytest.param(lambda: split_parts(b""), id="parts of nothing"),
        pytest.param(lambda: Part(1, 1, 0), id="part 1 of 1"),
        pytest.param(lambda: chain_next(KEY_16, bytes(7), bytes(16)), id="chain of 7 bytes"),
        pytest.param(
            lambda: AccessRecord(0, 0, RecordEvent.OPENED, RecordMethod.NONE, 0, RecordResult.OPENED, 0),
            id="sequence 0",
        ),
    ],
)
def test_what_cannot_be_said_is_the_callers_fault(make: Callable[[], object]) -> None:
    with pytest.raises(UsageError) as caught:
        make()
    assert caught.value.code == "usage"


@pytest.mark.parametrize(
    ("offset", "value"),
    [(0, 0), (0, 7), (1, 8), (14, 0), (14, 0x80), (15, 0xFF), (18, 0), (23, 1)],
    ids=["kind 0", "kind 7", "option bit 3", "no weekday", "bit 7 of weekdays", "start", "end 1280+0", "last byte"],
)
def test_a_body_that_says_what_nobody_knows_is_refused(offset: int, value: int) -> None:
    raw = bytearray(body(end_minute=256).encode())
    raw[offset] = value
    if offset == 18:
        raw[17] = 0
    with pytest.raises(MalformedError):
        CardBody.decode(bytes(raw))


@pytest.mark.parametrize(("offset", "value"), [(0, 2), (1, 0), (2, 0x45), (3, 1)])
def test_a_header_that_says_what_nobody_knows_is_none(offset: int, value: int) -> None:
    raw = bytearray(DOOR.encode() + bytes(40))
    raw[offset] = value
    assert read_header(bytes(raw)) is None


def test_a_wrong_seal_is_told_apart_from_a_wrong_shape() -> None:
    grant = seal_guest_grant(KEY_32, DOOR, body(), UID)
    with pytest.raises(TamperedError) as caught:
        open_guest_grant(bytes(32), grant, UID)
    assert caught.value.code == "tampered"
    with pytest.raises(MalformedError):
        open_guest_grant(KEY_32, grant[:-1], UID)


def test_grants_open_for_their_own_audience_only() -> None:
    guest = seal_guest_grant(KEY_32, AREA, body(is_concurrent=True), UID)
    assert open_guest_grant(KEY_32, guest, UID)[0] == AREA
    for other in (DOOR, SCOPE, GrantHeader(4, Audience.AREA, 9), GrantHeader(3, Audience.AREA, 10)):
        with pytest.raises(ProtocolError):
            open_guest_grant(KEY_32, other.encode() + guest[8:], UID)


def test_an_open_staff_body_can_be_shown_and_a_sealed_one_cannot() -> None:
    staff = sign_staff_grant(KEY_32, SCOPE, body(CardKind.STAFF), UID)
    assert find_staff_body(staff[:48]) == body(CardKind.STAFF)
    assert find_staff_body(seal_guest_grant(KEY_32, DOOR, body(), UID)) is None
    assert find_staff_body(staff[:20]) is None


@pytest.mark.parametrize(
    ("medium", "units", "staff", "last"),
    [
        (Medium.CLASSIC_1K, 8, 4, 34),
        (Medium.CLASSIC_4K, 8, 4, 34),
        (Medium.NTAG213, 3, 1, 39),
        (Medium.NTAG215, 8, 4, 99),
        (Medium.NTAG216, 8, 4, 99),
        (Medium.DESFIRE, 8, 4, 383),
    ],
)
def test_every_medium_has_its_units(medium: Medium, units: int, staff: int, last: int) -> None:
    assert (unit_count(medium), staff_grant_count(medium)) == (units, staff)
    assert unit_place(medium, units).last == last
    places = [unit_place(medium, unit) for unit in range(1, units + 1)]
    assert all(one.last < two.first for one, two in itertools.pairwise(places))
    assert staff_units(medium, staff) == (2 * staff - 1, 2 * staff)


def test_access_bytes_are_computed_from_their_conditions() -> None:
    assert access_bytes(0b100, 0b011) == ACCESS_BYTES
    assert access_bytes(0b000, 0b001) == DELIVERY_ACCESS_BYTES
    check_access_bytes(DELIVERY_TRAILER)
    check_access_bytes(sector_trailer(b"AAAAAA", b"BBBBBB", 3))


def test_no_trailer_with_a_changed_access_bit_passes() -> None:
    trailer = sector_trailer(b"AAAAAA", b"BBBBBB", 3)
    for bit in range(24):
        wrong = (int.from_bytes(trailer[6:9], "big") ^ 1 << bit).to_bytes(3, "big")
        with pytest.raises(MalformedError, match="contradict"):
            check_access_bytes(trailer[:6] + wrong + trailer[9:])


def test_consistent_access_bytes_that_are_not_ours_do_not_pass() -> None:
    for data in range(8):
        for condition in range(8):
            access = access_bytes(data, condition)
            if access in (ACCESS_BYTES, DELIVERY_ACCESS_BYTES):
                continue
            with pytest.raises(MalformedError, match="neither"):
                check_access_bytes(bytes(6) + access + bytes(7))
    with pytest.raises(MalformedError):
        check_access_bytes(DELIVERY_TRAILER[:-1])


@pytest.mark.parametrize(
    ("issue_a", "issue_b", "slots"),
    [
        (None, None, (1, 2)),
        (5, None, (2, 1)),
        (None, 5, (1, 2)),
        (5, 4, (2, 1)),
        (4, 5, (1, 2)),
        (5, 5, (2, 1)),
        (0, None, (2, 1)),
    ],
)
def test_a_new_grant_never_goes_over_the_best_valid_one(
    issue_a: int | None, issue_b: int | None, slots: tuple[int, int]
) -> None:
    assert choose_slot(issue_a, issue_b) == slots


def test_alarms_are_the_five_kinds_of_the_table() -> None:
    alarms = {
        event.value
        for event in RecordEvent
        if AccessRecord(1, 0, event, RecordMethod.NONE, 0, RecordResult.OPENED, 0).is_alarm
    }
    assert alarms == {6, 7, 8, 9, 15}


@pytest.mark.parametrize("raw", ["00" * 4 + "00" * 12, "00000001" + "00" * 4 + "12" + "00" * 7, "00" * 17])
def test_records_of_no_meaning_are_refused(raw: str) -> None:
    with pytest.raises(MalformedError):
        AccessRecord.decode(bytes.fromhex(raw))


def test_half_a_record_is_no_record() -> None:
    with pytest.raises(MalformedError):
        split_records(bytes(24))


def test_parts_that_do_not_belong_together_are_refused() -> None:
    (one, two), other = split_parts(bytes(300)), split_parts(bytes(299))
    for wrong in ([], [one], [one, other[1]], [one, (b"x" * 60, two[1])]):
        with pytest.raises(MalformedError) as caught:
            join_parts(wrong)
        assert caught.value.code == "bad_tlv"


@pytest.mark.parametrize("packed", ["ff", "", "1f2f", "a1"])
def test_packed_digits_are_digits(packed: str) -> None:
    with pytest.raises(MalformedError):
        decode_bcd(bytes.fromhex(packed))


def test_a_checksum_can_be_continued() -> None:
    assert crc16(b"56789", crc16(b"1234")) == crc16(b"123456789")


def test_codes_of_errors_are_stable() -> None:
    assert [kind.code for kind in (ProtocolError, UsageError, MalformedError, TamperedError)] == [
        "protocol",
        "usage",
        "malformed",
        "tampered",
    ]
    assert str(MalformedError()) == "malformed"
