"""A week in the life of a house with two hundred doors online, in virtual time, on a bad line. Everything is decided by one seed.

People come, go, open doors and forget codes; gateways lose their power, lines break, locks go out of reach, the broker and the server are
killed. What must hold is looked at on the way (`Week.look`), and after a few quiet hours at the end (`tests.link.test_week`).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from random import Random

from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.frontdesk import service as frontdesk
from pms.lock_commands import operate
from pms.lock_commands.rules import Deed
from pms.protocol.bcd import encode_bcd
from pms.protocol.command import ListedUser, StoredKind, UserRole, WeekWindow
from pms.protocol.topics import CarrierState, FrameTopic, StateTopic, parse_topic
from pms.simulators.broker import Published, SimulatedBroker
from pms.simulators.gateway import SimulatedGateway
from pms.simulators.lock import StoredCredential, VirtualLock
from pms.simulators.lossy import LossyNetwork, Weather
from pms.slots import service as slots
from tests.link import grand_house
from tests.link.grand_house import GrandHouse, Twin
from tests.link.virtual_server import NAME, VirtualServer

DESK = Actor(kind="account", name="Desk")
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
GRACE = 900
# The line is bad, not dead: a tenth is lost, and what is late comes after half a minute at most.
WEATHER = Weather(delay=(0.02, 1.0), loss=0.1, duplicates=0.03, late=0.05, longest=30.0)
RADIO_LOSS = 0.1
# Within this time of a lock being in reach, what ended is out of it.
REMOVED_WITHIN = 15 * MINUTE
JOBS_EVERY = HOUR
STAFF_SLOT = 250
# A conference ends, and everybody is at the door of a room.
RUSH = 15.0


@dataclass(frozen=True)
class Size:
    """How much happens."""

    rooms: int = 200
    gateways: int = 10
    days: int = 7
    rushes: int = 14
    door_uses_a_rush: int = 120
    lone_door_uses: int = 100
    stays: int = 90
    contractors: int = 24
    unlocks: int = 120
    hangs: int = 24
    power_cuts: int = 20
    broken_lines: int = 40
    silences: int = 30
    broker_deaths: int = 6
    server_deaths: int = 24


@dataclass
class Key:
    """Something that a person has for one door. It must not open after `until` and the grace; at `unwanted_at` the server
    takes it away, if it can."""

    twin: Twin
    kind: StoredKind
    content: bytes
    until: float
    slot_id: int
    digits: str = ""
    unwanted_at: float = 0.0

    def __post_init__(self) -> None:
        self.ends_at(self.until)

    def ends_at(self, until: float) -> None:
        """It holds that long now; then the hourly job finds it."""
        self.until, self.unwanted_at = until, until + JOBS_EVERY


@dataclass
class Unlock:
    """Asked for at the desk; the lock must not open for it after `before`."""

    command_id: int
    twin: Twin
    before: int
    was_reachable: bool


@dataclass
class Week:
    """The whole of it; `play` lets it pass."""

    seed: int
    size: Size
    start: datetime
    # The scheduler's jobs: these every hour, those now and then (they ask each lock, which is too much for a test every time).
    hourly: tuple[Callable[[], object], ...]
    rarely: tuple[Callable[[], object], ...]
    random: Random = field(init=False)
    house: GrandHouse = field(init=False)
    broker: SimulatedBroker = field(init=False)
    server: VirtualServer = field(init=False)
    keys: dict[str, list[Key]] = field(default_factory=dict)
    all_keys: list[Key] = field(default_factory=list)
    unlocks: list[Unlock] = field(default_factory=list)
    # Since when each is there without a break; missing while it is not.
    there_since: dict[str, float] = field(default_factory=dict)
    at: float = 0.0

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.at = self.begin = self.start.timestamp()
        self.end = self.begin + self.size.days * DAY
        self._numbers = count()
        self._to_come: list[tuple[float, int, Callable[[], None]]] = []
        self.house = grand_house.build(
            self.random,
            rooms=self.size.rooms,
            gateways=self.size.gateways,
            radio_loss=RADIO_LOSS,
            now=self.start,
        )
        self.broker = SimulatedBroker(LossyNetwork(self.random, WEATHER), keep_alive=30)
        self.server = VirtualServer(self.broker, self.random)
        self._carriers = {gateway.name.id: gateway for gateway in self.house.gateways}
        self._twins = {twin.serial: twin for twin in self.house.twins}
        for twin in self.house.twins:
            self._give_staff_a_card(twin)
            self.there_since[twin.serial] = self.begin
        self.there_since["broker"] = self.begin
        for gateway in self.house.gateways:
            self.after(self.random.uniform(1, 30), partial(self._connect, gateway))
        self._plan()

    # Time

    def after(self, seconds: float, do: Callable[[], None]) -> None:
        """Something is to happen then."""
        heapq.heappush(self._to_come, (self.at + seconds, next(self._numbers), do))

    def play(self, until: float) -> None:
        """Let time pass."""
        gateways, broker, server = self.house.gateways, self.broker, self.server
        while True:
            times = [self._to_come[0][0], broker.next_at(), server.next_at(), *[one.next_at() for one in gateways]]
            self.at = at = max(self.at, min(time for time in times if time is not None))
            if at > until:
                self.at = until
                return
            for delivery in broker.step(at):
                if delivery.client == NAME:
                    server.hear(delivery, at)
                else:
                    topic = parse_topic(delivery.topic)
                    assert isinstance(topic, FrameTopic)
                    self._carriers[delivery.client].receive(topic, delivery.payload, at)
            for gateway in gateways:
                due = gateway.next_at()
                if due is not None and due <= at:
                    self._carry_up(gateway, at)
            if (due := server.next_at()) is not None and due <= at:
                server.act(at)
            while self._to_come[0][0] <= at:
                heapq.heappop(self._to_come)[2]()

    def _carry_up(self, gateway: SimulatedGateway, at: float) -> None:
        messages = gateway.step(at)
        if self.broker.is_connected(gateway.name.id):
            for topic, frame in messages:
                self.broker.publish(gateway.name.id, Published(topic.text(), frame), at)

    # What is planned

    def _plan(self) -> None:
        size, choice, twins, gateways = self.size, self.random.choice, self.house.twins, self.house.gateways
        rushes = [self.random.uniform(0, size.days * DAY - HOUR) for _ in range(size.rushes)]
        for rush in rushes:
            for _ in range(size.door_uses_a_rush):
                self.after(rush + self.random.uniform(0, RUSH), partial(self._use_door, choice(twins)))

        def plan(often: int, make: Callable[[], Callable[[], None]], share: float = 0.75) -> None:
            """So many times: that share of them around one of the rushes, when everything happens at once."""
            for _ in range(often):
                is_alone = self.random.random() >= share
                span = (0.0, size.days * DAY - HOUR) if is_alone else (-RUSH, 4 * RUSH)
                self.after(max(0.0, (0.0 if is_alone else choice(rushes)) + self.random.uniform(*span)), make())

        guests = iter(self.random.sample(twins, size.stays))
        deaths = count()
        plan(size.lone_door_uses, lambda: partial(self._use_door, choice(twins)), 0.0)
        plan(size.stays, lambda: partial(self._move_in, next(guests)))
        plan(size.contractors, lambda: partial(self._hire, choice(twins)))
        plan(size.unlocks, lambda: partial(self._unlock, choice(twins)))
        plan(size.hangs, lambda: partial(self._unlock_behind_a_gateway_that_hangs, choice(twins)), 0.0)
        plan(size.power_cuts, lambda: partial(self._cut_power, choice(gateways)))
        plan(size.broken_lines, lambda: partial(self._break_line, choice(gateways)))
        plan(size.silences, lambda: partial(self._go_silent, choice(twins)))
        plan(size.broker_deaths, lambda: self._kill_broker)
        plan(size.server_deaths, lambda: partial(self._kill_server, next(deaths)))
        self.after(JOBS_EVERY, partial(self._run_jobs, self.hourly, JOBS_EVERY))
        self.after(1.3 * DAY, partial(self._run_jobs, self.rarely, 3 * DAY))
        self.after(HOUR / 2, self._look_again)

    # People

    def _give_staff_a_card(self, twin: Twin) -> None:
        user = ListedUser(STAFF_SLOT, StoredKind.CARD, 7, 0, 0xFFFF_FFFF, UserRole.STAFF)
        twin.lock.state.users[STAFF_SLOT] = StoredCredential(user, b"\4staff\0", WeekWindow())

    def _use_door(self, twin: Twin) -> None:
        at, keys = int(self.at), self.keys.get(twin.serial)
        match self.random.randrange(8):
            case 0:
                twin.lock.type_code(f"{self.random.randrange(10**6):06d}", at)
            case 1:
                twin.lock.present(b"\4staff\0", [bytes(48)] * 8, at)
            case 2 | 3 | 4 if keys:
                self._use(self.random.choice(keys))
            case _:
                twin.lock.use_inside_handle(at)
        twin.gateway.notice(twin.serial, self.at)

    def _use(self, key: Key) -> None:
        lock, at = key.twin.lock, int(self.at)
        if key.kind is StoredKind.PASSCODE:
            answer = lock.type_code(key.digits, at)
        else:
            answer = lock.present(key.content, [bytes(48)] * 8, at)
        assert not (answer.is_opened and at > key.until + GRACE), f"{key} opened at {at}"

    def _try_after_end(self, key: Key) -> None:
        """Whoever should have left tries once more."""
        if self.at > key.until + GRACE:
            self._use(key)
            key.twin.gateway.notice(key.twin.serial, self.at)
        else:
            self.after(key.until + GRACE + 1 - self.at, partial(self._try_after_end, key))

    def _move_in(self, twin: Twin) -> None:
        nights = self.random.choice((1, 1, 2, 3))
        digits = f"{self.random.randrange(10**8):08d}"
        uid = self.random.randbytes(7)
        has_card = self.random.random() < 0.5

        def do(now: datetime) -> tuple[int, list[Key]]:
            with transaction():
                stay_id = grand_house.move_in(self.house, twin, nights=nights, now=now)
                owner = slots.Owner(stay_id=stay_id)
                made = [self._store(twin, StoredKind.PASSCODE, encode_bcd(digits), owner, None, now, digits)]
                if has_card:
                    made.append(self._store(twin, StoredKind.CARD, uid, owner, None, now))
                return stay_id, made

        done = self.server.serve(do, self.at)
        if done is None:
            self.after(MINUTE, partial(self._move_in, twin))
            return
        stay_id, made = done
        self._hand_over(made)
        if self.random.random() < 0.4:
            leaves = made[0].until - self.random.uniform(0, 5 * HOUR)
            self.after(max(HOUR, leaves - self.at), partial(self._check_out, stay_id, made))

    def _hire(self, twin: Twin) -> None:
        """Somebody works in the room for some hours; for some of them it takes longer."""
        digits, hours = f"{self.random.randrange(10**7):07d}", self.random.uniform(1, 20)

        def do(now: datetime) -> Key:
            until = (now + timedelta(hours=hours)).replace(microsecond=0)
            return self._store(twin, StoredKind.PASSCODE, encode_bcd(digits), slots.Owner(), until, now, digits)

        key = self.server.serve(do, self.at)
        if key is None:
            self.after(MINUTE, partial(self._hire, twin))
            return
        self._hand_over([key])
        if self.random.random() < 0.5:
            self.after(self.random.uniform(0, hours * HOUR), partial(self._extend, key))

    def _extend(self, key: Key) -> None:
        until = datetime.fromtimestamp(key.until + HOUR, UTC)

        def do(now: datetime) -> bool:
            slots.change(
                slot_id=key.slot_id,
                valid_from=None,
                valid_until=until,
                window=WeekWindow(),
                role=UserRole.GUEST,
                actor=DESK,
                now=now,
            )
            return True

        if self.at < key.until - MINUTE and self.server.serve(do, self.at):
            key.ends_at(until.timestamp())

    def _store(
        self,
        twin: Twin,
        kind: StoredKind,
        content: bytes,
        owner: slots.Owner,
        until: datetime | None,
        now: datetime,
        digits: str = "",
    ) -> Key:
        slot = slots.store(
            lock_id=twin.lock_id,
            kind=kind,
            content=content,
            name="Somebody",
            valid_from=None,
            valid_until=until,
            owner=owner,
            actor=DESK,
            now=now,
        )
        assert slot.valid_until is not None
        return Key(twin, kind, content, slot.valid_until.timestamp(), slot.id, digits)

    def _hand_over(self, made: list[Key]) -> None:
        for key in made:
            self.keys.setdefault(key.twin.serial, []).append(key)
            self.all_keys.append(key)
            self.after(key.until + GRACE + 1 - self.at, partial(self._try_after_end, key))

    def _check_out(self, stay_id: int, made: list[Key]) -> None:
        done = self.server.serve(lambda now: frontdesk.check_out(stay_id=stay_id, actor=DESK, now=now), self.at)
        if done is None:
            self.after(MINUTE, partial(self._check_out, stay_id, made))
            return
        for key in made:
            key.unwanted_at = self.at

    def _unlock_behind_a_gateway_that_hangs(self, twin: Twin) -> None:
        """Its frame comes to the lock, and too late: nobody but the lock itself can refuse it then."""
        twin.gateway.hang(self.at + self.random.uniform(25, 60))
        self._unlock(twin, is_held=True)

    def _unlock(self, twin: Twin, *, is_held: bool = False) -> None:
        is_reachable = self.reachable_since(twin) is not None and not is_held

        def do(now: datetime) -> Unlock:
            self.server.beat()
            command = operate.operate(lock_id=twin.lock_id, deed=Deed.UNLOCK, actor=DESK, now=now)
            assert command.expires_at is not None
            return Unlock(command.id, twin, int(command.expires_at.timestamp()), is_reachable)

        done = self.server.serve(do, self.at)
        if done is None:
            self.after(MINUTE, partial(self._unlock, twin, is_held=is_held))
        else:
            self.unlocks.append(done)

    # What goes wrong

    def _connect(self, gateway: SimulatedGateway) -> None:
        name = gateway.name.id
        if not gateway.is_powered or self.broker.is_connected(name):
            return
        topic = StateTopic(gateway.name).text()
        is_connected = self.broker.connect(
            name,
            self.at,
            wants=lambda each: each.startswith(f"latchkey/gateways/{name}/") and each.endswith("/down"),
            will=Published(topic, CarrierState(is_online=False).encode(), is_retained=True),
        )
        if not is_connected:
            self.after(self.random.uniform(1, 30), partial(self._connect, gateway))
            return
        self.broker.publish(name, Published(topic, gateway.state().encode(), is_retained=True), self.at)
        gateway.refresh(self.at)
        self.there_since[name] = self.at

    def _lose(self, gateway: SimulatedGateway, *, forgets: bool) -> None:
        self.broker.lose(gateway.name.id, self.at, forgets=forgets)
        self.there_since.pop(gateway.name.id, None)

    def _cut_power(self, gateway: SimulatedGateway) -> None:
        if not gateway.is_powered:
            return

        def restore() -> None:
            gateway.restore_power(self.at)
            self.after(self.random.uniform(1, 10), partial(self._connect, gateway))

        gateway.cut_power()
        self._lose(gateway, forgets=True)
        self.after(self.random.choice((2 * MINUTE, 20 * MINUTE, 3 * HOUR)) * self.random.uniform(0.5, 2), restore)

    def _break_line(self, gateway: SimulatedGateway) -> None:
        if self.broker.is_connected(gateway.name.id):
            self._lose(gateway, forgets=False)
            self.after(self.random.uniform(1, 200), partial(self._connect, gateway))

    def _go_silent(self, twin: Twin) -> None:
        if self.there_since.pop(twin.serial, None) is None:
            return

        def speak() -> None:
            twin.gateway.set_in_range(twin.serial, self.at, in_range=True)
            self.there_since[twin.serial] = self.at

        twin.gateway.set_in_range(twin.serial, self.at, in_range=False)
        self.after(self.random.uniform(MINUTE, 12 * MINUTE), speak)

    def _kill_broker(self) -> None:
        if not self.broker.is_up:
            return
        remembers = self.random.random() < 0.5

        def restart() -> None:
            self.broker.restart(remembers=remembers)
            self.there_since["broker"] = self.at

        self.broker.kill()
        self.there_since.pop("broker")
        self.server.lose_broker(self.at)
        for gateway in self.house.gateways:
            self._lose(gateway, forgets=False)
            self.after(self.random.uniform(1, 60), partial(self._connect, gateway))
        self.after(self.random.uniform(5, 300), restart)

    def _kill_server(self, number: int) -> None:
        """Now, or in the middle of what it does next."""
        if not self.server.is_up:
            return
        blade = self.server.blade
        match number % 4:
            case 0:
                self.server.kill(self.at, "idle")
            case 1:
                blade.hang(statements=self.random.randrange(1, 60))
            case 2:
                blade.hang(statements=None, before_commit=True)
            case _:
                self.server.dies_before_sending = True

    # The clock's jobs, and what must hold all the time

    def _run_jobs(self, jobs: tuple[Callable[[], object], ...], every: float) -> None:
        """Those that are missed while the server is down are caught up with."""

        def do(_now: datetime) -> bool:
            self.server.beat()
            for job in jobs:
                job()
                db.remove()
            return True

        is_done = self.server.serve(do, self.at)
        self.after(every if is_done else MINUTE, partial(self._run_jobs, jobs, every))

    def _look_again(self) -> None:
        self.look()
        self.after(HOUR / 2, self._look_again)

    def reachable_since(self, twin: Twin) -> float | None:
        """Since when nothing stands between server and lock; None where something does."""
        if not self.server.is_up or not self.broker.is_connected(NAME):
            return None
        needed = [self.there_since.get(name) for name in ("broker", twin.gateway.name.id, twin.serial)]
        since = [self.server.up_since, *needed]
        return None if None in since else max(time for time in since if time is not None)

    def look(self) -> None:
        """What ended long enough ago is out of each lock that could be reached all the time since."""
        for key in self.all_keys:
            since = self.reachable_since(key.twin)
            if since is None or self.at < max(since, key.unwanted_at) + REMOVED_WITHIN:
                continue
            held = [stored.content for stored in key.twin.lock.state.users.values()]
            assert key.content not in held, f"{key} is still there at {self.at}, reachable since {since}"

    def rest(self, seconds: float) -> None:
        """Nothing goes wrong any more."""
        self.broker.network.weather = Weather()
        if not self.broker.is_up:
            self.broker.restart(remembers=False)
        for gateway in self.house.gateways:
            gateway.radio.loss = 0.0
            if not gateway.is_powered:
                gateway.restore_power(self.at)
            for serial in list(gateway.radio.silent):
                gateway.set_in_range(serial, self.at, in_range=True)
            self._connect(gateway)
        self.server.blade.hang(statements=None)
        self.server.dies_before_sending = False
        self.play(self.at + seconds)


def used(lock: VirtualLock) -> list[bytes]:
    """What the lock wrote, in its order."""
    return [record.raw for record in lock.state.records]
