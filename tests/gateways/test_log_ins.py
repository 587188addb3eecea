"""What gateways and modules log in with, and what the pages say of who is there."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.audit.models import AuditEntry
from pms.config import BrokerAddress
from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.frontdesk import live
from pms.gateways import carriers, log_ins, passwords, processes, rules, service
from pms.gateways.models import CellularModule, Gateway
from pms.gateways.processes import LinkFault
from pms.protocol.topics import CarrierName, CarrierSort, CarrierState
from tests.client import PageClient, text_of
from tests.races import race

SERIAL, IMEI = "A0B1C2D3E4F5", "490154203237518"
GATEWAY, MODULE = CarrierName(CarrierSort.GATEWAY, SERIAL), CarrierName(CarrierSort.MODULE, IMEI)
DESK = Actor(kind="account", name="Mo")


def _bind(house) -> int:
    actor = Actor(kind="account", name="Mo", account_id=house.accounts["manager"].id)
    return service.bind_gateway(serial_number=SERIAL, name="Corridor 1", actor=actor, now=clock.now()).id


@pytest.fixture
def broker(app):
    """The house has a broker of its own choice; `broker(None)`: it runs the program's."""

    def use(address: BrokerAddress | None, port: int | None = None) -> None:
        app.config["SETTINGS"] = dataclasses.replace(app.config["SETTINGS"], broker=address, own_broker_port=port)

    use(BrokerAddress(host="mqtt.example", port=8883, username="u", password="topsecret", is_tls=True))
    return use


def test_a_password_is_shown_once_and_kept_as_a_hash(app, house, broker):
    gateway_id = _bind(house)
    page = PageClient(app).log_in("manager")
    assert "None yet: it cannot log in" in text_of(page.get("/gateways/"))
    asked = page.get(f"/gateways/{gateway_id}/password", htmx=True)
    assert "The present password ends" not in text_of(asked)
    shown = page.post(f"/gateways/{gateway_id}/password", htmx=True)
    password = re.search(r'id="broker-password">([a-z2-7]{32})<', shown.text)
    assert password
    for said in (SERIAL, "mqtts://mqtt.example:8883", f"latchkey/gateways/{SERIAL}/+/up", "pms broker-files"):
        assert said in text_of(shown)
    kept = db.session.scalars(sa.select(Gateway.password_hash)).one()
    assert kept != password[1]
    assert passwords.is_right(password[1], kept)
    assert log_ins.password_hashes() == log_ins.password_hashes([SERIAL]) == {SERIAL: kept}
    assert password[1] not in page.get("/gateways/").text
    assert "The present password ends" in text_of(page.get(f"/gateways/{gateway_id}/password", htmx=True))
    entry = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.action, entry.after) == ("gateways.password_given", {"password": "***"})
    # Whoever leaves the house cannot log in any more, and is given nothing new.
    page.post(f"/gateways/{gateway_id}/unbind", status=303)
    assert log_ins.password_hashes() == {}
    assert "is not bound" in text_of(page.post(f"/gateways/{gateway_id}/password", htmx=True, status=409))
    page.post("/gateways/7/password", htmx=True, status=404)
    PageClient(app).log_in("desk").post(f"/gateways/{gateway_id}/password", status=403)


def test_a_module_gets_one_too_and_is_listed_with_its_lock(app, house, broker):
    page = PageClient(app).log_in("manager")
    assert "No 4G modules yet" in text_of(page.get("/gateways/modules"))
    page.post(f"/gateways/modules/{IMEI}/password", htmx=True, status=404)
    service.ask_module(lock_id=house.doors["101"].lock_id, imei=IMEI, actor=DESK, now=clock.now())
    asked = page.get(f"/gateways/modules/{IMEI}/password", htmx=True)
    assert IMEI in text_of(asked)
    assert f"latchkey/modules/{IMEI}/state" in text_of(page.post(f"/gateways/modules/{IMEI}/password", htmx=True))
    assert set(log_ins.password_hashes()) == {IMEI}
    service.note_state(carrier=MODULE, state=CarrierState(is_online=True, firmware="1.7", sim="4600"), now=clock.now())
    service.note_link(name="one", is_connected=True, now=clock.now())
    said = text_of(page.get("/gateways/modules", htmx=True))
    for word in (IMEI, "SIM 4600", "101", "The lock was told to take it", "Online since", "1.7"):
        assert word in said


