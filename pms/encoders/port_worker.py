"""The owner of the machines' ports: one thread a machine, jobs taken from the table, one process for all of it.

No database transaction is open while a device is talked to (`_at_rest` sees to it), so a slow card holds up nobody.
"""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db
from pms.devices.card_writer import CardContent, CardKeys, erase_card, read_card, write_card
from pms.devices.errors import Cancelled, DeviceError, EncoderGone, TimedOut, WriteUncertain
from pms.devices.port import Port
from pms.encoders import answers, job_course, queries, rules, service
from pms.encoders.models import EncoderState, JobKind
from pms.encoders.port_ownership import Ownership, ownership_for
from pms.protocol.encoder_line import SignalPattern

if TYPE_CHECKING:
    from collections.abc import Callable

    from pms.config import Settings
    from pms.devices.encoder import CardPresence, Encoder
    from pms.encoders.job_course import ClaimedJob

POLL_SECONDS = 0.15
_SUPERVISE_SECONDS = 0.3
_HELLO_EVERY = 10.0
_SIGNAL_SECONDS = 2.0
_log = logging.getLogger(__name__)


class _Stopping(Exception):
    """The program is about to end."""


class PortOwner:
    """Opens the ports of all machines in use, unless another process does; keeps trying to become the owner."""

    def __init__(self, settings: Settings, *, on_owning: Callable[[], None] = lambda: None) -> None:
        """`on_owning` is called once, in the owner's thread, when this process becomes the owner."""
        self._ownership: Ownership = ownership_for(settings)
        self._on_owning = on_owning
        self._stop = threading.Event()
        self._owning = threading.Event()
        self._machines: dict[int, MachineThread] = {}
        self._thread = threading.Thread(target=self._run, name="port owner", daemon=True)

    @property
    def is_owner(self) -> bool:
        """Whether this process owns the ports."""
        return self._owning.is_set()

    def wait_until_owner(self, seconds: float) -> bool:
        """Whether this process became the owner within that time."""
        return self._owning.wait(seconds)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Let go of every port. A card that is being written is finished first."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                if self._ownership.acquire():
                    self._own()
            except Exception:  # noqa: BLE001 - the database may be away for a moment; the owner goes on trying
                _log.exception("the owner of the ports had to begin again")
            finally:
                self._stop_machines()
                self._owning.clear()
                self._ownership.release()
                db.remove()
            self._stop.wait(1.0)

    def _own(self) -> None:
        job_course.settle_leftovers(now=clock.now())
        db.remove()
        self._owning.set()
        self._on_owning()
        while not self._stop.is_set() and self._ownership.is_held():
            self._supervise()
            self._stop.wait(_SUPERVISE_SECONDS)

    def _supervise(self) -> None:
        """Follow the table: machines added, moved to another port, switched off."""
        wanted = {machine.id: machine.url for machine in queries.list_enabled()}
        db.remove()
        for encoder_id, machine in list(self._machines.items()):
            if wanted.get(encoder_id) != machine.url or not machine.is_alive():
                machine.ask_to_stop()
                if not machine.is_alive():
                    del self._machines[encoder_id]
        for encoder_id, url in wanted.items():
            if encoder_id not in self._machines:
                self._machines[encoder_id] = MachineThread(encoder_id, url)
                self._machines[encoder_id].start()

    def _stop_machines(self) -> None:
        for machine in self._machines.values():
            machine.ask_to_stop()
        for machine in self._machines.values():
            machine.join()
        self._machines.clear()


