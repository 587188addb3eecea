"""Operator commands: set a house up, serve it, own its ports, try the demo."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

import pms
from pms.protocol_cli import protocol
from pms.simulate_cli import simulate

if TYPE_CHECKING:
    from types import FrameType

    from flask import Flask

THREADS = 24
"""Half of them may be holding the questions of desks' agents (`encoders.long_poll`); the pages have the others."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(pms.__version__, prog_name="pms")
def main() -> None:
    """Latchkey: property management, and the server of the house's smart locks."""


main.add_command(protocol)
main.add_command(simulate)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--web-only", is_flag=True, help="Leave ports and scheduler to `pms worker`.")
def serve(host: str, port: int, *, web_only: bool) -> None:
    """Serve the pages; own the ports and the scheduler too, unless another process does."""
    app = _application()
    _listen(app, host=host, port=port, owns_ports=not web_only)


@main.command()
def worker() -> None:
    """Own the card machines' ports and the scheduler, for installations with several web processes."""
    from pms import background

    app = _application()
    _stop_on_signals()
    with background.running(app) as owner:
        if owner is not None and not owner.wait_until_owner(5):
            click.echo("Another process owns the ports; this one takes over when that one ends.")
        threading.Event().wait()


@main.command()
@click.option("--name", prompt="Name of the house")
@click.option("--time-zone", prompt="Time zone, such as Europe/Berlin or Asia/Shanghai")
@click.option("--check-in-hour", prompt=True, default=15, type=click.IntRange(0, 23))
@click.option("--check-out-hour", prompt=True, default=12, type=click.IntRange(0, 23))
@click.option("--username", prompt="Log-in name of the first administrator", default="admin")
@click.password_option("--password", prompt="Password of the first administrator")
def setup(name: str, time_zone: str, check_in_hour: int, check_out_hour: int, username: str, password: str) -> None:
    """Make the house and its first administrator."""
    from pms.accounts import service as accounts
    from pms.accounts.models import Role
    from pms.core import clock
    from pms.core.actor import SETUP
    from pms.core.db import transaction
    from pms.core.errors import DomainError
    from pms.properties import service as properties

    app = _application()
    now = clock.now()
    try:
        with app.app_context(), transaction():
            properties.create_house(
                name=name,
                time_zone=time_zone,
                check_in_hour=check_in_hour,
                check_out_hour=check_out_hour,
                actor=SETUP,
                now=now,
            )
            accounts.create_account(
                username=username,
                display_name=username,
                password=password,
                role=Role.ADMINISTRATOR,
                actor=SETUP,
                now=now,
            )
    except DomainError as error:
        raise click.ClickException(error.message % error.params) from error
    click.echo(f"{name} is set up. Start it with: pms serve")


@main.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--home", type=click.Path(path_type=Path), default=Path("var/demo"), show_default=True)
@click.option("--fresh", is_flag=True, help="Throw the demo hotel away and make it anew.")
@click.option("--hour", type=click.IntRange(0, 23), help="The hour of today at which a new demo hotel begins.")
def demo(port: int, home: Path, *, fresh: bool, hour: int | None) -> None:
    """Start the demo hotel, with simulated card machines and doors."""
    from pms.demo import hotel

    with hotel.open_demo(home, port=port, fresh=fresh, say=click.echo, hour=hour) as app:
        click.echo(hotel.welcome(port))
        _listen(app, host="127.0.0.1", port=port, owns_ports=True)


@main.command()
@click.option("--server", required=True, help="Address of the server, https://…")
@click.option("--desk", required=True, help="Name of this desk, as on the page “Desks”.")
@click.option("--token-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="File with the token.")
@click.option(
    "--ca-file", type=click.Path(exists=True, dir_okay=False), help="Certificates to trust beside the system's."
)
@click.option(
    "--outage-pack",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the newest outage pack in this file, the two before beside it.",
)
@click.option(
    "--language", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Of the outage pack."
)
def agent(
    server: str, desk: str, token_file: Path | None, ca_file: str | None, outage_pack: Path | None, language: str
) -> None:
    """Own this desk's card machines for a server elsewhere; the token may also stand in PMS_AGENT_TOKEN."""
    import logging
    import os

    from pms.agent.client import BadAddress
    from pms.agent.program import Agent, SentAway

    token = token_file.read_text(encoding="utf-8") if token_file else os.environ.get("PMS_AGENT_TOKEN", "")
    if not token.strip():
        raise click.ClickException("Give the desk's token: --token-file, or PMS_AGENT_TOKEN.")
    logging.basicConfig(format="%(message)s")
    try:
        program = Agent(server, token, desk, ca_file=ca_file, outage_pack=outage_pack, language=language)
    except BadAddress as error:
        raise click.ClickException(str(error)) from error
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: program.stop())
    try:
        program.run()
    except SentAway as error:
        raise click.ClickException(str(error)) from error


