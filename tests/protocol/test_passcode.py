"""Offline passcodes: P and digits are one to one, and a code holds exactly in its window."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pms.protocol.errors import MalformedError, UsageError
from pms.protocol.ff1 import FF1
from pms.protocol.passcode import (
    GRACE,
    MAX_TIME,
    PERMISSION_COUNT,
    Clear,
    Cyclic,
    Days,
    Hours,
    Nights,
    Pattern,
    Permanent,
    Permission,
    Single,
    decode_permission,
    decrypt_passcode,
    encode_passcode,
    encode_permission,
    holds,
    nth_checkout,
    window,
)

from . import strategies as some

KEY = bytes(range(16))
ZONES = st.integers(-48, 56)
"""Quarter hours: −12:00 to +14:00."""
CHECKOUTS = st.integers(0, 23)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


# --- numbers and digits


@given(st.integers(0, PERMISSION_COUNT - 1), some.NOW)
def test_every_number_is_one_permission(p: int, now: int) -> None:
    assert encode_permission(decode_permission(p, now)) == p


@given(some.PERMISSIONS, st.integers(-180 * 86400, 180 * 86400))
def test_every_permission_comes_back_half_a_year_around(permission: Permission, shift: int) -> None:
    near = getattr(permission, "start", None)
    if isinstance(permission, Cyclic):
        near = at(f"{permission.last_year}-{permission.last_month:02d}-15")
    now = min(max(0, (near or 0) + shift), MAX_TIME)
    assert decode_permission(encode_permission(permission), now) == permission


@given(st.integers(0, 9_999_999_999), some.KEYS_16, some.U8)
def test_numbers_and_digits_are_one_to_one(p: int, key: bytes, epoch: int) -> None:
    cipher = FF1(key, 10, 10, b"code" + bytes((epoch,)))
    secret = cipher.encrypt(p)
    assert 0 <= secret <= 9_999_999_999
    assert decrypt_passcode(key, epoch, f"{secret:010d}") == p


def test_a_thousand_neighbours_have_a_thousand_codes() -> None:
    codes = {encode_passcode(KEY, 7, Single(3600 * n, n % 16)) for n in range(1000)}
    assert len(codes) == 1000
    assert all(len(code) == 10 for code in codes)


@given(some.PERMISSIONS, some.KEYS_16, some.U8)
def test_digits_lead_back_to_the_number(permission: Permission, key: bytes, epoch: int) -> None:
    digits = encode_passcode(key, epoch, permission)
    assert decrypt_passcode(key, epoch, digits) == encode_permission(permission)


def test_the_next_epoch_gives_other_digits() -> None:
    assert len({encode_passcode(KEY, epoch, Permanent(0)) for epoch in range(256)}) == 256


def test_the_list_has_as_many_permissions_as_the_table_says() -> None:
    assert PERMISSION_COUNT == 9_437_184 + 4_063_232 + 3_022_848 + 2_097_152 + 256 + 737_280 + 131_072


@pytest.mark.parametrize("p", [-1, PERMISSION_COUNT, 9_999_999_999])
def test_a_number_outside_the_list_is_refused(p: int) -> None:
    with pytest.raises(MalformedError) as caught:
        decode_permission(p, 0)
    assert caught.value.code == "no_permission"


@pytest.mark.parametrize(
    "entry", ["", "123456789", "12345678901", "12345 7890", "+123456789", "12345678９0", "abcdefghij"]
)
def test_an_entry_that_is_not_ten_digits_is_refused(entry: str) -> None:
    with pytest.raises(MalformedError):
        decrypt_passcode(KEY, 0, entry)


@pytest.mark.parametrize(("key", "epoch"), [(KEY, -1), (KEY, 256), (KEY[:15], 0)])
def test_a_wrong_key_or_epoch_is_the_callers_fault(key: bytes, epoch: int) -> None:
    with pytest.raises(UsageError):
        encode_passcode(key, epoch, Permanent(0))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Hours(1, 1),
        lambda: Hours(0, 0),
        lambda: Hours(0, 73),
        lambda: Nights(1800, 1),
        lambda: Nights(0, 32),
        lambda: Days(3600, 40),
        lambda: Days(0, 31),
        lambda: Days(0, 401),
        lambda: Single(0, 16),
        lambda: Single(60, 0),
        lambda: Permanent(256),
        lambda: Permanent(-1),
        lambda: Cyclic(10, 0, 1, 2026, 3),
        lambda: Cyclic(0, 24, 1, 2026, 3),
        lambda: Cyclic(0, 0, 0, 2026, 3),
        lambda: Cyclic(0, 0, 25, 2026, 3),
        lambda: Cyclic(0, 0, 1, 2026, 0),
        lambda: Cyclic(0, 0, 1, 2026, 13),
        lambda: Cyclic(0, 0, 1, 1959, 1),
        lambda: Clear(1),
        lambda: FF1(KEY, 10, 5, b""),
        lambda: FF1(KEY, 1, 10, b""),
        lambda: FF1(KEY, 10, 10, b"").encrypt(10**10),
        lambda: FF1(KEY, 10, 10, b"").decrypt(-1),
        lambda: window(Permanent(0), 57, 12, 0),
        lambda: window(Permanent(0), 0, 24, 0),
        lambda: window(Permanent(0), 0, 12, MAX_TIME + 1),
        lambda: decode_permission(0, -1),
    ],
)
def test_what_cannot_be_said_is_the_callers_fault(make: object) -> None:
    with pytest.raises(UsageError):
        make()  # type: ignore[operator]


@pytest.mark.parametrize("tweak_size", [0, 8, 12, 16, 40])
@pytest.mark.parametrize(("radix", "length"), [(10, 6), (10, 57), (36, 30), (2, 120), (65536, 50)])
def test_ff1_undoes_itself_at_every_size_of_its_parts(tweak_size: int, radix: int, length: int) -> None:
    cipher = FF1(KEY, radix, length, bytes(tweak_size))
    for plain in (0, 1, radix ** (length // 2), radix**length - 1):
        secret = cipher.encrypt(plain)
        assert 0 <= secret < radix**length
        assert cipher.decrypt(secret) == plain


# --- windows, against the calendar


def _local(instant: int, quarters: int) -> datetime:
    return datetime.fromtimestamp(instant, timezone(timedelta(minutes=15 * quarters)))


def _plain_checkout(start: int, n: int, quarters: int, hour: int) -> int:
    """Walk quarter hour by quarter hour and look at the local clock."""
    instant, found = start, 0
    while found < n:
        instant += 900
        local = _local(instant, quarters)
        found += (local.hour, local.minute) == (hour, 0)
    return instant


@given(some.STARTS, st.integers(1, 3), ZONES, CHECKOUTS)
@example(start=at("2028-02-28T20:00"), n=2, quarters=32, hour=12)
@example(start=at("2026-12-31T22:00"), n=1, quarters=56, hour=0)
@example(start=at("2026-03-18T04:00"), n=1, quarters=32, hour=12)
def test_a_checkout_is_when_the_local_clock_shows_it(start: int, n: int, quarters: int, hour: int) -> None:
    assert nth_checkout(start, n, quarters, hour) == _plain_checkout(start, n, quarters, hour)


@given(some.PERMISSIONS.filter(lambda p: not isinstance(p, Cyclic | Permanent)), ZONES, CHECKOUTS)
def test_a_code_holds_exactly_in_its_window_and_its_grace(permission: Permission, quarters: int, hour: int) -> None:
    start, end = window(permission, quarters, hour, 0)
    assert start == permission.start  # type: ignore[union-attr]
    match permission:
        case Hours(_, n):
            assert end == start + n * 3600
        case Single() | Clear():
            assert end == start + 86400
        case Nights(_, n) | Days(_, n):
            assert (n - 1) * 86400 < end - start <= n * 86400
            assert _local(end, quarters).hour == hour
    for instant, is_inside in (
        (start - GRACE - 1, False),
        (start - GRACE, True),
        (end + GRACE, True),
        (end + GRACE + 1, False),
    ):
        if instant <= MAX_TIME:
            assert holds(permission, quarters, hour, instant) is is_inside


def test_a_permanent_code_always_holds() -> None:
    assert holds(Permanent(3), 0, 12, 0)
    assert holds(Permanent(3), 0, 12, MAX_TIME)


def _begins(cyclic: Cyclic, day: date) -> bool:
    """Whether a window of the code begins on a local day: weekday, and 0…11 months before the last one."""
    months = (cyclic.last_year - day.year) * 12 + cyclic.last_month - day.month
    return 0 <= months <= 11 and day.weekday() in Pattern(cyclic.pattern).weekdays


def _plain_cyclic(cyclic: Cyclic, quarters: int, now: int) -> bool:
    zone = timezone(timedelta(minutes=15 * quarters))
    today = _local(now, quarters).date()
    for shift in range(-3, 3):
        day = today + timedelta(days=shift)
        start = int(datetime(day.year, day.month, day.day, cyclic.start_hour, tzinfo=zone).timestamp())
        if _begins(cyclic, day) and start - GRACE <= now <= start + cyclic.length * 3600 + GRACE:
            return True
    return False


EDGES = st.sampled_from(
    [
        "2028-02-28T23:50",
        "2028-02-29T00:10",
        "2028-02-29T23:55",
        "2028-03-01T00:05",
        "2026-12-31T23:50",
        "2027-01-01T00:10",
        "2026-04-30T23:59",
        "2026-02-28T22:00",
        "2100-02-28T23:00",
    ]
).map(at)


@given(
    st.builds(
        Cyclic,
        st.integers(0, 9),
        st.integers(0, 23),
        st.integers(1, 24),
        st.sampled_from((2026, 2027, 2028, 2029, 2100)),
        st.integers(1, 12),
    ),
    ZONES,
    st.one_of(EDGES, some.NOW),
    st.integers(-90_000, 90_000),
)
def test_a_cyclic_code_holds_as_the_calendar_says(cyclic: Cyclic, quarters: int, near: int, shift: int) -> None:
    now = min(max(0, near + shift), MAX_TIME)
    assert holds(cyclic, quarters, 12, now) is _plain_cyclic(cyclic, quarters, now)


@given(some.CYCLIC, ZONES, st.data())
def test_a_cyclic_window_opens_and_shuts_to_the_second(cyclic: Cyclic, quarters: int, data: st.DataObject) -> None:
    month = cyclic.last_year * 12 + cyclic.last_month - 1 - data.draw(st.integers(0, 11))
    near = int(datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp())
    start, end = window(cyclic, quarters, 12, near + data.draw(st.integers(0, 27)) * 86400)
    for instant in (start - GRACE - 1, start - GRACE, end + GRACE, end + GRACE + 1):
        assert holds(cyclic, quarters, 12, instant) is _plain_cyclic(cyclic, quarters, instant)
    assert holds(cyclic, quarters, 12, start)
    assert end - start == cyclic.length * 3600


def test_the_window_of_a_cyclic_code_is_the_present_the_next_or_the_last() -> None:
    monday = Cyclic(Pattern.MONDAY, 9, 8, 2026, 6)
    ten = at("2026-06-08T10:00")
    assert window(monday, 0, 12, ten) == (at("2026-06-08T09:00"), at("2026-06-08T17:00"))
    assert window(monday, 0, 12, ten + 86400)[0] == at("2026-06-15T09:00")
    assert window(monday, 0, 12, at("2026-09-01T00:00"))[0] == at("2026-06-29T09:00")
    assert window(monday, 0, 12, at("2020-01-01T00:00"))[0] == at("2025-07-07T09:00")


def test_weekday_names_are_those_of_the_calendar() -> None:
    assert Pattern.MONDAY.weekdays == {date(2026, 6, 8).weekday()}
    assert Pattern.SUNDAY.weekdays == {date(2026, 6, 14).weekday()}
    assert Pattern.MONDAY_TO_FRIDAY.weekdays | Pattern.SATURDAY_AND_SUNDAY.weekdays == Pattern.DAILY.weekdays
