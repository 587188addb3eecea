"""What stands in the addresses of pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.routing import IntegerConverter

from pms.core.ids import LARGEST

if TYPE_CHECKING:
    from flask import Flask


class IdConverter(IntegerConverter):
    """`<int:…>`: a number that no database could hold is an address of nothing, not an error."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"max": LARGEST, **options})


def install(app: Flask) -> None:
    """Use it for every route that is added from now on."""
    app.url_map.converters["int"] = IdConverter
