"""One builder per row type, with keywords; and the small house that most tests live in."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pms.accounts import passwords
from pms.accounts.models import Account, Role
from pms.core import clock
from pms.core.db import db, transaction
from pms.encoders.models import Encoder
from pms.guests.models import Guest
from pms.locks.models import Area, Door, Lock, LockSetup, Scope, ScopeKind
from pms.properties.models import Property, SiteKey
from pms.rooms.models import Building, Floor, Room, RoomType

PASSWORD = "correct horse battery"
_count = itertools.count(1)


@dataclass
class House:
    """Two floors: 101-103 standard, 201 and 202 suites, 203 standard; a lobby door; their scopes; six accounts."""

    rooms: dict[str, Room]
    standard: RoomType
    suite: RoomType
    accounts: dict[str, Account]
    doors: dict[str, Door] = field(default_factory=dict)
    lobby: Area | None = None
    # "all", and the floors by name
    scopes: dict[str, Scope] = field(default_factory=dict)


def account(username: str, role: Role, **values: Any) -> Account:
    return Account(
        username=username,
        display_name=values.pop("display_name", username.title()),
        password_hash=passwords.hash_password(PASSWORD),
        role=role,
        created_at=clock.now(),
        **values,
    )


def guest(family_name: str = "Moreau", given_name: str = "Claire", **values: Any) -> Guest:
    """Only the row: words to search by are the service's work."""
    return Guest(family_name=family_name, given_name=given_name, created_at=clock.now(), **values)


def lock(**values: Any) -> Lock:
    number = next(_count)
    return Lock(
        serial_number=values.pop("serial_number", f"{0xA00000000000 + number:012X}"),
        mac=values.pop("mac", f"02:4C:4B:00:{number >> 8 & 255:02X}:{number & 255:02X}"),
        name=values.pop("name", f"Z-{number:06X}"),
        lock_keys=values.pop("lock_keys", os.urandom(8).hex().upper()),
        server_keys=values.pop("server_keys", "5214744968050256"),
        setup=values.pop("setup", LockSetup.READY),
        utc_offset_quarters=values.pop("utc_offset_quarters", 8),
        check_out_hour=values.pop("check_out_hour", 12),
        created_at=clock.now(),
        **values,
    )


def scope(number: int, kind: ScopeKind, **values: Any) -> Scope:
    """Only the row: no lock knows it."""
    return Scope(
        number=number,
        kind=kind,
        issue=values.pop("issue", int(clock.now().timestamp()) - 1000),
        created_at=clock.now(),
        **values,
    )


def encoder(name: str = "Front desk 1", url: str = "/dev/null-encoder", **values: Any) -> Encoder:
    return Encoder(name=name, url=url, created_at=clock.now(), **values)


def site_key(version: int = 1) -> SiteKey:
    secret = Ed25519PrivateKey.generate()
    raw = serialization.Encoding.Raw
    return SiteKey(
        key_version=version,
        k_prop=os.urandom(16),
        sk_staff=secret.private_bytes(raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()),
        pk_staff=secret.public_key().public_bytes(raw, serialization.PublicFormat.Raw),
        created_at=clock.now(),
    )


def small_house() -> House:
    """See `House`. Every room has a door with a lock that is set up; so has the lobby, an area for every guest."""
    with transaction() as session:
        session.add(
            Property(
                id=1,
                name="Linden House",
                time_zone="Europe/Berlin",
                check_in_hour=15,
                check_out_hour=12,
                last_door_number=20,
            )
        )
        session.add(site_key())
        standard = RoomType(code="STD", name="Standard", beds=2, position=1)
        suite = RoomType(code="STE", name="Suite", beds=4, position=2)
        building = Building(name="Main", position=1)
        session.add_all([standard, suite, building])
        session.flush()
        floors = [Floor(building_id=building.id, name=str(n), position=n) for n in (1, 2)]
        session.add_all(floors)
        session.flush()
        scopes = {"all": scope(17, ScopeKind.ALL)}
        for place, floor in enumerate(floors):
            scopes[floor.name] = scope(18 + place, ScopeKind.FLOOR, floor_id=floor.id)
        session.add_all(scopes.values())
        rooms = {}
        for number in ("101", "102", "103", "201", "202", "203"):
            kind = suite if number in ("201", "202") else standard
            rooms[number] = Room(number=number, floor_id=floors[int(number[0]) - 1].id, room_type_id=kind.id)
        session.add_all(rooms.values())
        lobby = Area(number=1, name="Lobby")
        session.add(lobby)
        session.flush()
        doors: dict[str, Door] = {}
        for index, (number, room) in enumerate(rooms.items(), start=11):
            device = lock()
            session.add(device)
            session.flush()
            doors[number] = Door(number=index, name=number, room_id=room.id, lock_id=device.id)
        entrance = lock()
        session.add(entrance)
        session.flush()
        doors["lobby"] = Door(number=2, name="Lobby entrance", area_id=lobby.id, lock_id=entrance.id)
        session.add_all(doors.values())
        roles = {
            "desk": Role.FRONT_DESK,
            "desk2": Role.FRONT_DESK,
            "housekeeper": Role.HOUSEKEEPING,
            "technician": Role.MAINTENANCE,
            "manager": Role.MANAGER,
            "admin": Role.ADMINISTRATOR,
        }
        accounts = {name: account(name, role) for name, role in roles.items()}
        session.add_all(accounts.values())
        session.flush()
    # Plain values from here on: tests share them between threads, and sessions expire what they hold.
    db.session.expunge_all()
    return House(
        rooms=rooms, standard=standard, suite=suite, accounts=accounts, doors=doors, lobby=lobby, scopes=scopes
    )


TODAY = date(2026, 6, 12)
