"""Who is told of what: notifications with the contract's four events, webhooks with all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from polypost.client.shapes import Answer, SubscriptionChange, SubscriptionParts
from polypost.client.sync.session import Session


class Hooks(Session):
    """Notifications and webhooks."""

    def list_notifications(self) -> Answer:
        """All `notifications`; their secrets are masked."""
        return self._do(Answer, "GET", "/v1/notifications")

    def create_notification(
        self, channel: str, event_types: Sequence[str], **parts: Unpack[SubscriptionParts]
    ) -> Answer:
        """Subscribe: `channel` is `webhook` or `email`. The answer has the signing secret."""
        body = {"channel": channel, "event_types": event_types, **parts}
        return self._do(Answer, "POST", "/v1/notifications", body=body)

    def test_notification(self, channel: str, **parts: Unpack[SubscriptionParts]) -> Answer:
        """Send a test event to a place, subscribed or not."""
        return self._do(Answer, "POST", "/v1/notifications/test", body={"channel": channel, **parts})

    def get_notification(self, notification_id: str) -> Answer:
        """One notification, with its secret."""
        return self._do(Answer, "GET", "/v1/notifications/{}", notification_id)

    def update_notification(self, notification_id: str, **change: Unpack[SubscriptionChange]) -> Answer:
        """Change what is named."""
        return self._do(Answer, "PATCH", "/v1/notifications/{}", notification_id, body=change)

    def delete_notification(self, notification_id: str) -> Answer:
        """Unsubscribe."""
        return self._do(Answer, "DELETE", "/v1/notifications/{}", notification_id)

    def list_notification_deliveries(
        self,
        notification_id: str,
        *,
        state: str | None = None,
        page: int | None = None,
        limit: int | None = None,
    ) -> Answer:
        """What was sent and how each try went; `state` is `pending`, `delivered` or `failed`. Not PostPeer's."""
        query = {"state": state, "page": page, "limit": limit}
        return self._do(Answer, "GET", "/v1/notifications/{}/deliveries", notification_id, query=query)

    def redeliver_notification(self, notification_id: str, delivery_id: str) -> Answer:
        """Send an event once more. Not PostPeer's."""
        path = "/v1/notifications/{}/deliveries/{}/redeliver"
        return self._do(Answer, "POST", path, notification_id, delivery_id)

    def rotate_notification_secret(self, notification_id: str) -> Answer:
        """Another signing secret. Not PostPeer's."""
        return self._do(Answer, "POST", "/v1/notifications/{}/rotate-secret", notification_id)

    def list_webhooks(self) -> Answer:
        """All `webhooks`; their secrets are masked. Not PostPeer's, as all that follow."""
        return self._do(Answer, "GET", "/v1/webhooks")

    def create_webhook(
        self, event_types: Sequence[str], *, channel: str = "webhook", **parts: Unpack[SubscriptionParts]
    ) -> Answer:
        """Subscribe to any events. The answer has the signing secret."""
        body: Mapping[str, Any] = {"channel": channel, "event_types": event_types, **parts}
        return self._do(Answer, "POST", "/v1/webhooks", body=body)

    def test_webhook(self, *, channel: str = "webhook", **parts: Unpack[SubscriptionParts]) -> Answer:
        """Send a test event to a place, subscribed or not."""
        return self._do(Answer, "POST", "/v1/webhooks/test", body={"channel": channel, **parts})

    def get_webhook(self, webhook_id: str) -> Answer:
        """One webhook, with its secret."""
        return self._do(Answer, "GET", "/v1/webhooks/{}", webhook_id)

    def update_webhook(self, webhook_id: str, **change: Unpack[SubscriptionChange]) -> Answer:
        """Change what is named."""
        return self._do(Answer, "PATCH", "/v1/webhooks/{}", webhook_id, body=change)

    def delete_webhook(self, webhook_id: str) -> Answer:
        """Unsubscribe."""
        return self._do(Answer, "DELETE", "/v1/webhooks/{}", webhook_id)

    def list_webhook_deliveries(
        self, webhook_id: str, *, state: str | None = None, page: int | None = None, limit: int | None = None
    ) -> Answer:
        """What was sent and how each try went."""
        query = {"state": state, "page": page, "limit": limit}
        return self._do(Answer, "GET", "/v1/webhooks/{}/deliveries", webhook_id, query=query)

    def redeliver_webhook(self, webhook_id: str, delivery_id: str) -> Answer:
        """Send an event once more."""
        path = "/v1/webhooks/{}/deliveries/{}/redeliver"
        return self._do(Answer, "POST", path, webhook_id, delivery_id)

    def rotate_webhook_secret(self, webhook_id: str) -> Answer:
        """Another signing secret; for 24 hours the one before signs too."""
        return self._do(Answer, "POST", "/v1/webhooks/{}/rotate-secret", webhook_id)
