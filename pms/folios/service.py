"""Every posting: charges, payments, their reversal, and the fees that follow the hours of a stay.

Nothing is ever changed; the account of a stay is locked with its stay while something is posted. Every function can be called
twice with the same `request_id`: the second call gives the posting that the first one made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import IntegrityError

from pms.audit import service as audit
from pms.core import money
from pms.core.db import transaction
from pms.folios import queries, rules
from pms.folios.models import PaymentMethod, Posting, PostingCode, PostingKind
from pms.properties import queries as properties
from pms.stays import queries as stay_queries
from pms.stays import service as stays
from pms.stays.models import StayState

if TYPE_CHECKING:
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.stays.models import Stay

_HOURS = ("arrival_hour", "departure_hour", "is_day_use")


def charge(
    *, stay_id: int, code: PostingCode, amount: int, text: str = "", request_id: str, actor: Actor, now: datetime
) -> Posting:
    """The guest owes `amount` more, or for a discount less. NoAmount, NoPostingText."""
    rules.check_amount(amount)
    is_discount = code is PostingCode.DISCOUNT
    posting = Posting(
        stay_id=stay_id,
        kind=PostingKind.ADJUSTMENT if is_discount else PostingKind.CHARGE,
        code=code,
        amount=-amount if is_discount else amount,
        text=rules.clean_text(code, text),
    )
    return _post(posting, "folios.charged", request_id, actor, now)


def take_payment(
    *, stay_id: int, amount: int, method: PaymentMethod, text: str = "", request_id: str, actor: Actor, now: datetime
) -> Posting:
    """The guest pays. NoAmount."""
    rules.check_amount(amount)
    posting = _payment(stay_id, -amount, method, text)
    return _post(posting, "folios.paid", request_id, actor, now)


def pay_back(
    *, stay_id: int, amount: int, method: PaymentMethod, text: str = "", request_id: str, actor: Actor, now: datetime
) -> Posting:
    """What was paid too much goes back. NoAmount, NothingToPayBack."""
    rules.check_amount(amount)
    with transaction():
        stays.hold(stay_id=stay_id)
        if earlier := queries.find_by_request(request_id):
            return earlier
        if amount > -queries.balance_of(stay_id).amount:
            raise rules.NothingToPayBack
        return _post(_payment(stay_id, amount, method, text), "folios.paid_back", request_id, actor, now)


def reverse(*, posting_id: int, text: str, request_id: str, actor: Actor, now: datetime) -> Posting:
    """Cancel a line by its opposite. AlreadyReversed, NotReversible, NoReversalReason."""
    reason = rules.clean_reason(text)
    with transaction():
        target = queries.get_posting(posting_id)
        stays.hold(stay_id=target.stay_id)
        if earlier := queries.find_by_request(request_id):
            return earlier
        return _reverse(target, reason, request_id, actor, now)


def follow_hours(stay: Stay, *, before: dict[str, Any] | None, actor: Actor, now: datetime) -> None:
    """Charge the fees for hours that were agreed in this step, and take back those for hours that no longer hold.

    Fees that the step has nothing to do with stay as they are: what they cost was agreed then, and one that the desk has
    reversed is not charged again. Joins the transaction of the step, which holds the stay.
    """
    if before is not None and not _hours_differ(stay, before):
        return
    wanted = rules.fees_of(stay, properties.get_property())
    posted = queries.fees(stay.id) if before is not None else []
    for code in rules.FEES:
        mine = [line for line in posted if line.posting.code is code]
        live = next((line.posting for line in mine if not line.is_reversed), None)
        if live is not None and live.amount != wanted.get(code):
            _reverse(live, "", None, actor, now)
            live = None
        if live is None and code in wanted and _is_new(code, stay, before):
            fee = Posting(stay_id=stay.id, kind=PostingKind.CHARGE, code=code, amount=wanted[code], turn=len(mine) + 1)
            _post(fee, "folios.charged", None, actor, now)


def refuse_other_currency() -> None:
    """CurrencyInUse once anything was posted; `properties.currency` asks."""
    if queries.has_postings():
        raise rules.CurrencyInUse


def _hours_differ(stay: Stay, before: dict[str, Any]) -> bool:
    was_off = StayState(before["state"]) in rules.UNSOLD
    is_off = stay.state in rules.UNSOLD
    return was_off != is_off or any(before.get(name) != getattr(stay, name) for name in _HOURS)


def _is_new(code: PostingCode, stay: Stay, before: dict[str, Any] | None) -> bool:
    """Whether the step made the hour what it is, so that its fee has not been decided on before."""
    if before is None or StayState(before["state"]) in rules.UNSOLD or before.get("is_day_use") != stay.is_day_use:
        return True
    name = "arrival_hour" if code is PostingCode.EARLY_ARRIVAL else "departure_hour"
    return bool(before.get(name) != getattr(stay, name))


def _payment(stay_id: int, amount: int, method: PaymentMethod, text: str) -> Posting:
    return Posting(
        stay_id=stay_id,
        kind=PostingKind.PAYMENT,
        code=PostingCode.PAYMENT,
        amount=amount,
        method=method,
        text=rules.clean_text(PostingCode.PAYMENT, text),
    )


def _reverse(target: Posting, reason: str, request_id: str | None, actor: Actor, now: datetime) -> Posting:
    rules.check_reversible(target)
    opposite = Posting(
        stay_id=target.stay_id,
        kind=PostingKind.REVERSAL,
        code=target.code,
        amount=-target.amount,
        text=reason,
        reverses_id=target.id,
    )
    try:
        return _post(opposite, "folios.reversed", request_id, actor, now)
    except IntegrityError as error:
        raise rules.AlreadyReversed from error


def _post(posting: Posting, action: str, request_id: str | None, actor: Actor, now: datetime) -> Posting:
    """Add it to the account, unless the same form has; the stay is locked, so that the balance stands still meanwhile."""
    with transaction() as session:
        stays.hold(stay_id=posting.stay_id)
        if request_id and (earlier := queries.find_by_request(request_id)):
            return earlier
        posting.posted_at, posting.posted_by, posting.request_id = now, actor.name, request_id
        with session.begin_nested():
            session.add(posting)
            session.flush()
        _note(posting, action, actor, now)
        return posting


def _note(posting: Posting, action: str, actor: Actor, now: datetime) -> None:
    stay, currency = stay_queries.get_stay(posting.stay_id), properties.get_property().currency
    audit.record(
        actor=actor,
        action=action,
        subject=audit.Subject(
            kind="stay",
            id=stay.id,
            label=f"{stay.guest.name}, {stay.room.number if stay.room else stay.reservation.code}",
            stay_id=stay.id,
            guest_id=stay.guest_id,
            room_id=stay.room_id,
        ),
        now=now,
        after={
            "amount": f"{money.plain(posting.amount, currency)} {currency}",
            "posting": posting.code.value,
            **({"method": posting.method.value} if posting.method else {}),
            **({"text": posting.text} if posting.text else {}),
        },
    )
