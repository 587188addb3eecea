"""What a text in the search field can be, and who may find what by it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from pms.core.text import N_
from pms.reservations.rules import CODE_LENGTH, is_code_like
from pms.stays.models import StayState

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from pms.stays.models import Stay

MAX_TEXT = 120
_SEPARATORS = re.compile(r"[\s:.\-]+")
_HEX = re.compile(r"[0-9a-f]+")
_LEAST_UID, _MOST_UID = 4, 20
_LEAST_DIGITS, _MOST_DIGITS = 4, 10
_LEAST_GROUP = 2


class Kind(StrEnum):
    """What is found, in the order in which it is shown."""

    ROOM = "rooms"
    GUEST = "guests"
    BOOKING = "bookings"
    CARD = "cards"
    PASSCODE = "passcodes"


KIND_WORDS: dict[Kind, str] = {
    Kind.ROOM: N_("Rooms"),
    Kind.GUEST: N_("Guests"),
    Kind.BOOKING: N_("Bookings"),
    Kind.CARD: N_("Cards"),
    Kind.PASSCODE: N_("Passcodes"),
}

# Whoever has none of them finds nothing of the kind, and is not told that there is something.
KIND_RIGHTS: dict[Kind, str] = {
    Kind.ROOM: "rooms:view",
    Kind.GUEST: "guests:view",
    Kind.BOOKING: "stays:view",
    Kind.CARD: "keys:view",
    Kind.PASSCODE: "passcodes:make",
}


@dataclass(frozen=True, slots=True)
class Typed:
    """A text, and what it may be the beginning of; "" where it cannot be that. Passcodes are found whole only."""

    text: str
    room: str = ""
    guest: str = ""
    code: str = ""
    group: str = ""
    uid: str = ""
    digits: str = ""


def read(text: str) -> Typed:
    """Spaces and the marks between groups of digits do not matter where a number is meant."""
    text = " ".join(text.split())[:MAX_TEXT]
    plain = _SEPARATORS.sub("", text).lower()
    is_uid = bool(_HEX.fullmatch(plain)) and _LEAST_UID <= len(plain) <= _MOST_UID
    digits = plain.removesuffix("#")
    is_digits = digits.isascii() and digits.isdecimal() and _LEAST_DIGITS <= len(digits) <= _MOST_DIGITS
    return Typed(
        text=text,
        room=text,
        guest=text,
        code=plain.upper() if 2 <= len(plain) <= CODE_LENGTH and is_code_like(plain.upper()) else "",
        group=text if len(text) >= _LEAST_GROUP else "",
        uid=plain if is_uid else "",
        digits=digits if is_digits else "",
    )


def without_secrets(typed: Typed) -> Typed:
    """For texts that stand in an address, where histories and the logs of proxies keep them."""
    return replace(typed, digits="")


def allowed_kinds(can: Callable[[str], bool]) -> list[Kind]:
    """The kinds that somebody may find."""
    return [kind for kind, right in KIND_RIGHTS.items() if can(right)]


def rank(stay: Stay | None, today: date) -> int:
    """Who is in house comes first, then who should be here by now, then who is expected, then everybody else."""
    if stay is None:
        return 3
    if stay.state is StayState.IN_HOUSE:
        return 0
    return 1 if stay.arrival_date <= today else 2


def is_to_check_in(stay: Stay | None, today: date) -> bool:
    """Whether checking in is what comes next."""
    return stay is not None and stay.state is StayState.CONFIRMED and stay.arrival_date <= today
