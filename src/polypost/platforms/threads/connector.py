"""Threads, told from top to bottom: prepare a container, publish it, find its address; then each reply of the chain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from polypost.errors import OutcomeUnknown, RateLimited, Rejected
from polypost.platforms.base import (
    Connector,
    Draft,
    Post,
    Proof,
    Run,
    Session,
    Sought,
)
from polypost.platforms.families.meta.errors import Gone
from polypost.platforms.families.meta.posts import permalink, remove
from polypost.platforms.kit.answers import member
from polypost.platforms.kit.options import thread_media
from polypost.platforms.threads import check, metrics, oauth, reconcile
from polypost.platforms.threads.comments import ThreadsComments
from polypost.platforms.threads.containers import note_refusal, prepare, prepare_media, recall
from polypost.platforms.threads.drawing import DRAWING
from polypost.platforms.threads.graph import Graph
from polypost.platforms.threads.graph_errors import RATE_PAUSE, NotReady
from polypost.platforms.threads.options import ThreadsOptions
from polypost.platforms.threads.parts import READ_AS, Part, kind_of, parts_of
from polypost.platforms.threads.spec import SPEC

_PERMISSION = "Connect the account again with threads_delete"
_QUOTA_FIELDS = "quota_usage,config,reply_quota_usage,reply_config"


class ThreadsConnector(ThreadsComments, Connector):
    """Publishes to Threads profiles through the Threads API."""

    spec = SPEC
    drawing = DRAWING
    options = ThreadsOptions
    login = oauth.LOGIN
    check = staticmethod(check.check)
    identify = staticmethod(oauth.identify)
    look = staticmethod(reconcile.look)
    measure = staticmethod(metrics.measure)
    recent = staticmethod(metrics.recent)
    media_refs = staticmethod(thread_media)

    async def publish(self, run: Run, post: Post) -> Proof:
        """Quota, media, the first post, each reply to the one before, then the first one's address."""
        graph = Graph.of(run)
        first, *rest = parts_of(post)
        reply_to: str | None = post.options.reply_to_id
        _have_addresses([first, *rest])

        async def quota() -> dict[str, Any]:
            replies = len(rest) + (reply_to is not None)
            return await _quota(run, graph, posts=int(reply_to is None), replies=replies)

        await run.step("quota", quota)
        for part in rest:
            await prepare_media(run, part)
        proof = last = await _carry(run, graph, first, reply_to)
        for part in rest:
            last = await _carry(run, graph, part, last.id)
        return Proof(proof.id, await permalink(run, graph, proof.id) or proof.url)

    def sought(self, post: Post, draft: Draft) -> Sought | None:
        """Any post whose kind is known beforehand, by text, kind, parent and time."""
        if any(each.type == "gif" for each in draft.media):
            return None
        options: ThreadsOptions = post.options
        kind = kind_of(draft.media)
        return Sought("post", _handles(None, post.text, kind, options.reply_to_id, options.quote_post_id))

    async def delete(self, session: Session, proof: Proof) -> None:
        """Remove one post; the replies of its chain stay."""
        await remove(Graph(session), proof.id, "in the Threads app", first=_PERMISSION)


async def _carry(run: Run, graph: Graph, part: Part, reply_to: str | None) -> Proof:
    """Prepare one post and publish it; one that is out is not looked at again."""
    out = await recall(run, f"{part.name}: out")
    if out is not None:
        return Proof(out["id"], out["url"])
    ready = await prepare(run, part, reply_to)

    async def send() -> Proof:
        if ready.doubt:
            raise OutcomeUnknown(ready.doubt)
        return Proof(await graph.publish(ready.id))

    handles = _handles(ready.id, part.text, part.kind, reply_to, part.further.get("quote_post_id"))
    try:
        proof = await run.commit(part.name, send, handles=handles)
    except NotReady:
        await note_refusal(run, part, ready)
        raise

    async def remember() -> dict[str, str | None]:
        return {"id": proof.id, "url": proof.url}

    await run.step(f"{part.name}: out", remember)
    return proof


def _handles(
    container: str | None, text: str, kind: str, reply_to: str | None, quoted: str | None
) -> dict[str, Any]:
    return {
        "container": container,
        "text": text,
        "media_type": READ_AS[kind],
        "reply_to": reply_to,
        "quote": bool(quoted),
    }


def _have_addresses(parts: Iterable[Part]) -> None:
    """Raises Rejected for a file that Threads cannot fetch, before anything is out."""
    for part in parts:
        for place in range(len(part.files)):
            part.medium(place)


async def _quota(run: Run, graph: Graph, *, posts: int, replies: int) -> dict[str, Any]:
    """How much of the day is left; raises RateLimited when it is not enough for all parts."""
    try:
        body = await graph.get(f"{run.account.id}/threads_publishing_limit", fields=_QUOTA_FIELDS)
    except (Rejected, Gone):
        # Only a courtesy: the publishing call itself refuses what is over the quota.
        return {}
    rows = body.get("data") or [{}]
    left = {"posts": _left(rows[0], ""), "replies": _left(rows[0], "reply_")}
    for noun, needed in (("posts", posts), ("replies", replies)):
        free = left[noun]
        if needed and free is not None and free < needed:
            # The 24 hours roll on, so an hour later there may be room.
            until = run.now() + RATE_PAUSE
            await run.hold(until)
            raise RateLimited(
                until,
                f"The account has {free} of its Threads {noun} of the last 24 hours left, and this needs {needed}.",
            )
    return left


def _left(row: Mapping[str, Any], prefix: str) -> int | None:
    used, total = row.get(f"{prefix}quota_usage"), member(row, f"{prefix}config").get("quota_total")
    if not isinstance(used, int) or not isinstance(total, int) or total <= 0:
        return None
    return max(0, total - used)
