"""A new lock is bound step by step, by somebody with a telephone on a ladder: label, door, frame, the lock's word.

Each step is what the lock's row says, so that a reload, another person or another telephone goes on where it stands.
"""

from __future__ import annotations

from flask import Response, make_response, request, url_for
from flask_babel import gettext as _

from pms.core import clock
from pms.core.errors import DomainError
from pms.core.ids import read_id
from pms.locks import queries, rules, service
from pms.locks.blueprint import blueprint
from pms.locks.forms import AnswerForm, LabelForm, PlaceForm
from pms.locks.models import Lock, LockSetup
from pms.web import errors, login
from pms.web.forms import choices
from pms.web.render import go_to, render
from pms.web.rights import require


@blueprint.get("/bind")
@require("locks:edit")
def bind() -> Response:
    """Step 1: what is on the label."""
    return _label_page(_label_form())


@blueprint.post("/bind")
@require("locks:edit")
def register() -> Response:
    """The lock is known from now on; next is its door."""
    form = _label_form()
    if form.validate():
        label = service.Label(
            serial_number=form.serial_number.data or "",
            mac=form.mac_text(),
            lock_keys=form.lock_keys.data or "",
            name=form.name.data or "",
            model=form.model.data or "",
            protocol_version=int(form.protocol_version.data or 8),
            features=tuple(form.features.data or ()),
        )
        try:
            lock = service.register_lock(
                label=label, is_reset=bool(form.is_reset.data), actor=login.actor(), now=clock.now()
            )
        except DomainError as error:
            errors.put_into(form, error)
        else:
            return _after_label(lock, is_reset=bool(form.is_reset.data))
    return _label_page(form, status=422)


def _after_label(lock: Lock, *, is_reset: bool) -> Response:
    broken = read_id(request.args.get("replace"))
    if broken is not None:
        return go_to(url_for("frontdesk.replace_lock", lock_id=broken, new=lock.id))
    return go_to(url_for("locks.bind_step", lock_id=lock.id, reset="y" if is_reset else None))


@blueprint.get("/<int:lock_id>/bind")
@require("locks:edit")
def bind_step(lock_id: int) -> Response:
    """The step that is next for this lock: its door, its frame, or its word."""
    lock = queries.get_lock(lock_id)
    return _step_page(lock, _place_form(), AnswerForm(formdata=None))


@blueprint.post("/<int:lock_id>/bind")
@require("locks:edit")
def bind_at_door(lock_id: int) -> Response:
    """Step 2 is done: the lock gets its door, and a frame waits for it."""
    form, now, actor = _place_form(), clock.now(), login.actor()
    lock = queries.get_lock(lock_id)
    if form.validate():
        try:
            if queries.door_of_lock(lock_id) is None:
                service.place_lock(
                    lock_id=lock_id,
                    room_id=form.room_id.data,
                    area_id=form.area_id.data,
                    door_name=form.name.data or "",
                    actor=actor,
                    now=now,
                )
            is_reset = request.args.get("reset") == "y" or None
            service.start_setup(lock_id=lock_id, is_factory_new=is_reset, actor=actor, now=now)
        except DomainError as error:
            errors.put_into(form, error)
        else:
            return go_to(url_for("locks.bind_step", lock_id=lock_id))
    return _step_page(lock, form, AnswerForm(formdata=None), status=422)


@blueprint.post("/<int:lock_id>/bind/answer")
@require("locks:edit")
def bind_answer(lock_id: int) -> Response:
    """Step 3 is done where the lock's answer is genuine."""
    form = AnswerForm()
    if form.validate():
        try:
            service.finish_setup(lock_id=lock_id, answer=form.content(), actor=login.actor(), now=clock.now())
        except DomainError as error:
            errors.put_into(form, error)
        else:
            return go_to(url_for("locks.bind_step", lock_id=lock_id))
    return _step_page(queries.get_lock(lock_id), _place_form(), form, status=422)


@blueprint.get("/<int:lock_id>/bind/waiting")
@require("locks:edit")
def bind_waiting(lock_id: int) -> Response:
    """Asked again and again by a page that waits: nothing yet, or the way to the next step."""
    lock = queries.get_lock(lock_id)
    if str(_step(lock)) != request.args.get("step", ""):
        response = make_response("", 200)
        response.headers["HX-Redirect"] = url_for("locks.bind_step", lock_id=lock_id)
        return response
    return make_response("", 204)


def _step(lock: Lock) -> int:
    """1: the door is missing or no frame was made, 2: the frame must be carried, 3: its first report is missing, 4: done."""
    if lock.setup is LockSetup.PENDING:
        return 2
    if lock.setup is LockSetup.READY:
        return 3 if lock.bound_at is None else 4
    return 1


def _label_form() -> LabelForm:
    form = LabelForm()
    form.features.choices = choices((word, _(text)) for word, text in rules.FEATURE_WORDS.items())
    if not request.form:
        form.features.data = ["card", "passcode"]
    return form


def _label_page(form: LabelForm, status: int = 200) -> Response:
    return render(
        "locks/bind.html",
        status=status,
        form=form,
        step=0,
        url=url_for("locks.register", replace=request.args.get("replace")),
    )


def _place_form() -> PlaceForm:
    form = PlaceForm()
    nothing = [("", "–")]
    form.room_id.choices = [*nothing, *((room.id, room.number) for room in queries.rooms_without_door())]
    form.area_id.choices = [*nothing, *((area.id, area.name) for area in queries.list_areas())]
    return form


def _step_page(lock: Lock, place: PlaceForm, answer: AnswerForm, status: int = 200) -> Response:
    frame = lock.setup_frame
    return render(
        "locks/bind_step.html",
        status=status,
        lock=lock,
        door=queries.door_of_lock(lock.id),
        step=_step(lock),
        place=place,
        answer=answer,
        frame=frame.hex().upper() if frame else "",
        reset=request.args.get("reset"),
    )
