"""The shapes of what is entered about passcodes. Every form carries an id, so that a double click makes one code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import DateTimeLocalField, HiddenField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from pms.core.ids import read_id
from pms.passcodes import rules, service
from pms.passcodes.words import PATTERN_WORDS
from pms.web.filters import house_zone, local
from pms.web.forms import Form, choice_id, choices, request_id_field
from pms.web.i18n import LANGUAGES

TIMED, SINGLE, PERMANENT, CYCLIC, CLEAR = "timed", "single", "permanent", "cyclic", "clear"
_DOOR = _l("Choose a door.")


class Moment(DateTimeLocalField):
    """An instant, entered on the clocks of the house."""

    def instant(self) -> datetime | None:
        """What was entered, in UTC."""
        return None if self.data is None else self.data.replace(tzinfo=house_zone()).astimezone(UTC)

    def put(self, at: datetime) -> None:
        """Show an instant."""
        self.data = local(at).replace(tzinfo=None)
        self.raw_data = [f"{self.data:%Y-%m-%dT%H:%M}"]

    def post_validate(self, form: Any, validation_stopped: bool) -> None:  # noqa: ARG002 - WTForms' signature
        """An hour that the clocks skip in spring does not exist."""
        at = self.instant()
        if at is not None and local(at).replace(tzinfo=None) != self.data:
            raise ValidationError(_l("There is no such time: the clocks are put forward then."))


class PasscodeForm(Form):
    """Make or revoke."""

    request_id = request_id_field()


class ClearForm(PasscodeForm):
    """A door whose codes are all to end."""

    door_id = SelectField(
        _l("Door"), coerce=choice_id, validate_choice=False, validators=[InputRequired(message=_DOOR)]
    )


class WhomForm(ClearForm):
    """Whom a code is for."""

    stay_id = HiddenField()
    password_name = StringField(_l("For whom"), validators=[Length(max=rules.MAX_NAME)])
    note = StringField(_l("Note"), validators=[Length(max=rules.MAX_NOTE)])

    @property
    def stay(self) -> int | None:
        """The stay whose guest it is for."""
        return read_id(self.stay_id.data)

    def holder(self) -> service.Holder:
        """What was entered."""
        return service.Holder(self.stay, self.password_name.data or "", self.note.data or "")


class PermanentForm(WhomForm):
    """Until it is revoked."""

    def chooser(self, now: datetime) -> service.Chooser:
        """How the code is made."""
        return service.permanent(now=now)


class SingleForm(WhomForm):
    """One opening."""

    start_time = Moment(_l("From"), validators=[Optional()])

    def chooser(self, now: datetime) -> service.Chooser:
        """How the code is made."""
        return service.single(start=self.start_time.instant(), now=now)


class TimedForm(WhomForm):
    """From when until when."""

    start_time = Moment(_l("From"), validators=[InputRequired()])
    end_time = Moment(_l("Until"), validators=[InputRequired()])
    unit = SelectField(
        _l("Counted in"),
        choices=choices(
            [("", _l("what fits")), ("hours", _l("hours")), ("nights", _l("nights")), ("days", _l("days"))]
        ),
    )

    def chooser(self, now: datetime) -> service.Chooser:
        """How the code is made."""
        start, until = self.start_time.instant() or now, self.end_time.instant() or now
        kinds = rules.kinds_for(self.unit.data or None, is_guest=self.stay is not None)
        return service.timed(start=start, until=until, kinds=kinds, now=now)

    def take(self, offer: str) -> None:
        """Put an offer into the fields: "unit start end", the instants in Unix seconds."""
        unit, _space, times = offer.partition(" ")
        start, _space, end = times.partition(" ")
        if unit in ("hours", "nights", "days") and all(one.isdecimal() and len(one) < 11 for one in (start, end)):
            self.unit.data = unit
            self.start_time.put(datetime.fromtimestamp(int(start), UTC))
            self.end_time.put(datetime.fromtimestamp(int(end), UTC))


class _Cycle:
    """Which days, which hours, how long."""

    pattern = SelectField(
        _l("Days"), coerce=int, choices=choices((int(key), _l(text)) for key, text in PATTERN_WORDS.items())
    )
    start_hour = SelectField(
        _l("From"), coerce=int, choices=choices((hour, f"{hour:02d}:00") for hour in range(24)), default=9
    )
    hours = SelectField(
        _l("Hours"), coerce=int, choices=choices((hours, str(hours)) for hours in range(1, 25)), default=2
    )
    last_month = SelectField(_l("Through the end of"), validate_choice=False)


class CyclicForm(_Cycle, WhomForm):
    """Certain days of the week."""

    def chooser(self, now: datetime) -> service.Chooser:
        """How the code is made."""
        return service.cyclic(
            pattern=self.pattern.data,
            start_hour=self.start_hour.data,
            hours=self.hours.data,
            last_month=read_month(self.last_month.data),
            now=now,
        )

    def validate_last_month(self, field: Any) -> None:
        """One of the list."""
        read_month(field.data)


MAKING: dict[str, type[ClearForm]] = {
    TIMED: TimedForm,
    SINGLE: SingleForm,
    CYCLIC: CyclicForm,
    PERMANENT: PermanentForm,
    CLEAR: ClearForm,
}


class AddForm(WhomForm):
    """Digits that were made elsewhere."""

    password = StringField(
        _l("Ten digits"),
        validators=[InputRequired()],
        filters=[lambda text: "".join((text or "").split()).rstrip("#")],
        render_kw={"inputmode": "numeric", "autocomplete": "off"},
    )


class RenameForm(PasscodeForm):
    """A code whose times cannot be other."""

    password_name = StringField(_l("For whom"), validators=[Length(max=rules.MAX_NAME)])
    note = StringField(_l("Note"), validators=[Length(max=rules.MAX_NOTE)])

    def times(self, _line: Any) -> service.Times:
        """Nothing."""
        return service.Times()


class ChangeTimedForm(RenameForm):
    """Another end."""

    end_time = Moment(_l("Until"), validators=[InputRequired()])

    def times(self, line: Any) -> service.Times:
        """The end, if it is another."""
        until = self.end_time.instant()
        return service.Times(until=until if until != line.passcode.valid_until else None)


class ChangeCyclicForm(_Cycle, RenameForm):
    """Other days or hours."""

    def validate_last_month(self, field: Any) -> None:
        """One of the list."""
        read_month(field.data)

    def times(self, line: Any) -> service.Times:
        """What is other."""
        old, month = line.permission, read_month(self.last_month.data)
        same = (old.pattern, old.start_hour, old.length, old.last_year, old.last_month)
        if same == (self.pattern.data, self.start_hour.data, self.hours.data, month.year, month.month):
            return service.Times()
        return service.Times(
            pattern=self.pattern.data, start_hour=self.start_hour.data, hours=self.hours.data, last_month=month
        )


class MailForm(PasscodeForm):
    """To whom, in which language."""

    recipient = StringField(
        _l("E-mail address"), validators=[InputRequired(), Length(max=160)], render_kw={"type": "email"}
    )
    language = SelectField(_l("Language"), choices=choices(LANGUAGES.items()))


def read_month(text: str | None) -> Any:
    """The first day of a month such as 2026-07; ValidationError for anything else."""
    try:
        return datetime.strptime(text or "", "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        raise ValidationError(_l("Choose a month.")) from None


def first_end(start: datetime) -> datetime:
    """What the field says before anybody has typed: two hours."""
    return rules.full_hour(start) + timedelta(hours=2)
