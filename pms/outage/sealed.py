"""The sealed part of a pack: AES-256-GCM under a key made of the desk password.

The page in the file opens it with the browser's own WebCrypto; nothing but the password is needed. The header (rounds, salt,
nonce) lies open beside it, and the instant of the pack is part of the seal, so that a part cannot be put into another pack.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ROUNDS = 600_000
_SALT = 16
_NONCE = 12


@dataclass(frozen=True, slots=True)
class SealedPart:
    """What lies in the file, as text."""

    rounds: int
    salt: str
    nonce: str
    text: str


def seal(rows: list[dict[str, Any]], *, password: str, place: str) -> SealedPart:
    """The rows as JSON, sealed; `place` must be given again to open them."""
    salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
    plain = json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()
    text = AESGCM(_key(password, salt, ROUNDS)).encrypt(nonce, plain, place.encode())
    return SealedPart(ROUNDS, _base64(salt), _base64(nonce), _base64(text))


def _key(password: str, salt: bytes, rounds: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
