"""Check-in of a group: choose, run, read first who could not be checked in and why, then make the stack of cards."""

from __future__ import annotations

from flask import Response, make_response, redirect, request, url_for
from flask_babel import ngettext

from pms.core.errors import DomainError
from pms.frontdesk import check_in_sheet, choices, groups, service
from pms.frontdesk.blueprint import blueprint
from pms.frontdesk.forms import CARDS_EACH, NO_CARDS, GroupForm, StackForm
from pms.frontdesk.groups import ACCEPTED
from pms.web import errors
from pms.web.login import actor
from pms.web.render import go_to, render
from pms.web.rights import require


@blueprint.get("/groups/<int:reservation_id>/check-in")
@require("stays:change")
def check_in_group(reservation_id: int) -> Response:
    """The rooms of the booking that arrive today, and what is to be done with them: as they are now, however often it is asked."""
    accepts = request.args.get("accepts", "")
    form = GroupForm(
        formdata=None,
        request_id=choices.new_request(),
        accepts=accepts if accepts in ACCEPTED else "clean",
    )
    return _page(reservation_id, form, has_run=accepts in ACCEPTED)


@blueprint.post("/groups/<int:reservation_id>/check-in")
@require("stays:change")
def check_in_group_now(reservation_id: int) -> Response:
    """Check the chosen ones in, each for itself, and put their cards on the machine."""
    form = GroupForm()
    group = groups.find(reservation_id, accepted=ACCEPTED["clean"][1], now=choices.present())
    choices.fill_group(form, group)
    if not form.validate_on_submit():
        return _page(reservation_id, form, status=422)
    outcomes = service.check_in_group(
        reservation_id=reservation_id,
        stay_ids=form.stay_ids.data or [],
        accepted=ACCEPTED[form.accepts.data][1],
        request_id=form.request,
        actor=actor(),
        now=choices.present(),
    )
    refused = [outcome for outcome in outcomes if outcome.refusal]
    text = ngettext("%(num)d room is checked in.", "%(num)d rooms are checked in.", len(outcomes) - len(refused))
    url = _url(reservation_id, form.accepts.data)
    return _to_cards(reservation_id, form, form.stay_ids.data or [], url, text, is_seen=not refused)


@blueprint.post("/groups/<int:reservation_id>/cards")
@require("stays:change")
def make_group_cards(reservation_id: int) -> Response:
    """Cards for everybody of the group who is here without one."""
    form = StackForm()
    choices.fill_machines(form.encoder_id, chosen=form.encoder_id.data)
    if not form.validate_on_submit():
        return go_to(_url(reservation_id))
    here = [stay.id for stay in groups.arriving(reservation_id, now=choices.present())]
    return _to_cards(reservation_id, form, here, _url(reservation_id), is_seen=True)


def _to_cards(
    reservation_id: int, form: StackForm, stay_ids: list[int], url: str, text: str = "", *, is_seen: bool
) -> Response:
    """On to the machine; where somebody could not be checked in, first to the page (`url`) that says so."""
    if form.cards.data == NO_CARDS:
        return go_to(url, text)
    try:
        batch_id = service.make_stack(
            reservation_id=reservation_id,
            stay_ids=stay_ids,
            cards_each=CARDS_EACH[form.cards.data],
            encoder_id=form.encoder_id.data,
            request_id=form.request,
            actor=actor(),
            now=choices.present(),
        )
    except DomainError as error:
        return go_to(url, f"{text} {errors.sentence(error)}".strip(), kind="bad")
    if batch_id is None or not is_seen:
        return go_to(url, text)
    # HTMX follows it too: the machine shows itself over the page.
    return make_response(redirect(url_for("keycards.progress", batch_id=batch_id), 303))


def _url(reservation_id: int, accepts: str = "") -> str:
    return url_for("frontdesk.check_in_group", reservation_id=reservation_id, accepts=accepts or None)


def _page(reservation_id: int, form: GroupForm, *, has_run: bool = False, status: int = 200) -> Response:
    accepts = form.accepts.data if form.accepts.data in ACCEPTED else "clean"
    group = groups.find(reservation_id, accepted=ACCEPTED[accepts][1], now=choices.present())
    choices.fill_group(form, group)
    choices.fill_machines(form.encoder_id, chosen=form.encoder_id.data)
    return render(
        "frontdesk/group.html",
        "frontdesk/_group.html",
        status=status,
        group=group,
        form=form,
        has_run=has_run,
        cards_id=choices.new_request(),
        reason=check_in_sheet.reason,
        sentence=errors.sentence,
        marks=check_in_sheet.marks,
    )
