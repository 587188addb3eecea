"""Random histories at one lock, beside a plain model that keeps no state but the history itself.

The lock keeps counters and floors; the model looks back over all that happened each time. Where the two differ, one of
them reads the specification wrongly.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pms.protocol.card import Audience, CardBody, CardKind
from pms.protocol.command import DeleteUser, Denied, IssueFloor, Operate, Operation
from pms.protocol.passcode import (
    Clear,
    Cyclic,
    Days,
    Hours,
    Nights,
    Permanent,
    Permission,
    Single,
    encode_permission,
    holds,
)

from . import lock_world as world
from .lock_world import DAY, HOUR, NOW

# --- codes


@dataclass(frozen=True)
class Happened:
    """Something that is over: `what` is opened, wrong, card, floor, revoked or moved."""

    at: int
    what: str
    permission: Permission | None = None
    value: int = 0


@dataclass
class PlainKeypad:
    """The keypad's rules, each as a question to the history."""

    past: list[Happened] = field(default_factory=list)
    is_thrown: bool = False

    def epoch(self) -> int:
        return 7 + sum(each.what == "moved" for each in self.past)

    def this_epoch(self) -> list[Happened]:
        moves = [number for number, each in enumerate(self.past) if each.what == "moved"]
        return self.past[moves[-1] + 1 :] if moves else self.past

    def floor(self) -> int:
        starts = [e.permission.start for e in self.past if isinstance(e.permission, Nights | Days)]
        return max([0, *starts, *(e.value for e in self.past if e.what == "floor")])

    def row(self) -> list[int]:
        """Times of the wrong codes since the last opening."""
        times: list[int] = []
        for each in self.past:
            if each.what in ("opened", "card"):
                times = []
            if each.what == "wrong":
                times.append(each.at)
        return times

    def is_shut(self, at: int) -> bool:
        row = self.row()
        last = len(row) // 5 * 5
        if not last:
            return False
        minutes = {5: 5, 10: 10, 15: 20, 20: 40}.get(last, 60)
        return at < row[last - 1] + 60 * minutes

    def wrong_in_a_day(self, at: int) -> int:
        cards = [number for number, each in enumerate(self.past) if each.what == "card"]
        recent = self.past[cards[-1] + 1 :] if cards else self.past
        return sum(each.what == "wrong" and at - each.at < DAY for each in recent)

    def type(self, permission: Permission | None, epoch: int, at: int) -> str:
        if self.is_shut(at) or self.wrong_in_a_day(at) >= 30:
            return "LOCKED_OUT"
        ahead = epoch - self.epoch()
        if permission is None or ahead not in (0, 1) or not self.is_right(permission, ahead, at):
            self.past.append(Happened(at, "wrong"))
            return "WRONG_CODE"
        return self.judge(permission, ahead, at)

    def is_right(self, permission: Permission, ahead: int, at: int) -> bool:
        if not holds(permission, 32, 12, at):
            return False
        if isinstance(permission, Permanent):
            revoked = {each.value for each in self.this_epoch() if each.what == "revoked"}
            return bool(ahead) or permission.serial not in revoked
        if isinstance(permission, Days) and permission.start // DAY != self.floor() // DAY:
            return at <= permission.start + 7 * DAY + 900
        return True

    def judge(self, permission: Permission, ahead: int, at: int) -> str:
        if isinstance(permission, Clear):
            self.past += [Happened(at, "moved")] * (1 + ahead)
            return "VOIDED"
        if isinstance(permission, Nights) and permission.start < self.floor():
            return "SUPERSEDED"
        if isinstance(permission, Days) and permission.start // DAY < self.floor() // DAY:
            return "SUPERSEDED"
        if isinstance(permission, Single) and not ahead and permission in [e.permission for e in self.this_epoch()]:
            return "USED"
        if self.is_thrown:
            return "PRIVACY"
        self.past += [Happened(at, "moved")] * ahead
        self.past.append(Happened(at, "opened", permission))
        return "OPENED"


HOURS_AROUND = st.integers(-40, 3)
NEW_PERMISSION = st.one_of(
    st.tuples(st.just("nights"), HOURS_AROUND, st.integers(1, 3)),
    st.tuples(st.just("days"), st.sampled_from((-8, -7, -7, -6, 0, 1)), st.integers(32, 33)),
    st.tuples(st.just("hours"), HOURS_AROUND, st.integers(1, 30)),
    st.tuples(st.just("single"), st.integers(-26, 1), st.integers(0, 1)),
    st.tuples(st.just("permanent"), st.just(0), st.integers(0, 1)),
    st.tuples(st.just("cyclic"), st.integers(0, 23), st.integers(1, 24)),
    st.tuples(st.just("clear"), st.integers(-30, 1), st.just(0)),
)
STEPS = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from((1, 10, 299, 301, 1200, HOUR, 7 * HOUR, DAY, 8 * DAY))),
    st.tuples(st.just("wrong"), st.integers(1, 6)),
    st.tuples(st.just("exhaust"), st.integers(1, 7)),
    st.tuples(st.just("midnight"), st.sampled_from((-901, -900, 0, 899, 900, 901))),
    st.tuples(st.just("new"), st.tuples(NEW_PERMISSION, st.sampled_from((0, 0, 0, 0, 1, 1, 2, -1)))),
    st.tuples(st.just("again"), st.integers(0, 50)),
    st.tuples(st.just("again"), st.integers(0, 50)),
    st.tuples(st.just("once more"), st.integers(0, 1)),
    st.tuples(st.just("deadbolt"), st.sampled_from((True, False, False))),
    st.tuples(st.just("card"), st.none()),
    st.tuples(st.just("floor"), st.none()),
    st.tuples(st.just("revoke"), st.integers(0, 1)),
)


