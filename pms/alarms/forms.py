"""What browsers send to the pages of alarms: shapes only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length, Regexp

from pms.accounts.models import Language
from pms.alarms.models import AlarmKind, Channel
from pms.alarms.queries import Filters
from pms.alarms.service import Wanted
from pms.alarms.words import KIND_WORDS, STATE_WORDS
from pms.core.ids import read_id
from pms.web.forms import Form, choice_id, choices, request_id_field
from pms.web.i18n import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLAIN = {"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}


class AcknowledgeForm(Form):
    """What somebody found or did."""

    note = StringField(_l("What you found or did"), validators=[Length(max=500)], render_kw={"autocomplete": "off"})


class _SubscriptionForm(Form):
    version = HiddenField(validators=[InputRequired(), Regexp(r"^\d{1,9}$")])
    name = StringField(_l("Who or what this is"), validators=[InputRequired(), Length(max=80)])
    kinds = SelectMultipleField(
        _l("Alarms"), choices=choices((kind.value, _l(word)) for kind, word in KIND_WORDS.items())
    )
    floor_id = SelectField(_l("Doors"), coerce=choice_id)
    is_active = BooleanField(_l("Active"))

    def common(self) -> dict[str, Any]:
        """What both kinds of subscriptions say."""
        return {
            "name": self.name.data or "",
            "kinds": tuple(AlarmKind(value) for value in self.kinds.data or ()),
            "floor_id": self.floor_id.data,
            "is_active": bool(self.is_active.data),
        }


class EmailForm(_SubscriptionForm):
    """Letters to somebody of the staff, or to any address."""

    account_id = SelectField(_l("Somebody of the staff"), coerce=choice_id)
    target = StringField(
        _l("Or another address"), validators=[Length(max=160)], render_kw={"type": "email", "autocomplete": "off"}
    )
    language = SelectField(_l("Language"), choices=choices(LANGUAGES.items()))

    def wanted(self) -> Wanted:
        """What was entered, as the service takes it."""
        return Wanted(
            channel=Channel.EMAIL,
            account_id=self.account_id.data,
            target=self.target.data or "",
            language=Language(self.language.data),
            **self.common(),
        )


class WebhookForm(_SubscriptionForm):
    """Messages to a program."""

    target = StringField(
        _l("Address (URL)"), validators=[InputRequired(), Length(max=500)], render_kw={**_PLAIN, "inputmode": "url"}
    )
    in_own_network = BooleanField(_l("In our own network"))

    def wanted(self) -> Wanted:
        """What was entered, as the service takes it."""
        return Wanted(
            channel=Channel.WEBHOOK,
            target=self.target.data or "",
            in_own_network=bool(self.in_own_network.data),
            **self.common(),
        )


class TrialForm(Form):
    """One test, however often the button is pressed."""

    request_id = request_id_field()


@dataclass(frozen=True, slots=True)
class Asked:
    """What the list was asked for; anything that makes no sense is left out rather than refused."""

    state: str
    kind: AlarmKind | None
    door_id: int | None

    def as_query(self, **more: object) -> dict[str, str]:
        """The filters as an address carries them."""
        values = {
            "state": self.state if self.state != "open" else "",
            "kind": self.kind.value if self.kind is not None else "",
            "door": str(self.door_id or ""),
            **{name: str(value or "") for name, value in more.items()},
        }
        return {name: value for name, value in values.items() if value}

    def filters(self, *, with_discreet: bool) -> Filters:
        """As the queries take them."""
        state = "" if self.state == EVERYTHING else self.state
        return Filters(state, self.kind, self.door_id, with_discreet)


EVERYTHING = "all"


def read_asked(values: Mapping[str, str]) -> Asked:
    """The filters of a query string; without any, what is open."""
    state, kind = values.get("state", ""), values.get("kind", "")
    return Asked(
        state=state if state in STATE_WORDS else "open",
        kind=AlarmKind(kind) if kind in {one.value for one in AlarmKind} else None,
        door_id=read_id(values.get("door")),
    )
