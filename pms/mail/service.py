"""Letters are queued inside the transaction that makes them necessary, and sent afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.audit import service as audit
from pms.core.db import transaction
from pms.mail import queries, rules
from pms.mail.models import Letter, LetterState

if TYPE_CHECKING:
    from datetime import datetime

    from pms.core.actor import Actor


def queue(
    *,
    recipient: str,
    title: str,
    text: str,
    about: audit.Subject,
    request_id: str,
    expires_at: datetime,
    actor: Actor,
    now: datetime,
) -> Letter:
    """A letter to be sent as soon as may be; BadAddress. The same `request_id` again gives back the letter that is there.

    `about` is what the trail names; its id must be a row's.
    """
    rules.check_address(recipient)
    with transaction() as session:
        earlier = queries.find_by_request(request_id)
        if earlier is not None:
            return earlier
        letter = Letter(
            title=title,
            state=LetterState.QUEUED,
            subject_kind=about.kind,
            subject_id=int(about.id),
            request_id=request_id,
            next_try_at=now,
            expires_at=expires_at,
            created_by=actor.name,
            created_at=now,
        )
        letter.recipient, letter.text = recipient.strip(), text
        session.add(letter)
        audit.record(
            actor=actor, action="mail.queued", subject=about, now=now, after={"to": rules.shown_address(recipient)}
        )
        return letter
