"""What coverage-guided hunts of the decoders kept, replayed without the fuzzer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pms.protocol.errors import ProtocolError
from tests.corpus.fuzz_targets import TARGETS

KEPT: dict[str, list[str]] = json.loads((Path(__file__).parents[1] / "corpus" / "inputs.json").read_bytes())


def test_every_target_has_inputs() -> None:
    assert KEPT.keys() == TARGETS.keys()
    assert all(KEPT.values())


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_kept_inputs_break_nothing(target: str) -> None:
    for kept in KEPT[target]:
        TARGETS[target](bytes.fromhex(kept))


def test_a_target_does_not_swallow_what_is_no_error_of_the_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_raw: bytes) -> None:
        raise IndexError

    monkeypatch.setattr("tests.corpus.fuzz_targets.AccessRecord.decode", broken)
    assert not issubclass(IndexError, ProtocolError)
    with pytest.raises(IndexError):
        TARGETS["record"](bytes(16))
