"""The table of what is left, and which types are free from when to when."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, request

from pms.availability import forms, queries, rules
from pms.availability.forms import SpanForm
from pms.core import clock
from pms.web import filters
from pms.web.render import render
from pms.web.rights import require

blueprint = Blueprint("availability", __name__)


@blueprint.get("/")
@require("stays:view")
def index() -> Response:
    """Types by days: free, overbooked, closed."""
    today = filters.local(clock.now()).date()
    first = forms.first_day(request.args.get("from", ""), today)
    count = forms.days_shown(request.args.get("days", ""), rules.SPANS)
    days = [first + timedelta(days=place) for place in range(count)]
    kinds = queries.type_nights(from_date=first, until=first + timedelta(days=count))
    form = SpanForm(formdata=request.args)
    arrival, departure = form.span(today)
    return render(
        "availability/index.html",
        "availability/_table.html",
        kinds=kinds,
        totals=rules.totals(kinds, days),
        days=days,
        today=today,
        count=count,
        spans=rules.SPANS,
        arrival=arrival,
        departure=departure,
        offers=queries.offers(arrival=arrival, departure=departure),
    )


@blueprint.get("/free")
@require("stays:view")
def free() -> Response:
    """Which types are free from when to when, with the price of the whole stay."""
    arrival, departure = SpanForm(formdata=request.args).span(filters.local(clock.now()).date())
    return render(
        "availability/free.html",
        "availability/_free.html",
        arrival=arrival,
        departure=departure,
        offers=queries.offers(arrival=arrival, departure=departure),
    )
