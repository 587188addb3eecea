"""What the letters to people who register say, in the language in which they asked."""

from __future__ import annotations

from flask_babel import force_locale
from flask_babel import gettext as _


def code(digits: str, *, language: str) -> tuple[str, str]:
    """Title and text of the letter with a code."""
    with force_locale(language):
        text = _(
            "Your code is %(digits)s. It holds for ten minutes and can be used once.\n\nIf you have not asked for it, "
            "you need not do anything.",
            digits=digits,
        )
        return _("Your code"), text


def known(username: str, *, language: str) -> tuple[str, str]:
    """Title and text of the letter to somebody who has an account."""
    with force_locale(language):
        text = _(
            "Somebody, probably you, wants to register with this address. It has an account already; its log-in name is "
            "%(username)s. If you forgot the password, ask a manager for a new one.",
            username=username,
        )
        return _("You have an account"), text
