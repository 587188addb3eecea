"""Try a door: the demo's hands and feet. Registered only where a simulated world exists, never in production."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import cast

from flask import Blueprint, Response, abort, current_app, request, url_for
from flask_babel import gettext as _

from pms.access_records.words import RESULTS
from pms.core import clock
from pms.demo import doors
from pms.demo import machines as devices
from pms.demo.world import FINGERS, World
from pms.protocol.card_layout import Medium
from pms.simulators.encoder import finger_called
from pms.web import filters
from pms.web.render import go_to, render
from pms.web.rights import require

blueprint = Blueprint("demo", __name__)

_MEDIA = {"new": Medium.CLASSIC_1K, "ntag": Medium.NTAG213}
_MOVES = {"hour": timedelta(hours=1), "day": timedelta(days=1), "back": timedelta(hours=-1)}


def _world() -> World:
    return cast("World", current_app.extensions["world"])


@blueprint.get("/doors", endpoint="doors")
@require("demo:use")
def show_doors() -> Response:
    """The doors, the cards on the table, the machines, the clock."""
    return _page()


@blueprint.post("/doors/card")
@require("demo:use")
def hold_card() -> Response:
    """Hold a card to a door."""
    lock, uid = _chosen_lock(), _chosen_card()
    answer = _world().hold_card(lock, uid)
    return _page(answer=answer, did=_("%(card)s was held to the door.", card=_world().cards[uid].name))


@blueprint.post("/doors/code")
@require("demo:use")
def type_code() -> Response:
    """Type a passcode at a door."""
    digits = request.form.get("digits", "").replace(" ", "").removesuffix("#")[:20]
    return _page(answer=_world().type_code(_chosen_lock(), digits), did=_("A code was typed at the door."))


@blueprint.post("/doors/deadbolt")
@require("demo:use")
def deadbolt() -> Response:
    """Throw or release the deadbolt from inside."""
    thrown = request.form.get("thrown") == "yes"
    _world().throw_deadbolt(_chosen_lock(), thrown=thrown)
    return _page(did=_("The deadbolt is thrown.") if thrown else _("The deadbolt is released."))


@blueprint.post("/doors/carry")
@require("demo:use")
def carry() -> Response:
    """Carry the door's records to the server, now or always."""
    world = _world()
    if "always" in request.form:
        world.carries_records = request.form["always"] == "yes"
        world.save()
        return _page()
    count = world.carry(_chosen_lock())
    return _page(did=_("%(count)d reports were carried to the server.", count=count))


@blueprint.post("/doors/power")
@require("demo:use")
def power() -> Response:
    """Cut the power of the gateway or module that carries for the door, or give it back."""
    is_on = request.form.get("power") == "on"
    lock = _chosen_lock()
    if _world().carriers.of(lock) is None:
        abort(404)
    _world().carriers.set_power(lock, is_on=is_on)
    return _page(did=_("It has power again.") if is_on else _("Its power is cut."))


@blueprint.post("/clock")
@require("demo:use")
def move_clock() -> Response:
    """Move the time of house and locks."""
    move = request.form.get("move", "")
    if move == "now":
        _world().reset_clock()
    elif move in _MOVES:
        _world().move_clock(_MOVES[move])
    else:
        abort(400)
    text = _("It is now %(time)s in the house.", time=filters.datetime_text(clock.now()))
    return go_to(url_for("demo.doors", lock=request.form.get("lock")), text)


_AT_CABLE: dict[str, Callable[[devices.Device], None]] = {
    "unplug": lambda device: device.unplug(),
    "plug": lambda device: device.plug_in(),
    "tear": devices.tear_next_writing,
    **{f"fault-{word}": partial(devices.set_line_fault, word=word) for word in (*devices.LINE_FAULTS, "none")},
}


@blueprint.post("/machine")
@require("demo:use")
def machine() -> Response:
    """Lay a card on a machine, take it away, pull the plug now or in the middle of a writing, plug in again, or
    let its line fail."""
    world, name, act = _world(), request.form.get("machine", ""), request.form.get("act", "")
    if name not in world.machines:
        abort(404)
    device = world.machines[name]
    if act in _MEDIA:
        held = world.new_card(_MEDIA[act])
        world.put_on_machine(name, held.card.uid.hex())
    elif act == "put":
        world.put_on_machine(name, _chosen_card())
    elif act == "take":
        world.take_from_machine(name)
    elif act.startswith("finger-"):
        world.put_finger(name, finger_called(act.removeprefix("finger-")))
    elif act in _AT_CABLE:
        _AT_CABLE[act](device)
    else:
        abort(400)
    if request.form.get("from") == "strip":
        return _strip()
    return go_to(url_for("demo.doors", lock=request.form.get("lock")))


@blueprint.get("/machines")
@require("demo:use")
def machines() -> Response:
    """The hands at the machines, for the key dialog."""
    return _strip()


@blueprint.post("/doors/finger")
@require("demo:use")
def touch() -> Response:
    """Put a finger on the door's reader."""
    finger = request.form.get("finger", "")
    if finger not in FINGERS:
        abort(404)
    return _page(answer=_world().touch(_chosen_lock(), finger), did=_("A finger was put on the door's reader."))


def _strip() -> Response:
    """Only the machine that a dialog is about, where it says so; hands with cards, or with fingers."""
    hands = "finger" if request.values.get("hands") == "finger" else "card"
    return render(
        "demo/machines.html",
        "demo/_strip.html",
        hands=hands,
        at=request.values.get("at", ""),
        fingers=FINGERS,
        **doors.machines(_world()),
    )


def _page(answer: object = None, did: str = "") -> Response:
    world = _world()
    chosen = request.values.get("lock", "")
    values = doors.table(world, chosen if chosen in world.locks else "")
    values |= {
        "answer": answer,
        "did": did,
        "results": RESULTS,
        "fingers": FINGERS,
        "chosen_uid": request.form.get("uid"),
    }
    return render("demo/doors.html", "demo/_doors.html", **values)


def _chosen_lock() -> str:
    chosen = request.form.get("lock", "")
    if chosen not in _world().locks:
        abort(404)
    return chosen


def _chosen_card() -> str:
    chosen = request.form.get("uid", "")
    if chosen not in _world().cards:
        abort(404)
    return chosen
