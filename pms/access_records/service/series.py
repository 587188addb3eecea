"""How far a lock's records are known: asked for page after page, gaps noted, the chain over them checked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.access_records import rules
from pms.access_records import series_queries as queries
from pms.access_records.models import Doubt, RecordSeries
from pms.access_records.service import findings, storing
from pms.audit import service as audit
from pms.core.actor import Actor
from pms.core.db import transaction
from pms.lock_commands import queries as command_queries
from pms.lock_commands import service as lock_commands
from pms.locks import lock_keys
from pms.locks import queries as lock_queries
from pms.locks.models import Lock, LockSetup
from pms.protocol import kdf
from pms.protocol.command import ReadRecords
from pms.protocol.command_device import MAX_RECORDS
from pms.protocol.record import CHAIN_START

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.lock_commands.models import LockCommand
    from pms.protocol.command import RecordPage

SUBJECT = "records"
# Nobody wants them any more if nobody was at the lock for so long.
_ASKED_FOR = timedelta(days=7)


def sync_records(*, lock_id: int, request_id: str | None = None, actor: Actor, now: datetime) -> LockCommand:
    """Ask the lock for what it has noted and not reported; a question that is still open is not asked twice.

    The lock is asked again, page after page, by each answer, until the newest is here.
    """
    with transaction() as session:
        lock = session.scalars(sa.select(Lock).where(Lock.id == lock_id).with_for_update()).one_or_none()
        if lock is None:
            raise lock_queries.NoSuchLock
        if lock.setup is not LockSetup.READY or lock.server_keys is None:
            raise rules.LockKeepsNothing(name=lock.name)
        lock_commands.expire_of_lock(lock_id=lock_id, now=now)
        asked = command_queries.of_request(request_id) if request_id is not None else []
        asked = asked or command_queries.open_of_kind(lock_id, SUBJECT)
        if asked:
            return asked[0]
        series = series_of(session, lock)
        series.asked_at = now
        if actor.kind != "job":
            # What the clock asks several times a day stands among its turns, and would hide in the trail what people did.
            audit.record(
                actor=actor,
                action="access.records_asked",
                subject=audit.Subject(kind="lock", id=lock.id, label=lock.name, lock_id=lock.id),
                now=now,
            )
        return _ask(lock, series, request_id, actor, now)


def take_page(*, lock_id: int, after: int, page: RecordPage, actor: Actor, now: datetime) -> None:
    """What the lock answered when it was asked for everything after `after`. Joins the caller's transaction."""
    with transaction() as session:
        lock = session.get_one(Lock, lock_id)
        series = series_of(session, lock)
        storing.store(session, lock, page.records, actor, now)
        sequences = sorted({record.sequence for record in page.records})
        _note_missing(session, lock, after, sequences, page.newest_sequence, actor, now)
        if sequences:
            findings.close_gaps(session, lock, (sequences[0], sequences[-1]), actor, now)
        series.newest = max(series.newest, page.newest_sequence)
        series.read_at = now
        _advance(series)
        _check_chain(session, lock, series, sequences[-1] if sequences else after, page.chain, actor, now)
        if series.newest > series.known_until > after and not command_queries.open_of_kind(lock_id, SUBJECT):
            _ask(lock, series, None, actor, now)


def after_one(session: Session, lock: Lock, sequence: int, actor: Actor, now: datetime) -> None:
    """A record came singly: how far they are known now. Those before it that never came are asked for."""
    series = series_of(session, lock)
    findings.close_gaps(session, lock, (sequence, sequence), actor, now)
    series.newest = max(series.newest, sequence)
    _advance(series)
    is_hole = series.known_until < sequence
    if is_hole and lock.setup is LockSetup.READY and not command_queries.open_of_kind(lock.id, SUBJECT):
        series.asked_at = now
        _ask(lock, series, None, actor, now)


def series_of(session: Session, lock: Lock) -> RecordSeries:
    """The lock's present series; the lock's row is held by the caller.

    One of which records were kept before this was reckoned begins with the first of them, and without a chain.
    """
    series = session.get(RecordSeries, (lock.id, lock.counting_life))
    if series is None:
        first = queries.first_sequence(lock.id, lock.counting_life)
        base = first - 1 if first is not None else 0
        series = RecordSeries(
            lock_id=lock.id,
            life=lock.counting_life,
            known_until=base,
            newest=base,
            chain_sequence=base,
            chain=CHAIN_START if base == 0 else None,
        )
        session.add(series)
        session.flush()
    return series


def _ask(lock: Lock, series: RecordSeries, request_id: str | None, actor: Actor, now: datetime) -> LockCommand:
    return lock_commands.queue(
        lock_id=lock.id,
        payloads=[ReadRecords(series.known_until, MAX_RECORDS)],
        subject_kind=SUBJECT,
        subject_id=series.known_until,
        expires_at=now + _ASKED_FOR,
        request_id=request_id,
        actor=actor,
        now=now,
    )[0]


def _note_missing(
    session: Session, lock: Lock, after: int, sequences: list[int], newest: int, actor: Actor, now: datetime
) -> None:
    head, cuts = rules.not_given(after, sequences, newest)
    if head is not None:
        findings.note_gap(session, lock, head, actor, now)
        if rules.is_too_early_to_be_lost(head, newest):
            cuts = [head, *cuts]
    for cut in cuts:
        findings.note(session, lock, Doubt.CUT, cut, actor, now)
        findings.note_gap(session, lock, cut, actor, now)


def _advance(series: RecordSeries) -> None:
    """Each record up to `known_until` is held or in a gap."""
    before = -1
    while before != series.known_until:
        before = series.known_until
        series.known_until = queries.end_of_held(series.lock_id, series.life, series.known_until)
        series.known_until = queries.end_of_gap(series.lock_id, series.life, series.known_until)


def _check_chain(
    session: Session, lock: Lock, series: RecordSeries, until: int, claimed: bytes, actor: Actor, now: datetime
) -> None:
    """Reckon the chain from where it was right last up to `until`; where records are lost, begin anew from there.

    Records that are to come yet are waited for: a later page checks all of them together.
    """
    if not series.chain_sequence < until <= series.known_until:
        return
    span = (series.chain_sequence + 1, until)
    rows = queries.raw_span(lock.id, series.life, span)
    raws = [raw for _event, raw in rows if raw is not None]
    is_whole = len(raws) == span[1] - span[0] + 1 and not rules.has_other_key_inside([event for event, _raw in rows])
    if is_whole and series.chain is not None:
        k_rec = kdf.record_key(lock_keys.lock_key_of(lock))
        if not rules.chain_holds(k_rec, series.chain, raws, claimed):
            findings.note(session, lock, Doubt.CHAIN, span, actor, now)
    series.chain_sequence, series.chain = until, claimed
    session.flush()
