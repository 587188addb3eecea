"""A small house with something of everything, and which of its ids fit where, so that generated calls meet what exists.

Who adds operations adds to `build` what they act on, and to `places` in which fields its ids stand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pms.accounts import registration, tokens
from pms.accounts.models import RegistrationRole
from pms.accounts.queries import find_account_by_username
from pms.core.actor import SETUP, Actor
from pms.lock_commands import service as lock_commands
from pms.locks import queries as lock_queries
from pms.passcodes import service as passcodes
from pms.protocol.command_settings import ReadSettings
from pms.web.rights import ROLE_RIGHTS
from tests.access_records import conftest as doors
from tests.factories import small_house

REQUEST = UUID(int=7)


@dataclass(frozen=True)
class Place:
    """Values that exist for a field of this name, wherever it stands in the query, the path or the body of these paths."""

    name: str
    values: list[Any]
    paths: str = "/api/"


@dataclass
class World:
    """Tokens of a person who may do everything, and of one who may do next to nothing; what exists."""

    token: str
    weak_token: str
    places: list[Place] = field(default_factory=list)

    def values_for(self, path: str, name: str) -> list[Any]:
        """What exists for this field of this operation; the place with the longest path goes first."""
        fitting = [place for place in self.places if place.name == name and path.startswith(place.paths)]
        return max(fitting, key=lambda place: len(place.paths)).values if fitting else []


def build(now: datetime) -> World:
    """Call it inside an application's context, on an empty database."""
    house = small_house()
    scene = doors.build(house, now)
    scene.open()
    admin = house.accounts["admin"]
    actor = Actor(kind="account", name=admin.display_name, account_id=admin.id)
    registration.allow(version=0, is_allowed=True, role=RegistrationRole.HOUSEKEEPING, actor=actor, now=now)
    code = passcodes.issue_for_stay(stay_id=scene.stay_id, request_id=str(REQUEST), actor=actor, now=now).passcode
    (command,) = lock_commands.queue(
        lock_id=scene.lock_id,
        payloads=[ReadSettings()],
        subject_kind="none",
        subject_id=1,
        expires_at=now + timedelta(days=1),
        actor=SETUP,
        now=now,
    )
    locks = [str(door.lock_id) for door in house.doors.values()]
    return World(
        token=_token("admin", sorted(ROLE_RIGHTS["administrator"]), now),
        weak_token=_token("housekeeper", ["demo:use"], now),
        places=[
            Place("lockId", locks),
            Place("lockSn", [lock_queries.get_lock(scene.lock_id).serial_number]),
            Place("frame", [scene.report().hex().upper()]),
            Place("userId", [str(admin.id)]),
            Place("passwordId", [str(code.id)]),
            Place("commandId", [str(command.id)]),
            Place("requestId", [str(REQUEST)]),
            Place("username", ["admin", "claire"], "/api/auth/"),
            Place("recipient", ["claire@example.org"]),
        ],
    )


def _token(username: str, scopes: list[str], now: datetime) -> str:
    account = find_account_by_username(username)
    assert account is not None, username
    actor = Actor(kind="account", name=account.display_name, account_id=account.id)
    token, _row = tokens.make(name="schemathesis", scopes=scopes, days=30, actor=actor, now=now)
    return token