def test_modules_are_read_a_page_at_a_time(app, house, count_queries):
    now = clock.now()
    with transaction() as session:
        session.add_all(CellularModule(imei=f"{490154203237000 + number}", created_at=now) for number in range(120))
    first = carriers.list_modules()
    second = carriers.list_modules(after=first.next_key or "")
    third = carriers.list_modules(after=second.next_key or "")
    assert [len(page.rows) for page in (first, second, third)] == [50, 50, 20]
    assert third.next_key is None
    assert len({row.id for page in (first, second, third) for row in page.rows}) == 120
    page = PageClient(app).log_in("manager")
    assert page.get("/gateways/modules").text.count("data-row ") == 50
    # An open list that renews itself shows what it showed before; a row that asks for more gets the next ones.
    assert page.get("/gateways/modules?rows=100", htmx=True).text.count("data-row ") == 100
    assert page.get(f"/gateways/modules?after={second.next_key}", htmx=True).text.count("data-row ") == 20
    few = count_queries(lambda: page.get("/gateways/modules?rows=1", htmx=True))
    assert count_queries(lambda: page.get("/gateways/modules?rows=120", htmx=True)) == few


OWN, THEIRS = (
    "The server's own broker has been running since",
    "Connected to the broker mqtts://mqtt.example:8883 since",
)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (LinkFault.LOG_IN, "It refuses the server's user or password."),
        (LinkFault.CERTIFICATE, "or comes from nobody that this server trusts."),
        (LinkFault.UNREACHABLE, "It does not answer."),
        (LinkFault.REFUSED, "It does not let the server use its topics."),
        (LinkFault.PORT_TAKEN, "Another program uses its port."),
        (LinkFault.PORT_FORBIDDEN, "The server may not use its port."),
    ],
)
def test_the_page_says_why_there_is_no_line(app, house, broker, fault, said):
    service.note_link(name="one", is_connected=False, fault=fault.value, now=clock.now())
    text = text_of(PageClient(app).log_in("manager").get("/gateways/"))
    assert f"{said} Doors behind gateways and 4G modules are offline now." in text
    assert "topsecret" not in text


def test_the_page_says_what_the_line_is_and_who_is_there(app, house, broker, now):
    _bind(house)
    page = PageClient(app).log_in("manager")

    def said() -> str:
        return text_of(page.get("/gateways/", htmx=True))

    assert "No connection to the broker mqtts://mqtt.example:8883 yet." in said()
    service.note_link(name="one", is_connected=True, now=now)
    service.note_state(carrier=GATEWAY, state=CarrierState(is_online=True, firmware="2.1"), now=now)
    assert THEIRS in said()
    assert "Online since Fri, Jun 12, 12:00" in said()
    assert "2.1" in said()
    clock.freeze(now + timedelta(minutes=1))
    service.note_link(name="one", is_connected=True, now=clock.now())
    service.note_state(carrier=GATEWAY, state=CarrierState(is_online=False), now=clock.now())
    assert "Offline since Fri, Jun 12, 12:01" in said()
    # A process that ended without good-bye is noticed within seconds.
    clock.freeze(now + timedelta(minutes=2))
    assert "since Fri, Jun 12, 12:01. The process of the server that talks to it has ended." in said()
    service.note_link(name="two", is_connected=True, now=clock.now())
    assert THEIRS in said()
    broker(None, 1883)
    assert OWN in said()
    broker(None)
    assert "The server has no broker." in said()
    assert "New password" not in said()


def test_open_screens_hear_of_gateways_that_come_and_go(app, house, now):
    _bind(house)
    marks = [live.mark(now)]
    for number, is_online in enumerate((True, False), start=1):
        state = CarrierState(is_online=is_online)
        service.note_state(carrier=GATEWAY, state=state, now=now + timedelta(seconds=number))
        marks.append(live.mark(now))
    service.note_link(name="one", is_connected=True, now=now)
    marks.append(live.mark(now))
    assert len(set(marks)) == 4
    # What says nothing new renews nothing.
    service.note_link(name="one", is_connected=True, now=now + timedelta(seconds=5))
    assert live.mark(now + timedelta(seconds=5)) == marks[-1]
    assert len({*marks, live.mark(now + timedelta(seconds=60))}) == 4


def test_who_else_has_a_line(app, now):
    service.note_link(name="one", is_connected=True, now=now)
    assert not processes.is_linked_without("one", now)
    assert processes.is_linked_without("two", now)
    assert not processes.is_linked_without("two", now + timedelta(seconds=20))


def test_of_two_new_passwords_one_holds(any_house):
    gateway_id = _bind(any_house)
    given = race(2, lambda _: log_ins.give_gateway_password(gateway_id=gateway_id, actor=DESK, now=clock.now())[1])
    kept = log_ins.password_hashes()[SERIAL]
    assert sorted(passwords.is_right(password, kept) for password in given) == [False, True]
    with pytest.raises(rules.NoSuchGateway):
        log_ins.give_gateway_password(gateway_id=7, actor=DESK, now=clock.now())
