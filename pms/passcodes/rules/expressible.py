"""Which lengths a code can hold, and what to offer instead of one that it cannot (protocol.md, section 3.1).

From a full hour on: 1…72 hours; to one of the next 31 check-outs of the lock; and from 00:00 UTC of a day to one of the 32nd to
400th check-outs. Nothing else.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pms.passcodes.models import PasscodeKind
from pms.passcodes.rules.refusals import EndsBeforeItBegins, NotAFullHour, NotExpressible, StartIsPast, StartTooFar
from pms.passcodes.rules.stay import MAX_DAYS, MAX_HOURS, MAX_NIGHTS, Choice, Clockwork, full_hour
from pms.protocol.passcode import DAY, HOUR, Clear, Days, Hours, Nights, Permanent, Single, nth_checkout

MIN_DAYS = 32
SINGLE_LASTS = timedelta(hours=24)
MAX_AHEAD = timedelta(days=366)
TIMED_KINDS = (PasscodeKind.HOURS, PasscodeKind.NIGHTS, PasscodeKind.DAYS)


def timed(
    *,
    start: datetime,
    until: datetime,
    clockwork: Clockwork,
    now: datetime,
    kinds: tuple[PasscodeKind, ...] = TIMED_KINDS,
    earliest: datetime | None = None,
) -> Choice:
    """The code that lasts exactly from `start` to `until`; where two kinds do, the one that `kinds` has first.

    NotExpressible with what is nearest; EndsBeforeItBegins, StartIsPast, StartTooFar. It begins with the present hour at the
    earliest, or with `earliest`; one of days with the midnight before that.
    """
    if until <= start or until <= now:
        raise EndsBeforeItBegins
    earliest = full_hour(now) if earliest is None else earliest
    if start < _midnight(earliest):
        raise StartIsPast
    check_start(start, now)
    for kind in kinds:
        found = _exactly(kind, start, until, clockwork)
        if found is not None and _may_begin(found, earliest, now):
            return found
    options = nearest(start=start, until=until, clockwork=clockwork, kinds=kinds)
    kept = tuple(option for option in options if _may_begin(option, earliest, now))
    if start < earliest and not kept:
        raise StartIsPast
    raise NotExpressible(start=start, until=until, options=kept)


def kinds_for(unit: str | None, *, is_guest: bool) -> tuple[PasscodeKind, ...]:
    """Which kinds may say some times, the preferred one first: a visitor's code is to end nobody's."""
    if unit:
        return (PasscodeKind(unit),)
    if is_guest:
        return (PasscodeKind.NIGHTS, PasscodeKind.DAYS, PasscodeKind.HOURS)
    return TIMED_KINDS


def check_start(start: datetime, now: datetime) -> None:
    """StartTooFar."""
    if start > now + MAX_AHEAD:
        raise StartTooFar


def nearest(
    *, start: datetime, until: datetime, clockwork: Clockwork, kinds: tuple[PasscodeKind, ...] = TIMED_KINDS
) -> list[Choice]:
    """The longest code inside of what was wished, and the shortest that covers it; neither, one or both exist.

    The first begins with the next full hour, the other with the one before: a start that is a full hour stays as it is, but
    where only days are long enough, since these begin at 00:00 UTC.
    """
    first, last = int(start.timestamp()), int(until.timestamp())
    inside = _best(kinds, -(-first // HOUR) * HOUR, last, clockwork, covers=False)
    covering = _best(kinds, first // HOUR * HOUR, last, clockwork, covers=True)
    if covering is None and PasscodeKind.DAYS in kinds:
        covering = _best((PasscodeKind.DAYS,), first // DAY * DAY, last, clockwork, covers=True)
    return [option for option in (inside, covering) if option is not None]


def single(*, start: datetime, index: int) -> Choice:
    """Opens once within a day of its hour."""
    begins = int(start.timestamp())
    return Choice(PasscodeKind.SINGLE, Single(begins, index), start, start + SINGLE_LASTS)


def single_start(start: datetime | None, now: datetime) -> datetime:
    """The hour that a code for one opening begins with; the present one where none is wished. NotAFullHour, StartIsPast."""
    if start is None:
        return full_hour(now)
    if full_hour(start) != start:
        raise NotAFullHour(before=full_hour(start), after=full_hour(start) + timedelta(hours=1))
    if start < full_hour(now):
        raise StartIsPast
    check_start(start, now)
    return start


def permanent(*, serial: int, now: datetime) -> Choice:
    """Opens until it is revoked."""
    return Choice(PasscodeKind.PERMANENT, Permanent(serial), full_hour(now), None)


def clear(*, now: datetime) -> Choice:
    """Typed within a day, it ends every code of its epoch."""
    begins = full_hour(now)
    return Choice(PasscodeKind.CLEAR, Clear(int(begins.timestamp())), begins, begins + SINGLE_LASTS)


def _may_begin(option: Choice, earliest: datetime, now: datetime) -> bool:
    first = _midnight(earliest) if option.kind is PasscodeKind.DAYS else earliest
    return option.valid_from >= first and option.valid_until is not None and option.valid_until > now


def _midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _exactly(kind: PasscodeKind, start: datetime, until: datetime, clockwork: Clockwork) -> Choice | None:
    first = int(start.timestamp())
    if first != start.timestamp() or first % (DAY if kind is PasscodeKind.DAYS else HOUR):
        return None
    found = _best((kind,), first, int(until.timestamp()), clockwork, covers=False)
    return found if found is not None and found.valid_until == until else None


def _best(
    kinds: tuple[PasscodeKind, ...], start: int, until: int, clockwork: Clockwork, *, covers: bool
) -> Choice | None:
    found = [
        option
        for kind in kinds
        if kind is not PasscodeKind.DAYS or start % DAY == 0
        if (option := _of_kind(kind, start, until, clockwork, covers=covers)) is not None
    ]
    best = min if covers else max
    return best(found, key=lambda option: option.valid_until or option.valid_from, default=None)


def _of_kind(kind: PasscodeKind, start: int, until: int, clockwork: Clockwork, *, covers: bool) -> Choice | None:
    """The kind's last end at or before `until`, or with `covers` its first one at or after; None if it has none."""
    least, most = _COUNTS[kind]
    if kind is PasscodeKind.HOURS:
        count, rest = divmod(until - start, HOUR)
    else:
        shift = clockwork.offset_quarters * 900 - clockwork.check_out_hour * HOUR
        count = (until + shift) // DAY - (start + shift) // DAY
        rest = (until + shift) % DAY
    if covers:
        count = max(count + bool(rest), least)
    else:
        count = min(count, most)
    if not least <= count <= most:
        return None
    return _make(kind, start, count, clockwork)


_COUNTS = {
    PasscodeKind.HOURS: (1, MAX_HOURS),
    PasscodeKind.NIGHTS: (1, MAX_NIGHTS),
    PasscodeKind.DAYS: (MIN_DAYS, MAX_DAYS),
}


def _make(kind: PasscodeKind, start: int, count: int, clockwork: Clockwork) -> Choice:
    begins = datetime.fromtimestamp(start, UTC)
    if kind is PasscodeKind.HOURS:
        return Choice(kind, Hours(start, count), begins, begins + timedelta(hours=count))
    ends = datetime.fromtimestamp(nth_checkout(start, count, clockwork.offset_quarters, clockwork.check_out_hour), UTC)
    permission = Nights(start, count) if kind is PasscodeKind.NIGHTS else Days(start, count)
    return Choice(kind, permission, begins, ends)
