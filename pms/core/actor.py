"""Who does something: a person at a desk, a scheduled job, a port, a lock."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """`kind` is account, job, port, agent, lock or setup; `account_id` only for people; `address` where they sit."""

    kind: str
    name: str
    account_id: int | None = None
    address: str = ""
    language: str = "en"


SETUP = Actor(kind="setup", name="setup")
