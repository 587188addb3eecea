"""What the pages, letters and programs are told about passcodes."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from babel.dates import format_skeleton
from flask import current_app
from flask_babel import format_date, get_locale, ngettext
from flask_babel import gettext as _

from pms.core.text import N_
from pms.locks.rules import utc_offset_quarters
from pms.mail.models import LetterState
from pms.passcodes.models import PasscodeKind
from pms.passcodes.rules import GUEST_KINDS, Clockwork, Life, span
from pms.protocol.passcode import Clear, Cyclic, Days, Hours, Nights, Pattern, Permanent, Permission, Single
from pms.slots import words as slot_words
from pms.slots.models import SlotState
from pms.web import filters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pms.passcodes.queries import PasscodeLine
    from pms.passcodes.rules import Choice

LIFE_WORDS: dict[Life, str] = {
    Life.COMING: N_("Opens later"),
    Life.OPENS: N_("Opens"),
    Life.STILL_OPENS: N_("Not wanted, still opens"),
    Life.BEING_REVOKED: N_("Clear code given out"),
    Life.TIME_OVER: N_("Time over"),
    Life.USED: N_("Used"),
    Life.REVOKED: N_("Dead, the door said so"),
    Life.WAITING: slot_words.STATE_WORDS[SlotState.WAITING],
    Life.REFUSED: slot_words.STATE_WORDS[SlotState.REFUSED],
    Life.NOT_SENT: slot_words.STATE_WORDS[SlotState.NOT_SENT],
}

LIFE_KINDS: dict[Life, str] = {
    Life.COMING: "info",
    Life.OPENS: "ok",
    Life.STILL_OPENS: "warn",
    Life.BEING_REVOKED: "warn",
    Life.TIME_OVER: "muted",
    Life.USED: "muted",
    Life.REVOKED: "muted",
    Life.WAITING: "info",
    Life.REFUSED: "bad",
    Life.NOT_SENT: "muted",
}

KIND_WORDS: dict[PasscodeKind, str] = {
    PasscodeKind.NIGHTS: N_("Guest passcode"),
    PasscodeKind.DAYS: N_("Guest passcode for a long stay"),
    PasscodeKind.HOURS: N_("Passcode for hours"),
    PasscodeKind.SINGLE: N_("Passcode for one opening"),
    PasscodeKind.PERMANENT: N_("Permanent passcode"),
    PasscodeKind.CYCLIC: N_("Passcode for certain days"),
    PasscodeKind.CLEAR: N_("Clear code"),
}

SHOWN_WORDS: dict[str, str] = {"alive": N_("Alive"), "ended": N_("Ended"), "all": N_("All")}

LETTER_WORDS: dict[LetterState, str] = {
    LetterState.QUEUED: N_("Waiting to be sent"),
    LetterState.SENDING: N_("Being sent"),
    LetterState.SENT: N_("Sent"),
    LetterState.FAILED: N_("Not sent"),
}
LETTER_KINDS: dict[LetterState, str] = {
    LetterState.QUEUED: "info",
    LetterState.SENDING: "info",
    LetterState.SENT: "ok",
    LetterState.FAILED: "bad",
}

PATTERN_WORDS: dict[int, str] = {
    Pattern.DAILY: N_("Every day"),
    Pattern.MONDAY_TO_FRIDAY: N_("Every weekday"),
    Pattern.SATURDAY_AND_SUNDAY: N_("Every Saturday and Sunday"),
    Pattern.MONDAY: N_("Every Monday"),
    Pattern.TUESDAY: N_("Every Tuesday"),
    Pattern.WEDNESDAY: N_("Every Wednesday"),
    Pattern.THURSDAY: N_("Every Thursday"),
    Pattern.FRIDAY: N_("Every Friday"),
    Pattern.SATURDAY: N_("Every Saturday"),
    Pattern.SUNDAY: N_("Every Sunday"),
}

HOW_TO_TYPE = N_("Type the ten digits at the door, then #.")

ACTIONS = {
    "passcodes.made": N_("Made a passcode: %(subject)s"),
    "passcodes.shown": N_("Looked at a passcode: %(subject)s"),
    "passcodes.clear_code_shown": N_("Made a clear code: %(subject)s"),
    "passcodes.moved_on": N_("Began new passcodes after a restore: %(subject)s"),
    "passcodes.ended": N_("Ended passcodes: %(subject)s"),
    "passcodes.reinstated": N_("Took the end of passcodes back: %(subject)s"),
    "passcodes.revoked": N_("The door has given up older passcodes: %(subject)s"),
    "passcodes.revoking": N_("Told the lock to revoke a permanent passcode: %(subject)s"),
    "passcodes.not_revoked": N_("The lock would not revoke a permanent passcode: %(subject)s"),
    "passcodes.added": N_("Wrote down a passcode that was made elsewhere: %(subject)s"),
    "passcodes.renamed": N_("Changed the name or note of a passcode: %(subject)s"),
    "passcodes.reckoned": N_("Passcodes end at another time, by the clock of the lock: %(subject)s"),
}
FIELDS = {
    "epoch": N_("Generation of passcodes"),
    "kind": N_("Kind"),
    "codes": N_("Passcodes"),
    "until": N_("Until"),
    "holder": N_("For whom"),
    "note": N_("Note"),
    "status": N_("The lock's word"),
}
VALUES = {"kind": {kind.value: text for kind, text in KIND_WORDS.items()}}


def does(permission: Permission, begins: datetime, ends: datetime | None, *, door: str) -> str:
    """What a code does, in one sentence."""
    match permission:
        case Permanent():
            return str(_("Opens until it is revoked."))
        case Cyclic():
            return _cyclic(permission)
        case Single():
            return str(_("Opens once, between %(start)s and %(end)s.", start=moment(begins), end=moment(ends)))
        case Clear():
            return str(
                _(
                    "Typed at the door until %(end)s, it ends all passcodes of %(door)s that were made before; it opens "
                    "nothing.",
                    door=door,
                    end=moment(ends),
                )
            )
    return str(_("From %(start)s to %(end)s.", start=filters.datetime_text(begins), end=filters.datetime_text(ends)))


def of(line: PasscodeLine) -> str:
    """What a code that exists does."""
    code = line.passcode
    return does(line.permission, code.valid_from, code.valid_until, door=code.door.name)


def of_choice(choice: Choice, *, door: str) -> str:
    """What a code will do."""
    return does(choice.permission, choice.valid_from, choice.valid_until, door=door)


def offer(choice: Choice) -> str:
    """A length that can be made, with its times."""
    return f"{_length(choice.permission)} · {does(choice.permission, choice.valid_from, choice.valid_until, door='')}"


def notes(permission: Permission, ends: datetime | None, clockwork: Clockwork) -> list[str]:
    """What else should be known of a code, beside its sentence."""
    found = []
    if isinstance(permission, Hours | Nights | Days | Cyclic):
        found.append(str(_("The lock allows 15 minutes before and after these times.")))
    if isinstance(permission, Days):
        found.append(
            str(_("For long stays: type it once within the first seven days; from then on it holds to its end."))
        )
    zone_quarters = utc_offset_quarters(ends, filters.house_zone()) if ends is not None else None
    if zone_quarters is not None and zone_quarters != clockwork.offset_quarters:
        found += _clock_note(permission, Clockwork(zone_quarters, clockwork.check_out_hour))
    return found


def ends_others(names: Sequence[str]) -> str:
    """Which codes end with the first use of a new one; nothing where none does."""
    if not names:
        return ""
    return str(
        ngettext(
            "Its first use ends one other passcode of this door: %(names)s.",
            "Its first use ends %(num)s other passcodes of this door: %(names)s.",
            len(names),
            names=", ".join(names),
        )
    )


def ends_all(names: Sequence[str]) -> str:
    """Which codes a clear code ends."""
    if not names:
        return str(_("No living passcode of this door is known, so it would end nothing."))
    return str(
        ngettext(
            "It ends one passcode: %(names)s.",
            "It ends %(num)s passcodes: %(names)s.",
            len(names),
            names=", ".join(names),
        )
    )


def whom(line: PasscodeLine) -> str:
    """Kind and holder, for lists of what ends."""
    kind = str(_(KIND_WORDS[line.passcode.kind]))
    return f"{line.holder} ({kind})" if line.holder else kind


def how_it_ends(line: PasscodeLine) -> str:
    """What is true of a code that nobody wants any more, or that is being revoked."""
    code = line.passcode
    if line.life is Life.BEING_REVOKED and code.kind is PasscodeKind.PERMANENT:
        return str(_("It opens until the lock has been told, or until somebody types a clear code at the door."))
    if line.opens_until is None:
        return str(_("It opens until the lock is told to revoke it, or somebody types a clear code at the door."))
    until = filters.datetime_text(line.opens_until)
    if line.life is Life.BEING_REVOKED:
        return str(_("It opens until somebody types the clear code at the door, at most until %(until)s.", until=until))
    if code.kind in GUEST_KINDS:
        return str(
            _(
                "The door does not know that it is not wanted: it opens until %(until)s, or until the next guest’s code is "
                "used there.",
                until=until,
            )
        )
    return str(
        _(
            "The door does not know that it is not wanted: it opens until %(until)s, or until somebody types a clear code "
            "there.",
            until=until,
        )
    )


def moment(at: datetime | None) -> str:
    """An instant near the present one: "14:00 today", "14:00 tomorrow", else with its date."""
    if at is None:
        return "–"
    days = (filters.local(at).date() - filters.local(current_app.config["NOW"]()).date()).days
    if days == 0:
        return str(_("%(time)s today", time=filters.time_text(at)))
    if days == 1:
        return str(_("%(time)s tomorrow", time=filters.time_text(at)))
    return filters.datetime_text(at)


def month_text(day: date) -> str:
    """A month with its year."""
    return str(format_skeleton("yMMMM", day, locale=get_locale()))


def _cyclic(permission: Cyclic) -> str:
    last = date(permission.last_year, permission.last_month, monthrange(permission.last_year, permission.last_month)[1])
    is_this_year = last.year == filters.local(current_app.config["NOW"]()).year
    end = permission.start_hour + permission.length
    to = f"{end:02d}:00" if end <= 24 else str(_("%(time)s of the next day", time=f"{end - 24:02d}:00"))
    return str(
        _(
            "%(days)s %(start)s–%(end)s until %(last)s.",
            days=_(PATTERN_WORDS[permission.pattern]),
            start=f"{permission.start_hour:02d}:00",
            end=to,
            last=format_skeleton("MMMMd", last, locale=get_locale()) if is_this_year else format_date(last, "long"),
        )
    )


def _length(permission: Permission) -> str:
    match permission:
        case Hours(_start, count):
            return str(ngettext("One hour", "%(num)s hours", count))
        case Nights(_start, count):
            return str(ngettext("One night", "%(num)s nights", count))
        case Days(_start, count):
            return str(ngettext("One day", "%(num)s days", count))
    return ""


def _clock_note(permission: Permission, told: Clockwork) -> list[str]:
    if isinstance(permission, Cyclic):
        return [
            str(
                _(
                    "The clocks change before its end: until the lock has been told, its hours are an hour off from then on."
                )
            )
        ]
    if isinstance(permission, Nights | Days):
        at = span(permission, told, datetime.fromtimestamp(permission.start, UTC))[1]
        return [
            str(
                _(
                    "The clocks change before its end: once the lock has been told, it ends on %(at)s.",
                    at=filters.datetime_text(at),
                )
            )
        ]
    return []
