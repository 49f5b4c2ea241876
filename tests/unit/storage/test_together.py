"""Writes that are sent together: the same rows on both stores, one statement on PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.exc import IntegrityError
from tests.engine.stand_ins import Watched

from polypost.storage import (
    Change,
    HotInsert,
    HotSelect,
    HotUpdate,
    HotWrite,
    Insert,
    Instant,
    Json,
    Update,
    emit,
    fenced,
    together,
    told_with,
)
from polypost.storage.hot import DRIVER

PATIENCE = 30.0
NOON = datetime(2026, 4, 15, 12, 0, 0, 5, tzinfo=UTC)
everything = MetaData()
things = Table(
    "things",
    everything,
    Column("id", Text, primary_key=True),
    Column("number", Integer),
    Column("at", Instant),
    Column("body", Json),
    Column("done", Boolean),
)
others = Table("others", everything, Column("id", Text, primary_key=True), Column("number", Integer))
# Parameters of their own, and arrays.
FEW_AND_MANY = ("abcd", "abcdefghi")
SAME = dict.fromkeys(("sqlite", "postgresql"), "ON CONFLICT (id) DO UPDATE SET number = excluded.number + 10")
THINGS, OTHERS = HotInsert(things), HotInsert(others, SAME)
DROP = HotWrite(delete(things).where(things.c.number == bindparam("number")))
COPY = HotWrite(
    insert(others).from_select(
        ["id", "number"], select(bindparam("id", type_=Text()), func.count(things.c.id))
    )
)
OWN = HotUpdate(others, others.c.id == bindparam("id"), others.c.number == bindparam("owned"))
ALL = HotSelect(select(things).order_by(things.c.id), object)
OTHER = HotSelect(select(others).order_by(others.c.id), object)


@pytest.fixture
def tell(with_store):
    """Run a function in a transaction of a store with two more tables; it gets what was sent to the driver, too."""

    def run(story):
        async def prepared(store):
            await store.write(everything.create_all)

            def watched(db):
                sent: list[str] = []
                driver = db.info[DRIVER]
                db.info[DRIVER] = Watched(driver, lambda sql, _: sent.append(sql))
                try:
                    story(db, sent)
                finally:
                    db.info[DRIVER] = driver

            await store.write(watched)

        with_store(prepared)

    return run


def rows(*names: str, **more: Any) -> list[dict[str, Any]]:
    return [{"id": name, "number": place, **more} for place, name in enumerate(names)]


@pytest.mark.parametrize("names", FEW_AND_MANY)
def test_rows_of_several_tables_are_one_statement_on_postgresql(tell, names):
    def story(db, sent):
        THINGS(db, rows("old", done=True))
        OTHERS(db, rows("a"))
        sent.clear()
        some = rows(*names, at=NOON, body={"x": ["$1", None]}, done=False)
        together(
            db,
            [
                Change(DROP, {"number": 0}),
                Insert(THINGS, some[1:]),
                Insert(OTHERS, rows(*names[:-1])),
                Insert(THINGS, [{"id": "z"}]),
            ],
        )
        assert len(sent) == (1 if db.dialect.name == "postgresql" else 4)
        assert ALL(db) == [
            *((name, place, NOON, {"x": ["$1", None]}, False) for place, name in enumerate(names) if place),
            ("z", None, None, None, None),
        ]
        assert OTHER(db) == [("a", 10), *((name, place) for place, name in enumerate(names[:-1]) if place)]

    tell(story)


def test_one_write_is_its_own_statement(tell):
    def story(db, sent):
        together(db, [Insert(THINGS, rows("a", "b"))])
        together(db, [Change(COPY, {"id": "x"})])
        assert [statement[:6] for statement in sent] == ["INSERT", "INSERT"]
        assert OTHER(db) == [("x", 2)]

    tell(story)


def test_a_row_that_is_there_keeps_all_of_it_out(with_store):
    async def story(store):
        await store.write(everything.create_all)
        both = [Insert(OTHERS, rows("x")), Insert(THINGS, rows("a", "a"))]
        with pytest.raises(IntegrityError):
            await store.write(lambda db: together(db, both))
        assert await store.read(lambda db: (ALL(db), OTHER(db))) == ([], [])

    with_store(story)


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_what_is_asked_along_with_it_is_as_it_was_before(tell):
    query = HotSelect(
        select(things.c.id, things.c.at).where(things.c.number == bindparam("number")).order_by(things.c.id),
        object,
    )

    def story(db, sent):
        THINGS(db, rows("a", "b", at=NOON))
        sent.clear()
        writes = [Insert(THINGS, [{"id": "c", "number": 1}]), Insert(OTHERS, rows("x"))]
        assert told_with(db, writes, query, {"number": 1}) == [("b", NOON)]
        assert len(sent) == 1
        assert [row.id for row in query(db, {"number": 1})] == ["b", "c"]
        assert OTHER(db) == [("x", 0)]

    tell(story)


@pytest.mark.parametrize("names", FEW_AND_MANY)
@pytest.mark.parametrize("held", [True, False])
def test_what_a_fence_keeps_out_is_not_even_tried(tell, held, names):
    def story(db, sent):
        OTHERS(db, rows("mine"))
        THINGS(db, rows("a"))
        fence = Update(OWN, {"id": "mine", "owned": 0 if held else 7}, {"number": 1})
        assert fenced(db, fence, Insert(THINGS, rows("b" if held else "a"))) is held
        assert dict(OTHER(db))["mine"] == int(held)
        again = Update(OWN, {"id": "mine", "owned": 1 if held else 7}, {"number": 3})
        sent.clear()
        assert fenced(db, again, Insert(THINGS, rows(*names[2:] if held else "a" * len(names)))) is held
        assert len(sent) == (2 if held and db.dialect.name == "sqlite" else 1)
        assert [row.id for row in ALL(db)] == (list(names) if held else ["a"])

    tell(story)


def test_a_topic_is_heard_where_a_row_was_touched(with_store):
    async def story(store):
        await store.write(everything.create_all)
        await store.write(lambda db: OTHERS(db, rows("a", "b")))
        with store.signals.listen("up") as up:
            # On PostgreSQL the store's own ear has to be open first.
            async with asyncio.timeout(PATIENCE):
                while not await up.wait(0.1):
                    await store.write(lambda db: emit(db, "up"))
        with store.signals.listen("a") as a, store.signals.listen("c") as c:
            touched = [
                Update(OWN, {"id": name, "owned": 0}, {"number": 5}, topic=name) for name in ("a", "c")
            ]
            await store.write(lambda db: together(db, touched))
            assert await a.wait(PATIENCE)
            assert not await c.wait(0)

    with_store(story)
