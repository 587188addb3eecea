"""Who sits at this browser: Flask-Login's user, checked against its row at every request.

Times here are the real clock's: the demo's journeys through time must not log anybody out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import flask_login
import sqlalchemy as sa
from flask import Flask, Request, Response, current_app, g, request, session
from sqlalchemy.exc import OperationalError

from pms.accounts import passwords, queries, tokens
from pms.accounts.log_in import token_hash
from pms.accounts.models import Language, Role, StaffSession, Theme
from pms.core import clock
from pms.core.db import transaction
from pms.core.ids import read_id
from pms.web.login import login_manager

if TYPE_CHECKING:
    from pms.config import Settings

_TOUCH_EVERY = timedelta(minutes=1)
# The desk keeps its machine whoever logs in, so the browser remembers it and not the log-in.
_MACHINE_COOKIE = "latchkey_machine"
_MACHINE_SECONDS = 2 * 365 * 86_400


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The person at this request, as the pages need her; `encoder_id` is the card machine of her desk."""

    id: int
    display_name: str
    username: str
    role: Role
    language: Language
    theme: Theme
    session_id: int | None
    encoder_id: int | None
    token: str
    # What a program's token is cut down to; None for a person at a browser.
    scopes: frozenset[str] | None = None
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """What the cookie holds."""
        return self.token


def present() -> datetime:
    """Now by the real clock, also where the demo has moved the house's."""
    return clock.now() - clock.offset()


def begin(token: str) -> None:
    """Let this browser hold the session; what the visitor's cookie held is dropped first."""
    session.clear()
    flask_login.login_user(load(token))


def end() -> None:
    """Forget the session in this browser."""
    flask_login.logout_user()
    session.clear()


def load(token: str) -> SignedIn | None:
    """The person with this token, unless the session was ended or idle for too long. The API takes no browser's cookie."""
    if is_api():
        return None
    found = queries.find_session(token_hash(token))
    if found is None:
        return None
    row, account = found
    settings: Settings = current_app.config["SETTINGS"]
    idle = present() - row.last_seen_at
    if idle >= settings.session_idle:
        return None
    if account.is_demo and settings.is_production:
        return None
    if idle >= _TOUCH_EVERY:
        g.seen_session = row.id
    return SignedIn(
        id=account.id,
        display_name=account.display_name,
        username=account.username,
        role=account.role,
        language=account.language,
        theme=account.theme,
        session_id=row.id,
        encoder_id=read_id(request.cookies.get(_MACHINE_COOKIE)),
        token=token,
    )


def load_program(asked: Request) -> SignedIn | None:
    """The person in whose name a program calls the API with a bearer token; None without one that holds."""
    kind, _space, token = asked.headers.get("Authorization", "").partition(" ")
    if not is_api() or kind.lower() != "bearer" or not token.strip():
        return None
    found = queries.find_token(token_hash(token.strip()), now=present())
    if found is None:
        return None
    row, account = found
    settings: Settings = current_app.config["SETTINGS"]
    if account.is_demo and settings.is_production:
        return None
    if row.last_used_at is None or present() - row.last_used_at >= _TOUCH_EVERY:
        g.used_token = row.id
    return SignedIn(
        id=account.id,
        display_name=account.display_name,
        username=account.username,
        role=account.role,
        language=account.language,
        theme=account.theme,
        session_id=None,
        encoder_id=None,
        token="",
        scopes=frozenset(row.scopes),
    )


def is_api() -> bool:
    """Whether a program asks, by its token, and not a browser, by its cookie."""
    return request.path.startswith("/api/")


def remember_machine(response: Response, encoder_id: int) -> None:
    """Let this browser remember the card machine of its desk."""
    settings: Settings = current_app.config["SETTINGS"]
    response.set_cookie(
        _MACHINE_COOKIE,
        str(encoder_id),
        max_age=_MACHINE_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=settings.is_behind_tls,
    )


def install(app: Flask) -> None:
    """Load people from their sessions, and note when they were last seen."""
    login_manager.user_loader(load)
    login_manager.request_loader(load_program)
    app.after_request(_touch)
    # Made now, so that the first unknown name takes no longer than the next one.
    passwords.verify_nobody("")


def _touch(response: Response) -> Response:
    """At most once a minute, after the page was read in its snapshot. Not worth failing a request for."""
    session_id, token_id = g.pop("seen_session", None), g.pop("used_token", None)
    try:
        if token_id is not None:
            tokens.note_use(token_id=token_id, now=present())
        if session_id is not None and not is_only_watching():
            _note_session(session_id)
    except OperationalError:
        current_app.logger.warning("the time of a session could not be noted; the database is busy")
    return response


def _note_session(session_id: int) -> None:
    at = present()
    with transaction() as database:
        database.execute(
            sa.update(StaffSession)
            .where(StaffSession.id == session_id, StaffSession.last_seen_at <= at - _TOUCH_EVERY)
            .values(last_seen_at=at)
        )


def is_only_watching() -> bool:
    """Whether the page asked by itself: a screen that refreshes alone must not keep a deserted desk logged in."""
    return request.headers.get("X-Watching") == "1"
