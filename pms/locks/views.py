"""Locks: list, one lock, import, doors and areas, setup, secrets."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for
from flask_babel import gettext as _

from pms.core import clock
from pms.core.errors import DomainError
from pms.locks import battery, bind_views, queries, reach, rules, schemas, scope_views, service, words
from pms.locks.blueprint import blueprint
from pms.locks.forms import AnswerForm, AreaForm, DoorForm, HangForm, ImportForm
from pms.locks.models import Lock, LockSetup
from pms.properties import queries as properties
from pms.web import errors, filters, login
from pms.web.forms import Form
from pms.web.render import go_to, render, render_dialog
from pms.web.rights import require

__all__ = ["bind_views", "blueprint", "scope_views"]


@blueprint.get("/")
@require("locks:view")
def index() -> Response:
    """All locks: battery, setup, door."""
    show = request.args.get("show", "all")
    text = request.args.get("q", "")[:60]
    quarters = rules.utc_offset_quarters(clock.now(), filters.house_zone())
    return render(
        "locks/index.html",
        "locks/_list.html",
        rows=queries.list_locks(text=text, show=show, quarters=quarters),
        counts=queries.count_locks(quarters),
        quarters=quarters,
        clock_word=words.clock_word,
        show=show,
        text=text,
        setup_words=rules.SETUP_WORDS,
    )


@blueprint.get("/<int:lock_id>")
@require("locks:view")
def detail(lock_id: int) -> Response:
    """One lock: where it hangs, how it is, its settings as they were read."""
    lock = queries.get_lock(lock_id)
    door = queries.door_of_lock(lock_id)
    return render(
        "locks/detail.html",
        lock=lock,
        door=door,
        is_clock_off=rules.is_clock_off(
            setup=lock.setup, lock_quarters=lock.utc_offset_quarters, now=clock.now(), zone=filters.house_zone()
        ),
        row=queries.LockRow(lock, door),
        chart=battery.chart(
            [(day.day, day.percent) for day in queries.battery_days(lock_id)], today=filters.local(clock.now()).date()
        ),
        successor=queries.find_lock(lock.replaced_by_id) if lock.replaced_by_id is not None else None,
        way=reach.of_locks(lock_ids=[lock_id], now=clock.now()).get(lock_id) or _as_imported(lock),
        low_battery=properties.low_battery(),
        most_drift=rules.MOST_DRIFT,
        setup_words=rules.SETUP_WORDS,
        feature_words=rules.FEATURE_WORDS,
        tab="state",
    )


def _as_imported(lock: Lock) -> reach.Reach:
    """What the import said that the lock hangs on, until it is ours."""
    if lock.setup is not LockSetup.IMPORTED:
        return reach.Reach()
    return reach.Reach(gateway=lock.origin.get("boundGateway"), module=lock.origin.get("lockImei"))


@blueprint.get("/import")
@require("locks:edit")
def import_page() -> Response:
    """Import locks from the lock system's answer."""
    return render("locks/import.html", form=ImportForm(), result=None, is_done=False)


@blueprint.post("/import")
@require("locks:edit")
def import_locks() -> Response:
    """Check the file, or import it: all of it or nothing."""
    form = ImportForm()
    document = form.document()
    if not document:
        form.file.errors = [_("Choose a file.")]
        return render("locks/import.html", status=422, form=form, result=None, is_done=False)
    found, faults = schemas.read(document)
    result = service.plan_import(found=found, faults=faults)
    is_done = request.form.get("act") == "import" and not result.faults
    if is_done:
        result = service.import_locks(found=found, faults=faults, actor=login.actor(), now=clock.now())
    status = 422 if result.faults else 200
    return render("locks/import.html", status=status, form=form, result=result, is_done=is_done)


@blueprint.get("/areas")
@require("locks:edit")
def areas() -> Response:
    """Areas and their common doors."""
    return render("locks/areas.html", areas=queries.list_areas(), doors=queries.doors_of_areas())


