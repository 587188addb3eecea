"""Card machines and their jobs as programs see them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Annotated

from flask_babel import gettext as _
from pydantic import Field, StringConstraints

from pms.core import clock
from pms.encoders import answers, rules
from pms.encoders.models import JobState
from pms.encoders.words import error_words
from pms.web.wire import HouseTime, Id, Line, RequestId, Wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pms.encoders.models import Encoder, EncoderJob, FoundPort

JobId = Annotated[str, StringConstraints(pattern="^[0-9a-f-]{36}$")]


class _Place(Wire):
    name: Annotated[Line, StringConstraints(min_length=1, max_length=rules.MAX_NAME)] = Field(examples=["Front desk 1"])
    url: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(
        description="The port: a path such as /dev/ttyUSB0 or COM3, `socket://host:port`, or `pcsc://reader`.",
        examples=["/dev/ttyUSB0"],
    )
    driver: Annotated[Line, StringConstraints(max_length=20)] = Field(
        default="", description="The make; empty: whoever owns the port finds out.", examples=["machine"]
    )
    encoder_id: Id | None = Field(
        default=None,
        alias="machineId",
        description="A machine that is known already and is bound anew; without it a machine is added.",
    )
    request_id: RequestId | None = None


class BindLocal(_Place):
    """A machine on a port of the server."""


class BindAgent(_Place):
    """A machine on a port of the computer at another desk, whose agent owns it."""

    agent_id: Id = Field(alias="deskId")


class ChosenMachine(Wire):
    """A machine."""

    encoder_id: Id = Field(alias="machineId")


class Machine(Wire):
    """A card-issuing machine, and how it is."""

    machine_id: Id
    name: str = Field(examples=["Front desk 1"])
    driver: str = Field(description="The make; empty while nobody has found out.", examples=["machine"])
    url: str | None = Field(
        description="The port; null: bound to none, so nobody can use it.", examples=["/dev/ttyUSB0"]
    )
    desk_id: Id | None = Field(description="The desk whose agent owns the port; null: the server.")
    is_online: bool
    error: str | None = Field(description="Why it does not answer, in the caller's language.")
    model: str
    firmware: str
    serial_number: str
    takes_cards: bool
    takes_fingers: bool
    open_jobs: Annotated[int, Field(ge=0)] = Field(description="How many jobs it has, waiting or under way.")
    create_time: HouseTime


class Port(Wire):
    """A port at which no machine is bound, and who answered there when somebody asked."""

    url: str = Field(examples=["/dev/ttyUSB0"])
    desk_id: Id | None = Field(description="The desk that has the port; null: the server.")
    description: str
    driver: str | None = Field(description="The make that answered; null: none did, or nobody asked.")
    model: str
    serial_number: str


class Job(Wire):
    """What a machine is asked to do with one card or finger. Ask again until `isFinal`."""

    job_id: JobId = Field(examples=["7a55f3c0-9ef2-5c0e-8f5b-0d9b1b0f2c11"])
    batch_id: JobId = Field(description="Jobs that were asked for together; it is the request's id.")
    position: Annotated[int, Field(ge=1)]
    size: Annotated[int, Field(ge=1)] = Field(description="How many jobs the batch has.")
    machine_id: Id
    machine_name: str
    kind: str = Field(description="write, read, erase, signal, staff, finger or online.", examples=["write"])
    state: str = Field(
        description="queued, waiting (for a card or finger), writing, checking; then done, failed (the card is as it was), "
        "cancelled, or unknown (nobody knows what the card holds).",
        examples=["waiting"],
    )
    is_final: bool
    is_stopping: bool = Field(description="Somebody asked for its end, and the machine has not heard of it yet.")
    step: str | None = Field(
        description="What to do at the machine: `take_away` a finished card; `put`, `lift`, `got` or `poor` for a finger."
    )
    seconds_left: Annotated[int, Field(ge=0)] = Field(
        description="How long the machine will wait for the card or finger."
    )
    card_uid: str | None = Field(description="The card that lies there, in hexadecimal.", examples=["04A1B2C3D4E5F6"])
    error: str | None = Field(description="Why it ended without being done, as one word.", examples=["timeout"])
    error_text: str | None = Field(description="The same as a sentence in the caller's language.")
    create_time: HouseTime
    end_time: HouseTime | None


class Jobs(Wire):
    """Jobs that were asked for together, in order."""

    batch_id: JobId
    jobs: list[Job]


def write_machine(machine: Encoder, open_jobs: int) -> Machine:
    """The machine as a program sees it."""
    return Machine(
        machine_id=machine.id,
        name=machine.name,
        driver=machine.driver,
        url=machine.url,
        desk_id=machine.agent_id,
        is_online=machine.is_bound and machine.is_ready,
        error=_(error_words(machine.error_code)) if machine.error_code else None,
        model=machine.model,
        firmware=machine.firmware,
        serial_number=machine.serial_number,
        takes_cards=machine.takes_cards,
        takes_fingers=machine.takes_fingers,
        open_jobs=open_jobs,
        create_time=machine.created_at,
    )


def write_port(port: FoundPort) -> Port:
    """The port as a program sees it."""
    return Port(
        url=port.url,
        desk_id=port.agent_id,
        description=port.description,
        driver=port.driver,
        model=port.model,
        serial_number=port.serial_number,
    )


def write_job(job: EncoderJob) -> Job:
    """The job as a program sees it: nothing of what the card holds."""
    step = (job.result or {}).get("hint") or (job.result or {}).get("stage")
    has_failed = job.state.is_final and job.state is not JobState.DONE
    return Job(
        job_id=job.id,
        batch_id=job.batch_id,
        position=job.batch_position,
        size=job.batch_size,
        machine_id=job.encoder_id,
        machine_name=job.encoder.name,
        kind=job.kind.value,
        state=job.state.value,
        is_final=job.state.is_final,
        is_stopping=job.is_cancel_requested and not job.state.is_final,
        step=str(step) if step and not job.state.is_final else None,
        seconds_left=0 if job.state.is_final else rules.seconds_left(job.deadline_at, clock.now()),
        card_uid=job.card_uid.upper() if job.card_uid else None,
        error=job.error_code if has_failed else None,
        error_text=_(answers.why(job)) if has_failed else None,
        create_time=job.created_at,
        end_time=job.finished_at,
    )


def write_jobs(jobs: Sequence[EncoderJob]) -> Jobs:
    """A batch as a program sees it."""
    return Jobs(batch_id=jobs[0].batch_id, jobs=[write_job(job) for job in jobs])


def id_of(request_id: str | None) -> str:
    """The id of a request; its own where the caller gave none."""
    return request_id or str(uuid.uuid4())
