"""Cards, fingerprints, remote controls, faces and palms: the same five operations for each, written once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pms.accounts.asking import does_user_see
from pms.core import clock
from pms.core.errors import NotFound
from pms.credentials import capture_api, queries, schemas, service
from pms.credentials.blueprint import api_blueprint as blueprint
from pms.locks import queries as locks
from pms.slots import queries as slot_queries
from pms.slots import rules as slot_rules
from pms.slots import service as slots
from pms.slots.api import CHANGING, STORING
from pms.slots.models import SlotKind
from pms.slots.schemas import Data, Modify, RowsOf, Stored, Which, change_of, content_of, span_of, write
from pms.web import login
from pms.web.operations import Listed, operation

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["blueprint", "capture_api"]


@dataclass(frozen=True, slots=True)
class _Kind:
    """One of the five: its path, what it is called, and the number of its first operation."""

    kind: SlotKind
    path: str
    word: str
    tag: str
    first: int


_KINDS = (
    _Kind(SlotKind.CARD, "cards", "card", "Card", 28),
    _Kind(SlotKind.FINGERPRINT, "fingerprints", "fingerprint", "Fingerprint", 33),
    _Kind(SlotKind.REMOTE, "remotes", "remote control", "Remote control", 38),
    _Kind(SlotKind.FACE, "faces", "face", "Face", 43),
    _Kind(SlotKind.PALM, "palms", "palm", "Palm", 48),
)


def add(kind: SlotKind, body: Data) -> Stored:
    """Report a {word} that a phone stored in a lock.

    The same report again changes nothing. To have the server store one, use `POST /commands/addLockUser`.
    """
    what, content = content_of(kind.value, body.content or "")
    slot = slots.report_stored(
        lock_id=locks.find_by_wire_id(body.lock_id).id,
        number=body.slot,
        kind=what,
        credential_id=body.credential_id,
        content=None if body.content is None else content,
        name=body.name,
        **span_of(body),
        actor=login.actor(),
        now=clock.now(),
    )
    return write(slot)


def delete(kind: SlotKind, body: Which) -> Stored:
    """Delete a {word}: have the lock let it go.

    Its state is `removing` until the lock itself has said that it is gone. The frame to carry is handed out by `POST
    /commands/deleteLockUser`, and with each answer to whoever is at the lock.
    """
    captured = queries.find_unplaced(body.id) if kind is SlotKind.FINGERPRINT else None
    if captured is not None:
        service.remove(fingerprint_id=captured.fingerprint.id, actor=login.actor(), now=clock.now())
        return schemas.write(captured)
    slot = slots.remove(slot_id=_find(kind, body.id), actor=login.actor(), now=clock.now())
    return write(slot)


def list_all(kind: SlotKind, user_id: int, query: RowsOf) -> Listed:
    """List every {word} that locks store, or are to store, the newest first.

    Everybody who may see locks sees those of all of them; the user is oneself, or anybody for who may edit accounts.
    """
    if not does_user_see(user_id, "locks:view"):
        return Listed([], total=0)
    rows = [write(slot) for slot in slot_queries.list_of_kind(kind, limit=query.limit, before=query.before)]
    total = slot_queries.count_of_kind(kind)
    if kind is SlotKind.FINGERPRINT:
        found = queries.list_unplaced(limit=query.limit, before=query.before)
        rows = sorted([*rows, *map(schemas.write, found)], key=lambda row: -row.id)[: query.limit]
        total += queries.count_unplaced()
    return Listed(rows, total=total)


def details(kind: SlotKind, row_id: int) -> Stored:
    """Show one {word}."""
    captured = queries.find_unplaced(row_id) if kind is SlotKind.FINGERPRINT else None
    return schemas.write(captured) if captured is not None else write(slot_queries.get(_find(kind, row_id)))


def modify(kind: SlotKind, body: Modify) -> Stored:
    """Modify a {word}: its name, when it opens, or its role.

    The lock is told by a command; until it has answered, the state is `changing`.
    """
    if kind is SlotKind.FINGERPRINT and queries.find_unplaced(body.id) is not None:
        raise slot_rules.NotInLock
    slot = slot_queries.get(_find(kind, body.id))
    slot = slots.change(slot_id=slot.id, name=body.name, **change_of(body, slot), actor=login.actor(), now=clock.now())
    return write(slot)


def _find(kind: SlotKind, slot_id: int) -> int:
    slot = slot_queries.get(slot_id)
    if slot.kind is not kind:
        raise NotFound
    return slot.id


def _register(one: _Kind) -> None:
    kind, first = one.kind, one.first
    told = (*STORING, slot_rules.SlotTaken, slot_rules.CredentialTaken, slot_rules.BadSlot)

    def route(
        method: str, path: str, act: Callable[..., Any], view: Callable[..., Any], number: int, **what: Any
    ) -> None:
        view.__doc__ = (act.__doc__ or "").format(word=one.word)
        view.__name__ = f"{act.__name__}_{kind.value}"
        right = "locks:view" if method == "GET" else "credentials:manage"
        guarded = operation(first + number, right, tag=one.tag, gives=Stored, **what)(view)
        blueprint.add_url_rule(f"/{one.path}/{path}", endpoint=view.__name__, view_func=guarded, methods=[method])

    route("POST", "add", add, lambda body: add(kind, body), 0, body=Data, refuses=told)
    route("POST", "delete", delete, lambda body: delete(kind, body), 1, body=Which, refuses=(NotFound,))
    route(
        "GET",
        "findAllByUserId/<int:user_id>",
        list_all,
        lambda user_id, query: list_all(kind, user_id, query),
        2,
        query=RowsOf,
        is_list=True,
    )
    route("GET", "<int:id>", details, lambda **path: details(kind, path["id"]), 3)
    route("POST", "update", modify, lambda body: modify(kind, body), 4, body=Modify, refuses=CHANGING)


for _one in _KINDS:
    _register(_one)
