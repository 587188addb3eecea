"""Fingerprints are taken, sent to locks and removed again. Each function is one act with its line in the audit trail.

A template is sealed from the moment it arrives, leaves only inside a frame sealed for one lock, and is gone here the
moment it is not needed; that a lock has let it go is believed only by the lock's own answer.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from pms.accounts import queries as accounts
from pms.audit import service as audit
from pms.core.actor import Actor
from pms.core.db import transaction
from pms.core.ids import new_id
from pms.credentials import queries, rules
from pms.credentials.models import Consent, EndReason, Finger, Fingerprint, FingerprintPlace, FingerState, PlaceState
from pms.encoders import queries as encoder_queries
from pms.encoders import rules as encoder_rules
from pms.encoders import service as encoders
from pms.encoders.models import JobKind
from pms.guests import queries as guests
from pms.keycards import rules as key_rules
from pms.lock_commands import service as lock_commands
from pms.locks import queries as locks
from pms.properties import queries as properties
from pms.protocol.command import AddUser, AnswerStatus, DeleteUser, ListedUser, ModifyUser, StoredKind, UserRole
from pms.stays import queries as stays
from pms.stays.models import StayState

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.devices.encoder import FingerTemplate
    from pms.locks.models import Door
    from pms.stays.models import Stay

SUBJECT = "fingerprint_place"


def start(
    *,
    stay_id: int | None = None,
    account_id: int | None = None,
    finger: Finger,
    agreed: bool,
    encoder_id: int,
    door_ids: Collection[int],
    request_id: str,
    actor: Actor,
    now: datetime,
) -> str:
    """Note the consent and have the machine take a finger of a stay's guest, or of somebody who works here.

    The id of the batch to look at; the same `request_id` again makes nothing new. It is sent to `door_ids` once it is here
    (none: stored for later). NoConsent, NotInHouse, NoSuchDoor, and what `encoders.queue_jobs` refuses.
    """
    with transaction() as session:
        if encoder_queries.batch(request_id):
            return request_id
        stay = stays.get_stay(stay_id) if stay_id is not None else None
        if stay is not None:
            rules.check_stay(stay.state)
        guest_id = stay.guest_id if stay is not None else None
        consent = _consent(session, guest_id, account_id, agreed=agreed, actor=actor, now=now)
        fingerprint_id = new_id()
        (job,) = encoders.queue_jobs(
            encoder_id=encoder_id,
            kind=JobKind.FINGER,
            subjects=[fingerprint_id],
            stay_id=stay_id,
            batch_id=request_id,
            actor=actor,
            now=now,
        )
        if job.subject_id != fingerprint_id:
            return request_id
        row = Fingerprint(
            id=fingerprint_id,
            guest_id=guest_id,
            stay_id=stay_id,
            account_id=account_id,
            consent_id=consent.id,
            job_id=job.id,
            finger=finger,
            credential_id=secrets.randbelow(2**32 - 1) + 1,
            state=FingerState.CAPTURING,
            valid_until=_stay_ends(stay) if stay is not None else rules.staff_until(now),
            captured_by=actor.name,
            created_at=now,
        )
        session.add(row)
        session.flush()
        for door in _doors(door_ids):
            session.add(_place(row, door, PlaceState.WANTED, now))
        session.flush()
        return request_id


def keep(*, job_id: str, template: FingerTemplate, actor: Actor, now: datetime) -> None:
    """The template has arrived: seal it, and send it where it was meant to go. Joins the caller's transaction."""
    with transaction() as session:
        row = queries.find_by_job(job_id)
        if row is None or row.state is not FingerState.CAPTURING:
            return
        row.template, row.state, row.captured_at = template.content, FingerState.STORED, now
        row.template_format, row.template_model = template.format, template.model
        session.flush()
        _audit(row, "credentials.taken", actor, now, {"finger": row.finger.value, "bytes": len(template.content)})
        if row.stay_id is not None and not _is_in_house(row):
            # The guest left while the finger lay on the module.
            _destroy(session, row, EndReason.CHECKED_OUT, actor, now)
            return
        for place in row.places:
            _add_if_room(session, row, place, actor, now)


