"""The ledger with a monthly allowance: drawn first, lapsing at the month's end, given back to where it came from."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from polypost import access
from polypost.credits import funds
from polypost.credits import service as credits
from polypost.credits.tables import balances, usage
from polypost.doctor import findings
from polypost.errors import PaymentRequired
from polypost.storage import Store

NOVEMBER = datetime(2026, 11, 24, 12, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)
PROJECT = "prj_a"


@dataclass(frozen=True)
class Has:
    """What a project may spend."""

    monthly_credits: int | None = None
    credit_limit: int | None = None


def entry(name: str, amount: int = 1, generation: int = 1) -> credits.Entry:
    return credits.Entry(name, generation, amount, "twitter", "int_1")


@pytest.fixture
def on(with_store: Callable[..., Any]) -> Callable[..., Any]:
    """Run `story(do, left)` on a store: `do` is one transaction, `left` the month's and the lasting credits."""

    def run(story: Callable[..., Any]) -> None:
        async def main(store: Store) -> None:
            async def do(fn: Callable[..., Any], *args: Any, **named: Any) -> Any:
                return await store.write(lambda db: fn(db, PROJECT, *args, **named))

            async def left(has: Has, at: datetime) -> tuple[int, int]:
                found = await store.read(lambda db: funds.balance(db, PROJECT, has, at))
                assert found.left == found.monthly_left + found.lasting_left
                return found.monthly_left, found.lasting_left

            await story(do, left)
            assert [each.rule for each in await store.read(lambda db: findings(db, DECEMBER))] == []

        with_store(main)

    return run


def test_the_allowance_is_drawn_first(on: Callable[..., Any]) -> None:
    async def story(do: Any, left: Any) -> None:
        has = Has(3, 2)
        await do(credits.reserve, [entry("a"), entry("b")], funds=has, at=NOVEMBER)
        assert await left(has, NOVEMBER) == (1, 2)
        await do(credits.charge, entry("c", 2), funds=has, at=NOVEMBER)
        assert await left(has, NOVEMBER) == (0, 1)
        with pytest.raises(PaymentRequired, match="needs 2 credits and 1 are left"):
            await do(credits.reserve, [entry("d"), entry("e")], funds=has, at=NOVEMBER)
        assert await left(has, NOVEMBER) == (0, 1)
        # What is done already is charged all the same.
        await do(credits.charge, entry("f", 5), funds=has, at=NOVEMBER, owed=True)
        assert await left(has, NOVEMBER) == (0, 0)

    on(story)


def test_a_new_month_brings_it_anew_without_what_was_left(on: Callable[..., Any]) -> None:
    async def story(do: Any, left: Any) -> None:
        has = Has(3)
        await do(credits.charge, entry("a"), funds=has, at=DECEMBER - timedelta(microseconds=1))
        assert await left(has, DECEMBER - timedelta(microseconds=1)) == (2, 0)
        assert await left(has, DECEMBER) == (3, 0)
        await do(credits.reserve, [entry("b", 3)], funds=has, at=DECEMBER)
        with pytest.raises(PaymentRequired):
            await do(credits.reserve, [entry("c")], funds=has, at=DECEMBER)

    on(story)


def test_a_release_goes_back_to_where_it_came_from(on: Callable[..., Any]) -> None:
    async def story(do: Any, left: Any) -> None:
        has = Has(2, 2)
        both = [entry("a"), entry("b", 2)]
        await do(credits.reserve, both, funds=has, at=NOVEMBER)
        assert await left(has, NOVEMBER) == (0, 1)
        await do(credits.release, both[1:], at=NOVEMBER)
        assert await left(has, NOVEMBER) == (1, 2)
        await do(credits.release, both[:1], at=DECEMBER)
        # November has its credit back, December is not richer for it.
        assert await left(has, DECEMBER) == (2, 2)
        assert await left(has, NOVEMBER) == (2, 2)

    on(story)


