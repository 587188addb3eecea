"""The sheet of a check-in as it is shown: what is there, what is missing, which rooms are proposed and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from flask_babel import ngettext

from pms.core.text import N_
from pms.folios import queries as folios
from pms.frontdesk import choices, readiness, room_facts
from pms.frontdesk.proposals import Proposal, Reason
from pms.frontdesk.readiness import Part, PartName, PartState
from pms.guests.forms import countries_here
from pms.guests.rules import DOCUMENT_KINDS
from pms.properties import queries as properties
from pms.rooms import queries as rooms
from pms.rooms.models import HousekeepingStatus
from pms.stays import queries as stays
from pms.stays import rules as stay_rules
from pms.stays.rules import WISH_WORDS
from pms.web import filters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pms.frontdesk.forms import CheckInForm
    from pms.guests.models import Guest
    from pms.rooms.models import Room
    from pms.stays.models import Stay

NO_DOCUMENT = N_("No document yet")
# Of a guest's particulars those that the register of most countries asks for.
_PARTICULARS = ("phone", "email", "nationality", "birth_date")
# The best rooms stand on the sheet, the others behind a fold.
_SHOWN = 4
_EXPECTED_WITHIN = timedelta(hours=12)
_STEP = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class SheetPage:
    """What the template needs beside the form."""

    stay: Stay
    proposals: Sequence[Proposal]
    chosen: Proposal | None
    # Was chosen and is not free (any more): it stays in sight until another one is.
    taken: Room | None
    parts: Sequence[Part]
    opens: PartName | None
    blank_fields: Sequence[str]
    # Minor units; below zero the house owes.
    owed: int
    marks: Sequence[str]

    @property
    def states(self) -> dict[str, PartState]:
        """How far each part is, by its name."""
        return {part.name: part.state for part in self.parts}

    @property
    def best(self) -> Sequence[Proposal]:
        """The rooms that are worth reading about."""
        return self.proposals[:_SHOWN]

    @property
    def others(self) -> Sequence[Proposal]:
        """The rooms behind the fold."""
        return self.proposals[_SHOWN:]

    @property
    def is_ready(self) -> bool:
        """Whether the chosen room could be entered now."""
        return self.chosen is not None and self.chosen.is_ready

    @property
    def can_go_in(self) -> bool:
        """Whether the guest could be let in all the same: the room is empty, only not clean."""
        return self.chosen is not None and self.chosen.facts.is_vacant


def fill(form: CheckInForm, stay: Stay, now: datetime) -> SheetPage:
    """Fill the lists of the form in, propose what is not chosen yet."""
    departure: date = form.departure_date.data or stay.departure_date
    proposals = room_facts.propose(stay, departure=departure)
    if form.room_id.data is None and proposals:
        form.room_id.data = proposals[0].facts.room_id
    chosen = next((found for found in proposals if found.facts.room_id == form.room_id.data), None)
    form.room_id.choices = [(found.facts.room_id, found.facts.number) for found in proposals]
    choices.fill_cards(form.cards)
    choices.fill_machines(form.encoder_id, chosen=form.encoder_id.data)
    form.nationality.choices = [("", "–"), *countries_here()]
    form.document_kind.choices = [("", _(NO_DOCUMENT)), *((code, _(word)) for code, word in DOCUMENT_KINDS.items())]
    _fill_expected(form, stay, chosen, now)
    blank = blank_fields(stay.guest)
    owed = folios.balances([stay.id])[stay.id].amount
    parts = readiness.parts(
        blank_fields=blank,
        has_document=stay.guest.document_number_sealed is not None,
        room=chosen,
        owed=owed,
        has_machine=form.encoder_id.data is not None,
    )
    taken = rooms.find_room(form.room_id.data) if form.room_id.data and chosen is None else None
    return SheetPage(stay, proposals, chosen, taken, parts, readiness.first_missing(parts), blank, owed, marks(stay))


def blank_fields(guest: Guest) -> list[str]:
    """Particulars that nobody has entered."""
    return [name for name in _PARTICULARS if not getattr(guest, name)]


def marks(stay: Stay) -> list[str]:
    """What is special about the stay, in the reader's words."""
    house = properties.get_property()
    found = [_(WISH_WORDS[wish]) for wish in stay.wishes]
    if stay.is_day_use:
        found.append(_("Day use until %(hour)s:00", hour=stay.departure_hour))
    if stay_rules.is_early(stay, house):
        found.append(_("Early arrival from %(hour)s:00", hour=stay.arrival_hour))
    if stay_rules.is_late(stay, house):
        found.append(_("Late departure until %(hour)s:00", hour=stay.departure_hour))
    return found


def reason(proposal: Proposal) -> str:
    """Why this room, in one sentence."""
    return str(_(", ")).join(_part(part) for part in proposal.reasons)


def _part(part: Reason) -> str:
    return str(_(part.text)) % {name: _word(value) for name, value in part.params.items()}


def _word(value: object) -> object:
    if isinstance(value, list):
        return str(_(", ")).join(str(_(WISH_WORDS[wish])) for wish in value)
    return filters.day_text(value) if isinstance(value, date) else value


def cards_text(count: int) -> str:
    """How many cards, in words."""
    return str(ngettext("%(num)d card", "%(num)d cards", count)) if count else str(_("No card now"))


def _fill_expected(form: CheckInForm, stay: Stay, chosen: Proposal | None, now: datetime) -> None:
    """Quarters of an hour from now on; the one that is likely is proposed, or the one that was said before."""
    house = properties.get_property()
    inside = None if chosen is None or chosen.facts.is_vacant else stays.find_in_room(chosen.facts.room_id)
    likely = readiness.expected_at(
        now=now,
        leaves_at=stay_rules.leaves_at(inside, house) if inside is not None else None,
        is_dirty=chosen is not None and chosen.facts.housekeeping is HousekeepingStatus.DIRTY,
        cleaning_hours=house.cleaning_hours,
    )
    said = stay.room_expected_at
    proposed = form.expected_at.data or (said if said is not None and said > now else likely)
    first = readiness.expected_at(now=now, leaves_at=None, is_dirty=False, cleaning_hours=0)
    end = max(now + _EXPECTED_WITHIN, proposed)
    options = {proposed} | {first + number * _STEP for number in range((end - first) // _STEP + 1)}
    form.expected_at.choices = [(at.isoformat(), choices.moment_text(at, now)) for at in sorted(options)]
    form.expected_at.data = proposed
