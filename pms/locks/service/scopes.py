"""Scopes: sections are made and changed, floors get theirs by themselves, locks are noted to know them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from pms.audit import service as audit
from pms.core.db import insert_into, transaction
from pms.core.errors import NotFound
from pms.core.ids import new_id
from pms.locks import queries, rules, scope_queries
from pms.locks.models import Door, Lock, LockSetup, Scope, ScopeDoor, ScopeKind
from pms.properties import service as properties
from pms.rooms import queries as rooms

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor


def ensure_scopes(*, now: datetime) -> None:
    """The house has its scope of every door, and every floor has its own; joins the caller's transaction."""
    with transaction() as session:
        known = session.execute(sa.select(Scope.kind, Scope.floor_id)).all()
        if not any(kind is ScopeKind.ALL for kind, _floor in known):
            _add(session, ScopeKind.ALL, None, now)
        have = {floor_id for _kind, floor_id in known}
        for floor in rooms.list_floors():
            if floor.id not in have:
                _add(session, ScopeKind.FLOOR, floor.id, now)


def create_section(*, name: str, door_ids: Collection[int], actor: Actor, now: datetime) -> Scope:
    """A section of picked doors. BadSectionName, SectionNameTaken; TooManyScopes where a lock could not remember it."""
    name = rules.clean_name(name, rules.BadSectionName)
    with transaction() as session:
        scope = Scope(
            number=properties.next_door_number(),
            kind=ScopeKind.SECTION,
            name=name,
            issue=rules.first_issue(now),
            created_at=now,
        )
        with _unique_name(session, name):
            session.add(scope)
        doors = _pick(session, scope, door_ids)
        _record(scope, "locks.section_created", actor, now, {}, {"name": name, "doors": doors})
        return scope


def change_section(*, scope_id: int, name: str, door_ids: Collection[int], actor: Actor, now: datetime) -> Scope:
    """Rename a section or pick its doors anew. Refusals as for `create_section`.

    Cards of the section keep what is on them; a door opens for them as soon as its lock was told.
    """
    name = rules.clean_name(name, rules.BadSectionName)
    with transaction() as session:
        scope = scope_queries.get_section(scope_id)
        before = {"name": scope.name, "doors": _names(session, scope_queries.door_ids_of_section(scope_id))}
        with _unique_name(session, name):
            scope.name = name
        after = {"name": name, "doors": _pick(session, scope, door_ids)}
        changed = [key for key, value in after.items() if before[key] != value]
        if changed:
            old, new = {key: before[key] for key in changed}, {key: after[key] for key in changed}
            _record(scope, "locks.section_changed", actor, now, old, new)
        return scope


def raise_scope_issue(*, scope_id: int, issue: int, now: datetime) -> Scope:
    """Cards made from now on carry this number, and end those with a lower one at each door where they are used.

    Joins the caller's transaction; whoever knows the cards writes the audit line.
    """
    with transaction() as session:
        scope = session.get(Scope, scope_id, with_for_update=True, populate_existing=True)
        if scope is None:
            raise NotFound
        scope.issue = max(scope.issue, issue, rules.first_issue(now))
        session.flush()
        return scope


def scopes_to_tell(lock: Lock) -> list[int] | None:
    """The numbers of all scopes that a lock must be told (tag 25); None where it knows them, or cannot be told anything.

    A lock that is not set up for its door learns them when it is.
    """
    door = queries.door_of_lock(lock.id)
    if door is None or lock.setup is not LockSetup.READY:
        return None
    return rules.missing_scopes([scope.number for scope in scope_queries.scopes_of_door(door)], lock.told_scopes)


def note_told(*, lock_id: int, numbers: Collection[int]) -> None:
    """The lock has said that it took these scopes; joins the caller's transaction."""
    with transaction() as session:
        lock = session.get(Lock, lock_id, with_for_update=True)
        if lock is None:
            raise queries.NoSuchLock
        lock.told_scopes = sorted(numbers)
        session.flush()


def note_scope_issues(*, lock_id: int, issues: Mapping[int, int]) -> None:
    """The lock is known to keep at least these issues, by number of the scope; joins the caller's transaction."""
    with transaction() as session:
        lock = session.get(Lock, lock_id, with_for_update=True)
        if lock is None:
            raise queries.NoSuchLock
        higher = {
            str(number): issue for number, issue in issues.items() if issue > lock.scope_issues.get(str(number), 0)
        }
        if higher:
            lock.scope_issues = lock.scope_issues | higher
            session.flush()


def _add(session: Session, kind: ScopeKind, floor_id: int | None, now: datetime) -> None:
    # Two who give doors at once make it once.
    session.execute(
        insert_into(Scope)
        .values(
            id=new_id(),
            number=properties.next_door_number(),
            kind=kind,
            name="",
            floor_id=floor_id,
            issue=rules.first_issue(now),
            created_at=now,
        )
        .on_conflict_do_nothing()
    )


def _pick(session: Session, scope: Scope, door_ids: Collection[int]) -> list[str]:
    """Take the doors into the section and others out of it; the names of those that are in."""
    # Held, so that two sections which take the same door at once are counted both.
    doors = {
        door.id: door
        for door in session.scalars(sa.select(Door).where(Door.id.in_(door_ids)).order_by(Door.id).with_for_update())
    }
    present = scope_queries.door_ids_of_section(scope.id)
    session.execute(
        sa.delete(ScopeDoor).where(ScopeDoor.scope_id == scope.id, ScopeDoor.door_id.in_(present - set(doors)))
    )
    session.add_all([ScopeDoor(scope_id=scope.id, door_id=door_id) for door_id in sorted(set(doors) - present)])
    session.flush()
    loaded = [door for door in queries.list_doors() if door.id in doors]
    for door_id, scopes in scope_queries.scopes_of_doors(loaded).items():
        rules.check_scopes(doors[door_id].name, len(scopes))
    return _names(session, set(doors))


def _names(session: Session, door_ids: Collection[int]) -> list[str]:
    return list(session.scalars(sa.select(Door.name).where(Door.id.in_(door_ids)).order_by(Door.name)))


@contextmanager
def _unique_name(session: Session, name: str) -> Iterator[None]:
    try:
        with session.begin_nested():
            yield
            session.flush()
    except IntegrityError as error:
        raise rules.SectionNameTaken(name=name) from error


def _record(
    scope: Scope, action: str, actor: Actor, now: datetime, before: Mapping[str, object], after: Mapping[str, object]
) -> None:
    audit.record(
        actor=actor,
        action=action,
        subject=audit.Subject(kind="scope", id=scope.id, label=scope.name),
        now=now,
        before=dict(before) or None,
        after=dict(after),
    )
