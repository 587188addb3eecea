"""Styles and scripts: every file of the two folders, under an address that changes when one of them does."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flask import Flask, request

if TYPE_CHECKING:
    from pathlib import Path

_FIRST = ("tokens.css", "base.css", "layout.css", "components.css")
_YEAR = 365 * 24 * 3600


@dataclass
class Assets:
    """Styles in the order of their layers, then the features'; scripts; and the word in their addresses."""

    folder: Path
    css: list[str] = field(default_factory=list)
    js: list[str] = field(default_factory=list)
    version: str = ""
    _newest: int = 0

    def __post_init__(self) -> None:
        self.read()

    def read(self) -> None:
        """Look at all of them."""
        css = sorted((self.folder / "css").glob("*.css"))
        js = sorted((self.folder / "js").glob("*.js"))
        self._newest = _newest(self.folder)
        self.version = hashlib.sha256(b"".join(path.read_bytes() for path in [*css, *js])).hexdigest()[:10]
        self.css = [path.name for path in css]
        self.css.sort(key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))
        self.js = [path.name for path in js]

    def follow(self) -> None:
        """Look again if somebody works on them."""
        if _newest(self.folder) != self._newest:
            self.read()


def _newest(folder: Path) -> int:
    return max(path.stat().st_mtime_ns for name in ("css", "js") for path in (folder / name).iterdir())


class CachingFlask(Flask):
    """A browser keeps what stands under an address with a version, and asks for the rest again (in production every hour)."""

    def get_send_file_max_age(self, filename: str | None) -> int | None:
        """Seconds that a browser may keep the file without asking."""
        return _YEAR if "v" in request.args else super().get_send_file_max_age(filename)