def _permission(wanted: tuple[str, int, int], now: int) -> Permission:
    kind, shift, n = wanted
    start = (now // HOUR + shift) * HOUR
    if kind == "days":
        return Days((now // DAY + shift) * DAY, n)
    if kind == "permanent":
        return Permanent(n)
    if kind == "cyclic":
        return Cyclic(0, shift, n, 2026, 8)
    if kind == "clear":
        return Clear(start)
    return {"nights": Nights, "hours": Hours, "single": Single}[kind](start, n)


class KeypadHistory:
    """One lock and one model that live through the same things."""

    def __init__(self) -> None:
        self.lock, self.model, self.now = world.bound_lock(), PlainKeypad(), NOW
        self.made: list[tuple[Permission, int]] = []
        self.seed = 1
        world.store_card(self.lock)

    def live(self, what: str, value: object) -> None:
        getattr(self, f"do_{what.replace(' ', '_')}")(value)
        state = self.lock.state
        assert state.epoch == self.model.epoch() % 256
        assert state.floor == self.model.floor()

    def do_wait(self, seconds: int) -> None:
        self.now += seconds

    def do_wrong(self, times: int) -> None:
        for _ in range(times):
            self.seed += 1_000_003
            digits = world.rubbish(self.model.epoch(), self.seed)
            answer = self.lock.type_code(digits, self.now)
            assert (answer.result.name, answer.credential_id) == (self.model.type(None, 0, self.now), 0)
            self.now += 1

    def do_exhaust(self, fives: int) -> None:
        """Come back again and again as soon as the keypad is open."""
        for _ in range(fives):
            self.do_wrong(5 - len(self.model.row()) % 5)
            self.now += HOUR

    def do_midnight(self, shift: int) -> None:
        self.now = (self.now // DAY + 1) * DAY + shift

    def do_once_more(self, ahead: int) -> None:
        """Make the last permission again, for this epoch or the next."""
        if self.made:
            self.made.append((self.made[-1][0], self.model.epoch() + ahead))
            self.type_made(-1)

    def do_new(self, wanted: tuple[tuple[str, int, int], int]) -> None:
        self.made.append((_permission(wanted[0], self.now), self.model.epoch() + wanted[1]))
        self.type_made(-1)

    def do_again(self, number: int) -> None:
        if self.made:
            self.type_made(number % len(self.made))

    def type_made(self, number: int) -> None:
        permission, epoch = self.made[number]
        digits, p = world.code(permission, epoch), encode_permission(permission)
        for tried in (self.model.epoch(), self.model.epoch() + 1):
            # By chance the digits may mean something else in an epoch that they were not made for.
            assume(tried == epoch or world.number_of(digits, tried) >= world.NO_PERMISSION_FROM)
        answer = self.lock.type_code(digits, self.now)
        expected = self.model.type(permission, epoch, self.now)
        is_known = expected not in ("WRONG_CODE", "LOCKED_OUT")
        assert (answer.result.name, answer.credential_id) == (expected, p if is_known else 0)

    def do_deadbolt(self, is_thrown: bool) -> None:
        self.lock.throw_deadbolt(is_thrown)
        self.model.is_thrown = is_thrown

    def do_card(self, _: object) -> None:
        answer = self.lock.present(world.STORED_UID, world.card(), self.now)
        assert answer.is_opened is not self.model.is_thrown
        if answer.is_opened:
            self.model.past.append(Happened(self.now, "card"))

    def do_floor(self, _: object) -> None:
        world.ask(self.lock, Operate(Operation.RAISE_FLOOR, self.now), self.now)
        self.model.past.append(Happened(self.now, "floor", value=self.now // HOUR * HOUR))

    def do_revoke(self, serial: int) -> None:
        world.ask(self.lock, DeleteUser(permanent_serial=serial), self.now)
        self.model.past.append(Happened(self.now, "revoked", value=serial))


@settings(max_examples=400, deadline=None)
@given(st.lists(STEPS, min_size=4, max_size=60))
def test_floor_epoch_and_lock_out_hold_over_any_history(steps: list[tuple[str, object]]) -> None:
    history = KeypadHistory()
    for what, value in steps:
        history.live(what, value)


# --- cards


@dataclass
class PlainDoor:
    """The rules of cards, each as a question to what opened or was voided before."""

    opened: list[tuple[int, CardBody]] = field(default_factory=list)
    raised: list[int] = field(default_factory=list)
    scope_raised: list[int] = field(default_factory=list)
    denied: list[tuple[int, int]] = field(default_factory=list)
    is_thrown: bool = False

    def door_issue(self) -> int:
        issues = [
            b.issue for _, b in self.opened if b.kind in (CardKind.GUEST, CardKind.ONE_SHOT) and not b.is_concurrent
        ]
        return max([0, *issues, *self.raised])

    def scope_issue(self) -> int:
        issues = [
            b.issue for _, b in self.opened if b.kind in (CardKind.STAFF, CardKind.EMERGENCY) and not b.is_concurrent
        ]
        return max([0, *issues, *self.scope_raised])

    def judge(self, body: CardBody, at: int) -> str:
        if any(denied == body.credential_id and at <= until + 900 for denied, until in self.denied):
            return "DENIED"
        if at < body.not_before - 900 or (body.kind is not CardKind.DENY and body.issue > at + DAY):
            return "NOT_YET"
        if at > body.not_after + 900:
            return "EXPIRED"
        if body.kind is CardKind.VOID_GUESTS:
            self.raised.append(body.issue)
            return "VOIDED"
        if body.kind is CardKind.DENY:
            self.denied.append((body.issue, body.not_after))
            return "VOIDED"
        is_staff = body.kind in (CardKind.STAFF, CardKind.EMERGENCY)
        if not body.is_concurrent and body.issue < (self.scope_issue() if is_staff else self.door_issue()):
            return "SUPERSEDED"
        if body.kind is CardKind.ONE_SHOT and any(
            b.kind is CardKind.ONE_SHOT and b.credential_id == body.credential_id and at <= b.not_after + 900
            for _, b in self.opened
        ):
            return "USED"
        if self.is_thrown and not body.overrides_privacy:
            return "PRIVACY"
        self.opened.append((at, body))
        return "OPENED"


CARD_STEPS = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from((1, 899, 900, 901, HOUR, 12 * HOUR, DAY))),
    st.tuples(
        st.just("card"),
        st.tuples(
            st.sampled_from(CardKind),
            st.integers(-3, 3),
            st.integers(-2, 1),
            st.integers(1, 24),
            st.sampled_from((1, 2, 3, 4_000_000_000)),
            st.integers(0, 3),
        ),
    ),
    st.tuples(st.just("deadbolt"), st.booleans()),
    st.tuples(st.just("raise"), st.tuples(st.booleans(), st.integers(-2, 3))),
    st.tuples(st.just("deny"), st.tuples(st.integers(1, 4), st.integers(0, 24))),
)


class DoorHistory:
    """One lock and one model that see the same cards."""

    def __init__(self) -> None:
        self.lock, self.model, self.now = world.bound_lock(), PlainDoor(), NOW

    def live(self, what: str, value: object) -> None:
        getattr(self, f"do_{what}")(value)
        assert self.lock.state.door_issue == self.model.door_issue()
        assert self.lock.state.scope_issues.get(world.SCOPE, 0) == self.model.scope_issue()

    def do_wait(self, seconds: int) -> None:
        self.now += seconds

    def do_deadbolt(self, is_thrown: bool) -> None:
        self.lock.throw_deadbolt(is_thrown)
        self.model.is_thrown = is_thrown

    def do_card(self, wanted: tuple[CardKind, int, int, int, int, int]) -> None:
        kind, issue, start, hours, credential_id, options = wanted
        begin = self.now // HOUR * HOUR + start * HOUR
        content = world.body(
            kind,
            issue=credential_id if kind is CardKind.DENY else NOW + issue * 9 * HOUR,
            not_before=begin,
            not_after=begin + hours * HOUR,
            credential_id=credential_id,
            is_concurrent=options == 1,
            overrides_privacy=options == 2,
        )
        is_guest = kind in (CardKind.GUEST, CardKind.ONE_SHOT)
        units = world.card(world.guest_unit(content)) if is_guest else world.card(*world.staff_units(content))
        answer = self.lock.present(world.UID, units, self.now)
        assert (answer.result.name, answer.credential_id) == (self.model.judge(content, self.now), credential_id)

    def do_raise(self, wanted: tuple[bool, int]) -> None:
        is_scope, issue = wanted[0], NOW + wanted[1] * 9 * HOUR
        audience, target = (Audience.SCOPE, world.SCOPE) if is_scope else (Audience.DOOR, world.DOOR)
        raised = Operate(Operation.RAISE_ISSUE, self.now, issue=IssueFloor(audience, target, issue))
        world.ask(self.lock, raised, self.now)
        (self.model.scope_raised if is_scope else self.model.raised).append(issue)

    def do_deny(self, wanted: tuple[int, int]) -> None:
        entry = Denied(wanted[0], self.now + wanted[1] * HOUR)
        world.ask(self.lock, Operate(Operation.DENY, self.now, denied=(entry,)), self.now)
        self.model.denied.append((entry.credential_id, entry.until))


@settings(max_examples=250, deadline=None)
@given(st.lists(CARD_STEPS, min_size=2, max_size=40))
def test_issues_denials_and_one_shots_hold_over_any_history(steps: list[tuple[str, object]]) -> None:
    history = DoorHistory()
    for what, value in steps:
        history.live(what, value)
