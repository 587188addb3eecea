"""What an offline card says, and how a lock knows that it is true (docs/protocol.md, sections 2.1 and 2.2).

A guest grant is sealed with AES-SIV under the key of one door or area. A staff grant is open to read and signed with
Ed25519. Both are bound to the UID of their card. Sealing and signing check every rule that a lock would check on the
content; opening checks the seal first and the content second, so a `TamperedError` comes before a `MalformedError`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from struct import Struct

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from .errors import MalformedError, TamperedError, UsageError
from .reader import UID_SIZES, check_range, check_size, check_uid

GRANT_FORMAT = 0x01
HEADER_SIZE = 8
BODY_SIZE = 24
GUEST_GRANT_SIZE = 48
STAFF_GRANT_SIZE = 96
ALL_WEEK = 0x7F
WHOLE_DAY = 1440
MAX_ONE_SHOT_SECONDS = 24 * 3600

_GUEST_LABEL = b"PMS-CARD-1"
_STAFF_LABEL = b"PMS-STAFF-1"
_BODY = Struct(">BBIIIBHHIB")
_HEADER = Struct(">BBBBI")
_U32 = 0xFFFF_FFFF
_KEYS_KEPT_READY = 512


class CardKind(IntEnum):
    """First byte of a body."""

    GUEST = 1
    STAFF = 2
    EMERGENCY = 3
    ONE_SHOT = 4
    VOID_GUESTS = 5
    DENY = 6


class Audience(IntEnum):
    """Whom a grant addresses: one door, one area of common doors, or a scope of doors for staff."""

    DOOR = 0x44
    AREA = 0x41
    SCOPE = 0x53


GUEST_KINDS = frozenset((CardKind.GUEST, CardKind.ONE_SHOT))
STAFF_KINDS = frozenset((CardKind.STAFF, CardKind.EMERGENCY, CardKind.VOID_GUESTS, CardKind.DENY))

_KIND_OF = {kind.value: kind for kind in CardKind}
_AUDIENCE_OF = {audience.value: audience for audience in Audience}


@dataclass(frozen=True, slots=True)
class CardBody:
    """The 24 bytes of content. Times are Unix seconds, minutes are local minutes of the day.

    `weekdays` has bit 0 for Monday; `end_minute` ≤ `start_minute` crosses midnight. For a deny card `issue` is the
    credential id to deny. `UsageError` if a field is out of range, the end is not after the beginning, or a one-shot
    lasts longer than a day.
    """

    kind: CardKind
    issue: int
    not_before: int
    not_after: int
    credential_id: int
    is_concurrent: bool = False
    overrides_privacy: bool = False
    may_set_passage: bool = False
    weekdays: int = ALL_WEEK
    start_minute: int = 0
    end_minute: int = WHOLE_DAY

    def __post_init__(self) -> None:
        is_sound = (
            0 <= self.issue <= _U32
            and 0 <= self.not_before < self.not_after <= _U32
            and 0 <= self.credential_id <= _U32
            and 1 <= self.weekdays <= ALL_WEEK
            and 0 <= self.start_minute < WHOLE_DAY
            and 1 <= self.end_minute <= WHOLE_DAY
            and (self.kind is not CardKind.ONE_SHOT or self.not_after - self.not_before <= MAX_ONE_SHOT_SECONDS)
        )
        if not is_sound:
            self._explain()

    def _explain(self) -> None:
        """Say which field is at fault."""
        check_range("issue", self.issue, 0, _U32)
        check_range("not before", self.not_before, 0, _U32 - 1)
        check_range("not after", self.not_after, self.not_before + 1, _U32)
        check_range("credential id", self.credential_id, 0, _U32)
        check_range("weekdays", self.weekdays, 1, ALL_WEEK)
        check_range("day window start", self.start_minute, 0, WHOLE_DAY - 1)
        check_range("day window end", self.end_minute, 1, WHOLE_DAY)
        raise UsageError("a one-shot card lasts at most 24 hours")

    def encode(self) -> bytes:
        """The 24 bytes."""
        options = self.is_concurrent | self.overrides_privacy << 1 | self.may_set_passage << 2
        return _BODY.pack(
            self.kind,
            options,
            self.issue,
            self.not_before,
            self.not_after,
            self.weekdays,
            self.start_minute,
            self.end_minute,
            self.credential_id,
            0,
        )

    @classmethod
    def decode(cls, raw: bytes) -> CardBody:
        """The value of 24 bytes; `MalformedError` for a wrong size, a reserved bit or a field out of range."""
        if len(raw) != BODY_SIZE:
            raise MalformedError(f"a body has {BODY_SIZE} bytes, not {len(raw)}")
        code, options, issue, not_before, not_after, weekdays, start, end, credential_id, reserved = _BODY.unpack(raw)
        kind = _KIND_OF.get(code)
        if kind is None or options > 7 or reserved:
            raise MalformedError("unknown kind of card, or a reserved bit is set")
        try:
            return cls(
                kind,
                issue,
                not_before,
                not_after,
                credential_id,
                bool(options & 1),
                bool(options & 2),
                bool(options & 4),
                weekdays,
                start,
                end,
            )
        except UsageError as fault:
            raise MalformedError(str(fault)) from None


@dataclass(frozen=True, slots=True)
class GrantHeader:
    """The 8 bytes before a grant: key version 1…255 and whom it addresses."""

    version: int
    audience: Audience
    target_id: int

    def __post_init__(self) -> None:
        if not (1 <= self.version <= 0xFF and 0 <= self.target_id <= _U32):
            check_range("key version", self.version, 1, 0xFF)
            check_range("id", self.target_id, 0, _U32)

    def encode(self) -> bytes:
        """The 8 bytes."""
        return _HEADER.pack(GRANT_FORMAT, self.version, self.audience, 0, self.target_id)

    @classmethod
    def decode(cls, raw: bytes) -> GrantHeader:
        """The value of 8 bytes; `MalformedError` for another format, version 0, an unknown audience, a reserved byte."""
        if len(raw) != HEADER_SIZE:
            raise MalformedError(f"a grant's header has {HEADER_SIZE} bytes, not {len(raw)}")
        grant_format, version, code, reserved, target_id = _HEADER.unpack(raw)
        audience = _AUDIENCE_OF.get(code)
        if grant_format != GRANT_FORMAT or audience is None or reserved or not version:
            raise MalformedError("not a grant's header")
        return cls(version, audience, target_id)


def read_header(unit: bytes) -> GrantHeader | None:
    """The header at the beginning of a unit; None for a unit that holds no grant of this format, or half of one."""
    try:
        return GrantHeader.decode(unit[:HEADER_SIZE])
    except MalformedError:
        return None


def check_content(header: GrantHeader, body: CardBody) -> None:
    """Refuse (`MalformedError`) a kind that its audience does not allow, and an area grant that is not concurrent."""
    kinds = STAFF_KINDS if header.audience is Audience.SCOPE else GUEST_KINDS
    if body.kind not in kinds:
        raise MalformedError(f"{body.kind.name} is no kind for the audience {header.audience.name}")
    if header.audience is Audience.AREA and not body.is_concurrent:
        raise MalformedError("an area grant must be concurrent")


def _check_own_content(header: GrantHeader, body: CardBody, *, is_staff: bool) -> None:
    if (header.audience is Audience.SCOPE) is not is_staff:
        raise UsageError("staff grants address a scope, guest grants a door or an area")
    try:
        check_content(header, body)
    except MalformedError as fault:
        raise UsageError(str(fault)) from None


# An AESSIV object or a parsed key costs more to make than to use, and a property has few doors.
@lru_cache(maxsize=_KEYS_KEPT_READY)
def _siv(key: bytes) -> AESSIV:
    check_size("door or area key", key, 32)
    return AESSIV(key)


@lru_cache(maxsize=_KEYS_KEPT_READY)
def _public_key(raw: bytes) -> Ed25519PublicKey:
    check_size("public key", raw, 32)
    return Ed25519PublicKey.from_public_bytes(raw)


@lru_cache(maxsize=8)
def _secret_key(raw: bytes) -> Ed25519PrivateKey:
    check_size("secret key", raw, 32)
    return Ed25519PrivateKey.from_private_bytes(raw)


def seal_guest_grant(key: bytes, header: GrantHeader, body: CardBody, uid: bytes) -> bytes:
    """The 48 bytes of a guest grant; `key` is the 32-byte door or area key of the header's version."""
    _check_own_content(header, body, is_staff=False)
    check_uid(uid)
    head = header.encode()
    return head + _siv(key).encrypt(body.encode(), [_GUEST_LABEL, head, uid])


