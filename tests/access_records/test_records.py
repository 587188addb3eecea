"""Records for programs and on the page: who may see them, filters, paging, hidden ones, gaps and findings between them."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.access_records import queries, rules, service
from pms.access_records.models import AccessRecord, Doubt, RecordFinding, RecordGap
from pms.accounts.models import Account
from pms.audit.models import AuditEntry
from pms.core import clock
from pms.core.db import db, transaction
from pms.lock_commands.models import LockCommand
from pms.protocol.record import RecordEvent
from tests.access_records.carrying import DESK, Phone
from tests.api import ApiClient
from tests.client import PageClient, text_of


@pytest.fixture
def filled(app, scene) -> Phone:
    """Opened at noon, and each minute of the next ten; then an alarm."""
    for minute in range(11):
        scene.open(at=scene.at + 60 * minute)
    scene.twin.state.log(scene.at + 700, RecordEvent.TAMPER_ALARM)
    phone = Phone(app, scene)
    phone.report_all()
    return phone


@pytest.fixture
def manager(app, filled) -> ApiClient:
    return ApiClient(app).log_in("manager")


def _id_of(house, name: str) -> str:
    return str(house.accounts[name].id)


def test_the_records_of_a_user_come_page_by_page(app, house, manager, scene):
    path = f"/records/findAllByUserId/{_id_of(house, 'manager')}"
    assert manager.total(path) == 13
    seen, before = [], {}
    while rows := manager.get(path, limit=5, **before):
        seen += [row["sequence"] for row in rows]
        before = {"before": rows[-1]["recordId"]}
    assert sorted(seen) == list(range(1, 14))
    row = manager.get(path, limit=1)[0]
    assert (row["event"], row["isAlarm"], row["door"], row["room"]) == ("tamperAlarm", True, "101", "101")
    opened = manager.get(path, **{"from": "2026-06-12 12:05:00", "until": "2026-06-12 12:07:00"})
    assert [(one["time"], one["method"], one["stayId"]) for one in opened] == [
        ("2026-06-12 12:06:00", "offlineCard", str(scene.stay_id)),
        ("2026-06-12 12:05:00", "offlineCard", str(scene.stay_id)),
    ]
    assert manager.get(path, lockId=str(house.doors["102"].lock_id)) == []
    assert len(manager.get(path, lockId=str(scene.lock_id))) == 13


def test_one_sees_ones_own_list_and_whoever_keeps_the_staff_sees_each(app, house, manager):
    technician = ApiClient(app).log_in("technician")
    assert len(technician.get(f"/records/findAllByUserId/{_id_of(house, 'technician')}")) == 13
    technician.get(f"/records/findAllByUserId/{_id_of(house, 'manager')}", status=404)
    assert manager.get(f"/records/findAllByUserId/{_id_of(house, 'desk')}") == []
    manager.get("/records/findAllByUserId/7", status=404)
    ApiClient(app).log_in("desk").get(f"/records/findAllByUserId/{_id_of(house, 'desk')}", status=403)


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "501"}, {"before": "x"}, {"from": "now"}, {"other": "1"}])
def test_nonsense_in_the_query_is_refused(house, manager, query):
    manager.get(f"/records/findAllByUserId/{_id_of(house, 'manager')}", status=400, **query)


def test_the_door_records_of_a_lock_leave_alarms_out(manager, scene):
    rows = manager.get(f"/records/lock/{scene.lock_id}", limit=500)
    assert (len(rows), manager.total(f"/records/lock/{scene.lock_id}")) == (12, 12)
    assert not any(row["isAlarm"] for row in rows)
    assert len(manager.get(f"/records/lock/{scene.lock_id}", before=rows[3]["recordId"])) == 8
    manager.get("/records/lock/7", status=404)
    manager.get(f"/records/lock/{scene.lock_id}", status=400, limit="x")


def test_a_hidden_record_leaves_lists_and_stays_in_the_trail(app, house, manager, scene):
    row = manager.get(f"/records/lock/{scene.lock_id}", limit=1)[0]
    wish = {"recordId": row["recordId"], "reason": "The guest asked for it."}
    for _ in range(2):
        assert manager.post("/records/delete", wish)["isHidden"] is True
    assert manager.total(f"/records/lock/{scene.lock_id}") == 11
    entries = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "access.record_hidden")).all()
    assert [(entry.actor_name, entry.after["reason"]) for entry in entries] == [("Manager", wish["reason"])]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(AccessRecord)) == 13
    manager.post("/records/delete", {"recordId": "7", "reason": "x"}, status=404)
    manager.post("/records/delete", {"recordId": row["recordId"], "reason": ""}, status=400)
    manager.post("/records/delete", {"recordId": row["recordId"], "reason": " "}, status=400)
    ApiClient(app).log_in("technician").post("/records/delete", wish, status=403)
    with pytest.raises(rules.NoReason):
        service.hide_record(record_id=int(row["recordId"]), reason=" ", actor=DESK, now=clock.now())
    with pytest.raises(queries.NoSuchRecord):
        service.show_record(record_id=7, actor=DESK, now=clock.now())


def test_the_page_hides_shows_hidden_ones_and_brings_them_back(app, filled, scene):
    page = PageClient(app).log_in("manager")
    record = queries.list_page(kind="alarm").rows[0].record
    assert "Tamper alarm" in text_of(page.get("/records/?kind=alarm", htmx=True))
    page.get(f"/records/{record.id}/hide", htmx=True)
    page.post(f"/records/{record.id}/hide", {"reason": ""}, htmx=True, status=422)
    page.post(f"/records/{record.id}/hide", {"reason": "A test."}, status=303)
    assert "Tamper alarm" not in text_of(page.get("/records/?kind=alarm", htmx=True))
    assert "Hidden" in text_of(page.get("/records/?kind=alarm&hidden=1", htmx=True))
    technician = PageClient(app).log_in("technician")
    assert "Tamper alarm" not in text_of(technician.get("/records/?kind=alarm&hidden=1", htmx=True))
    technician.post(f"/records/{record.id}/show", status=403)
    page.get("/records/")
    for _ in range(2):
        page.post(f"/records/{record.id}/show", status=303)
    assert "Tamper alarm" in text_of(page.get("/records/?kind=alarm", htmx=True))


def test_gaps_and_findings_stand_between_the_records_in_both_languages(app, filled, scene, now, house):
    with transaction() as session:
        values = {"lock_id": scene.lock_id, "door_id": house.doors["101"].id, "life": 2}
        session.add(RecordGap(**values, first=20, last=30, found_at=now + timedelta(minutes=4, seconds=30)))
        session.add(RecordGap(**values, first=41, last=42, found_at=now, closed_at=now))
        session.add(RecordFinding(**values, kind=Doubt.CHAIN, first=5, last=9, found_at=now + timedelta(hours=1)))
        session.execute(sa.update(AccessRecord).where(AccessRecord.sequence == 5).values(is_doubtful=True))
    page = PageClient(app).log_in("manager")
    words = text_of(page.get("/records/"))
    for text in (
        "Records 5 to 9 are not as the lock wrote them",
        "Records 20 to 30 are missing",
        "Records 41 to 42 were missing here",
        "Doubtful",
    ):
        assert text in words
    assert words.index("5 to 9") < words.index("12:05") < words.index("20 to 30") < words.index("12:04 :00")
    assert "20 to 30" not in text_of(page.get("/records/?kind=opened", htmx=True))
    assert "20 to 30" not in text_of(page.get(f"/records/?door={house.doors['102'].id}", htmx=True))
    with transaction() as session:
        session.execute(sa.update(Account).values(language="zh"))
    assert "缺少第 20 至 30 条记录" in text_of(PageClient(app).log_in("manager").get("/records/"))


def test_the_button_asks_the_lock_and_a_program_gets_the_frame(app, filled, scene, house, manager):
    page = PageClient(app).log_in("manager")
    assert "Fetch records of “101”" in text_of(page.get(f"/records/?door={house.doors['101'].id}"))
    page.post(f"/records/lock/{scene.lock_id}/fetch", status=303)
    page.post("/records/lock/7/fetch", status=404)
    given = manager.post("/commands/syncRecords", {"lockId": str(scene.lock_id)})
    assert given["command"] == "0301"
    assert (
        db.session.scalar(
            sa.select(sa.func.count()).select_from(LockCommand).where(LockCommand.subject_kind != "setup")
        )
        == 1
    )
    answer = scene.twin.receive(bytes.fromhex(given["frame"]), scene.at)
    assert filled.bring("/reports/records", answer) == {
        "lockSn": filled.serial,
        "isNew": True,
        "frame": None,
        "command": None,
    }
    manager.post("/commands/syncRecords", {"lockId": "7"}, status=404)
    manager.post("/commands/syncRecords", {"lockId": "x"}, status=400)
    ApiClient(app).log_in("housekeeper").post("/commands/syncRecords", {"lockId": "7"}, status=403)
