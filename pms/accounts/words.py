"""Words for themes, and for what the audit trail says of accounts."""

from __future__ import annotations

from pms.core.text import N_
from pms.web.rights import ROLE_NAMES

THEMES = {"auto": N_("Like this device"), "light": N_("Light"), "dark": N_("Dark")}
LANGUAGES = {"en": "English", "zh": "中文"}

# Signs in a browser's name of itself, in the order in which they are told apart (each later one also says the next).
_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


def device_of(agent: str) -> str:
    """Browser and system in two words, such as "Firefox, Windows"; "" where neither is known."""
    browser = next((name for sign, name in _BROWSERS if sign in agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in agent), "")
    return ", ".join(filter(None, (browser, system)))


ACTIONS = {
    "accounts.logged_in": N_("Logged in: %(subject)s"),
    "accounts.logged_out": N_("Logged out: %(subject)s"),
    "accounts.session_ended": N_("Ended a log-in of %(subject)s elsewhere"),
    "accounts.log_in_refused": N_("Log-in refused: %(subject)s"),
    "accounts.created": N_("Added the account of %(subject)s"),
    "accounts.changed": N_("Changed the account of %(subject)s"),
    "accounts.password_set": N_("Set a new password for %(subject)s"),
    "accounts.password_changed": N_("Changed the own password: %(subject)s"),
    "accounts.registered": N_("Registered: %(subject)s"),
    "accounts.registration_set": N_("Decided whether people may register"),
    "accounts.program_logged_in": N_("Logged in through a program: %(subject)s"),
    "accounts.token_made": N_("Made an access token: %(subject)s"),
    "accounts.token_revoked": N_("Revoked an access token: %(subject)s"),
    "accounts.chose": N_("Chose language or theme: %(subject)s"),
}
FIELDS = {
    "username": N_("Log-in name"),
    "display_name": N_("Name"),
    "role": N_("Role"),
    "is_active": N_("May log in"),
    "language": N_("Language"),
    "theme": N_("Theme"),
    "address": N_("Address"),
    "scopes": N_("What it may do"),
    "until": N_("Until"),
    "registration": N_("People may register themselves"),
}
VALUES = {"role": ROLE_NAMES, "theme": THEMES, "language": LANGUAGES}
