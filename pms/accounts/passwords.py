"""Passwords at rest: Argon2id, with the cost of this installation's settings."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = [PasswordHasher(memory_cost=19456, time_cost=2, parallelism=1)]
# A hash of nobody's password, made with today's cost.
_nobody: list[str] = []


def set_cost(*, memory_kib: int, rounds: int) -> None:
    """Choose the work factor (tests take a cheap one); hashes made with another are renewed at the next log-in."""
    _hasher[:] = [PasswordHasher(memory_cost=memory_kib, time_cost=rounds, parallelism=1)]
    _nobody[:] = []


def hash_password(password: str) -> str:
    """An encoded Argon2id hash with its own salt."""
    return _hasher[0].hash(password)


def verify(stored: str, password: str) -> bool:
    """Whether the password fits; takes the same time whether or not it does."""
    try:
        return _hasher[0].verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def verify_nobody(password: str) -> bool:
    """Always False, in the time that `verify` takes: the answer's delay must not tell which names exist."""
    if not _nobody:
        _nobody[:] = [hash_password(secrets.token_urlsafe(32))]
    verify(_nobody[0], password)
    return False


def needs_renewal(stored: str) -> bool:
    """Whether the hash was made with another cost than today's."""
    return _hasher[0].check_needs_rehash(stored)
