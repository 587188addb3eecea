"""Valid values of every kind that the protocol knows, for Hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from pms.protocol import encoder_messages as line
from pms.protocol.card import ALL_WEEK, Audience, CardBody, CardKind, GrantHeader
from pms.protocol.command import (
    AddUser,
    Alive,
    AreaKey,
    AssociateModule,
    Bound,
    Deleted,
    DeleteUser,
    Denied,
    Forget,
    Initialise,
    IssueFloor,
    ListedUser,
    ListUsers,
    ModifyUser,
    ModuleAssociated,
    OneRecord,
    Operate,
    Operation,
    Payload,
    RawSetting,
    ReadRecords,
    ReadSettings,
    RecordPage,
    SettingsAnswer,
    StoredKind,
    SystemSettings,
    UserList,
    UserRole,
    WeekWindow,
    WriteSettings,
)
from pms.protocol.command_base import TEMPLATE_KINDS
from pms.protocol.encoder_line import LineFrame
from pms.protocol.frame import Direction, Frame
from pms.protocol.passcode import Clear, Cyclic, Days, Hours, Nights, Permanent, Permission, Single
from pms.protocol.record import AccessRecord, RecordEvent, RecordMethod, RecordResult
from pms.protocol.tlv import EXTENDED_SETTINGS, PLAIN_SETTINGS, Part, Tag

U8, U16, U32 = st.integers(0, 0xFF), st.integers(0, 0xFFFF), st.integers(0, 0xFFFF_FFFF)
NOW = st.integers(70_000 * 3600, 0xFFFF_FFFF)


def sized(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size)


UIDS = st.sampled_from((4, 7, 10)).flatmap(sized)
KEYS_16, KEYS_32 = sized(16), sized(32)
SNS = sized(6)
TEXTS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40)


def digits(least: int, most: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=least, max_size=most)


@st.composite
def bodies(draw: st.DrawFn, kinds: tuple[CardKind, ...] = tuple(CardKind)) -> CardBody:
    kind = draw(st.sampled_from(kinds))
    start = draw(st.integers(0, 0xFFFF_FFFE))
    longest = 86400 if kind is CardKind.ONE_SHOT else 0xFFFF_FFFF
    end = draw(st.integers(start + 1, min(0xFFFF_FFFF, start + longest)))
    return CardBody(
        kind,
        draw(U32),
        start,
        end,
        draw(U32),
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.integers(1, ALL_WEEK)),
        draw(st.integers(0, 1439)),
        draw(st.integers(1, 1440)),
    )


def headers(*audiences: Audience) -> st.SearchStrategy[GrantHeader]:
    return st.builds(GrantHeader, st.integers(1, 255), st.sampled_from(audiences or tuple(Audience)), U32)


GUEST_BODIES = bodies((CardKind.GUEST, CardKind.ONE_SHOT))
STAFF_BODIES = bodies((CardKind.STAFF, CardKind.EMERGENCY, CardKind.VOID_GUESTS, CardKind.DENY))

STARTS = NOW.map(lambda at: at // 3600 * 3600)
DAY_STARTS = NOW.map(lambda at: at // 86400 * 86400)
CYCLIC = st.builds(
    Cyclic,
    st.integers(0, 9),
    st.integers(0, 23),
    st.integers(1, 24),
    st.integers(1980, 2100),
    st.integers(1, 12),
)
PERMISSIONS: st.SearchStrategy[Permission] = st.one_of(
    st.builds(Hours, STARTS, st.integers(1, 72)),
    st.builds(Nights, STARTS, st.integers(1, 31)),
    st.builds(Days, DAY_STARTS, st.integers(32, 400)),
    st.builds(Single, STARTS, st.integers(0, 15)),
    st.builds(Permanent, U8),
    CYCLIC,
    st.builds(Clear, STARTS),
)

RECORDS = st.builds(
    AccessRecord,
    st.integers(1, 0xFFFF_FFFF),
    U32,
    st.sampled_from(RecordEvent),
    st.sampled_from(RecordMethod),
    U32,
    st.sampled_from(RecordResult),
    U8,
)
FRAMES = st.builds(
    Frame,
    st.sampled_from((7, 8)),
    U16,
    st.sampled_from(Direction),
    st.integers(0, (1 << 48) - 1),
    st.binary(max_size=1024),
)
LINE_FRAMES = st.builds(LineFrame, U8, U8, st.one_of(st.binary(max_size=64), st.binary(max_size=2048)))

# --- what commands carry

WINDOWS = st.builds(WeekWindow, st.integers(1, 0x7F), st.integers(0, 1439), st.integers(1, 1440))


def users(kinds: tuple[StoredKind, ...] = tuple(StoredKind)) -> st.SearchStrategy[ListedUser]:
    return st.builds(ListedUser, U16, st.sampled_from(kinds), U32, U32, U32, st.sampled_from(UserRole))


STORED = tuple(kind for kind in StoredKind if kind is not StoredKind.PERMANENT_PASSCODE)
CONTENTS = st.binary(min_size=1, max_size=240)


@st.composite
def parts(draw: st.DrawFn) -> Part:
    count = draw(st.integers(1, 0xFFFF))
    return Part(draw(st.integers(0, count - 1)), count, draw(U16))


def _changes(kind: type[AddUser | ModifyUser]) -> st.SearchStrategy[Payload]:
    return st.one_of(
        st.builds(kind, users(STORED), CONTENTS, WINDOWS, st.none()),
        st.builds(kind, users(tuple(TEMPLATE_KINDS)), CONTENTS, WINDOWS, parts()),
    )


def _raw(tag: Tag) -> st.SearchStrategy[RawSetting]:
    return st.builds(RawSetting, st.just(tag), sized(2 if tag is Tag.LOCK_OUT_TIME_NEW else 1))


RAW_SETTINGS = st.lists(
    st.sampled_from((*EXTENDED_SETTINGS, *PLAIN_SETTINGS)).flatmap(_raw), unique_by=lambda setting: setting.tag
).map(lambda settings: tuple(sorted(settings, key=lambda setting: setting.tag)))


def _or_none(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.one_of(st.none(), strategy)


ZONES, HOURS_OF_DAY = st.integers(-56, 56), st.integers(0, 23)
SCOPES = st.lists(U32, max_size=16).map(tuple)
ISSUES = st.builds(IssueFloor, st.sampled_from((Audience.DOOR, Audience.SCOPE)), U32, U32)
DENIED = st.lists(st.builds(Denied, U32, U32), min_size=1, max_size=31).map(tuple)
_READ = {
    "battery": _or_none(U8),
    "voltage_class": _or_none(U8),
    "clock": _or_none(U32),
    "time_zone": _or_none(ZONES),
    "checkout_hour": _or_none(HOURS_OF_DAY),
    "firmware": _or_none(TEXTS),
    "door_id": _or_none(U32),
    "key_version": _or_none(st.integers(1, 255)),
    "raw": RAW_SETTINGS,
}
_WRITE = {name: _READ[name] for name in ("clock", "time_zone", "checkout_hour", "raw")}

OPERATIONS = st.one_of(
    st.builds(
        Operate,
        st.sampled_from(
            [op for op in Operation if op not in (Operation.SET_CLOCK, Operation.RAISE_ISSUE, Operation.DENY)]
        ),
        U32,
    ),
    st.builds(Operate, st.just(Operation.SET_CLOCK), U32, clock=U32),
    st.builds(Operate, st.just(Operation.RAISE_ISSUE), U32, issue=ISSUES),
    st.builds(Operate, st.just(Operation.DENY), U32, denied=DENIED),
)
INITIALISE = st.builds(
    Initialise,
    digits(16, 16),
    digits(8, 8),
    U32,
    st.integers(1, 255),
    KEYS_32,
    KEYS_16,
    KEYS_32,
    U32,
    ZONES,
    HOURS_OF_DAY,
    U8,
    SCOPES,
    st.lists(st.builds(AreaKey, U32, KEYS_32), max_size=7).map(tuple),
    _or_none(U32),
    st.lists(ISSUES, max_size=17).map(tuple),
    st.one_of(st.just(()), DENIED),
)

REQUESTS: st.SearchStrategy[Payload] = st.one_of(
    _changes(AddUser),
    _changes(ModifyUser),
    st.builds(DeleteUser, slot=U16),
    st.builds(DeleteUser, permanent_serial=U8),
    st.builds(ListUsers, U16),
    st.just(ReadSettings()),
    st.builds(WriteSettings, scopes=_or_none(SCOPES), **_WRITE),
    st.builds(ReadRecords, U32, st.integers(1, 60)),
    OPERATIONS,
    INITIALISE,
    st.just(Forget()),
    st.builds(AssociateModule, digits(1, 16)),
)
USER_LISTS = st.builds(UserList, st.lists(users(), max_size=20).map(tuple))
ANSWER_BODIES: st.SearchStrategy[Payload] = st.one_of(
    st.builds(SettingsAnswer, epoch=_or_none(U8), **_READ),
    st.builds(RecordPage, st.lists(RECORDS, max_size=60).map(tuple), U32, sized(8)),
)
REPORTS: st.SearchStrategy[Payload] = st.one_of(
    st.builds(OneRecord, RECORDS, U8),
    st.just(Deleted()),
    st.builds(ModuleAssociated, digits(1, 16), digits(1, 16)),
    st.builds(Bound, U8, U8, TEXTS),
    st.builds(SystemSettings, **_READ),
    USER_LISTS,
    st.builds(Alive, U8, U8, U32, U32, st.integers(0, (1 << 48) - 1)),
)

# --- what the serial line carries

UNITS = st.integers(1, 8)
LINE_REQUESTS: st.SearchStrategy[line.Message] = st.one_of(
    st.builds(line.Hello, U8),
    st.builds(line.WaitForCard, U16),
    st.builds(line.ReadUnit, UIDS, UNITS, st.sampled_from(line.KeyKind), sized(6)),
    st.builds(
        line.WriteUnit,
        UIDS,
        UNITS,
        sized(48),
        st.sampled_from(line.KeyKind),
        sized(6),
        st.one_of(st.none(), sized(16)),
    ),
    st.builds(line.Signal, st.sampled_from(line.SignalPattern)),
    st.just(line.Cancel()),
    st.builds(line.CaptureFinger, st.integers(1, 255), U16),
    st.builds(line.ReadTemplate, U16, st.integers(1, 1024)),
)
LINE_EVENTS: st.SearchStrategy[line.Message] = st.one_of(
    st.builds(line.CardArrived, st.sampled_from(line.CardKind), UIDS),
    st.just(line.CardRemoved()),
    st.builds(line.FingerProgress, st.sampled_from(line.FingerStage), U8, U8),
    st.builds(line.FingerDone, U8, U16, U16),
    st.builds(line.Ended, st.sampled_from(line.Status)),
    st.just(line.Acknowledged()),
)
