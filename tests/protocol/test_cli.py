"""`pms protocol`: bytes in words, and never a key."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pms.protocol.encoder_line import LineFrame, encode_line_frame
from pms.protocol_cli import protocol

VECTORS = Path(__file__).parents[1] / "vectors"


def run(*words: str, text: str | None = None) -> Result:
    return CliRunner().invoke(protocol, list(words), input=text)


def example(file: str, name: str) -> dict[str, object]:
    content = json.loads((VECTORS / file).read_bytes())
    return next(case for case in content["cases"] if case["name"] == name)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "key"


def test_check_vectors_tells_of_every_file_and_succeeds() -> None:
    result = run("check-vectors", str(VECTORS))
    assert result.exit_code == 0
    assert "card_judgement.json: 27 passed, 0 failed" in result.output.splitlines()
    assert len(result.output.splitlines()) == 8


def test_check_vectors_fails_with_a_wrong_an_unknown_or_no_example(tmp_path: Path) -> None:
    assert run("check-vectors", str(tmp_path)).exit_code == 1
    (tmp_path / "a.json").write_text(json.dumps({"cases": [{"name": "odd", "kind": "riddle"}]}))
    case = example("keys.json", "door key 1")
    (tmp_path / "b.json").write_text(json.dumps({"cases": [case, {**case, "key": "00"}]}))
    result = run("check-vectors", str(tmp_path))
    assert result.exit_code == 1
    assert "a.json: 0 passed, 1 failed" in result.output
    assert "b.json: 1 passed, 1 failed" in result.output


def test_a_sealed_card_is_described_as_far_as_it_can_be(key_file: Path) -> None:
    case = example("grants.json", "guest grant 2")
    blind = run("decode-card", str(case["grant"]))
    assert "for door 1, key version 1" in blind.output
    assert "sealed" in blind.output
    key_file.write_text(str(case["key"]))
    opened = run("decode-card", str(case["grant"]), "--uid", str(case["uid"]), "--key-file", str(key_file))
    assert "the seal is right" in opened.output
    assert "hours: Mon, Tue, Wed, Thu, Fri, 08:00 to 17:00" in opened.output
    assert "lives beside others, overrides privacy" in opened.output
    assert str(case["key"]) not in opened.output
    wrong = run("decode-card", str(case["grant"]), "--uid", "00000000", "--key-file", str(key_file))
    assert "REFUSED (tampered)" in wrong.output


def test_a_staff_card_is_read_without_a_key_and_verified_with_one(key_file: Path) -> None:
    case = example("grants.json", "staff grant 4")
    text = f"{case['grant']} {'00' * 48} {'02' * 48}"
    result = run("decode-card", "-", text=text)
    assert result.exit_code == 0
    assert "signature not checked" in result.output
    assert "denies credential: 3735928559" in result.output
    assert result.output.count("unit ") == 3
    assert "empty" in result.output
    assert "no grant of this format" in result.output
    key_file.write_text(str(case["public_key"]))
    checked = run("decode-card", str(case["grant"]), "--uid", str(case["uid"]), "--key-file", str(key_file))
    assert "the seal is right" in checked.output


def test_a_frame_shows_its_header_and_with_a_key_its_tags_but_no_secret(key_file: Path) -> None:
    case = example("frames.json", "initialise under K_bind")
    assert "command 0500 (initialise)" in run("decode-frame", str(case["frame"])).output
    key_file.write_text(str(case["key"]))
    lock = case["lock"]
    assert isinstance(lock, dict)
    result = run("decode-frame", str(case["frame"]), "--sn", lock["sn"], "--key-file", str(key_file))
    assert result.exit_code == 0
    assert "13 clock: 2026-03-18 06:00:00 UTC" in result.output
    assert "19 door key: (32 secret bytes)" in result.output
    plaintext = str(case["plaintext"])
    for secret in (plaintext[4:20], plaintext[24:32], "cfdce11aea840404", "0803c89c2dd8d39a", str(case["key"])):
        assert secret in plaintext + str(case["key"])
        assert secret not in result.output


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("answer: done", "status 00"),
        ("answer to a report", "acknowledged"),
        ("report: alive, counter 1", "23 newest sequence: 00000011 (17)"),
    ],
)
def test_frames_of_every_direction_are_opened(name: str, words: str, key_file: Path) -> None:
    case = example("frames.json", name)
    key_file.write_text(str(case["key"]))
    result = run("decode-frame", str(case["frame"]), "--sn", "292e593b0e66", "--key-file", str(key_file))
    assert words in result.output


def test_a_line_frame_is_described_without_its_keys() -> None:
    case = example("serial.json", "write unit 1 with key B and trailer")
    result = run("decode-frame", str(case["frame"]))
    assert "request: write unit" in result.output
    assert "key: (secret)" in result.output
    assert "e04edbf7a1" not in result.output
    for frame, words in (
        (LineFrame(1, 0x83, b"\x05"), "status: no card, 0 bytes more"),
        (LineFrame(1, 0xE1, bytes.fromhex("0104ee1a153a")), "uid: ee1a153a"),
        (LineFrame(1, 0x70, b"x"), "unknown type 70, 1 bytes"),
    ):
        assert words in run("decode-frame", encode_line_frame(frame).hex()).output


def test_records_are_told_one_a_line() -> None:
    bound = "0000000169ba3f6001085c9fcd4e0064"
    code = "0000000269ba3f600107" + f"{12521995:08x}" + "0063"
    alarm = "0000000300000000060000000000" + "0162"
    lines = run("decode-record", bound + code + alarm).output.splitlines()
    assert lines[0] == (
        "#1  2026-03-18 06:00:00 UTC  opened by offline card: done, credential 1553976654; battery 100 %"
    )
    assert "code number 12521995: opens from 2026-03-18 06:00:00 UTC until check-out number 2 after it" in lines[1]
    assert lines[2].endswith("ALARM")
    assert "clock lost" in lines[2]


@pytest.mark.parametrize(
    ("p", "words"),
    [
        (7164720, "for 1 hours"),
        (15030290, "until check-out number 32"),
        (18115424, "opens once within 24 hours"),
        (18620416, "serial 0"),
        (18620794, "opens daily from 00:00 local for 1 hours, through 2026-03"),
        (19457462, "opens nothing"),
    ],
)
def test_numbers_of_permissions_are_put_into_words(p: int, words: str) -> None:
    assert words in run("passcode", "number", str(p), "--at", "1773813600").output


def test_a_number_needs_no_instant_of_its_own() -> None:
    assert "serial 0" in run("passcode", "number", "18620416").output


def test_digits_are_read_with_a_key_from_a_file(key_file: Path) -> None:
    key_file.write_text("297214d18b0b342b65f24a0e9eefbd96\n")
    words = ["passcode", "read", "1867504178", "--epoch", "7", "--key-file", str(key_file)]
    inside = run(*words, "--at", "1773813600")
    assert "It is in its window." in inside.output
    assert "outside its window" in run(*words, "--at", "1773913600").output
    assert "297214d1" not in inside.output
    unlikely = run("passcode", "read", "0000000000", "--epoch", "7", "--key-file", str(key_file))
    assert unlikely.exit_code == 1
    assert "Refused (no_permission)" in unlikely.output


@pytest.mark.parametrize(
    "words",
    [
        ("decode-record", "00"),
        ("decode-record", "zz"),
        ("decode-card", "00"),
        ("decode-card", ""),
        ("decode-frame", "5a08"),
        ("decode-frame", "aa5501"),
        ("passcode", "number", "99999999999"),
        ("passcode", "read", "1", "--epoch", "0", "--key-file", __file__),
    ],
)
def test_what_is_refused_is_said_in_a_sentence(words: tuple[str, ...]) -> None:
    result = run(*words)
    assert result.exit_code in (1, 2)
    assert "Error: " in result.output
    assert "Traceback" not in result.output
    assert isinstance(result.exception, SystemExit)


def test_the_protocol_loads_alone() -> None:
    program = (
        "import sys, importlib, pkgutil, pms.protocol as p\n"
        "for m in pkgutil.iter_modules(p.__path__): importlib.import_module('pms.protocol.' + m.name)\n"
        "foreign = {n.split('.')[0] for n in sys.modules} & {'flask', 'sqlalchemy', 'click', 'serial', 'wtforms', 'logging'}\n"
        "print(sorted(foreign), sorted(n for n in sys.modules if n.startswith('pms.') and 'protocol' not in n))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[] []"
