"""Locks as programs see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint
from flask_login import current_user

from pms.accounts.asking import does_user_see
from pms.accounts.rules import AccountNotFound
from pms.core import clock
from pms.locks import queries, reach, service
from pms.locks.schemas import LockRow, write
from pms.web import login, rights
from pms.web.operations import Listed, operation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pms.locks.models import Lock

    Row = dict[str, str | None]

blueprint = Blueprint("locks_api", __name__)


@blueprint.get("/locks/findAllByUserId/<int:user_id>")
@operation(
    4,
    "locks:view",
    tag="Lock",
    gives=LockRow,
    is_list=True,
    refuses=(AccountNotFound,),
)
def locks_of_user(user_id: int) -> Listed:
    """All locks that the user may see, which are all of the house that are in use.

    In the vendor's form: what another lock server answers here can be imported, and what this one answers, too. The list
    comes whole. Whose locks: one's own id, or, for those who may change accounts, anybody's.
    """
    locks = queries.list_for_programs() if does_user_see(user_id, "locks:view") else []
    return Listed(_rows(locks, user_id, None), total=len(locks))


@blueprint.get("/locks/<int:lock_id>")
@operation(5, "locks:view", tag="Lock", gives=LockRow, refuses=(queries.NoSuchLock,))
def lock_details(lock_id: int) -> Row:
    """One lock's details.

    By the id that it was imported with, or by ours.
    """
    lock = queries.find_by_wire_id(lock_id)
    return _rows([lock], current_user.id, [lock.id])[0]


def _rows(locks: Sequence[Lock], user_id: int, lock_ids: list[int] | None) -> list[Row]:
    """In the vendor's form; the secrets only for those who may see them, which is noted first."""
    shows_secrets, now = rights.can("locks:secrets"), clock.now()
    ways = reach.of_locks(lock_ids=lock_ids, now=now)
    rows = [write(lock, user_id=user_id, reach=ways.get(lock.id), shows_secrets=shows_secrets) for lock in locks]
    if shows_secrets:
        service.note_looks(locks=locks, actor=login.actor(), now=now)
    return rows