def unseal_guest_body(key: bytes, grant: bytes, uid: bytes) -> bytes:
    """The 24 bytes inside a guest grant, when its SIV is right; what they say is not looked at.

    `MalformedError` for a wrong size, `TamperedError` for a wrong seal.
    """
    if len(grant) != GUEST_GRANT_SIZE:
        raise MalformedError(f"a guest grant has {GUEST_GRANT_SIZE} bytes, not {len(grant)}")
    if len(uid) not in UID_SIZES:
        raise MalformedError(f"a UID has 4, 7 or 10 bytes, not {len(uid)}")
    try:
        return _siv(key).decrypt(grant[HEADER_SIZE:], [_GUEST_LABEL, grant[:HEADER_SIZE], uid])
    except InvalidTag:
        raise TamperedError("the seal of the guest grant is wrong") from None


def open_guest_grant(key: bytes, grant: bytes, uid: bytes) -> tuple[GrantHeader, CardBody]:
    """Header and body of a guest grant on the card with this UID.

    `TamperedError` if the seal is wrong; `MalformedError` if the content breaks a rule that needs no lock's state.
    """
    raw = unseal_guest_body(key, grant, uid)
    header, body = GrantHeader.decode(grant[:HEADER_SIZE]), CardBody.decode(raw)
    if header.audience is Audience.SCOPE:
        raise MalformedError("a guest grant cannot address a scope")
    check_content(header, body)
    return header, body


