"""`/v1/notifications`: who hears of posts, by webhook or e-mail; the contract's resource."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from polypost.api.openapi.documented import documented
from polypost.api.routes import subscriptions as shared
from polypost.api.routes.webhooks_shapes import (
    AllNotifications,
    Deliveries,
    DeliveriesQuery,
    Done,
    NotificationBody,
    NotificationChange,
    OneDelivery,
    OneNotification,
    TrialBody,
)

router = APIRouter(prefix="/v1/notifications")


@router.post("/test")
@documented(Done, body=TrialBody)
async def test(request: Request) -> Response:
    """Send a test event to a place, subscribed or not."""
    return await shared.test(request)


@router.post("")
@documented(OneNotification, status=201, body=NotificationBody)
async def create(request: Request) -> Response:
    """Subscribe a webhook or mail addresses to events."""
    return await shared.create(request, "notifications", NotificationBody)


@router.get("")
@documented(AllNotifications)
async def list_notifications(request: Request) -> Response:
    """All of the project's, the newest first, with masked secrets."""
    return await shared.list_all(request, "notifications")


@router.get("/{notification_id}")
@documented(OneNotification, errors=(400, 404))
async def get_notification(request: Request, notification_id: str) -> Response:
    """One, with its secret."""
    return await shared.get(request, "notifications", notification_id)


@router.patch("/{notification_id}")
@documented(OneNotification, body=NotificationChange, errors=(404,))
async def change(request: Request, notification_id: str) -> Response:
    """Change events, place, filters, or switch it on and off; the channel stays."""
    return await shared.change(request, "notifications", notification_id, NotificationChange)


@router.delete("/{notification_id}")
@documented(Done, errors=(400, 404))
async def delete(request: Request, notification_id: str) -> Response:
    """Unsubscribe; what was still to be delivered is forgotten."""
    return await shared.delete(request, "notifications", notification_id)


@router.post("/{notification_id}/rotate-secret")
@documented(OneNotification, errors=(400, 404, 409))
async def rotate(request: Request, notification_id: str) -> Response:
    """A new signing secret; for 24 hours the one before signs too."""
    return await shared.rotate(request, "notifications", notification_id)


@router.get("/{notification_id}/deliveries")
@documented(Deliveries, errors=(400, 404))
async def deliveries(
    request: Request, notification_id: str, query: Annotated[DeliveriesQuery, Query()]
) -> Response:
    """What was sent to it and how each try went, the newest event first."""
    return await shared.deliveries(request, "notifications", notification_id, query)


@router.post("/{notification_id}/deliveries/{delivery_id}/redeliver")
@documented(OneDelivery, errors=(400, 404, 409))
async def redeliver(request: Request, notification_id: str, delivery_id: str) -> Response:
    """Send a delivery once more, with the same id and body."""
    return await shared.redeliver(request, "notifications", notification_id, delivery_id)
