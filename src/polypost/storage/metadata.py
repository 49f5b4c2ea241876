"""The one MetaData all rooms put their tables in, and the column types and indexes both stores share."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic_core import to_json
from sqlalchemy import BigInteger, Dialect, Index, MetaData, Text, text
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(value: datetime | None) -> int | None:
    """An instant as it is stored."""
    return None if value is None else (value - _EPOCH) // _MICROSECOND


def _from_microseconds(value: int | None) -> datetime | None:
    return None if value is None else _EPOCH + timedelta(0, 0, value)


class Instant(TypeDecorator[datetime]):
    """An aware instant, stored as whole microseconds since 1970 UTC so that both stores sort it alike."""

    impl = BigInteger
    cache_ok = True

    # The functions themselves in place of methods for single values: on the way of a post there are fifty of these.
    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], int | None]:
        return microseconds

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[int | None], datetime | None]:
        return _from_microseconds


class Json(TypeDecorator[Any]):
    """A JSON value in a text column; key order is kept, which PostgreSQL's jsonb would not do."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else to_json(value).decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of those rows alone for which `where` holds, in SQL that both stores read alike."""
    rows = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=rows, postgresql_where=rows)
