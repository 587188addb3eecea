from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import sqlalchemy as sa

from pms.audit.models import AuditEntry
from pms.core.actor import SETUP
from pms.core.db import db, transaction
from pms.demo.build import LOCKS_OF_USER
from pms.locks import queries, rules, schemas, service
from pms.locks.models import Lock, LockSetup

EXAMPLE = LOCKS_OF_USER.read_bytes()
SECRETS = ("AD193DF8A5A233B2", "5214744968050256", "31080904", "1873", "69142A20FFB44666", "9619639132137782")


def _import(document=EXAMPLE, now=None):
    found, faults = schemas.read(document)
    return service.import_locks(found=found, faults=faults, actor=SETUP, now=now)


def _changed(**changes) -> bytes:
    body = json.loads(EXAMPLE)
    for name, value in changes.items():
        if value is ...:
            del body["data"][1][name]
        else:
            body["data"][1][name] = value
    return json.dumps(body, ensure_ascii=False).encode()


def test_the_vendors_answer_is_taken_byte_for_byte(any_house, now):
    result = _import(now=now)
    assert (result.new, result.known, result.differing) == (["Z-4000DF", "Z-4000DC"], [], [])
    lock = queries.find_lock_by_serial("292e593b0e66")
    assert (lock.origin_id, lock.mac, lock.model) == ("1980084539766648834", "01:01:11:40:00:DF", "Z-LOCK")
    assert (lock.protocol_version, lock.battery_percent) == (7, 25)
    assert lock.features == ["remote", "card", "passcode", "fingerprint"]
    assert (lock.lock_keys, lock.server_keys) == ("AD193DF8A5A233B2", "5214744968050256")
    assert (lock.admin_code, lock.double_verify, lock.new_admin_code) == ("31080904", "1873", None)
    assert lock.setup is LockSetup.IMPORTED
    assert queries.find_lock_by_serial("26B370EAADFC").protocol_version == 8


def test_everything_else_is_kept_as_it_was_said(any_house, now):
    _import(_changed(somethingNew={"deep": [1, None, "中"]}), now)
    lock = queries.find_lock_by_serial("26B370EAADFC")
    given = json.loads(EXAMPLE)["data"][1]
    kept = {name: value for name, value in given.items() if name not in schemas.SECRET_FIELDS}
    assert lock.origin == {**kept, "somethingNew": {"deep": [1, None, "中"]}}


def test_no_secret_lies_in_the_database_in_plain_text(app, house, now):
    _import(now=now)
    db.remove()
    path = Path(db.engine.url.database)
    content = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    assert b"292E593B0E66" in content
    for secret in SECRETS:
        assert secret.encode() not in content, secret
        if len(secret) == 16:
            assert bytes.fromhex(secret) not in content


def test_importing_twice_changes_no_secret_and_says_what_is_known(any_house, now):
    _import(now=now)
    sealed = queries.find_lock_by_serial("26B370EAADFC").lock_keys_sealed
    again = _import(_changed(electricity="90", serverKeys="0000000000000000"), now)
    assert (again.new, again.known, again.differing) == ([], ["Z-4000DF", "Z-4000DC"], ["Z-4000DC"])
    db.session.expire_all()
    lock = queries.find_lock_by_serial("26B370EAADFC")
    assert (lock.lock_keys_sealed, lock.server_keys) == (sealed, "9619639132137782")
    assert lock.battery_percent == 90
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Lock)) == 9


def test_a_lock_that_was_set_up_here_is_not_touched_by_an_import(any_house, now):
    _import(now=now)
    with transaction() as session:
        lock = session.scalars(sa.select(Lock).where(Lock.serial_number == "26B370EAADFC")).one()
        lock.setup, lock.name, lock.server_keys = LockSetup.READY, "Room 7", "1234567812345678"
    again = _import(_changed(electricity="90"), now)
    db.session.expire_all()
    lock = queries.find_lock_by_serial("26B370EAADFC")
    assert (lock.name, lock.battery_percent, again.differing) == ("Room 7", 25, [])


