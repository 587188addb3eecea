from __future__ import annotations

import pytest

from pms.accounts import rules


@pytest.mark.parametrize("target", ["/", "/stays/12?tab=keys", "/guests#top", "/accounts/me"])
def test_a_path_of_this_site_is_gone_to_after_the_log_in(target):
    assert rules.local_path(target) == target


@pytest.mark.parametrize(
    "target",
    [
        "",
        None,
        "https://elsewhere.example/",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "/\t/elsewhere.example",
        "javascript:alert(1)",
        "stays",
        "/a\r\nSet-Cookie: x=1",
        "\\/elsewhere.example",
    ],
)
def test_nothing_else_is(target):
    assert rules.local_path(target) is None


@pytest.mark.parametrize("password", ["short", "123456789", ""])
def test_a_password_needs_ten_characters(password):
    with pytest.raises(rules.PasswordTooShort):
        rules.check_password(password, "desk")


@pytest.mark.parametrize(
    ("password", "username"), [("aaaaaaaaaaaa", "desk"), ("Reception.Desk", "reception.desk"), ("abababababab", "x")]
)
def test_an_obvious_password_is_refused(password, username):
    with pytest.raises(rules.PasswordTooEasy):
        rules.check_password(password, username)


def test_a_long_sentence_is_a_good_password():
    rules.check_password("correct horse battery", "desk")


@pytest.mark.parametrize(
    ("before", "after"), [(None, "administrator"), ("administrator", "manager"), ("manager", "administrator")]
)
def test_a_manager_keeps_her_hands_off_administrators(before, after):
    with pytest.raises(rules.OnlyAdministrators):
        rules.check_may_change("manager", before=before, after=after)
    rules.check_may_change("administrator", before=before, after=after)
    rules.check_may_change(None, before=before, after=after)


def test_a_manager_changes_everybody_else():
    rules.check_may_change("manager", before="front_desk", after="manager")


def test_an_account_known_at_an_address_is_charged_to_that_pair_only():
    known = rules.throttle_limits("desk", "10.0.0.5", is_known_here=True)
    assert [limit.key for limit in known] == ["at:desk@10.0.0.5"]
    unknown = rules.throttle_limits("desk", "203.0.113.9", is_known_here=False)
    assert {limit.key for limit in unknown} == {"at:desk@203.0.113.9", "from:203.0.113.9", "strangers:desk"}
    assert not {limit.key for limit in known} & {limit.key for limit in unknown}


def test_keys_are_locked_in_one_order_and_fit_their_column():
    limits = rules.throttle_limits("n" * 500, "2001:db8:0000:0000:0000:0000:1234:5678", is_known_here=False)
    assert limits == sorted(limits, key=lambda limit: limit.key)
    assert all(len(limit.key) <= 160 for limit in limits)
