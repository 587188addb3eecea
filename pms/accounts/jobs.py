"""What the scheduler does for log-ins."""

from __future__ import annotations

from datetime import timedelta

from pms.accounts import registration, service, sessions, throttle, tokens

# So long an address counts as known for an account.
_KEEP_SESSIONS = timedelta(days=90)
_KEEP_CODES = timedelta(days=1)


def purge_log_ins() -> None:
    """Forget log-ins of long ago, codes that have ended, and counters of the throttle that no longer matter."""
    now = sessions.present()
    service.purge_sessions(seen_before=now - _KEEP_SESSIONS)
    tokens.purge(ended_before=now - _KEEP_SESSIONS)
    registration.purge(ended_before=now - _KEEP_CODES)
    throttle.purge(now=now)
