"""Topics and states of carriers, there and back; what is none of ours is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pms.protocol.errors import MalformedError
from pms.protocol.topics import (
    CarrierName,
    CarrierSort,
    CarrierState,
    FrameTopic,
    StateTopic,
    Way,
    check_prefix,
    parse_topic,
)

GATEWAY = CarrierName(CarrierSort.GATEWAY, "5A0C4E1B2D90")
MODULE = CarrierName(CarrierSort.MODULE, "861230045678904")


@pytest.mark.parametrize(
    ("topic", "text"),
    [
        (StateTopic(GATEWAY), "latchkey/gateways/5A0C4E1B2D90/state"),
        (FrameTopic(GATEWAY, "0102030405AB", Way.UP), "latchkey/gateways/5A0C4E1B2D90/0102030405AB/up"),
        (FrameTopic(MODULE, "0102030405AB", Way.DOWN), "latchkey/modules/861230045678904/0102030405AB/down"),
        (StateTopic(MODULE), "latchkey/modules/861230045678904/state"),
    ],
)
def test_topics_there_and_back(topic, text):
    assert topic.text() == text
    assert parse_topic(text) == topic
    assert parse_topic(topic.text("house/north"), "house/north") == topic


@pytest.mark.parametrize(
    "text",
    [
        "latchkey",
        "latchkey/gateways",
        "latchkey/gateways/5A0C4E1B2D90",
        "latchkey/gateways/5a0c4e1b2d90/state",
        "latchkey/gateways/861230045678904/state",
        "latchkey/modules/5A0C4E1B2D90/state",
        "latchkey/phones/5A0C4E1B2D90/state",
        "latchkey/gateways/5A0C4E1B2D90/0102030405AB/sideways",
        "latchkey/gateways/5A0C4E1B2D90/0102030405AB/up/more",
        "latchkey/gateways/5A0C4E1B2D90/+/up",
        "latchkeys/gateways/5A0C4E1B2D90/state",
    ],
)
def test_what_is_no_topic_of_ours_is_refused(text):
    with pytest.raises(MalformedError):
        parse_topic(text)


@given(st.text(max_size=60))
def test_any_text_is_a_topic_or_refused(text):
    try:
        topic = parse_topic(f"latchkey/{text}")
    except MalformedError:
        return
    assert parse_topic(topic.text()) == topic


def test_states_there_and_back():
    for state in (CarrierState(is_online=False), CarrierState(is_online=True, firmware="2.1", sim="460001234567890")):
        assert CarrierState.decode(state.encode()) == state
    assert CarrierState.decode(b'{"online":true,"later":[1]}') == CarrierState(is_online=True)


@pytest.mark.parametrize(
    "data",
    [b"", b"online", b"[]", b'{"online":1}', b'{"online":true,"sim":5}', b"[" * 400, b'{"online":true}' + b" " * 600],
)
def test_what_is_no_state_is_refused(data):
    with pytest.raises(MalformedError):
        CarrierState.decode(data)


def test_prefixes():
    assert check_prefix("chain/house_2") == "chain/house_2"
    for bad in ("", "/a", "a/", "a/+/b", "#", "a/b/c/d/e"):
        with pytest.raises(MalformedError):
            check_prefix(bad)
