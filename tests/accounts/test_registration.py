"""People register themselves where the house allows it, with a code that lets one person in, once, for ten minutes."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from pms.accounts import log_in, queries, registration, rules
from pms.accounts.models import MOST_TRIES, Account, RegistrationRole, Role, VerificationCode
from pms.audit.models import AuditEntry
from pms.core import clock
from pms.core.actor import Actor
from pms.core.db import db, transaction
from pms.core.errors import ChangedMeanwhile
from pms.mail import outbox
from pms.mail.models import Letter, LetterState
from pms.mail.rules import BadAddress, NoMailServer
from tests.api import ApiClient
from tests.client import PageClient, text_of
from tests.races import race

MANAGER = Actor(kind="account", name="Manager")
STRANGER = Actor(kind="visitor", name="", address="10.1.1.1")
ADDRESS = "claire@example.org"
PASSWORD = "a long enough sentence"


def allow(now, role=RegistrationRole.HOUSEKEEPING, *, is_allowed=True, version=0):
    registration.allow(version=version, is_allowed=is_allowed, role=role, actor=MANAGER, now=now)


def ask(now, recipient=ADDRESS, *, address="10.1.1.1") -> str:
    """The code in the letter."""
    actor = Actor(kind="visitor", name="", address=address)
    registration.ask_for_code(recipient=recipient, can_send=True, actor=actor, now=now)
    return code_in(last_letter())


def last_letter() -> Letter:
    return db.session.scalars(sa.select(Letter).order_by(Letter.id.desc()).limit(1)).one()


def code_in(letter: Letter) -> str:
    return re.search(r"\b\d{6}\b", letter.text).group()


def register(now, code, *, recipient=ADDRESS, username="claire", password=PASSWORD, address="10.1.1.1"):
    return registration.register(
        recipient=recipient,
        code=code,
        username=username,
        display_name="Claire Moreau",
        password=password,
        actor=Actor(kind="visitor", name="", address=address, language="zh"),
        now=now,
    )


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_nobody_registers_before_somebody_has_allowed_it(house, now):
    for act in (lambda: ask(now), lambda: register(now, "123456")):
        with pytest.raises(rules.RegistrationOff):
            act()
    allow(now)
    code = ask(now)
    allow(now, is_allowed=False, version=1)
    with pytest.raises(rules.RegistrationOff):
        register(now, code)
    with pytest.raises(ChangedMeanwhile):
        allow(now, version=1)


def test_the_account_is_what_the_house_says_and_switched_off_until_a_manager_looks(house, now):
    allow(now, RegistrationRole.MAINTENANCE)
    account = register(now, ask(now))
    assert (account.role, account.is_active, account.language.value) == (Role.MAINTENANCE, False, "zh")
    assert account.email == ADDRESS
    with pytest.raises(rules.WrongLogIn):
        log_in.log_in(username="claire", password=PASSWORD, address="10.1.1.1", now=now)
    entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "accounts.registered")).one()
    assert (entry.subject_label, entry.after["to"]) == ("Claire Moreau", "c…@example.org")


@pytest.mark.parametrize("role", ["manager", "administrator"])
def test_the_database_itself_lets_nobody_register_as_somebody_who_decides(house, now, role):
    allow(now)
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(sa.text("UPDATE registration_setting SET role = :role"), {"role": role})


def test_neither_code_nor_address_is_readable_in_the_database(house, now):
    allow(now)
    code = ask(now)
    row = db.session.execute(sa.select(VerificationCode.__table__)).one()
    assert code not in str(row)
    assert "claire" not in str(row)
    assert code not in str([entry.after for entry in db.session.scalars(sa.select(AuditEntry))])


def test_a_code_holds_for_ten_minutes_and_for_one_account(house, now):
    allow(now)
    code = ask(now)
    with pytest.raises(rules.WrongCode):
        register(now + rules.CODE_HOLDS, code)
    register(now + rules.CODE_HOLDS - timedelta(seconds=1), code, address="10.1.1.2")
    with pytest.raises(rules.WrongCode):
        register(now, code, username="claire2", address="10.1.1.3")


def test_a_code_is_dead_after_five_wrong_tries_and_when_another_is_asked_for(house, now):
    allow(now)
    first = ask(now)
    second = ask(now)
    with pytest.raises(rules.WrongCode):
        register(now, first if first != second else wrong(second))
    for _ in range(MOST_TRIES - 1):
        with pytest.raises(rules.WrongCode):
            register(now, wrong(second))
    with pytest.raises(rules.WrongCode):
        register(now, second)
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(sa.update(VerificationCode).values(tries=MOST_TRIES + 1))


def test_a_taken_name_leaves_the_code_valid(house, now):
    allow(now)
    code = ask(now)
    with pytest.raises(rules.UsernameTaken):
        register(now, code, username="desk")
    with pytest.raises(rules.PasswordTooShort):
        register(now, code, password="short")
    with pytest.raises(rules.PasswordTooEasy):
        register(now, code, password="aaaaaaaaaaaa")
    assert register(now, code).username == "claire"


def test_of_many_that_use_one_code_at_once_one_gets_an_account(any_house, now):
    allow(now)
    code = ask(now)
    outcomes = race(MOST_TRIES, lambda n: register(now, code, username=f"claire{n}", address=f"10.1.1.{n}"))
    assert sum(isinstance(outcome, Account) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, rules.WrongCode) for outcome in outcomes) == MOST_TRIES - 1
    number = db.session.scalars(sa.select(Account.registration_id).where(Account.registration_id.isnot(None))).one()
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(sa.update(Account).where(Account.username == "desk").values(registration_id=number))


def test_a_known_address_hears_the_same_and_gets_a_letter_without_a_code(app, house, now):
    allow(now)
    register(now, ask(now))
    program = ApiClient(app)
    known = program.post("/auth/code", {"recipient": "Claire@Example.org"})
    letter = last_letter()
    assert "claire" in letter.text
    assert not re.search(r"\b\d{6}\b", letter.text)
    assert known == program.post("/auth/code", {"recipient": "other@example.org"})
    with transaction() as session:
        # Even somebody who guessed the code that nobody was told gets no second account.
        row = session.scalars(sa.select(VerificationCode).order_by(VerificationCode.id)).first()
        row.code_hash = registration._hash_of("123456", row.id)
        session.flush()
    with pytest.raises(rules.WrongCode):
        register(now, "123456", username="claire2")
    assert queries.find_account_by_username("claire2") is None


def test_codes_are_limited_for_each_address_that_asks_and_that_is_written_to(house, now):
    allow(now)
    for _ in range(3):
        ask(now)
    with pytest.raises(rules.TooManyTries):
        ask(now, address="10.1.1.2")
    for number in range(7):
        ask(now, f"guest{number}@example.org")
    with pytest.raises(rules.TooManyTries):
        ask(now, "guest8@example.org")
    assert ask(now, "guest8@example.org", address="10.1.1.2")


def test_tries_to_register_are_limited_for_each_address(house, now):
    allow(now)
    code = ask(now)
    for number in range(15):
        with pytest.raises(rules.WrongCode):
            register(now, wrong(code), recipient=f"guest{number}@example.org")
    with pytest.raises(rules.TooManyTries):
        register(now, code)
    assert register(now, code, address="10.1.1.2")


def test_a_house_without_a_mail_server_says_so(house, now):
    allow(now)
    with pytest.raises(NoMailServer):
        registration.ask_for_code(recipient=ADDRESS, can_send=False, actor=STRANGER, now=now)
    with pytest.raises(BadAddress):
        ask(now, "claire")
    assert db.session.scalars(sa.select(Letter)).all() == []


def test_codes_that_have_ended_are_forgotten(house, now):
    allow(now)
    ask(now)
    assert registration.purge(ended_before=now + rules.CODE_HOLDS) == 0
    assert registration.purge(ended_before=now + rules.CODE_HOLDS + timedelta(seconds=1)) == 1


def test_a_program_registers_somebody(app, house, now):
    program = ApiClient(app)
    body = {"recipient": ADDRESS}
    whole = {**body, "code": "000000", "username": "Claire", "displayName": "Claire Moreau", "password": PASSWORD}
    program.post("/auth/code", body, status=403)
    program.post("/auth/register", whole, status=403)
    allow(now)
    assert program.post("/auth/code", body) == {"expiresTime": "2026-06-12 12:10:00"}
    program.language = "zh"
    code = code_in(last_letter())
    (fault,) = program.post("/auth/register", {**whole, "code": wrong(code)}, status=422)
    assert fault == {"field": "code", "error": "验证码无效或已失效。请检查，或重新获取。"}
    given = program.post("/auth/register", {**whole, "code": code})
    assert (given["username"], given["role"], given["isActive"]) == ("claire", "housekeeping", False)
    for wrong_body, field in (({"recipient": "x" * 161}, "recipient"), ({}, "recipient")):
        assert [fault["field"] for fault in program.post("/auth/code", wrong_body, status=400)] == [field]
    (fault,) = program.post("/auth/code", {"recipient": "no address"}, status=422)
    assert fault["field"] == "recipient"


def test_a_person_registers_on_the_pages_in_her_language(app, house, now):
    visitor = PageClient(app, address="10.1.1.1")
    assert "/register" not in visitor.get("/login").text
    visitor.get("/register", status=403)
    manager = PageClient(app).log_in("manager")
    assert "switched off" in text_of(manager.get("/accounts/registration"))
    manager.post("/accounts/registration", {"version": "0", "is_allowed": "y", "role": "front_desk"}, status=303)
    manager.post("/accounts/registration", {"version": "0", "role": "manager"}, status=422)

    assert "/register" in visitor.get("/login").text
    chinese = {"Accept-Language": "zh"}
    assert "注册" in visitor.get("/register", headers=chinese).text
    assert visitor.post("/register/code", {"recipient": "nobody"}, status=422)
    visitor.post("/register/code", {"recipient": ADDRESS}, status=303, headers=chinese)
    letter = last_letter()
    assert letter.title == "您的验证码"
    assert ADDRESS in visitor.get("/register").text
    form = {"code": wrong(code_in(letter)), "display_name": "Claire", "username": "claire", "password": PASSWORD}
    assert "not valid" in text_of(visitor.post("/register", form, status=422))
    visitor.post("/register", {**form, "code": code_in(letter)}, status=303)
    assert "as soon as a manager" in text_of(visitor.get("/login"))
    assert visitor.post("/register", form, status=303).location == "/register"

    page = text_of(manager.get("/accounts"))
    assert "Registered, not let in yet" in page
    assert ADDRESS in page
    account = queries.find_account_by_username("claire")
    manager.post(
        f"/accounts/{account.id}/edit",
        {"version": "1", "display_name": "Claire", "role": "front_desk", "is_active": "y"},
        status=303,
    )
    PageClient(app, address="10.1.1.1").log_in("claire", PASSWORD)


def test_a_code_that_was_not_sent_in_time_is_dropped_with_its_letter(house, now):
    allow(now)
    ask(now)
    assert last_letter().expires_at == now + rules.CODE_HOLDS
    clock.freeze(now + rules.CODE_HOLDS)
    outbox.sweep(now=clock.now())
    assert last_letter().state is LetterState.EXPIRED
