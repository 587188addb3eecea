"""Replays examples of the lock protocol against this package: all cases that need no lock's memory.

A file of examples has `cases`, each with a `kind`, and `encode` lists of passcodes. Scripts that a whole lock must play
are replayed by `pms.simulators.replay`, which begins with the table here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import kdf
from .card import (
    Audience,
    CardBody,
    CardKind,
    GrantHeader,
    seal_guest_grant,
    sign_staff_grant,
    unseal_guest_body,
    verify_staff_grant,
)
from .card_layout import Medium, sector_trailer, unit_place
from .encoder_line import LineDecoder, LineFrame, encode_line_frame
from .errors import MalformedError, ProtocolError, UsageError
from .frame import Direction, Frame, open_frame, seal_frame
from .passcode import (
    Clear,
    Cyclic,
    Days,
    Hours,
    Nights,
    Permanent,
    Permission,
    Single,
    decode_permission,
    decrypt_passcode,
    encode_passcode,
    encode_permission,
)
from .record import AccessRecord, RecordEvent, RecordMethod, RecordResult, chain_after, verify_chain
from .session import Accepted, Receiver, Refused, Repeated
from .tlv import Part, Tag, Tlv, decode_tlvs, encode_tlvs, join_parts, split_parts

Case = Mapping[str, Any]
Replay = Callable[[Case], None]


class Mismatch(Exception):
    """Our result differs from that of the example."""


def expect(what: str, ours: object, theirs: object) -> None:
    """Refuse a difference."""
    if ours != theirs:
        raise Mismatch(f"{what}: ours {ours!r}, theirs {theirs!r}")


def unhex(text: str) -> bytes:
    """The bytes of lower-case hex."""
    return bytes.fromhex(text)


def lock_key_of(lock: Case) -> bytes:
    """`K_lock` of a lock object."""
    secret = kdf.lock_secret(unhex(lock["lock_keys"]), lock["server_keys"])
    return kdf.lock_key(secret, unhex(lock["sn"]), unhex(lock["mac"]))


# --- keys


def _lock(case: Case) -> None:
    lock = case["lock"]
    k_lock = lock_key_of(lock)
    ours = {
        "l": kdf.lock_secret(unhex(lock["lock_keys"]), lock["server_keys"]),
        "k_bind": kdf.bind_key(unhex(lock["lock_keys"]), unhex(lock["sn"]), unhex(lock["mac"])),
        "k_lock": k_lock,
        "k_code": kdf.code_key(k_lock),
        "k_cmd": kdf.command_key(k_lock),
        "k_rec": kdf.record_key(k_lock),
    }
    for name, key in ours.items():
        expect(name, key.hex(), case.get(name))


def _door(case: Case) -> None:
    expect("key", kdf.door_key(unhex(case["k_prop"]), case["version"], case["id"]).hex(), case.get("key"))


def _area(case: Case) -> None:
    expect("key", kdf.area_key(unhex(case["k_prop"]), case["version"], case["id"]).hex(), case.get("key"))


def _card(case: Case) -> None:
    k_prop, version = unhex(case["k_prop"]), case["version"]
    expect("k_carda", kdf.card_a_key(k_prop, version).hex(), case.get("k_carda"))
    expect("k_cardb", kdf.card_b_key(k_prop, version).hex(), case.get("k_cardb"))


def _sector(case: Case) -> None:
    uid, unit = unhex(case["uid"]), case["unit"]
    key_a = kdf.sector_key(unhex(case["k_carda"]), uid, unit)
    key_b = kdf.sector_key(unhex(case["k_cardb"]), uid, unit)
    expect("key_a", key_a.hex(), case.get("key_a"))
    expect("key_b", key_b.hex(), case.get("key_b"))
    expect("trailer", sector_trailer(key_a, key_b, case["version"]).hex(), case.get("trailer"))


# --- grants


def body_of(fields: Case) -> CardBody:
    """The body that a case's fields describe; `UsageError` for a kind or option that does not exist."""
    options = fields["options"]
    if options > 7 or fields["kind"] not in list(CardKind):
        raise UsageError("no such kind or option")
    return CardBody(
        CardKind(fields["kind"]),
        fields["issue"],
        fields["not_before"],
        fields["not_after"],
        fields["credential_id"],
        bool(options & 1),
        bool(options & 2),
        bool(options & 4),
        fields["weekdays"],
        fields["window_start"],
        fields["window_end"],
    )


