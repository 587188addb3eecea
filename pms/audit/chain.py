"""The link between two entries of the trail, the same for who writes and who checks."""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING, Any

from pms.core.sealing import vault

if TYPE_CHECKING:
    from collections.abc import Mapping

START = "0" * 64
_FIELDS = [
    "id",
    "at",
    "actor_kind",
    "actor_name",
    "account_id",
    "address",
    "action",
    "subject_kind",
    "subject_id",
    "subject_label",
    "room_id",
    "guest_id",
    "stay_id",
    "lock_id",
    "before",
    "after",
]


def digest(entry: Mapping[str, Any], previous: str) -> str:
    """The link of an entry, given by its columns: a keyed hash over the link before and every field."""
    values = {name: entry[name] for name in _FIELDS}
    # As it comes back from the database, in whatever zone the writer counted.
    values["at"] = entry["at"].astimezone(UTC).isoformat(timespec="microseconds")
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return vault().audit_digest(f"{previous}\n{text}".encode())
