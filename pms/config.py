"""The settings of an installation: read once, from the environment, into one typed object."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pms.core.sealing import load_master
from pms.protocol.errors import MalformedError
from pms.protocol.topics import DEFAULT_PREFIX, check_prefix

_HERE = Path(__file__).resolve().parent
# Beside the package in a checkout, inside it in a wheel.
ROOT = _HERE / "_data" if (_HERE / "_data").is_dir() else _HERE.parent


class ConfigurationError(Exception):
    """A setting is missing or makes no sense; the text says which and what to do."""


@dataclass(frozen=True, kw_only=True)
class BrokerAddress:
    """Where an MQTT broker listens, and who we are there. `ca_file` holds the certificates to trust instead of the system's."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    is_tls: bool = False
    ca_file: Path | None = None

    @property
    def url(self) -> str:
        """As people read it, without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.is_tls else 'mqtt'}://{host}:{self.port}"


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
    broker: BrokerAddress | None = None  # PMS_MQTT_URL, PMS_MQTT_CA: None where this program runs a broker itself
    own_broker_port: int | None = None  # PMS_MQTT_PORT; here None: run no broker, 0: any free port
    topic_prefix: str = DEFAULT_PREFIX  # PMS_MQTT_PREFIX
    backup_dir: Path | None = None  # PMS_BACKUP_DIR
    argon2_memory_kib: int = 19456
    argon2_rounds: int = 2

    @property
    def broker_url(self) -> str:
        """Where carriers find their broker, as people read it; empty where there is none."""
        if self.broker is not None:
            return self.broker.url
        return f"mqtt://127.0.0.1:{self.own_broker_port}" if self.own_broker_port is not None else ""

    @property
    def backup_folder(self) -> Path:
        """Where backups are kept: a disk of its own, or a folder of the installation."""
        return self.backup_dir or self.home / "backups"

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
        backup_dir=Path(folder) if (folder := os.environ.get("PMS_BACKUP_DIR")) else None,
        trusted_proxies=_number("PMS_TRUSTED_PROXIES", 0, 0, 5),
        broker=_broker(),
        own_broker_port=_number("PMS_MQTT_PORT", 1883, 0, 65535) or None,
        topic_prefix=_prefix(os.environ.get("PMS_MQTT_PREFIX", DEFAULT_PREFIX)),
    )


def _broker() -> BrokerAddress | None:
    """What PMS_MQTT_URL says. Its text is never repeated: it holds a password."""
    text, ca = os.environ.get("PMS_MQTT_URL", ""), os.environ.get("PMS_MQTT_CA", "")
    if not text:
        if ca:
            raise ConfigurationError("PMS_MQTT_CA goes with PMS_MQTT_URL, which is not set")
        return None
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError("PMS_MQTT_URL must look like mqtts://user:password@host:8883") from error
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if parts.scheme not in ("mqtt", "mqtts") or not (parts.hostname and user and password) or parts.path.strip("/"):
        raise ConfigurationError("PMS_MQTT_URL must look like mqtts://user:password@host:8883")
    if ":" in user or not (user.isascii() and user.isprintable()) or " " in user:
        raise ConfigurationError("PMS_MQTT_URL: the user's name is plain letters and digits, without spaces and colons")
    is_tls = parts.scheme == "mqtts"
    if not is_tls and not _is_this_computer(parts.hostname):
        raise ConfigurationError(
            "PMS_MQTT_URL: a password is sent over an encrypted line only; write mqtts:// for a broker on another computer"
        )
    if ca and not (is_tls and Path(ca).is_file()):
        raise ConfigurationError("PMS_MQTT_CA must name a file with certificates, for a broker at mqtts://")
    return BrokerAddress(
        host=parts.hostname,
        port=port or (8883 if is_tls else 1883),
        username=user,
        password=password,
        is_tls=is_tls,
        ca_file=Path(ca) if ca else None,
    )


def _is_this_computer(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _prefix(text: str) -> str:
    try:
        return check_prefix(text)
    except MalformedError as error:
        raise ConfigurationError(f"PMS_MQTT_PREFIX: {error}") from error


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
