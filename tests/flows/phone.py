"""A phone in a process of its own. It knows an address, a name and a password, and what is printed on a lock: nothing of
the server's code. How to ask stands in the OpenAPI document that it fetches, what a lock says in the protocol.

    python tests/flows/phone.py URL ROOM_ID   (name and password on standard input, as JSON)

The lock beside it is the virtual one. What came of it all is printed as JSON.
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import jsonschema_rs

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pms.protocol.frame import peek_header
from pms.simulators.lock import VirtualLock

SN, MAC, LOCK_KEYS = bytes.fromhex("292E593B0E66"), bytes.fromhex("0101114000DF"), bytes.fromhex("AD193DF8A5A233B2")
DIGITS = "246813"
LOG_IN, BIND, ADD_USER, SYNC_USERS, SYNC_RECORDS = 1, 25, 16, 21, 22
OF_LOCKS, RECORDS, USERS, RECORD, BINDING, RECORDS_OF_LOCK = 4, 55, 56, 58, 59, 63


class Phone:
    """Calls operations by their number in the document; each body and each answer is held against it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.token = ""
        self.document = self._fetch("GET", "/api/openapi.json")
        self.operations = {
            operation["x-operation-number"]: (method.upper(), path, operation)
            for path, methods in self.document["paths"].items()
            for method, operation in methods.items()
            if "x-operation-number" in operation
        }

    def call(self, number: int, body: dict[str, Any] | None = None, **places: str) -> Any:
        """What stands in `data`."""
        method, path, operation = self.operations[number]
        if body is not None:
            self._check(operation["requestBody"]["content"]["application/json"]["schema"], body)
        for name, value in places.items():
            path = path.replace("{" + name + "}", value)
        answer = self._fetch(method, path, body)
        self._check(operation["responses"]["200"]["content"]["application/json"]["schema"], answer)
        return answer["data"]

    def _check(self, schema: dict[str, Any], value: object) -> None:
        jsonschema_rs.Draft202012Validator({**schema, "components": self.document["components"]}).validate(value)

    def _fetch(self, method: str, path: str, body: object = None) -> Any:
        headers = {"Accept-Language": "en", "Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        content = None if body is None else json.dumps(body).encode()
        try:
            with urlopen(Request(self.url + path, content, headers, method=method), timeout=30) as answer:
                return json.load(answer)
        except HTTPError as refusal:
            raise SystemExit(f"{method} {path} {body}: {refusal.code} {refusal.read().decode()}") from None


def main() -> None:
    """Bind a lock, give it a user, open it, and tell the server what it noted: everything that can be told twice, twice."""
    phone = Phone(sys.argv[1])
    lock = VirtualLock.fresh(SN, MAC, LOCK_KEYS)
    who = phone.call(LOG_IN, json.load(sys.stdin))
    phone.token = who["token"]
    sn = SN.hex().upper()

    bound = phone.call(
        BIND,
        {
            "lockSn": sn,
            "mac": MAC.hex(":").upper(),
            "lockKeys": LOCK_KEYS.hex().upper(),
            "lockUsername": "Room 103",
            "roomId": sys.argv[2],
            "requestId": str(uuid.uuid4()),
        },
    )
    told = carry(phone, lock, bound["frame"], BINDING)
    told += report_all(phone, lock)
    (row,) = [row for row in phone.call(OF_LOCKS, userId=who["userId"]) if row["lockSn"] == sn]

    added = phone.call(
        ADD_USER,
        {
            "lockId": bound["lockId"],
            "kind": "passcode",
            "content": DIGITS,
            "name": "Cleaner",
            "validFrom": stamp(-3600),
            "validUntil": stamp(7 * 86400),
            "requestId": str(uuid.uuid4()),
        },
    )
    told += carry(phone, lock, added["frame"], USERS)
    opened = lock.type_code(DIGITS, now()).result.name.lower()
    wrong = lock.type_code("999999", now()).result.name.lower()
    listed = phone.call(SYNC_USERS, {"lockId": bound["lockId"]})
    told += carry(phone, lock, listed["frame"], USERS)

    asked = phone.call(SYNC_RECORDS, {"lockId": bound["lockId"]})
    told += carry(phone, lock, asked["frame"], RECORDS)
    # The lock reports the same records one by one, too: they are there already.
    told += report_all(phone, lock)
    records = phone.call(RECORDS_OF_LOCK, lockId=bound["lockId"])
    json.dump({"told": told, "opened": opened, "wrong": wrong, "records": records, "lock": row}, sys.stdout)


def carry(phone: Phone, lock: VirtualLock, frame: str | None, number: int) -> list[list[Any]]:
    """Bring a frame to the lock and its answer back, twice; and whatever the server wants next."""
    told: list[list[Any]] = []
    while frame is not None:
        answer = lock.receive(bytes.fromhex(frame), now())
        if answer is None:
            raise SystemExit("the lock keeps silent")
        first, again = tell_twice(phone, answer, number)
        told.append([f"{peek_header(answer).command:04X}", first["isNew"], again["isNew"]])
        frame = first["command"]
    return told


def report_all(phone: Phone, lock: VirtualLock) -> list[list[Any]]:
    """Bring everything that the lock has to report to the server, each twice, and its acknowledgements back."""
    told: list[list[Any]] = []
    while (report := lock.pending_report(now())) is not None:
        first, again = tell_twice(phone, report, RECORD)
        if first["frame"] != again["frame"]:
            raise SystemExit("the same report was acknowledged in two ways")
        told.append([f"{peek_header(report).command:04X}", first["isNew"], again["isNew"]])
        lock.receive(bytes.fromhex(first["frame"]), now())
    return told


def tell_twice(phone: Phone, frame: bytes, number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The network was slow, so the phone says it again."""
    body = {"lockSn": SN.hex().upper(), "frame": frame.hex().upper()}
    return phone.call(number, body), phone.call(number, body)


def now() -> int:
    """By this phone's clock."""
    return int(time.time())


def stamp(seconds: int) -> str:
    """A time of a house in UTC, from now on."""
    return time.strftime("%Y-%m-%d %H:00:00", time.gmtime(now() + seconds))


if __name__ == "__main__":
    main()
