"""Who hears of alarms: letters in the reader's language, programs inside and outside of the house's network."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from pms.accounts.models import Account, Language
from pms.alarms import delivery_rules as rules
from pms.alarms import service
from pms.alarms import subscription_queries as queries
from pms.alarms.models import AlarmKind, Channel, Delivery, DeliveryState, Subscription
from pms.alarms.service import May, Wanted
from pms.audit.models import AuditEntry
from pms.core.db import db, transaction
from pms.core.errors import ChangedMeanwhile
from pms.mail.models import Letter
from pms.mail.rules import BadAddress
from tests.alarms.cast import acknowledge, actions, person, raised
from tests.client import text_of

KINDS = (AlarmKind.TAMPER, AlarmKind.DURESS)
ANY = May(plain=False, own_network=True)
NONE = May()


def wanted(**values) -> Wanted:
    usual = {
        "channel": Channel.EMAIL,
        "name": "Night porter",
        "kinds": KINDS,
        "floor_id": None,
        "is_active": True,
        "target": "porter@example.org",
    }
    return Wanted(**{**usual, **values})


def webhook(**values) -> Wanted:
    return wanted(**{"channel": Channel.WEBHOOK, "target": "https://example.org/hook?t=secret", **values})


def subscribe(house, now, what, may=NONE) -> tuple[Subscription, str | None]:
    return service.subscribe(wanted=what, may=may, actor=person(house, "manager"), now=now)


def letters() -> list[Letter]:
    return list(db.session.scalars(sa.select(Letter).order_by(Letter.id)))


def test_a_letter_says_what_and_where_in_its_readers_language_and_once(house, now):
    subscribe(house, now, wanted())
    subscribe(house, now, wanted(language=Language.CHINESE, target="baoan@example.org"))
    subscribe(house, now, wanted(is_active=False, target="nobody@example.org"))
    alarm = raised(house, now)
    raised(house, now)
    raised(house, now, AlarmKind.LOCK_OUT)
    acknowledge(house, alarm, now)
    english, chinese = letters()
    assert (english.recipient, english.title) == ("porter@example.org", "Tamper alarm: 101")
    assert "When: Friday 12 June 2026, 12:00" in english.text
    assert "Send somebody at once." in english.text
    assert (chinese.recipient, chinese.title) == ("baoan@example.org", "防撬报警：101")
    assert "2026年6月12日 星期五 12:00" in chinese.text
    assert english.subject_kind == "alarm"


def test_only_the_doors_of_a_floor_are_told_to_whoever_asked_for_them(house, now):
    floor = house.rooms["201"].floor_id
    subscribe(house, now, wanted(floor_id=floor))
    for door in ("101", "lobby"):
        raised(house, now, door=door)
    assert letters() == []
    raised(house, now, AlarmKind.DURESS, door="201")
    assert [letter.title for letter in letters()] == ["Duress alarm: 201"]


def test_a_letter_to_somebody_of_the_staff_follows_their_account(house, now):
    number = house.accounts["desk2"].id
    with pytest.raises(rules.NoAddress):
        subscribe(house, now, wanted(account_id=number, target=""))
    with transaction() as session:
        session.get_one(Account, number).email = "two@example.org"
    subscribe(house, now, wanted(account_id=number, target=""))
    raised(house, now)
    with transaction() as session:
        session.get_one(Account, number).is_active = False
    raised(house, now, door="102")
    assert [letter.recipient for letter in letters()] == ["two@example.org"]


@pytest.mark.parametrize(
    ("what", "refusal"),
    [
        (wanted(name="  "), rules.NoSubscriberName),
        (wanted(kinds=()), rules.NoKinds),
        (wanted(target=""), rules.NoAddress),
        (wanted(target="porter"), BadAddress),
        (webhook(target="https://u:p@example.org/"), rules.BadUrl),
        (webhook(target="http://example.org/"), rules.NotEncrypted),
        (webhook(target="https://192.168.1.4/"), rules.PrivateAddress),
        (webhook(target="https://192.168.1.4/", in_own_network=True), rules.OwnNetworkForbidden),
    ],
)
def test_what_makes_no_sense_or_looks_behind_the_firewall_is_refused(house, now, what, refusal):
    with pytest.raises(refusal):
        subscribe(house, now, what)
    assert queries.list_rows() == []


def test_only_who_may_lets_a_webhook_into_the_own_network_and_nobody_turns_it_elsewhere(house, now):
    inside = webhook(target="http://192.168.1.4/a", in_own_network=True)
    made, _secret = subscribe(house, now, inside, ANY)
    number, actor = made.id, person(house, "manager")

    def change(what, version):
        return service.change_subscription(
            subscription_id=number, version=version, wanted=what, may=NONE, actor=actor, now=now
        )

    elsewhere = webhook(target="http://192.168.1.5/a", in_own_network=True)
    with pytest.raises(rules.OwnNetworkForbidden):
        change(elsewhere, 1)
    renamed = webhook(name="Gate", target="http://192.168.1.4/a", in_own_network=True)
    assert change(renamed, 1).name == "Gate"
    with pytest.raises(ChangedMeanwhile):
        change(renamed, 1)
    entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "alarms.subscription_changed")).one()
    assert (entry.before, entry.after) == ({"name": "Night porter"}, {"name": "Gate"})


def test_who_is_switched_off_or_taken_out_gets_nothing_more(house, now):
    made, _secret = subscribe(house, now, webhook())
    number, actor = made.id, person(house, "manager")
    raised(house, now)
    service.change_subscription(
        subscription_id=number, version=1, wanted=webhook(is_active=False), may=NONE, actor=actor, now=now
    )
    (delivery,) = db.session.scalars(sa.select(Delivery))
    assert (delivery.state, delivery.error_code) == (DeliveryState.DROPPED, "no_receiver")
    for act in (
        lambda: service.send_test(subscription_id=number, request_id="1" * 36, actor=actor, now=now),
        lambda: service.send_again(delivery_id=delivery.id, actor=actor, now=now),
    ):
        with pytest.raises(rules.SubscriptionOff):
            act()
    with pytest.raises(rules.NoSuchDelivery):
        service.send_again(delivery_id=7, actor=actor, now=now)
    service.unsubscribe(subscription_id=number, actor=actor, now=now)
    row = db.session.get_one(Subscription, number)
    assert (row.target, row.secret, row.removed_at) == (None, None, now)
    with pytest.raises(rules.NoSuchSubscription):
        service.send_again(delivery_id=delivery.id, actor=actor, now=now)
    assert actions()[-1] == "alarms.unsubscribed"


def test_another_secret_is_told_once_and_letters_have_none(house, now):
    made, first = subscribe(house, now, webhook())
    second = service.renew_secret(subscription_id=made.id, actor=person(house, "manager"), now=now)
    assert second != first
    assert db.session.get_one(Subscription, made.id).secret == second
    letter, none = subscribe(house, now, wanted())
    assert none is None
    with pytest.raises(rules.NoSuchSubscription):
        service.renew_secret(subscription_id=letter.id, actor=person(house, "manager"), now=now)


@pytest.fixture
def manager(client):
    return client.log_in("manager")


def entered(**values) -> dict[str, object]:
    return {"version": "0", "name": "Gate", "kinds": ["tamper", "offline"], "floor_id": "", "is_active": "y"} | values


def test_a_webhook_is_entered_shown_its_secret_tried_and_removed(manager, house):
    assert "Nobody hears of alarms yet" in text_of(manager.get("/alarms/subscriptions"))
    new = "/alarms/subscriptions/new/webhook"
    manager.get(new)
    refused = manager.post(new, entered(target="http://127.0.0.1/", in_own_network="y"), status=422)
    assert "Only an administrator lets webhooks go into our own network." in text_of(refused)
    shown = manager.post(new, entered(target="https://example.org/hook?token=77"), status=200).text
    secret = re.search(r"whsec_[\w-]{40,}", shown)[0]
    page = manager.get("/alarms/subscriptions")
    assert "https://example.org/…" in page.text
    assert secret not in page.text
    assert "token=77" not in page.text
    number = queries.list_rows()[0].subscription.id
    one = f"/alarms/subscriptions/{number}"
    assert "No messages yet" in text_of(manager.get(one))
    request_id = re.search(r'name="request_id" value="([^"]+)"', manager.get(one).text)[1]
    for _ in range(2):
        assert manager.post(f"{one}/test", {"request_id": request_id}, status=303).location == one
    page = manager.get(one).text
    assert page.count('id="delivery-') == 1
    assert 'hx-trigger="every 3s"' in page
    manager.post(f"{one}/test", {"request_id": "nonsense"}, status=303)
    changed = entered(version="1", target="https://example.org/hook", kinds=["tamper"], name="Gatehouse")
    assert "Gate" in text_of(manager.get(f"{one}/change"))
    manager.post(f"{one}/change", changed | {"kinds": []}, status=422)
    manager.post(f"{one}/change", changed, status=303)
    manager.get(f"{one}/secret")
    assert "whsec_" in manager.post(f"{one}/secret", status=200).text
    with transaction() as session:
        session.execute(sa.update(Delivery).values(state=DeliveryState.FAILED, ended_at=Delivery.created_at))
    delivery = re.search(r"/alarms/deliveries/\d+/again", manager.get(one).text)[0]
    assert manager.post(delivery, status=303).location == one
    manager.post(delivery, status=409)
    manager.get(f"{one}/remove")
    manager.post(f"{one}/remove", status=303)
    manager.get(one, status=404)


def test_letters_are_entered_on_the_page_and_a_test_is_a_letter(manager, house):
    new = "/alarms/subscriptions/new/email"
    form = re.findall(r'name="kinds" value="(\w+)" checked', manager.get(new).text)
    assert set(form) == {kind.value for kind in AlarmKind} - {"low_battery"}
    text = entered(name="安保", target="a@example.org", language="zh", account_id="")
    manager.post(new, text | {"target": "nobody"}, status=422)
    manager.post(new, text, status=303)
    number = queries.list_rows()[0].subscription.id
    page = manager.get(f"/alarms/subscriptions/{number}").text
    request_id = re.search(r'name="request_id" value="([^"]+)"', page)[1]
    manager.post(f"/alarms/subscriptions/{number}/test", {"request_id": request_id}, status=303)
    assert [letter.title for letter in letters()] == ["报警测试"]