def give_up(*, job_id: str, now: datetime) -> None:
    """The finger was not taken. Joins the caller's transaction."""
    with transaction():
        row = queries.find_by_job(job_id)
        if row is not None and row.state is FingerState.CAPTURING:
            row.state = FingerState.NOT_TAKEN
            for place in row.places:
                place.state, place.changed_at = PlaceState.NOT_SENT, now


def send(*, fingerprint_id: int, door_ids: Collection[int], actor: Actor, now: datetime) -> Fingerprint:
    """Send a stored fingerprint to more doors; those that have it already are left alone. NotStored, NoSuchDoor, LockFull."""
    with transaction() as session:
        row = _hold(session, fingerprint_id)
        if row.state is not FingerState.STORED:
            raise rules.NotStored
        there = {place.door_id for place in row.places if place.state in rules.MAY_HOLD}
        sent = [door for door in _doors(door_ids) if door.id not in there]
        for door in sent:
            place = _place(row, door, PlaceState.WANTED, now)
            session.add(place)
            session.flush()
            _add(session, row, place, now)
        if sent:
            _audit(row, "credentials.sent", actor, now, {"doors": [door.name for door in sent]})
        return row


def remove(*, fingerprint_id: int, actor: Actor, now: datetime) -> None:
    """Destroy a fingerprint here, and have every lock that may hold it let it go."""
    with transaction() as session:
        row = _hold(session, fingerprint_id)
        if rules.is_open(row.state):
            _destroy(session, row, EndReason.REMOVED, actor, now)


def withdraw(*, guest_id: int | None = None, account_id: int | None = None, actor: Actor, now: datetime) -> None:
    """The person does not agree any more: everything that was taken is destroyed."""
    with transaction() as session:
        consent = queries.present_consent(guest_id=guest_id, account_id=account_id)
        if consent is not None:
            consent.withdrawn_at = now
            _audit_person("credentials.consent_withdrawn", guest_id, account_id, actor, now)
        for row in queries.open_of_person(guest_id=guest_id, account_id=account_id):
            _destroy(session, row, EndReason.WITHDRAWN, actor, now)


def end_for_stay(*, stay_id: int, actor: Actor, now: datetime) -> None:
    """The guest leaves, or was never here: nothing of the body is kept. Undoing a check-out does not bring it back.

    Joins the caller's transaction.
    """
    with transaction() as session:
        for row in queries.open_of_stay(stay_id):
            _destroy(session, row, EndReason.CHECKED_OUT, actor, now)


def follow_stay(*, stay_id: int, old_room_id: int | None, now: datetime) -> None:
    """The stay has another room or another end: the locks are told. Joins the caller's transaction."""
    with transaction() as session:
        stay = stays.get_stay(stay_id)
        for row in queries.open_of_stay(stay_id):
            row.valid_until = _stay_ends(stay)
            for place in row.places:
                if place.state not in (PlaceState.WANTED, PlaceState.WAITING, PlaceState.ADDED):
                    continue
                if place.door.room_id is not None and place.door.room_id == old_room_id != stay.room_id:
                    _take_away(row, place, now)
                    _send_to_room(session, row, stay, now)
                elif place.valid_until != row.valid_until:
                    _prolong(row, place, now)


def expire(*, actor: Actor, now: datetime) -> int:
    """Destroy what is past its date, and what belongs to staff who left; how many there were."""
    with transaction() as session:
        found = queries.overdue(now)
        for row in found:
            _destroy(session, row, EndReason.TIME_OVER if row.valid_until <= now else EndReason.LEFT, actor, now)
        return len(found)


def command_sent(*, place_id: int) -> None:
    """A frame about this place left: from now on the lock may know the finger."""
    with transaction() as session:
        session.get_one(FingerprintPlace, place_id).is_sent = True


def command_answered(*, place_id: int, command: int, status: AnswerStatus, actor: Actor, now: datetime) -> None:
    """What the lock said; its word that the finger is gone is the proof in the trail."""
    with transaction() as session:
        place = session.get_one(FingerprintPlace, place_id)
        row = queries.get(place.fingerprint_id)
        after = _after(place.state, command, status)
        if after is not None:
            place.state, place.changed_at = after, now
        place.status = int(status) if status is not AnswerStatus.DONE else None
        action = {
            PlaceState.ADDED: "credentials.added",
            PlaceState.REMOVED: "credentials.removed",
            PlaceState.REFUSED: "credentials.refused",
        }.get(after or PlaceState.WANTED)
        if action is not None:
            door = next(known.door.name for known in row.places if known.id == place_id)
            _audit(row, action, actor, now, {"door": door, "slot": place.slot, "status": status.name.lower()})


