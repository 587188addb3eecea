"""Whose fingerprints a page is about, and a capture as its page shows it: everything from rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import url_for

from pms.core.errors import NotFound
from pms.core.text import N_
from pms.credentials import queries
from pms.credentials.models import Fingerprint
from pms.encoders import answers
from pms.encoders import queries as encoders
from pms.encoders import rules as encoder_rules
from pms.encoders.models import EncoderState, JobState
from pms.slots import queries as slot_queries
from pms.slots.models import SlotState
from pms.stays.models import StayState

if TYPE_CHECKING:
    from pms.accounts.models import Account
    from pms.encoders.models import EncoderJob
    from pms.guests.models import Guest
    from pms.slots.models import Slot
    from pms.stays.models import Stay

_STEPS = {
    "put": N_("Put the finger on the machine"),
    "got": N_("Good"),
    "lift": N_("Lift the finger"),
    "poor": N_("That was not clear enough. Put the finger on once more, a little firmer"),
}


@dataclass(frozen=True, slots=True)
class Person:
    """Whose fingerprints, and what can be done about them."""

    name: str
    fingerprints: Sequence[Fingerprint]
    has_consent: bool
    can_take: bool
    guest_id: int | None = None
    stay_id: int | None = None
    account_id: int | None = None
    room_id: int | None = None
    # What else locks store for the stay.
    slots: Sequence[Slot] = ()

    @property
    def home(self) -> str:
        """The page that a dialog lies on."""
        if self.stay_id is not None:
            return url_for("stays.show", stay_id=self.stay_id)
        if self.guest_id is not None:
            return url_for("guests.show", guest_id=self.guest_id)
        return url_for("accounts.index")

    @property
    def new_url(self) -> str:
        """Where a fingerprint is taken."""
        if self.account_id is not None:
            return url_for("credentials.new_of_account", account_id=self.account_id)
        return url_for("credentials.new_of_stay", stay_id=self.stay_id)

    @property
    def agree_url(self) -> str:
        """Where the consent is noted."""
        if self.account_id is not None:
            return url_for("credentials.ask_account", account_id=self.account_id)
        return url_for("credentials.ask_guest", stay_id=self.stay_id)

    @property
    def withdraw_url(self) -> str:
        """Where the consent is withdrawn."""
        if self.account_id is not None:
            return url_for("credentials.withdraw_of_account", account_id=self.account_id)
        return url_for("credentials.withdraw_of_guest", guest_id=self.guest_id)


def of_stay(stay: Stay) -> Person:
    """The guest of a stay."""
    return Person(
        name=stay.guest.name,
        fingerprints=queries.of_stay(stay.id),
        has_consent=slot_queries.present_consent(guest_id=stay.guest_id, account_id=None) is not None,
        can_take=stay.state is StayState.IN_HOUSE,
        guest_id=stay.guest_id,
        stay_id=stay.id,
        room_id=stay.room_id,
        slots=slot_queries.of_stay(stay.id),
    )


def of_guest(guest: Guest, stays: Sequence[Stay]) -> Person:
    """A guest; a finger is taken for the stay that is going on."""
    present = next((stay for stay in stays if stay.state is StayState.IN_HOUSE), None)
    return Person(
        name=guest.name,
        fingerprints=queries.of_guest(guest.id),
        has_consent=slot_queries.present_consent(guest_id=guest.id, account_id=None) is not None,
        can_take=present is not None,
        guest_id=guest.id,
        stay_id=present.id if present else None,
        room_id=present.room_id if present else None,
    )


def of_account(account: Account) -> Person:
    """Somebody who works here."""
    return Person(
        name=account.display_name,
        fingerprints=queries.of_account(account.id),
        has_consent=slot_queries.present_consent(guest_id=None, account_id=account.id) is not None,
        can_take=account.is_active,
        account_id=account.id,
    )


def home_of(row: Fingerprint) -> str:
    """The page on which a fingerprint stands."""
    if row.stay_id is not None:
        return url_for("stays.show", stay_id=row.stay_id)
    return url_for("accounts.index")


@dataclass(frozen=True, slots=True)
class Capture:
    """A capture at one moment."""

    job: EncoderJob
    fingerprint: Fingerprint | None

    @property
    def state(self) -> str:
        """The job's state."""
        return self.job.state.value

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen."""
        return self.job.state.is_final

    @property
    def picture(self) -> str:
        """What the drawing of the machine shows."""
        if self.job.state is JobState.DONE:
            return "good"
        if self.job.encoder.state is EncoderState.OFFLINE and not self.is_final:
            return "offline"
        return {"waiting": "waiting", "queued": "idle", "cancelled": "idle"}.get(self.state, "bad")

    @property
    def step(self) -> dict[str, Any]:
        """The last step: stage, sample, samples, quality."""
        return self.job.result or {}

    @property
    def say(self) -> str:
        """The untranslated sentence for the person at the module."""
        return _STEPS.get(str(self.step.get("stage")), _STEPS["put"])

    @property
    def on_their_way(self) -> list[str]:
        """The doors that get it as soon as somebody is there."""
        return self._doors(SlotState.WAITING)

    @property
    def full(self) -> list[str]:
        """The doors whose lock has no room."""
        return self._doors(SlotState.REFUSED)

    def _doors(self, state: SlotState) -> list[str]:
        places = self.fingerprint.places if self.fingerprint is not None else []
        return [place.door.name for place in places if place.state is state and place.door is not None]

    @property
    def can_stop(self) -> bool:
        """Whether there is anything to stop."""
        return encoder_rules.can_cancel(self.job.state) and not self.job.is_cancel_requested

    @property
    def why(self) -> str:
        """The untranslated sentence about the end."""
        return answers.why(self.job)

    @property
    def home(self) -> str:
        """The page to go back to."""
        return home_of(self.fingerprint) if self.fingerprint is not None else url_for("accounts.index")

    @property
    def again_url(self) -> str:
        """Where another try begins."""
        row = self.fingerprint
        if row is not None and row.stay_id is not None:
            return url_for("credentials.new_of_stay", stay_id=row.stay_id)
        return url_for("credentials.new_of_account", account_id=row.account_id if row is not None else 0)

    @property
    def seen(self) -> str:
        """Changes whenever the page would look different."""
        step = self.step
        return f"{self.state}-{step.get('stage')}-{step.get('sample')}-{self.picture}-{int(self.can_stop)}"


def progress(batch_id: str) -> Capture:
    """The capture as it is; NotFound."""
    jobs = encoders.batch(batch_id)
    if not jobs:
        raise NotFound
    return Capture(jobs[0], queries.find_by_job(jobs[0].id))
