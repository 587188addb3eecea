"""A reader that knows only single blocks and pages: how a card on it is found, and found again.

A PN532 and a PC/SC reader have this in common; `contactless` reads and writes whole units on top of it.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar

from pms.protocol.card_layout import Medium
from pms.protocol.encoder_line import KeyKind

from .encoder import CardPresence, FingerTemplate, IsCancelled, OnFinger
from .errors import Cancelled, CardChanged, DeviceError, LineFault, NoCard, TimedOut, Unsupported

Result = TypeVar("Result")

TRIES = 3
_POLL = 0.1
_REMOVAL_POLL = 0.2
_CC_PAGE = 3

# What GET_VERSION tells of the storage, and what the capability container does.
_SIZE_CODES = {0x0F: Medium.NTAG213, 0x11: Medium.NTAG215, 0x13: Medium.NTAG216}
_CC_SIZES = {0x12: Medium.NTAG213, 0x3E: Medium.NTAG215, 0x6D: Medium.NTAG216}
_NTAG_VERSION = bytes.fromhex("000404")


class CardSilent(NoCard):
    """The card did not answer, or not in one piece: gone, moved, or it has fallen silent after a refusal."""


class AnswerLost(LineFault):
    """The reader took a command and did not tell how it went."""


class CardRefused(DeviceError):
    """The card answered that it will not."""

    code = "write_failed"


def never() -> bool:
    """Nobody cancels."""
    return False


def ntag_medium(version: bytes) -> Medium | None:
    """Which NTAG answers GET_VERSION so; None for another chip."""
    is_ntag = len(version) == 8 and version.startswith(_NTAG_VERSION)
    return _SIZE_CODES.get(version[6]) if is_ntag else None


class CardReader(ABC):
    """What an `Encoder` needs to know of cards. Whoever inherits tells how single commands reach the card.

    Every one of them may raise `CardSilent`, `AnswerLost`, `CardRefused`, or what ends the whole task.
    """

    def __init__(self) -> None:
        self._lies: CardPresence | None = None
        """The card that was selected and has answered since."""

    @abstractmethod
    def _select(self, is_cancelled: IsCancelled = never) -> CardPresence | None:
        """Select a card anew; None if there is none that we can use."""

    @abstractmethod
    def _authenticate(self, block: int, kind: KeyKind, key: bytes, uid: bytes) -> bool:
        """Open the sector of a block; `uid` is the four bytes of it that Classic takes."""

    @abstractmethod
    def _read_block(self, row: int) -> bytes:
        """16 bytes: a block, or four pages."""

    @abstractmethod
    def _write_block(self, block: int, content: bytes) -> None:
        """Write 16 bytes."""

    @abstractmethod
    def _write_page(self, page: int, content: bytes) -> None:
        """Write 4 bytes."""

    @abstractmethod
    def _pause(self, deadline: float) -> None:
        """Let time pass; `EncoderGone` if the reader vanishes meanwhile."""

    def _look(self, is_cancelled: IsCancelled) -> CardPresence | None:
        """The only card that lies there. `CardChanged` if there are several, where the reader can tell."""
        return self._select(is_cancelled)

    # --- waiting

    def wait_for_card(self, seconds: float, is_cancelled: IsCancelled) -> CardPresence:
        """The card that lies there already or is laid down within `seconds`.

        `TimedOut`, `Cancelled`, `EncoderGone`; `CardChanged` if several lie there.
        """
        deadline = time.monotonic() + seconds
        while True:
            if is_cancelled():
                raise Cancelled
            self._calmly(self._look, is_cancelled)
            if self._lies is not None:
                return self._lies
            if time.monotonic() >= deadline:
                raise TimedOut
            self._pause(min(deadline, time.monotonic() + _POLL))

    def wait_until_removed(self, uid: bytes, seconds: float, is_cancelled: IsCancelled) -> bool:
        """Whether the card with this UID is gone within `seconds`; `Cancelled` if `is_cancelled` says so first."""
        deadline = time.monotonic() + seconds
        next_look = 0.0
        while True:
            if is_cancelled():
                raise Cancelled
            if time.monotonic() >= next_look:
                # A card that is being moved may be missed once.
                if not any(self._is_there(uid, is_cancelled) for _ in range(2)):
                    return True
                next_look = time.monotonic() + _REMOVAL_POLL
            if time.monotonic() >= deadline:
                return False
            self._pause(min(deadline, time.monotonic() + _POLL))

    def _is_there(self, uid: bytes, is_cancelled: IsCancelled) -> bool:
        try:
            self._lies = self._select(is_cancelled)
        except (CardSilent, AnswerLost):
            return True
        return self._lies is not None and self._lies.uid == uid

    def _calmly(self, look: Callable[[IsCancelled], CardPresence | None], is_cancelled: IsCancelled) -> None:
        """Look, and keep what lies there. A card that is just being laid down may fall silent in between."""
        self._lies = None
        for attempt in range(TRIES):
            try:
                self._lies = look(is_cancelled)
            except CardSilent:
                continue
            except AnswerLost:
                if attempt == TRIES - 1:
                    raise
                continue
            return

    def capture_finger(
        self,
        samples: int,  # noqa: ARG002 - of the interface
        seconds: float,  # noqa: ARG002
        is_cancelled: IsCancelled,  # noqa: ARG002
        on_step: OnFinger = lambda _: None,  # noqa: ARG002
    ) -> FingerTemplate:
        """There is no fingerprint module: `Unsupported`."""
        raise Unsupported("a card reader takes no fingers")

    # --- what every command needs

    def _steadily(self, uid: bytes, act: Callable[[bool], Result]) -> Result:
        """Do what converges, with the card selected anew after each failure; `act` is told whether it was begun before."""
        for attempt in range(TRIES):
            self._require(uid)
            try:
                return act(attempt > 0)
            except (CardSilent, AnswerLost) as fault:
                self._lies = None
                last = fault
            except CardRefused:
                # It is silent now until it is selected again.
                self._lies = None
                raise
        self._require(uid)
        raise last

    def _require(self, uid: bytes) -> CardPresence:
        """Only this card; `NoCard`, `CardChanged`."""
        if self._lies is None or self._lies.uid != uid:
            self._calmly(self._select, never)
        if self._lies is None:
            raise NoCard("no card lies there")
        if self._lies.uid != uid:
            raise CardChanged("another card lies there")
        return self._lies

    def _medium_by_container(self) -> Medium | None:
        """Which NTAG it is, by its capability container: for chips that do not know GET_VERSION."""
        return _CC_SIZES.get(self._read_block(_CC_PAGE)[2])
