from __future__ import annotations

import pytest
from sqlalchemy import event

from pms.core.db import db


@pytest.fixture
def count_queries(app):
    """Says how many statements `do` sends to the database."""

    def count(do) -> int:
        seen = []

        def note(_connection, _cursor, statement, *_rest) -> None:
            if not statement.startswith("BEGIN"):
                seen.append(statement)

        db.session.rollback()
        db.session.expire_all()
        event.listen(db.engine, "before_cursor_execute", note)
        try:
            do()
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return len(seen)

    return count
