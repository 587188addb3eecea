"""The account of a stay: its lines, the dialogs that add to them, and the statement."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext as _

from pms.core import clock
from pms.core.errors import DomainError
from pms.folios import queries, rules, service
from pms.folios.forms import ChargeForm, PaymentForm, ReversalForm
from pms.stays import queries as stays
from pms.web import errors, filters, login
from pms.web.render import go_to, render, render_dialog, settle
from pms.web.rights import require

if TYPE_CHECKING:
    from pms.folios.models import Posting

blueprint = Blueprint("folios", __name__)


@blueprint.get("/of-stay/<int:stay_id>")
@require("folios:read")
def of_stay(stay_id: int) -> Response:
    """What the stay costs and what was paid, as a part of its page."""
    return render("folios/of_stay.html", "folios/_account.html", **_account(stay_id))


@blueprint.get("/stays/<int:stay_id>/statement")
@require("folios:read")
def statement(stay_id: int) -> Response:
    """The account on paper."""
    return render("folios/statement.html", **_account(stay_id))


@blueprint.get("/stays/<int:stay_id>/payment")
@require("folios:post")
def ask_payment(stay_id: int) -> Response:
    """Take a payment of what is owed, or pay back what is too much."""
    owed = queries.balance_of(stay_id).amount
    form = PaymentForm(formdata=None, request_id=str(uuid.uuid4()), amount=abs(owed) or None).fill()
    return _payment_dialog(stay_id, form)


@blueprint.post("/stays/<int:stay_id>/payment")
@require("folios:post")
def pay(stay_id: int) -> Response:
    """Posts it."""
    form = PaymentForm().fill()
    if form.validate():
        # What the dialog was opened for: the balance may have turned meanwhile.
        post = service.pay_back if request.form.get("direction") == "back" else service.take_payment
        with errors.shown_in(form):
            post(
                stay_id=stay_id,
                amount=form.minor,
                method=form.chosen,
                text=form.text.data or "",
                request_id=str(form.request_id.data),
                actor=login.actor(),
                now=clock.now(),
            )
            return settle(_page(stay_id), _("%(amount)s is posted.", amount=filters.money_text(form.minor)))
    return _payment_dialog(stay_id, form, status=422)


@blueprint.get("/stays/<int:stay_id>/charge")
@require("folios:post")
def ask_charge(stay_id: int) -> Response:
    """What for, and how much."""
    return _charge_dialog(stay_id, ChargeForm(formdata=None, request_id=str(uuid.uuid4())).fill())


@blueprint.post("/stays/<int:stay_id>/charge")
@require("folios:post")
def charge(stay_id: int) -> Response:
    """Posts it."""
    form = ChargeForm().fill()
    if form.validate():
        with errors.shown_in(form):
            service.charge(
                stay_id=stay_id,
                code=form.chosen,
                amount=form.minor,
                text=form.text.data or "",
                request_id=str(form.request_id.data),
                actor=login.actor(),
                now=clock.now(),
            )
            return go_to(_page(stay_id), _("%(amount)s is posted.", amount=filters.money_text(form.minor)))
    return _charge_dialog(stay_id, form, status=422)


@blueprint.get("/postings/<int:posting_id>/reverse")
@require("folios:reverse")
def ask_reversal(posting_id: int) -> Response:
    """Which line is cancelled, and why."""
    posting = queries.get_posting(posting_id)
    return _reversal_dialog(posting, ReversalForm(formdata=None, request_id=str(uuid.uuid4())))


@blueprint.post("/postings/<int:posting_id>/reverse")
@require("folios:reverse")
def reverse(posting_id: int) -> Response:
    """Posts the opposite."""
    posting, form = queries.get_posting(posting_id), ReversalForm()
    if form.validate():
        try:
            service.reverse(
                posting_id=posting_id,
                text=form.text.data or "",
                request_id=str(form.request_id.data),
                actor=login.actor(),
                now=clock.now(),
            )
        except DomainError as error:
            errors.put_into(form, error)
            posting = queries.get_posting(posting_id)
        else:
            return go_to(_page(posting.stay_id), _("The line is reversed."))
    return _reversal_dialog(posting, form, status=422)


def _page(stay_id: int) -> str:
    return url_for("stays.show", stay_id=stay_id)


def _account(stay_id: int) -> dict[str, Any]:
    return {
        "stay": stays.get_stay(stay_id),
        "balance": queries.balance_of(stay_id),
        "lines": queries.lines(stay_id),
        "code_words": rules.CODE_WORDS,
        "method_words": rules.METHOD_WORDS,
    }


def _payment_dialog(stay_id: int, form: PaymentForm, status: int = 200) -> Response:
    balance = queries.balance_of(stay_id)
    is_back = balance.amount < 0 if request.method == "GET" else request.form.get("direction") == "back"
    title = _("Pay back") if is_back else _("Take a payment")
    return render_dialog(
        "folios/_payment.html",
        status=status,
        dialog_heading=title,
        title=title,
        stay=stays.get_stay(stay_id),
        balance=balance,
        is_back=is_back,
        form=form,
    )


def _charge_dialog(stay_id: int, form: ChargeForm, status: int = 200) -> Response:
    return render_dialog(
        "folios/_charge.html",
        status=status,
        dialog_heading=_("Charge"),
        stay=stays.get_stay(stay_id),
        form=form,
    )


def _reversal_dialog(posting: Posting, form: ReversalForm, status: int = 200) -> Response:
    return render_dialog(
        "folios/_reverse.html",
        status=status,
        dialog_heading=_("Reverse a line"),
        stay=stays.get_stay(posting.stay_id),
        posting=posting,
        form=form,
        code_words=rules.CODE_WORDS,
    )
