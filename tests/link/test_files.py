"""The settings of the broker, the files for Mosquitto, and the hashes in them."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from pms import cli
from pms.config import BrokerAddress, ConfigurationError, load_settings
from pms.gateways import passwords
from pms.link import acl, broker_files
from pms.protocol.topics import CarrierName, CarrierSort

SERVER = BrokerAddress(host="broker", port=8883, username="latchkey-server", password="s3cret", is_tls=True)
GATEWAY = CarrierName(CarrierSort.GATEWAY, "A0B1C2D3E4F5")
OWN = f"latchkey/gateways/{GATEWAY.id}"


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """`settings(PMS_MQTT_…="…")`"""

    def settings(**values: str):
        for name in ("PMS_MQTT_URL", "PMS_MQTT_CA", "PMS_MQTT_PREFIX", "PMS_MQTT_PORT"):
            monkeypatch.delenv(name, raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        return load_settings(tmp_path, environment="test")

    return settings


def test_without_a_word_the_program_runs_a_broker_itself(settings):
    plain = settings()
    assert (plain.broker, plain.own_broker_port, plain.topic_prefix) == (None, 1883, "latchkey")
    assert settings(PMS_MQTT_PORT="0").own_broker_port is None


def test_the_address_of_a_broker_is_read_whole(settings, tmp_path):
    ca = tmp_path / "ca.pem"
    ca.touch()
    found = settings(PMS_MQTT_URL="mqtts://the%40house:p%2Fw@mqtt.example", PMS_MQTT_CA=str(ca), PMS_MQTT_PREFIX="a/b")
    assert found.broker == BrokerAddress(
        host="mqtt.example", port=8883, username="the@house", password="p/w", is_tls=True, ca_file=ca
    )
    assert found.topic_prefix == "a/b"
    assert found.broker.url == "mqtts://mqtt.example:8883"
    near = settings(PMS_MQTT_URL="mqtt://u:p@[::1]:2883").broker
    assert near is not None
    assert (near.url, near.is_tls) == ("mqtt://[::1]:2883", False)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"PMS_MQTT_URL": "mqtt://u:topsecret@mqtt.example"}, "encrypted line only"),
        ({"PMS_MQTT_URL": "https://u:topsecret@mqtt.example"}, "must look like"),
        ({"PMS_MQTT_URL": "mqtts://u:topsecret@mqtt.example:port"}, "must look like"),
        ({"PMS_MQTT_URL": "mqtts://mqtt.example"}, "must look like"),
        ({"PMS_MQTT_URL": "mqtts://u%3Av:topsecret@mqtt.example"}, "user's name"),
        ({"PMS_MQTT_URL": "mqtts://u:topsecret@mqtt.example", "PMS_MQTT_CA": "/nowhere"}, "file with certificates"),
        ({"PMS_MQTT_CA": "/nowhere"}, "is not set"),
        ({"PMS_MQTT_PREFIX": "a/+/b"}, "PMS_MQTT_PREFIX"),
        ({"PMS_MQTT_PORT": "65536"}, "PMS_MQTT_PORT must be a number"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words_without_the_password(settings, values, said):
    with pytest.raises(ConfigurationError, match=said) as refused:
        settings(**values)
    assert "topsecret" not in str(refused.value)


def test_the_hash_is_mosquittos(tmp_path):
    password = passwords.make_password()
    assert passwords.is_right(password, passwords.hash_password(password))
    assert passwords.make_password() != password
    for kept in (None, "", "$6$x$y", "$7$101$no base64$x", "$7$99999999$AAAA$AAAA", passwords.hash_password("other")):
        assert not passwords.is_right(password, kept)
    tool = Path("/usr/bin/mosquitto_passwd")
    if tool.exists():
        subprocess.run([tool, "-b", "-c", tmp_path / "file", "gateway", password], check=True, capture_output=True)
        kept = (tmp_path / "file").read_text().strip().split(":")[1]
        assert passwords.is_right(password, kept)


def test_the_files_are_whole_and_for_their_owner_only(tmp_path):
    for hashes in ({}, {GATEWAY.id: passwords.hash_password("x")}):
        written = broker_files.write(tmp_path / "to", hashes=hashes, server=SERVER, prefix="latchkey")
    assert [path.name for path in written] == ["latchkey.passwd", "latchkey.acl"]
    assert {path.stat().st_mode & 0o777 for path in written} == {0o600}
    assert sorted(path.name for path in (tmp_path / "to").iterdir()) == ["latchkey.acl", "latchkey.passwd"]
    lines = dict(line.split(":") for line in written[0].read_text().splitlines())
    assert lines[GATEWAY.id] == hashes[GATEWAY.id]
    assert passwords.is_right("s3cret", lines["latchkey-server"])
    assert "pattern read latchkey/gateways/%u/+/down" in written[1].read_text()


def test_the_command_writes_them_or_says_why_not(app, wall, tmp_path, monkeypatch):
    monkeypatch.setattr(cli, "_application", lambda: app)
    (tmp_path / "file").touch()

    def run(to: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli.main, ["broker-files", "--to", str(tmp_path / to)])
        return done.exit_code, done.output

    assert run("to") == (1, "Error: PMS_MQTT_URL is not set: there is no broker to write files for.\n")
    app.config["SETTINGS"] = dataclasses.replace(app.config["SETTINGS"], broker=SERVER)
    code, text = run("to")
    assert code == 0
    assert text.startswith("3 gateways and 4G modules may log in.")
    users = [line.split(":")[0] for line in (tmp_path / "to" / "latchkey.passwd").read_text().splitlines()]
    assert users == sorted([*wall.passwords, "latchkey-server"])
    assert run("file/below") == (1, "Error: The files cannot be written there: Not a directory.\n")


@pytest.mark.parametrize(
    ("topic", "may_publish", "may_hear"),
    [
        (f"{OWN}/state", True, False),
        (f"{OWN}/0A0B0C0D0E0F/up", True, False),
        (f"{OWN}/0A0B0C0D0E0F/down", False, True),
        (f"{OWN}/+/down", False, True),
        (f"{OWN}/+/up", False, False),
        (f"{OWN}/#", False, False),
        ("latchkey/gateways/+/+/down", False, False),
        ("latchkey/gateways/00112233AABB/state", False, False),
        (f"latchkey/modules/{GATEWAY.id}/0A0B0C0D0E0F/down", False, False),
        ("$SYS/broker/uptime", False, False),
        ("#", False, False),
    ],
)
def test_a_carrier_has_its_own_topics(topic, may_publish, may_hear):
    assert acl.may_publish(GATEWAY, topic, "latchkey") is may_publish
    assert acl.may_hear(GATEWAY, topic, "latchkey") is may_hear


def test_only_carriers_have_names_of_carriers():
    assert acl.carrier_of(GATEWAY.id) == GATEWAY
    assert acl.carrier_of("490154203237518") == CarrierName(CarrierSort.MODULE, "490154203237518")
    assert [acl.carrier_of(text) for text in ("server", "", "a0b1c2d3e4f5", "4901542032375180")] == [None] * 4


def test_a_brokers_password_is_in_no_text_of_the_settings(settings):
    found = settings(PMS_MQTT_URL="mqtts://u:topsecret@mqtt.example")
    assert "topsecret" not in repr(found)
    assert "topsecret" not in repr(dataclasses.replace(found, environment="demo"))
