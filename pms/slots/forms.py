"""The shapes of what is entered about slots."""

from __future__ import annotations

from datetime import UTC, datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateTimeLocalField, IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from pms.core.weeks import window
from pms.protocol.command import UserRole, WeekWindow
from pms.slots.models import SlotKind, SlotRole
from pms.slots.rules import MAX_CREDENTIAL_ID, MAX_NAME
from pms.web import filters
from pms.web.forms import Boxes, Form, choice_id, request_id_field

_TIME = {"type": "time"}
_LOCAL = "%Y-%m-%dT%H:%M"
_SECRET = {"autocomplete": "off", "spellcheck": "false"}


class ChangeForm(Form):
    """What a slot opens, when, and for whom."""

    name = StringField(_l("For whom or what"), validators=[InputRequired(), Length(max=MAX_NAME)])
    # The page has a part of this name already, where the dialog is a page of its own.
    content = StringField(
        _l("Digits of the code, or number of the card or remote control"), id="stored-content", render_kw=_SECRET
    )
    valid_from = DateTimeLocalField(_l("From"), format=_LOCAL, validators=[Optional()])
    valid_until = DateTimeLocalField(_l("Until"), format=_LOCAL, validators=[Optional()])
    weekdays = Boxes(_l("Days"), coerce=int, validate_choice=False)
    start = StringField(_l("From"), validators=[Length(max=5)], render_kw=_TIME)
    end = StringField(_l("To"), validators=[Length(max=5)], render_kw=_TIME)
    role = SelectField(_l("Role in the lock"))
    request_id = request_id_field()

    def span(self) -> tuple[datetime | None, datetime | None]:
        """From when until when, by the clocks of the house."""
        return _instant(self.valid_from.data), _instant(self.valid_until.data)

    def window(self) -> WeekWindow:
        """Days and hours. BadWeekdays, BadTime."""
        chosen = window(self.weekdays.data or [], self.start.data or "", self.end.data or "")
        return WeekWindow(chosen.weekdays, chosen.start, chosen.end)

    def chosen_role(self) -> UserRole:
        """The role."""
        return SlotRole(self.role.data).wire


class StoreForm(ChangeForm):
    """Something to be stored in a lock."""

    kind = SelectField(_l("Kind"))
    stay_id = SelectField(_l("Whose"), coerce=choice_id)

    def chosen_kind(self) -> SlotKind:
        """The kind."""
        return SlotKind(self.kind.data)


class ReportForm(StoreForm):
    """Something that is in a lock already."""

    slot = IntegerField(_l("Slot"), validators=[InputRequired()])
    credential_id = StringField(
        _l("Number in the lock's records"),
        validators=[InputRequired()],
        render_kw={"inputmode": "numeric", "autocomplete": "off"},
    )

    def validate_credential_id(self, field: StringField) -> None:
        """Four bytes hold it."""
        text = field.data or ""
        if not (text.isascii() and text.isdecimal() and len(text) <= 10 and int(text) <= MAX_CREDENTIAL_ID):
            raise ValidationError(_("A number from 0 to %(most)s.", most=MAX_CREDENTIAL_ID))

    def chosen_id(self) -> int:
        """The number."""
        return int(self.credential_id.data or "0")


def _instant(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(tzinfo=filters.house_zone()).astimezone(UTC)
