"""The letter that brings a passcode, in its reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import force_locale
from flask_babel import gettext as _

from pms.core import clock
from pms.passcodes import queries, words
from pms.properties import queries as properties
from pms.web.i18n import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from pms.passcodes.service import ShownPasscode


def writer(language: str) -> Callable[[ShownPasscode], tuple[str, str]]:
    """Writes title and text in a language of the house."""

    def write(shown: ShownPasscode) -> tuple[str, str]:
        with force_locale(language if language in LANGUAGES else "en"):
            return _write(shown)

    return write


def _write(shown: ShownPasscode) -> tuple[str, str]:
    line, house = queries.line_of(shown.passcode, clock.now()), properties.get_property()
    digits, door = shown.digits, shown.passcode.door.name
    title = str(_("Your passcode for %(door)s, %(house)s", door=door, house=house.name))
    paragraphs = [
        str(_("Passcode for door %(door)s:", door=door)),
        f"    {digits[:3]} {digits[3:6]} {digits[6:]} #",
        words.of(line),
        str(_(words.HOW_TO_TYPE)),
        *words.notes(line.permission, shown.passcode.valid_until, queries.clockwork_of(shown.passcode.lock)),
        str(_("Keep it to yourself: whoever has these digits can use them.")),
        house.name,
    ]
    return title[:120], "\n\n".join(paragraphs) + "\n"
