"""Programs' keys to the API: made, used and revoked. What is stored of a token is its hash."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.accounts import log_in as gate
from pms.accounts import queries, rules
from pms.accounts.models import ApiToken
from pms.audit import service as audit
from pms.core.db import count_changed, transaction
from pms.web.rights import ROLE_RIGHTS

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.accounts.models import Account
    from pms.core.actor import Actor


def log_in(
    *,
    username: str,
    password: str,
    scopes: Collection[str] | None,
    hours: int,
    address: str,
    accepts_demo: bool = False,
    now: datetime,
) -> tuple[str, ApiToken]:
    """A token for a program whose user typed name and password; it holds for some hours.

    Without `scopes` it may do what the role may, apart from seeing the secrets of locks, which must be asked for by name.
    BadScopes, and what `log_in.log_in` refuses.
    """
    opened: list[tuple[str, ApiToken]] = []

    def begin(session: Session, account: Account) -> None:
        wanted = scopes if scopes is not None else ROLE_RIGHTS[account.role] - rules.ASKED_BY_NAME
        token, row = _new(account, "", wanted, timedelta(hours=hours), address, now)
        row.is_log_in = True
        session.add(row)
        actor = gate.actor_of(account, address)
        audit.record(actor=actor, action="accounts.program_logged_in", subject=_subject(row, account), now=now)
        opened.append((token, row))

    gate.prove(username=username, password=password, address=address, accepts_demo=accepts_demo, begin=begin, now=now)
    return opened[0]


def make(*, name: str, scopes: Collection[str], days: int, actor: Actor, now: datetime) -> tuple[str, ApiToken]:
    """A token for a program, in the name of the actor. It is shown once. BadTokenName, BadScopes, BadTokenEnd."""
    rules.check_token(name=name, days=days)
    with transaction() as session:
        account = queries.get_account(actor.account_id or 0)
        token, row = _new(account, name.strip(), scopes, timedelta(days=days), actor.address, now)
        session.add(row)
        audit.record(
            actor=actor,
            action="accounts.token_made",
            subject=_subject(row, account),
            now=now,
            after={"scopes": row.scopes, "until": row.expires_at.isoformat()},
        )
        return token, row


def revoke(*, token_id: int, may_revoke_others: bool, actor: Actor, now: datetime) -> None:
    """End a token at once; a second time changes nothing. TokenNotFound for one of somebody else, unless that is allowed."""
    with transaction() as session:
        row = session.get(ApiToken, token_id, with_for_update=True)
        if row is None or (row.account_id != actor.account_id and not may_revoke_others):
            raise rules.TokenNotFound
        if row.revoked_at is None:
            row.revoked_at = now
            account = queries.get_account(row.account_id)
            audit.record(actor=actor, action="accounts.token_revoked", subject=_subject(row, account), now=now)


def note_use(*, token_id: int, now: datetime) -> None:
    """The token was used; written at most once a minute."""
    with transaction() as session:
        session.execute(
            sa.update(ApiToken)
            .where(
                ApiToken.id == token_id,
                sa.or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at <= now - timedelta(minutes=1)),
            )
            .values(last_used_at=now)
        )


def purge(*, ended_before: datetime) -> int:
    """Forget log-ins of programs that ended long ago; how many there were."""
    with transaction() as session:
        return count_changed(
            session, sa.delete(ApiToken).where(ApiToken.is_log_in.is_(True), ApiToken.expires_at < ended_before)
        )


def _new(
    account: Account, name: str, scopes: Collection[str], lasts: timedelta, address: str, now: datetime
) -> tuple[str, ApiToken]:
    rules.check_scopes(scopes, ROLE_RIGHTS[account.role])
    token = secrets.token_urlsafe(32)
    row = ApiToken(
        account_id=account.id,
        name=name,
        token_hash=gate.token_hash(token),
        scopes=sorted(scopes),
        is_log_in=False,
        auth_epoch=account.auth_epoch,
        address=address,
        created_at=now,
        expires_at=now + lasts,
    )
    return token, row


def _subject(row: ApiToken, account: Account) -> audit.Subject:
    return audit.Subject(kind="api_token", id=row.id, label=row.name or account.display_name)
