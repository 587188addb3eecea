"""Replays files of protocol examples, scripts for a whole lock among them: what `check-vectors` and the tests run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pms.protocol import kdf
from pms.protocol.card import Audience
from pms.protocol.command import DeleteUser, Denied, IssueFloor, Operate, Operation, Payload, decode_answer
from pms.protocol.errors import ProtocolError
from pms.protocol.frame import Direction, Frame, open_frame, seal_frame
from pms.protocol.replay import CASES, Case, Mismatch, Replay, expect, replay_encode, run_case, unhex

from .lock import Answer, KeySet, LockState, VirtualLock
from .lock.state import hour_age

_OWN_LISTS = ("cases", "encode", "scripts")


@dataclass(slots=True)
class FileOutcome:
    """How a file went: names of the cases that passed, and what was wrong with the others."""

    name: str
    passed: int = 0
    failures: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.name}: {self.passed} passed, {len(self.failures)} failed"


def replay_folder(folder: Path) -> list[FileOutcome]:
    """Replay every JSON file in a folder, by name."""
    return [replay_file(path) for path in sorted(folder.glob("*.json"))]


def replay_file(path: Path) -> FileOutcome:
    """Replay one file. A file that is none of ours, or a case of unknown kind, is a failure."""
    outcome = FileOutcome(path.name)
    try:
        cases = list(list_cases(json.loads(path.read_bytes())))
    except (ValueError, AttributeError, TypeError):
        outcome.failures.append("the file is not of a known kind")
        return outcome
    if not cases:
        outcome.failures.append("the file holds no case of a known kind")
    for name, replay, case in cases:
        fault = find_fault(replay, case)
        if fault:
            outcome.failures.append(f"{name}: {fault}")
        else:
            outcome.passed += 1
    return outcome


def list_cases(content: Mapping[str, Any]) -> Iterator[tuple[str, Replay | None, Case]]:
    """Name, replay (None if the kind is unknown) and content of every case of a file."""
    for case in content.get("cases", ()):
        yield case.get("name", "?"), _CASES.get(case.get("kind", "")), case
    for case in content.get("encode", ()):
        yield case.get("name", "?"), replay_encode, case
    for case in content.get("scripts", ()):
        yield case.get("name", "?"), replay_script, case
    for name in content:
        if name not in _OWN_LISTS:
            yield name, None, {}


def find_fault(replay: Replay | None, case: Case) -> str:
    """What is wrong with a case; empty if it goes as it says."""
    if replay is None:
        return "a kind that is not known"
    try:
        run_case(replay, case)
    except Mismatch as fault:
        return str(fault)
    except ProtocolError as fault:
        return f"refused: {fault}"
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        return f"not of the known shape ({type(fault).__name__}: {fault})"
    return ""


def lock_of(fields: Case) -> VirtualLock:
    """The virtual lock in the state that a lock object describes."""
    keys = [
        KeySet(
            each["version"],
            unhex(each["door_key"]),
            unhex(each["pk_staff"]),
            {area["id"]: unhex(area["key"]) for area in each["areas"]},
        )
        for each in fields.get("keys", ())
    ]
    state = LockState(
        sn=unhex(fields["sn"]),
        mac=unhex(fields["mac"]),
        lock_keys=unhex(fields["lock_keys"]),
        server_keys=fields["server_keys"],
        version=fields.get("version", 8),
        is_bound=fields.get("bound", True),
        bound_version=fields.get("version", 8),
        door_id=fields.get("door_id", 0),
        keys=keys,
        scopes=list(fields.get("scopes", ())),
        tz_quarters=fields.get("tz_quarters", 0),
        checkout_hour=fields.get("checkout_hour", 12),
        clock_lost=fields.get("clock_lost", False),
        privacy=fields.get("privacy", False),
        door_issue=fields.get("door_issue", 0),
        scope_issues={scope["id"]: scope["issue"] for scope in fields.get("scope_issues", ())},
        deny={entry["id"]: entry["until"] for entry in fields.get("deny", ())},
        used_one_shots={entry["id"]: entry["until"] for entry in fields.get("used_one_shots", ())},
        epoch=fields.get("epoch", 0),
        floor=fields.get("floor", 0),
        used_singles=[(entry["hour"], entry["index"]) for entry in fields.get("used_singles", ())],
        revoked=set(fields.get("revoked", ())),
        last_counter=fields.get("last", 0),
    )
    return VirtualLock(state)


def snapshot(state: LockState, at: int) -> dict[str, Any]:
    """The state in the words of the examples, without entries that are no longer in force at `at`."""

    def in_force(entries: dict[int, int]) -> list[dict[str, int]]:
        return [{"id": key, "until": until} for key, until in sorted(entries.items()) if at <= until + 900]

    return {
        "bound": state.is_bound,
        "door_issue": state.door_issue,
        "scope_issues": [{"id": scope, "issue": state.scope_issues.get(scope, 0)} for scope in sorted(state.scopes)],
        "floor": state.floor,
        "epoch": state.epoch,
        "deny": in_force(state.deny),
        "used_one_shots": in_force(state.used_one_shots),
        "used_singles": [
            {"hour": hour, "index": index}
            for hour, index in sorted(state.used_singles)
            if hour_age(hour, at) <= 25 * 3600
        ],
        "revoked": sorted(state.revoked),
        "shut_until": state.shut_until if at < state.shut_until else 0,
        "privacy": state.privacy,
        "clock_lost": state.clock_lost,
        "tz_quarters": state.tz_quarters,
        "checkout_hour": state.checkout_hour,
        "last_counter": state.last_counter,
        "door_id": state.door_id,
        "scopes": list(state.scopes),
    }


def _compare_after(state: LockState, after: Case, at: int) -> None:
    ours = snapshot(state, at)
    for name, theirs in after.items():
        if name not in ours:
            raise Mismatch(f"after: {name} is not known")
        expect(f"after, {name}", ours[name], _sorted(theirs))


def _sorted(value: Any) -> Any:
    """Lists of objects in the order of our own."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return sorted(value, key=lambda entry: tuple(entry.values()))
    return value