class MachineThread(threading.Thread):
    """Owns one machine: connects, takes its jobs one after another, reconnects."""

    def __init__(self, encoder_id: int, url: str, *, port: Port | None = None) -> None:
        super().__init__(name=f"machine {url}", daemon=True)
        self.url = url
        self._encoder_id = encoder_id
        self._port = port or Port(url)
        self._stop_wish = threading.Event()
        self._actor = Actor(kind="port", name="")  # the entry names the machine already
        self._next_hello = 0.0

    def ask_to_stop(self) -> None:
        """End when the present card is done."""
        self._stop_wish.set()

    def run(self) -> None:
        """Rounds until asked to stop; whatever goes wrong in one, the next one begins with the truth about it."""
        while not self._stop_wish.is_set():
            try:
                self._round()
            except Exception:  # noqa: BLE001 - a thread that dies would leave the machine to nobody
                _log.exception("a round of the machine at %s failed", self.url)
                self._port.close()
                self._stop_wish.wait(1.0)
        self._port.close()
        with suppress(Exception):
            self._note(EncoderState.OFFLINE, "")
        db.remove()

    def _round(self) -> None:
        if not self._port.is_open and not self._connect():
            self._fail_waiting_jobs()
            self._stop_wish.wait(min(POLL_SECONDS, max(0.02, self._port.retry_in())))
            return
        job = self._next_job()
        try:
            if job is None:
                self._attend()
            else:
                CardJob(self._port.encoder, job, self._stop_wish).run()
        except EncoderGone as gone:
            self._port.lose()
            self._note(EncoderState.OFFLINE, str(gone))

    def _connect(self) -> bool:
        if self._port.retry_in() > 0:
            return False
        _at_rest()
        try:
            identity = self._port.open()
        except DeviceError as fault:
            self._note(EncoderState.OFFLINE, str(fault))
            return False
        job_course.settle_leftovers(encoder_id=self._encoder_id, now=clock.now())
        self._note(EncoderState.READY, "", identity.serial_number, identity.model)
        self._next_hello = clock.monotonic() + _HELLO_EVERY
        return True

    def _next_job(self) -> ClaimedJob | None:
        has_job = queries.find_next(self._encoder_id) is not None
        db.remove()
        if not has_job:
            return None
        if queries.unfinished(self._encoder_id):
            # A round broke off in the middle of a job.
            job_course.settle_leftovers(encoder_id=self._encoder_id, now=clock.now())
        job = job_course.claim_next(encoder_id=self._encoder_id, now=clock.now())
        db.remove()
        return job

    def _attend(self) -> None:
        _at_rest()
        self._port.encoder.attend(POLL_SECONDS)
        if clock.monotonic() >= self._next_hello:
            # A machine behind a network can vanish without a word.
            self._port.encoder.hello()
            self._next_hello = clock.monotonic() + _HELLO_EVERY

    def _fail_waiting_jobs(self) -> None:
        """Nobody should look at a turning wheel for long while the machine is not there."""
        now = clock.now()
        waiting = queries.queued(self._encoder_id, before=now - timedelta(seconds=rules.GONE_AFTER_SECONDS))
        db.remove()
        for job_id in waiting:
            job_course.fail(job_id=job_id, code="gone", now=now)
        if waiting:
            db.remove()

    def _note(self, state: EncoderState, error: str, serial_number: str = "", model: str = "") -> None:
        service.note_state(
            encoder_id=self._encoder_id,
            state=state,
            error=error,
            serial_number=serial_number,
            model=model,
            actor=self._actor,
            now=clock.now(),
        )
        db.remove()


