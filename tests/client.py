"""A test client that reads every page as a person (or a screen reader) would, and fails on what they would trip over."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask, g
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_LABELLED = {"input", "select", "textarea"}


# Our own pages quote every value and escape every sign, so that a pattern reads them; it takes half of a parser's time.
_TAG = re.compile(
    r"""<(?P<end>/?)(?P<tag>[a-zA-Z][a-zA-Z0-9-]*)(?P<attributes>(?:[^<>"']++|"[^"]*+"|'[^']*+')*+)>""", re.DOTALL
)
_ATTRIBUTE = re.compile(r"""([^\s="]+)(?:="([^"]*)"|='([^']*)'|=([^\s"]+))?""")


class _Page:
    """Collects what must hold on every page."""

    def __init__(self, text: str) -> None:
        self.open: list[str] = []
        self.faults: list[str] = []
        self.ids: list[str] = []
        self.labels: set[str] = set()
        self.inputs: list[dict[str, Any]] = []
        self.headings = 0
        self.in_label = 0
        for found in _TAG.finditer(text):
            tag = found["tag"].lower()
            if found["end"]:
                self._leave(tag)
            else:
                self._enter(tag, found["attributes"])

    def _enter(self, tag: str, text: str) -> None:
        attributes = _ATTRIBUTE.findall(text)
        values: dict[str, Any] = {name: "".join(value) for name, *value in attributes if name != "/"}
        if len(values) != sum(name != "/" for name, *_value in attributes):
            self.faults.append(f"<{tag}> has an attribute twice")
        if any(name.startswith("on") for name in values) or "style" in values:
            self.faults.append(f"<{tag}> has an inline script or style: {values}")
        if tag in ("script", "style") and "src" not in values:
            self.faults.append(f"an inline <{tag}>")
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "label":
            self.in_label += 1
            self.labels.add(values.get("for") or "")
        if tag in _LABELLED and values.get("type") not in ("hidden", "submit", "button"):
            self.inputs.append({**values, "wrapped": self.in_label > 0})
        if tag == "h1":
            self.headings += 1
        if tag == "form" and "action" not in values and "hx-post" not in values:
            self.faults.append("a form that names no action")
        if tag not in _VOID and not text.endswith("/"):
            self.open.append(tag)

    def _leave(self, tag: str) -> None:
        if tag == "label":
            self.in_label -= 1
        if tag in _VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> closes {self.open[-1:] or 'nothing'}")
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def check(self, *, is_whole: bool) -> None:
        twice = {name for name in self.ids if self.ids.count(name) > 1}
        if twice:
            self.faults.append(f"ids used twice: {twice}")
        for control in self.inputs:
            if not (control["wrapped"] or control.get("id") in self.labels or control.get("aria-label")):
                self.faults.append(f"an input without a label: {control}")
        if is_whole and self.headings != 1:
            self.faults.append(f"{self.headings} first-level headings")
        if self.open:
            self.faults.append(f"never closed: {self.open}")


class PageClient:
    """`get` and `post` like a browser without scripts: the CSRF token is sent, each page checked."""

    def __init__(self, app: Flask, address: str = "127.0.0.1") -> None:
        self.app = app
        self.http: FlaskClient = app.test_client()
        self.address = address
        self._token = ""

    def log_in(self, username: str, password: str = "correct horse battery") -> PageClient:
        """Through the form, as staff do; pages that only give the form's token away are not asked for."""
        self._token = ""
        answer = self.post("/login", {"username": username, "password": password})
        assert answer.status_code == 303, "the log-in was refused"
        # The session is another one now.
        self._token = ""
        return self

    def _session_token(self) -> str:
        """The token that the session's pages would bear."""
        with self.http.session_transaction() as session:
            raw = session.setdefault("csrf_token", "0" * 40)
        return URLSafeTimedSerializer(self.app.secret_key or "", salt="wtf-csrf-token").dumps(raw)

    def get(self, url: str, *, htmx: bool = False, status: int = 200, **kwargs: Any) -> TestResponse:
        return self._open("GET", url, None, htmx=htmx, status=status, **kwargs)

    def post(
        self,
        url: str,
        form: dict[str, Any] | None = None,
        *,
        htmx: bool = False,
        status: int | None = None,
        **kwargs: Any,
    ) -> TestResponse:
        return self._open("POST", url, form or {}, htmx=htmx, status=status, **kwargs)

    def _open(
        self, method: str, url: str, form: dict[str, Any] | None, *, htmx: bool, status: int | None, **kwargs: Any
    ) -> TestResponse:
        # The test's own application context is shared by all requests; a browser finds nothing of the one before.
        for name in list(g):
            g.pop(name)
        headers = dict(kwargs.pop("headers", {}))
        if method == "POST":
            self._token = self._token or self._session_token()
            headers["X-CSRFToken"] = self._token
        if htmx:
            headers["HX-Request"] = "true"
        answer = self.http.open(
            url, method=method, data=form, headers=headers, environ_base={"REMOTE_ADDR": self.address}, **kwargs
        )
        if status is not None:
            assert answer.status_code == status, f"{answer.status_code} instead of {status}: {answer.text[:2000]}"
        is_redirect = 300 <= answer.status_code < 400
        if answer.mimetype == "text/html" and answer.data and not is_redirect:
            self._read(answer, is_whole=b"<html" in answer.data)
        return answer

    def _read(self, answer: TestResponse, *, is_whole: bool) -> None:
        page = _Page(answer.text)
        page.check(is_whole=is_whole)
        assert not page.faults, "\n".join(page.faults)
        token = re.search(r'name="csrf-token" content="([^"]+)"', answer.text)
        if token:
            self._token = token.group(1)


def text_of(answer: TestResponse) -> str:
    """The words of an answer without markup, spaces folded."""
    without = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", answer.text, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", without)).strip()
