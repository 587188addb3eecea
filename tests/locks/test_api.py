"""Locks in the vendor's form: there and back without loss; secrets only for those who may, and each look is noted."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from pms.audit.models import AuditEntry
from pms.core.actor import SETUP
from pms.core.db import db, transaction
from pms.demo.build import LOCKS_OF_USER
from pms.locks import queries, reach, schemas, service
from pms.locks.models import Lock, LockSetup
from tests import factories
from tests.api import ApiClient

EXAMPLE = json.loads(LOCKS_OF_USER.read_bytes())["data"]


def take(document, now) -> None:
    found, faults = schemas.read(json.dumps(document).encode())
    service.import_locks(found=found, faults=faults, actor=SETUP, now=now)


def everything(app, house, who="admin", scopes=("locks:view", "locks:secrets"), language="zh") -> dict:
    program = ApiClient(app).log_in(who, scopes=list(scopes))
    program.language = language
    return program.raw("GET", f"/locks/findAllByUserId/{house.accounts[who].id}").get_json()


def without_own(answer, house) -> dict:
    """The answer without the locks of the test's house."""
    own = {lock.serial_number for lock in db.session.scalars(sa.select(Lock)) if lock.origin_id is None}
    db.remove()
    return {**answer, "data": [row for row in answer["data"] if row["lockSn"] not in own]}


def emptied(app) -> None:
    """A second house, which knows no lock."""
    with transaction() as session:
        session.execute(sa.text("UPDATE door SET lock_id = NULL"))
        session.execute(sa.delete(Lock))


def test_the_given_example_comes_back_field_by_field_in_its_order(app, house, now):
    take({"code": 200, "data": EXAMPLE, "success": True}, now)
    answer = without_own(everything(app, house), house)
    assert list(answer) == ["code", "msg", "total", "data", "success"]
    assert (answer["code"], answer["msg"], answer["total"]) == (200, "成功", 9)
    assert answer["data"] == EXAMPLE
    assert [list(row) for row in answer["data"]] == [list(row) for row in EXAMPLE]
    assert list(schemas.LockRow.model_json_schema()["properties"]) == list(EXAMPLE[0])


def test_what_this_server_answers_can_be_imported_and_comes_back_equal(app, house, now):
    take({"data": EXAMPLE}, now)
    with transaction() as session:
        for lock in session.scalars(sa.select(Lock)):
            lock.model, lock.features = lock.model or "Z-LOCK", lock.features or ["card", "静脉"]
        own = session.scalars(sa.select(Lock).where(Lock.origin_id.is_(None)).order_by(Lock.id)).all()
        # Two that are bound here, of either version, that were changed since.
        for lock, version in zip(own, (7, 8), strict=False):
            lock.protocol_version, lock.door_number, lock.firmware = version, 11, "2.1.0"
            lock.battery_percent, lock.voltage_class, lock.clock_set_at, lock.changed_at = 7, 4, now, now
            lock.settings = {"38": "1F", "3D": "02"} | ({"30": "02", "37": "000A"} if version == 8 else {})
            lock.admin_code, lock.double_verify, lock.in_passage_mode = "00000001", "0002", True
    first = everything(app, house)
    seven, eight = (row for row in first["data"] if row["currentVersion"] == "2.1.0")
    assert (seven["lockoutTime"], seven["lockMode"], seven["doorDirection"]) == ("1F", "02", None)
    assert (eight["doorDirection"], eight["lockoutTimeNew"], eight["featureCodes"]) == ("3002", "37000A", "卡片,静脉")
    assert (eight["timesTamp"], eight["lockSysTime"]) == (f"{int(now.timestamp()):08X}", f"{now.timestamp():.0f}000")
    assert (eight["electricity"], eight["electricalVoltage"], eight["isAlwaysOpen"]) == ("7", "04", "1")
    assert (eight["timeZone"], eight["updateTime"], eight["pwAdmin"]) == ("+02:00", "2026-06-12 12:00:00", "00000001")
    emptied(app)
    take(first, now)
    second = everything(app, house)
    assert second["data"] == first["data"]
    assert {row["userId"] for row in second["data"]} == {EXAMPLE[0]["userId"], str(house.accounts["admin"].id)}


