"""The only way to answer HTML: a page to a browser, its part to HTMX, a dialog to both."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from flask import Response, flash, make_response, redirect, render_template
from htmx_flask import request


def wants_part() -> bool:
    """HTMX asks for a piece, rather than a browser, a boosted link or a restored history entry for the page."""
    htmx = request.htmx
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def render(page: str, part: str | None = None, *, status: int = 200, **values: Any) -> Response:
    """`page` for a browser, `part` (a file that the page includes) for HTMX."""
    template = part if part is not None and wants_part() else page
    return make_response(render_template(template, **values), status)


def render_dialog(part: str, *, status: int = 200, **values: Any) -> Response:
    """`part` inside the page's dialog for HTMX, or as a page of its own for a plain link."""
    if not wants_part():
        return make_response(render_template("_layout/dialog_page.html", dialog_part=part, **values), status)
    response = make_response(render_template(part, **values), status)
    # A form of a part that renews itself may be gone when its answer comes, and the new target would be looked for from there.
    if request.htmx.target != "dialog-body":
        response.headers["HX-Retarget"] = "#dialog-body"
    response.headers["HX-Reswap"] = "innerHTML"
    add_trigger(response, "dialog:open", after_swap=True)
    return response


@dataclass(frozen=True, slots=True)
class Link:
    """What a toast offers to do about what it says; its page opens in the dialog."""

    label: str
    url: str


def go_to(url: str, text: str = "", *, kind: str = "ok", link: Link | None = None) -> Response:
    """Leave the form: the next page shows `text` as a toast, with a link in it. Works for plain forms and for HTMX."""
    if text:
        flash(text, kind)
    if link is not None:
        flash(f"{link.url} {link.label}", "link")
    if request.htmx:
        response = make_response("", 200)
        response.headers["HX-Redirect"] = url
        return response
    return make_response(redirect(url, 303))


def settle(url: str, text: str, *, link: Link | None = None) -> Response:
    """What a dialog was opened for is done: a page that renews itself stays and says `text`, another one gives way to `url`."""
    if request.headers.get("X-In-Place") != "1" or not request.htmx:
        return go_to(url, text, link=link)
    response = add_trigger(toast(make_response("", 204), text, link=link), "dialog:close")
    return add_trigger(response, "live:look")


def toast(response: Response, text: str, *, kind: str = "ok", link: Link | None = None) -> Response:
    """Let an HTMX answer say `text`, with a link in it, without leaving the page."""
    detail = {"text": text, "kind": kind} | ({"url": link.url, "label": link.label} if link is not None else {})
    return add_trigger(response, "toast", detail)


def add_trigger(response: Response, event: str, detail: object = None, *, after_swap: bool = False) -> Response:
    """Have the browser fire `event` when it has the answer; several can be added."""
    header = "HX-Trigger-After-Swap" if after_swap else "HX-Trigger"
    events = json.loads(response.headers.get(header, "{}"))
    events[event] = detail if detail is not None else True
    response.headers[header] = json.dumps(events)
    return response
