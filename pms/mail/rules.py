"""What may be an address or a mail server, and when a letter is tried again: decided on plain values."""

from __future__ import annotations

import ipaddress
import re
from datetime import timedelta

from pms.core.errors import DomainError, Invalid
from pms.core.text import N_

_ADDRESS = re.compile(r"[^@\s<>\"',;:()\[\]\\]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,118}[A-Za-z0-9])?|[0-9A-Fa-f:]{2,45}")
LONGEST_ADDRESS = 160

# After a fault that may pass the next try waits so long; after the last of these the letter is given up.
PAUSES = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360, 720))
# A try that has not been settled after so long never will be: its process has gone.
LONGEST_TRY = timedelta(minutes=10)
# Letters that have ended are forgotten after that.
KEEP = timedelta(days=90)

# What can go wrong on the way, in words for the list of letters.
FAULTS: dict[str, str] = {
    "no_server": N_("No mail server is set up."),
    "unreachable": N_("The mail server does not answer."),
    "certificate": N_("The mail server's certificate is not valid for its name."),
    "no_starttls": N_("The mail server offers no encryption (STARTTLS)."),
    "log_in": N_("The mail server refuses the log-in."),
    "postponed": N_("The mail server takes it later."),
    "refused": N_("The mail server refuses the letter."),
    "not_ascii": N_("The mail server takes no such address."),
    "broken_off": N_(
        "The line broke while the letter was being sent. It may have arrived; it is not sent again by itself."
    ),
    "console": N_("Written to the program's log, since no mail server is set up."),
}


class BadAddress(Invalid):
    """A letter goes to one person."""

    code = "bad_address"
    message = N_("This is no e-mail address.")
    field = "recipient"


class NoMailServer(DomainError):
    """Nothing can be sent before somebody has entered where to."""

    code = "no_mail_server"
    message = N_("This house has no mail server yet. A manager can enter one in the settings.")


class BadMailHost(Invalid):
    """The name or the IP address of a server, nothing around it."""

    code = "bad_mail_host"
    message = N_("Write the server's name as in mail.example.org, without anything before or after it.")
    field = "host"


class BadMailPort(Invalid):
    """A TCP port."""

    code = "bad_mail_port"
    message = N_("A port is a number from 1 to 65535.")
    field = "port"


class PasswordInTheClear(Invalid):
    """Whoever listens on the line would have the password."""

    code = "password_in_the_clear"
    message = N_("A password is sent over an encrypted line only. Choose STARTTLS or TLS.")
    field = "security"


class NoMailPassword(Invalid):
    """A log-in has two halves."""

    code = "no_mail_password"
    message = N_("Enter the password of this user, or leave the user empty.")
    field = "password"


def check_address(recipient: str, *, field: str = "recipient") -> None:
    """BadAddress."""
    address = recipient.strip()
    if len(address) > LONGEST_ADDRESS or not address.isprintable() or not _ADDRESS.fullmatch(address):
        raise BadAddress(field=field)


def check_server(*, host: str, port: int, is_encrypted: bool, username: str, password: str | None, sender: str) -> None:
    """BadMailHost, BadMailPort, BadAddress, NoMailPassword, PasswordInTheClear."""
    if not _HOST.fullmatch(host) or ".." in host:
        raise BadMailHost
    if not 1 <= port <= 65535:
        raise BadMailPort
    check_address(sender, field="sender")
    if not sender.isascii():
        raise BadAddress(field="sender")
    if username and not password:
        raise NoMailPassword
    if username and not is_encrypted and not _is_this_computer(host):
        raise PasswordInTheClear


def _is_this_computer(host: str) -> bool:
    if host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def shown_address(recipient: str) -> str:
    """The address as the trail keeps it: enough to recognise it, such as "c…@example.org"."""
    name, _at, domain = recipient.strip().partition("@")
    return f"{name[:1]}…@{domain}"


def one_line(text: str, most: int) -> str:
    """A text that can stand in a header: no line breaks or control characters, spaces folded, cut."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:most]


def reported(text: str, recipient: str) -> str:
    """The server's words as they are kept: in one line, and the recipient as everywhere."""
    shown = re.sub(re.escape(recipient), shown_address(recipient), text, flags=re.IGNORECASE) if recipient else text
    return one_line(shown, 200)


def pause_after(tries: int) -> timedelta | None:
    """How long to wait after that many tries; None to give up."""
    return PAUSES[tries - 1] if 1 <= tries <= len(PAUSES) else None
