"""The report about a store is made beside whoever writes to it."""

from __future__ import annotations

import asyncio
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from polypost import access
from polypost.doctor import report
from polypost.storage import Invariant, Store, metadata, open_store


def test_others_write_while_a_rule_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main(store: Store) -> None:
        loop, told = asyncio.get_running_loop(), list[str]()

        def slow(db: Connection, now: Any) -> list[str]:
            before = access.list_projects(db)
            writing = store.write(lambda db: access.create_project(db, "Meanwhile"))
            made = asyncio.run_coroutine_threadsafe(writing, loop).result(20)
            # A rule looks at one moment, however often it reads.
            assert access.list_projects(db) == before
            return [made.id]

        monkeypatch.setattr(import_module("polypost.doctor.report"), "RULES", [Invariant("I1", "slow", slow)])
        found = (await report(store, told.append)).findings
        assert (told, [len(each.ids) for each in found]) == (["I1: slow"], [1])

    async def opened() -> None:
        store = open_store(tmp_path)
        try:
            await store.write(metadata.create_all)
            await main(store)
        finally:
            await store.close()

    asyncio.run(opened())
