"""`pms simulate`: card machines, readers and fingerprint modules made of software, for whoever has none at hand.

Each runs until it is stopped, and meanwhile obeys one command a line on standard input (`pms.simulators.control`).
"""

from __future__ import annotations

import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from pms.simulators import control, ef01, encoder, pn532
from pms.simulators.control import MEDIA, Device
from pms.simulators.port import TcpWire, TerminalWire, Wire

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
