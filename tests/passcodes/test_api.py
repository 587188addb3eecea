"""Passcodes for programs; every answer is held against the OpenAPI document."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.audit.models import AuditEntry
from pms.core import clock
from pms.core.db import db
from pms.passcodes import rules
from tests.api import ApiClient
from tests.keycards.desk import stay

KIM = "Ms Kim, laundry"


@pytest.fixture
def program(app, door) -> ApiClient:
    return ApiClient(app).log_in("desk")


@pytest.fixture
def ask(program, door):
    """`ask("single", startTime=…)`: a new code for Ms Kim at the door."""

    def ask_for(kind: str, status: int = 200, **values):
        body = {"lockId": str(door.lock_id), **({} if kind == "clear" else {"passwordName": KIM}), **values}
        return program.post(f"/passwords/offline/{kind}", body, status=status)

    return ask_for


def user_id(house, name="desk") -> str:
    return str(house.accounts[name].id)


def test_a_code_of_hours_says_what_it_does_and_opens(ask, door):
    code = ask("timeLimited", startTime="2026-06-12 12:00:00", endTime="2026-06-12 17:00:00")
    assert (code["kind"], code["online"], code["state"], code["passwordName"]) == ("hours", False, "opens", KIM)
    assert code["words"] == "From Fri, Jun 12, 12:00 to Fri, Jun 12, 17:00."
    assert "Type the ten digits at the door, then #." in code["notes"]
    assert (code["startTime"], code["endTime"]) == ("2026-06-12 12:00:00", "2026-06-12 17:00:00")
    assert door.type(code["password"]) == "opened"


def test_a_length_that_no_code_can_say_is_refused_with_the_nearest_two_as_values(ask, program):
    (fault,) = ask("timeLimited", status=422, endTime="2026-06-15 20:00:00")
    assert fault["field"] == "endTime"
    offers = [(one["unit"], one["startTime"], one["endTime"]) for one in fault["offers"]]
    assert offers == [
        ("hours", "2026-06-12 12:00:00", "2026-06-15 12:00:00"),
        ("nights", "2026-06-12 12:00:00", "2026-06-16 12:00:00"),
    ]
    assert fault["offers"][1]["words"].startswith("4 nights")
    for offer in fault["offers"]:
        made = ask("timeLimited", **{name: offer[name] for name in ("startTime", "endTime", "unit")})
        assert made["kind"] == offer["unit"]
        program.post("/passwords/delete", {"passwordId": made["passwordId"]})


def test_half_an_hour_is_offered_as_the_hours_around(ask):
    (fault,) = ask("timeLimited", status=422, endTime="2026-06-12 14:30:00")
    assert [one["endTime"] for one in fault["offers"]] == ["2026-06-12 14:00:00", "2026-06-12 15:00:00"]


def test_each_other_kind_says_what_it_does_and_opens(ask, door):
    single = ask("single")
    assert single["words"] == "Opens once, between 12:00 today and 12:00 tomorrow."
    permanent = ask("permanent")
    assert (permanent["words"], permanent["endTime"]) == ("Opens until it is revoked.", None)
    cyclic = ask("cyclic", pattern="mondayToFriday", startHour=9, hours=4, lastMonth="2026-07")
    assert cyclic["words"] == "Every weekday 09:00–13:00 until July 31."
    night = ask("cyclic", pattern="friday", startHour=22, hours=4, lastMonth="2027-03")
    assert night["words"] == "Every Friday 22:00–02:00 of the next day until March 31, 2027."
    clear = ask("clear")
    assert clear["words"] == (
        "Typed at the door until 12:00 tomorrow, it ends all passcodes of 101 that were made before; it opens nothing."
    )
    for code, said in ((single, "opened"), (permanent, "opened"), (cyclic, "opened"), (clear, "voided")):
        assert door.type(code["password"]) == said, code["kind"]
    assert door.type(permanent["password"]) == "wrong_code"


def test_the_words_are_chinese_for_who_asks_in_no_language(program, ask):
    program.language = ""
    assert ask("single")["words"] == "只能开门一次：今天 12:00 至明天 12:00 之间。"
    cyclic = ask("cyclic", pattern="mondayToFriday", startHour=9, hours=2, lastMonth="2026-07")
    assert cyclic["words"] == "每个工作日 09:00–11:00，有效至7月31日。"


def test_the_list_has_no_digits_and_is_paged_by_key(ask, program, house, door):
    made = [ask("single")["passwordId"] for _ in range(3)]
    path = f"/passwords/findAllByUserId/{user_id(house)}"
    rows = program.get(path, limit=2)
    assert [row["passwordId"] for row in rows] == made[:0:-1]
    assert {row["password"] for row in rows} == {None}
    assert program.total(path, limit=2) == 3
    assert [row["passwordId"] for row in program.get(path, before=rows[-1]["passwordId"])] == made[:1]
    program.post("/passwords/delete", {"passwordId": made[0]})
    assert program.total(path, show="alive") == 3, "nobody has told the door"
    clock.freeze(clock.now() + timedelta(days=2))
    program.log_in("desk")
    assert (program.total(path, show="alive"), program.total(path, show="ended")) == (0, 3)
    assert program.total(path, lockId=str(house.doors["102"].lock_id)) == 0
    program.get(path, limit=0, status=400)


def test_a_list_takes_as_many_queries_for_many_as_for_one(ask, program, house, count_queries):
    path = f"/passwords/findAllByUserId/{user_id(house)}"
    ask("single")
    one = count_queries(lambda: program.get(path))
    for _ in range(5):
        ask("single")
    assert count_queries(lambda: program.get(path)) == one


def test_another_users_list_is_the_managers_business(app, program, house):
    program.get(f"/passwords/findAllByUserId/{user_id(house, 'manager')}", status=404)
    manager = ApiClient(app).log_in("manager")
    manager.get(f"/passwords/findAllByUserId/{user_id(house)}")
    manager.get("/passwords/findAllByUserId/7", status=404)


def test_the_digits_are_for_who_makes_passcodes_and_each_look_is_noted(app, program, ask):
    made = ask("permanent")
    path = f"/passwords/{made['passwordId']}"
    assert program.get(path)["password"] == made["password"]
    seer = ApiClient(app).log_in("desk", scopes=["keys:view"])
    assert seer.get(path)["password"] is None
    db.remove()
    looks = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "passcodes.shown")).all()
    assert len(looks) == 1
    program.get("/passwords/7", status=404)


def test_a_permanent_code_is_deleted_by_a_frame_that_is_carried_to_the_lock(program, ask, door):
    made = ask("permanent")
    gone = program.post("/passwords/delete", {"passwordId": made["passwordId"]})
    assert gone["command"]["command"] == "0102"
    assert gone["password"]["state"] == "being_revoked"
    assert gone["words"] == "It opens until the lock has been told, or until somebody types a clear code at the door."
    answer = door.twin.receive(bytes.fromhex(gone["command"]["frame"]), int(clock.now().timestamp()))
    from pms.lock_commands import service as lock_commands
    from tests.passcodes.conftest import CARRIER

    lock_commands.take_answer(serial_number=door.serial_number, frame=answer, actor=CARRIER, now=clock.now())
    db.remove()
    assert program.get(f"/passwords/{made['passwordId']}")["state"] == "revoked"
    assert door.type(made["password"]) == "wrong_code"
    program.post("/passwords/delete", {"passwordId": made["passwordId"]}, status=409)


def test_another_code_is_deleted_as_far_as_it_can_be(program, ask, door):
    made = ask("timeLimited", endTime="2026-06-12 17:00:00")
    gone = program.post("/passwords/delete", {"passwordId": made["passwordId"]})
    assert (gone["password"]["state"], gone["command"], gone["clearPassword"]) == ("still_opens", None, None)
    assert "until Fri, Jun 12, 17:15" in gone["words"]
    assert door.type(made["password"]) == "opened"
    cleared = program.post("/passwords/delete", {"passwordId": made["passwordId"], "withClearCode": True})
    assert door.type(cleared["clearPassword"]["password"]) == "voided"
    assert door.type(made["password"]) == "wrong_code"
    program.post("/passwords/delete", {"passwordId": cleared["clearPassword"]["passwordId"]}, status=409)


def test_digits_that_a_phone_made_are_kept_once_and_others_refused(program, ask, door, house):
    code = ask("permanent")
    body = {"lockId": str(door.lock_id), "password": code["password"], "passwordName": "Phone"}
    assert program.post("/passwords/add", body)["passwordId"] == code["passwordId"]
    wrong = {**body, "password": "0123456789"}
    (fault,) = program.post("/passwords/add", wrong, status=422)
    assert fault["field"] == "password"
    program.post("/passwords/add", {**body, "password": "123"}, status=400)
    program.post("/passwords/add", {**body, "lockId": "7"}, status=404)


def test_a_name_is_changed_in_place_and_times_by_another_code(program, ask, door):
    made = ask("timeLimited", endTime="2026-06-12 17:00:00")
    named = program.post("/passwords/update", {"passwordId": made["passwordId"], "passwordName": "Mr Adeyemi"})
    assert (named["password"]["passwordName"], named["replacement"]) == ("Mr Adeyemi", None)
    changed = program.post("/passwords/update", {"passwordId": made["passwordId"], "endTime": "2026-06-12 15:00:00"})
    assert changed["replacement"]["replacesId"] == made["passwordId"]
    assert changed["replacement"]["passwordName"] == "Mr Adeyemi"
    assert "it opens until Fri, Jun 12, 17:15" in changed["words"]
    assert [door.type(code) for code in (made["password"], changed["replacement"]["password"])] == ["opened"] * 2
    body = {"passwordId": made["passwordId"], "endTime": "2026-06-12 15:30:00"}
    (fault,) = program.post("/passwords/update", body, status=422)
    assert [one["endTime"] for one in fault["offers"]] == ["2026-06-12 15:00:00", "2026-06-12 16:00:00"]
    cleaner = ask("cyclic", pattern="daily", startHour=9, hours=2, lastMonth="2026-07")
    other = program.post("/passwords/update", {"passwordId": cleaner["passwordId"], "hours": 5, "pattern": "friday"})
    assert other["replacement"]["words"] == "Every Friday 09:00–14:00 until July 31."


def test_the_same_request_makes_one_code(ask):
    request = str(uuid.uuid4())
    assert ask("permanent", requestId=request)["passwordId"] == ask("permanent", requestId=request)["passwordId"]


def test_a_stays_guest_gets_nights_by_itself(ask, house):
    code = ask("timeLimited", endTime="2026-06-13 12:00:00", stayId=str(stay(house)), passwordName="")
    assert (code["kind"], code["passwordName"]) == ("nights", "Claire Moreau")


@pytest.mark.parametrize(
    ("kind", "values", "status", "field"),
    [
        ("timeLimited", {}, 400, "endTime"),
        ("timeLimited", {"endTime": "12.06.2026"}, 400, "endTime"),
        ("timeLimited", {"endTime": "2026-06-12 11:00:00"}, 422, "endTime"),
        ("timeLimited", {"startTime": "2026-06-11 12:00:00", "endTime": "2026-06-12 13:00:00"}, 422, "startTime"),
        ("timeLimited", {"endTime": "2026-06-12 13:00:00", "unit": "weeks"}, 400, "unit"),
        ("timeLimited", {"endTime": "2026-06-12 13:00:00", "passwordName": ""}, 422, "passwordName"),
        ("timeLimited", {"endTime": "2026-06-12 13:00:00", "passwordName": "x" * 61}, 400, "passwordName"),
        ("single", {"startTime": "2026-06-12 12:30:00"}, 422, "startTime"),
        ("cyclic", {"pattern": "daily", "startHour": 24, "hours": 1, "lastMonth": "2026-07"}, 400, "startHour"),
        ("cyclic", {"pattern": "daily", "startHour": 0, "hours": 25, "lastMonth": "2026-07"}, 400, "hours"),
        ("cyclic", {"pattern": "daily", "startHour": 0, "hours": 1, "lastMonth": "2026-13"}, 400, "lastMonth"),
        ("cyclic", {"pattern": "daily", "startHour": 0, "hours": 1, "lastMonth": "2027-06"}, 422, "lastMonth"),
        ("cyclic", {"pattern": "daily", "startHour": 0, "hours": 1, "lastMonth": "2026-05"}, 422, "lastMonth"),
        ("permanent", {"lockId": "five"}, 400, "lockId"),
        ("clear", {"passwordName": "x"}, 400, "passwordName"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(ask, kind, values, status, field):
    faults = ask(kind, status=status, **values)
    assert [fault["field"] for fault in faults] == [field]


def test_a_lock_and_a_stay_that_do_not_exist(ask):
    ask("permanent", lockId="7", status=404)
    ask("permanent", stayId="7", status=404)


def test_every_refusal_of_the_rules_has_its_own_code():
    named = [getattr(rules, name) for name in rules.__all__]
    codes = [one.code for one in named if isinstance(one, type) and hasattr(one, "message")]
    assert len(codes) == len(set(codes)) > 20
