"""Operations of the JSON API: one decorator reads the request, asks for the right, and writes the envelope.

What it is told is also what the OpenAPI document says (`pms.web.openapi`), so that the two cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any

from flask import current_app, request
from flask_babel import gettext as _
from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from pms.core.errors import DomainError
from pms.core.text import N_
from pms.web import rights
from pms.web.envelope import answer, refuse
from pms.web.wire import Wire, faults_of

if TYPE_CHECKING:
    from flask import Response

MAX_BYTES = 64 * 1024


def wire_name(name: str) -> str:
    """How this request's body calls what the program calls `name`."""
    view = current_app.view_functions.get(request.endpoint or "")
    asked: Operation | None = getattr(view, "operation", None)
    field = asked.body.model_fields.get(name) if asked is not None and asked.body is not None else None
    return field.alias if field is not None and field.alias else to_camel(name)


@dataclass(frozen=True, slots=True)
class Operation:
    """What a route takes, gives and refuses. `number` is its place in the list of the lock server's operations."""

    number: int | None
    right: str
    tag: str
    body: type[Wire] | None
    query: type[Wire] | None
    gives: type[Wire] | None
    is_list: bool
    refuses: tuple[type[DomainError], ...]
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Listed:
    """Some rows of a list, and how many there are in all. A row may be its plain JSON values already."""

    rows: Sequence[Wire | dict[str, Any]]
    total: int = field(kw_only=True)


def operation(
    number: int | None,
    right: str,
    *,
    tag: str,
    body: type[Wire] | None = None,
    query: type[Wire] | None = None,
    gives: type[Wire] | None = None,
    is_list: bool = False,
    refuses: Sequence[type[DomainError]] = (),
    max_bytes: int = MAX_BYTES,
) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """The route is an operation of the API. Its view gets `body=` and `query=` as values, and returns what goes into
    `data`: one of `gives` (or its plain JSON values), None, or `Listed`.

    `right` is `rights.PUBLIC` for what proves itself otherwise. The first line of the docstring is its summary.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Response]:
        @wraps(view)
        def answered(*args: Any, **kwargs: Any) -> Response:
            if body is not None:
                read = _read_body(body, max_bytes)
                if not isinstance(read, Wire):
                    return read
                kwargs["body"] = read
            if query is not None:
                asked = _read_query(query)
                if not isinstance(asked, Wire):
                    return asked
                kwargs["query"] = asked
            return _write(view(*args, **kwargs))

        guarded = rights.public(answered) if right == rights.PUBLIC else rights.require(right)(answered)
        guarded.operation = Operation(  # type: ignore[attr-defined]
            number, right, tag, body, query, gives, is_list, tuple(refuses), max_bytes
        )
        return guarded

    return decorate


def _read_body(kind: type[Wire], most: int) -> Wire | Response:
    if request.mimetype != "application/json":
        return refuse(415, _("Send JSON, with the content type application/json."))
    if (request.content_length or 0) > most:
        return refuse(413, _("The body is too large."))
    try:
        return kind.model_validate_json(request.get_data(cache=False)[: most + 1], strict=True)
    except ValidationError as error:
        return refuse(400, _(_NOT_WELL_FORMED), faults_of(error))


def _read_query(kind: type[Wire]) -> Wire | Response:
    try:
        return kind.model_validate(request.args.to_dict())
    except ValidationError as error:
        return refuse(400, _(_NOT_WELL_FORMED), faults_of(error))


def _write(given: Any) -> Response:
    if isinstance(given, Listed):
        return answer([_plain(row) for row in given.rows], total=given.total)
    return answer(None if given is None else _plain(given))


def _plain(row: Wire | dict[str, Any]) -> dict[str, Any]:
    return row if isinstance(row, dict) else row.model_dump(mode="json", by_alias=True)


_NOT_WELL_FORMED = N_("The request is not well formed.")
