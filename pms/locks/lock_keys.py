"""The keys of locks, doors, areas and cards, derived from rows when they are needed and never stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pms.core.errors import DomainError
from pms.core.text import N_
from pms.protocol import kdf

if TYPE_CHECKING:
    from pms.locks.models import Area, Door, Lock
    from pms.properties.models import SiteKey


class NoServerKeys(DomainError):
    """The lock was never bound to a server, so nothing can be sealed or computed for it."""

    code = "no_server_keys"
    message = N_("The lock %(name)s was not set up yet, so no codes can be made for it.")


class CardKeys(NamedTuple):
    """`K_carda` reads MIFARE Classic cards of the house, `K_cardb` writes them; 16 bytes each."""

    a: bytes
    b: bytes


def serial_of(lock: Lock) -> bytes:
    """SN, 6 bytes."""
    return bytes.fromhex(lock.serial_number)


def mac_of(lock: Lock) -> bytes:
    """MAC, 6 bytes."""
    return bytes.fromhex(lock.mac.replace(":", ""))


def secret_of(lock: Lock, server_keys: str | None = None) -> bytes:
    """`L`, 16 bytes, under the keys in force or under `server_keys`; NoServerKeys where there are none."""
    digits = server_keys or lock.server_keys
    if not digits or not lock.lock_keys:
        raise NoServerKeys(name=lock.name)
    return kdf.lock_secret(bytes.fromhex(lock.lock_keys), digits)


def lock_key_of(lock: Lock, server_keys: str | None = None) -> bytes:
    """`K_lock`, 16 bytes."""
    return kdf.lock_key(secret_of(lock, server_keys), serial_of(lock), mac_of(lock))


def code_key_of(lock: Lock) -> bytes:
    """`K_code`, 16 bytes: offline passcodes."""
    return kdf.code_key(lock_key_of(lock))


def command_key_of(lock: Lock, server_keys: str | None = None) -> bytes:
    """`K_cmd`, 16 bytes: frames."""
    return kdf.command_key(lock_key_of(lock, server_keys))


def bind_key_of(lock: Lock) -> bytes:
    """`K_bind`, 16 bytes: 0500 and its answer on a lock that is not bound."""
    if not lock.lock_keys:
        raise NoServerKeys(name=lock.name)
    return kdf.bind_key(bytes.fromhex(lock.lock_keys), serial_of(lock), mac_of(lock))


def door_key(site_key: SiteKey, door: Door) -> bytes:
    """The key of a door's guest grants, 32 bytes."""
    return kdf.door_key(_k_prop(site_key), site_key.key_version, door.number)


def area_key(site_key: SiteKey, area: Area) -> bytes:
    """The key of an area's guest grants, 32 bytes."""
    return kdf.area_key(_k_prop(site_key), site_key.key_version, area.number)


def card_keys(site_key: SiteKey) -> CardKeys:
    """The keys under which cards of this key version are read and written."""
    k_prop, version = _k_prop(site_key), site_key.key_version
    return CardKeys(kdf.card_a_key(k_prop, version), kdf.card_b_key(k_prop, version))


def _k_prop(site_key: SiteKey) -> bytes:
    k_prop = site_key.k_prop
    if k_prop is None:
        raise RuntimeError("a site key without its key")
    return k_prop
