"""Every table of the program in one import, for migrations and for tests that make databases."""

from __future__ import annotations

from pms.access_records import models as access_records
from pms.accounts import models as accounts
from pms.alarms import models as alarms
from pms.audit import models as audit
from pms.backups import models as backups
from pms.core.db import Base
from pms.credentials import models as credentials
from pms.encoders import models as encoders
from pms.folios import models as folios
from pms.gateways import models as gateways
from pms.guests import models as guests
from pms.keycards import models as keycards
from pms.lock_commands import models as lock_commands
from pms.locks import models as locks
from pms.mail import models as mail
from pms.online_cards import models as online_cards
from pms.outage import models as outage
from pms.passcodes import models as passcodes
from pms.properties import models as properties
from pms.reservations import models as reservations
from pms.retention import models as retention
from pms.rooms import models as rooms
from pms.slots import models as slots
from pms.staffcards import models as staffcards
from pms.stays import models as stays
from pms.turns import models as turns

__all__ = [
    "Base",
    "access_records",
    "accounts",
    "alarms",
    "audit",
    "backups",
    "credentials",
    "encoders",
    "folios",
    "gateways",
    "guests",
    "keycards",
    "lock_commands",
    "locks",
    "mail",
    "online_cards",
    "outage",
    "passcodes",
    "properties",
    "reservations",
    "retention",
    "rooms",
    "slots",
    "staffcards",
    "stays",
    "turns",
]
