"""The desk of `tests.flows.desk`: machines on pseudo-terminals and the real owner of their ports."""

from tests.flows.conftest import any_desk, app, brisk, clerk, desk, impatient, shared  # noqa: F401
