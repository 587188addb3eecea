"""Every change of staff accounts, and of what each person chose for herself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from pms.accounts import passwords, queries, rules
from pms.accounts.models import Account, Language, Role, StaffSession, Theme
from pms.audit import service as audit
from pms.core.db import count_changed, transaction
from pms.core.errors import ChangedMeanwhile

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor


def create_account(
    *,
    username: str,
    display_name: str,
    password: str,
    role: Role,
    is_demo: bool = False,
    actor: Actor,
    now: datetime,
) -> Account:
    """A new account; `UsernameTaken`, `PasswordTooShort`, `OnlyAdministrators` say why not."""
    username = username.strip().casefold()
    rules.check_password(password, username)
    # Hashing is slow on purpose, so it stands before the lock that writers wait for.
    password_hash = passwords.hash_password(password)
    with transaction() as session:
        rules.check_may_change(_role_of(session, actor), before=None, after=role)
        account = Account(
            username=username,
            display_name=display_name,
            password_hash=password_hash,
            role=role,
            is_demo=is_demo,
            language=Language(actor.language),
            created_at=now,
        )
        try:
            with session.begin_nested():
                session.add(account)
        except IntegrityError as error:
            raise rules.UsernameTaken from error
        after = {"username": username, "display_name": display_name, "role": role.value}
        audit.record(actor=actor, action="accounts.created", subject=_subject(account), now=now, after=after)
    return account


def change_account(
    *,
    account_id: int,
    version: int,
    display_name: str,
    role: Role,
    is_active: bool,
    actor: Actor,
    now: datetime,
) -> Account:
    """Name, role, switched on or off. Somebody who is switched off is logged out everywhere."""
    with transaction() as session:
        # Locked together and in one order, so that two administrators cannot switch each other off at once.
        administrators = _lock_administrators(session)
        account = _locked(session, account_id)
        if account.version != version:
            raise ChangedMeanwhile
        rules.check_may_change(_role_of(session, actor), before=account.role, after=role)
        rules.check_own_account(
            is_self=account.id == actor.account_id, role_before=account.role, role_after=role, is_active=is_active
        )
        if administrators == {account.id} and (role is not Role.ADMINISTRATOR or not is_active):
            raise rules.LastAdministrator
        wanted: dict[str, Any] = {"display_name": display_name, "role": role, "is_active": is_active}
        before = {name: getattr(account, name) for name, value in wanted.items() if getattr(account, name) != value}
        if not before:
            return account
        if account.is_active and not is_active:
            account.auth_epoch += 1
        for name in before:
            setattr(account, name, wanted[name])
        after = {name: wanted[name] for name in before}
        audit.record(
            actor=actor, action="accounts.changed", subject=_subject(account), now=now, before=before, after=after
        )
    return account


def set_password(*, account_id: int, password: str, actor: Actor, now: datetime) -> None:
    """Somebody forgot hers: a new one, and every session of the account ends."""
    username = queries.get_account(account_id).username
    rules.check_password(password, username)
    password_hash = passwords.hash_password(password)
    with transaction() as session:
        account = _locked(session, account_id)
        rules.check_may_change(_role_of(session, actor), before=account.role, after=account.role)
        account.password_hash = password_hash
        account.auth_epoch += 1
        audit.record(actor=actor, action="accounts.password_set", subject=_subject(account), now=now)


def change_own_password(*, present: str, password: str, session_id: int, actor: Actor, now: datetime) -> None:
    """Asks for the present one; the session at hand goes on, all others end."""
    account = queries.get_account(actor.account_id or 0)
    verified = account.password_hash
    if not passwords.verify(verified, present):
        raise rules.WrongPassword
    rules.check_password(password, account.username)
    password_hash = passwords.hash_password(password)
    with transaction() as session:
        account = _locked(session, account.id)
        if account.password_hash != verified:
            raise rules.WrongPassword
        account.password_hash = password_hash
        account.auth_epoch += 1
        session.execute(
            sa.update(StaffSession)
            .where(StaffSession.id == session_id, StaffSession.account_id == account.id)
            .values(auth_epoch=account.auth_epoch)
        )
        audit.record(actor=actor, action="accounts.password_changed", subject=_subject(account), now=now)


def choose(*, language: Language | None = None, theme: Theme | None = None, actor: Actor, now: datetime) -> Account:
    """The actor's own language and theme; None leaves one as it is."""
    with transaction() as session:
        account = _locked(session, actor.account_id or 0)
        wanted = {"language": language or account.language, "theme": theme or account.theme}
        before = {name: getattr(account, name) for name, value in wanted.items() if getattr(account, name) != value}
        if before:
            for name in before:
                setattr(account, name, wanted[name])
            after = {name: wanted[name] for name in before}
            audit.record(
                actor=actor, action="accounts.chose", subject=_subject(account), now=now, before=before, after=after
            )
    return account


def purge_sessions(*, seen_before: datetime) -> int:
    """Forget log-ins last seen before that instant; says how many."""
    with transaction() as session:
        return count_changed(session, sa.delete(StaffSession).where(StaffSession.last_seen_at < seen_before))


def _locked(session: Session, account_id: int) -> Account:
    account = session.scalars(sa.select(Account).where(Account.id == account_id).with_for_update()).one_or_none()
    if account is None:
        raise rules.AccountNotFound
    return account


def _lock_administrators(session: Session) -> set[int]:
    statement = (
        sa.select(Account)
        .where(Account.role == Role.ADMINISTRATOR, Account.is_active.is_(True))
        .order_by(Account.id)
        .with_for_update()
    )
    # Read again after the wait: one of them may no longer be an administrator.
    rows = session.scalars(statement.execution_options(populate_existing=True)).all()
    return {row.id for row in rows if row.role is Role.ADMINISTRATOR and row.is_active}


def _role_of(session: Session, actor: Actor) -> str | None:
    """None for the setup of the house, which comes before there is anybody."""
    if actor.kind == "setup":
        return None
    account = session.get(Account, actor.account_id or 0)
    return account.role if account is not None and account.is_active else "nobody"


def _subject(account: Account) -> audit.Subject:
    return audit.Subject(kind="account", id=account.id, label=account.display_name)
