"""Tells those above that the house is to get another currency; who holds amounts in the present one may refuse."""

from __future__ import annotations

from typing import Protocol


class Keeper(Protocol):
    """Joins the transaction that stores the change; raises a DomainError where amounts stand in the way."""

    def __call__(self) -> None: ...


_keepers: list[Keeper] = []


def keep(keeper: Keeper) -> None:
    """Register who must be asked (once, by the application; again changes nothing)."""
    if keeper not in _keepers:
        _keepers.append(keeper)


def check_change() -> None:
    """Whatever a keeper refuses with."""
    for keeper in _keepers:
        keeper()
