"""Letters go to a real mail server, once; each fault ends as it must, and nothing secret is logged."""

from __future__ import annotations

import logging
import smtplib
from datetime import timedelta
from email import message_from_bytes, policy
from uuid import uuid4

import pytest
import sqlalchemy as sa

from pms import background
from pms.audit.models import AuditEntry
from pms.audit.service import Subject
from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db
from pms.mail import outbox, rules, service, smtp
from pms.mail.models import Letter, LetterState, Security
from pms.mail.postman import Postman
from tests.mail.server import SECRET, USER, mail_server, scripted_server, self_signed
from tests.races import race

DESK = Actor(kind="account", name="Tom")


def queue(now, *, recipient="claire@example.org", title="Ihr Türcode", text="Hello.\n.\nBye – 你好", minutes=60):
    return service.queue(
        recipient=recipient,
        title=title,
        text=text,
        about=Subject(kind="passcode", id=7, label="101"),
        request_id=str(uuid4()),
        expires_at=now + timedelta(minutes=minutes),
        actor=DESK,
        now=now,
    ).id


def set_server(port, *, security=Security.NONE, username="", password=None, version=0):
    service.set_server(
        version=version,
        host="127.0.0.1",
        port=port,
        security=security,
        username=username,
        password=password,
        sender="desk@example.org",
        actor=DESK,
        now=clock.now(),
    )


def run(*, writes_to_console=False) -> bool:
    return Postman(writes_to_console=writes_to_console).send_one()


def letter(number) -> Letter:
    db.session.expire_all()
    return db.session.get(Letter, number)


def state(number) -> tuple[str, str]:
    row = letter(number)
    return row.state.value, row.error_code


