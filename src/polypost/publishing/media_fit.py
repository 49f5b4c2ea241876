"""A target's media made to fit, and said so: while its files are here and no seat is held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from polypost.errors import FetchFailed, PolypostError, Problem, Rejected
from polypost.media import Library, StoredFile
from polypost.platforms.base import Connector, Draft, MediaFile, MediaRef
from polypost.platforms.media_fit import Plan, anew
from polypost.posts.media_fit import Rules, bared, settle, stays, told
from polypost.publishing.journal import TargetRun

STEP = "polypost.fitted"
_STAYS = (
    "{} fetches these media from their own address, so what they tell of camera and place is in them; with "
    "POLYPOST_PUBLIC_URL this server sends copies without it."
)


@dataclass(slots=True)
class Fitted:
    """The files that go out, in the order of the items, all of them by address, and what was done to them."""

    files: Sequence[MediaFile]
    extra: Mapping[str, MediaFile]
    changes: list[str] = field(default_factory=list)
    bared: int = 0
    left: bool = False


def refuse(problems: Sequence[Problem]) -> None:
    """Raise Rejected with everything that is wrong, if anything is."""
    if problems:
        raise Rejected(" ".join(f"{problem.message} {problem.hint}".strip() for problem in problems))


class Fitter:
    """Makes the media of one target fit its network."""

    def __init__(
        self,
        media: Library,
        rules: Rules,
        run: TargetRun,
        network: Connector,
    ) -> None:
        self._media = media
        self._run = run
        self._network = network
        self._rules = rules
        self._nearby = network.spec.id in rules.nearby

    async def fit(
        self,
        options: object,
        refs: Sequence[MediaRef],
        had: Mapping[str, StoredFile],
        *,
        strict: bool | None,
    ) -> Fitted:
        """The files as they go out; what is not to be changed stays. Raises Rejected, Unavailable.

        `strict` is for a post of which only options name media.
        """
        run, target = self._run, self._run.claimed.target
        media = tuple(replace(ref, facts=had[ref.url].facts) for ref in refs)
        further = {url: file.facts for url, file in had.items()}
        draft = Draft(run.claimed.text, media, options, run.account, further)
        settled = settle(self._network, draft, target.integration_id, self._rules, strict=strict)
        if not run.claimed.parts:
            # What would be refused all the same is not decoded for that.
            refuse(settled.problems)
        done = Fitted([], {})
        files: list[MediaFile] = []
        for place, (ref, plan) in enumerate(zip(media, settled.plans, strict=True)):
            files.append(await self._one(f"mediaItems[{place}]", ref, had[ref.url], plan, done))
        extra: dict[str, MediaFile] = dict(had)
        for url, plan in settled.further.items():
            named = had[url]
            extra[url] = await self._one("platformSpecificData", named.ref, named, plan, done)
        for ref, file in zip(refs, files, strict=True):
            extra[ref.url] = file
        done.files, done.extra = files, extra
        return done

    async def tell(self, done: Fitted) -> None:
        """Write what was done into the timeline, once, and into the target's warning."""

        async def say() -> list[str]:
            changes = [*done.changes, bared(done.bared)] if done.bared else done.changes
            for change in changes:
                self._run.say("media_fitted", f"{change}.")
            return changes

        if done.changes or done.bared:
            for change in await self._run.step(STEP, say):
                self._run.warn(f"{change}.")
        if done.left:
            self._run.warn(_STAYS.format(self._network.spec.name))

    async def _one(
        self, where: str, ref: MediaRef, file: StoredFile, plan: Plan | None, done: Fitted
    ) -> MediaFile:
        if plan is None or plan.recipe is None:
            return replace(file, ref=ref) if file.ref.url == ref.url else file
        bare = plan.recipe["do"] == "strip"
        if bare and stays(self._network, plan.kind, self._rules):
            done.left = True
            return replace(file, ref=ref)
        made = await self._made(ref, plan)
        if isinstance(made, PolypostError):
            if plan.wish and isinstance(made, FetchFailed):
                return replace(file, ref=ref)
            raise (
                made
                if not isinstance(made, FetchFailed)
                else Rejected(f"{where}: {made.message}", code=made.code, next_step=made.next_step)
            )
        # A picture that turned out to be opaque is the same, but for what it told.
        same = "only" in plan.recipe and made.facts.mime == file.facts.mime
        if bare or same:
            done.bared += int(bool(file.facts.metadata) and not self._rules.keep_metadata)
        else:
            notes = [*made.notes, *(["silence"] if plan.recipe.get("sound") == "silence" else [])]
            done.changes.append(told(file.facts, made.facts, self._network.spec.name, notes))
        return replace(made, ref=replace(ref, type=plan.kind, facts=made.facts))

    async def _made(self, ref: MediaRef, plan: Plan) -> StoredFile | PolypostError:
        target = self._run.claimed.target
        assert plan.recipe is not None
        made = await self._media.fitted(
            target.project_id, target.post_id, ref, plan.recipe, nearby=self._nearby
        )
        if isinstance(made, PolypostError) or (other := anew(plan, made.size)) is None:
            return made
        return await self._media.fitted(
            target.project_id, target.post_id, ref, other.recipe or {}, nearby=self._nearby
        )