def _grant(case: Case, seal: Callable[[GrantHeader, CardBody, bytes], bytes]) -> None:
    audience = int(case["audience"], 16)
    if audience not in list(Audience):
        raise UsageError("no such audience")
    body = body_of(case["fields"])
    grant = seal(GrantHeader(case["version"], Audience(audience), case["id"]), body, unhex(case["uid"]))
    expect("body", body.encode().hex(), case.get("body"))
    expect("grant", grant.hex(), case.get("grant"))
    expect("body read", CardBody.decode(body.encode()), body)


def _guest(case: Case) -> None:
    key = unhex(case["key"])
    _grant(case, lambda header, body, uid: seal_guest_grant(key, header, body, uid))


def _staff(case: Case) -> None:
    secret = unhex(case["secret_key"])
    _grant(case, lambda header, body, uid: sign_staff_grant(secret, header, body, uid))


def _open_guest(case: Case) -> None:
    body = unseal_guest_body(unhex(case["key"]), unhex(case["grant"]), unhex(case["uid"]))
    expect("body", body.hex(), case.get("body"))


def _open_staff(case: Case) -> None:
    body = verify_staff_grant(unhex(case["public_key"]), unhex(case["grant"]), unhex(case["uid"]))
    expect("body", body.hex(), case.get("body"))


_MEDIA = {"classic": Medium.CLASSIC_1K, **{medium.name.lower(): medium for medium in Medium}}


def _layout(case: Case) -> None:
    medium = _MEDIA.get(case["medium"])
    if medium is None:
        raise UsageError("no such medium")
    place = unit_place(medium, case["unit"])
    ours: dict[str, Any] = {
        "blocks": [place.first, place.last],
        "pages": [place.first, place.last],
        "bytes": [place.first, place.last],
        "trailer_block": place.trailer_block,
        "offset": place.first,
        "byte_offset": place.first,
    }
    known = [name for name in ours if name in case]
    if not known:
        raise Mismatch("the case says nothing that is known of a unit's place")
    for name in known:
        expect(name, ours[name], case[name])


# --- passcodes


def permission_of(fields: Case) -> Permission:
    """The permission that a case describes."""
    block = fields["block"]
    if block == "permanent":
        return Permanent(fields["serial"])
    if block == "cyclic":
        year, month = map(int, fields["last_month"].split("-"))
        return Cyclic(fields["pattern"], fields["start_hour"], fields["length"], year, month)
    if block == "single":
        return Single(fields["start"], fields["index"])
    if block == "clear":
        return Clear(fields["start"])
    kinds: dict[str, type[Hours | Nights | Days]] = {"hours": Hours, "nights": Nights, "days": Days}
    if block not in kinds:
        raise UsageError("no such block")
    return kinds[block](fields["start"], fields["n"])


def replay_encode(case: Case) -> None:
    """A permission gives number and digits, and both ways back."""
    permission = permission_of(case["permission"])
    k_code, epoch = kdf.code_key(lock_key_of(case["lock"])), case["epoch"]
    expect("p", encode_permission(permission), case.get("p"))
    expect("digits", encode_passcode(k_code, epoch, permission), case.get("digits"))
    expect("p of the digits", decrypt_passcode(k_code, epoch, case["digits"]), case["p"])
    near = getattr(permission, "start", None)
    if near is None and isinstance(permission, Cyclic):
        near = max(0, (permission.last_year - 1970) * 365 * 86400)
    expect("permission of p", decode_permission(case["p"], near or 0), permission)


# --- frames and TLVs


def _seal(case: Case) -> None:
    frame = Frame(
        case["version"],
        case["command"],
        Direction(case["direction"]),
        case["counter"],
        unhex(case["plaintext"]),
    )
    expect("frame", seal_frame(unhex(case["key"]), unhex(case["lock"]["sn"]), frame).hex(), case.get("frame"))


def _open(case: Case) -> None:
    try:
        frame = open_frame(unhex(case["key"]), unhex(case["sn"]), unhex(case["frame"]))
    except ProtocolError as fault:
        reason = "malformed" if isinstance(fault, MalformedError) else "bad_tag"
        expect("error", reason, case.get("error"))
        return
    expect("error", None, case.get("error"))
    for name in ("version", "command", "direction", "counter"):
        expect(name, getattr(frame, name), case[name])
    expect("plaintext", frame.plaintext.hex(), case["plaintext"])


_ROLES = {"lock": Direction.REQUEST, "server": Direction.REPORT}


def _session(case: Case) -> None:
    key, sn = unhex(case["key"]), unhex(case["sn"])
    receiver = Receiver(_ROLES[case["role"]], case["last_counter"], case["bound_version"])
    for number, step in enumerate(case["steps"], 1):
        receiver = _session_step(receiver, key, sn, step, f"step {number}")
    expect("last counter", receiver.last_counter, case["last_counter_after"])


