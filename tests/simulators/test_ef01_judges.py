"""pyfingerprint, a program that nobody here wrote, judges the simulated fingerprint module, and reads what our driver left."""

from __future__ import annotations

import pytest
from pyfingerprint.pyfingerprint import PyFingerprint

from pms.devices.drivers.ef01 import Ef01Module
from pms.devices.transport import open_transport
from pms.simulators.ef01 import SimulatedEf01
from pms.simulators.encoder_parts import Finger, synthetic_template

ADA, BOB = (Finger(synthetic_template(name)) for name in ("Ada", "Bob"))


@pytest.fixture
def module(tmp_path):
    with SimulatedEf01(link=tmp_path / "finger") as device:
        yield device


@pytest.fixture
def judge(module):
    judge = PyFingerprint(module.path, 57600, 0xFFFFFFFF, 0)
    yield judge
    judge.__del__()


def test_it_finds_the_password_and_the_parameters(module, judge):
    assert judge.verifyPassword()
    assert judge.getStorageCapacity() == 200
    assert judge.getSecurityLevel() == 3
    assert judge.getMaxPacketSize() == 128
    assert judge.getBaudRate() == 57600
    module.set_password(b"1234")
    assert not judge.verifyPassword()


def test_it_enrols_searches_compares_and_deletes(module, judge):
    assert judge.verifyPassword()
    assert judge.readImage() is False
    for buffer in (1, 2):
        module.put_finger(ADA, stays=True)
        assert judge.readImage()
        assert judge.convertImage(buffer)
    assert judge.compareCharacteristics() == 120
    assert judge.createTemplate()
    assert judge.storeTemplate(7) == 7
    assert judge.getTemplateCount() == 1
    assert judge.getTemplateIndex(0)[7]
    assert judge.searchTemplate() == (7, 120)
    assert bytes(judge.downloadCharacteristics(1)) == ADA.template
    module.put_finger(BOB, stays=True)
    assert judge.readImage()
    assert judge.convertImage(1)
    assert judge.searchTemplate() == (-1, -1)
    assert judge.compareCharacteristics() == 0
    assert judge.loadTemplate(7, 1)
    assert judge.searchTemplate() == (7, 120)
    assert judge.deleteTemplate(7)
    assert judge.getTemplateCount() == 0
    assert judge.storeTemplate(3) == 3
    assert judge.clearDatabase()
    assert module.library == {}


@pytest.mark.parametrize("size", [32, 64, 128, 256])
def test_it_moves_templates_in_packets_of_every_size(module, judge, size):
    assert judge.verifyPassword()
    judge.setMaxPacketSize(size)
    template = synthetic_template("Carol")
    assert judge.uploadCharacteristics(1, list(template))
    assert bytes(judge.downloadCharacteristics(1)) == template


def test_it_reads_by_itself_what_our_driver_left_and_the_other_way_round(module):
    def ours() -> Ef01Module:
        driver = Ef01Module(open_transport(module.path, 57600))
        driver.hello()
        return driver

    driver = ours()
    driver.download(synthetic_template("Dora"), 1)
    assert driver.upload(1) == synthetic_template("Dora")
    driver.close()
    judge = PyFingerprint(module.path, 57600, 0xFFFFFFFF, 0)
    assert judge.verifyPassword()
    assert bytes(judge.downloadCharacteristics(1)) == synthetic_template("Dora")
    assert judge.uploadCharacteristics(2, list(synthetic_template("Emil")))
    judge.__del__()
    driver = ours()
    assert driver.upload(2) == synthetic_template("Emil")
    driver.close()
