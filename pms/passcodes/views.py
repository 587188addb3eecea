"""Passcodes in the browser. Digits are only ever in the answer to a POST: never in an address, never kept by the browser."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response, render_template, request, url_for
from flask_babel import gettext as _

from pms.core import clock
from pms.core.errors import DomainError
from pms.core.ids import read_id
from pms.locks import queries as locks
from pms.mail import queries as letters
from pms.passcodes import dialogs, letter, queries, service, words
from pms.passcodes.forms import MAKING, AddForm, MailForm, PasscodeForm, RenameForm
from pms.passcodes.models import PasscodeKind
from pms.passcodes.queries import PasscodeLine
from pms.stays import queries as stays
from pms.web import errors
from pms.web.login import actor
from pms.web.render import go_to, render, render_dialog
from pms.web.rights import require

blueprint = Blueprint("passcodes", __name__)
_WHAT = "any(timed, single, cyclic, permanent, clear)"


@blueprint.get("/")
@require("keys:view")
def index() -> Response:
    """Every passcode, newest first, a page at a time."""
    filters = dialogs.read_filters(request.args)
    now = clock.now()
    page = queries.list_page(filters, now=now, before_id=read_id(request.args.get("before")))
    return render(
        "passcodes/index.html",
        "passcodes/_rows.html" if "before" in request.args else "passcodes/_list.html",
        found=page,
        filters=filters,
        doors=locks.list_doors(),
        counts=queries.count_shown(filters, now=now),
        shown_words=words.SHOWN_WORDS,
        **dialogs.page_words(),
    )


@blueprint.get("/<int:passcode_id>")
@require("keys:view")
def show_one(passcode_id: int) -> Response:
    """One code: what it does, its state, what the door saw, letters sent. Its digits are asked for by a button."""
    line = queries.get_line(passcode_id, now=clock.now())
    return render(
        "passcodes/show.html",
        line=line,
        notes=words.notes(line.permission, line.passcode.valid_until, queries.clockwork_of(line.passcode.lock)),
        letters=letters.of_subject(service.SUBJECT, passcode_id),
        following=queries.following(passcode_id),
        letter_words=words.LETTER_WORDS,
        letter_kinds=words.LETTER_KINDS,
        **dialogs.page_words(),
    )


@blueprint.get("/stay/<int:stay_id>")
@require("keys:view")
def of_stay(stay_id: int) -> Response:
    """The codes of a stay, as a part of its page."""
    return render(
        "passcodes/of_stay.html",
        "passcodes/_of_stay.html",
        stay=stays.get_stay(stay_id),
        lines=queries.lines_of_stay(stay_id, now=clock.now()),
        **dialogs.page_words(),
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
    if form.validate_on_submit():
        with errors.shown_in(form):
            return dialogs.reveal(
                service.issue_for_stay(
                    stay_id=stay_id, request_id=str(form.request_id.data), actor=actor(), now=clock.now()
                )
            )
    return _ask(stay_id, form, status=422)


@blueprint.get(f"/new/<{_WHAT}:what>")
@require("passcodes:make")
def new_of_kind(what: str) -> Response:
    """Choose a door and times; say what the code will do."""
    form = dialogs.fresh(what, request.args, now=clock.now())
    return dialogs.ask(form, what, now=clock.now())


@blueprint.post(f"/new/<{_WHAT}:what>")
@require("passcodes:make")
def make_of_kind(what: str) -> Response:
    """Make it and show it; or show what it would do, where that is asked for first."""
    form, now = MAKING[what](), clock.now()
    if dialogs.takes_offer(form, request.form) or "preview" in request.form:
        return dialogs.ask(form, what, now=now)
    dialogs.fill(form, now=now)
    if form.validate():
        with errors.shown_in(form):
            return dialogs.reveal(dialogs.make(form, now=now))
    return dialogs.ask(form, what, now=now, status=422)


@blueprint.post(f"/preview/<{_WHAT}:what>")
@require("passcodes:make")
def preview(what: str) -> Response:
    """What the code would do, while the form is being filled in."""
    form, now = MAKING[what](), clock.now()
    dialogs.fill(form, now=now)
    return render("passcodes/_preview.html", p=dialogs.preview(form, now=now))


@blueprint.get("/add")
@require("passcodes:make")
def new_added() -> Response:
    """Write a code down that was made elsewhere with the lock's key."""
    return _ask_add(AddForm(formdata=None, request_id=str(uuid.uuid4())))


@blueprint.post("/add")
@require("passcodes:make")
def add() -> Response:
    """Keep its record."""
    form, now = AddForm(), clock.now()
    if form.validate():
        with errors.shown_in(form):
            passcode, is_new = service.add(
                lock_id=dialogs.lock_of(form.door_id.data),
                digits=form.password.data or "",
                holder=form.holder(),
                request_id=str(form.request_id.data),
                actor=actor(),
                now=now,
            )
            text = _("The passcode is written down.") if is_new else _("This passcode was known already.")
            return go_to(url_for("passcodes.show_one", passcode_id=passcode.id), text)
    return _ask_add(form, status=422)


@blueprint.post("/<int:passcode_id>/show")
@require("passcodes:make")
def show(passcode_id: int) -> Response:
    """Show the digits again; the audit trail notes who looked."""
    return dialogs.reveal(service.show_again(passcode_id=passcode_id, actor=actor(), now=clock.now()))


@blueprint.post("/stored/<int:slot_id>/show")
@require("passcodes:make")
def show_stored(slot_id: int) -> Response:
    """Show the digits of a code that a lock stores; the audit trail notes who looked."""
    return dialogs.reveal_stored(slot_id, now=clock.now())


