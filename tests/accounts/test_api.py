"""Programs log in for a token, and may do with it what its scopes and its user's role allow, until it ends."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.accounts import queries, rules, tokens
from pms.accounts.models import Account, ApiToken
from pms.audit.models import AuditEntry
from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.web.rights import ROLE_RIGHTS
from tests.api import ApiClient
from tests.client import PageClient
from tests.factories import PASSWORD

HERE = "10.0.0.5"


@pytest.fixture
def program(app, house) -> ApiClient:
    return ApiClient(app)


def log_in(now, username="manager", scopes=None, hours=12):
    return tokens.log_in(username=username, password=PASSWORD, scopes=scopes, hours=hours, address=HERE, now=now)


def actor(username="manager") -> Actor:
    account = queries.find_account_by_username(username)
    return Actor(kind="account", name=account.display_name, account_id=account.id)


def test_a_program_logs_in_and_hears_what_it_may_do(program, house):
    answer = program.post("/auth/login", {"username": "desk", "password": PASSWORD, "hours": 2})
    assert answer["userId"] == str(house.accounts["desk"].id)
    assert set(answer["scopes"]) == set(ROLE_RIGHTS["front_desk"]) - {"locks:secrets"}
    assert answer["expiresTime"] == "2026-06-12 14:00:00"
    row = db.session.scalars(sa.select(ApiToken)).one()
    assert answer["token"] not in (row.token_hash, row.name)


def test_secrets_of_locks_must_be_asked_for_by_name(program):
    ours = program.post("/auth/login", {"username": "admin", "password": PASSWORD})
    assert "locks:secrets" not in ours["scopes"]
    asked = {"username": "admin", "password": PASSWORD, "scopes": ["locks:secrets"]}
    assert program.post("/auth/login", asked)["scopes"] == ["locks:secrets"]


def test_scopes_beyond_the_role_are_refused(program):
    for scopes in (["audit:view"], [], ["no:such"]):
        body = {"username": "desk", "password": PASSWORD, "scopes": scopes}
        (fault,) = program.post("/auth/login", body, status=422)
        assert fault["field"] == "scopes"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"password": "x"}, "username"),
        ({"username": "desk", "password": 5}, "password"),
        ({"username": "desk", "password": "x", "hours": "2"}, "hours"),
        ({"username": "desk", "password": "x", "hours": 25}, "hours"),
        ({"username": "desk", "password": "x", "extra": 1}, "extra"),
    ],
)
def test_what_is_wrong_with_a_field_is_said_beside_its_name(program, body, field):
    faults = program.post("/auth/login", body, status=400)
    assert [fault["field"] for fault in faults] == [field]


def test_a_body_that_is_not_json_or_too_large_is_refused_in_the_callers_language(program):
    assert program.raw("POST", "/auth/login", data="{", content_type="application/json").status_code == 400
    assert program.raw("POST", "/auth/login", data="a=1").status_code == 415
    assert program.raw("POST", "/auth/login", json={"username": "x" * 70_000}).status_code == 413
    wrong = {"username": "desk", "password": "wrong"}
    assert program.message("/auth/login", wrong, status=422) == "Name or password is wrong."
    program.language = ""
    assert program.message("/auth/login", wrong, status=422) == "登录名或密码错误。"


def test_the_api_takes_no_cookie_and_the_pages_take_no_token(app, program, client):
    client.log_in("manager")
    assert client.http.get("/api/agent/start").status_code == 405
    token, _row = log_in(clock.now())
    browser = PageClient(app)
    answer = browser.get("/guests/", headers={"Authorization": f"Bearer {token}"}, status=303)
    assert "/login" in answer.location


@pytest.mark.parametrize("ending", ["revoked", "over", "password", "inactive"])
def test_a_token_that_has_ended_opens_nothing(any_house, now, ending):
    _token, row = log_in(now)
    found = queries.find_token(row.token_hash, now=now)
    assert found
    assert found[1].username == "manager"
    if ending == "revoked":
        tokens.revoke(token_id=row.id, may_revoke_others=False, actor=actor(), now=now)
        tokens.revoke(token_id=row.id, may_revoke_others=False, actor=actor(), now=now)
    elif ending == "over":
        now += timedelta(hours=12)
    else:
        change = {"is_active": False} if ending == "inactive" else {"auth_epoch": Account.auth_epoch + 1}
        with transaction() as session:
            session.execute(sa.update(Account).where(Account.username == "manager").values(**change))
    assert queries.find_token(row.token_hash, now=now) is None


def test_only_its_owner_or_somebody_who_may_ends_a_token(house, now):
    _token, row = log_in(now)
    with pytest.raises(rules.TokenNotFound):
        tokens.revoke(token_id=row.id, may_revoke_others=False, actor=actor("desk"), now=now)
    tokens.revoke(token_id=row.id, may_revoke_others=True, actor=actor("admin"), now=now)
    actions = db.session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["accounts.program_logged_in", "accounts.token_revoked"]


def test_a_token_is_made_for_a_program_with_an_end(house, now):
    token, row = tokens.make(name="Door bridge", scopes=["locks:view"], days=30, actor=actor(), now=now)
    assert row.expires_at == now + timedelta(days=30)
    assert [found.name for found, _account in queries.list_tokens(now=now)] == ["Door bridge"]
    for name, days, scopes, refusal in (
        (" ", 30, ["locks:view"], rules.BadTokenName),
        ("x", 401, ["locks:view"], rules.BadTokenEnd),
        ("x", 30, ["locks:secrets"], rules.BadScopes),
    ):
        with pytest.raises(refusal):
            tokens.make(name=name, scopes=scopes, days=days, actor=actor(), now=now)
    assert token not in str(db.session.scalars(sa.select(AuditEntry)).all())


def test_old_log_ins_of_programs_are_forgotten_and_made_tokens_are_kept(house, now):
    log_in(now)
    tokens.make(name="Door bridge", scopes=["locks:view"], days=1, actor=actor(), now=now)
    assert tokens.purge(ended_before=now + timedelta(days=2)) == 1
    assert db.session.scalars(sa.select(ApiToken.name)).all() == ["Door bridge"]


def test_neither_password_nor_token_is_logged(program, caplog):
    caplog.set_level(logging.DEBUG)
    answer = program.post("/auth/login", {"username": "desk", "password": PASSWORD})
    assert PASSWORD not in caplog.text
    assert answer["token"] not in caplog.text