def _signed(uid: bytes, head_and_body: bytes) -> bytes:
    return _STAFF_LABEL + bytes((len(uid),)) + uid + head_and_body


def sign_staff_grant(sk: bytes, header: GrantHeader, body: CardBody, uid: bytes) -> bytes:
    """The 96 bytes of a staff grant; `sk` is the 32-byte Ed25519 secret key of the header's version."""
    _check_own_content(header, body, is_staff=True)
    check_uid(uid)
    open_part = header.encode() + body.encode()
    return open_part + _secret_key(sk).sign(_signed(uid, open_part))


def verify_staff_grant(pk: bytes, grant: bytes, uid: bytes) -> bytes:
    """The 24 bytes inside a staff grant, when its signature is right; what they say is not looked at.

    `MalformedError` for a wrong size, `TamperedError` for a wrong signature.
    """
    if len(grant) != STAFF_GRANT_SIZE:
        raise MalformedError(f"a staff grant has {STAFF_GRANT_SIZE} bytes, not {len(grant)}")
    if len(uid) not in UID_SIZES:
        raise MalformedError(f"a UID has 4, 7 or 10 bytes, not {len(uid)}")
    open_part = grant[: HEADER_SIZE + BODY_SIZE]
    try:
        _public_key(pk).verify(grant[HEADER_SIZE + BODY_SIZE :], _signed(uid, open_part))
    except InvalidSignature:
        raise TamperedError("the signature of the staff grant is wrong") from None
    return open_part[HEADER_SIZE:]


def open_staff_grant(pk: bytes, grant: bytes, uid: bytes) -> tuple[GrantHeader, CardBody]:
    """Header and body of a staff grant on the card with this UID; errors as for `open_guest_grant`."""
    raw = verify_staff_grant(pk, grant, uid)
    header, body = GrantHeader.decode(grant[:HEADER_SIZE]), CardBody.decode(raw)
    if header.audience is not Audience.SCOPE:
        raise MalformedError("a staff grant must address a scope")
    check_content(header, body)
    return header, body


def find_staff_body(unit: bytes) -> CardBody | None:
    """What the first unit of a staff grant says, unverified: for showing only. None if it is none."""
    header = read_header(unit)
    if header is None or header.audience is not Audience.SCOPE:
        return None
    try:
        return CardBody.decode(unit[HEADER_SIZE : HEADER_SIZE + BODY_SIZE])
    except MalformedError:
        return None