def test_what_the_lock_and_the_house_know_goes_before_what_the_import_said(app, house, now, monkeypatch):
    take({"data": EXAMPLE}, now)
    lock_id = queries.find_lock_by_serial("26B370EAADFC").id
    with transaction() as session:
        lock = session.get_one(Lock, lock_id)
        lock.name, lock.setup, lock.settings, lock.changed_at = "Sauna", LockSetup.FORGOTTEN, {"30": "02"}, now
    reached = reach.Reach(gateway="GW-7", module="490154203237518", sim="460001234567890", is_online=True)
    monkeypatch.setattr(reach, "_sources", [])
    reach.ask(lambda *, lock_ids, now: {lock_id: reached})
    row = ApiClient(app).log_in("desk").get(f"/locks/{EXAMPLE[1]['id']}")
    assert (row["lockUsername"], row["doorDirection"], row["rearDoorContact"]) == ("Sauna", "3002", "3102")
    assert (row["boundGateway"], row["lockOnlineStatus"], row["moduleAlly"]) == ("GW-7", "1", "1")
    assert (row["lockImei"], row["lockImsi"]) == ("490154203237518", "460001234567890")
    assert (row["updateTime"], row["lockStatus"]) == ("2026-06-12 12:00:00", "00")


def test_a_lock_is_found_by_its_imported_id_first_and_by_ours_else(app, house, now):
    own = house.doors["101"].lock_id
    with transaction() as session:
        session.add(factories.lock(origin_id=str(own), name="Imported"))
    program = ApiClient(app).log_in("desk")
    assert program.get(f"/locks/{own}")["lockUsername"] == "Imported"
    other = house.doors["102"].lock_id
    assert program.get(f"/locks/{other}")["id"] == str(other)
    for nobody in ("7", "9" * 19, "9" * 30):
        program.get(f"/locks/{nobody}", status=404)
    with pytest.raises(queries.NoSuchLock):
        queries.find_by_wire_id(10**30)


def test_secrets_are_null_without_the_right_or_the_scope_and_every_look_is_one_entry(app, house, now):
    take({"data": EXAMPLE}, now)
    for who, scopes in (("desk", ["locks:view"]), ("admin", ["locks:view"])):
        for row in everything(app, house, who, scopes)["data"]:
            assert {row[name] for name in schemas.SECRET_FIELDS} == {None}
    looks = sa.select(AuditEntry).where(AuditEntry.action.like("locks.secrets%")).order_by(AuditEntry.id)
    assert db.session.scalars(looks).all() == []
    listed = everything(app, house)["data"]
    ApiClient(app).log_in("admin", scopes=["locks:view", "locks:secrets"]).get(f"/locks/{EXAMPLE[0]['id']}")
    db.remove()
    every, one = db.session.scalars(looks)
    assert every.after["locks"] == [row["lockSn"] for row in listed]
    assert (every.actor_name, every.account_id, every.address) == ("Admin", house.accounts["admin"].id, "127.0.0.1")
    assert one.lock_id == queries.find_lock_by_serial(EXAMPLE[0]["lockSn"]).id
    trail = json.dumps([entry.after for entry in (every, one)])
    assert not [row for row in EXAMPLE if row["lockKeys"] in trail or row["serverKeys"] in trail]


def test_the_list_of_another_is_for_those_who_may_change_accounts(app, house):
    manager, desk = ApiClient(app).log_in("manager"), ApiClient(app).log_in("desk")
    assert manager.total(f"/locks/findAllByUserId/{house.accounts['desk'].id}") == 7
    desk.get(f"/locks/findAllByUserId/{house.accounts['manager'].id}", status=404)
    manager.get("/locks/findAllByUserId/5", status=404)
    ApiClient(app).log_in("housekeeper").get(f"/locks/findAllByUserId/{house.accounts['housekeeper'].id}", status=403)


def test_the_list_asks_the_database_as_often_for_many_locks_as_for_few(app, house, count_queries):
    program = ApiClient(app).log_in("admin", scopes=["locks:view", "locks:secrets"])
    path = f"/locks/findAllByUserId/{house.accounts['admin'].id}"
    program.get(path)
    few = count_queries(lambda: program.get(path))
    with transaction() as session:
        session.add_all([factories.lock() for _ in range(40)])
    assert count_queries(lambda: program.get(path)) == few
