"""What the chart says about a move: what is different, who changed it meanwhile, what can be undone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from flask_babel import gettext as _

from pms.rooms import queries as rooms
from pms.stays import queries as stays
from pms.stays.rules import STEP_WORDS
from pms.web import filters

if TYPE_CHECKING:
    from pms.stays.models import Stay, StayStep


@dataclass(frozen=True, slots=True)
class Undoable:
    """A step that was just made, in words, and what takes it back."""

    stay_id: int
    step_id: int
    text: str


def what_changed(stay_id: int) -> str:
    """Who changed the stay since it was looked at, what they did and when; the chart shows it by now."""
    step = next(iter(stays.list_steps(stay_id)), None)
    if step is None:
        return str(_("Somebody else changed this a moment ago. Look at it again, then repeat your change."))
    if step.undone_at is not None:
        word = _(STEP_WORDS[step.kind])
        return str(
            _("“%(what)s” was undone at %(at)s. The chart shows it.", what=word, at=filters.time_text(step.undone_at))
        )
    what = told(step, stays.get_stay(stay_id))
    at = filters.time_text(step.at)
    return str(
        _(
            "%(who)s changed this stay at %(at)s: %(what)s. The chart shows it; repeat your change if it is still wanted.",
            who=step.actor_name,
            at=at,
            what=what,
        )
    )


def told(step: StayStep, stay: Stay) -> str:
    """What a step changed, for a stay that it was the last step of: rooms and dates, else the name of the step."""
    before = step.before or {}
    parts = []
    if before and before["room_id"] != stay.room_id:
        old = rooms.find_room(before["room_id"]) if before["room_id"] else None
        parts.append(f"{old.number if old else '–'} → {stay.room.number if stay.room else '–'}")
    for name, now in (("arrival_date", stay.arrival_date), ("departure_date", stay.departure_date)):
        if before and (was := date.fromisoformat(before[name])) != now:
            parts.append(f"{filters.day_text(was)} → {filters.day_text(now)}")
    return ", ".join(parts) or str(_(STEP_WORDS[step.kind]))


def undoable(stay_id: int, step_id: int) -> Undoable | None:
    """The step in words, as long as it is the stay's last one."""
    step = stays.last_step(stay_id)
    if step is None or step.id != step_id:
        return None
    stay = stays.get_stay(stay_id)
    return Undoable(stay_id, step_id, f"{stay.guest.name}: {told(step, stay)}")


def words() -> dict[str, str]:
    """What the page says by itself while somebody moves on it; names in braces are filled in there."""
    return {
        "free": _("{room}, {from}, free"),
        "nights": _("{room}, {from} to {until}, nights: {count}. Enter books."),
        "past": _("The stay of {guest} cannot be moved any more."),
        "fixed": _("{guest} must stay in this room."),
        "here": _("{guest} is here already: only the room and the departure can change."),
        "taken": _("{room} is taken: {guest}, {from} to {until}."),
        "closed": _("{from} to {until}: {reason}."),
        "broken": _("{room} is out of order."),
        "picked": _("{guest} is picked up. Arrows move, Enter drops, Esc puts back."),
        "at": _("{room}, {from} to {until}"),
        "back": _("Put back."),
        "changed": _("{guest} was changed by somebody else meanwhile. Look at it again."),
        "choose": _("{guest}: rooms that fit: {count}. Choose one with the arrows and Enter, or click it."),
        "nothing": _("No room fits {guest} on all nights. Any other room can still be chosen with a click."),
    }
