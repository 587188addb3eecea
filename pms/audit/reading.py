"""Entries as a person reads them: a sentence, who, from where, what changed, and where to look further."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from flask import current_app, url_for
from flask_babel import gettext as _

from pms.audit import words
from pms.audit.lookups import lookups
from pms.core.text import N_
from pms.web import filters
from pms.web.rights import can

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pms.audit.models import AuditEntry

_DAY = re.compile(r"^\d{4}-\d\d-\d\d$")
_INSTANT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(\+00:00|Z)$")

# Column of the entry, page, parameter, right, words.
_LINKS = (
    ("stay_id", "stays.show", "stay_id", "stays:view", N_("Stay")),
    ("guest_id", "guests.show", "guest_id", "guests:view", N_("Guest")),
    ("room_id", "frontdesk.room", "room_id", "rooms:view", N_("Room")),
    ("lock_id", "locks.show", "lock_id", "locks:view", N_("Lock")),
)


@dataclass(frozen=True, slots=True)
class Change:
    """One field: its label, what it was, what it became (None: there was nothing to compare)."""

    label: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """One entry, in words."""

    number: int
    at: datetime
    sentence: str
    who: str
    is_person: bool
    address: str
    changes: list[Change]
    links: list[tuple[str, str]]


FORMER = N_("Former guest")
# What of an entry about a former guest is of doors and rooms, not of the person.
_IMPERSONAL = frozenset({"door", "doors", "areas", "room", "room_type", "by"})


def read_all(entries: Sequence[AuditEntry]) -> list[Line]:
    """The entries in the reader's language.

    The trail cannot be changed, so it keeps what was known of guests who were anonymised since; nobody is shown it.
    """
    guests, stays = lookups.former(
        {entry.guest_id for entry in entries if entry.guest_id is not None},
        {entry.stay_id for entry in entries if entry.stay_id is not None},
    )
    return [_read(entry, is_former=entry.guest_id in guests or entry.stay_id in stays) for entry in entries]


def _read(entry: AuditEntry, *, is_former: bool) -> Line:
    subject = str(_(FORMER)) if is_former else entry.subject_label or entry.subject_id
    return Line(
        number=entry.id,
        at=entry.at,
        sentence=sentence(entry.action, subject),
        who=entry.actor_name if entry.actor_kind == "account" else _machine(entry),
        is_person=entry.actor_kind == "account",
        address=entry.address,
        changes=_changes(entry, is_former=is_former),
        links=_links(entry),
    )


def sentence(action: str, subject: str) -> str:
    """What happened to what. A code without words is spelled out."""
    text = words.action_text(action)
    if text is not None:
        return str(_(text)).replace("%(subject)s", subject or _("unknown"))
    feature, _dot, act = action.partition(".")
    known = words.FEATURES.get(feature)
    title = _(known) if known else feature.replace("_", " ").capitalize()
    return ": ".join(filter(None, (title, act.replace("_", " "), subject)))


_MOST_SHOWN = 60


def _machine(entry: AuditEntry) -> str:
    kind = words.ACTORS.get(entry.actor_kind)
    what = _(kind) if kind else entry.actor_kind
    is_named = entry.actor_name and entry.actor_name.casefold() != entry.actor_kind
    return f"{what}: {entry.actor_name}" if is_named else what


def _changes(entry: AuditEntry, *, is_former: bool) -> list[Change]:
    before, after = entry.before or {}, entry.after or {}
    if is_former:
        before, after = (
            {name: _blanked(entry.action, name, values[name]) for name in values} for values in (before, after)
        )
    found = []
    for name in dict.fromkeys((*before, *after)):
        label = words.field_label(entry.action, name)
        found.append(
            Change(
                label=_(label) if label else name.removesuffix("_id").replace("_", " ").capitalize(),
                before=_value(entry.action, name, before[name]) if name in before else None,
                after=_value(entry.action, name, after[name]) if name in after else None,
            )
        )
    return found


def _blanked(action: str, name: str, value: object) -> object:
    """The value, where it is a number, a date, a word of the program or the name of a door; else nothing of it."""
    if name in _IMPERSONAL or value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, dict):
        return {str(key): _blanked(action, str(key), inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_blanked(action, name, inner) for inner in value]
    text = str(value)
    is_plain = words.value_word(action, name, value) is not None or (name not in _BIRTH and _is_time(text))
    return text if is_plain or not text else str(_("removed"))


_BIRTH = frozenset({"birth_date"})


def _is_time(text: str) -> bool:
    return bool(_DAY.match(text) or _INSTANT.match(text))


def _value(action: str, name: str, value: object) -> str:
    word = words.value_word(action, name, value)
    if word is not None:
        return str(_(word))
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_value(action, str(key), inner)}" for key, inner in value.items())
    if isinstance(value, list):
        shown = ", ".join(_value(action, name, inner) for inner in value[:_MOST_SHOWN])
        left = len(value) - _MOST_SHOWN
        return (
            shown
            if left <= 0
            else str(_("%(some)s and %(count)s more (all are in the exported file)", some=shown, count=left))
        )
    return _text(str(value))


def _text(value: str) -> str:
    """Days and instants as the reader writes them."""
    try:
        if _DAY.match(value):
            return filters.date_text(date.fromisoformat(value))
        if _INSTANT.match(value):
            return filters.datetime_text(datetime.fromisoformat(value))
    except ValueError:
        return value
    return value


def _links(entry: AuditEntry) -> list[tuple[str, str]]:
    known = current_app.view_functions
    return [
        (_(label), url_for(endpoint, **{parameter: getattr(entry, column)}))
        for column, endpoint, parameter, right, label in _LINKS
        if getattr(entry, column) is not None and endpoint in known and can(right)
    ]
