"""Staff accounts, how people register for one, their sessions, and the throttle of the log-in."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from pms.core.db import Base, HasId, enum_column
from pms.core.sealing import sealed_text


class Role(StrEnum):
    """What somebody is in the house; `pms.web.rights` says what each may do."""

    FRONT_DESK = "front_desk"
    HOUSEKEEPING = "housekeeping"
    MAINTENANCE = "maintenance"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"


class Language(StrEnum):
    """The languages of the pages."""

    ENGLISH = "en"
    CHINESE = "zh"


class Theme(StrEnum):
    """Light, dark, or as the browser's system has it."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


class Account(HasId, Base):
    """Somebody who works here. Accounts are switched off, never deleted: the audit trail names them."""

    __tablename__ = "account"

    username: Mapped[str] = mapped_column(sa.String(60), unique=True)
    display_name: Mapped[str] = mapped_column(sa.String(80))
    password_hash: Mapped[str] = mapped_column(sa.String(200))
    role: Mapped[Role] = mapped_column(enum_column(Role))
    language: Mapped[Language] = mapped_column(enum_column(Language), default=Language.ENGLISH)
    theme: Mapped[Theme] = mapped_column(enum_column(Theme), default=Theme.AUTO)
    is_active: Mapped[bool] = mapped_column(default=True)
    # The demo's shared password opens only accounts that the demo made.
    is_demo: Mapped[bool] = mapped_column(default=False)
    # Raised to end every session of the account at once.
    auth_epoch: Mapped[int] = mapped_column(default=0)
    # Only of people who registered themselves: where the code went, and which code let them in. One account for each.
    email_sealed: Mapped[bytes | None]
    email = sealed_text()
    email_index: Mapped[str | None] = mapped_column(sa.String(32), unique=True)
    registration_id: Mapped[int | None] = mapped_column(sa.BigInteger, unique=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy


class RegistrationRole(StrEnum):
    """What somebody who registers can become; whoever may do more is added by hand."""

    HOUSEKEEPING = "housekeeping"
    FRONT_DESK = "front_desk"
    MAINTENANCE = "maintenance"


class RegistrationSetting(Base):
    """Whether people may register themselves, and as what; one row, or none as long as nobody allowed it."""

    __tablename__ = "registration_setting"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    is_allowed: Mapped[bool]
    role: Mapped[RegistrationRole] = mapped_column(enum_column(RegistrationRole))
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (sa.CheckConstraint("id = 1", name="single"),)
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy


MOST_TRIES = 5


class VerificationCode(HasId, Base):
    """A code that went to an e-mail address. Only keyed hashes of both are kept, and the last code of each address alone."""

    __tablename__ = "verification_code"

    recipient_index: Mapped[str] = mapped_column(sa.String(32), unique=True)
    code_hash: Mapped[str] = mapped_column(sa.String(32))
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    __table_args__ = (
        sa.CheckConstraint(f"tries BETWEEN 0 AND {MOST_TRIES}", name="tries"),
        sa.CheckConstraint("expires_at > created_at", name="has_an_end"),
    )


class StaffSession(HasId, Base):
    """One log-in. The cookie holds a random token, this row its hash, so that a session can be ended from here."""

    __tablename__ = "staff_session"

    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id"), index=True)
    auth_epoch: Mapped[int]
    address: Mapped[str] = mapped_column(sa.String(64), default="")
    agent: Mapped[str] = mapped_column(sa.String(200), default="")
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ApiToken(HasId, Base):
    """A program's key to the API: what its owner's role includes, cut down to the scopes, until it ends.

    The token itself is known to the program alone. Rows stay, so that the trail can name them.
    """

    __tablename__ = "api_token"

    account_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(60))
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    scopes: Mapped[list[Any]]  # rights of `pms.web.rights`
    # Made by logging in at the API; such tokens are not listed among those that were made by hand.
    is_log_in: Mapped[bool] = mapped_column(default=False)
    auth_epoch: Mapped[int]
    address: Mapped[str] = mapped_column(sa.String(64), default="")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (sa.CheckConstraint("expires_at > created_at", name="has_an_end"),)


class LoginThrottle(Base):
    """Failed log-ins per key (an account at an address, an address, an account at addresses not known for it)."""

    __tablename__ = "login_throttle"

    key: Mapped[str] = mapped_column(sa.String(160), primary_key=True)
    failures: Mapped[int]
    last_failed_at: Mapped[datetime]
    blocked_until: Mapped[datetime]
