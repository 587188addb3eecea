"""The field in the top bar, and the pages behind it.

The field posts: digits of a passcode must not stand in an address. Links to "all guests" and the like are addresses, and find
everything else.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from pms.core import clock
from pms.keycards import words as card_words
from pms.passcodes import words as passcode_words
from pms.rooms.rules import HOUSEKEEPING_WORDS
from pms.search import queries, rules, service
from pms.search.queries import Section
from pms.search.rules import Kind, Typed
from pms.stays.rules import STATE_TONES, STATE_WORDS
from pms.web import filters, login
from pms.web.render import render
from pms.web.rights import can, require

blueprint = Blueprint("search", __name__)


@blueprint.post("/")
@require("rooms:view")
def find() -> Response:
    """Everything that the text finds, a few of each kind."""
    typed, kinds, now = rules.read(request.form.get("q", "")), rules.allowed_kinds(can), clock.now()
    found = queries.find(typed, kinds, today=filters.local(now).date(), now=now)
    found += service.find_passcodes(typed, kinds, actor=login.actor(), now=now)
    return _answer(typed, found)


@blueprint.get("/")
@require("rooms:view")
def index() -> Response:
    """The same by an address, without passcodes; with `kind` all of that kind."""
    typed, now = rules.without_secrets(rules.read(request.args.get("q", ""))), clock.now()
    kinds = [kind for kind in rules.allowed_kinds(can) if request.args.get("kind", kind.value) == kind.value]
    size = queries.MOST if "kind" in request.args else queries.SHOWN
    found = queries.find(typed, kinds, today=filters.local(now).date(), now=now, size=size)
    return _answer(typed, found)


def _answer(typed: Typed, found: list[Section]) -> Response:
    today = filters.local(clock.now()).date()
    return render(
        "search/index.html",
        "search/_sections.html",
        typed=typed,
        sections=found,
        today=today,
        Kind=Kind,
        kind_words=rules.KIND_WORDS,
        is_to_check_in=lambda stay: can("stays:change") and rules.is_to_check_in(stay, today),
        sees_stays=can("stays:view"),
        state_words=STATE_WORDS,
        state_tones=STATE_TONES,
        housekeeping_words=HOUSEKEEPING_WORDS,
        card_words=card_words.STATE_WORDS,
        card_kinds=card_words.STATE_KINDS,
        life_words=passcode_words.LIFE_WORDS,
        life_kinds=passcode_words.LIFE_KINDS,
    )
