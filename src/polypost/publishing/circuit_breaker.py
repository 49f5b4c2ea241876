"""Who is left alone because nobody answers: an account by its own failures, a network or server by those of several."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from polypost import clock

log = structlog.get_logger("polypost.publishing")


@dataclass(frozen=True, slots=True)
class Caller:
    """An account, the project it belongs to, and what it calls: a network or, where servers are own, its server."""

    account: str
    project: str
    place: str


@dataclass(slots=True)
class _Rest:
    """A pause that grows with every try in vain."""

    pause: float = 0.0
    until: float = 0.0

    def begin(self, now: float) -> None:
        if not self.pause:
            self.pause, self.until = CircuitBreakers.SHORTEST, now + CircuitBreakers.SHORTEST

    def tried(self, now: float) -> None:
        """One tries now; the others wait for what it finds, and longer each time."""
        self.pause = min(max(self.pause * 2, CircuitBreakers.SHORTEST), CircuitBreakers.LONGEST)
        self.until = now + self.pause

    def end(self) -> None:
        self.pause = self.until = 0.0


@dataclass(slots=True)
class _Account:
    """What is known of a caller; `failed` is when its last call was lost, `back` when it comes again to ask."""

    caller: Caller
    heard: float
    in_vain: int = 0
    failed: float | None = None
    back: float | None = None
    rest: _Rest = field(default_factory=_Rest)


class _Group:
    """Accounts, and how many of them each project has."""

    def __init__(self) -> None:
        self.accounts: dict[str, _Account] = {}
        self.projects: Counter[str] = Counter()

    def add(self, account: _Account) -> None:
        if account.caller.account not in self.accounts:
            self.accounts[account.caller.account] = account
            self.projects[account.caller.project] += 1

    def drop(self, account: _Account) -> None:
        if self.accounts.pop(account.caller.account, None) is not None:
            self.projects[account.caller.project] -= 1
            if not self.projects[account.caller.project]:
                del self.projects[account.caller.project]


@dataclass(slots=True)
class _Place:
    """The accounts that call a network or server, those whose last call was lost, and when one was last answered."""

    known: _Group = field(default_factory=_Group)
    failing: _Group = field(default_factory=_Group)
    well: float | None = None
    rest: _Rest = field(default_factory=_Rest)
    turn: _Account | None = None
    turn_ends: float = 0.0
    # Whether the log says that it is down.
    told: bool = False

    def down(self, now: float) -> bool:
        """Whether the last calls of enough accounts were lost, and none was answered for a while."""
        if not self.failing.accounts or (self.well is not None and now - self.well < CircuitBreakers.SILENCE):
            return False
        enough = len(self.failing.accounts) >= min(CircuitBreakers.ACCOUNTS, len(self.known.accounts))
        return enough and len(self.failing.projects) >= min(
            CircuitBreakers.PROJECTS, len(self.known.projects)
        )

    def wait(self, account: _Account, now: float) -> float:
        """Seconds that this account has to wait for the place; 0 or less when it may try."""
        if not self.down(now):
            return 0.0
        if now < self.rest.until:
            return self.rest.until - now
        if self.turn is None:
            self.turn_ends = now + CircuitBreakers.TURN
            soon = [
                each for each in self.known.accounts.values() if (each.back or math.inf) <= self.turn_ends
            ]
            self.turn = min([account, *soon], key=lambda each: each.failed or 0.0)
        # Should the post of the one whose turn it is be gone by now, anybody tries a moment later.
        return 0.0 if self.turn is account else self.turn_ends - now

    def tried(self, account: _Account, now: float) -> None:
        """This account tries now."""
        if self.turn is not account:
            for each in self.known.accounts.values():
                # Whoever was expected for this turn and has not come has nothing to publish any more.
                if each.back is not None and each.back < self.turn_ends:
                    each.back = None
        self.turn = None
        self.rest.tried(now)


class CircuitBreakers:
    """What is down, as this process sees it; work for it must not take the seats of the others (P19, E3).

    An account is left alone after `ENOUGH` of its calls in a row without a proper answer. A network, or a server where
    servers are own, is left alone when the last calls of `ACCOUNTS` accounts, or of all if there are fewer, were lost and
    none was answered for `SILENCE` seconds; where several projects call it, those are accounts of `PROJECTS` of them. One
    target at a time then tries again, after pauses of 5 seconds to 5 minutes; it is one of the account that has not
    failed for longest. Waiting is no try and is bounded by the late grace. Known are the accounts of the last hour.
    """

    ENOUGH = 5
    ACCOUNTS = 3
    PROJECTS = 2
    SILENCE = 60.0
    SHORTEST = 5.0
    LONGEST = 300.0
    TURN = 2.0
    MEMORY = 3600.0

    def __init__(self, *, monotonic: Callable[[], float] = clock.monotonic, capacity: int = 20_000) -> None:
        self._monotonic = monotonic
        self._capacity = capacity
        self._accounts: OrderedDict[str, _Account] = OrderedDict()
        self._places: dict[str, _Place] = {}

    def heard(self, caller: Caller, *, well: bool) -> None:
        """Note a call that was answered, or one that was not."""
        account, place, now = self._known(caller)
        if well:
            if place.told:
                place.told = False
                log.info("a network answers again", place=caller.place)
            account.in_vain, account.failed = 0, None
            account.rest.end()
            place.failing.drop(account)
            place.well, place.turn = now, None
            place.rest.end()
            return
        account.in_vain += 1
        account.failed = now
        place.failing.add(account)
        if account.in_vain >= self.ENOUGH:
            account.rest.begin(now)
        if place.down(now):
            if not place.told:
                place.told = True
                log.warning(
                    "nobody answers at a network", place=caller.place, accounts=len(place.failing.accounts)
                )
            place.rest.begin(now)

    def resting(self) -> list[str]:
        """The places that are left alone now: networks by id, named servers behind their network's."""
        now = self._monotonic()
        return sorted(name for name, place in self._places.items() if place.down(now))

    def rest(self, caller: Caller) -> timedelta | None:
        """How long this account has to leave the network alone; None for whoever may try now."""
        account, place, now = self._known(caller)
        wait = max(account.rest.until - now, place.wait(account, now))
        if wait > 0:
            account.back = now + wait
            return timedelta(seconds=wait)
        if place.down(now):
            place.tried(account, now)
        if account.in_vain >= self.ENOUGH:
            account.rest.tried(now)
        account.back = None
        return None

    def _known(self, caller: Caller) -> tuple[_Account, _Place, float]:
        now = self._monotonic()
        account = self._accounts.get(caller.account)
        if account is not None and account.caller != caller:
            self._forget(account)
            account = None
        if account is None:
            account = self._accounts[caller.account] = _Account(caller, now)
            self._places.setdefault(caller.place, _Place()).known.add(account)
        account.heard = now
        self._accounts.move_to_end(caller.account)
        oldest = next(iter(self._accounts.values()))
        while oldest.heard < now - self.MEMORY or len(self._accounts) > self._capacity:
            self._forget(oldest)
            oldest = next(iter(self._accounts.values()))
        return account, self._places[caller.place], now

    def _forget(self, account: _Account) -> None:
        place = self._places[account.caller.place]
        del self._accounts[account.caller.account]
        place.known.drop(account)
        place.failing.drop(account)
        if not place.known.accounts:
            del self._places[account.caller.place]
