"""Whatever ends a job, there is a sentence for it."""

from __future__ import annotations

import re

import pytest

from pms.config import ROOT
from pms.devices import errors
from pms.encoders.models import JobKind
from pms.encoders.words import ERROR_WORDS, error_words


def codes_of_devices() -> set[str]:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.DeviceError)]
    # It is told by its cause.
    return {kind.code for kind in kinds if kind is not errors.WriteUncertain}


def codes_of_refusals() -> set[str]:
    works = [path.read_text() for path in (ROOT / "pms").glob("*/work.py")]
    return {code for text in works for code in re.findall(r'CardRefused\("(\w+)"', text)}


def test_every_reason_has_its_own_sentence():
    codes = codes_of_devices() | codes_of_refusals()
    assert {"poor_image", "gone", "stay_ended", "holder_left"} <= codes
    assert codes <= ERROR_WORDS.keys()


@pytest.mark.parametrize("code", ["timeout", "verify_failed", "unsupported", "cancelled", "restarted", "poor_image"])
def test_nothing_is_said_of_cards_where_a_finger_was_asked_for(code):
    assert "card" not in error_words(code, JobKind.FINGER)
