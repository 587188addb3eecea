"""Every word of the pages exists in Chinese too."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from pms.config import ROOT
from pms.web.i18n import FOLDER, catalog

KEYWORDS = {
    "_": None,
    "_l": None,
    "N_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
}


def _messages() -> dict[str, str]:
    found: dict[str, str] = {}

    def note(message: object, place: str) -> None:
        for text in message if isinstance(message, tuple) else (message,):
            if text:
                found.setdefault(str(text), place)

    for path in (ROOT / "pms").rglob("*.py"):
        for _line, message, *_rest in extract("python", BytesIO(path.read_bytes()), keywords=KEYWORDS):
            note(message, path.name)
    for path in (ROOT / "templates").rglob("*.html"):
        options = {"trimmed": "false", "silent": "false", "newstyle_gettext": "true"}
        for _line, _function, message, _comments in babel_extract(
            BytesIO(path.read_bytes()), list(KEYWORDS), [], options
        ):
            note(message, str(path.relative_to(ROOT)))
    return found


def test_every_message_has_a_chinese_translation_and_no_translation_is_left_over():
    used = _messages()
    known = {str(m.id[0] if isinstance(m.id, tuple) else m.id) for m in catalog("zh") if m.id}
    plural = {str(m.id[1]) for m in catalog("zh") if isinstance(m.id, tuple)}
    assert not {text: place for text, place in used.items() if text not in known | plural}
    assert not known - set(used)


@pytest.mark.parametrize("path", sorted((FOLDER / "zh").glob("*.po")), ids=lambda p: p.name)
def test_translations_keep_the_placeholders_and_agree_with_the_other_files(path):
    pattern = re.compile(r"%\(\w+\)[sd]")
    whole = {m.id: m.string for m in catalog("zh") if m.id}
    with path.open("rb") as file:
        for message in read_po(file, locale="zh"):
            if not message.id:
                continue
            assert "fuzzy" not in message.flags, message.id
            ids = message.id if isinstance(message.id, tuple) else (message.id,)
            texts = message.string if isinstance(message.string, tuple) else (message.string,)
            for text in texts:
                assert set(pattern.findall(text)) <= set(pattern.findall(" ".join(ids))), message.id
            assert whole[message.id] == message.string, f"{message.id} is translated in two ways"
