"""The application factory: settings, extensions, one table of blueprints."""

from __future__ import annotations

import logging
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app, g, request, url_for
from flask_login import current_user
from flask_wtf import CSRFProtect
from htmx_flask import Htmx
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

import pms
from pms.access_records import work as record_work
from pms.accounts import passwords
from pms.accounts import queries as accounts
from pms.alarms import queries as alarms
from pms.alarms import words as alarm_words
from pms.audit import lookups as audit_lookups
from pms.audit import words as audit_words
from pms.backups import queries as backups
from pms.config import ROOT, Settings
from pms.core import clock
from pms.core.db import db
from pms.core.sealing import Vault, use_vault
from pms.core.text import N_
from pms.credentials import work as finger_work
from pms.folios import service as folios
from pms.frontdesk import door_issues, live
from pms.frontdesk.service import waiting
from pms.gateways import queries as gateways
from pms.guests import queries as guests
from pms.keycards import books as card_books
from pms.keycards import denials
from pms.keycards import work as card_work
from pms.lock_commands import answers as lock_answers
from pms.lock_commands import clocks as lock_clocks
from pms.lock_commands import operate as lock_operations
from pms.lock_commands import settings as lock_settings
from pms.lock_commands.setups import OutboxOfSetups
from pms.locks import closed_cards, reach, setup_book
from pms.locks import service as locks
from pms.online_cards import work as online_work
from pms.passcodes import work as passcode_work
from pms.properties import currency as house_currency
from pms.properties import hours as house_hours
from pms.properties import queries as properties
from pms.rooms import inventory
from pms.rooms import queries as rooms
from pms.slots import work as slot_work
from pms.staffcards import service as staffcards
from pms.staffcards import work as staff_work
from pms.staffcards.book import StaffBook
from pms.stays import followers as stay_followers
from pms.stays import queries as stay_queries
from pms.stays import service as stays
from pms.web import addresses, errors, filters, i18n, login, rights, security
from pms.web.assets import Assets, CachingFlask

if TYPE_CHECKING:
    from collections.abc import Iterable

# The URL map on one screen: (package, URL prefix).
FEATURES = (
    ("frontdesk", ""),
    ("chart", "/chart"),
    ("search", "/search"),
    ("accounts", ""),  # /login, /logout and /accounts
    ("audit", "/audit"),
    ("api_docs", "/api-docs"),
    ("mail", "/property/mail"),
    ("turns", "/property/jobs"),
    ("retention", "/property/retention"),
    ("backups", "/property/backups"),
    ("properties", "/property"),
    ("rooms", "/rooms"),
    ("guests", "/guests"),
    ("stays", "/stays"),
    ("availability", "/availability"),
    ("folios", "/folios"),
    ("outage", "/outage"),
    ("locks", "/locks"),
    ("gateways", "/gateways"),
    ("encoders", "/encoders"),
    ("keycards", "/keys"),
    ("staffcards", "/staff-cards"),
    ("passcodes", "/passcodes"),
    ("credentials", "/fingerprints"),
    ("online_cards", "/online-cards"),
    ("slots", "/slots"),
    ("lock_commands", "/commands"),
    ("alarms", "/alarms"),
    ("access_records", "/records"),
    ("ledger", "/ledger"),
)

