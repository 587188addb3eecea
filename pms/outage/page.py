"""Writes a pack as one HTML file that needs nothing else: its style and script lie inside, named by their hashes.

The file is no page of the program: it is opened from a disk, in an hour in which nothing else answers.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from flask import current_app, g
from flask_babel import force_locale
from markupsafe import Markup

from pms.keycards.words import STATE_WORDS as KEY_WORDS
from pms.rooms.rules import HOUSEKEEPING_WORDS
from pms.stays.rules import WISH_WORDS
from pms.web.i18n import LANGUAGES

if TYPE_CHECKING:
    from pms.outage.contents import Contents
    from pms.outage.sealed import SealedPart

_FOLDER = Path(__file__).parent / "file"
BLANK_LINES = 24


def write(contents: Contents, part: SealedPart | None) -> dict[str, str]:
    """The file in each language, by language; an application's context is needed for its words."""
    g.house, g.house_zone = contents.house, contents.house.zone
    template = current_app.jinja_env.get_template("outage/pack.html")
    files = {}
    for language in LANGUAGES:
        with force_locale(language):
            files[language] = template.render(
                language=language,
                contents=contents,
                house=contents.house,
                part=part,
                style=_style()[0],
                script=_script()[0],
                policy=_policy(),
                housekeeping_words=HOUSEKEEPING_WORDS,
                key_words=KEY_WORDS,
                wish_words=WISH_WORDS,
                blank_lines=BLANK_LINES,
            )
    return files


def _policy() -> str:
    """Nothing is loaded, nothing is sent, and only this very script runs: what guests are called cannot do anything."""
    return (
        f"default-src 'none'; script-src {_style_or_script(_script()[1])}; "
        f"style-src {_style_or_script(_style()[1])}; base-uri 'none'; form-action 'none'"
    )


def _style_or_script(digest: str) -> str:
    return f"'sha256-{digest}'"


@cache
def _style() -> tuple[Markup, str]:
    return _inside("style", "pack.css")


@cache
def _script() -> tuple[Markup, str]:
    return _inside("script", "pack.js")


def _inside(tag: str, name: str) -> tuple[Markup, str]:
    """The element with the file's text, and the hash by which the policy lets it in."""
    text = (_FOLDER / name).read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return Markup(f"<{tag}>{text}</{tag}>"), digest  # noqa: S704 - our own files
