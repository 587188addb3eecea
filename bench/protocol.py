"""How fast the protocol is on one core: passcodes, grants, frames, and bytes of the serial line.

Each figure stands beside a floor: the bare primitives of `cryptography` (or `crc_hqx`), called as often as the format demands
and with nothing around them. The ratio says what our own code adds. `python -m bench protocol` prints it alone.
"""

from __future__ import annotations

import random
import time
from binascii import crc_hqx
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESSIV
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from bench.measure import Row
from pms.protocol.card import (
    Audience,
    CardBody,
    CardKind,
    GrantHeader,
    open_guest_grant,
    open_staff_grant,
    seal_guest_grant,
    sign_staff_grant,
)
from pms.protocol.encoder_line import LineDecoder, LineFrame, encode_line_frame
from pms.protocol.frame import Direction, Frame, open_frame, seal_frame
from pms.protocol.passcode import (
    Nights,
    decode_permission,
    decrypt_passcode,
    encode_passcode,
    holds,
)

NOW = 1_773_813_600
UID = bytes.fromhex("04b807c7151a4d")
SN = bytes.fromhex("292e593b0e66")
SECONDS = 0.4
ROUNDS = 3
LINE_BYTES = 2_000_000


def _rate(work: Callable[[int], object], seconds: float = SECONDS) -> float:
    """Calls a second: the best of some rounds, since whatever disturbs only slows down. `work` gets a running number."""
    best = 0.0
    number = 0
    for _ in range(ROUNDS):
        done, start = 0, time.perf_counter()
        while (spent := time.perf_counter() - start) < seconds:
            for _ in range(100):
                number += 1
                work(number)
            done += 100
        best = max(best, done / spent)
    return best


def _figure(name: str, ours: float, unit: str, floor: float, floor_name: str) -> Row:
    """The ratio is how many times slower than the floor we are."""
    figures = (f"{value:,.0f} {unit}" for value in (ours, floor))
    return Row(what=name, figure=next(figures), floor=next(figures), ratio=floor / ours, floor_is=floor_name)


def _passcodes() -> list[Row]:
    key = bytes(range(16))
    ecb = Cipher(AES(key), ECB()).encryptor()
    block = bytes(16)

    def floor(_: int) -> None:
        for _ in range(10):
            ecb.update(block)

    def make(number: int) -> str:
        return encode_passcode(key, 7, Nights(NOW + number % 5000 * 3600, 1 + number % 31))

    codes = [make(number) for number in range(2000)]

    def verify(number: int) -> bool:
        permission = decode_permission(decrypt_passcode(key, 7, codes[number % 2000]), NOW)
        return holds(permission, 32, 12, NOW)

    bare = _rate(floor)
    return [
        _figure("passcodes made", _rate(make), "/s", bare, "10 AES blocks"),
        _figure("passcodes verified", _rate(verify), "/s", bare, "10 AES blocks"),
    ]


def _guest_grants() -> list[Row]:
    key = bytes(range(32))
    header = GrantHeader(3, Audience.DOOR, 501)
    siv, ad, content = AESSIV(key), [b"PMS-CARD-1", header.encode(), UID], bytes(24)
    sealed = siv.encrypt(content, ad)

    def seal(number: int) -> bytes:
        body = CardBody(CardKind.GUEST, NOW, NOW, NOW + 86400, number)
        return seal_guest_grant(key, header, body, UID)

    grants = [seal(number) for number in range(1000)]
    return [
        _figure(
            "guest grants sealed", _rate(seal), "/s", _rate(lambda _: siv.encrypt(content, ad)), "AES-SIV of 24 bytes"
        ),
        _figure(
            "guest grants opened",
            _rate(lambda number: open_guest_grant(key, grants[number % 1000], UID)),
            "/s",
            _rate(lambda _: siv.decrypt(sealed, ad)),
            "AES-SIV of 24 bytes",
        ),
    ]


def _staff_grants() -> list[Row]:
    secret = bytes(range(32))
    private = Ed25519PrivateKey.from_private_bytes(secret)
    public = private.public_key()
    header = GrantHeader(3, Audience.SCOPE, 33)
    message = bytes(51)
    signature = private.sign(message)

    def sign(number: int) -> bytes:
        body = CardBody(CardKind.STAFF, NOW, NOW, NOW + 86400, number)
        return sign_staff_grant(secret, header, body, UID)

    grants = [sign(number) for number in range(100)]
    raw = public.public_bytes_raw()
    return [
        _figure("staff grants signed", _rate(sign), "/s", _rate(lambda _: private.sign(message)), "Ed25519 signature"),
        _figure(
            "staff grants opened",
            _rate(lambda number: open_staff_grant(raw, grants[number % 100], UID)),
            "/s",
            _rate(lambda _: public.verify(signature, message)),
            "Ed25519 verification",
        ),
    ]


def _frames() -> list[Row]:
    key, plaintext = bytes(range(16)), bytes.fromhex("0a0469ba3f9c400101")
    ccm, nonce, head = AESCCM(key, tag_length=8), bytes(13), bytes(13)
    sealed = ccm.encrypt(nonce, plaintext, head)

    def seal(number: int) -> bytes:
        return seal_frame(key, SN, Frame(8, 0x0400, Direction.REQUEST, number, plaintext))

    frames = [seal(number) for number in range(1000)]
    return [
        _figure(
            "frames sealed",
            _rate(seal),
            "/s",
            _rate(lambda _: ccm.encrypt(nonce, plaintext, head)),
            "AES-CCM of 9 bytes",
        ),
        _figure(
            "frames opened",
            _rate(lambda number: open_frame(key, SN, frames[number % 1000])),
            "/s",
            _rate(lambda _: ccm.decrypt(nonce, sealed, head)),
            "AES-CCM of 9 bytes",
        ),
    ]


def _line(name: str, payload_size: int, noise: int) -> Row:
    """Megabytes a second of a stream of frames, fed in pieces as a port gives them."""
    source = random.Random(1)
    stream = bytearray()
    while len(stream) < LINE_BYTES:
        frame = LineFrame(source.randrange(256), 0x83, source.randbytes(payload_size))
        stream += encode_line_frame(frame) + source.randbytes(noise)
    pieces = [bytes(stream[at : at + 4096]) for at in range(0, len(stream), 4096)]

    def spend(work: Callable[[bytes], object]) -> float:
        best = float("inf")
        for _ in range(ROUNDS):
            start = time.perf_counter()
            for piece in pieces:
                work(piece)
            best = min(best, time.perf_counter() - start)
        return len(stream) / best / 1e6

    decoder = LineDecoder()
    ours = spend(lambda piece: decoder.feed(piece, 0.0))
    return _figure(name, ours, "MB/s", spend(lambda piece: crc_hqx(piece, 0xFFFF)), "CRC-16 of the same bytes")


def run() -> list[Row]:
    """Operations or bytes a second on one core; takes half a minute."""
    return [
        *_passcodes(),
        *_guest_grants(),
        *_staff_grants(),
        *_frames(),
        _line("serial line, units of 48 bytes", 49, 0),
        _line("serial line, bare answers of 1 byte", 1, 0),
        _line("serial line, template parts of 1024 bytes", 1025, 0),
        _line("serial line, units between as much noise", 49, 58),
    ]