def test_an_edit_in_a_later_month_pays_the_difference_only(on: Callable[..., Any]) -> None:
    async def story(do: Any, left: Any) -> None:
        has = Has(2, 1)
        old = [entry("a"), entry("b")]
        await do(credits.reserve, old, funds=has, at=NOVEMBER)
        await do(credits.charge, entry("spent", 2), funds=has, at=DECEMBER)
        assert await left(has, DECEMBER) == (0, 1)
        new = [entry("c"), entry("d")]
        await do(credits.replace, old, new, funds=has, at=DECEMBER)
        assert await left(has, DECEMBER) == (0, 1)
        wider = [entry("e"), entry("f"), entry("g")]
        await do(credits.replace, new, wider, funds=has, at=DECEMBER)
        assert await left(has, DECEMBER) == (0, 0)
        with pytest.raises(PaymentRequired, match="needs 4 credits and 3 are left"):
            await do(credits.replace, wider, [entry(each) for each in "hijk"], funds=has, at=DECEMBER)
        narrower = [entry("l")]
        await do(credits.replace, wider, narrower, funds=has, at=DECEMBER)
        assert await left(has, DECEMBER) == (0, 1)

    on(story)


def test_an_edit_of_a_dear_post_keeps_both_its_sources(on: Callable[..., Any]) -> None:
    async def story(do: Any, left: Any) -> None:
        has = Has(3, 2)
        await do(credits.reserve, [entry("a", 5)], funds=has, at=NOVEMBER)
        await do(credits.charge, entry("spent", 3), funds=has, at=DECEMBER)
        await do(credits.replace, [entry("a", 5)], [entry("b", 5)], funds=has, at=DECEMBER)
        assert await left(has, DECEMBER) == (0, 0)

    on(story)


def test_without_an_allowance_nothing_is_drawn_from_one(on: Callable[..., Any]) -> None:
    async def story(do: Any, left: Any) -> None:
        await do(credits.reserve, [entry("a", 7)], funds=Has(), at=NOVEMBER)
        await do(credits.reserve, [entry("b", 2)], funds=Has(None, 9), at=NOVEMBER)
        assert await left(Has(None, 9), NOVEMBER) == (0, 0)
        # What was spent before there was an allowance is none of its business.
        assert await left(Has(4), NOVEMBER) == (4, 0)
        await do(credits.charge, entry("c", 4), funds=Has(4), at=NOVEMBER)
        for has, expected in ((Has(2), (0, 0)), (Has(6), (2, 0)), (Has(0, 12), (0, 3))):
            assert await left(has, NOVEMBER) == expected

    on(story)


def kept(db: Connection, project: str) -> dict[int, int]:
    """The balance that is kept of a project, by month."""
    query = select(balances.c.cycle, balances.c.drawn).where(balances.c.project_id == project)
    return {row.cycle: row.drawn for row in db.execute(query)}


def test_a_balance_is_kept_for_a_project_with_a_limit_only(on: Callable[..., Any]) -> None:
    async def story(do: Any, left: Any) -> None:
        free, limited = Has(), Has(3, 10)
        await do(credits.reserve, [entry("a", 2), entry("b")], funds=free, at=NOVEMBER)
        await do(credits.release, [entry("b")], at=NOVEMBER)
        assert await do(kept) == {}
        # Its first draw sums what was drawn before there was a limit, the others add to it.
        await do(credits.reserve, [entry("c", 4)], funds=limited, at=NOVEMBER)
        assert await do(kept) == {0: 3, 202611: 3}
        await do(credits.release, [entry("c", 4)], at=DECEMBER)
        await do(credits.charge, entry("d"), funds=limited, at=DECEMBER)
        await do(credits.settle, entry("a", 2), at=DECEMBER)
        assert await do(kept) == {0: 2, 202611: 0, 202612: 1}
        await do(credits.reserve, [entry("e")], funds=free, at=DECEMBER)
        assert await do(kept) == {}
        await do(credits.reserve, [entry("f")], funds=limited, at=DECEMBER)
        assert await do(kept) == {0: 3, 202611: 0, 202612: 2}

    on(story)


@dataclass
class Model:
    """The same rules with counters, to compare the sums with."""

    monthly: int
    lasting: int
    used: dict[int, int] = field(default_factory=dict)
    used_lasting: int = 0
    held: dict[str, tuple[int, int, int]] = field(default_factory=dict)

    def take(self, name: str, amount: int, month: int) -> bool:
        share = min(amount, self.monthly - self.used.get(month, 0))
        if amount - share > self.lasting - self.used_lasting:
            return False
        self.used[month] = self.used.get(month, 0) + share
        self.used_lasting += amount - share
        self.held[name] = (month, share, amount - share)
        return True

    def give(self, name: str) -> None:
        month, share, rest = self.held.pop(name)
        self.used[month] -= share
        self.used_lasting -= rest


