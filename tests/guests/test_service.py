from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from pms.audit.models import AuditEntry
from pms.core.actor import SETUP
from pms.core.db import db
from pms.core.errors import ChangedMeanwhile
from pms.guests import queries, rules, service
from pms.guests.models import Guest, GuestWord
from pms.guests.rules import GuestFields

NUMBER = "C01X0006H"


def _create(now, **values) -> Guest:
    fields = {"family_name": "Moreau", "given_name": "Claire", "phone": "+33 142 685300", **values}
    return service.create_guest(fields=GuestFields(**fields), actor=SETUP, now=now)


def _change(guest, now, **values) -> Guest:
    fields = {"family_name": guest.family_name, "given_name": guest.given_name, "phone": guest.phone, **values}
    return service.change_guest(
        guest_id=guest.id, version=guest.version, fields=GuestFields(**fields), actor=SETUP, now=now
    )


def _trail() -> list[AuditEntry]:
    return list(db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id)))


def _words(guest) -> set[str]:
    return set(db.session.scalars(sa.select(GuestWord.word).where(GuestWord.guest_id == guest.id)))


def test_a_document_number_lies_sealed_and_is_nowhere_else(any_house, now):
    guest = _create(now, document_kind="passport", document_number=NUMBER)
    row = db.session.execute(sa.select(Guest.__table__).where(Guest.id == guest.id)).one()
    assert NUMBER.encode() not in row.document_number_sealed
    assert NUMBER not in str(row._mapping)
    assert NUMBER not in str([(entry.before, entry.after) for entry in _trail()])
    assert not any(NUMBER.casefold() in word for word in _words(guest))
    assert queries.get_guest(guest.id).document_number == NUMBER


def test_a_look_at_the_number_is_written_down(any_house, now):
    guest = _create(now, document_kind="passport", document_number=NUMBER)
    assert service.reveal_document(guest_id=guest.id, actor=SETUP, now=now) == NUMBER
    assert [entry.action for entry in _trail()] == ["guests.created", "guests.document_shown"]
    assert _trail()[1].guest_id == guest.id


def test_where_there_is_no_number_nobody_looked(house, now):
    guest = _create(now)
    assert service.reveal_document(guest_id=guest.id, actor=SETUP, now=now) == ""
    assert len(_trail()) == 1


def test_a_change_writes_down_only_what_changed(any_house, now):
    guest = _create(now, birth_date=date(1980, 2, 29))
    _change(guest, now, phone="+33 1 0000", birth_date=date(1980, 2, 28))
    entry = _trail()[1]
    assert entry.before == {"phone": "+33 142 685300", "birth_date": "1980-02-29"}
    assert entry.after == {"phone": "+33 1 0000", "birth_date": "1980-02-28"}


def test_an_empty_number_keeps_the_stored_one_and_an_explicit_wish_removes_it(any_house, now):
    guest = _create(now, document_kind="passport", document_number=NUMBER)
    _change(guest, now, document_kind="passport", document_number=None)
    assert len(_trail()) == 1
    assert queries.search_ids(NUMBER) == [guest.id]
    _change(queries.get_guest(guest.id), now, document_kind="passport", document_number="")
    guest = queries.get_guest(guest.id)
    assert (guest.document_number, guest.document_index, guest.document_tail_index) == (None, None, None)
    assert queries.search_ids(NUMBER) == []
    assert _trail()[1].before == {"document_number": "***"}


def test_another_number_is_found_instead_of_the_old_one(any_house, now):
    guest = _create(now, document_kind="passport", document_number=NUMBER)
    _change(guest, now, document_kind="passport", document_number="X7654321")
    assert queries.search_ids(NUMBER) == []
    assert queries.search_ids("x765 4321") == queries.search_ids("4321") == [guest.id]


def test_two_clerks_who_change_one_guest_see_each_other(any_house, now):
    guest = _create(now)
    version = guest.version
    _change(guest, now, note="likes the garden side")
    with pytest.raises(ChangedMeanwhile):
        service.change_guest(
            guest_id=guest.id, version=version, fields=GuestFields(family_name="Other"), actor=SETUP, now=now
        )
    assert queries.get_guest(guest.id).family_name == "Moreau"


def test_a_new_name_is_found_and_the_old_one_no_longer(any_house, now):
    guest = _create(now)
    _change(guest, now, family_name="Garnier")
    assert queries.search_ids("garn") == [guest.id]
    assert queries.search_ids("more") == []
    assert _words(guest) == {"claire", "garnier", "33142685300", "3142685300", "142685300", "42685300", "5300"}


def test_a_birthday_is_judged_by_the_date_of_the_house(any_house, now):
    # 22:30 UTC on the 12th is the 13th in Berlin.
    evening = now.replace(hour=22, minute=30)
    _create(evening, birth_date=date(2026, 6, 13))
    with pytest.raises(rules.BornInFuture):
        _create(now, birth_date=date(2026, 6, 13))


def test_a_guest_that_does_not_exist_is_not_found(house, now):
    with pytest.raises(rules.GuestNotFound):
        service.reveal_document(guest_id=1, actor=SETUP, now=now)
    with pytest.raises(rules.GuestNotFound):
        service.change_guest(guest_id=1, version=1, fields=GuestFields(family_name="X"), actor=SETUP, now=now)
