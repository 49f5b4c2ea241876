"""The story of one target, from the claim to its end (ARCHITECTURE §5, steps 7–10)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import structlog

from polypost import clock
from polypost.engine import Engine, Ring
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
)
from polypost.integrations import TokenSource
from polypost.integrations import service as integrations
from polypost.media import Library
from polypost.observability import failpoints
from polypost.outbound import Networks
from polypost.platforms.base import Connector, Draft, MediaFile, MediaRef, Post, Tokens
from polypost.platforms.registry import connector
from polypost.posts import work
from polypost.posts.accept import RING
from polypost.posts.checks import locate, parse_options
from polypost.publishing.journal import TargetRun, Wait, retry_at
from polypost.publishing.reconcile import Reconciler
from polypost.publishing.results import Results
from polypost.storage import Store

log = structlog.get_logger("polypost.publishing")


@dataclass(frozen=True, slots=True)
class Policy:
    """Times and caps of the pipeline (RELIABILITY R2, R5, G10)."""

    lease: timedelta
    heartbeat: float
    reconcile_at: Sequence[float]
    attempts: int
    attempt_span: timedelta
    late_grace: timedelta


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
    ) -> None:
        self._store = store
        self._engine = engine
        self._tokens = tokens
        self._media = media
        self._networks = networks
        self._policy = policy
        self._owner = owner
        self._owned: dict[str, int] = {}
        self._results = Results(store, engine, networks)
        self._reconciler = Reconciler(store, self._results, policy.reconcile_at)

    async def run(self, target_id: str) -> None:
        """The engine's handler: claim the account's first due target and carry it on."""
        failpoints.hit("P4")
        now = clock.now()
        claimed = await self._store.write(
            lambda db: work.claim(db, target_id, by=self._owner, lease=self._policy.lease, now=now)
        )
        if isinstance(claimed, work.Later):
            at = max(claimed.at, now + timedelta(milliseconds=50))
            await self._store.write(lambda db: self._engine.ring(db, [Ring(RING, target_id, at)]))
            return
        if claimed is None:
            return
        failpoints.hit("P5", claimed.target.platform)
        self._owned[claimed.target.id] = claimed.epoch
        try:
            await self._carry(claimed)
        except LeaseLost as lost:
            log.warning("lease lost", target=claimed.target.id, reason=str(lost))
        finally:
            self._owned.pop(claimed.target.id, None)

    async def beat_for_ever(self) -> None:
        """Give signs of life for everything this process owns, until cancelled."""
        while True:
            await asyncio.sleep(self._policy.heartbeat)
            if not self._owned:
                continue
            owned, until = dict(self._owned), clock.now() + self._policy.lease
            try:
                await self._store.write(partial(work.beat, owned=owned, by=self._owner, until=until))
            except PolypostError as error:
                log.warning("no heartbeat", error=str(error))

    async def _carry(self, claimed: work.Claim) -> None:
        target = claimed.target
        network = connector(target.platform)
        integration = await self._store.read(
            lambda db: integrations.find(db, target.project_id, [target.integration_id]).get(
                target.integration_id
            )
        )
        token_of = partial(self._token, target.project_id, target.integration_id)
        account = integration.account if integration else integrations.no_account()
        run = TargetRun(
            self._store, self._networks, claimed, account=account, token_of=token_of, lease=self._policy.lease
        )
        if network is None or integration is None:
            await self._without_account(claimed, run)
            return
        if claimed.target.doubt_since is None and claimed.open_attempt is not None:
            # Whoever sent this call died before it knew the answer.
            await self._reconciler.enter(claimed, run)
            return
        await self._judge(claimed, run, network)

    async def _without_account(self, claimed: work.Claim, run: TargetRun) -> None:
        code = "outcome_unknown" if claimed.open_attempt is not None else "account_disconnected"
        await self._results.failed(
            claimed, run, code, "The account is no longer connected. Connect it again and retry this target."
        )

    async def _judge(self, claimed: work.Claim, run: TargetRun, network: Connector) -> None:
        """Tell the story and turn whatever it raises into a row (the table of ARCHITECTURE §4)."""
        try:
            await self._tell(claimed, run, network)
        except LeaseLost:
            raise
        except Wait as wait:
            await self._results.wait(claimed, run, wait.at, wait.reason)
        except OutcomeUnknown:
            await self._reconciler.enter(claimed, run)
        except RateLimited as limited:
            await self._later(claimed, run, network, limited)
        except (Unavailable, NotSent, NoAnswer) as trouble:
            await self._again(claimed, run, Unavailable(trouble.message, code=trouble.code))
        except StoreUnavailable:
            raise
        except PolypostError as error:
            await self._refuse(claimed, run, error)
        except Exception as fault:
            log.exception("a connector failed", target=claimed.target.id, platform=claimed.target.platform)
            await self._fault(claimed, run, fault)

    async def _refuse(self, claimed: work.Claim, run: TargetRun, error: PolypostError) -> None:
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
        await self._end(claimed, run, error, refusal=error.code == "account_restricted")

    async def _fault(self, claimed: work.Claim, run: TargetRun, fault: Exception) -> None:
        if claimed.open_attempt is not None:
            await self._reconciler.enter(claimed, run)
            return
        said = f"Polypost failed inside ({type(fault).__name__}); its log says where."
        await self._again(claimed, run, Unavailable(said, code="internal_error"))

    async def _tell(self, claimed: work.Claim, run: TargetRun, network: Connector) -> None:
        target = claimed.target
        self._in_time(claimed)
        options, wrong = parse_options(network, target.options, "platformSpecificData")
        if options is None:
            raise Rejected("; ".join(problem.message for problem in wrong))
        if claimed.open_attempt is not None:
            post = Post(target.id, claimed.text, (), options)
            if await self._reconciler.look(claimed, run, network, post) == "done":
                return
        await run.authorise()
        refs = [MediaRef(item["type"], item["url"], item.get("thumbnail")) for item in claimed.media]
        files, extra = await self._fetch(claimed, network, options, refs)
        draft = Draft(claimed.text, tuple(file.ref for file in files), options, run.account)
        if not claimed.parts:
            problems = [locate(problem, "", own_text=False) for problem in network.check(draft)]
            if problems:
                raise Rejected(" ".join(f"{problem.message} {problem.hint}".strip() for problem in problems))
        proof = await network.publish(run, Post(target.id, claimed.text, tuple(files), options, extra))
        await self._results.published(claimed, run, proof)

    def _in_time(self, claimed: work.Claim) -> None:
        late = clock.now() - claimed.target.due_at
        if late > self._policy.late_grace and not claimed.target.attempted:
            hours = int(self._policy.late_grace.total_seconds() // 3600)
            raise Rejected(
                f"Its hour was missed by more than {hours} h, so it was not sent.", code="missed_window"
            )

    async def _fetch(
        self, claimed: work.Claim, network: Connector, options: object, refs: Sequence[MediaRef]
    ) -> tuple[list[MediaFile], dict[str, MediaFile]]:
        known = {ref.url for ref in refs}
        further = [ref for ref in network.media_refs(options) if ref.url not in known]
        if not refs and not further:
            return [], {}
        stored = await self._media.open(claimed.target.project_id, claimed.target.post_id, [*refs, *further])
        for place, ref in enumerate([*refs, *further]):
            got = stored[ref.url]
            if isinstance(got, Unavailable):
                raise got
            if isinstance(got, PolypostError):
                where = f"mediaItems[{place}]" if place < len(refs) else "platformSpecificData"
                raise Rejected(f"{where}: {got.message}", code=got.code)
        files: dict[str, MediaFile] = {
            url: got for url, got in stored.items() if not isinstance(got, PolypostError)
        }
        return [files[ref.url] for ref in refs], files

    async def _token(self, project_id: str, integration_id: str, refused: str | None) -> Tokens:
        return await self._tokens.live(project_id, integration_id, refused=refused)

    async def _later(
        self, claimed: work.Claim, run: TargetRun, network: Connector, limited: RateLimited
    ) -> None:
        now = clock.now()
        at = retry_at(limited, 0, now)
        if at > claimed.target.due_at + self._policy.late_grace:
            said = f"{network.spec.name} asked to wait until {clock.iso(limited.until)}, which is too late for this post."
            await self._end(claimed, run, Rejected(said, code="missed_window"))
            return
        run.say("rate_limited", f"{network.spec.name} asks to wait until {clock.iso(at)}.")
        await self._results.wait(claimed, run, at, "rate_limited", slow=True)

    async def _again(self, claimed: work.Claim, run: TargetRun, trouble: Unavailable) -> None:
        now = clock.now()
        tries = claimed.target.tries + 1
        at = retry_at(trouble, tries, now)
        began = claimed.target.first_try_at or now
        if tries >= self._policy.attempts or at > began + self._policy.attempt_span:
            await self._end(claimed, run, trouble)
            return
        run.say("unavailable", f"{trouble.message} Trying again at {clock.iso(at)}.", {"try": tries})
        await self._results.wait(claimed, run, at, "back_off", tries=tries)

    async def _end(
        self, claimed: work.Claim, run: TargetRun, error: PolypostError, *, refusal: bool = False
    ) -> None:
        """Fail, unless a first part is out already: then the rest is a warning, never a failure (S7)."""
        first = next(iter(claimed.parts.values()), None)
        if first is not None:
            run.warn(f"The first part is published; the rest is not: {error.message}")
            await self._results.published(claimed, run, first)
        else:
            await self._results.failed(claimed, run, error.code, error.message, refusal=refusal)