@blueprint.get("/areas/new")
@require("locks:edit")
def new_area() -> Response:
    """The dialog for a new area."""
    return _dialog(AreaForm(for_every_guest=True), _("New area"))


@blueprint.post("/areas/new")
@require("locks:edit")
def create_area() -> Response:
    """Make it."""
    form = AreaForm()
    if form.validate():
        try:
            service.create_area(**_area(form), actor=login.actor(), now=clock.now())
        except DomainError as error:
            errors.put_into(form, error)
        else:
            return go_to(url_for("locks.areas"), _("The area is there. Give it a door."))
    return _dialog(form, _("New area"), status=422)


@blueprint.get("/areas/<int:area_id>")
@require("locks:edit")
def edit_area(area_id: int) -> Response:
    """The dialog for an area."""
    area = queries.get_area(area_id)
    return _dialog(AreaForm(obj=area), area.name)


@blueprint.post("/areas/<int:area_id>")
@require("locks:edit")
def change_area(area_id: int) -> Response:
    """Change it."""
    form = AreaForm()
    if form.validate():
        try:
            service.change_area(area_id=area_id, **_area(form), actor=login.actor(), now=clock.now())
        except DomainError as error:
            errors.put_into(form, error)
        else:
            return go_to(url_for("locks.areas"), _("The area is stored. Cards that exist keep what is on them."))
    return _dialog(form, _("Area"), status=422)


@blueprint.get("/hang")
@require("locks:edit")
def hang() -> Response:
    """The dialog that gives a lock its door; room, area or lock may be chosen already."""
    form = _hang_form()
    for name in ("lock_id", "room_id", "area_id"):
        chosen = request.args.get(name, "")
        if chosen.isdecimal():
            form[name].data = int(chosen)
    return _hang_dialog(form)


@blueprint.post("/hang")
@require("locks:edit")
def give_door() -> Response:
    """Hang it."""
    form = _hang_form()
    if form.validate():
        try:
            door = service.give_door(
                room_id=form.room_id.data,
                area_id=form.area_id.data,
                lock_id=form.lock_id.data,
                name=form.name.data or "",
                actor=login.actor(),
                now=clock.now(),
            )
        except DomainError as error:
            errors.put_into(form, error)
        else:
            text = _("The lock hangs on the door “%(door)s”. Set it up with a phone now.", door=door.name)
            return go_to(url_for("locks.detail", lock_id=form.lock_id.data), text)
    return _hang_dialog(form, status=422)


@blueprint.get("/doors/<int:door_id>")
@require("locks:edit")
def edit_door(door_id: int) -> Response:
    """The dialog for a door's name."""
    door = queries.get_door(door_id)
    return _dialog(DoorForm(obj=door), door.name)


@blueprint.post("/doors/<int:door_id>")
@require("locks:edit")
def rename_door(door_id: int) -> Response:
    """Rename it."""
    form = DoorForm()
    if form.validate():
        try:
            door = service.rename_door(door_id=door_id, name=form.name.data or "", actor=login.actor(), now=clock.now())
        except DomainError as error:
            errors.put_into(form, error)
        else:
            url = url_for("locks.detail", lock_id=door.lock_id) if door.lock_id else url_for("locks.areas")
            return go_to(url, _("The door is stored."))
    return _dialog(form, _("Door"), status=422)


@blueprint.get("/doors/<int:door_id>/take-off")
@require("locks:edit")
def take_off(door_id: int) -> Response:
    """The dialog that asks before a lock is taken off its door."""
    door = queries.get_door(door_id)
    return render_dialog("locks/_take_off.html", door=door, back=_lock_url(door.lock_id), dialog_heading=door.name)


@blueprint.post("/doors/<int:door_id>/take-off")
@require("locks:edit")
def take_lock_off(door_id: int) -> Response:
    """The lock hangs nowhere."""
    lock_id = queries.get_door(door_id).lock_id
    service.take_lock_off(door_id=door_id, actor=login.actor(), now=clock.now())
    return go_to(_lock_url(lock_id), _("The lock is off the door."))


