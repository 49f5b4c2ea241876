"""`/v1/webhooks`: the same as `/v1/notifications`, with the events that the contract does not know."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from polypost.api.openapi.documented import documented
from polypost.api.routes import subscriptions as shared
from polypost.api.routes.webhooks_shapes import (
    AllWebhooks,
    Deliveries,
    DeliveriesQuery,
    Done,
    OneDelivery,
    OneWebhook,
    TrialBody,
    WebhookBody,
    WebhookChange,
)

router = APIRouter(prefix="/v1/webhooks")


@router.post("/test")
@documented(Done, body=TrialBody)
async def test(request: Request) -> Response:
    """Send a test event to a place, subscribed or not."""
    return await shared.test(request)


@router.post("")
@documented(OneWebhook, status=201, body=WebhookBody)
async def create(request: Request) -> Response:
    """Subscribe a webhook or mail addresses to events."""
    return await shared.create(request, "webhooks", WebhookBody)


@router.get("")
@documented(AllWebhooks)
async def list_webhooks(request: Request) -> Response:
    """All of the project's, the newest first, with masked secrets."""
    return await shared.list_all(request, "webhooks")


@router.get("/{webhook_id}")
@documented(OneWebhook, errors=(400, 404))
async def get_webhook(request: Request, webhook_id: str) -> Response:
    """One, with its secret."""
    return await shared.get(request, "webhooks", webhook_id)


@router.patch("/{webhook_id}")
@documented(OneWebhook, body=WebhookChange, errors=(404,))
async def change(request: Request, webhook_id: str) -> Response:
    """Change events, place, filters, or switch it on and off; the channel stays."""
    return await shared.change(request, "webhooks", webhook_id, WebhookChange)


@router.delete("/{webhook_id}")
@documented(Done, errors=(400, 404))
async def delete(request: Request, webhook_id: str) -> Response:
    """Unsubscribe; what was still to be delivered is forgotten."""
    return await shared.delete(request, "webhooks", webhook_id)


@router.post("/{webhook_id}/rotate-secret")
@documented(OneWebhook, errors=(400, 404, 409))
async def rotate(request: Request, webhook_id: str) -> Response:
    """A new signing secret; for 24 hours the one before signs too."""
    return await shared.rotate(request, "webhooks", webhook_id)


@router.get("/{webhook_id}/deliveries")
@documented(Deliveries, errors=(400, 404))
async def deliveries(
    request: Request, webhook_id: str, query: Annotated[DeliveriesQuery, Query()]
) -> Response:
    """What was sent to it and how each try went, the newest event first."""
    return await shared.deliveries(request, "webhooks", webhook_id, query)


@router.post("/{webhook_id}/deliveries/{delivery_id}/redeliver")
@documented(OneDelivery, errors=(400, 404, 409))
async def redeliver(request: Request, webhook_id: str, delivery_id: str) -> Response:
    """Send a delivery once more, with the same id and body."""
    return await shared.redeliver(request, "webhooks", webhook_id, delivery_id)
