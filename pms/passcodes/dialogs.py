"""The dialogs of passcodes: what they ask, what they foresee, what they show."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import url_for
from flask_babel import gettext as _
from wtforms.validators import ValidationError

from pms.core import clock
from pms.core.errors import DomainError, NotFound
from pms.core.ids import read_id
from pms.core.text import N_
from pms.locks import queries as locks
from pms.locks.models import LockSetup
from pms.passcodes import foresight, queries, rules, service, stored_queries, stored_words, words
from pms.passcodes.filters import SHOWN, Filters
from pms.passcodes.forms import (
    CLEAR,
    CYCLIC,
    MAKING,
    PERMANENT,
    SINGLE,
    TIMED,
    ChangeCyclicForm,
    ChangeTimedForm,
    ClearForm,
    CyclicForm,
    PasscodeForm,
    PermanentForm,
    RenameForm,
    SingleForm,
    TimedForm,
    WhomForm,
    first_end,
)
from pms.passcodes.models import PasscodeKind
from pms.protocol.passcode import Cyclic
from pms.slots import rules as slot_rules
from pms.slots.models import SlotKind
from pms.stays import queries as stays
from pms.web import errors
from pms.web.filters import local
from pms.web.forms import choices
from pms.web.login import actor
from pms.web.render import render_dialog

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask import Response

    from pms.passcodes.queries import PasscodeLine
    from pms.passcodes.rules import Choice
    from pms.passcodes.service import ShownPasscode

LAST_SECOND = 2**32
_Chosen = (TimedForm, SingleForm, CyclicForm, PermanentForm)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a code would do, or why it cannot be made; `offers` are what can be made instead, `store_lock_id` is the lock that could
    store a code of other digits."""

    text: str = ""
    notes: list[str] = field(default_factory=list)
    warning: str = ""
    fault: str = ""
    offers: list[tuple[str, str]] = field(default_factory=list)
    store_lock_id: int | None = None


def page_words() -> dict[str, Any]:
    """What every page about passcodes needs."""
    return {
        "kinds": words.KIND_WORDS,
        "life_words": words.LIFE_WORDS,
        "life_kinds": words.LIFE_KINDS,
        "does": words.of,
        "stored_word": stored_words.STORED,
        "of_stored": stored_words.of,
        "state_of_stored": stored_words.state_of,
        "how_it_ends": words.how_it_ends,
        "how_to_type": words.HOW_TO_TYPE,
    }


def read_filters(args: Mapping[str, str]) -> Filters:
    """The list's filters out of an address; what cannot be is left out."""
    show, kind = args.get("show", "alive"), args.get("kind", "")
    return Filters(
        show=show if show in SHOWN else "alive",
        kind=PasscodeKind(kind) if kind in set(PasscodeKind) else None,
        is_stored=True if kind == "stored" else None,
        door_id=read_id(args.get("door")),
        text=rules.line(args.get("q", ""))[:60],
    )


def fresh(what: str, args: Mapping[str, str], *, now: datetime) -> ClearForm:
    """The form as it is first seen: the door and the stay may be chosen already."""
    form = MAKING[what](formdata=None, request_id=str(uuid.uuid4()))
    form.door_id.data = read_id(args.get("door")) or _door_of_room(read_id(args.get("room")))
    if isinstance(form, WhomForm):
        form.stay_id.data = args.get("stay", "")[:20]
        form.password_name.data = args.get("name", "")[: rules.MAX_NAME]
    if isinstance(form, TimedForm | SingleForm):
        form.start_time.put(rules.full_hour(now))
    if isinstance(form, TimedForm):
        form.end_time.put(first_end(now))
    if isinstance(form, CyclicForm):
        form.last_month.data = f"{local(now):%Y-%m}"
    return form


def fill(form: Any, *, now: datetime) -> None:
    """Doors and months to choose from."""
    if isinstance(form, ClearForm):
        ready = [door for door in locks.list_doors() if door.lock is not None]
        form.door_id.choices = choices([("", "–"), *((door.id, door.name) for door in ready)])
    if isinstance(form, CyclicForm | ChangeCyclicForm):
        months = rules.months_to_choose(local(now).date())
        form.last_month.choices = choices((f"{month:%Y-%m}", words.month_text(month)) for month in months)


def takes_offer(form: ClearForm, given: Mapping[str, str]) -> bool:
    """Whether one of the offered lengths was pressed; it stands in the fields then."""
    if "take" not in given or not isinstance(form, TimedForm):
        return False
    form.take(given["take"])
    return True


