"""What programs send is read as JSON has it: one kind of numbers, and nothing guessed beyond that."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import Field, ValidationError

from pms.web.wire import Id, Wire


class Wish(Wire):
    hour: Annotated[int, Field(ge=0, le=23)] = 0
    days: list[int] = Field(default=[])
    stay_id: Id | None = None
    is_new: bool = False


def read(text: str) -> Wish:
    return Wish.model_validate_json(text, strict=True)


def test_a_whole_number_may_be_written_with_a_point():
    assert read('{"hour": 5.0, "days": [1.0, 2]}') == Wish(hour=5, days=[1, 2])


@pytest.mark.parametrize(
    "text",
    [
        '{"hour": 5.5}',
        '{"hour": "5"}',
        '{"hour": true}',
        '{"hour": 24.0}',
        '{"hour": 1e300}',
        '{"days": [1.5]}',
        '{"stayId": 5.0}',
        '{"stayId": 5}',
        '{"isNew": 1.0}',
    ],
)
def test_what_is_no_such_value_is_refused(text):
    with pytest.raises(ValidationError):
        read(text)
