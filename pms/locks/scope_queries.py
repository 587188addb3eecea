"""Reads of scopes: which doors are in which, and which locks do not know theirs yet."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from pms.core.db import db
from pms.core.errors import NotFound
from pms.locks import queries, rules
from pms.locks.models import Door, LockSetup, Scope, ScopeDoor, ScopeKind
from pms.rooms.models import Floor


@dataclass(frozen=True, slots=True)
class ScopeRow:
    """A scope as lists show it. `name` is that of the section or floor; `building` is said only where there are several."""

    scope: Scope
    name: str
    building: str
    doors: int

    @property
    def label(self) -> str:
        """For the audit trail, whose words are not translated."""
        if self.scope.kind is ScopeKind.ALL:
            return "all doors"
        return " ".join(filter(None, (self.building, self.name)))


@dataclass(frozen=True, slots=True)
class UntoldDoor:
    """A door whose lock does not know its present scopes; `is_new` where it never was told any."""

    door: Door
    is_new: bool


def list_scopes() -> list[ScopeRow]:
    """Every door first, then the floors from the ground up, building by building, then the sections by name."""
    scopes = db.session.scalars(sa.select(Scope).options(joinedload(Scope.floor).joinedload(Floor.building))).all()
    buildings = {scope.floor.building_id for scope in scopes if scope.floor is not None}
    counts = _count_doors()
    rows = [
        ScopeRow(
            scope,
            scope.floor.name if scope.floor is not None else scope.name,
            scope.floor.building.name if scope.floor is not None and len(buildings) > 1 else "",
            counts.get(scope.id, 0),
        )
        for scope in scopes
    ]
    return sorted(rows, key=_order)


def rows_by_id() -> dict[int, ScopeRow]:
    """The same by id."""
    return {row.scope.id: row for row in list_scopes()}


def get_scope(scope_id: int) -> ScopeRow:
    """The scope; NotFound."""
    row = rows_by_id().get(scope_id)
    if row is None:
        raise NotFound
    return row


def get_section(scope_id: int) -> Scope:
    """The section; NotFound also for a floor, whose doors nobody picks."""
    scope = db.session.get(Scope, scope_id)
    if scope is None or scope.kind is not ScopeKind.SECTION:
        raise NotFound
    return scope


def door_ids_of_section(scope_id: int) -> set[int]:
    """The doors that were picked for a section."""
    return set(db.session.scalars(sa.select(ScopeDoor.door_id).where(ScopeDoor.scope_id == scope_id)))


def scopes_of_doors(doors: Iterable[Door]) -> dict[int, list[Scope]]:
    """The scopes of each door (its room must be loaded), in the order of their numbers."""
    scopes = db.session.scalars(sa.select(Scope).order_by(Scope.number)).all()
    picked: dict[int, set[int]] = {}
    for door_id, scope_id in db.session.execute(sa.select(ScopeDoor.door_id, ScopeDoor.scope_id)):
        picked.setdefault(door_id, set()).add(scope_id)
    return {door.id: [scope for scope in scopes if _is_in(door, scope, picked.get(door.id, ()))] for door in doors}


def scopes_of_door(door: Door) -> list[Scope]:
    """The scopes of one door."""
    return scopes_of_doors([door])[door.id]


def list_untold() -> list[UntoldDoor]:
    """Doors with a lock that is set up and does not know its present scopes: the phone must come again, or a command."""
    doors = [door for door in queries.list_doors() if door.lock is not None and door.lock.setup is LockSetup.READY]
    scopes = scopes_of_doors(doors)
    return [
        UntoldDoor(door, is_new=door.lock.told_scopes is None)
        for door in doors
        if door.lock is not None
        and rules.missing_scopes([scope.number for scope in scopes[door.id]], door.lock.told_scopes) is not None
    ]


def doors_knowing(numbers: Collection[int], doors: Sequence[Door] | None = None) -> list[Door]:
    """Doors whose lock was told one of these scopes, whatever belongs to them now: a card of the scope opens there."""
    wanted = set(numbers)
    return [
        door
        for door in (queries.list_doors() if doors is None else doors)
        if door.lock is not None and wanted & set(door.lock.told_scopes or ())
    ]


def _is_in(door: Door, scope: Scope, picked: Collection[int]) -> bool:
    if scope.kind is ScopeKind.FLOOR:
        return door.room is not None and door.room.floor_id == scope.floor_id
    return scope.kind is ScopeKind.ALL or scope.id in picked


def _count_doors() -> dict[int, int]:
    counts: dict[int, int] = {}
    for scopes in scopes_of_doors(queries.list_doors()).values():
        for scope in scopes:
            counts[scope.id] = counts.get(scope.id, 0) + 1
    return counts


def _order(row: ScopeRow) -> tuple[int, int, str, int, str]:
    floor = row.scope.floor
    if floor is None:
        return (0 if row.scope.kind is ScopeKind.ALL else 2, 0, "", 0, row.name.casefold())
    return (1, floor.building.position, floor.building.name, floor.position, floor.name)