def ask(form: ClearForm, what: str, *, now: datetime, status: int = 200) -> Response:
    """The form, with what the code would do where that can be said."""
    fill(form, now=now)
    stay = _stay_of(form)
    return render_dialog(
        "passcodes/_make.html",
        status=status,
        dialog_heading=_("Clear code") if what == CLEAR else _("New passcode"),
        form=form,
        what=what,
        tabs=_TABS,
        stay=stay,
        door_id=form.door_id.data,
        p=preview(form, now=now, is_quiet=status == 422),
    )


def preview(form: ClearForm, *, now: datetime, is_quiet: bool = False) -> Preview:
    """What the form would make. `is_quiet`: what is wrong stands in the form already, so only offers are shown."""
    seen = _preview(form, now=now, is_quiet=is_quiet)
    return replace(seen, store_lock_id=_lock_to_store_in(form.door_id.data)) if isinstance(form, WhomForm) else seen


def _lock_to_store_in(door_id: int | None) -> int | None:
    """The lock of the door, if it could store a code of digits that somebody chose."""
    door = locks.find_door(door_id) if door_id is not None else None
    lock = door.lock if door is not None else None
    is_fit = lock is not None and lock.setup is LockSetup.READY and slot_rules.takes(lock, SlotKind.PASSCODE)
    return lock.id if lock is not None and is_fit else None


def _preview(form: ClearForm, *, now: datetime, is_quiet: bool) -> Preview:
    if form.door_id.data is None:
        return Preview()
    try:
        door = locks.get_door(form.door_id.data)
        if isinstance(form, _Chosen):
            if not _says_times(form):
                return Preview()
            seen = foresight.foresee(door, form.chooser(now), stay_id=form.stay, now=now)
        else:
            seen = foresight.foresee_clear(door, now=now)
    except rules.NotExpressible as error:
        return Preview(fault="" if is_quiet else errors.sentence(error), offers=[_offer(one) for one in error.options])
    except DomainError as error:
        return Preview(fault="" if is_quiet else errors.sentence(error))
    except ValidationError:
        return Preview()
    return _written(seen)


def make(form: ClearForm, *, now: datetime) -> ShownPasscode:
    """What the form asks for."""
    lock_id, request_id = lock_of(form.door_id.data), str(form.request_id.data)
    if not isinstance(form, _Chosen):
        return service.clear_door(lock_id=lock_id, request_id=request_id, actor=actor(), now=now)
    return service.make(
        lock_id=lock_id,
        choose=form.chooser(now),
        holder=form.holder(),
        request_id=request_id,
        actor=actor(),
        now=now,
    )


def lock_of(door_id: int | None) -> int:
    """The lock of a door; NotFound, NoLock."""
    door = locks.get_door(door_id or 0)
    if door.lock is None:
        raise rules.NoLock(door=door.name)
    return door.lock.id


def reveal(shown: ShownPasscode, *, instead_of: PasscodeLine | None = None) -> Response:
    """The digits, what they do, and what can be done with them."""
    code = shown.passcode
    line = queries.line_of(code, code.made_at)
    return render_dialog(
        "passcodes/_shown.html",
        dialog_heading=_(words.KIND_WORDS[code.kind]),
        shown=shown,
        line=line,
        notes=words.notes(line.permission, code.valid_until, queries.clockwork_of(code.lock)),
        is_clear=code.kind is PasscodeKind.CLEAR,
        instead_of=instead_of,
        back_url=url_for("passcodes.show_one", passcode_id=code.id),
        **page_words(),
    )


def reveal_stored(slot_id: int, *, now: datetime) -> Response:
    """The digits of a code that a lock stores, and what they do."""
    digits = service.show_stored(slot_id=slot_id, actor=actor(), now=now)
    line = stored_queries.get_line(slot_id, now=now)
    return render_dialog(
        "passcodes/_stored.html",
        dialog_heading=_(stored_words.STORED),
        line=line,
        digits=digits,
        notes=stored_words.notes(line),
        **page_words(),
    )


