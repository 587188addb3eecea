from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa

from pms.accounts import log_in, passwords, queries, rules, service
from pms.accounts.models import Account, Role, StaffSession, Theme
from pms.audit.models import AuditEntry
from pms.core.actor import SETUP, Actor
from pms.core.db import db
from pms.core.errors import ChangedMeanwhile
from tests.factories import PASSWORD


def _actor(account: Account) -> Actor:
    return Actor(kind="account", name=account.display_name, account_id=account.id, address="10.0.0.5")


def _add(now, actor=SETUP, **values) -> Account:
    fields = {"username": "Nadia", "display_name": "Nadia Roth", "password": PASSWORD, "role": Role.FRONT_DESK}
    return service.create_account(**{**fields, **values}, actor=actor, now=now)


def _change(account: Account, actor: Account, now, **values) -> Account:
    fields = {"display_name": account.display_name, "role": account.role, "is_active": account.is_active}
    return service.change_account(
        account_id=account.id, version=account.version, **{**fields, **values}, actor=_actor(actor), now=now
    )


def test_a_log_in_name_is_unique_in_any_case(any_house, now):
    _add(now)
    with pytest.raises(rules.UsernameTaken):
        _add(now, username="NADIA ")
    assert queries.find_account_by_username("nadia").display_name == "Nadia Roth"


def test_a_manager_adds_staff_but_no_administrators(house, now):
    manager = _actor(house.accounts["manager"])
    _add(now, manager)
    with pytest.raises(rules.OnlyAdministrators):
        _add(now, manager, username="root", role=Role.ADMINISTRATOR)
    with pytest.raises(rules.OnlyAdministrators):
        service.set_password(account_id=house.accounts["admin"].id, password=PASSWORD, actor=manager, now=now)
    with pytest.raises(rules.OnlyAdministrators):
        _change(house.accounts["admin"], house.accounts["manager"], now, is_active=False)


def test_somebody_without_an_account_changes_no_administrators(house, now):
    with pytest.raises(rules.OnlyAdministrators):
        _add(now, Actor(kind="visitor", name=""), role=Role.ADMINISTRATOR)


def test_nobody_takes_her_own_role_away(house, now):
    admin = house.accounts["admin"]
    for values in ({"role": Role.MANAGER}, {"is_active": False}):
        with pytest.raises(rules.OwnAccount):
            _change(admin, admin, now, **values)
    _change(admin, admin, now, display_name="Ada Admin")


def test_two_administrators_cannot_switch_each_other_off_at_the_same_moment(any_app, any_house, now):
    first = any_house.accounts["admin"]
    second = _add(now, username="admin2", role=Role.ADMINISTRATOR)
    barrier = Barrier(2)
    pairs = [(first.id, second.id), (second.id, first.id)]

    def switch_off(pair: tuple[int, int]) -> str:
        with any_app.app_context():
            mine, other = (queries.get_account(account_id) for account_id in pair)
            version = other.version
            barrier.wait(timeout=20)
            try:
                service.change_account(
                    account_id=pair[1], version=version, display_name="X", role=Role.ADMINISTRATOR,
                    is_active=False, actor=_actor(mine), now=now,
                )  # fmt: skip
            except (rules.LastAdministrator, rules.OnlyAdministrators, ChangedMeanwhile) as error:
                return type(error).__name__
            finally:
                db.remove()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(switch_off, pairs))
    assert answers.count("done") == 1
    db.session.expire_all()
    active = sa.select(sa.func.count()).where(Account.role == Role.ADMINISTRATOR, Account.is_active.is_(True))
    assert db.session.scalar(active) == 1


def test_the_last_administrator_cannot_be_unmade(house, now):
    second = _add(now, username="admin2", role=Role.ADMINISTRATOR)
    _change(second, house.accounts["admin"], now, is_active=False)
    # The setup of the house may do everything, but not this.
    admin = queries.get_account(house.accounts["admin"].id)
    with pytest.raises(rules.LastAdministrator):
        service.change_account(
            account_id=admin.id, version=admin.version, display_name="X", role=Role.MANAGER, is_active=True,
            actor=SETUP, now=now,
        )  # fmt: skip


def test_two_people_who_change_one_account_see_each_other(any_house, now):
    desk, admin = any_house.accounts["desk"], any_house.accounts["admin"]
    version = desk.version
    _change(desk, admin, now, display_name="First")
    with pytest.raises(ChangedMeanwhile):
        service.change_account(
            account_id=desk.id, version=version, display_name="Second", role=desk.role, is_active=True,
            actor=_actor(admin), now=now,
        )  # fmt: skip


def test_a_change_of_nothing_leaves_no_line_in_the_trail(house, now):
    _change(house.accounts["desk"], house.accounts["admin"], now)
    assert db.session.scalars(sa.select(AuditEntry)).all() == []


def test_the_trail_says_what_changed_and_never_a_password(house, now):
    desk, admin = house.accounts["desk"], house.accounts["admin"]
    _change(desk, admin, now, role=Role.MANAGER)
    service.set_password(account_id=desk.id, password="another long one", actor=_actor(admin), now=now)
    changed, password_set = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id)).all()
    assert (changed.before, changed.after) == ({"role": "front_desk"}, {"role": "manager"})
    assert password_set.action == "accounts.password_set"
    assert password_set.before is None
    assert password_set.after is None


