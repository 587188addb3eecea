"""What a stay costs and what may be posted, decided on plain values. All amounts are minor units of the house's currency."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.core.errors import DomainError, Invalid
from pms.core.text import N_
from pms.folios.models import PaymentMethod, PostingCode, PostingKind
from pms.stays import rules as stays
from pms.stays.models import StayState

if TYPE_CHECKING:
    from datetime import date

    from pms.folios.models import Posting
    from pms.properties.models import Property
    from pms.stays.models import Stay

MAX_TEXT = 200
MAX_AMOUNT = 10**11
# Who never came owes nothing for nights; what was agreed to be paid all the same is a charge.
UNSOLD = (StayState.CANCELLED, StayState.NO_SHOW)
FEES = (PostingCode.EARLY_ARRIVAL, PostingCode.LATE_DEPARTURE)

CODE_WORDS: dict[PostingCode, str] = {
    PostingCode.EARLY_ARRIVAL: N_("Early arrival"),
    PostingCode.LATE_DEPARTURE: N_("Late departure"),
    PostingCode.MINIBAR: N_("Minibar"),
    PostingCode.RESTAURANT: N_("Restaurant"),
    PostingCode.PARKING: N_("Parking"),
    PostingCode.LAUNDRY: N_("Laundry"),
    PostingCode.CITY_TAX: N_("City tax"),
    PostingCode.LOST_KEY: N_("Lost key"),
    PostingCode.DAMAGE: N_("Damage"),
    PostingCode.OTHER: N_("Something else"),
    PostingCode.DISCOUNT: N_("Discount"),
    PostingCode.PAYMENT: N_("Payment"),
}
METHOD_WORDS: dict[PaymentMethod, str] = {
    PaymentMethod.CARD: N_("Card"),
    PaymentMethod.CASH: N_("Cash"),
    PaymentMethod.TRANSFER: N_("Bank transfer"),
    PaymentMethod.VOUCHER: N_("Voucher"),
}
# What the desk chooses from; the fees for hours follow the hours.
CHARGES = tuple(code for code in PostingCode if code not in (*FEES, PostingCode.PAYMENT))


class NoAmount(Invalid):
    """A posting moves money, and no sum that only a slip of the finger makes."""

    code = "no_amount"
    field = "amount"
    message = N_("Enter an amount above zero that is not too large to be meant.")


class NoPostingText(Invalid):
    """“Something else” says nothing on a statement."""

    code = "no_posting_text"
    field = "text"
    message = N_("Say in a few words what it is for (at most 200 characters); the guest reads it.")


class NoReversalReason(Invalid):
    """Whoever reads the account later asks why."""

    code = "no_reversal_reason"
    field = "text"
    message = N_("Say in a few words why it is reversed (at most 200 characters).")


class AlreadyReversed(DomainError):
    """A line is cancelled once."""

    code = "already_reversed"
    message = N_("This line was reversed already.")


class NotReversible(DomainError):
    """A reversal is final; what it cancelled is posted anew."""

    code = "not_reversible"
    message = N_("A reversal cannot be reversed. Post the amount anew.")


class NothingToPayBack(Invalid):
    """No more goes back than came."""

    code = "nothing_to_pay_back"
    field = "amount"
    message = N_("At most what the guest has paid too much can be paid back.")


class CurrencyInUse(DomainError):
    """Amounts on accounts are in the currency in which they were posted."""

    code = "currency_in_use"
    field = "currency"
    message = N_("The currency cannot be changed any more: something was posted in it already.")


def price_of_nights(*, state: StayState, arrival: date, departure: date, is_day_use: bool, night_price: int) -> int:
    """What the nights cost, or the day of day use; nothing for a stay that is off."""
    if state in UNSOLD:
        return 0
    return night_price * (1 if is_day_use else (departure - arrival).days)


def early_fee(*, hour: int, house: Property, night_price: int) -> int:
    """What it costs to have the room from `hour` on; earlier than the desk may promise is a further night."""
    if hour >= house.check_in_hour:
        return 0
    return house.early_fee if hour >= house.early_arrival_hour else night_price


def late_fee(*, hour: int, house: Property, night_price: int) -> int:
    """What it costs to have the room until `hour`; later than the desk may promise is a further night."""
    if hour <= house.check_out_hour:
        return 0
    return house.late_fee if hour <= house.late_departure_hour else night_price


def fees_of(stay: Stay, house: Property) -> dict[PostingCode, int]:
    """The fees that the stay's hours call for now; those of nothing are left out. Day use has its price for its hours."""
    if stay.state in UNSOLD or stay.is_day_use:
        return {}
    fees = {
        PostingCode.EARLY_ARRIVAL: early_fee(
            hour=stays.arrival_hour(stay, house), house=house, night_price=stay.night_price
        ),
        PostingCode.LATE_DEPARTURE: late_fee(
            hour=stays.departure_hour(stay, house), house=house, night_price=stay.night_price
        ),
    }
    return {code: amount for code, amount in fees.items() if amount}


def check_amount(amount: int) -> None:
    """NoAmount."""
    if not 0 < amount <= MAX_AMOUNT:
        raise NoAmount


def clean_text(code: PostingCode, text: str) -> str:
    """The text without spaces around; NoPostingText where it is too long, or missing though the code says nothing."""
    cleaned = text.strip()
    if len(cleaned) > MAX_TEXT or (code is PostingCode.OTHER and not cleaned):
        raise NoPostingText
    return cleaned


def clean_reason(text: str) -> str:
    """The reason without spaces around; NoReversalReason."""
    cleaned = text.strip()
    if not 1 <= len(cleaned) <= MAX_TEXT:
        raise NoReversalReason
    return cleaned


def check_reversible(posting: Posting) -> None:
    """NotReversible."""
    if posting.kind is PostingKind.REVERSAL:
        raise NotReversible
