"""What a lock does when the server asks (docs/protocol.md, section 4): one function a request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pms.protocol.card import Audience
from pms.protocol.command import (
    AddUser,
    AnswerStatus,
    AssociateModule,
    Command,
    DeleteUser,
    Forget,
    Initialise,
    IssueFloor,
    ListUsers,
    LockAnswer,
    ModifyUser,
    Operate,
    Operation,
    Payload,
    RawSetting,
    ReadRecords,
    ReadSettings,
    RecordPage,
    SettingsAnswer,
    UserList,
    WriteSettings,
)
from pms.protocol.command_users import MAX_LISTED
from pms.protocol.errors import MalformedError
from pms.protocol.record import CHAIN_START, RecordEvent, RecordMethod
from pms.protocol.tlv import EXTENDED_SETTINGS, Tag, join_parts

from .state import NO_KEYS, KeySet, LockState, StoredCredential

MAX_SLOT = 300
LOW_BATTERY = 10
DONE = LockAnswer(AnswerStatus.DONE)
SIM_OF_MODULE = "460001234567890"


def perform(state: LockState, request: Payload, version: int, at: int) -> LockAnswer:
    """Do what a request asks and say what came of it. `version` is that of the frame."""
    return _ACTIONS[type(request)](state, request, version, at)


def _store_user(state: LockState, request: AddUser | ModifyUser, _version: int, at: int) -> LockAnswer:
    slot, is_new = request.user.slot, isinstance(request, AddUser)
    refusal = _slot_refusal(state, request, is_new=is_new)
    if refusal is not None:
        return LockAnswer(refusal)
    content = _gather(state, request)
    if content is None:
        return DONE
    state.users[slot] = StoredCredential(request.user, content, request.window)
    state.log(at, RecordEvent.USER_CHANGED, RecordMethod.COMMAND, request.user.credential_id)
    return DONE


def _slot_refusal(state: LockState, request: AddUser | ModifyUser, *, is_new: bool) -> AnswerStatus | None:
    user = request.user
    if not 1 <= user.slot <= MAX_SLOT:
        return AnswerStatus.FULL
    if is_new is (user.slot in state.users):
        return AnswerStatus.ALREADY_THERE if is_new else AnswerStatus.NO_SUCH_ITEM
    others = (stored for slot, stored in state.users.items() if slot != user.slot)
    if any(
        other.user.credential_id == user.credential_id
        or (other.user.kind is user.kind and other.content == request.content)
        for other in others
    ):
        return AnswerStatus.ALREADY_THERE
    return None


def _gather(state: LockState, request: AddUser | ModifyUser) -> bytes | None:
    """The whole content once its last part is here, else None. Parts of another template are dropped."""
    if request.part is None:
        return request.content
    slot, part = request.user.slot, request.part
    kept = [raw for raw in state.unfinished.get(slot, []) if raw[2:6] == part.encode()[2:6]]
    kept = [raw for raw in kept if raw[:2] != part.encode()[:2]] + [part.encode() + request.content]
    state.unfinished[slot] = kept
    if len(kept) < part.count:
        return None
    del state.unfinished[slot]
    return join_parts((raw[6:], type(part).decode(raw[:6])) for raw in kept)


def _delete_user(state: LockState, request: DeleteUser, _version: int, at: int) -> LockAnswer:
    if request.permanent_serial is not None:
        state.revoked.add(request.permanent_serial)
        state.log(at, RecordEvent.USER_CHANGED, RecordMethod.COMMAND, request.permanent_serial)
        return DONE
    stored = state.users.pop(request.slot or 0, None)
    if stored is None:
        return LockAnswer(AnswerStatus.NO_SUCH_ITEM)
    state.log(at, RecordEvent.USER_CHANGED, RecordMethod.COMMAND, stored.user.credential_id)
    return DONE


def _list_users(state: LockState, request: ListUsers, _version: int, _at: int) -> LockAnswer:
    return LockAnswer(AnswerStatus.DONE, list_users(state, request.after_slot))


def list_users(state: LockState, after_slot: int = 0) -> UserList:
    """At most 20 users in slots above `after_slot`."""
    slots = sorted(slot for slot in state.users if slot > after_slot)[:MAX_LISTED]
    return UserList(tuple(state.users[slot].user for slot in slots))


def _read_settings(state: LockState, _request: ReadSettings, version: int, at: int) -> LockAnswer:
    present = state.keys[-1].version if state.keys else None
    raw = (RawSetting(Tag(tag), value) for tag, value in sorted(state.settings.items()))
    answer = SettingsAnswer(
        battery=state.battery,
        voltage_class=state.voltage_class,
        clock=0 if state.clock_lost else at,
        time_zone=state.tz_quarters,
        checkout_hour=state.checkout_hour,
        firmware=state.firmware,
        door_id=state.door_id,
        key_version=present,
        epoch=state.epoch,
        raw=tuple(setting for setting in raw if version >= 8 or setting.tag not in EXTENDED_SETTINGS),
    )
    return LockAnswer(AnswerStatus.DONE, answer)


def _write_settings(state: LockState, request: WriteSettings, _version: int, at: int) -> LockAnswer:
    if request.time_zone is not None:
        state.tz_quarters = request.time_zone
    if request.checkout_hour is not None:
        state.checkout_hour = request.checkout_hour
    if request.scopes is not None:
        state.scopes = list(request.scopes)
    state.settings.update({int(setting.tag): setting.value for setting in request.raw})
    if request.clock is not None:
        set_clock(state, at)
    if request != WriteSettings(clock=request.clock):
        state.log(at, RecordEvent.SETTINGS_CHANGED, RecordMethod.COMMAND)
    return DONE


def set_clock(state: LockState, at: int) -> None:
    """The clock runs again. A virtual lock is told the time with every call, so its clock never drifts."""
    state.clock_lost = False
    state.log(at, RecordEvent.CLOCK_SET, RecordMethod.COMMAND)


def _read_records(state: LockState, request: ReadRecords, _version: int, _at: int) -> LockAnswer:
    wanted = [record for record in state.records if record.value.sequence > request.after][: request.at_most]
    before = [record for record in state.records if record.value.sequence <= request.after]
    if wanted:
        chain = wanted[-1].chain
    else:
        chain = before[-1].chain if before else CHAIN_START
    page = RecordPage(tuple(record.value for record in wanted), state.newest_sequence, chain)
    return LockAnswer(AnswerStatus.DONE, page)


def _operate(state: LockState, request: Operate, _version: int, at: int) -> LockAnswer:
    if state.clock_lost:
        # Without a clock nobody knows whether it is too late: the clock has to be set first.
        if request.operation is not Operation.SET_CLOCK:
            return LockAnswer(AnswerStatus.REFUSED)
    elif at > request.before:
        return LockAnswer(AnswerStatus.TOO_LATE)
    return LockAnswer(_OPERATIONS[request.operation](state, request, at))


def _unlock(state: LockState, _request: Operate, at: int) -> AnswerStatus:
    state.note_opening(at, is_offline_code=False)
    state.log(at, RecordEvent.OPENED, RecordMethod.COMMAND)
    return AnswerStatus.DONE


def _lock(state: LockState, _request: Operate, at: int) -> AnswerStatus:
    state.passage_mode = False
    state.log(at, RecordEvent.LOCKED, RecordMethod.COMMAND)
    return AnswerStatus.DONE


def _passage(state: LockState, request: Operate, at: int) -> AnswerStatus:
    state.passage_mode = request.operation is Operation.PASSAGE_ON
    event = RecordEvent.PASSAGE_ON if state.passage_mode else RecordEvent.PASSAGE_OFF
    state.log(at, event, RecordMethod.COMMAND)
    return AnswerStatus.DONE


def _set_clock(state: LockState, _request: Operate, at: int) -> AnswerStatus:
    set_clock(state, at)
    return AnswerStatus.DONE


def _restart(state: LockState, _request: Operate, at: int) -> AnswerStatus:
    state.log(at, RecordEvent.RESTART, RecordMethod.COMMAND)
    return AnswerStatus.DONE


def _self_test(state: LockState, _request: Operate, _at: int) -> AnswerStatus:
    return AnswerStatus.LOW_BATTERY if state.battery <= LOW_BATTERY else AnswerStatus.DONE


def _silence(state: LockState, _request: Operate, _at: int) -> AnswerStatus:
    state.is_alarm_sounding = False
    return AnswerStatus.DONE


def _raise_issue(state: LockState, request: Operate, _at: int) -> AnswerStatus:
    return _take_issue(state, request.issue) if request.issue else AnswerStatus.BAD_TLV


def _take_issue(state: LockState, issue: IssueFloor) -> AnswerStatus:
    if not _is_of(issue, state.door_id, state.scopes):
        return AnswerStatus.NO_SUCH_ITEM
    if issue.audience is Audience.DOOR:
        state.raise_door_issue(issue.issue)
    else:
        state.raise_scope_issue(issue.target_id, issue.issue)
    return AnswerStatus.DONE


def _is_of(issue: IssueFloor, door_id: int, scopes: Sequence[int]) -> bool:
    """Whether an issue concerns this door or one of these scopes."""
    return issue.target_id == door_id if issue.audience is Audience.DOOR else issue.target_id in scopes


def _deny(state: LockState, request: Operate, at: int) -> AnswerStatus:
    for entry in request.denied:
        state.put_on_deny_list(entry.credential_id, entry.until, at)
    return AnswerStatus.DONE


def _raise_floor(state: LockState, _request: Operate, at: int) -> AnswerStatus:
    state.raise_floor(at)
    return AnswerStatus.DONE


_OPERATIONS: dict[Operation, Callable[[LockState, Operate, int], AnswerStatus]] = {
    Operation.UNLOCK: _unlock,
    Operation.LOCK: _lock,
    Operation.PASSAGE_ON: _passage,
    Operation.PASSAGE_OFF: _passage,
    Operation.SET_CLOCK: _set_clock,
    Operation.RESTART: _restart,
    Operation.SELF_TEST: _self_test,
    Operation.SILENCE_ALARM: _silence,
    Operation.RAISE_ISSUE: _raise_issue,
    Operation.DENY: _deny,
    Operation.RAISE_FLOOR: _raise_floor,
}


def _initialise(state: LockState, request: Initialise, version: int, at: int) -> LockAnswer:
    if not all(_is_of(issue, request.door_id, request.scopes) for issue in request.issues):
        return LockAnswer(AnswerStatus.NO_SUCH_ITEM)
    state.server_keys = request.server_keys
    state.admin_passcode = request.admin_passcode
    state.is_bound = True
    state.bound_version = version
    state.tz_quarters, state.checkout_hour = request.time_zone, request.checkout_hour
    _take_keys(state, request)
    _take_door(state, request, at)
    # Codes of the earlier K_code are dead, so what was remembered of them means nothing any more.
    state.epoch = request.epoch
    state.floor = 0
    state.used_singles.clear()
    state.revoked.clear()
    state.outstanding = b""
    state.reports.append(Command.BOUND)
    if state.clock_lost:
        set_clock(state, at)
    state.log(at, RecordEvent.KEYS_CHANGED, RecordMethod.COMMAND)
    return DONE


def _take_keys(state: LockState, request: Initialise) -> None:
    """The keys of the present version, and for a while those of the version before."""
    until = request.keep_old_keys_until
    old = [keys for keys in state.keys if keys.version == request.key_version - 1 and until is not None]
    for keys in old:
        keys.until = until
    areas = {area.area_id: area.key for area in request.areas}
    present = KeySet(request.key_version, request.door_key, request.staff_public_key, areas, request.card_a_key)
    state.keys = [*old, present]


def _take_door(state: LockState, request: Initialise, at: int) -> None:
    if request.door_id != state.door_id:
        state.door_id, state.door_issue = request.door_id, 0
    state.scopes = list(request.scopes)
    for issue in request.issues:
        _take_issue(state, issue)
    for entry in request.denied:
        state.put_on_deny_list(entry.credential_id, entry.until, at)


def _forget(_state: LockState, _request: Forget, _version: int, _at: int) -> LockAnswer:
    # The wiping itself comes after the answer was sealed: see `wipe`.
    return DONE


def wipe(state: LockState) -> None:
    """Keys, users, templates and records go; counters and the last frame with its answer stay."""
    fresh = LockState(state.sn, state.mac, state.lock_keys)
    kept = ("version", "firmware", "battery", "voltage_class", "clock_lost", "privacy", "settings", "imei", "imsi")
    counters = ("last_counter", "last_frame", "last_answer", "report_counter", "bound_version")
    for name in LockState.__slots__:
        if name not in (*kept, *counters):
            setattr(state, name, getattr(fresh, name))
    state.server_keys = NO_KEYS


def _associate(state: LockState, request: AssociateModule, _version: int, _at: int) -> LockAnswer:
    state.imei, state.imsi = request.imei, SIM_OF_MODULE
    state.reports.append(Command.MODULE_ASSOCIATED)
    return DONE


_ACTIONS: dict[type[Payload], Callable[[LockState, Any, int, int], LockAnswer]] = {
    AddUser: _store_user,
    ModifyUser: _store_user,
    DeleteUser: _delete_user,
    ListUsers: _list_users,
    ReadSettings: _read_settings,
    WriteSettings: _write_settings,
    ReadRecords: _read_records,
    Operate: _operate,
    Initialise: _initialise,
    Forget: _forget,
    AssociateModule: _associate,
}


def refuse(fault: MalformedError) -> LockAnswer:
    """The answer to a request that cannot be read."""
    is_unknown = fault.code == "unknown_command"
    return LockAnswer(AnswerStatus.UNKNOWN_COMMAND if is_unknown else AnswerStatus.BAD_TLV)
