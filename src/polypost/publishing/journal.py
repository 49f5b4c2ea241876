"""The journal of one target: what a connector sees as `Run`.

Finished steps answer from the target's row; the commit call has its intent row before the first byte
leaves (RELIABILITY S4–S8). The network's proof waits in memory and is written with whatever comes next, which is
the target's end where nothing else is to be done (S7); no further call to the network begins before it is. The first
follow-up says that everything of the post is out: the target's result is written before it begins.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection

from polypost import clock
from polypost.errors import (
    Duplicate,
    LeaseLost,
    NoAnswer,
    NotFound,
    NotSent,
    OutcomeUnknown,
    PlatformError,
    Rejected,
    StoreUnavailable,
    TokenExpired,
    Unavailable,
)
from polypost.integrations import service as integrations
from polypost.observability import failpoints
from polypost.outbound import Exchange, NetworkClient, Networks
from polypost.platforms.base import Account, NotYet, Proof, Tokens
from polypost.posts import attempts, lanes, timeline, work
from polypost.posts.tables import AttemptRow
from polypost.posts.timeline import Line
from polypost.publishing import ends
from polypost.publishing.backoff import write_patiently
from polypost.storage import CommitUnknown, Joint, Store, Write, together

# Stands in the journal of a target that was mended, and of which the attempt before turned out to be published: nothing
# more of what it said then goes out (G5).
SUPERSEDED = "polypost.superseded"
# The generation before whose first attempt the account was looked at once more.
LOOKED_BACK = "polypost.looked_back"
_SUPERSEDED = "What was sent before the change is published, and nothing more of it was sent."
T = TypeVar("T")
log = structlog.get_logger("polypost.publishing")

TokenOf = Callable[[str | None], Awaitable[Tokens]]
# Writes that everything is out, together with what the journal holds from then on.
Settle = Callable[[dict[str, Any]], Awaitable[None]]
# What a follow-up may end with and have been done all the same.
_UNCLEAR = (NoAnswer, OutcomeUnknown, Unavailable)


class Wait(Exception):
    """The network is still working: give the worker back and come again at `at`."""

    def __init__(self, at: datetime, reason: str) -> None:
        super().__init__(reason)
        self.at = at
        self.reason = reason


class TooLate(NotSent):
    """This server was too slow to publish safely; nothing was sent."""

    code = "too_slow"


@dataclass(frozen=True, slots=True)
class Late:
    """What became of a commit call, learned by a worker that no longer owns the target."""

    attempt_id: str
    outcome: str
    proof: Proof | None


@dataclass(frozen=True, slots=True)
class _Answer:
    """The network's own proof of an attempt, and when it came."""

    attempt: AttemptRow
    proof: Proof
    at: datetime


@dataclass(frozen=True, slots=True)
class Hand:
    """What a claim's transaction finds: the target, its account, None when that is gone, and its tokens if they live."""

    claimed: work.Claim
    integration: integrations.Integration | None
    tokens: Tokens | None


