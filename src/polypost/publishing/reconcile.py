"""Unknown outcomes: look at the network on a fixed timetable, then decide by its rule (RELIABILITY R1–R3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Literal

import structlog

from polypost import clock
from polypost.errors import (
    LeaseLost,
    NoAnswer,
    NotSent,
    PlatformError,
    RateLimited,
    StoreUnavailable,
    Unavailable,
)
from polypost.platforms.base import (
    Absent,
    Attempt,
    CannotTell,
    Connector,
    Draft,
    Found,
    Post,
    Proof,
    Reconciled,
    RetryRule,
    Sought,
)
from polypost.posts import attempts, work
from polypost.posts.orders import media_ref
from polypost.posts.tables import AttemptRow
from polypost.publishing import ends
from polypost.publishing.journal import LOOKED_BACK, TargetRun
from polypost.publishing.results import Results
from polypost.storage import Store

log = structlog.get_logger("polypost.publishing")

UNKNOWN = (
    "The answer of {name} was lost and it could not be found out whether this is published. "
    "Look at the account before you publish it again."
)
SINCE_COPY_FOUND = (
    "It was found on the account after the store had been restored from an older copy. Whether everything that was to "
    "follow it is there was not looked at."
)
SINCE_COPY_UNKNOWN = (
    "The store was restored from an older copy, and it could not be found out whether this was published since. "
    "Look at the account before you publish it again."
)
REST_UNKNOWN = "It is not known whether the rest of the thread is published; look at it before you add to it."
# An account whose network forbids looking is not looked at for longer than this (I7 allows six hours).
LONGEST_DOUBT = timedelta(hours=5)
Verdict = Literal["go on", "done"]
_UNLISTED = "The network does not find a post by what it says alone."
_BLIND = f"{_UNLISTED} Nothing else is known of it."


class Reconciler:
    """Finds out what became of an attempt whose result is missing."""

    def __init__(self, store: Store, results: Results, looks_at: Sequence[float]) -> None:
        self._store = store
        self._results = results
        self._looks_at = looks_at

    async def enter(self, run: TargetRun) -> None:
        """Doubt begins: the first look is due soon."""
        now = clock.now()
        run.say("unknown", "The answer was lost; the account will be looked at.")
        await self._results.doubt(run, now + timedelta(seconds=self._looks_at[0]), looks=0, since=now)
        ends.doubted(run.claimed)

    async def look(self, run: TargetRun, connector: Connector, post: Post) -> Verdict:
        """One look. "go on": the attempt has a result and the story continues; "done": the row says what is next."""
        claimed = run.claimed
        attempt = claimed.open_attempt
        assert attempt is not None
        if attempt.outcome == "not_sent":
            await self._results.settle_attempt(run, "not_sent")
            return "go on"
        if attempt.part == work.SINCE_COPY and claimed.parts:
            return await self._stop_where_the_copy_did(run, connector)
        rows = [*claimed.maybe_out(attempt.part), attempt]
        try:
            seen, of = await self._searched(run, connector, post, rows)
        except RateLimited as limited:
            if await self._wait_for_look(run, limited):
                return "done"
            seen, of = CannotTell(str(limited)), rows
        if isinstance(seen, Found):
            await self._found(run, connector, post, of, seen.proof)
            return await self._done_if_since_copy(run, connector, attempt, seen.proof)
        return await self._not_found(run, connector, post, seen)

    async def _not_found(
        self, run: TargetRun, connector: Connector, post: Post, seen: Absent | CannotTell
    ) -> Verdict:
        """Look again, try again, or give up."""
        claimed = run.claimed
        attempt = claimed.open_attempt
        assert attempt is not None
        blind = isinstance(seen, CannotTell) and seen.reason == _BLIND
        if not blind and await self._look_again(run, seen):
            return "done"
        if isinstance(seen, Absent) and await self._may_try_again(run, connector, post):
            run.say("absent", "The last look found nothing; publishing once more.")
            await self._results.settle_attempt(run, "absent")
            if attempt.part == work.SINCE_COPY:
                claimed.not_found(attempt)
            return "go on"
        absent = isinstance(seen, Absent) and attempt.outcome != "duplicate"
        await self.give_up(run, connector.spec.name, absent=absent)
        return "done"

    async def _stop_where_the_copy_did(self, run: TargetRun, connector: Connector) -> Verdict:
        """Something was out when the copy was made: what was to follow may be out too, and is not sent."""
        if connector.spec.confirms_later:
            # Only taken: the story asks what became of it, and sends nothing more.
            await self._results.settle_attempt(run, "unknown")
            return "go on"
        await self.give_up(run, connector.spec.name)
        return "done"

    async def _done_if_since_copy(
        self, run: TargetRun, connector: Connector, attempt: AttemptRow, proof: Proof
    ) -> Verdict:
        """What an older copy of the store does not know of is published as it is: nothing follows it."""
        if attempt.part != work.SINCE_COPY or connector.spec.confirms_later:
            return "go on"
        run.warn(SINCE_COPY_FOUND)
        await self._results.published(run, proof)
        return "done"

    def looked_back(self, claimed: work.Claim) -> bool:
        """Whether that was done in this generation, and no answer has come since: what was prepared after it is kept."""
        answered = any(row.proof_id is not None for row in claimed.left_in_doubt)
        return claimed.journal.get(LOOKED_BACK) == claimed.target.generation and not answered

    async def look_back(self, run: TargetRun, connector: Connector, post: Post) -> None:
        """Before a failed target is published anew: an attempt of before may have come through after all (G4).

        Raises RateLimited when the network does not let us look now, and Unavailable when it does not tell of what
        the target said before it was mended.
        """
        claimed = run.claimed
        seen, of = await self._search(run, connector, post, claimed.left_in_doubt)
        if isinstance(seen, Found):
            run.say("found", "It was published by the attempt before.", {"proof": seen.proof.id})
            maker = _answered(claimed.left_in_doubt, seen.proof) or of[-1]
            await self._results.found(run, maker, seen.proof)
        elif isinstance(seen, CannotTell) and any(map(claimed.said_before, claimed.left_in_doubt)):
            # The same again may be refused as a duplicate, something else is not.
            raise Unavailable(f"What was sent before the change could not be looked for. {seen.reason}")
        else:
            run.say("absent", "Looked at the account once more: nothing there. Publishing anew.")
            await self._results.forget(run)

    async def stumbled(self, run: TargetRun, name: str) -> None:
        """Something failed inside while an attempt is open: look, or go on looking by the timetable."""
        if not run.claimed.looking:
            await self.enter(run)
        elif not await self._look_again(run, CannotTell("This server failed inside.")):
            await self.give_up(run, name)

    async def give_up(self, run: TargetRun, name: str, *, absent: bool = False) -> None:
        """The open attempt stays without a result, and the target ends with what is known.

        `absent` when the last look of the timetable said that it is not there.
        """
        claimed = run.claimed
        attempt = claimed.open_attempt
        assert attempt is not None
        ends.cleared(claimed, "unknown")
        first = next(iter(claimed.parts.values()), None)
        if first is not None:
            run.warn(REST_UNKNOWN)
            await self._results.published(run, first)
        elif self._plainly_refused(claimed, attempt):
            await self._results.failed(run, "duplicate", attempt.detail or "")
        else:
            said = SINCE_COPY_UNKNOWN if attempt.part == work.SINCE_COPY else UNKNOWN.format(name=name)
            await self._results.failed(run, "outcome_unknown", said, absent=absent)

    async def _searched(
        self, run: TargetRun, connector: Connector, post: Post, rows: Sequence[AttemptRow]
    ) -> tuple[Reconciled, Sequence[AttemptRow]]:
        """What the network shows of the open attempt, the last of these, and of those before it. Raises RateLimited."""
        attempt = rows[-1]
        if attempt.part != work.SINCE_COPY:
            # What was refused as a duplicate may also be what the target said before it was mended.
            versions = None if attempt.outcome == "duplicate" else 1
            return await self._search(run, connector, post, rows, versions=versions)
        claimed = run.claimed
        known = [*claimed.left_in_doubt, *(row for of in claimed.attempts_of.values() for row in of)]
        known = [row for row in known if row.outcome in work.UNSEEN and row.part != work.SINCE_COPY]
        seen, of = await self._search(run, connector, post, known)
        if isinstance(seen, Found):
            return seen, of
        sought = _sought(run, connector, post)
        if sought is None:
            return CannotTell(_BLIND) if not known else CannotTell(_UNLISTED), rows
        wanted = attempts.as_attempt(attempt, attempt.started_at)
        listed = await self._ask(
            run, connector, post, replace(wanted, part=sought.part, handles=sought.handles)
        )
        return (listed if isinstance(listed, Found | CannotTell) else seen), rows

    async def _search(
        self,
        run: TargetRun,
        connector: Connector,
        post: Post,
        rows: Sequence[AttemptRow],
        *,
        versions: int | None = None,
    ) -> tuple[Reconciled, Sequence[AttemptRow]]:
        """What the network shows of attempts, oldest first, and of which of them: what a target said when it made them
        is what they are looked for by, and the last `versions` of that are. Raises RateLimited.
        """
        for row in reversed(rows):
            if row.proof_id is not None:
                return Found(Proof(row.proof_id, row.proof_url)), rows
        worst: Reconciled = Absent()
        for of in run.claimed.by_version(rows)[:versions]:
            # The last of them, or an earlier one that said the same.
            wanted = attempts.as_attempt(of[-1], min(row.started_at for row in of))
            seen = await self._ask(run, connector, post, wanted)
            if isinstance(seen, Found):
                return seen, of
            worst = seen if isinstance(seen, CannotTell) else worst
        return worst, rows

    async def _ask(self, run: TargetRun, connector: Connector, post: Post, wanted: Attempt) -> Reconciled:
        """What the network shows of an attempt."""
        try:
            await run.authorise()
            return await run.refreshed(lambda: connector.reconcile(run, post, wanted))
        except (LeaseLost, StoreUnavailable, RateLimited):
            raise
        except (PlatformError, NotSent, NoAnswer) as error:
            log.info("look failed", target=post.target_id, error=str(error))
            return CannotTell(str(error))
        except Exception:
            log.exception("a look failed inside", target=post.target_id, platform=connector.spec.id)
            return CannotTell("Looking failed inside.")

    async def _found(
        self, run: TargetRun, connector: Connector, post: Post, of: Sequence[AttemptRow], proof: Proof
    ) -> None:
        """The open attempt is out, or an earlier one; `of` are those that were looked for."""
        attempt = run.claimed.open_attempt
        assert attempt is not None
        run.say("found", "Looked at the account and found it.", {"proof": proof.id})
        earlier = [row for row in of if row is not attempt] or run.claimed.maybe_out(attempt.part)
        answered = _answered(earlier, proof)
        maker = answered or attempt
        if attempt.outcome != "duplicate":
            if answered is not None:
                run.warn("It may be there twice, because an answer came very late. Look at the account.")
        elif earlier and answered is None:
            # A call that was refused as a duplicate made nothing: what is there comes from the one before.
            maker = earlier[-1]
        if maker.part == work.SINCE_COPY:
            sought = _sought(run, connector, post)
            listed = sought.part if sought is not None else None
            named = of[-1].part if of[-1].part != work.SINCE_COPY else listed
            await self._results.found(run, maker, proof, part=named)
            return
        await self._results.found(run, maker, proof)

    async def _wait_for_look(self, run: TargetRun, limited: RateLimited) -> bool:
        claimed = run.claimed
        now = clock.now()
        since = claimed.target.doubt_since or now
        if limited.until > since + LONGEST_DOUBT:
            return False
        at = max(limited.until, now + timedelta(seconds=1))
        run.say("rate_limited", f"The network does not let us look before {clock.iso(at)}.")
        await self._results.doubt(run, at, looks=claimed.target.looks, since=since)
        return True

    async def _look_again(self, run: TargetRun, seen: Absent | CannotTell) -> bool:
        """Arrange the next look of the timetable; False when this was the last."""
        claimed = run.claimed
        attempt = claimed.open_attempt
        assert attempt is not None
        looks = claimed.target.looks + 1
        if looks >= len(self._looks_at) or self._plainly_refused(claimed, attempt):
            return False
        since = claimed.target.doubt_since or clock.now()
        at = max(since + timedelta(seconds=self._looks_at[looks]), clock.now() + timedelta(seconds=1))
        what = "nothing there yet." if isinstance(seen, Absent) else f"no clear answer. {seen.reason}"
        run.say("absent", f"Looked at the account ({looks} of {len(self._looks_at)}): {what}")
        await self._results.doubt(run, at, looks=looks, since=since)
        return True

    def _plainly_refused(self, claimed: work.Claim, attempt: AttemptRow) -> bool:
        """Whether every attempt at the part is known to have made nothing, the last one refused as a duplicate."""
        return attempt.outcome == "duplicate" and not claimed.maybe_out(attempt.part)

    async def _may_try_again(self, run: TargetRun, connector: Connector, post: Post) -> bool:
        claimed = run.claimed
        attempt = claimed.open_attempt
        assert attempt is not None
        parts = dict.fromkeys((work.SINCE_COPY, attempt.part))
        same = [row for part in parts for row in claimed.attempts_of.get(part, ())]
        # What the network refuses as a duplicate it refuses again.
        if attempt.outcome == "duplicate" or any(earlier.outcome == "absent" for earlier in same):
            return False
        wanted = attempts.as_attempt(attempt, min(row.started_at for row in same))
        if attempt.part == work.SINCE_COPY:
            sought = _sought(run, connector, post)
            wanted = replace(wanted, part=sought.part, handles=sought.handles) if sought else wanted
        rule = _rule(connector, post, wanted)
        if rule == "unique_text":
            # Whatever comes of one more attempt is known by then.
            until = clock.now() + LONGEST_DOUBT
            return not await self._store.read(lambda db: attempts.same_text_open(db, claimed, until=until))
        return rule == "always"


def _answered(rows: Sequence[AttemptRow], proof: Proof) -> AttemptRow | None:
    """The attempt that this proof was the late answer to."""
    return next((row for row in rows if row.proof_id == proof.id), None)


def _sought(run: TargetRun, connector: Connector, post: Post) -> Sought | None:
    """How the network finds the target without anything that an attempt has kept."""
    media = tuple(media_ref(item) for item in run.claimed.media)
    try:
        return connector.sought(post, Draft(run.claimed.text, media, post.options, run.account))
    except Exception:
        log.exception("what is sought failed inside", target=post.target_id, platform=connector.spec.id)
        return None


def _rule(connector: Connector, post: Post, attempt: Attempt) -> RetryRule:
    try:
        return connector.retry_when_absent(post, attempt)
    except Exception:
        log.exception("a rule failed inside", target=post.target_id, platform=connector.spec.id)
        return "never"
