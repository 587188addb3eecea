"""`pms simulate`: card machines, readers, fingerprint modules, gateways and 4G modules made of software, for whoever has none at
hand.

Each runs until it is stopped, and meanwhile obeys one command a line on standard input (`pms.simulators.control`).
"""

from __future__ import annotations

import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import SystemRandom as Random
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click

from pms.core import clock
from pms.protocol import topics
from pms.protocol.errors import ProtocolError
from pms.simulators import control, ef01, encoder, lock_file, pn532
from pms.simulators.control import MEDIA, Device
from pms.simulators.gateway import Radio, SimulatedGateway, SimulatedModule
from pms.simulators.lock import VirtualLock
from pms.simulators.port import TcpWire, TerminalWire, Wire

if TYPE_CHECKING:
    from pms.simulators.mqtt import Account

_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group()
def simulate() -> None:
    """Run a simulated device behind a pseudo-terminal or a TCP port until it is stopped."""


def _shared(faults: str) -> Callable[[_Command], _Command]:
    def add(command: _Command) -> _Command:
        for option in _options(faults):
            command = option(command)
        return command

    return add


def _options(faults: str) -> tuple[Callable[[_Command], _Command], ...]:
    return (
        click.option(
            "--link", type=click.Path(path_type=Path), help="Path at which the port appears (a symbolic link)."
        ),
        click.option("--tcp", help="HOST:PORT to listen at instead; port 0 takes a free one."),
        click.option("--fault", "faults", multiple=True, help=f"What goes wrong: {faults}."),
        click.option("--paced", is_flag=True, help="Take the time that the bytes take on a real line."),
    )


def _serial_number(_context: click.Context, _option: click.Parameter, value: str) -> str:
    if not re.fullmatch("[0-9a-fA-F]{16}", value):
        raise click.BadParameter("16 hex digits are wanted")
    return value


_card = click.option("--card", type=click.Choice(list(MEDIA)), help="A blank card that lies there.")


@simulate.command()
@_shared(encoder.FAULT_WORDS)
@_card
@click.option("--finger", help="Whose finger lies on it: a name, `poor` or `none`.")
@click.option(
    "--serial-number", default="0000000000000001", show_default=True, callback=_serial_number, help="16 hex digits."
)
@click.option("--model", default="ZC-20", show_default=True)
@click.option(
    "--seconds-per-write", default=encoder.DEFAULT_SECONDS_PER_WRITE, show_default=True, help="The card's own time."
)
def machine(
    link: Path | None,
    tcp: str | None,
    faults: tuple[str, ...],
    card: str | None,
    finger: str | None,
    serial_number: str,
    model: str,
    seconds_per_write: float,
    *,
    paced: bool,
) -> None:
    """The house's card-issuing machine."""
    rate = encoder.BAUD_RATE if paced else None
    with (
        _plugging(),
        encoder.SimulatedEncoder(
            serial_number, model, wire=_wire(link, tcp), baud_rate=rate, seconds_per_write=seconds_per_write
        ) as device,
    ):
        _run(device, [f"put {card}"] if card else [], [f"finger {finger}"] if finger else [], faults)


@simulate.command("pn532")
@_shared(pn532.FAULT_WORDS)
@_card
def pn532_module(link: Path | None, tcp: str | None, faults: tuple[str, ...], card: str | None, *, paced: bool) -> None:
    """A PN532 module on a serial adapter (HSU)."""
    rate = pn532.BAUD_RATE if paced else None
    with _plugging(), pn532.SimulatedPn532(wire=_wire(link, tcp), baud_rate=rate) as device:
        _run(device, [f"put {card}"] if card else [], [], faults)


@simulate.command("ef01")
@_shared(ef01.FAULT_WORDS)
@click.option("--finger", help="Whose finger lies on it: a name, `poor` or `none`.")
@click.option(
    "--template-size", default=512, show_default=True, type=click.IntRange(32, 4096), help="Bytes of a template."
)
def ef01_module(
    link: Path | None, tcp: str | None, faults: tuple[str, ...], finger: str | None, template_size: int, *, paced: bool
) -> None:
    """A fingerprint module that speaks EF01 packets."""
    rate = ef01.BAUD_RATE if paced else None
    with _plugging(), ef01.SimulatedEf01(wire=_wire(link, tcp), baud_rate=rate, template_size=template_size) as device:
        _run(device, [], [f"finger {finger}"] if finger else [], faults)


_broker = click.option("--broker", required=True, metavar="URL", help="mqtt://HOST:PORT, or mqtts:// for TLS.")
_password = click.option(
    "--password-file", required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Its password."
)
_locks = click.option(
    "--locks", type=click.Path(path_type=Path, dir_okay=False), help="JSON file that keeps its virtual locks."
)
_prefix = click.option("--prefix", default=topics.DEFAULT_PREFIX, show_default=True, help="What topics begin with.")


