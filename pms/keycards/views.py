"""Keys: the dialogs that ask for cards, the page that shows them being made, the ledger, reading and erasing."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, make_response, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from pms.core import clock
from pms.core.errors import DomainError, Forbidden
from pms.core.ids import read_id
from pms.encoders import queries as encoders
from pms.encoders import service as encoder_service
from pms.keycards import books, dialogs, listing, losses, progress, queries, rules, service, stacks, words
from pms.keycards.forms import FoundForm, KeysForm, LostForm, MachineChoice
from pms.keycards.rules import LostWay
from pms.stays import queries as stays
from pms.web import errors, login
from pms.web.render import render, render_dialog
from pms.web.rights import can, require

if TYPE_CHECKING:
    from collections.abc import Callable

    from pms.encoders.models import JobKind

blueprint = Blueprint("keycards", __name__)


@blueprint.get("/")
@require("keys:view")
def index() -> Response:
    """Every key, newest first, a page at a time."""
    show = request.args.get("show", "live")
    show = show if show in listing.SHOWN else "live"
    room, text = request.args.get("room", "").strip(), request.args.get("q", "").strip()
    now = clock.now()
    page = listing.list_page(show=show, now=now, room=room, text=text, before_id=read_id(request.args.get("before")))
    return render(
        "keycards/index.html",
        "keycards/_rows.html" if "before" in request.args else "keycards/_list.html",
        keys=page,
        show=show,
        room=room,
        text=text,
        counts=listing.count(now=now),
        shown_words=words.SHOWN_WORDS,
        **_words(),
    )


@blueprint.get("/stays/<int:stay_id>")
@require("keys:view")
def of_stay(stay_id: int) -> Response:
    """The keys of a stay, as a part of its page."""
    stay = stays.get_stay(stay_id)
    now = clock.now()
    lines = queries.lines_of_stay(stay, now=now)
    return render(
        "keycards/of_stay.html",
        "keycards/_of_stay.html",
        stay=stay,
        lines=lines,
        summary=queries.summary_for_stays([stay_id], now=now)[stay_id],
        can_make=rules.can_make(stay.state, has_room=stay.room_id is not None),
        **_words(),
    )


@blueprint.get("/stays/<int:stay_id>/new")
@require("keys:make")
def new(stay_id: int) -> Response:
    """Make cards for a stay: the first, more, for a further room, with or without common doors."""
    return dialogs.keys(stays.get_stay(stay_id), dialogs.fresh_keys_form(), current_user.encoder_id)


@blueprint.post("/stays/<int:stay_id>/new")
@require("keys:make")
def create(stay_id: int) -> Response:
    """Queue them, and go on to the machine."""
    form = KeysForm()
    stay = stays.get_stay(stay_id)

    def ask() -> str | None:
        return service.issue(
            stay_id=stay_id,
            copies=form.copies.data or 0,
            encoder_id=form.encoder_id.data or 0,
            request_id=form.request_id.data or "",
            further_room_ids=[room_id for room_id in form.further_room_ids.data or [] if room_id],
            area_ids=[area_id for area_id in form.area_ids.data or [] if area_id],
            actor=login.actor(),
            now=clock.now(),
        )

    return _act(form, ask, lambda status: dialogs.keys(stay, form, current_user.encoder_id, status=status), stay_id)


@blueprint.get("/stays/<int:stay_id>/again")
@require("keys:make")
def again(stay_id: int) -> Response:
    """Which cards of the stay must be made again, and why."""
    return dialogs.again(stays.get_stay(stay_id), MachineChoice(), current_user.encoder_id)


@blueprint.post("/stays/<int:stay_id>/again")
@require("keys:make")
def make_again(stay_id: int) -> Response:
    """Make them again."""
    form = MachineChoice()
    stay = stays.get_stay(stay_id)

    def ask() -> str | None:
        return service.make_again(
            stay_id=stay_id,
            encoder_id=form.encoder_id.data or 0,
            request_id=form.request_id.data or "",
            actor=login.actor(),
            now=clock.now(),
        )

    return _act(form, ask, lambda status: dialogs.again(stay, form, current_user.encoder_id, status=status), stay_id)


@blueprint.get("/<int:card_id>/lost")
@require("keys:make")
def lost(card_id: int) -> Response:
    """The two ways, what each comes to, and which one is proposed."""
    return dialogs.lost(queries.get_card(card_id), LostForm(), current_user.encoder_id)


@blueprint.post("/<int:card_id>/lost")
@require("keys:make")
def report_lost(card_id: int) -> Response:
    """It is lost: its doors refuse it, or all cards of the party are made again."""
    form = LostForm()
    card = queries.get_card(card_id)
    act = losses.deny if form.way is LostWay.DENY else losses.report_lost

    def ask() -> str | None:
        return act(
            key_card_id=card_id,
            encoder_id=form.machine_id,
            request_id=form.request_id.data or "",
            actor=login.actor(),
            now=clock.now(),
        )

    return _act(
        form, ask, lambda status: dialogs.lost(card, form, current_user.encoder_id, status=status), card.stay_id
    )


@blueprint.get("/<int:card_id>/found")
@require("keys:make")
def found(card_id: int) -> Response:
    """A denied card is back: what allowing it again takes."""
    return dialogs.found(queries.get_card(card_id), FoundForm(), current_user.encoder_id)


@blueprint.post("/<int:card_id>/found")
@require("keys:make")
def allow_again(card_id: int) -> Response:
    """It counts again, or is written anew."""
    form = FoundForm()
    card = queries.get_card(card_id)

    def ask() -> str | None:
        return losses.found_again(
            key_card_id=card_id,
            encoder_id=form.encoder_id.data,
            request_id=form.request_id.data or "",
            actor=login.actor(),
            now=clock.now(),
        )

    return _act(
        form, ask, lambda status: dialogs.found(card, form, current_user.encoder_id, status=status), card.stay_id
    )


@blueprint.get("/read")
@require("keys:make")
def read() -> Response:
    """Put a found card on the machine."""
    return dialogs.plain("read", MachineChoice(), current_user.encoder_id)


@blueprint.post("/read")
@require("keys:make")
def start_reading() -> Response:
    """The machine waits for the card."""
    form = MachineChoice()

    def ask() -> str | None:
        return service.read(
            encoder_id=form.encoder_id.data or 0,
            request_id=form.request_id.data or "",
            actor=login.actor(),
            now=clock.now(),
        )

    return _act(form, ask, lambda status: dialogs.plain("read", form, current_user.encoder_id, status=status))


@blueprint.get("/erase")
@require("keys:make")
def erase() -> Response:
    """Erase a card."""
    return dialogs.plain("erase", MachineChoice(), current_user.encoder_id)


@blueprint.post("/erase")
@require("keys:make")
def start_erasing() -> Response:
    """The machine waits for the card."""
    form = MachineChoice()

    def ask() -> str | None:
        return service.erase(
            encoder_id=form.encoder_id.data or 0,
            request_id=form.request_id.data or "",
            actor=login.actor(),
            now=clock.now(),
        )

    return _act(form, ask, lambda status: dialogs.plain("erase", form, current_user.encoder_id, status=status))


@blueprint.get("/batches/<batch_id>", endpoint="progress")
@require("keys:make")
def show_progress(batch_id: str) -> Response:
    """Cards while they are made; a dialog over the page that asked, or a page of its own."""
    return _progress_dialog(batch_id)


@blueprint.get("/batches/<batch_id>/part")
@require("keys:make")
def progress_part(batch_id: str) -> Response:
    """The same, for the page that asks twice a second; nothing is sent while nothing has changed."""
    present = _find(batch_id)
    if request.args.get("seen") == present.seen:
        return make_response("", 204)
    return render("keycards/progress.html", "keycards/_progress.html", p=present, retry_id=uuid.uuid4(), **_words())


@blueprint.post("/batches/<batch_id>/cancel")
@require("keys:make")
def cancel(batch_id: str) -> Response:
    """End what has not begun to write."""
    _check_batch(batch_id)
    encoder_service.cancel_batch(batch_id=batch_id, actor=login.actor(), now=clock.now())
    return _to_progress(batch_id)


@blueprint.post("/jobs/<job_id>/retry")
@require("keys:make")
def retry(job_id: str) -> Response:
    """Once more, with the same card or another."""
    return _retry(job_id, overwrite=False)


@blueprint.post("/jobs/<job_id>/skip")
@require("keys:make")
def skip(job_id: str) -> Response:
    """Leave this room's cards of a stack for later, go on with the next room's."""
    form = dialogs.RetryForm()
    request_id = form.request_id.data if form.validate() else str(uuid.uuid4())
    batch_id = stacks.skip(job_id=job_id, request_id=request_id or "", actor=login.actor(), now=clock.now())
    return _to_progress(batch_id)


@blueprint.post("/jobs/<job_id>/overwrite")
@require("keys:overwrite")
def overwrite(job_id: str) -> Response:
    """Once more, and the card may lose what it holds."""
    return _retry(job_id, overwrite=True)


def _retry(job_id: str, *, overwrite: bool) -> Response:
    _check_kind(encoders.get_job(job_id).kind)
    form = dialogs.RetryForm()
    request_id = form.request_id.data if form.validate() else str(uuid.uuid4())
    batch_id = service.retry(
        job_id=job_id, request_id=request_id or "", overwrite=overwrite, actor=login.actor(), now=clock.now()
    )
    return _to_progress(batch_id)


def _act(
    form: MachineChoice,
    ask: Callable[[], str | None],
    again: Callable[[int], Response],
    stay_id: int | None = None,
) -> Response:
    """Do what the form asks for and go to the machine; or show the form again with what is wrong."""
    dialogs.fill_machines(form, current_user.encoder_id)
    if form.validate():
        try:
            batch_id = ask()
        except DomainError as error:
            errors.put_into(form, error)
        else:
            return _to_progress(batch_id) if batch_id else _to_stay(stay_id)
    return again(422)


def _to_progress(batch_id: str) -> Response:
    # HTMX follows it too: the dialog goes on to the machine.
    return make_response(redirect(url_for("keycards.progress", batch_id=batch_id), 303))


def _to_stay(stay_id: int | None) -> Response:
    return make_response(redirect(url_for("stays.show", stay_id=stay_id), 303))


def _check_batch(batch_id: str) -> None:
    for job in encoders.batch(batch_id)[:1]:
        _check_kind(job.kind)


def _check_kind(kind: JobKind) -> None:
    """Cards of another book are its people's business, though its jobs are shown here."""
    book = books.of_kind(kind)
    if book is not None and not can(book.right):
        raise Forbidden


def _find(batch_id: str) -> progress.Progress:
    _check_batch(batch_id)
    return progress.find(batch_id, now=clock.now())


def _progress_dialog(batch_id: str) -> Response:
    present = _find(batch_id)
    return render_dialog(
        "keycards/_progress_dialog.html",
        dialog_heading=_(words.PROGRESS_WORDS[present.kind]),
        p=present,
        retry_id=uuid.uuid4(),
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {
        "state_words": words.STATE_WORDS,
        "state_kinds": words.STATE_KINDS,
        "again_words": words.AGAIN_WORDS,
        "reason_words": words.REASON_WORDS,
        "end_words": words.END_WORDS,
        "seen_words": words.SEEN_WORDS,
        "found_words": words.FOUND_WORDS,
        "progress_words": words.PROGRESS_WORDS,
    }