def _session_step(receiver: Receiver, key: bytes, sn: bytes, step: Case, where: str) -> Receiver:
    raw = unhex(step["frame"])
    match receiver.take(key, sn, raw):
        case Repeated(answer):
            expect(where, "repeated", step["result"])
            expect(f"{where}, answer", answer.hex(), step["answer"])
        case Refused(reason):
            expect(where, "refused", step["result"])
            expect(f"{where}, reason", reason.value, step["reason"])
        case Accepted(frame):
            expect(where, "accepted", step["result"])
            plaintext = unhex(step["answer_plaintext"])
            direction = Direction(frame.direction + 1)
            answer = seal_frame(key, sn, Frame(frame.version, frame.command, direction, frame.counter, plaintext))
            expect(f"{where}, answer", answer.hex(), step["answer"])
            return receiver.remember(raw, frame.counter, answer)
    return receiver


def _good(case: Case) -> None:
    items = [Tlv(Tag(int(item["tag"], 16)), unhex(item["value"])) for item in case["items"]]
    expect("bytes", encode_tlvs(items, case["version"]).hex(), case["bytes"])
    expect("items", decode_tlvs(unhex(case["bytes"]), case["version"]), items)


def _bad(case: Case) -> None:
    try:
        decode_tlvs(unhex(case["bytes"]), case["version"])
    except MalformedError:
        expect("status", 2, case["status"])
        return
    raise Mismatch("it was taken for good")


def _parts(case: Case) -> None:
    content = unhex(case["data"])
    parts = split_parts(content)
    ours = [
        encode_tlvs([Tlv(Tag.CREDENTIAL_CONTENT, piece), Tlv(Tag.PART, part.encode())]).hex() for piece, part in parts
    ]
    expect("parts", ours, case["parts"])
    taken = [decode_tlvs(unhex(part)) for part in case["parts"]]
    expect("joined", join_parts((piece.value, Part.decode(place.value)) for piece, place in taken), content)


# --- records


def _record(case: Case) -> None:
    record = AccessRecord.decode(unhex(case["bytes"]))
    fields = case.get("fields")
    if fields is None:
        raise Mismatch("it was taken for good")
    for name, value in fields.items():
        expect(name, int(getattr(record, name)), value)
    made = AccessRecord(
        fields["sequence"],
        fields["time"],
        RecordEvent(fields["event"]),
        RecordMethod(fields["method"]),
        fields["credential_id"],
        RecordResult(fields["result"]),
        fields["battery"],
    )
    expect("bytes", made.encode().hex(), case["bytes"])


def _chain(case: Case) -> None:
    k_rec, value = kdf.record_key(lock_key_of(case["lock"])), unhex(case["start"])
    ours = []
    for record in case["records"]:
        value = chain_after(k_rec, [unhex(record)], value)
        ours.append(value.hex())
    expect("chain", ours, case["chain"])


def _verify(case: Case) -> None:
    k_rec = kdf.record_key(lock_key_of(case["lock"]))
    records = [unhex(record) for record in case["records"]]
    expect("ok", verify_chain(k_rec, records, unhex(case["chain"]), unhex(case["start"])), case["ok"])


# --- the serial line


def _frame(case: Case) -> None:
    frame = LineFrame(case["seq"], case["type"], unhex(case["payload"]))
    expect("frame", encode_line_frame(frame).hex(), case["frame"])
    expect("read", LineDecoder().feed(unhex(case["frame"]), 0.0), [frame])


def _stream(case: Case) -> None:
    decoder, frames = LineDecoder(), []
    for chunk in case["chunks"]:
        frames += decoder.feed(unhex(chunk["bytes"]), chunk["at_ms"] / 1000)
    frames += decoder.idle(case["end_ms"] / 1000)
    theirs = [LineFrame(frame["seq"], frame["type"], unhex(frame["payload"])) for frame in case["frames"]]
    expect("frames", frames, theirs)


CASES: dict[str, Replay] = {
    "lock": _lock,
    "door": _door,
    "area": _area,
    "card": _card,
    "sector": _sector,
    "guest": _guest,
    "staff": _staff,
    "open_guest": _open_guest,
    "open_staff": _open_staff,
    "layout": _layout,
    "seal": _seal,
    "open": _open,
    "session": _session,
    "good": _good,
    "bad": _bad,
    "parts": _parts,
    "record": _record,
    "chain": _chain,
    "verify": _verify,
    "frame": _frame,
    "stream": _stream,
}


def run_case(replay: Replay, case: Case) -> None:
    """Replay one case; `Mismatch` if it goes otherwise. A case with `error: true` must be refused."""
    if case.get("error") is not True:
        replay(case)
        return
    try:
        replay(case)
    except ProtocolError:
        return
    raise Mismatch("it must be refused, and was not")
