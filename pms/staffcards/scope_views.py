"""Who holds which card, by what it opens; ending and making again all cards of a scope."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from pms.core import clock
from pms.keycards.forms import MachineChoice
from pms.locks import scope_queries
from pms.locks.words import scope_text
from pms.staffcards import dialogs, queries, service, words
from pms.staffcards.blueprint import blueprint
from pms.web import login
from pms.web.render import go_to, render
from pms.web.rights import require

if TYPE_CHECKING:
    from pms.locks.scope_queries import ScopeRow
    from pms.staffcards.queries import StaffLine


@blueprint.get("/scopes")
@require("staffcards:view")
def scopes() -> Response:
    """Every scope with the live cards that open it."""
    return render("staffcards/scopes.html", groups=_groups(), scope_text=scope_text, **words.of_pages())


@blueprint.get("/scopes/<int:scope_id>/raise")
@require("staffcards:make")
def ask_raise(scope_id: int) -> Response:
    """What will happen when all cards of a scope are ended."""
    return dialogs.scope_cards("staffcards/_raise.html", scope_id, MachineChoice(), _("End all cards"))


@blueprint.post("/scopes/<int:scope_id>/raise")
@require("staffcards:make")
def raise_scope(scope_id: int) -> Response:
    """End them."""
    count = service.raise_scope(scope_id=scope_id, actor=login.actor(), now=clock.now())
    text = ngettext("%(num)d card must be made again.", "%(num)d cards must be made again.", count)
    return go_to(url_for("staffcards.scopes"), text, kind="warn")


@blueprint.get("/scopes/<int:scope_id>/again")
@require("staffcards:make")
def ask_again_all(scope_id: int) -> Response:
    """Which cards of a scope must be made again."""
    return dialogs.scope_cards("staffcards/_again_all.html", scope_id, MachineChoice(), _("Make cards again"))


@blueprint.post("/scopes/<int:scope_id>/again")
@require("staffcards:make")
def make_all_again(scope_id: int) -> Response:
    """One after another, as many as the machine takes at a time."""
    form, title = MachineChoice(), _("Make cards again")

    def ask() -> str:
        outdated = [line.card.id for line in queries.outdated_of_scope(scope_id, clock.now())]
        return service.make_again(card_ids=outdated, **dialogs.machine_of(form))

    return dialogs.act(
        form,
        ask,
        lambda status: dialogs.scope_cards("staffcards/_again_all.html", scope_id, form, title, status=status),
    )


def _groups() -> list[tuple[ScopeRow, list[StaffLine]]]:
    now = clock.now()
    lines = [line for line in queries.live_and_lost(now) if line.is_live]
    return [
        (row, [line for line in lines if row.scope.id in {grant.scope_id for grant in line.opening}])
        for row in scope_queries.list_scopes()
    ]
