"""One configured port: open it, lose it, try again after a pause. One owner thread; no thread of its own."""

from __future__ import annotations

import time
from collections.abc import Callable

from .encoder import Encoder, EncoderIdentity
from .errors import DeviceError, EncoderGone
from .transport import Transport, open_transport

RETRY_PAUSES = (1.0, 2.0, 5.0)
"""Seconds before the next attempts to open a port that failed; the last one goes on for ever."""


class Port:
    """A machine behind a URL (see `open_transport`), open or not.

    The owner's round is: if not `is_open` and `retry_in()` is 0, `open()`; when any call raises `EncoderGone`, `lose()`.
    """

    def __init__(self, url: str, *, open_line: Callable[[str], Transport] = open_transport) -> None:
        self.url = url
        self._open_line = open_line
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
            encoder = Encoder(self._open_line(self.url))
        except EncoderGone:
            self._pause()
            raise
        try:
            identity = encoder.hello()
        except DeviceError:
            encoder.close()
            self._pause()
            raise
        self._encoder = encoder
        self._failures = 0
        return identity

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