@pytest.fixture
def trusted(tmp_path, monkeypatch):
    """A certificate for 127.0.0.1 that this computer trusts."""
    path = self_signed(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return path


def test_a_letter_arrives_as_it_was_written_and_its_text_is_not_kept(house, now):
    number = queue(now)
    with mail_server() as (box, port):
        set_server(port)
        assert run()
        assert not run()
    (taken,) = box.letters
    message = message_from_bytes(taken.content, policy=policy.default)
    assert (taken.mail_from, taken.rcpt_tos) == ("desk@example.org", ["claire@example.org"])
    assert (message["Subject"], message["To"]) == ("Ihr Türcode", "claire@example.org")
    assert message["From"] == "Linden House <desk@example.org>"
    assert message.get_content().replace("\r\n", "\n") == "Hello.\n.\nBye – 你好\n"
    assert taken.content.isascii()
    row = letter(number)
    assert (row.state, row.text, row.tries, row.ended_at) == (LetterState.SENT, None, 1, now)
    actions = db.session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["mail.queued", "mail.server_set", "mail.sent"]


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_the_house_logs_in_over_an_encrypted_line_and_no_log_holds_the_password(house, now, trusted, tls, caplog):
    caplog.set_level(logging.DEBUG)
    with mail_server(tls=tls, certificate=trusted) as (box, port):
        set_server(port, security=Security(tls), username=USER, password=SECRET)
        right = queue(now)
        run()
        assert state(right) == ("sent", "")
        set_server(port, security=Security(tls), username=USER, password="other-secret", version=1)
        wrong = queue(now)
        run()
    assert state(wrong) == ("queued", "log_in")
    assert len(box.letters) == 1
    # What the test's own server notes is its own affair.
    ours = "".join(record.getMessage() for record in caplog.records if record.name != "mail.log")
    assert not [secret for secret in (SECRET, "other-secret", "claire@example.org") if secret in ours]
    stored = db.session.execute(sa.text("SELECT password_sealed FROM mail_server")).scalar_one()
    assert b"other-secret" not in stored
    assert "other-secret" not in str([(row.before, row.after) for row in db.session.scalars(sa.select(AuditEntry))])


def test_a_certificate_of_another_name_and_one_that_nobody_trusts_are_refused(house, now, tmp_path, monkeypatch):
    elsewhere = self_signed(tmp_path, "mail.elsewhere.example")
    with mail_server(tls="tls", certificate=elsewhere) as (box, port):
        set_server(port, security=Security.TLS)
        unknown = queue(now)
        run()
        assert state(unknown) == ("queued", "certificate")
        monkeypatch.setenv("SSL_CERT_FILE", str(elsewhere))
        misnamed = queue(now)
        run()
    assert state(misnamed) == ("queued", "certificate")
    assert box.letters == []


def test_without_the_encryption_that_was_asked_for_nothing_is_said(house, now):
    with mail_server() as (box, port):
        set_server(port, security=Security.STARTTLS, username=USER, password=SECRET)
        number = queue(now)
        run()
    assert state(number) == ("queued", "no_starttls")
    assert box.letters == []


@pytest.mark.parametrize(
    ("step", "answer", "expected"),
    [
        ("RCPT", "550 no such user <claire@example.org>", ("failed", "refused")),
        ("DATA", "554 spam", ("failed", "refused")),
        ("RCPT", "451 greylisted, come again", ("queued", "postponed")),
        ("DATA", "452 disk full", ("queued", "postponed")),
    ],
)
def test_what_the_server_says_decides_whether_the_letter_is_tried_again(house, now, step, answer, expected):
    number = queue(now)
    with mail_server() as (box, port):
        set_server(port)
        box.answers[step] = answer
        run()
        assert state(number) == expected
        assert letter(number).error_text == answer.replace("claire@", "c…@")
        box.answers.clear()
        assert not run()
        clock.freeze(now + rules.PAUSES[0])
        assert run() == (expected[0] == "queued")
    assert len(box.letters) == (1 if expected[0] == "queued" else 0)


def test_a_dead_server_is_tried_less_and_less_often_then_the_letter_is_given_up(house, now):
    with mail_server() as (_box, port):
        pass
    set_server(port)
    number = queue(now, minutes=60 * 24 * 7)
    at = now
    for pause in rules.PAUSES:
        assert run()
        assert state(number) == ("queued", "unreachable")
        assert letter(number).next_try_at == at + pause
        at += pause
        clock.freeze(at)
    assert run()
    assert state(number) == ("failed", "unreachable")
    assert not run()


def test_a_server_that_says_nothing_is_not_waited_for_forever(house, now, monkeypatch):
    monkeypatch.setattr(smtp, "STEP_SECONDS", 0.2)
    with scripted_server() as port:
        set_server(port)
        number = queue(now)
        run()
    assert state(number) == ("queued", "unreachable")


@pytest.mark.parametrize("greeting", ["554 go away", "421 too many"])
def test_a_server_that_greets_with_a_refusal_may_be_in_a_better_mood_later(house, now, greeting):
    with scripted_server(greeting) as port:
        set_server(port)
        number = queue(now)
        run()
    assert state(number)[0] == "queued"


def test_a_line_that_breaks_after_the_letter_has_left_leaves_it_unknown_and_never_sends_it_again(house, now):
    number = queue(now)
    with mail_server() as (box, port):
        set_server(port)
        box.breaks_off = True
        run()
        assert state(number) == ("unknown", "broken_off")
        clock.freeze(now + timedelta(minutes=30))
        assert not run()
    assert len(box.letters) == 1
    assert letter(number).text is None


def test_a_letter_whose_sender_was_killed_is_called_unknown_unless_he_comes_back(house, now):
    lost, late = queue(now), queue(now)
    parcels = {parcel.id: parcel for parcel in (outbox.take(now=now), outbox.take(now=now))}
    assert outbox.take(now=now) is None
    assert not run()
    clock.freeze(now + rules.LONGEST_TRY)
    run()
    assert state(lost) == state(late) == ("unknown", "broken_off")
    outbox.end(parcel=parcels[late], state=LetterState.SENT, now=clock.now())
    assert (state(lost)[0], state(late)) == ("unknown", ("sent", ""))
    outbox.put_back(parcel=parcels[lost], code="postponed", now=clock.now())
    assert state(lost)[0] == "unknown"


def test_of_many_that_want_to_send_a_letter_one_takes_it(any_house, now):
    number = queue(now)
    taken = [parcel for parcel in race(6, lambda _: outbox.take(now=now)) if parcel is not None]
    assert [parcel.id for parcel in taken] == [number]
    assert "claire" not in repr(taken)


def test_a_letter_that_nobody_wants_any_more_is_dropped(house, now):
    number = queue(now, minutes=10)
    clock.freeze(now + timedelta(minutes=10))
    with mail_server() as (box, port):
        set_server(port)
        run()
    assert state(number) == ("expired", "")
    assert letter(number).text is None
    assert box.letters == []


def test_mended_settings_send_what_waits_at_once(house, now):
    with mail_server() as (_box, dead):
        pass
    set_server(dead)
    number = queue(now)
    run()
    with mail_server() as (_box, port):
        set_server(port, version=1)
        run()
    assert state(number) == ("sent", "")


def test_without_a_server_letters_wait_in_a_house_and_are_written_to_the_log_in_a_demo(house, now, caplog):
    number = queue(now, text="Your code: 123456")
    assert not run()
    assert state(number) == ("queued", "")
    assert "123456" not in caplog.text
    assert run(writes_to_console=True)
    assert state(number) == ("sent", "console")
    assert "Your code: 123456" in caplog.text


def test_no_text_gets_into_a_header(house, now):
    number = queue(now, title="Code\r\nBcc: all@example.org")
    assert letter(number).title == "Code Bcc: all@example.org"
    with pytest.raises(ValueError, match=r"linefeed|newline|carriage"):
        smtp.compose(
            number=1, sender="a@b.de", sender_name="", recipient="c@d.de", title="x\nBcc: e@f.de", text="", now=now
        )
    with mail_server() as (box, port):
        set_server(port)
        run()
    assert message_from_bytes(box.letters[0].content)["Bcc"] is None


def test_an_address_beyond_ascii_needs_a_server_that_takes_it(house, now):
    number = queue(now, recipient="møller@example.org")
    with mail_server() as (box, port):
        set_server(port)
        run()
    assert state(number) == ("failed", "not_ascii")
    assert box.letters == []


def test_letters_and_whom_they_went_to_are_forgotten_after_a_while(house, now):
    queue(now)
    run(writes_to_console=True)
    assert outbox.purge(now=now + rules.KEEP - timedelta(seconds=1)) == 0
    assert outbox.purge(now=now + rules.KEEP) == 1


def test_the_owner_of_the_ports_sends_within_seconds_and_stops(app, house, now):
    clock.freeze(None)
    with mail_server() as (box, port):
        set_server(port)
        with background.running(app):
            queue(clock.now())
            until = clock.monotonic() + 8
            while not box.letters and clock.monotonic() < until:
                db.remove()
        assert len(box.letters) == 1


def test_hanging_up_politely_is_not_part_of_the_letter(house, now, monkeypatch):
    def fail(_server):
        raise smtplib.SMTPServerDisconnected("gone")

    monkeypatch.setattr(smtplib.SMTP, "quit", fail)
    number = queue(now)
    with mail_server() as (_box, port):
        set_server(port)
        run()
    assert state(number) == ("sent", "")
