"""What all browser forms share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, FieldList, FormField, HiddenField, SelectMultipleField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Regexp
from wtforms.widgets import CheckboxInput, ListWidget, TextInput

from pms.core import money
from pms.core.errors import Invalid
from pms.core.ids import read_id
from pms.web import errors, filters
from pms.web.i18n import LANGUAGES


class Form(FlaskForm):  # type: ignore[misc]
    """Texts are stripped; WTForms' own messages come in the reader's language."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        @property
        def locales(self) -> list[str]:
            locale = get_locale()
            return [str(locale)] if locale and locale.language in LANGUAGES else ["en"]

        def bind_field(self, form: Any, unbound_field: Any, options: dict[str, Any]) -> Any:
            if issubclass(unbound_field.field_class, (FieldList, FormField)):
                return unbound_field.bind(form=form, **options)
            filters = list(unbound_field.kwargs.get("filters", []))
            if _strip not in filters:
                filters.append(_strip)
            return unbound_field.bind(form=form, **{**options, "filters": filters})

    def validate(self, extra_validators: Any = None) -> bool:
        """As WTForms does it; what is wrong with a field that nobody sees is said above the form."""
        self.form_errors: list[str]
        is_valid = bool(super().validate(extra_validators))
        for field in self:
            if isinstance(field, HiddenField) and field.errors:
                self.form_errors += [str(text) for text in field.errors]
        return is_valid


class Boxes(SelectMultipleField):
    """Several of a list, as boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class MoneyField(Field):
    """A sum in the house's currency; its data is whole minor units. What could be two sums is refused with a sentence."""

    widget = TextInput()

    def __init__(self, label: Any, **values: Any) -> None:
        super().__init__(label, render_kw={"inputmode": "decimal", "autocomplete": "off"}, **values)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else money.plain(self.data, filters.house_currency())

    def process_formdata(self, valuelist: list[Any]) -> None:
        if not valuelist or not str(valuelist[0]).strip():
            return
        self.data = None
        try:
            self.data = money.read(str(valuelist[0]), filters.house_currency())
        except Invalid as error:
            raise ValueError(errors.sentence(error)) from error


def _strip(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def choice_id(text: object) -> int | None:
    """Reads the chosen id of a list: None for nothing, ValueError (which the field reports) for what can be no id."""
    if text in (None, "", "None"):
        return None
    number = read_id(text)
    if number is None:
        raise ValueError(text)
    return number


def request_id_field() -> HiddenField:
    """A hidden field for an id that the page made, so that posting a form twice does its work once."""
    return HiddenField(validators=[Regexp(r"^[0-9a-f-]{36}$", message=_l("Load the page again."))])


def choices(pairs: Iterable[tuple[object, str]]) -> list[Any]:
    """Choices of a select or radio field, their values as text; WTForms wants its own type, which its stubs lack."""
    return [SelectChoice(str(value), label) for value, label in pairs]
