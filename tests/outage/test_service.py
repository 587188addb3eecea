from __future__ import annotations

import logging
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from pms.audit.models import AuditEntry
from pms.core import clock
from pms.core.db import db, transaction
from pms.core.errors import ChangedMeanwhile
from pms.folios import service as folios
from pms.folios.models import PostingCode
from pms.outage import contents, jobs, page, queries, service
from pms.outage.models import OutageFetch, OutageFile, OutagePack
from pms.outage.rules import CodesNeedPassword, NoPackYet, PackGone, PasswordsDiffer
from pms.passcodes import queries as passcodes
from pms.passcodes import service as passcode_service
from pms.rooms import service as rooms
from pms.stays import closures
from tests.factories import TODAY
from tests.outage.conftest import DESK, PASSWORD
from tests.races import race


def plain(_contents, _part) -> dict[str, str]:
    return {"en": "a file", "zh": "文件"}


def count(model) -> int:
    db.remove()
    return db.session.scalar(sa.select(sa.func.count()).select_from(model))


def make(now, request: str = "one"):
    return service.make_now(write=page.write, request_id=request, actor=DESK, now=now)


def text_of(pack, language: str = "en") -> str:
    db.remove()
    return queries.read_file(pack.id, language)[1].decode()


def test_each_hour_has_one_pack_whoever_makes_it(any_house, now):
    def make_one(number: int):
        at = now + timedelta(minutes=number)
        return service.make_hourly(write=plain, actor=DESK, now=at)

    assert [type(made).__name__ for made in sorted(race(2, make_one), key=str)].count("OutagePack") == 1
    assert make_one(3) is None
    assert count(OutagePack) == 1
    assert make_one(60) is not None


def test_the_database_keeps_an_hour_for_one_pack(any_house, now):
    with pytest.raises(IntegrityError), transaction() as session:
        session.add_all([OutagePack(made_at=now, made_by="x", hour=now) for _ in range(2)])


def test_the_same_form_makes_one_pack(any_house, now):
    made = race(2, lambda _number: service.make_now(write=plain, request_id="same", actor=DESK, now=now))
    assert made[0].id == made[1].id
    assert count(OutagePack) == 1


def test_packs_of_yesterday_are_deleted_with_their_files(any_house, now):
    old = service.make_now(write=plain, request_id="old", actor=DESK, now=now - timedelta(hours=24))
    service.fetch(pack_id=old.id, language="en", fetched_by="Desk", actor=DESK, now=now - timedelta(hours=23))
    with pytest.raises(NoPackYet):
        queries.newest(now=now)
    old_id = old.id
    new = service.make_now(write=plain, request_id="new", actor=DESK, now=now)
    assert queries.newest(now=now).id == new.id
    assert (count(OutagePack), count(OutageFile), count(OutageFetch)) == (1, 2, 0)
    with pytest.raises(PackGone):
        service.fetch(pack_id=old_id, language="en", fetched_by="Desk", actor=DESK, now=now)


def test_whoever_takes_a_pack_is_noted(any_house, now):
    pack = service.make_now(write=plain, request_id="one", actor=DESK, now=now)
    _pack, file = service.fetch(pack_id=pack.id, language="zh", fetched_by="North desk", actor=DESK, now=now)
    assert file.decode() == "文件"
    db.remove()
    assert [fetch.fetched_by for fetch in queries.list_packs(now=now)[0].fetches] == ["North desk"]
    entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "outage.fetched")).one()
    assert entry.after == {"language": "zh", "by": "North desk"}


def test_the_password_is_sealed_and_never_in_the_trail(packs, now):
    packs.set_up()
    with db.engine.connect() as connection:
        assert PASSWORD not in repr(connection.exec_driver_sql("SELECT * FROM outage_setting").all())
    with pytest.raises(ChangedMeanwhile):
        service.set_up(version=0, password="", again="", makes_codes=False, actor=DESK, now=now)
    with pytest.raises(PasswordsDiffer):
        packs.set_up("another good one", again="another good two")
    packs.set_up("", makes_codes=True)
    assert queries.find_setting().desk_password == PASSWORD
    service.forget_password(actor=DESK, now=now)
    db.remove()
    assert (queries.find_setting().desk_password, queries.find_setting().makes_codes) == (None, False)
    with pytest.raises(CodesNeedPassword):
        packs.set_up("", makes_codes=True)
    db.remove()
    said = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action.startswith("outage."))).all()
    assert [entry.action for entry in said] == ["outage.set_up", "outage.set_up", "outage.password_removed"]
    assert PASSWORD not in repr([(entry.before, entry.after) for entry in said])


