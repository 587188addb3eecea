"""Who hears of alarms: letters to people, webhooks to programs, and what became of each message."""

from __future__ import annotations

import uuid

from flask import Response, current_app, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from pms.alarms import delivery_rules as rules
from pms.alarms import service, words
from pms.alarms import subscription_queries as queries
from pms.alarms.blueprint import blueprint
from pms.alarms.forms import EmailForm, TrialForm, WebhookForm
from pms.alarms.models import AlarmKind, Channel, DeliveryState, Severity, Subscription
from pms.alarms.rules import SEVERITIES
from pms.alarms.service import May
from pms.core import clock
from pms.core.ids import read_id
from pms.rooms import queries as rooms
from pms.web import errors, login
from pms.web.forms import choices
from pms.web.render import go_to, render, render_dialog
from pms.web.rights import can, require

SubscriptionForm = EmailForm | WebhookForm
_FORMS: dict[Channel, type[SubscriptionForm]] = {Channel.EMAIL: EmailForm, Channel.WEBHOOK: WebhookForm}
_DIALOGS = {Channel.EMAIL: "alarms/_email.html", Channel.WEBHOOK: "alarms/_webhook.html"}


@blueprint.get("/subscriptions")
@require("alarms:subscribe")
def subscriptions() -> Response:
    """Everybody who hears of alarms, and how that went lately."""
    return render(
        "alarms/subscriptions.html",
        rows=queries.list_rows(),
        shown_target=service.shown_target,
        kind_words=words.KIND_WORDS,
        channel_words=words.CHANNEL_WORDS,
        delivery_words=words.DELIVERY_WORDS,
        all_kinds=len(AlarmKind),
        faults=rules.FAULTS,
    )


@blueprint.get("/subscriptions/new/<any('email','webhook'):channel>")
@require("alarms:subscribe")
def new_subscription(channel: str) -> Response:
    """An empty form; all that is more than a weak battery is ticked."""
    usual = [kind.value for kind, severity in SEVERITIES.items() if severity is not Severity.QUIET]
    values = {"language": current_user.language.value} if channel == Channel.EMAIL else {}
    form = _form(Channel(channel), version="0", kinds=usual, is_active=True, **values)
    return _dialog(Channel(channel), form, None)


@blueprint.post("/subscriptions/new/<any('email','webhook'):channel>")
@require("alarms:subscribe")
def subscribe(channel: str) -> Response:
    """Enter it; the secret of a webhook is shown this once."""
    form = _form(Channel(channel))
    if form.validate():
        with errors.shown_in(form):
            made, secret = service.subscribe(wanted=form.wanted(), may=_may(), actor=login.actor(), now=clock.now())
            if secret is not None:
                return _secret(made.name, secret)
            return go_to(url_for("alarms.subscriptions"), _("“%(name)s” hears of alarms from now on.", name=made.name))
    return _dialog(Channel(channel), form, None, status=422)


@blueprint.get("/subscriptions/<int:subscription_id>/change")
@require("alarms:subscribe")
def edit_subscription(subscription_id: int) -> Response:
    """What was entered."""
    row = queries.get(subscription_id)
    form = _form(row.channel, obj=row)
    return _dialog(row.channel, form, row)


@blueprint.post("/subscriptions/<int:subscription_id>/change")
@require("alarms:subscribe")
def change_subscription(subscription_id: int) -> Response:
    """Store it."""
    row = queries.get(subscription_id)
    channel, form = row.channel, _form(row.channel)
    if form.validate():
        with errors.shown_in(form):
            service.change_subscription(
                subscription_id=subscription_id,
                version=int(str(form.version.data)),
                wanted=form.wanted(),
                may=_may(),
                actor=login.actor(),
                now=clock.now(),
            )
            return go_to(url_for("alarms.subscriptions"), _("The subscription is stored."))
    return _dialog(channel, form, queries.get(subscription_id), status=422)


@blueprint.get("/subscriptions/<int:subscription_id>/remove")
@require("alarms:subscribe")
def ask_unsubscribe(subscription_id: int) -> Response:
    """What removing it does."""
    row = queries.get(subscription_id)
    return render_dialog("alarms/_unsubscribe.html", dialog_heading=row.name, row=row)


