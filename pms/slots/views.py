"""What a lock stores: its slots, beside what the lock itself says."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import Response, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from pms.core import clock
from pms.core.weeks import clock_time, days_of
from pms.locks import queries as locks
from pms.slots import list_views, queries, rules, service, words
from pms.slots.blueprint import blueprint
from pms.slots.comparing import Mend
from pms.slots.forms import ChangeForm, ReportForm, StoreForm
from pms.slots.models import SlotKind, SlotRole
from pms.stays import queries as stays
from pms.web import errors, filters, login, weeks
from pms.web.forms import choices
from pms.web.render import go_to, render, render_dialog
from pms.web.rights import require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pms.locks.models import Lock
    from pms.slots.models import Slot

__all__ = ["blueprint", "list_views"]

# What can be typed in; templates come from a reader, or a program.
_TYPED = (SlotKind.PASSCODE, SlotKind.CARD, SlotKind.REMOTE)


@blueprint.get("/locks/<int:lock_id>")
@require("locks:view")
def of_lock(lock_id: int) -> Response:
    """All that a lock stores, and where the book and the lock differ."""
    lock, comparison = locks.get_lock(lock_id), queries.compare(lock_id)
    return render(
        "slots/of_lock.html",
        lock=lock,
        door=locks.door_of_lock(lock_id),
        slots=queries.of_lock(lock_id),
        refused=queries.refused_of_lock(lock_id),
        comparison=comparison,
        differing={one.number for one in comparison.differences},
        most=rules.LARGEST_SLOT,
        tab="slots",
        **words.of_pages(),
    )


@blueprint.get("/locks/<int:lock_id>/new")
@require("credentials:manage")
def new(lock_id: int) -> Response:
    """The dialog that stores something."""
    return _store_dialog(locks.get_lock(lock_id), StoreForm())


@blueprint.post("/locks/<int:lock_id>/new")
@require("credentials:manage")
def store(lock_id: int) -> Response:
    """Store it as soon as somebody is at the lock."""
    lock, form = locks.get_lock(lock_id), StoreForm()
    _fill_store(form, lock)
    if form.validate():
        with errors.shown_in(form):
            kind = form.chosen_kind()
            valid_from, valid_until = form.span()
            slot = service.store(
                lock_id=lock_id,
                kind=kind.wire,
                content=rules.packed(kind, _joined(form)),
                name=form.name.data or "",
                valid_from=valid_from,
                valid_until=valid_until,
                window=form.window(),
                role=form.chosen_role(),
                owner=rules.Owner(stay_id=form.stay_id.data),
                request_id=form.request_id.data or None,
                actor=login.actor(),
                now=clock.now(),
            )
            text = _("It gets slot %(number)s as soon as somebody is at the lock.", number=slot.number)
            return go_to(_home(lock_id), text)
    return _store_dialog(lock, form, status=422)


@blueprint.get("/locks/<int:lock_id>/report")
@require("credentials:manage")
def new_report(lock_id: int) -> Response:
    """The dialog that writes down what a phone, or the lock's own menu, has stored."""
    return _report_dialog(locks.get_lock(lock_id), ReportForm())


@blueprint.post("/locks/<int:lock_id>/report")
@require("credentials:manage")
def report(lock_id: int) -> Response:
    """Write it down; the lock is asked for nothing."""
    lock, form = locks.get_lock(lock_id), ReportForm()
    _fill_store(form, lock, list(SlotKind))
    if form.validate():
        with errors.shown_in(form):
            kind, content = form.chosen_kind(), _joined(form)
            valid_from, valid_until = form.span()
            slot = service.report_stored(
                lock_id=lock_id,
                number=form.slot.data or 0,
                kind=kind.wire,
                credential_id=form.chosen_id(),
                content=rules.packed(kind, content) if content else None,
                name=form.name.data or "",
                valid_from=valid_from,
                valid_until=valid_until,
                window=form.window(),
                role=form.chosen_role(),
                owner=rules.Owner(stay_id=form.stay_id.data),
                request_id=form.request_id.data or None,
                actor=login.actor(),
                now=clock.now(),
            )
            return go_to(_home(lock_id), _("Slot %(number)s is written down.", number=slot.number))
    return _report_dialog(lock, form, status=422)


@blueprint.get("/<int:slot_id>/change")
@require("credentials:manage")
def edit(slot_id: int) -> Response:
    """The dialog that changes a slot."""
    slot = queries.get(slot_id)
    return _change_dialog(slot, ChangeForm(data=_present(slot)))


@blueprint.post("/<int:slot_id>/change")
@require("credentials:manage")
def change(slot_id: int) -> Response:
    """Change it."""
    slot, form = queries.get(slot_id), ChangeForm()
    _fill(form)
    if form.validate():
        with errors.shown_in(form):
            valid_from, valid_until = form.span()
            service.change(
                slot_id=slot_id,
                name=form.name.data or "",
                content=rules.packed(slot.kind, _joined(form)) if form.content.data else None,
                valid_from=_unless_same(slot.valid_from, valid_from),
                valid_until=_unless_same(slot.valid_until, valid_until),
                window=form.window(),
                role=form.chosen_role(),
                request_id=form.request_id.data or None,
                actor=login.actor(),
                now=clock.now(),
            )
            return go_to(_home(slot.lock_id), _("It is changed. What the lock must know waits for somebody there."))
    return _change_dialog(slot, form, status=422)


@blueprint.get("/<int:slot_id>/remove")
@require("credentials:manage")
def ask_remove(slot_id: int) -> Response:
    """Ask before something is taken out of a lock."""
    slot = queries.get(slot_id)
    return render_dialog(
        "slots/_remove.html",
        dialog_heading=_("Remove from the lock"),
        slot=slot,
        back=_home(slot.lock_id),
        **words.of_pages(),
    )