def test_a_pack_tells_of_everybody_and_every_room(packs, now):
    inside = packs.stay("Overstays", "102", (-2, -1), inside=True)
    packs.stay("Comes", "101", (0, 2), note="Feather allergy")
    packs.stay("Roomless", None, (1, 2))
    packs.stay("Later", "103", (2, 4))
    folios.charge(stay_id=inside, code=PostingCode.MINIBAR, amount=4711, request_id="mini", actor=DESK, now=now)
    rooms.take_out_of_order(room_id=packs.house.rooms["203"].id, reason="Burst pipe", actor=DESK, now=now)
    closures.close_room(
        room_id=packs.house.rooms["202"].id,
        from_date=TODAY,
        until_date=TODAY + timedelta(days=3),
        reason="New carpet",
        request_id="close",
        actor=DESK,
        now=now,
    )
    text = text_of(make(now))
    for word in ("Overstays", "Comes", "Roomless", "+33 1 22 33 44", "€47.11", "Feather allergy", "Burst pipe"):
        assert word in text
    assert "New carpet" in text
    assert "Later" not in text
    assert "no desk password is set" in text
    chinese = text_of(queries.newest(now=now), "zh")
    assert "今明两天到店" in chinese
    assert "Arrivals of today" not in chinese


def test_what_guests_are_called_stays_text(packs, now):
    name = '</script><script>alert(1)</script><img src=x onerror="alert(2)">'
    packs.stay(name[:60], "101", note=name, inside=True)
    text = text_of(make(now))
    assert text.count("<script>") == 1
    assert text.count("</script>") == 1
    assert "<img" not in text
    assert "&lt;/script&gt;" in text


def test_codes_lie_sealed_and_nowhere_else(packs, now):
    stay_id = packs.stay()
    digits = passcode_service.issue_for_stay(stay_id=stay_id, request_id="code", actor=DESK, now=now).digits
    assert "no desk password is set" in text_of(make(now, "open"))
    packs.set_up()
    pack = make(now)
    text = text_of(pack)
    assert pack.sealed_codes == 1
    assert 'data-rounds="1000"' in text
    for secret in (digits, f"{digits[:3]} {digits[3:6]}", PASSWORD):
        assert secret not in text


def test_arrivals_get_codes_only_where_the_house_wants_it(packs, now, caplog):
    with_room = packs.stay("Comes", "101", (0, 2))
    packs.stay("Roomless", None, (0, 2))
    packs.set_up()
    assert make(now, "without").sealed_codes == 0
    packs.set_up("", makes_codes=True)
    assert make(now, "with").sealed_codes == 1
    assert make(now, "again").sealed_codes == 1
    assert len(passcodes.passcodes_of_stay(with_room)) == 1
    # A door whose lock is being set up can have no code: the pack is made without.
    packs.stay("Unlucky", "102", (0, 2))
    with transaction() as session:
        session.execute(sa.text("UPDATE lock SET setup = 'imported'"))
    caplog.set_level(logging.INFO)
    assert make(now, "unlucky").sealed_codes is not None
    assert "no passcode for the pack" in caplog.text


def test_a_pack_takes_the_same_queries_for_more_guests(packs, now, count_queries):
    packs.stay("One", "101", (-1, 1), inside=True)
    few = count_queries(lambda: contents.collect(now=now))
    for index, room in enumerate(("102", "103", "201", "202")):
        stay_id = packs.stay(f"More {index}", room, (-1, 1), inside=index % 2 == 0)
        passcode_service.issue_for_stay(stay_id=stay_id, request_id=f"code {index}", actor=DESK, now=now)
    assert count_queries(lambda: contents.collect(now=now)) == few


def test_the_scheduler_makes_the_pack_of_the_hour(packs, now):
    jobs.make_pack()
    clock.freeze(now + timedelta(minutes=5))
    jobs.make_pack()
    assert count(OutagePack) == 1
    clock.freeze(now + timedelta(minutes=61))
    jobs.make_pack()
    assert count(OutagePack) == 2
