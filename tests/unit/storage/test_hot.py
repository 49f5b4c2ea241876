"""Statements that are compiled once: what goes in and comes out is what SQLAlchemy would have made of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Integer,
    MetaData,
    Table,
    Text,
    and_,
    bindparam,
    event,
    func,
    or_,
    select,
)
from sqlalchemy.exc import IntegrityError

from polypost.storage import HotInsert, HotSelect, HotUpdate, Instant, Json

NOON = datetime(2026, 4, 15, 12, 0, 0, 5, tzinfo=UTC)
things = Table(
    "things",
    MetaData(),
    Column("id", Text, primary_key=True),
    Column("number", Integer),
    Column("at", Instant),
    Column("body", Json),
    Column("done", Boolean),
)
T = things.c
INSERT = HotInsert(things)
ONE = HotSelect(select(things).where(T.id == bindparam("id")), object)
SET = HotUpdate(things, T.id == bindparam("id"))


@pytest.fixture
def tell(with_store):
    """Run a function in a transaction of a store with one more table."""

    def run(story):
        async def prepared(store):
            await store.write(things.create)
            await store.write(story)
            # A reader has a connection of its own.
            assert await store.read(lambda db: ONE.first(db, {"id": "absent"})) is None

        with_store(prepared)

    return run


def test_values_come_back_as_what_they_were(tell):
    def story(db):
        INSERT(db, [{"id": "a", "number": 1, "at": NOON, "body": {"b": [1, None]}, "done": True}])
        INSERT(db, [{"id": "b"}, {"id": "c"}])
        row = ONE.first(db, {"id": "a"})
        assert row == ("a", 1, NOON, {"b": [1, None]}, True)
        assert row._asdict() == {"id": "a", "number": 1, "at": NOON, "body": {"b": [1, None]}, "done": True}
        assert row.done is True
        assert ONE(db, {"id": "b"}) == [("b", None, None, None, None)]
        assert ONE.made({"id": "b"}) == ONE.first(db, {"id": "b"})

    tell(story)


@pytest.mark.parametrize("nowhere", [(), ("number",), ("at", "done"), ("number", "at", "body", "done")])
def test_many_rows_of_which_columns_are_empty(tell, nowhere):
    def story(db):
        rows = [
            {"id": f"{number}", "number": number, "at": NOON, "body": {"b": number}, "done": number > 3}
            for number in range(6)
        ]
        rows[2].update({"number": None, "at": None, "body": None})
        rows = [row | dict.fromkeys(nowhere) for row in rows]
        (INSERT.at_once if db.dialect.name == "postgresql" else INSERT)(db, rows)
        assert [ONE.first(db, {"id": row["id"]})._asdict() for row in rows] == rows

    tell(story)


def test_an_update_sets_what_it_is_given_and_counts(tell):
    def story(db):
        INSERT(db, [{"id": each, "number": 1} for each in "abc"])
        assert SET(db, {"id": "a"}, {"number": 2, "at": NOON, "done": False}) == 1
        assert SET(db, {"id": "a"}, {"body": ["x"], "at": None}) == 1
        assert SET(db, {"id": "absent"}, {"number": 3}) == 0
        assert ONE.first(db, {"id": "a"}) == ("a", 2, None, ["x"], False)
        every = HotUpdate(things, T.number == bindparam("number"))
        assert every(db, {"number": 1}, {"number": 4}) == 2

    tell(story)


def test_a_condition_on_a_column_that_is_set_has_its_own_value(tell):
    def story(db):
        INSERT(db, [{"id": "a", "number": 1, "at": NOON}])
        move = HotUpdate(things, T.id == bindparam("id"), T.number == bindparam("number"))
        assert move(db, {"id": "a", "number": 1}, {"number": 2, "id": "b"}) == 1
        assert move(db, {"id": "b", "number": 1}, {"number": 3, "id": "b"}) == 0
        assert ONE.first(db, {"id": "b"}).number == 2

    tell(story)


def test_what_a_statement_fixes_needs_no_parameter(tell):
    def story(db):
        INSERT(db, [{"id": each, "number": place, "at": NOON} for place, each in enumerate("abcd")])
        some = and_(T.at == NOON, or_(T.number.in_((1, 2)), T.id == bindparam("id"), T.id == bindparam("id")))
        query = HotSelect(
            select(T.id).where(some).order_by(T.id).limit(2).with_for_update(skip_locked=True), object
        )
        assert [row.id for row in query(db, {"id": "a"})] == ["a", "b"]
        assert [row.id for row in query(db, {"id": "d"})] == ["b", "c"]
        assert HotUpdate(things, some)(db, {"id": "d"}, {"number": 9}) == 3
        with pytest.raises(KeyError):
            query(db)

    tell(story)


def test_a_column_without_a_name_has_its_place(tell):
    def story(db):
        INSERT(db, [{"id": "a"}])
        assert HotSelect(select(func.count(), T.id).group_by(T.id), tuple)(db) == [(1, "a")]

    tell(story)


def test_a_statement_is_compiled_once_for_each_set_of_columns(tell):
    def story(db):
        hot = HotUpdate(things, T.id == bindparam("id"))
        for number in range(3):
            hot(db, {"id": "a"}, {"number": number})
            hot(db, {"id": "a"}, {"number": number, "done": True})
        assert len(hot._built) == 2

    tell(story)


def test_an_error_is_the_one_that_sqlalchemy_would_raise(with_store):
    async def story(store):
        await store.write(things.create)
        with pytest.raises(IntegrityError):
            await store.write(lambda db: [INSERT(db, [{"id": "a"}]) for _ in range(2)])
        assert await store.read(lambda db: ONE(db, {"id": "a"})) == []

    with_store(story)


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_sqlites_own_cursor_runs_them(tell):
    def story(db):
        said = []
        event.listen(db, "before_cursor_execute", lambda *args: said.append(args[2]))
        INSERT(db, [{"id": "a"}])
        SET(db, {"id": "a"}, {"number": 1})
        assert ONE.first(db, {"id": "a"}).number == 1
        assert said == []

    tell(story)
