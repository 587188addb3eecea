"""The desk of `tests.staffcards.desk`."""

from __future__ import annotations

import pytest

from tests.keycards.desk import machine_row
from tests.staffcards.desk import StaffDesk


@pytest.fixture
def desk(house, tmp_path):
    desk = StaffDesk(tmp_path)
    desk.house = house
    yield desk
    desk.close()


@pytest.fixture
def machine_id(any_house):
    """A machine that nobody owns: its jobs stay in their table."""
    return machine_row()
