"""Languages: one PO file a feature and language under `pms/translations/`, read at start without a compile step."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

from babel.core import Locale
from babel.messages import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, has_request_context, request
from flask_babel import Babel, get_locale, gettext
from flask_babel import Domain as BabelDomain
from flask_login import current_user

from pms.core import text

FOLDER = Path(__file__).resolve().parent.parent / "translations"
LANGUAGES = {"en": "English", "zh": "中文"}


@cache
def catalog(language: str) -> Catalog:
    """All messages of a language; where two features translate one text, they must agree (a test looks)."""
    merged = Catalog(locale=Locale.parse(language))
    for path in sorted((FOLDER / language).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id and message.string:
                    merged.add(message.id, message.string)
    return merged


@cache
def _translations(language: str) -> NullTranslations:
    if not (FOLDER / language).is_dir():
        return Translations()
    compiled = io.BytesIO()
    write_mo(compiled, catalog(language))
    compiled.seek(0)
    return Translations(compiled)


def translate(text: str, language: str) -> str:
    """A text in a language of the house, where there is no request whose reader's it could be."""
    return str(_translations(language).gettext(text))


class _Domain(BabelDomain):  # type: ignore[misc]
    def get_translations(self) -> NullTranslations:
        locale = get_locale()
        return _translations(locale.language if locale else "en")


class _Babel(Babel):  # type: ignore[misc]
    domain_instance = _Domain()


def select_language() -> str:
    """The account's language; before log-in what was chosen on that page, else what the browser asks for.

    Programs ask with each call; those that do not are answered in Chinese, as the lock system's own programs expect.
    """
    if request.path.startswith("/api/"):
        return request.accept_languages.best_match(list(LANGUAGES)) or "zh"
    if current_user.is_authenticated:
        return str(current_user.language.value)
    chosen = request.cookies.get("language", "")
    return chosen if chosen in LANGUAGES else request.accept_languages.best_match(list(LANGUAGES)) or "en"


def install(app: Flask) -> None:
    """Set the languages up; `_()` is then known to the templates."""
    _Babel(app, default_locale="en", locale_selector=select_language)
    text.speak(_speak)


def _speak(message: str) -> str:
    return str(gettext(message)) if has_request_context() else message
