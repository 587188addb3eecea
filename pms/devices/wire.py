"""What a desk's agent and the server tell each other about cards, fingers and machines: JSON values and back.

Both ends use this file, so the forms live once. Bytes are hex. Reading raises `ValueError`, `KeyError` or `TypeError` for
what makes no sense; whoever reads turns them into its refusal.
"""

from __future__ import annotations

from typing import Any

from pms.protocol.card_layout import MAX_UNITS, UNIT_SIZE, Medium
from pms.protocol.encoder_line import Capability

from .card_content import CardContent, CardKeys, KeyOf, UnitState
from .encoder import CardPresence, EncoderIdentity, FingerStage, FingerStep, FingerTemplate
from .task import Task, TaskKind, WritePlan

Json = dict[str, Any]

_UID_SIZES = (4, 7, 10)
_MAX_TEMPLATE = 16_384


def presence_to_json(presence: CardPresence) -> Json:
    """The card that lies there."""
    return {"uid": presence.uid.hex(), "medium": presence.medium.name}


def presence_from_json(value: Json) -> CardPresence:
    """And back."""
    uid = bytes.fromhex(value["uid"])
    if len(uid) not in _UID_SIZES:
        raise ValueError(f"a UID of {len(uid)} bytes")
    return CardPresence(uid, Medium[value["medium"]])


def content_to_json(content: CardContent) -> Json:
    """All units of a card."""
    return {
        "uid": content.uid.hex(),
        "medium": content.medium.name,
        "units": [unit.hex() if unit is not None else None for unit in content.units],
        "states": [state.value for state in content.states],
        "versions": list(content.versions),
    }


def content_from_json(value: Json) -> CardContent:
    """And back."""
    presence = presence_from_json(value)
    units = tuple(None if unit is None else _unit(unit) for unit in value["units"])
    states = tuple(UnitState(state) for state in value["states"])
    versions = tuple(None if version is None else int(version) for version in value["versions"])
    if not len(units) == len(states) == len(versions) <= MAX_UNITS:
        raise ValueError("units, states and versions belong together")
    return CardContent(presence.uid, presence.medium, units, states, versions)


def keys_to_json(keys: CardKeys, uid: bytes) -> list[Json]:
    """The sector keys of one card, newest version first. They open no other card."""
    units = range(1, MAX_UNITS + 1)
    return [
        {
            "version": version.version,
            "a": [version.key_a(uid, unit).hex() for unit in units],
            "b": [version.key_b(uid, unit).hex() for unit in units],
        }
        for version in (keys, *keys.older)
    ]


def keys_from_json(value: list[Json], uid: bytes) -> CardKeys:
    """The keys as the card's writer takes them; `KeyError` when used for another card."""
    versions = [CardKeys(_table(item["a"], uid), _table(item["b"], uid), int(item["version"])) for item in value]
    newest = versions[0]
    return CardKeys(newest.key_a, newest.key_b, newest.version, tuple(versions[1:]))


def _table(keys: list[str], uid: bytes) -> KeyOf:
    table = {(uid, unit): bytes.fromhex(key) for unit, key in enumerate(keys, 1)}
    return lambda card, unit: table[card, unit]


def plan_to_json(plan: WritePlan | None) -> Json | None:
    """What the card is to hold; None: nothing."""
    if plan is None:
        return None
    return {"units": {str(unit): content.hex() for unit, content in plan.units.items()}, "mainSlot": plan.main_slot}


def plan_from_json(value: Json | None) -> WritePlan | None:
    """And back."""
    if value is None:
        return None
    return WritePlan({int(unit): _unit(content) for unit, content in value["units"].items()}, value["mainSlot"])


def task_to_json(task: Task) -> Json:
    """A task."""
    return {"id": task.id, "kind": task.kind.value, "seconds": task.seconds, "doneUids": sorted(task.done_uids)}


def task_from_json(value: Json) -> Task:
    """And back."""
    return Task(str(value["id"]), TaskKind(value["kind"]), float(value["seconds"]), frozenset(value["doneUids"]))


def identity_to_json(identity: EncoderIdentity) -> Json:
    """A name plate."""
    return {
        "serialNumber": identity.serial_number,
        "model": identity.model,
        "firmware": identity.firmware,
        "capabilities": identity.capabilities.value,
    }


def identity_from_json(value: Json) -> EncoderIdentity:
    """And back."""
    return EncoderIdentity(
        str(value["serialNumber"]),
        str(value["model"]),
        str(value["firmware"]),
        Capability(int(value["capabilities"])),
    )


def step_to_json(step: FingerStep) -> Json:
    """What the person at the fingerprint module should do."""
    return {"stage": step.stage.value, "sample": step.sample, "samples": step.samples, "quality": step.quality}


def step_from_json(value: Json) -> FingerStep:
    """And back."""
    quality = value["quality"]
    return FingerStep(
        FingerStage(value["stage"]),
        int(value["sample"]),
        int(value["samples"]),
        None if quality is None else int(quality),
    )


def template_to_json(template: FingerTemplate) -> Json:
    """A finger's template."""
    return {"format": template.format, "model": template.model, "content": template.content.hex()}


def template_from_json(value: Json) -> FingerTemplate:
    """And back."""
    content = bytes.fromhex(value["content"])
    if not 0 < len(content) <= _MAX_TEMPLATE:
        raise ValueError(f"a template of {len(content)} bytes")
    return FingerTemplate(str(value["format"])[:20], str(value["model"])[:40], content)


def _unit(text: str) -> bytes:
    unit = bytes.fromhex(text)
    if len(unit) != UNIT_SIZE:
        raise ValueError(f"a unit of {len(unit)} bytes")
    return unit
