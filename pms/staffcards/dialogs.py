"""The dialogs of staff cards: their choices filled in from the house, the situation said in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, make_response, redirect, url_for
from flask_babel import gettext as _
from flask_login import current_user

from pms.accounts import queries as accounts
from pms.core import clock
from pms.core.weeks import Window, clock_time, days_of
from pms.keycards.dialogs import fill_machines
from pms.locks import queries as locks
from pms.locks import scope_queries
from pms.locks.words import scope_text
from pms.staffcards import queries, rules, words
from pms.staffcards.book import opens_of
from pms.staffcards.forms import ALWAYS, BY_HAND, EmergencyForm, LostForm, StaffForm, VisitorForm
from pms.staffcards.models import StaffCardKind
from pms.web import errors, login, weeks
from pms.web.filters import house_zone
from pms.web.render import go_to, render_dialog

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from pms.keycards.forms import MachineChoice
    from pms.staffcards.forms import RenewForm, ShiftForm
    from pms.staffcards.models import Shift, StaffCard


def last_day(kind: StaffCardKind) -> date:
    """The latest day that a card made now may be good through."""
    return rules.last_day(kind, clock.now(), house_zone())


def new(form: StaffForm | EmergencyForm, kind: StaffCardKind, *, status: int = 200) -> Response:
    """A card for somebody who works here, or an emergency card."""
    is_staff = isinstance(form, StaffForm)
    fill_machines(form, current_user.encoder_id)
    people = [account for account in accounts.list_accounts() if account.is_active]
    form.account_id.choices = [("", _("Somebody or something else")), *((one.id, one.display_name) for one in people)]
    if form.valid_until.data is None and not form.valid_until.raw_data:
        form.valid_until.data = last_day(kind)
    if is_staff:
        _fill_staff(form)
    return render_dialog(
        "staffcards/_new.html",
        status=status,
        form=form,
        is_staff=is_staff,
        longest=rules.LONGEST[kind].days,
        url=url_for("staffcards.create" if is_staff else "staffcards.create_emergency"),
        dialog_heading=_("New staff card") if is_staff else _("New emergency card"),
    )


def _fill_staff(form: StaffForm) -> None:
    form.scope_ids.choices = [(row.scope.id, scope_text(row)) for row in scope_queries.list_scopes()]
    form.shift.choices = [
        (ALWAYS, _("At any time")),
        *(
            (str(shift.id), f"{shift.name} · {weeks.window_text(words.window_of(shift))}")
            for shift in queries.list_shifts()
        ),
        (BY_HAND, _("As entered below")),
    ]
    fill_hours(form)


def fill_hours(form: StaffForm | ShiftForm, window: Window | None = None) -> None:
    """The days to tick; a form that is new gets `window`, or a working week."""
    form.weekdays.choices = list(enumerate(weeks.day_names()))
    if not form.is_submitted():
        shown = window or Window(0b0011111, 8 * 60, 16 * 60 + 30)
        form.weekdays.data = days_of(shown.weekdays)
        form.start.data, form.end.data = clock_time(shown.start), clock_time(shown.end)


def visitor(form: VisitorForm, *, status: int = 200) -> Response:
    """A card that opens one door once."""
    fill_machines(form, current_user.encoder_id)
    form.door_id.choices = [
        (door.id, door.name) for door in locks.list_doors() if door.lock is not None and not door.lock.is_blank
    ]
    return render_dialog("staffcards/_visitor.html", status=status, form=form, dialog_heading=_("Visitor's card"))


def renew(card_id: int, form: RenewForm, *, status: int = 200) -> Response:
    """The same card with a later end."""
    card = queries.get_card(card_id)
    fill_machines(form, current_user.encoder_id)
    if form.valid_until.data is None and not form.valid_until.raw_data:
        form.valid_until.data = last_day(card.kind)
    return _card_dialog(
        "staffcards/_renew.html", card, form, _("Renew the card"), status, longest=rules.LONGEST[card.kind].days
    )


def again(card_id: int, form: MachineChoice, *, status: int = 200) -> Response:
    """A card whose scope's number was raised."""
    card = queries.get_card(card_id)
    fill_machines(form, current_user.encoder_id)
    return _card_dialog("staffcards/_again.html", card, form, _("Make the card again"), status)


