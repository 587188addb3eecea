"""How far a lock's records are known: asked for page after page, gaps noted, the chain over them checked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.access_records import rules
from pms.access_records import series_queries as queries
from pms.access_records.models import Doubt, RecordSeries
from pms.access_records.service import findings
from pms.access_records.service.told import Told
from pms.audit import service as audit
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
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.access_records.rules import Span
    from pms.access_records.service.told import Life, Page, Sorted
    from pms.core.actor import Actor
    from pms.lock_commands.models import LockCommand

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
        series = load(session, [Told(lock, lock.counting_life, actor)])[lock_id, lock.counting_life]
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


def load(session: Session, told: Sequence[Told]) -> dict[Life, RecordSeries]:
    """The series of each of these; the locks' rows are held by the caller. No record of one is newer than its `newest`."""
    keys = [one.key for one in told]
    found = {(row.lock_id, row.life): row for row in queries.list_series(keys)}
    for lock_id, life in keys:
        if (lock_id, life) not in found:
            found[lock_id, life] = _begin(session, lock_id, life)
    return found


def _begin(session: Session, lock_id: int, life: int) -> RecordSeries:
    """One of which records were kept before this was reckoned begins with the first of them, and without a chain."""
    first, last = queries.ends_of(lock_id, life)
    base = first - 1 if first is not None else 0
    series = RecordSeries(
        lock_id=lock_id,
        life=life,
        known_until=base,
        newest=last or base,
        chain_sequence=base,
        chain=CHAIN_START if base == 0 else None,
    )
    session.add(series)
    session.flush()
    return series


def go_on(session: Session, found: Sequence[Sorted], now: datetime) -> None:
    """What was told is stored: note what is missing or came in after all, how far the records are known, and ask on.

    A lock that was read is asked until its newest is here; one that told of a record by itself, for those before it.
    """
    gaps = queries.open_gaps([one.told.key for one in found if one.fresh])
    may_go_on: dict[Life, RecordSeries] = {}
    for one in found:
        torn = [page for page in one.told.pages if _note_missing(session, one, page, now)]
        if one.told.key in gaps:
            findings.close_gaps(one, gaps[one.told.key], now)
        if _advance(one) or torn:
            may_go_on[one.told.key] = one.series
    _go_through(may_go_on)
    behind = []
    for one in found:
        for page in one.told.pages:
            one.series.read_at = now
            _check_chain(session, one, page, now)
        if _is_behind(one):
            behind.append(one)
    asked = command_queries.locks_asked([one.lock.id for one in behind], SUBJECT)
    for one in behind:
        if one.lock.id not in asked:
            one.series.asked_at = now
            _ask(one.lock, one.series, None, one.told.actor, now)
    session.flush()


def _is_behind(one: Sorted) -> bool:
    known = one.series.known_until
    if one.told.pages and one.series.newest > known > one.told.pages[-1].after:
        return True
    return known < one.told.newest_single and one.lock.setup is LockSetup.READY


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


def _note_missing(session: Session, one: Sorted, page: Page, now: datetime) -> bool:
    """Write down what the lock left out; whether that was anything."""
    head, cuts = rules.not_given(page.after, page.sequences, page.newest)
    if head is not None:
        findings.note_gap(session, one, head, now)
        if rules.is_too_early_to_be_lost(head, page.newest):
            cuts = [head, *cuts]
    for cut in cuts:
        findings.note(session, one.place, Doubt.CUT, cut, now)
        findings.note_gap(session, one, cut, now)
    return head is not None or bool(cuts)


def _advance(one: Sorted) -> bool:
    """On to the end of what is new and follows without a hole; whether more may be known behind that, which something lay
    beyond before."""
    series = one.series
    may_go_on = series.newest > series.known_until
    for record, _at in one.fresh:
        if record.sequence == series.known_until + 1:
            series.known_until = record.sequence
    series.newest = max(
        series.newest,
        one.told.newest,
        *(page.newest for page in one.told.pages),
        *(record.sequence for record, _at in one.fresh[-1:]),
    )
    return may_go_on


def _go_through(series: Mapping[Life, RecordSeries]) -> None:
    """Each record up to `known_until` is held or in a gap."""
    ends = queries.ends_of_known({life: one.known_until for life, one in series.items()})
    while ends:
        for life, end in ends.items():
            series[life].known_until = end
        # Behind records a gap may lie, and behind a gap records.
        ends = queries.ends_of_known(ends)


def _check_chain(session: Session, one: Sorted, page: Page, now: datetime) -> None:
    """Reckon the chain from where it was right last up to the page's end; where records are lost, begin anew from there.

    Records that are to come yet are waited for: a later page checks all of them together.
    """
    series, until = one.series, page.sequences[-1] if page.sequences else page.after
    if not series.chain_sequence < until <= series.known_until:
        return
    span = (series.chain_sequence + 1, until)
    rows = _raw_span(one, span)
    raws = [raw for _event, raw in rows if raw is not None]
    is_whole = len(raws) == span[1] - span[0] + 1 and not rules.has_other_key_inside([event for event, _raw in rows])
    if is_whole and series.chain is not None:
        k_rec = kdf.record_key(lock_keys.lock_key_of(one.lock))
        if not rules.chain_holds(k_rec, series.chain, raws, page.chain):
            findings.note(session, one.place, Doubt.CHAIN, span, now)
    series.chain_sequence, series.chain = until, page.chain


def _raw_span(one: Sorted, span: Span) -> list[tuple[int, bytes | None]]:
    """(event, bytes) of the records held within the span, mostly those that were stored a moment ago."""
    rows = [(row["event"], row["raw"]) for row in one.rows if span[0] <= row["sequence"] <= span[1]]
    return rows if len(rows) == span[1] - span[0] + 1 else queries.raw_span(one.lock.id, one.told.life, span)
