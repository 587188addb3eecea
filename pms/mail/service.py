"""Letters are queued inside the transaction that makes them necessary, and sent afterwards; and where they are sent to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pms.audit import service as audit
from pms.core.db import transaction
from pms.core.errors import ChangedMeanwhile
from pms.mail import outbox, queries, rules
from pms.mail.models import Letter, LetterState, MailServer, Security

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
            title=rules.one_line(title, 120),
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


def set_server(
    *,
    version: int,
    host: str,
    port: int,
    security: Security,
    username: str,
    password: str | None,
    sender: str,
    actor: Actor,
    now: datetime,
) -> MailServer:
    """Enter or change the mail server. `version` is 0 for the first time; `password` None keeps the one that is there,
    as long as host and user stay: it must not be sent to another server that somebody enters.

    What `rules.check_server` refuses, and ChangedMeanwhile.
    """
    with transaction() as session:
        server = session.get(MailServer, 1, with_for_update=True)
        if (server.version if server else 0) != version:
            raise ChangedMeanwhile
        before, had = (_fields(server), server.password) if server else ({}, None)
        if not password and before.get("host") == host and before.get("username") == username:
            password = had
        password = password or None if username else None
        is_encrypted = security is not Security.NONE
        rules.check_server(
            host=host, port=port, is_encrypted=is_encrypted, username=username, password=password, sender=sender
        )
        server = server or MailServer(id=1)
        server.host, server.port, server.security = host, port, security
        server.username, server.sender = username, sender.strip()
        if password != had:
            server.password = password
        session.add(server)
        session.flush()
        _note_change(server, before, has_other_password=password != had, actor=actor, now=now)
        return server


def _note_change(
    server: MailServer, before: dict[str, str | int], *, has_other_password: bool, actor: Actor, now: datetime
) -> None:
    """Whatever was changed may be what letters wait for."""
    after = _fields(server)
    changed = [name for name in after if before.get(name) != after[name]]
    if not changed and not has_other_password:
        return
    outbox.try_now(now=now)
    audit.record(
        actor=actor,
        action="mail.server_set",
        subject=_subject(server),
        now=now,
        before={name: before[name] for name in changed if name in before},
        after={name: after[name] for name in changed} | ({"password": "***"} if has_other_password else {}),
    )


def forget_server(*, actor: Actor, now: datetime) -> None:
    """The house sends no letters any more; those that wait go on waiting until they end."""
    with transaction() as session:
        server = session.get(MailServer, 1, with_for_update=True)
        if server is not None:
            session.delete(server)
            audit.record(
                actor=actor,
                action="mail.server_forgotten",
                subject=_subject(server),
                now=now,
                before=_fields(server),
            )


def queue_test(
    *, recipient: str, title: str, text: str, request_id: str, expires_at: datetime, actor: Actor, now: datetime
) -> Letter:
    """A letter that says nothing, to see whether it arrives; NoMailServer, BadAddress."""
    rules.check_address(recipient)
    with transaction():
        server = queries.find_server()
        if server is None:
            raise rules.NoMailServer
        return queue(
            recipient=recipient,
            title=title,
            text=text,
            about=_subject(server),
            request_id=request_id,
            expires_at=expires_at,
            actor=actor,
            now=now,
        )


def _subject(server: MailServer) -> audit.Subject:
    return audit.Subject(kind="mail_server", id=1, label=server.host)


def _fields(server: MailServer) -> dict[str, str | int]:
    return {
        "host": server.host,
        "port": server.port,
        "security": server.security.value,
        "username": server.username,
        "sender": server.sender,
    }
