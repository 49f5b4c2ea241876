"""What makes posts by itself: recurring posts, and files of many posts. Not PostPeer's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Unpack

from polypost.client import calls
from polypost.client.aio.session import AsyncSession
from polypost.client.calls import Call
from polypost.client.shapes import (
    Answer,
    Entry,
    Paged,
    ScheduleChange,
    ScheduleParts,
    When,
)

_FORMATS = {
    ".csv": "text/csv",
    ".jsonl": "application/x-ndjson",
    ".ndjson": "application/x-ndjson",
}


class AsyncPlans(AsyncSession):
    """Recurring posts and files of posts."""

    async def list_schedules(self, *, status: str | None = None, **query: Unpack[Paged]) -> Answer:
        """`schedules`; `status` is `active`, `paused` or `ended`."""
        return await self._do(Answer, "GET", "/v1/schedules", query={"status": status, **query})

    async def create_schedule(
        self,
        content: str,
        platforms: Sequence[Entry],
        *,
        rule: str,
        starts_at: str,
        **parts: Unpack[ScheduleParts],
    ) -> Answer:
        """A recurring post: `rule` as in calendars (`FREQ=WEEKLY;BYDAY=MO`), from `starts_at` on."""
        body = {"content": content, "platforms": platforms, "rule": rule, "starts_at": starts_at, **parts}
        return await self._do(Answer, "POST", "/v1/schedules", body=body, keyed=True)

    async def preview_schedule(
        self, rule: str, starts_at: str, *, timezone: str | None = None, limit: int | None = None
    ) -> Answer:
        """The next times of a rule; nothing is stored."""
        body = {"rule": rule, "starts_at": starts_at}
        if timezone is not None:
            body["timezone"] = timezone
        query = {"limit": limit}
        return await self._do(Answer, "POST", "/v1/schedules/preview", query=query, body=body, harmless=True)

    async def get_schedule(self, schedule_id: str) -> Answer:
        """One recurring post."""
        return await self._do(Answer, "GET", "/v1/schedules/{}", schedule_id)

    async def update_schedule(self, schedule_id: str, **change: Unpack[ScheduleChange]) -> Answer:
        """Change what is named; posts that wait follow."""
        return await self._do(Answer, "PATCH", "/v1/schedules/{}", schedule_id, body=change)

    async def delete_schedule(self, schedule_id: str, *, keep_posts: bool | None = None) -> Answer:
        """Forget a recurring post, and what it made that is not out, unless `keep_posts`."""
        query = {"keep_posts": keep_posts}
        return await self._do(Answer, "DELETE", "/v1/schedules/{}", schedule_id, query=query)

    async def list_schedule_occurrences(
        self, schedule_id: str, *, from_: When | None = None, to: When | None = None, limit: int | None = None
    ) -> Answer:
        """What became of past `occurrences`, and what is to come."""
        query = {"from_": from_, "to": to, "limit": limit}
        return await self._do(Answer, "GET", "/v1/schedules/{}/occurrences", schedule_id, query=query)

    async def pause_schedule(self, schedule_id: str) -> Answer:
        """Make nothing, and take back what waits."""
        return await self._do(Answer, "POST", "/v1/schedules/{}/pause", schedule_id, harmless=True)

    async def resume_schedule(self, schedule_id: str) -> Answer:
        """Go on with what lies ahead."""
        return await self._do(Answer, "POST", "/v1/schedules/{}/resume", schedule_id, harmless=True)

    async def create_bulk_upload(
        self,
        content: bytes,
        *,
        format: str = ".csv",  # noqa: A002  # the API's word
        dry_run: bool = False,
        respond_async: bool = False,
        idempotency_key: str | None = None,
    ) -> Answer:
        """Posts of a file's rows: `format` is `.csv` or `.jsonl`, or the file's name; `dry_run` only judges them."""
        kind = _FORMATS.get(PurePath(format).suffix.lower() or format.lower(), "text/csv")
        given = {"idempotency_key": idempotency_key, "respond_async": respond_async}
        made = calls.call("POST", "/v1/posts/bulk", query={"dry_run": dry_run}, body=given, keyed=True)
        headers = {**made.headers, "Content-Type": kind}
        sent = Call(made.method, made.path, made.query, None, content, headers, keyed=True)
        return self._object(Answer, await self._send(sent))

    async def wait_bulk(self, bulk_id: str, *, seconds: float = 3600.0, every: float = 2.0) -> Answer:
        """A file of posts when each row is judged. Raises StillRunning after `seconds`."""

        async def look() -> Answer:
            return await self.get_bulk_upload(bulk_id, limit=1000)

        return await self._until(
            look, lambda found: found["status"] != "running", seconds=seconds, every=every
        )

    async def list_bulk_uploads(self, *, limit: int | None = None, offset: int | None = None) -> Answer:
        """`bulks` of the last 30 days."""
        return await self._do(Answer, "GET", "/v1/posts/bulk", query={"limit": limit, "offset": offset})

    async def get_bulk_upload(
        self,
        bulk_id: str,
        *,
        status: str | Sequence[str] | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> Answer:
        """How far a file is, and its `rows`."""
        query = {"status": status, "limit": limit, "offset": offset}
        return await self._do(Answer, "GET", "/v1/posts/bulk/{}", bulk_id, query=query)

    async def stop_bulk_upload(self, bulk_id: str) -> Answer:
        """Make no further posts of a file."""
        return await self._do(Answer, "DELETE", "/v1/posts/bulk/{}", bulk_id)
