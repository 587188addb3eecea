"""The server's tables as the office of a machine on one of the server's own ports (`pms.devices.worker`).

No database transaction is open when a call returns (`_at_rest` sees to it), so a slow card holds up nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db
from pms.encoders import job_course, machine_states, queries, rules

if TYPE_CHECKING:
    from datetime import datetime

    from pms.devices.card_content import CardContent, CardKeys
    from pms.devices.encoder import CardPresence, EncoderIdentity, FingerStep, FingerTemplate
    from pms.devices.task import Task, WritePlan

_P = ParamSpec("_P")
_T = TypeVar("_T")

# The audit trail's entry names the machine already.
PORT = Actor(kind="port", name="")


def _at_rest(call: Callable[_P, _T]) -> Callable[_P, _T]:
    """Nothing of the database is held once `call` is over, however it ends."""

    @wraps(call)
    def guarded(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return call(*args, **kwargs)
        finally:
            if db.in_transaction:
                raise RuntimeError("a device must not be talked to inside a transaction")
            db.remove()

    return guarded


class TableOffice:
    """Jobs from the table, states into it."""

    def __init__(self, encoder_id: int) -> None:
        self._encoder_id = encoder_id

    @_at_rest
    def connected(self, driver: str, identity: EncoderIdentity) -> None:
        """The machine answers; jobs that a stopped program left are settled."""
        now = clock.now()
        job_course.settle_leftovers(encoder_id=self._encoder_id, now=now)
        machine_states.note_ready(encoder_id=self._encoder_id, driver=driver, identity=identity, actor=PORT, now=now)

    @_at_rest
    def disconnected(self, code: str, text: str) -> None:
        """The machine does not answer. Nobody should look at a turning wheel for long: jobs that wait for it fail."""
        now = clock.now()
        self._settle(now)
        if code:
            machine_states.note_offline(encoder_id=self._encoder_id, code=code, text=text, actor=PORT, now=now)
        fail_waiting(self._encoder_id)

    @_at_rest
    def next_task(self) -> tuple[Task, TableCourse] | None:
        """The next job, now under way."""
        if queries.find_next(self._encoder_id) is None:
            return None
        db.remove()
        now = clock.now()
        self._settle(now)
        task = job_course.claim_next(encoder_id=self._encoder_id, now=now)
        return (task, TableCourse(task.id)) if task is not None else None

    def _settle(self, now: datetime) -> None:
        """A round broke off in the middle of a job, and could not even say so."""
        if queries.unfinished(self._encoder_id):
            db.remove()
            job_course.settle_leftovers(encoder_id=self._encoder_id, code="internal", now=now)

    @_at_rest
    def leave(self) -> None:
        """The port is let go."""
        machine_states.note_offline(encoder_id=self._encoder_id, code="", text="", actor=PORT, now=clock.now())


def fail_waiting(encoder_id: int) -> None:
    """Fail the jobs that have waited too long for a machine that is not there."""
    now = clock.now()
    waiting = queries.queued(encoder_id, before=now - timedelta(seconds=rules.GONE_AFTER_SECONDS))
    db.remove()
    for job_id in waiting:
        job_course.fail(job_id=job_id, code="gone", now=now)


class TableCourse:
    """One job of the table; see `pms.devices.task.Course`."""

    def __init__(self, job_id: str) -> None:
        self._id = job_id

    @_at_rest
    def is_cancelled(self) -> bool:
        """Whether somebody wants the wait to end."""
        return queries.is_cancel_requested(self._id)

    @_at_rest
    def card_keys(self, presence: CardPresence) -> CardKeys:  # noqa: ARG002 - they are derived for the UID when used
        """The sector keys, newest version first."""
        return job_course.card_keys(job_id=self._id)

    @_at_rest
    def card_seen(self, presence: CardPresence, content: CardContent) -> WritePlan | None:
        """What to write; CardRefused, TakeAway."""
        return job_course.see_card(job_id=self._id, presence=presence, content=content, now=clock.now())

    @_at_rest
    def hint(self, text: str | None, uid: str | None) -> None:
        """Tell the page what the person should do."""
        job_course.note_hint(job_id=self._id, hint=text, uid=uid)

    @_at_rest
    def writing(self, presence: CardPresence) -> None:
        """The next thing is the first byte; NotWanted."""
        job_course.begin_writing(job_id=self._id, presence=presence, now=clock.now())

    @_at_rest
    def checking(self) -> None:
        """Everything is written."""
        job_course.begin_checking(job_id=self._id)

    @_at_rest
    def written(self, content: CardContent) -> None:
        """Written or erased, and read back."""
        job_course.finish_written(job_id=self._id, content=content, now=clock.now())

    @_at_rest
    def read(self, content: CardContent) -> None:
        """The card was read."""
        job_course.finish_read(job_id=self._id, content=content, now=clock.now())

    @_at_rest
    def identified(self, presence: CardPresence) -> None:
        """This card lies there; CardRefused, NotWanted."""
        job_course.finish_identified(job_id=self._id, presence=presence, now=clock.now())

    @_at_rest
    def signalled(self, *, has_lamp: bool) -> None:
        """The machine has blinked, or only answered."""
        job_course.finish_signal(job_id=self._id, has_lamp=has_lamp, now=clock.now())

    @_at_rest
    def finger_step(self, step: FingerStep) -> None:
        """What the person at the module should do."""
        job_course.note_finger(job_id=self._id, step=step)

    @_at_rest
    def finger_taken(self, template: FingerTemplate) -> None:
        """The finger's template."""
        job_course.finish_finger(job_id=self._id, template=template, now=clock.now())

    @_at_rest
    def failed(self, code: str, details: dict[str, Any] | None = None) -> None:
        """No byte was written."""
        job_course.fail(job_id=self._id, code=code, details=details, now=clock.now())

    @_at_rest
    def cancelled(self) -> None:
        """Broken off, and no byte was written."""
        job_course.break_off(job_id=self._id, now=clock.now())

    @_at_rest
    def uncertain(self, code: str) -> None:
        """Nobody knows what the card holds."""
        job_course.lose_track(job_id=self._id, code=code, now=clock.now())
