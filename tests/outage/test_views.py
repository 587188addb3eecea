from __future__ import annotations

import re
import threading
from uuid import uuid4

import pytest
import urllib3

from pms.agent.client import Client, Refused, ServerAway
from pms.agent.outage import PackKeeper
from pms.core.actor import Actor
from pms.encoders import desk_service
from pms.outage import queries
from tests.outage.conftest import PASSWORD

TECHNICIAN = Actor(kind="account", name="Tom", account_id=4)


def make(client) -> None:
    client.post("/outage/", {"request_id": str(uuid4())}, status=303)


def test_the_desk_makes_a_pack_and_takes_it_away(client, packs, now):
    packs.stay("Comes")
    client.log_in("desk")
    assert "No outage pack yet" in client.get("/outage/").text
    client.get("/outage/newest", status=404)
    make(client)
    listed = client.get("/outage/").text
    assert "Newest" in listed
    link = re.search(r'href="(/outage/\d+/zh)"', listed)[1]
    file = client.http.get(link)
    assert file.headers["Content-Disposition"] == 'attachment; filename="outage-2026-06-12-1200-zh.html"'
    assert file.headers["Cache-Control"] == "no-store"
    assert "Comes" in file.text
    assert client.http.get("/outage/newest").status_code == 200
    assert "Desk" in client.get("/outage/").text
    client.get(link.replace("/zh", "/fr"), status=404)
    client.get("/outage/1/en", status=404)
    assert client.post("/outage/", {"request_id": "x"}).status_code == 303
    assert len(queries.list_packs(now=now)) == 1


def test_a_file_runs_its_own_script_and_loads_nothing(client, packs):
    client.log_in("desk")
    make(client)
    text = client.http.get("/outage/newest").text
    assert re.search(r"default-src &#39;none&#39;; script-src &#39;sha256-[\w+/=]{44}&#39;; style-src", text)
    assert not re.search(r'\b(src|href)="(?!#)', text)


def test_the_manager_sets_the_desk_password(client, packs):
    client.log_in("desk")
    client.get("/outage/settings", status=403)
    client.post("/logout")
    client.log_in("manager")
    page = client.get("/outage/settings").text
    assert "Not set" in page

    def post(status: int = 303, **form):
        found = queries.find_setting()
        version = str(found.version if found else 0)
        return client.post("/outage/settings", {"version": version, **form}, status=status).text

    assert "at least 12 characters" in post(422, password="short", again="short")
    assert "differ" in post(422, password=PASSWORD, again=PASSWORD + "x")
    assert "only where a desk password" in post(422, password="", again="", makes_codes="y")
    post(password=PASSWORD, again=PASSWORD, makes_codes="y")
    assert queries.find_setting().makes_codes
    assert PASSWORD not in client.get("/outage/settings").text
    client.get("/outage/settings/forget", htmx=True)
    client.post("/outage/settings/forget", status=303)
    assert "Not set" in client.get("/outage/settings").text


@pytest.fixture
def token(house, now) -> str:
    return desk_service.add_agent(name="North desk", actor=TECHNICIAN, now=now)[1]


def test_a_desks_token_fetches_the_newest_pack_once(client, packs, token, now):
    packs.stay("Comes")
    headers = {"Authorization": f"Bearer {token}"}
    assert client.http.get("/outage/latest", headers=headers).status_code == 404
    assert client.http.get("/outage/latest").status_code == 401
    client.log_in("desk")
    make(client)
    fresh = client.app.test_client()
    first = fresh.get("/outage/latest?language=zh", headers=headers)
    assert "今明两天到店" in first.text
    known = {**headers, "X-Outage-Pack": first.headers["X-Outage-Pack"]}
    assert fresh.get("/outage/latest", headers=known).status_code == 304
    assert [fetch.fetched_by for fetch in queries.list_packs(now=now)[0].fetches] == ["North desk"]
    agent = desk_service.authenticate(token)
    desk_service.revoke_agent(agent_id=agent.id, actor=TECHNICIAN, now=now)
    assert fresh.get("/outage/latest", headers=headers).status_code == 401


class Server:
    """Stands for the line: gives what a test wants next."""

    def __init__(self, monkeypatch) -> None:
        self.given: list[object] = []
        self.asked: list[str] = []
        monkeypatch.setattr(urllib3.PoolManager, "request", self._request)

    def _request(self, _method, _url, *, headers, **_rest):
        self.asked.append(headers["X-Outage-Pack"])
        answer = self.given.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def will_give(self, status: int, number: str = "", text: str = "") -> None:
        headers = {"X-Outage-Pack": number} if number else {}
        self.given.append(urllib3.HTTPResponse(text.encode(), status=status, headers=headers))


@pytest.fixture
def server(monkeypatch) -> Server:
    return Server(monkeypatch)


def test_a_desk_keeps_the_newest_pack_and_two_before(server, tmp_path):
    keeper = PackKeeper(Client("https://hotel.example", "t", "r"), tmp_path / "pack.html", "en")
    server.will_give(404)
    assert not keeper.look()
    assert list(tmp_path.iterdir()) == []
    for number in ("1", "2", "3", "4"):
        server.will_give(200, number, f"pack {number}")
        assert keeper.look()
    server.will_give(304)
    assert not keeper.look()
    assert server.asked == ["", "", "1", "2", "3", "4"]
    kept = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert kept == {"pack.html": "pack 4", "pack.1.html": "pack 3", "pack.2.html": "pack 2"}
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}


def test_what_is_no_pack_never_takes_its_place(server, tmp_path):
    path = tmp_path / "pack.html"
    keeper = PackKeeper(Client("https://hotel.example", "t", "r"), path, "en")
    server.will_give(200, "1", "pack 1")
    keeper.look()
    server.will_give(200, "", "Log in to the hotel's guest network")
    server.will_give(503)
    server.given.append(urllib3.exceptions.HTTPError("no route"))
    for _ in range(3):
        with pytest.raises(ServerAway):
            keeper.look()
    server.will_give(401)
    with pytest.raises(Refused):
        keeper.look()
    assert path.read_text() == "pack 1"


def test_a_disk_that_is_full_is_tried_again(server, tmp_path, caplog):
    keeper = PackKeeper(Client("https://hotel.example", "t", "r"), tmp_path / "missing" / "pack.html", "en")
    stop = threading.Event()
    monkey_wait = stop.wait
    stop.wait = lambda _seconds: stop.set() or monkey_wait(0)  # type: ignore[method-assign]
    server.will_give(200, "1", "pack 1")
    keeper.run(stop)
    assert "cannot be written" in caplog.text
    (tmp_path / "missing").mkdir()
    server.will_give(200, "1", "pack 1")
    assert keeper.look()
    assert server.asked == ["", ""]
