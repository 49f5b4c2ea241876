"""Who is left alone because nobody answers, by a clock that the test moves (RELIABILITY P19, E3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from polypost.publishing.circuit_breaker import Caller, CircuitBreakers


@dataclass
class Watch:
    """Outages with a clock in the test's hand; accounts `a…` belong to project A, `b…` to B, and so on."""

    seconds: float = 1000.0
    place: str = "mastodon one.example"
    outages: CircuitBreakers = field(init=False)

    def __post_init__(self) -> None:
        self.outages = CircuitBreakers(monotonic=lambda: self.seconds, capacity=50)

    def caller(self, account: str, place: str | None = None) -> Caller:
        return Caller(account, account[0], place or self.place)

    def lost(self, *accounts: str) -> None:
        for account in accounts:
            self.outages.heard(self.caller(account), well=False)

    def answered(self, *accounts: str) -> None:
        for account in accounts:
            self.outages.heard(self.caller(account), well=True)

    def rest(self, account: str, place: str | None = None) -> float | None:
        said = self.outages.rest(self.caller(account, place))
        return None if said is None else said.total_seconds()

    def may(self, *accounts: str) -> list[str]:
        """Those of them that may try, asked one after the other."""
        return [account for account in accounts if self.rest(account) is None]


def test_an_account_rests_by_its_own_failures_and_nobody_with_it():
    watch = Watch()
    watch.answered("a1", "a2", "b1")
    watch.lost(*["a1"] * (CircuitBreakers.ENOUGH - 1))
    assert watch.rest("a1") is None
    watch.lost("a1")
    assert watch.rest("a1") == CircuitBreakers.SHORTEST
    assert watch.may("a2", "b1", "a9") == ["a2", "b1", "a9"]
    watch.seconds += CircuitBreakers.SHORTEST
    assert watch.rest("a1") is None
    assert watch.rest("a1") == 2 * CircuitBreakers.SHORTEST
    watch.answered("a1")
    assert watch.rest("a1") is None


def test_a_place_is_down_when_the_last_calls_of_three_accounts_were_lost():
    watch = Watch()
    accounts = ["a1", "a2", "a3", "a4", "a5"]
    assert watch.may(*accounts) == accounts
    watch.lost("a1", "a1", "a2")
    assert watch.may("a3", "a4", "a5") == ["a3", "a4", "a5"]
    watch.lost("a3")
    assert watch.may(*accounts, "a6") == []
    assert watch.rest("a1", "mastodon two.example") is None
    assert watch.rest("a7", "twitter") is None


def test_of_fewer_accounts_all_have_to_fail():
    watch = Watch()
    watch.lost("a1")
    assert watch.rest("a1") is not None
    assert watch.rest("a2") is None
    watch.lost("a2")
    assert watch.may("a1", "a2") == []


def test_where_other_projects_call_it_accounts_of_two_have_to_fail():
    watch = Watch()
    watch.lost("a1", "a2", "a3", "a4")
    assert watch.may("a1", "a5") == []
    # The first of another project shows that it was not for one alone to say.
    assert watch.may("b1", "a5", "a1") == ["b1", "a5", "a1"]
    watch.lost("b1")
    assert watch.may("a5", "a1", "b1", "c1") == []


def test_a_place_that_answered_anybody_in_the_last_minute_is_not_down():
    watch = Watch()
    watch.answered("b1")
    watch.seconds += CircuitBreakers.SILENCE - 1
    watch.lost("a1", "a2", "a3", "c1")
    assert watch.may("a1", "a4", "b1") == ["a1", "a4", "b1"]
    watch.seconds += 1
    # One looks what has become of it, and the others wait for that.
    assert len(watch.may("a1", "a4", "b1")) == 1


