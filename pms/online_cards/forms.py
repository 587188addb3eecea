"""The shape of the form that asks for a card."""

from __future__ import annotations

from datetime import UTC, datetime

from flask_babel import lazy_gettext as _l
from wtforms import DateTimeLocalField, StringField
from wtforms.validators import InputRequired, Length, Optional

from pms.keycards.forms import MachineChoice
from pms.web import filters


class OnlineCardForm(MachineChoice):
    """Whose card, and when it opens."""

    name = StringField(
        _l("Whose card, or what it is for"), validators=[InputRequired(_l("Say whose card it is.")), Length(max=80)]
    )
    valid_from = DateTimeLocalField(_l("From"), validators=[Optional()], format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
    valid_until = DateTimeLocalField(
        _l("Until"), validators=[Optional()], format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
    )


def instant(wall: datetime | None) -> datetime | None:
    """What the house's clocks show, as an instant."""
    return wall.replace(tzinfo=filters.house_zone()).astimezone(UTC) if wall is not None else None
