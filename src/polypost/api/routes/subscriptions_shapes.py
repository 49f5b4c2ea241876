"""Queries and answers of `/v1/notifications` and `/v1/webhooks`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, WithJsonSchema

from polypost.api.openapi.documented import ClosedShape, Maybe, Shape
from polypost.api.routes.connect_shapes import Address
from polypost.entrance.subscriptions import AnyEvent, ChannelName, PostEvent

MailAddress = Annotated[str, WithJsonSchema({"type": "string", "format": "email"})]
Reason = Literal[
    "address_refused",
    "hook_unreachable",
    "hook_timeout",
    "bad_status",
    "gone",
    "secret_unreadable",
    "mail_refused",
    "mail_unreachable",
    "mail_not_configured",
    "internal_error",
]


class DeliveriesQuery(BaseModel):
    """The deliveries of a subscription: the page style of paging."""

    state: Literal["pending", "delivered", "failed"] | None = None
    page: Annotated[int, Field(ge=1, le=100_000)] = 1
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class ShownWebhook(ClosedShape):
    """The place of a webhook; lists, and keys without the scope `connect`, see the secret masked."""

    url: Address
    secret: str


class ShownEmail(ClosedShape):
    """The place of mails."""

    recipients: Annotated[list[MailAddress], Field(min_length=1)]


class Notification(ClosedShape):
    """A subscription as the contract shows it; the other channel's key is absent."""

    id: str
    channel: ChannelName
    profileId: str | None
    eventTypes: list[PostEvent]
    onlyScheduledPosts: bool
    enabled: bool
    webhook: ShownWebhook = Maybe
    email: ShownEmail = Maybe
    lastTestAt: datetime | None
    lastTestStatus: Literal["success", "failed"] | None
    createdAt: datetime
    updatedAt: datetime


class WebhookInFull(Shape):
    """The same with every event, and with what the contract has no key for."""

    id: str
    channel: ChannelName
    profileId: str | None
    eventTypes: list[AnyEvent]
    onlyScheduledPosts: bool
    enabled: bool
    webhook: ShownWebhook = Maybe
    email: ShownEmail = Maybe
    lastTestAt: datetime | None
    lastTestStatus: Literal["success", "failed"] | None
    createdAt: datetime
    updatedAt: datetime
    disabledReason: Literal["failing", "gone"] | None
    olderSecretUntil: datetime | None


class OneNotification(Shape):
    """One notification."""

    success: Literal[True]
    notification: Notification


class AllNotifications(Shape):
    """Every notification of the project."""

    success: Literal[True]
    notifications: list[Notification]


class OneWebhook(Shape):
    """One webhook."""

    success: Literal[True]
    webhook: WebhookInFull


class AllWebhooks(Shape):
    """Every webhook of the project."""

    success: Literal[True]
    webhooks: list[WebhookInFull]


class Done(Shape):
    """It was done."""

    success: Literal[True]
    message: str


class ShownAttempt(Shape):
    """One try; `reason` is null when it got through, `status` when no answer came."""

    at: datetime
    milliseconds: int
    status: int | None
    reason: Reason | None


class ShownDelivery(Shape):
    """An event on its way to one subscription."""

    id: str
    eventId: str
    eventType: AnyEvent
    state: Literal["pending", "delivered", "failed"]
    nextAt: datetime | None
    createdAt: datetime
    endedAt: datetime | None
    attempts: list[ShownAttempt]


class OneDelivery(Shape):
    """One delivery."""

    success: Literal[True]
    delivery: ShownDelivery


class DeliveriesAnswer(Shape):
    """A page of deliveries, the newest event first."""

    success: Literal[True]
    total: int
    page: int
    limit: int
    deliveries: list[ShownDelivery]
