from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from pms.access_records.models import AccessRecord
from pms.core.db import db
from pms.locks import queries as locks
from tests.client import PageClient, text_of

URL = "/api/reports/record"


def _post(app, body, **kwargs):
    content = body if isinstance(body, bytes | str) else json.dumps(body)
    return app.test_client().post(
        URL, data=content, content_type=kwargs.pop("content_type", "application/json"), **kwargs
    )


def _report(scene) -> dict[str, str]:
    return {"lockSn": locks.get_lock(scene.lock_id).serial_number, "frame": scene.report().hex()}


def test_a_phone_brings_a_report_and_takes_the_answer_back(app, scene):
    scene.open()
    while scene.twin.pending_report(scene.at) is not None:
        answer = _post(app, _report(scene))
        assert answer.status_code == 200
        body = answer.json
        assert (body["code"], body["success"], body["total"]) == (200, True, 0)
        scene.twin.receive(bytes.fromhex(body["data"]["frame"]), scene.at)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(AccessRecord)) == 2


@pytest.mark.parametrize(
    ("body", "status", "fields"),
    [
        ("", 400, [""]),
        ("{", 400, [""]),
        ("[]", 400, [""]),
        ("null", 400, [""]),
        ({"lockSn": "292E593B0E66", "frame": "5A" * 30, "extra": 1}, 400, ["extra"]),
        ({"lockSn": "292E593B0E66", "frame": "5A" * 30, "carrier": {"kind": "dove"}}, 400, ["carrier.kind"]),
        ("{}", 400, ["lockSn", "frame"]),
        ({"lockSn": "292E593B0E66"}, 400, ["frame"]),
        ({"lockSn": "292E593B0E6", "frame": "5A" * 30}, 400, ["lockSn"]),
        ({"lockSn": 7, "frame": ["5A"]}, 400, ["lockSn", "frame"]),
        ({"lockSn": "292E593B0E66", "frame": "5A" * 22}, 400, ["frame"]),
        ({"lockSn": "292E593B0E66", "frame": "5A" * 30 + "A"}, 400, ["frame"]),
        ({"lockSn": "292E593B0E66", "frame": "5A" * 2000}, 400, ["frame"]),
        ({"lockSn": "292E593B0E66", "frame": "5A" * 30}, 404, None),
        ("[" * 5000, 400, [""]),
        ("x" * 9000, 413, None),
        (b"\xff\xfe", 400, [""]),
    ],
)
def test_bad_reports_are_refused_in_the_envelope(app, house, body, status, fields):
    answer = _post(app, body)
    assert answer.status_code == status
    assert (answer.json["code"], answer.json["success"]) == (status, False)
    assert answer.json["msg"]
    found = [fault["field"] for fault in answer.json["data"]] if answer.json["data"] else None
    assert found == fields


def test_other_content_types_are_refused(app, house):
    assert _post(app, "lockSn=1", content_type="application/x-www-form-urlencoded").status_code == 415
    assert app.test_client().get(URL).status_code == 405


def test_changed_bits_are_refused_without_a_reason(app, scene):
    report = _report(scene)
    frame = bytes.fromhex(report["frame"])
    for place in range(0, len(frame), 3):
        forged = frame[:place] + bytes((frame[place] ^ 0x10,)) + frame[place + 1 :]
        answer = _post(app, {**report, "frame": forged.hex()})
        assert answer.status_code == 404
        assert answer.json["data"] is None
    assert _post(app, report).status_code == 200


def _carry(app, scene) -> None:
    while scene.twin.pending_report(scene.at) is not None:
        body = _post(app, _report(scene)).json
        scene.twin.receive(bytes.fromhex(body["data"]["frame"]), scene.at)


def test_the_page_shows_who_opened_which_door_and_goes_on(app, scene):
    for second in range(60):
        scene.open(at=scene.at + second)
    _carry(app, scene)
    client = PageClient(app).log_in("manager")
    page = client.get("/records/", status=200)
    text = text_of(page)
    assert "Claire Moreau" in text
    assert "101" in text
    assert "Key card" in text
    more = page.text.split('hx-get="/records/?')[1].split('"')[0].replace("&amp;", "&")
    rest = client.get(f"/records/?{more}", htmx=True, status=200)
    assert rest.text.count("<tr") == 61 - 50
    assert "<html" not in rest.text
    assert "Show more" in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?kind=opened", True),
        ("?kind=refused", False),
        ("?q=101", True),
        ("?q=102", False),
        ("?since=2026-06-12&until=2026-06-12", True),
        ("?since=2026-06-13", False),
        ("?since=nonsense&until=9999-99-99&door=x&kind=%00&after=zzz", True),
        ("?after=99999999999999999999-1", True),
        ("?door=1", False),
    ],
)
def test_the_filters_of_the_page_narrow_it_and_nonsense_is_left_out(app, scene, query, found):
    scene.open()
    _carry(app, scene)
    client = PageClient(app).log_in("technician")
    text = text_of(client.get(f"/records/{query}", status=200))
    assert ("Moreau" in text) is found
    assert found or "Nothing fits these filters" in text


def test_an_empty_house_says_so_and_others_may_not_look(app, client):
    client.log_in("desk")
    client.get("/records/", status=403)
    client = PageClient(app).log_in("manager")
    assert "No door has reported anything yet" in text_of(client.get("/records/", status=200))


def test_the_page_asks_the_database_as_often_for_many_records_as_for_few(app, scene):
    client = PageClient(app).log_in("manager")

    def count() -> int:
        asked = []

        def note(*args):
            asked.append(args[2])

        client.get("/records/", status=200)
        sa.event.listen(db.engine, "before_cursor_execute", note)
        client.get("/records/", status=200)
        sa.event.remove(db.engine, "before_cursor_execute", note)
        return len(asked)

    scene.open()
    _carry(app, scene)
    few = count()
    for second in range(30):
        scene.open(at=scene.at + second)
    _carry(app, scene)
    assert count() == few