@blueprint.post("/subscriptions/<int:subscription_id>/remove")
@require("alarms:subscribe")
def unsubscribe(subscription_id: int) -> Response:
    """Nothing goes there from now on."""
    service.unsubscribe(subscription_id=subscription_id, actor=login.actor(), now=clock.now())
    return go_to(url_for("alarms.subscriptions"), _("The subscription is removed."))


@blueprint.get("/subscriptions/<int:subscription_id>/secret")
@require("alarms:subscribe")
def ask_secret(subscription_id: int) -> Response:
    """What another secret does."""
    row = queries.get(subscription_id)
    return render_dialog("alarms/_new_secret.html", dialog_heading=row.name, row=row)


@blueprint.post("/subscriptions/<int:subscription_id>/secret")
@require("alarms:subscribe")
def renew_secret(subscription_id: int) -> Response:
    """Make one, and show it this once."""
    secret = service.renew_secret(subscription_id=subscription_id, actor=login.actor(), now=clock.now())
    return _secret(queries.get(subscription_id).name, secret)


@blueprint.post("/subscriptions/<int:subscription_id>/test")
@require("alarms:subscribe")
def send_test(subscription_id: int) -> Response:
    """A message about nothing, on the way that alarms take."""
    form, back = TrialForm(), url_for("alarms.deliveries", subscription_id=subscription_id)
    if not form.validate():
        return go_to(back, _("Load the page again."), kind="bad")
    row = service.send_test(
        subscription_id=subscription_id,
        request_id=str(form.request_id.data),
        actor=login.actor(),
        now=clock.now(),
    )
    text = _("The test is on its way to “%(name)s”.", name=row.name)
    return go_to(back if row.channel is Channel.WEBHOOK else url_for("alarms.subscriptions"), text)


@blueprint.get("/subscriptions/<int:subscription_id>")
@require("alarms:subscribe")
def deliveries(subscription_id: int) -> Response:
    """What was sent to a program, and what waits."""
    before = read_id(request.args.get("before"))
    page = queries.list_deliveries(subscription_id, before=before)
    return render(
        "alarms/deliveries.html",
        "alarms/_delivery_rows.html" if before else "alarms/_deliveries.html",
        row=queries.get(subscription_id),
        found=page,
        is_on_its_way=any(one.state in (DeliveryState.QUEUED, DeliveryState.SENDING) for one in page.rows),
        kind_words=words.KIND_WORDS,
        event_words=words.EVENT_WORDS,
        delivery_words=words.DELIVERY_WORDS,
        faults=rules.FAULTS,
        request_id=str(uuid.uuid4()),
    )


@blueprint.post("/deliveries/<int:delivery_id>/again")
@require("alarms:subscribe")
def send_again(delivery_id: int) -> Response:
    """All its tries once more."""
    delivery = service.send_again(delivery_id=delivery_id, actor=login.actor(), now=clock.now())
    back = url_for("alarms.deliveries", subscription_id=delivery.subscription_id)
    return go_to(back, _("The message is sent again."))


def _may() -> May:
    return May(plain=not current_app.config["SETTINGS"].is_production, own_network=can("alarms:network"))


def _form(channel: Channel, **values: object) -> SubscriptionForm:
    form = _FORMS[channel](**values)
    whole = choices([("", _("Every door, and gateways"))])
    form.floor_id.choices = whole + choices(
        (floor.id, _("Floor %(name)s", name=f"{floor.building.name} · {floor.name}")) for floor in rooms.list_floors()
    )
    if isinstance(form, EmailForm):
        nobody = choices([("", "–")])
        people = queries.accounts_with_address()
        form.account_id.choices = nobody + choices((account.id, account.display_name) for account in people)
    return form


def _dialog(channel: Channel, form: SubscriptionForm, row: Subscription | None, status: int = 200) -> Response:
    url = (
        url_for("alarms.change_subscription", subscription_id=row.id)
        if row is not None
        else url_for("alarms.subscribe", channel=channel.value)
    )
    title = _("Letters about alarms") if channel is Channel.EMAIL else _("Webhook for alarms")
    return render_dialog(
        _DIALOGS[channel], status=status, dialog_heading=title, title=title, form=form, row=row, url=url
    )


def _secret(name: str, secret: str) -> Response:
    return render_dialog(
        "alarms/_secret.html", dialog_heading=name, name=name, secret=secret, header=rules.SIGNATURE_HEADER
    )
