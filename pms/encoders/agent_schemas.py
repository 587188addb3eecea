"""What a desk's agent sends and hears, field by field. The forms of cards and fingers are `pms.devices.wire`'s."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pms.core.ids import read_id
from pms.devices import wire
from pms.devices.discovery import FoundPort
from pms.encoders.desk_service import Answered, MachineReport, Orders

MAX_BYTES = 64 * 1024
_MOST = 64
"""Machines, ports or jobs at one desk."""


class Malformed(ValueError):
    """The body is not what this call takes."""


def text(body: dict[str, Any], name: str, most: int = 80) -> str:
    """A text of at most `most` characters."""
    value = body.get(name)
    if not isinstance(value, str) or len(value) > most:
        raise Malformed(name)
    return value


def texts(body: dict[str, Any], name: str) -> set[str]:
    """A list of short texts."""
    found = _list(body, name)
    if not all(isinstance(value, str) and len(value) <= 40 for value in found):
        raise Malformed(name)
    return set(found)


@dataclass(frozen=True, slots=True)
class Report:
    """What an agent has seen."""

    ports: list[FoundPort]
    machines: list[MachineReport]
    answers: list[Answered]


def read_report(body: dict[str, Any]) -> Report:
    """Malformed for anything else."""
    try:
        return Report(
            [FoundPort(text(port, "url", 200), text(port, "description", 200)) for port in _list(body, "ports")],
            [_machine(machine) for machine in _list(body, "machines")],
            [_answer(found) for found in _list(body, "answers")],
        )
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise Malformed(str(fault)) from fault


def write_orders(orders: Orders) -> dict[str, Any]:
    """Orders as the agent reads them."""
    return {
        "machines": [
            {"id": str(machine.id), "name": machine.name, "driver": machine.driver, "url": machine.url}
            for machine in orders.machines
        ],
        "tasks": [
            {"encoderId": str(encoder_id), **wire.task_to_json(task)} for encoder_id, task in orders.tasks.items()
        ],
        "cancelled": orders.cancelled,
        "questions": orders.questions,
    }


def _machine(value: dict[str, Any]) -> MachineReport:
    identity = value["identity"]
    return MachineReport(
        read_id(value["id"]) or 0,
        text(value, "driver", 20),
        wire.identity_from_json(identity) if identity is not None else None,
        text(value, "errorCode", 40),
        text(value, "errorText", 400),
    )


def _answer(value: dict[str, Any]) -> Answered:
    identity = value["identity"]
    return Answered(
        text(value, "url", 200),
        text(value, "driver", 20) if identity is not None else None,
        wire.identity_from_json(identity) if identity is not None else None,
        text(value, "errorCode", 40) or None,
    )


def _list(body: dict[str, Any], name: str) -> list[Any]:
    value = body.get(name)
    if not isinstance(value, list) or len(value) > _MOST:
        raise Malformed(name)
    return value
