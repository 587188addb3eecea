"""`pms protocol`: the protocol's examples and bytes at the command line, for installers and support.

Bytes come as hex, as an argument or on standard input (`-`). Keys come from files only, so that they stay out of the shell's
history and the list of processes, and are never printed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from pms.core import clock
from pms.protocol import words
from pms.protocol.card import (
    STAFF_GRANT_SIZE,
    Audience,
    find_staff_body,
    open_guest_grant,
    open_staff_grant,
    read_header,
)
from pms.protocol.card_layout import EMPTY_UNIT, MAX_UNITS, UNIT_SIZE
from pms.protocol.encoder_line import LineDecoder
from pms.protocol.errors import MalformedError, ProtocolError
from pms.protocol.frame import Direction, Frame, open_frame, peek_header
from pms.protocol.passcode import decode_permission, decrypt_passcode, holds
from pms.protocol.record import AccessRecord, split_records
from pms.protocol.tlv import decode_tlvs
from pms.simulators.replay import replay_folder

_LINE_START = b"\xaa\x55"
_KEY_SIZES = (16, 32)


class Hex(click.ParamType[bytes]):
    """Bytes written as hex; blanks, colons and dashes do not count."""

    name = "hex"

    def convert(self, value: str | bytes, param: click.Parameter | None, ctx: click.Context | None) -> bytes:
        """The bytes; a usage error otherwise."""
        if isinstance(value, bytes):
            return value
        text = sys.stdin.read() if value == "-" else value
        for separator in " :-\n\r\t":
            text = text.replace(separator, "")
        try:
            return bytes.fromhex(text)
        except ValueError:
            return self.fail("This is not hex.", param, ctx)


def _read_key(path: Path) -> bytes:
    """The key in a file: hex on its only line."""
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError):
        key = b""
    if len(key) not in _KEY_SIZES:
        raise click.UsageError(f"{path.name} must hold a key of 16 or 32 bytes in hex.")
    return key


def _say(lines: Iterable[str], indent: str = "") -> None:
    for line in lines:
        click.echo(indent + line)


_HEX = Hex()
_KEY_FILE = click.option(
    "--key-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File that holds the key in hex. Keys are never taken from the command line.",
)


class Refusing(click.Group):
    """A group whose commands end with a sentence, not with a trace, when bytes are refused."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except ProtocolError as fault:
            raise click.ClickException(f"Refused ({fault.code}): {fault}") from None


@click.group(cls=Refusing)
def protocol() -> None:
    """Replay examples of the lock protocol, and put its bytes into words."""


@protocol.command("check-vectors")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def check_vectors(folder: Path) -> None:
    """Replay every example file in FOLDER; fails if a case does, or is of an unknown kind."""
    outcomes = replay_folder(folder)
    for outcome in outcomes:
        click.echo(str(outcome))
        _say(outcome.failures, "  ")
    if not outcomes:
        click.echo("There is no example file in this folder.", err=True)
    if not outcomes or any(outcome.failures for outcome in outcomes):
        raise SystemExit(1)


@protocol.command("decode-card")
@click.argument("content", type=_HEX)
@click.option("--uid", type=_HEX, help="UID of the card; needed to check a seal or signature.")
@_KEY_FILE
def decode_card(content: bytes, uid: bytes | None, key_file: Path | None) -> None:
    """What the units of a card say. CONTENT is their 48 bytes each, in hex, from unit 1.

    With the card's UID and a key file (the door's or area's key, or the staff public key) seals and signatures are
    checked and guest grants are opened.
    """
    if not content or len(content) % UNIT_SIZE or len(content) > UNIT_SIZE * MAX_UNITS:
        raise MalformedError(f"a card has 1 to {MAX_UNITS} units of {UNIT_SIZE} bytes")
    key = None if key_file is None else _read_key(key_file)
    number = 0
    while number * UNIT_SIZE < len(content):
        rest = content[number * UNIT_SIZE :]
        header = read_header(rest[:UNIT_SIZE])
        click.echo(f"unit {number + 1}:")
        _say(_describe_unit(rest, uid, key), "  ")
        number += 2 if header is not None and header.audience is Audience.SCOPE else 1


