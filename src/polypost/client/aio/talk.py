"""Comments and private messages, and what people saw and did: figures, credits, networks, captions and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from polypost.client.aio.session import AsyncSession
from polypost.client.shapes import Answer, FiguresQuery, ImageParts


class AsyncTalk(AsyncSession):
    """Comments, messages, analytics, usage, networks, ai, health."""

    async def list_comments(
        self,
        platform: str,
        account_id: str,
        post_id: str,
        *,
        limit: int | None = None,
        after: str | None = None,
    ) -> Answer:
        """`comments` under a post, which is named by the network's own id."""
        query = {
            "platform": platform,
            "account_id": account_id,
            "post_id": post_id,
            "limit": limit,
            "after": after,
        }
        return await self._do(Answer, "GET", "/v1/comments", query=query)

    async def create_comment(
        self,
        platform: str,
        account_id: str,
        text: str,
        *,
        post_id: str | None = None,
        comment_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer:
        """Comment on a post, or answer a comment."""
        body = {
            "platform": platform,
            "account_id": account_id,
            "text": text,
            "idempotency_key": idempotency_key,
        }
        places = {"post_id": post_id, "comment_id": comment_id}
        body |= {name: value for name, value in places.items() if value is not None}
        return await self._do(Answer, "POST", "/v1/comments", body=body, keyed=True)

    async def hide_comment(
        self, comment_id: str, platform: str, account_id: str, *, hidden: bool = True
    ) -> Answer:
        """Hide a comment, or show it again."""
        body = {"platform": platform, "account_id": account_id, "hidden": hidden}
        return await self._do(Answer, "PATCH", "/v1/comments/{}", comment_id, body=body)

    async def delete_comment(self, comment_id: str, platform: str, account_id: str) -> Answer:
        """Delete a comment with its answers."""
        query = {"platform": platform, "account_id": account_id}
        return await self._do(Answer, "DELETE", "/v1/comments/{}", comment_id, query=query)

    async def list_conversations(
        self, platform: str, account_id: str, *, limit: int | None = None, after: str | None = None
    ) -> Answer:
        """`conversations`, the last used first."""
        query = {"platform": platform, "account_id": account_id, "limit": limit, "after": after}
        return await self._do(Answer, "GET", "/v1/messages", query=query)

    async def get_conversation_messages(
        self,
        conversation_id: str,
        platform: str,
        account_id: str,
        *,
        limit: int | None = None,
        after: str | None = None,
    ) -> Answer:
        """`messages` of a conversation, the newest first."""
        query = {"platform": platform, "account_id": account_id, "limit": limit, "after": after}
        return await self._do(Answer, "GET", "/v1/messages/{}", conversation_id, query=query)

    async def send_message(
        self,
        platform: str,
        account_id: str,
        recipient_id: str,
        text: str,
        *,
        idempotency_key: str | None = None,
    ) -> Answer:
        """Write to a participant of a conversation."""
        body = {
            "platform": platform,
            "account_id": account_id,
            "recipient_id": recipient_id,
            "text": text,
            "idempotency_key": idempotency_key,
        }
        return await self._do(Answer, "POST", "/v1/messages", body=body, keyed=True)

    async def get_analytics(self, **query: Unpack[FiguresQuery]) -> Answer:
        """Figures of one post under `post`, or of many under `posts`; one credit a call."""
        return await self._do(Answer, "GET", "/v1/analytics", query=query)

    async def get_usage(
        self,
        *,
        from_: str | None = None,
        to: str | None = None,
        profile_id: str | None = None,
        integration_id: str | None = None,
    ) -> Answer:
        """Credits by month, `YYYY-MM`, and what is left."""
        query = {"from_": from_, "to": to, "profile_id": profile_id, "integration_id": integration_id}
        return await self._do(Answer, "GET", "/v1/usage", query=query)

    async def list_platforms(self) -> Answer:
        """The networks of the server."""
        return await self._do(Answer, "GET", "/v1/platforms")

    async def get_platform(self, name: str) -> Answer:
        """What one network takes: its limits with their sources, its options. Not PostPeer's."""
        return await self._do(Answer, "GET", "/v1/platforms/{}", name)

    async def get_pinterest_boards(self, *, account_id: str | None = None) -> Answer:
        """`boards` of a Pinterest account."""
        return await self._do(Answer, "GET", "/v1/pinterest/boards", query={"account_id": account_id})

    async def get_tiktok_creator_info(self, *, account_id: str | None = None) -> Answer:
        """What a TikTok creator's settings allow now, under `data`."""
        return await self._do(Answer, "GET", "/v1/tiktok/creator-info", query={"account_id": account_id})

    async def ai_write_content(
        self, description: str, *, platforms: Sequence[str] | None = None, existing_content: str | None = None
    ) -> Answer:
        """A caption, under `content`."""
        given = {"platforms": platforms, "existing_content": existing_content}
        body = {
            "description": description,
            **{name: value for name, value in given.items() if value is not None},
        }
        return await self._do(Answer, "POST", "/v1/ai/write", body=body)

    async def ai_generate_image(self, description: str, **parts: Unpack[ImageParts]) -> Answer:
        """A picture, at `url`."""
        return await self._do(Answer, "POST", "/v1/ai/image", body={"description": description, **parts})

    async def health_check(self) -> Answer:
        """Whether the server answers."""
        return await self._do(Answer, "GET", "/v1/health")

    async def health_check_auth(self) -> Answer:
        """Whether the key works. Raises Refused when not."""
        return await self._do(Answer, "GET", "/v1/health/auth")

    async def ready(self) -> Answer:
        """Whether the server can keep its promises; Refused with status 503 has the reasons in `body`. Not PostPeer's."""
        return await self._do(Answer, "GET", "/healthz/ready")
