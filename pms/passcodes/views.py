"""Passcodes in the browser. Digits are only ever in the answer to a POST: never in an address, never kept by the browser."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response, render_template, url_for
from flask_babel import gettext as _

from pms.core import clock
from pms.core.errors import DomainError
from pms.passcodes import queries, service
from pms.passcodes.forms import PasscodeForm
from pms.passcodes.models import PasscodeKind
from pms.passcodes.words import KIND_WORDS, LIFE_KINDS, LIFE_WORDS
from pms.stays import queries as stays
from pms.web import errors
from pms.web.login import actor
from pms.web.render import render, render_dialog
from pms.web.rights import require

blueprint = Blueprint("passcodes", __name__)


@blueprint.get("/stay/<int:stay_id>")
@require("keys:view")
def of_stay(stay_id: int) -> Response:
    """The codes of a stay, as a part of its page."""
    return render(
        "passcodes/of_stay.html",
        "passcodes/_of_stay.html",
        stay=stays.get_stay(stay_id),
        lines=queries.lines_of_stay(stay_id, now=clock.now()),
        kinds=KIND_WORDS,
        life_words=LIFE_WORDS,
        life_kinds=LIFE_KINDS,
    )


@blueprint.get("/stay/<int:stay_id>/new")
@require("passcodes:make")
def new(stay_id: int) -> Response:
    """Say what the code will do, before there is one."""
    return _ask(stay_id, PasscodeForm(formdata=None, request_id=str(uuid.uuid4())))


@blueprint.post("/stay/<int:stay_id>/new")
@require("passcodes:make")
def make(stay_id: int) -> Response:
    """Make the code and show it, this once."""
    form = PasscodeForm()
    if not form.validate_on_submit():
        return _ask(stay_id, form, status=422)
    try:
        shown = service.issue_for_stay(
            stay_id=stay_id, request_id=str(form.request_id.data), actor=actor(), now=clock.now()
        )
    except DomainError as error:
        errors.put_into(form, error)
        return _ask(stay_id, form, status=422)
    return _reveal(shown)


@blueprint.post("/<int:passcode_id>/show")
@require("passcodes:make")
def show(passcode_id: int) -> Response:
    """Show the digits again; the audit trail notes who looked."""
    return _reveal(service.show_again(passcode_id=passcode_id, actor=actor(), now=clock.now()))


@blueprint.post("/<int:passcode_id>/paper")
@require("passcodes:make")
def paper(passcode_id: int) -> str:
    """The digits on a page to print; noted like every look at them."""
    shown = service.show_again(passcode_id=passcode_id, actor=actor(), now=clock.now())
    return render_template("passcodes/paper.html", shown=shown, kinds=KIND_WORDS, is_clear=_is_clear(shown))


@blueprint.get("/<int:passcode_id>/revoke")
@require("passcodes:make")
def revoke(passcode_id: int) -> Response:
    """Say whom the clear code will shut out."""
    return _ask_revoke(passcode_id, PasscodeForm(formdata=None, request_id=str(uuid.uuid4())))


@blueprint.post("/<int:passcode_id>/revoke")
@require("passcodes:make")
def revoke_now(passcode_id: int) -> Response:
    """Make the clear code and show it."""
    form = PasscodeForm()
    if not form.validate_on_submit():
        return _ask_revoke(passcode_id, form, status=422)
    try:
        shown = service.revoke(
            passcode_id=passcode_id, request_id=str(form.request_id.data), actor=actor(), now=clock.now()
        )
    except DomainError as error:
        errors.put_into(form, error)
        return _ask_revoke(passcode_id, form, status=422)
    return _reveal(shown)


def _ask(stay_id: int, form: PasscodeForm, status: int = 200) -> Response:
    stay = stays.get_stay(stay_id)
    return render_dialog(
        "passcodes/_new.html", status=status, dialog_heading=_("Make a passcode"), form=form, stay=stay
    )


def _ask_revoke(passcode_id: int, form: PasscodeForm, status: int = 200) -> Response:
    code = queries.get_passcode(passcode_id)
    return render_dialog(
        "passcodes/_revoke.html",
        status=status,
        dialog_heading=_("Revoke the passcode"),
        form=form,
        code=code,
        others=queries.count_dying_with(code, now=clock.now()),
        back_url=url_for("stays.show", stay_id=code.stay_id) if code.stay_id else url_for("keycards.index"),
    )


def _reveal(shown: service.ShownPasscode) -> Response:
    code = shown.passcode
    return render_dialog(
        "passcodes/_shown.html",
        dialog_heading=_(KIND_WORDS[code.kind]),
        shown=shown,
        kinds=KIND_WORDS,
        is_clear=_is_clear(shown),
        is_long=code.kind is PasscodeKind.DAYS,
        back_url=url_for("stays.show", stay_id=code.stay_id) if code.stay_id else url_for("keycards.index"),
    )


def _is_clear(shown: service.ShownPasscode) -> bool:
    return shown.passcode.kind is PasscodeKind.CLEAR
