"""Instagram, told from top to bottom: prepare a container, publish it, find its address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from polypost.errors import OutcomeUnknown, RateLimited, Rejected, Unavailable
from polypost.platforms.base import (
    Absent,
    Attempt,
    CannotTell,
    Connector,
    Draft,
    Found,
    MediaProfile,
    MediaRef,
    Post,
    Proof,
    Reconciled,
    Run,
    Session,
    Sought,
)
from polypost.platforms.families.meta.errors import Gone
from polypost.platforms.families.meta.insights import made_at
from polypost.platforms.families.meta.posts import nearest, permalink, reaches_back, remove
from polypost.platforms.instagram import check, metrics, oauth
from polypost.platforms.instagram.comments import InstagramComments
from polypost.platforms.instagram.containers import prepare, state_of
from polypost.platforms.instagram.drawing import DRAWING
from polypost.platforms.instagram.graph import Graph
from polypost.platforms.instagram.graph_errors import RATE_PAUSE
from polypost.platforms.instagram.messages import InstagramMessages
from polypost.platforms.instagram.options import InstagramOptions, kind_of
from polypost.platforms.instagram.spec import SPEC
from polypost.platforms.kit.matching import CLOCK_SLACK, TOO_MANY, essence

# As many as Instagram lists on a page here.
_LISTED = 50
_MEDIA_TYPES = {"image": "IMAGE", "video": "VIDEO"}


class InstagramConnector(InstagramComments, InstagramMessages, Connector):
    """Publishes to professional Instagram accounts through the Instagram Login."""

    spec = SPEC
    drawing = DRAWING
    options = InstagramOptions
    login = oauth.LOGIN
    check = staticmethod(check.check)
    identify = staticmethod(oauth.identify)
    measure = staticmethod(metrics.measure)
    recent = staticmethod(metrics.recent)

    def media_refs(self, options: Any) -> Iterable[MediaRef]:
        """The cover of a reel."""
        return () if options.cover_url is None else (MediaRef("image", options.cover_url),)

    def media_profile(self, kind: str, draft: Draft) -> MediaProfile | None:
        """Stories and carousels have profiles of their own."""
        place = kind_of(draft.options, draft.media)
        return self.spec.media.get(f"{kind}/{place}") or self.spec.media.get(kind)

    async def publish(self, run: Run, post: Post) -> Proof:
        """Quota, container, publication, permalink."""
        graph = Graph.of(run)
        account = run.account.id
        if post.options.story and post.text.strip():
            run.warn("Instagram stories take no caption, so the text was left out.")

        async def quota() -> dict[str, Any]:
            return await self._quota(run, graph)

        await run.step("quota", quota)
        container = await prepare(run, post)

        async def send() -> Proof:
            if container.published:
                # An earlier attempt came through late; whose media item it became is for reconcile to find.
                raise OutcomeUnknown("Instagram says that this is published already.")
            return Proof(await graph.publish(f"{account}/media_publish", {"creation_id": container.id}))

        proof = await run.commit(
            "publish", send, handles=_handles(post, [file.ref for file in post.media], container.id)
        )
        return Proof(proof.id, await permalink(run, graph, proof.id))

    def sought(self, post: Post, draft: Draft) -> Sought | None:
        """Pictures, carousels and reels by caption and kind; a story has nothing to be known by."""
        # What an animation became is not known before it is made to fit.
        if post.options.story or any(each.type == "gif" for each in draft.media):
            return None
        return Sought("publish", _handles(post, draft.media, None))

    async def look(self, run: Run, attempt: Attempt) -> Reconciled:
        """Ask the container whether it was published, then find the media item that came of it."""
        graph = Graph(run)
        try:
            container = attempt.handles["container"]
            if container is None:
                return await self._find(run, graph, attempt)
            state, _ = await state_of(graph, str(container))
            if state in {"FINISHED", "EXPIRED", "ERROR"}:
                return Absent()
            if state != "PUBLISHED":
                return CannotTell(f"Instagram's container is in state {state or 'unknown'}.")
            return await self._find(run, graph, attempt)
        except (Rejected, RateLimited, Unavailable) as unreadable:
            return CannotTell(str(unreadable))

    async def delete(self, session: Session, proof: Proof) -> None:
        """Ask Instagram to remove the item, which it may refuse to apps."""
        await remove(Graph(session), proof.id, "in the Instagram app")

    async def _quota(self, run: Run, graph: Graph) -> dict[str, Any]:
        """How many posts of the day are used; raises RateLimited when it is all of them."""
        try:
            body = await graph.get(f"{run.account.id}/content_publishing_limit", fields="quota_usage,config")
        except (Rejected, Gone):
            # Only a courtesy: the publishing call itself refuses what is over the quota.
            return {"used": None, "total": None}
        rows = body.get("data") or [{}]
        used, total = rows[0].get("quota_usage"), (rows[0].get("config") or {}).get("quota_total")
        if isinstance(used, int) and isinstance(total, int) and used >= total > 0:
            # The 24 hours roll on, so an hour later there may be room.
            until = run.now() + RATE_PAUSE
            await run.hold(until)
            raise RateLimited(
                until, f"The account has used its {total} Instagram posts of the last 24 hours."
            )
        return {"used": used, "total": total}

    async def _find(self, run: Run, graph: Graph, attempt: Attempt) -> Reconciled:
        """The media item of a published container: ours by text, kind and time, and nobody else's yet."""
        handles = attempt.handles
        edge = "stories" if handles["story"] else "media"
        body = await graph.get(
            f"{run.account.id}/{edge}", fields="id,caption,timestamp,permalink,media_type", limit=str(_LISTED)
        )
        listed = body.get("data") or []
        rows = [row for row in listed if _matches(row, handles, attempt.started_at)]
        found = await nearest(run, rows, attempt.started_at)
        if found is None and handles["container"] is None:
            return Absent() if reaches_back(listed, _LISTED, attempt.started_at) else CannotTell(TOO_MANY)
        if found is None:
            # It is out for certain; only its id is not to be had yet, so never "absent".
            return CannotTell("Instagram has published this but does not list it yet.")
        return Found(Proof(str(found["id"]), found.get("permalink")))


def _handles(post: Post, media: Sequence[MediaRef], container: str | None) -> dict[str, Any]:
    kind = kind_of(post.options, media)
    return {
        "container": container,
        "story": kind == "story",
        "caption": "" if kind == "story" else post.text,
        "media_type": "CAROUSEL_ALBUM" if kind == "carousel" else _MEDIA_TYPES[media[0].type],
    }


def _matches(row: Mapping[str, Any], handles: Mapping[str, Any], started: datetime) -> bool:
    if not row.get("id") or not row.get("timestamp") or made_at(row) < started - CLOCK_SLACK:
        return False
    if row.get("media_type") not in {None, handles["media_type"]}:
        return False
    # A story has no caption to be known by.
    return bool(handles["story"]) or essence(row.get("caption")) == essence(handles["caption"])
