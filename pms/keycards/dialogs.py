"""The key dialogs: their choices filled in from the house, the situation said in words."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from flask import Response
from flask_babel import gettext as _

from pms.core import clock
from pms.encoders import queries as encoders
from pms.encoders.models import EncoderState
from pms.encoders.words import STATE_WORDS as MACHINE_WORDS
from pms.keycards import denials, queries, rules, words
from pms.keycards.forms import KeysForm, MachineChoice
from pms.keycards.rules import LostWay, MakeAgain
from pms.locks import closed_cards, reach
from pms.locks import queries as locks
from pms.stays import queries as stays
from pms.stays.models import StayState
from pms.web.forms import Form, request_id_field
from pms.web.render import render_dialog

if TYPE_CHECKING:
    from pms.keycards.forms import FoundForm, LostForm
    from pms.keycards.models import KeyCard
    from pms.stays.models import Stay


class RetryForm(Form):
    """Only the id that makes a double click one act."""

    request_id = request_id_field()


def fresh_keys_form() -> KeysForm:
    """A form with every common door for guests ticked."""
    form = KeysForm()
    form.area_ids.data = [area.id for area in locks.areas_for_guests()]
    return form


def fill_machines(form: MachineChoice, chosen_id: int | None) -> None:
    """The machines in use; this desk's is chosen already. A form that is new gets its id."""
    machines = encoders.list_for_cards()
    form.encoder_id.choices = [
        (
            machine.id,
            machine.name
            if machine.state is EncoderState.READY
            else f"{machine.name} ({_(MACHINE_WORDS[machine.state])})",
        )
        for machine in machines
    ]
    if form.encoder_id.data is None:
        present = encoders.choose(machines, chosen_id)
        form.encoder_id.data = present.id if present else None
    if not form.request_id.data:
        form.request_id.data = str(uuid.uuid4())


def keys(stay: Stay, form: KeysForm, chosen_id: int | None, *, status: int = 200) -> Response:
    """Make cards for a stay."""
    now = clock.now()
    fill_machines(form, chosen_id)
    party = [other for other in stays.of_same_party(stay) if other.state is stay.state and other.room is not None]
    form.further_room_ids.choices = [
        (other.room_id, _("Room %(room)s, %(guest)s", room=other.room.number, guest=other.guest.name))
        for other in party
        if other.room is not None
    ]
    form.area_ids.choices = [(area.id, area.name) for area in locks.list_areas()]
    summary = queries.summary_for_stays([stay.id], now=now)[stay.id]
    return render_dialog(
        "keycards/_new.html",
        status=status,
        dialog_heading=_("Make key cards"),
        form=form,
        stay=stay,
        summary=summary,
        is_ahead=stay.state is StayState.CONFIRMED,
        has_machine=bool(form.encoder_id.choices),
    )


def again(stay: Stay, form: MachineChoice, chosen_id: int | None, *, status: int = 200) -> Response:
    """Make cards of a stay again."""
    fill_machines(form, chosen_id)
    flagged = [line for line in queries.lines_of_stay(stay, now=clock.now()) if line.again is not None]
    return render_dialog(
        "keycards/_again.html",
        status=status,
        dialog_heading=_("Make cards again"),
        form=form,
        stay=stay,
        lines=flagged,
        again_words=words.AGAIN_WORDS,
        has_lost=any(line.again is MakeAgain.LOST for line in flagged),
    )


def lost(card: KeyCard, form: LostForm, chosen_id: int | None, *, status: int = 200) -> Response:
    """Report a card lost: both ways with their consequences, the likelier one chosen already."""
    now = clock.now()
    fill_machines(form, chosen_id)
    stay = stays.get_stay(card.stay_id)
    lines = queries.lines_of_stay(stay, now=now)
    this = next((line for line in lines if line.card.id == card.id), queries.lines([card], now=now)[0])
    others = [line for line in lines if line.is_live and line.card.id != card.id]
    doors = sorted(denials.doors_of(card), key=lambda door: door.name)
    online = reach.of_locks(lock_ids=[door.lock_id for door in doors if door.lock_id], now=now)
    reached = [door for door in doors if (way := online.get(door.lock_id or 0)) is not None and way.is_online]
    choice = rules.choose_lost_way(
        others=len(others),
        all_online=len(reached) == len(doors),
        has_room=all(closed_cards.has_room(door_id=door.id, now=now) for door in doors),
    )
    ways = [LostWay.DENY, LostWay.REPLACE] if choice.can_deny else [LostWay.REPLACE]
    form.how.choices = [(way.value, _(words.LOST_WORDS[way])) for way in ways]
    form.how.data = form.how.data or choice.way.value
    return render_dialog(
        "keycards/_lost.html",
        status=status,
        dialog_heading=_("A card is lost"),
        form=form,
        stay=stay,
        line=this,
        others=others,
        choice=choice,
        reason_word=words.LOST_REASONS[choice.reason],
        reached=[door.name for door in reached],
        waiting=[door.name for door in doors if door not in reached],
        is_stay_open=stay.state in (StayState.CONFIRMED, StayState.IN_HOUSE),
        count=1 + min(len(others), rules.MAX_COPIES - 1),
    )


def found(card: KeyCard, form: FoundForm, chosen_id: int | None, *, status: int = 200) -> Response:
    """A denied card is back in the guest's hand."""
    fill_machines(form, chosen_id)
    return render_dialog(
        "keycards/_found.html",
        status=status,
        dialog_heading=_("The lost card is found"),
        form=form,
        stay=stays.get_stay(card.stay_id),
        line=queries.lines([card], now=clock.now())[0],
        counts_again=denials.can_take_back(card.id),
    )


def plain(kind: str, form: MachineChoice, chosen_id: int | None, *, status: int = 200) -> Response:
    """Read or erase whatever is put on the machine."""
    fill_machines(form, chosen_id)
    return render_dialog(
        "keycards/_plain.html", status=status, dialog_heading=_(words.PROGRESS_WORDS[kind]), form=form, kind=kind
    )
