"""Which backups are kept, and what their file withstands."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest

from pms.backups import archive, rules
from pms.core.sealing import Vault, use_vault

NOW = datetime(2026, 6, 12, 0, 30, tzinfo=UTC)


def nights(count: int) -> list[datetime]:
    return [NOW - timedelta(days=number) for number in range(count)]


def test_seven_days_four_weeks_and_twelve_months_are_kept():
    kept = rules.to_keep(nights(1000))
    assert kept >= set(nights(7))
    # The newest of this week and of the three before, of this month and of the eleven before.
    assert {at.isocalendar()[:2] for at in kept if NOW - at < timedelta(days=25)} == {
        (2026, w) for w in (21, 22, 23, 24)
    }
    assert len({(at.year, at.month) for at in kept}) == 12
    # The last days of May are those of a week and of the month.
    assert len(kept) == 7 + 2 + 10
    assert min(kept) == datetime(2025, 7, 31, 0, 30, tzinfo=UTC)


def test_keeping_is_stable_and_the_newest_always_stays():
    there: set[datetime] = set()
    for night in sorted(nights(500)):
        there = rules.to_keep(there | {night})
        assert night in there
        assert len(there) <= 7 + 4 + 12
    assert there == rules.to_keep(there)
    # A house that stood still for long loses nothing that the rule has kept.
    assert len(there) >= 7 + 11
    assert rules.to_keep([]) == set()
    twice = [NOW, NOW - timedelta(hours=3)]
    assert NOW in rules.to_keep(twice)


def test_names_are_instants_and_other_files_are_nobodys_to_delete():
    assert rules.made_at(rules.name_at(NOW)) == NOW
    for name in ("latchkey.db", "latchkey-20261399T000000Z.backup", "latchkey-20260612T003000Z.backup.old", "../x"):
        assert rules.made_at(name) is None


@pytest.mark.parametrize(
    ("newest", "since", "is_late"),
    [(None, None, False), (None, 49, True), (None, 47, False), (47, 900, False), (49, 900, True)],
)
def test_a_backup_is_late_after_two_days(newest, since, is_late):
    hours = [None if value is None else NOW - timedelta(hours=value) for value in (newest, since)]
    assert rules.is_late(*hours, NOW) is is_late


@pytest.fixture
def vault():
    use_vault(Vault(bytes(range(32))))


def _sealed(content: bytes) -> bytes:
    file = io.BytesIO()
    header = archive.Header.new(database="sqlite", made_at=NOW.isoformat(), program="1")
    archive.write(file, header, [content[i : i + 70_000] for i in range(0, len(content), 70_000)])
    return file.getvalue()


def _opened(data: bytes) -> bytes:
    return b"".join(archive.read(io.BytesIO(data)))


def _noise(size: int) -> bytes:
    """What cannot be compressed, so that there are several pieces."""
    import random

    return random.Random(7).randbytes(size)


@pytest.mark.parametrize("content", [b"", b"a", bytes(5_000_000), _noise(archive.PIECE * 2 + 17)], ids=len)
def test_what_is_sealed_comes_back(vault, content):
    sealed = _sealed(content)
    assert _opened(sealed) == content
    assert archive.read_header(io.BytesIO(sealed)).made_at == NOW.isoformat()
    if len(content) > 1:
        assert content[:64] not in sealed
    # No two have the same key.
    assert _sealed(content) != sealed


def test_a_file_that_is_cut_anywhere_is_no_backup(vault):
    sealed = _sealed(b"nights and guests" * 50)
    for size in range(len(sealed)):
        with pytest.raises((rules.NotABackup, rules.Damaged, rules.WrongKey)):
            _opened(sealed[:size])
    with pytest.raises(rules.Damaged):
        _opened(sealed + b"x")


def test_every_changed_byte_is_found(vault):
    sealed = _sealed(b"nights")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises((rules.NotABackup, rules.Damaged, rules.WrongKey)):
            _opened(bytes(changed))


def test_pieces_cannot_be_swapped_left_out_or_taken_for_the_last(vault):
    sealed = _sealed(_noise(archive.PIECE * 3))
    file = io.BytesIO(sealed)
    archive.read_header(file)
    start, pieces = file.tell(), []
    while head := file.read(5):
        pieces.append(head + file.read(int.from_bytes(head[1:], "big")))
    assert len(pieces) >= 4
    first, second, *rest = pieces
    as_last = b"\1" + first[1:]
    for order in ([second, first, *rest], [first, *rest], [first, first, second, *rest], [as_last]):
        with pytest.raises((rules.Damaged, rules.WrongKey)):
            _opened(sealed[:start] + b"".join(order))


def test_another_master_key_opens_nothing(vault):
    sealed = _sealed(b"nights")
    use_vault(Vault(bytes(32)))
    with pytest.raises(rules.WrongKey):
        _opened(sealed)
    for other in (
        b"",
        b"SQLite format 3\0" + bytes(100),
        archive.MAGIC + b"\xff\xff\xff\xff",
        archive.MAGIC + b"\0\0\0\2{}",
    ):
        with pytest.raises(rules.NotABackup):
            _opened(other)
