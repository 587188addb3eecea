"""The JSON of locks, in and out: the only place that knows its names (see the lock-server document)."""

from __future__ import annotations

from pms.locks.schemas.reading import FEATURES, MAX_BYTES, SECRET_FIELDS, read, read_features
from pms.locks.schemas.rows import EXTENDED, PLAIN, LockRow, write

__all__ = ["EXTENDED", "FEATURES", "MAX_BYTES", "PLAIN", "SECRET_FIELDS", "LockRow", "read", "read_features", "write"]
