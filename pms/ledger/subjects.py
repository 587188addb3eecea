"""Whom or what the ledger is asked about, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask_babel import gettext as _

from pms.accounts import queries as accounts
from pms.guests import queries as guests
from pms.rooms import queries as rooms
from pms.stays import queries as stays

if TYPE_CHECKING:
    from pms.ledger.forms import Asked


@dataclass(frozen=True, slots=True)
class Subject:
    """What is asked about; `is_personal`: the answer shows where somebody went."""

    id: str = ""
    label: str = ""
    room_id: int | None = None
    guest_id: int | None = None
    stay_id: int | None = None
    is_personal: bool = False


def subject_of(asked: Asked) -> Subject:
    """What the filters ask about, in the reader's words; NotFound for what does not exist."""
    names: list[str] = []
    room_id, guest_id, stay_id = asked.room, asked.guest, asked.stay
    if asked.stay is not None:
        stay = stays.get_stay(asked.stay)
        guest_id, room_id = stay.guest_id, stay.room_id
        names.append(_("%(guest)s, stay from %(day)s", guest=stay.guest.name, day=stay.arrival_date.isoformat()))
    elif asked.guest is not None:
        names.append(guests.get_guest(asked.guest).name)
    if asked.room is not None:
        names.append(_("Room %(room)s", room=rooms.get_room(asked.room).number))
    if asked.person is not None:
        names.append(accounts.get_account(asked.person).display_name)
    if asked.card:
        names.append(_("Card %(number)s", number=asked.card.upper()))
    if asked.clerk:
        names.append(_("made by %(who)s", who=asked.clerk))
    whom = next((value for value in (asked.stay, asked.guest, asked.person, asked.room) if value is not None), "")
    return Subject(
        id=str(whom or asked.card or asked.clerk),
        label=" · ".join(names) or _("the whole house"),
        room_id=room_id,
        guest_id=guest_id,
        stay_id=stay_id,
        is_personal=any(value for value in (asked.stay, asked.guest, asked.room, asked.person, asked.card)),
    )
