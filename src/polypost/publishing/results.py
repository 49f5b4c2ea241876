"""What is written when a target's run ends: state, post status, credits, event, timeline and signal in one commit."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from polypost import clock, media
from polypost.credits import service as credits
from polypost.engine import Engine, Ring
from polypost.events import append
from polypost.observability import failpoints
from polypost.outbound import Networks
from polypost.platforms.base import Proof
from polypost.posts import work
from polypost.posts.accept import RING
from polypost.posts.states import State
from polypost.publishing.journal import TargetRun
from polypost.storage import Store

DAY = timedelta(hours=24)


class Results:
    """Writes ends and pauses of runs; every method is one transaction, fenced by the claim's epoch."""

    def __init__(self, store: Store, engine: Engine, networks: Networks) -> None:
        self._store = store
        self._engine = engine
        self._networks = networks

    async def published(self, claimed: work.Claim, run: TargetRun, proof: Proof) -> None:
        """The network's own proof is in hand: the reservation is settled."""
        failpoints.hit("P15", claimed.target.platform)

        url = self._networks.page(claimed.target.platform, proof.url) if proof.url else None
        run.say("published", "Published.", {"url": url} if url else None)

        def write(db: Connection) -> None:
            now = clock.now()
            work.lock_post(db, claimed)
            self._finish(
                db,
                claimed,
                now,
                state=State.PUBLISHED.value,
                proof_id=proof.id,
                proof_url=url,
                published_at=now,
                warning=" ".join(run.warnings) or None,
            )
            work.count_refusal(db, claimed.target.integration_id, refused=False)
            credits.settle(db, claimed.target.project_id, _entry(claimed), at=now)
            self._close(db, claimed, run, now)

        await self._store.write(write)
        run.forget_lines()
        failpoints.hit("P11", claimed.target.platform)

    async def failed(
        self, claimed: work.Claim, run: TargetRun, code: str, message: str, *, refusal: bool = False
    ) -> None:
        """It is known not to be out, or `code` is `outcome_unknown`: the reservation is released."""
        run.say("failed", message, {"code": code})

        def write(db: Connection) -> None:
            now = clock.now()
            work.lock_post(db, claimed)
            if claimed.open_attempt is not None:
                work.end_attempt(db, claimed.open_attempt, "unknown", now=now)
            self._finish(
                db,
                claimed,
                now,
                state=State.FAILED.value,
                error_code=code,
                error_message=message[:500],
                warning=" ".join(run.warnings) or None,
            )
            if refusal:
                self._refused(db, claimed, now)
            credits.release(db, claimed.target.project_id, [_entry(claimed)], at=now)
            self._close(db, claimed, run, now)

        await self._store.write(write)
        run.forget_lines()

    async def wait(
        self,
        claimed: work.Claim,
        run: TargetRun,
        at: datetime,
        reason: str,
        *,
        tries: int | None = None,
        slow: bool = False,
    ) -> None:
        """Give the worker back until `at`; with `slow`, the whole account waits."""

        def write(db: Connection) -> None:
            now = clock.now()
            work.change(
                db,
                claimed,
                state=State.WAITING.value,
                next_at=at,
                rung_at=at,
                lease_until=None,
                wait_reason=reason[:40],
                tries=claimed.target.tries if tries is None else tries,
                updated_at=now,
            )
            if slow:
                work.slow_account(db, claimed.target.integration_id, at)
            run.flush(db)
            self._engine.ring(db, [Ring(RING, claimed.target.id, at), *work.leave(db, claimed, now)])

        await self._store.write(write)
        run.forget_lines()

    async def doubt(
        self, claimed: work.Claim, run: TargetRun, at: datetime, *, looks: int, since: datetime
    ) -> None:
        """The outcome is not known; look at the network at `at`."""

        def write(db: Connection) -> None:
            now = clock.now()
            work.change(
                db,
                claimed,
                state=State.UNKNOWN.value,
                next_at=at,
                rung_at=at,
                lease_until=None,
                looks=looks,
                doubt_since=since,
                wait_reason="checking",
                updated_at=now,
            )
            run.flush(db)
            self._engine.ring(db, [Ring(RING, claimed.target.id, at), *work.leave(db, claimed, now)])

        await self._store.write(write)
        run.forget_lines()

    async def settle_attempt(
        self, claimed: work.Claim, run: TargetRun, outcome: str, *, proof: Proof | None = None
    ) -> None:
        """What a look found out about the open attempt; the story goes on from there."""
        attempt = claimed.open_attempt
        assert attempt is not None

        def write(db: Connection) -> None:
            now = clock.now()
            work.change(db, claimed, state=State.CLAIMED.value, looks=0, doubt_since=None, updated_at=now)
            work.end_attempt(
                db, attempt, outcome, now=now, proof=proof, detail="found by looking" if proof else None
            )
            run.flush(db)

        await self._store.write(write)
        run.forget_lines()
        claimed.open_attempt = None
        if proof is not None:
            claimed.parts[attempt.part] = proof

    def _finish(self, db: Connection, claimed: work.Claim, now: datetime, **values: Any) -> None:
        work.change(
            db,
            claimed,
            next_at=None,
            lease_until=None,
            wait_reason=None,
            updated_at=now,
            **values,
        )

    def _close(self, db: Connection, claimed: work.Claim, run: TargetRun, now: datetime) -> None:
        target = claimed.target
        run.flush(db)
        status, done = work.refresh_status(db, target.post_id, publish_now=claimed.publish_now, now=now)
        if done:
            media.expire(db, [target.post_id])
            payload = {"postId": target.post_id, "status": status}
            append(db, target.project_id, f"post.{status}", target.post_id, payload, now)
        self._engine.ring(db, work.leave(db, claimed, now))

    def _refused(self, db: Connection, claimed: work.Claim, now: datetime) -> None:
        target = claimed.target
        # R5: three refusals in a row and the account rests, before the network takes offence.
        if work.count_refusal(db, target.integration_id, refused=True) == 3:
            work.slow_account(db, target.integration_id, now + DAY)
            append(
                db,
                target.project_id,
                "account.paused",
                target.integration_id,
                {"until": clock.iso(now + DAY)},
                now,
            )


def _entry(claimed: work.Claim) -> credits.Entry:
    target = claimed.target
    return credits.Entry(target.id, target.generation, target.price, target.platform, target.integration_id)
