"""Where bookings come from, and what the code of a reservation looks like."""

from __future__ import annotations

from pms.core.text import N_

SOURCE_WORDS: dict[str, str] = {
    "desk": N_("At the desk"),
    "phone": N_("By telephone"),
    "mail": N_("By mail"),
    "web": N_("Website"),
    "agent": N_("Travel agent"),
    "walk_in": N_("Walk-in"),
}
# Without letters and digits that are mistaken for each other when read aloud.
ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
CODE_LENGTH = 6


def is_code_like(text: str) -> bool:
    """Whether a code can begin so."""
    return all(character in ALPHABET for character in text)
