"""Reads of accounts and log-ins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.accounts.models import Account, ApiToken, RegistrationSetting, StaffSession
from pms.accounts.rules import AccountNotFound, TokenNotFound
from pms.core.db import db

if TYPE_CHECKING:
    from datetime import datetime


def get_account(account_id: int) -> Account:
    """The account, or `AccountNotFound`."""
    account = db.session.get(Account, account_id)
    if account is None:
        raise AccountNotFound
    return account


def find_account_by_username(username: str) -> Account | None:
    """By log-in name, in any case."""
    return db.session.scalars(sa.select(Account).where(Account.username == username.strip().casefold())).one_or_none()


def find_account_by_email(email_index: str) -> Account | None:
    """By the keyed hash of the address that somebody registered with."""
    return db.session.scalars(sa.select(Account).where(Account.email_index == email_index)).one_or_none()


def find_registration_setting() -> RegistrationSetting | None:
    """Whether people may register; None as long as nobody has said."""
    return db.session.get(RegistrationSetting, 1)


def may_register() -> bool:
    """Whether people may register themselves."""
    setting = find_registration_setting()
    return setting is not None and setting.is_allowed


def list_accounts() -> list[Account]:
    """Everybody: active ones first, then by name."""
    statement = sa.select(Account).order_by(Account.is_active.desc(), Account.display_name, Account.id)
    return list(db.session.scalars(statement))


def last_seen() -> dict[int, datetime]:
    """When each account was last seen, by account id."""
    statement = sa.select(StaffSession.account_id, sa.func.max(StaffSession.last_seen_at)).group_by(
        StaffSession.account_id
    )
    return {row[0]: row[1] for row in db.session.execute(statement)}


def list_sessions(account_id: int, *, seen_since: datetime) -> list[StaffSession]:
    """The log-ins of an account that still hold, the latest first."""
    statement = (
        sa.select(StaffSession)
        .join(Account, Account.id == StaffSession.account_id)
        .where(
            StaffSession.account_id == account_id,
            StaffSession.ended_at.is_(None),
            StaffSession.auth_epoch == Account.auth_epoch,
            StaffSession.last_seen_at >= seen_since,
        )
        .order_by(StaffSession.last_seen_at.desc(), StaffSession.id.desc())
    )
    return list(db.session.scalars(statement))


def has_logged_in_from(account_id: int, address: str) -> bool:
    """Whether the account was once logged in from this address (as far back as log-ins are kept)."""
    statement = sa.select(StaffSession.id).where(StaffSession.account_id == account_id, StaffSession.address == address)
    return db.session.scalars(statement.limit(1)).first() is not None


def find_session(token_hash: str) -> tuple[StaffSession, Account] | None:
    """A log-in that was not ended, with its account."""
    statement = (
        sa.select(StaffSession, Account)
        .join(Account, Account.id == StaffSession.account_id)
        .where(
            StaffSession.token_hash == token_hash,
            StaffSession.ended_at.is_(None),
            StaffSession.auth_epoch == Account.auth_epoch,
            Account.is_active.is_(True),
        )
    )
    row = db.session.execute(statement).first()
    return (row[0], row[1]) if row else None


def find_token(token_hash: str, *, now: datetime) -> tuple[ApiToken, Account] | None:
    """A program's token that holds now, with its owner."""
    row = db.session.execute(
        sa.select(ApiToken, Account)
        .join(Account, Account.id == ApiToken.account_id)
        .where(ApiToken.token_hash == token_hash, *_holds(now))
    ).first()
    return (row[0], row[1]) if row else None


def list_tokens(*, account_id: int | None = None, now: datetime) -> list[tuple[ApiToken, Account]]:
    """Tokens made by hand that hold now, of one person or of everybody, the newest first."""
    statement = (
        sa.select(ApiToken, Account)
        .join(Account, Account.id == ApiToken.account_id)
        .where(ApiToken.is_log_in.is_(False), *_holds(now))
        .order_by(ApiToken.id.desc())
    )
    if account_id is not None:
        statement = statement.where(ApiToken.account_id == account_id)
    return [(row[0], row[1]) for row in db.session.execute(statement)]


def get_token(token_id: int, *, account_id: int | None = None) -> tuple[ApiToken, Account]:
    """A token that was made by hand, of this person or of anybody, with its owner; TokenNotFound."""
    statement = (
        sa.select(ApiToken, Account)
        .join(Account, Account.id == ApiToken.account_id)
        .where(ApiToken.id == token_id, ApiToken.is_log_in.is_(False))
    )
    if account_id is not None:
        statement = statement.where(ApiToken.account_id == account_id)
    row = db.session.execute(statement).first()
    if row is None:
        raise TokenNotFound
    return row[0], row[1]


def _holds(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        ApiToken.revoked_at.is_(None),
        ApiToken.expires_at > now,
        ApiToken.auth_epoch == Account.auth_epoch,
        Account.is_active.is_(True),
    )
