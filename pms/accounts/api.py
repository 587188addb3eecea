"""Logging in of programs."""

from __future__ import annotations

from flask import Blueprint, current_app, request

from pms.accounts import rules, schemas, sessions, tokens
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
