"""Refusals into words: a form error, a toast, a page or a JSON answer, in the reader's language."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING

from flask import Flask, Response, make_response, render_template
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from htmx_flask import request
from werkzeug.exceptions import HTTPException
from wtforms import HiddenField

from pms.core.db import db
from pms.core.errors import DomainError
from pms.core.text import N_
from pms.web import filters
from pms.web.envelope import refuse
from pms.web.operations import wire_name
from pms.web.render import add_trigger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask_wtf import FlaskForm
    from wtforms.form import BaseForm

_SENTENCES: dict[int, tuple[str, str]] = {
    400: (N_("The request was not understood"), N_("Go back and try it again.")),
    401: (N_("Please log in"), N_("Your session has ended.")),
    403: (N_("This is not part of your role"), N_("Ask a manager if you need it.")),
    404: (N_("Nothing is here"), N_("The page or the thing on it does not exist, or no longer.")),
    405: (N_("This address takes no such request"), N_("Go back and use the buttons of the page.")),
    409: (N_("This cannot be done now"), N_("Look at it again, then decide anew.")),
    413: (N_("The file is too large"), N_("Send a smaller one.")),
    423: (N_("This is busy just now"), N_("Wait until it is done, then try again.")),
    429: (N_("Too many tries"), N_("Wait a little, then try again.")),
    500: (
        N_("Something went wrong on our side"),
        N_("Nothing was stored. Try again; if it stays, tell the administrator."),
    ),
    503: (N_("This cannot be reached just now"), N_("Look whether it is connected and has power, then try again.")),
}


def sentence(error: DomainError) -> str:
    """The refusal in the reader's language, its dates and instants as the reader writes them."""
    return str(_(error.message)) % {name: _word(value) for name, value in error.params.items()}


def _word(value: object) -> object:
    if isinstance(value, datetime):
        return filters.datetime_text(value)
    if isinstance(value, date):
        return filters.date_text(value)
    return value


def put_into(form: FlaskForm, error: DomainError) -> None:
    """Show the refusal beside the field that it is about, or above the form."""
    name = str(error.params.get("field") or error.field or "")
    if name in form and not isinstance(form[name], HiddenField):
        form[name].errors = [*form[name].errors, sentence(error)]
    else:
        form.form_errors = [*form.form_errors, sentence(error)]


def put_into_part(part: BaseForm, form: FlaskForm, error: DomainError) -> None:
    """Show the refusal beside the field in one line of a list of forms, or else above the whole form."""
    name = str(error.params.get("field") or error.field or "")
    if name in part:
        part[name].errors = [*part[name].errors, sentence(error)]
    else:
        form.form_errors = [*form.form_errors, sentence(error)]


@contextmanager
def shown_in(form: FlaskForm) -> Iterator[None]:
    """What is refused inside is shown in the form, and the view goes on to show it again."""
    try:
        yield
    except DomainError as error:
        put_into(form, error)


def install(app: Flask) -> None:
    """Register the handlers. Every one of them leaves the database session clean."""
    app.register_error_handler(DomainError, _refused)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _refused(error: DomainError) -> Response:
    if request.path.startswith("/api/"):
        return _answer_program(error)
    return _answer(error.status, None, sentence(error), code=error.code)


def _answer_program(error: DomainError) -> Response:
    """The envelope; beside the sentence the field that it is about, if it is about one."""
    db.session.rollback()
    text, name = sentence(error), str(error.params.get("field") or error.field or "")
    fault: dict[str, object] = {"field": wire_name(name), "error": text}
    if "offers" in error.params:
        # What can be had instead, in the words of the wire.
        fault["offers"] = error.params["offers"]
    response = refuse(error.status, text, [fault] if name else None)
    if "seconds" in error.params:
        response.headers["Retry-After"] = str(error.params["seconds"])
    return response


def _stale_form(_error: CSRFError) -> Response:
    return _answer(400, _("This form is too old"), _("Load the page again; nothing was stored."), code="csrf")


def _http(error: HTTPException) -> Response | HTTPException:
    if error.response is not None:
        return error
    return _answer(error.code or 500, None, None)


def _unexpected(error: Exception) -> Response:
    from flask import current_app

    current_app.logger.error("unexpected error", exc_info=error)
    if current_app.testing:
        raise error
    return _answer(500, None, None)


def _answer(status: int, title: str | None, text: str | None, *, code: str = "") -> Response:
    db.session.rollback()
    known = _SENTENCES.get(status, _SENTENCES[500 if status >= 500 else 400])
    title = title or _(known[0])
    text = text or _(known[1])
    if request.path.startswith("/api/"):
        return refuse(status, text)
    if request.htmx:
        response = make_response(render_template("errors/_part.html", title=title, text=text, code=code), status)
        # A refusal without a form to show it in becomes a toast; what is on the page stays.
        response.headers["HX-Reswap"] = "none"
        return add_trigger(response, "toast", {"text": text, "kind": "bad"})
    return make_response(render_template("errors/error.html", status=status, title=title, text=text), status)