@simulate.command()
@_broker
@click.option("--user", required=True, help="The gateway's serial number, 12 hex digits; it logs in with it.")
@_password
@_locks
@click.option(
    "--new",
    default=1,
    show_default=True,
    type=click.IntRange(1, 50),
    help="Factory-new locks for a file not there yet.",
)
@_prefix
def gateway(broker: str, user: str, password_file: Path, locks: Path | None, new: int, prefix: str) -> None:
    """A gateway on a wall at a broker, with the locks around it."""
    name = _carrier(topics.CarrierSort.GATEWAY, user.upper())
    around = _load_locks(locks, new)
    carrier = SimulatedGateway(name, around, Radio(Random()))
    _carry(carrier, _account(broker, name.id, password_file, prefix), locks)


@simulate.command("module")
@_broker
@click.option("--user", required=True, help="The module's IMEI, 15 digits; it logs in with it.")
@_password
@_locks
@click.option("--sim", default="460001234567890", show_default=True, help="The IMSI, 15 digits.")
@_prefix
def cellular_module(broker: str, user: str, password_file: Path, locks: Path | None, sim: str, prefix: str) -> None:
    """A 4G module at a broker, inside a lock: the first of the file."""
    if not re.fullmatch("[0-9]{15}", sim):
        raise click.BadParameter("15 digits are wanted", param_hint="--sim")
    name = _carrier(topics.CarrierSort.MODULE, user)
    around = _load_locks(locks, 1)
    serial = next(iter(around))
    carrier = SimulatedModule(name, serial, around[serial], sim, Random())
    _carry(carrier, _account(broker, name.id, password_file, prefix), locks, around)


def _carrier(sort: topics.CarrierSort, user: str) -> topics.CarrierName:
    try:
        return topics.CarrierName(sort, user)
    except ProtocolError as error:
        raise click.BadParameter(str(error), param_hint="--user") from error


def _account(broker: str, user: str, password_file: Path, prefix: str) -> Account:
    # Here, because paho takes a tenth of a second to load, and every command of `pms` loads this file.
    from pms.simulators.mqtt import Account

    url = urlsplit(broker)
    try:
        port = url.port or (8883 if url.scheme == "mqtts" else 1883)
        topics.check_prefix(prefix)
    except (ValueError, ProtocolError) as error:
        raise click.UsageError(str(error)) from error
    if url.scheme not in ("mqtt", "mqtts") or not url.hostname:
        raise click.BadParameter("mqtt://HOST:PORT is wanted", param_hint="--broker")
    password = password_file.read_text(encoding="utf-8").strip()
    return Account(url.hostname, port, user, password, has_tls=url.scheme == "mqtts", prefix=prefix)


def _load_locks(path: Path | None, new: int) -> dict[str, VirtualLock]:
    if path is None or not path.exists():
        return lock_file.fresh(new, Random())
    try:
        found = lock_file.load(path)
    except (OSError, ValueError) as error:
        raise click.ClickException(f"The locks cannot be read: {error}") from error
    if not found:
        raise click.ClickException("There is no lock in the file.")
    return found


def _carry(
    carrier: SimulatedGateway | SimulatedModule,
    account: Account,
    path: Path | None,
    kept: Mapping[str, VirtualLock] | None = None,
) -> None:
    """`kept` are the locks of the file, where they are more than the carrier has."""
    from pms.simulators.mqtt import OnlineCarrier

    around = carrier.locks if kept is None else kept

    def keep() -> None:
        if path is not None:
            lock_file.save(path, around)

    keep()
    with OnlineCarrier(carrier, account, now=lambda: clock.now().timestamp(), keep=keep) as device:
        _run(device, [], [], ())


@contextmanager
def _plugging() -> Iterator[None]:
    """A link or a port that cannot be had is said in a sentence."""
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"The device cannot appear there: {error}") from error


def _wire(link: Path | None, tcp: str | None) -> Wire:
    if tcp is None:
        return TerminalWire(link)
    if link is not None:
        raise click.UsageError("Give either --link or --tcp.")
    host, _, port = tcp.rpartition(":")
    if not host or not port.isdigit():
        raise click.BadParameter("HOST:PORT is wanted", param_hint="--tcp")
    return TcpWire(host, int(port))


def _run(device: Device, cards: list[str], fingers: list[str], faults: tuple[str, ...]) -> None:
    for line in (*cards, *fingers, *(f"fault {fault}" for fault in faults)):
        try:
            control.obey(device, line)
        except (ValueError, KeyError) as error:
            raise click.ClickException(f"{line}: {error}") from error

    def say(text: str) -> None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())

    def listen() -> None:
        if control.run_control(device, sys.stdin, say):
            stopped.set()

    say(f"ok {device.path}")
    # Without anybody at its standard input the device goes on until it is stopped.
    threading.Thread(target=listen, daemon=True).start()
    stopped.wait()
