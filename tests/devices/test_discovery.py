"""Which ports there are, by names that last."""

from __future__ import annotations

from types import SimpleNamespace

from pms.devices import discovery
from pms.devices.discovery import FoundPort


def test_ports_have_their_lasting_names_and_no_description_that_says_nothing(monkeypatch, tmp_path):
    usb, built_in = tmp_path / "ttyUSB0", tmp_path / "ttyS0"
    usb.touch()
    names = tmp_path / "by-id"
    names.mkdir()
    (names / "usb-1a86-if00").symlink_to(usb)
    ports = [
        SimpleNamespace(device=str(built_in), description="n/a"),
        SimpleNamespace(device=str(usb), description="CH340"),
    ]
    monkeypatch.setattr(discovery, "_BY_ID", names)
    monkeypatch.setattr(discovery.list_ports, "comports", lambda: ports)
    found = [FoundPort(str(names / "usb-1a86-if00"), "CH340"), FoundPort(str(built_in), "")]
    assert discovery.find_ports() == found


def test_the_folder_of_names_may_go_with_the_last_machine_while_it_is_read(monkeypatch, tmp_path):
    class Going:
        def is_dir(self) -> bool:
            return True

        def iterdir(self):
            return (tmp_path / "by-id").iterdir()

    ports = [SimpleNamespace(device="/dev/ttyS0", description="n/a")]
    monkeypatch.setattr(discovery, "_BY_ID", Going())
    monkeypatch.setattr(discovery.list_ports, "comports", lambda: ports)
    assert discovery.find_ports() == [FoundPort("/dev/ttyS0", "")]
