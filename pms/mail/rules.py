"""What may be an address, and how it is shown where not everybody should read it: decided on plain values."""

from __future__ import annotations

import re

from pms.core.errors import Invalid
from pms.core.text import N_

_ADDRESS = re.compile(r"[^@\s<>\"',;:()\[\]\\]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")


class BadAddress(Invalid):
    """A letter goes to one person."""

    code = "bad_address"
    message = N_("This is no e-mail address.")
    field = "recipient"


def check_address(recipient: str) -> None:
    """BadAddress."""
    address = recipient.strip()
    if len(address) > 160 or not address.isprintable() or not _ADDRESS.fullmatch(address):
        raise BadAddress


def shown_address(recipient: str) -> str:
    """The address as the trail keeps it: enough to recognise it, such as "c…@example.org"."""
    name, _at, domain = recipient.strip().partition("@")
    return f"{name[:1]}…@{domain}"
