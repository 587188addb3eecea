"""Makes the demo hotel through the same services that staff use, in one transaction: all of it or nothing."""

from __future__ import annotations

import csv
import io
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from pms.accounts import service as accounts
from pms.accounts.models import Role
from pms.core import clock
from pms.core.actor import SETUP, Actor
from pms.core.db import db, transaction
from pms.demo import calendar, people
from pms.frontdesk import service as frontdesk
from pms.guests import service as guests
from pms.keycards import service as keycards
from pms.locks import queries as lock_queries
from pms.locks import service as locks
from pms.properties import queries as property_queries
from pms.properties import service as properties
from pms.rooms import queries as room_queries
from pms.rooms import service as rooms
from pms.rooms.models import HousekeepingStatus
from pms.encoders import service as encoders
from pms.simulators.lock import VirtualLock
from pms.stays import service as stays

if TYPE_CHECKING:
    from pms.demo.world import World
    from pms.rooms.models import Room

PASSWORD = "latchkey-demo"  # noqa: S105 - opens demo databases only
LOG_INS = {
    "desk": "front desk",
    "housekeeper": "housekeeping",
    "technician": "maintenance",
    "manager": "manager",
    "admin": "administrator",
}
