"""Preparing media on Facebook: photos that nobody sees yet, videos uploaded and waited for.

Whatever is prepared here is invisible, so a spoilt part is simply made anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from polypost.errors import Rejected, Unavailable
from polypost.platforms.base import MediaFile, NotYet, Post, Run
from polypost.platforms.facebook.graph import Graph
from polypost.platforms.facebook.spec import SPEC, VIDEO
from polypost.platforms.facebook.upload import next_piece, push, send_file, send_pieces
from polypost.platforms.families.meta.errors import Gone
from polypost.platforms.kit.alt_text import alt_texts
from polypost.platforms.kit.answers import member, objects
from polypost.platforms.kit.calls import next_look

BUILDS = 3
LOOK_EVERY = timedelta(seconds=3)
LOOK_AT_MOST = timedelta(minutes=30)
# Staged photos are believed to live for a day; nearer to its end than this they are made anew.
_FRESH = timedelta(hours=SPEC.limit("staged_hours") - 4)


def kind_of(post: Post) -> str:
    """How the post is published: text, photos, video, reel, photo_story or video_story."""
    if not post.media:
        return "text"
    film = post.media[0].ref.type == "video"
    if post.options.story:
        return "video_story" if film else "photo_story"
    if not film:
        return "photos"
    return "reel" if post.options.content_type == "reel" else "video"


async def stage_photos(run: Run, graph: Graph, post: Post) -> list[str]:
    """Upload every image so that nobody sees it; their ids, in order."""
    # Once more at most: what is staged anew is fresh.
    for mark in ("", " (again)"):
        alts = alt_texts(SPEC, [file.ref for file in post.media], post.options.alt_texts)
        staged = [
            await _stage_photo(run, graph, f"photo {number}{mark}", file, alt)
            for number, (file, alt) in enumerate(zip(post.media, alts, strict=True), 1)
        ]
        oldest = min(datetime.fromisoformat(each["at"]) for each in staged)
        if run.now() - oldest < _FRESH:
            break
    return [str(each["id"]) for each in staged]


async def _stage_photo(run: Run, graph: Graph, name: str, file: MediaFile, alt: str) -> dict[str, Any]:
    async def stage() -> dict[str, Any]:
        fields = {"published": "false"} | ({"alt_text_custom": alt} if alt else {})
        body = await send_file(graph, f"{run.account.id}/photos", fields, file)
        return {"id": _text(body, "id"), "at": run.now().isoformat()}

    return await run.step(name, stage)


async def prepare_video(run: Run, graph: Graph, post: Post) -> Mapping[str, Any]:
    """Upload a video; its `video` id and its upload `session`. One that will be shown is finished and waited for.

    Begins anew when Facebook loses the upload.
    """
    for build in range(1, BUILDS + 1):
        begun = await _upload(run, graph, post, "" if build == 1 else f" (build {build})")
        if begun is not None:
            if post.options.shown:
                await _wait_until_ready(run, graph, begun)
            return begun
    raise Unavailable("Facebook keeps losing the video's upload.")


async def _upload(run: Run, graph: Graph, post: Post, mark: str) -> Mapping[str, Any] | None:
    """One build of a video; None when its session was lost."""
    edge, file = f"{run.account.id}/videos", post.media[0]

    async def start() -> dict[str, Any]:
        fields = {"upload_phase": "start", "file_size": str(file.size)}
        body = await graph.post(edge, fields, host=VIDEO)
        made = {"video": _text(body, "video_id"), "session": _text(body, "upload_session_id")}
        return made | {"piece": list(next_piece(body)), "at": run.now().isoformat()}

    begun = await run.step(f"video: start{mark}", start)
    first = (int(begun["piece"][0]), int(begun["piece"][1]))

    async def fill() -> bool:
        try:
            await send_pieces(graph, edge, str(begun["session"]), file, first)
        except Gone:
            return False
        return True

    async def finish() -> bool:
        try:
            body = await graph.post(edge, finish_fields(post, begun), host=VIDEO)
        except Gone:
            # A finish whose answer was lost leaves no session behind, but a video that is worked on.
            status = await status_of(graph, str(begun["video"]))
            return status.get("video_status") in {"processing", "ready"}
        return body.get("success") is not False

    if not await run.step(f"video: upload{mark}", fill):
        return None
    if post.options.shown and not await run.step(f"video: finish{mark}", finish):
        return None
    return begun


async def _wait_until_ready(run: Run, graph: Graph, begun: Mapping[str, Any]) -> None:
    began = datetime.fromisoformat(begun["at"])

    async def look() -> bool | NotYet:
        status = await status_of(graph, str(begun["video"]))
        state = str(status.get("video_status") or "")
        if state == "ready":
            return True
        if state in {"error", "expired"}:
            raise Rejected(trouble_in(status), code="media_rejected", next_step="Re-encode it and try again.")
        return NotYet(
            "Facebook is working on the video", after=next_look(run.now() - began, least=LOOK_EVERY)
        )

    await run.until("video: ready", look, every=LOOK_EVERY, at_most=LOOK_AT_MOST)


def finish_fields(post: Post, begun: Mapping[str, Any]) -> dict[str, str]:
    """The parameters that call an upload complete; nobody sees the video yet."""
    fields = {
        "upload_phase": "finish",
        "upload_session_id": str(begun["session"]),
        "published": "false",
        "description": post.text,
    }
    return fields | ({"title": post.options.title} if post.options.title else {})


async def upload_reel(run: Run, graph: Graph, post: Post, edge: str) -> str:
    """Upload the video of a reel or a story; its id."""
    # Only the telling that opens the upload knows that nothing has been sent.
    new = False

    async def start() -> dict[str, Any]:
        nonlocal new
        body = await graph.post(edge, {"upload_phase": "start"})
        new = True
        return {"video": _text(body, "video_id"), "url": _text(body, "upload_url")}

    begun = await run.step("video: start", start)

    async def fill() -> int:
        return await push(graph, begun["video"], begun["url"], post.media[0], fresh=new)

    await run.step("video: upload", fill)
    return str(begun["video"])


async def status_of(graph: Graph, video: str) -> Mapping[str, Any]:
    """A video's phases. Raises Gone when Facebook does not find it."""
    return member(await graph.get(video, fields="status"), "status")


def phase(status: Mapping[str, Any], name: str) -> str:
    """How far one phase of a video is."""
    return str(member(status, f"{name}_phase").get("status") or "")


def published(status: Mapping[str, Any]) -> bool:
    """Whether the phases say that the video is out, or is being put out."""
    told = member(status, "publishing_phase").get("publish_status")
    return told == "published" or (
        told is None and phase(status, "publishing") in {"complete", "in_progress"}
    )


def trouble_in(status: Mapping[str, Any]) -> str:
    """What Facebook says is wrong with a video."""
    rows = objects(member(status, "processing_phase").get("errors"))
    told = str(rows[0].get("message") or "")[:200] if rows else ""
    return "Facebook could not process the video." + (f' It says: "{told}"' if told else "")


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str | int) or not str(value):
        raise Unavailable(f"Facebook answered without {name}.")
    return str(value)
