"""What jobs and their turns are called."""

from __future__ import annotations

from flask_babel import gettext as _

from pms.core.text import N_
from pms.turns.models import ScheduledJob, TurnState

STATE_WORDS: dict[TurnState, str] = {
    TurnState.ASKED: N_("Begins soon"),
    TurnState.RUNNING: N_("Running"),
    TurnState.DONE: N_("Done"),
    TurnState.FAILED: N_("Failed"),
    TurnState.INTERRUPTED: N_("Interrupted"),
}
STATE_KINDS: dict[TurnState, str] = {
    TurnState.ASKED: "info",
    TurnState.RUNNING: "info",
    TurnState.DONE: "ok",
    TurnState.FAILED: "bad",
    TurnState.INTERRUPTED: "warn",
}
# Jobs by the name under which the scheduler knows them: title, what it is for.
JOB_WORDS: dict[str, tuple[str, str]] = {
    "purge log-ins": (N_("Purge log-ins"), N_("Forgets log-ins and codes that ended long ago.")),
    "fingerprints past their date": (
        N_("Fingerprints past their date"),
        N_("Destroys fingerprints whose time is over, and takes them out of the locks."),
    ),
    "stored credentials past their date": (
        N_("Stored credentials past their date"),
        N_("Takes cards, codes and fingers whose time is over out of the locks."),
    ),
    "commands past their time": (
        N_("Commands past their time"),
        N_("Says of commands that no lock has answered in time that they will not happen any more."),
    ),
    "forget old letters": (N_("Forget old letters"), N_("Deletes sent letters and whom they went to.")),
    "passcodes past their end": (
        N_("Passcodes past their end"),
        N_("Brings the ends of passcodes in step with the locks’ clocks."),
    ),
    "records of the doors": (
        N_("Records of the doors"),
        N_("Asks the locks that can be reached for what they noted and have not told."),
    ),
    "clocks of the locks": (
        N_("Clocks of the locks"),
        N_("Sets clocks that are off, and tells the locks when summer time begins or ends."),
    ),
    "outage pack of the hour": (
        N_("Outage pack of the hour"),
        N_("Makes the file with which a desk goes on when the server is gone."),
    ),
    "watch batteries and ways to locks": (
        N_("Watch batteries and ways to locks"),
        N_("Raises alarms for low batteries, and for gateways, 4G modules and locks that keep silent; ends them too."),
    ),
    "forget old messages about alarms": (
        N_("Forget old messages about alarms"),
        N_("Deletes what was sent to webhooks more than 90 days ago."),
    ),
    "backup of the night": (
        N_("Backup of the night"),
        N_("Saves the whole database, reads the file back and compares it; puts old backups away."),
    ),
    "guests past their time": (
        N_("Guests past their time"),
        N_("Removes the data of guests who left long ago; nights, prices and records stay."),
    ),
    "check the audit trail": (
        N_("Check the audit trail"),
        N_("Verifies that nobody changed, cut or added to the record."),
    ),
    "check the door records": (
        N_("Check the door records"),
        N_("Verifies that every record of a door is as it came in, and that none was deleted or added."),
    ),
    "forget old turns of jobs": (N_("Forget old turns of jobs"), N_("Keeps the history of jobs for 90 days.")),
}
ACTIONS = {"turns.asked": N_("Asked for a job to run now: %(subject)s")}


def title(name: str) -> str:
    """The job's title; its name where it has none."""
    return JOB_WORDS[name][0] if name in JOB_WORDS else name


def purpose(name: str) -> str:
    """What the job is for, in a sentence."""
    return JOB_WORDS[name][1] if name in JOB_WORDS else ""


def rhythm(job: ScheduledJob) -> str:
    """How often it runs, in the reader's language."""
    if job.at_hour is not None:
        return str(_("Daily at %(time)s", time=f"{job.at_hour:02}:{job.at_minute:02}"))
    seconds = job.every_seconds or 0
    for unit, one, many in _UNITS:
        if seconds >= unit:
            return str(_(one) if seconds == unit else _(many, n=seconds // unit))
    return str(_("Every %(n)s seconds", n=seconds))


_UNITS = (
    (3600, N_("Every hour"), N_("Every %(n)s hours")),
    (60, N_("Every minute"), N_("Every %(n)s minutes")),
)