# The left rail: endpoint, label, icon, key, the right that shows it.
NAVIGATION = (
    ("frontdesk.today", N_("Today"), "today", "t", "desk:view"),
    ("chart.index", N_("Chart"), "chart", "c", "rooms:view"),
    ("availability.index", N_("Availability"), "calendar", "v", "stays:view"),
    ("frontdesk.board", N_("Rooms"), "rooms", "r", "rooms:view"),
    ("frontdesk.cleaning", N_("Cleaning"), "cleaning", "h", "rooms:clean"),
    ("guests.index", N_("Guests"), "guests", "g", "guests:view"),
    ("keycards.index", N_("Keys"), "key", "k", "keys:view"),
    ("passcodes.index", N_("Passcodes"), "passcode", "p", "keys:view"),
    ("staffcards.index", N_("Staff cards"), "card", "f", "staffcards:view"),
    ("locks.index", N_("Doors"), "door", "d", "locks:view"),
    ("access_records.index", N_("Door records"), "records", "o", "records:view"),
    ("alarms.index", N_("Alarms"), "warn", "w", "alarms:view"),
    ("ledger.index", N_("Key ledger"), "clock", "j", "ledger:read"),
    ("outage.index", N_("Outage pack"), "download", "x", "outage:read"),
    ("audit.index", N_("Audit trail"), "audit", "a", "audit:view"),
    ("encoders.index", N_("Card machines"), "machine", "m", "encoders:edit"),
    ("accounts.index", N_("Staff"), "user", "u", "accounts:edit"),
    ("properties.settings", N_("Settings"), "settings", "s", "property:edit"),
)

# Features without an entry of their own, and the entry that is lit on their pages.
SECTIONS = {
    "folios": "frontdesk.today",
    "gateways": "locks.index",
    "slots": "locks.index",
    "online_cards": "locks.index",
    "lock_commands": "locks.index",
    "api_docs": "properties.settings",
    "turns": "properties.settings",
    "retention": "properties.settings",
    "backups": "properties.settings",
}


def create_app(settings: Settings, *, world: object | None = None) -> Flask:
    """An application for these settings; `world` is the demo's simulated doors (never in production)."""
    app = CachingFlask("pms", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    _configure(app, settings)
    addresses.install(app)
    use_vault(Vault(settings.master_key))
    passwords.set_cost(memory_kib=settings.argon2_memory_kib, rounds=settings.argon2_rounds)
    db.connect(settings.database_url)
    csrf = CSRFProtect(app)
    Htmx(app)
    login.install(app)
    i18n.install(app)
    filters.install(app)
    errors.install(app)
    security.install(app, is_behind_tls=settings.is_behind_tls)
    features = [*FEATURES]
    if world is not None and not settings.is_production:
        app.extensions["world"] = world
        features.append(("demo", "/demo"))
    _register(app, features, csrf)
    _connect_features()
    _install_context(app, is_production=settings.is_production)
    app.before_request(_begin)
    app.teardown_appcontext(lambda _error: db.remove())
    return app


def _configure(app: Flask, settings: Settings) -> None:
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SETTINGS=settings,
        NOW=clock.now,
        TESTING=settings.environment == "test",
        SESSION_COOKIE_NAME="latchkey",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.is_behind_tls,
        MAX_CONTENT_LENGTH=8 * 2**20,
        WTF_CSRF_TIME_LIMIT=None,
        SEND_FILE_MAX_AGE_DEFAULT=3600 if settings.is_production else 0,
    )
    # Programs get fields in the order in which they are described.
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies, x_proto=1, x_host=1)  # type: ignore[method-assign]
    # A lost race for a row is an answer to a clerk, not an error for the log.
    logging.getLogger("psycopg").setLevel(logging.ERROR)


def _register(app: Flask, features: Iterable[tuple[str, str]], csrf: CSRFProtect) -> None:
    for feature, prefix in features:
        for module, at in (("views", prefix), ("api", "/api")):
            if find_spec(f"pms.{feature}.{module}"):
                blueprint = import_module(f"pms.{feature}.{module}").blueprint
                if module == "api":
                    # Programs prove themselves by what they send, never by a browser's cookie.
                    csrf.exempt(blueprint)
                app.register_blueprint(blueprint, url_prefix=at)