# --- scripts


def replay_script(script: Case) -> None:
    """Cards, codes, deadbolt and commands, one after another, at one lock."""
    lock = lock_of(script["lock"])
    at = 0
    for number, step in enumerate(script["steps"], 1):
        at = step["at"]
        _play(lock, step, at, f"step {number}")
    _compare_after(lock.state, script.get("after", {}), at)


def _play(lock: VirtualLock, step: Case, at: int, where: str) -> None:
    if "present" in step:
        card = step["present"]
        units = [unhex(unit) if unit else bytes(48) for unit in card["units"]]
        _compare(lock, lock.present(unhex(card["uid"]), units, at), step, "credential_id", where)
    elif "type" in step:
        _compare(lock, lock.type_code(step["type"], at), step, "p", where)
    elif "deadbolt" in step:
        lock.throw_deadbolt(step["deadbolt"])
    elif "revoke" in step:
        expect(f"{where}, status", send_request(lock, DeleteUser(permanent_serial=step["revoke"]), at), 0)
    elif "operate" in step:
        expect(f"{where}, status", send_request(lock, _operation_of(step), at), step.get("status", 0))
    else:
        raise Mismatch(f"{where} is of no known kind")


def _compare(lock: VirtualLock, answer: Answer, step: Case, id_name: str, where: str) -> None:
    word = "wrong_code" if answer.result.name == "WRONG_CODE" else answer.result.name.lower()
    expect(f"{where}, answer", word, step["answer"])
    expect(f"{where}, {id_name}", answer.credential_id, step.get(id_name, answer.credential_id))
    # Alarms and epochs leave records of their own: the entry's must be among the last three.
    written = [(record.value.result, record.value.credential_id) for record in lock.state.records[-3:]]
    if (answer.result, answer.credential_id) not in written:
        raise Mismatch(f"{where}: no record tells of the answer")


def _operation_of(step: Case) -> Operate:
    """Command 0400 of a step: the operation's number alone, or with what it needs inside or beside it."""
    inner = step["operate"]
    fields = {**step, **(inner if isinstance(inner, dict) else {"op": inner})}
    operation = Operation(fields["op"] if "op" in fields else fields["operation"])
    return Operate(
        operation,
        fields.get("before", fields["at"] + 60),
        fields["at"] if operation is Operation.SET_CLOCK else None,
        _issue_of(fields) if operation is Operation.RAISE_ISSUE else None,
        _denied_of(fields) if operation is Operation.DENY else (),
    )


def _issue_of(fields: Case) -> IssueFloor:
    audience = fields["audience"]
    code = int(audience, 16) if isinstance(audience, str) else audience
    return IssueFloor(Audience(code), fields["id"], fields["issue"])


def _denied_of(fields: Case) -> tuple[Denied, ...]:
    """One entry, or a list of them."""
    listed = fields.get("deny", fields.get("denied"))
    return tuple(Denied(entry["id"], entry["until"]) for entry in ([fields] if listed is None else listed))


def send_request(lock: VirtualLock, request: Payload, at: int) -> int:
    """Send a request as the server would; the status of the answer."""
    state = lock.state
    key, version = kdf.command_key(state.k_lock()), state.version
    frame = Frame(version, request.command, Direction.REQUEST, state.last_counter + 1, request.encode(version))
    raw = lock.receive(seal_frame(key, state.sn, frame), at)
    if raw is None:
        raise Mismatch("the lock kept silent")
    return decode_answer(request.command, open_frame(key, state.sn, raw).plaintext, version).status


# --- a whole lock and its frames


def replay_device(case: Case) -> None:
    """Frames to a whole lock, and what it answers."""
    lock = lock_of(case["lock"])
    at = 0
    for number, step in enumerate(case["steps"], 1):
        at = step["at"]
        _play_frame(lock, step, at, f"step {number}")
    _compare_after(lock.state, case.get("after", {}), at)


def _play_frame(lock: VirtualLock, step: Case, at: int, where: str) -> None:
    raw, before = unhex(step["frame"]), lock.state.last_counter
    key = lock.state.k_frame()
    answer = lock.receive(raw, at)
    result = "refused" if answer is None else "accepted" if lock.state.last_counter > before else "repeated"
    expect(where, result, step["result"])
    if answer is None:
        return
    if "status" in step:
        expect(f"{where}, status", open_frame(key, lock.state.sn, answer).plaintext[0], step["status"])
    if "answer" in step:
        expect(f"{where}, answer", answer.hex(), step["answer"])


_CASES: dict[str, Replay] = {**CASES, "device": replay_device}