def _after(state: PlaceState, command: int, status: AnswerStatus) -> PlaceState | None:
    if command == DeleteUser.command:
        is_gone = status in (AnswerStatus.DONE, AnswerStatus.NO_SUCH_ITEM)
        return PlaceState.REMOVED if is_gone and state is PlaceState.REMOVING else None
    if command == AddUser.command and state is PlaceState.WAITING:
        return PlaceState.ADDED if status is AnswerStatus.DONE else PlaceState.REFUSED
    return None


def _consent(
    session: Session, guest_id: int | None, account_id: int | None, *, agreed: bool, actor: Actor, now: datetime
) -> Consent:
    present = queries.present_consent(guest_id=guest_id, account_id=account_id)
    if present is not None:
        return present
    if not agreed:
        raise rules.NoConsent
    consent = Consent(
        guest_id=guest_id,
        account_id=account_id,
        text_version=rules.CONSENT_VERSION,
        given_at=now,
        recorded_by=actor.name,
    )
    session.add(consent)
    session.flush()
    _audit_person("credentials.consent_given", guest_id, account_id, actor, now, {"text": rules.CONSENT_VERSION})
    return consent


def _doors(door_ids: Collection[int]) -> Sequence[Door]:
    found = [door for door in queries.doors() if door.id in door_ids]
    if len(found) != len(set(door_ids)):
        raise rules.NoSuchDoor
    return found


def _place(row: Fingerprint, door: Door, state: PlaceState, now: datetime) -> FingerprintPlace:
    return FingerprintPlace(
        fingerprint_id=row.id,
        door_id=door.id,
        lock_id=door.lock_id,
        state=state,
        valid_until=row.valid_until,
        changed_at=now,
    )


def _add(session: Session, row: Fingerprint, place: FingerprintPlace, now: datetime) -> None:
    """Give the finger a slot of the lock, and ask the lock to store it."""
    while True:
        slot = rules.free_slot(queries.taken_slots(place.lock_id))
        if slot is None:
            raise rules.LockFull(door=locks.get_door(place.door_id).name)
        try:
            with session.begin_nested():
                place.slot, place.state, place.changed_at = slot, PlaceState.WAITING, now
                session.flush()
            break
        except IntegrityError:
            # Somebody else took the slot at the same moment.
            session.expire(place)
    payloads = AddUser.list_for(_user(row, place), row.template or b"")
    lock_commands.queue(
        lock_id=place.lock_id, payloads=payloads, subject_kind=SUBJECT, subject_id=place.id, actor=_self(row), now=now
    )


def _add_if_room(session: Session, row: Fingerprint, place: FingerprintPlace, actor: Actor, now: datetime) -> None:
    """The same where nobody is asked: a full lock costs neither the finger nor the guest's move, but is shown."""
    try:
        _add(session, row, place, now)
    except rules.LockFull:
        place.state, place.status, place.changed_at = PlaceState.REFUSED, int(AnswerStatus.FULL), now
        session.flush()
        door = locks.get_door(place.door_id).name
        _audit(row, "credentials.refused", actor, now, {"door": door, "status": AnswerStatus.FULL.name.lower()})


def _prolong(row: Fingerprint, place: FingerprintPlace, now: datetime) -> None:
    place.valid_until, place.changed_at = row.valid_until, now
    if place.state is PlaceState.WANTED:
        return
    kind: type[AddUser | ModifyUser] = ModifyUser
    if place.state is PlaceState.WAITING and not place.is_sent:
        lock_commands.drop(subject_kind=SUBJECT, subject_id=place.id, now=now)
        kind = AddUser
    lock_commands.queue(
        lock_id=place.lock_id,
        payloads=kind.list_for(_user(row, place), row.template or b""),
        subject_kind=SUBJECT,
        subject_id=place.id,
        actor=_self(row),
        now=now,
    )


