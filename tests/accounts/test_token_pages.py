"""Tokens for programs are made, listed and revoked on a page; each person sees her own, who looks after the staff all."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from pms.accounts import queries
from pms.accounts.log_in import token_hash
from pms.accounts.models import ApiToken
from pms.core.db import db
from tests.client import PageClient, text_of

WISH = {"name": "Gateway in the cellar", "days": "30", "scopes": ["locks:view", "gateways:view"]}


@pytest.fixture
def technician(app, house) -> PageClient:
    return PageClient(app).log_in("technician")


def make(page: PageClient, **wish) -> str:
    answer = page.post("/tokens/new", {**WISH, **wish}, status=200)
    return re.search(r'id="access-token">([\w-]+)<', answer.text).group(1)


def only_row() -> ApiToken:
    db.session.expire_all()
    return db.session.scalars(sa.select(ApiToken).where(ApiToken.is_log_in.is_(False))).one()


def test_a_token_is_shown_once_and_opens_what_was_ticked(app, technician):
    assert "No access tokens" in text_of(technician.get("/tokens"))
    token = make(technician)
    page = technician.get("/tokens")
    assert token not in page.text
    for words in ("Gateway in the cellar", "See locks and doors", "Technician", "Never", "Sun, Jul 12"):
        assert words in text_of(page), words
    found, _owner = queries.find_token(token_hash(token), now=only_row().created_at)
    assert found.scopes == ["gateways:view", "locks:view"]


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"name": ""}, "required"),
        ({"days": "401"}, "between 1 and 400"),
        ({"scopes": []}, "at least one right"),
        ({"scopes": ["audit:view"]}, "not a valid choice"),
    ],
)
def test_what_is_wrong_is_said_in_the_form_and_makes_no_token(technician, wish, words):
    answer = technician.post("/tokens/new", {**WISH, **wish}, status=422)
    assert words in answer.text
    assert db.session.scalars(sa.select(ApiToken)).all() == []


def test_only_rights_of_the_own_role_are_offered(technician):
    form = technician.get("/tokens/new").text
    assert 'value="locks:view"' in form
    for right in ("audit:view", "locks:secrets", "demo:use"):
        assert f'value="{right}"' not in form


def test_each_person_sees_her_own_and_whoever_looks_after_the_staff_revokes_all(app, technician):
    make(technician)
    number = only_row().id
    manager = PageClient(app).log_in("manager")
    make(manager, name="Report printer")
    assert "Report printer" not in text_of(technician.get("/tokens"))
    ours = db.session.scalars(sa.select(ApiToken.id).where(ApiToken.name == "Report printer")).one()
    technician.get(f"/tokens/{ours}/revoke", status=404)
    technician.post(f"/tokens/{ours}/revoke", status=404)

    assert "Gateway in the cellar" in text_of(manager.get("/tokens"))
    dialog = text_of(manager.get(f"/tokens/{number}/revoke"))
    assert "is refused at every request" in dialog
    assert "It was never used." in dialog
    manager.post(f"/tokens/{number}/revoke", status=303)
    assert "Gateway in the cellar" not in text_of(manager.get("/tokens"))
    row = db.session.get(ApiToken, number)
    assert queries.find_token(row.token_hash, now=row.created_at) is None


def test_the_list_costs_the_same_for_many_tokens(count_queries, technician):
    make(technician)
    few = count_queries(lambda: technician.get("/tokens"))
    for _ in range(4):
        make(technician)
    assert count_queries(lambda: technician.get("/tokens")) == few
