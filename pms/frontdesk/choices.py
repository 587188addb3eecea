"""What the desk's dialogs offer to choose from, in the reader's words."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from flask import current_app
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from pms.core.intervals import at_local
from pms.encoders.words import STATE_WORDS as MACHINE_WORDS
from pms.frontdesk import queries
from pms.keycards.rules import MAX_COPIES
from pms.properties import queries as properties
from pms.rooms.rules import HOUSEKEEPING_WORDS
from pms.stays import rules as stay_rules
from pms.web import filters
from pms.web.forms import choices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wtforms import SelectField

    from pms.frontdesk.forms import GroupForm, HoursForm, WalkInForm
    from pms.frontdesk.groups import Group
    from pms.rooms.models import Room
    from pms.stays.models import Stay
    from pms.stays.queries import RoomOffer


def present() -> datetime:
    """The instant at which this request is answered."""
    now: datetime = current_app.config["NOW"]()
    return now


def today() -> date:
    """The date on the wall of the house."""
    return filters.local(present()).date()


def start_of_today() -> datetime:
    """The midnight with which the day of the house began."""
    return at_local(today(), 0, filters.house_zone())


def moment_text(at: datetime, now: datetime) -> str:
    """The hour on the wall of the house; the day too where it is another one."""
    is_today = filters.local(at).date() == filters.local(now).date()
    return filters.time_text(at) if is_today else filters.datetime_text(at)


def tonight() -> date:
    """The night that a guest who comes now sleeps first."""
    return stay_rules.tonight(filters.local(present()))


def tomorrow_of(arrival: date) -> date:
    """The departure of a stay of one night, and not before tomorrow noon is over."""
    return arrival + timedelta(days=1)


def new_request() -> str:
    """The id that makes a form's act happen once."""
    return str(uuid.uuid4())


def fill_rooms(
    field: SelectField, offers: Sequence[RoomOffer], *, chosen: Room | None, empty: str | None = None
) -> None:
    """Options in groups, ready rooms of the type first. A room that was chosen stays in the list though it is gone."""
    groups: dict[str, list[tuple[str, str]]] = {}
    if empty is not None:
        groups[_("Later")] = [("", empty)]
    for offer in offers:
        groups.setdefault(f"{offer.room.room_type.name}, {_readiness(offer)}", []).append(
            (str(offer.room.id), room_label(offer.room))
        )
    if chosen is not None and chosen.id not in {offer.room.id for offer in offers}:
        groups[_("No longer free")] = [(str(chosen.id), room_label(chosen))]
    field.choices = groups


def _readiness(offer: RoomOffer) -> str:
    if offer.is_ready:
        return str(_("ready"))
    return str(_("not ready yet") if offer.is_vacant else _("still occupied"))


def room_label(room: Room) -> str:
    """Number and cleaning state."""
    return f"{room.number} · {_(HOUSEKEEPING_WORDS[room.housekeeping])}"


def fill_day_hours(form: WalkInForm) -> None:
    """Full hours of the day; day use begins now where nobody says otherwise."""
    hours = [(str(hour), f"{hour}:00") for hour in range(25)]
    form.arrival_hour.choices = [("", _("as usual")), *hours[:-1]]
    form.departure_hour.choices = [("", _("as usual")), *hours[1:]]
    if form.is_day_use.data and form.arrival_hour.data is None:
        form.arrival_hour.data = filters.local(present()).hour


def fill_group(form: GroupForm, group: Group) -> None:
    """Everybody of the group who is expected; who can be checked in is chosen already."""
    form.stay_ids.choices = choices([(member.stay.id, member.stay.guest.name) for member in group.members])
    if form.stay_ids.data is None:
        form.stay_ids.data = [member.stay.id for member in group.ready]


def fill_cards(field: SelectField) -> None:
    """From none to a handful."""
    options = [("0", _("No card now"))]
    options += [(str(count), ngettext("%(num)d card", "%(num)d cards", count)) for count in range(1, MAX_COPIES + 1)]
    field.choices = options


def fill_machines(field: SelectField, *, chosen: int | None = None) -> None:
    """The machines in use; the one of this desk is proposed when the dialog opens."""
    machines, mine = queries.machines(chosen or current_user.encoder_id)
    field.choices = [(str(machine.id), f"{machine.name} ({_(MACHINE_WORDS[machine.state])})") for machine in machines]
    if not machines:
        field.choices = [("", _("There is no card machine"))]
    if field.data is None and not field.raw_data and (mine or machines):
        field.data = (mine or machines[0]).id


def fill_hours(form: HoursForm, stay: Stay) -> None:
    """The hours that the desk may promise, the house's own first; day use takes any."""
    house = properties.get_property()
    first = 0 if stay.is_day_use else house.early_arrival_hour
    last = 24 if stay.is_day_use else house.late_departure_hour
    form.arrival_hour.choices = [
        ("", _("as usual, %(hour)s:00", hour=house.check_in_hour)),
        *((str(hour), f"{hour}:00") for hour in range(first, 24)),
    ]
    form.departure_hour.choices = [
        ("", _("as usual, %(hour)s:00", hour=house.check_out_hour)),
        *((str(hour), f"{hour}:00") for hour in range(1, last + 1)),
    ]
