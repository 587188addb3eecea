"""What the audit trail says of guests."""

from __future__ import annotations

from pms.core.text import N_
from pms.guests.rules import DOCUMENT_KINDS

ACTIONS = {
    "guests.created": N_("Entered the guest %(subject)s"),
    "guests.changed": N_("Changed the particulars of %(subject)s"),
    "guests.document_shown": N_("Looked at the document number of %(subject)s"),
}
FIELDS = {
    "family_name": N_("Family name"),
    "given_name": N_("Given name"),
    "phone": N_("Telephone"),
    "email": N_("Mail"),
    "nationality": N_("Nationality"),
    "birth_date": N_("Date of birth"),
    "document_kind": N_("Document"),
    "document_number": N_("Document number"),
    "note": N_("Note"),
}
VALUES = {"document_kind": DOCUMENT_KINDS}
