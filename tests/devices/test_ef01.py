"""The driver of fingerprint modules against a simulated one, with every fault at every command."""

from __future__ import annotations

import threading
import time

import pytest

from pms.devices import errors
from pms.devices.drivers import ef01 as driver
from pms.devices.encoder import FingerStage
from pms.devices.port import Port, identify
from pms.protocol.encoder_line import Capability, SignalPattern
from pms.simulators.ef01 import R503, SimulatedEf01
from pms.simulators.encoder import SimulatedEncoder
from pms.simulators.encoder_parts import Finger, synthetic_template

PUT, GOT, LIFT, POOR = FingerStage.PUT, FingerStage.GOT, FingerStage.LIFT, FingerStage.POOR
ADA = Finger(synthetic_template("Ada", 4096))
POOR_FINGER = Finger(synthetic_template("Ada", 4096), quality=10)


def never() -> bool:
    return False


@pytest.fixture(autouse=True)
def brisk(monkeypatch):
    monkeypatch.setattr(driver, "_POLL", 0.02)
    monkeypatch.setattr(driver, "_ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(driver, "_THINKING_SECONDS", 0.2)


@pytest.fixture
def module(tmp_path):
    with SimulatedEf01(link=tmp_path / "finger") as device:
        yield device


@pytest.fixture
def port(module):
    port = Port(module.path, "ef01")
    port.open()
    yield port
    port.close()


def capture(port, samples=2, seconds=3.0, cancelled=never):
    steps = []
    template = port.encoder.capture_finger(samples, seconds, cancelled, steps.append)
    return template, [(step.stage, step.sample) for step in steps]


def test_a_module_is_known_by_its_parameters(tmp_path):
    for system, model in ((0, "EF01 0000"), (R503, "R503")):
        with SimulatedEf01(link=tmp_path / f"m{system}", system=system) as device:
            plate = Port(device.path, "ef01").open()
            assert (plate.model, plate.serial_number, plate.capabilities) == (model, "", Capability.FINGERPRINT)


def test_a_finger_is_taken_twice_and_its_template_brought(port, module):
    module.put_finger(ADA)
    template, steps = capture(port)
    assert steps == [(PUT, 1), (GOT, 1), (LIFT, 1), (PUT, 2), (GOT, 2)]
    assert (template.format, template.model) == ("ef01", "EF01 0000")
    assert template.content == ADA.template[:512]
    assert module.library == {}


@pytest.mark.parametrize(("samples", "taken"), [(1, 2), (2, 2), (4, 4), (6, 6), (9, 6)])
def test_an_r503_takes_as_many_samples_as_it_has_buffers(tmp_path, samples, taken):
    with SimulatedEf01(link=tmp_path / "finger", system=R503, template_size=1536) as device:
        port = Port(device.path, "ef01")
        port.open()
        device.put_finger(ADA)
        template, steps = capture(port, samples)
        assert [step for step in steps if step[0] is GOT] == [(GOT, number) for number in range(1, taken + 1)]
        assert len(template.content) == 1536
        port.encoder.signal(SignalPattern.WAIT)
        assert device.light == 1
        port.close()


def test_other_modules_take_two_samples_and_have_no_light(port, module):
    module.put_finger(ADA)
    assert len([step for step in capture(port, 6)[1] if step[0] is GOT]) == 2
    with pytest.raises(errors.Unsupported):
        port.encoder.signal(SignalPattern.WAIT)


@pytest.mark.parametrize("packet_code", range(4))
@pytest.mark.parametrize("size", [32, 498, 512, 768, 1536, 4096])
def test_templates_of_every_size_go_up_and_down_in_every_packet_size(tmp_path, size, packet_code):
    with SimulatedEf01(link=tmp_path / "finger", template_size=size, packet_code=packet_code) as device:
        port = Port(device.path, "ef01")
        port.open()
        device.put_finger(ADA)
        template, _ = capture(port)
        assert template.content == ADA.template[:size]
        port.encoder.download(template.content, 2)
        assert port.encoder.upload(2) == template.content
        port.close()


def test_a_poor_finger_is_asked_for_again_until_it_is_good(port, module):
    module.put_finger(POOR_FINGER)
    threading.Timer(0.3, lambda: module.put_finger(ADA)).start()
    _, steps = capture(port)
    assert steps[:2] == [(PUT, 1), (POOR, 1)]
    assert steps[-1] == (GOT, 2)


def test_a_finger_that_stays_poor_and_one_that_never_comes(port, module):
    with pytest.raises(errors.TimedOut):
        capture(port, seconds=0.3)
    module.put_finger(POOR_FINGER)
    with pytest.raises(errors.PoorImage):
        capture(port, seconds=0.3)
    module.put_finger(ADA)
    assert capture(port)[0]


def test_two_fingers_that_are_not_one_begin_again(port, module):
    module.put_finger(ADA)
    steps = []

    def swap(step) -> None:
        steps.append((step.stage, step.sample))
        if steps == [(PUT, 1), (GOT, 1)]:
            module.put_finger(Finger(synthetic_template("Bob", 4096)))

    template = port.encoder.capture_finger(2, 5, never, swap)
    assert (POOR, 1) in steps
    assert template.content == synthetic_template("Bob", 4096)[:512]


def test_a_wait_is_broken_off_at_once_and_the_module_is_usable(port, module):
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    begun = time.monotonic()
    with pytest.raises(errors.Cancelled):
        capture(port, seconds=20, cancelled=stop.is_set)
    assert time.monotonic() - begun < 0.5
    module.put_finger(ADA)
    assert capture(port)[0]


def test_a_template_is_compared_with_a_finger(port, module):
    module.put_finger(ADA, stays=True)
    template = ADA.template[:512]
    assert port.encoder.verify(template, 2, never) == 120
    assert port.encoder.verify(synthetic_template("Bob"), 2, never) is None
    module.put_finger(None)
    with pytest.raises(errors.TimedOut):
        port.encoder.verify(template, 0.2, never)


@pytest.mark.parametrize(
    "ask",
    [
        lambda m: m.wait_for_card(1, never),
        lambda m: m.wait_until_removed(b"1234", 1, never),
        lambda m: m.read_unit(b"1234", 1),
        lambda m: m.write_unit(b"1234", 1, bytes(48)),
    ],
)
def test_a_module_has_no_place_for_a_card(port, ask):
    with pytest.raises(errors.Unsupported):
        ask(port.encoder)


def test_a_module_with_a_password_of_its_own_is_not_used(module):
    module.set_password(b"1234")
    with pytest.raises(errors.Unsupported):
        Port(module.path, "ef01").open()


def test_a_vanished_module_is_missed_and_found_again(port, module):
    port.encoder.attend(0.1)
    module.unplug()
    with pytest.raises(errors.EncoderGone):
        port.encoder.attend(1)
    port.lose()
    module.plug_in()
    assert port.open().model == "EF01 0000"


def test_an_unknown_port_tells_which_make_is_there(module, tmp_path):
    assert identify(module.path)[0].name == "ef01"
    with SimulatedEncoder("932211c49aeb6f8a", link=tmp_path / "machine") as machine:
        assert identify(machine.path)[0].name == "machine"


# --- every fault at every command. Commands of a capture of two samples on an idle line:
#     1 image, 2 features, 3 lifted?, 4 image, 5 features, 6 combine, 7 upload.
COMMANDS = range(1, 8)


@pytest.mark.parametrize("number", COMMANDS)
@pytest.mark.parametrize("fault", ["unplug", "lost-answer"])
def test_a_fault_at_a_command_is_one_error_and_the_module_works_again(module, port, fault, number):
    module.put_finger(ADA)
    if fault == "unplug":
        module.faults.unplug_at = number
    else:
        module.faults.drops_answer = number
    with pytest.raises(errors.EncoderGone):
        capture(port)
    port.lose()
    module.plug_in()
    module.set_fault("none")
    port.open()
    assert capture(port)[0].content == ADA.template[:512]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("silence", errors.NoAnswer),
        ("wrong-crc", errors.NoAnswer),
        ("late-ack", errors.NoAnswer),
        ("short-data", errors.DeviceError),
        ("lost-data", errors.VerifyFailed),
    ],
)
def test_a_line_that_lies_never_gives_a_template(module, port, fault, error):
    module.put_finger(ADA)
    module.set_fault(fault)
    with pytest.raises(error):
        capture(port)
    module.set_fault("none")
    port.lose()
    time.sleep(0.6)
    port.open()
    assert capture(port)[0].content == ADA.template[:512]
