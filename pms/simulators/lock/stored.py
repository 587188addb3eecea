"""How a lock judges credentials that are stored in it."""

from __future__ import annotations

import hmac

from pms.protocol.command import StoredKind, UserRole
from pms.protocol.record import RecordEvent, RecordMethod, RecordResult

from .state import Answer, LockState, StoredCredential


def judge_stored(state: LockState, kind: StoredKind, content: bytes, at: int) -> Answer | None:
    """The answer to a stored credential, after its record was written; None if no slot holds this content."""
    stored = next((s for s in state.users.values() if s.user.kind is kind and _is_same(s.content, content)), None)
    if stored is None:
        return None
    result = _refusal(state, stored, at) or RecordResult.OPENED
    is_opened = result is RecordResult.OPENED
    method, credential_id = RecordMethod(kind.value), stored.user.credential_id
    if is_opened:
        state.note_opening(at, is_offline_code=False)
    state.log(at, RecordEvent.OPENED if is_opened else RecordEvent.REFUSED, method, credential_id, result)
    if is_opened and stored.user.role is UserRole.DURESS:
        # Silent on purpose: whoever stands behind the guest must not notice.
        state.log(at, RecordEvent.DURESS, method, credential_id)
    return Answer(result, credential_id)


def _is_same(stored: bytes, shown: bytes) -> bool:
    return hmac.compare_digest(stored, shown)


def _refusal(state: LockState, stored: StoredCredential, at: int) -> RecordResult | None:
    user = stored.user
    if state.clock_lost:
        return RecordResult.NO_CLOCK
    if user.credential_id in state.deny:
        return RecordResult.DENIED
    if at < user.not_before:
        return RecordResult.NOT_YET
    if at > user.not_after:
        return RecordResult.EXPIRED
    if not stored.window.contains(*state.local(at)):
        return RecordResult.OUTSIDE_HOURS
    return RecordResult.PRIVACY if state.privacy and user.role is not UserRole.ADMINISTRATOR else None
