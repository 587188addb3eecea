"""Every route of the program, asked by every role and by nobody."""

from __future__ import annotations

from uuid import uuid4

import pytest
from flask import Flask
from werkzeug.routing import IntegerConverter, Rule

from pms.accounts.models import Role
from pms.web.rights import PUBLIC, RIGHTS, ROLE_NAMES, ROLE_RIGHTS
from tests.api import ApiClient
from tests.client import PageClient

# What needs no log-in. Whoever adds to this list says why the route may be asked by anybody.
PUBLIC_ROUTES = {
    "accounts.log_in": "the door itself",
    "accounts.log_in_now": "the door itself",
    "accounts.log_in_language": "the log-in page's language",
    "accounts.log_out": "also where the session has ended already",
    "accounts.register": "people without an account register here, where the house allows it",
    "accounts.send_code": "as above; the code goes to their address",
    "accounts.register_now": "as above; the code is the proof",
    "accounts_api.log_in": "the door itself, for programs",
    "accounts_api.send_code": "as on the page",
    "accounts_api.register": "as on the page",
    "api_docs_api.document": "says how to ask, and nothing of the house",
    **{
        f"access_records_api.{name}": "the lock's frame proves itself by its tag"
        for name in (
            "answer",
            "association_result",
            "binding",
            "lock_deleted",
            "lock_settings",
            "lock_users",
            "module_association",
            "record",
            "records",
            "system_settings",
        )
    },
    "outage.latest": "the desk's token is asked for inside",
    "encoders_api.start_agent": "the desk's token is asked for inside",
    "encoders_api.report": "the desk's token is asked for inside",
    "encoders_api.orders": "the desk's token is asked for inside",
    "encoders_api.step": "the desk's token is asked for inside",
}
# Ends the session that the walk goes on with.
_NOT_WALKED = {"accounts.log_out"}

_WHO = {
    Role.FRONT_DESK: "desk",
    Role.HOUSEKEEPING: "housekeeper",
    Role.MAINTENANCE: "technician",
    Role.MANAGER: "manager",
    Role.ADMINISTRATOR: "admin",
}


def _rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def _right(app: Flask, rule: Rule) -> str | None:
    return getattr(app.view_functions[rule.endpoint], "required_right", None)


def _url(app: Flask, rule: Rule, number: int = 7) -> str:
    """An address of the route; the things in it do not exist."""
    values = {}
    for name, converter in rule._converters.items():
        kind = type(converter).__name__
        if isinstance(converter, IntegerConverter):
            values[name] = number
        elif kind == "AnyConverter":
            values[name] = sorted(converter.items)[0]
        elif kind == "UUIDConverter":
            values[name] = uuid4()
        else:
            values[name] = "none-such"
    with app.test_request_context():
        return app.url_for(rule.endpoint, **values)


def _asked(app: Flask) -> list[tuple[str, str, str, str]]:
    """(endpoint, method, address, right) of everything that can be asked."""
    return [
        (rule.endpoint, method, _url(app, rule), _right(app, rule) or "")
        for rule in _rules(app)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        if rule.endpoint not in _NOT_WALKED
    ]


def _ask(client: PageClient, method: str, url: str, program: ApiClient | None = None) -> int:
    if url.startswith("/api/") and program is not None:
        body = {} if method == "GET" else {"json": {}}
        return program.raw(method, url.removeprefix("/api"), **body).status_code
    return (client.get(url, status=None) if method == "GET" else client.post(url)).status_code


def test_every_route_names_a_right_that_exists(app):
    for rule in _rules(app):
        assert _right(app, rule) in {*RIGHTS, PUBLIC}, f"{rule.endpoint} names no right"


def test_only_the_listed_routes_are_public(app):
    public = {rule.endpoint for rule in _rules(app) if _right(app, rule) == PUBLIC}
    assert public <= set(PUBLIC_ROUTES)
    assert set(PUBLIC_ROUTES) <= {rule.endpoint for rule in _rules(app)}