def test_an_import_leaves_one_entry_without_secrets(any_house, now):
    _import(now=now)
    entries = db.session.scalars(sa.select(AuditEntry)).all()
    assert [entry.action for entry in entries] == ["locks.imported"]
    text = json.dumps([entries[0].after, entries[0].subject_label])
    assert not [secret for secret in SECRETS if secret in text]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lockSn", "26B370EAADF"),
        ("lockSn", ...),
        ("lockSn", None),
        ("lockSn", 1234),
        ("mac", "01-01-11-40-00-DC"),
        ("mac", ""),
        ("lockKeys", "69142A20FFB4466G"),
        ("lockKeys", ...),
        ("serverKeys", "961963913213778"),
        ("serverKeys", "96196391321377８2"),
        ("pwAdmin", "2808786"),
        ("doubleVerify", "59111"),
        ("electricity", "101"),
        ("electricity", "-1"),
        ("electricity", 25),
        ("agreementType", "09"),
        ("agreementType", ...),
        ("lockUsername", "x" * 61),
        ("lockUsername", "a\nb"),
        ("id", "abc"),
        ("id", ["1"]),
        ("featureCodes", {"a": 1}),
    ],
)
def test_a_bad_field_is_named_with_its_record_and_nothing_is_imported(house, now, name, value):
    with pytest.raises(service.BadDocument) as refusal:
        _import(_changed(**{name: value}), now)
    assert [(fault.record, fault.field) for fault in refusal.value.faults] == [(2, name)]
    assert refusal.value.message % refusal.value.params
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Lock)) == 7


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe{}",
        b'{"data": {}}',
        b'{"data": []}',
        b'{"data": null, "success": false}',
        b'{"data": [], "success": false}',
        b'{"data": [NaN]}',
        b'{"data": [null, 1, "x", []]}',
        b"[" * 100_000,
        b"x" * (schemas.MAX_BYTES + 1),
    ],
)
def test_what_is_not_an_answer_of_the_lock_system_is_refused(house, now, document):
    with pytest.raises(service.BadDocument):
        _import(document, now)


def test_the_same_lock_twice_in_one_file_is_refused(house, now):
    body = json.loads(EXAMPLE)
    body["data"].append(body["data"][0])
    with pytest.raises(service.BadDocument) as refusal:
        _import(json.dumps(body).encode(), now)
    assert {(fault.record, fault.field) for fault in refusal.value.faults} == {(3, "lockSn"), (3, "id")}


def test_an_id_that_belongs_to_another_lock_is_refused(house, now):
    _import(now=now)
    with pytest.raises(service.BadDocument) as refusal:
        _import(_changed(lockSn="000000000001"), now)
    assert [fault.field for fault in refusal.value.faults] == ["id"]
    with pytest.raises(service.BadDocument) as refusal:
        _import(_changed(id="77"), now)
    assert [fault.field for fault in refusal.value.faults] == ["lockSn"]


def test_the_total_is_not_trusted_and_a_byte_order_mark_does_no_harm():
    locks, faults = schemas.read(b"\xef\xbb\xbf" + EXAMPLE)
    assert (len(locks), faults) == (2, [])
    assert not [secret for secret in SECRETS if secret in repr(locks)]


def test_no_bytes_make_the_reader_fall_over():
    source = random.Random(7)
    for _ in range(400):
        document = bytearray(EXAMPLE)
        for _ in range(source.randint(1, 8)):
            document[source.randrange(len(document))] = source.choice(b'"{}[],:0x\\\xff n')
        locks, faults = schemas.read(bytes(document))
        assert locks or faults
        assert all(fault.message % fault.params for fault in faults)


def test_settings_stand_raw_beside_their_names():
    seven, eight = json.loads(EXAMPLE)["data"]
    settings = {setting.wire_name: setting for setting in rules.settings_of(Lock(origin=eight, settings={}), 8)}
    assert (settings["doorDirection"].raw, settings["doorDirection"].value) == ("3001", "01")
    assert settings["lockoutTimeNew"].is_unlimited
    assert not settings["radarSettings"].is_unlimited
    assert settings["pickProof"].raw == "17"
    assert "doorDirection" not in {s.wire_name for s in rules.settings_of(Lock(origin=seven, settings={}), 7)}
