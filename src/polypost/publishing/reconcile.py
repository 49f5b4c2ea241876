"""Unknown outcomes: look at the network on a fixed timetable, then decide by its rule (RELIABILITY R1–R3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

import structlog

from polypost import clock
from polypost.errors import NoAnswer, NotSent, PlatformError
from polypost.platforms.base import Absent, CannotTell, Connector, Found, Post, Proof, Reconciled
from polypost.posts import work
from polypost.publishing.journal import TargetRun
from polypost.publishing.results import Results
from polypost.storage import Store

log = structlog.get_logger("polypost.publishing")

UNKNOWN = (
    "The answer of {name} was lost and it could not be found out whether this is published. "
    "Look at the account before you publish it again."
)
Verdict = Literal["go on", "done"]


class Reconciler:
    """Finds out what became of an attempt whose result is missing."""

    def __init__(self, store: Store, results: Results, looks_at: Sequence[float]) -> None:
        self._store = store
        self._results = results
        self._looks_at = looks_at

    async def enter(self, claimed: work.Claim, run: TargetRun) -> None:
        """Doubt begins: the first look is due soon."""
        now = clock.now()
        run.say("unknown", "The answer was lost; the account will be looked at.")
        await self._results.doubt(
            claimed, run, now + timedelta(seconds=self._looks_at[0]), looks=0, since=now
        )

    async def look(self, claimed: work.Claim, run: TargetRun, connector: Connector, post: Post) -> Verdict:
        """One look. "go on": the attempt has a result and the story continues; "done": the row says what is next."""
        attempt = claimed.open_attempt
        assert attempt is not None
        seen = await self._ask(claimed, run, connector, post)
        if isinstance(seen, Found):
            run.say("found", "Looked at the account and found it.", {"proof": seen.proof.id})
            await self._results.settle_attempt(claimed, run, "published", proof=seen.proof)
            return "go on"
        looks = claimed.target.looks + 1
        if looks < len(self._looks_at):
            since = claimed.target.doubt_since or clock.now()
            at = max(since + timedelta(seconds=self._looks_at[looks]), clock.now() + timedelta(seconds=1))
            run.say("absent", f"Looked at the account ({looks} of {len(self._looks_at)}): nothing there yet.")
            await self._results.doubt(claimed, run, at, looks=looks, since=since)
            return "done"
        if isinstance(seen, Absent) and await self._may_try_again(claimed, connector, post):
            run.say("absent", "The last look found nothing; publishing once more.")
            await self._results.settle_attempt(claimed, run, "absent")
            return "go on"
        await self._give_up(claimed, run, connector)
        return "done"

    async def _ask(self, claimed: work.Claim, run: TargetRun, connector: Connector, post: Post) -> Reconciled:
        attempt = claimed.open_attempt
        assert attempt is not None
        if attempt.proof_id is not None:
            return Found(Proof(attempt.proof_id, attempt.proof_url))
        try:
            await run.authorise()
            return await connector.reconcile(run, post, work.as_attempt(attempt))
        except (PlatformError, NotSent, NoAnswer) as error:
            log.info("look failed", target=claimed.target.id, error=str(error))
            return CannotTell(str(error))

    async def _may_try_again(self, claimed: work.Claim, connector: Connector, post: Post) -> bool:
        attempt = claimed.open_attempt
        assert attempt is not None
        if any(earlier.outcome == "absent" for earlier in claimed.attempts_of[attempt.part]):
            return False
        rule = connector.retry_when_absent(post)
        if rule == "unique_text":
            return not await self._store.read(lambda db: work.same_text_open(db, claimed))
        return rule == "always"

    async def _give_up(self, claimed: work.Claim, run: TargetRun, connector: Connector) -> None:
        first = next(iter(claimed.parts.values()), None)
        if first is None:
            await self._results.failed(
                claimed, run, "outcome_unknown", UNKNOWN.format(name=connector.spec.name)
            )
            return
        run.warn(
            "It is not known whether the rest of the thread is published; look at it before you add to it."
        )
        await self._results.settle_attempt(claimed, run, "unknown")
        await self._results.published(claimed, run, first)
