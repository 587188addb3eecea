"""Commands are queued, made into frames when a carrier is at the lock, and settled by the lock's answer: behind one import."""

from __future__ import annotations

from pms.lock_commands.service.queueing import cancel, drop, end, give_up, queue, withdraw
from pms.lock_commands.service.sending import Outgoing, claim, make_due, next_command, next_frame, send_soon
from pms.lock_commands.service.settling import Settled, expire_of_lock, expire_overdue, take_answer

__all__ = [
    "Outgoing",
    "Settled",
    "cancel",
    "claim",
    "drop",
    "end",
    "expire_of_lock",
    "expire_overdue",
    "give_up",
    "make_due",
    "next_command",
    "next_frame",
    "queue",
    "send_soon",
    "take_answer",
    "withdraw",
]
