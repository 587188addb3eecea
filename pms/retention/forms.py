"""The shape of what browsers say about keeping data."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, IntegerField, RadioField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, NumberRange, Optional, Regexp

from pms.web.forms import Form


class RuleForm(Form):
    """How long guests' data are kept; `version` is what the page was opened with."""

    version = HiddenField(validators=[InputRequired(), Regexp(r"^\d{1,9}$")])
    keep = RadioField(
        _l("Guests’ data are kept"),
        choices=[
            SelectChoice("months", _l("until some months after the last departure")),
            SelectChoice("ever", _l("for ever")),
        ],
        validators=[InputRequired()],
    )
    months = IntegerField(_l("Months"), validators=[Optional(), NumberRange(1, 120)])

    def chosen(self) -> int | None:
        """The months, 0 where they are missing, None for ever."""
        return None if self.keep.data == "ever" else self.months.data or 0