def _connect_features() -> None:
    """Lower features ask or tell the higher ones through these, without knowing them."""
    inventory.on_capacity_change(stays.set_capacity)
    inventory.on_new_floor(locks.ensure_scopes)
    inventory.on_ready(waiting)
    house_hours.on_change(stays.set_house_hours)
    stay_followers.follow(folios.follow_hours)
    house_currency.keep(folios.refuse_other_currency)
    closed_cards.ask(door_issues.issue_floor)
    closed_cards.keep_denials(staffcards)
    closed_cards.keep_denials(denials)
    setup_book.keep(OutboxOfSetups())
    reach.ask(gateways.reach_of)
    lock_answers.register(lock_settings.SUBJECT, lock_settings.LockAsker())
    card_work.install()
    denials.install()
    card_books.keep(StaffBook())
    staff_work.install()
    finger_work.install()
    slot_work.install()
    online_work.install()
    record_work.install()
    lock_operations.install()
    lock_clocks.install()
    passcode_work.install()
    audit_lookups.connect(
        people=lambda: [(account.id, account.display_name) for account in accounts.list_accounts()],
        rooms=lambda: [(room.id, room.number) for room in rooms.list_rooms()],
        guests=lambda text: guests.search_ids(text, limit=50),
        former=stay_queries.former_among,
    )
    for feature, _prefix in FEATURES:
        if find_spec(f"pms.{feature}.words"):
            audit_words.learn(feature, import_module(f"pms.{feature}.words"))


def _begin() -> None:
    if request.endpoint == "static":
        return
    house = properties.find_property()
    g.house = house
    g.house_zone = house.zone if house else None


def _install_context(app: Flask, *, is_production: bool) -> None:
    assets = Assets(ROOT / "static")

    def common() -> dict[str, Any]:
        if not is_production:
            assets.follow()
        return {
            "asset_version": assets.version,
            "can": rights.can,
            "current_language": i18n.select_language(),
            "current_theme": current_user.theme.value if current_user.is_authenticated else "auto",
            "home_url": nav[0]["url"] if (nav := _navigation(app)) else url_for("accounts.log_in"),
            "house": g.get("house"),
            "languages": i18n.LANGUAGES,
            "alarm_mark": alarms.mark,
            "alarm_words": alarm_words.KIND_WORDS,
            "backup_is_late": _backup_is_late,
            "live_mark": lambda: live.mark(clock.now()),
            "nav": nav,
            "now": clock.now(),
            "role_names": rights.ROLE_NAMES,
            "scripts": assets.js,
            "stylesheets": assets.css,
            "search_url": url_for("search.find") if rights.can("rooms:view") else None,
            "version": pms.__version__,
            "has_demo": "world" in app.extensions,
        }

    app.context_processor(common)


def _backup_is_late() -> bool:
    """Whether the manager should worry. The demo and the tests have nothing to lose."""
    if not current_app.config["SETTINGS"].is_production:
        return False
    keys = properties.list_site_keys()
    return backups.is_late(now=clock.now(), since=min((key.created_at for key in keys), default=None))


def _navigation(app: Flask) -> list[dict[str, Any]]:
    items = []
    for endpoint, label, icon, key, right in NAVIGATION:
        if endpoint in app.view_functions and rights.can(right):
            items.append({"url": url_for(endpoint), "label": label, "icon": icon, "key": key})
    if "world" in app.extensions and current_user.is_authenticated:
        items.append(
            {
                "url": url_for("demo.doors"),
                "label": N_("Try a door"),
                "icon": "play",
                "key": "y",
            }
        )
    # One's own settings are nobody's section, though their address begins like the staff list's.
    path = "" if request.endpoint == "accounts.me" else _home_of(request.blueprint) or request.path
    here = _section_of(path, [item["url"] for item in items])
    return [{**item, "is_current": item["url"] == here} for item in items]


def _home_of(blueprint: str | None) -> str | None:
    """The address of the entry to which a feature without one of its own belongs."""
    endpoint = SECTIONS.get(blueprint or "")
    return url_for(endpoint) if endpoint is not None else None


def _section_of(path: str, urls: Iterable[str]) -> str | None:
    """The entry of the rail whose address the path goes on from, the longest one where several do."""
    fitting = [url for url in urls if path == url or (url != "/" and path.startswith(url.rstrip("/") + "/"))]
    return max(fitting, key=len, default=None)
