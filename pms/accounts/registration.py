"""People register themselves, where the house allows it: a code goes to an e-mail address, and who has it gets an account.

Nothing that a stranger hears tells whether an address is known here. A new account is switched off until a manager has
looked at it.
"""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from pms.accounts import letters, passwords, queries, rules, throttle
from pms.accounts.models import (
    MOST_TRIES,
    Account,
    Language,
    RegistrationRole,
    RegistrationSetting,
    Role,
    VerificationCode,
)
from pms.audit import service as audit
from pms.core.db import count_changed, insert_into, transaction
from pms.core.errors import ChangedMeanwhile
from pms.core.ids import new_id
from pms.core.sealing import vault
from pms.mail import queries as mail_queries
from pms.mail import rules as mail_rules
from pms.mail import service as mail

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor


def allow(*, version: int, is_allowed: bool, role: RegistrationRole, actor: Actor, now: datetime) -> None:
    """Whether people may register, and what they become; ChangedMeanwhile. `version` is 0 for the first time."""
    with transaction() as session:
        setting = session.get(RegistrationSetting, 1, with_for_update=True)
        if (setting.version if setting else 0) != version:
            raise ChangedMeanwhile
        before = {"registration": setting.is_allowed, "role": setting.role.value} if setting else {}
        if setting is None:
            setting = RegistrationSetting(id=1)
            session.add(setting)
        setting.is_allowed, setting.role = is_allowed, role
        after = {"registration": is_allowed, "role": role.value}
        if after != before:
            subject = audit.Subject(kind="registration", id=1)
            audit.record(
                actor=actor, action="accounts.registration_set", subject=subject, now=now, before=before, after=after
            )


def ask_for_code(*, recipient: str, can_send: bool, actor: Actor, now: datetime) -> datetime:
    """Send a code to the address, and say when it ends; codes sent there before are void.

    An address that has an account gets a letter that says so; who asks hears the same. `can_send`: letters leave here even
    without a mail server. RegistrationOff, BadAddress, NoMailServer, TooManyTries.
    """
    _check_is_allowed()
    mail_rules.check_address(recipient)
    if not can_send and mail_queries.find_server() is None:
        raise mail_rules.NoMailServer
    index = _index_of(recipient)
    throttle.charge(rules.code_limits(index, actor.address), now=now)
    code = "".join(secrets.choice("0123456789") for _ in range(rules.CODE_DIGITS))
    expires_at = now + rules.CODE_HOLDS
    with transaction() as session:
        number = _store(session, index, code, now=now, expires_at=expires_at)
        account = queries.find_account_by_email(index)
        title, text = _letter(account, code, actor.language)
        mail.queue(
            recipient=recipient,
            title=title,
            text=text,
            about=audit.Subject(kind="verification_code", id=number, label=mail_rules.shown_address(recipient)),
            request_id=str(uuid4()),
            expires_at=expires_at,
            actor=actor,
            now=now,
        )
    return expires_at


def register(
    *, recipient: str, code: str, username: str, display_name: str, password: str, actor: Actor, now: datetime
) -> Account:
    """An account for whoever has the code that went to the address; it is switched off until somebody switches it on.

    RegistrationOff, PasswordTooShort, PasswordTooEasy, TooManyTries, WrongCode, UsernameTaken (which leaves the code valid).
    """
    _check_is_allowed()
    username = username.strip().casefold()
    rules.check_password(password, username)
    throttle.charge(rules.register_limits(actor.address), now=now)
    index = _index_of(recipient)
    number = _try_code(index, code, now=now)
    # Hashing is slow on purpose, so it stands before the lock that writers wait for.
    password_hash = passwords.hash_password(password)
    with transaction() as session:
        setting = session.get(RegistrationSetting, 1, with_for_update={"read": True})
        if setting is None or not setting.is_allowed:
            raise rules.RegistrationOff
        _use(session, number, now)
        account = Account(
            username=username,
            display_name=display_name,
            password_hash=password_hash,
            role=Role(setting.role.value),
            language=Language(actor.language),
            is_active=False,
            email_index=index,
            registration_id=number,
            created_at=now,
        )
        account.email = recipient.strip()
        _insert(session, account)
        audit.record(
            actor=actor,
            action="accounts.registered",
            subject=audit.Subject(kind="account", id=account.id, label=account.display_name),
            now=now,
            after={"username": username, "role": account.role.value, "to": mail_rules.shown_address(recipient)},
        )
    return account


def purge(*, ended_before: datetime) -> int:
    """Forget codes that ended before that instant; how many there were."""
    with transaction() as session:
        return count_changed(session, sa.delete(VerificationCode).where(VerificationCode.expires_at < ended_before))


def _check_is_allowed() -> None:
    if not queries.may_register():
        raise rules.RegistrationOff


def _index_of(recipient: str) -> str:
    return vault().blind(recipient.strip().casefold(), "email")


def _hash_of(code: str, number: int) -> str:
    return vault().blind(code, f"verification code {number}")


def _letter(account: Account | None, code: str, language: str) -> tuple[str, str]:
    if account is None:
        return letters.code(code, language=language)
    return letters.known(account.username, language=language)


def _store(session: Session, index: str, code: str, *, now: datetime, expires_at: datetime) -> int:
    """The last code of an address takes the place of the one before, also where two are asked for at once."""
    number = new_id()
    values = {
        "id": number,
        "code_hash": _hash_of(code, number),
        "tries": 0,
        "created_at": now,
        "expires_at": expires_at,
        "used_at": None,
    }
    session.execute(
        insert_into(VerificationCode)
        .values(recipient_index=index, **values)
        .on_conflict_do_update(index_elements=[VerificationCode.recipient_index], set_=values)
    )
    return number


def _try_code(index: str, code: str, *, now: datetime) -> int:
    """The id of the address's code, if this is it. The try is stored before the code is looked at."""
    row = VerificationCode
    with transaction() as session:
        found = session.execute(
            sa.update(row)
            .where(row.recipient_index == index, row.used_at.is_(None), row.expires_at > now, row.tries < MOST_TRIES)
            .values(tries=row.tries + 1)
            .returning(row.id, row.code_hash)
            .execution_options(synchronize_session=False)
        ).first()
    if found is None or not hmac.compare_digest(found.code_hash, _hash_of(code, found.id)):
        raise rules.WrongCode
    return int(found.id)


def _use(session: Session, number: int, now: datetime) -> None:
    """A code lets one in: whoever comes second finds it used, or gone."""
    changed = count_changed(
        session,
        sa.update(VerificationCode)
        .where(VerificationCode.id == number, VerificationCode.used_at.is_(None))
        .values(used_at=now)
        .execution_options(synchronize_session=False),
    )
    if changed != 1:
        raise rules.WrongCode


def _insert(session: Session, account: Account) -> None:
    username = account.username
    try:
        with session.begin_nested():
            session.add(account)
    except IntegrityError as error:
        if queries.find_account_by_username(username) is not None:
            raise rules.UsernameTaken from error
        # The address has an account already: as if the code were wrong.
        raise rules.WrongCode from error