@blueprint.get("/<int:lock_id>/setup")
@require("locks:edit")
def setup(lock_id: int) -> Response:
    """The dialog that explains the setup; or the frame, where one is under way."""
    return _setup_dialog(AnswerForm(), lock_id)


@blueprint.post("/<int:lock_id>/setup")
@require("locks:edit")
def start_setup(lock_id: int) -> Response:
    """Make the frame that the installer's phone brings to the lock."""
    is_factory_new = request.form.get("is_factory_new") == "y" or None
    service.start_setup(lock_id=lock_id, is_factory_new=is_factory_new, actor=login.actor(), now=clock.now())
    return _setup_dialog(AnswerForm(formdata=None), lock_id)


@blueprint.post("/<int:lock_id>/setup/answer")
@require("locks:edit")
def finish_setup(lock_id: int) -> Response:
    """Take the lock's answer."""
    form = AnswerForm()
    if form.validate():
        try:
            service.finish_setup(lock_id=lock_id, answer=form.content(), actor=login.actor(), now=clock.now())
        except DomainError as error:
            errors.put_into(form, error)
        else:
            return go_to(_lock_url(lock_id), _("The lock is set up: only this server knows its keys now."))
    return _setup_dialog(form, lock_id, status=422)


@blueprint.get("/<int:lock_id>/secrets")
@require("locks:secrets")
def secrets(lock_id: int) -> Response:
    """The dialog that asks before the secrets are shown."""
    return _secrets_dialog(lock_id, None)


@blueprint.post("/<int:lock_id>/secrets")
@require("locks:secrets")
def reveal_secrets(lock_id: int) -> Response:
    """Show them, once, and note who looked."""
    shown = service.reveal_secrets(lock_id=lock_id, actor=login.actor(), now=clock.now())
    return _secrets_dialog(lock_id, shown)


def _dialog(form: Form, title: str, status: int = 200) -> Response:
    return render_dialog(
        "locks/_form.html",
        status=status,
        form=form,
        fields=[field for field in form if field.name != "csrf_token"],
        title=title,
        url=request.path,
        back=url_for("locks.areas"),
        dialog_heading=title,
    )


def _hang_form() -> HangForm:
    form = HangForm()
    nothing = [("", "–")]
    form.lock_id.choices = [*nothing, *((lock.id, f"{lock.name} · {lock.mac}") for lock in queries.list_loose_locks())]
    form.room_id.choices = [*nothing, *((room.id, room.number) for room in queries.rooms_without_door())]
    form.area_id.choices = [*nothing, *((area.id, area.name) for area in queries.list_areas())]
    return form


def _hang_dialog(form: HangForm, status: int = 200) -> Response:
    back = _lock_url(form.lock_id.data) if form.lock_id.data else url_for("locks.index")
    return render_dialog(
        "locks/_hang.html", status=status, form=form, back=back, dialog_heading=_("Give a lock its door")
    )


def _setup_dialog(form: AnswerForm, lock_id: int, status: int = 200) -> Response:
    lock = queries.get_lock(lock_id)
    frame = lock.setup_frame
    return render_dialog(
        "locks/_setup.html",
        status=status,
        form=form,
        lock=lock,
        door=queries.door_of_lock(lock_id),
        frame=frame.hex().upper() if frame else None,
        back=_lock_url(lock_id),
        dialog_heading=_("Set up %(name)s", name=lock.name),
    )


def _secrets_dialog(lock_id: int, shown: service.LockSecrets | None) -> Response:
    lock = queries.get_lock(lock_id)
    return render_dialog(
        "locks/_secrets.html",
        lock=lock,
        door=queries.door_of_lock(lock_id),
        shown=shown,
        back=_lock_url(lock_id),
        dialog_heading=_("Secrets of %(name)s", name=lock.name),
    )


def _area(form: AreaForm) -> dict[str, Any]:
    return {"name": form.name.data or "", "for_every_guest": bool(form.for_every_guest.data)}


def _lock_url(lock_id: int | None) -> str:
    return url_for("locks.detail", lock_id=lock_id) if lock_id else url_for("locks.index")