@blueprint.post("/<int:passcode_id>/paper")
@require("passcodes:make")
def paper(passcode_id: int) -> str:
    """The digits on a page to print; noted like every look at them."""
    return _look(passcode_id, "passcodes/paper.html")


@blueprint.post("/<int:passcode_id>/large")
@require("passcodes:make")
def large(passcode_id: int) -> str:
    """The digits over the whole screen, to be read across the desk; noted like every look at them."""
    return _look(passcode_id, "passcodes/large.html")


@blueprint.get("/<int:passcode_id>/mail")
@require("passcodes:make")
def mail(passcode_id: int) -> Response:
    """To whom, and in which language."""
    passcode = queries.get_passcode(passcode_id)
    form = MailForm(formdata=None, request_id=str(uuid.uuid4()))
    form.recipient.data = passcode.stay.guest.email if passcode.stay is not None else ""
    return _ask_mail(passcode_id, form)


@blueprint.post("/<int:passcode_id>/mail")
@require("passcodes:make")
def send(passcode_id: int) -> Response:
    """Put the letter into the post."""
    form = MailForm()
    if form.validate():
        with errors.shown_in(form):
            service.send(
                passcode_id=passcode_id,
                recipient=form.recipient.data or "",
                write=letter.writer(form.language.data),
                request_id=str(form.request_id.data),
                actor=actor(),
                now=clock.now(),
            )
            return go_to(url_for("passcodes.show_one", passcode_id=passcode_id), _("The letter is on its way."))
    return _ask_mail(passcode_id, form, status=422)


@blueprint.get("/<int:passcode_id>/change")
@require("passcodes:make")
def change(passcode_id: int) -> Response:
    """Name, note and times."""
    line = queries.get_line(passcode_id, now=clock.now())
    return dialogs.ask_change(line, dialogs.fresh_change(line))


@blueprint.post("/<int:passcode_id>/change")
@require("passcodes:make")
def change_now(passcode_id: int) -> Response:
    """Change them; other times are another code, which is shown."""
    now = clock.now()
    line = queries.get_line(passcode_id, now=now)
    form, options = dialogs.change_form(line), ()
    if dialogs.takes_end(form, request.form):
        return dialogs.ask_change(line, form)
    if form.validate():
        try:
            replacing = _change(line, form)
        except DomainError as error:
            errors.put_into(form, error)
            options = getattr(error, "options", ())
        else:
            if replacing is not None:
                return dialogs.reveal(replacing, instead_of=queries.get_line(passcode_id, now=now))
            return go_to(url_for("passcodes.show_one", passcode_id=passcode_id), _("Changed."))
    return dialogs.ask_change(queries.get_line(passcode_id, now=now), form, 422, options)


@blueprint.get("/<int:passcode_id>/revoke")
@require("passcodes:make")
def revoke(passcode_id: int) -> Response:
    """Say what ends the code, and whom a clear code will shut out."""
    return dialogs.ask_revoke(passcode_id, PasscodeForm(formdata=None, request_id=str(uuid.uuid4())))


@blueprint.post("/<int:passcode_id>/revoke")
@require("passcodes:make")
def revoke_now(passcode_id: int) -> Response:
    """Make the clear code and show it; or have the lock told, or note that nobody wants the code."""
    form = PasscodeForm()
    if form.validate_on_submit():
        try:
            ending = service.delete(
                passcode_id=passcode_id,
                with_clear_code=request.form.get("how") != "without",
                request_id=str(form.request_id.data),
                actor=actor(),
                now=clock.now(),
            )
        except DomainError as error:
            errors.put_into(form, error)
        else:
            if ending.clear is not None:
                return dialogs.reveal(ending.clear)
            line = queries.line_of(ending.passcode, clock.now())
            return go_to(url_for("passcodes.show_one", passcode_id=passcode_id), words.how_it_ends(line), kind="info")
    return dialogs.ask_revoke(passcode_id, form, status=422)


def _change(line: PasscodeLine, form: RenameForm) -> service.ShownPasscode | None:
    _old, replacing = service.update(
        passcode_id=line.passcode.id,
        name=form.password_name.data,
        note=form.note.data,
        times=form.times(line),
        request_id=str(form.request_id.data),
        actor=actor(),
        now=clock.now(),
    )
    return replacing


def _ask(stay_id: int, form: PasscodeForm, status: int = 200) -> Response:
    stay = stays.get_stay(stay_id)
    return render_dialog(
        "passcodes/_new.html", status=status, dialog_heading=_("Make a passcode"), form=form, stay=stay
    )


def _ask_add(form: AddForm, status: int = 200) -> Response:
    dialogs.fill(form, now=clock.now())
    return render_dialog(
        "passcodes/_add.html", status=status, dialog_heading=_("Write down a passcode made elsewhere"), form=form
    )


def _ask_mail(passcode_id: int, form: MailForm, status: int = 200) -> Response:
    line = queries.get_line(passcode_id, now=clock.now())
    return render_dialog(
        "passcodes/_mail.html", status=status, dialog_heading=_("Send by e-mail"), form=form, line=line
    )


def _look(passcode_id: int, template: str) -> str:
    shown = service.show_again(passcode_id=passcode_id, actor=actor(), now=clock.now())
    return render_template(
        template,
        shown=shown,
        line=queries.line_of(shown.passcode, clock.now()),
        is_clear=shown.passcode.kind is PasscodeKind.CLEAR,
        **dialogs.page_words(),
    )
