"""A real mail server for tests: it takes, refuses or breaks off as it is told, and keeps what it took."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, SECRET = "house", "mail-secret-42"


class Box:
    """The server's side. `answers` gives what it says to a step ("RCPT", "DATA") instead of taking the letter."""

    def __init__(self) -> None:
        self.letters: list[Envelope] = []
        self.answers: dict[str, str] = {}
        self.breaks_off = False

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "RCPT" in self.answers:
            return self.answers["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if "DATA" in self.answers:
            return self.answers["DATA"]
        self.letters.append(envelope)
        if self.breaks_off:
            server.transport.abort()
        return "250 taken"


def _log_in(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
    is_right = (data.login, data.password) == (USER.encode(), SECRET.encode())
    return AuthResult(success=is_right, handled=False)


@contextmanager
def mail_server(*, tls: str = "none", certificate: Path | None = None) -> Iterator[tuple[Box, int]]:
    """`tls` is none, starttls or tls. The box, and the port at 127.0.0.1."""
    box, options, context = Box(), {}, None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    if tls == "starttls":
        options = {"tls_context": context, "auth_required": True, "require_starttls": True, "authenticator": _log_in}
    elif tls == "tls":
        options = {"authenticator": _log_in, "auth_require_tls": False}
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=_free_port(),
        ssl_context=context if tls == "tls" else None,
        enable_SMTPUTF8=False,
        **options,
    )
    controller.start()
    try:
        yield box, controller.port
    finally:
        controller.stop()


@contextmanager
def scripted_server(*lines: str) -> Iterator[int]:
    """Says these lines one after another, whatever it is told, then hangs up; no line at all: it never says a word."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            for line in lines:
                connection.sendall(line.encode() + b"\r\n")
                connection.recv(65536)
            if not lines:
                ended.wait(10)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        ended.set()
        thread.join(10)
        listener.close()


def self_signed(folder: Path, *names: str) -> Path:
    """A certificate for these names and addresses, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    start = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    alternatives: list[x509.GeneralName] = []
    for text in names:
        is_number = text[0].isdigit()
        alternatives.append(x509.IPAddress(ipaddress.ip_address(text)) if is_number else x509.DNSName(text))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=3))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{names[0]}.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
