"""All that a virtual lock remembers, as plain values that fit into JSON.

Bytes are bytes here and hex in JSON. Everything in it survives a power cut, as the protocol demands of a lock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pms.protocol import kdf
from pms.protocol.command import ListedUser, StoredKind, UserRole, WeekWindow
from pms.protocol.record import CHAIN_START, AccessRecord, RecordEvent, RecordMethod, RecordResult, chain_next

RECORDS_KEPT = 1000
NO_KEYS = "0" * 16
FACTORY_SETTINGS = (
    ("30", "01"),
    ("31", "02"),
    ("32", "01"),
    ("33", "01"),
    ("34", "01"),
    ("35", "01"),
    ("36", "01"),
    ("37", "ffff"),
    ("38", "0f"),
    ("39", "e1"),
    ("3a", "17"),
    ("3b", "22"),
    ("3c", "1e"),
    ("3d", "00"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a card, a code or a finger; `credential_id` is that of the record (P for an offline passcode)."""

    result: RecordResult
    credential_id: int = 0

    @property
    def is_opened(self) -> bool:
        """Whether the bolt moved."""
        return self.result is RecordResult.OPENED


@dataclass(slots=True)
class KeySet:
    """The keys of one key version; `until` is when they are dropped, None for the present version."""

    version: int
    door_key: bytes = field(repr=False)
    pk_staff: bytes
    areas: dict[int, bytes] = field(default_factory=dict, repr=False)
    card_a_key: bytes = field(default=b"", repr=False)
    until: int | None = None


@dataclass(frozen=True, slots=True)
class StoredCredential:
    """A credential in a slot; `content` is packed digits, a UID, a remote's id or a template."""

    user: ListedUser
    content: bytes = field(repr=False)
    window: WeekWindow = field(default_factory=WeekWindow)


@dataclass(frozen=True, slots=True)
class LoggedRecord:
    """A record as stored: its 16 bytes and the chain value after it."""

    raw: bytes
    chain: bytes

    @property
    def value(self) -> AccessRecord:
        """The record in words."""
        return AccessRecord.decode(self.raw)


