"""What the audit trail says of outage packs."""

from __future__ import annotations

from pms.core.text import N_
from pms.web.i18n import LANGUAGES

ACTIONS = {
    "outage.made": N_("Made an outage pack: %(subject)s"),
    "outage.fetched": N_("Took an outage pack away: %(subject)s"),
    "outage.set_up": N_("Changed how outage packs are made"),
    "outage.password_removed": N_("Removed the desk password of outage packs"),
}
FIELDS = {
    "sealed_codes": N_("Sealed passcodes"),
    "makes_codes": N_("Passcodes for arrivals"),
    "password": N_("Desk password"),
    "language": N_("Language"),
    "by": N_("By"),
}
VALUES = {"language": dict(LANGUAGES)}