class CardJob:
    """One job from the wait for a card to its end; whatever happens, the job's row says in the end what is true."""

    def __init__(self, encoder: Encoder, job: ClaimedJob, stop: threading.Event) -> None:
        self._encoder = encoder
        self._job = job
        self._stop = stop
        self._has_begun = False

    def run(self) -> None:
        """Do the job; EncoderGone once its end is stored."""
        try:
            self._work()
        except answers.CardRefused as refusal:
            job_course.fail(job_id=self._job.id, code=refusal.code, details=refusal.details, now=clock.now())
            self._show(SignalPattern.BAD)
        except (Cancelled, job_course.CancelledMeanwhile):
            self._end_cancelled()
        except DeviceError as fault:
            self._end_failed(fault)
        except Exception:
            _log.exception("job %s failed", self._job.id)
            self._store_failure("internal")
            raise
        finally:
            db.remove()

    def _work(self) -> None:
        if self._job.kind is JobKind.SIGNAL:
            self._blink()
            return
        self._show(SignalPattern.WAIT)
        deadline = clock.monotonic() + self._job.seconds
        done = queries.uids_done_in_batch(self._job.batch_id)
        while True:
            presence = self._wait_for_card(deadline, done)
            try:
                self._take_card(presence)
            except answers.TakeAway:
                done.add(presence.uid.hex())
            else:
                break
        self._show(SignalPattern.GOOD)

    def _wait_for_card(self, deadline: float, done: set[str]) -> CardPresence:
        """A card that this batch has not finished already; TimedOut, Cancelled."""
        while True:
            left = deadline - clock.monotonic()
            if left <= 0:
                raise TimedOut
            _at_rest()
            presence = self._encoder.wait_for_card(left, self._is_cancelled)
            if presence.uid.hex() not in done:
                return presence
            job_course.note_hint(job_id=self._job.id, hint="take_away", uid=presence.uid.hex())
            _at_rest()
            if not self._encoder.wait_until_removed(
                presence.uid, max(0.0, deadline - clock.monotonic()), self._is_cancelled
            ):
                raise TimedOut
            job_course.note_hint(job_id=self._job.id, hint=None, uid=None)

    def _take_card(self, presence: CardPresence) -> None:
        work = answers.find_work(self._job.kind)
        if work is None:
            raise RuntimeError(f"nobody answers jobs of kind {self._job.kind}")
        keys = work.card_keys()
        _at_rest()
        content = read_card(self._encoder, presence, keys)
        if self._job.kind is JobKind.READ:
            job_course.finish_read(job_id=self._job.id, content=content, now=clock.now())
            return
        plan = job_course.see_card(job_id=self._job.id, presence=presence, content=content, now=clock.now())
        _at_rest()
        written = self._write(presence, keys, plan)
        job_course.finish_written(job_id=self._job.id, content=written, now=clock.now())

    def _write(self, presence: CardPresence, keys: CardKeys, plan: answers.WritePlan | None) -> CardContent:
        def on_progress(phase: str, done: int, _steps: int) -> None:
            if done == 0 and phase == "writing":
                job_course.begin_writing(job_id=self._job.id, presence=presence, now=clock.now())
                self._has_begun = True
            elif done == 0:
                job_course.begin_checking(job_id=self._job.id)
            _at_rest()

        if plan is None:
            return erase_card(self._encoder, presence, keys, on_progress=on_progress)
        return write_card(
            self._encoder,
            presence,
            keys,
            plan.units,
            main_slot=plan.main_slot,
            on_progress=on_progress,
        )

    def _blink(self) -> None:
        self._show(SignalPattern.GOOD, must=True)
        self._stop.wait(_SIGNAL_SECONDS)
        self._show(SignalPattern.OFF, must=True)
        job_course.finish_signal(job_id=self._job.id, now=clock.now())

    def _is_cancelled(self) -> bool:
        wanted = self._stop.is_set() or queries.is_cancel_requested(self._job.id)
        _at_rest()
        return wanted

    def _end_cancelled(self) -> None:
        if queries.is_cancel_requested(self._job.id):
            job_course.cancel(job_id=self._job.id, now=clock.now())
        else:
            is_enabled = queries.get_job(self._job.id).encoder.is_enabled
            job_course.fail(job_id=self._job.id, code="restarted" if is_enabled else "disabled", now=clock.now())
        self._show(SignalPattern.OFF)

    def _end_failed(self, fault: DeviceError) -> None:
        cause = fault.cause if isinstance(fault, WriteUncertain) else fault
        self._store_failure(cause.code)
        if isinstance(cause, EncoderGone):
            raise cause from fault
        self._show(SignalPattern.BAD)

    def _store_failure(self, code: str) -> None:
        if self._has_begun:
            job_course.lose_track(job_id=self._job.id, code=code, now=clock.now())
        else:
            job_course.fail(job_id=self._job.id, code=code, now=clock.now())

    def _show(self, pattern: SignalPattern, *, must: bool = False) -> None:
        _at_rest()
        try:
            self._encoder.signal(pattern)
        except EncoderGone:
            raise
        except DeviceError:
            # A machine without a lamp still writes cards.
            if must:
                raise


def _at_rest() -> None:
    """Nothing of the database is held while a device is talked to."""
    if db.in_transaction:
        raise RuntimeError("a device must not be talked to inside a transaction")
    db.remove()
