"""The desk of `tests.flows.desk`: machines on pseudo-terminals and the real owner of their ports."""

from tests.flows.conftest import any_desk, brisk, clerk, desk, impatient  # noqa: F401
