"""Making packs, handing them out, and the desk password that seals a part of them.

A pack is made outside of any transaction, because that takes a second; what the database holds then is one row, which only one
scheduler can make in an hour.
"""

from __future__ import annotations

import gzip
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from pms.audit import service as audit
from pms.core.db import transaction
from pms.core.errors import ChangedMeanwhile, DomainError
from pms.outage import contents, queries, rules, sealed
from pms.outage.models import OutageFetch, OutageFile, OutagePack, OutageSetting
from pms.passcodes import service as passcodes
from pms.properties import queries as properties

if TYPE_CHECKING:
    from datetime import datetime

    from pms.core.actor import Actor
    from pms.outage.contents import Contents
    from pms.outage.sealed import SealedPart

# Writes the contents and the sealed part as one file for each language.
Writer = Callable[["Contents", "SealedPart | None"], dict[str, str]]

_log = logging.getLogger(__name__)


def make_hourly(*, write: Writer, actor: Actor, now: datetime) -> OutagePack | None:
    """The pack of this hour; None where it is there already, or another process was faster."""
    hour = rules.full_hour(now)
    if queries.find_of_hour(hour) is not None:
        return None
    try:
        return _make(write, hour=hour, request_id=None, actor=actor, now=now)
    except IntegrityError:
        return None


def make_now(*, write: Writer, request_id: str, actor: Actor, now: datetime) -> OutagePack:
    """A pack because somebody wants one; the same `request_id` again gives the same pack."""
    if earlier := queries.find_by_request(request_id):
        return earlier
    try:
        return _make(write, hour=None, request_id=request_id, actor=actor, now=now)
    except IntegrityError:
        if earlier := queries.find_by_request(request_id):
            return earlier
        raise


def fetch(*, pack_id: int, language: str, fetched_by: str, actor: Actor, now: datetime) -> tuple[OutagePack, bytes]:
    """Hand the file out, and note to whom: it tells of every guest. PackGone."""
    with transaction() as session:
        pack, file = queries.read_file(pack_id, language)
        session.add(OutageFetch(pack_id=pack.id, fetched_by=fetched_by[:80], fetched_at=now))
        audit.record(
            actor=actor,
            action="outage.fetched",
            subject=_subject(pack),
            now=now,
            after={"language": language, "by": fetched_by[:80]},
        )
        return pack, file


def set_up(*, version: int, password: str, again: str, makes_codes: bool, actor: Actor, now: datetime) -> OutageSetting:
    """Set the desk password (empty: it stays) and whether arrivals get passcodes. `version` is 0 for the first time.

    WeakDeskPassword, PasswordsDiffer, CodesNeedPassword, ChangedMeanwhile.
    """
    with transaction() as session:
        setting = session.get(OutageSetting, 1, with_for_update=True)
        if (setting.version if setting else 0) != version:
            raise ChangedMeanwhile
        before = {"makes_codes": setting.makes_codes if setting else False}
        setting = setting or OutageSetting(id=1)
        if password:
            setting.desk_password = rules.clean_password(password, again, properties.get_property().name)
        if makes_codes and setting.desk_password_sealed is None:
            raise rules.CodesNeedPassword
        setting.makes_codes = makes_codes
        session.add(setting)
        session.flush()
        _note_setting(before, setting, has_other_password=bool(password), actor=actor, now=now)
        return setting


def forget_password(*, actor: Actor, now: datetime) -> None:
    """The next packs have no sealed part; those that are out go on opening with the password that they were sealed with."""
    with transaction() as session:
        setting = session.get(OutageSetting, 1, with_for_update=True)
        if setting is None or setting.desk_password_sealed is None:
            return
        setting.desk_password, setting.makes_codes = None, False
        session.flush()
        audit.record(actor=actor, action="outage.password_removed", subject=_setting_subject(), now=now)


def _make(write: Writer, *, hour: datetime | None, request_id: str | None, actor: Actor, now: datetime) -> OutagePack:
    setting = queries.find_setting()
    password = setting.desk_password if setting else None
    found = contents.collect(now=now)
    if setting is not None and setting.makes_codes and _make_codes(found, actor, now):
        # Also where all of them were refused: a transaction leaves nothing of what was read before.
        found = contents.collect(now=now)
    part = _seal(found, password) if password else None
    files = write(found, part)
    with transaction() as session:
        # What is too old goes first: an hour that was skipped in the year must not stand in the way.
        session.execute(sa.delete(OutagePack).where(OutagePack.made_at <= now - rules.KEEP))
        pack = OutagePack(
            made_at=now,
            made_by=actor.name,
            hour=hour,
            request_id=request_id,
            sealed_codes=len(found.codes) if part is not None else None,
        )
        session.add(pack)
        session.flush()
        for language, text in files.items():
            content = text.encode()
            # The same input gives the same bytes; the instant of packing says nothing.
            packed = gzip.compress(content, compresslevel=6, mtime=0)
            session.add(OutageFile(pack_id=pack.id, language=language, size=len(content), content=packed))
        session.flush()
        after: dict[str, Any] = {} if part is None else {"sealed_codes": len(found.codes)}
        audit.record(actor=actor, action="outage.made", subject=_subject(pack), now=now, after=after or None)
        return pack


def _make_codes(found: Contents, actor: Actor, now: datetime) -> int:
    """Passcodes for arrivals that have none, as the desk would make them; for how many it was tried. Who can get none stays
    without."""
    have = {code.stay_id for code in found.codes}
    lacking = [
        (party.stay.id, party.stay.version)
        for party in found.arriving
        if party.stay.id not in have and party.stay.room_id is not None
    ]
    for stay_id, version in lacking:
        request_id = f"outage-{stay_id}-{version}"
        try:
            passcodes.issue_for_stay(stay_id=stay_id, request_id=request_id, actor=actor, now=now)
        except DomainError as refusal:
            _log.info("no passcode for the pack: %s", refusal.code)
    return len(lacking)


def _seal(found: Contents, password: str) -> SealedPart:
    zone = found.house.zone
    rows = []
    for shown in passcodes.for_sealing(found.codes):
        code = shown.passcode
        until = code.valid_until.astimezone(zone) if code.valid_until else None
        rows.append(
            {
                "door": code.door.name,
                "guest": code.holder_name or (code.stay.guest.name if code.stay else ""),
                "code": shown.digits,
                "from": f"{code.valid_from.astimezone(zone):%Y-%m-%d %H:%M}",
                "until": f"{until:%Y-%m-%d %H:%M}" if until else "",
            }
        )
    rows.sort(key=lambda row: (row["door"], row["from"]))
    return sealed.seal(rows, password=password, place=found.made_at.isoformat())


def _note_setting(
    before: dict[str, Any], setting: OutageSetting, *, has_other_password: bool, actor: Actor, now: datetime
) -> None:
    after: dict[str, Any] = {"makes_codes": setting.makes_codes}
    if before == after and not has_other_password:
        return
    audit.record(
        actor=actor,
        action="outage.set_up",
        subject=_setting_subject(),
        now=now,
        before=before if before != after else None,
        after=(after if before != after else {}) | ({"password": "***"} if has_other_password else {}),
    )


def _setting_subject() -> audit.Subject:
    return audit.Subject(kind="outage_setting", id=1)


def _subject(pack: OutagePack) -> audit.Subject:
    return audit.Subject(
        kind="outage_pack",
        id=pack.id,
        label=f"{pack.made_at.astimezone(properties.get_property().zone):%Y-%m-%d %H:%M}",
    )
