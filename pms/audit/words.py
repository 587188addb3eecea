"""The trail in the reader's language: what each act is called, what its fields are called.

Every feature may have a `words.py` with `ACTIONS` (code -> sentence with %(subject)s), `FIELDS` (field -> label) and
`VALUES` (field -> value -> word), all of them marked with `N_`; the application factory hands them to `learn`. A code
that no feature explains is still readable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pms.core.text import N_

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

FEATURES: dict[str, str] = {
    "accounts": N_("Log-in and staff"),
    "guests": N_("Guests"),
    "reservations": N_("Bookings"),
    "stays": N_("Stays"),
    "keycards": N_("Key cards"),
    "staffcards": N_("Staff cards"),
    "passcodes": N_("Passcodes"),
    "credentials": N_("Fingerprints"),
    "online_cards": N_("Online cards"),
    "slots": N_("Stored in locks"),
    "rooms": N_("Rooms"),
    "locks": N_("Locks and doors"),
    "encoders": N_("Card machines"),
    "alarms": N_("Alarms"),
    "access": N_("Reports of doors"),
    "ledger": N_("Key ledger"),
    "mail": N_("E-mail"),
    "property": N_("House"),
    "turns": N_("Scheduled jobs"),
    "backups": N_("Backups"),
    "retention": N_("Keeping of guests’ data"),
    "audit": N_("Audit trail"),
}

ACTORS: dict[str, str] = {
    "visitor": N_("Somebody not logged in"),
    "job": N_("Scheduled job"),
    "port": N_("Card machine"),
    "agent": N_("Desk"),
    "lock": N_("Door lock"),
    "setup": N_("Setup"),
}

ACTIONS: dict[str, str] = {
    "audit.exported": N_("Exported the audit trail"),
    "audit.verified": N_("Checked the audit trail: it is complete"),
    "audit.fault_found": N_("Checked the audit trail: it was tampered with"),
}
FIELDS: dict[str, str] = {
    "entries": N_("Entries"),
    "fault": N_("Fault"),
    "at_entry": N_("At entry"),
}
VALUES: dict[str, Mapping[Any, str]] = {
    "fault": {
        "missing": N_("An entry is missing"),
        "altered": N_("An entry was altered"),
        "head": N_("The last entries were removed"),
    },
}

_actions: dict[str, str] = dict(ACTIONS)
_fields: dict[str, dict[str, str]] = {"audit": FIELDS}
_values: dict[str, dict[str, Mapping[Any, str]]] = {"audit": VALUES}


def learn(feature: str, module: ModuleType) -> None:
    """Take over a feature's words."""
    _actions.update(getattr(module, "ACTIONS", {}))
    _fields[feature] = dict(getattr(module, "FIELDS", {}))
    _values[feature] = dict(getattr(module, "VALUES", {}))


def action_text(code: str) -> str | None:
    """The untranslated sentence of a code, or None where no feature explains it."""
    return _actions.get(code)


def actions_of(prefix: str) -> dict[str, str]:
    """The explained codes of a feature; `prefix` with its dot."""
    return {code: text for code, text in sorted(_actions.items()) if code.startswith(prefix)}


def field_label(code: str, name: str) -> str | None:
    """The untranslated label of a field in acts with this code: the feature's own, else any other's."""
    own = _fields.get(_feature(code), {})
    return own.get(name) or next((words[name] for words in _fields.values() if name in words), None)


def value_word(code: str, name: str, value: object) -> str | None:
    """The untranslated word of a value, where there is one."""
    if not isinstance(value, str):
        return None
    own = _values.get(_feature(code), {}).get(name, {})
    if value in own:
        return own[value]
    return next((words[name][value] for words in _values.values() if value in words.get(name, {})), None)


def _feature(code: str) -> str:
    """The package behind a code's first word."""
    feature = code.split(".", maxsplit=1)[0]
    return {"property": "properties", "access": "access_records"}.get(feature, feature)