def test_the_probe_goes_to_the_account_that_failed_least_recently():
    watch = Watch()
    for account in ("a2", "a1", "a3"):
        watch.lost(account)
        watch.seconds += 1
    assert watch.may("a1", "a2", "a3") == []
    for probe in ("a2", "a1", "a3"):
        watch.seconds += CircuitBreakers.LONGEST
        assert watch.may("a3", "a1", "a2") == [probe]
        watch.lost(probe)
        watch.seconds += 1
    watch.seconds += CircuitBreakers.LONGEST
    assert watch.may("a2") == ["a2"]
    watch.answered("a2")
    assert watch.may("a3", "a1", "a2") == ["a3", "a1", "a2"]


def test_when_the_one_whose_turn_it_is_does_not_come_another_tries_a_moment_later():
    watch = Watch()
    for account in ("a1", "a2", "a3"):
        watch.lost(account)
        watch.seconds += 1
    assert watch.may("a1", "a2", "a3") == []
    watch.seconds += CircuitBreakers.LONGEST
    assert watch.rest("a3") == watch.rest("a2")
    watch.seconds += CircuitBreakers.TURN
    assert watch.may("a3", "a2") == ["a3"]


def test_the_pauses_grow_to_five_minutes():
    watch = Watch()
    watch.lost("a1")
    pauses = []
    for _ in range(10):
        pauses.append(watch.rest("a1"))
        watch.seconds += pauses[-1]
        assert watch.rest("a1") is None
        watch.lost("a1")
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (CircuitBreakers.SHORTEST, CircuitBreakers.LONGEST)


def test_memory_is_bounded_and_what_is_an_hour_old_counts_no_more():
    watch = Watch()
    for number in range(500):
        watch.lost(f"a{number}")
        watch.outages.heard(watch.caller(f"b{number}", f"server {number}"), well=False)
    assert len(watch.outages._accounts) == 50
    assert len(watch.outages._places) <= 50
    watch.seconds += 3601
    assert watch.may("a499", "a498") == ["a499", "a498"]
    assert len(watch.outages._accounts) == 2
    assert len(watch.outages._places) == 1


ACCOUNTS = ["a1", "a2", "a3", "a4", "b1", "c1"]
DEEDS = st.tuples(
    st.sampled_from(["lost", "answered", "ask"]),
    st.sampled_from(ACCOUNTS),
    st.sampled_from([0.0, 0.5, 3.0, 20.0, 61.0, 200.0]),
)


class Rule:
    """The rule as it is written, told from everything that happened."""

    def __init__(self) -> None:
        self.last: dict[str, bool | None] = {}
        self.in_vain: dict[str, int] = {}
        self.well: float | None = None

    def note(self, deed: str, account: str, now: float) -> None:
        self.last.setdefault(account, None)
        if deed == "ask":
            return
        self.last[account] = deed == "answered"
        self.in_vain[account] = 0 if deed == "answered" else self.in_vain.get(account, 0) + 1
        self.well = now if deed == "answered" else self.well

    def down(self, now: float) -> bool:
        failing = [account for account, well in self.last.items() if well is False]
        quiet = self.well is None or now - self.well >= 60
        return (
            bool(failing)
            and quiet
            and len(failing) >= min(3, len(self.last))
            and _projects(failing) >= min(2, _projects(self.last))
        )


def _projects(accounts: Iterable[str]) -> int:
    return len({account[0] for account in accounts})


@given(st.lists(DEEDS, max_size=60))
def test_who_may_try_is_who_the_rule_lets(deeds):
    watch, rule = Watch(), Rule()
    for deed, account, pause in deeds:
        watch.seconds += pause
        rule.note(deed, account, watch.seconds)
        if deed == "lost":
            watch.lost(account)
        elif deed == "answered":
            watch.answered(account)
        else:
            wait = watch.rest(account)
            down, tired = rule.down(watch.seconds), rule.in_vain.get(account, 0) >= CircuitBreakers.ENOUGH
            assert wait is None or down or tired
            assert wait is None or 0 < wait <= CircuitBreakers.LONGEST + CircuitBreakers.TURN
            if wait is None and down:
                # One at a time: nobody else may try at the same instant.
                assert watch.may(*rule.last) == []
        assert watch.rest("z1", "elsewhere") is None
