"""What an installation does with a backup: puts it back, checks it, and forgets what may have happened since it was made."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pms import schema
from pms.accounts import log_in
from pms.app import create_app
from pms.audit import queries as audit
from pms.backups import restoring
from pms.config import load_settings
from pms.core import clock
from pms.core.actor import SETUP
from pms.core.db import db, transaction
from pms.core.sealing import Vault, use_vault
from pms.mail import outbox
from pms.passcodes import service as passcodes

if TYPE_CHECKING:
    from collections.abc import Iterator


class RestoreError(Exception):
    """It cannot begin, or what was put back is not as it was; the text says what to do."""


def run(file: Path) -> Iterator[str]:
    """Put the backup into the installation that the environment names, which is empty; what was done, line by line.

    Passcodes begin a new epoch, since codes given out after the backup are unknown (protocol section 3.3). Counters of frames, issues
    of cards and door numbers need nothing: they follow the clock. Letters that waited are not sent a second time, and everybody logs
    in again.
    """
    home = Path(os.environ.get("PMS_HOME", "var"))
    if not os.environ.get("PMS_MASTER_KEY") and not (home / "master.key").exists():
        raise RestoreError(
            f"The backup is sealed with the master key of its installation. Put that file here first: {home / 'master.key'}"
        )
    settings = load_settings()
    use_vault(Vault(settings.master_key))
    restored = restoring.restore(file=file, database_url=settings.database_url)
    yield f"The backup of {restored.made_at} is back (made by version {restored.program})."
    app = create_app(settings)
    if not schema.is_current(db.engine):
        schema.upgrade(db.engine)
        yield "Its tables are brought up to this version."
    with app.app_context():
        check = audit.verify()
        yield str(check)
        if not check.is_intact:
            raise RestoreError("The audit trail in the backup is not whole. Nothing more was done.")
        now = clock.now()
        with transaction():
            moved = passcodes.move_epochs_on(actor=SETUP, now=now)
            letters = outbox.distrust(now=now)
            ended = log_in.end_all(now=now)
            restoring.note(restored=restored, epochs=moved.moved, actor=SETUP, now=now)
    yield f"Passcodes of {moved.moved} locks are made in a new generation from now on; those given out before go on opening."
    if moved.stuck:
        yield f"These locks must be set up anew before new passcodes are made for them: {', '.join(moved.stuck)}"
    yield f"{letters} letters that waited are not sent any more; {ended} log-ins are ended."
    yield "Guests whose data were removed on demand since then must be removed again. Start it with: pms serve"
