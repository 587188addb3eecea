"""The page of a lock's settings."""

from __future__ import annotations

from uuid import uuid4

from flask import Response, request, url_for
from flask_babel import gettext as _

from pms.core import clock
from pms.core.errors import DomainError
from pms.frontdesk.blueprint import blueprint
from pms.lock_commands import settings
from pms.lock_commands.forms import TAGS, ReadForm, SettingsForm
from pms.locks import queries as locks
from pms.locks import rules
from pms.web import errors, filters, login
from pms.web.render import go_to, render
from pms.web.rights import require


@blueprint.get("/locks/<int:lock_id>/settings")
@require("locks:view")
def lock_settings(lock_id: int) -> Response:
    """The settings, names beside raw values; the form that changes them."""
    return _settings_page(lock_id, SettingsForm(formdata=None))


@blueprint.post("/locks/<int:lock_id>/settings/read")
@require("locks:operate")
def read_lock_settings(lock_id: int) -> Response:
    """Ask the lock for them."""
    form = ReadForm()
    if not form.validate():
        return go_to(url_for("frontdesk.lock_settings", lock_id=lock_id), _("Load the page again."), kind="bad")
    settings.read_settings(lock_id=lock_id, request_id=form.request_id.data, actor=login.actor(), now=clock.now())
    return _asked(lock_id, _("The lock is asked for its settings as soon as somebody is at the lock."))


@blueprint.post("/locks/<int:lock_id>/settings")
@require("locks:operate")
def write_lock_settings(lock_id: int) -> Response:
    """Order others."""
    form, now = SettingsForm(), clock.now()
    if form.validate():
        wanted = settings.Wanted(
            clock=bool(form.clock.data),
            time_zone=rules.utc_offset_quarters(now, filters.house_zone()) if form.time_zone.data else None,
            check_out_hour=form.check_out_hour.data,
            scopes=bool(form.scopes.data),
            raw=tuple(f"{tag}{value}" for tag, value in _typed().items() if value),
        )
        try:
            settings.write_settings(
                lock_id=lock_id, wanted=wanted, request_id=form.request_id.data, actor=login.actor(), now=now
            )
        except DomainError as error:
            errors.put_into(form, error)
        else:
            return _asked(lock_id, _("The settings change as soon as somebody is at the lock."))
    return _settings_page(lock_id, form, status=422)


def _asked(lock_id: int, text: str) -> Response:
    return go_to(url_for("lock_commands.of_lock", lock_id=lock_id), text)


def _typed() -> dict[str, str]:
    """The raw values that were entered, by tag."""
    return {tag: "".join(request.form.get(f"raw_{tag}", "").split()).upper()[:12] for tag in TAGS}


def _settings_page(lock_id: int, form: SettingsForm, status: int = 200) -> Response:
    lock = locks.get_lock(lock_id)
    if not form.request_id.data:
        form.request_id.data = str(uuid4())
    return render(
        "locks/settings.html",
        status=status,
        lock=lock,
        door=locks.door_of_lock(lock_id),
        rows=rules.settings_of(lock, lock.protocol_version),
        form=form,
        typed=_typed(),
        read_id=str(uuid4()),
        lock_offset=rules.offset_text(lock.utc_offset_quarters),
        house_offset=rules.offset_text(rules.utc_offset_quarters(clock.now(), filters.house_zone())),
        tab="settings",
    )
