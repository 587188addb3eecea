"""The OpenAPI 3.1 document, put together from what every operation says of itself."""

from __future__ import annotations

import inspect
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pydantic.alias_generators import to_camel
from pydantic.json_schema import models_json_schema
from werkzeug.routing import IntegerConverter

import pms
from pms.web.rights import PUBLIC, RIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask import Flask
    from pydantic.json_schema import JsonSchemaMode
    from werkzeug.routing import Rule

    from pms.web.operations import Operation
    from pms.web.wire import Wire

    # Where a shape stands: `{"$ref": …}` for the shape as it is taken, or as it is given.
    _Names = dict[tuple[Any, JsonSchemaMode], dict[str, Any]]

_REF = "#/components/schemas/{model}"
# What a sentence says of the case at hand.
_PLACE = re.compile(r"%\(\w+\)[sd]")
_ARGUMENT = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")

# What everybody may be told, whatever the operation.
_ALWAYS: dict[int, str] = {405: "The address takes no such request."}
_WITH_RIGHT: dict[int, str] = {
    401: "No token, or one that is not valid, not any more, or not yet.",
    403: "The caller's role, or the token's scopes, do not include the right.",
}
_WITH_BODY: dict[int, str] = {
    400: "The body is not well formed; `data` says which fields are at fault.",
    413: "The body is too large.",
    415: "The body is not JSON.",
}
_WITH_QUERY: dict[int, str] = {400: "The query is not well formed; `data` says which fields are at fault."}
_WITH_ADDRESS: dict[int, str] = {404: "There is no such thing, or not for the caller."}


def document(app: Flask) -> dict[str, Any]:
    """The whole document as plain JSON values."""
    found = list(_operations(app))
    names, schemas = _schemas(found)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Latchkey",
            "version": pms.__version__,
            "description": _INTRODUCTION,
        },
        "tags": [{"name": tag} for tag in sorted({operation.tag for _rule, operation, _view in found})],
        "paths": _paths(found, names),
        "components": {"schemas": schemas, "securitySchemes": {"token": _TOKEN}},
    }


_INTRODUCTION = (
    "The lock server of the house. Every answer has one shape: `code` repeats the HTTP status, `msg` says in the caller's "
    "language (`Accept-Language`; Chinese when none is asked for) what happened, `data` holds what was asked for, and where "
    "a request is refused because of its fields, a list of them. Ids are strings of digits, times are those of the house's "
    "clocks. A command is a frame that somebody carries to the lock; what the lock says to it comes back through one of "
    "the report operations, as often as it takes."
)
_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "description": "Made by `POST /api/auth/login`, or on the page “Access tokens”.",
}


def operations_of(app: Flask) -> list[Operation]:
    """Every operation of the application."""
    return [operation for _rule, operation, _view in _operations(app)]


def _operations(app: Flask) -> Iterable[tuple[Rule, Operation, Any]]:
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        view = app.view_functions[rule.endpoint]
        operation = getattr(view, "operation", None)
        if operation is not None:
            yield rule, operation, view