def ask_revoke(passcode_id: int, form: PasscodeForm, status: int = 200) -> Response:
    """What ends the code, and whom a clear code shuts out."""
    now = clock.now()
    line = queries.get_line(passcode_id, now=now)
    others = queries.ended_by_clear(line.passcode.lock_id, line.passcode.epoch, now=now)
    return render_dialog(
        "passcodes/_revoke.html",
        status=status,
        dialog_heading=_("Revoke the passcode"),
        form=form,
        line=line,
        code=line.passcode,
        others=[words.whom(queries.line_of(code, now)) for code in others if code.id != passcode_id],
        is_permanent=line.passcode.kind is PasscodeKind.PERMANENT,
        back_url=url_for("passcodes.show_one", passcode_id=passcode_id),
    )


def change_form(line: PasscodeLine) -> RenameForm:
    """The form that fits the code's kind, with what was sent."""
    return _change_kind(line)()


def fresh_change(line: PasscodeLine) -> RenameForm:
    """The same with what the code is now."""
    form, code = _change_kind(line)(formdata=None, request_id=str(uuid.uuid4())), line.passcode
    form.password_name.data, form.note.data = code.holder_name, code.note
    if isinstance(form, ChangeTimedForm) and code.valid_until is not None:
        form.end_time.put(code.valid_until)
    permission = line.permission
    if isinstance(form, ChangeCyclicForm) and isinstance(permission, Cyclic):
        form.pattern.data, form.start_hour.data = permission.pattern, permission.start_hour
        form.hours.data = permission.length
        form.last_month.data = f"{permission.last_year}-{permission.last_month:02d}"
    return form


def takes_end(form: RenameForm, given: Mapping[str, str]) -> bool:
    """Whether one of the offered ends was pressed; it stands in the field then."""
    seconds = read_id(given.get("take", "").rpartition(" ")[2])
    if seconds is None or seconds >= LAST_SECOND or not isinstance(form, ChangeTimedForm):
        return False
    form.end_time.put(datetime.fromtimestamp(seconds, UTC))
    return True


def ask_change(line: PasscodeLine, form: RenameForm, status: int = 200, options: Sequence[Choice] = ()) -> Response:
    """Name, note and times; `options` are what can be made instead of what was wished."""
    fill(form, now=clock.now())
    return render_dialog(
        "passcodes/_change.html",
        status=status,
        dialog_heading=_("Change the passcode"),
        form=form,
        line=line,
        offers=[_offer(option) for option in options],
        has_times=type(form) is not RenameForm,
        back_url=url_for("passcodes.show_one", passcode_id=line.passcode.id),
        **page_words(),
    )


def _door_of_room(room_id: int | None) -> int | None:
    door = locks.door_of_room(room_id) if room_id is not None else None
    return door.id if door is not None else None


def _change_kind(line: PasscodeLine) -> type[RenameForm]:
    kind = line.passcode.kind
    if not line.is_alive:
        return RenameForm
    if kind is PasscodeKind.CYCLIC:
        return ChangeCyclicForm
    return ChangeTimedForm if kind in rules.TIMED_KINDS else RenameForm


def _says_times(form: ClearForm) -> bool:
    """Whether the fields can be read at all. What is wrong with them stays as it was said, or is said when the form is sent."""
    for name in ("start_time", "end_time", "unit", "pattern", "start_hour", "hours"):
        if name in form:
            kept = form[name].errors
            is_right = form[name].validate(form)
            form[name].errors = kept
            if not is_right:
                return False
    return True


def _written(seen: foresight.Foreseen) -> Preview:
    ended = [words.whom(line) for line in seen.ends]
    is_clear = seen.choice.kind is PasscodeKind.CLEAR
    return Preview(
        text=words.of_choice(seen.choice, door=seen.door.name),
        notes=words.notes(seen.choice.permission, seen.choice.valid_until, seen.clockwork),
        warning=words.ends_all(ended) if is_clear else words.ends_others(ended),
    )


def _offer(choice: Choice) -> tuple[str, str]:
    until = choice.valid_until or choice.valid_from
    value = f"{choice.kind.value} {int(choice.valid_from.timestamp())} {int(until.timestamp())}"
    return value, words.offer(choice)


def _stay_of(form: ClearForm) -> Any:
    stay_id = form.stay if isinstance(form, WhomForm) else None
    if stay_id is None:
        return None
    try:
        return stays.get_stay(stay_id)
    except NotFound:
        return None


_TABS = (
    (TIMED, N_("From … until …")),
    (SINGLE, N_("One opening")),
    (CYCLIC, N_("Certain days")),
    (PERMANENT, N_("Permanent")),
)
