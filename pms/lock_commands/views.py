"""Commands on pages: what the house has asked of its locks, what one lock can be told to do, how one command stands."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext as _

from pms.core import clock
from pms.core.actor import Actor
from pms.core.ids import read_id
from pms.gateways import queries as gateways
from pms.lock_commands import operate, queries, service, words
from pms.lock_commands.answers import asker_of
from pms.lock_commands.forms import DeedForm, FrameForm, ModuleForm
from pms.lock_commands.models import CommandState, LockCommand
from pms.lock_commands.rules import Deed
from pms.locks import queries as locks
from pms.locks.models import LockSetup
from pms.stays import queries as stays
from pms.web import errors, login
from pms.web.render import go_to, render, render_dialog, wants_part
from pms.web.rights import can, require

blueprint = Blueprint("lock_commands", __name__)

_FINAL = (CommandState.ANSWERED, CommandState.FAILED, CommandState.EXPIRED, CommandState.DROPPED)


@blueprint.get("/")
@require("locks:view")
def index() -> Response:
    """What was asked of all locks, newest first."""
    return _list(None)


@blueprint.get("/lock/<int:lock_id>")
@require("locks:view")
def of_lock(lock_id: int) -> Response:
    """What a lock can be told to do, and what it was asked."""
    return _list(lock_id)


def _list(lock_id: int | None) -> Response:
    show = request.args.get("show", "")
    show = show if show in words.SHOW else ""
    before = read_id(request.args.get("before"))
    lock = locks.get_lock(lock_id) if lock_id is not None else None
    page = queries.list_page(lock_id=lock_id, show=show, before_id=before)
    url = request.path
    more = f"{url}?{urlencode({'show': show, 'before': page.next_key})}" if page.next_key else None
    part = "lock_commands/_rows.html" if before is not None else "lock_commands/_list.html"
    return render(
        "lock_commands/index.html",
        part,
        rows=page.rows,
        more=more,
        show=show,
        url=url,
        lock=lock,
        door=locks.door_of_lock(lock.id) if lock else None,
        way=gateways.way_of(lock.id, clock.now()) if lock else None,
        tab="commands",
        is_ready=lock is not None and lock.setup is LockSetup.READY,
        deeds=words.DEEDS,
        kinds=words.SHOW,
        title_of=words.title,
        state_of=words.state_of,
        statuses=words.STATUSES,
        can_cancel=_can_cancel,
    )


def _can_cancel(command: LockCommand) -> bool:
    is_waiting = command.state is CommandState.MADE and asker_of(command.subject_kind).can_be_cancelled
    return is_waiting and can("locks:operate")


@blueprint.get(
    "/lock/<int:lock_id>/do/<any(unlock,lock,passageOn,passageOff,setClock,restart,selfTest,silenceAlarm):deed>"
)
@require("locks:operate")
def confirm(lock_id: int, deed: str) -> Response:
    """Say what will happen to whom, and ask."""
    return _confirm_dialog(lock_id, Deed(deed), DeedForm(request_id=str(uuid.uuid4())))


@blueprint.post(
    "/lock/<int:lock_id>/do/<any(unlock,lock,passageOn,passageOff,setClock,restart,selfTest,silenceAlarm):deed>"
)
@require("locks:operate")
def operate_lock(lock_id: int, deed: str) -> Response:
    """Queue it, and show how it goes on."""
    form = DeedForm()
    if form.validate():
        with errors.shown_in(form):
            command = operate.operate(
                lock_id=lock_id,
                deed=Deed(deed),
                has_phone=form.has_phone(),
                request_id=form.request_id.data,
                actor=login.actor(),
                now=clock.now(),
            )
            return _shown(command.id, FrameForm(formdata=None), is_at_lock=form.has_phone())
    return _confirm_dialog(lock_id, Deed(deed), form, status=422)


@blueprint.get("/lock/<int:lock_id>/module")
@require("gateways:edit")
def choose_module(lock_id: int) -> Response:
    """Ask which module the lock should take."""
    return _module_dialog(lock_id, ModuleForm(request_id=str(uuid.uuid4())))


@blueprint.post("/lock/<int:lock_id>/module")
@require("gateways:edit")
def associate_module(lock_id: int) -> Response:
    """Queue the command."""
    form = ModuleForm()
    if form.validate():
        with errors.shown_in(form):
            command = operate.associate_module(
                lock_id=lock_id,
                imei=form.imei.data or "",
                request_id=form.request_id.data,
                actor=login.actor(),
                now=clock.now(),
            )
            return _shown(command.id, FrameForm(formdata=None), is_at_lock=True)
    return _module_dialog(lock_id, form, status=422)


@blueprint.get("/<int:command_id>")
@require("locks:view")
def progress(command_id: int) -> Response:
    """How one command stands."""
    return _shown(command_id, FrameForm(formdata=None))


@blueprint.get("/<int:command_id>/state")
@require("locks:view")
def state(command_id: int) -> Response:
    """The part that asks for itself until nothing more will happen."""
    return render(
        "lock_commands/progress.html",
        "lock_commands/_state.html",
        form=FrameForm(formdata=None),
        frame=None,
        earlier=None,
        **_progress(command_id),
    )


@blueprint.post("/<int:command_id>/carry")
@require("locks:operate")
def carry(command_id: int) -> Response:
    """Somebody with a phone is at the lock: hand the frame out."""
    return _shown(command_id, FrameForm(formdata=None), is_at_lock=True)


@blueprint.post("/<int:command_id>/answer")
@require("locks:operate")
def take_answer(command_id: int) -> Response:
    """What the phone beside the lock shows afterwards."""
    form = FrameForm()
    if form.validate():
        lock = locks.get_lock(queries.get(command_id).lock_id)
        actor = Actor(kind="lock", name=lock.name, address=request.remote_addr or "")
        taken = service.take_answer(
            serial_number=lock.serial_number, frame=form.content(), actor=actor, now=clock.now()
        )
        if taken is not None:
            return _shown(command_id, FrameForm(formdata=None))
        form.answer.errors = [_("This is not the lock's answer to one of our commands.")]
    return _shown(command_id, form, status=422)


@blueprint.post("/<int:command_id>/cancel")
@require("locks:operate")
def cancel(command_id: int) -> Response:
    """Take it back before anybody has it."""
    command = service.cancel(command_id=command_id, actor=login.actor(), now=clock.now())
    return go_to(url_for("lock_commands.of_lock", lock_id=command.lock_id), _("The command is cancelled."))


def _confirm_dialog(lock_id: int, deed: Deed, form: DeedForm, status: int = 200) -> Response:
    lock, door = locks.get_lock(lock_id), locks.door_of_lock(lock_id)
    stay = stays.find_in_room(door.room_id) if door is not None and door.room_id is not None else None
    return render_dialog(
        "lock_commands/_confirm.html",
        status=status,
        form=form,
        lock=lock,
        door=door,
        stay=stay,
        may_name=can("guests:view"),
        way=gateways.way_of(lock_id, clock.now()),
        deed=deed,
        title=words.DEEDS[deed],
        consequence=words.CONSEQUENCES[deed],
        dialog_heading=_(words.DEEDS[deed]),
        back=url_for("lock_commands.of_lock", lock_id=lock_id),
    )


def _module_dialog(lock_id: int, form: ModuleForm, status: int = 200) -> Response:
    return render_dialog(
        "lock_commands/_module.html",
        status=status,
        form=form,
        lock=locks.get_lock(lock_id),
        door=locks.door_of_lock(lock_id),
        dialog_heading=_("Associate a 4G module"),
        back=url_for("lock_commands.of_lock", lock_id=lock_id),
    )


def _progress(command_id: int) -> dict[str, Any]:
    command, now = queries.get(command_id), clock.now()
    lock = locks.get_lock(command.lock_id)
    if command.state not in _FINAL and command.expires_at is not None and command.expires_at <= now:
        service.expire_of_lock(lock_id=lock.id, now=now)
        command = queries.get(command_id)
    way = gateways.way_of(lock.id, now)
    is_online = way is not None and way.is_online
    return {
        "command": command,
        "lock": lock,
        "title": words.title(command),
        "say": words.sentence(command, way=way),
        "is_final": command.state in _FINAL,
        "state_words": words.STATES,
        # Somebody looks at the door while this is on the screen.
        "is_watched": command.is_urgent and is_online,
        "by_phone": not is_online,
        "may_carry": can("locks:operate"),
        "can_cancel": _can_cancel(command),
    }


def _shown(command_id: int, form: FrameForm, status: int = 200, *, is_at_lock: bool = False) -> Response:
    """`is_at_lock`: somebody with a phone is there, or on the telephone, so a frame is handed out that was not yet."""
    shown, earlier, frame = _progress(command_id), None, None
    is_open = shown["by_phone"] and not shown["is_final"] and shown["may_carry"]
    if is_open and (is_at_lock or shown["command"].state is CommandState.SENT):
        carried = service.next_command(serial_number=shown["lock"].serial_number, now=clock.now())
        if carried is not None and carried.id == command_id:
            frame = carried.frame
        elif carried is not None:
            earlier = carried
        shown = _progress(command_id)
    values = {
        **shown,
        "door": locks.door_of_lock(shown["lock"].id),
        "form": form,
        "earlier": earlier,
        "frame": frame.hex().upper() if frame else None,
    }
    if not wants_part():
        return render("lock_commands/progress.html", status=status, **values)
    return render_dialog("lock_commands/_progress.html", status=status, dialog_heading=shown["title"], **values)
