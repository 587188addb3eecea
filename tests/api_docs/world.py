"""A small house with something of everything, and which of its ids fit where, so that generated calls meet what exists.

Who adds operations adds to `things` what they act on, and here in which fields its ids stand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pms.accounts import registration, tokens
from pms.accounts.models import RegistrationRole
from pms.accounts.queries import find_account_by_username
from pms.core.actor import Actor
from pms.web.rights import ROLE_RIGHTS
from tests.accounts.test_registration import code_in, last_letter
from tests.api_docs import things
from tests.factories import PASSWORD, House, small_house

RECIPIENT = "claire@example.org"


@dataclass(frozen=True)
class Place:
    """Values that exist for a field of this name, wherever it stands in the query, the path or the body of these paths."""

    name: str
    values: list[Any]
    paths: str = "/api/"
    # Put in even where it was left out (of the body of just this path), and never something else: without it every call
    # would be refused for this field alone.
    always: bool = False


@dataclass
class World:
    """Tokens of a person who may do everything, and of one who may do next to nothing; what exists."""

    token: str
    weak_token: str
    places: list[Place] = field(default_factory=list)

    def values_for(self, path: str, name: str, otherwise: Any) -> list[Any]:
        """What to choose from for this field of this operation; the place with the longest path goes first. Mostly what
        exists."""
        fitting = [place for place in self.places if place.name == name and path.startswith(place.paths)]
        if not fitting:
            return [otherwise]
        place = max(fitting, key=lambda place: len(place.paths))
        return place.values if place.always else [*place.values * 3, otherwise]

    def needed_at(self, path: str) -> dict[str, Any]:
        """What must not be left out of a body; which of the values is chosen later."""
        return {place.name: place.values[0] for place in self.places if place.always and place.paths == path}


def build(now: datetime) -> World:
    """Call it inside an application's context, on an empty database."""
    house = small_house()
    admin = house.accounts["admin"]
    actor = Actor(kind="account", name=admin.display_name, account_id=admin.id)
    registration.allow(version=0, is_allowed=True, role=RegistrationRole.HOUSEKEEPING, actor=actor, now=now)
    registration.ask_for_code(recipient=RECIPIENT, can_send=True, actor=actor, now=now)
    code = code_in(last_letter())
    made = things.Builder(house, actor, now)
    made.build()
    return World(
        token=_token("admin", sorted(ROLE_RIGHTS["administrator"]), now),
        weak_token=_token("housekeeper", ["demo:use"], now),
        places=[*_ids(made.ids), *_frames(made.frames), *_people(house), *_new_person(code), *_words()],
    )


def _ids(ids: dict[str, list[str]]) -> list[Place]:
    """By the name of the field; what locks store is called `id` everywhere, and is of a kind by its path."""
    kinds = {kind: f"/api/{kind}s" for kind in ("card", "fingerprint", "remote", "face", "palm")}
    return [
        *(Place(name, values) for name, values in ids.items()),
        *(Place("id", ids[kind], path) for kind, path in kinds.items()),
        Place("cardId", ids["card"]),
        Place("lockIds", ids["lockId"]),
        Place("stayId", ids["stayId"], "/api/cardMachines/startFingerprint", always=True),
        Place("lockId", ids["hanging"], "/api/gateways/"),
        Place("furtherRoomIds", ids["roomId"]),
        Place("areaIds", ids["areaId"]),
        # One room has no lock; a lock hangs at a room or an area, not at both.
        Place("roomId", [ids["roomId"][0], *ids["roomId"]], "/api/commands/bind", always=True),
        Place("areaId", [None], "/api/commands/bind", always=True),
    ]


def _frames(frames: dict[str, tuple[str, list[str]]]) -> list[Place]:
    places = []
    for path, (serial, found) in frames.items():
        places += [Place("lockSn", [serial], path), Place("frame", found, path)]
    return places


def _people(house: House) -> list[Place]:
    accounts = [str(house.accounts[name].id) for name in ("admin", "housekeeper")]
    return [
        Place("userId", accounts[:1]),
        Place("userId", accounts, "/api/cardMachines"),
        Place("userId", [None, None, *accounts], "/api/cardMachines/startFingerprint", always=True),
        Place("accountId", accounts),
        Place("username", ["admin"], "/api/auth/"),
        Place("password", [PASSWORD], "/api/auth/"),
        Place("scopes", ["locks:view"], "/api/auth/login"),
    ]


def _new_person(code: str) -> list[Place]:
    path = "/api/auth/register"
    return [
        Place("recipient", [RECIPIENT]),
        Place("recipient", [RECIPIENT], path, always=True),
        Place("code", [code, code, "000000"], path, always=True),
        Place("username", ["claire", "admin"], path),
        Place("password", [PASSWORD, "short"], path),
    ]


_OFFLINE = ("timeLimited", "single", "permanent", "cyclic")
_MAKING = [f"/api/passwords/{name}" for name in ("add", *(f"offline/{kind}" for kind in _OFFLINE))]


def _words() -> list[Place]:
    """Values that fit: generated ones are hardly ever a time of this month, or what is on a label."""
    label = things.LABEL
    return [
        Place("requestId", [things.request(number) for number in (7, 901, 902, 903)]),
        Place("requestId", [things.request(number) for number in (101, 901, 902, 903)], "/api/cardMachines"),
        Place("startTime", ["09:00"]),
        Place("startTime", ["2026-06-12 13:00:00", "2026-06-13 09:00:00"], "/api/passwords"),
        Place("endTime", ["11:00"]),
        Place("endTime", ["2026-06-12 18:00:00", "2026-06-14 12:00:00", "2026-06-14 13:30:00"], "/api/passwords"),
        Place("lastMonth", ["2026-06", "2026-09"]),
        Place("validFrom", ["2026-06-12 13:00:00"]),
        Place("validUntil", ["2026-06-13 12:00:00"]),
        Place("from", ["2026-06-12 00:00:00"]),
        Place("until", ["2026-06-14 00:00:00"]),
        Place("imei", [things.IMEI]),
        Place("slot", [1, 2, 3, 4, 5, 6, 7]),
        Place("content", ["12345678", "04A1B2C3D4E5F6"]),
        Place("settings", ["3001", "37FFFF", "3D02"], "/api/commands"),
        Place("lockSn", [label.serial_number], "/api/commands/bind", always=True),
        Place("mac", [label.mac], "/api/commands/bind", always=True),
        Place("lockKeys", [label.lock_keys], "/api/commands/bind", always=True),
        *(
            Place("url", ["/dev/ttyUSB7"], f"/api/cardMachines/{name}", always=True)
            for name in ("bindLocal", "bindAgent")
        ),
        Place("driver", ["machine", ""], "/api/cardMachines"),
        Place("agreed", [True], "/api/cardMachines/startFingerprint", always=True),
        Place("clock", [True], "/api/commands/writeSettings", always=True),
        *(Place("passwordName", ["Ms Kim", "Mr Sato", ""], path, always=True) for path in _MAKING),
    ]


def _token(username: str, scopes: list[str], now: datetime) -> str:
    account = find_account_by_username(username)
    assert account is not None, username
    actor = Actor(kind="account", name=account.display_name, account_id=account.id)
    token, _row = tokens.make(name="schemathesis", scopes=scopes, days=30, actor=actor, now=now)
    return token
