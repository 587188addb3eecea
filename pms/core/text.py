"""Marks texts for translation where no request is at hand, and folds text for searching."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_NOT_DIGITS = re.compile(r"\D+")
_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")


def N_(message: str) -> str:  # noqa: N802 - the name that every message extractor knows
    """The text unchanged; the extractor finds it, `pms.web` translates it when somebody reads it."""
    return message


_speakers: list[Callable[[str], str]] = []


def speak(translate: Callable[[str], str]) -> None:
    """Say how a text is put into the language of whoever is reading (once, by `pms.web`)."""
    _speakers[:] = [translate]


def said(message: str) -> str:
    """The text in the language of whoever is reading now; as it is where nobody is."""
    return str(_speakers[0](message)) if _speakers else message


def fold(text: str) -> str:
    """Lower case without accents, as search words are stored and typed: "Müller " -> "muller"."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).strip()


def digits_of(text: str) -> str:
    """Only the decimal digits of a phone or document number."""
    return _NOT_DIGITS.sub("", text)


def search_words(text: str) -> set[str]:
    """Every word a person may begin to type to find `text`.

    Chinese and Japanese names have no spaces, so each of their suffixes counts as a word.
    """
    words: set[str] = set()
    for word in _WORD.findall(fold(text)):
        words.add(word)
        if _CJK.search(word):
            words.update(word[i:] for i in range(1, len(word)))
    return words


def phone_words(phone: str) -> set[str]:
    """What a clerk may type of a phone number: all of it, without the country code, or its last four digits."""
    digits = digits_of(phone)
    if len(digits) < 4:
        return {digits} if digits else set()
    return {digits[start:] for start in range(min(4, len(digits) - 3))} | {digits[-4:]}
