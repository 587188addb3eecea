"""Each kind of frame through its operation: taken once, known the second time, refused where it does not belong."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from pms.access_records import rules, service
from pms.access_records.models import AccessRecord
from pms.audit.models import AuditEntry
from pms.core.actor import SETUP
from pms.core.db import db
from pms.lock_commands import service as lock_commands
from pms.locks import queries as locks
from pms.locks import service as lock_service
from pms.locks.models import LockSetup
from pms.protocol.command import Command, ListUsers, ReadSettings
from pms.protocol.frame import peek_header
from tests.access_records.carrying import DESK, Phone, next_frame
from tests.api import ApiClient
from tests.races import race

PATHS = {
    "/reports/lockDeleted": "deleted",
    "/reports/systemSettings": "settings",
    "/reports/lockUsers": "users",
    "/reports/record": "alive",
    "/reports/binding": "bound",
}
ALL = [
    *PATHS,
    "/reports/records",
    "/reports/lockSettings",
    "/reports/moduleAssociation",
    "/modules/associationResult",
    "/commands/answer",
]


@pytest.fixture
def phone(app, scene) -> Phone:
    return Phone(app, scene)


def _entries() -> int:
    db.remove()
    return db.session.scalar(sa.select(sa.func.count()).select_from(AuditEntry)) or 0


def _report(scene, kind: str) -> bytes:
    if kind == "deleted":
        return scene.twin.delete_at_the_lock()
    if kind != "bound":
        scene.twin.queue_report({"settings": Command.SYSTEM_SETTINGS, "users": Command.USERS}.get(kind, Command.ALIVE))
    return scene.report()


@pytest.mark.parametrize("path", PATHS)
def test_each_report_is_taken_once_and_known_afterwards(phone, scene, path):
    if PATHS[path] != "bound":
        phone.report_all()
    frame = _report(scene, PATHS[path])
    first = phone.bring(path, frame)
    assert (first["isNew"], first["lockSn"]) == (True, phone.serial)
    entries = _entries()
    again = phone.bring(path, frame)
    assert (again["isNew"], again["frame"]) == (False, first["frame"])
    assert _entries() == entries
    for other in set(PATHS) - {path, "/reports/record"}:
        assert phone.api.post(other, {"lockSn": phone.serial, "frame": frame.hex()}, status=422)[0]["field"] == "frame"
    with pytest.raises(rules.WrongKind):
        service.take_frame(
            serial_number=phone.serial,
            frame=frame,
            kinds=rules.RECORDS,
            actor=DESK,
            now=locks.get_lock(scene.lock_id).created_at,
        )


@pytest.mark.parametrize("path", ALL)
def test_what_is_malformed_foreign_or_forged_is_told_nothing(phone, scene, path):
    frame = bytearray(scene.report())
    phone.bring(path, b"\x5a" * 30, status=404)
    phone.api.post(path, {"lockSn": "00" * 6, "frame": "5A" * 30}, status=404)
    phone.api.post(path, {"lockSn": phone.serial, "frame": "5A"}, status=400)
    phone.api.post(path, {"frame": frame.hex()}, status=400)
    frame[-3] ^= 1
    phone.bring(path, bytes(frame), status=404)


@pytest.mark.parametrize(
    ("path", "payload"), [("/reports/lockSettings", ReadSettings()), ("/reports/lockUsers", ListUsers(0))]
)
def test_answers_to_commands_are_taken_by_their_own_operation(phone, scene, now, path, payload):
    lock_commands.queue(
        lock_id=scene.lock_id, payloads=[payload], subject_kind="test", subject_id=1, actor=DESK, now=now
    )
    answer = scene.twin.receive(next_frame(scene), scene.at)
    phone.bring("/reports/records", answer, status=422)
    phone.bring("/reports/record", answer, status=422)
    first = phone.bring(path, answer)
    assert (first["isNew"], first["frame"], first["command"]) == (True, None, None)
    assert phone.bring(path, answer)["isNew"] is False
    assert phone.bring("/commands/answer", answer)["isNew"] is False


def test_the_answer_to_a_setup_brings_the_new_keys_into_force_once(phone, scene, now):
    phone.report_all()
    answer = scene.twin.receive(lock_service.start_setup(lock_id=scene.lock_id, actor=SETUP, now=now), scene.at)
    db.remove()
    assert phone.bring("/reports/binding", answer)["isNew"] is True
    db.remove()
    assert locks.get_lock(scene.lock_id).setup is LockSetup.READY
    entries = _entries()
    assert phone.bring("/reports/binding", answer)["isNew"] is False
    assert _entries() == entries
    changed = answer[:-1] + bytes((answer[-1] ^ 1,))
    phone.bring("/reports/binding", changed, status=404)


def test_a_program_gets_the_answer_to_a_report_and_needs_the_right_for_it(app, phone, scene):
    frame = scene.report()
    body = {"lockSn": phone.serial, "frame": frame.hex()}
    phone.api.post("/commands/answerReport", body, status=401)
    program = ApiClient(app).log_in("desk", scopes=["locks:operate"])
    first = program.post("/commands/answerReport", body)
    assert first["isNew"] is True
    assert peek_header(bytes.fromhex(first["frame"])).counter == peek_header(frame).counter
    assert phone.bring("/reports/binding", frame) == {**first, "isNew": False}
    ApiClient(app).log_in("housekeeper").post("/commands/answerReport", body, status=403)


def test_two_carriers_with_the_same_report_store_its_record_once(any_app, any_scene, now):
    phone = Phone(any_app, any_scene)
    phone.report_all()
    any_scene.open()
    frame = any_scene.report()

    def bring(_number: int) -> service.Taken:
        return service.take_frame(serial_number=phone.serial, frame=frame, kinds=rules.ANY_REPORT, actor=DESK, now=now)

    taken = race(3, bring)
    assert sorted(one.is_new for one in taken) == [False, False, True]
    assert len({one.acknowledgement for one in taken}) == 1
    assert db.session.scalar(sa.select(sa.func.count()).select_from(AccessRecord)) == 2


def test_a_refused_setup_is_taken_and_the_lock_waits_again(phone, scene, now, monkeypatch):
    from pms.protocol.command import AnswerStatus, LockAnswer
    from pms.simulators.lock import commands

    phone.report_all()
    monkeypatch.setitem(commands._ACTIONS, commands.Initialise, lambda *_args: LockAnswer(AnswerStatus.REFUSED))
    answer = scene.twin.receive(lock_service.start_setup(lock_id=scene.lock_id, actor=SETUP, now=now), scene.at)
    db.remove()
    assert phone.bring("/reports/binding", answer)["isNew"] is True
    db.remove()
    assert locks.get_lock(scene.lock_id).setup is not LockSetup.PENDING
    assert phone.bring("/reports/binding", answer)["isNew"] is False
