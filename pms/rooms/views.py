"""Set-up of buildings, floors, types and rooms; what is done to one room. The board itself is the front desk's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from flask import Blueprint, Response, abort, request, url_for
from flask_babel import gettext as _

from pms.core import clock
from pms.core.errors import DomainError
from pms.rooms import queries, rules, service
from pms.rooms.forms import (
    BuildingForm,
    FloorForm,
    ImportForm,
    NoteForm,
    OutOfOrderForm,
    RoomForm,
    RoomTypeForm,
)
from pms.rooms.models import HousekeepingStatus
from pms.web import errors, login
from pms.web.forms import Form, choices
from pms.web.render import go_to, render, render_dialog
from pms.web.rights import require

blueprint = Blueprint("rooms", __name__)


@blueprint.get("/setup")
@require("rooms:edit")
def setup() -> Response:
    """Buildings, floors, room types and rooms."""
    return render(
        "rooms/setup.html",
        buildings=queries.list_buildings(),
        floors=queries.list_floor_rows(),
        types=queries.list_type_rows(),
        rooms=queries.list_rooms(),
    )


@blueprint.get("/buildings/new")
@require("rooms:edit")
def new_building() -> Response:
    """The dialog for a new building."""
    return _setup_dialog(BuildingForm(), _("New building"), url_for("rooms.create_building"), skip=("position",))


@blueprint.post("/buildings/new")
@require("rooms:edit")
def create_building() -> Response:
    """Make it."""
    form = BuildingForm()

    def act() -> Any:
        made = service.create_building(name=_text(form.name.data), actor=login.actor(), now=clock.now())
        return _("%(name)s is there.", name=made.name)

    return _save(form, act, _("New building"), skip=("position",))


@blueprint.get("/buildings/<int:building_id>")
@require("rooms:edit")
def edit_building(building_id: int) -> Response:
    """The dialog for a building."""
    row = queries.get_building(building_id)
    return _setup_dialog(BuildingForm(obj=row), row.name, request.path)


@blueprint.post("/buildings/<int:building_id>")
@require("rooms:edit")
def change_building(building_id: int) -> Response:
    """Change it."""
    form = BuildingForm()

    def act() -> Any:
        service.change_building(
            building_id=building_id,
            name=_text(form.name.data),
            position=form.position.data or 0,
            actor=login.actor(),
            now=clock.now(),
        )
        return _("The building is stored.")

    return _save(form, act, _("Building"))


@blueprint.get("/floors/new")
@require("rooms:edit")
def new_floor() -> Response:
    """The dialog for a new floor."""
    return _setup_dialog(_floor_form(), _("New floor"), url_for("rooms.create_floor"), skip=("position",))


@blueprint.post("/floors/new")
@require("rooms:edit")
def create_floor() -> Response:
    """Make it."""
    form = _floor_form()

    def act() -> Any:
        made = service.create_floor(
            building_id=form.building_id.data, name=_text(form.name.data), actor=login.actor(), now=clock.now()
        )
        return _("%(name)s is there.", name=made.name)

    return _save(form, act, _("New floor"), skip=("position",))


@blueprint.get("/floors/<int:floor_id>")
@require("rooms:edit")
def edit_floor(floor_id: int) -> Response:
    """The dialog for a floor."""
    row = queries.get_floor(floor_id)
    return _setup_dialog(_floor_form(row), f"{row.building.name} · {row.name}", request.path, skip=("building_id",))


@blueprint.post("/floors/<int:floor_id>")
@require("rooms:edit")
def change_floor(floor_id: int) -> Response:
    """Change it."""
    form = _floor_form()

    def act() -> Any:
        service.change_floor(
            floor_id=floor_id,
            name=_text(form.name.data),
            position=form.position.data or 0,
            actor=login.actor(),
            now=clock.now(),
        )
        return _("The floor is stored.")

    return _save(form, act, _("Floor"), skip=("building_id",))


@blueprint.get("/types/new")
@require("rooms:edit")
def new_type() -> Response:
    """The dialog for a new room type."""
    return _setup_dialog(RoomTypeForm(), _("New room type"), url_for("rooms.create_type"), skip=("position",))


@blueprint.post("/types/new")
@require("rooms:edit")
def create_type() -> Response:
    """Make it."""
    form = RoomTypeForm()

    def act() -> Any:
        made = service.create_room_type(**form.values(), actor=login.actor(), now=clock.now())
        return _("%(name)s is there.", name=made.name)

    return _save(form, act, _("New room type"), skip=("position",))


@blueprint.get("/types/<int:room_type_id>")
@require("rooms:edit")
def edit_type(room_type_id: int) -> Response:
    """The dialog for a room type."""
    row = queries.get_room_type(room_type_id)
    return _setup_dialog(RoomTypeForm(obj=row), row.name, request.path)


@blueprint.post("/types/<int:room_type_id>")
@require("rooms:edit")
def change_type(room_type_id: int) -> Response:
    """Change it."""
    form = RoomTypeForm()

    def act() -> Any:
        service.change_room_type(
            room_type_id=room_type_id,
            **form.values(),
            position=form.position.data or 0,
            actor=login.actor(),
            now=clock.now(),
        )
        return _("The room type is stored.")

    return _save(form, act, _("Room type"))


@blueprint.get("/new")
@require("rooms:edit")
def new_room() -> Response:
    """The dialog for a new room."""
    return _setup_dialog(_room_form(), _("New room"), url_for("rooms.create_room"))


@blueprint.post("/new")
@require("rooms:edit")
def create_room() -> Response:
    """Make it."""
    form = _room_form()

    def act() -> Any:
        made = service.create_room(**form.values(), actor=login.actor(), now=clock.now())
        return _("Room %(number)s is there.", number=made.number)

    return _save(form, act, _("New room"))


@blueprint.get("/<int:room_id>/edit")
@require("rooms:edit")
def edit_room(room_id: int) -> Response:
    """The dialog for a room."""
    row = queries.get_room(room_id)
    return _setup_dialog(
        _room_form(row), _("Room %(number)s", number=row.number), request.path, back=_room_url(room_id)
    )


@blueprint.post("/<int:room_id>/edit")
@require("rooms:edit")
def change_room(room_id: int) -> Response:
    """Change it."""
    form = _room_form()

    def act() -> Any:
        service.change_room(
            room_id=room_id,
            version=int(form.version.data or 0),
            **form.values(),
            actor=login.actor(),
            now=clock.now(),
        )
        return _("The room is stored.")

    return _save(form, act, _("Room"), back=_room_url(room_id))


@blueprint.post("/<int:room_id>/housekeeping")
@require("rooms:clean")
def set_housekeeping(room_id: int) -> Response:
    """Say how the room is left."""
    try:
        status = HousekeepingStatus(request.form.get("status", ""))
    except ValueError:
        abort(400)
    service.set_housekeeping(room_id=room_id, status=status, actor=login.actor(), now=clock.now())
    return go_to(_room_url(room_id), _("Housekeeping: %(state)s", state=_(rules.HOUSEKEEPING_WORDS[status])))


@blueprint.get("/<int:room_id>/out-of-order")
@require("rooms:out_of_order")
def out_of_order(room_id: int) -> Response:
    """The dialog that asks for the reason."""
    row = queries.get_room(room_id)
    return _room_dialog("rooms/_out_of_order.html", OutOfOrderForm(obj=row), room_id)


@blueprint.post("/<int:room_id>/out-of-order")
@require("rooms:out_of_order")
def take_out_of_order(room_id: int) -> Response:
    """The room is no longer sold."""
    form = OutOfOrderForm()
    if form.validate():
        try:
            service.take_out_of_order(
                room_id=room_id,
                reason=_text(form.reason.data),
                version=int(_text(form.version.data)),
                actor=login.actor(),
                now=clock.now(),
            )
        except DomainError as error:
            errors.put_into(form, error)
        else:
            return go_to(_room_url(room_id), _("The room is out of order."))
    return _room_dialog("rooms/_out_of_order.html", form, room_id, status=422)


@blueprint.post("/<int:room_id>/back-in-order")
@require("rooms:out_of_order")
def back_in_order(room_id: int) -> Response:
    """The room can be sold again."""
    service.put_back_in_order(room_id=room_id, actor=login.actor(), now=clock.now())
    return go_to(_room_url(room_id), _("The room is back in order, and to be cleaned."))


@blueprint.get("/<int:room_id>/note")
@require("rooms:out_of_order")
def note(room_id: int) -> Response:
    """The dialog for the note."""
    return _room_dialog("rooms/_note.html", NoteForm(obj=queries.get_room(room_id)), room_id)


@blueprint.post("/<int:room_id>/note")
@require("rooms:out_of_order")
def set_note(room_id: int) -> Response:
    """Store the note."""
    form = NoteForm()
    if form.validate():
        try:
            service.set_note(
                room_id=room_id,
                note=_text(form.note.data),
                version=int(_text(form.version.data)),
                actor=login.actor(),
                now=clock.now(),
            )
        except DomainError as error:
            errors.put_into(form, error)
        else:
            return go_to(_room_url(room_id), _("The note is stored."))
    return _room_dialog("rooms/_note.html", form, room_id, status=422)


@blueprint.get("/import")
@require("rooms:edit")
def import_page() -> Response:
    """Import rooms from a CSV file."""
    return render("rooms/import.html", form=ImportForm(), plan=None, has_types=bool(queries.list_room_types()))


@blueprint.post("/import")
@require("rooms:edit")
def import_rooms() -> Response:
    """Check the file, or import it: all of it or nothing."""
    form = ImportForm()
    document = form.document()
    plan = service.plan_rooms_csv(document=document)
    if request.form.get("act") == "import" and not plan.faults:
        plan = service.import_rooms_csv(document=document, actor=login.actor(), now=clock.now())
        text = _("%(new)s rooms are new, %(existing)s existed already.", new=len(plan.new), existing=len(plan.existing))
        return go_to(url_for("rooms.setup"), text)
    form.text.data = document.decode("utf-8-sig", errors="replace")
    return render(
        "rooms/import.html",
        status=422 if plan.faults else 200,
        form=form,
        plan=plan,
        has_types=bool(queries.list_room_types()),
    )


def _save(
    form: Form, act: Callable[[], Any], title: str, *, back: str | None = None, skip: tuple[str, ...] = ()
) -> Response:
    """Validate, act, leave; or the same dialog with what is wrong. Fields in `skip` are not asked for here."""
    for name in skip:
        del form[name]
    if form.validate():
        try:
            text = act()
        except DomainError as error:
            errors.put_into(form, error)
        else:
            return go_to(back or url_for("rooms.setup"), text)
    return _setup_dialog(form, title, request.path, back=back, status=422)


def _setup_dialog(
    form: Form, title: str, url: str, *, back: str | None = None, status: int = 200, skip: tuple[str, ...] = ()
) -> Response:
    for name in skip:
        if name in form:
            del form[name]
    fields = [field for field in form if field.name not in ("csrf_token", "version")]
    return render_dialog(
        "rooms/_setup_form.html",
        status=status,
        form=form,
        fields=fields,
        title=title,
        url=url,
        back=back or url_for("rooms.setup"),
        dialog_heading=title,
    )


def _room_dialog(part: str, form: Form, room_id: int, status: int = 200) -> Response:
    row = queries.get_room(room_id)
    return render_dialog(
        part,
        status=status,
        form=form,
        room=row,
        back=_room_url(room_id),
        dialog_heading=_("Room %(number)s", number=row.number),
    )


def _floor_form(row: Any = None) -> FloorForm:
    form = FloorForm(obj=row)
    form.building_id.choices = [(b.id, b.name) for b in queries.list_buildings()]
    return form


def _room_form(row: Any = None) -> RoomForm:
    form = RoomForm(obj=row)
    form.floor_id.choices = [(f.id, f"{f.building.name} · {f.name}") for f in queries.list_floors()]
    form.room_type_id.choices = [(t.id, f"{t.code} · {t.name}") for t in queries.list_room_types()]
    form.features.choices = choices((word, _(text)) for word, text in rules.FEATURE_WORDS.items())
    return form


def _room_url(room_id: int) -> str:
    return url_for("frontdesk.room", room_id=room_id)


def _text(value: object) -> str:
    return cast("str", value or "")