def _describe_unit(content: bytes, uid: bytes | None, key: bytes | None) -> Iterable[str]:
    unit = content[:UNIT_SIZE]
    if unit == EMPTY_UNIT:
        return ["empty"]
    header = read_header(unit)
    if header is None:
        return ["no grant of this format"]
    is_staff = header.audience is Audience.SCOPE
    lines = [words.describe_header(header)]
    if uid is not None and key is not None:
        try:
            grant = content[: STAFF_GRANT_SIZE if is_staff else UNIT_SIZE]
            _, body = (open_staff_grant if is_staff else open_guest_grant)(key, grant, uid)
        except ProtocolError as fault:
            return [*lines, f"REFUSED ({fault.code}): {fault}"]
        return [*lines, "the seal is right", *words.describe_body(body)]
    open_body = find_staff_body(unit)
    if open_body is not None:
        return [*lines, "signature not checked", *words.describe_body(open_body)]
    return [*lines, "sealed: the content opens with the key and the card's UID only"]


@protocol.command("decode-frame")
@click.argument("frame", type=_HEX)
@click.option("--sn", type=_HEX, help="The lock's serial number; needed to open the frame.")
@_KEY_FILE
def decode_frame(frame: bytes, sn: bytes | None, key_file: Path | None) -> None:
    """What a frame to or from a lock (5A…) or a card-issuing machine (AA55…) says."""
    if frame.startswith(_LINE_START):
        _decode_line(frame)
        return
    _say(words.describe_frame(peek_header(frame)))
    if sn is not None and key_file is not None:
        opened = open_frame(_read_key(key_file), sn, frame)
        click.echo("the tag is right")
        _say(_describe_content(opened), "  ")


def _describe_content(frame: Frame) -> Iterable[str]:
    content = frame.plaintext
    if frame.direction is Direction.ACKNOWLEDGEMENT:
        return ["acknowledged"] if content == b"\0" else ["not an acknowledgement"]
    if frame.direction is Direction.ANSWER:
        status, content = content[:1].hex(), content[1:]
        return [f"status {status}", *words.describe_tlvs(decode_tlvs(content, frame.version))]
    return words.describe_tlvs(decode_tlvs(content, frame.version))


def _decode_line(raw: bytes) -> None:
    decoder = LineDecoder()
    frames = decoder.feed(raw, 0.0)
    if not frames:
        raise MalformedError("no whole frame with a right CRC is in it")
    for frame in frames:
        _say(words.describe_line_frame(frame))


@protocol.command("decode-record")
@click.argument("records", type=_HEX)
def decode_record(records: bytes) -> None:
    """What one or more access records of 16 bytes say."""
    for raw in split_records(records):
        click.echo(words.describe_record(AccessRecord.decode(raw)))


@protocol.group("passcode")
def passcode() -> None:
    """Offline passcodes and the numbers behind them."""


_AT = click.option(
    "--at",
    type=int,
    help="Unix seconds of the instant that counts as now; the present one if left out.",
)


def _instant(at: int | None) -> int:
    return int(clock.now().timestamp()) if at is None else at


@passcode.command("number")
@click.argument("p", type=int)
@_AT
def describe_number(p: int, at: int | None) -> None:
    """What the number P of a permission (the credential id of an offline passcode's record) stands for."""
    click.echo(words.describe_permission(decode_permission(p, _instant(at))))


@passcode.command("read")
@click.argument("digits")
@click.option("--epoch", type=click.IntRange(0, 255), required=True, help="Epoch that the code was made in.")
@click.option("--time-zone", type=click.IntRange(-56, 56), default=0, help="Quarter hours east of UTC.")
@click.option("--check-out", type=click.IntRange(0, 23), default=12, help="Check-out hour of the lock, local.")
@_AT
@click.option(
    "--key-file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File that holds the lock's passcode key in hex.",
)
def read_code(digits: str, epoch: int, time_zone: int, check_out: int, at: int | None, key_file: Path) -> None:
    """What the ten DIGITS mean at the lock with this key, and whether they are right at that instant."""
    now = _instant(at)
    p = decrypt_passcode(_read_key(key_file), epoch, digits)
    permission = decode_permission(p, now)
    click.echo(f"code number {p}: {words.describe_permission(permission)}")
    is_right = holds(permission, time_zone, check_out, now)
    click.echo("It is in its window." if is_right else "It is outside its window: a wrong code.")
