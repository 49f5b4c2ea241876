"""Facebook, told from top to bottom: prepare what nobody sees, publish it by its id, then what follows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from polypost.errors import OutcomeUnknown, Undone
from polypost.platforms.base import (
    Attempt,
    Connector,
    Draft,
    MediaProfile,
    MediaRef,
    NotYet,
    Post,
    Proof,
    RetryRule,
    Run,
    Session,
    Sought,
)
from polypost.platforms.facebook import check, metrics, oauth, reconcile
from polypost.platforms.facebook.comments import FacebookComments
from polypost.platforms.facebook.drawing import DRAWING
from polypost.platforms.facebook.followups import find_address, set_cover, write_comment
from polypost.platforms.facebook.graph import Graph
from polypost.platforms.facebook.options import FacebookOptions
from polypost.platforms.facebook.spec import SPEC, VIDEO
from polypost.platforms.facebook.staging import (
    LOOK_AT_MOST,
    LOOK_EVERY,
    finish_fields,
    kind_of,
    prepare_video,
    published,
    stage_photos,
    status_of,
    trouble_in,
    upload_reel,
)
from polypost.platforms.families.meta.posts import remove

# A list is all there is to find these by, and lists lag or leave things out.
_NEVER_AGAIN = frozenset({"text", "photo_story"})


class FacebookConnector(FacebookComments, Connector):
    """Publishes to the Pages of a person with each Page's own token."""

    spec = SPEC
    drawing = DRAWING
    options = FacebookOptions
    login = oauth.LOGIN
    check = staticmethod(check.check)
    identify = staticmethod(oauth.identify)
    look = staticmethod(reconcile.look)
    measure = staticmethod(metrics.measure)
    recent = staticmethod(metrics.recent)

    def media_refs(self, options: Any) -> Iterable[MediaRef]:
        """The image that stands for a video; without it the video goes out all the same."""
        cover = options.video_thumbnail_url
        return () if cover is None else (MediaRef("image", cover, optional=True),)

    def media_profile(self, kind: str, draft: Draft) -> MediaProfile | None:
        """Reels and stories have profiles of their own."""
        return self.spec.media.get(f"{kind}/{draft.options.content_type}") or self.spec.media.get(kind)

    async def publish(self, run: Run, post: Post) -> Proof:
        """Media, publication, cover, first comment, permalink."""
        graph, kind = Graph.of(run), kind_of(post)
        _say_what_is_left_out(run, post)
        if kind == "text":
            proof = await self._text(run, graph, post)
        elif kind in {"photos", "photo_story"}:
            proof = await self._photos(run, graph, post, kind)
        elif kind == "video":
            proof = await self._video(run, graph, post)
        else:
            proof = await self._reel(run, graph, post, kind)
        if kind in {"video", "reel"} and post.options.video_thumbnail_url is not None:
            await set_cover(run, graph, post, proof.id)
        if post.options.first_comment and not post.options.story:
            await write_comment(run, graph, post, proof.id)
        return await find_address(run, graph, kind, proof)

    def sought(self, post: Post, draft: Draft) -> Sought | None:
        """Texts alone: everything with media goes by ids that only its attempt has kept."""
        if draft.media:
            return None
        return Sought("publish", _handles(post, "text", text=post.text))

    def retry_when_absent(self, post: Post, attempt: Attempt) -> RetryRule:
        """What has an id beforehand is published once at most; a text could appear twice."""
        return "never" if attempt.handles["kind"] in _NEVER_AGAIN else self.spec.retry_when_absent

    async def delete(self, session: Session, proof: Proof) -> None:
        """Remove the post or video."""
        await remove(Graph(session), proof.id, "on Facebook", sure=True)

    async def _text(self, run: Run, graph: Graph, post: Post) -> Proof:
        fields = {"message": post.text} if post.text.strip() else {}
        if post.options.link:
            fields["link"] = post.options.link
        return await self._feed(run, graph, post, fields, _handles(post, "text", text=post.text))

    async def _photos(self, run: Run, graph: Graph, post: Post, kind: str) -> Proof:
        photos = await stage_photos(run, graph, post)
        handles = _handles(post, kind, photos=photos)
        if kind == "photos":
            fields = {"message": post.text} if post.text.strip() else {}
            # Structures go into a form as JSON.
            fields["attached_media"] = json.dumps([{"media_fbid": each} for each in photos])
            return await self._feed(run, graph, post, fields, handles)

        async def send() -> Proof:
            body = await graph.publish(f"{run.account.id}/photo_stories", {"photo_id": photos[0]})
            return Proof(_made(body, "post_id"))

        return await run.commit("publish", send, handles=handles)

    async def _feed(
        self, run: Run, graph: Graph, post: Post, fields: Mapping[str, str], handles: Mapping[str, Any]
    ) -> Proof:
        sent = dict(fields) | ({} if post.options.shown else {"published": "false"})

        async def send() -> Proof:
            return Proof(_made(await graph.publish(f"{run.account.id}/feed", sent), "id"))

        return await run.commit("publish", send, handles=handles)

    async def _video(self, run: Run, graph: Graph, post: Post) -> Proof:
        """Upload and finish it unseen, then show it; one that stays unseen is done with its finish."""
        begun = await prepare_video(run, graph, post)
        video = str(begun["video"])
        path, fields, host = f"{run.account.id}/videos", finish_fields(post, begun), VIDEO
        if post.options.shown:
            path, fields, host = video, {"published": "true"}, SPEC.hosts["graph"]

        async def send() -> Proof:
            await graph.publish(path, fields, host=host)
            return Proof(video)

        return await run.commit("publish", send, handles=_handles(post, "video", video=video))

    async def _reel(self, run: Run, graph: Graph, post: Post, kind: str) -> Proof:
        edge = f"{run.account.id}/{'video_reels' if kind == 'reel' else 'video_stories'}"
        video = await upload_reel(run, graph, post, edge)
        fields = {"upload_phase": "finish", "video_id": video}
        if kind == "reel":
            fields["video_state"] = "PUBLISHED" if post.options.shown else "DRAFT"
            fields["description"] = post.text
            fields |= {"title": post.options.title} if post.options.title else {}

        async def send() -> Proof:
            body = await graph.publish(edge, fields)
            # A reel goes by its video's id, a story by that of its post.
            if kind == "reel":
                return Proof(video)
            return Proof(_made(body, "post_id"))

        proof = await run.commit("publish", send, handles=_handles(post, kind, video=video))
        if post.options.shown:
            await self._wait_for(run, graph, video)
        return proof

    async def _wait_for(self, run: Run, graph: Graph, video: str) -> None:
        """Wait until a video that was published is worked on: Facebook takes it first and judges it afterwards."""

        async def look() -> bool | NotYet:
            status = await status_of(graph, video)
            if status.get("video_status") in {"error", "expired"}:
                raise Undone(
                    trouble_in(status), code="media_rejected", next_step="Re-encode it and try again."
                )
            out = status.get("video_status") == "ready" and published(status)
            return True if out else NotYet("Facebook is working on the video")

        await run.until("processed", look, every=LOOK_EVERY, at_most=LOOK_AT_MOST)


def _handles(post: Post, kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "shown": post.options.shown, **more}


def _made(body: Mapping[str, Any], name: str) -> str:
    """The id of what was published. Raises OutcomeUnknown for an answer without one."""
    made = body.get(name)
    if not isinstance(made, str | int) or not str(made):
        raise OutcomeUnknown("Facebook answered the publishing call without saying what it made.")
    return str(made)


def _say_what_is_left_out(run: Run, post: Post) -> None:
    if post.options.story and post.text.strip():
        run.warn("Facebook stories take no text, so it was left out.")
    if post.options.link and post.media:
        run.warn("A Facebook post with media shows no link card, so the link was left out.")
