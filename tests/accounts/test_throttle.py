"""The throttle of the log-in, on both databases, also with many tries at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import sqlalchemy as sa

from pms.accounts import log_in, passwords, queries, throttle
from pms.accounts.models import LoginThrottle
from pms.accounts.rules import Limit, TooManyTries, WrongLogIn
from pms.core.db import db
from tests.factories import PASSWORD

HERE, ELSEWHERE = "10.0.0.5", "203.0.113.9"


def _try(now, *, username="desk", password="wrong wrong", address=HERE) -> str:
    return log_in.log_in(username=username, password=password, address=address, now=now)


def _fail(now, times, **values) -> None:
    for _ in range(times):
        with pytest.raises(WrongLogIn):
            _try(now, **values)


def test_the_sixth_wrong_try_is_refused_and_told_how_long(any_house, now):
    _fail(now, 5)
    with pytest.raises(TooManyTries) as refused:
        _try(now + timedelta(seconds=10), password=PASSWORD)
    assert refused.value.params["seconds"] == 20


def test_after_the_wait_the_right_password_opens_and_clears_the_counter(any_house, now):
    _fail(now, 5)
    later = now + timedelta(seconds=30)
    assert _try(later, password=PASSWORD)
    assert db.session.get(LoginThrottle, f"at:desk@{HERE}") is None
    _fail(later, 5)


def test_the_wait_grows_with_each_further_failure_and_ends_at_a_quarter_of_an_hour(any_house, now):
    waits, at = [], now
    limit = [Limit("at:x@y", 3)]
    for _ in range(10):
        throttle.charge(limit, now=at)
        db.session.rollback()
        row = db.session.get_one(LoginThrottle, "at:x@y")
        waits.append((row.blocked_until - at).total_seconds())
        at = max(at, row.blocked_until)
    assert waits == [0, 0, 30, 60, 120, 300, 600, 900, 900, 900][: len(waits)]


def test_failures_of_a_quarter_of_an_hour_ago_are_forgotten(any_house, now):
    _fail(now, 4)
    _fail(now + timedelta(minutes=15, seconds=1), 4)


def test_nobody_can_lock_a_clerk_out_of_her_own_desk(any_house, now):
    _try(now, password=PASSWORD)
    for number in range(40):
        with pytest.raises((WrongLogIn, TooManyTries)):
            _try(now, address=f"203.0.113.{number}")
    with pytest.raises(TooManyTries):
        _try(now, password=PASSWORD, address="203.0.113.200")
    assert _try(now, password=PASSWORD)


def test_guessing_at_many_names_from_one_address_is_stopped(any_house, now):
    for number in range(20):
        with pytest.raises(WrongLogIn):
            _try(now, username=f"name{number}", address=ELSEWHERE)
    with pytest.raises(TooManyTries):
        _try(now, username="another", address=ELSEWHERE)


def test_a_colleague_at_the_same_address_is_not_stopped_where_she_is_known(any_house, now):
    _try(now, username="manager", password=PASSWORD)
    for number in range(25):
        with pytest.raises((WrongLogIn, TooManyTries)):
            _try(now, username=f"name{number}")
    assert _try(now, username="manager", password=PASSWORD)


def test_a_right_password_takes_only_its_own_try_off_the_shared_counters(any_house, now):
    _fail(now, 3, username="name", address=ELSEWHERE)
    _try(now + timedelta(seconds=1), password=PASSWORD, address=ELSEWHERE)
    assert db.session.get_one(LoginThrottle, f"from:{ELSEWHERE}").failures == 3
    assert db.session.get_one(LoginThrottle, "strangers:desk").failures == 0


def test_a_right_password_at_the_limit_leaves_no_block_behind(any_house, now):
    for number in range(19):
        with pytest.raises(WrongLogIn):
            _try(now, username=f"name{number}", address=ELSEWHERE)
    _try(now + timedelta(seconds=1), password=PASSWORD, address=ELSEWHERE)
    assert _try(now + timedelta(seconds=2), username="manager", password=PASSWORD, address=ELSEWHERE)


def test_eight_threads_at_once_get_five_looks_at_the_password_and_not_one_more(any_app, any_house, now, monkeypatch):
    looks, barrier = [], Barrier(8)
    real = passwords.verify

    def counted(stored: str, password: str) -> bool:
        looks.append(password)
        return real(stored, password)

    monkeypatch.setattr(passwords, "verify", counted)

    def attack(_number: int) -> str:
        with any_app.app_context():
            barrier.wait(timeout=20)
            try:
                _try(now)
            except WrongLogIn:
                return "wrong"
            except TooManyTries:
                return "refused"
            finally:
                db.remove()
        return "in"

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(attack, range(8)))
    assert answers == ["refused"] * 3 + ["wrong"] * 5
    assert len(looks) == 5


def test_crossing_tries_of_two_names_from_two_addresses_do_not_block_each_other_forever(any_app, any_house, now):
    barrier = Barrier(8)

    def attack(number: int) -> bool:
        with any_app.app_context():
            barrier.wait(timeout=20)
            for turn in range(3):
                with pytest.raises((WrongLogIn, TooManyTries)):
                    _try(now, username=f"name{(number + turn) % 2}", address=f"203.0.113.{number // 2 % 2}")
            db.remove()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(attack, range(8)))


def test_old_counters_are_purged_and_blocking_ones_kept(any_house, now):
    _fail(now, 5)
    throttle.charge([Limit("at:old@y", 5)], now=now - timedelta(minutes=16))
    assert throttle.purge(now=now) == 1
    assert db.session.scalars(sa.select(LoginThrottle.key).order_by(LoginThrottle.key)).all() == [
        f"at:desk@{HERE}",
        f"from:{HERE}",
        "strangers:desk",
    ]
    assert queries.find_account_by_username("DESK ") is not None
