"""Lines of the ledger in the reader's words: the page, paper and files say the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import url_for
from flask_babel import gettext as _

from pms.access_records import words as record_words
from pms.keycards import words as card_words
from pms.keycards.rules import opens_until
from pms.ledger import words
from pms.ledger.forms import instant
from pms.ledger.rules import Kind
from pms.locks import scope_queries
from pms.locks.words import scope_text
from pms.passcodes import words as code_words
from pms.slots import words as slot_words
from pms.staffcards import words as staff_words
from pms.staffcards.models import StaffCardKind
from pms.web.rights import can

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from pms.ledger.queries import Line
    from pms.locks.scope_queries import ScopeRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One line in words. `takes_until` is the last instant at which a door takes the key, by its own clock."""

    line: Line
    icon: str
    what: str
    why: str = ""
    doors: str
    holder: str
    holder_url: str = ""
    made_by: str = ""
    valid_from: datetime | None = None
    takes_until: datetime | None = None
    state: tuple[str, str] = ("", "")  # kind of badge, word
    number: str = ""

    @property
    def at(self) -> datetime:
        """When it happened."""
        return self.line.at

    @property
    def booked(self) -> str:
        """Who had the room then."""
        return self.line.booked.guest.name if self.line.booked is not None else ""

    def cells(self) -> list[str]:
        """The line as a file has it; instants in UTC."""
        return [
            instant(self.at),
            self.doors,
            self.what,
            self.why,
            self.holder,
            self.made_by,
            instant(self.valid_from),
            instant(self.takes_until),
            self.state[1],
            instant(self.line.seen_at),
            self.booked,
            self.number,
        ]


def heads() -> list[str]:
    """What the cells of a file are."""
    return [
        _("Time (UTC)"),
        _("Door"),
        _("What"),
        _("Why"),
        _("For whom"),
        _("Made by"),
        _("From"),
        _("The door takes it until"),
        _("State"),
        _("Seen at the door"),
        _("Had the room then"),
        _("Card number"),
    ]


def read(lines: Iterable[Line]) -> Iterator[Told]:
    """The lines in the reader's language, one after another."""
    scopes = scope_queries.rows_by_id()
    for line in lines:
        yield _read(line, scopes)


def _read(line: Line, scopes: Mapping[int, ScopeRow]) -> Told:
    if line.card is not None:
        return _card(line)
    if line.code is not None:
        return _code(line)
    if line.slot is not None:
        return _slot(line)
    return _staff(line, scopes) if line.staff is not None else _door(line)


def _card(line: Line) -> Told:
    assert line.card is not None  # noqa: S101 - as asked above
    key = line.card
    reason = key.card.end_reason if line.kind is Kind.CARD_ENDED else None
    return Told(
        line=line,
        icon=words.KIND_ICONS[line.kind],
        what=_(words.KIND_WORDS[line.kind]),
        why=_(card_words.END_WORDS[reason]) if reason else _(card_words.REASON_WORDS[key.card.reason]),
        doors=", ".join(key.doors + key.areas),
        holder=key.stay.guest.name if key.stay is not None else "",
        holder_url=_stay_url(key.card.stay_id),
        made_by=key.card.made_by,
        valid_from=key.card.valid_from,
        takes_until=key.opens_until,
        state=(
            ("warn", _("To make again"))
            if key.again
            else (card_words.STATE_KINDS[key.state], _(card_words.STATE_WORDS[key.state]))
        ),
        number=(key.card.uid or "").upper(),
    )


def _code(line: Line) -> Told:
    assert line.code is not None  # noqa: S101 - as asked above
    code = line.code.passcode
    url = url_for("passcodes.show_one", passcode_id=code.id)
    return Told(
        line=line,
        icon=words.KIND_ICONS[line.kind],
        what=_(words.KIND_WORDS[line.kind]),
        why=_(code_words.KIND_WORDS[code.kind]),
        doors=code.door.name,
        holder=line.code.holder,
        holder_url=_stay_url(code.stay_id) if code.stay_id is not None else url if can("keys:view") else "",
        made_by=code.made_by,
        valid_from=code.valid_from,
        takes_until=line.code.opens_until,
        state=(code_words.LIFE_KINDS[line.code.life], _(code_words.LIFE_WORDS[line.code.life])),
    )


