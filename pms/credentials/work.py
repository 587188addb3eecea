"""What the machines and the locks tell about fingerprints."""

# ruff: noqa: ARG002 - the signatures are those of `encoders.answers` and `lock_commands.answers`

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.core.actor import Actor
from pms.credentials import service
from pms.encoders.answers import register as register_job
from pms.encoders.models import JobKind
from pms.lock_commands.answers import Asker
from pms.lock_commands.answers import register as register_asker

if TYPE_CHECKING:
    from datetime import datetime

    from pms.devices.encoder import FingerTemplate
    from pms.encoders.models import EncoderJob
    from pms.lock_commands.models import LockCommand
    from pms.protocol.command import LockAnswer


def install() -> None:
    """Keep what modules take and locks answer (once, when the application is made)."""
    register_job(JobKind.FINGER, TakenFingers())
    register_asker(service.SUBJECT, StoredFingers())


class TakenFingers:
    """Answers the machines' jobs."""

    def taken(self, job: EncoderJob, template: FingerTemplate, now: datetime) -> None:
        """The template has arrived, whole."""
        actor = Actor(
            kind="account" if job.requested_by else "port",
            name=job.actor_name,
            account_id=job.requested_by,
            address=job.address,
        )
        service.keep(job_id=job.id, template=template, actor=actor, now=now)

    def untouched(self, job: EncoderJob, code: str, now: datetime) -> None:
        """The finger was not taken."""
        service.give_up(job_id=job.id, now=now)


class StoredFingers(Asker):
    """Hears what became of commands to locks."""

    def sent(self, command: LockCommand, now: datetime) -> None:
        """The lock may know the finger from now on."""
        service.command_sent(place_id=command.subject_id)

    def answered(self, command: LockCommand, answer: LockAnswer, actor: Actor, now: datetime) -> None:
        """What the lock said."""
        service.command_answered(
            place_id=command.subject_id, command=command.command, status=answer.status, actor=actor, now=now
        )
