"""Units on readers that know only single blocks and pages: what a PN532 and a PC/SC reader have in common.

The house's own machine writes a whole unit by itself and reads it back; here that is done step by step. Nothing is
written a second time before reading has told that the first time failed, and a sector trailer goes to the card last,
when the sector's data were read back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from pms.protocol.card_layout import ACCESS_BYTES, UNIT_SIZE, UnitPlace, check_access_bytes, unit_place
from pms.protocol.encoder_line import KeyKind

from .contactless_reader import CardReader, CardRefused, CardSilent
from .encoder import SectorKey
from .errors import VerifyFailed, WriteFailed, WrongKey

_BLOCK, _PAGE = 16, 4


@dataclass(slots=True)
class _Job:
    """A unit to be written; `rows` are the blocks or pages that the card is not known to hold yet."""

    uid: bytes
    place: UnitPlace
    content: bytes = field(repr=False)
    key: SectorKey | None
    rows: list[tuple[int, bytes]] = field(default_factory=list, repr=False)


class ContactlessEncoder(CardReader):
    """The card's part of an `Encoder`."""

    def read_unit(self, uid: bytes, unit: int, key: SectorKey | None = None) -> bytes:
        """The 48 bytes of unit 1…8. MIFARE Classic needs a key, other media take none.

        `NoCard`, `CardChanged`, `WrongKey`; after any of them the reader and the card can still be used.
        """
        return self._steadily(uid, lambda _: self._read_unit(uid, unit, key))

    def write_unit(
        self, uid: bytes, unit: int, content: bytes, key: SectorKey | None = None, trailer: bytes | None = None
    ) -> None:
        """Write 48 bytes and then, if given, the sector trailer (16 bytes).

        Returns when the same was read back, under the new trailer's keys if there is one. `VerifyFailed` or `WriteFailed`
        if not, and as `read_unit`. A trailer that could kill its sector goes no further than here (`MalformedError` of
        the protocol).
        """
        if trailer is not None:
            check_access_bytes(trailer)
        if len(content) != UNIT_SIZE:
            raise ValueError(f"a unit has {UNIT_SIZE} bytes")
        medium = self._require(uid).medium
        job = _Job(uid, unit_place(medium, unit), content, key)
        size = _BLOCK if medium.is_classic else _PAGE
        job.rows = [(job.place.first + at // size, content[at : at + size]) for at in range(0, UNIT_SIZE, size)]
        if trailer is not None and job.place.trailer_block is None:
            raise WriteFailed("only a MIFARE Classic has sector trailers")
        try:
            self._steadily(uid, partial(self._write_rows, job))
            if trailer is not None:
                self._steadily(uid, partial(self._write_trailer, job, trailer))
                self._steadily(uid, lambda _: self._check_under(job, _reading_key(trailer)))
        except CardRefused as refusal:
            raise WriteFailed(f"unit {unit}: {refusal}") from refusal

    def _read_unit(self, uid: bytes, unit: int, key: SectorKey | None) -> bytes:
        place = unit_place(self._require(uid).medium, unit)
        try:
            self._open(uid, place, key)
            return self._read_rows(place)
        except CardRefused as refusal:
            # The key opens the sector, but reads nothing: of no more use than a wrong one.
            self._lies = None
            raise WrongKey(f"unit {unit}: {refusal}") from refusal

    def _open(self, uid: bytes, place: UnitPlace, key: SectorKey | None) -> None:
        """Prove the key, which proves the card as well; `WrongKey`."""
        if (place.trailer_block is None) is not (key is None):
            raise WrongKey("MIFARE Classic needs a key, other cards have none")
        if key is not None and not self._opens(uid, place, key):
            raise WrongKey(f"key {key.kind.name} does not open block {place.first}")

    def _opens(self, uid: bytes, place: UnitPlace, key: SectorKey) -> bool:
        if self._authenticate(place.first, key.kind, key.value, uid[-4:]):
            return True
        # The card has fallen silent; or it is another one, and the key was never wrong.
        self._lies = None
        self._require(uid)
        return False

    def _read_rows(self, place: UnitPlace) -> bytes:
        step = 1 if place.trailer_block is not None else _BLOCK // _PAGE
        return b"".join(self._read_block(row) for row in range(place.first, place.last + 1, step))

    def _write_rows(self, job: _Job, is_repeated: bool) -> None:
        """Write what the card does not hold yet, and read all of it back. The sector is open afterwards."""
        self._open(job.uid, job.place, job.key)
        write = self._write_page if job.key is None else self._write_block
        if job.key is None:
            self._check_uid(job.uid)
        is_unsure = is_repeated
        while job.rows:
            row, part = job.rows[0]
            if not (is_unsure and self._read_block(row)[: len(part)] == part):
                write(row, part)
            is_unsure = False
            del job.rows[0]
        if self._read_rows(job.place) != job.content:
            raise VerifyFailed("the card reads back differently")

    def _write_trailer(self, job: _Job, trailer: bytes, is_repeated: bool) -> None:
        """Give the open sector its new keys."""
        assert job.place.trailer_block is not None  # noqa: S101 - told above
        assert job.key is not None  # noqa: S101
        if is_repeated:
            if self._opens(job.uid, job.place, _reading_key(trailer)):
                return
            if not self._opens(job.uid, job.place, job.key):
                raise WriteFailed("neither the earlier key nor the new one opens the sector")
        self._write_block(job.place.trailer_block, trailer)

    def _check_under(self, job: _Job, key: SectorKey) -> None:
        if not self._opens(job.uid, job.place, key):
            raise VerifyFailed("the new key does not open the sector")
        if self._read_rows(job.place) != job.content:
            raise VerifyFailed("the card reads back differently under its new keys")

    def _check_uid(self, uid: bytes) -> None:
        """An NTAG proves nothing by itself: ask it for its UID before anything is written."""
        start = self._read_block(0)
        if start[:3] + start[4:8] != uid:
            self._lies = None
            self._require(uid)
            raise CardSilent("the card tells two UIDs")


def _reading_key(trailer: bytes) -> SectorKey:
    """The key that reads the data under one of the two trailers that may be written: ours and that of delivery."""
    if trailer[6:9] == ACCESS_BYTES:
        return SectorKey(KeyKind.B, trailer[10:])
    return SectorKey(KeyKind.A, trailer[:6])
