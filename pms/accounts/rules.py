"""What may be done to accounts and log-ins, decided on plain values."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from pms.core.errors import DomainError, Forbidden, Invalid, NotFound
from pms.core.text import N_

PASSWORD_MINIMUM = 10
PASSWORD_MAXIMUM = 200
ADMINISTRATOR = "administrator"

# Failures older than this are forgotten.
MEMORY = timedelta(minutes=15)
# How long the limit, and each failure beyond it, blocks the key.
WAITS = tuple(timedelta(seconds=s) for s in (30, 60, 120, 300, 600, 900))


class WrongLogIn(DomainError):
    """Unknown name, wrong password or account switched off: the answer does not tell which."""

    code = "wrong_log_in"
    status = 422
    message = N_("Name or password is wrong.")


class TooManyTries(DomainError):
    """Log-ins from here are refused for a while; `seconds` says how long."""

    code = "too_many_tries"
    status = 429
    message = N_("There were too many wrong tries. Please wait %(seconds)d seconds, then try again.")


class DemoAccount(DomainError):
    """The demo's accounts open no real house."""

    code = "demo_account"
    status = 422
    message = N_("This account belongs to the demo hotel and is not accepted here.")


class AccountNotFound(NotFound):
    """No such account."""

    code = "account_not_found"
    message = N_("This account does not exist.")


class SessionNotFound(NotFound):
    """No such log-in, or one of somebody else."""

    code = "session_not_found"
    message = N_("This log-in has ended already.")


class UsernameTaken(DomainError):
    """Log-in names are unique, whatever their case."""

    code = "username_taken"
    message = N_("Somebody else has this log-in name.")
    field = "username"


class PasswordTooShort(Invalid):
    """Length is what makes a password strong."""

    code = "password_too_short"
    message = N_("A password needs at least %(minimum)d characters.")
    field = "password"


class PasswordTooEasy(Invalid):
    """The password is the log-in name or one character repeated."""

    code = "password_too_easy"
    message = N_("This password is too easy to guess.")
    field = "password"


class WrongPassword(Invalid):
    """Changing one's password asks for the present one."""

    code = "wrong_password"
    message = N_("This is not your present password.")
    field = "present"


class OnlyAdministrators(Forbidden):
    """Managers keep their hands off administrators."""

    code = "only_administrators"
    message = N_("Only an administrator may add or change administrators.")
    field = "role"


class OwnAccount(DomainError):
    """Nobody saws off the branch they sit on."""

    code = "own_account"
    message = N_("You cannot take your own role away or switch yourself off. Ask another administrator.")


class LastAdministrator(DomainError):
    """Somebody must be able to open the house to others."""

    code = "last_administrator"
    message = N_("This is the last administrator who can log in. Make somebody else an administrator first.")


# A verification code: how long it holds. `models.MOST_TRIES` says how often it may be guessed.
CODE_DIGITS = 6
CODE_HOLDS = timedelta(minutes=10)


class RegistrationOff(Forbidden):
    """The house adds its people by hand, as long as nobody has said otherwise."""

    code = "registration_off"
    message = N_("Nobody can register here. Ask a manager for an account.")


class WrongCode(DomainError):
    """Wrong, used, too old, guessed too often, or of an address that has an account: the answer does not tell which."""

    code = "wrong_code"
    status = 422
    message = N_("This code is not valid, or not any more. Check it, or ask for another one.")
    field = "code"


def code_limits(recipient_index: str, address: str) -> list[Limit]:
    """The counters that asking for a code is charged to: whoever it goes to, and wherever it comes from."""
    return [Limit(f"code-from:{address}", 10), Limit(f"code-to:{recipient_index}", 3)]


def register_limits(address: str) -> list[Limit]:
    """The counter of tries to register; each code counts its own beside it."""
    return [Limit(f"register:{address}", 15)]


# Scopes that no token has unless somebody asked for them by name.
ASKED_BY_NAME = frozenset({"locks:secrets"})
LONGEST_TOKEN_DAYS = 400
USUAL_TOKEN_DAYS = 90


class TokenNotFound(NotFound):
    """No such token, or one of somebody else."""

    code = "token_not_found"
    message = N_("This token does not exist.")


class BadTokenName(Invalid):
    """Whoever looks at the list must know which program it is."""

    code = "bad_token_name"
    message = N_("Say in 1 to 60 characters which program uses the token.")
    field = "name"


class BadTokenEnd(Invalid):
    """A token that nobody needs any more must end by itself."""

    code = "bad_token_end"
    message = N_("A token holds from 1 to %(most)s days.")
    field = "days"


class BadScopes(Invalid):
    """A token gets some of the rights of its owner, and at least one."""

    code = "bad_scopes"
    message = N_("Choose at least one right, and only such as your role includes.")
    field = "scopes"


def check_token(*, name: str, days: int) -> None:
    """BadTokenName, BadTokenEnd."""
    if not 1 <= len(name.strip()) <= 60 or not name.isprintable():
        raise BadTokenName
    if not 1 <= days <= LONGEST_TOKEN_DAYS:
        raise BadTokenEnd(most=LONGEST_TOKEN_DAYS)


def check_scopes(scopes: Collection[str], rights: Collection[str]) -> None:
    """BadScopes."""
    if not scopes or not set(scopes) <= set(rights):
        raise BadScopes


@dataclass(frozen=True, slots=True)
class Limit:
    """One counter of the throttle: the failures that it allows before it blocks."""

    key: str
    failures: int


def throttle_limits(username: str, address: str, *, is_known_here: bool) -> list[Limit]:
    """The counters that one try is charged to, in the order in which they are locked.

    Where the account has logged in from this address before, only the counter of that pair counts. What strangers do,
    at this address or at others, therefore never locks a clerk out of her own desk; who guesses from elsewhere runs
    into the counters of the address and of the account's unknown addresses.
    """
    limits = [Limit(f"at:{username[:60]}@{address}", 5)]
    if not is_known_here:
        limits += [Limit(f"from:{address}", 20), Limit(f"strangers:{username[:60]}", 10)]
    return sorted(limits, key=lambda limit: limit.key)


def check_password(password: str, username: str) -> None:
    """Refuse what is short or obvious."""
    if len(password) < PASSWORD_MINIMUM:
        raise PasswordTooShort(minimum=PASSWORD_MINIMUM)
    if password.casefold() == username or len(set(password)) < 3:
        raise PasswordTooEasy


def check_may_change(editor_role: str | None, *, before: str | None, after: str) -> None:
    """A manager may not make, change or unmake administrators; `editor_role` None is the setup of the house."""
    if editor_role is not None and editor_role != ADMINISTRATOR and ADMINISTRATOR in (before, after):
        raise OnlyAdministrators


def check_own_account(*, is_self: bool, role_before: str, role_after: str, is_active: bool) -> None:
    """One's own role and one's own being active are for others to change."""
    if is_self and (role_before != role_after or not is_active):
        raise OwnAccount


def local_path(target: str | None) -> str | None:
    """`target` if it is a path of this site, else None: a log-in must not lead elsewhere.

    Browsers read a backslash as a slash and drop control characters, so both are refused.
    """
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    if "\\" in target or any(ord(c) < 33 or ord(c) == 127 for c in target):
        return None
    return target
