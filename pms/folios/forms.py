"""What browsers send to the dialogs of an account: shapes only."""

from __future__ import annotations

from typing import cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from pms.folios import rules
from pms.folios.models import PaymentMethod, PostingCode
from pms.web.forms import Form, MoneyField, choices, request_id_field

_TEXT = [Length(max=rules.MAX_TEXT)]
_QUIET = {"autocomplete": "off"}


class PostingForm(Form):
    """An amount that is posted once, however often the form comes."""

    request_id = request_id_field()
    amount = MoneyField(_l("Amount"), validators=[InputRequired(_l("Enter an amount."))])
    text = StringField(_l("Note for the statement"), validators=_TEXT, render_kw=_QUIET)

    @property
    def minor(self) -> int:
        """The amount in minor units, once the form is validated."""
        return cast("int", self.amount.data)


class PaymentForm(PostingForm):
    """How much, and how it was paid."""

    method = RadioField(_l("Paid by"), default=PaymentMethod.CARD.value)

    def fill(self) -> PaymentForm:
        """The methods in the reader's language."""
        self.method.choices = choices((method.value, _(word)) for method, word in rules.METHOD_WORDS.items())
        return self

    @property
    def chosen(self) -> PaymentMethod:
        """How it was paid, once the form is validated."""
        return PaymentMethod(self.method.data)


class ChargeForm(PostingForm):
    """What for, and how much."""

    code = SelectField(_l("For"))

    def fill(self) -> ChargeForm:
        """What can be charged, in the reader's language."""
        self.code.choices = choices((code.value, _(rules.CODE_WORDS[code])) for code in rules.CHARGES)
        return self

    @property
    def chosen(self) -> PostingCode:
        """What it is for, once the form is validated."""
        return PostingCode(self.code.data)


class ReversalForm(Form):
    """Why."""

    request_id = request_id_field()
    text = StringField(
        _l("Reason"), validators=[InputRequired(_l("Say why.")), Length(max=rules.MAX_TEXT)], render_kw=_QUIET
    )