def test_every_right_is_needed_somewhere_and_every_role_has_its_words(app):
    needed = {_right(app, rule) for rule in _rules(app)}
    # The demo's page is there in the demo only; who may agree on a price is asked inside of the dialogs that book; who may see
    # duress inside of the pages of alarms, and who may let webhooks into the own network where they are entered.
    assert set(RIGHTS) - needed == {"demo:use", "stays:price", "alarms:duress", "alarms:network"}
    assert set(ROLE_RIGHTS) == set(ROLE_NAMES) == {role.value for role in Role}
    assert all(rights <= set(RIGHTS) for rights in ROLE_RIGHTS.values())


def test_nobody_is_sent_to_log_in(app, client):
    for endpoint, method, url, right in _asked(app):
        if right == PUBLIC:
            continue
        client.get("/login")
        status = _ask(client, method, url)
        assert status in (303, 401), f"{method} {endpoint} answers nobody with {status}"


@pytest.mark.parametrize("role", list(Role))
def test_each_role_gets_what_its_rights_include_and_nothing_else(app, client, role):
    client.log_in(_WHO[role])
    program = ApiClient(app)
    program.log_in(_WHO[role], scopes=sorted(ROLE_RIGHTS[role]))
    for endpoint, method, url, right in _asked(app):
        status = _ask(client, method, url, program)
        if right != PUBLIC and right not in ROLE_RIGHTS[role]:
            assert status == 403, f"{method} {endpoint} answers {role} with {status}, without the right {right}"
        elif right != PUBLIC:
            assert status not in (401, 403), f"{method} {endpoint} refuses {role}, who has the right {right}"
            assert status < 500, f"{method} {endpoint} fails for {role} with {status}"


def test_a_route_refuses_a_form_without_its_token(app, client):
    """Every POST of a browser needs the page's token; only what proves itself otherwise does not."""
    client.log_in("admin")
    for endpoint, method, url, _needed in _asked(app):
        if method != "POST" or url.startswith("/api/"):
            continue
        answer = client.http.post(url, data={})
        assert answer.status_code == 400, f"{endpoint} takes a forged form: {answer.status_code}"


def test_a_number_that_no_database_holds_is_an_address_of_nothing(app, client):
    client.log_in("manager")
    for rule in _rules(app):
        if any(isinstance(converter, IntegerConverter) for converter in rule._converters.values()):
            url = _url(app, rule).replace("/7", f"/{2**63}")
            # 405 where another route that takes any text has the same address for the other method.
            method = "GET" if "GET" in (rule.methods or ()) else "POST"
            assert _ask(client, method, url) in (404, 405), f"{method} {rule.endpoint}"


@pytest.mark.parametrize("number", [2**63, 10**40, "٣", "1e3", "-1"])
def test_a_number_in_a_query_that_no_database_holds_is_none(client, number):
    client.log_in("manager")
    for path, name in [
        ("/stays/", "before"),
        ("/keys/", "before"),
        ("/passcodes/", "before"),
        ("/passcodes/new/timed", "door"),
        ("/passcodes/new/timed", "room"),
        ("/passcodes/new/timed", "stay"),
        ("/audit/", "before"),
        ("/audit/", "guest_id"),
        ("/audit/", "person"),
        ("/audit/", "room"),
        ("/records/", "door"),
        ("/records/", "after"),
        ("/alarms/", "door"),
        ("/alarms/", "after"),
        ("/guests/", "after"),
        ("/rooms", "floor"),
        ("/rooms", "type"),
        ("/offers", "room_type_id"),
        ("/walk-in", "guest_id"),
    ]:
        assert client.get(f"{path}?{name}={number}", status=None).status_code < 500, f"{path} {name}"
    assert client.post("/encoders/desk", {"encoder_id": str(number)}).status_code < 500


def test_what_is_wrong_with_a_hidden_field_is_said(client):
    client.log_in("desk")
    answer = client.post("/walk-in", {"request_id": "nonsense"})
    assert answer.status_code == 422
    assert "Load the page again." in answer.text
