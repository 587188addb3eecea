"""What empties an outbox begins, ends and begins anew with whoever owns that task."""

from __future__ import annotations

import threading

from pms.core.sender import OutboxSender
from tests.flows.desk import until


class Hand(OutboxSender):
    """Takes from a list; what it holds it keeps until it is let go."""

    def __init__(self) -> None:
        super().__init__("hand")
        self.waiting: list[str] = []
        self.sent: list[str] = []
        self.has_some = threading.Event()
        self.may_go = threading.Event()
        self.may_go.set()

    def send_one(self) -> bool:
        if not self.waiting:
            return False
        one = self.waiting.pop(0)
        self.has_some.set()
        assert self.may_go.wait(10)
        self.sent.append(one)
        if one == "bad":
            raise RuntimeError("the database is away")
        return True


def until_sent(hand: Hand, count: int) -> None:
    until(lambda: len(hand.sent) >= count)


def test_who_was_told_to_end_begins_anew_and_finishes_what_was_in_hand(app):
    hand = Hand()
    hand.may_go.clear()
    hand.waiting = ["first", "second"]
    hand.start()
    assert hand.has_some.wait(10)
    # Ownership goes and comes back while a letter is on its way.
    hand.stop(wait=False)
    hand.start()
    hand.may_go.set()
    until_sent(hand, 2)
    hand.stop()
    assert sorted(hand.sent) == ["first", "second"]
    assert [thread for thread in threading.enumerate() if thread.name.startswith("hand")] == []
    hand.waiting = ["third"]
    hand.start()
    until_sent(hand, 3)
    hand.stop()
    assert hand.sent[-1] == "third"


def test_a_fault_is_noted_and_the_next_thing_is_sent(app, caplog):
    hand = Hand()
    hand.waiting = ["bad", "good"]
    hand.start()
    until_sent(hand, 2)
    hand.stop()
    assert hand.sent == ["bad", "good"]
    assert "the hand had to begin again" in caplog.text
