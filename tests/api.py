"""A program that calls the JSON API; every answer is held against the OpenAPI document."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import jsonschema_rs
from flask import Flask, g
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from pms.web import openapi
from tests.factories import PASSWORD


class ApiClient:
    """`log_in` gets a token; `get` and `post` send it. `data` is what stands in the envelope."""

    def __init__(self, app: Flask, address: str = "127.0.0.1") -> None:
        self.app = app
        self.http: FlaskClient = app.test_client()
        self.address = address
        self.token = ""
        self.language = "en"

    def log_in(self, username: str, password: str = PASSWORD, scopes: list[str] | None = None) -> ApiClient:
        """Through the API, as programs do."""
        wanted = {"username": username, "password": password, **({"scopes": scopes} if scopes is not None else {})}
        self.token = self.post("/auth/login", wanted)["token"]
        return self

    def get(self, path: str, *, status: int = 200, **query: Any) -> Any:
        """What `data` holds; `status` is what must come."""
        return self._open("GET", path, status, query_string=query).get_json()["data"]

    def post(self, path: str, body: object = None, *, status: int = 200, **kwargs: Any) -> Any:
        """As `get`, with a JSON body."""
        return self._open("POST", path, status, json={} if body is None else body, **kwargs).get_json()["data"]

    def total(self, path: str, **query: Any) -> int:
        """How many rows a list says there are."""
        total: int = self._open("GET", path, 200, query_string=query).get_json()["total"]
        return total

    def message(self, path: str, body: object = None, *, status: int) -> str:
        """The sentence of a refusal."""
        text: str = self._open("POST", path, status, json={} if body is None else body).get_json()["msg"]
        return text

    def raw(self, method: str, path: str, **kwargs: Any) -> TestResponse:
        """An answer as it is, held against the document all the same."""
        return self._open(method, path, None, **kwargs)

    def _open(self, method: str, path: str, status: int | None, **kwargs: Any) -> TestResponse:
        # The test's own application context is shared by all requests; a program finds nothing of the one before.
        for name in list(g):
            g.pop(name)
        headers = {"Accept-Language": self.language, **kwargs.pop("headers", {})}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        answer = self.http.open(
            f"/api{path}", method=method, headers=headers, environ_base={"REMOTE_ADDR": self.address}, **kwargs
        )
        if status is not None:
            assert answer.status_code == status, f"{answer.status_code} instead of {status}: {answer.text[:2000]}"
        fault = fault_of(self.app, method, path, answer)
        assert fault is None, f"{method} {path}: {fault}"
        return answer


def fault_of(app: Flask, method: str, path: str, answer: TestResponse) -> str | None:
    """What the document does not say of this answer; None where it is as described, or no operation is asked for."""
    for pattern, by_method in _paths(app):
        if pattern.fullmatch(f"/api{path}") and method.lower() in by_method:
            described = by_method[method.lower()]["responses"].get(str(answer.status_code))
            if described is None:
                return f"status {answer.status_code} is not described: {answer.text[:500]}"
            validator = _validator(app, json.dumps(described["content"]["application/json"]["schema"]))
            return next(
                (f"{error.instance_path}: {error.message}" for error in validator.iter_errors(answer.get_json())), None
            )
    return None


_document = cache(openapi.document)


@cache
def _paths(app: Flask) -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    found = [
        (re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), methods) for path, methods in _document(app)["paths"].items()
    ]
    # A path without a parameter goes before one that would take its last word for one.
    return sorted(found, key=lambda pair: pair[0].pattern.count("[^/]+"))


@cache
def _validator(app: Flask, schema: str) -> Any:
    """Made when an answer is there to be held against it: each takes in all shapes of the document."""
    return jsonschema_rs.Draft202012Validator({**json.loads(schema), "components": _document(app)["components"]})
