"""Consent to store something of a body: noted, and withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, url_for
from flask_babel import gettext as _

from pms.accounts import queries as accounts
from pms.core import clock
from pms.credentials import capture, service
from pms.credentials.blueprint import blueprint
from pms.guests import queries as guests
from pms.stays import queries as stays
from pms.web import login
from pms.web.render import go_to, render_dialog
from pms.web.rights import require

if TYPE_CHECKING:
    from pms.credentials.capture import Person


@blueprint.get("/stays/<int:stay_id>/agree")
@require("credentials:manage")
def ask_guest(stay_id: int) -> Response:
    """The text that a guest reads before something of the body is stored."""
    person = capture.of_stay(stays.get_stay(stay_id))
    return _dialog(person, url_for("credentials.agree_guest", stay_id=stay_id))


@blueprint.post("/stays/<int:stay_id>/agree")
@require("credentials:manage")
def agree_guest(stay_id: int) -> Response:
    """The guest has read it and agrees."""
    service.agree(guest_id=stays.get_stay(stay_id).guest_id, actor=login.actor(), now=clock.now())
    return go_to(url_for("stays.show", stay_id=stay_id), _("The consent is on record."))


@blueprint.get("/staff/<int:account_id>/agree")
@require("accounts:edit")
def ask_account(account_id: int) -> Response:
    """The same for somebody who works here."""
    person = capture.of_account(accounts.get_account(account_id))
    return _dialog(person, url_for("credentials.agree_account", account_id=account_id))


@blueprint.post("/staff/<int:account_id>/agree")
@require("accounts:edit")
def agree_account(account_id: int) -> Response:
    """Somebody who works here has read it and agrees."""
    service.agree(account_id=accounts.get_account(account_id).id, actor=login.actor(), now=clock.now())
    return go_to(url_for("accounts.index"), _("The consent is on record."))


@blueprint.post("/guests/<int:guest_id>/withdraw")
@require("credentials:manage")
def withdraw_of_guest(guest_id: int) -> Response:
    """The guest does not agree any more."""
    service.withdraw(guest_id=guests.get_guest(guest_id).id, actor=login.actor(), now=clock.now())
    return go_to(
        url_for("guests.show", guest_id=guest_id), _("The consent is withdrawn, and what was taken is destroyed.")
    )


@blueprint.post("/staff/<int:account_id>/withdraw")
@require("accounts:edit")
def withdraw_of_account(account_id: int) -> Response:
    """Somebody who works here does not agree any more."""
    service.withdraw(account_id=accounts.get_account(account_id).id, actor=login.actor(), now=clock.now())
    return go_to(url_for("accounts.index"), _("The consent is withdrawn, and what was taken is destroyed."))


def _dialog(person: Person, url: str) -> Response:
    return render_dialog("credentials/_agree.html", dialog_heading=_("Note the consent"), person=person, url=url)
