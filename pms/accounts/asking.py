"""Lists that programs ask for by a user: whose they may be, and whether that user would see anything."""

from __future__ import annotations

from flask_login import current_user

from pms.accounts import queries
from pms.accounts.rules import AccountNotFound
from pms.web.rights import ROLE_RIGHTS, can


def does_user_see(user_id: int, right: str) -> bool:
    """Whether this user's role includes the right; AccountNotFound where the caller may not ask for that user.

    One asks for oneself, or for anybody where one may edit accounts.
    """
    if user_id == current_user.id:
        return True
    if not can("accounts:edit"):
        raise AccountNotFound
    return right in ROLE_RIGHTS[queries.get_account(user_id).role]
