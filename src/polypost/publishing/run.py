"""The story of one target, from the claim to its end (ARCHITECTURE §5)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection

from polypost import clock
from polypost.engine import Crowded, Engine, aside
from polypost.errors import (
    LeaseLost,
    NoAnswer,
    NotSent,
    OutcomeUnknown,
    PolypostError,
    RateLimited,
    ReconnectRequired,
    Rejected,
    StoreUnavailable,
    Unavailable,
    Undone,
)
from polypost.integrations import TokenSource
from polypost.integrations import service as integrations
from polypost.media import Library, NameUnknown, StoredFile, most_for
from polypost.observability import failpoints, traces
from polypost.outbound import Networks, on_behalf_of
from polypost.platforms import registry
from polypost.platforms.base import Account, Connector, Draft, MediaFile, MediaRef, Post, Tokens
from polypost.posts import queries, sweep, work
from polypost.posts.media_fit import ORDINARY, Rules
from polypost.posts.options import parse_options
from polypost.posts.orders import media_ref
from polypost.publishing import ends
from polypost.publishing.backoff import back_off, crowded_pause, latest, limited_until
from polypost.publishing.circuit_breaker import Caller, CircuitBreakers
from polypost.publishing.journal import SUPERSEDED, Hand, TargetRun, Wait
from polypost.publishing.media_fit import Fitted, Fitter, refuse
from polypost.publishing.reconcile import Reconciler
from polypost.publishing.results import Results
from polypost.storage import Store

log = structlog.get_logger("polypost.publishing")

# How often this target was asked to wait; stands in the journal, whose other names are the connectors' steps.
WAITS = "polypost.waits"
# The media's address whose host was unknown in an earlier try; said twice, that is a verdict.
UNNAMED = "polypost.unnamed"
# Why a target waits, and the line of the timeline that tells of it, while nobody answers where it is to go.
DOWN = "network_down"
# After this no list of a network is behind any more: what it does not show is not there.
LONGEST_LAG = timedelta(days=1)
# The same while as many of the project's media are fetched as may be at a time.
CROWDED = "media"
_CROWDED = (
    "Its media wait for a place: those of as many of this project's posts are fetched as may be at a time. "
    "It looks again by itself, every minute at least; nothing needs to be done."
)
_UNSEEN = "{} shows no alternative text of some of these media; it was left out."
_AS_SENT = "What was sent before the change turned out to be published: it stays as it was then, and the change was not sent."
_TRIED_BEFORE = (
    "{said} But the answer of {name} to what was sent before was lost, and it may be published although it was not "
    "found. Look at the account before you publish it again."
)
_UNFOLLOWED = "Published; what should have followed could not be done: {}"


@dataclass(frozen=True, slots=True)
class Policy:
    """Times and caps of the pipeline (RELIABILITY R2, R5, G10)."""

    lease: timedelta
    heartbeat: float
    reconcile_at: Sequence[float]
    attempts: int
    attempt_span: timedelta
    late_grace: timedelta
    rules: Rules = ORDINARY


class Publisher:
    """Carries targets out; one instance a process."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        *,
        tokens: TokenSource,
        media: Library,
        networks: Networks,
        policy: Policy,
        owner: str,
        connectors: Callable[[str], Connector | None] = registry.connector,
    ) -> None:
        self._store = store
        self._engine = engine
        self._tokens = tokens
        self._media = media
        self._networks = networks
        self._policy = policy
        self._owner = owner
        self._connectors = connectors
        self._owned: dict[str, int] = {}
        self._outages = CircuitBreakers()
        self._results = Results(store, engine, networks, self._claim)
        self._reconciler = Reconciler(store, self._results, policy.reconcile_at)

    async def run(self, target_id: str) -> None:
        """The engine's handler: claim the account's first due target and carry it on. Raises StoreUnavailable.

        Where the engine lets it, the next one of the account is claimed in the transaction that ends this one.
        """
        failpoints.hit("P4")
        hand = await self._store.write(lambda db: self._claim(db, target_id))
        while hand is not None:
            self._engine.answered(hand.claimed.target.id)
            ends.begun(hand.claimed)
            with traces.span("publish", ends.of(hand.claimed)):
                hand = await self._own(hand)

    def _claim(self, db: Connection, target_id: str) -> Hand | None:
        now = clock.now()
        claimed = work.claim(db, target_id, by=self._owner, lease=self._policy.lease, now=now)
        # Not its turn: the wake-up goes back to the queue, and the seat to somebody else.
        if isinstance(claimed, work.Later):
            # An instant that has just passed would bring the wake-up straight back, again and again.
            at = max(claimed.at, now + timedelta(milliseconds=50))
            self._engine.wake(db, sweep.again(db, target_id, at))
            return None
        return None if claimed is None else self._hand(db, claimed)

    def _hand(self, db: Connection, claimed: work.Claim) -> Hand:
        return Hand(claimed, *self._tokens.at_hand(db, claimed.account))

    async def _own(self, hand: Hand) -> Hand | None:
        claimed = hand.claimed
        target_id = claimed.target.id
        failpoints.hit("P5", claimed.target.platform)
        self._owned[target_id] = claimed.epoch
        try:
            return await self._carry(hand)
        finally:
            # After a stoppage of the store the target may be this process's own again, by a later claim.
            if self._owned.get(target_id) == claimed.epoch:
                del self._owned[target_id]

    def resting(self) -> list[str]:
        """The networks, and servers of them, that this process leaves alone because nobody answers there."""
        return self._outages.resting()

    async def beat_for_ever(self) -> None:
        """Give signs of life for everything this process owns, until cancelled."""
        while True:
            await asyncio.sleep(self._policy.heartbeat)
            if not self._owned:
                continue
            # Copied: targets end while the store is being written to, and the write runs in another thread on SQLite.
            owned, until = dict(self._owned), clock.now() + self._policy.lease
            try:
                await self._store.write(partial(work.beat, owned=owned, by=self._owner, until=until))
            except PolypostError as error:
                log.warning("no heartbeat", error=str(error))

    async def _carry(self, hand: Hand) -> Hand | None:
        claimed, integration = hand.claimed, hand.integration
        target = claimed.target
        on_behalf_of(target.project_id)
        network = self._connectors(target.platform)
        token_of = partial(self._token, target.project_id, target.integration_id)
        account = integration.account if integration else integrations.no_account()
        run = TargetRun(
            self._store,
            self._networks,
            claimed,
            account=account,
            token_of=token_of,
            tokens=hand.tokens,
            lease=self._policy.lease,
            heard=partial(self._outages.heard, _caller(claimed, account, network)),
            settle=lambda journal: self._settle(run, journal),
        )
        try:
            if network is None:
                said = f"This server does not publish to {target.platform} any more."
                await self._end(run, Rejected(said, code="unknown_platform"))
            elif integration is None:
                said = "The account is no longer connected. Connect it again and retry this target."
                await self._end(run, Rejected(said, code="account_disconnected"))
            elif claimed.open_attempt is not None and not claimed.looking:
                # Whoever sent this call died before it knew the answer.
                await self._reconciler.enter(run)
            else:
                return await self._judge(run, network)
        except LeaseLost as lost:
            log.warning("lease lost", target=target.id, reason=str(lost))
            if run.late is not None:
                settles = not self._confirms_later(claimed)
                await self._results.learn_late(run, run.late, settles=settles)
        return None

    async def _judge(self, run: TargetRun, network: Connector) -> Hand | None:
        """Tell the story and turn whatever it raises into a row (the table of ARCHITECTURE §4)."""
        claimed = run.claimed
        try:
            return await self._tell(run, network)
        # Whoever has the target by now, or the sweep, goes on with it; a row written here would be theirs.
        except (LeaseLost, StoreUnavailable):
            raise
        except Wait as wait:
            await self._results.wait(run, wait.at, wait.reason)
        except OutcomeUnknown as unknown:
            await self._doubt(run, unknown)
        except RateLimited as limited:
            await self._later(run, network, limited)
        except (Unavailable, NotSent, NoAnswer) as trouble:
            # Nothing has left, or only what may be sent twice: parts that are out have rows of their own.
            await self._again(run, Unavailable(trouble.message, code=trouble.code))
        except PolypostError as error:
            await self._refuse(run, error)
        except Exception as fault:
            log.exception("a connector failed", target=claimed.target.id, platform=claimed.target.platform)
            await self._fault(run, fault)
        return None

    async def _refuse(self, run: TargetRun, error: PolypostError) -> None:
        claimed = run.claimed
        if isinstance(error, ReconnectRequired):
            mark = partial(
                integrations.mark_reconnect,
                project_id=claimed.target.project_id,
                integration_id=claimed.target.integration_id,
                reason=error.reason,
                detail=error.message,
            )
            await self._store.write(mark)
        # A dead token needs no breaker: the account is marked, and nothing is asked of the network for it any more.
        await self._end(run, error, refusal=error.code == "account_restricted")

    async def _doubt(self, run: TargetRun, unknown: OutcomeUnknown) -> None:
        if run.claimed.open_attempt is None:
            # No commit call was under way, so nothing can be out: it is trouble like any other.
            await self._again(run, Unavailable(str(unknown)))
        else:
            await self._reconciler.enter(run)

    async def _fault(self, run: TargetRun, fault: Exception) -> None:
        claimed = run.claimed
        if claimed.open_attempt is not None:
            await self._reconciler.stumbled(run, self._name_of(claimed))
            return
        said = f"Polypost failed inside ({type(fault).__name__}); its log says where."
        await self._again(run, Unavailable(said, code="internal_error"))

    async def _tell(self, run: TargetRun, network: Connector) -> Hand | None:
        claimed = run.claimed
        target = claimed.target
        self._in_time(claimed)
        bare = _bare(claimed, network)
        if claimed.open_attempt is not None:
            if await self._reconciler.look(run, network, bare) == "done":
                return None
            self._in_time(claimed)
        if not claimed.parts:
            self._leave_alone(run, network)
        # Retried by force after `outcome_unknown`: what was sent then may have turned up in between.
        if claimed.left_in_doubt and not target.attempted and not self._reconciler.looked_back(claimed):
            await self._reconciler.look_back(run, network, bare)
        if SUPERSEDED in claimed.journal:
            bare = _bare(claimed, network)
            run.warn(_AS_SENT)
        options = bare.options
        await run.authorise()
        # Only now: an account without a live token needs no media, which are the dear part.
        refs = [media_ref(item) for item in claimed.media]
        files, extra = await self._fetch(run, network, options, refs)
        draft = _draft(run, options, files, extra)
        if not claimed.parts:
            refuse(network.check(draft))
        # Its media may have taken a while.
        self._in_time(claimed)
        if any(file.ref.alt_text and file.ref.type not in network.spec.described for file in files):
            run.warn(_UNSEEN.format(network.spec.name))
        proof = await network.publish(run, replace(bare, media=tuple(files), extra_media=extra))
        if claimed.out:
            await self._results.followed(run, proof)
            return None
        return await self._results.published(run, proof)

    def _leave_alone(self, run: TargetRun, network: Connector) -> None:
        """Raise Wait while nobody answers where this would be sent."""
        rest = self._outages.rest(_caller(run.claimed, run.account, network))
        if rest is None:
            return
        at = clock.now() + rest
        if run.claimed.target.wait_reason != DOWN:
            run.say(DOWN, f"{network.spec.name} does not answer; waiting at least until {clock.iso(at)}.")
        raise Wait(at, DOWN)

    async def _settle(self, run: TargetRun, journal: dict[str, Any]) -> None:
        """Everything of the post is out: that is written before anything that follows it (S7)."""
        first = next(iter(run.claimed.parts.values()))
        await self._results.published(run, first, journal=journal, lease=self._policy.lease)

    def _in_time(self, claimed: work.Claim) -> None:
        """Raise Rejected when nothing of it is out yet and its hour is too long ago (G10)."""
        late, most = clock.now() - claimed.target.due_at, latest(claimed.target, self._policy.late_grace)
        if late > most and claimed.open_attempt is None and not claimed.parts:
            raise Rejected(
                f"Its hour was missed by more than {_span(most)}, so it was not sent.",
                code="missed_window",
                next_step="Retry it to send it now.",
            )

    async def _fetch(
        self,
        run: TargetRun,
        network: Connector,
        options: object,
        refs: Sequence[MediaRef],
    ) -> tuple[list[MediaFile], dict[str, MediaFile]]:
        claimed = run.claimed
        known = {ref.url for ref in refs}
        named = [*network.media_refs(options)]
        if network.spec.thumbnails:
            named += [MediaRef("image", ref.thumbnail) for ref in refs if ref.thumbnail]
        further = [ref for ref in named if ref.url not in known]
        if not refs and not further:
            return [], {}
        target = claimed.target
        fitter = Fitter(self._media, self._policy.rules, run, network)
        fitted: Fitted | None = None
        try:
            async with aside():
                stored = await self._media.open(
                    target.project_id,
                    target.post_id,
                    [*refs, *further],
                    nearby=target.platform in self._networks.overrides,
                    own=network.spec.own_copies,
                    most=most_for(network.spec),
                )
                had = {url: got for url, got in stored.items() if isinstance(got, StoredFile)}
                if all(ref.url in had for ref in refs):
                    # The story is told again after each wait: what judges the draft has the facts of what is sent.
                    asked = partial(
                        queries.asks_strictly, project_id=target.project_id, post_id=target.post_id
                    )
                    strict = None if refs else await self._store.read(asked)
                    fitted = await fitter.fit(options, refs, had, strict=strict)
        except Crowded:
            now = clock.now()
            if target.wait_reason != CROWDED:
                run.say(CROWDED, _CROWDED)
            raise Wait(now + crowded_pause(now - target.due_at), CROWDED) from None
        for place, ref in enumerate([*refs, *further]):
            where = f"mediaItems[{place}]" if place < len(refs) else "platformSpecificData"
            if not ref.optional:
                _had(claimed, ref, stored[ref.url], where)
        assert fitted is not None
        await fitter.tell(fitted)
        return list(fitted.files), dict(fitted.extra)

    async def _token(self, project_id: str, integration_id: str, refused: str | None) -> Tokens:
        return await self._tokens.live(project_id, integration_id, refused=refused)

    async def _later(self, run: TargetRun, network: Connector, limited: RateLimited) -> None:
        claimed = run.claimed
        now = clock.now()
        waits = int(claimed.journal.get(WAITS, 0)) + 1
        at = limited_until(limited, waits, now)
        if at > claimed.target.due_at + latest(claimed.target, self._policy.late_grace):
            said = (
                f"{network.spec.name} asked to wait until {clock.iso(at)}, which is too late for this post."
            )
            late = Rejected(said, code="missed_window", next_step="Retry it after that.")
            await self._end(run, late)
            return
        run.say("rate_limited", f"{network.spec.name} asks to wait until {clock.iso(at)}.")
        journal = {**claimed.journal, WAITS: waits}
        await self._results.wait(run, at, "rate_limited", slow=True, journal=journal)

    async def _again(self, run: TargetRun, trouble: Unavailable) -> None:
        """Once more after a pause, as often and as long as the policy allows; waiting for a limit is no try (R5)."""
        claimed = run.claimed
        now = clock.now()
        tries = claimed.target.tries + 1
        at = now + back_off(tries)
        began = claimed.target.first_try_at or now
        if tries >= self._policy.attempts or at > began + self._policy.attempt_span:
            said = f"{trouble.message} {_tried(tries)}"
            await self._end(run, Unavailable(said, code=trouble.code, next_step="Retry it later."))
            return
        run.say("unavailable", f"{trouble.message} Trying again at {clock.iso(at)}.", {"try": tries})
        await self._results.wait(
            run, at, "back_off", tries=tries, first_try_at=began, journal=claimed.journal or None
        )

    async def _end(self, run: TargetRun, error: PolypostError, *, refusal: bool = False) -> None:
        """Fail, unless something is out already: then the rest is a warning, never a failure (S7).

        An attempt whose outcome is open makes it `outcome_unknown`, whatever else went wrong.
        """
        claimed = run.claimed
        first = next(iter(claimed.parts.values()), None)
        if claimed.out:
            run.warn(_UNFOLLOWED.format(error.message))
            await self._results.followed(run)
        elif claimed.open_attempt is not None:
            await self._reconciler.give_up(run, self._name_of(claimed))
        elif isinstance(error, Undone):
            await self._results.failed(run, error.code, error.message, refusal=refusal, undone=True)
        elif first is not None and self._confirms_later(claimed):
            said = _unconfirmed(self._name_of(claimed), error)
            await self._results.failed(run, "outcome_unknown", said, undone=True)
        elif first is not None:
            run.warn(_unfinished(claimed, error))
            await self._results.published(run, first)
        elif claimed.unseen is not None and clock.now() - claimed.unseen < LONGEST_LAG:
            # What was sent before and not found may be out all the same, whatever the network says to the next try.
            said = _TRIED_BEFORE.format(name=self._name_of(claimed), said=error.message)
            await self._results.failed(run, "outcome_unknown", said, refusal=refusal)
        else:
            await self._results.failed(run, error.code, error.message, refusal=refusal)

    def _confirms_later(self, claimed: work.Claim) -> bool:
        network = self._connectors(claimed.target.platform)
        return network is not None and network.spec.confirms_later

    def _name_of(self, claimed: work.Claim) -> str:
        network = self._connectors(claimed.target.platform)
        return network.spec.name if network is not None else str(claimed.target.platform)


