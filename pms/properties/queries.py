"""Reads of the house."""

from __future__ import annotations

from pms.core.db import db
from pms.core.errors import NotFound
from pms.core.text import N_
from pms.properties.models import Property


class NotSetUp(NotFound):
    """There is no house in the database yet."""

    code = "not_set_up"
    message = N_("The house is not set up yet. Run “pms setup” on the server.")


def find_property() -> Property | None:
    """The house, or None before `pms setup`."""
    return db.session.get(Property, 1)


def get_property() -> Property:
    """The house."""
    house = find_property()
    if house is None:
        raise NotSetUp
    return house
