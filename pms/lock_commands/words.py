"""What the pages say of commands, and the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _

from pms.core.text import N_
from pms.lock_commands import clock_queries, operate
from pms.lock_commands.models import CommandState
from pms.lock_commands.queries import OPEN
from pms.lock_commands.rules import Deed
from pms.protocol.command import AnswerStatus, Command
from pms.web.filters import datetime_text

if TYPE_CHECKING:
    from datetime import datetime

    from pms.gateways.queries import Way
    from pms.lock_commands.models import LockCommand

DEEDS: dict[Deed, str] = {
    Deed.UNLOCK: N_("Open the door"),
    Deed.LOCK: N_("Lock the door"),
    Deed.PASSAGE_ON: N_("Leave the door open (passage mode on)"),
    Deed.PASSAGE_OFF: N_("Let the door lock again (passage mode off)"),
    Deed.SET_CLOCK: N_("Set the clock of the lock"),
    Deed.RESTART: N_("Restart the lock"),
    Deed.SELF_TEST: N_("Have the lock test itself"),
    Deed.SILENCE_ALARM: N_("Silence the alarm"),
}
# What will happen, and to whom, before somebody says yes.
CONSEQUENCES: dict[Deed, str] = {
    Deed.UNLOCK: N_("The door opens once, for whoever stands before it. It does so within a minute or not at all."),
    Deed.LOCK: N_("The door locks, also if it was in passage mode. From inside it opens as always."),
    Deed.PASSAGE_ON: N_("The door stays open for everybody until passage mode is turned off."),
    Deed.PASSAGE_OFF: N_("The door locks again; keys open it as before."),
    Deed.SET_CLOCK: N_("The lock takes the server's time. Passcodes and cards are judged by it from then on."),
    Deed.RESTART: N_("The lock starts anew; for some seconds no key opens it."),
    Deed.SELF_TEST: N_("The lock checks itself and answers whether all is well. The door does not move."),
    Deed.SILENCE_ALARM: N_("The lock stops sounding. Its record of the alarm stays."),
}
COMMANDS: dict[int, str] = {
    Command.ADD_USER: N_("Store in the lock"),
    Command.MODIFY_USER: N_("Change what the lock stores"),
    Command.DELETE_USER: N_("Remove from the lock"),
    Command.LIST_USERS: N_("List what the lock stores"),
    Command.READ_SETTINGS: N_("Read the settings"),
    Command.WRITE_SETTINGS: N_("Change the settings"),
    Command.READ_RECORDS: N_("Fetch records"),
    Command.OPERATE: N_("Do something"),
    Command.INITIALISE: N_("Set the lock up"),
    Command.FORGET: N_("Let it forget everything"),
    Command.ASSOCIATE_MODULE: N_("Take a 4G module"),
}
STATES: dict[CommandState, tuple[str, str]] = {
    CommandState.MADE: ("muted", N_("Waits")),
    CommandState.SENT: ("info", N_("On its way")),
    CommandState.ANSWERED: ("ok", N_("Done")),
    CommandState.FAILED: ("bad", N_("Refused")),
    CommandState.EXPIRED: ("warn", N_("Expired")),
    CommandState.DROPPED: ("muted", N_("Cancelled")),
}
STATUSES: dict[int, str] = {
    AnswerStatus.UNKNOWN_COMMAND: N_("The lock does not know this command."),
    AnswerStatus.BAD_TLV: N_("The lock could not read the command."),
    AnswerStatus.REFUSED: N_("The lock refused it. If its clock is lost, set the clock first."),
    AnswerStatus.FULL: N_("The lock has no room for more."),
    AnswerStatus.NO_SUCH_ITEM: N_("The lock has no such thing."),
    AnswerStatus.ALREADY_THERE: N_("The lock has it already."),
    AnswerStatus.BUSY: N_("The lock is busy."),
    AnswerStatus.NOT_BOUND: N_("The lock is not bound to this house any more."),
    AnswerStatus.LOW_BATTERY: N_("The battery of the lock is too low for it."),
    AnswerStatus.TOO_LATE: N_("It came too late; the lock did nothing."),
}
SHOW: dict[str, str] = {
    "": N_("Everything"),
    "open": N_("Waiting or on its way"),
    "done": N_("Done"),
    "failed": N_("Refused, expired or cancelled"),
}

ACTIONS = {
    "commands.operated": N_("Told the lock to do something: %(subject)s"),
    "commands.cancelled": N_("Cancelled a command for the lock %(subject)s"),
}
FIELDS = {"deed": N_("What"), "command": N_("Command")}
VALUES = {"deed": {deed.value: text for deed, text in DEEDS.items()}}


def state_of(command: LockCommand, now: datetime) -> tuple[str, str]:
    """The badge of a command: its kind and its untranslated word.

    What is late is noted when somebody comes for it; until then it is called late all the same.
    """
    is_late = command.state in OPEN and command.expires_at is not None and command.expires_at <= now
    return STATES[CommandState.EXPIRED if is_late else command.state]


def title(command: LockCommand) -> str:
    """What was asked for, in the reader's language."""
    deed = Deed.SET_CLOCK if command.subject_kind == clock_queries.SUBJECT else operate.deed_of(command)
    text = DEEDS[deed] if deed is not None else COMMANDS.get(command.command, N_("Command"))
    return str(_(text))


def sentence(command: LockCommand, *, way: Way | None) -> str:
    """What became of it, or what it waits for; `way` is how its lock is reached."""
    is_unlock = operate.deed_of(command) is Deed.UNLOCK
    if command.state is CommandState.FAILED:
        return str(_(STATUSES.get(command.status or 0, N_("The lock refused it."))))
    if command.state is CommandState.ANSWERED and is_unlock:
        return str(_("The door is open."))
    if command.sent_at is not None and command.state in _SENT_SENTENCES:
        return str(
            _(_NOT_OPENED if is_unlock and command.state is CommandState.EXPIRED else _SENT_SENTENCES[command.state])
        )
    if command.state in _SENTENCES:
        return str(_(_SENTENCES[command.state]))
    return _underway(command, way, is_unlock=is_unlock)


def _underway(command: LockCommand, way: Way | None, *, is_unlock: bool) -> str:
    if way is not None and way.is_online:
        if is_unlock:
            return str(_("Opening the door through %(way)s …", way=way.name))
        return str(_("%(way)s brings it to the lock. The lock has not answered yet.", way=way.name))
    if command.state is CommandState.SENT:
        return str(_("It is on its way. The lock has not answered yet."))
    if way is not None and way.offline_since is not None:
        return str(
            _(
                "It waits for %(way)s, offline since %(since)s, or for somebody with a phone at the lock.",
                way=way.name,
                since=datetime_text(way.offline_since),
            )
        )
    return str(_("It waits for somebody at the lock, with a phone."))


_SENTENCES: dict[CommandState, str] = {
    CommandState.ANSWERED: N_("The lock has done it."),
    CommandState.EXPIRED: N_("Nobody brought it to the lock in time, so it will not happen any more."),
    CommandState.DROPPED: N_("It was cancelled, or is not wanted any more. The lock has not heard of it."),
}
# Once a frame was made: the lock may have got it.
_SENT_SENTENCES: dict[CommandState, str] = {
    CommandState.EXPIRED: N_("The lock did not answer in time. If it has not done it, it will not do it any more."),
    CommandState.DROPPED: N_("It is not wanted any more, so it is not sent again. The lock may have done it before."),
}
_NOT_OPENED = N_("The door did not answer in time. If it has not opened, it will not open any more.")
