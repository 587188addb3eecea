"""What acts mean while somebody still chooses, and what opens for a stay now."""

from __future__ import annotations

from flask import Response, request

from pms.frontdesk import choices, consequence_words, key_tasks, keys_now, step_parts
from pms.frontdesk.blueprint import blueprint
from pms.frontdesk.forms import MeansForm
from pms.stays import queries as stays
from pms.web.render import render
from pms.web.rights import require


@blueprint.get("/stays/<int:stay_id>/means/<any('assign','move','extend','shorten','hours'):kind>")
@require("stays:change")
def means(stay_id: int, kind: str) -> Response:
    """What the act would mean with what stands in its dialog now."""
    form = MeansForm(formdata=request.args)
    change = form.change(kind, stays.get_stay(stay_id))
    foreseen = step_parts.means(stay_id, change)
    return render("frontdesk/_consequences.html", **{**foreseen, "shows_times": kind == "hours"})


@blueprint.get("/stays/<int:stay_id>/opens")
@require("keys:view")
def opens(stay_id: int) -> Response:
    """Every key of a stay with until when its door takes it, and what is to do."""
    stay, now = stays.get_stay(stay_id), choices.present()
    return render(
        "frontdesk/opens.html",
        "frontdesk/_opens.html",
        stay=stay,
        keys=keys_now.of_stay(stay, now=now),
        tasks=key_tasks.of_stay(stay, now=now),
        key_name=consequence_words.name,
        key_why=consequence_words.why,
        task_text=consequence_words.task,
        task_reason=consequence_words.reason,
        sort_icons=consequence_words.SORT_ICONS,
        stance_words=consequence_words.STANCE_WORDS,
        stance_kinds=consequence_words.STANCE_KINDS,
    )