def test_a_new_password_ends_every_log_in_and_switching_off_too(any_house, now):
    desk, admin = any_house.accounts["desk"], any_house.accounts["admin"]
    token = log_in.log_in(username="desk", password=PASSWORD, address="10.0.0.5", now=now)
    assert queries.find_session(log_in.token_hash(token))
    service.set_password(account_id=desk.id, password="another long one", actor=_actor(admin), now=now)
    assert queries.find_session(log_in.token_hash(token)) is None
    token = log_in.log_in(username="desk", password="another long one", address="10.0.0.5", now=now)
    _change(queries.get_account(desk.id), admin, now, is_active=False)
    assert queries.find_session(log_in.token_hash(token)) is None
    with pytest.raises(rules.WrongLogIn):
        log_in.log_in(username="desk", password="another long one", address="10.0.0.5", now=now)


def test_changing_ones_own_password_keeps_this_log_in_and_ends_the_others(any_house, now):
    desk = any_house.accounts["desk"]
    here, there = (
        log_in.log_in(username="desk", password=PASSWORD, address=a, now=now) for a in ("10.0.0.5", "10.0.0.6")
    )
    row, _account = queries.find_session(log_in.token_hash(here))
    with pytest.raises(rules.WrongPassword):
        service.change_own_password(
            present="wrong wrong", password="x" * 12, session_id=row.id, actor=_actor(desk), now=now
        )
    service.change_own_password(
        present=PASSWORD, password="another long one", session_id=row.id, actor=_actor(desk), now=now
    )
    assert queries.find_session(log_in.token_hash(here))
    assert queries.find_session(log_in.token_hash(there)) is None


def test_the_cookie_is_worth_nothing_to_whoever_reads_the_database(house, now):
    token = log_in.log_in(username="desk", password=PASSWORD, address="10.0.0.5", now=now)
    row = db.session.scalars(sa.select(StaffSession)).one()
    assert token not in (row.token_hash, str(row.id))
    assert queries.find_session(row.token_hash[:63]) is None


def test_a_hash_of_another_cost_is_renewed_at_the_next_log_in(house, now):
    before = queries.find_account_by_username("desk").password_hash
    passwords.set_cost(memory_kib=16, rounds=1)
    log_in.log_in(username="desk", password=PASSWORD, address="10.0.0.5", now=now)
    after = queries.find_account_by_username("desk").password_hash
    assert after != before
    assert "m=16,t=1" in after
    assert passwords.verify(after, PASSWORD)


def test_unknown_names_cost_one_look_at_a_password_like_known_ones(house, now, monkeypatch):
    looks = []
    real = passwords.verify
    monkeypatch.setattr(passwords, "verify", lambda stored, word: looks.append(stored) or real(stored, word))
    for name in ("desk", "nobody"):
        with pytest.raises(rules.WrongLogIn):
            log_in.log_in(username=name, password="wrong wrong", address="10.0.0.5", now=now)
    assert len(looks) == 2
    # Nobody's hash has today's cost, or it would answer sooner.
    assert {stored.rsplit("$", 2)[0] for stored in looks} == {"$argon2id$v=19$m=8,t=1,p=1"}


def test_a_refused_log_in_is_in_the_trail_without_what_was_typed(house, now):
    for name in ("desk", "my-secret-password"):
        with pytest.raises(rules.WrongLogIn):
            log_in.log_in(username=name, password="wrong wrong", address="203.0.113.9", now=now)
    known, unknown = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id)).all()
    assert (known.action, known.subject_label, known.address) == ("accounts.log_in_refused", "Desk", "203.0.113.9")
    assert (unknown.subject_id, unknown.subject_label, unknown.actor_name) == ("", "", "")


def test_a_demo_account_opens_only_a_demo(house, now):
    _add(now, is_demo=True)
    log_in.log_in(username="nadia", password=PASSWORD, address="10.0.0.5", accepts_demo=True, now=now)
    with pytest.raises(rules.DemoAccount):
        log_in.log_in(username="nadia", password=PASSWORD, address="10.0.0.5", now=now)
    with pytest.raises(rules.WrongLogIn):
        log_in.log_in(username="nadia", password="wrong wrong", address="10.0.0.5", now=now)


def test_only_ones_own_log_in_that_still_holds_can_be_ended(house, now):
    desk, manager = house.accounts["desk"], house.accounts["manager"]
    token = log_in.log_in(username="desk", password=PASSWORD, address="10.0.0.5", now=now)
    row, _account = queries.find_session(log_in.token_hash(token))
    session_id = row.id
    with pytest.raises(rules.SessionNotFound):
        log_in.end_session(session_id=session_id, actor=_actor(manager), now=now)
    log_in.end_session(session_id=session_id, actor=_actor(desk), now=now)
    with pytest.raises(rules.SessionNotFound):
        log_in.end_session(session_id=session_id, actor=_actor(desk), now=now)


def test_old_log_ins_are_forgotten(any_house, now):
    log_in.log_in(username="desk", password=PASSWORD, address="10.0.0.5", now=now)
    assert service.purge_sessions(seen_before=now) == 0
    assert service.purge_sessions(seen_before=now.replace(year=now.year + 1)) == 1


def test_a_theme_is_chosen_without_touching_the_language(house, now):
    account = service.choose(theme=Theme.DARK, actor=_actor(house.accounts["desk"]), now=now)
    assert (account.theme, account.language.value) == (Theme.DARK, "en")


def test_an_account_that_does_not_exist_is_not_found(house, now):
    with pytest.raises(rules.AccountNotFound):
        service.set_password(account_id=1, password=PASSWORD, actor=SETUP, now=now)
