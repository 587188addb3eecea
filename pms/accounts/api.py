"""Logging in of programs, and registering for an account."""

from __future__ import annotations

from flask import Blueprint, current_app, request

from pms.accounts import registration, rules, schemas, sessions, tokens
from pms.core import clock
from pms.mail.rules import BadAddress, NoMailServer
from pms.web.i18n import select_language
from pms.web.login import visitor
from pms.web.operations import operation
from pms.web.rights import PUBLIC

blueprint = Blueprint("accounts_api", __name__)


@blueprint.post("/auth/login")
@operation(
    1,
    PUBLIC,
    tag="Auth",
    body=schemas.LogIn,
    gives=schemas.Token,
    refuses=(rules.WrongLogIn, rules.DemoAccount, rules.TooManyTries, rules.BadScopes),
)
def log_in(body: schemas.LogIn) -> schemas.Token:
    """Log in: returns a bearer token.

    The token holds for some hours and may do what the role of its user includes, cut down to the scopes.
    """
    token, row = tokens.log_in(
        username=body.username,
        password=body.password,
        scopes=body.scopes,
        hours=body.hours,
        address=request.remote_addr or "",
        accepts_demo=not current_app.config["SETTINGS"].is_production,
        now=sessions.present(),
    )
    return schemas.Token(
        token=token,
        token_id=row.id,
        user_id=row.account_id,
        scopes=row.scopes,
        expires_time=row.expires_at,
    )


@blueprint.post("/auth/code")
@operation(
    2,
    PUBLIC,
    tag="Auth",
    body=schemas.CodeWish,
    gives=schemas.CodeSent,
    refuses=(rules.RegistrationOff, BadAddress, NoMailServer, rules.TooManyTries),
)
def send_code(body: schemas.CodeWish) -> schemas.CodeSent:
    """Ask for a verification code, sent by e-mail.

    Only where the house lets people register. A code has six digits, holds for ten minutes, can be used once and tried five
    times; another one makes it void. The answer is the same whether or not the address has an account.
    """
    expires_at = registration.ask_for_code(
        recipient=body.recipient,
        can_send=not current_app.config["SETTINGS"].is_production,
        actor=visitor(select_language()),
        now=clock.now(),
    )
    return schemas.CodeSent(expires_time=expires_at)


@blueprint.post("/auth/register")
@operation(
    3,
    PUBLIC,
    tag="Auth",
    body=schemas.Registration,
    gives=schemas.Registered,
    refuses=(
        rules.RegistrationOff,
        rules.PasswordTooShort,
        rules.PasswordTooEasy,
        rules.WrongCode,
        rules.UsernameTaken,
        rules.TooManyTries,
    ),
)
def register(body: schemas.Registration) -> schemas.Registered:
    """Register with a verification code.

    The account is not active: a manager looks at it and switches it on before anybody can log in with it.
    """
    account = registration.register(
        recipient=body.recipient,
        code=body.code,
        username=body.username,
        display_name=body.display_name,
        password=body.password,
        actor=visitor(select_language()),
        now=clock.now(),
    )
    return schemas.Registered(
        user_id=account.id, username=account.username, role=account.role.value, is_active=account.is_active
    )
