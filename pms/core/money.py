"""Amounts in minor units, and how people write them. Nothing here is ever a float.

A currency has 0, 2 or 3 decimals (yen, euro, dinar). What is typed is read in both worlds' manners, “1,234.50” and
“1.234,50”, and refused where it could mean two sums.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING

from babel import numbers

from pms.core.errors import Invalid
from pms.core.text import N_

if TYPE_CHECKING:
    from babel.core import Locale

# Where houses of this program stand, and what their guests bring; any other of ISO 4217 is understood as well.
USUAL = (
    *("EUR", "USD", "GBP", "CHF", "CNY", "HKD", "TWD", "JPY", "KRW", "SGD", "THB", "MYR", "IDR", "VND", "INR"),
    *(
        "AED",
        "KWD",
        "TND",
        "AUD",
        "NZD",
        "CAD",
        "SEK",
        "NOK",
        "DKK",
        "ISK",
        "PLN",
        "CZK",
        "HUF",
        "TRY",
        "BRL",
        "MXN",
        "ZAR",
    ),
)
# Beyond this a sum of money is a slip of the finger.
LARGEST = 10**12
_SPACES = re.compile(r"[\s'’_]+")
_SHAPE = re.compile(r"[0-9]+(?:[.,][0-9]+)*")


class BadAmount(Invalid):
    """What was typed is no sum of money."""

    code = "bad_amount"
    field = "amount"
    message = N_("Write the amount in digits, like %(example)s.")


class AmbiguousAmount(Invalid):
    """A comma or point before three digits may mean thousands or decimals."""

    code = "ambiguous_amount"
    field = "amount"
    message = N_("“%(text)s” could be two different amounts. Write %(thousands)s or %(decimals)s.")


class TooManyDecimals(Invalid):
    """There is no coin that small."""

    code = "too_many_decimals"
    field = "amount"
    message = N_("%(currency)s has at most %(count)s digits behind the point.")


def decimals(currency: str) -> int:
    """How many digits the currency has behind the point."""
    return numbers.get_currency_precision(currency)


def is_known(currency: str) -> bool:
    """Whether ISO 4217 has it, in capital letters."""
    return currency.isupper() and bool(numbers.is_currency(currency))


def exact(amount: int, currency: str) -> Decimal:
    """The amount in the currency's major unit."""
    return Decimal(amount).scaleb(-decimals(currency))


def text(amount: int, currency: str, locale: Locale | str) -> str:
    """As the reader writes it, with the currency's sign: "€1,234.50"; never rounded."""
    return numbers.format_currency(exact(amount, currency), currency, locale=locale, decimal_quantization=True)


def plain(amount: int, currency: str) -> str:
    """For forms and for the trail: digits and a point, "1234.50"."""
    return f"{exact(amount, currency):.{decimals(currency)}f}"


def read(typed: str, currency: str) -> int:
    """What was typed, in minor units. BadAmount, AmbiguousAmount, TooManyDecimals.

    A point and a comma together say which is which, and one that stands there several times parts thousands. Before three
    digits a single one parts thousands where the currency has no decimals, is the decimal mark where it has three and it is
    a point, as `plain` writes it, and else could be either.
    """
    cleaned = _SPACES.sub("", unicodedata.normalize("NFKC", typed))
    if not _SHAPE.fullmatch(cleaned):
        raise _bad(currency)
    whole, fraction = _parts(cleaned, currency)
    if len(fraction) > decimals(currency):
        raise TooManyDecimals(currency=currency, count=decimals(currency))
    amount = int(whole + fraction.ljust(decimals(currency), "0"))
    if amount > LARGEST:
        raise _bad(currency)
    return amount


def _parts(cleaned: str, currency: str) -> tuple[str, str]:
    """The digits before and behind the decimal mark."""
    marks = re.findall(r"[.,]", cleaned)
    if not marks:
        return cleaned, ""
    if len(set(marks)) == 2:
        if marks.count(marks[-1]) > 1:
            raise _bad(currency)
        whole, _mark, fraction = cleaned.rpartition(marks[-1])
        return _joined(whole, marks[0], currency), fraction
    if len(marks) > 1:
        return _joined(cleaned, marks[0], currency), ""
    whole, _mark, fraction = cleaned.partition(marks[0])
    if len(fraction) == 3 and len(whole) <= 3 and whole.strip("0"):
        return _thousands_or_decimals(whole, marks[0], fraction, currency)
    return whole, fraction


def _thousands_or_decimals(whole: str, mark: str, fraction: str, currency: str) -> tuple[str, str]:
    places = decimals(currency)
    if not places:
        return whole + fraction, ""
    if places == 3 and mark == ".":
        return whole, fraction
    raise AmbiguousAmount(
        text=f"{whole}{mark}{fraction}", thousands=whole + fraction, decimals=f"{whole}.{fraction[:places]}"
    )


def _joined(grouped: str, mark: str, currency: str) -> str:
    """The digits of thousands that are parted by `mark`; each part but the first has three."""
    first, *rest = grouped.split(mark)
    if not 1 <= len(first) <= 3 or any(len(part) != 3 for part in rest):
        raise _bad(currency)
    return first + "".join(rest)


def _bad(currency: str) -> BadAmount:
    return BadAmount(example=plain(123450, currency))
