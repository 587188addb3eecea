"""What is decided of alarms, silence and webhooks on plain values."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from pms.alarms import delivery_rules, rules
from pms.alarms.models import AlarmKind
from pms.alarms.rules import Carried

NOON = datetime(2026, 6, 12, 10, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def test_every_kind_has_its_urgency():
    assert set(rules.SEVERITIES) == set(AlarmKind)


@pytest.mark.parametrize("seed", range(30))
def test_the_most_within_a_span_is_what_counting_by_hand_finds(seed):
    order = random.Random(seed)
    tries = [(NOON + order.randrange(90) * MINUTE, order.randrange(6)) for _ in range(order.randrange(1, 30))]
    spans = [[(at, lock) for at, lock in tries if start <= at <= start + HOUR] for start, _lock in tries]
    most, at = rules.most_within([at for at, _lock in tries], HOUR)
    assert most == max(len(span) for span in spans)
    assert at in {at for at, _lock in tries}
    locks, at = rules.doors_within(tries, HOUR)
    assert len(locks) == len(set(locks)) == max(len({lock for _at, lock in span}) for span in spans)
    assert at is not None
    assert rules.most_within([], HOUR) == (0, None)
    assert rules.doors_within([], HOUR) == ([], None)


@pytest.mark.parametrize(
    ("percent", "told", "threshold", "is_changed"),
    [(25, 18, 20, False), (30, 18, 20, True), (31, 25, 20, False), (35, 25, 20, True), (100, 95, 50, True)],
)
def test_a_battery_is_another_one_only_well_above_what_it_was(percent, told, threshold, is_changed):
    assert rules.is_changed(percent, told=told, threshold=threshold) is is_changed


def carried(**values) -> Carried:
    usual = {
        "lock_id": 1,
        "heard_at": NOON - 30 * HOUR,
        "gateway_id": 5,
        "is_online": True,
        "module_gone_since": None,
        "carried_since": NOON - 90 * HOUR,
    }
    return Carried(**{**usual, **values})


@pytest.mark.parametrize(
    ("lock", "back_at", "since"),
    [
        (carried(), None, NOON - 30 * HOUR),
        (carried(heard_at=NOON - 23 * HOUR), None, None),
        # Never heard: somebody is still to set it up.
        (carried(heard_at=None), None, None),
        # Before the gateway came, or came back, it could not be heard.
        (carried(carried_since=NOON - HOUR), None, None),
        (carried(), NOON - HOUR, None),
        # The gateway's own alarm says it.
        (carried(is_online=False), None, None),
        (carried(is_online=False, module_gone_since=NOON - HOUR), None, None),
        # A lock with a module of its own.
        (carried(gateway_id=None, is_online=False, module_gone_since=NOON - HOUR), None, NOON - HOUR),
        (carried(gateway_id=None, is_online=False, module_gone_since=NOON - 20 * MINUTE), None, None),
        (carried(gateway_id=None, is_online=False), None, None),
    ],
)
def test_a_lock_is_silent_only_where_nothing_else_explains_it(lock, back_at, since):
    found = rules.silent_since(lock, back_at=back_at, patience=30 * MINUTE, longest=24 * HOUR, now=NOON)
    assert found == since


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("https://example.org/a?b=c", (True, "example.org", 443, "/a?b=c")),
        ("http://box.local:8080", (False, "box.local", 8080, "/")),
        ("https://[2001:db8::1]:9/x", (True, "2001:db8::1", 9, "/x")),
        ("HTTPS://EXAMPLE.org/", (True, "example.org", 443, "/")),
    ],
)
def test_an_address_is_read_into_its_parts(text, parts):
    target = delivery_rules.read_url(text)
    assert (target.is_encrypted, target.host, target.port, target.path) == parts
    assert target.path not in repr(target) or target.path == "/"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.org/a",
        "ftp://example.org/",
        "https://",
        "https://user:secret@example.org/",
        "https://example.org@evil.example/",
        "https://example.org\\@evil.example/",
        "https://exam ple.org/",
        "https://example.org/\r\nX: y",
        "https://example.org/#part",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://exämple.org/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://0177.0.0.1/",
        "https://-a.example/",
        "https://[::1/",
        "https://example.org/" + "a" * 500,
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(text):
    with pytest.raises(delivery_rules.BadUrl):
        delivery_rules.read_url(text)


@pytest.mark.parametrize(
    ("address", "outside", "inside"),
    [
        ("93.184.216.34", True, True),
        ("2606:2800:220:1::1", True, True),
        ("127.0.0.1", False, True),
        ("10.1.2.3", False, True),
        ("192.168.1.1", False, True),
        ("172.31.0.1", False, True),
        ("100.64.0.1", False, True),
        ("::1", False, True),
        ("fd00::1", False, True),
        ("::ffff:10.0.0.1", False, True),
        ("::ffff:169.254.169.254", False, False),
        ("169.254.169.254", False, False),
        ("fe80::1", False, False),
        ("0.0.0.0", False, False),
        ("::", False, False),
        ("224.0.0.1", False, False),
        ("255.255.255.255", False, False),
        ("240.0.0.1", False, False),
        ("64:ff9b::7f00:1", False, False),
        ("2002:7f00:1::", False, False),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False, False),
    ],
)
def test_which_addresses_may_be_asked(address, outside, inside):
    found = ipaddress.ip_address(address)
    assert delivery_rules.may_reach(found, in_own_network=False) is outside
    assert delivery_rules.may_reach(found, in_own_network=True) is inside


def test_a_target_is_encrypted_and_public_unless_somebody_says_otherwise():
    check = delivery_rules.check_target
    assert check("https://example.org/", in_own_network=False, allows_plain=False).port == 443
    assert check("http://10.0.0.1/", in_own_network=True, allows_plain=False).port == 80
    assert check("http://example.org/", in_own_network=False, allows_plain=True).port == 80
    with pytest.raises(delivery_rules.NotEncrypted):
        check("http://example.org/", in_own_network=False, allows_plain=False)
    for url in ("https://127.0.0.1/", "https://[::1]/"):
        with pytest.raises(delivery_rules.PrivateAddress):
            check(url, in_own_network=False, allows_plain=True)
    with pytest.raises(delivery_rules.PrivateAddress):
        check("https://169.254.169.254/", in_own_network=True, allows_plain=True)


def test_the_signature_is_what_the_document_says():
    body = '{"a":"ü"}'.encode()
    expected = hmac.new(b"whsec_x", b"1781258400." + body, hashlib.sha256).hexdigest()
    assert delivery_rules.signature("whsec_x", body, 1781258400) == f"t=1781258400,v1={expected}"


def test_pauses_grow_and_end_after_a_day():
    pauses = [delivery_rules.pause_after(tries) for tries in range(1, 9)]
    assert all(before <= after for before, after in pairwise(pauses))
    assert 24 * HOUR < sum(pauses, timedelta()) < delivery_rules.LONGEST_WAIT
    assert delivery_rules.pause_after(9) is None
