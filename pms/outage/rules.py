"""How long packs are kept, and what a desk password must be; decided on plain values."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta

from pms.core.errors import DomainError, Invalid, NotFound
from pms.core.text import N_, fold

KEEP = timedelta(hours=24)
MIN_PASSWORD = 12
_MIN_DIFFERENT = 6


class WeakDeskPassword(Invalid):
    """Whoever finds the file can try as often as they like, so the password must be longer than one for a log-in."""

    code = "weak_desk_password"
    field = "password"
    message = N_(
        "A desk password needs at least 12 characters, six of them different, and not the name of the house: "
        "whoever finds the file can try as often as they like."
    )


class PasswordsDiffer(Invalid):
    """It is typed in an hour in which nobody can look it up."""

    code = "desk_passwords_differ"
    field = "again"
    message = N_("The two entries differ.")


class CodesNeedPassword(Invalid):
    """Passcodes never lie open in a file."""

    code = "codes_need_password"
    field = "makes_codes"
    message = N_("Passcodes are put into the pack only where a desk password seals them.")


class NoPackYet(NotFound):
    """Nothing was made in the last 24 hours."""

    code = "no_pack_yet"
    message = N_("There is no outage pack yet.")


class PackGone(DomainError):
    """Packs are kept for a day."""

    code = "pack_gone"
    status = 404
    message = N_("This pack is older than 24 hours and was deleted. Take the newest one.")


def full_hour(now: datetime) -> datetime:
    """The hour that a pack made now stands for."""
    return now.replace(minute=0, second=0, microsecond=0)


def clean_password(password: str, again: str, house_name: str) -> str:
    """The password in the one form in which it is sealed and typed (NFC); WeakDeskPassword, PasswordsDiffer."""
    cleaned = unicodedata.normalize("NFC", password)
    is_long = len(cleaned) >= MIN_PASSWORD and len(set(cleaned)) >= _MIN_DIFFERENT
    if not is_long or (len(house_name) > 3 and fold(house_name) in fold(cleaned)):
        raise WeakDeskPassword
    if unicodedata.normalize("NFC", again) != cleaned:
        raise PasswordsDiffer
    return cleaned
