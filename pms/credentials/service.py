"""Fingerprints are taken, sent to locks and removed again. Each function is one act with its line in the audit trail.

A template is sealed from the moment it arrives, leaves only inside a frame sealed for one lock, and is gone here the
moment it is not needed; that a lock has let it go is believed only by the lock's own answer.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from pms.accounts import queries as accounts
from pms.audit import service as audit
from pms.core.actor import Actor
from pms.core.db import transaction
from pms.core.ids import new_id
from pms.credentials import queries, rules
from pms.credentials.models import EndReason, Finger, Fingerprint, FingerState
from pms.encoders import queries as encoder_queries
from pms.encoders import rules as encoder_rules
from pms.encoders import service as encoders
from pms.encoders.models import JobKind
from pms.guests import queries as guests
from pms.protocol.command import AnswerStatus
from pms.slots import queries as slot_queries
from pms.slots import rules as slot_rules
from pms.slots import service as slots
from pms.slots.models import Consent, SlotState
from pms.stays import queries as stays
from pms.stays.models import StayState

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.devices.encoder import FingerTemplate
    from pms.locks.models import Door
    from pms.slots.models import Slot
    from pms.stays.models import Stay


def start(
    *,
    stay_id: int | None = None,
    account_id: int | None = None,
    finger: Finger,
    agreed: bool,
    encoder_id: int,
    door_ids: Collection[int],
    request_id: str,
    at_once: bool = False,
    actor: Actor,
    now: datetime,
) -> str:
    """Note the consent and have the machine take a finger of a stay's guest, or of somebody who works here.

    The id of the batch to look at; the same `request_id` again makes nothing new. It is sent to `door_ids` once it is here
    (none: stored for later); `at_once`: only if the machine could begin this moment. NotOnePerson, NoConsent, NotInHouse,
    NotAtWork, NoSuchDoor, RequestUsed, and what `encoders.queue_jobs` refuses.
    """
    rules.check_person(stay_id, account_id)
    with transaction() as session:
        if encoder_queries.batch_of(request_id, JobKind.FINGER, stay_id):
            return request_id
        if account_id is not None:
            rules.check_account(is_active=accounts.get_account(account_id).is_active)
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
            at_once=at_once,
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
            valid_until=slot_queries.stay_ends(stay) if stay is not None else rules.staff_until(now),
            captured_by=actor.name,
            created_at=now,
        )
        session.add(row)
        session.flush()
        for door in _doors(door_ids):
            _want(row, door, stay, now)
        return request_id


def stop(*, batch_id: str, actor: Actor, now: datetime) -> None:
    """End a capture; one that is stopped already is left alone. NotFound; TooLateToCancel once the finger is taken."""
    with transaction():
        job = queries.get_capture(batch_id)
        if not job.is_cancel_requested:
            encoders.cancel_batch(batch_id=batch_id, actor=actor, now=now)


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
            if not slots.fill_if_room(slot_id=place.id, content=template.content, now=now):
                _audit_full(row, place, actor, now)


def give_up(*, job_id: str, now: datetime) -> None:
    """The finger was not taken. Joins the caller's transaction."""
    with transaction():
        row = queries.find_by_job(job_id)
        if row is not None and row.state is FingerState.CAPTURING:
            row.state = FingerState.NOT_TAKEN
            for place in row.places:
                slots.end(slot_id=place.id, actor=_self(row), now=now)


def send(*, fingerprint_id: int, door_ids: Collection[int], actor: Actor, now: datetime) -> Fingerprint:
    """Send a stored fingerprint to more doors; those that have it already are left alone. NotStored, NoSuchDoor, LockFull."""
    with transaction() as session:
        row = _hold(session, fingerprint_id)
        if row.state is not FingerState.STORED:
            raise rules.NotStored
        there = {place.door_id for place in row.places if place.state in slot_rules.MAY_HOLD}
        sent = [door for door in _doors(door_ids) if door.id not in there]
        stay = stays.get_stay(row.stay_id) if row.stay_id is not None else None
        for door in sent:
            slots.fill(slot_id=_want(row, door, stay, now).id, content=row.template or b"", now=now)
        if sent:
            _audit(row, "credentials.sent", actor, now, {"doors": [door.name for door in sent]})
        return row


def remove(*, fingerprint_id: int, actor: Actor, now: datetime) -> None:
    """Destroy a fingerprint here, and have every lock that may hold it let it go."""
    with transaction() as session:
        row = _hold(session, fingerprint_id)
        if rules.is_open(row.state):
            _destroy(session, row, EndReason.REMOVED, actor, now)


def agree(*, guest_id: int | None = None, account_id: int | None = None, actor: Actor, now: datetime) -> Consent:
    """The person has read the text and agrees; noted once for the same text."""
    with transaction() as session:
        return _consent(session, guest_id, account_id, agreed=True, actor=actor, now=now)


