"""What every machine at a desk can be asked, whatever its make: wait for a card, read and write it, take a finger.

A driver (a file in `pms.devices.drivers`) offers these calls for one make. Everything is called by the one thread that
owns the port. Waiting ends by itself or by `is_cancelled`, which is asked at least every 150 ms. Whatever goes wrong is a
`DeviceError` by its reason; a call that a machine has no part for is `Unsupported`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from pms.protocol.card_layout import Medium
from pms.protocol.encoder_line import Capability, KeyKind, SignalPattern

IsCancelled = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class EncoderIdentity:
    """The machine's name plate. `serial_number` is empty where the make has none; `firmware` is for people."""

    serial_number: str
    model: str
    firmware: str
    capabilities: Capability


@dataclass(frozen=True, slots=True)
class CardPresence:
    """The card that lies on the machine; `uid` is 4, 7 or 10 bytes."""

    uid: bytes
    medium: Medium


@dataclass(frozen=True, slots=True)
class SectorKey:
    """One of the two keys of a MIFARE Classic sector, 6 bytes."""

    kind: KeyKind
    value: bytes = field(repr=False)


class FingerStage(StrEnum):
    """What the person at the fingerprint module should know."""

    PUT = "put"  # put the finger on
    GOT = "got"  # this sample is taken
    LIFT = "lift"  # lift it, and put it on again
    POOR = "poor"  # that was not clear enough; once more


@dataclass(frozen=True, slots=True)
class FingerStep:
    """A step of a capture: sample 1…`samples`, and its quality in percent where the module tells it."""

    stage: FingerStage
    sample: int
    samples: int
    quality: int | None = None


@dataclass(frozen=True, slots=True)
class FingerTemplate:
    """What a fingerprint module makes of a finger: only modules of the same family (`format`) understand it."""

    format: str
    model: str
    content: bytes = field(repr=False)


OnFinger = Callable[[FingerStep], None]


class Encoder(Protocol):
    """A machine on an open port."""

    def hello(self) -> EncoderIdentity:
        """Who the machine is; the first call, and again now and then to see whether it is there still.

        `NoAnswer` if nobody speaks, `Unsupported` or `LineFault` if it is no machine of this make.
        """

    def wait_for_card(self, seconds: float, is_cancelled: IsCancelled) -> CardPresence:
        """The card that lies there already or is laid down within `seconds`.

        `TimedOut`, `Cancelled`, `EncoderBusy`, `EncoderGone`.
        """

    def wait_until_removed(self, uid: bytes, seconds: float, is_cancelled: IsCancelled) -> bool:
        """Whether the card with this UID is gone within `seconds`; `Cancelled` if `is_cancelled` says so first."""

    def read_unit(self, uid: bytes, unit: int, key: SectorKey | None = None) -> bytes:
        """The 48 bytes of unit 1…8. MIFARE Classic needs a key, other media take none.

        `NoCard`, `CardChanged`, `WrongKey`; after any of them the machine and the card can still be used.
        """

    def write_unit(
        self, uid: bytes, unit: int, content: bytes, key: SectorKey | None = None, trailer: bytes | None = None
    ) -> None:
        """Write 48 bytes and then, if given, the sector trailer (16 bytes).

        Returns when the same was read back, under the new trailer's keys if there is one. `VerifyFailed` or `WriteFailed`
        if not, and as `read_unit`. A trailer that could kill its sector never reaches the card (`MalformedError` of the
        protocol).
        """

    def signal(self, pattern: SignalPattern) -> None:
        """Show a pattern to the person at the desk; `Unsupported` without a lamp."""

    def capture_finger(
        self, samples: int, seconds: float, is_cancelled: IsCancelled, on_step: OnFinger = lambda _: None
    ) -> FingerTemplate:
        """Take a finger `samples` times within `seconds` and bring its template.

        `TimedOut`, `Cancelled`, `PoorImage`, `Unsupported`; `VerifyFailed` if the template arrived damaged.
        """

    def attend(self, seconds: float) -> None:
        """Listen while there is nothing to do; `EncoderGone` if the machine was pulled out."""

    def close(self) -> None:
        """Let go of the port; never fails, and may be called again."""


@dataclass(frozen=True, slots=True)
class Driver:
    """A make of machine: the word that the table stores, its name for people, and how to reach one."""

    name: str
    title: str
    connect: Callable[[str], Encoder]
    """Opens the port at a URL (see `transport.open_transport`) without asking anything; `EncoderGone`."""
    url_scheme: str = ""
    """The scheme of its URLs where they are no serial ports, such as `pcsc`."""
    probe_order: int = 100
    """Who is tried first at a port where nobody knows what is there: the makes that are hard to mistake."""
