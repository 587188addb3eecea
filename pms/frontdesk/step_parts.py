"""What the dialogs of a stay's verbs share: what a form brings, what is told before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from pms.frontdesk import choices, consequence_words, consequences, queries
from pms.rooms.rules import HOUSEKEEPING_WORDS
from pms.stays import queries as stays
from pms.stays import rules as stay_rules
from pms.web import errors, filters
from pms.web.login import actor
from pms.web.render import Link, settle

if TYPE_CHECKING:
    from datetime import datetime

    from pms.frontdesk.consequences import Change
    from pms.frontdesk.forms import StepForm
    from pms.stays.models import Stay
    from pms.web.forms import Form


def common(form: StepForm) -> dict[str, Any]:
    """What every step takes."""
    return {
        "version": form.seen_version,
        "request_id": form.request,
        "actor": actor(),
        "now": choices.present(),
    }


def stay_page(stay_id: int) -> str:
    """Where most dialogs lead."""
    return url_for("stays.show", stay_id=stay_id)


def words(stay: Stay) -> dict[str, str]:
    """Who, where, when, for the sentences of dialogs."""
    return {
        "guest": stay.guest.name,
        "room": stay.room.number if stay.room else "–",
        "arrival": filters.date_text(stay.arrival_date),
        "departure": filters.date_text(stay.departure_date),
    }


def means(stay_id: int, change: Change | None, form: Form | None = None) -> dict[str, Any]:
    """What `_consequences.html` needs; nothing is foreseen where the form was refused, since it says why.

    What was read before is stale afterwards, but for the stay.
    """
    is_refused = form is not None and bool(form.errors)
    foreseen = None
    if change is not None and not is_refused:
        foreseen = consequences.preview(stay_id=stay_id, change=change, now=choices.present())
    return {
        "means": foreseen,
        "shows_times": False,
        "refusal_text": errors.sentence,
        "key_name": consequence_words.name,
        "key_sentence": consequence_words.sentence,
        "task_text": consequence_words.task,
        "task_reason": consequence_words.reason,
        "fate_kinds": consequence_words.FATE_KINDS,
        "sort_icons": consequence_words.SORT_ICONS,
        "housekeeping_words": HOUSEKEEPING_WORDS,
    }


def done(stay_id: int, text: str, url: str | None = None) -> Response:
    """The next page, with what was done and a way to take it back."""
    now = choices.present()
    step = stays.last_step(stay_id)
    link = None
    if step is not None and stay_rules.can_undo(kind=step.kind, at=step.at, now=now):
        link = Link(_("Undo"), url_for("frontdesk.undo", stay_id=stay_id))
    return settle(url or stay_page(stay_id), text, link=link)


def with_keys(stay_id: int, text: str) -> str:
    """The toast, with what the cards in the guest's hand need now."""
    count, until = queries.cards_to_make_again(stays.get_stay(stay_id), now=choices.present())
    if not count:
        return text
    return f"{text} {again_sentence(count, until)}"


def again_sentence(count: int, until: datetime | None) -> str:
    """How many cards must be made again, and before when."""
    if until is None or until <= choices.present():
        return str(ngettext("%(num)d card must be made again.", "%(num)d cards must be made again.", count))
    return str(
        ngettext(
            "%(num)d card must be made again before %(until)s.",
            "%(num)d cards must be made again before %(until)s.",
            count,
            until=filters.datetime_text(until),
        )
    )