def _had(claimed: work.Claim, ref: MediaRef, got: StoredFile | PolypostError, where: str) -> None:
    """Raise Rejected or Unavailable for an item that is not here."""
    if isinstance(got, NameUnknown):
        # A name server that stumbles once also says that there is no such name.
        again = claimed.journal.get(UNNAMED) == ref.url
        claimed.journal[UNNAMED] = ref.url
        got = got.verdict if again else got
    if isinstance(got, Unavailable):
        raise got
    if isinstance(got, PolypostError):
        raise Rejected(f"{where}: {got.message}", code=got.code)


def _draft(
    run: TargetRun, options: object, files: Sequence[MediaFile], extra: Mapping[str, MediaFile]
) -> Draft:
    known = {url: file.facts for url, file in extra.items()}
    return Draft(run.claimed.text, tuple(file.ref for file in files), options, run.account, known)


def _caller(claimed: work.Claim, account: Account, network: Connector | None) -> Caller:
    target = claimed.target
    own = network is not None and network.spec.own_servers
    place = f"{target.platform} {account.metadata.get('server', '')}" if own else target.platform
    return Caller(target.integration_id, target.project_id, place)


def _bare(claimed: work.Claim, network: Connector) -> Post:
    """The post without its media, as the target says it. Raises Rejected for options that are not the network's any more."""
    options, wrong = parse_options(network, claimed.target.options, "platformSpecificData")
    if options is None:
        raise Rejected("; ".join(problem.message for problem in wrong))
    target = claimed.target
    return Post(target.id, claimed.text, (), options, due_at=target.due_at, generation=target.generation)


def _span(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    size, unit = next((each for each in ((3600, "h"), (60, "min")) if seconds % each[0] == 0), (1, "s"))
    return f"{seconds // size} {unit}"


def _tried(tries: int) -> str:
    return "It was tried once." if tries == 1 else f"It was tried {tries} times."


def _unconfirmed(name: str, error: PolypostError) -> str:
    return (
        f"{name} took this and has not said whether it is published: {error.message} "
        "Look at the account before you publish it again."
    )


def _unfinished(claimed: work.Claim, error: PolypostError) -> str:
    """What is out and what is not, as far as that is known: a story that stopped may have been at its end."""
    count = len(claimed.parts)
    parts = "The first part is" if count == 1 else f"The first {count} parts are"
    if any(part not in claimed.parts for part in claimed.attempts_of):
        return f"{parts} published; the rest is not: {error.message}"
    return _UNFOLLOWED.format(error.message)