@pytest.mark.parametrize("seed", range(4))
def test_any_story_is_what_counters_say(on: Callable[..., Any], seed: int) -> None:
    dice = random.Random(seed)

    async def story(do: Any, left: Any) -> None:
        has, model = Has(6, 10), Model(6, 10)
        amounts: dict[str, int] = {}
        at = NOVEMBER

        def step(db: Connection, project: str, number: int) -> None:
            month = funds.cycle_of(at)
            if model.held and dice.random() < 0.45:
                name = dice.choice(sorted(model.held))
                if dice.random() < 0.5:
                    credits.settle(db, project, entry(name, amounts[name]), at=at)
                    del model.held[name]
                else:
                    credits.release(db, project, [entry(name, amounts[name])], at=at)
                    model.give(name)
                return
            name, amount = f"t{number}", dice.randint(1, 4)
            amounts[name] = amount
            can = model.take(name, amount, month)
            if can:
                credits.reserve(db, project, [entry(name, amount)], funds=has, at=at)
            else:
                with pytest.raises(PaymentRequired):
                    credits.reserve(db, project, [entry(name, amount)], funds=has, at=at)

        for number in range(60):
            await do(step, number)
            month = funds.cycle_of(at)
            assert await left(has, at) == (
                model.monthly - model.used.get(month, 0),
                model.lasting - model.used_lasting,
            )
            if dice.random() < 0.15:
                at += timedelta(days=11)

    on(story)


def test_the_doctor_sees_what_cannot_be(with_store: Callable[..., Any]) -> None:
    async def main(store: Store) -> None:
        project = await store.write(lambda db: access.create_project(db, "Ours"))
        await store.write(lambda db: access.change_project(db, project.id, monthly_credits=2) and None)

        def break_it(db: Connection) -> None:
            credits.charge(db, project.id, entry("a", 3), funds=Has(9), at=NOVEMBER)
            credits.release(db, project.id, [entry("never reserved")], at=NOVEMBER)

        await store.write(break_it)
        found = await store.read(lambda db: findings(db, NOVEMBER))
        assert {(each.rule, each.ids) for each in found} == {
            ("I5", (project.id,)),
            ("I5", ("never reserved",)),
        }
        later = await store.read(lambda db: findings(db, DECEMBER))
        assert project.id not in {each for one in later for each in one.ids}

    with_store(main)


@pytest.mark.parametrize("column", [balances.c.drawn, usage.c.credits], ids=["balances", "usage"])
def test_the_doctor_compares_running_sums_with_the_ledger(
    with_store: Callable[..., Any], column: Any
) -> None:
    async def main(store: Store) -> None:
        await store.write(lambda db: credits.charge(db, PROJECT, entry("a"), funds=Has(2, 3), at=NOVEMBER))
        assert await store.read(lambda db: findings(db, NOVEMBER)) == []
        one_more = update(column.table).values({column: column + 1})
        await store.write(lambda db: db.execute(one_more) and None)
        found = await store.read(lambda db: findings(db, NOVEMBER))
        assert [(each.rule, each.ids) for each in found] == [("I5", (PROJECT,))]

    with_store(main)


def test_usage_is_summed_by_month_network_and_account(with_store: Callable[..., Any]) -> None:
    async def main(store: Store) -> None:
        def spend(db: Connection) -> None:
            end = DECEMBER - timedelta(microseconds=1)
            for name, at in (("a", NOVEMBER), ("b", end), ("c", DECEMBER)):
                credits.reserve(db, PROJECT, [entry(name, 2)], funds=Has(), at=NOVEMBER)
                credits.settle(db, PROJECT, entry(name, 2), at=at)
            credits.reserve(db, PROJECT, [entry("d")], funds=Has(), at=NOVEMBER)
            credits.charge(db, PROJECT, credits.Entry("e", 1, 7, "ai", ""), funds=Has(), at=DECEMBER)

        await store.write(spend)
        assert await store.read(lambda db: credits.usage(db, PROJECT)) == [
            credits.Usage(2026, 11, 4, {"twitter": 4}),
            credits.Usage(2026, 12, 9, {"twitter": 2, "ai": 7}),
        ]
        assert await store.read(lambda db: credits.usage(db, "prj_b")) == []

    with_store(main)
