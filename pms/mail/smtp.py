"""Hands one letter to a mail server. Knows no database; each outcome is an exception of its own, or none for "taken".

What matters most is told apart here: faults before the letter has left may be tried again, a line that breaks after it
has left and before the server has said a word may not.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from typing import TYPE_CHECKING

from pms.mail.models import Security

if TYPE_CHECKING:
    from datetime import datetime

# For each step of the conversation.
STEP_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Route:
    """Where letters go; its text form shows no password."""

    host: str
    port: int
    security: Security
    sender: str
    username: str = ""
    password: str = field(default="", repr=False)


class Fault(Exception):
    """`code` is one of `rules.FAULTS`, `text` what the server said."""

    def __init__(self, code: str, text: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.text = text


class MayPass(Fault):
    """The letter has not left; another try may go better. Also where the settings are wrong: they can be mended."""


class Refused(Fault):
    """The server will never take this letter."""


class BrokenOff(Fault):
    """The letter has left, and nobody said whether it came."""


def compose(
    *, number: int, sender: str, sender_name: str, recipient: str, title: str, text: str, now: datetime
) -> EmailMessage:
    """The letter as it travels. ValueError for what cannot stand in a header."""
    message = EmailMessage(policy=(SMTP if recipient.isascii() else SMTPUTF8).clone(cte_type="7bit"))
    message["From"] = Address(sender_name, addr_spec=sender)
    message["To"] = recipient
    message["Subject"] = title
    message["Date"] = now
    # The same for each try, so that who gets it twice all the same can tell.
    message["Message-ID"] = f"<letter-{number}@{sender.partition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message


def deliver(route: Route, message: EmailMessage) -> None:
    """Talk to the server until it has taken the letter; MayPass, Refused or BrokenOff otherwise."""
    server = _connect(route)
    try:
        with _understood():
            _enter(server, route)
            _address(server, route, message)
        _hand_over(server, message)
    finally:
        with suppress(OSError, smtplib.SMTPException):
            server.quit()
        server.close()


class _understood:  # noqa: N801 - reads as a phrase where it is used
    """Faults of a conversation in which nothing has left yet."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, ssl.SSLCertVerificationError):
            raise MayPass("certificate", error.verify_message) from error
        if isinstance(error, smtplib.SMTPResponseException):
            # Before the letter is even spoken of: this is between the server and the house, and may be mended.
            raise MayPass("postponed", f"{error.smtp_code} {_text(error.smtp_error)}") from error
        if isinstance(error, (OSError, smtplib.SMTPException)):
            raise MayPass("unreachable", _words(error)) from error


def _connect(route: Route) -> smtplib.SMTP:
    # Its own name for itself: asking the resolver for one may take long, and tells where the server stands.
    name = route.sender.partition("@")[2]
    with _understood():
        if route.security is Security.TLS:
            return smtplib.SMTP_SSL(
                route.host, route.port, name, timeout=STEP_SECONDS, context=ssl.create_default_context()
            )
        return smtplib.SMTP(route.host, route.port, name, timeout=STEP_SECONDS)


def _enter(server: smtplib.SMTP, route: Route) -> None:
    server.ehlo_or_helo_if_needed()
    if route.security is Security.STARTTLS:
        if not server.has_extn("starttls"):
            raise MayPass("no_starttls")
        code, answer = server.starttls(context=ssl.create_default_context())
        if code != 220:
            raise MayPass("no_starttls", _text(answer))
        server.ehlo()
    if route.username:
        try:
            server.login(route.username, route.password)
        except smtplib.SMTPAuthenticationError as error:
            raise MayPass("log_in", _text(error.smtp_error)) from error
        except smtplib.SMTPNotSupportedError as error:
            raise MayPass("log_in", _words(error)) from error


def _address(server: smtplib.SMTP, route: Route, message: EmailMessage) -> None:
    recipient, options = str(message["To"]), []
    if not recipient.isascii():
        if not server.has_extn("smtputf8"):
            raise Refused("not_ascii")
        options = ["SMTPUTF8"]
    for code, answer in (
        server.mail(route.sender, options),
        server.rcpt(recipient),
    ):
        if code // 100 != 2:
            raise _answered(code, answer)
    code, answer = server.docmd("DATA")
    if code != 354:
        raise _answered(code, answer)


def _hand_over(server: smtplib.SMTP, message: EmailMessage) -> None:
    body = re.sub(rb"(?m)^\.", b"..", message.as_bytes())
    try:
        # Where this breaks, the point that ends the letter cannot have left whole, so the server drops it.
        server.send(body + b".\r\n")
    except (OSError, smtplib.SMTPException) as error:
        raise MayPass("unreachable", _words(error)) from error
    try:
        code, answer = server.getreply()
    except (OSError, smtplib.SMTPException) as error:
        raise BrokenOff("broken_off", _words(error)) from error
    if code // 100 != 2:
        raise _answered(code, answer)


def _answered(code: int, answer: bytes | str) -> Fault:
    """4xx may pass; 5xx is the server's last word."""
    text = f"{code} {_text(answer)}"
    return Refused("refused", text) if code // 100 == 5 else MayPass("postponed", text)


def _text(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)


def _words(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
