"""The guest is here: check-in and walk-in, with their cards; and check-in ahead of a room that is not ready."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pms.core.db import transaction
from pms.core.errors import ChangedMeanwhile, DomainError
from pms.core.text import N_
from pms.encoders import queries as encoders
from pms.frontdesk.service import placing, waiting
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Particulars:
    """What the sheet asks the guest for; empty ones change nothing, and nothing that is known already is written over.

    The document is the exception: whoever shows another passport today is registered with that one.
    """

    phone: str = ""
    email: str = ""
    nationality: str = ""
    birth_date: date | None = None
    document_kind: str = ""
    document_number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What the clerk settled on the sheet on the way to the check-in; None: as it is."""

    room_id: int | None = None
    departure_date: date | None = None
    particulars: Particulars | None = None
    version: int | None = None


AS_IT_IS = Sheet()


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
                sheet=Sheet(room_id=wish.room_id),
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
    sheet: Sheet = AS_IT_IS,
    cards: int,
    encoder_id: int | None,
    request_id: str,
    actor: Actor,
    now: datetime,
) -> CheckedIn:
    """Check in, and ask the machine for `cards` cards (0: none now).

    What the sheet changed on the way (the guest's particulars, the departure, the room) is part of it: all or nothing.
    """
    if cards and encoder_id is None:
        raise MachineMissing
    with transaction():
        if stays.find_done(stay_id=stay_id, request_id=request_id):
            return _as_before(stay_id, request_id)
        _settle(stay_id, sheet, actor, now)
        stays.check_in(stay_id=stay_id, request_id=request_id, actor=actor, now=now)
        if not cards or encoder_id is None:
            return CheckedIn(stay_id, None)
        batch_id = keycards.issue(
            stay_id=stay_id, copies=cards, encoder_id=encoder_id, request_id=request_id, actor=actor, now=now
        )
        return CheckedIn(stay_id, batch_id)


def check_in_ahead(
    *, stay_id: int, sheet: Sheet, room_expected_at: datetime, request_id: str, actor: Actor, now: datetime
) -> CheckedIn:
    """The guest is here and the room is not ready: all of the sheet is noted, and the room follows; or another time is said.

    Where the room has become ready meanwhile, the guest is checked in at once.
    """
    with transaction():
        if not stays.find_done(stay_id=stay_id, request_id=request_id):
            _settle(stay_id, sheet, actor, now)
            stays.check_in_ahead(
                stay_id=stay_id, room_expected_at=room_expected_at, request_id=request_id, actor=actor, now=now
            )
            room_id = stay_queries.get_stay(stay_id).room_id
            if room_id is not None:
                waiting.ready(room_id=room_id, actor=actor, now=now)
        return CheckedIn(stay_id, None)


def _settle(stay_id: int, sheet: Sheet, actor: Actor, now: datetime) -> None:
    stay = stay_queries.get_stay(stay_id)
    if sheet.version is not None and stay.version != sheet.version:
        raise ChangedMeanwhile
    if sheet.particulars is not None:
        _note(stay.guest, sheet.particulars, actor, now)
    departure = sheet.departure_date
    if departure is not None and departure != stay.departure_date:
        other_departure = placing.extend if departure > stay.departure_date else placing.shorten
        other_departure(stay_id=stay_id, departure_date=departure, actor=actor, now=now)
    if sheet.room_id is not None and sheet.room_id != stay.room_id:
        placing.assign_room(stay_id=stay_id, room_id=sheet.room_id, actor=actor, now=now)


def _note(guest: Guest, told: Particulars, actor: Actor, now: datetime) -> None:
    known = GuestFields(
        family_name=guest.family_name,
        given_name=guest.given_name,
        phone=guest.phone,
        email=guest.email,
        nationality=guest.nationality,
        birth_date=guest.birth_date,
        document_kind=guest.document_kind,
        document_number=None,
        note=guest.note,
    )
    fields = replace(
        known,
        phone=known.phone or told.phone,
        email=known.email or told.email,
        nationality=known.nationality or told.nationality,
        birth_date=known.birth_date or told.birth_date,
    )
    if told.document_number:
        fields = replace(fields, document_kind=told.document_kind, document_number=told.document_number)
    if fields != known:
        guests.change_guest(guest_id=guest.id, version=guest.version, fields=fields, actor=actor, now=now)


def _as_before(stay_id: int, request_id: str) -> CheckedIn:
    return CheckedIn(stay_id, request_id if encoders.batch(request_id) else None)
