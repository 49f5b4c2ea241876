"""Looking whether an attempt is out: staged media and videos are asked by their ids, texts are looked for in the list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polypost.errors import Rejected, Unavailable
from polypost.platforms.base import Absent, Attempt, CannotTell, Found, Proof, Reconciled, Run
from polypost.platforms.facebook.graph import Graph
from polypost.platforms.facebook.spec import WEB
from polypost.platforms.facebook.staging import phase, published, status_of
from polypost.platforms.families.meta.graph import listed
from polypost.platforms.families.meta.insights import made_at
from polypost.platforms.families.meta.posts import nearest
from polypost.platforms.kit.answers import member
from polypost.platforms.kit.matching import CLOCK_SLACK, essence, or_cannot_tell

_MEDIA_TYPES = frozenset({"photo", "album", "video"})
_POST_FIELDS = (
    "id,message,created_time,permalink_url,application{id},"
    "attachments{media_type,target{id},subattachments{target{id}}}"
)


@or_cannot_tell(Rejected, Unavailable)
async def look(run: Run, attempt: Attempt) -> Reconciled:
    """What became of the attempt. Raises RateLimited and ReconnectRequired."""
    graph, handles = Graph(run), attempt.handles
    by_kind = {
        "text": _text,
        "photos": _photos,
        "photo_story": _photo_story,
        "video": _video,
        "reel": _reel,
        "video_story": _reel,
    }
    return await by_kind[str(handles["kind"])](run, graph, attempt)


async def _text(run: Run, graph: Graph, attempt: Attempt) -> Reconciled:
    """The Page's newest post that says the same and is nobody else's yet (R1)."""
    handles = attempt.handles
    if not handles["shown"]:
        return CannotTell("Facebook does not list unpublished posts.")
    rows = [
        row
        for row in await _posts(run, graph, attempt)
        if essence(row.get("message")) == essence(handles["text"])
        and not _shows_media(row)
        and not _of_another_app(row, run)
    ]
    found = await nearest(run, rows, attempt.started_at, "created_time")
    if found is None:
        return Absent()
    return Found(Proof(str(found["id"]), address(found.get("permalink_url"))))


async def _photos(run: Run, graph: Graph, attempt: Attempt) -> Reconciled:
    """The post that shows the staged photos: a photo can be posted once, and knows by what."""
    photos = [str(each) for each in attempt.handles["photos"]]
    body = await graph.get(photos[0], fields="page_story_id")
    if body.get("page_story_id"):
        return Found(Proof(str(body["page_story_id"])))
    if not attempt.handles["shown"]:
        return CannotTell("Facebook does not list unpublished posts.")
    for row in await _posts(run, graph, attempt):
        if photos[0] in _targets(row):
            return Found(Proof(str(row["id"]), address(row.get("permalink_url"))))
    return Absent()


async def _photo_story(run: Run, graph: Graph, attempt: Attempt) -> Reconciled:
    photo = str(attempt.handles["photos"][0])
    body = await graph.get(f"{run.account.id}/stories", limit="50")
    for row in listed(body):
        if str(row.get("media_id")) == photo and row.get("post_id"):
            return Found(Proof(str(row["post_id"]), address(row.get("url"))))
    return Absent()


async def _video(run: Run, graph: Graph, attempt: Attempt) -> Reconciled:
    video = str(attempt.handles["video"])
    body = await graph.get(video, fields="published,status")
    status = member(body, "status")
    out = body.get("published") is True or published(status)
    if not attempt.handles["shown"]:
        # Nobody is to see it: being complete is all there is.
        out = status.get("video_status") in {"processing", "ready"}
    return Found(Proof(video)) if out else Absent()


async def _reel(run: Run, graph: Graph, attempt: Attempt) -> Reconciled:
    """A reel or a story by its video, which is worked on only after the call in question."""
    video, story = str(attempt.handles["video"]), attempt.handles["kind"] == "video_story"
    status = await status_of(graph, video)
    if status.get("video_status") == "error" or phase(status, "processing") == "error":
        # It was taken, and the story that goes on from here sees that nothing came of it.
        return Found(Proof(video))
    if not attempt.handles["shown"]:
        taken = status.get("video_status") in {"processing", "ready"}
        return Found(Proof(video)) if taken else Absent()
    if published(status):
        return await _story_of(graph, video) if story else Found(Proof(video, reel_address(video)))
    if phase(status, "processing") == "in_progress":
        return CannotTell("Facebook is still working on the video.")
    return Absent()


async def _story_of(graph: Graph, video: str) -> Reconciled:
    body = await graph.get(video, fields="post_id,permalink_url")
    if not body.get("post_id"):
        # It is out for certain; only its id is not to be had yet, so never "absent".
        return CannotTell("Facebook has published this story but does not tell its id yet.")
    return Found(Proof(str(body["post_id"]), address(body.get("permalink_url"))))


async def _posts(run: Run, graph: Graph, attempt: Attempt) -> list[Mapping[str, Any]]:
    """The Page's own posts since the attempt began."""
    since = attempt.started_at - CLOCK_SLACK
    body = await graph.get(
        f"{run.account.id}/published_posts",
        fields=_POST_FIELDS,
        since=str(int(since.timestamp())),
        limit="50",
    )
    rows = [row for row in listed(body) if row.get("id") and row.get("created_time")]
    return [row for row in rows if made_at(row, "created_time") >= since]


def _shows_media(row: Mapping[str, Any]) -> bool:
    return any(each.get("media_type") in _MEDIA_TYPES for each in listed(row.get("attachments")))


def _of_another_app(row: Mapping[str, Any], run: Run) -> bool:
    """Whether another app made the post, such as Facebook's own; what names no app tells nothing."""
    app, ours = member(row, "application").get("id"), run.extra.get("app")
    return isinstance(app, str) and isinstance(ours, str) and app != ours


def _targets(row: Mapping[str, Any]) -> set[str]:
    """The ids of everything that a post shows."""
    found: set[str] = set()
    for each in listed(row.get("attachments")):
        for part in [each, *listed(each.get("subattachments"))]:
            if target := member(part, "target").get("id"):
                found.add(str(target))
    return found


def address(told: Any) -> str | None:
    """An address as Facebook tells it, with its host where that is missing; None for something else."""
    if not isinstance(told, str) or not told:
        return None
    if told.startswith("/"):
        return WEB + told
    return told if told.startswith("https://") else None


def reel_address(video: str) -> str:
    """Where a reel is shown."""
    return f"{WEB}/reel/{video}"
