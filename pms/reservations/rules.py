"""What the code of a reservation looks like."""

from __future__ import annotations

# Without letters and digits that are mistaken for each other when read aloud.
ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
CODE_LENGTH = 6


def is_code_like(text: str) -> bool:
    """Whether a code can begin so."""
    return all(character in ALPHABET for character in text)
