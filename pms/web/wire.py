"""The border of the JSON API: values that programs send and hear, their names in camelCase.

A feature's `schemas.py` derives its shapes from `Wire`; what is wrong with a body becomes sentences beside field names.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from flask_babel import gettext as _
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError, ValidationError

from pms.core.ids import LARGEST
from pms.core.text import N_
from pms.web import filters

TIME_FORMAT = "%Y-%m-%d %H:%M:%S"


class Wire(BaseModel):
    """A JSON object. Names it does not know are refused, and nothing is guessed: "5" is no number."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, extra="forbid", frozen=True
    )

    @field_validator("*", mode="before")
    @classmethod
    def _read_whole_numbers(cls, value: object) -> object:
        """5.0 is the whole number 5: JSON, and the schema of the document, know one kind of numbers."""
        if isinstance(value, list):
            return [_whole(one) for one in value]
        return _whole(value)


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _read_id(value: object, info: ValidationInfo) -> int:
    return read_digits(value, info, LARGEST)


def read_digits(value: object, info: ValidationInfo, largest: int) -> int:
    """A number that is a string of digits on the wire."""
    if info.mode == "python" and isinstance(value, int) and not isinstance(value, bool):
        return value  # the program's own value, on its way out
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20 and int(value) <= largest:
        return int(value)
    raise PydanticCustomError("id", "not an id")


def _read_time(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and len(value) == 19:
        try:
            at = datetime.strptime(value, TIME_FORMAT).replace(tzinfo=filters.house_zone())
        except ValueError:
            raise PydanticCustomError("house_time", "not a time") from None
        # An hour that the clocks skip in spring does not exist.
        if at.astimezone(UTC).astimezone(at.tzinfo).replace(fold=0) == at and 1970 <= at.year < 2100:
            return at.astimezone(UTC)
    raise PydanticCustomError("house_time", "not a time")


def write_time(value: datetime) -> str:
    """A time on the clocks of the house, as programs read it."""
    return filters.local(value).strftime(TIME_FORMAT)


def _example(pattern: str, example: str, description: str) -> dict[str, Any]:
    return {"type": "string", "pattern": pattern, "description": description, "examples": [example]}


Id = Annotated[
    int,
    BeforeValidator(_read_id),
    PlainSerializer(str, return_type=str),
    WithJsonSchema(_example("^[0-9]{1,19}$", "1980084539766648834", "An id: a string of digits.")),
]
HouseTime = Annotated[
    datetime,
    BeforeValidator(_read_time),
    PlainSerializer(write_time, return_type=str),
    WithJsonSchema(
        _example(
            "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$",
            "2026-06-12 14:00:00",
            "A time on the clocks of the house, `YYYY-MM-DD HH:MM:SS`.",
        )
    ),
]
SerialNumber = Annotated[
    str,
    StringConstraints(pattern="^[0-9A-Fa-f]{12}$", to_upper=True),
    WithJsonSchema(_example("^[0-9A-Fa-f]{12}$", "292E593B0E66", "A lock's serial number: 6 bytes in hexadecimal.")),
]
FrameHex = Annotated[
    str,
    StringConstraints(pattern="^([0-9A-Fa-f]{2}){23,1047}$", to_upper=True),
    WithJsonSchema(
        _example("^([0-9A-Fa-f]{2}){23,1047}$", "5A08" + "00" * 21, "A frame (protocol section 4) in hexadecimal.")
    ),
]
RequestId = Annotated[
    str,
    StringConstraints(pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"),
    WithJsonSchema(
        _example(
            "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
            "0b9f9a52-3d4e-4c56-9f5e-2f1f8a9c7d10",
            "An id that the caller makes (a UUID): sending the same one again does nothing twice.",
        )
    ),
]
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", strip_whitespace=True)]
"""One line of text without control characters; say its length beside it."""

_SENTENCES: dict[str, str] = {
    "missing": N_("is missing"),
    "extra_forbidden": N_("is not a field of this request"),
    "id": N_("must be a string of digits"),
    "house_time": N_("must be a time of the house such as 2026-06-12 14:00:00"),
    "string_type": N_("must be text"),
    "string_pattern_mismatch": N_("is not in the form that it must have"),
    "string_too_short": N_("must have at least %(min_length)s characters"),
    "string_too_long": N_("must have at most %(max_length)s characters"),
    "int_type": N_("must be a whole number"),
    "bool_type": N_("must be true or false"),
    "list_type": N_("must be a list"),
    "too_long": N_("must have at most %(max_length)s entries"),
    "too_short": N_("must have at least %(min_length)s entries"),
    "greater_than_equal": N_("must be at least %(ge)s"),
    "less_than_equal": N_("must be at most %(le)s"),
    "enum": N_("must be one of %(expected)s"),
    "literal_error": N_("must be one of %(expected)s"),
    "model_type": N_("must be a JSON object"),
    "model_attributes_type": N_("must be a JSON object"),
    "json_invalid": N_("The body is not JSON."),
}
_OTHERWISE = N_("is not right")


def faults_of(error: ValidationError) -> list[dict[str, str]]:
    """What is wrong with which field, in the caller's language."""
    return [
        {
            "field": ".".join(str(step) for step in fault["loc"]),
            "error": _(_SENTENCES.get(fault["type"], _OTHERWISE)) % _plain(fault.get("ctx", {})),
        }
        for fault in error.errors(include_url=False, include_input=False)
    ]


def _plain(context: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in context.items()}
