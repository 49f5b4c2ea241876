"""What must hold of accounts at any moment (RELIABILITY §5)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import (
    Connection,
    and_,
    or_,
    select,
)

from polypost.integrations.tables import integrations
from polypost.storage import SAMPLE, Invariant


def _token_in_clear(db: Connection, now: datetime) -> Iterable[str]:
    sealed = "v1.%"
    clear = [
        and_(column.is_not(None), column.not_like(sealed))
        for column in (integrations.c.access_token, integrations.c.refresh_token, integrations.c.extra)
    ]
    return db.execute(select(integrations.c.id).where(or_(*clear)).limit(SAMPLE)).scalars()


INVARIANTS = (Invariant("I9", "accounts with a token in clear", _token_in_clear),)
