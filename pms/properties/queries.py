"""Reads of the house."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from pms.core.db import db
from pms.core.errors import NotFound
from pms.core.text import N_
from pms.properties import rules
from pms.properties.models import Property, SiteKey


class NotSetUp(NotFound):
    """There is no house in the database yet."""

    code = "not_set_up"
    message = N_("The house is not set up yet. Run “pms setup” on the server.")


def find_property() -> Property | None:
    """The house, or None before `pms setup`. However often a request asks, it is read once."""
    session = db.session
    house = session.get(Property, 1)
    # A session lets go of rows that nobody holds, and would read it again each time.
    session.info["house"] = house
    return house


def get_property() -> Property:
    """The house."""
    house = find_property()
    if house is None:
        raise NotSetUp
    return house


def low_battery() -> int:
    """The percentage at which batteries are to be changed here."""
    house = find_property()
    return house.low_battery_percent if house is not None else rules.LOW_BATTERY


def get_site_key() -> SiteKey:
    """The newest version of the house's keys."""
    key = db.session.scalars(sa.select(SiteKey).order_by(SiteKey.key_version.desc()).limit(1)).first()
    if key is None:
        raise NotSetUp
    return key


def list_site_keys() -> Sequence[SiteKey]:
    """Every version of the house's keys, newest first."""
    return db.session.scalars(sa.select(SiteKey).order_by(SiteKey.key_version.desc())).all()