@main.command("import-locks")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_locks(file: Path) -> None:
    """Import locks from the lock system's JSON answer (findAllByUserId)."""
    from pms.core import clock
    from pms.core.actor import SETUP
    from pms.core.errors import DomainError
    from pms.locks import schemas
    from pms.locks import service as locks

    found, faults = schemas.read(file.read_bytes())
    with _application().app_context():
        try:
            result = locks.import_locks(found=found, faults=faults, actor=SETUP, now=clock.now())
        except DomainError as error:
            raise click.ClickException(error.message % error.params) from error
    click.echo(str(result))


@main.command()
def backup() -> None:
    """Save the database now, also while the server runs."""
    from pms.backups import service as backups
    from pms.core import clock
    from pms.core.actor import SETUP
    from pms.core.errors import DomainError

    app = _application()
    settings = app.config["SETTINGS"]
    place = backups.Place(settings.database_url, settings.backup_folder, settings.home)
    try:
        with app.app_context():
            row = backups.make(place=place, actor=SETUP, now=clock.now())
            click.echo(f"{settings.backup_folder / row.name}: {row.size} bytes, read back and compared.")
    except DomainError as error:
        raise click.ClickException(error.message % error.params) from error


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Make the database of a backup, in an empty installation that has the master key of then."""
    from pms import restoring
    from pms.config import ConfigurationError
    from pms.core.errors import DomainError

    try:
        for line in restoring.run(file):
            click.echo(line)
    except (ConfigurationError, restoring.RestoreError) as error:
        raise click.ClickException(str(error)) from error
    except DomainError as error:
        raise click.ClickException(error.message % error.params) from error


@main.command("verify-audit")
def verify_audit() -> None:
    """Check the audit trail's chain from its first entry to its last, and the door records for which it vouches."""
    from pms.access_records import verifying
    from pms.audit import queries as audit

    with _application().app_context():
        result, records = audit.verify(), verifying.check()
    click.echo(str(result))
    click.echo(str(records))
    if records.faults or not result.is_intact:
        sys.exit(1)


@main.command("broker-files")
@click.option(
    "--to", "folder", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the two files."
)
def broker_files(folder: Path) -> None:
    """Write the password file and the ACL file for Mosquitto, for the broker of PMS_MQTT_URL."""
    from pms.gateways import log_ins
    from pms.link import broker_files as files

    app = _application()
    settings = app.config["SETTINGS"]
    if settings.broker is None:
        raise click.ClickException("PMS_MQTT_URL is not set: there is no broker to write files for.")
    with app.app_context():
        hashes = log_ins.password_hashes()
    try:
        written = files.write(folder, hashes=hashes, server=settings.broker, prefix=settings.topic_prefix)
    except OSError as error:
        raise click.ClickException(f"The files cannot be written there: {error.strerror}.") from error
    click.echo(f"{len(hashes)} gateways and 4G modules may log in. Let the broker read its files anew:")
    for path in written:
        click.echo(f"  {path}")


def _application() -> Flask:
    """The application on an up-to-date database."""
    from pms import schema
    from pms.app import create_app
    from pms.config import ConfigurationError, load_settings
    from pms.core.db import db

    try:
        app = create_app(load_settings())
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from error
    if not schema.is_current(db.engine):
        schema.upgrade(db.engine)
    return app


def _listen(app: Flask, *, host: str, port: int, owns_ports: bool) -> None:
    from waitress.server import create_server

    from pms import background

    try:
        server = create_server(app, host=host, port=port, threads=THREADS, ident=None)
    except OSError as error:
        raise click.ClickException(
            f"Port {port} cannot be used: {error.strerror}. Choose another with --port."
        ) from error
    _stop_on_signals()
    with background.running(app, wanted=owns_ports):
        try:
            server.run()
        except SystemExit:
            server.close()


def _stop_on_signals() -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        # A card that is being written is finished first; who asks twice must not break that off.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        raise SystemExit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
