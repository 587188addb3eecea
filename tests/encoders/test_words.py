"""Whatever ends a job, there is a sentence for it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pms.devices import errors
from pms.encoders import answers
from pms.encoders.models import EncoderJob, JobKind
from pms.encoders.words import ERROR_WORDS


def codes_of_devices() -> set[str]:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.DeviceError)]
    # It is told by its cause.
    return {kind.code for kind in kinds if kind is not errors.WriteUncertain}


@pytest.mark.parametrize("kind", [kind for kind in JobKind if kind is not JobKind.SIGNAL])
def test_every_reason_has_its_own_sentence(app, kind):
    work = answers.find_work(kind)
    source = Path(__import__(type(work).__module__, fromlist=["x"]).__file__).read_text()
    codes = codes_of_devices() | set(re.findall(r'CardRefused\("(\w+)"', source))
    assert {"poor_image", "gone"} <= codes
    assert codes <= ERROR_WORDS.keys() | work.refusals.keys()


@pytest.mark.parametrize("code", ["timeout", "verify_failed", "unsupported", "cancelled", "restarted", "poor_image"])
def test_nothing_is_said_of_cards_where_a_finger_was_asked_for(app, code):
    job = EncoderJob(id="x", kind=JobKind.FINGER, error_code=code)
    assert "card" not in answers.why(job)
