"""The passwords with which gateways and modules log in at the broker: made here, kept only as a hash.

The hash has the form of Mosquitto's password file, so that one text serves both brokers: `$7$iterations$salt$hash`, PBKDF2 with
SHA-512, salt and hash in Base64. A password has 160 random bits, so that nobody finds it by trying, however cheap a try is.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

# What Mosquitto writes itself.
_ITERATIONS = 101
_MOST_ITERATIONS = 1_000_000
_SALT_BYTES, _HASH_BYTES = 12, 64


def make_password() -> str:
    """32 characters that are easily told apart: 160 random bits in Base32."""
    return base64.b32encode(secrets.token_bytes(20)).decode().lower()


def hash_password(password: str) -> str:
    """As Mosquitto's password file has it."""
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = _derive(password, salt, _ITERATIONS)
    return f"$7${_ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def is_right(password: str, kept: str | None) -> bool:
    """Whether it is the password of this hash; takes as long where there is none."""
    try:
        _, kind, iterations, salt, digest = (kept or _NOBODYS).split("$")
        rounds = int(iterations)
        if kind != "7" or not 1 <= rounds <= _MOST_ITERATIONS:
            return False
        found = _derive(password, base64.b64decode(salt, validate=True), rounds)
        return hmac.compare_digest(found, base64.b64decode(digest, validate=True)) and kept is not None
    except ValueError:
        return False


def _derive(password: str, salt: bytes, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations, _HASH_BYTES)


_NOBODYS = hash_password(make_password())
