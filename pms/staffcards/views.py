"""Staff cards: who holds which, making and renewing them, lost ones."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from pms.accounts import queries as accounts
from pms.core import clock
from pms.core.ids import read_id
from pms.core.weeks import Window
from pms.keycards.forms import MachineChoice
from pms.locks import scope_queries
from pms.staffcards import dialogs, listing, queries, scope_views, service, shift_views, words
from pms.staffcards.blueprint import blueprint
from pms.staffcards.book import opens_of
from pms.staffcards.forms import ALWAYS, BY_HAND, EmergencyForm, LostForm, RenewForm, StaffForm, VisitorForm
from pms.staffcards.models import StaffCardKind
from pms.staffcards.rules import LostAnswer
from pms.web.render import render
from pms.web.rights import require

__all__ = ["blueprint", "scope_views", "shift_views"]


@blueprint.get("/")
@require("staffcards:view")
def index() -> Response:
    """Who holds which card, by holder; those that end soon, must be made again or denied."""
    show = request.args.get("show", "live")
    show = show if show in words.SHOWN_WORDS else "live"
    text = request.args.get("q", "").strip()
    now = clock.now()
    return render(
        "staffcards/index.html",
        "staffcards/_rows.html" if "before" in request.args else "staffcards/_list.html",
        found=listing.page(show, text=text, before_id=read_id(request.args.get("before")), now=now),
        counts=listing.counts(now),
        show=show,
        text=text,
        **page_words(),
    )


@blueprint.get("/<int:card_id>")
@require("staffcards:view")
def card(card_id: int) -> Response:
    """One card; of a lost one the doors that refuse it, and those that are left."""
    line = queries.get_line(card_id, now=clock.now())
    before = queries.find_card(line.card.replaces_id)
    return render("staffcards/card.html", line=line, before=before, **page_words())


@blueprint.get("/holders/<int:account_id>")
@require("staffcards:view")
def holder(account_id: int) -> Response:
    """Every card that somebody was given."""
    account = accounts.get_account(account_id)
    lines = queries.of_account(account_id, now=clock.now())
    return render("staffcards/holder.html", account=account, lines=lines, **page_words())


@blueprint.get("/new")
@require("staffcards:make")
def new() -> Response:
    """Make a staff card; the holder may be chosen already."""
    form = StaffForm()
    form.account_id.data = read_id(request.args.get("account_id"))
    return dialogs.new(form, StaffCardKind.STAFF)


@blueprint.post("/new")
@require("staffcards:make")
def create() -> Response:
    """Queue it, and go on to the machine."""
    form = StaffForm()

    def ask() -> str:
        window, shift_name = _hours(form)
        return _make(form, StaffCardKind.STAFF, [one for one in form.scope_ids.data or [] if one], window, shift_name)

    return dialogs.act(form, ask, lambda status: dialogs.new(form, StaffCardKind.STAFF, status=status))


@blueprint.get("/emergency")
@require("staffcards:make")
def new_emergency() -> Response:
    """Make an emergency card."""
    return dialogs.new(EmergencyForm(), StaffCardKind.EMERGENCY)


@blueprint.post("/emergency")
@require("staffcards:make")
def create_emergency() -> Response:
    """Queue it, and go on to the machine."""
    form = EmergencyForm()

    def ask() -> str:
        return _make(form, StaffCardKind.EMERGENCY, [], Window(), "")

    return dialogs.act(form, ask, lambda status: dialogs.new(form, StaffCardKind.EMERGENCY, status=status))


@blueprint.get("/visitor")
@require("staffcards:make")
def new_visitor() -> Response:
    """Make a card that opens one door once."""
    return dialogs.visitor(VisitorForm())


@blueprint.post("/visitor")
@require("staffcards:make")
def create_visitor() -> Response:
    """Queue it, and go on to the machine."""
    form = VisitorForm()

    def ask() -> str:
        return service.make_visitor(
            door_id=form.door_id.data or 0,
            visitor=form.visitor.data or "",
            hours=form.hours.data or 0,
            **dialogs.machine_of(form),
        )

    return dialogs.act(form, ask, lambda status: dialogs.visitor(form, status=status))


@blueprint.get("/<int:card_id>/renew")
@require("staffcards:make")
def renew(card_id: int) -> Response:
    """The same card with a later end."""
    return dialogs.renew(card_id, RenewForm())


@blueprint.post("/<int:card_id>/renew")
@require("staffcards:make")
def start_renewing(card_id: int) -> Response:
    """Queue it, and go on to the machine."""
    form = RenewForm()

    def ask() -> str:
        assert form.valid_until.data is not None  # noqa: S101 - the form was validated
        return service.renew(card_id=card_id, last_day=form.valid_until.data, **dialogs.machine_of(form))

    return dialogs.act(form, ask, lambda status: dialogs.renew(card_id, form, status=status))


@blueprint.get("/<int:card_id>/again")
@require("staffcards:make")
def again(card_id: int) -> Response:
    """The number of what it opens was raised."""
    return dialogs.again(card_id, MachineChoice())


@blueprint.post("/<int:card_id>/again")
@require("staffcards:make")
def make_again(card_id: int) -> Response:
    """Queue it, and go on to the machine."""
    form = MachineChoice()

    def ask() -> str:
        return service.make_again(card_ids=[card_id], **dialogs.machine_of(form))

    return dialogs.act(form, ask, lambda status: dialogs.again(card_id, form, status=status))


@blueprint.get("/<int:card_id>/lost")
@require("staffcards:make")
def lost(card_id: int) -> Response:
    """What will happen when this card is reported lost."""
    return dialogs.lost(card_id, LostForm())


@blueprint.post("/<int:card_id>/lost")
@require("staffcards:make")
def report_lost(card_id: int) -> Response:
    """It is lost: end it, and make what was chosen."""
    form = LostForm()

    def ask() -> str | None:
        return service.report_lost(card_id=card_id, answer=LostAnswer(form.how.data), **dialogs.machine_of(form))

    return dialogs.act(form, ask, lambda status: dialogs.lost(card_id, form, status=status), card_id)


@blueprint.get("/<int:card_id>/deny")
@require("staffcards:make")
def deny(card_id: int) -> Response:
    """A card that carries the denial of a lost one to the doors."""
    return dialogs.deny(card_id, MachineChoice())


@blueprint.post("/<int:card_id>/deny")
@require("staffcards:make")
def make_deny_card(card_id: int) -> Response:
    """Queue it, and go on to the machine."""
    form = MachineChoice()

    def ask() -> str:
        return service.make_deny_card(card_id=card_id, **dialogs.machine_of(form))

    return dialogs.act(form, ask, lambda status: dialogs.deny(card_id, form, status=status))


def page_words() -> dict[str, Any]:
    """What the templates of staff cards say."""
    scopes = scope_queries.rows_by_id()
    return {
        **words.of_pages(),
        "opens_of": lambda held: opens_of(held, scopes),
        "can_be_lost": lambda line: line.is_live and line.card.kind is not StaffCardKind.DENY,
    }


def _make(form: EmergencyForm, kind: StaffCardKind, scope_ids: list[int], window: Window, shift_name: str) -> str:
    assert form.valid_until.data is not None  # noqa: S101 - the form was validated
    return service.make(
        kind=kind,
        account_id=form.account_id.data,
        holder_name=form.holder_name.data or "",
        scope_ids=scope_ids,
        window=window,
        shift_name=shift_name,
        last_day=form.valid_until.data,
        **dialogs.machine_of(form),
    )


def _hours(form: StaffForm) -> tuple[Window, str]:
    """The card's own copy of a shift, or what was entered by hand."""
    if form.shift.data == BY_HAND:
        return form.window(), ""
    shift_id = read_id(form.shift.data)
    if form.shift.data == ALWAYS or shift_id is None:
        return Window(), ""
    shift = queries.get_shift(shift_id)
    return words.window_of(shift), shift.name
