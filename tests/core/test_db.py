from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from pms.core.db import after_commit, before_commit, db, transaction
from pms.properties.models import Property


def _raise_last_number() -> None:
    with transaction() as session:
        house = session.get_one(Property, 1)
        house.last_door_number += 1


def test_no_update_is_lost_when_eight_threads_write(any_house):
    before = db.session.get_one(Property, 1).last_door_number
    faults: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(10):
                db.session.get(Property, 1)
                with transaction() as session:
                    session.execute(sa.update(Property).values(last_door_number=Property.last_door_number + 1))
        except BaseException as fault:
            faults.append(fault)
        finally:
            db.remove()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.remove()
    assert not faults
    assert db.session.get_one(Property, 1).last_door_number == before + 80


def test_rows_cannot_be_written_outside_a_transaction(any_house):
    db.session.get_one(Property, 1).name = "Elsewhere"
    with pytest.raises(RuntimeError, match="inside transaction"):
        db.session.flush()
    db.session.rollback()


def test_postgresql_refuses_a_stray_update_too(pg_app):
    with pytest.raises(DBAPIError, match="read-only"):
        db.session.execute(sa.update(Property).values(name="Elsewhere"))
    db.session.rollback()


def test_an_inner_failure_that_was_swallowed_stores_nothing(any_house):
    with pytest.raises(RuntimeError, match="inner step failed"), transaction():
        _raise_last_number()
        try:
            with transaction():
                raise ValueError
        except ValueError:
            pass
    assert db.session.get_one(Property, 1).last_door_number == 20


def test_wishes_are_carried_out_after_the_commit_and_only_then(any_house):
    seen: list[str] = []
    with transaction():
        after_commit(lambda: seen.append("wish"))
        before_commit(lambda _session: seen.append("last step"))
        seen.append("body")
    with pytest.raises(ValueError, match="no"), transaction():
        after_commit(lambda: seen.append("never"))
        raise ValueError("no")
    assert seen == ["body", "last step", "wish"]


def test_an_outermost_transaction_refuses_to_be_inside_another(any_house):
    with pytest.raises(RuntimeError, match="outermost"), transaction(), transaction(outermost=True):
        pass
