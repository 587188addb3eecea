from __future__ import annotations

import re

from pms.web.assets import Assets


def folder_with(tmp_path, **files: str):
    for name in ("css", "js"):
        (tmp_path / name).mkdir(exist_ok=True)
    for name, text in files.items():
        (tmp_path / name.rsplit("_", 1)[1] / name.replace("_", ".")).write_text(text)
    return tmp_path


def test_the_layers_come_first_and_the_address_changes_with_any_file(tmp_path):
    assets = Assets(folder_with(tmp_path, desk_css="a", base_css="b", tokens_css="c", desk_js="d"))
    assert (assets.css, assets.js) == (["tokens.css", "base.css", "desk.css"], ["desk.js"])
    before = assets.version
    assets.follow()
    assert assets.version == before
    folder_with(tmp_path, desk_js="e", more_css="f")
    assets.follow()
    assert assets.version != before
    assert assets.css[-1] == "more.css"


def test_a_browser_keeps_what_has_a_version_and_asks_for_the_rest_again(client):
    page = client.get("/login").text
    script = re.search(r'src="(/static/js/[^"]+\?v=[^"]+)"', page)[1]
    with client.http.get(script) as versioned, client.http.get("/static/img/icons.svg") as bare:
        assert versioned.cache_control.max_age == 365 * 24 * 3600
        assert bare.cache_control.max_age in (None, 0)
