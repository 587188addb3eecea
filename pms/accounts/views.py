"""Log-in, one's own settings, and the staff list."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from flask_login import current_user

from pms.accounts import log_in as gate
from pms.accounts import queries, register_views, rules, service, sessions, token_views
from pms.accounts.blueprint import blueprint
from pms.accounts.forms import (
    AccountForm,
    LogInForm,
    NewAccountForm,
    NewPasswordForm,
    OwnPasswordForm,
    PreferencesForm,
)
from pms.accounts.models import Language, Role, Theme
from pms.accounts.words import THEMES, device_of
from pms.core import clock
from pms.core.errors import DomainError
from pms.web import errors
from pms.web.forms import choices
from pms.web.i18n import LANGUAGES
from pms.web.login import actor
from pms.web.render import go_to, render, render_dialog
from pms.web.rights import RIGHTS, ROLE_NAMES, ROLE_RIGHTS, can, public, require

__all__ = ["blueprint", "register_views", "token_views"]

# Where each person's day begins: the first page that her role may see.
_LANDINGS = (
    ("frontdesk.today", "desk:view"),
    ("frontdesk.cleaning", "rooms:clean"),
    ("frontdesk.board", "rooms:view"),
    ("accounts.me", "self:use"),
)


@blueprint.record_once
def _install(state: BlueprintSetupState) -> None:
    sessions.install(cast("Flask", state.app))


def landing() -> str:
    """The address of the first page for the person at this request."""
    known = current_app.view_functions
    return next(url_for(endpoint) for endpoint, right in _LANDINGS if endpoint in known and can(right))


@blueprint.get("/login")
@public
def log_in() -> Response:
    """The log-in page; whoever is logged in goes on."""
    target = rules.local_path(request.args.get("next"))
    if current_user.is_authenticated:
        return go_to(target or landing())
    return _log_in_page(LogInForm(next=target or ""))


@blueprint.post("/login")
@public
def log_in_now() -> Response:
    """Name and password."""
    form = LogInForm()
    if not form.validate_on_submit():
        return _log_in_page(form, status=422)
    try:
        token = gate.log_in(
            username=form.username.data or "",
            password=request.form.get("password", ""),
            address=request.remote_addr or "",
            agent=request.user_agent.string,
            accepts_demo=not current_app.config["SETTINGS"].is_production,
            now=sessions.present(),
        )
    except DomainError as error:
        errors.put_into(form, error)
        response = _log_in_page(form, status=error.status)
        if isinstance(error, rules.TooManyTries):
            response.headers["Retry-After"] = str(error.params["seconds"])
        return response
    sessions.begin(token)
    return go_to(rules.local_path(form.next.data) or landing())


@blueprint.post("/login/language")
@public
def log_in_language() -> Response:
    """Another language for the log-in page."""
    language = request.form.get("language", "")
    target = rules.local_path(request.form.get("next")) or None
    is_registering = target == url_for("accounts.register")
    response = go_to(target if is_registering and target else url_for("accounts.log_in", next=target))
    if language in LANGUAGES:
        _remember_language(response, language)
    return response


@blueprint.post("/logout")
@public
def log_out() -> Response:
    """End this session; also where it has ended already."""
    if current_user.is_authenticated:
        gate.log_out(session_id=current_user.session_id, actor=actor(), now=clock.now())
    sessions.end()
    return go_to(url_for("accounts.log_in"))


@blueprint.get("/accounts/me")
@require("self:use")
def me() -> Response:
    """One's own settings and log-ins."""
    return render(
        "accounts/me.html",
        themes=THEMES,
        device_of=device_of,
        log_ins=queries.list_sessions(
            current_user.id, seen_since=sessions.present() - current_app.config["SETTINGS"].session_idle
        ),
        own_rights=[sentence for right, sentence in RIGHTS.items() if can(right) and right != "demo:use"],
    )


@blueprint.post("/accounts/preferences")
@require("self:use")
def preferences() -> Response:
    """Language and theme; the page that one is on stays."""
    form = PreferencesForm()
    back = _back()
    if not form.validate_on_submit():
        return go_to(back)
    account = service.choose(
        language=Language(form.language.data) if form.language.data else None,
        theme=Theme(form.theme.data) if form.theme.data else None,
        actor=actor(),
        now=clock.now(),
    )
    response = go_to(back)
    _remember_language(response, account.language.value)
    return response


@blueprint.route("/accounts/me/password", methods=["GET", "POST"])
@require("self:use")
def own_password() -> Response:
    """Change one's own password."""
    form = OwnPasswordForm()
    if not form.validate_on_submit():
        return render_dialog(
            "accounts/_own_password.html", dialog_heading=_("Change password"), status=_status(), form=form
        )
    try:
        service.change_own_password(
            present=request.form["present"],
            password=request.form["password"],
            session_id=current_user.session_id,
            actor=actor(),
            now=clock.now(),
        )
    except DomainError as error:
        errors.put_into(form, error)
        return render_dialog("accounts/_own_password.html", dialog_heading=_("Change password"), status=422, form=form)
    return go_to(url_for("accounts.me"), _("Your password is changed. You are logged out everywhere else."))


