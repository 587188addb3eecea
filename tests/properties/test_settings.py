from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from pms.audit.models import AuditEntry
from pms.core.actor import SETUP
from pms.core.db import db, transaction
from pms.core.errors import ChangedMeanwhile
from pms.properties import queries, rules, service
from tests.client import text_of

GOOD = {"name": "Linden House", "time_zone": "Europe/Berlin", "check_in_hour": 15, "check_out_hour": 12}


def test_a_house_is_set_up_once_with_keys_of_its_own(any_app, now):
    with pytest.raises(queries.NotSetUp):
        queries.get_property()
    with pytest.raises(queries.NotSetUp):
        queries.get_site_key()
    with pytest.raises(queries.NotSetUp):
        service.change_house(version=1, **GOOD, actor=SETUP, now=now)
    service.create_house(**GOOD, actor=SETUP, now=now)
    key = queries.get_site_key()
    assert (key.key_version, len(key.k_prop), len(key.sk_staff), len(key.pk_staff)) == (1, 16, 32, 32)
    assert key.k_prop not in key.k_prop_sealed
    with pytest.raises(service.AlreadySetUp):
        service.create_house(**GOOD, actor=SETUP, now=now)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"name": " "}, rules.NoName),
        ({"name": "x" * 121}, rules.NoName),
        ({"time_zone": "Europe/Atlantis"}, rules.UnknownZone),
        ({"time_zone": "../etc/passwd"}, rules.UnknownZone),
        ({"check_in_hour": 24}, rules.BadHour),
        ({"check_out_hour": -1}, rules.BadHour),
    ],
)
def test_what_cannot_be_a_house_is_refused(house, now, change, refusal):
    with pytest.raises(refusal):
        service.change_house(version=1, **{**GOOD, **change}, actor=SETUP, now=now)


def test_numbers_of_doors_are_never_given_twice(any_house):
    given: list[int] = []
    gate = threading.Barrier(6)

    def take():
        gate.wait()
        for _ in range(5):
            with transaction():
                given.append(service.next_door_number())
        db.remove()

    threads = [threading.Thread(target=take) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == list(range(21, 51))


def test_the_settings_are_changed_and_the_trail_says_what(client, house):
    client.log_in("manager")
    page = client.get("/property/", status=200)
    assert "Europe/Berlin" in page.text
    values = {**GOOD, "version": "1", "check_out_hour": "11"}
    client.post("/property/", values, status=303)
    entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "property.changed")).one()
    assert (entry.before, entry.after) == ({"check_out_hour": 12}, {"check_out_hour": 11})


def test_a_page_that_is_out_of_date_keeps_what_was_typed(client, house, now):
    service.change_house(version=1, **{**GOOD, "name": "Other"}, actor=SETUP, now=now)
    with pytest.raises(ChangedMeanwhile):
        service.change_house(version=1, **GOOD, actor=SETUP, now=now)
    client.log_in("manager")
    answer = client.post("/property/", {**GOOD, "version": "1", "name": "Typed name"}, htmx=True, status=422)
    assert "Somebody else changed this" in answer.text
    assert "Typed name" in answer.text


@pytest.mark.parametrize(
    "change",
    [{"time_zone": "Atlantis"}, {"check_in_hour": "25"}, {"check_in_hour": "noon"}, {"name": ""}, {"version": "x"}],
)
def test_bad_input_is_refused_beside_its_field(client, house, change):
    client.log_in("manager")
    answer = client.post("/property/", {**GOOD, "version": "1", **change}, status=422)
    assert "error" in answer.text
    assert queries.get_property().version == 1


def test_no_key_is_shown(client, house):
    client.log_in("admin")
    page = client.get("/property/", status=200).text
    key = queries.get_site_key()
    for secret in (key.k_prop, key.sk_staff):
        assert secret.hex() not in page.lower()
    assert "Version 1" in text_of(client.get("/property/", status=200))


@pytest.mark.parametrize("username", ["desk", "housekeeper", "technician"])
def test_the_settings_are_for_the_manager(client, username):
    client.log_in(username)
    client.get("/property/", status=403)
    client.post("/property/", {**GOOD, "version": "1"}, status=403)


TERMS = {
    "currency": "EUR",
    "early_arrival_hour": 9,
    "late_departure_hour": 18,
    "early_fee": 2500,
    "late_fee": 3500,
    "cleaning_hours": 2,
}


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"currency": "XXY"}, rules.UnknownCurrency),
        ({"early_arrival_hour": 16}, rules.EarlyAfterCheckIn),
        ({"late_departure_hour": 11}, rules.LateBeforeCheckOut),
        ({"late_departure_hour": 25}, rules.LateBeforeCheckOut),
        ({"early_fee": -1}, rules.BadFee),
        ({"late_fee": 10**9 + 1}, rules.BadFee),
        ({"cleaning_hours": 13}, rules.BadCleaningHours),
    ],
)
def test_hours_and_prices_that_cannot_be_are_refused(change, refusal):
    with pytest.raises(refusal):
        rules.check_terms(check_in_hour=15, check_out_hour=12, **{**TERMS, **change})


def test_hours_and_prices_are_stored_once_and_the_trail_says_them_in_coins(house, now):
    version = queries.get_property().version
    service.change_terms(version=version, **{**TERMS, "currency": "cny"}, actor=SETUP, now=now)
    with pytest.raises(ChangedMeanwhile):
        service.change_terms(version=version, **TERMS, actor=SETUP, now=now)
    db.remove()
    stored = queries.get_property()
    assert (stored.currency, stored.early_arrival_hour, stored.late_fee) == ("CNY", 9, 3500)
    entry = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert (entry.after["currency"], entry.after["late_fee"]) == ("CNY", "35.00")


def test_the_manager_changes_hours_and_prices(client, house):
    client.log_in("manager")
    assert "Earliest arrival" in text_of(client.get("/property/prices"))
    form = {**TERMS, "early_fee": "25,00", "late_fee": "35", "version": queries.get_property().version}
    assert "two different amounts" in client.post("/property/prices", {**form, "late_fee": "1,234"}, status=422).text
    assert "must not be after" in client.post("/property/prices", {**form, "early_arrival_hour": 16}, status=422).text
    client.post("/property/prices", form, status=303)
    db.session.rollback()
    assert queries.get_property().early_fee == 2500
