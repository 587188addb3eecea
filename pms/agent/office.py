"""The server, over the line, as the office of a machine at this desk (`pms.devices.worker`)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from pms.devices import wire
from pms.devices.card_content import CardContent, CardKeys
from pms.devices.encoder import CardPresence, EncoderIdentity, FingerStep, FingerTemplate
from pms.devices.task import CardRefused, NotWanted, TakeAway, Task, WritePlan

from .client import Client, Refused, ServerAway

BEFORE_WRITING = 20.0
"""Seconds for which a step is repeated while nothing is written yet: a card lies on the machine, and somebody looks at it."""
FAULT_PAUSES = (0.2, 1.0, 3.0)
"""Seconds before a step is told again that something went wrong with in the server."""
_ASIDE = 1.0
_ENDS = ("failed", "cancelled", "uncertain")
_log = logging.getLogger(__name__)


class RemoteOffice:
    """One machine: what the server should know of it, and the task that waits for it."""

    def __init__(self, encoder_id: str, client: Client, on_news: Callable[[], None], stop: threading.Event) -> None:
        """`on_news` is called when the server should hear of the machine."""
        self._id = encoder_id
        self._client = client
        self._on_news = on_news
        self._stop = stop
        self._lock = threading.Lock()
        self._state: dict[str, Any] = self._offline("", "")
        self._waiting: Task | None = None
        self._course: RemoteCourse | None = None

    # --- for the machine's thread

    def connected(self, driver: str, identity: EncoderIdentity) -> None:
        """The machine answers."""
        plate = wire.identity_to_json(identity)
        self._note(self._offline("", "") | {"driver": driver, "identity": plate})

    def disconnected(self, code: str, text: str) -> None:
        """It does not; a task that came meanwhile is not for it."""
        if code:
            self._note(self._offline(code, text))
        if (found := self.next_task()) is not None:
            found[1].failed(code or "gone")
            with self._lock:
                self._course = None

    def next_task(self) -> tuple[Task, RemoteCourse] | None:
        """The task that the server gave this machine; the one before it is over."""
        with self._lock:
            task, self._waiting, self._course = self._waiting, None, None
            if task is None:
                return None
            self._course = RemoteCourse(task.id, self._client, self._stop)
            return task, self._course

    def leave(self) -> None:
        """The port is let go."""
        self._note(self._offline("", ""))

    # --- for the line to the server

    @property
    def report(self) -> dict[str, Any]:
        """How the machine is."""
        with self._lock:
            return self._state

    @property
    def job_id(self) -> str | None:
        """The job that it has, or will have in a moment."""
        with self._lock:
            if self._waiting is not None:
                return self._waiting.id
            return self._course.job_id if self._course is not None else None

    @property
    def unwanted(self) -> str | None:
        """The job of which the machine knows already that it is not wanted any more."""
        with self._lock:
            return self._course.job_id if self._course is not None and self._course.is_unwanted else None

    def give(self, task: Task) -> None:
        """A new task."""
        with self._lock:
            if self._course is None or self._course.job_id != task.id:
                self._waiting = task

    def cancel(self, job_id: str) -> None:
        """Somebody does not want the job any more."""
        with self._lock:
            if self._course is not None and self._course.job_id == job_id:
                self._course.is_unwanted = True

    def _note(self, state: dict[str, Any]) -> None:
        with self._lock:
            is_news, self._state = self._state != state, state
        if is_news:
            self._on_news()

    def _offline(self, code: str, text: str) -> dict[str, Any]:
        return {"id": self._id, "driver": "", "identity": None, "errorCode": code, "errorText": text[:200]}


class RemoteCourse:
    """One job of the server; see `pms.devices.task.Course`.

    Before the first byte a step that cannot be told for long ends the task, with the card as it was. What became of the
    card is told for as long as it takes.
    """

    def __init__(self, job_id: str, client: Client, stop: threading.Event) -> None:
        self.job_id = job_id
        self.is_unwanted = False
        self._client = client
        self._stop = stop

    def is_cancelled(self) -> bool:
        """Whether the server said so."""
        return self.is_unwanted

    def card_keys(self, presence: CardPresence) -> CardKeys:
        """The sector keys of this very card."""
        found = self._ask("keys", wire.presence_to_json(presence))
        if not found:
            return CardKeys(_no_key, _no_key, 0)
        return wire.keys_from_json(found, presence.uid)

    def card_seen(self, presence: CardPresence, content: CardContent) -> WritePlan | None:
        """What to write."""
        answer = self._ask("seen", wire.content_to_json(content) | wire.presence_to_json(presence))
        if "refused" in answer:
            raise CardRefused(answer["refused"], **answer["details"])
        if "takeAway" in answer:
            raise TakeAway
        return wire.plan_from_json(answer["plan"])

    def hint(self, text: str | None, uid: str | None) -> None:
        """Tell the page what the person should do."""
        self._tell_aside("hint", {"hint": text, "uid": uid})

    def writing(self, presence: CardPresence) -> None:
        """The next thing is the first byte. What may have begun to count as written must be known, one way or the other."""
        if not self._ask("writing", wire.presence_to_json(presence))["goOn"]:
            raise NotWanted

    def checking(self) -> None:
        """Everything is written; `written` says so, too."""
        self._tell_aside("checking", {})

    def written(self, content: CardContent) -> None:
        """Written or erased, and read back."""
        self._tell("written", wire.content_to_json(content))

    def read(self, content: CardContent) -> None:
        """The card was read."""
        self._tell("read", wire.content_to_json(content))

    def identified(self, presence: CardPresence) -> None:
        """This card lies there, and the server may have a use for it."""
        answer = self._ask("identified", wire.presence_to_json(presence))
        if "refused" in answer:
            raise CardRefused(answer["refused"], **answer["details"])

    def signalled(self, *, has_lamp: bool) -> None:
        """The machine has blinked, or only answered."""
        self._tell("signalled", {"hasLamp": has_lamp})

    def finger_step(self, step: FingerStep) -> None:
        """What the person at the module should do."""
        self._tell_aside("finger-step", wire.step_to_json(step))

    def finger_taken(self, template: FingerTemplate) -> None:
        """The finger's template."""
        self._tell("finger-taken", wire.template_to_json(template))

    def failed(self, code: str, details: dict[str, Any] | None = None) -> None:
        """No byte was written."""
        self._tell("failed", {"code": code, "details": details})

    def cancelled(self) -> None:
        """Broken off, and no byte was written."""
        self._tell("cancelled", {})

    def uncertain(self, code: str) -> None:
        """Nobody knows what the card holds."""
        self._tell("uncertain", {"code": code})

    def _ask(self, step: str, body: dict[str, Any]) -> Any:
        """A step before the first byte; NotWanted where the server does not want the job any more."""
        try:
            return self._client.call(self._path(step), body, patience=BEFORE_WRITING, stop=self._stop)
        except Refused as refusal:
            _log.info("job %s is not wanted any more: %s", self.job_id, refusal)
            raise NotWanted from refusal

    def _tell(self, step: str, body: dict[str, Any]) -> None:
        """What is so; told until it is heard. The server may have decided meanwhile what the job came to.

        What goes wrong in the server is tried a few times more: it may have been its database, for a moment.
        """
        for pause in (*FAULT_PAUSES, None):
            try:
                self._client.call(self._path(step), body, patience=None, stop=self._stop)
            except Refused as refusal:
                if refusal.is_fault and pause is not None and not self._stop.wait(pause):
                    continue
                _log.warning("the server did not take “%s” of job %s: %s", step, self.job_id, refusal)
                if step not in _ENDS:
                    # Else it would be asked for again, for ever.
                    self._tell_aside("failed", {"code": "internal"})
            except ServerAway:
                # The program ends: once more, and then the server finds out for itself.
                self._tell_aside(step, body)
            return

    def _tell_aside(self, step: str, body: dict[str, Any]) -> None:
        """What is good to know, and nothing hangs on."""
        try:
            self._client.call(self._path(step), body, patience=_ASIDE)
        except (Refused, ServerAway) as fault:
            _log.info("“%s” of job %s was not told: %s", step, self.job_id, fault)

    def _path(self, step: str) -> str:
        return f"jobs/{self.job_id}/{step}"


def _no_key(_uid: bytes, _unit: int) -> bytes:
    raise KeyError("a card without sectors has no sector keys")
