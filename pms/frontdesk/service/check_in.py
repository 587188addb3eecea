"""The guest is here: check-in and walk-in, with their cards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pms.core.db import transaction
from pms.core.errors import ChangedMeanwhile, DomainError
from pms.core.text import N_
from pms.encoders import queries as encoders
from pms.frontdesk.service import placing
from pms.frontdesk.service.booking import Wish, promise
from pms.frontdesk.service.common import SameForm
from pms.guests import service as guests
from pms.guests.service import GuestFields
from pms.keycards import service as keycards
from pms.stays import queries as stay_queries
from pms.stays import service as stays

if TYPE_CHECKING:
    from datetime import date, datetime

    from pms.core.actor import Actor
    from pms.guests.models import Guest


class MachineMissing(DomainError):
    """Cards were asked for, and nobody said which machine makes them."""

    code = "machine_missing"
    status = 422
    field = "encoder_id"
    message = N_("Choose the card machine, or check in without a card now.")


@dataclass(frozen=True, slots=True)
class CheckedIn:
    """The stay, and the batch of card jobs to watch (None: no card now)."""

    stay_id: int
    batch_id: str | None


@dataclass(frozen=True, slots=True)
class Document:
    """An identity document as it is typed at check-in; an empty number changes nothing."""

    kind: str
    number: str


def walk_in(
    *,
    guest: int | GuestFields,
    wish: Wish,
    note: str = "",
    cards: int,
    encoder_id: int | None,
    request_id: str,
    actor: Actor,
    now: datetime,
) -> CheckedIn:
    """Book and check in at once. All refusals of both; nothing is stored then, not even the guest."""
    try:
        with transaction():
            stay = promise(
                guest=guest,
                rooms=[wish],
                note=note,
                source="walk_in",
                request_id=request_id,
                actor=actor,
                now=now,
            )
            return check_in(
                stay_id=stay.id,
                room_id=wish.room_id,
                cards=cards,
                encoder_id=encoder_id,
                request_id=request_id,
                actor=actor,
                now=now,
            )
    except SameForm as same:
        return _as_before(same.stay_id, request_id)


def check_in(
    *,
    stay_id: int,
    room_id: int | None = None,
    departure_date: date | None = None,
    document: Document | None = None,
    version: int | None = None,
    cards: int,
    encoder_id: int | None,
    request_id: str,
    actor: Actor,
    now: datetime,
) -> CheckedIn:
    """Check in, and ask the machine for `cards` cards (0: none now).

    What the dialog changed on the way (the guest's document, the departure, the room) is part of it: all or nothing.
    """
    if cards and encoder_id is None:
        raise MachineMissing
    with transaction():
        if stays.find_done(stay_id=stay_id, request_id=request_id):
            return _as_before(stay_id, request_id)
        stay = stay_queries.get_stay(stay_id)
        if version is not None and stay.version != version:
            raise ChangedMeanwhile
        if document is not None and document.number:
            _note_document(stay.guest, document, actor, now)
        if departure_date is not None and departure_date != stay.departure_date:
            other_departure = stays.extend if departure_date > stay.departure_date else stays.shorten
            other_departure(stay_id=stay_id, departure_date=departure_date, actor=actor, now=now)
        if room_id is not None and room_id != stay.room_id:
            placing.assign_room(stay_id=stay_id, room_id=room_id, actor=actor, now=now)
        stays.check_in(stay_id=stay_id, request_id=request_id, actor=actor, now=now)
        if not cards or encoder_id is None:
            return CheckedIn(stay_id, None)
        batch_id = keycards.issue(
            stay_id=stay_id, copies=cards, encoder_id=encoder_id, request_id=request_id, actor=actor, now=now
        )
        return CheckedIn(stay_id, batch_id)


def _note_document(guest: Guest, document: Document, actor: Actor, now: datetime) -> None:
    fields = GuestFields(
        family_name=guest.family_name,
        given_name=guest.given_name,
        phone=guest.phone,
        email=guest.email,
        nationality=guest.nationality,
        birth_date=guest.birth_date,
        document_kind=document.kind,
        document_number=document.number,
        note=guest.note,
    )
    guests.change_guest(guest_id=guest.id, version=guest.version, fields=fields, actor=actor, now=now)


def _as_before(stay_id: int, request_id: str) -> CheckedIn:
    return CheckedIn(stay_id, request_id if encoders.batch(request_id) else None)
