"""Hands one message to a program over HTTP. Knows no database; every outcome but "taken" is a `Fault`.

What the server may be made to ask is kept narrow: the name is resolved here, each of its addresses is judged, and the line goes to
the judged address itself, so that a name cannot mean one thing when it is looked at and another when it is used. No proxy of the
environment, no redirect, no word of the answer but its status.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from typing import TYPE_CHECKING

from pms.alarms import delivery_rules as rules
from pms.core import clock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ipaddress import IPv4Address, IPv6Address

    from pms.alarms.delivery_rules import Target


class Fault(Exception):
    """`code` is one of `rules.FAULTS`; `status` is the answer's, where there was one."""

    def __init__(self, code: str, status: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


def post(
    url: str, body: bytes, headers: Mapping[str, str], *, in_own_network: bool, allows_plain: bool, seconds: float
) -> int:
    """The status of an answer that says that the message was taken (2xx), within that time; Fault otherwise."""
    end = clock.monotonic() + seconds
    target = rules.read_url(url)
    addresses = _look_up(target, end)
    _judge(target, addresses, in_own_network=in_own_network, allows_plain=allows_plain)
    line = _connect(target, addresses, end)
    # Each step has a time-out of its own, so whoever answers a byte a second would hold the line for hours.
    watch = threading.Timer(max(end - clock.monotonic(), 0.0), _hang_up, [line])
    watch.daemon = True
    watch.start()
    try:
        status = _talk(target, line, body, headers)
    except Fault as fault:
        raise Fault("timeout") if clock.monotonic() >= end else fault from fault
    finally:
        watch.cancel()
        line.close()
    if 200 <= status < 300:
        return status
    raise Fault("redirect" if 300 <= status < 400 else "status", status)


def _look_up(target: Target, end: float) -> list[IPv4Address | IPv6Address]:
    """All addresses of the name. The system's resolver knows no time-out, so it is asked in a thread that may be left behind."""
    found: list[list[str] | None] = []

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            found.append([str(answer[4][0]) for answer in answers])
        except (OSError, UnicodeError):
            found.append(None)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(max(end - clock.monotonic(), 0.0))
    if not found:
        raise Fault("timeout")
    if not found[0]:
        raise Fault("unknown_name")
    return [ipaddress.ip_address(text) for text in dict.fromkeys(found[0])]


def _judge(
    target: Target, addresses: list[IPv4Address | IPv6Address], *, in_own_network: bool, allows_plain: bool
) -> None:
    """One address that must not be asked is enough: whoever answers for the name decides which one is taken."""
    if not all(rules.may_reach(address, in_own_network=in_own_network) for address in addresses):
        raise Fault("own_network")
    if not target.is_encrypted and not allows_plain and any(address.is_global for address in addresses):
        raise Fault("not_encrypted")


def _connect(target: Target, addresses: list[IPv4Address | IPv6Address], end: float) -> socket.socket:
    fault = Fault("unreachable")
    for address in addresses:
        left = end - clock.monotonic()
        if left <= 0:
            raise Fault("timeout")
        try:
            line = socket.create_connection((str(address), target.port), timeout=left)
        except TimeoutError:
            fault = Fault("timeout")
        except OSError:
            fault = Fault("unreachable")
        else:
            return _encrypted(line, target.host, end) if target.is_encrypted else line
    raise fault


def _encrypted(line: socket.socket, host: str, end: float) -> socket.socket:
    try:
        line.settimeout(max(end - clock.monotonic(), 0.01))
        return ssl.create_default_context().wrap_socket(line, server_hostname=host)
    except TimeoutError as error:
        line.close()
        raise Fault("timeout") from error
    except (ssl.SSLError, ssl.CertificateError) as error:
        line.close()
        raise Fault("certificate") from error
    except OSError as error:
        line.close()
        raise Fault("unreachable") from error


def _talk(target: Target, line: socket.socket, body: bytes, headers: Mapping[str, str]) -> int:
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = line
    try:
        connection.request("POST", target.path, body, {**headers, "Host": _host(target), "Connection": "close"})
        return connection.getresponse().status
    except TimeoutError as error:
        raise Fault("timeout") from error
    except http.client.RemoteDisconnected as error:
        raise Fault("unreachable") from error
    except http.client.HTTPException as error:
        raise Fault("not_http") from error
    except (OSError, ValueError) as error:
        raise Fault("unreachable") from error


def _host(target: Target) -> str:
    name = f"[{target.host}]" if ":" in target.host else target.host
    return name if target.port == (443 if target.is_encrypted else 80) else f"{name}:{target.port}"


def _hang_up(line: socket.socket) -> None:
    try:
        socket.socket.shutdown(line, socket.SHUT_RDWR)
    except OSError:
        return
