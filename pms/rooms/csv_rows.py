"""Reads a CSV of rooms: pure, every fault with the number of its line."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pms.core.text import N_
from pms.rooms import rules

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 512 * 1024
MAX_ROWS = 5000

# What the columns may be called; the first name is ours.
COLUMNS: dict[str, tuple[str, ...]] = {
    "number": ("number", "room", "room number", "房号", "房间号"),
    "floor": ("floor", "楼层"),
    "building": ("building", "楼栋", "楼"),
    "type": ("type", "room type", "房型"),
}
REQUIRED = ("number", "floor", "type")
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in which line (1 is the header; 0 stands for the whole file); `message` is translatable."""

    line: int
    message: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One room of the file."""

    line: int
    number: str
    floor: str
    building: str
    type: str


def read(document: bytes) -> tuple[list[Row], list[Fault]]:
    """The rooms of the file and everything that is wrong with its shape; never raises for bad input."""
    text, fault = _decode(document)
    if fault is not None:
        return [], [fault]
    lines = _records(text)
    rows: list[Row] = []
    faults: list[Fault] = []
    try:
        header_line, header = next(lines)
        places, faults = _places(header, header_line)
        if faults:
            return [], faults
        for line, cells in lines:
            row = _row(line, cells, places, len(header))
            (faults if isinstance(row, Fault) else rows).append(row)  # type: ignore[arg-type]
            if len(rows) + len(faults) > MAX_ROWS:
                return [], [Fault(line, N_("The file has more than %(most)s rooms."), {"most": MAX_ROWS})]
    except StopIteration:
        return [], [Fault(0, N_("The file is empty."))]
    except _Unreadable as error:
        faults.append(Fault(error.line, N_("This line cannot be read as CSV: look for a quotation mark left open.")))
    if not rows and not faults:
        faults.append(Fault(0, N_("The file has a header, but no rooms.")))
    return rows, faults + _doubles(rows)


class _Unreadable(Exception):
    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def _decode(document: bytes) -> tuple[str, Fault | None]:
    if len(document) > MAX_BYTES:
        return "", Fault(0, N_("The file is larger than %(most)s kB."), {"most": MAX_BYTES // 1024})
    try:
        text = document.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = document[: error.start].count(b"\n") + 1
        return "", Fault(line, N_("The file is not in UTF-8. Save it as “CSV UTF-8” and try again."))
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        return "", Fault(line, N_("The file is not in UTF-8. Save it as “CSV UTF-8” and try again."))
    return text, None


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each record that is not blank, with the number of the line on which it begins."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _Unreadable(line) from error
        if any(cell.strip() for cell in cells):
            yield line, [" ".join(cell.split()) for cell in cells]


def _places(header: list[str], line: int) -> tuple[dict[str, int], list[Fault]]:
    places: dict[str, int] = {}
    faults = []
    for place, title in enumerate(header):
        column = next((name for name, names in COLUMNS.items() if title.casefold() in names), None)
        if column is None:
            faults.append(Fault(line, N_("The column “%(title)s” is not known."), {"title": title[:40]}))
        elif column in places:
            faults.append(Fault(line, N_("The column “%(title)s” is there twice."), {"title": title[:40]}))
        else:
            places[column] = place
    missing = [name for name in REQUIRED if name not in places]
    if missing:
        faults.append(
            Fault(line, N_("The first line must name the columns; missing: %(names)s."), {"names": ", ".join(missing)})
        )
    return places, faults


def _row(line: int, cells: list[str], places: dict[str, int], width: int) -> Row | Fault:
    if len(cells) != width:
        return Fault(
            line,
            N_("This line has %(found)s columns, the header has %(width)s."),
            {"found": len(cells), "width": width},
        )
    values = {name: cells[place] for name, place in places.items()}
    most = {"number": rules.MAX_NUMBER, "floor": rules.MAX_FLOOR, "building": rules.MAX_BUILDING, "type": 60}
    for name, value in values.items():
        if not value and name in REQUIRED:
            return Fault(line, N_("The column “%(title)s” is empty."), {"title": name})
        if len(value) > most[name]:
            return Fault(
                line,
                N_("The column “%(title)s” has more than %(most)s characters."),
                {"title": name, "most": most[name]},
            )
    return Row(line, values["number"], values["floor"], values.get("building", ""), values["type"])


def _doubles(rows: list[Row]) -> list[Fault]:
    seen: dict[str, int] = {}
    faults = []
    for row in rows:
        if row.number in seen:
            faults.append(
                Fault(
                    row.line,
                    N_("Room %(number)s is in line %(first)s already."),
                    {"number": row.number, "first": seen[row.number]},
                )
            )
        else:
            seen[row.number] = row.line
    return faults