def deny(card_id: int, form: MachineChoice, *, status: int = 200) -> Response:
    """A deny card for a lost one."""
    card = queries.get_card(card_id)
    fill_machines(form, current_user.encoder_id)
    return _card_dialog("staffcards/_deny.html", card, form, _("Make a deny card"), status)


def lost(card_id: int, form: LostForm, *, status: int = 200) -> Response:
    """Report a card lost, with what each answer means."""
    card, now = queries.get_card(card_id), clock.now()
    fill_machines(form, current_user.encoder_id)
    scopes = [grant.scope_id for grant in card.grants if grant.scope_id is not None and grant.denies_id is None]
    has_left = card.account is not None and not card.account.is_active
    possible = rules.answers(card.kind, len(scopes), holder_left=has_left)
    form.how.choices = [(answer.value, _(words.LOST_WORDS[answer])) for answer in possible]
    if form.how.data is None:
        form.how.data = possible[0].value
    others = {line.card.id for scope_id in scopes for line in queries.of_scope(scope_id, now=now)} - {card.id}
    doors = queries.could_open(card)
    return _card_dialog(
        "staffcards/_lost.html", card, form, _("A card is lost"), status, others=len(others), doors=len(doors)
    )


def _card_dialog(template: str, card: StaffCard, form: MachineChoice, title: str, status: int, **more: Any) -> Response:
    line = queries.lines([card], now=clock.now())[0]
    return render_dialog(
        template,
        status=status,
        form=form,
        line=line,
        opens=opens_of(card, scope_queries.rows_by_id()),
        hours=weeks.window_text(words.window_of(card)),
        title=title,
        dialog_heading=title,
        **more,
    )


def shift(form: ShiftForm, title: str, url: str, row: Shift | None, *, status: int = 200) -> Response:
    """A shift's name, days and hours."""
    fill_hours(form, words.window_of(row) if row is not None else None)
    return render_dialog(
        "staffcards/_shift.html", status=status, form=form, title=title, url=url, row=row, dialog_heading=title
    )


def scope_cards(template: str, scope_id: int, form: MachineChoice, title: str, *, status: int = 200) -> Response:
    """End all cards of a scope, or make again those that were ended so."""
    fill_machines(form, current_user.encoder_id)
    row, now = scope_queries.get_scope(scope_id), clock.now()
    return render_dialog(
        template,
        status=status,
        form=form,
        name=scope_text(row),
        scope_id=scope_id,
        doors=row.doors,
        lines=queries.of_scope(scope_id, now=now),
        outdated=queries.outdated_of_scope(scope_id, now),
        title=title,
        dialog_heading=title,
    )


def act(
    form: MachineChoice,
    ask: Callable[[], str | None],
    again: Callable[[int], Response],
    card_id: int | None = None,
) -> Response:
    """Do what the form asks for and go to the machine, or to the card; or show the form again with what is wrong."""
    fill_machines(form, current_user.encoder_id)
    if form.validate():
        with errors.shown_in(form):
            batch_id = ask()
            if batch_id:
                # HTMX follows it too: the dialog goes on to the machine.
                return make_response(redirect(url_for("keycards.progress", batch_id=batch_id), 303))
            return go_to(url_for("staffcards.card", card_id=card_id), _("The card is noted as lost."), kind="warn")
    return again(422)


def machine_of(form: MachineChoice) -> dict[str, Any]:
    """On which machine, for whom, when; what every service function takes."""
    return {
        "encoder_id": form.encoder_id.data or 0,
        "request_id": form.request_id.data or "",
        "actor": login.actor(),
        "now": clock.now(),
    }
