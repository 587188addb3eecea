"""The desk of `tests.keycards.desk`."""

from __future__ import annotations

import pytest

from tests.keycards.desk import Desk


@pytest.fixture
def desk(house, tmp_path):
    desk = Desk(tmp_path)
    yield desk
    desk.close()
