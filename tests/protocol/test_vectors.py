"""The examples that an independent program made of the same specification."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from pms.simulators.replay import find_fault, list_cases, replay_file, replay_folder

FOLDER = Path(__file__).parents[1] / "vectors"
COUNTS = {
    "card_judgement.json": 27,
    "frames.json": 20,
    "grants.json": 23,
    "keys.json": 21,
    "passcodes.json": 50,
    "records.json": 17,
    "serial.json": 17,
    "tlv.json": 19,
}


def _cases() -> Iterator[Any]:
    for path in sorted(FOLDER.glob("*.json")):
        for name, replay, case in list_cases(json.loads(path.read_bytes())):
            yield pytest.param(replay, case, id=f"{path.stem}: {name}")


CASES = list(_cases())


@pytest.mark.parametrize(("replay", "case"), CASES)
def test_example_goes_as_it_says(replay: Any, case: Any) -> None:
    assert find_fault(replay, case) == ""


def test_no_example_was_lost() -> None:
    assert {outcome.name: outcome.passed for outcome in replay_folder(FOLDER)} == COUNTS


def _spoil(value: Any) -> Any:
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return value[:-1] + ("0" if value[-1:] != "0" else "1")
    if isinstance(value, list):
        return [*value[:-1], _spoil(value[-1])] if value else [0]
    return {**value, list(value)[-1]: _spoil(value[list(value)[-1]])}


# What an example promises, by kind of file: changing any of it must be noticed.
PROMISES = ("key", "k_cmd", "body", "grant", "digits", "p", "answer", "frame", "plaintext", "chain", "bytes", "parts")


def _is_refusal(case: Any) -> bool:
    return bool(case.get("error")) or "ok" in case or "status" in case


@pytest.mark.parametrize(("replay", "case"), [each for each in CASES if not _is_refusal(each.values[1])])
def test_replay_notices_a_changed_promise(replay: Any, case: Any) -> None:
    spoilt = deepcopy(case)
    name = next((promise for promise in PROMISES if promise in case), None)
    if "steps" in case:
        step = next(step for step in spoilt["steps"] if "answer" in step or "result" in step)
        name = "answer" if "answer" in step else "result"
        step[name] = _spoil(step[name])
    elif "frames" in case:
        spoilt["frames"].append({"seq": 0, "type": 0, "payload": ""})
    elif "medium" in case:
        spoilt["blocks" if "blocks" in case else "pages"][0] += 1
    elif name is None:
        spoilt[list(case)[-1]] = _spoil(case[list(case)[-1]])
    else:
        spoilt[name] = _spoil(case[name])
    assert find_fault(replay, spoilt)


def test_a_refusal_that_does_not_come_is_a_failure() -> None:
    case = {"kind": "door", "k_prop": "00" * 16, "version": 1, "id": 1, "error": True}
    ((_, replay, content),) = list_cases({"cases": [case]})
    assert "must be refused" in find_fault(replay, content) or "ours" in find_fault(replay, content)


def test_unknown_kinds_fail(tmp_path: Path) -> None:
    for number, content in enumerate(
        ('{"cases": [{"name": "x", "kind": "riddle"}]}', '{"riddles": []}', "[]", "not JSON", "{}", '{"cases": []}')
    ):
        path = tmp_path / f"{number}.json"
        path.write_text(content)
        outcome = replay_file(path)
        assert outcome.passed == 0
        assert outcome.failures, content


def test_a_case_of_another_shape_fails_instead_of_crashing() -> None:
    ((_, replay, case),) = list_cases({"cases": [{"name": "x", "kind": "door", "version": "one"}]})
    assert "not of the known shape" in find_fault(replay, case)
