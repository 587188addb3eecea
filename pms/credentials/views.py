"""Fingerprints on the page of a stay or of somebody who works here: taken with live steps, sent, removed."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from flask import Response, make_response, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from pms.accounts import queries as accounts
from pms.core import clock
from pms.credentials import capture, consent_views, queries, service
from pms.credentials.blueprint import blueprint
from pms.credentials.forms import DoorsForm, FingerForm
from pms.credentials.models import Finger
from pms.credentials.words import END_WORDS, FINGER_WORDS, STATE_WORDS
from pms.encoders import queries as encoders
from pms.guests import queries as guests
from pms.slots.rules import CONSENT_VERSION
from pms.slots.words import ANSWER_WORDS, KIND_WORDS, STATE_KINDS, validity
from pms.slots.words import STATE_WORDS as SLOT_STATE_WORDS
from pms.stays import queries as stays
from pms.web import errors, login
from pms.web.forms import choices
from pms.web.render import go_to, render, render_dialog
from pms.web.rights import can, require

if TYPE_CHECKING:
    from pms.credentials.capture import Person

__all__ = ["blueprint", "consent_views"]


@blueprint.get("/stays/<int:stay_id>")
@require("credentials:manage")
def of_stay(stay_id: int) -> Response:
    """The fingerprints of a stay, as a part of its page."""
    return _section(capture.of_stay(stays.get_stay(stay_id)))


@blueprint.get("/guests/<int:guest_id>")
@require("credentials:manage")
def of_guest(guest_id: int) -> Response:
    """The fingerprints of a guest over all stays, as a part of the guest's page."""
    return _section(capture.of_guest(guests.get_guest(guest_id), stays.of_guest(guest_id)))


@blueprint.get("/staff/<int:account_id>")
@require("accounts:edit")
def of_account(account_id: int) -> Response:
    """The fingerprints of somebody who works here."""
    return _section(capture.of_account(accounts.get_account(account_id)))


@blueprint.get("/stays/<int:stay_id>/new")
@require("credentials:manage")
def new_of_stay(stay_id: int) -> Response:
    """Ask for the consent, the finger and the doors."""
    return _form(capture.of_stay(stays.get_stay(stay_id)), FingerForm())


@blueprint.post("/stays/<int:stay_id>/new")
@require("credentials:manage")
def start_of_stay(stay_id: int) -> Response:
    """Have the machine take a guest's finger."""
    return _start(capture.of_stay(stays.get_stay(stay_id)))


@blueprint.get("/staff/<int:account_id>/new")
@require("accounts:edit")
def new_of_account(account_id: int) -> Response:
    """The same for somebody who works here."""
    return _form(capture.of_account(accounts.get_account(account_id)), FingerForm())


@blueprint.post("/staff/<int:account_id>/new")
@require("accounts:edit")
def start_of_account(account_id: int) -> Response:
    """Have the machine take the finger of somebody who works here."""
    return _start(capture.of_account(accounts.get_account(account_id)))


@blueprint.get("/batches/<batch_id>")
@require("credentials:manage")
def progress(batch_id: str) -> Response:
    """The live steps of a capture."""
    return render_dialog(
        "credentials/_progress_dialog.html",
        dialog_heading=_("Take a fingerprint"),
        p=capture.progress(batch_id),
        **_words(),
    )


@blueprint.get("/batches/<batch_id>/part")
@require("credentials:manage")
def progress_part(batch_id: str) -> Response:
    """The same, asked for by itself; nothing is sent while nothing changed."""
    present = capture.progress(batch_id)
    if request.args.get("seen") == present.seen:
        return make_response("", 204)
    return render("credentials/progress.html", "credentials/_progress.html", p=present, **_words())


@blueprint.post("/batches/<batch_id>/stop")
@require("credentials:manage")
def stop(batch_id: str) -> Response:
    """Stop the capture."""
    service.stop(batch_id=batch_id, actor=login.actor(), now=clock.now())
    return _to_progress(batch_id)


@blueprint.get("/<int:fingerprint_id>/send")
@require("credentials:manage")
def ask_send(fingerprint_id: int) -> Response:
    """Which further doors."""
    return _send_form(fingerprint_id, DoorsForm())


