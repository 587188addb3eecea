"""What can go wrong between the server, a card-issuing machine and the card on it.

`DeviceError.code` is stable: job rows keep it and pages choose their words by it. The message is for engineers and
never carries a key or the content of a card.
"""

from __future__ import annotations


class DeviceError(Exception):
    """Base of all; nothing was written to a card, unless it is a `WriteUncertain`."""

    code = "device"

    def __init__(self, message: str = "") -> None:
        super().__init__(message or self.code)


class EncoderGone(DeviceError):
    """The port does not exist or vanished. Its children are ports that are there and of no use all the same."""

    code = "gone"


class PortInUse(EncoderGone):
    """Another program holds the port."""

    code = "port_in_use"


class PortDenied(EncoderGone):
    """The system does not let this program open the port."""

    code = "port_denied"


class NoAnswer(EncoderGone):
    """The port is there, but the machine stays silent."""

    code = "silent"


class EncoderBusy(DeviceError):
    """The machine is in the middle of something else."""

    code = "busy"


class TimedOut(DeviceError):
    """Nobody laid down a card, or put a finger, in time."""

    code = "timeout"


class NoCard(DeviceError):
    """The card was taken away."""

    code = "no_card"


class CardChanged(DeviceError):
    """Another card lies on the machine than the one that was announced."""

    code = "card_changed"


class WrongKey(DeviceError):
    """No key that we have opens a sector that we need: the card belongs to somebody else."""

    code = "wrong_key"


class WriteFailed(DeviceError):
    """The card did not take the bytes."""

    code = "write_failed"


class VerifyFailed(DeviceError):
    """The card reads back differently from what was written."""

    code = "verify_failed"


class LineFault(DeviceError):
    """The machine said something that the protocol does not allow."""

    code = "protocol"


class Cancelled(DeviceError):
    """The host gave up waiting."""

    code = "cancelled"


class Unsupported(DeviceError):
    """The machine cannot do it: an unknown request, another protocol version, no fingerprint module."""

    code = "unsupported"


class CardTooSmall(DeviceError):
    """The medium has too few units for a guest card, or for this one."""

    code = "card_too_small"


class PoorImage(DeviceError):
    """The finger could not be read well enough."""

    code = "poor_image"


class WriteUncertain(DeviceError):
    """It went wrong after the first write command: the card may hold the old content, the new one, or some of both.

    `cause` is what went wrong. Doing the same write again is safe.
    """

    code = "write_uncertain"

    def __init__(self, cause: DeviceError) -> None:
        super().__init__(f"after the first write: {cause}")
        self.cause = cause
