"""Who may do what: one list of rights, one table of roles, one decorator for routes."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flask import current_app
from flask_login import current_user

from pms.core.errors import Forbidden
from pms.core.text import N_

if TYPE_CHECKING:
    from collections.abc import Callable

# Each right with the sentence that the manager reads.
RIGHTS: dict[str, str] = {
    "self:use": N_("Log in, choose language and theme, change the own password"),
    "desk:view": N_("See today's arrivals, departures and guests in house"),
    "rooms:view": N_("See the room board"),
    "rooms:clean": N_("Mark rooms clean, dirty or inspected"),
    "rooms:out_of_order": N_("Take rooms out of order and back"),
    "rooms:edit": N_("Set up buildings, floors, room types and rooms"),
    "guests:view": N_("Look guests up"),
    "guests:edit": N_("Enter and change guests"),
    "guests:document": N_("See identity document numbers"),
    "stays:view": N_("See stays"),
    "stays:book": N_("Book rooms"),
    "stays:price": N_("Agree on another price than that of the type"),
    "stays:change": N_("Check in and out, assign, move, extend, shorten, cancel, undo"),
    "folios:read": N_("See what stays cost and what was paid"),
    "folios:post": N_("Take payments and charge stays"),
    "folios:reverse": N_("Reverse what was posted to a stay"),
    "keys:view": N_("See which keys exist"),
    "keys:make": N_("Make, read and erase key cards"),
    "keys:overwrite": N_("Overwrite cards of another guest, of staff or of another hotel"),
    "credentials:manage": N_("Store cards, codes, fingerprints, remotes, faces and palms in locks, and remove them"),
    "staffcards:view": N_("See who holds which staff card"),
    "staffcards:make": N_("Make and renew staff cards, emergency and visitors' cards, report them lost"),
    "passcodes:make": N_("Make and show passcodes"),
    "locks:view": N_("See locks and doors"),
    "locks:edit": N_("Import and set up locks, assign them to rooms"),
    "locks:operate": N_("Open and close doors from afar, read and set what locks hold"),
    "locks:secrets": N_("See the keys and administrator codes of locks"),
    "records:view": N_("See who opened which door when"),
    "ledger:read": N_("Read the key ledger: every key and every opening on one line of time"),
    "alarms:view": N_("See alarms"),
    "alarms:acknowledge": N_("Acknowledge alarms, with a note"),
    "alarms:duress": N_("See duress alarms"),
    "alarms:subscribe": N_("Say who hears of alarms by e-mail or webhook"),
    "alarms:network": N_("Let webhooks go to programs in our own network"),
    "records:hide": N_("Hide door records from the list"),
    "gateways:view": N_("See gateways and 4G modules"),
    "gateways:edit": N_("Add, bind and unbind gateways and 4G modules"),
    "encoders:view": N_("See card machines and what they do"),
    "encoders:edit": N_("Add and change card machines"),
    "outage:read": N_("Make outage packs and take them away"),
    "outage:manage": N_("Set the desk password that seals passcodes in outage packs"),
    "audit:view": N_("Read the audit trail"),
    "accounts:edit": N_("Add staff accounts and change their roles"),
    "tokens:make": N_("Make access tokens for programs"),
    "backups:view": N_("See which backups there are"),
    "retention:manage": N_("Decide how long guests’ data are kept, and remove those of a guest"),
    "turns:view": N_("See what the house does by itself, and how it went"),
    "turns:run": N_("Let a scheduled job run now"),
    "property:edit": N_("Change the house's name, hours and keys"),
    "demo:use": N_("Play with the demo's doors"),
}

_EVERYBODY = {"self:use", "demo:use"}
_FRONT_DESK = _EVERYBODY | {
    "desk:view",
    "rooms:view",
    "rooms:clean",
    "guests:view",
    "guests:edit",
    "guests:document",
    "stays:view",
    "stays:book",
    "stays:change",
    "folios:read",
    "folios:post",
    "outage:read",
    "keys:view",
    "keys:make",
    "credentials:manage",
    "passcodes:make",
    "locks:view",
    "locks:operate",
    "alarms:view",
    "alarms:acknowledge",
    "encoders:view",
}
_MANAGER = _FRONT_DESK | {
    "stays:price",
    "folios:reverse",
    "outage:manage",
    "rooms:out_of_order",
    "rooms:edit",
    "keys:overwrite",
    "staffcards:view",
    "staffcards:make",
    "records:view",
    "records:hide",
    "ledger:read",
    "alarms:duress",
    "alarms:subscribe",
    "gateways:view",
    "gateways:edit",
    "encoders:edit",
    "audit:view",
    "locks:edit",
    "backups:view",
    "retention:manage",
    "turns:view",
    "turns:run",
    "property:edit",
    "accounts:edit",
    "tokens:make",
}

ROLE_RIGHTS: dict[str, frozenset[str]] = {
    "front_desk": frozenset(_FRONT_DESK),
    "housekeeping": frozenset(_EVERYBODY | {"rooms:view", "rooms:clean"}),
    "maintenance": frozenset(
        _EVERYBODY
        | {
            "rooms:view",
            "rooms:out_of_order",
            "locks:view",
            "staffcards:view",
            "locks:edit",
            "locks:operate",
            "records:view",
            "alarms:view",
            "alarms:acknowledge",
            "gateways:view",
            "gateways:edit",
            "encoders:view",
            "encoders:edit",
            "tokens:make",
        }
    ),
    "manager": frozenset(_MANAGER),
    "administrator": frozenset(RIGHTS),
}

ROLE_NAMES: dict[str, str] = {
    "front_desk": N_("Front desk"),
    "housekeeping": N_("Housekeeping"),
    "maintenance": N_("Maintenance"),
    "manager": N_("Manager"),
    "administrator": N_("Administrator"),
}

View = TypeVar("View", bound="Callable[..., Any]")
PUBLIC = "public"


def require(right: str) -> Callable[[View], View]:
    """Only people whose role has `right` reach the view; others are sent to log in, or refused.

    A test walks all routes: each must carry this or `public`.
    """
    if right not in RIGHTS:
        raise ValueError(f"unknown right {right}")

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if not current_user.is_authenticated:
                return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
            if not can(right):
                raise Forbidden
            return view(*args, **kwargs)

        guarded.required_right = right  # type: ignore[attr-defined]
        return cast("View", guarded)

    return decorate


def public(view: View) -> View:
    """Marks the few routes that need no log-in."""
    view.required_right = PUBLIC  # type: ignore[attr-defined]
    return view


def can(right: str) -> bool:
    """Whether the person or program at this request has the right; for templates too.

    A program's token never goes beyond the role of whose token it is.
    """
    if right not in RIGHTS:
        raise ValueError(f"unknown right {right}")
    if not current_user.is_authenticated or right not in ROLE_RIGHTS[current_user.role]:
        return False
    return current_user.scopes is None or right in current_user.scopes