@blueprint.post("/<int:slot_id>/remove")
@require("credentials:manage")
def remove(slot_id: int) -> Response:
    """Take it out."""
    slot = service.remove(slot_id=slot_id, actor=login.actor(), now=clock.now())
    return go_to(_home(slot.lock_id), _("It is removed as soon as somebody is at the lock; this page says when."))


@blueprint.post("/locks/<int:lock_id>/compare")
@require("locks:operate")
def sync(lock_id: int) -> Response:
    """Ask the lock for its list."""
    service.sync(lock_id=lock_id, actor=login.actor(), now=clock.now())
    return go_to(_home(lock_id), _("The lock is asked for its list as soon as somebody is at the lock."))


@blueprint.post("/locks/<int:lock_id>/mend/<int:number>/<any(send, take_away, take_over):way>")
@require("credentials:manage")
def mend(lock_id: int, number: int, way: str) -> Response:
    """Mend one difference."""
    service.mend(lock_id=lock_id, number=number, way=Mend(way), actor=login.actor(), now=clock.now())
    return go_to(_home(lock_id), _("Slot %(number)s: what is to be done is on its way.", number=number))


@blueprint.get("/locks/<int:lock_id>/mend")
@require("credentials:manage")
def ask_mend_all(lock_id: int) -> Response:
    """Say what "mend all" will do."""
    lock = locks.get_lock(lock_id)
    return render_dialog(
        "slots/_mend_all.html",
        dialog_heading=_("Mend all differences"),
        lock=lock,
        door=locks.door_of_lock(lock.id),
        differences=queries.compare(lock_id).differences,
        back=_home(lock_id),
        **words.of_pages(),
    )


@blueprint.post("/locks/<int:lock_id>/mend")
@require("credentials:manage")
def mend_all(lock_id: int) -> Response:
    """Mend them all after the book."""
    count = service.mend_all(lock_id=lock_id, actor=login.actor(), now=clock.now())
    text = ngettext("%(num)d difference is being mended.", "%(num)d differences are being mended.", count)
    return go_to(_home(lock_id), text)


def _home(lock_id: int) -> str:
    return url_for("slots.of_lock", lock_id=lock_id)


def _joined(form: ChangeForm) -> str:
    """Numbers are read out in groups, and typed so."""
    return "".join(str(form.content.data or "").replace(":", " ").replace("-", " ").split())


def _present(slot: Slot) -> dict[str, Any]:
    return {
        "name": slot.name,
        "valid_from": filters.local(slot.valid_from) if slot.valid_from else None,
        "valid_until": filters.local(slot.valid_until) if slot.valid_until else None,
        "weekdays": days_of(slot.weekdays),
        "start": clock_time(slot.window_start),
        "end": clock_time(slot.window_end),
        "role": slot.role.value,
    }


def _unless_same(stored: datetime | None, entered: datetime | None) -> datetime | None:
    """A page shows minutes: what it did not change keeps its seconds."""
    is_same = stored is not None and entered == stored.replace(second=0, microsecond=0)
    return stored if is_same else entered


def _fill(form: ChangeForm) -> None:
    form.weekdays.choices = list(enumerate(weeks.day_names()))
    form.role.choices = choices((role.value, _(text)) for role, text in words.ROLE_WORDS.items())
    if not form.request_id.data:
        form.request_id.data = str(uuid.uuid4())
    if request.method == "GET" and form.weekdays.data is None:
        form.weekdays.data, form.start.data, form.end.data = list(range(7)), "00:00", "00:00"


def _fill_store(form: StoreForm, lock: Lock, kinds: Sequence[SlotKind] = _TYPED) -> None:
    _fill(form)
    taken = [kind for kind in kinds if rules.takes(lock, kind)]
    form.kind.choices = choices((kind.value, _(words.KIND_WORDS[kind])) for kind in taken)
    door = locks.door_of_lock(lock.id)
    stay = stays.find_in_room(door.room_id) if door is not None and door.room_id is not None else None
    found = [("", _("Nobody's in particular"))]
    if stay is not None:
        found.append((str(stay.id), _("%(name)s: it ends with the stay", name=stay.guest.name)))
    form.stay_id.choices = choices(found)
    if form.role.data is None:
        form.role.data = SlotRole.GUEST.value


def _store_dialog(lock: Lock, form: StoreForm, *, status: int = 200) -> Response:
    _fill_store(form, lock)
    return render_dialog(
        "slots/_store.html",
        status=status,
        dialog_heading=_("Store in the lock"),
        form=form,
        lock=lock,
        door=locks.door_of_lock(lock.id),
        url=url_for("slots.store", lock_id=lock.id),
        back=_home(lock.id),
    )


def _report_dialog(lock: Lock, form: ReportForm, *, status: int = 200) -> Response:
    _fill_store(form, lock, list(SlotKind))
    return render_dialog(
        "slots/_report.html",
        status=status,
        dialog_heading=_("Write down what is in the lock"),
        form=form,
        lock=lock,
        door=locks.door_of_lock(lock.id),
        url=url_for("slots.report", lock_id=lock.id),
        back=_home(lock.id),
    )


def _change_dialog(slot: Slot, form: ChangeForm, *, status: int = 200) -> Response:
    _fill(form)
    return render_dialog(
        "slots/_change.html",
        status=status,
        dialog_heading=_("Change what the lock stores"),
        form=form,
        slot=slot,
        url=url_for("slots.change", slot_id=slot.id),
        back=_home(slot.lock_id),
        **words.of_pages(),
    )
