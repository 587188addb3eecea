"""The one family of errors that this package raises.

`ProtocolError.code` is stable and meant for programs; the message is for engineers. Nothing here ever carries a key
or a plaintext.
"""

from __future__ import annotations


class ProtocolError(Exception):
    """Base of all; `code` names the reason."""

    code = "protocol"

    def __init__(self, message: str = "", *, code: str | None = None) -> None:
        super().__init__(message or self.code)
        if code is not None:
            self.code = code


class UsageError(ProtocolError):
    """The caller asked for something that the format cannot say (a field out of range, a key of the wrong size)."""

    code = "usage"


class MalformedError(ProtocolError):
    """The peer's bytes do not have the shape that the format demands."""

    code = "malformed"


class TamperedError(ProtocolError):
    """The shape is right, the tag, SIV or signature is not."""

    code = "tampered"