@blueprint.post("/accounts/me/sessions/<int:session_id>/end")
@require("self:use")
def end_session(session_id: int) -> Response:
    """Log oneself out elsewhere."""
    gate.end_session(session_id=session_id, actor=actor(), now=clock.now())
    return go_to(url_for("accounts.me"), _("That log-in has ended."))


@blueprint.get("/accounts")
@require("accounts:edit")
def index() -> Response:
    """Everybody who works here, and which role may do what."""
    return render(
        "accounts/index.html",
        accounts=queries.list_accounts(),
        seen=queries.last_seen(),
        rights=RIGHTS,
        role_rights=ROLE_RIGHTS,
        may_change=_may_change,
    )


@blueprint.route("/accounts/new", methods=["GET", "POST"])
@require("accounts:edit")
def new() -> Response:
    """Add somebody."""
    form = NewAccountForm(role=Role.FRONT_DESK.value)
    form.role.choices = _role_choices()
    if not form.validate_on_submit():
        return render_dialog("accounts/_new.html", dialog_heading=_("Add somebody"), status=_status(), form=form)
    try:
        account = service.create_account(
            username=form.username.data or "",
            display_name=form.display_name.data or "",
            password=request.form["password"],
            role=Role(form.role.data),
            actor=actor(),
            now=clock.now(),
        )
    except DomainError as error:
        errors.put_into(form, error)
        return render_dialog("accounts/_new.html", dialog_heading=_("Add somebody"), status=422, form=form)
    return go_to(url_for("accounts.index"), _("%(name)s can log in now.", name=account.display_name))


@blueprint.route("/accounts/<int:account_id>/edit", methods=["GET", "POST"])
@require("accounts:edit")
def edit(account_id: int) -> Response:
    """Name, role, on or off."""
    account = queries.get_account(account_id)
    rules.check_may_change(current_user.role, before=account.role, after=account.role)
    form = AccountForm(obj=account)
    is_self = account.id == current_user.id
    if is_self:
        del form.role, form.is_active
    else:
        form.role.choices = _role_choices()
    if not form.validate_on_submit():
        return render_dialog(
            "accounts/_edit.html",
            dialog_heading=_("Change an account"),
            status=_status(),
            form=form,
            account=account,
            is_self=is_self,
        )
    try:
        service.change_account(
            account_id=account_id,
            version=form.version.data or 0,
            display_name=form.display_name.data or "",
            role=account.role if is_self else Role(form.role.data),
            is_active=True if is_self else form.is_active.data,
            actor=actor(),
            now=clock.now(),
        )
    except DomainError as error:
        errors.put_into(form, error)
        return render_dialog(
            "accounts/_edit.html",
            dialog_heading=_("Change an account"),
            status=422,
            form=form,
            account=account,
            is_self=is_self,
        )
    return go_to(url_for("accounts.index"), _("The change is stored."))


@blueprint.route("/accounts/<int:account_id>/password", methods=["GET", "POST"])
@require("accounts:edit")
def set_password(account_id: int) -> Response:
    """A new password for somebody who forgot hers."""
    account = queries.get_account(account_id)
    rules.check_may_change(current_user.role, before=account.role, after=account.role)
    form = NewPasswordForm()
    if not form.validate_on_submit():
        return render_dialog(
            "accounts/_password.html", dialog_heading=_("New password"), status=_status(), form=form, account=account
        )
    name = account.display_name
    try:
        service.set_password(account_id=account_id, password=request.form["password"], actor=actor(), now=clock.now())
    except DomainError as error:
        errors.put_into(form, error)
        return render_dialog(
            "accounts/_password.html", dialog_heading=_("New password"), status=422, form=form, account=account
        )
    return go_to(url_for("accounts.index"), _("%(name)s has a new password and is logged out.", name=name))


def _log_in_page(form: LogInForm, *, status: int = 200) -> Response:
    return render("accounts/log_in.html", status=status, form=form, may_register=queries.may_register())


def _status() -> int:
    return 422 if request.method == "POST" else 200


def _role_choices() -> list[Any]:
    return choices((role.value, _(ROLE_NAMES[role])) for role in Role if _may_change(role))


def _may_change(role: Role) -> bool:
    return current_user.role is Role.ADMINISTRATOR or role is not Role.ADMINISTRATOR


def _back() -> str:
    """The page that the person is on: what its form says, else where the browser comes from, if that is ours."""
    named = rules.local_path(request.form.get("next", "").rstrip("?"))
    if named:
        return named
    referrer = urlsplit(request.referrer or "")
    if referrer.netloc == request.host:
        path = rules.local_path(referrer.path + (f"?{referrer.query}" if referrer.query else ""))
        if path:
            return path
    return url_for("accounts.me")


def _remember_language(response: Response, language: str) -> None:
    response.set_cookie(
        "language",
        language,
        max_age=365 * 24 * 3600,
        httponly=True,
        samesite="Lax",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
    )
