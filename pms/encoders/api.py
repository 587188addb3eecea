"""Card machines for programs: which there are, bound to ports and let go, and the state of what they were asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.core import clock
from pms.core.errors import NotFound
from pms.encoders import agent_api, queries, rules, schemas, service
from pms.encoders.blueprint import api_blueprint as blueprint
from pms.web import login
from pms.web.operations import Listed, operation

if TYPE_CHECKING:
    from pms.encoders.models import Encoder

__all__ = ["agent_api", "blueprint"]

_TAG = "Card-issuing machine"
_BIND = (
    rules.BadName,
    rules.BadUrl,
    rules.BadDriver,
    rules.RequestUsed,
    queries.NoSuchMachine,
    service.MachineExists,
)


@blueprint.get("/cardMachines")
@operation(None, "encoders:view", tag=_TAG, gives=schemas.Machine, is_list=True)
def list_machines() -> Listed:
    """All card-issuing machines, and how each is."""
    machines, open_jobs = queries.list_encoders(), queries.count_open_by_machine()
    rows = [schemas.write_machine(machine, open_jobs.get(machine.id, 0)) for machine in machines]
    return Listed(rows, total=len(rows))


@blueprint.get("/cardMachines/ports")
@operation(None, "encoders:edit", tag=_TAG, gives=schemas.Port, is_list=True)
def list_ports() -> Listed:
    """The ports of the server and of the desks at which no machine is bound."""
    rows = [schemas.write_port(port) for port in queries.free_ports()]
    return Listed(rows, total=len(rows))


@blueprint.get("/cardMachines/jobs/<job_id>")
@operation(None, "encoders:view", tag=_TAG, gives=schemas.Job, refuses=(NotFound,))
def job(job_id: str) -> schemas.Job:
    """What became of a job."""
    return schemas.write_job(queries.get_job(job_id))


@blueprint.post("/cardMachines/bindLocal")
@operation(67, "encoders:edit", tag=_TAG, body=schemas.BindLocal, gives=schemas.Machine, refuses=_BIND)
def bind_local(body: schemas.BindLocal) -> schemas.Machine:
    """Bind, method 1: a machine on a port of the server.

    Whoever owns the port opens it within a second; ask for the list of machines to see whether it answers.
    """
    return _bind(body, None)


@blueprint.post("/cardMachines/bindAgent")
@operation(
    76,
    "encoders:edit",
    tag=_TAG,
    body=schemas.BindAgent,
    gives=schemas.Machine,
    refuses=(*_BIND, queries.NoSuchAgent),
)
def bind_agent(body: schemas.BindAgent) -> schemas.Machine:
    """Bind, method 2: a machine at another desk, reached through the agent there.

    The agent opens the port as soon as it hears of it, also one that is away just now.
    """
    return _bind(body, body.agent_id)


@blueprint.post("/cardMachines/unbind")
@operation(
    75,
    "encoders:edit",
    tag=_TAG,
    body=schemas.ChosenMachine,
    gives=schemas.Machine,
    refuses=(queries.NoSuchMachine,),
)
def unbind(body: schemas.ChosenMachine) -> schemas.Machine:
    """Unbind a machine from its port.

    It stays in the list, and can be bound again. Jobs that wait for it fail; a card that is being written is finished.
    """
    service.unbind_encoder(encoder_id=body.encoder_id, actor=login.actor(), now=clock.now())
    return _write(queries.get_encoder(body.encoder_id))


@blueprint.post("/cardMachines/delete")
@operation(68, "encoders:edit", tag=_TAG, body=schemas.ChosenMachine, refuses=(queries.NoSuchMachine,))
def delete(body: schemas.ChosenMachine) -> None:
    """Delete a machine.

    What it has done stays on record.
    """
    service.delete_encoder(encoder_id=body.encoder_id, actor=login.actor(), now=clock.now())


def _bind(body: schemas.BindLocal | schemas.BindAgent, agent_id: int | None) -> schemas.Machine:
    if body.encoder_id is not None:
        machine = service.change_encoder(
            encoder_id=body.encoder_id,
            name=body.name,
            url=body.url,
            driver=body.driver,
            agent_id=agent_id,
            actor=login.actor(),
            now=clock.now(),
        )
    else:
        machine = service.add_encoder(
            name=body.name,
            url=body.url,
            driver=body.driver,
            agent_id=agent_id,
            request_id=body.request_id,
            actor=login.actor(),
            now=clock.now(),
        )
    return _write(machine)


def _write(machine: Encoder) -> schemas.Machine:
    return schemas.write_machine(machine, queries.count_open(machine.id))
