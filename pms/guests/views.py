"""Guests: the list with its search, one guest's page, entering and changing them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, request, url_for
from flask_babel import gettext as _

from pms.audit import queries as audit
from pms.audit import reading
from pms.audit.queries import Filters
from pms.core import clock
from pms.core.errors import ChangedMeanwhile, DomainError
from pms.guests import queries, service
from pms.guests.forms import EditGuestForm, GuestForm, NewGuestForm, country_name
from pms.guests.models import Guest
from pms.guests.rules import DOCUMENT_KINDS
from pms.web import errors, filters
from pms.web.login import actor
from pms.web.render import go_to, render, render_dialog
from pms.web.rights import can, require

blueprint = Blueprint("guests", __name__)

_FOUND = 50
_ENTRIES = 10


@blueprint.get("/")
@require("guests:view")
def index() -> Response:
    """Everybody, the newest first; or whom `q` finds."""
    text = request.args.get("q", "").strip()
    before = request.args.get("before", "")
    next_url = None
    if text:
        rows = queries.search(text, _FOUND)
    else:
        page = queries.list_guests(before=int(before) if before.isdecimal() and len(before) <= 18 else None)
        rows = page.rows
        next_url = url_for("guests.index", before=page.next_key) if page.next_key else None
    return render(
        "guests/index.html",
        "guests/_rows.html",
        guests=rows,
        text=text,
        is_cut=len(rows) == _FOUND and bool(text),
        next_url=next_url,
        document_kinds=DOCUMENT_KINDS,
        country_name=country_name,
    )


@blueprint.get("/<int:guest_id>")
@require("guests:view")
def show(guest_id: int) -> Response:
    """One guest: particulars, stays, what was done."""
    return _page(guest_id)


@blueprint.post("/<int:guest_id>/document")
@require("guests:document")
def document(guest_id: int) -> Response:
    """Show the document's number; the look is written down."""
    return _page(guest_id, number=service.reveal_document(guest_id=guest_id, actor=actor(), now=clock.now()))


@blueprint.route("/new", methods=["GET", "POST"])
@require("guests:edit")
def new() -> Response:
    """Enter a guest; probable duplicates are pointed out once."""
    form = NewGuestForm()
    if not form.validate_on_submit():
        return _new_dialog(form)
    duplicates = queries.find_duplicates(form.fields())
    if {guest.id for guest in duplicates} - form.seen_others():
        return _new_dialog(form, duplicates)
    try:
        guest = service.create_guest(fields=form.fields(), actor=actor(), now=clock.now())
    except DomainError as error:
        errors.put_into(form, error)
        return _new_dialog(form)
    return go_to(url_for("guests.show", guest_id=guest.id), _("%(name)s is entered.", name=guest.name))


@blueprint.route("/<int:guest_id>/edit", methods=["GET", "POST"])
@require("guests:edit")
def edit(guest_id: int) -> Response:
    """Change a guest's particulars."""
    guest = queries.get_guest(guest_id)
    form = EditGuestForm() if request.method == "POST" else _filled(guest)
    if not form.validate_on_submit():
        return _edit_dialog(form, guest)
    try:
        service.change_guest(
            guest_id=guest_id,
            version=form.version.data or 0,
            fields=form.fields(),
            actor=actor(),
            now=clock.now(),
        )
    except ChangedMeanwhile as error:
        errors.put_into(form, error)
        return _edit_dialog(form, queries.get_guest(guest_id), is_overtaken=True)
    except DomainError as error:
        errors.put_into(form, error)
        return _edit_dialog(form, queries.get_guest(guest_id))
    return go_to(url_for("guests.show", guest_id=guest_id), _("The change is stored."))


def _page(guest_id: int, number: str | None = None) -> Response:
    guest = queries.get_guest(guest_id)
    entries = audit.list_entries(Filters(guest_ids=(guest_id,)), size=_ENTRIES).rows if can("audit:view") else []
    has_stays = "stays.of_guest" in current_app.view_functions and can("stays:view")
    return render(
        "guests/show.html",
        "guests/_document.html" if number is not None else None,
        guest=guest,
        number=number,
        document_kinds=DOCUMENT_KINDS,
        country_name=country_name,
        stays_url=url_for("stays.of_guest", guest_id=guest_id) if has_stays else None,
        lines=reading.read_all(entries),
        next_url=None,
    )


def _new_dialog(form: NewGuestForm, duplicates: list[Guest] | None = None) -> Response:
    duplicates = duplicates or []
    form.others.data = ",".join(str(guest.id) for guest in duplicates)
    return render_dialog(
        "guests/_new.html",
        dialog_heading=_("New guest"),
        status=422 if request.method == "POST" else 200,
        form=form,
        duplicates=duplicates,
        document_kinds=DOCUMENT_KINDS,
    )


def _filled(guest: Guest) -> EditGuestForm:
    form = EditGuestForm(obj=guest)
    # The number stays sealed: whoever wants to see it does so on the page, where the look is written down.
    form.document_number.data = ""
    return form


def _edit_dialog(form: EditGuestForm, guest: Guest, *, is_overtaken: bool = False) -> Response:
    theirs: list[tuple[str, str]] = []
    if is_overtaken:
        theirs = _differences(form, guest)
        form.version.data = guest.version
        form.version.raw_data = None
    return render_dialog(
        "guests/_edit.html",
        dialog_heading=_("Change a guest"),
        status=422 if request.method == "POST" else 200,
        form=form,
        guest=guest,
        theirs=theirs,
    )


def _differences(form: GuestForm, guest: Guest) -> list[tuple[str, str]]:
    """What the other person stored, where it is not what this one typed: label and value."""
    found = []
    for name in ("family_name", "given_name", "phone", "email", "nationality", "birth_date", "document_kind", "note"):
        theirs = getattr(guest, name)
        if (form[name].data or None) != (theirs or None):
            found.append((str(form[name].label.text), _shown(name, theirs)))
    return found


def _shown(name: str, value: Any) -> str:
    if not value:
        return "–"
    if name == "nationality":
        return country_name(value)
    if name == "document_kind":
        return str(_(DOCUMENT_KINDS.get(value, value)))
    return filters.full_date_text(value) if name == "birth_date" else str(value)
