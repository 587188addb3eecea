"""Wishes and reasons as they are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


from pms.stays.rules.refusals import NoClosureReason, NoFixReason, UnknownWish
from pms.stays.rules.words import WISH_WORDS

MAX_REASON = 200


def clean_wishes(wishes: Collection[str]) -> list[str]:
    """The wishes in the order of the list, each once; UnknownWish."""
    if any(wish not in WISH_WORDS for wish in wishes):
        raise UnknownWish
    return [wish for wish in WISH_WORDS if wish in wishes]


def clean_fix_reason(reason: str) -> str:
    """The reason without spaces around; NoFixReason."""
    text = reason.strip()
    if not 1 <= len(text) <= MAX_REASON:
        raise NoFixReason
    return text


def clean_closure_reason(reason: str) -> str:
    """The reason without spaces around; NoClosureReason."""
    text = reason.strip()
    if not 1 <= len(text) <= MAX_REASON:
        raise NoClosureReason
    return text
