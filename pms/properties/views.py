"""The settings of the house."""

from __future__ import annotations

from flask import Blueprint, Response, url_for
from flask_babel import gettext as _

from pms.core import clock, money
from pms.core.errors import DomainError
from pms.properties import queries, rules, service
from pms.properties.forms import HouseForm, LimitsForm, TermsForm
from pms.web import errors, login
from pms.web.render import go_to, render
from pms.web.rights import require

blueprint = Blueprint("properties", __name__)


@blueprint.get("/")
@require("property:edit")
def settings() -> Response:
    """Name, zone and hours of the house, and which version its keys have."""
    return _page(HouseForm(obj=queries.get_property()))


@blueprint.post("/")
@require("property:edit")
def change() -> Response:
    """Store what was changed."""
    form = HouseForm()
    if form.validate():
        try:
            service.change_house(**form.values(), actor=login.actor(), now=clock.now())
        except DomainError as error:
            errors.put_into(form, error)
        else:
            return go_to(url_for("properties.settings"), _("The settings are stored."))
    return _page(form, status=422)


@blueprint.get("/prices")
@require("property:edit")
def terms() -> Response:
    """Currency, early and late hours, what they cost, and the time for cleaning."""
    return _terms_page(TermsForm(obj=queries.get_property()))


@blueprint.post("/prices")
@require("property:edit")
def change_terms() -> Response:
    """Store what was changed."""
    form = TermsForm()
    if form.validate():
        with errors.shown_in(form):
            service.change_terms(**form.values(), actor=login.actor(), now=clock.now())
            return go_to(url_for("properties.terms"), _("The settings are stored."))
    return _terms_page(form, status=422)


@blueprint.get("/alarms")
@require("property:edit")
def limits() -> Response:
    """From when on batteries and silence are alarms."""
    return _limits_page(LimitsForm(obj=queries.get_property()))


@blueprint.post("/alarms")
@require("property:edit")
def change_limits() -> Response:
    """Store what was changed."""
    form = LimitsForm()
    if form.validate():
        with errors.shown_in(form):
            service.change_limits(**form.values(), actor=login.actor(), now=clock.now())
            return go_to(url_for("properties.limits"), _("The settings are stored."))
    return _limits_page(form, status=422)


def _limits_page(form: LimitsForm, status: int = 200) -> Response:
    return render("properties/limits.html", "properties/_limits.html", status=status, form=form)


def _terms_page(form: TermsForm, status: int = 200) -> Response:
    return render("properties/terms.html", "properties/_terms.html", status=status, form=form, currencies=money.USUAL)


def _page(form: HouseForm, status: int = 200) -> Response:
    return render(
        "properties/settings.html",
        "properties/_settings.html",
        status=status,
        form=form,
        zones=rules.time_zones(),
        site_keys=queries.list_site_keys(),
    )
