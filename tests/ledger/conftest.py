"""The small house with rows of the ledger, on SQLite or on both databases."""

from __future__ import annotations

import pytest

from tests.ledger.world import World


@pytest.fixture
def world(house):
    return World(house)


@pytest.fixture
def any_world(any_house):
    return World(any_house)
