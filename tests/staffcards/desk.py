"""A desk for tests of staff cards: people, a machine on a pseudo-terminal, doors that were set up and report what they saw."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from pms.access_records import service as access_records
from pms.core import clock
from pms.core.actor import SETUP, Actor
from pms.core.db import db
from pms.core.weeks import Window
from pms.encoders import queries as encoders
from pms.encoders.models import EncoderJob
from pms.locks import lock_keys
from pms.locks import queries as locks
from pms.locks import service as lock_service
from pms.protocol.card_layout import Medium
from pms.simulators.cards import SimulatedCard
from pms.simulators.lock import VirtualLock
from pms.staffcards import queries, service
from pms.staffcards.models import StaffCard, StaffCardKind
from tests.keycards.desk import Desk, hold, new_request

BOSS = Actor(kind="account", name="Helen", account_id=1)
PHONE = Actor(kind="lock", name="")
EARLY = Window(0b0011111, 6 * 60, 14 * 60 + 30)
DAY = timedelta(days=1)


def last_day(days: int = 30) -> date:
    return (clock.now() + timedelta(days=days)).date()


def ask(machine_id: int, house, scopes=("1",), *, who: str = "housekeeper", **options: Any) -> str:
    """Ask for a card as the dialog does; the id of the batch. `who` is an account, or a name."""
    account = house.accounts.get(who)
    return service.make(
        kind=options.pop("kind", StaffCardKind.STAFF),
        account_id=account.id if account else None,
        holder_name="" if account else who,
        scope_ids=[house.scopes[name].id if isinstance(name, str) else name for name in scopes],
        window=options.pop("window", Window()),
        last_day=options.pop("last_day", last_day()),
        encoder_id=machine_id,
        request_id=options.pop("request_id", new_request()),
        actor=BOSS,
        now=clock.now(),
        **options,
    )


def card_of(plastic: SimulatedCard) -> StaffCard:
    """The card in the book that this plastic carries."""
    db.remove()
    return queries.cards_with_uid(plastic.uid.hex())[0]


def line_of(card_id: int):
    db.remove()
    return queries.get_line(card_id, now=clock.now())


def job_of(batch_id: str, position: int = 0) -> EncoderJob:
    db.remove()
    return encoders.batch(batch_id)[position]


class StaffDesk(Desk):
    """The desk of key cards, for staff."""

    house: Any = None

    def staff(self, scopes=("1",), *, medium: Medium = Medium.CLASSIC_1K, **options: Any) -> SimulatedCard:
        """A blank card made into somebody's."""
        return self.make(ask(self.encoder_id, self.house, scopes, **options), medium=medium)[0]

    def visitor(self, room: str = "101", hours: int = 4, name: str = "Plumber") -> SimulatedCard:
        """A blank card that opens a door once."""
        batch_id = service.make_visitor(
            door_id=self.house.doors[room].id,
            visitor=name,
            hours=hours,
            encoder_id=self.encoder_id,
            request_id=new_request(),
            actor=BOSS,
            now=clock.now(),
        )
        return self.make(batch_id)[0]

    def lose(self, plastic: SimulatedCard, answer) -> list[SimulatedCard]:
        """Report a card lost; the cards that are made about it, in order."""
        db.remove()
        batch_id = service.report_lost(
            card_id=card_of(plastic).id,
            answer=answer,
            encoder_id=self.encoder_id,
            request_id=new_request(),
            actor=BOSS,
            now=clock.now(),
        )
        db.remove()
        return self.make(batch_id) if batch_id else []

    def door(self, name: str) -> Door:
        """A door of the house whose lock was set up with a phone."""
        return Door(self.house.doors[name])


class Door:
    """A door, its virtual lock, and a phone that carries what it notes."""

    def __init__(self, row: Any) -> None:
        self.lock_id = row.lock_id
        lock = locks.get_lock(self.lock_id)
        self._serial = lock.serial_number
        self.lock = VirtualLock.fresh(
            lock_keys.serial_of(lock), lock_keys.mac_of(lock), bytes.fromhex(lock.lock_keys or "")
        )
        self.set_up()

    def set_up(self) -> None:
        """An installer's phone comes."""
        now = clock.now()
        fresh = not self.lock.state.is_bound
        frame = lock_service.start_setup(lock_id=self.lock_id, is_factory_new=fresh or None, actor=SETUP, now=now)
        answer = self.lock.receive(frame, int(now.timestamp()))
        assert answer is not None
        lock_service.finish_setup(lock_id=self.lock_id, answer=answer, actor=SETUP, now=now)
        self.carry()

    def hold(self, plastic: SimulatedCard, at=None) -> str:
        """Hold a card to it; its answer in one word. What it noted is carried at once."""
        answer = hold(self.lock, plastic, at)
        self.carry()
        return answer

    def carry(self) -> None:
        """Carry its reports to the server, and the answers back."""
        at = int(clock.now().timestamp())
        while (frame := self.lock.pending_report(at)) is not None:
            answer = access_records.take_report(serial_number=self._serial, frame=frame, actor=PHONE, now=clock.now())
            assert answer is not None
            self.lock.receive(answer, at)
        db.remove()
