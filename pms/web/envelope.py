"""The JSON answer of the lock API: one shape for every outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Response, jsonify, make_response
from flask_babel import gettext as _


def answer(body: object, *, status: int = 200, total: int = 0) -> Response:
    """`data` is an object, a list or None; `code` repeats the status."""
    return make_response(
        jsonify({"code": status, "msg": _("Success"), "total": total, "data": body, "success": status == 200}), status
    )


def refuse(status: int, text: str, faults: Sequence[Mapping[str, object]] | None = None) -> Response:
    """A refusal in the same shape; `faults` are `{"field": …, "error": …}`, with `offers` where there are any."""
    body = {"code": status, "msg": text, "total": 0, "data": faults, "success": False}
    return make_response(jsonify(body), status)
