"""Inserts that meet a row which is there already, the same on both stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table

from polypost.storage.hot import HotInsert


def insert_new(db: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless one with the same unique columns is there; whether it is new."""
    return bool(_inserting(table, "DO NOTHING")(db, [row]).rowcount)


def upsert(
    db: Connection,
    table: Table,
    key: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    *,
    fixed: Sequence[str] = (),
) -> None:
    """Insert rows of the same columns; where one with the same `key` is there, it gets their values but the `fixed` ones."""
    changed = [name for name in rows[0] if name not in {*key, *fixed}]
    values = ", ".join(f"{name} = excluded.{name}" for name in changed)
    _inserting(table, f"({', '.join(key)}) DO UPDATE SET {values}")(db, rows)


@cache
def _inserting(table: Table, then: str) -> HotInsert:
    return HotInsert(table, dict.fromkeys(("sqlite", "postgresql"), f"ON CONFLICT {then}"))
