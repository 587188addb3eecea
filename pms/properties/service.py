"""Sets the house up, changes it, and gives out door numbers."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from pms.audit import service as audit
from pms.core import money
from pms.core.db import transaction
from pms.core.errors import ChangedMeanwhile, DomainError
from pms.core.text import N_
from pms.properties import currency as kept_currency
from pms.properties import hours, queries, rules
from pms.properties.models import Property, SiteKey

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pms.core.actor import Actor


class AlreadySetUp(DomainError):
    """A database holds one house."""

    code = "already_set_up"
    message = N_("This database holds a house already: %(name)s.")


def create_house(
    *, name: str, time_zone: str, check_in_hour: int, check_out_hour: int, actor: Actor, now: datetime
) -> Property:
    """The house and the first version of its keys; AlreadySetUp for a second one."""
    rules.check_house(name=name, time_zone=time_zone, check_in_hour=check_in_hour, check_out_hour=check_out_hour)
    with transaction() as session:
        present = queries.find_property()
        if present is not None:
            raise AlreadySetUp(name=present.name)
        house = Property(
            id=1,
            name=name.strip(),
            time_zone=time_zone,
            check_in_hour=check_in_hour,
            check_out_hour=check_out_hour,
            last_door_number=0,
        )
        session.add_all([house, _new_site_key(1, now)])
        session.flush()
        audit.record(actor=actor, action="property.set_up", subject=_subject(house), now=now, after=_fields(house))
        return house


def change_house(
    *,
    version: int,
    name: str,
    time_zone: str,
    check_in_hour: int,
    check_out_hour: int,
    actor: Actor,
    now: datetime,
) -> Property:
    """Change name, zone and hours; ChangedMeanwhile where `version` is not the present one."""
    rules.check_house(name=name, time_zone=time_zone, check_in_hour=check_in_hour, check_out_hour=check_out_hour)
    with transaction() as session:
        house = _load(session, version)
        before = _fields(house)
        house.name, house.time_zone = name.strip(), time_zone
        house.check_in_hour, house.check_out_hour = check_in_hour, check_out_hour
        # What the desk may promise never lies on the wrong side of the usual hours.
        house.early_arrival_hour = min(house.early_arrival_hour, check_in_hour)
        house.late_departure_hour = max(house.late_departure_hour, check_out_hour)
        after = _fields(house)
        changed = [field for field in before if before[field] != after[field]]
        if changed:
            session.flush()
            if {"check_in_hour", "check_out_hour"} & set(changed):
                hours.changed(now=now)
            _note_change(house, before, after, actor, now)
        return house


def change_terms(
    *,
    version: int,
    currency: str,
    early_arrival_hour: int,
    late_departure_hour: int,
    early_fee: int,
    late_fee: int,
    cleaning_hours: int,
    actor: Actor,
    now: datetime,
) -> Property:
    """Change what the desk may promise and what it costs; ChangedMeanwhile. Another currency is refused by whoever holds amounts
    in the present one. Stays keep the hours and fees that were agreed.
    """
    with transaction() as session:
        house = _load(session, version)
        terms: dict[str, Any] = {
            "currency": currency.strip().upper(),
            "early_arrival_hour": early_arrival_hour,
            "late_departure_hour": late_departure_hour,
            "early_fee": early_fee,
            "late_fee": late_fee,
            "cleaning_hours": cleaning_hours,
        }
        rules.check_terms(check_in_hour=house.check_in_hour, check_out_hour=house.check_out_hour, **terms)
        if terms["currency"] != house.currency:
            kept_currency.check_change()
        before = _terms(house)
        for name, value in terms.items():
            setattr(house, name, value)
        session.flush()
        _note_change(house, before, _terms(house), actor, now)
        return house


def change_limits(
    *,
    version: int,
    low_battery_percent: int,
    offline_minutes: int,
    silent_lock_hours: int,
    actor: Actor,
    now: datetime,
) -> Property:
    """From when on batteries and silence are alarms. ChangedMeanwhile, BadLimit."""
    limits = {
        "low_battery_percent": low_battery_percent,
        "offline_minutes": offline_minutes,
        "silent_lock_hours": silent_lock_hours,
    }
    rules.check_limits(limits)
    with transaction() as session:
        house = _load(session, version)
        before: dict[str, str | int] = {name: getattr(house, name) for name in limits}
        for name, value in limits.items():
            setattr(house, name, value)
        session.flush()
        _note_change(house, before, dict(limits), actor, now)
        return house


def next_door_number() -> int:
    """A number for a door or an area that no other ever had; joins the caller's transaction.

    The row is raised in one statement, so that two who ask at once get two numbers.
    """
    with transaction() as session:
        number = session.scalars(
            sa.update(Property)
            .where(Property.id == 1)
            .values(last_door_number=Property.last_door_number + 1)
            .returning(Property.last_door_number),
            execution_options={"synchronize_session": False},
        ).one_or_none()
        if number is None:
            raise queries.NotSetUp
        return number


def _load(session: Session, version: int) -> Property:
    """The house, locked; NotSetUp, ChangedMeanwhile."""
    house = session.get(Property, 1, with_for_update=True)
    if house is None:
        raise queries.NotSetUp
    if house.version != version:
        raise ChangedMeanwhile
    return house


def _note_change(
    house: Property, before: dict[str, str | int], after: dict[str, str | int], actor: Actor, now: datetime
) -> None:
    changed = [field for field in before if before[field] != after[field]]
    if changed:
        audit.record(
            actor=actor,
            action="property.changed",
            subject=_subject(house),
            now=now,
            before={field: before[field] for field in changed},
            after={field: after[field] for field in changed},
        )


def _new_site_key(version: int, now: datetime) -> SiteKey:
    pair = Ed25519PrivateKey.generate()
    return SiteKey(
        key_version=version,
        k_prop=secrets.token_bytes(16),
        sk_staff=pair.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()),
        pk_staff=pair.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw),
        created_at=now,
    )


def _fields(house: Property) -> dict[str, str | int]:
    return {
        "name": house.name,
        "time_zone": house.time_zone,
        "check_in_hour": house.check_in_hour,
        "check_out_hour": house.check_out_hour,
    }


def _terms(house: Property) -> dict[str, str | int]:
    return {
        "currency": house.currency,
        "early_arrival_hour": house.early_arrival_hour,
        "late_departure_hour": house.late_departure_hour,
        "early_fee": money.plain(house.early_fee, house.currency),
        "late_fee": money.plain(house.late_fee, house.currency),
        "cleaning_hours": house.cleaning_hours,
    }


def _subject(house: Property) -> audit.Subject:
    return audit.Subject(kind="property", id=house.id, label=house.name)
