"""Access tokens: one's own, and for whoever looks after the staff everybody's."""

from __future__ import annotations

from flask import Response, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from pms.accounts import queries, rules, sessions, tokens
from pms.accounts.blueprint import blueprint
from pms.accounts.forms import TokenForm
from pms.web import errors, login
from pms.web.forms import choices
from pms.web.render import go_to, render, render_dialog
from pms.web.rights import RIGHTS, ROLE_RIGHTS, can, require

# What a browser does and no program: there is no operation that asks for it.
_NOT_FOR_PROGRAMS = {"demo:use"}


@blueprint.get("/tokens")
@require("tokens:make")
def list_tokens() -> Response:
    """The tokens that hold now: whose they are, what they may do, when they were used."""
    owner = None if can("accounts:edit") else current_user.id
    return render(
        "accounts/tokens.html",
        tokens=queries.list_tokens(account_id=owner, now=sessions.present()),
        rights=RIGHTS,
        role_rights=ROLE_RIGHTS,
    )


@blueprint.get("/tokens/new")
@require("tokens:make")
def new_token() -> Response:
    """What the token is for, what it may do, how long it holds."""
    return _form(_token_form(days=rules.USUAL_TOKEN_DAYS))


@blueprint.post("/tokens/new")
@require("tokens:make")
def make_token() -> Response:
    """Make it, and show it this once."""
    form = _token_form()
    if form.validate():
        with errors.shown_in(form):
            token, row = tokens.make(
                name=form.name.data or "",
                scopes=form.scopes.data or [],
                days=form.days.data or 0,
                actor=login.actor(),
                now=sessions.present(),
            )
            return render_dialog(
                "accounts/_token.html",
                dialog_heading=row.name,
                token=token,
                row=row,
                server=request.host_url.rstrip("/"),
            )
    return _form(form, status=422)


@blueprint.get("/tokens/<int:token_id>/revoke")
@require("tokens:make")
def ask_revoke_token(token_id: int) -> Response:
    """What stops working."""
    row, owner = queries.get_token(token_id, account_id=None if can("accounts:edit") else current_user.id)
    return render_dialog("accounts/_revoke_token.html", dialog_heading=row.name, token=row, owner=owner)


@blueprint.post("/tokens/<int:token_id>/revoke")
@require("tokens:make")
def revoke_token(token_id: int) -> Response:
    """End it at once."""
    tokens.revoke(
        token_id=token_id, may_revoke_others=can("accounts:edit"), actor=login.actor(), now=sessions.present()
    )
    return go_to(url_for("accounts.list_tokens"), _("The token is revoked."))


def _token_form(**values: int) -> TokenForm:
    form = TokenForm(**values)
    form.scopes.choices = choices(
        (right, _(sentence))
        for right, sentence in RIGHTS.items()
        if right in ROLE_RIGHTS[current_user.role] - _NOT_FOR_PROGRAMS
    )
    return form


def _form(form: TokenForm, *, status: int = 200) -> Response:
    return render_dialog("accounts/_new_token.html", status=status, dialog_heading=_("Make an access token"), form=form)
