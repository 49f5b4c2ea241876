"""Posts: made, read, waited for, changed, tried again, cancelled and deleted; drafts, the queue and files of posts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from polypost.client.aio.session import AsyncSession
from polypost.client.shapes import (
    Answer,
    Change,
    Entry,
    Moment,
    New,
    Paged,
    Parts,
    Post,
    PostsQuery,
    Taken,
    Timed,
    Waiting,
    When,
)

ENDED = frozenset({"published", "partial", "failed", "draft"})


class AsyncPosts(AsyncSession):
    """Posts, drafts and the queue."""

    async def create_post(self, content: str, platforms: Sequence[Entry], **parts: Unpack[New]) -> Taken:
        """Publish now or at an hour; answers within 20 seconds, with what is known then."""
        body = {"content": content, "platforms": platforms, **parts}
        return await self._do(Taken, "POST", "/v1/posts", body=body, keyed=True)

    async def wait(self, post_id: str, *, seconds: float = 600.0, every: float = 2.0) -> Post:
        """The post when each of its accounts has ended, or it is a draft again. Raises StillRunning after `seconds`."""

        async def look() -> Post:
            return await self.get_post(post_id)

        return await self._until(look, lambda post: post["status"] in ENDED, seconds=seconds, every=every)

    async def validate_post(
        self,
        content: str,
        platforms: Sequence[Entry],
        *,
        probe_media: bool | None = None,
        **parts: Unpack[New],
    ) -> Answer:
        """What creating this post would say; nothing is stored. Not PostPeer's."""
        body = {"content": content, "platforms": platforms, **parts}
        query = {"probe_media": probe_media}
        return await self._do(Answer, "POST", "/v1/posts/validate", query=query, body=body, harmless=True)

    async def preview_post(
        self,
        content: str,
        platforms: Sequence[Entry],
        *,
        probe_media: bool | None = None,
        shared_style: bool | None = None,
        **parts: Unpack[New],
    ) -> Answer:
        """What each network would show of this post, as data and as HTML. Not PostPeer's."""
        body = {"content": content, "platforms": platforms, **parts}
        query = {"probe_media": probe_media, "shared_style": shared_style}
        return await self._do(Answer, "POST", "/v1/posts/preview", query=query, body=body, harmless=True)

    async def list_posts(self, **query: Unpack[PostsQuery]) -> Answer:
        """`posts` and `total`, the newest first."""
        return await self._do(Answer, "GET", "/v1/posts", query=query)

    async def get_post(self, post_id: str) -> Post:
        """One post."""
        post: Post = (await self._do(Answer, "GET", "/v1/posts/{}", post_id))["post"]
        return post

    async def get_post_timeline(self, post_id: str) -> Answer:
        """Everything that happened to a post, oldest first. Not PostPeer's."""
        return await self._do(Answer, "GET", "/v1/posts/{}/timeline", post_id)

    async def change_failed_post(self, post_id: str, **change: Unpack[Change]) -> Taken:
        """Failed accounts changed and tried once more. Not PostPeer's."""
        return await self._do(Taken, "PUT", "/v1/posts/{}", post_id, body=change, keyed=True)

    async def retry_post(
        self,
        post_id: str,
        *,
        platforms: Sequence[Mapping[str, str]] | None = None,
        force: bool = False,
        **more: Unpack[Waiting],
    ) -> Taken:
        """Failed accounts once more; `force` also those that may be out. Not PostPeer's."""
        body: dict[str, Any] = {"force": force, **more}
        if platforms is not None:
            body["platforms"] = platforms
        return await self._do(Taken, "POST", "/v1/posts/{}/retry", post_id, body=body, keyed=True)

    async def delete_post(self, post_id: str, *, delete_from_platforms: bool | None = None) -> Answer:
        """Delete a post here, and on the networks where asked to."""
        query = {"delete_from_platforms": delete_from_platforms}
        return await self._do(Answer, "DELETE", "/v1/posts/{}", post_id, query=query)

    async def list_scheduled_posts(self, **query: Unpack[Paged]) -> Answer:
        """`posts` that wait for their hour, the next first."""
        return await self._do(Answer, "GET", "/v1/posts/scheduled", query=query)

    async def edit_scheduled_post(
        self, post_id: str, content: str, platforms: Sequence[Entry], **parts: Unpack[Timed]
    ) -> Answer:
        """A scheduled post written anew; without media it has none, without an hour it keeps its own."""
        body = {"content": content, "platforms": platforms, **parts}
        return await self._do(Answer, "PUT", "/v1/posts/scheduled/{}", post_id, body=body, keyed=True)

    async def reschedule_post(
        self,
        post_id: str,
        scheduled_for: When,
        *,
        timezone: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer:
        """Another hour for a scheduled or cancelled post."""
        body = {"scheduled_for": scheduled_for, "idempotency_key": idempotency_key}
        if timezone is not None:
            body["timezone"] = timezone
        return await self._do(Answer, "PATCH", "/v1/posts/scheduled/{}", post_id, body=body, keyed=True)

    async def cancel_scheduled_post(self, post_id: str) -> Answer:
        """Take a scheduled post back: it is a draft again."""
        return await self._do(Answer, "DELETE", "/v1/posts/scheduled/{}", post_id)

    async def create_draft(self, content: str, platforms: Sequence[Entry], **parts: Unpack[Parts]) -> Answer:
        """Keep a draft; `warnings` says what would be wrong with it as a post. Not PostPeer's."""
        body = {"content": content, "platforms": platforms, **parts}
        return await self._do(Answer, "POST", "/v1/posts/drafts", body=body, keyed=True)

    async def edit_draft(
        self, post_id: str, content: str, platforms: Sequence[Entry], **parts: Unpack[Parts]
    ) -> Answer:
        """A draft written anew. Not PostPeer's."""
        body = {"content": content, "platforms": platforms, **parts}
        return await self._do(Answer, "PUT", "/v1/posts/drafts/{}", post_id, body=body, keyed=True)

    async def schedule_draft(self, post_id: str, **moment: Unpack[Moment]) -> Taken:
        """A draft becomes a post. Not PostPeer's."""
        return await self._do(Taken, "POST", "/v1/posts/drafts/{}/schedule", post_id, body=moment, keyed=True)

    async def queue_post(
        self,
        content: str,
        platforms: Sequence[Entry],
        *,
        profile_id: str | None = None,
        **parts: Unpack[Parts],
    ) -> Taken:
        """A post into the next free slot. Not PostPeer's."""
        body = {"content": content, "platforms": platforms, **parts}
        if profile_id is not None:
            body["profile_id"] = profile_id
        return await self._do(Taken, "POST", "/v1/queue/posts", body=body, keyed=True)

    async def list_next_slots(self, *, count: int | None = None, profile_id: str | None = None) -> Answer:
        """The next free `slots`; looking takes none. Not PostPeer's."""
        query = {"count": count, "profile_id": profile_id}
        return await self._do(Answer, "GET", "/v1/queue/next", query=query)

    async def get_queue_slots(self, *, profile_id: str | None = None) -> Answer:
        """The weekly hours of a queue. Not PostPeer's."""
        query = {"profile_id": profile_id}
        return await self._do(Answer, "GET", "/v1/queue/slots", query=query)

    async def set_queue_slots(
        self, slots: Sequence[Mapping[str, str]], *, timezone: str, profile_id: str | None = None
    ) -> Answer:
        """Set the weekly hours: `{"weekday": "monday", "time": "09:00"}` each. Not PostPeer's."""
        body = {"slots": slots, "timezone": timezone, "profile_id": profile_id}
        return await self._do(Answer, "PUT", "/v1/queue/slots", body=body)
