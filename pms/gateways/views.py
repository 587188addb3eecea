"""Gateways: which there are, what hangs on them; and by which way one lock is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, current_app, request, url_for
from flask_babel import gettext as _

from pms.core import clock
from pms.core.ids import read_id
from pms.gateways import carriers, log_ins, processes, queries, service, words
from pms.gateways.forms import GatewayForm, HangForm
from pms.locks import queries as locks
from pms.web import errors, login
from pms.web.forms import choices
from pms.web.render import go_to, render, render_dialog
from pms.web.rights import require

if TYPE_CHECKING:
    from pms.config import Settings
    from pms.protocol.topics import CarrierName

blueprint = Blueprint("gateways", __name__)

_MOST_ROWS = 500


@blueprint.get("/")
@require("gateways:view")
def index() -> Response:
    """Every gateway with its locks, and whether it is there."""
    return render("gateways/index.html", "gateways/_gateways.html", rows=queries.list_gateways(), **_line())


@blueprint.get("/modules")
@require("gateways:view")
def modules() -> Response:
    """4G modules, a page at a time; `rows` as many as an open page shows."""
    after = request.args.get("after", "")[:16]
    shown = min(max(request.args.get("rows", 0, type=int), carriers.MODULES_A_PAGE), _MOST_ROWS)
    found = carriers.list_modules(after=after, limit=carriers.MODULES_A_PAGE if after else shown)
    part = "gateways/_module_rows.html" if after else "gateways/_modules.html"
    return render("gateways/modules.html", part, modules=found, states=words.MODULE_STATES, **_line())


@blueprint.get("/<int:gateway_id>/password")
@require("gateways:edit")
def ask_gateway_password(gateway_id: int) -> Response:
    """Say what a new password does, and ask."""
    gateway = queries.get_gateway(gateway_id).gateway
    url = url_for("gateways.give_gateway_password", gateway_id=gateway_id)
    return _ask_password(gateway.name, url, url_for("gateways.index"), has_one=gateway.password_hash is not None)


@blueprint.post("/<int:gateway_id>/password")
@require("gateways:edit")
def give_gateway_password(gateway_id: int) -> Response:
    """Make it, and show it this once."""
    carrier, password = log_ins.give_gateway_password(gateway_id=gateway_id, actor=login.actor(), now=clock.now())
    return _show_password(queries.get_gateway(gateway_id).gateway.name, carrier, password, url_for("gateways.index"))


@blueprint.get("/modules/<imei>/password")
@require("gateways:edit")
def ask_module_password(imei: str) -> Response:
    """The same for a 4G module."""
    module = queries.get_module(imei[:20])
    url = url_for("gateways.give_module_password", imei=module.imei)
    return _ask_password(module.imei, url, url_for("gateways.modules"), has_one=module.password_hash is not None)


@blueprint.post("/modules/<imei>/password")
@require("gateways:edit")
def give_module_password(imei: str) -> Response:
    """Make it, and show it this once."""
    carrier, password = log_ins.give_module_password(imei=imei[:20], actor=login.actor(), now=clock.now())
    return _show_password(carrier.id, carrier, password, url_for("gateways.modules"))


@blueprint.get("/new")
@require("gateways:edit")
def new() -> Response:
    """Ask for serial number and name."""
    return _bind_dialog(GatewayForm(serial_number=request.args.get("serial_number", "")[:20]))


@blueprint.post("/new")
@require("gateways:edit")
def bind() -> Response:
    """Bind it."""
    form = GatewayForm()
    if form.validate():
        with errors.shown_in(form):
            gateway = service.bind_gateway(
                serial_number=form.serial_number.data or "",
                name=form.name.data or "",
                actor=login.actor(),
                now=clock.now(),
            )
            return go_to(
                url_for("gateways.index"), _("The gateway “%(name)s” is bound. Hang locks on it.", name=gateway.name)
            )
    return _bind_dialog(form, status=422)


@blueprint.get("/<int:gateway_id>/hang")
@require("gateways:edit")
def hang(gateway_id: int) -> Response:
    """Ask which lock."""
    return _hang_dialog(gateway_id, _hang_form())


@blueprint.post("/<int:gateway_id>/hang")
@require("gateways:edit")
def hang_lock(gateway_id: int) -> Response:
    """Hang it."""
    form = _hang_form()
    if form.validate():
        with errors.shown_in(form):
            service.hang_lock(gateway_id=gateway_id, lock_id=form.lock_id.data, actor=login.actor(), now=clock.now())
            return go_to(url_for("gateways.index"), _("The lock hangs on the gateway."))
    return _hang_dialog(gateway_id, form, status=422)


@blueprint.post("/locks/<int:lock_id>/unbind")
@require("gateways:edit")
def unbind_lock(lock_id: int) -> Response:
    """Take a lock off its gateway."""
    service.unbind_lock(lock_id=lock_id, actor=login.actor(), now=clock.now())
    return go_to(url_for("gateways.index"), _("The lock is off the gateway. A phone beside it reaches it as before."))


@blueprint.get("/<int:gateway_id>/unbind")
@require("gateways:edit")
def confirm_unbind(gateway_id: int) -> Response:
    """Say what happens, and ask."""
    return render_dialog(
        "gateways/_unbind.html",
        row=queries.get_gateway(gateway_id),
        dialog_heading=_("Unbind the gateway"),
        back=url_for("gateways.index"),
    )


@blueprint.post("/<int:gateway_id>/unbind")
@require("gateways:edit")
def unbind(gateway_id: int) -> Response:
    """The gateway belongs to the house no more."""
    gateway = service.unbind_gateway(gateway_id=gateway_id, actor=login.actor(), now=clock.now())
    return go_to(url_for("gateways.index"), _("The gateway “%(name)s” is unbound.", name=gateway.name))


@blueprint.get("/of-lock/<int:lock_id>")
@require("gateways:view")
def of_lock(lock_id: int) -> Response:
    """By which way a lock is reached, as a part of its pages."""
    lock, now = locks.get_lock(lock_id), clock.now()
    gateway, link = queries.gateway_of(lock_id), queries.link_state(now)
    return render(
        "gateways/of_lock.html",
        "gateways/_of_lock.html",
        lock=lock,
        gateway=gateway,
        is_online=lambda carrier: queries.presence_of(carrier).is_online(link, now),
        offline_since=lambda carrier: queries.presence_of(carrier).offline_since(link, now),
        modules=[(module, words.MODULE_STATES[queries.state_of(module)]) for module in queries.modules_of(lock_id)],
    )


def _line() -> dict[str, Any]:
    """What the pages say of the line to all carriers, and of each."""
    now, settings = clock.now(), _settings()
    link = queries.link_state(now)
    return {
        "line": processes.present_line(now),
        "address": settings.broker_url,
        "runs_broker": settings.broker is None,
        "faults": words.LINK_FAULTS,
        "standing": lambda carrier: carriers.standing_of(carrier, link, now),
    }


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def _ask_password(name: str, url: str, back: str, *, has_one: bool) -> Response:
    return render_dialog(
        "gateways/_ask_password.html", dialog_heading=_("New password"), name=name, url=url, back=back, has_one=has_one
    )


def _show_password(name: str, carrier: CarrierName, password: str, back: str) -> Response:
    settings = _settings()
    return render_dialog(
        "gateways/_password.html",
        dialog_heading=_("New password"),
        name=name,
        carrier=carrier,
        password=password,
        address=settings.broker_url,
        prefix=settings.topic_prefix,
        runs_broker=settings.broker is None,
        back=back,
    )


def _bind_dialog(form: GatewayForm, status: int = 200) -> Response:
    return render_dialog(
        "gateways/_new.html",
        status=status,
        form=form,
        dialog_heading=_("Bind a gateway"),
        back=url_for("gateways.index"),
    )


def _hang_form() -> HangForm:
    form = HangForm()
    form.lock_id.choices = [
        *choices([("", "–")]),
        *choices(
            (lock.id, f"{door.name} · {lock.name}" if door else lock.name) for lock, door in queries.locks_on_none()
        ),
    ]
    chosen = read_id(request.args.get("lock_id"))
    if chosen is not None and request.method == "GET":
        form.lock_id.data = chosen
    return form


def _hang_dialog(gateway_id: int, form: HangForm, status: int = 200) -> Response:
    return render_dialog(
        "gateways/_hang.html",
        status=status,
        form=form,
        row=queries.get_gateway(gateway_id),
        dialog_heading=_("Hang a lock on the gateway"),
        back=url_for("gateways.index"),
    )