@blueprint.post("/<int:fingerprint_id>/send")
@require("credentials:manage")
def send(fingerprint_id: int) -> Response:
    """Send it there as soon as somebody is at the lock."""
    form = DoorsForm()
    _fill_doors(form)
    if form.validate():
        with errors.shown_in(form):
            row = service.send(
                fingerprint_id=fingerprint_id,
                door_ids=[door_id for door_id in form.door_ids.data or [] if door_id],
                actor=login.actor(),
                now=clock.now(),
            )
            return go_to(capture.home_of(row), _("It is sent as soon as somebody is at the lock."))
    return _send_form(fingerprint_id, form, status=422)


@blueprint.get("/<int:fingerprint_id>/remove")
@require("credentials:manage")
def ask_remove(fingerprint_id: int) -> Response:
    """What removing does."""
    row = queries.get(fingerprint_id)
    return render_dialog(
        "credentials/_remove.html",
        dialog_heading=_("Remove a fingerprint"),
        row=row,
        back=capture.home_of(row),
        **_words(),
    )


@blueprint.post("/<int:fingerprint_id>/remove")
@require("credentials:manage")
def remove(fingerprint_id: int) -> Response:
    """Destroy it here, and have the locks let it go."""
    row = queries.get(fingerprint_id)
    service.remove(fingerprint_id=fingerprint_id, actor=login.actor(), now=clock.now())
    return go_to(capture.home_of(row), _("The fingerprint is destroyed."))


def _section(person: Person) -> Response:
    part = "credentials/_of_person.html"
    if person.account_id is not None:
        return render_dialog("credentials/_of_staff.html", dialog_heading=person.name, person=person, **_words())
    return render("credentials/of_person.html", part, person=person, **_words())


def _start(person: Person) -> Response:
    form = FingerForm()
    _fill(form)
    if form.validate():
        with errors.shown_in(form):
            batch_id = service.start(
                stay_id=person.stay_id,
                account_id=person.account_id,
                finger=Finger(form.finger.data),
                agreed=form.agreed.data,
                encoder_id=form.encoder_id.data or 0,
                door_ids=[door_id for door_id in form.door_ids.data or [] if door_id],
                request_id=form.request_id.data or "",
                actor=login.actor(),
                now=clock.now(),
            )
            return _to_progress(batch_id)
    return _form(person, form, status=422)


def _form(person: Person, form: FingerForm, *, status: int = 200) -> Response:
    _fill(form)
    if form.door_ids.data is None:
        form.door_ids.data = [door.id for door in queries.doors() if door.room_id and door.room_id == person.room_id]
    return render_dialog(
        "credentials/_new.html",
        status=status,
        dialog_heading=_("Take a fingerprint"),
        form=form,
        person=person,
        text_version=CONSENT_VERSION,
    )


def _send_form(fingerprint_id: int, form: DoorsForm, *, status: int = 200) -> Response:
    row = queries.get(fingerprint_id)
    _fill_doors(form)
    return render_dialog(
        "credentials/_send.html",
        status=status,
        dialog_heading=_("Send a fingerprint to doors"),
        form=form,
        row=row,
        back=capture.home_of(row),
    )


def _fill(form: FingerForm) -> None:
    machines = encoders.list_for_fingers()
    present = encoders.choose(machines, current_user.encoder_id)
    form.finger.choices = choices((finger.value, _(text)) for finger, text in FINGER_WORDS.items())
    form.encoder_id.choices = choices((machine.id, machine.name) for machine in machines)
    if form.finger.data is None:
        form.finger.data = Finger.RIGHT_INDEX.value
    if form.encoder_id.data is None and present is not None:
        form.encoder_id.data = present.id
    if not form.request_id.data:
        form.request_id.data = str(uuid.uuid4())
    _fill_doors(form)


def _fill_doors(form: DoorsForm) -> None:
    form.door_ids.choices = choices((door.id, door.name) for door in queries.doors())


def _to_progress(batch_id: str) -> Response:
    return make_response(redirect(url_for("credentials.progress", batch_id=batch_id), 303))


def _words() -> dict[str, Any]:
    return {
        "finger_words": FINGER_WORDS,
        "state_words": STATE_WORDS,
        "end_words": END_WORDS,
        "place_words": SLOT_STATE_WORDS,
        "place_kinds": STATE_KINDS,
        "why_words": {int(key): text for key, text in ANSWER_WORDS.items()},
        "kind_words": KIND_WORDS,
        "validity": validity,
        "may_edit_staff": can("accounts:edit"),
    }
