"""Logging in and out. The password is checked outside of any transaction: it takes long on purpose."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.accounts import passwords, queries, throttle
from pms.accounts.models import StaffSession
from pms.accounts.rules import DemoAccount, SessionNotFound, WrongLogIn, throttle_limits
from pms.audit import service as audit
from pms.core.actor import Actor
from pms.core.db import count_changed, transaction

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.accounts.models import Account
    from pms.accounts.rules import Limit


def token_hash(token: str) -> str:
    """What the database keeps of a session's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def log_in(
    *, username: str, password: str, address: str, agent: str = "", accepts_demo: bool = False, now: datetime
) -> str:
    """The token of a new session. `WrongLogIn`, `DemoAccount` and `TooManyTries` say why not.

    An unknown name takes the same steps and the same time as a wrong password.
    """
    token = secrets.token_urlsafe(32)

    def begin(session: Session, account: Account) -> None:
        session.add(
            StaffSession(
                token_hash=token_hash(token),
                account_id=account.id,
                auth_epoch=account.auth_epoch,
                address=address,
                agent=agent[:200],
                created_at=now,
                last_seen_at=now,
            )
        )
        audit.record(actor=actor_of(account, address), action="accounts.logged_in", subject=_subject(account), now=now)

    prove(username=username, password=password, address=address, accepts_demo=accepts_demo, begin=begin, now=now)
    return token


def prove(
    *,
    username: str,
    password: str,
    address: str,
    accepts_demo: bool,
    begin: Callable[[Session, Account], None],
    now: datetime,
) -> None:
    """Check name and password, then let `begin` open what was asked for in the same transaction; refuses as `log_in`."""
    username = username.strip().casefold()
    account = queries.find_account_by_username(username)
    is_known_here = account is not None and queries.has_logged_in_from(account.id, address)
    limits = throttle_limits(username, address, is_known_here=is_known_here)
    throttle.charge(limits, now=now)
    account = queries.find_account_by_username(username)
    if account is None:
        passwords.verify_nobody(password)
    elif passwords.verify(account.password_hash, password) and account.is_active:
        if account.is_demo and not accepts_demo:
            raise DemoAccount
        _let_in(account, password, limits, begin, now)
        return
    _note_refusal(account, address, now)
    raise WrongLogIn


def _let_in(
    account: Account, password: str, limits: list[Limit], begin: Callable[[Session, Account], None], now: datetime
) -> None:
    verified = account.password_hash
    renewed = passwords.hash_password(password) if passwords.needs_renewal(verified) else None
    with transaction() as session:
        throttle.give_back(limits, now=now)
        session.refresh(account, with_for_update=True)
        if account.password_hash != verified or not account.is_active:
            # Changed while the password was being checked.
            raise WrongLogIn
        if renewed is not None:
            account.password_hash = renewed
        begin(session, account)


def log_out(*, session_id: int, actor: Actor, now: datetime) -> None:
    """End the session at hand."""
    with transaction() as session:
        row = session.get(StaffSession, session_id)
        if row is None or row.ended_at is not None:
            return
        row.ended_at = now
        account = queries.get_account(row.account_id)
        audit.record(actor=actor, action="accounts.logged_out", subject=_subject(account), now=now)


def end_all(*, now: datetime) -> int:
    """After a restore: log-ins that were ended since the backup must not come back to life; how many. Joins the caller's transaction."""
    with transaction() as session:
        return count_changed(
            session, sa.update(StaffSession).where(StaffSession.ended_at.is_(None)).values(ended_at=now)
        )


def end_session(*, session_id: int, actor: Actor, now: datetime) -> None:
    """End one of the actor's own log-ins elsewhere."""
    with transaction() as session:
        row = session.get(StaffSession, session_id)
        if row is None or row.account_id != actor.account_id or row.ended_at is not None:
            raise SessionNotFound
        row.ended_at = now
        account = queries.get_account(row.account_id)
        audit.record(
            actor=actor,
            action="accounts.session_ended",
            subject=_subject(account),
            now=now,
            before={"address": row.address},
        )


def _note_refusal(account: Account | None, address: str, now: datetime) -> None:
    """What was typed as the name is not written down: people type their password there."""
    subject = _subject(account) if account else audit.Subject(kind="account", id="")
    with transaction():
        visitor = Actor(kind="visitor", name="", address=address)
        audit.record(actor=visitor, action="accounts.log_in_refused", subject=subject, now=now)


def actor_of(account: Account, address: str) -> Actor:
    """The person, as the trail names her."""
    return Actor(kind="account", name=account.display_name, account_id=account.id, address=address)


def _subject(account: Account) -> audit.Subject:
    return audit.Subject(kind="account", id=account.id, label=account.display_name)
