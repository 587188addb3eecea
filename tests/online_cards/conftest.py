"""Room 101's lock set up for real, and a desk whose machine reads cards."""

from tests.credentials.conftest import any_scene, scene  # noqa: F401
from tests.flows.conftest import any_desk, brisk, clerk, desk  # noqa: F401
