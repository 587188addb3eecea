"""Digits for eyes that may see them, on the screen and in letters."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pms.core.db import transaction
from pms.mail import service as mail
from pms.passcodes import queries, rules
from pms.passcodes.service.common import ShownPasscode, shown, stay_of, subject_of, written
from pms.passcodes.service.stored import note_look
from pms.passcodes.stored_queries import StoredLine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.mail.models import Letter
    from pms.passcodes.models import Passcode
    from pms.passcodes.queries import PasscodeLine

LETTERS_OF_ENDLESS_CODES = timedelta(days=7)


def show_again(*, passcode_id: int, actor: Actor, now: datetime) -> ShownPasscode:
    """The digits once more; the look is written down. NotAlive where they mean nothing to the lock any more."""
    with transaction():
        passcode = queries.get_passcode(passcode_id)
        answer = shown(passcode)
        written("passcodes.shown", passcode, actor, now)
        return answer


def find_by_digits(digits: str, *, actor: Actor, now: datetime) -> list[PasscodeLine | StoredLine]:
    """Living codes that are typed so. Whoever is told whose digits they are has looked at the code: it is written down."""
    if not queries.with_digits(digits, now=now):
        return []
    with transaction():
        found = queries.with_digits(digits, now=now)
        for line in found:
            if isinstance(line, StoredLine):
                note_look(line, actor, now)
            else:
                written("passcodes.shown", line.passcode, actor, now)
        return found


def for_sealing(codes: Sequence[Passcode]) -> list[ShownPasscode]:
    """The digits of many codes, for a document that seals them; whoever makes it writes that down. Joins no transaction."""
    return [shown(code) for code in codes]


def send(
    *,
    passcode_id: int,
    recipient: str,
    write: Callable[[ShownPasscode], tuple[str, str]],
    request_id: str,
    actor: Actor,
    now: datetime,
) -> Letter:
    """Send the code by e-mail; `write` gives the letter's title and text. The letter is given up when the code ends.

    NotForLetters, BadAddress.
    """
    with transaction():
        passcode = queries.get_passcode(passcode_id)
        if not rules.is_alive(queries.life_of(passcode, now)):
            raise rules.NotForLetters
        title, text = write(shown(passcode))
        return mail.queue(
            recipient=recipient,
            title=title,
            text=text,
            about=subject_of(passcode, f"{queries.holder_of(passcode)}, {passcode.door.name}", stay_of(passcode)),
            request_id=request_id,
            expires_at=passcode.valid_until or now + LETTERS_OF_ENDLESS_CODES,
            actor=actor,
            now=now,
        )
