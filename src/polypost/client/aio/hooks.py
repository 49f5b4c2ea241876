"""Who is told of what: notifications with the contract's four events, webhooks with all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from polypost.client.aio.session import AsyncSession
from polypost.client.shapes import Answer, SubscriptionChange, SubscriptionParts


class AsyncHooks(AsyncSession):
    """Notifications and webhooks."""

    async def list_notifications(self) -> Answer:
        """All `notifications`; their secrets are masked."""
        return await self._do(Answer, "GET", "/v1/notifications")

    async def create_notification(
        self, channel: str, event_types: Sequence[str], **parts: Unpack[SubscriptionParts]
    ) -> Answer:
        """Subscribe: `channel` is `webhook` or `email`. The answer has the signing secret."""
        body = {"channel": channel, "event_types": event_types, **parts}
        return await self._do(Answer, "POST", "/v1/notifications", body=body)

    async def test_notification(self, channel: str, **parts: Unpack[SubscriptionParts]) -> Answer:
        """Send a test event to a place, subscribed or not."""
        return await self._do(Answer, "POST", "/v1/notifications/test", body={"channel": channel, **parts})

    async def get_notification(self, notification_id: str) -> Answer:
        """One notification, with its secret."""
        return await self._do(Answer, "GET", "/v1/notifications/{}", notification_id)

    async def update_notification(self, notification_id: str, **change: Unpack[SubscriptionChange]) -> Answer:
        """Change what is named."""
        return await self._do(Answer, "PATCH", "/v1/notifications/{}", notification_id, body=change)

    async def delete_notification(self, notification_id: str) -> Answer:
        """Unsubscribe."""
        return await self._do(Answer, "DELETE", "/v1/notifications/{}", notification_id)

    async def list_notification_deliveries(
        self,
        notification_id: str,
        *,
        state: str | None = None,
        page: int | None = None,
        limit: int | None = None,
    ) -> Answer:
        """What was sent and how each try went; `state` is `pending`, `delivered` or `failed`. Not PostPeer's."""
        query = {"state": state, "page": page, "limit": limit}
        return await self._do(Answer, "GET", "/v1/notifications/{}/deliveries", notification_id, query=query)

    async def redeliver_notification(self, notification_id: str, delivery_id: str) -> Answer:
        """Send an event once more. Not PostPeer's."""
        path = "/v1/notifications/{}/deliveries/{}/redeliver"
        return await self._do(Answer, "POST", path, notification_id, delivery_id)

    async def rotate_notification_secret(self, notification_id: str) -> Answer:
        """Another signing secret. Not PostPeer's."""
        return await self._do(Answer, "POST", "/v1/notifications/{}/rotate-secret", notification_id)

    async def list_webhooks(self) -> Answer:
        """All `webhooks`; their secrets are masked. Not PostPeer's, as all that follow."""
        return await self._do(Answer, "GET", "/v1/webhooks")

    async def create_webhook(
        self, event_types: Sequence[str], *, channel: str = "webhook", **parts: Unpack[SubscriptionParts]
    ) -> Answer:
        """Subscribe to any events. The answer has the signing secret."""
        body: Mapping[str, Any] = {"channel": channel, "event_types": event_types, **parts}
        return await self._do(Answer, "POST", "/v1/webhooks", body=body)

    async def test_webhook(self, *, channel: str = "webhook", **parts: Unpack[SubscriptionParts]) -> Answer:
        """Send a test event to a place, subscribed or not."""
        return await self._do(Answer, "POST", "/v1/webhooks/test", body={"channel": channel, **parts})

    async def get_webhook(self, webhook_id: str) -> Answer:
        """One webhook, with its secret."""
        return await self._do(Answer, "GET", "/v1/webhooks/{}", webhook_id)

    async def update_webhook(self, webhook_id: str, **change: Unpack[SubscriptionChange]) -> Answer:
        """Change what is named."""
        return await self._do(Answer, "PATCH", "/v1/webhooks/{}", webhook_id, body=change)

    async def delete_webhook(self, webhook_id: str) -> Answer:
        """Unsubscribe."""
        return await self._do(Answer, "DELETE", "/v1/webhooks/{}", webhook_id)

    async def list_webhook_deliveries(
        self, webhook_id: str, *, state: str | None = None, page: int | None = None, limit: int | None = None
    ) -> Answer:
        """What was sent and how each try went."""
        query = {"state": state, "page": page, "limit": limit}
        return await self._do(Answer, "GET", "/v1/webhooks/{}/deliveries", webhook_id, query=query)

    async def redeliver_webhook(self, webhook_id: str, delivery_id: str) -> Answer:
        """Send an event once more."""
        path = "/v1/webhooks/{}/deliveries/{}/redeliver"
        return await self._do(Answer, "POST", path, webhook_id, delivery_id)

    async def rotate_webhook_secret(self, webhook_id: str) -> Answer:
        """Another signing secret; for 24 hours the one before signs too."""
        return await self._do(Answer, "POST", "/v1/webhooks/{}/rotate-secret", webhook_id)
