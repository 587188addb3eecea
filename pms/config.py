"""The settings of an installation: read once, from the environment, into one typed object."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from pms.core.sealing import load_master

_HERE = Path(__file__).resolve().parent
# Beside the package in a checkout, inside it in a wheel.
ROOT = _HERE / "_data" if (_HERE / "_data").is_dir() else _HERE.parent


class ConfigurationError(Exception):
    """A setting is missing or makes no sense; the text says which and what to do."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting, each with the environment variable that sets it (see the README's table)."""

    home: Path  # PMS_HOME: database, keys, logs
    database_url: str  # PMS_DATABASE_URL
    environment: str = "production"  # PMS_ENV: production, demo or test
    secret_key: str = field(repr=False, default="")  # PMS_SECRET_KEY, else the file secret.key
    master_key: bytes = field(repr=False, default=b"")  # PMS_MASTER_KEY (64 hex digits), else the file master.key
    session_idle: timedelta = timedelta(minutes=60)  # PMS_SESSION_IDLE_MINUTES
    is_behind_tls: bool = False  # PMS_TLS=1: cookies only over HTTPS, HSTS
    trusted_proxies: int = 0  # PMS_TRUSTED_PROXIES: how many proxies set X-Forwarded-For
    argon2_memory_kib: int = 19456
    argon2_rounds: int = 2

    @property
    def is_production(self) -> bool:
        """Demo pages and demo accounts do not exist here."""
        return self.environment == "production"


def load_settings(home: Path | None = None, *, environment: str | None = None) -> Settings:
    """Read the environment; make the folder and the key files (mode 0600) where they do not exist yet."""
    home = home or Path(os.environ.get("PMS_HOME", "var"))
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    environment = environment or os.environ.get("PMS_ENV", "production")
    if environment not in ("production", "demo", "test"):
        raise ConfigurationError("PMS_ENV must be production, demo or test")
    master = os.environ.get("PMS_MASTER_KEY")
    return Settings(
        home=home,
        environment=environment,
        database_url=os.environ.get("PMS_DATABASE_URL", f"sqlite:///{(home / 'latchkey.db').resolve()}"),
        secret_key=os.environ.get("PMS_SECRET_KEY") or _secret_file(home / "secret.key"),
        master_key=_master(master) if master else load_master(home / "master.key"),
        session_idle=timedelta(minutes=_number("PMS_SESSION_IDLE_MINUTES", 60, 5, 24 * 60)),
        is_behind_tls=_number("PMS_TLS", 0, 0, 1) == 1,
        trusted_proxies=_number("PMS_TRUSTED_PROXIES", 0, 0, 5),
    )


def _master(text: str) -> bytes:
    try:
        master = bytes.fromhex(text)
    except ValueError as error:
        raise ConfigurationError("PMS_MASTER_KEY must be 64 hexadecimal digits") from error
    if len(master) != 32:
        raise ConfigurationError("PMS_MASTER_KEY must be 64 hexadecimal digits")
    return master


def _number(name: str, default: int, low: int, high: int) -> int:
    text = os.environ.get(name, str(default))
    if not text.isdigit() or not low <= int(text) <= high:
        raise ConfigurationError(f"{name} must be a number from {low} to {high}")
    return int(text)


def _secret_file(path: Path) -> str:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    text = secrets.token_hex(32)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text + "\n")
    return text
