"""One configured port: open it, lose it, try again after a pause. One owner thread; no thread of its own."""

from __future__ import annotations

import time
from collections.abc import Callable

from . import registry
from .encoder import Driver, Encoder, EncoderIdentity
from .errors import DeviceError, EncoderGone, NoAnswer

RETRY_PAUSES = (1.0, 2.0, 5.0)
"""Seconds before the next attempts to open a port that failed; the last one goes on for ever."""


class Port:
    """A machine behind a URL (see `open_transport`), open or not.

    The owner's round is: if not `is_open` and `retry_in()` is 0, `open()`; when any call raises `EncoderGone`, `lose()`.
    """

    def __init__(self, url: str, driver: str = "machine", *, connect: Callable[[str], Encoder] | None = None) -> None:
        """`driver` names the make of the machine, "" asks every make; `connect` takes the place of the driver's own."""
        self.url = url
        self.driver = driver
        self._connect = connect
        self._encoder: Encoder | None = None
        self._failures = 0
        self._retry_at = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the machine answered when the port was opened and has not been lost since."""
        return self._encoder is not None

    @property
    def encoder(self) -> Encoder:
        """The machine; `EncoderGone` while the port is not open."""
        if self._encoder is None:
            raise EncoderGone(f"{self.url} is not open")
        return self._encoder

    def retry_in(self) -> float:
        """Seconds until the next attempt is due; 0 when it is."""
        return max(0.0, self._retry_at - time.monotonic())

    def open(self) -> EncoderIdentity:
        """Open the port and say hello. Tries at once, due or not.

        `EncoderGone` if there is no port or nobody answers, `Unsupported` or another `DeviceError` if the answer is not
        that of our machine; the port is closed then and the next pause runs.
        """
        self.close()
        try:
            self._encoder, identity = self._greet()
        except DeviceError:
            self._pause()
            raise
        self._failures = 0
        return identity

    def _greet(self) -> tuple[Encoder, EncoderIdentity]:
        if self._connect is not None:
            return _greet(self._connect, self.url)
        if not self.driver:
            driver, encoder, identity = _find(self.url)
            self.driver = driver.name
            return encoder, identity
        return _greet(registry.get_driver(self.driver).connect, self.url)

    def lose(self) -> None:
        """Close a port whose machine is gone; the first pause runs."""
        self.close()
        self._pause()

    def close(self) -> None:
        """Let go of the port; never fails, and may be called again."""
        if self._encoder is not None:
            self._encoder.close()
            self._encoder = None

    def _pause(self) -> None:
        self._retry_at = time.monotonic() + RETRY_PAUSES[min(self._failures, len(RETRY_PAUSES) - 1)]
        self._failures += 1


def identify(url: str) -> tuple[Driver, EncoderIdentity]:
    """Who answers at a port where nobody knows what is there: every make is asked in turn, and the port let go.

    `NoAnswer` if none does; `EncoderGone`, `PortInUse`, `PortDenied` if the port cannot be used at all.
    """
    driver, encoder, identity = _find(url)
    encoder.close()
    return driver, identity


def _find(url: str) -> tuple[Driver, Encoder, EncoderIdentity]:
    for driver in registry.drivers_for(url):
        try:
            return driver, *_greet(driver.connect, url)
        except NoAnswer:
            continue
        except EncoderGone:
            raise
        except DeviceError:
            # Somebody answers, but not as this make would.
            continue
    raise NoAnswer(f"nobody we know answers at {url}")


def _greet(connect: Callable[[str], Encoder], url: str) -> tuple[Encoder, EncoderIdentity]:
    encoder = connect(url)
    try:
        return encoder, encoder.hello()
    except DeviceError:
        encoder.close()
        raise