def _send_to_room(session: Session, row: Fingerprint, stay: Stay, now: datetime) -> None:
    for door in queries.doors():
        if door.room_id is not None and door.room_id == stay.room_id:
            place = _place(row, door, PlaceState.WANTED, now)
            session.add(place)
            session.flush()
            if row.state is FingerState.STORED:
                _add_if_room(session, row, place, _self(row), now)


def _take_away(row: Fingerprint, place: FingerprintPlace, now: datetime) -> None:
    """Take back what was not sent, and have a lock that may hold the finger let it go."""
    after = rules.after_destruction(place.state, is_sent=place.is_sent)
    if after is place.state:
        return
    place.state, place.changed_at = after, now
    lock_commands.drop(subject_kind=SUBJECT, subject_id=place.id, now=now)
    if after is PlaceState.REMOVING:
        lock_commands.queue(
            lock_id=place.lock_id,
            payloads=[DeleteUser(slot=place.slot)],
            subject_kind=SUBJECT,
            subject_id=place.id,
            actor=_self(row),
            now=now,
        )


def _destroy(session: Session, row: Fingerprint, reason: EndReason, actor: Actor, now: datetime) -> None:
    is_being_taken = row.state is FingerState.CAPTURING
    row.template = None
    row.state, row.destroyed_at, row.end_reason = FingerState.DESTROYED, now, reason
    if is_being_taken:
        _stop_taking(row, actor, now)
    for place in row.places:
        _take_away(row, place, now)
    session.flush()
    left = [place.door.name for place in row.places if place.state is PlaceState.REMOVING]
    _audit(row, "credentials.destroyed", actor, now, {"reason": reason.value, "doors": left})


def _stop_taking(row: Fingerprint, actor: Actor, now: datetime) -> None:
    """Nobody should be asked for a finger that would not be kept."""
    job = encoder_queries.get_job(row.job_id)
    if encoder_rules.can_cancel(job.state) and not job.is_cancel_requested:
        encoders.cancel_job(job_id=job.id, actor=actor, now=now)


def _user(row: Fingerprint, place: FingerprintPlace) -> ListedUser:
    return ListedUser(
        slot=place.slot or 0,
        kind=StoredKind.FINGERPRINT,
        credential_id=row.credential_id,
        not_before=int((row.captured_at or row.created_at).timestamp()),
        not_after=int(row.valid_until.timestamp()),
        role=UserRole.GUEST if row.guest_id is not None else UserRole.STAFF,
    )


def _stay_ends(stay: Stay) -> datetime:
    house = properties.get_property()
    return key_rules.ends_at(departure=stay.departure_date, check_out_hour=house.check_out_hour, zone=house.zone)


def _is_in_house(row: Fingerprint) -> bool:
    return row.stay_id is not None and stays.get_stay(row.stay_id).state is StayState.IN_HOUSE


def _hold(session: Session, fingerprint_id: int) -> Fingerprint:
    session.get(Fingerprint, fingerprint_id, with_for_update=True, populate_existing=True)
    return queries.get(fingerprint_id)


def _self(row: Fingerprint) -> Actor:
    return Actor(kind="job", name=row.captured_by)


def _person(guest_id: int | None, account_id: int | None) -> str:
    if guest_id is not None:
        return guests.get_guest(guest_id).name
    return accounts.get_account(account_id or 0).display_name


def _audit(row: Fingerprint, action: str, actor: Actor, now: datetime, after: dict[str, object]) -> None:
    audit.record(
        actor=actor,
        action=action,
        subject=audit.Subject(
            kind="fingerprint",
            id=row.id,
            label=_person(row.guest_id, row.account_id),
            stay_id=row.stay_id,
            guest_id=row.guest_id,
        ),
        now=now,
        after=after,
    )


def _audit_person(
    action: str,
    guest_id: int | None,
    account_id: int | None,
    actor: Actor,
    now: datetime,
    after: dict[str, object] | None = None,
) -> None:
    subject = audit.Subject(
        kind="guest" if guest_id is not None else "account",
        id=guest_id or account_id or 0,
        label=_person(guest_id, account_id),
        guest_id=guest_id,
    )
    audit.record(actor=actor, action=action, subject=subject, now=now, after=after)
