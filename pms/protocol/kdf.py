"""Keys of locks, doors, areas and cards (docs/protocol.md, section 1).

All are derived with SP 800-108 in counter mode over AES-CMAC, and the sector keys of MIFARE Classic as NXP's AN10922 has
it. Every function gives raw bytes: who keeps them seals them, and nothing here puts one into a text.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from .errors import UsageError
from .reader import check_range, check_size, check_uid

LABEL_BIND = b"bind"
LABEL_LOCK = b"lock"
LABEL_CODE = b"code"
LABEL_COMMAND = b"command"
LABEL_RECORD = b"record"
LABEL_DOOR = b"door"
LABEL_AREA = b"area"
LABEL_CARD_A = b"card-a"
LABEL_CARD_B = b"card-b"

_SECTOR_SUFFIX = b"PMS-CARD-KEY"
_DIVERSIFY_ONE_KEY = b"\x01"
_MAX_ID = 0xFFFF_FFFF


def cmac(key: bytes, message: bytes) -> bytes:
    """AES-CMAC (RFC 4493), 16 bytes."""
    mac = CMAC(AES(key))
    mac.update(message)
    return mac.finalize()


def kdf(key: bytes, label: bytes, context: bytes, size: int) -> bytes:
    """`size` (16 or 32) bytes from a 16-byte `key` (SP 800-108, counter mode, CMAC)."""
    check_size("key", key, 16)
    if size not in (16, 32):
        raise UsageError(f"a derived key has 16 or 32 bytes, not {size}")
    fixed = label + b"\0" + context + (size * 8).to_bytes(2, "big")
    blocks = (cmac(key, bytes((counter,)) + fixed) for counter in range(1, size // 16 + 1))
    return b"".join(blocks)


def lock_secret(lock_keys: bytes, server_keys: str) -> bytes:
    """`L` (16 bytes): `lock_keys` (8 bytes), then the 16 decimal digits of `server_keys` as BCD."""
    check_size("lockKeys", lock_keys, 8)
    if len(server_keys) != 16 or not (server_keys.isascii() and server_keys.isdigit()):
        raise UsageError("serverKeys must be 16 decimal digits")
    return lock_keys + bytes.fromhex(server_keys)


def _name(sn: bytes, mac: bytes) -> bytes:
    check_size("SN", sn, 6)
    check_size("MAC", mac, 6)
    return sn + mac


def bind_key(lock_keys: bytes, sn: bytes, mac: bytes) -> bytes:
    """`K_bind`: seals 0500 and its answer while the lock is not bound."""
    check_size("lockKeys", lock_keys, 8)
    return kdf(lock_keys + lock_keys, LABEL_BIND, _name(sn, mac), 16)


def lock_key(secret: bytes, sn: bytes, mac: bytes) -> bytes:
    """`K_lock` of the lock whose secret `L` is `secret`."""
    return kdf(secret, LABEL_LOCK, _name(sn, mac), 16)


def code_key(k_lock: bytes) -> bytes:
    """`K_code`: offline passcodes."""
    return kdf(k_lock, LABEL_CODE, b"", 16)


def command_key(k_lock: bytes) -> bytes:
    """`K_cmd`: frames."""
    return kdf(k_lock, LABEL_COMMAND, b"", 16)


def record_key(k_lock: bytes) -> bytes:
    """`K_rec`: the chain over records."""
    return kdf(k_lock, LABEL_RECORD, b"", 16)


def _versioned(version: int, target_id: int | None = None) -> bytes:
    check_range("key version", version, 1, 0xFF)
    if target_id is None:
        return bytes((version,))
    check_range("id", target_id, 0, _MAX_ID)
    return bytes((version,)) + target_id.to_bytes(4, "big")


def door_key(k_prop: bytes, version: int, door_id: int) -> bytes:
    """The 32-byte key of a door's guest grants under the property key of `version`."""
    return kdf(k_prop, LABEL_DOOR, _versioned(version, door_id), 32)


def area_key(k_prop: bytes, version: int, area_id: int) -> bytes:
    """The 32-byte key of an area's guest grants under the property key of `version`."""
    return kdf(k_prop, LABEL_AREA, _versioned(version, area_id), 32)


def card_a_key(k_prop: bytes, version: int) -> bytes:
    """`K_carda`: with it sector keys A (reading) are made; every lock holds it."""
    return kdf(k_prop, LABEL_CARD_A, _versioned(version), 16)


def card_b_key(k_prop: bytes, version: int) -> bytes:
    """`K_cardb`: with it sector keys B (writing) are made; the server alone holds it."""
    return kdf(k_prop, LABEL_CARD_B, _versioned(version), 16)


def sector_key(k_card: bytes, uid: bytes, unit: int) -> bytes:
    """The 6-byte key of unit 1…8 on the MIFARE Classic card with this UID.

    AN10922 for AES-128: CMAC over a constant and the diversification input. That note pads the whole input to two
    blocks; since the input is never shorter than 17 bytes here, this is what CMAC does by itself.
    """
    check_size("card key", k_card, 16)
    check_uid(uid)
    check_range("unit", unit, 1, 8)
    return cmac(k_card, _DIVERSIFY_ONE_KEY + uid + bytes((unit,)) + _SECTOR_SUFFIX)[:6]
