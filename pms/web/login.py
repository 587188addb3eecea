"""Flask-Login's wiring, and who acts at this request."""

from __future__ import annotations

from flask import Flask, make_response, redirect, url_for
from flask.wrappers import Response
from flask_babel import gettext as _
from flask_login import LoginManager, current_user
from htmx_flask import request

from pms.core.actor import Actor
from pms.web.envelope import refuse

login_manager = LoginManager()


def install(app: Flask) -> None:
    """Log-ins are checked against the session's row; "strong" protection would log roaming phones out."""
    login_manager.init_app(app)
    login_manager.session_protection = "basic"
    login_manager.unauthorized_handler(_to_log_in)


def _to_log_in() -> Response:
    """A page goes to the log-in and comes back; HTMX must move the whole page, not swap the log-in into a corner."""
    if request.path.startswith("/api/"):
        answer = refuse(401, _("Log in first: send a token that holds as “Authorization: Bearer …”."))
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    target = request.full_path.rstrip("?") if request.method == "GET" and not request.htmx else None
    url = url_for("accounts.log_in", next=target)
    if request.htmx:
        response = make_response("", 401)
        response.headers["HX-Redirect"] = url
        return response
    return make_response(redirect(url, 303))


def actor() -> Actor:
    """The person at this request, for the services and the audit trail."""
    if not current_user.is_authenticated:
        return visitor()
    return Actor(
        kind="account",
        name=str(current_user.display_name),
        account_id=int(current_user.id),
        address=request.remote_addr or "",
        language=str(current_user.language.value),
    )


def visitor(language: str = "en") -> Actor:
    """Somebody who is not logged in."""
    return Actor(kind="visitor", name="", address=request.remote_addr or "", language=language)
