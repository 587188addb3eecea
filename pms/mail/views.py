"""The mail server's settings, a letter to try them, and what became of the last letters."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, current_app, request, url_for
from flask_babel import gettext as _

from pms.core import clock
from pms.core.errors import DomainError
from pms.core.ids import read_id
from pms.mail import queries, rules, service
from pms.mail.forms import MailServerForm, TrialLetterForm
from pms.mail.models import LetterState, MailServer, Security
from pms.mail.words import STATE_WORDS, USUAL_PORTS
from pms.web import errors, login
from pms.web.render import go_to, render, render_dialog
from pms.web.rights import require

blueprint = Blueprint("mail", __name__)

_TEST_HOLDS = timedelta(hours=1)


@blueprint.get("/")
@require("property:edit")
def settings() -> Response:
    """Where letters are handed over, and the last of them."""
    return _page(_form_of(queries.find_server()))


@blueprint.post("/")
@require("property:edit")
def change() -> Response:
    """Store what was entered."""
    form = MailServerForm()
    if form.validate():
        try:
            service.set_server(**form.values(request.form.get("password", "")), actor=login.actor(), now=clock.now())
        except DomainError as error:
            errors.put_into(form, error)
        else:
            return go_to(url_for("mail.settings"), _("The settings are stored."))
    return _page(form, status=422)


@blueprint.get("/letters")
@require("property:edit")
def letters() -> Response:
    """The last letters; `before` goes on from one of them."""
    before = read_id(request.args.get("before"))
    part = "mail/_rows.html" if before else "mail/_letters.html"
    return render("mail/letters.html", part, **_letters(before))


@blueprint.get("/test")
@require("property:edit")
def ask_test() -> Response:
    """Where a test letter goes."""
    return _test_form(TrialLetterForm(request_id=str(uuid.uuid4())))


@blueprint.post("/test")
@require("property:edit")
def send_test() -> Response:
    """Queue a letter that says nothing; the list shows what becomes of it."""
    form = TrialLetterForm()
    if form.validate():
        now = clock.now()
        with errors.shown_in(form):
            service.queue_test(
                recipient=form.recipient.data or "",
                title=_("A test letter"),
                text=_("This letter was sent to see whether the mail server is set up well. It is."),
                request_id=str(form.request_id.data),
                expires_at=now + _TEST_HOLDS,
                actor=login.actor(),
                now=now,
            )
            return go_to(url_for("mail.settings"), _("The letter is on its way; the list shows what becomes of it."))
    return _test_form(form, status=422)


@blueprint.get("/remove")
@require("property:edit")
def ask_remove() -> Response:
    """What removing the server does."""
    return render_dialog("mail/_remove.html", dialog_heading=_("Remove the mail server"))


@blueprint.post("/remove")
@require("property:edit")
def remove() -> Response:
    """No letters from now on."""
    service.forget_server(actor=login.actor(), now=clock.now())
    return go_to(url_for("mail.settings"), _("The mail server is removed."))


def _form_of(server: MailServer | None) -> MailServerForm:
    if server is None:
        return MailServerForm(version="0", security=Security.STARTTLS.value, port=USUAL_PORTS[Security.STARTTLS])
    form = MailServerForm(obj=server)
    form.security.data = server.security.value
    return form


def _page(form: MailServerForm, *, status: int = 200) -> Response:
    return render(
        "mail/settings.html",
        "mail/_settings.html",
        status=status,
        form=form,
        server=queries.find_server(),
        writes_to_console=not current_app.config["SETTINGS"].is_production,
        **_letters(None),
    )


def _letters(before: int | None) -> dict[str, Any]:
    page = queries.list_letters(before=before)
    return {
        "letters": page,
        "is_on_its_way": any(row.state in (LetterState.QUEUED, LetterState.SENDING) for row in page.rows),
        "state_words": STATE_WORDS,
        "faults": rules.FAULTS,
        "shown_address": rules.shown_address,
    }


def _test_form(form: TrialLetterForm, *, status: int = 200) -> Response:
    return render_dialog(
        "mail/_test.html",
        status=status,
        dialog_heading=_("Send a test letter"),
        form=form,
        server=queries.find_server(),
    )
