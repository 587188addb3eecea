"""Whether anything has happened since a page was made, so that a screen renews itself without being loaded anew.

The mark is the number of the newest audit entry: everything that staff, ports and doors do writes one, and the numbers are
given out under the head's lock, so that none appears behind a larger one. Gateways come and go without one, so they have
their own part in the mark. Time passes too: what is overdue, early or late
changes by the clock alone, so a quarter of an hour is as good as an entry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from pms.audit import queries as audit
from pms.core.db import db
from pms.gateways import carriers

if TYPE_CHECKING:
    from datetime import datetime

_QUARTER = 900


def mark(now: datetime) -> str:
    """What a page that is made now remembers; another mark later means that it may be out of date."""
    newest, *carried = db.session.execute(sa.select(audit.newest_entry(), *carriers.signs_of_change(now))).one()
    return f"{newest or 0}.{int(now.timestamp()) // _QUARTER}.{carriers.mark(carried)}"
