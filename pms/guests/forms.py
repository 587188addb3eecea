"""Input of guests' particulars; the same fields serve the guest's page and the desk's dialogs."""

from __future__ import annotations

from functools import cache
from typing import Any

from babel.core import Locale
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, HiddenField, IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import HiddenInput

from pms.core.ids import read_id
from pms.guests.rules import DOCUMENT_KINDS, GuestFields
from pms.web.forms import Form, choices

# Codes that Babel knows but no passport bears: unions, pseudo-languages, parts of other countries.
_NO_COUNTRIES = {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}


@cache
def countries(language: str) -> list[tuple[str, str]]:
    """ISO 3166 codes with the countries' names in that language, by name."""
    names = {str(code): str(name) for code, name in Locale.parse(language).territories.items()}
    rows = [
        (name, code) for code, name in names.items() if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES
    ]
    return [(code, name) for name, code in sorted(rows)]


def countries_here() -> list[tuple[str, str]]:
    """Codes and names of countries in the reader's language."""
    return countries(_language())


def country_name(code: str) -> str:
    """The country in the reader's language; the code itself where it is not known."""
    return dict(countries(_language())).get(code, code)


def _language() -> str:
    locale = get_locale()
    return str(locale) if locale else "en"


class GuestForm(Form):
    """A new guest. The names are those of `GuestFields`."""

    family_name = StringField(
        _l("Family name"),
        validators=[InputRequired(_l("Enter a family name.")), Length(max=80)],
        render_kw={"autocomplete": "off"},
    )
    given_name = StringField(_l("Given name"), validators=[Length(max=80)], render_kw={"autocomplete": "off"})
    phone = StringField(_l("Telephone"), validators=[Length(max=40)], render_kw={"autocomplete": "off", "type": "tel"})
    email = StringField(_l("Mail"), validators=[Length(max=120)], render_kw={"autocomplete": "off", "type": "email"})
    nationality = SelectField(_l("Nationality"), validators=[Optional()])
    birth_date = DateField(_l("Date of birth"), validators=[Optional()])
    document_kind = SelectField(_l("Document"), validators=[Optional()])
    document_number = StringField(
        _l("Document number"), validators=[Length(max=40)], render_kw={"autocomplete": "off", "spellcheck": "false"}
    )
    note = StringField(_l("Note"), validators=[Length(max=500)], render_kw={"autocomplete": "off"})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.nationality.choices = choices([("", "–"), *countries(_language())])
        self.document_kind.choices = choices([("", "–"), *((kind, _(name)) for kind, name in DOCUMENT_KINDS.items())])

    def fields(self) -> GuestFields:
        """What was entered."""
        return GuestFields(
            family_name=self.family_name.data or "",
            given_name=self.given_name.data or "",
            phone=self.phone.data or "",
            email=self.email.data or "",
            nationality=self.nationality.data or "",
            birth_date=self.birth_date.data,
            document_kind=self.document_kind.data or "",
            document_number=self._document_number(),
            note=self.note.data or "",
        )

    def _document_number(self) -> str | None:
        return self.document_number.data or ""


class NewGuestForm(GuestForm):
    """With the answer to "is this one of these?": ids of guests whom the clerk has seen and who are somebody else."""

    others = HiddenField(validators=[Length(max=400)])

    def seen_others(self) -> set[int]:
        """Guests who were pointed out already."""
        return {number for text in (self.others.data or "").split(",") if (number := read_id(text)) is not None}


class EditGuestForm(GuestForm):
    """The number is not shown: an empty field leaves it as it is."""

    remove_document = BooleanField(_l("Remove the stored number"))
    version = IntegerField(widget=HiddenInput())

    def _document_number(self) -> str | None:
        if self.remove_document.data:
            return ""
        return self.document_number.data or None