@dataclass(slots=True)
class LockState:
    """The whole memory. Instants are Unix seconds, `tz_quarters` quarter hours east of UTC."""

    sn: bytes
    mac: bytes
    lock_keys: bytes = field(repr=False)
    server_keys: str = field(default=NO_KEYS, repr=False)
    version: int = 8
    firmware: str = "1.0.0"
    is_bound: bool = False
    admin_passcode: str = field(default="", repr=False)

    door_id: int = 0
    keys: list[KeySet] = field(default_factory=list)
    scopes: list[int] = field(default_factory=list)
    tz_quarters: int = 0
    checkout_hour: int = 12
    settings: dict[int, bytes] = field(
        default_factory=lambda: {int(tag, 16): bytes.fromhex(value) for tag, value in FACTORY_SETTINGS}
    )

    clock_lost: bool = False
    privacy: bool = False
    last_opened_at: int = 0
    passage_mode: bool = False
    is_alarm_sounding: bool = False
    battery: int = 100
    voltage_class: int = 1

    door_issue: int = 0
    scope_issues: dict[int, int] = field(default_factory=dict)
    deny: dict[int, int] = field(default_factory=dict)
    used_one_shots: dict[int, int] = field(default_factory=dict)
    tampered_row: int = 0

    epoch: int = 0
    floor: int = 0
    used_singles: list[tuple[int, int]] = field(default_factory=list)
    revoked: set[int] = field(default_factory=set)
    wrong_row: int = 0
    wrong_times: list[int] = field(default_factory=list)
    shut_until: int = 0

    users: dict[int, StoredCredential] = field(default_factory=dict)
    unfinished: dict[int, list[bytes]] = field(default_factory=dict)

    last_counter: int = 0
    last_frame: bytes = field(default=b"", repr=False)
    last_answer: bytes = field(default=b"", repr=False)
    bound_version: int = 7
    imei: str = ""
    imsi: str = ""

    report_counter: int = 0
    reports: list[int] = field(default_factory=list)
    outstanding: bytes = field(default=b"", repr=False)
    reported_sequence: int = 0

    records: list[LoggedRecord] = field(default_factory=list)
    newest_sequence: int = 0
    chain: bytes = CHAIN_START

    def k_lock(self) -> bytes:
        """`K_lock` under the present serverKeys."""
        return kdf.lock_key(kdf.lock_secret(self.lock_keys, self.server_keys), self.sn, self.mac)

    def k_frame(self) -> bytes:
        """The key of frames: `K_cmd`, or `K_bind` while the lock is not bound."""
        return kdf.command_key(self.k_lock()) if self.is_bound else kdf.bind_key(self.lock_keys, self.sn, self.mac)

    def key_sets(self, now: int) -> dict[int, KeySet]:
        """The keys held at `now` by version. Without a clock nothing ends."""
        held = (keys for keys in self.keys if keys.until is None or self.clock_lost or now < keys.until)
        return {keys.version: keys for keys in held}

    def log(
        self,
        at: int,
        event: RecordEvent,
        method: RecordMethod = RecordMethod.NONE,
        credential_id: int = 0,
        result: RecordResult = RecordResult.OPENED,
    ) -> None:
        """Write a record. A lock that lost its clock writes the time 0."""
        self.newest_sequence += 1
        time = 0 if self.clock_lost else at
        record = AccessRecord(self.newest_sequence, time, event, method, credential_id, result, self.battery)
        raw = record.encode()
        self.chain = chain_next(kdf.record_key(self.k_lock()), self.chain, raw)
        self.records.append(LoggedRecord(raw, self.chain))
        del self.records[:-RECORDS_KEPT]

    def drop_ended(self, at: int) -> None:
        """Forget what is no longer in force. Without a clock nothing ends."""
        if self.clock_lost:
            return
        self.keys = [keys for keys in self.keys if keys.until is None or at < keys.until]
        self.deny = {key: until for key, until in self.deny.items() if at <= until + 900}
        self.used_one_shots = {key: until for key, until in self.used_one_shots.items() if at <= until + 900}
        self.used_singles = [used for used in self.used_singles if hour_age(used[0], at) <= 25 * 3600]
        self.wrong_times = [time for time in self.wrong_times if at - time < 24 * 3600]

    def note_opening(self, at: int, *, is_offline_code: bool) -> None:
        """The bolt moved: row and shut time end; by anything but an offline code the day's count, too."""
        self.last_opened_at = at
        self.wrong_row = 0
        self.shut_until = 0
        self.tampered_row = 0
        if not is_offline_code:
            self.wrong_times.clear()

    def end_epoch(self) -> None:
        """The next epoch begins: the memories of the one before are empty."""
        self.epoch = (self.epoch + 1) % 256
        self.used_singles.clear()
        self.revoked.clear()

    def raise_door_issue(self, issue: int) -> None:
        """Refuse guest cards below `issue` from now on."""
        self.door_issue = max(self.door_issue, issue)

    def raise_scope_issue(self, scope_id: int, issue: int) -> None:
        """Refuse staff cards of the scope below `issue` from now on."""
        self.scope_issues[scope_id] = max(self.scope_issues.get(scope_id, 0), issue)

    def raise_floor(self, instant: int) -> None:
        """Refuse guests' codes that start before the hour of `instant`."""
        self.floor = max(self.floor, instant // 3600 * 3600)

    def put_on_deny_list(self, credential_id: int, until: int, at: int) -> None:
        """The same id keeps the later end; in a full list ended entries go first, then those that end soonest."""
        self.deny[credential_id] = max(until, self.deny.get(credential_id, 0))
        if len(self.deny) > DENY_LIST_SIZE:
            self.drop_ended(at)
        while len(self.deny) > DENY_LIST_SIZE:
            old = (key for key in self.deny if key != credential_id)
            del self.deny[min(old, key=lambda key: self.deny[key])]

    def local(self, at: int) -> tuple[int, int]:
        """The local weekday (0 Monday) and minute of the day."""
        day, second = divmod(at + self.tz_quarters * 900, 86400)
        return (day + 3) % 7, second // 60


DENY_LIST_SIZE = 128


def hour_age(hour: int, at: int) -> int:
    """Seconds since the hour with this number (modulo 131072), the one nearest to `at`; negative if it is to come."""
    now = at // 3600
    return at - (now + (hour - now + 65536) % 131072 - 65536) * 3600


def state_to_json(state: LockState) -> dict[str, Any]:
    """The whole state as JSON values."""
    return {name: _TO_JSON.get(name, _plain)(getattr(state, name)) for name in LockState.__slots__}


def state_from_json(values: dict[str, Any]) -> LockState:
    """The state in what `state_to_json` gave."""
    return LockState(**{name: _FROM_JSON.get(name, _plain)(value) for name, value in values.items()})


def _plain(value: Any) -> Any:
    return value


def _key_set_to_json(keys: KeySet) -> dict[str, Any]:
    return {
        "version": keys.version,
        "door_key": keys.door_key.hex(),
        "pk_staff": keys.pk_staff.hex(),
        "areas": [{"id": area_id, "key": key.hex()} for area_id, key in keys.areas.items()],
        "card_a_key": keys.card_a_key.hex(),
        "until": keys.until,
    }


def _key_set_from_json(value: dict[str, Any]) -> KeySet:
    return KeySet(
        value["version"],
        bytes.fromhex(value["door_key"]),
        bytes.fromhex(value["pk_staff"]),
        {area["id"]: bytes.fromhex(area["key"]) for area in value["areas"]},
        bytes.fromhex(value["card_a_key"]),
        value["until"],
    )


def _stored_to_json(stored: StoredCredential) -> list[Any]:
    user, window = stored.user, stored.window
    return [
        [user.slot, int(user.kind), user.credential_id, user.not_before, user.not_after, int(user.role)],
        stored.content.hex(),
        [window.weekdays, window.start, window.end],
    ]


def _stored_from_json(value: list[Any]) -> StoredCredential:
    (slot, kind, credential_id, not_before, not_after, role), content, window = value
    user = ListedUser(slot, StoredKind(kind), credential_id, not_before, not_after, UserRole(role))
    return StoredCredential(user, bytes.fromhex(content), WeekWindow(*window))


def _pairs(value: dict[int, Any]) -> list[list[Any]]:
    return [[key, item] for key, item in value.items()]


_HEX = ("sn", "mac", "lock_keys", "last_frame", "last_answer", "outstanding", "chain")
_PAIRS = ("scope_issues", "deny", "used_one_shots")

_TO_JSON: dict[str, Any] = {
    **dict.fromkeys(_HEX, bytes.hex),
    **dict.fromkeys(_PAIRS, _pairs),
    "keys": lambda sets: [_key_set_to_json(keys) for keys in sets],
    "settings": lambda settings: [[tag, value.hex()] for tag, value in settings.items()],
    "used_singles": lambda singles: [list(single) for single in singles],
    "revoked": sorted,
    "users": lambda users: [_stored_to_json(stored) for stored in users.values()],
    "unfinished": lambda unfinished: [[slot, [raw.hex() for raw in parts]] for slot, parts in unfinished.items()],
    "records": lambda records: [[record.raw.hex(), record.chain.hex()] for record in records],
}
_FROM_JSON: dict[str, Any] = {
    **dict.fromkeys(_HEX, bytes.fromhex),
    **dict.fromkeys(_PAIRS, dict),
    "keys": lambda sets: [_key_set_from_json(keys) for keys in sets],
    "settings": lambda pairs: {tag: bytes.fromhex(value) for tag, value in pairs},
    "used_singles": lambda singles: [(hour, index) for hour, index in singles],
    "revoked": set,
    "users": lambda users: {stored.user.slot: stored for stored in map(_stored_from_json, users)},
    "unfinished": lambda pairs: {slot: [bytes.fromhex(raw) for raw in parts] for slot, parts in pairs},
    "records": lambda records: [LoggedRecord(bytes.fromhex(raw), bytes.fromhex(chain)) for raw, chain in records],
}
