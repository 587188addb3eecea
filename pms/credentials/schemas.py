"""Captured fingerprints as programs see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.protocol.command import WeekWindow
from pms.slots.schemas import Stored, write_week

if TYPE_CHECKING:
    from pms.credentials.queries import Unplaced


def write(captured: Unplaced) -> Stored:
    """A fingerprint that was captured here and sent to no lock yet."""
    row = captured.fingerprint
    return Stored(
        id=row.id,
        kind="fingerprint",
        lock_id=None,
        lock_sn=None,
        slot=None,
        credential_id=row.credential_id,
        name=captured.name,
        valid_from=row.captured_at,
        valid_until=row.valid_until,
        week=write_week(WeekWindow()),
        role="guest" if row.guest_id is not None else "staff",
        state=row.state.value,
        origin="made_here",
        status=None,
        has_content=row.template_sealed is not None,
        stay_id=row.stay_id,
        account_id=row.account_id,
        fingerprint_id=row.id,
        create_time=row.created_at,
        update_time=row.captured_at or row.created_at,
        seen_time=None,
    )