def _paths(found: Iterable[tuple[Rule, Operation, Any]], names: _Names) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for rule, operation, view in found:
        path = _ARGUMENT.sub(lambda match: "{" + to_camel(match.group(1)) + "}", rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            paths.setdefault(path, {})[method.lower()] = _describe(rule, operation, view, names)
    return paths


def _describe(rule: Rule, operation: Operation, view: Any, names: _Names) -> dict[str, Any]:
    summary, _blank, description = inspect.cleandoc(view.__doc__ or "").partition("\n\n")
    described: dict[str, Any] = {
        "operationId": rule.endpoint.replace("_api.", "_").replace(".", "_"),
        "summary": " ".join(summary.split()),
        "tags": [operation.tag],
        "parameters": _parameters(rule, operation),
        "responses": _responses(rule, operation, names),
    }
    words = [" ".join(description.split())] if description else []
    if operation.right == PUBLIC:
        described["security"] = []
    else:
        described["security"] = [{"token": []}]
        words.append(f"Needs the right `{operation.right}`: {RIGHTS[operation.right]}.")
    described["description"] = "\n\n".join(words)
    if operation.number is not None:
        described["x-operation-number"] = operation.number
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": _content(names[operation.body, "validation"])}
    return described


def _parameters(rule: Rule, operation: Operation) -> list[dict[str, Any]]:
    found = [
        {"name": to_camel(name), "in": "path", "required": True, "schema": _path_schema(converter)}
        for name, converter in rule._converters.items()  # noqa: SLF001 - werkzeug has no public way to ask
    ]
    if operation.query is not None:
        shape = operation.query.model_json_schema(by_alias=True, ref_template=_REF)
        for name, schema in shape.get("properties", {}).items():
            found.append({"name": name, "in": "query", "required": name in shape.get("required", []), "schema": schema})
    return found


def _path_schema(converter: object) -> dict[str, Any]:
    if isinstance(converter, IntegerConverter):
        return {"type": "string", "pattern": "^[0-9]{1,19}$", "examples": ["1980084539766648834"]}
    return {"type": "string", "pattern": "^[0-9A-Za-z-]{1,64}$"}


def _responses(rule: Rule, operation: Operation, names: _Names) -> dict[str, Any]:
    texts: dict[int, list[str]] = {status: [text] for status, text in _ALWAYS.items()}

    def add(more: dict[int, str]) -> None:
        for status, text in more.items():
            texts.setdefault(status, []).append(text)

    add(_WITH_RIGHT if operation.right != PUBLIC else {})
    add(_WITH_BODY if operation.body is not None else {})
    add(_WITH_QUERY if operation.query is not None else {})
    add(_WITH_ADDRESS if rule.arguments else {})
    for refusal in operation.refuses:
        add({refusal.status: _PLACE.sub("…", refusal.message)})
    answers = {
        str(status): {
            "description": " ".join(dict.fromkeys(told)) or HTTPStatus(status).phrase,
            "content": _content({"$ref": _REF.format(model="Refusal")}, example=_refused(status, told[-1])),
        }
        for status, told in sorted(texts.items())
    }
    return {"200": {"description": "Done.", "content": _content(_envelope(operation, names))}, **answers}


def _refused(status: int, text: str) -> dict[str, Any]:
    return {"code": status, "msg": text, "total": 0, "data": None, "success": False}


def _envelope(operation: Operation, names: _Names) -> dict[str, Any]:
    inside: dict[str, Any] = {"type": "null"}
    if operation.gives is not None:
        inside = names[operation.gives, "serialization"]
        if operation.is_list:
            inside = {"type": "array", "items": inside}
    return {
        "type": "object",
        "required": ["code", "msg", "total", "data", "success"],
        "additionalProperties": False,
        "properties": {
            "code": {"const": 200},
            "msg": {"type": "string", "examples": ["成功"]},
            "total": {"type": "integer", "minimum": 0, "description": "How many rows match in all, for lists."},
            "data": inside,
            "success": {"const": True},
        },
    }


_REFUSAL = {
    "type": "object",
    "required": ["code", "msg", "total", "data", "success"],
    "additionalProperties": False,
    "properties": {
        "code": {"type": "integer", "minimum": 400, "maximum": 599, "examples": [400]},
        "msg": {"type": "string", "examples": ["请求格式不正确。"]},
        "total": {"const": 0},
        "data": {
            "anyOf": [
                {"type": "null"},
                {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["field", "error"],
                        "additionalProperties": False,
                        "properties": {
                            "field": {"type": "string", "examples": ["lockSn"]},
                            "error": {"type": "string", "examples": ["必须是 12 位十六进制数字"]},
                            "offers": {
                                "type": "array",
                                "description": "What can be had instead: values for the fields of the request.",
                                "items": {"type": "object", "additionalProperties": {"type": ["string", "integer"]}},
                            },
                        },
                    },
                },
            ]
        },
        "success": {"const": False},
    },
}


def _schemas(found: Iterable[tuple[Rule, Operation, Any]]) -> tuple[_Names, dict[str, Any]]:
    """Where each shape is to be found, and the shapes by name."""
    wanted: list[tuple[type[Wire], JsonSchemaMode]] = []
    for _rule, operation, _view in found:
        wanted += [(operation.body, "validation")] if operation.body is not None else []
        wanted += [(operation.gives, "serialization")] if operation.gives is not None else []
    names, definitions = models_json_schema(list(dict.fromkeys(wanted)), by_alias=True, ref_template=_REF)
    return dict(names), {**dict(sorted(definitions.get("$defs", {}).items())), "Refusal": _REFUSAL}


def _content(schema: dict[str, Any], *, example: dict[str, Any] | None = None) -> dict[str, Any]:
    shape = {"schema": schema} if example is None else {"schema": schema, "example": example}
    return {"application/json": shape}
