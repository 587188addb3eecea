"""The packs of the last day, one on demand, their files, and the desk password."""

from __future__ import annotations

import uuid
from datetime import datetime

from flask import Blueprint, Response, make_response, request, url_for
from flask_babel import gettext as _

from pms.core import clock
from pms.core.actor import Actor
from pms.encoders import desk_service
from pms.outage import page, queries, service
from pms.outage.forms import MakeForm, SettingForm
from pms.outage.models import OutagePack, OutageSetting
from pms.web import errors, filters, i18n, login
from pms.web.render import go_to, render, render_dialog
from pms.web.rights import public, require

blueprint = Blueprint("outage", __name__)

PACK_HEADER = "X-Outage-Pack"


@blueprint.get("/")
@require("outage:read")
def index() -> Response:
    """The packs of the last 24 hours, and how a desk keeps the newest by itself."""
    now = clock.now()
    return render(
        "outage/index.html",
        "outage/_packs.html",
        packs=queries.list_packs(now=now),
        setting=queries.find_setting(),
        form=MakeForm(formdata=None, request_id=str(uuid.uuid4())),
        languages=i18n.LANGUAGES,
        now=now,
    )


@blueprint.post("/")
@require("outage:read")
def make() -> Response:
    """One now."""
    form = MakeForm()
    if form.validate():
        service.make_now(write=page.write, request_id=str(form.request_id.data), actor=login.actor(), now=clock.now())
        return go_to(url_for("outage.index"), _("The outage pack is made. Download it to the desk’s computer."))
    return go_to(url_for("outage.index"), _("Load the page again."), kind="bad")


@blueprint.get("/newest")
@require("outage:read")
def download_newest() -> Response:
    """The newest pack in one's own language: a link that a desk can keep."""
    return _handed_out(queries.newest(now=clock.now()).id, i18n.select_language())


@blueprint.get("/<int:pack_id>/<any('en','zh'):language>")
@require("outage:read")
def download(pack_id: int, language: str) -> Response:
    """One pack in one language."""
    return _handed_out(pack_id, language)


@blueprint.get("/latest")
@public
def latest() -> Response:
    """The newest pack for a desk's program, which proves itself by the desk's token; 304 where it has that one."""
    kind, _space, token = request.headers.get("Authorization", "").partition(" ")
    agent = desk_service.authenticate(token if kind.lower() == "bearer" else "")
    now = clock.now()
    pack = queries.newest(now=now)
    if request.headers.get(PACK_HEADER) == str(pack.id):
        return make_response("", 304)
    language = request.args.get("language", "en")
    _pack, file = service.fetch(
        pack_id=pack.id,
        language=language if language in i18n.LANGUAGES else "en",
        fetched_by=agent.name,
        actor=Actor(kind="agent", name=agent.name, address=request.remote_addr or ""),
        now=now,
    )
    return _file(pack, language, file)


@blueprint.get("/settings")
@require("outage:manage")
def settings() -> Response:
    """The desk password, and what is sealed with it."""
    setting = queries.find_setting()
    form = SettingForm(
        formdata=None,
        version=str(setting.version if setting else 0),
        makes_codes=bool(setting and setting.makes_codes),
    )
    return _settings_page(form, setting)


@blueprint.post("/settings")
@require("outage:manage")
def change() -> Response:
    """Store it."""
    form = SettingForm()
    if form.validate():
        with errors.shown_in(form):
            service.set_up(
                version=int(str(form.version.data)),
                # As it was typed: the form takes spaces away around everything else.
                password=request.form.get("password", ""),
                again=request.form.get("again", ""),
                makes_codes=bool(form.makes_codes.data),
                actor=login.actor(),
                now=clock.now(),
            )
            return go_to(url_for("outage.settings"), _("The settings are stored. They hold from the next pack on."))
    return _settings_page(form, queries.find_setting(), status=422)


@blueprint.get("/settings/forget")
@require("outage:manage")
def ask_forget() -> Response:
    """What removing the password does."""
    return render_dialog("outage/_forget.html", dialog_heading=_("Remove the desk password"))


@blueprint.post("/settings/forget")
@require("outage:manage")
def forget() -> Response:
    """No sealed part from the next pack on."""
    service.forget_password(actor=login.actor(), now=clock.now())
    return go_to(url_for("outage.settings"), _("The desk password is removed."))


def _settings_page(form: SettingForm, setting: OutageSetting | None, status: int = 200) -> Response:
    return render("outage/settings.html", "outage/_settings.html", status=status, form=form, setting=setting)


def _handed_out(pack_id: int, language: str) -> Response:
    actor = login.actor()
    pack, file = service.fetch(pack_id=pack_id, language=language, fetched_by=actor.name, actor=actor, now=clock.now())
    return _file(pack, language, file)


def _file(pack: OutagePack, language: str, file: bytes) -> Response:
    """To be kept, never to be shown from here: its script is its own."""
    response = make_response(file)
    response.headers["Content-Type"] = "text/html; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{_name(pack.made_at, language)}"'
    response.headers[PACK_HEADER] = str(pack.id)
    return response


def _name(made_at: datetime, language: str) -> str:
    return f"outage-{filters.local(made_at):%Y-%m-%d-%H%M}-{language}.html"
