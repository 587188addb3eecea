"""Programs have offline cards made, wait for them, and hear why a machine cannot begin."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from pms.audit.models import AuditEntry
from pms.core.db import db, transaction
from pms.encoders import desk_service, rules, service
from pms.encoders.models import DeskAgent, Encoder, EncoderState
from pms.keycards.models import CardReason, KeyCard
from pms.keycards.rules import NoSuchArea
from pms.protocol.card_layout import Medium
from pms.simulators.cards import SimulatedCard
from tests.api import ApiClient
from tests.keycards.desk import DESK, Desk, door_lock, hold, new_request, stay

URL = "/cardMachines/makeOfflineCard"


@pytest.fixture
def program(app, house) -> ApiClient:
    return ApiClient(app).log_in("desk", scopes=["keys:make", "encoders:view"])


@pytest.fixture
def desk(house, tmp_path):
    desk = Desk(tmp_path)
    change(desk, state=EncoderState.READY)
    yield desk
    desk.close()


def change(desk, **values) -> None:
    """The machine's row as its port's owner would leave it."""
    with transaction() as session:
        for name, value in values.items():
            setattr(session.get_one(Encoder, desk.encoder_id), name, value)
    db.remove()


def wish(desk, stay_id, **values) -> dict[str, object]:
    return {"stayId": str(stay_id), "machineId": str(desk.encoder_id), **values}


def cards() -> int:
    db.remove()
    return db.session.scalars(sa.select(sa.func.count()).select_from(KeyCard)).one()


def test_two_cards_are_asked_for_made_and_open_the_door(program, desk, house):
    stay_id = stay(house)
    body = wish(desk, stay_id, copies=2, requestId=new_request(), reason="new")
    asked = program.post(URL, body)
    assert asked["batchId"] == body["requestId"]
    assert [(job["state"], job["position"], job["size"]) for job in asked["jobs"]] == [
        ("queued", 1, 2),
        ("queued", 2, 2),
    ]
    first, second = (SimulatedCard.blank(Medium.NTAG213) for _ in range(2))
    desk.work(first)
    seen = program.get(f"/cardMachines/jobs/{asked['jobs'][0]['jobId']}")
    assert (seen["state"], seen["isFinal"], seen["cardUid"]) == ("done", True, first.uid.hex().upper())
    # The same request again while the machine is busy with it: nothing new, and how far it is.
    assert [job["state"] for job in program.post(URL, body)["jobs"]] == ["done", "queued"]
    desk.work(second)
    assert [job["state"] for job in program.post(URL, body)["jobs"]] == ["done", "done"]
    assert hold(door_lock(house.rooms["101"].id), first) == "opened"
    assert cards() == 2
    actions = list(
        db.session.scalars(
            sa.select(AuditEntry.action).where(AuditEntry.action.like("keycards.%")).order_by(AuditEntry.id)
        )
    )
    assert actions == ["keycards.requested", "keycards.made", "keycards.made"]
    assert db.session.scalars(sa.select(KeyCard.reason)).first() is CardReason.NEW


def test_a_program_is_told_at_once_that_a_machine_is_busy_off_or_unreachable(program, desk, house, now):
    stay_id = stay(house)
    batch_id = desk.ask(stay_id)
    (fault,) = program.post(URL, wish(desk, stay_id), status=423)
    assert fault["field"] == "machineId"
    program.language = "zh"
    assert "正忙" in program.message(URL, wish(desk, stay_id), status=423)
    service.cancel_batch(batch_id=batch_id, actor=DESK, now=now)
    change(desk, state=EncoderState.OFFLINE)
    assert "未连接" in program.message(URL, wish(desk, stay_id), status=503)
    program.language = "en"
    agent, _token = desk_service.add_agent(name="North house", actor=DESK, now=now)
    with transaction() as session:
        session.get_one(DeskAgent, agent.id).last_seen_at = now - rules.AWAY_AFTER - timedelta(seconds=1)
    change(desk, agent_id=agent.id, state=EncoderState.READY)
    assert "North house" in program.message(URL, wish(desk, stay_id), status=503)
    assert cards() == 1


def test_what_keeps_a_machine_from_beginning_has_an_order():
    free = {"name": "M", "is_ready": True, "away_desk": None, "open_jobs": 0}
    rules.check_free(**free)
    for change_, refusal in (
        ({"open_jobs": 1}, rules.MachineBusy),
        ({"is_ready": False, "open_jobs": 1}, rules.MachineOffline),
        ({"is_ready": False, "away_desk": "North"}, rules.DeskAway),
    ):
        with pytest.raises(refusal):
            rules.check_free(**{**free, **change_})


def test_people_wait_in_the_queue_where_programs_do_not(desk, house):
    stay_id = stay(house)
    desk.ask(stay_id)
    desk.ask(stay_id)
    assert cards() == 2


@pytest.mark.parametrize(
    ("change_", "status", "field"),
    [
        ({"copies": 0}, 400, "copies"),
        ({"copies": 9}, 400, "copies"),
        ({"copies": "2"}, 400, "copies"),
        ({"reason": "remote"}, 400, "reason"),
        ({"areaIds": ["7"]}, 422, "areaIds"),
        ({"furtherRoomIds": ["7"]}, 422, "furtherRoomIds"),
        ({"machineId": "7"}, 404, "machineId"),
        ({"stayId": None}, 400, "stayId"),
        ({"requestId": "x"}, 400, "requestId"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(program, desk, house, change_, status, field):
    faults = program.post(URL, {**wish(desk, stay(house)), **change_}, status=status)
    assert [fault["field"] for fault in faults] == [field]
    assert cards() == 0


def test_what_cannot_be_made_is_said(program, desk, house, now):
    program.post(URL, wish(desk, 7), status=404)
    other, first = stay(house, "102"), stay(house)
    body = wish(desk, first, requestId=new_request())
    program.post(URL, body)
    # An id that stands for the cards of another stay.
    program.post(URL, {**body, "stayId": str(other)}, status=409)
    service.unbind_encoder(encoder_id=desk.encoder_id, actor=DESK, now=now)
    assert "bound to no port" in program.message(URL, wish(desk, first), status=409)


def test_areas_that_do_not_exist_are_not_left_out_silently(desk, house):
    with pytest.raises(NoSuchArea):
        desk.ask(stay(house), area_ids=[7])


def test_a_token_without_the_right_makes_nothing(app, desk, house):
    program = ApiClient(app).log_in("desk", scopes=["keys:view"])
    program.post(URL, wish(desk, stay(house)), status=403)
    assert cards() == 0
