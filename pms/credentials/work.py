"""What the machines tell about fingerprints."""

# ruff: noqa: ARG002 - the signatures are those of `encoders.answers`

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.core.actor import Actor
from pms.credentials import service
from pms.credentials.words import REFUSALS
from pms.encoders.answers import register
from pms.encoders.models import JobKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pms.devices.encoder import FingerTemplate
    from pms.encoders.models import EncoderJob


def install() -> None:
    """Keep what modules take (once, when the application is made)."""
    register(JobKind.FINGER, TakenFingers())


class TakenFingers:
    """Answers the machines' jobs."""

    refusals: Mapping[str, str] = REFUSALS

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
