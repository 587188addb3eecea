"""A lost card: refuse this one, or make all again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LostWay(StrEnum):
    """What is done about a lost card."""

    DENY = "deny"  # its doors refuse this one; the party's others go on
    REPLACE = "replace"  # the number is raised: all cards of the party end and are made again


class LostReason(StrEnum):
    """Why one way is proposed."""

    ALL_ONLINE = "all_online"
    NOT_ONLINE = "not_online"
    NO_OTHERS = "no_others"
    LIST_FULL = "list_full"


@dataclass(frozen=True, slots=True)
class LostChoice:
    """The way that is proposed, why, and whether there is another one."""

    way: LostWay
    reason: LostReason
    can_deny: bool


def choose_lost_way(*, others: int, all_online: bool, has_room: bool) -> LostChoice:
    """A door that is reached at once refuses the one card now. One that must wait for somebody with a phone opens for it until
    then, while a card with a raised number ends it as soon as the guest uses it; and where no other card goes on, there is
    nothing to spare.
    """
    if not has_room:
        return LostChoice(LostWay.REPLACE, LostReason.LIST_FULL, can_deny=False)
    if not others:
        return LostChoice(LostWay.REPLACE, LostReason.NO_OTHERS, can_deny=True)
    if all_online:
        return LostChoice(LostWay.DENY, LostReason.ALL_ONLINE, can_deny=True)
    return LostChoice(LostWay.REPLACE, LostReason.NOT_ONLINE, can_deny=True)
