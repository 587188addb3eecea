"""Steps of scripts that the given examples do not have."""

from __future__ import annotations

import pytest

from pms.simulators.replay import find_fault, list_cases, lock_of, snapshot

LOCK = {
    "sn": "292e593b0e66",
    "mac": "0101114000df",
    "lock_keys": "ad193df8a5a233b2",
    "server_keys": "5214744968050256",
    "door_id": 501,
    "scopes": [33],
    "scope_issues": [{"id": 33, "issue": 5}],
}
AT = 1_773_813_600


def fault(*steps: dict[str, object], **after: object) -> str:
    ((_, replay, case),) = list_cases({"scripts": [{"name": "x", "lock": LOCK, "steps": list(steps), "after": after}]})
    return find_fault(replay, case)


@pytest.mark.parametrize(
    ("operate", "after"),
    [
        (1, {}),
        ({"op": 9, "audience": "44", "id": 501, "issue": 77}, {"door_issue": 77}),
        ({"op": 9, "audience": 0x53, "id": 33, "issue": 77}, {"scope_issues": [{"id": 33, "issue": 77}]}),
        ({"op": 10, "deny": [{"id": 4, "until": AT}]}, {"deny": [{"id": 4, "until": AT}]}),
        ({"op": 10, "id": 4, "until": AT}, {"deny": [{"id": 4, "until": AT}]}),
        ({"operation": 11}, {"floor": AT}),
        ({"op": 5}, {"clock_lost": False}),
    ],
)
def test_operations_go_to_the_lock_as_frames(operate: object, after: dict[str, object]) -> None:
    assert fault({"at": AT, "operate": operate, "status": 0}, **after) == ""
    assert "status" in fault({"at": AT, "operate": operate, "status": 3}, **after)


def test_a_late_operation_has_its_status() -> None:
    assert fault({"at": AT, "operate": {"op": 1, "before": AT - 1}, "status": 10}) == ""


def test_an_unknown_step_and_an_unknown_state_fail() -> None:
    assert "no known kind" in fault({"at": AT, "sing": True})
    assert "not known" in fault({"at": AT, "deadbolt": True}, mood="good")
    assert "privacy" in fault({"at": AT, "deadbolt": True}, privacy=False)


def test_a_snapshot_leaves_out_what_is_over() -> None:
    lock = lock_of(
        {**LOCK, "deny": [{"id": 1, "until": 5}, {"id": 2, "until": AT}], "used_singles": [{"hour": 99484, "index": 2}]}
    )
    ours = snapshot(lock.state, AT)
    assert ours["deny"] == [{"id": 2, "until": AT}]
    assert ours["used_singles"] == []
