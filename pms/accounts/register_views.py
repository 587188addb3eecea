"""People register themselves, where the house allows it; and the page that allows it."""

from __future__ import annotations

from flask import Response, current_app, request, session, url_for
from flask_babel import gettext as _

from pms.accounts import queries, registration, rules
from pms.accounts.blueprint import blueprint
from pms.accounts.forms import CodeForm, RegisterForm, RegistrationForm
from pms.accounts.models import RegistrationRole, RegistrationSetting
from pms.core import clock
from pms.core.errors import DomainError
from pms.mail import queries as mail
from pms.web import errors, login
from pms.web.i18n import select_language
from pms.web.render import go_to, render, render_dialog
from pms.web.rights import public, require

# In this browser's own cookie: the address that a code went to.
_REGISTERING = "registering"


@blueprint.get("/register")
@public
def register() -> Response:
    """First the address that a code goes to, then the code and the account."""
    _check_is_allowed()
    if request.args.get("again"):
        session.pop(_REGISTERING, None)
    recipient = session.get(_REGISTERING, "")
    return _register_page(RegisterForm()) if recipient else _code_page(CodeForm())


@blueprint.post("/register/code")
@public
def send_code() -> Response:
    """Send a code; the answer is the same for every address."""
    form = CodeForm()
    if form.validate():
        recipient = str(form.recipient.data)
        try:
            registration.ask_for_code(
                recipient=recipient,
                can_send=not current_app.config["SETTINGS"].is_production,
                actor=login.visitor(select_language()),
                now=clock.now(),
            )
        except DomainError as error:
            return _refused(form, error)
        session[_REGISTERING] = recipient
        return go_to(url_for("accounts.register"), _("A code is on its way to %(recipient)s.", recipient=recipient))
    return _code_page(form, status=422)


@blueprint.post("/register")
@public
def register_now() -> Response:
    """The account, for whoever has the code."""
    form = RegisterForm()
    recipient = session.get(_REGISTERING, "")
    if not recipient:
        return go_to(url_for("accounts.register"))
    if form.validate():
        try:
            registration.register(
                recipient=recipient,
                code=form.code.data or "",
                username=form.username.data or "",
                display_name=form.display_name.data or "",
                password=request.form["password"],
                actor=login.visitor(select_language()),
                now=clock.now(),
            )
        except DomainError as error:
            return _refused(form, error)
        session.pop(_REGISTERING, None)
        text = _("Your account is there. You can log in as soon as a manager has switched it on.")
        return go_to(url_for("accounts.log_in"), text)
    return _register_page(form, status=422)


@blueprint.route("/accounts/registration", methods=["GET", "POST"])
@require("accounts:edit")
def registration_setting() -> Response:
    """Whether people may register themselves, and what they become."""
    form = _setting_form(queries.find_registration_setting())
    status = 422 if request.method == "POST" else 200
    if form.validate_on_submit():
        with errors.shown_in(form):
            registration.allow(
                version=int(str(form.version.data)),
                is_allowed=form.is_allowed.data,
                role=RegistrationRole(form.role.data),
                actor=login.actor(),
                now=clock.now(),
            )
            return go_to(url_for("accounts.index"), _("The settings are stored."))
    return render_dialog(
        "accounts/_registration.html",
        status=status,
        dialog_heading=_("Registration"),
        form=form,
        sends_letters=mail.find_server() is not None,
    )


def _check_is_allowed() -> None:
    if not queries.may_register():
        raise rules.RegistrationOff


def _setting_form(setting: RegistrationSetting | None) -> RegistrationForm:
    if request.method == "POST" or setting is None:
        return RegistrationForm(version="0", role=RegistrationRole.HOUSEKEEPING.value)
    return RegistrationForm(version=str(setting.version), is_allowed=setting.is_allowed, role=setting.role.value)


def _code_page(form: CodeForm, *, status: int = 200) -> Response:
    return render("accounts/register_code.html", status=status, form=form)


def _register_page(form: RegisterForm, *, status: int = 200) -> Response:
    return render("accounts/register.html", status=status, form=form, recipient=session[_REGISTERING])


def _refused(form: CodeForm | RegisterForm, error: DomainError) -> Response:
    errors.put_into(form, error)
    if isinstance(form, RegisterForm):
        response = _register_page(form, status=error.status)
    else:
        response = _code_page(form, status=error.status)
    if isinstance(error, rules.TooManyTries):
        response.headers["Retry-After"] = str(error.params["seconds"])
    return response
