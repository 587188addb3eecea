"""Letters are queued once, sealed, and only to what can be an address."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from pms.audit.models import AuditEntry
from pms.audit.service import Subject
from pms.core.actor import Actor
from pms.core.db import db
from pms.mail import queries, service
from pms.mail.models import Letter
from pms.mail.rules import BadAddress

DESK = Actor(kind="account", name="Tom")


def queue(now, recipient="claire@example.org", request_id=None):
    return service.queue(
        recipient=recipient,
        title="Your passcode",
        text="0123456789",
        about=Subject(kind="passcode", id=7, label="101"),
        request_id=request_id or str(uuid4()),
        expires_at=now + timedelta(hours=1),
        actor=DESK,
        now=now,
    )


def test_a_letter_is_queued_once_and_what_it_says_is_sealed(house, now):
    request_id = str(uuid4())
    first = queue(now, request_id=request_id)
    assert queue(now, request_id=request_id).id == first.id
    (letter,) = queries.of_subject("passcode", 7)
    assert (letter.recipient, letter.text) == ("claire@example.org", "0123456789")
    stored = db.session.execute(sa.select(Letter.__table__)).one()
    assert b"0123456789" not in stored.text_sealed
    assert b"claire" not in stored.recipient_sealed
    entry = db.session.scalars(sa.select(AuditEntry)).one()
    assert (entry.action, entry.after) == ("mail.queued", {"to": "c…@example.org"})


@pytest.mark.parametrize(
    "recipient", ["", "claire", "a@b", "a@b.c\nBcc: x@y.z", "a b@example.org", "a@exa mple.org", "<a@b.org>", "a" * 170]
)
def test_what_is_no_address_gets_no_letter(house, now, recipient):
    with pytest.raises(BadAddress):
        queue(now, recipient=recipient)
