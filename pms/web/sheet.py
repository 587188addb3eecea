"""Files that spreadsheets open: lines of CSV whose cells are text, whatever they begin with."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from flask import Response, stream_with_context

# Spreadsheets take a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def answer(lines: Iterable[Iterable[object]], *, filename: str) -> Response:
    """The lines as a file to keep, sent while they are read."""
    response = Response(stream_with_context(_text(lines)), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def harmless(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if str(cell).startswith(_FORMULA) else cell


def _text(lines: Iterable[Iterable[object]]) -> Iterator[str]:
    yield "\ufeff"  # Spreadsheets then read it as UTF-8.
    for line in lines:
        file = io.StringIO()
        csv.writer(file).writerow([harmless(cell) for cell in line])
        yield file.getvalue()
