"""Secrets at rest: AES-256-GCM under a key that is not in the database.

A ciphertext is bound to its table, column and row, so that it cannot be moved to another row. Blind indexes (keyed
hashes) make sealed values findable without being readable.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar, overload

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from collections.abc import Callable

_FORMAT = b"\x01"
_NONCE = 12


class SealingError(Exception):
    """The key is missing, or the stored bytes were altered or belong elsewhere."""


class Vault:
    """Holds the derived keys of one installation. Its text form shows nothing."""

    def __init__(self, master: bytes) -> None:
        if len(master) != 32:
            raise SealingError("the master key must be 32 bytes")
        self._aead = AESGCM(_derive(master, b"seal"))
        self._index = _derive(master, b"index")
        self._audit = _derive(master, b"audit")
        self._backup = _derive(master, b"backup")

    def __repr__(self) -> str:
        return "Vault(***)"

    def seal(self, plain: bytes, place: str) -> bytes:
        """`place` is "table.column:row id" and must be given again to unseal."""
        nonce = os.urandom(_NONCE)
        return _FORMAT + nonce + self._aead.encrypt(nonce, plain, place.encode())

    def unseal(self, sealed: bytes, place: str) -> bytes:
        """The plain bytes; SealingError where the key, the place or the bytes do not fit."""
        if sealed[:1] != _FORMAT:
            raise SealingError("unknown format of a sealed value")
        try:
            return self._aead.decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], place.encode())
        except InvalidTag as error:
            raise SealingError(f"the sealed value of {place} does not open with this key") from error

    def blind(self, value: str, kind: str) -> str:
        """A keyed hash that finds equal values; 32 hex digits."""
        return hmac.new(self._index, f"{kind}\0{value}".encode(), hashlib.sha256).hexdigest()[:32]

    def audit_digest(self, message: bytes) -> str:
        """The link of the audit trail's chain; 64 hex digits."""
        return hmac.new(self._audit, message, hashlib.sha256).hexdigest()

    def backup_key(self, salt: bytes) -> bytes:
        """The key of one backup, 32 bytes; each has a salt of its own."""
        return hmac.new(self._backup, salt, hashlib.sha256).digest()


_vault: list[Vault] = []


def use_vault(vault: Vault) -> None:
    """Set the vault of this process (once, at start)."""
    _vault[:] = [vault]


def vault() -> Vault:
    """The vault of this process."""
    if not _vault:
        raise SealingError("no master key is loaded")
    return _vault[0]


def load_master(path: Path) -> bytes:
    """Read the master key file, or make it (mode 0600) where it does not exist."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return bytes.fromhex(path.read_text(encoding="ascii").strip())
    master = os.urandom(32)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(master.hex() + "\n")
    return master


def _derive(master: bytes, label: bytes) -> bytes:
    return hmac.new(master, b"latchkey " + label, hashlib.sha256).digest()


class _Row(Protocol):
    __tablename__: str

    @property
    def id(self) -> object: ...


T = TypeVar("T")


class Sealed(Generic[T]):
    """An attribute whose value lies sealed in the column `<name>_sealed` of the same row.

    The row's id must be set before the value (`core.ids.new_id` does it), since the id is part of the seal. With `index`, the
    column `<name>_index` keeps a blind index of that kind, by which the row is found from its whole value.
    """

    def __init__(self, pack: Callable[[T], bytes], unpack: Callable[[bytes], T], *, index: str = "") -> None:
        self._pack = pack
        self._unpack = unpack
        self._index = index
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def _place(self, row: _Row) -> str:
        return f"{row.__tablename__}.{self._name}:{row.id}"

    @overload
    def __get__(self, row: None, owner: type) -> Sealed[T]: ...
    @overload
    def __get__(self, row: _Row, owner: type) -> T | None: ...
    def __get__(self, row: _Row | None, owner: type) -> Sealed[T] | T | None:
        if row is None:
            return self
        sealed = getattr(row, f"{self._name}_sealed")
        return None if sealed is None else self._unpack(vault().unseal(sealed, self._place(row)))

    def __set__(self, row: _Row, value: T | None) -> None:
        if row.id is None:
            raise SealingError("a row needs its id before its secrets")
        sealed = None if value is None else vault().seal(self._pack(value), self._place(row))
        setattr(row, f"{self._name}_sealed", sealed)
        if self._index:
            blind = None if value is None else vault().blind(self._pack(value).hex(), self._index)
            setattr(row, f"{self._name}_index", blind)


def sealed_text() -> Sealed[str]:
    """A sealed string."""
    return Sealed(lambda text: text.encode(), lambda plain: plain.decode())


def sealed_bytes(*, index: str = "") -> Sealed[bytes]:
    """Sealed bytes, such as a key."""
    return Sealed(bytes, bytes, index=index)
