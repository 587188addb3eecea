"""The file of a backup: compressed, sealed under a key of its own, and whole or not a backup at all.

`MAGIC` | size of the header(4) | header, JSON | pieces. A piece is last(1: 00 or 01) | size(4) | AES-256-GCM of up to 1 MiB of the
zlib stream. Its nonce is last(1) | 00(3) | number of the piece(8); authenticated besides: SHA-256 of all before the first piece. The key
is derived from the master key and the header's salt, so that no two files share one. What was cut, swapped, changed or left
unfinished does not open.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import zlib
from dataclasses import asdict, dataclass
from typing import IO, TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pms.backups import rules
from pms.core.sealing import vault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAGIC = b"LATCHKEY BACKUP 1\n"
PIECE = 1 << 20
_MOST_HEADER = 4096
_PIECE_HEAD = struct.Struct(">BI")
_TAG = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What is known of a backup without its key. `database` is sqlite or postgresql, `made_at` ISO 8601, `salt` hex."""

    database: str
    made_at: str
    program: str
    salt: str

    @staticmethod
    def new(*, database: str, made_at: str, program: str) -> Header:
        """With a salt that no other has."""
        return Header(database=database, made_at=made_at, program=program, salt=os.urandom(32).hex())


def write(target: IO[bytes], header: Header, content: Iterable[bytes]) -> None:
    """Seal the content into the file."""
    head = json.dumps(asdict(header), sort_keys=True).encode()
    start = MAGIC + struct.pack(">I", len(head)) + head
    target.write(start)
    seal, bound, number = AESGCM(vault().backup_key(bytes.fromhex(header.salt))), hashlib.sha256(start).digest(), 0
    held = b""
    for data in _compressed(content):
        held += data
        while len(held) > PIECE:
            _put(target, seal, bound, number, held[:PIECE], is_last=False)
            held, number = held[PIECE:], number + 1
    _put(target, seal, bound, number, held, is_last=True)


def read_header(source: IO[bytes]) -> Header:
    """What kind of backup it is; the file stands at the first piece afterwards. NotABackup."""
    return _read_start(source)[0]


def read(source: IO[bytes]) -> Iterator[bytes]:
    """The content, as the file stands at its begin. NotABackup; WrongKey; Damaged, at whatever place it is."""
    header, start = _read_start(source)
    seal = AESGCM(vault().backup_key(bytes.fromhex(header.salt)))
    bound, number, is_last = hashlib.sha256(start).digest(), 0, False
    stream = zlib.decompressobj()
    while not is_last:
        last, size = _PIECE_HEAD.unpack(_exactly(source, _PIECE_HEAD.size))
        is_last = last == 1
        if size > PIECE + _TAG:
            raise rules.Damaged(what="a piece is too long")
        try:
            data = seal.decrypt(_nonce(number, is_last=is_last), _exactly(source, size), bound)
        except InvalidTag as error:
            raise (rules.WrongKey if number == 0 else rules.Damaged)(what=f"piece {number}") from error
        number += 1
        yield from _inflated(stream, data)
    if not stream.eof or source.read(1):
        raise rules.Damaged(what="its end is not where it should be")


def _inflated(stream: Any, data: bytes) -> Iterator[bytes]:
    """In parts, so that a long run of zeros does not fill the memory."""
    try:
        while data:
            if part := stream.decompress(data, PIECE):
                yield part
            data = stream.unconsumed_tail
    except zlib.error as error:
        raise rules.Damaged(what="it cannot be unpacked") from error


def _read_start(source: IO[bytes]) -> tuple[Header, bytes]:
    magic, size = source.read(len(MAGIC)), source.read(4)
    if magic != MAGIC or len(size) != 4 or struct.unpack(">I", size)[0] > _MOST_HEADER:
        raise rules.NotABackup
    head = source.read(struct.unpack(">I", size)[0])
    try:
        values = json.loads(head)
        header = Header(**values)
        bytes.fromhex(header.salt)
    except (ValueError, TypeError) as error:
        raise rules.NotABackup from error
    return header, magic + size + head


def _compressed(content: Iterable[bytes]) -> Iterator[bytes]:
    stream = zlib.compressobj(6)
    for data in content:
        yield stream.compress(data)
    yield stream.flush()


def _put(target: IO[bytes], seal: AESGCM, bound: bytes, number: int, data: bytes, *, is_last: bool) -> None:
    sealed = seal.encrypt(_nonce(number, is_last=is_last), data, bound)
    target.write(_PIECE_HEAD.pack(int(is_last), len(sealed)) + sealed)


def _nonce(number: int, *, is_last: bool) -> bytes:
    return struct.pack(">B3xQ", int(is_last), number)


def _exactly(source: IO[bytes], size: int) -> bytes:
    data = source.read(size)
    if len(data) != size:
        raise rules.Damaged(what="its end is missing")
    return data
