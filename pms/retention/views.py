"""How long guests' data are kept, what the next run removes, and a guest who wants to be forgotten now."""

from __future__ import annotations

from flask import Blueprint, Response, url_for
from flask_babel import gettext as _

from pms.core import clock
from pms.guests import queries as guests
from pms.guests.models import Guest
from pms.retention import queries, rules, service
from pms.retention.forms import RuleForm
from pms.web import errors, login
from pms.web.forms import Form
from pms.web.render import go_to, render, render_dialog
from pms.web.rights import require

blueprint = Blueprint("retention", __name__)

_SHOWN = 50


@blueprint.get("/")
@require("retention:manage")
def index() -> Response:
    """The rule, and whom the next run forgets."""
    rule, months = queries.find_rule(), queries.months()
    form = RuleForm(
        version=rule.version if rule is not None else 0,
        keep="ever" if months is None else "months",
        months=months,
    )
    return _page(form)


@blueprint.post("/")
@require("retention:manage")
def change() -> Response:
    """Decide otherwise."""
    form = RuleForm()
    if form.validate():
        with errors.shown_in(form):
            service.change_rule(
                version=int(str(form.version.data)), months=form.chosen(), actor=login.actor(), now=clock.now()
            )
            return go_to(url_for("retention.index"), _("The settings are stored."))
    return _page(form, status=422)


@blueprint.get("/guests/<int:guest_id>")
@require("retention:manage")
def ask(guest_id: int) -> Response:
    """What removing a guest's data means, before somebody says yes."""
    return _dialog(Form(), guests.get_guest(guest_id))


@blueprint.post("/guests/<int:guest_id>")
@require("retention:manage")
def erase(guest_id: int) -> Response:
    """Remove them."""
    form = Form()
    if form.validate():
        with errors.shown_in(form):
            service.erase(guest_id=guest_id, actor=login.actor(), now=clock.now())
            return go_to(url_for("guests.show", guest_id=guest_id), _("The guest’s data are removed."))
    return _dialog(form, guests.get_guest(guest_id), status=422)


def _page(form: RuleForm, status: int = 200) -> Response:
    months = queries.months()
    return render(
        "retention/index.html",
        "retention/_rule.html",
        status=status,
        form=form,
        rule=queries.find_rule(),
        plan=queries.plan(now=clock.now(), months=months, size=_SHOWN) if months is not None else None,
        former=queries.count_former(),
        usual_months=rules.USUAL_MONTHS,
    )


def _dialog(form: Form, guest: Guest, status: int = 200) -> Response:
    return render_dialog(
        "retention/_erase.html", status=status, form=form, guest=guest, dialog_heading=_("Remove a guest’s data")
    )
