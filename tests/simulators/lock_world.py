"""A bound lock, its keys, and cards and codes made for it, for the tests of the virtual lock."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pms.protocol import kdf
from pms.protocol.card import (
    Audience,
    CardBody,
    CardKind,
    GrantHeader,
    seal_guest_grant,
    sign_staff_grant,
)
from pms.protocol.card_layout import EMPTY_UNIT, split_staff_grant
from pms.protocol.command import ListedUser, LockAnswer, Payload, StoredKind, decode_answer
from pms.protocol.frame import Direction, Frame, open_frame, seal_frame
from pms.protocol.passcode import Permission, decrypt_passcode, encode_passcode
from pms.simulators.lock import KeySet, LockState, StoredCredential, VirtualLock, commands

SN, MAC = bytes.fromhex("292e593b0e66"), bytes.fromhex("0101114000df")
LOCK_KEYS, SERVER_KEYS = bytes.fromhex("ad193df8a5a233b2"), "5214744968050256"
UID, STORED_UID = bytes.fromhex("04b807c7151a4d"), bytes.fromhex("04aabbccddeeff")
K_PROP = bytes(range(16))
SECRET = bytes(range(32))
PUBLIC = Ed25519PrivateKey.from_private_bytes(SECRET).public_key().public_bytes_raw()
DOOR, AREA, SCOPE, VERSION = 501, 9, 33, 3
NOW = 1_773_813_600
HOUR, DAY = 3600, 86400
NO_PERMISSION_FROM = 19_489_024


def key_set(version: int = VERSION) -> KeySet:
    return KeySet(
        version,
        kdf.door_key(K_PROP, version, DOOR),
        PUBLIC,
        {AREA: kdf.area_key(K_PROP, version, AREA)},
        kdf.card_a_key(K_PROP, version),
    )


def bound_lock(**changes: object) -> VirtualLock:
    """A lock of door 501 in scope 33, at +08:00, in epoch 7."""
    state = LockState(
        SN,
        MAC,
        LOCK_KEYS,
        SERVER_KEYS,
        is_bound=True,
        bound_version=8,
        door_id=DOOR,
        keys=[key_set()],
        scopes=[SCOPE],
        tz_quarters=32,
        epoch=7,
        reported_sequence=0,
    )
    for name, value in changes.items():
        setattr(state, name, value)
    return VirtualLock(state)


def store_card(lock: VirtualLock) -> None:
    """Put the stored card into slot 1."""
    user = ListedUser(1, StoredKind.CARD, 70_001, 0, 0xFFFF_FFFF)
    lock.state.users[1] = StoredCredential(user, STORED_UID)


def body(kind: CardKind = CardKind.GUEST, **changes: object) -> CardBody:
    """A body that holds from `NOW` for a day."""
    fields: dict[str, object] = {"issue": NOW, "not_before": NOW, "not_after": NOW + DAY, "credential_id": 1001}
    return CardBody(kind, **{**fields, **changes})  # type: ignore[arg-type]


def guest_unit(content: CardBody, *, audience: Audience = Audience.DOOR, uid: bytes = UID) -> bytes:
    """The unit of a guest grant for the door or the area."""
    is_door = audience is Audience.DOOR
    key = kdf.door_key(K_PROP, VERSION, DOOR) if is_door else kdf.area_key(K_PROP, VERSION, AREA)
    return seal_guest_grant(key, GrantHeader(VERSION, audience, DOOR if is_door else AREA), content, uid)


def staff_units(content: CardBody, *, scope: int = SCOPE, uid: bytes = UID) -> list[bytes]:
    """The two units of a staff grant."""
    return list(split_staff_grant(sign_staff_grant(SECRET, GrantHeader(VERSION, Audience.SCOPE, scope), content, uid)))


def card(*units: bytes) -> list[bytes]:
    """A card of eight units."""
    return [*units, *[EMPTY_UNIT] * (8 - len(units))]


def code(permission: Permission, epoch: int = 7) -> str:
    """The digits of a permission at this lock."""
    return encode_passcode(k_code(), epoch % 256, permission)


def k_code() -> bytes:
    return kdf.code_key(kdf.lock_key(kdf.lock_secret(LOCK_KEYS, SERVER_KEYS), SN, MAC))


def number_of(digits: str, epoch: int) -> int:
    """The P behind digits in an epoch."""
    return decrypt_passcode(k_code(), epoch % 256, digits)


def rubbish(epoch: int, seed: int) -> str:
    """Digits that no permission has, neither in this epoch nor in the next."""
    while True:
        digits = f"{seed % 10**10:010d}"
        if all(number_of(digits, each) >= NO_PERMISSION_FROM for each in (epoch, epoch + 1)):
            return digits
        seed += 7919


def request(lock: VirtualLock, payload: Payload, *, version: int = 8, counter: int | None = None) -> bytes:
    """The frame of a request under the lock's present key."""
    number = lock.state.last_counter + 1 if counter is None else counter
    frame = Frame(version, payload.command, Direction.REQUEST, number, payload.encode(version))
    return seal_frame(lock.state.k_frame(), lock.state.sn, frame)


def ask(lock: VirtualLock, payload: Payload, at: int = NOW, *, version: int = 8) -> LockAnswer:
    """Send a request and open the answer with the key of the request."""
    key = lock.state.k_frame()
    raw = lock.receive(request(lock, payload, version=version), at)
    assert raw is not None
    frame = open_frame(key, lock.state.sn, raw)
    assert (frame.direction, frame.command, frame.counter) == (
        Direction.ANSWER,
        payload.command,
        lock.state.last_counter,
    )
    return decode_answer(payload.command, frame.plaintext, version)


def acknowledge(lock: VirtualLock, report: bytes, at: int = NOW) -> None:
    """What the server answers to a report."""
    key = kdf.command_key(lock.state.k_lock())
    frame = open_frame(key, lock.state.sn, report)
    answer = Frame(frame.version, frame.command, Direction.ACKNOWLEDGEMENT, frame.counter, b"\0")
    assert lock.receive(seal_frame(key, lock.state.sn, answer), at) is None


def noted_openings(monkeypatch) -> list[tuple[str, int, int]]:
    """What locks did at a command to open: serial number, until when they might, and when."""
    done = []
    unlock = commands._unlock

    def noted(state, request, at):
        done.append((state.sn.hex().upper(), request.before, at))
        return unlock(state, request, at)

    monkeypatch.setitem(commands._OPERATIONS, commands.Operation.UNLOCK, noted)
    return done
