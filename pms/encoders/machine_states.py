"""What the owners of ports find: machines that answer or do not, ports that exist, who answered at one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.audit import service as audit
from pms.core.db import insert_into, transaction
from pms.core.ids import new_id
from pms.encoders import queries
from pms.encoders.models import Encoder, EncoderState, FoundPort

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor
    from pms.devices.discovery import FoundPort as Port
    from pms.devices.encoder import EncoderIdentity


def note_ready(*, encoder_id: int, driver: str, identity: EncoderIdentity, actor: Actor, now: datetime) -> None:
    """The machine answers; put into the audit trail only when it is news."""
    with transaction() as session:
        machine = _find(session, encoder_id)
        if machine is None:
            return
        machine.driver, machine.model, machine.firmware = driver, identity.model[:40], identity.firmware[:40]
        machine.serial_number = identity.serial_number[:16]
        machine.capabilities = identity.capabilities.value
        machine.error_code, machine.error_text = None, ""
        _go(machine, EncoderState.READY, actor, now)


def note_offline(*, encoder_id: int, code: str, text: str, actor: Actor, now: datetime) -> None:
    """The machine does not answer, and why (`code` empty: its port was let go)."""
    with transaction() as session:
        machine = _find(session, encoder_id)
        if machine is None:
            return
        machine.error_code, machine.error_text = code or None, text[:200]
        _go(machine, EncoderState.OFFLINE, actor, now)


def note_ports(*, agent_id: int | None, ports: Sequence[Port], now: datetime) -> None:
    """The ports that a computer has at this moment; those that vanished are forgotten with what answered there."""
    with transaction() as session:
        known = {row.url: row for row in queries.found_ports(agent_id)}
        for port in ports:
            row = known.pop(port.url, None)
            if row is None:
                values = {"id": new_id(), "agent_id": agent_id, "url": port.url[:200], "seen_at": now}
                session.execute(
                    insert_into(FoundPort)
                    .values(description=port.description[:120], model="", serial_number="", firmware="", **values)
                    .on_conflict_do_nothing()
                )
            elif row.description != port.description[:120]:
                row.description = port.description[:120]
        for gone in known.values():
            session.delete(gone)


def take_questions(*, agent_id: int | None) -> list[str]:
    """The ports at which somebody wants to know who is there, each handed out once."""
    if not any(row.asked_at is not None for row in queries.found_ports(agent_id)):
        return []
    with transaction():
        asked = [row for row in queries.found_ports(agent_id) if row.asked_at is not None]
        for row in asked:
            row.asked_at = None
        return [row.url for row in asked]


def note_answer(
    *,
    agent_id: int | None,
    url: str,
    driver: str | None,
    identity: EncoderIdentity | None,
    error_code: str | None,
    now: datetime,
) -> None:
    """Who answered at a port, or why nobody did."""
    with transaction():
        for row in queries.found_ports(agent_id):
            if row.url == url:
                row.answered_at, row.driver, row.error_code = now, driver, error_code
                row.model = identity.model[:40] if identity else ""
                row.serial_number = identity.serial_number[:16] if identity else ""
                row.firmware = identity.firmware[:40] if identity else ""


def _find(session: Session, encoder_id: int) -> Encoder | None:
    return session.scalars(sa.select(Encoder).where(Encoder.id == encoder_id)).one_or_none()


def _go(machine: Encoder, state: EncoderState, actor: Actor, now: datetime) -> None:
    if machine.state is state:
        return
    before = {"state": machine.state.value}
    machine.state, machine.state_at = state, now
    audit.record(
        actor=actor,
        action=f"encoders.{state.value}",
        subject=audit.Subject(kind="encoder", id=machine.id, label=machine.name),
        now=now,
        before=before,
        after={"state": state.value},
    )
