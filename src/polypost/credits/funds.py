"""Where credits come from: the month's allowance first, then those that never lapse.

A ledger entry that drew from an allowance says how much and of which month, so that what is left is a sum over
the ledger, by month: nothing is reset when a month ends, and a release goes back to where it came from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy import Connection

from polypost.credits import balances
from polypost.errors import PaymentRequired


class Funds(Protocol):
    """What a project may spend; both None is no limit. An allowance alone leaves nothing beyond it."""

    @property
    def monthly_credits(self) -> int | None:
        """Credits that come anew each calendar month (UTC) and lapse at its end."""

    @property
    def credit_limit(self) -> int | None:
        """Credits that never lapse, what has been spent of them included."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What a project has and what it drew, reservations included; `monthly` is None without an allowance."""

    monthly: int | None
    monthly_drawn: int
    lasting: int
    lasting_drawn: int

    @property
    def monthly_left(self) -> int:
        """What this month's allowance still holds."""
        return max(0, (self.monthly or 0) - self.monthly_drawn)

    @property
    def lasting_left(self) -> int:
        """What is left of the credits that never lapse."""
        return max(0, self.lasting - self.lasting_drawn)

    @property
    def left(self) -> int:
        """Everything that can be spent now."""
        return self.monthly_left + self.lasting_left


def cycle_of(at: datetime) -> int:
    """The month an instant lies in, as 202611."""
    moment = at.astimezone(UTC)
    return moment.year * 100 + moment.month


def month_of(at: datetime) -> tuple[datetime, datetime]:
    """When the month begins in which an instant lies, and when the next one does."""
    moment = at.astimezone(UTC)
    start = datetime(moment.year, moment.month, 1, tzinfo=UTC)
    return start, datetime(moment.year + moment.month // 12, moment.month % 12 + 1, 1, tzinfo=UTC)


def unlimited(funds: Funds) -> bool:
    """Whether nothing limits the project."""
    return funds.monthly_credits is None and funds.credit_limit is None


def balance(db: Connection, project_id: str, funds: Funds, at: datetime) -> Balance:
    """The project's balance in the month of `at`; nothing of nothing for one without a limit."""
    monthly, lasting = (0, 0) if unlimited(funds) else balances.read(db, project_id, cycle_of(at))
    return Balance(funds.monthly_credits, monthly, funds.credit_limit or 0, lasting)


@dataclass(frozen=True, slots=True)
class Draw:
    """How much of an amount an allowance paid, and that of which month."""

    monthly: int = 0
    cycle: int = 0

    def columns(self) -> dict[str, int]:
        """The ledger's columns for it; none where no allowance was touched."""
        return {"monthly": self.monthly, "cycle": self.cycle} if self.monthly else {}


def draw(
    db: Connection,
    project_id: str,
    amounts: Iterable[int],
    *,
    funds: Funds,
    at: datetime,
    given_back: Mapping[int, int] | None = None,
    owed: bool = False,
) -> list[Draw]:
    """How each amount is paid; nobody else draws until this transaction ends.

    Raises PaymentRequired when the project has too little, unless it is `owed` all the same.
    `given_back` holds what was just released to allowances, by month: that of a past month would lapse, and may be
    drawn once more by what stands in its place.
    """
    asked = list(amounts)
    if unlimited(funds):
        return [Draw()] * len(asked)
    balances.keep(db, project_id)
    now = cycle_of(at)
    has = balance(db, project_id, funds, at)
    past = {cycle: amount for cycle, amount in (given_back or {}).items() if cycle != now}
    left = has.left + sum(past.values())
    purse = _Purse(now, has.monthly_left, has.lasting_left, past)
    draws = [purse.draw(amount, owed=owed) for amount in asked]
    if None in draws:
        raise too_little(sum(asked), left)
    return [each for each in draws if each is not None]


def too_little(asked: int, left: int) -> PaymentRequired:
    """The refusal of a project that has too few credits."""
    return PaymentRequired(
        f"This needs {asked} credits and {left} are left.",
        next_step="Raise the project's limit or publish to fewer accounts.",
    )


@dataclass(slots=True)
class _Purse:
    cycle: int
    monthly: int
    lasting: int
    past: dict[int, int]

    def draw(self, amount: int, *, owed: bool) -> Draw | None:
        for cycle, left in self.past.items():
            share = min(amount, left)
            if share and amount - share <= self.lasting:
                self.past[cycle] -= share
                self.lasting -= amount - share
                return Draw(share, cycle)
        share = min(amount, self.monthly)
        if amount - share > self.lasting and not owed:
            return None
        self.monthly -= share
        self.lasting -= amount - share
        return Draw(share, self.cycle)
