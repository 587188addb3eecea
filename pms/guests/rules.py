"""What a guest's particulars must look like, and how they are compared; no database."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from pms.core.errors import DomainError, Invalid, NotFound
from pms.core.text import N_, digits_of, fold

DOCUMENT_KINDS: dict[str, str] = {
    "passport": N_("Passport"),
    "identity_card": N_("Identity card"),
    "residence_permit": N_("Residence permit"),
    "driving_licence": N_("Driving licence"),
}

_PHONE = re.compile(r"^\+?[\d\s()/.\-]+$")
_MAIL = re.compile(r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$")
_NOT_PLAIN = re.compile(r"[\W_]+")


class GuestNotFound(NotFound):
    """No such guest."""

    code = "guest_not_found"
    message = N_("This guest does not exist.")


class FormerGuest(DomainError):
    """Nothing is known of the person any more, and nothing new is to be learned under the old number."""

    code = "former_guest"
    message = N_("This guest’s data were removed. Enter the person anew.")


class NameMissing(Invalid):
    """A guest needs a name to be called by."""

    code = "name_missing"
    message = N_("Enter a family name.")
    field = "family_name"


class BadPhone(Invalid):
    """Not a telephone number."""

    code = "bad_phone"
    message = N_("This is not a telephone number. Enter digits, with + and the country code for numbers abroad.")
    field = "phone"


class BadEmail(Invalid):
    """Not a mail address."""

    code = "bad_email"
    message = N_("This is not a mail address.")
    field = "email"


class BornInFuture(Invalid):
    """Not born yet, or before anybody alive was."""

    code = "born_in_future"
    message = N_("Check the date of birth.")
    field = "birth_date"


class DocumentIncomplete(Invalid):
    """A number needs to say of what document it is."""

    code = "document_incomplete"
    message = N_("Say which kind of document this number is from.")
    field = "document_kind"


class BadDocumentNumber(Invalid):
    """Too short or of signs that no document has."""

    code = "bad_document_number"
    message = N_("A document number has at least 4 letters or digits.")
    field = "document_number"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestFields:
    """What the desk enters of a guest. `document_number` None leaves a stored one as it is, "" removes it."""

    family_name: str
    given_name: str = ""
    phone: str = ""
    email: str = ""
    nationality: str = ""
    birth_date: date | None = None
    document_kind: str = ""
    document_number: str | None = None
    note: str = ""


def check(fields: GuestFields, *, today: date) -> None:
    """Refuse what cannot be right; the error names the field."""
    if not fields.family_name.strip():
        raise NameMissing
    if fields.phone and not (_PHONE.match(fields.phone) and 3 <= len(digits_of(fields.phone)) <= 15):
        raise BadPhone
    if fields.email and not _MAIL.match(fields.email):
        raise BadEmail
    if fields.birth_date and not date(today.year - 125, 1, 1) <= fields.birth_date <= today:
        raise BornInFuture
    if fields.document_number:
        if len(plain_number(fields.document_number)) < 4:
            raise BadDocumentNumber
        if fields.document_kind not in DOCUMENT_KINDS:
            raise DocumentIncomplete


def plain_number(text: str) -> str:
    """A document number as it is compared: upper case, letters and digits only."""
    return _NOT_PLAIN.sub("", text).upper()


def is_same_name(family_name: str, given_name: str, other_family_name: str, other_given_name: str) -> bool:
    """Whether two names are the same to the ear: without case and accents, in either order."""
    return sorted((fold(family_name), fold(given_name))) == sorted((fold(other_family_name), fold(other_given_name)))


def is_number_like(text: str) -> bool:
    """Whether somebody types a telephone number, with whatever spaces and signs."""
    return bool(_PHONE.match(text)) and bool(digits_of(text))
