"""What pages call commands, their states, and the answers of locks."""

from __future__ import annotations

from pms.core.text import N_
from pms.lock_commands.models import CommandState
from pms.protocol.command import AnswerStatus, Command

COMMANDS: dict[int, str] = {
    Command.ADD_USER: N_("Store a credential"),
    Command.MODIFY_USER: N_("Change a credential"),
    Command.DELETE_USER: N_("Delete a credential"),
    Command.LIST_USERS: N_("List what is stored"),
    Command.READ_SETTINGS: N_("Read the settings"),
    Command.WRITE_SETTINGS: N_("Change the settings"),
    Command.READ_RECORDS: N_("Fetch door records"),
    Command.OPERATE: N_("Operate the lock"),
    Command.INITIALISE: N_("Give it new keys"),
    Command.FORGET: N_("Forget everything"),
    Command.ASSOCIATE_MODULE: N_("Associate a 4G module"),
}
STATES: dict[CommandState, tuple[str, str]] = {
    CommandState.MADE: ("muted", N_("Waits for a carrier")),
    CommandState.SENT: ("info", N_("On its way")),
    CommandState.ANSWERED: ("ok", N_("Done")),
    CommandState.FAILED: ("bad", N_("The lock said no")),
    CommandState.EXPIRED: ("warn", N_("Too late")),
    CommandState.DROPPED: ("muted", N_("Taken back")),
}
STATUSES: dict[int, str] = {
    AnswerStatus.UNKNOWN_COMMAND: N_("it does not know the command"),
    AnswerStatus.BAD_TLV: N_("it does not take these values"),
    AnswerStatus.REFUSED: N_("it refuses"),
    AnswerStatus.FULL: N_("it is full"),
    AnswerStatus.NO_SUCH_ITEM: N_("it has nothing like this"),
    AnswerStatus.ALREADY_THERE: N_("it has this already"),
    AnswerStatus.BUSY: N_("it is busy"),
    AnswerStatus.NOT_BOUND: N_("it is not bound"),
    AnswerStatus.LOW_BATTERY: N_("its battery is too low"),
    AnswerStatus.TOO_LATE: N_("it came too late"),
}