def withdraw(*, guest_id: int | None = None, account_id: int | None = None, actor: Actor, now: datetime) -> None:
    """The person does not agree any more: everything that was taken is destroyed."""
    with transaction() as session:
        consent = slot_queries.present_consent(guest_id=guest_id, account_id=account_id)
        if consent is not None:
            consent.withdrawn_at = now
            _audit_person("credentials.consent_withdrawn", guest_id, account_id, actor, now)
        for row in queries.open_of_person(guest_id=guest_id, account_id=account_id):
            _destroy(session, row, EndReason.WITHDRAWN, actor, now)
        slots.end_templates(guest_id=guest_id, account_id=account_id, actor=actor, now=now)


def end_for_stay(*, stay_id: int, actor: Actor, now: datetime) -> None:
    """The guest leaves, or was never here: nothing of the body is kept, here or in a lock, nor anything else that a lock
    stores for the stay. Undoing a check-out does not bring it back.

    Joins the caller's transaction.
    """
    with transaction() as session:
        for row in queries.open_of_stay(stay_id):
            _destroy(session, row, EndReason.CHECKED_OUT, actor, now)
        slots.end_for_stay(stay_id=stay_id, actor=actor, now=now)


def follow_stay(*, stay_id: int, old_room_id: int | None, now: datetime) -> None:
    """The stay has another room or another end: the locks are told. Joins the caller's transaction."""
    with transaction():
        stay = stays.get_stay(stay_id)
        for row in queries.open_of_stay(stay_id):
            row.valid_until = slot_queries.stay_ends(stay)
        slots.follow_stay(stay_id=stay_id, old_room_id=old_room_id, now=now)


BATCH = 50
"""Fingerprints that one transaction destroys, so that nobody waits long for it."""


def expire(*, actor: Actor, now: datetime) -> int:
    """Destroy what is past its date, and what belongs to staff who left; how many there were."""
    total = 0
    while found := _expire_some(actor, now):
        total += found
    return total


def _expire_some(actor: Actor, now: datetime) -> int:
    with transaction() as session:
        found = queries.overdue(now, limit=BATCH)
        for row in found:
            _destroy(session, row, EndReason.TIME_OVER if row.valid_until <= now else EndReason.LEFT, actor, now)
        return len(found)


def _consent(
    session: Session, guest_id: int | None, account_id: int | None, *, agreed: bool, actor: Actor, now: datetime
) -> Consent:
    present = slot_queries.present_consent(guest_id=guest_id, account_id=account_id)
    if present is not None:
        return present
    if not agreed:
        raise slot_rules.NoConsent
    consent = Consent(
        guest_id=guest_id,
        account_id=account_id,
        text_version=slot_rules.CONSENT_VERSION,
        given_at=now,
        recorded_by=actor.name,
    )
    session.add(consent)
    session.flush()
    _audit_person("credentials.consent_given", guest_id, account_id, actor, now, {"text": slot_rules.CONSENT_VERSION})
    return consent


def _doors(door_ids: Collection[int]) -> Sequence[Door]:
    found = [door for door in queries.doors() if door.id in door_ids]
    if len(found) != len(set(door_ids)):
        raise rules.NoSuchDoor
    return found


def _want(row: Fingerprint, door: Door, stay: Stay | None, now: datetime) -> Slot:
    return slots.want_fingerprint(
        fingerprint_id=row.id,
        credential_id=row.credential_id,
        door=door,
        name=_person(row.guest_id, row.account_id),
        stay=stay,
        account_id=row.account_id,
        valid_until=row.valid_until,
        made_by=row.captured_by,
        now=now,
    )


def _destroy(session: Session, row: Fingerprint, reason: EndReason, actor: Actor, now: datetime) -> None:
    is_being_taken = row.state is FingerState.CAPTURING
    row.template = None
    row.state, row.destroyed_at, row.end_reason = FingerState.DESTROYED, now, reason
    if is_being_taken:
        _stop_taking(row, actor, now)
    ended = [slots.end(slot_id=place.id, actor=_self(row), now=now) for place in row.places]
    session.flush()
    left = [place.door.name for place in ended if place.state is SlotState.REMOVING and place.door]
    _audit(row, "credentials.destroyed", actor, now, {"reason": reason.value, "doors": left})


def _stop_taking(row: Fingerprint, actor: Actor, now: datetime) -> None:
    """Nobody should be asked for a finger that would not be kept."""
    job = encoder_queries.get_job(row.job_id)
    if encoder_rules.can_cancel(job.state) and not job.is_cancel_requested:
        encoders.cancel_job(job_id=job.id, actor=actor, now=now)


def _audit_full(row: Fingerprint, place: Slot, actor: Actor, now: datetime) -> None:
    door = place.door.name if place.door else ""
    _audit(row, "credentials.refused", actor, now, {"door": door, "status": AnswerStatus.FULL.name.lower()})


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
