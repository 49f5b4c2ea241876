"""The rules of all rooms, and those that hold between rooms; an empty answer is health."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    Connection,
    case,
    func,
    literal,
    or_,
    select,
)

from polypost.access.tables import projects
from polypost.credits.funds import cycle_of
from polypost.credits.invariants import INVARIANTS as CREDITS
from polypost.credits.tables import ledger
from polypost.integrations.invariants import INVARIANTS as INTEGRATIONS
from polypost.integrations.tables import integrations
from polypost.posts.invariants import INVARIANTS as POSTS
from polypost.posts.tables import attempts, posts, targets
from polypost.storage import SAMPLE, Invariant
from polypost.webhooks.invariants import INVARIANTS as WEBHOOKS
from polypost.webhooks.tables import deliveries, subscriptions


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken rule and up to twenty of the rows that break it."""

    rule: str
    message: str
    ids: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {"rule": self.rule, "message": self.message, "ids": list(self.ids)}

    def text(self) -> str:
        """For people."""
        return f"{self.rule}: {self.message}: {', '.join(self.ids)}"


def findings(db: Connection, now: datetime, rules: Sequence[Invariant] | None = None) -> list[Finding]:
    """Everything that does not hold at `now`, of all rules or of these."""
    found = []
    for rule in RULES if rules is None else rules:
        ids = tuple(islice(rule.broken(db, now), SAMPLE))
        if ids:
            found.append(Finding(rule.id, rule.message, ids))
    return found


def _unbalanced(db: Connection, now: datetime) -> Iterable[str]:
    monthly = func.coalesce(ledger.c.monthly, 0)
    sign = case(
        (ledger.c.kind.in_(["reserve", "charge"]), 1), (ledger.c.kind == "release", -1), else_=literal(0)
    )
    this_month = case((ledger.c.cycle == cycle_of(now), sign * monthly), else_=0)
    query = (
        select(projects.c.id)
        .join(ledger, ledger.c.project_id == projects.c.id)
        .where(or_(projects.c.credit_limit.is_not(None), projects.c.monthly_credits.is_not(None)))
        .group_by(projects.c.id, projects.c.credit_limit, projects.c.monthly_credits)
        .having(
            or_(
                func.sum(sign * (ledger.c.amount - monthly)) > projects.c.credit_limit,
                func.sum(this_month) > projects.c.monthly_credits,
            )
        )
    )
    return db.execute(query.limit(SAMPLE)).scalars()


def _across_projects(db: Connection, now: datetime) -> Iterable[str]:
    for query in (
        select(targets.c.id)
        .join(posts, posts.c.id == targets.c.post_id)
        .where(posts.c.project_id != targets.c.project_id),
        select(targets.c.id)
        .join(integrations, integrations.c.id == targets.c.integration_id)
        .where(integrations.c.project_id != targets.c.project_id),
        select(attempts.c.id)
        .join(targets, targets.c.id == attempts.c.target_id)
        .where(targets.c.project_id != attempts.c.project_id),
        select(ledger.c.target_id)
        .join(targets, targets.c.id == ledger.c.target_id)
        .where(targets.c.project_id != ledger.c.project_id),
        select(deliveries.c.id)
        .join(subscriptions, subscriptions.c.id == deliveries.c.subscription_id)
        .where(subscriptions.c.project_id != deliveries.c.project_id),
    ):
        yield from db.execute(query.limit(SAMPLE)).scalars()


_BETWEEN = (
    Invariant("I5", "projects that spent more than they have", _unbalanced),
    Invariant("I8", "rows that refer to another project", _across_projects),
)

RULES = sorted((*POSTS, *CREDITS, *WEBHOOKS, *INTEGRATIONS, *_BETWEEN), key=lambda rule: rule.id)
