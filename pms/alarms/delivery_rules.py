"""Where a program may be told of alarms, how a message is signed, and when it is tried again: decided on plain values."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pms.core.errors import DomainError, Invalid, NotFound
from pms.core.text import N_

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

# After a fault the next try waits so long; after the last of these, about a day, the message is given up.
PAUSES = (*(timedelta(minutes=m) for m in (1, 5, 15, 60)), *(timedelta(hours=6) for _ in range(4)))
# What nobody took for so long is given up, even if those before it stood in its way.
LONGEST_WAIT = timedelta(hours=26)
# A whole try, from the name's address to the answer's status.
STEP_SECONDS = 5.0
# A try that has not been settled after so long never will be: its process has gone.
LONGEST_TRY = timedelta(minutes=1)
# Messages that have ended are forgotten after that.
KEEP = timedelta(days=90)
LONGEST_URL = 500

SIGNATURE_HEADER = "X-Latchkey-Signature"
DELIVERY_HEADER = "X-Latchkey-Delivery"
EVENT_HEADER = "X-Latchkey-Event"

# What can go wrong on the way.
FAULTS: dict[str, str] = {
    "status": N_("It answered with %(status)s."),
    "redirect": N_("It answered with %(status)s and another address, which is not followed. Enter that one."),
    "unknown_name": N_("Nobody knows an address for this name."),
    "own_network": N_("The name leads into a private network, which is not allowed for this webhook."),
    "not_encrypted": N_("The name leads out of our own network, where messages must be encrypted (https)."),
    "unreachable": N_("It does not answer."),
    "certificate": N_(
        "No encrypted line could be made: its certificate is not valid for its name, or it speaks no TLS."
    ),
    "timeout": N_("It did not answer within 5 seconds."),
    "not_http": N_("What it answered is no HTTP."),
    "waited": N_("Those before it were not taken for a day."),
    "no_receiver": N_("The subscription was removed or switched off."),
}


class NoSuchSubscription(NotFound):
    """It does not exist, or not any more."""

    code = "no_such_subscription"
    message = N_("There is no such subscription, or not any more.")


class NoSuchDelivery(NotFound):
    """It does not exist, or was forgotten."""

    code = "no_such_delivery"
    message = N_("There is no such message, or not any more.")


class BadUrl(Invalid):
    """An address that a message can be sent to, with nothing around it."""

    code = "bad_url"
    field = "target"
    message = N_("Write the address as in https://example.org/alarms, without a user or password in it.")


class NotEncrypted(Invalid):
    """Whoever listens on the line would read which door stands open."""

    code = "not_encrypted"
    field = "target"
    message = N_("A webhook outside of our own network must begin with https://.")


class PrivateAddress(Invalid):
    """The address is one of a private network, and nobody has said that this is meant."""

    code = "private_address"
    field = "target"
    message = N_("This address lies in a private network. If the program stands in ours, tick “In our own network”.")


class OwnNetworkForbidden(DomainError):
    """Whoever can let the server ask addresses of its own network can look behind the firewall."""

    code = "own_network_forbidden"
    status = 403
    field = "in_own_network"
    message = N_("Only an administrator lets webhooks go into our own network.")


class NoKinds(Invalid):
    """Somebody who hears of nothing is no subscriber."""

    code = "no_kinds"
    field = "kinds"
    message = N_("Choose at least one kind of alarm.")


class NoSubscriberName(Invalid):
    """The list names them."""

    code = "no_subscriber_name"
    field = "name"
    message = N_("Say who or what this is, in at most 80 characters.")


class NoAddress(Invalid):
    """Either an account that has an address, or an address."""

    code = "no_address"
    field = "target"
    message = N_("Enter an e-mail address, or choose somebody of the staff who has one.")


class NotAgain(DomainError):
    """Only what was given up is sent again; what waits goes by itself, and what was taken was taken."""

    code = "not_again"
    message = N_("Only a message that was given up or dropped can be sent again.")


class SubscriptionOff(DomainError):
    """Nothing is sent to whoever is switched off."""

    code = "subscription_off"
    message = N_("“%(name)s” is switched off. Switch it on first.")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a message goes. Its text form shows neither path nor query: they often are a password."""

    is_encrypted: bool
    host: str
    port: int
    path: str

    def __repr__(self) -> str:
        return f"Target({self.host}:{self.port})"


_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\.?")


def read_url(url: str) -> Target:
    """The parts of a webhook's address; BadUrl for whatever could be read in two ways."""
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise BadUrl
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadUrl from error
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or parts.fragment or port == 0:
        raise BadUrl
    if literal(host) is None and (not _HOST.fullmatch(host) or len(host) > 253 or _is_odd_number(host)):
        raise BadUrl
    is_encrypted = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(is_encrypted, host, port or (443 if is_encrypted else 80), path)


def check_target(url: str, *, in_own_network: bool, allows_plain: bool) -> Target:
    """BadUrl; NotEncrypted; PrivateAddress where the address itself says so. Names are looked at anew with every message."""
    target = read_url(url)
    if not target.is_encrypted and not (in_own_network or allows_plain):
        raise NotEncrypted
    address = literal(target.host)
    if address is not None and not may_reach(address, in_own_network=in_own_network):
        raise PrivateAddress
    return target


def literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address where the host is written as one."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_odd_number(host: str) -> bool:
    """ "2130706433", "0x7f.1" and the like: resolvers take them for addresses, readers do not."""
    last = host.rstrip(".").rsplit(".", maxsplit=1)[-1].lower()
    return last.isdecimal() or last.startswith("0x")


# Addresses that carry another one inside of themselves.
_TUNNELS = tuple(ipaddress.ip_network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))


def may_reach(address: IPv4Address | IPv6Address, *, in_own_network: bool) -> bool:
    """Whether a message may go there: anything that is public; private ones and this computer only where somebody has said so.

    Link-local addresses never: machines in a cloud hand out their own keys there.
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return may_reach(address.ipv4_mapped, in_own_network=in_own_network)
        if any(address in tunnel for tunnel in _TUNNELS) or address.scope_id is not None:
            return False
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    if any(address in network for network in _OF_NOBODY):
        return False
    return address.is_global or (in_own_network and (address.is_private or address in _SHARED))


_SHARED = ipaddress.ip_network("100.64.0.0/10")
# "This network", and what is kept for later, with the broadcast at its end.
_OF_NOBODY = tuple(ipaddress.ip_network(text) for text in ("0.0.0.0/8", "240.0.0.0/4"))


def shown_url(url: str) -> str:
    """What lists and the trail show of an address: where to, without path and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/…"


def signature(secret: str, body: bytes, at: int) -> str:
    """The header's value: HMAC-SHA256 over the Unix seconds, a point and the body."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def pause_after(tries: int) -> timedelta | None:
    """How long to wait after that many tries; None to give up."""
    return PAUSES[tries - 1] if 1 <= tries <= len(PAUSES) else None