def _slot(line: Line) -> Told:
    assert line.slot is not None  # noqa: S101 - as asked above
    slot = line.slot.slot
    place = slot.door.name if slot.door is not None else slot.lock.name
    of_lock = url_for("slots.of_lock", lock_id=slot.lock_id) if can("locks:view") else ""
    return Told(
        line=line,
        icon=slot_words.KIND_ICONS[slot.kind],
        what=_(words.KIND_WORDS[line.kind]),
        why=_(slot_words.KIND_WORDS[slot.kind]),
        doors=place,
        holder=line.slot.holder,
        holder_url=_stay_url(slot.stay_id) if slot.stay_id is not None else of_lock,
        made_by=slot.made_by,
        valid_from=slot.valid_from,
        takes_until=slot.valid_until,
        state=(slot_words.STATE_KINDS[slot.state], _(slot_words.STATE_WORDS[slot.state])),
    )


def _staff(line: Line, scopes: Mapping[int, ScopeRow]) -> Told:
    assert line.staff is not None  # noqa: S101 - as asked above
    card = line.staff.card
    opens = [scope_text(scopes[grant.scope_id]) for grant in line.staff.opening if grant.scope_id]
    opens += [grant.door.name for grant in line.staff.opening if grant.door is not None]
    reason = card.end_reason if line.kind is Kind.STAFF_ENDED else None
    is_deny = card.kind is StaffCardKind.DENY
    return Told(
        line=line,
        icon=words.KIND_ICONS[line.kind],
        what=_(words.KIND_WORDS[line.kind]),
        why=_(staff_words.END_WORDS[reason]) if reason else _(staff_words.KIND_WORDS[card.kind]),
        doors=", ".join(opens) or _("nothing, it only denies"),
        holder=_("Deny card for the lost card of %(name)s", name=line.staff.holder) if is_deny else line.staff.holder,
        holder_url=url_for("staffcards.card", card_id=card.id) if can("staffcards:view") else "",
        made_by=card.made_by,
        valid_from=card.valid_from,
        takes_until=opens_until(card.valid_until),
        state=(card_words.STATE_KINDS[line.staff.state], _(card_words.STATE_WORDS[line.staff.state])),
        number=(card.uid or "").upper(),
    )


_TONES = {"opened": "ok", "refused": "warn", "alarm": "bad"}


def _door(line: Line) -> Told:
    assert line.record is not None  # noqa: S101 - every other kind was asked above
    row, record = line.record, line.record.record
    holder, url = row.holder, ""
    if row.guest is not None and record.stay_id is not None:
        holder, url = row.guest.name, _stay_url(record.stay_id)
    elif record.staff_card is not None:
        holder = record.staff_card.holder_name or _("Deny card")
        url = url_for("staffcards.card", card_id=record.staff_card_id) if can("staffcards:view") else ""
    elif not holder and row.clerk:
        holder = _("%(who)s, remotely", who=row.clerk)
    elif row.is_unknown:
        holder = _("Unknown")
    method = record_words.METHODS[record.method]
    return Told(
        line=line,
        icon=words.KIND_ICONS[line.kind],
        what=_(record_words.EVENTS[record.event]),
        why=_(record_words.RESULTS[record.result]) if record.result else _(method) if method else "",
        doors=record.door.name if record.door is not None else record.lock.name,
        holder=holder,
        holder_url=url,
        state=(_TONES.get(row.kind, "muted"), _(record_words.EVENTS[record.event])),
    )


def _stay_url(stay_id: int | None) -> str:
    return url_for("stays.show", stay_id=stay_id) if stay_id is not None and can("stays:view") else ""