class TargetRun:
    """One target's story being told; implements `platforms.base.Run`."""

    def __init__(
        self,
        store: Store,
        networks: Networks,
        claimed: work.Claim,
        *,
        account: Account,
        token_of: TokenOf,
        tokens: Tokens | None = None,
        lease: timedelta,
        heard: Callable[..., None],
        settle: Settle,
    ) -> None:
        self._store = store
        self._heard = heard
        self._settle = settle
        self.claimed = claimed
        self._account = account
        self._token_of = token_of
        # What the claim found, for the first who asks.
        self._at_hand = tokens
        self._tokens = Tokens("")
        self._lease = lease
        self._platform: str = claimed.target.platform
        self._lines: list[Line] = []
        self._asked = 0.0
        # A story that goes on after the result keeps what was warned of before.
        self.warnings: list[str] = [claimed.target.warning] if claimed.target.warning else []
        self._answer: _Answer | None = None
        self.late: Late | None = None
        self._http = networks.client(
            self._platform,
            observer=self._observe,
            before=self.save,
            on_commit_sending=self._check_lease,
            on_commit_sent=lambda: failpoints.hit("P9", self._platform),
            commit_deadline=lease.total_seconds() / 3,
        )

    @property
    def http(self) -> NetworkClient:
        """The network's client."""
        return self._http

    @property
    def account(self) -> Account:
        """The account this target goes to."""
        return self._account

    @property
    def token(self) -> str:
        """The access token that works now."""
        return self._tokens.access_token

    @property
    def extra(self) -> Mapping[str, Any]:
        """What came with the tokens."""
        return self._tokens.extra

    def now(self) -> datetime:
        """The server's clock."""
        return clock.now()

    async def authorise(self, refused: str | None = None) -> None:
        """Have a live token; with `refused`, another one than that. Raises ReconnectRequired, Unavailable."""
        at_hand, self._at_hand = self._at_hand, None
        if at_hand is None or refused is not None:
            await self.save()
            at_hand = await self._token_of(refused)
        self._tokens = at_hand

    async def step(self, name: str, fn: Callable[[], Awaitable[T]]) -> T:
        """See `platforms.base.Run`."""
        if name in self.claimed.journal:
            return self.claimed.journal[name]  # type: ignore[no-any-return]  # what the step returned
        await self.save()
        with ends.timed(self.claimed, name):
            result = await self.refreshed(fn)
        await self._remember(name, result)
        return result

    async def until(
        self,
        name: str,
        fn: Callable[[], Awaitable[T | NotYet]],
        *,
        every: timedelta,
        at_most: timedelta,
    ) -> T:
        """See `platforms.base.Run`."""
        if name in self.claimed.journal:
            return self.claimed.journal[name]  # type: ignore[no-any-return]  # what the step returned
        began = f"{name}.began"
        if began not in self.claimed.journal:
            await self._remember(began, clock.iso(clock.now()))
        await self.save()
        with ends.timed(self.claimed, name):
            result = await self.refreshed(fn)
        if isinstance(result, NotYet):
            since = clock.parse_stamp(self.claimed.journal[began])
            if clock.now() - since > at_most:
                raise Unavailable(
                    f"The network did not finish within {int(at_most.total_seconds() // 60)} minutes."
                )
            pause = max(min(result.after or every, at_most), timedelta(seconds=0.1))
            raise Wait(clock.now() + pause, result.note or "processing")
        await self._remember(name, result)
        return result

    async def commit(
        self, name: str, fn: Callable[[], Awaitable[Proof]], *, handles: Mapping[str, Any] | None = None
    ) -> Proof:
        """See `platforms.base.Run`."""
        done = self.claimed.parts.get(name)
        if done is not None:
            return done
        if self.claimed.out:
            raise RuntimeError(f"The commit call {name!r} comes after a follow-up.")
        if SUPERSEDED in self.claimed.journal:
            raise Rejected(_SUPERSEDED)
        failpoints.hit("P7", self._platform)
        try:
            return await self._attempt(name, fn, handles or {})
        except TokenExpired:
            await self.authorise(self.token)
            return await self._attempt(name, fn, handles or {})

    async def after(
        self, name: str, fn: Callable[[], Awaitable[T]], *, warning: str, visible: bool = False
    ) -> T | None:
        """See `platforms.base.Run`. Nothing that goes wrong here may put in question what is out already (S7)."""
        sent, failed, known = f"{name}.sent", f"{name}.failed", self.claimed.journal
        if visible and SUPERSEDED in known and name not in known:
            self.warn(_SUPERSEDED)
            return None
        # Whoever began this call died or was overtaken in it; a second copy could not be taken back quietly.
        begun = sent in known
        await self._out(sent if visible and not begun else None)
        if not (begun or name in known or failed in known):
            await self._follow(name, fn, visible=visible)
        if name in known:
            return known[name]  # type: ignore[no-any-return]  # the journal holds what the step returned
        self.warn(warning if failed in known else _doubtful(name))
        return None

    async def _out(self, sent: str | None) -> None:
        """Write the result before the first follow-up, and before a call that others can see the mark `sent`."""
        mark = {} if sent is None else {sent: True}
        if not self.claimed.out:
            await self._settle({**self.claimed.journal, **mark})
            self.claimed.journal.update(mark)
        elif sent is not None:
            await self._remember(sent, result=True)

    async def _follow(self, name: str, fn: Callable[[], Awaitable[Any]], *, visible: bool) -> None:
        """Do a follow-up and keep its result, or that it failed; one that may have been done has neither."""
        target = self.claimed.target.id
        try:
            result = await self.refreshed(fn)
        except (LeaseLost, StoreUnavailable, Wait):
            raise
        except (PlatformError, NotSent, NoAnswer) as error:
            log.info("follow-up failed", target=target, step=name, error=str(error))
            unclear = isinstance(error, _UNCLEAR)
        except Exception:
            log.exception("a follow-up failed inside", target=target, step=name)
            unclear = True
        else:
            if visible:
                failpoints.hit("P21", self._platform)
            await self._keep(name, result, visible=visible)
            return
        if not (visible and unclear):
            await self._keep(f"{name}.failed", result=True, visible=visible)

    async def _keep(self, name: str, result: Any, *, visible: bool) -> None:
        """Remember what became of a follow-up; of one that may be repeated with the next transaction that comes."""
        if visible:
            await self._remember(name, result, patiently=True)
        else:
            self.claimed.journal[name] = result

    async def hold(self, until: datetime) -> None:
        """See `platforms.base.Run`."""
        integration_id = self.claimed.target.integration_id
        await self.save()
        try:
            await self._store.write(lambda db: lanes.slow(db, integration_id, until))
        except StoreUnavailable as trouble:
            # A courtesy; without it the next call is refused and says the same.
            log.warning("a rest could not be noted", target=self.claimed.target.id, reason=str(trouble))

    async def linked(self, ids: Iterable[str]) -> set[str]:
        """See `platforms.base.Run`."""
        target = self.claimed.target
        asked = list(ids)
        return await self._store.read(lambda db: attempts.linked(db, target.integration_id, target.id, asked))

    async def learn(self, facts: Mapping[str, Any]) -> None:
        """See `platforms.base.Run`."""
        target = self.claimed.target
        known = {**self._account.metadata, **facts}
        self._account = replace(self._account, metadata=known)
        await self.save()
        try:
            await self._store.write(
                lambda db: integrations.update_metadata(db, target.project_id, target.integration_id, facts)
            )
        except NotFound:
            # Disconnected in between: there is nothing left to keep it with.
            log.info("nothing to learn for", integration=target.integration_id)

    def warn(self, message: str) -> None:
        """See `platforms.base.Run`."""
        if message not in self.warnings:
            self.warnings.append(message)

    def say(self, kind: str, message: str, detail: dict[str, Any] | None = None) -> None:
        """A line for the timeline; written with the next transaction."""
        self._lines.append(Line(clock.now(), kind, message, detail))

    def flush(self, db: Connection, *more: Line) -> None:
        """Write what has gathered: the proof of the last commit call, and the lines, with `more` of them.

        Called in what `write` runs, once it has made sure that the target is still this worker's.
        """
        together(db, self.gathered(*more))

    def gathered(self, *more: Line) -> list[Write]:
        """The same, to be written with something else."""
        target, answer = self.claimed.target, self._answer
        lines = timeline.appended(target.project_id, target.post_id, target.id, [*self._lines, *more])
        if answer is None:
            return lines
        return [attempts.ended(answer.attempt, "published", now=answer.at, proof=answer.proof), *lines]

    async def write(self, fn: Callable[[Connection], T], *, patiently: bool = False) -> T:
        """One transaction, in which `fn` calls `flush`; `patiently` when `fn` may be done twice.

        What a network has said is waited for in any case.
        """
        answer = self._answer
        try:
            if patiently or answer is not None:
                written = await write_patiently(self._store, fn, twice=patiently)
            else:
                written = await self._store.write(fn)
        except CommitUnknown:
            # Perhaps it is there. Of all this only the proof may be written twice; the next claim sees the rest.
            if not patiently:
                await self.save()
            raise
        except LeaseLost:
            if answer is not None:
                self._answer = None
                self.late = Late(answer.attempt.id, "published", answer.proof)
            raise
        self._answer, self._lines = None, []
        return written

    async def save(self) -> None:
        """Write the proof of the last commit call, if it is still to be written."""
        if self._answer is None:
            return

        def write(db: Connection) -> None:
            work.change(db, self.claimed, updated_at=clock.now())
            self.flush(db)

        await self.write(write, patiently=True)

    async def _attempt(
        self, part: str, fn: Callable[[], Awaitable[Proof]], handles: Mapping[str, Any]
    ) -> Proof:
        attempt = await self._begin(part, handles)
        failpoints.hit("P8", self._platform)
        try:
            self._check_lease()
            with ends.timed(self.claimed, part):
                proof = await fn()
        except Duplicate as error:
            await self._doubt_duplicate(attempt, error)
            await self._end(attempt, "refused", str(error))
            raise
        except (NoAnswer, OutcomeUnknown) as error:
            raise OutcomeUnknown("The answer of the network was lost.") from error
        except NotSent as error:
            await self._end(attempt, "not_sent", str(error))
            if isinstance(error, TooLate):
                raise Unavailable(str(error), code=error.code) from error
            raise Unavailable("The network could not be reached.") from error
        except PlatformError as error:
            await self._end(attempt, "refused", str(error))
            raise
        failpoints.hit("P10", self._platform)
        self._answer = _Answer(attempt, proof, clock.now())
        self.claimed.open_attempt = None
        self.claimed.parts[part] = proof
        return proof

    async def _begin(self, part: str, handles: Mapping[str, Any]) -> AttemptRow:
        intent = attempts.Intent(self.claimed, part, handles, self._lease)

        def write(db: Connection) -> AttemptRow:
            # Before it and not with it: the earlier part's attempt has to have its end.
            self.flush(db)
            return attempts.begin(db, intent, clock.now())

        # What has gathered goes alone: of it nothing may be written for a target that has another owner.
        alone = self._answer is not None or self._lines
        self._asked = clock.boottime()
        attempt = await self.write(write if alone else Joint(intent, write, attempts.begin_several))
        self.claimed.attempts_of.setdefault(part, []).append(attempt)
        self.claimed.open_attempt = attempt
        return attempt

    def _check_lease(self) -> None:
        """Send nothing with a lease that may run out before the answer (S6): the store was slow, or we were paused.

        Asked when the call begins, and again by the client between the open connection and the first byte.
        """
        if clock.boottime() - self._asked > self._lease.total_seconds() / 3:
            raise TooLate

    async def _doubt_duplicate(self, attempt: AttemptRow, refusal: Duplicate) -> None:
        """Raise OutcomeUnknown where the duplicate may be what an earlier attempt of ours made."""
        part: str = attempt.part
        if attempt.number == 1 and not self.claimed.maybe_out(part):
            return
        said = refusal.message
        await write_patiently(self._store, lambda db: attempts.note_duplicate(db, attempt, said))
        raise OutcomeUnknown(
            "The network has this content already; looking whether it is this post."
        ) from refusal

    async def _end(self, attempt: AttemptRow, outcome: str, detail: str) -> None:
        """Write that an attempt made nothing, before anything is concluded from it."""

        def write(db: Connection) -> None:
            self.flush(db)
            work.change(db, self.claimed, updated_at=clock.now())
            attempts.end(db, attempt, outcome, now=clock.now(), detail=detail)

        try:
            await self.write(write, patiently=True)
        except LeaseLost:
            self.late = Late(attempt.id, outcome, None)
            raise
        self.claimed.open_attempt = None

    async def _remember(self, name: str, result: Any, *, patiently: bool = False) -> None:
        journal = {**self.claimed.journal, name: result}

        def write(db: Connection) -> None:
            self.flush(db)
            work.change(db, self.claimed, journal=journal, step=name, updated_at=clock.now())

        await self.write(write, patiently=patiently)
        self.claimed.journal[name] = result

    async def refreshed(self, fn: Callable[[], Awaitable[T]]) -> T:
        """Do `fn`, and once more with a new token when the network refuses the present one."""
        try:
            return await fn()
        except TokenExpired:
            await self.authorise(self.token)
            return await fn()

    def _observe(self, exchange: Exchange) -> None:
        self._heard(well=exchange.status is not None and exchange.status < 500)
        answer = exchange.status if exchange.status is not None else "no answer"
        self.say(
            "exchange",
            f"{exchange.method} {exchange.url} → {answer}",
            {
                "seconds": round(exchange.seconds, 3),
                "request": exchange.request_excerpt,
                "response": exchange.response_excerpt,
            },
        )


def _doubtful(name: str) -> str:
    """The warning for a follow-up that may have been done, and is not done again for that."""
    what = name.replace("-", " ")
    return f"It is not known whether what follows the post went through ({what}); look at the post before you add it."
