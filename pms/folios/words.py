"""What the audit trail says of accounts."""

from __future__ import annotations

from pms.core.text import N_
from pms.folios.rules import CODE_WORDS, METHOD_WORDS

ACTIONS = {
    "folios.charged": N_("Charged: %(subject)s"),
    "folios.paid": N_("Took a payment: %(subject)s"),
    "folios.paid_back": N_("Paid back: %(subject)s"),
    "folios.reversed": N_("Reversed a line of the account: %(subject)s"),
}
FIELDS = {
    "amount": N_("Amount"),
    "posting": N_("For"),
    "method": N_("Paid by"),
    "text": N_("Text"),
}
VALUES = {
    "posting": {code.value: text for code, text in CODE_WORDS.items()},
    "method": {method.value: text for method, text in METHOD_WORDS.items()},
}
