"""Reads the vendor's JSON of locks.

Everything is checked before anything is taken. What is known gets a place of its own, secrets apart; all other fields are
kept as they were said.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pms.core.text import N_
from pms.locks.rules import Fault, ImportedLock

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BYTES = 4 * 2**20
MAX_LOCKS = 5000
SECRET_FIELDS = ("lockKeys", "serverKeys", "pwAdmin", "newPwAdmin", "doubleVerify")
# What a lock can have, in the vendor's words and in ours.
FEATURES = {
    "遥控": "remote",
    "卡片": "card",
    "密码": "passcode",
    "指纹": "fingerprint",
    "人脸": "face",
    "掌纹": "palm",
}

_NOT_JSON = N_("The file is not JSON: %(reason)s (line %(line)s).")
_TOO_LARGE = N_("The file is larger than %(most)s MB.")
_NO_LIST = N_("The file is not an answer of findAllByUserId: “data” must be a list of locks.")
_ERROR_ANSWER = N_("The file is an answer that says the request failed; ask for the locks again.")
_TOO_MANY = N_("The file has more than %(most)s locks.")
_NO_LOCKS = N_("The file has no locks.")
_NOT_AN_OBJECT = N_("This is not a lock.")
_TWICE = N_("The same lock is in record %(first)s already.")


@dataclass(frozen=True, slots=True)
class _Field:
    pattern: re.Pattern[str]
    message: str
    required: bool = False


def _field(pattern: str, message: str, *, required: bool = False) -> _Field:
    return _Field(re.compile(pattern), message, required)


_FIELDS: dict[str, _Field] = {
    "id": _field(r"\d{1,32}", N_("must be up to 32 digits")),
    "lockSn": _field(r"[0-9A-Fa-f]{12}", N_("must be 12 hexadecimal digits"), required=True),
    "mac": _field(
        r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}", N_("must be six bytes such as 01:01:11:40:00:DF"), required=True
    ),
    "lockUsername": _field(r"[^\x00-\x1f]{1,60}", N_("must be a name of 1 to 60 characters"), required=True),
    "lockNumber": _field(r"[^\x00-\x1f]{0,40}", N_("must have at most 40 characters")),
    "agreementType": _field(r"0[78]", N_("must be 07 or 08"), required=True),
    "electricity": _field(r"\d{1,2}|100", N_("must be a number from 0 to 100")),
    "featureCodes": _field(r"[^\x00-\x1f]{0,200}", N_("must be a list with commas")),
    "lockKeys": _field(r"[0-9A-Fa-f]{16}", N_("must be 16 hexadecimal digits"), required=True),
    "serverKeys": _field(r"[0-9]{16}", N_("must be 16 decimal digits")),
    "pwAdmin": _field(r"[0-9]{8}", N_("must be 8 decimal digits")),
    "newPwAdmin": _field(r"[0-9]{8}", N_("must be 8 decimal digits")),
    "doubleVerify": _field(r"[0-9]{4}", N_("must be 4 decimal digits")),
}
_MISSING = N_("is missing")
_NOT_TEXT = N_("must be text")


def read(document: bytes) -> tuple[list[ImportedLock], list[Fault]]:
    """The locks of the document, and everything that is wrong with it; never raises for bad input."""
    records, fault = _records(document)
    if fault is not None:
        return [], [fault]
    locks: list[ImportedLock] = []
    faults: list[Fault] = []
    for number, record in enumerate(records, start=1):
        found = _faults(number, record)
        if found:
            faults += found
        else:
            locks.append(_lock(number, record))
    return locks, faults + _doubles(locks)


def read_features(text: str) -> list[str]:
    """What a lock can do, in our words; words that nobody knows stay as they are."""
    return [FEATURES.get(word.strip(), word.strip()) for word in text.split(",") if word.strip()]


def _records(document: bytes) -> tuple[list[Any], Fault | None]:
    if len(document) > MAX_BYTES:
        return [], Fault(0, "", _TOO_LARGE, {"most": MAX_BYTES // 2**20})
    try:
        body = json.loads(document.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        return [], Fault(0, "", _NOT_JSON, {"reason": error.msg, "line": error.lineno})
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        return [], Fault(0, "", _NOT_JSON, {"reason": type(error).__name__, "line": 1})
    return _list_of(body)


def _list_of(body: object) -> tuple[list[Any], Fault | None]:
    message, params = "", {}
    if not isinstance(body, dict) or not isinstance(body.get("data"), list):
        is_refusal = isinstance(body, dict) and body.get("success") is False
        message = _ERROR_ANSWER if is_refusal else _NO_LIST
    elif body.get("success") is False:
        message = _ERROR_ANSWER
    elif not body["data"]:
        message = _NO_LOCKS
    elif len(body["data"]) > MAX_LOCKS:
        message, params = _TOO_MANY, {"most": MAX_LOCKS}
    else:
        # `total` is not looked at: the vendor leaves it 0.
        return body["data"], None
    return [], Fault(0, "data", message, params)


def _faults(number: int, record: object) -> list[Fault]:
    if not isinstance(record, dict):
        return [Fault(number, "", _NOT_AN_OBJECT)]
    found = []
    for name, rule in _FIELDS.items():
        value = record.get(name)
        if value is None or value == "":
            message = _MISSING if rule.required else ""
        elif not isinstance(value, str):
            message = _NOT_TEXT
        else:
            message = "" if rule.pattern.fullmatch(value.strip()) else rule.message
        if message:
            found.append(Fault(number, name, message))
    return found


def _lock(number: int, record: dict[str, Any]) -> ImportedLock:
    def text(name: str) -> str:
        return str(record.get(name) or "").strip()

    def secret(name: str, change: Callable[[str], str] = str) -> str | None:
        return change(text(name)) or None

    return ImportedLock(
        record=number,
        origin_id=text("id") or None,
        serial_number=text("lockSn").upper(),
        mac=text("mac").upper(),
        name=text("lockUsername"),
        model=text("lockNumber"),
        protocol_version=int(text("agreementType")),
        battery_percent=int(text("electricity")) if text("electricity") else None,
        features=read_features(text("featureCodes")),
        origin={name: value for name, value in record.items() if name not in SECRET_FIELDS},
        lock_keys=text("lockKeys").upper(),
        server_keys=secret("serverKeys"),
        admin_code=secret("pwAdmin"),
        new_admin_code=secret("newPwAdmin"),
        double_verify=secret("doubleVerify"),
    )


def _doubles(locks: list[ImportedLock]) -> list[Fault]:
    faults = []
    for name in ("serial_number", "origin_id"):
        seen: dict[str, int] = {}
        for lock in locks:
            value = getattr(lock, name)
            if value is None:
                continue
            if value in seen:
                wire = "lockSn" if name == "serial_number" else "id"
                faults.append(Fault(lock.record, wire, _TWICE, {"first": seen[value]}))
            seen.setdefault(value, lock.record)
    return faults


def _refuse_constant(name: str) -> object:
    raise ValueError(name)
