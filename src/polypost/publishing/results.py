"""What is written when a target's run ends: state, post status, credits, event, timeline and signal in one commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection

from polypost import clock, media
from polypost.credits import service as credits
from polypost.engine import Engine, WakeUp, rung
from polypost.errors import LeaseLost, StoreUnavailable
from polypost.events import event
from polypost.observability import failpoints
from polypost.outbound import Networks
from polypost.platforms.base import Proof
from polypost.posts import attempts, lanes, post_events, work
from polypost.posts.accept import wake_up_of
from polypost.posts.states import State
from polypost.posts.tables import AttemptRow
from polypost.posts.timeline import Line
from polypost.publishing import ends
from polypost.publishing.backoff import write_patiently
from polypost.publishing.journal import LOOKED_BACK, SUPERSEDED, Hand, Late, TargetRun
from polypost.storage import Store, Write, as_dict, emit, together

log = structlog.get_logger("polypost.publishing")

DAY = timedelta(hours=24)
REFUSALS = 3


class Results:
    """Writes ends and pauses of runs; every method is one transaction, fenced by the claim's epoch.

    `claim` claims the account's first due target for this worker, in the transaction that it is given.
    """

    def __init__(
        self,
        store: Store,
        engine: Engine,
        networks: Networks,
        claim: Callable[[Connection, str], Hand | None],
    ) -> None:
        self._store = store
        self._engine = engine
        self._networks = networks
        self._claim = claim

    async def published(
        self,
        run: TargetRun,
        proof: Proof,
        *,
        journal: dict[str, Any] | None = None,
        lease: timedelta | None = None,
    ) -> Hand | None:
        """The network's own proof is in hand: the reservation is settled. The account's next target, if it was claimed with it.

        With `lease` follow-ups are still to come: the target stays the worker's, and `journal` is what it goes on from.
        """
        claimed = run.claimed
        failpoints.hit("P15", claimed.target.platform)
        url = self._page(claimed, proof)

        def write(db: Connection, *, goes_on: bool) -> Hand | None:
            now = clock.now()
            until = None if lease is None else now + lease
            held = work.hold(db, claimed)
            if not held.owned:
                raise work.lost(claimed)
            told = {
                "state": State.PUBLISHED.value,
                "proof_id": proof.id,
                "proof_url": url,
                "published_at": now,
            }
            values = told | _done(run, now, until) | ({} if until is None else {"journal": journal})
            # Not said before: a worker that lost its lease has nothing to say.
            said = run.gathered(Line(now, "published", "Published.", {"url": url} if url else None))
            writes = [work.changed(claimed, **values), *said]
            if claimed.open_attempt is not None:
                writes.append(attempts.ended(claimed.open_attempt, "unknown", now=now))
            writes += self._charged(db, claimed, now)
            following = self._close(db, claimed, held, now, told=told, along=writes, leaves=until is None)
            if goes_on and following and following[0].at <= now:
                return self._claim(db, following[0].key)
            self._engine.hand_on(db, following)
            return None

        try:
            hand = await run.write(partial(write, goes_on=self._engine.goes_on()))
        except (LeaseLost, StoreUnavailable):
            raise
        except Exception:
            # Whatever is wrong with the next one: what the network said of this one is written.
            log.exception("an end was not written together with a claim", target=claimed.target.id)
            hand = await run.write(partial(write, goes_on=False))
        claimed.out = True
        failpoints.hit("P11", claimed.target.platform)
        ends.published(claimed)
        return hand

    async def followed(self, run: TargetRun, proof: Proof | None = None) -> None:
        """The follow-ups of a published target have come to their end; `proof` is what they made of the first one."""
        claimed = run.claimed

        def write(db: Connection) -> None:
            now = clock.now()
            values = _done(run, now)
            if proof is not None:
                values |= {"proof_id": proof.id, "proof_url": self._page(claimed, proof)}
            work.change(db, claimed, **values)
            run.flush(db)
            emit(db, f"post:{claimed.target.post_id}")
            self._engine.hand_on(db, work.leave(db, claimed, now))

        await run.write(write)

    async def failed(
        self,
        run: TargetRun,
        code: str,
        message: str,
        *,
        refusal: bool = False,
        undone: bool = False,
        absent: bool = False,
    ) -> None:
        """It is known not to be out, or `code` is `outcome_unknown`: the reservation is released.

        With `undone` the network had taken it, and that was not the end of it; `absent` when the last look of the
        timetable said that it is not there.
        """
        claimed = run.claimed
        outcome = "unknown" if code == "outcome_unknown" else "refused"

        def write(db: Connection) -> None:
            now = clock.now()
            held = work.hold(db, claimed)
            failed = {"state": State.FAILED.value, "error_code": code, "error_message": message[:500]}
            work.change(db, claimed, **failed, **_done(run, now))
            run.flush(db, Line(now, "failed", message, {"code": code}))
            if claimed.open_attempt is not None:
                detail = claimed.open_attempt.detail
                attempts.end(db, claimed.open_attempt, outcome, now=now, detail=detail, absent=absent)
            if undone:
                attempts.undo(db, claimed, outcome, message)
            if refusal:
                self._refused(db, claimed, now)
            credits.release(db, claimed.target.project_id, [_entry(claimed)], at=now)
            self._engine.hand_on(db, self._close(db, claimed, held, now))

        await run.write(write)
        ends.failed(claimed, code, message)

    async def wait(
        self,
        run: TargetRun,
        at: datetime,
        reason: str,
        *,
        slow: bool = False,
        **values: Any,
    ) -> None:
        """Give the worker back until `at`; with `slow`, the whole account waits. `values` go to the target's row.

        What is published stays so while its follow-ups wait.
        """
        claimed = run.claimed
        state = State.PUBLISHED if claimed.out else State.WAITING

        def write(db: Connection) -> None:
            now = clock.now()
            work.change(
                db,
                claimed,
                state=state.value,
                next_at=at,
                rung_at=rung(at),
                lease_until=None,
                wait_reason=reason[:40],
                updated_at=now,
                **values,
            )
            if slow:
                lanes.slow(db, claimed.target.integration_id, at)
            run.flush(db)
            self._engine.hand_on(db, [wake_up_of(claimed.target, at), *work.leave(db, claimed, now)])

        await run.write(write)
        ends.waiting(claimed, at, reason)

    async def doubt(self, run: TargetRun, at: datetime, *, looks: int, since: datetime) -> None:
        """The outcome is not known; look at the network at `at`."""
        claimed = run.claimed

        def write(db: Connection) -> None:
            now = clock.now()
            work.change(
                db,
                claimed,
                state=State.UNKNOWN.value,
                next_at=at,
                rung_at=rung(at),
                lease_until=None,
                looks=looks,
                doubt_since=since,
                wait_reason="checking",
                updated_at=now,
            )
            run.flush(db)
            self._engine.hand_on(db, [wake_up_of(claimed.target, at), *work.leave(db, claimed, now)])

        await run.write(write)

    async def settle_attempt(self, run: TargetRun, outcome: str) -> None:
        """It is known that the open attempt made nothing; the story goes on from there."""
        claimed = run.claimed
        attempt = claimed.open_attempt
        assert attempt is not None

        def write(db: Connection) -> None:
            now = clock.now()
            work.change(db, claimed, state=State.CLAIMED.value, looks=0, doubt_since=None, updated_at=now)
            attempts.end(db, attempt, outcome, now=now, detail=attempt.detail)
            run.flush(db)

        await run.write(write)
        claimed.open_attempt = None
        if outcome == "absent":
            claimed.unseen = attempt.started_at
            ends.cleared(claimed, "absent")

    async def found(
        self, run: TargetRun, maker: AttemptRow, proof: Proof, *, part: str | None = None
    ) -> None:
        """What the attempt `maker` published has been found; the story goes on from there.

        `part` is which part it was, where the attempt itself does not know. An open attempt other than that was refused because of it, or has come out too for all we know.
        """
        claimed = run.claimed
        attempt = claimed.open_attempt
        ended = "refused" if attempt is not None and attempt.outcome == "duplicate" else "unknown"
        as_sent = _as_sent(claimed, maker)

        def write(db: Connection) -> None:
            now = clock.now()
            work.change(
                db,
                claimed,
                state=State.CLAIMED.value,
                attempted=True,
                looks=0,
                doubt_since=None,
                updated_at=now,
                **as_sent,
            )
            if attempt is None or attempt.id != maker.id:
                attempts.find_late(db, maker, proof)
                if attempt is not None:
                    attempts.end(db, attempt, ended, now=now, detail=attempt.detail)
            else:
                attempts.end(db, attempt, "published", now=now, proof=proof, detail="found by looking")
            if part is not None:
                attempts.name(db, maker, part)
            run.flush(db)

        await run.write(write)
        claimed.open_attempt = None
        if attempt is not None:
            ends.cleared(claimed, "found")
        if as_sent:
            claimed.becomes(as_sent)
        claimed.parts[part or maker.part] = proof
        claimed.free = claimed.free or maker.generation != claimed.target.generation

    async def forget(self, run: TargetRun) -> None:
        """Nothing of the generation before is out; what it had prepared is not used again."""
        claimed = run.claimed
        journal = {LOOKED_BACK: claimed.target.generation}

        def write(db: Connection) -> None:
            work.change(db, claimed, journal=journal, updated_at=clock.now())
            run.flush(db)

        await run.write(write)
        claimed.journal = journal

    async def learn_late(self, run: TargetRun, late: Late, *, settles: bool = True) -> None:
        """A worker that lost its lease learned what became of its call (RELIABILITY P17).

        It is evidence for whoever looks. Where looking has ended in `outcome_unknown`, the target is published
        and stays free of charge, unless the answer says less than that (`settles`).
        """
        claimed = run.claimed

        def write(db: Connection) -> str:
            now = clock.now()
            held = work.hold(db, claimed)
            proof = late.proof
            if proof is not None and attempts.taken(
                db, claimed.target.integration_id, late.attempt_id, proof
            ):
                return "belongs to another attempt"
            attempt = attempts.keep_evidence(db, late.attempt_id, late.outcome, proof)
            if proof is None or not settles or attempt.outcome not in work.UNSEEN:
                return str(attempt.outcome)
            if not work.revive(db, claimed, proof, now):
                return str(attempt.outcome)
            attempts.find_late(db, attempt, proof)
            credits.waive(db, claimed.target.project_id, _entry(claimed), at=now)
            run.flush(db, Line(now, "published", "Its answer came late: it is published."))
            self._engine.hand_on(db, self._close(db, claimed, held, now))
            return "published late"

        became = await write_patiently(self._store, write)
        log.warning("an answer came late", target=claimed.target.id, outcome=late.outcome, attempt=became)
        if became == "published late":
            ends.published(claimed)

    def _charged(self, db: Connection, claimed: work.Claim, now: datetime) -> list[Write]:
        project_id, entry = claimed.target.project_id, _entry(claimed)
        if not claimed.free:
            return credits.settlement(project_id, entry, at=now)
        credits.release(db, project_id, [entry], at=now)
        credits.waive(db, project_id, entry, at=now)
        return []

    def _page(self, claimed: work.Claim, proof: Proof) -> str | None:
        return self._networks.page(claimed.target.platform, proof.url) if proof.url else None

    def _close(
        self,
        db: Connection,
        claimed: work.Claim,
        held: work.HeldPost,
        now: datetime,
        *,
        told: dict[str, Any] | None = None,
        along: Sequence[Write] = (),
        leaves: bool = True,
    ) -> list[WakeUp]:
        """Write what an end means for post and account, together with `along`, which makes of the target what is `told`.

        Returns the wake-up for who comes next of an account that is left.
        """
        target = claimed.target
        seen = work.at_the_end(db, claimed, now)
        entries = [each | (told or {}) if each["id"] == target.id else each for each in seen.entries]
        states = [each["state"] for each in entries]
        status, done, derived = work.derived(target.post_id, states, publish_now=claimed.publish_now, now=now)
        ending = lanes.ending(held, target, published=told is not None, leaves=leaves)
        writes = [*along, derived, *ending]
        if done:
            writes.append(post_events.ended(target.project_id, as_dict(held), entries, status, now))
            media.expire_with(db, target.post_id, writes)
        else:
            together(db, writes)
        return seen.following if leaves else []

    def _refused(self, db: Connection, claimed: work.Claim, now: datetime) -> None:
        target = claimed.target
        # R5: three refusals in a row and the account rests, before the network takes offence.
        if lanes.count_refusal(db, target.integration_id) >= REFUSALS:
            lanes.slow(db, target.integration_id, now + DAY)
            event(
                target.project_id,
                "account.paused",
                target.integration_id,
                {"integrationId": target.integration_id, "until": clock.iso(now + DAY)},
                now,
            ).alone(db)


def _done(run: TargetRun, now: datetime, until: datetime | None = None) -> dict[str, Any]:
    """The columns of a target that is done; with `until` it stays the worker's."""
    return {
        "next_at": until,
        "lease_until": until,
        "wait_reason": None,
        "warning": " ".join(run.warnings) or None,
        "updated_at": now,
    }


def _as_sent(claimed: work.Claim, maker: AttemptRow) -> dict[str, Any]:
    """The columns of a target that was mended after `maker`, as they were when that was sent; none for any other."""
    said = claimed.said_before(maker)
    if said is None:
        return {}
    earlier = [each for each in claimed.target.replaced if each["until"] < said["until"]]
    return {
        "content": said["content"],
        "options": said["options"],
        "own_media": said["media"],
        "replaced": earlier or None,
        "mended_at": claimed.target.mended_at if earlier else None,
        "journal": {**claimed.journal, SUPERSEDED: True},
    }


def _entry(claimed: work.Claim) -> credits.Entry:
    target = claimed.target
    return credits.Entry(target.id, target.generation, target.price, target.platform, target.integration_id)
