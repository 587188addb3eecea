"""Fingerprints at card machines as programs ask for them. The template itself is nobody's to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from pms.core.errors import NotFound
from pms.credentials import queries
from pms.credentials.models import Finger
from pms.encoders.schemas import Job, JobId, write_job
from pms.web.wire import Id, RequestId, Wire

if TYPE_CHECKING:
    from pms.encoders.models import EncoderJob

_Locks = Annotated[list[Id], Field(max_length=20)]


class StartFingerprint(Wire):
    """Whose finger is to be taken, and that they agree to it: either the guest of a stay or somebody who works here."""

    stay_id: Id | None = None
    account_id: Id | None = Field(
        default=None, alias="userId", description="Somebody who works here; needs the right `accounts:edit`, too."
    )
    agreed: bool = Field(description="The person was asked and agrees. Nothing is taken without it.", examples=[True])
    finger: Finger = Field(default=Finger.RIGHT_INDEX, strict=False)
    encoder_id: Id = Field(alias="machineId")
    lock_ids: _Locks = Field(default=[], description="The locks to which it is sent once it is taken.")
    request_id: RequestId | None = None


class StopFingerprint(Wire):
    """The capture to be stopped."""

    batch_id: RequestId


class SyncFingerprint(Wire):
    """A fingerprint that was taken, and the locks that should know it."""

    fingerprint_id: Id
    lock_ids: Annotated[_Locks, Field(min_length=1)]


class Capture(Wire):
    """A finger that is being taken, or was."""

    fingerprint_id: Id
    batch_id: JobId
    state: str = Field(description="capturing, stored, not_taken or destroyed.", examples=["capturing"])
    job: Job


def write_capture(job: EncoderJob) -> Capture:
    """The capture as a program sees it."""
    row = queries.find_by_job(job.id)
    if row is None:
        raise NotFound
    return Capture(fingerprint_id=row.id, batch_id=job.batch_id, state=row.state.value, job=write_job(job))
