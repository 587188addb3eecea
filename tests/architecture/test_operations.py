"""The operations that a lock server must offer: each has its endpoint, and a page that calls the same function of the domain.

The list is typed in here as it was given, so that nothing of it can get lost with the code that it judges.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest
from flask import Flask

from pms.web import openapi


@dataclass(frozen=True)
class Operation:
    """One line of the list. `page` is the endpoint of the browser's route that does the same by calling `does`, a function of
    the domain; `page_does` where a page reads the same rows in another shape, or goes the same way in steps of its own. Where a
    page makes no sense, `why_no_page` says why, and what people have instead."""

    number: int
    method: str
    path: str
    does: str = ""
    page: str = ""
    page_does: str = ""
    why_no_page: str = ""


_ENCODERS = "encoders.service."
_FRAME = (
    "only a lock makes such a frame, and whoever carries it hands it on: people see what came of it in the lock's records, "
    "and paste an answer into the page of its command"
)


def _five(first: int, what: str) -> list[Operation]:
    """Report, delete, list, details and modify of what locks store."""
    return [
        Operation(first, "POST", f"/{what}/add", "slots.service.report_stored", "slots.report"),
        Operation(first + 1, "POST", f"/{what}/delete", "slots.service.remove", "slots.remove"),
        Operation(first + 2, "GET", f"/{what}/findAllByUserId/{{userId}}", "slots.queries.list_of_kind", "slots.index"),
        Operation(first + 3, "GET", f"/{what}/{{id}}", "slots.queries.get", "slots.edit"),
        Operation(first + 4, "POST", f"/{what}/update", "slots.service.change", "slots.change"),
    ]


def _report(number: int, name: str) -> Operation:
    return Operation(number, "POST", name, "access_records.service.take_frame", why_no_page=_FRAME)


OPERATIONS = [
    Operation(
        1, "POST", "/auth/login", why_no_page="the log-in page, which begins a session instead of making a token"
    ),
    Operation(2, "POST", "/auth/code", "accounts.registration.ask_for_code", "accounts.send_code"),
    Operation(3, "POST", "/auth/register", "accounts.registration.register", "accounts.register_now"),
    Operation(
        4,
        "GET",
        "/locks/findAllByUserId/{userId}",
        "locks.queries.list_for_programs",
        "locks.index",
        "locks.queries.list_locks",
    ),
    Operation(5, "GET", "/locks/{lockId}", "locks.queries.find_by_wire_id", "locks.detail", "locks.queries.get_lock"),
    Operation(6, "GET", "/passwords/findAllByUserId/{userId}", "passcodes.queries.list_page", "passcodes.index"),
    Operation(7, "POST", "/passwords/offline/timeLimited", "passcodes.service.make", "passcodes.make_of_kind"),
    Operation(8, "POST", "/passwords/offline/single", "passcodes.service.make", "passcodes.make_of_kind"),
    Operation(9, "POST", "/passwords/offline/permanent", "passcodes.service.make", "passcodes.make_of_kind"),
    Operation(10, "POST", "/passwords/offline/clear", "passcodes.service.clear_door", "passcodes.make_of_kind"),
    Operation(11, "POST", "/passwords/offline/cyclic", "passcodes.service.make", "passcodes.make_of_kind"),
    Operation(12, "GET", "/passwords/{passwordId}", "passcodes.service.show_again", "passcodes.show"),
    Operation(13, "POST", "/passwords/delete", "passcodes.service.delete", "passcodes.revoke_now"),
    Operation(14, "POST", "/passwords/add", "passcodes.service.add", "passcodes.add"),
    Operation(15, "POST", "/passwords/update", "passcodes.service.update", "passcodes.change_now"),
    Operation(16, "POST", "/commands/addLockUser", "slots.service.store", "slots.store"),
    Operation(17, "POST", "/commands/modifyLockUser", "slots.service.change", "slots.change"),
    Operation(18, "POST", "/commands/deleteLockUser", "slots.service.empty", "slots.remove", "slots.service.remove"),
    Operation(
        19, "POST", "/commands/readSettings", "lock_commands.settings.read_settings", "frontdesk.read_lock_settings"
    ),
    Operation(20, "POST", "/commands/initialise", "locks.service.start_setup", "locks.start_setup"),
    Operation(21, "POST", "/commands/syncUsers", "slots.service.sync", "slots.sync"),
    Operation(22, "POST", "/commands/syncRecords", "access_records.service.sync_records", "access_records.fetch"),
    _report(23, "/commands/answerReport"),
    Operation(
        24, "POST", "/commands/writeSettings", "lock_commands.settings.write_settings", "frontdesk.write_lock_settings"
    ),
    Operation(
        25, "POST", "/commands/bind", "locks.service.bind_lock", "locks.bind_at_door", "locks.service.place_lock"
    ),
    Operation(
        26,
        "POST",
        "/commands/associateModule",
        "lock_commands.operate.associate_module",
        "lock_commands.associate_module",
    ),
    Operation(27, "POST", "/commands/operate", "lock_commands.operate.operate", "lock_commands.operate_lock"),
    *_five(28, "cards"),
    *_five(33, "fingerprints"),
    *_five(38, "remotes"),
    *_five(43, "faces"),
    *_five(48, "palms"),
    _report(53, "/reports/lockDeleted"),
    _report(54, "/reports/systemSettings"),
    _report(55, "/reports/records"),
    _report(56, "/reports/lockUsers"),
    _report(57, "/reports/lockSettings"),
    _report(58, "/reports/record"),
    _report(59, "/reports/binding"),
    _report(60, "/reports/moduleAssociation"),
    Operation(
        61, "GET", "/records/findAllByUserId/{userId}", "access_records.queries.list_page", "access_records.index"
    ),
    Operation(62, "POST", "/records/delete", "access_records.service.hide_record", "access_records.hide_record"),
    Operation(63, "GET", "/records/lock/{lockId}", "access_records.queries.list_page", "access_records.index"),
    Operation(64, "GET", "/gateways", "gateways.queries.list_gateways", "gateways.index"),
    Operation(65, "POST", "/gateways/unbindLock", "gateways.service.unbind_lock", "gateways.unbind_lock"),
    Operation(66, "POST", "/gateways/unbindUser", "gateways.service.unbind_gateway", "gateways.unbind"),
    Operation(67, "POST", "/cardMachines/bindLocal", _ENCODERS + "add_encoder", "encoders.add"),
    Operation(68, "POST", "/cardMachines/delete", _ENCODERS + "delete_encoder", "encoders.delete"),
    Operation(69, "POST", "/cardMachines/deleteOnlineCard", "slots.service.remove", "slots.remove"),
    Operation(70, "POST", "/cardMachines/makeOnlineCard", "online_cards.service.make", "online_cards.start"),
    Operation(71, "POST", "/cardMachines/makeOfflineCard", "keycards.service.issue", "keycards.create"),
    Operation(72, "POST", "/cardMachines/saveOnlineCard", "slots.service.store", "slots.store"),
    Operation(73, "POST", "/cardMachines/startFingerprint", "credentials.service.start", "credentials.start_of_stay"),
    Operation(74, "POST", "/cardMachines/stopFingerprint", "credentials.service.stop", "credentials.stop"),
    Operation(75, "POST", "/cardMachines/unbind", _ENCODERS + "unbind_encoder", "encoders.unbind"),
    Operation(76, "POST", "/cardMachines/bindAgent", _ENCODERS + "add_encoder", "encoders.add"),
    Operation(77, "POST", "/cardMachines/syncFingerprint", "credentials.service.send", "credentials.send"),
    Operation(
        78, "POST", "/modules/associate", "lock_commands.operate.associate_module", "lock_commands.associate_module"
    ),
    _report(79, "/modules/associationResult"),
    Operation(
        80, "GET", "/modules/{imei}", "gateways.queries.get_module", "gateways.of_lock", "gateways.queries.modules_of"
    ),
    Operation(
        81, "POST", "/modules/password", "access_records.service.issue_password", "access_records.issue_password"
    ),
]
MODELS = ("Data", "Report", "Modify", "CommonFormatData", "OfflinePassword", "Command")


def test_the_list_is_whole():
    assert [operation.number for operation in OPERATIONS] == list(range(1, 82))
    assert len({(operation.method, operation.path) for operation in OPERATIONS}) == 81


def test_every_operation_is_in_the_document_with_its_number_method_and_path(app):
    document = openapi.document(app)
    found = {
        described["x-operation-number"]: (method.upper(), path)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
        if "x-operation-number" in described
    }
    wanted = {operation.number: (operation.method, f"/api{operation.path}") for operation in OPERATIONS}
    assert {number: place for number, place in found.items() if wanted[number] != place} == {}, "at another place"
    assert not [f"{number} {' '.join(wanted[number])}" for number in sorted(set(wanted) - set(found))], "missing"


def test_every_number_is_one_operation(app):
    numbers = [operation.number for operation in openapi.operations_of(app) if operation.number is not None]
    assert sorted(numbers) == sorted(set(numbers))


def test_every_data_model_is_a_schema_of_the_document(app):
    assert not [name for name in MODELS if name not in openapi.document(app)["components"]["schemas"]]


def test_every_operation_has_a_page_that_calls_the_same_function(app):
    faults = [
        f"{operation.number} {operation.path}: {fault}" for operation in OPERATIONS for fault in _faults(app, operation)
    ]
    assert not faults, "\n".join(faults)


def test_every_operation_takes_the_id_with_which_a_lock_was_imported(app):
    """A house comes with programs that know its locks by those."""
    faults = []
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        known = getattr(view, "operation", None)
        if known is None:
            continue
        shapes = [shape.model_fields for shape in (known.body, known.query) if shape is not None]
        names = {*rule.arguments, *(name for fields in shapes for name in fields)}
        if {"lock_id", "lock_ids"} & names and "pms.locks.queries.find_by_wire_id" not in uses(view):
            faults.append(rule.endpoint)
    assert not faults


def _faults(app: Flask, operation: Operation) -> Iterator[str]:
    endpoint = _endpoint(app, operation)
    if endpoint is None:
        yield "there is no endpoint"
    elif operation.does and f"pms.{operation.does}" not in uses(app.view_functions[endpoint]):
        yield f"the endpoint {endpoint} does not call {operation.does}"
    if not operation.why_no_page:
        yield from _faults_of_page(app, operation)


def _faults_of_page(app: Flask, operation: Operation) -> Iterator[str]:
    does = operation.page_does or operation.does
    view = app.view_functions.get(operation.page)
    if not operation.page or not does:
        yield "the table does not say yet which page does it, or by which function"
    elif view is None:
        yield f"there is no page {operation.page}"
    elif not _is_page(app, operation.page):
        yield f"{operation.page} is no page"
    elif f"pms.{does}" not in uses(view):
        yield f"the page {operation.page} does not call {does}"


def _endpoint(app: Flask, operation: Operation) -> str | None:
    for rule in app.url_map.iter_rules():
        known = getattr(app.view_functions[rule.endpoint], "operation", None)
        if known is not None and known.number == operation.number:
            return rule.endpoint
    return None


def _is_page(app: Flask, endpoint: str) -> bool:
    rules = [rule.rule for rule in app.url_map.iter_rules() if rule.endpoint == endpoint]
    return all(not rule.startswith("/api/") for rule in rules)


# --- which functions of the domain a view uses, read from the source

_DOMAIN = ("service", "queries")
"""A name of these, or of what they stand for as a package, is a function of the domain; what is in between is followed."""


def uses(view: Any) -> set[str]:
    """The functions of other modules that a view names, itself or through helpers outside of the domain."""
    function = inspect.unwrap(view)
    found: set[str] = set()
    _follow(function, found, set())
    return found


def _follow(function: FunctionType, found: set[str], seen: set[FunctionType]) -> None:
    if function in seen:
        return
    seen.add(function)
    module = importlib.import_module(function.__module__)
    for node in [node for tree in _trees(function) for node in ast.walk(tree)]:
        target, name = _named(node, module, function)
        if target is None:
            continue
        found |= {name}
        if isinstance(target, FunctionType) and target.__module__.startswith("pms.") and not _is_domain(target):
            _follow(target, found, seen)


def _named(node: ast.AST, module: ModuleType, function: FunctionType) -> tuple[object, str]:
    """What a name or `module.name` stands for, and how it is called from the top."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        holder = getattr(module, node.value.id, None)
        if isinstance(holder, ModuleType):
            return getattr(holder, node.attr, None), f"{holder.__name__}.{node.attr}"
    elif isinstance(node, ast.Name) and node.id != function.__name__:
        target = getattr(module, node.id, None)
        if isinstance(target, FunctionType):
            return inspect.unwrap(target), f"{target.__module__}.{node.id}"
    return None, ""


def _is_domain(function: FunctionType) -> bool:
    return any(part in _DOMAIN for part in function.__module__.split("."))


def _trees(function: FunctionType) -> list[ast.AST]:
    """The function in its file; a lambda has no name, so all that begin on its line."""
    first = function.__code__.co_firstlineno
    return [node for node in _functions(function.__code__.co_filename) if _first_line(node) == first]


@cache
def _functions(path: str) -> list[ast.FunctionDef | ast.Lambda]:
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.Lambda)]


def _first_line(node: ast.FunctionDef | ast.Lambda) -> int:
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


@pytest.mark.parametrize(
    ("endpoint", "name"),
    [
        # Through a helper of its own, a function inside of it, and a helper in another module.
        ("encoders_api.bind_local", "pms.encoders.service.add_encoder"),
        ("keycards.create", "pms.keycards.service.issue"),
        ("keycards.new", "pms.encoders.queries.list_for_cards"),
    ],
)
def test_the_search_goes_through_helpers(app, endpoint, name):
    assert name in uses(app.view_functions[endpoint])
    assert name not in uses(app.view_functions["accounts.log_in"])
