"""What becomes of a task, and lists of what is public: `status/fetch/`, `cancel/`, `video/list/`, `video/query/`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from polypost.sandbox.networks.tiktok import errors
from polypost.sandbox.networks.tiktok.auth import Auth
from polypost.sandbox.networks.tiktok.inits import body_of
from polypost.sandbox.networks.tiktok.limits import limit
from polypost.sandbox.networks.tiktok.pulls import Pulls
from polypost.sandbox.networks.tiktok.tasks import CANCELLED, DONE, FAILED, FETCHING, Task, Tasks
from polypost.sandbox.simkit import Caller, Network, SimPost, exchange

IDS_AS_TEXT = "ids_as_text"
POSTING = ("video.publish", "video.upload")
FIELDS = (
    "id", "create_time", "cover_image_url", "share_url", "video_description", "duration", "height", "width",
    "title", "embed_html", "embed_link", "like_count", "comment_count", "share_count", "view_count",
)  # fmt: skip


class Reading:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, tasks: Tasks, pulls: Pulls) -> None:
        self._auth = auth
        self._net = net
        self._tasks = tasks
        self._pulls = pulls

    async def status(self, request: Request) -> Response:
        """`POST /v2/post/publish/status/fetch/`. TikTok itself misspells the list of ids, which are 64-bit numbers."""
        caller = self._auth.enter(request, *POSTING, rate="status_calls_per_minute")
        task = self._tasks.look(await self._mine(request, caller))
        ids = [task.body["post"]] if task.moderated() else []
        as_text = exchange(request).fault(IDS_AS_TEXT) is not None
        arrived = 0 if task.stage in {FETCHING, FAILED} else self._bytes(task)
        answer = errors.good(
            {
                "status": task.status,
                "fail_reason": task.body["reason"],
                "publicaly_available_post_id": ids if as_text else [int(each) for each in ids],
                "uploaded_bytes": task.body["received"],
                "downloaded_bytes": arrived if task.pulled else 0,
            }
        )
        if self._pulls.idle(task):
            answer.background = BackgroundTask(self._pulls.carry_on, task)
        return answer

    def _bytes(self, task: Task) -> int:
        return sum(self._net.blobs.size(media["blob"]) for media in task.body["media"])

    async def cancel(self, request: Request) -> Response:
        """`POST /v2/post/publish/cancel/`, while it is still being worked on."""
        caller = self._auth.enter(request, *POSTING, rate="status_calls_per_minute")
        task = self._tasks.settle(await self._mine(request, caller))
        if task.stage in {DONE, FAILED}:
            raise errors.refused("publish_not_cancellable")
        self._tasks.fail(task, CANCELLED)
        return errors.good({})

    async def _mine(self, request: Request, caller: Caller) -> Task:
        publish_id = (await body_of(request)).get("publish_id")
        task = self._tasks.get(publish_id) if isinstance(publish_id, str) else None
        if task is None:
            raise errors.refused("invalid_publish_id")
        if task.account_id != caller.account.id:
            raise errors.refused("token_not_authorized_for_specified_publish_id")
        return task

    async def videos(self, request: Request) -> Response:
        """`POST /v2/video/list/?fields=…`: public videos, newest first; the cursor counts milliseconds."""
        caller = self._reader(request)
        body = await body_of(request, empty=True)
        fields = _fields(request, body)
        count, cursor = body.get("max_count", 10), body.get("cursor", 0)
        most = limit("videos_per_call")
        if not isinstance(count, int) or not 1 <= count <= most or not isinstance(cursor, int):
            raise errors.invalid(f"max_count has to be 1 to {most}, cursor a number of milliseconds")
        before = _instant(cursor) if cursor else None
        shown = [post for post in self._public(request, caller) if before is None or post.created < before]
        page = shown[:count]
        last = int(page[-1].created.timestamp() * 1000) if page else cursor
        videos = [self._video(post, fields) for post in page]
        return errors.good({"videos": videos, "cursor": last, "has_more": len(shown) > count})

    async def query(self, request: Request) -> Response:
        """`POST /v2/video/query/?fields=…` with `filters.video_ids`; strangers' videos are left out."""
        caller = self._reader(request)
        body = await body_of(request)
        fields, filters = _fields(request, body), body.get("filters")
        ids = filters.get("video_ids") if isinstance(filters, dict) else None
        if not isinstance(ids, list) or not 1 <= len(ids) <= limit("videos_per_call"):
            raise errors.invalid("filters.video_ids has to name 1 to 20 videos")
        wanted = {str(each) for each in ids}
        found = [post for post in self._public(request, caller) if post.id in wanted]
        return errors.good({"videos": [self._video(post, fields) for post in found]})

    def _reader(self, request: Request) -> Caller:
        return self._auth.enter(request, "video.list", rate="reads_per_minute")

    def _public(self, request: Request, caller: Caller) -> list[SimPost]:
        until = exchange(request).listed_until()
        tasks = self._tasks.settle_all(caller.account.id)
        # Whether photo posts are listed is not documented; here they are not.
        told = {task.body["post"] for task in tasks if task.video and task.moderated()}
        posts = self._net.posts.by_account(caller.account.id, limit=1000, until=until)
        return [post for post in posts if post.id in told]

    def _video(self, post: SimPost, fields: tuple[str, ...]) -> dict[str, Any]:
        media, address = post.media[0], f"{self._net.url}{post.permalink}"
        title = post.raw["info"].get("title") or ""
        known = {
            "id": post.id,
            "create_time": int(post.created.timestamp()),
            "cover_image_url": self._net.media_url(media["blob"]),
            "share_url": address,
            "video_description": title,
            "duration": round(media.get("duration") or 0),
            "height": media.get("height") or 0,
            "width": media.get("width") or 0,
            "title": title,
            "embed_html": "",
            "embed_link": address,
            **counts(post),
        }
        return {name: known[name] for name in fields}


def counts(post: SimPost) -> dict[str, int]:
    """What a public video has brought: numbers that follow from its id and grow minute by minute, ever more slowly."""
    seed = int(post.id) % 89
    views = post.grown(25 + seed)
    return {
        "like_count": views // (6 + seed % 7),
        "comment_count": views // (40 + seed % 11),
        "share_count": views // (70 + seed % 13),
        "view_count": views,
    }


def _fields(request: Request, body: dict[str, Any]) -> tuple[str, ...]:
    """The names in the query, as the documents say, or in the body, where some clients in use have them."""
    asked = request.query_params.get("fields") or body.get("fields") or ""
    names = asked.split(",") if isinstance(asked, str) else asked
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise errors.invalid("Fields has to name fields of the video object")
    fields = tuple(each.strip() for each in names)
    if not set(fields) <= set(FIELDS):
        raise errors.invalid("Fields is required and may only name fields of the video object")
    return fields


def _instant(milliseconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise errors.invalid("cursor is not a time") from error
