"""What must hold in the store at any moment (RELIABILITY §5): tests, the crash harness and `polypost doctor` ask this.

Each rule is one query that finds the rows that break it; an empty answer is health.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    and_,
    case,
    exists,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
)

from polypost.access.tables import projects
from polypost.credits import balances
from polypost.credits.funds import cycle_of
from polypost.credits.tables import ledger
from polypost.events import outbox
from polypost.integrations.tables import integrations
from polypost.posts.bulk.uploads import OPERATION
from polypost.posts.states import FINAL, State, derive
from polypost.posts.tables import attempts, idempotency, posts, targets
from polypost.webhooks.tables import deliveries, subscriptions

SAMPLE = 20
HELD = ("claimed", "committing", "published")
# What follows a publication waits for a limit of its network no longer than the late grace, which is a day.
LONGEST_FOLLOWED = timedelta(hours=25)


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


def findings(db: Connection, now: datetime) -> list[Finding]:
    """Everything that does not hold at `now`."""
    found = []
    for rule, message, check in _RULES:
        ids = tuple(_few(check(db, now)))
        if ids:
            found.append(Finding(rule, message, ids))
    return found


def _few(ids: Iterable[str]) -> Iterator[str]:
    for count, each in enumerate(ids):
        if count == SAMPLE:
            return
        yield each


def _keys_without_post(db: Connection, now: datetime) -> Iterable[str]:
    gone = and_(
        ~exists().where(posts.c.id == idempotency.c.post_id),
        # An upload's key stands for the upload, which is forgotten before its key.
        idempotency.c.operation != OPERATION,
    )
    return db.execute(select(idempotency.c.key).where(gone).limit(SAMPLE)).scalars()


def _posts_without_target(db: Connection, now: datetime) -> Iterable[str]:
    none = ~exists().where(targets.c.post_id == posts.c.id)
    return db.execute(select(posts.c.id).where(none).limit(SAMPLE)).scalars()


def _targets_without_post(db: Connection, now: datetime) -> Iterable[str]:
    none = ~exists().where(posts.c.id == targets.c.post_id)
    return db.execute(select(targets.c.id).where(none).limit(SAMPLE)).scalars()


def _untrue_status(db: Connection, now: datetime) -> Iterable[str]:
    query = select(posts.c.id, posts.c.status, posts.c.scheduled_for, targets.c.state).join(
        targets, targets.c.post_id == posts.c.id
    )
    of_post: list[State] = []
    previous: Any = None
    for row in [*db.execute(query.order_by(posts.c.id)), None]:
        if previous is not None and (row is None or row.id != previous.id):
            if derive(of_post, publish_now=previous.scheduled_for is None) != previous.status:
                yield str(previous.id)
            of_post = []
        if row is not None:
            of_post.append(State(row.state))
        previous = row


def _two_results(db: Connection, now: datetime) -> Iterable[str]:
    query = (
        select(attempts.c.target_id)
        .where(attempts.c.outcome == "published")
        .group_by(attempts.c.target_id, attempts.c.generation, attempts.c.part)
        .having(func.count() > 1)
    )
    return db.execute(query.limit(SAMPLE)).scalars()


def _shared_proof(db: Connection, now: datetime) -> Iterable[str]:
    query = (
        select(targets.c.proof_id)
        .where(targets.c.proof_id.is_not(None))
        .group_by(targets.c.integration_id, targets.c.proof_id)
        .having(func.count() > 1)
    )
    return db.execute(query.limit(SAMPLE)).scalars()


def _two_open_attempts(db: Connection, now: datetime) -> Iterable[str]:
    query = (
        select(attempts.c.target_id).where(attempts.c.finished_at.is_(None)).group_by(attempts.c.target_id)
    )
    return db.execute(query.having(func.count() > 1).limit(SAMPLE)).scalars()


def _open_attempt_of_done(db: Connection, now: datetime) -> Iterable[str]:
    query = select(targets.c.id).join(attempts, attempts.c.target_id == targets.c.id)
    done = targets.c.state.in_([state.value for state in FINAL])
    return db.execute(query.where(done, attempts.c.finished_at.is_(None)).limit(SAMPLE)).scalars()


def _entry(kind: str) -> ColumnElement[bool]:
    return exists().where(
        ledger.c.target_id == targets.c.id, ledger.c.generation == targets.c.generation, ledger.c.kind == kind
    )


def _wrong_ledger(db: Connection, now: datetime) -> Iterable[str]:
    late = and_(_entry("release"), _entry("waived"))
    right = case(
        (
            targets.c.state == State.PUBLISHED.value,
            and_(targets.c.proof_id.is_not(None), or_(and_(_entry("settle"), not_(_entry("release"))), late)),
        ),
        (
            targets.c.state.in_([State.FAILED.value, State.DRAFT.value]),
            and_(_entry("release"), not_(_entry("settle"))),
        ),
        else_=and_(not_(_entry("release")), not_(_entry("settle"))),
    )
    # A draft that was never scheduled has no generation yet, and nothing is reserved for it.
    begun = targets.c.generation > 0
    unbegun = and_(targets.c.generation == 0, or_(targets.c.state != State.DRAFT.value, _entry("reserve")))
    wrong = or_(unbegun, and_(begun, or_(not_(right), not_(_entry("reserve")))))
    return db.execute(select(targets.c.id).where(wrong).limit(SAMPLE)).scalars()


def _proof_without_publication(db: Connection, now: datetime) -> Iterable[str]:
    query = select(targets.c.id).where(
        targets.c.proof_id.is_not(None), targets.c.state != State.PUBLISHED.value
    )
    return db.execute(query.limit(SAMPLE)).scalars()


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


def _wrong_draw(db: Connection, now: datetime) -> Iterable[str]:
    held = ledger.alias()
    same = and_(
        held.c.target_id == ledger.c.target_id,
        held.c.generation == ledger.c.generation,
        held.c.kind == "reserve",
        func.coalesce(held.c.monthly, 0) == func.coalesce(ledger.c.monthly, 0),
        func.coalesce(held.c.cycle, 0) == func.coalesce(ledger.c.cycle, 0),
    )
    beyond = or_(ledger.c.monthly > ledger.c.amount, ledger.c.monthly < 1, ledger.c.cycle.is_(None))
    query = select(ledger.c.target_id).where(
        or_(
            and_(ledger.c.monthly.is_not(None), beyond),
            and_(ledger.c.kind == "release", ~exists().where(same)),
        )
    )
    return db.execute(query.limit(SAMPLE)).scalars()


def _wrong_sums(db: Connection, now: datetime) -> Iterable[str]:
    return balances.wrong(db)


def _both_ends(db: Connection, now: datetime) -> Iterable[str]:
    query = (
        select(ledger.c.target_id)
        .where(ledger.c.kind.in_(["settle", "release"]))
        .group_by(ledger.c.target_id, ledger.c.generation)
        .having(func.count() > 1)
    )
    return db.execute(query.limit(SAMPLE)).scalars()


def _no_final_event(db: Connection, now: datetime) -> Iterable[str]:
    ended = posts.c.status.in_(["published", "partial", "failed"])
    said = exists().where(outbox.c.subject == posts.c.id, outbox.c.type == "post." + posts.c.status)
    return db.execute(select(posts.c.id).where(ended, ~said).limit(SAMPLE)).scalars()


def _unspread(db: Connection, now: datetime) -> Iterable[str]:
    listens = exists().where(
        subscriptions.c.project_id == outbox.c.project_id,
        subscriptions.c.enabled,
        subscriptions.c.matching_since < outbox.c.at,
    )
    late = and_(outbox.c.spread_at.is_(None), outbox.c.at < now - timedelta(seconds=60), listens)
    return db.execute(select(outbox.c.id).where(late).limit(SAMPLE)).scalars()


def _undelivered(db: Connection, now: datetime) -> Iterable[str]:
    """Events that a subscription without filters should have; those with filters are judged where events are handed out."""
    wanted = and_(
        subscriptions.c.project_id == outbox.c.project_id,
        subscriptions.c.event_types.cast(Text).contains('"' + outbox.c.type + '"'),
        subscriptions.c.profile_id.is_(None),
        subscriptions.c.only_scheduled.is_(False),
        subscriptions.c.enabled,
        subscriptions.c.matching_since < outbox.c.at,
    )
    if db.dialect.name == "postgresql":
        # What is said while a change is being committed may be skipped there as an event that nobody hears.
        long_before = outbox.c.at - literal_column("60000000")
        skipped = outbox.c.spread_at == outbox.c.at
        wanted = and_(wanted, or_(~skipped, subscriptions.c.matching_since < long_before))
    made = exists().where(
        deliveries.c.subscription_id == subscriptions.c.id, deliveries.c.event_id == outbox.c.id
    )
    # Older ones may have been cleaned away.
    recent = and_(outbox.c.spread_at.is_not(None), outbox.c.at > now - timedelta(days=7))
    query = select(outbox.c.id).join(subscriptions, wanted).where(recent, ~made)
    return db.execute(query.limit(SAMPLE)).scalars()


def _unwoken(db: Connection, now: datetime) -> Iterable[str]:
    waits = exists().where(
        deliveries.c.subscription_id == subscriptions.c.id, deliveries.c.next_at.is_not(None)
    )
    asleep = and_(subscriptions.c.next_at.is_(None), waits)
    return db.execute(select(subscriptions.c.id).where(asleep).limit(SAMPLE)).scalars()


def _stale_lease(db: Connection, now: datetime) -> Iterable[str]:
    stale = and_(targets.c.state.in_(HELD), targets.c.lease_until < now - timedelta(seconds=60))
    return db.execute(select(targets.c.id).where(stale).limit(SAMPLE)).scalars()


def _old_doubt(db: Connection, now: datetime) -> Iterable[str]:
    old = and_(targets.c.state == State.UNKNOWN.value, targets.c.doubt_since < now - timedelta(hours=6))
    return db.execute(select(targets.c.id).where(old).limit(SAMPLE)).scalars()


def _unattended(db: Connection, now: datetime) -> Iterable[str]:
    still = targets.c.state.not_in([*(state.value for state in FINAL), State.DRAFT.value])
    return db.execute(select(targets.c.id).where(still, targets.c.next_at.is_(None)).limit(SAMPLE)).scalars()


def _attended_though_done(db: Connection, now: datetime) -> Iterable[str]:
    over = or_(
        targets.c.state.in_([State.FAILED.value, State.DRAFT.value]),
        and_(targets.c.state == State.PUBLISHED.value, targets.c.published_at < now - LONGEST_FOLLOWED),
    )
    return db.execute(
        select(targets.c.id).where(over, targets.c.next_at.is_not(None)).limit(SAMPLE)
    ).scalars()


def _too_early(db: Connection, now: datetime) -> Iterable[str]:
    early = and_(attempts.c.generation == targets.c.generation, attempts.c.started_at < targets.c.due_at)
    query = select(targets.c.id).join(attempts, attempts.c.target_id == targets.c.id)
    return db.execute(query.where(early).limit(SAMPLE)).scalars()


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


def _token_in_clear(db: Connection, now: datetime) -> Iterable[str]:
    sealed = "v1.%"
    clear = [
        and_(column.is_not(None), column.not_like(sealed))
        for column in (integrations.c.access_token, integrations.c.refresh_token, integrations.c.extra)
    ]
    return db.execute(select(integrations.c.id).where(or_(*clear)).limit(SAMPLE)).scalars()


def _secret_in_clear(db: Connection, now: datetime) -> Iterable[str]:
    clear = [
        and_(column.is_not(None), column.not_like("v1.%"))
        for column in (subscriptions.c.secret, subscriptions.c.older_secret)
    ]
    return db.execute(select(subscriptions.c.id).where(or_(*clear)).limit(SAMPLE)).scalars()


_RULES: tuple[tuple[str, str, Callable[[Connection, datetime], Iterable[str]]], ...] = (
    ("I1", "idempotency keys without a post", _keys_without_post),
    ("I1", "posts without a target", _posts_without_target),
    ("I1", "targets without a post", _targets_without_post),
    ("I1", "posts whose status is not what their targets say", _untrue_status),
    ("I2", "targets with two results for one part", _two_results),
    ("I2", "proofs that belong to two targets", _shared_proof),
    ("I3", "targets with two open attempts", _two_open_attempts),
    ("I3", "targets that are done and have an open attempt", _open_attempt_of_done),
    ("I4", "targets whose state and ledger disagree", _wrong_ledger),
    ("I4", "targets with a proof that are not published", _proof_without_publication),
    ("I5", "projects that spent more than they have", _unbalanced),
    (
        "I5",
        "ledger entries that took from an allowance what they did not cost, or gave back something else",
        _wrong_draw,
    ),
    ("I5", "projects whose running sums are not what the ledger says", _wrong_sums),
    ("I5", "targets that were both settled and released", _both_ends),
    ("I6", "posts that ended without an event", _no_final_event),
    ("I6", "events that nobody has handed out", _unspread),
    ("I6", "events that a subscription should have and has not", _undelivered),
    ("I7", "subscriptions with a delivery that nothing will wake", _unwoken),
    ("I7", "targets held past their lease", _stale_lease),
    ("I7", "targets in doubt for more than six hours", _old_doubt),
    ("I7", "open targets that nothing will wake", _unattended),
    ("I7", "targets that are done and still wait", _attended_though_done),
    ("I8", "attempts before their hour", _too_early),
    ("I8", "rows that refer to another project", _across_projects),
    ("I9", "accounts with a token in clear", _token_in_clear),
    ("I9", "subscriptions with a secret in clear", _secret_in_clear),
)
