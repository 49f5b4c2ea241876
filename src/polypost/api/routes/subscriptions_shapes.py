"""Bodies, queries and answers of `/v1/notifications` and `/v1/webhooks`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema

from polypost.api.openapi.documented import ClosedShape, Maybe, Shape
from polypost.api.routes.connect_shapes import Address
from polypost.intake.bodies import Closed, Text, Url
from polypost.posts import words

T = TypeVar("T")
MailAddress = Annotated[str, WithJsonSchema({"type": "string", "format": "email"})]
PostEvent = Literal["post.scheduled", "post.published", "post.partial", "post.failed"]
AnyEvent = Literal[
    "post.scheduled",
    "post.published",
    "post.partial",
    "post.failed",
    "schedule.skipped",
    "account.reconnect_required",
    "account.paused",
    "webhook.disabled",
]
ChannelName = Literal["webhook", "email"]
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


def _unique(values: list[T]) -> list[T]:
    if len(set(values)) != len(values):
        raise words.wrong("not_unique", "must not hold a value twice", "Name each once.")
    return values


def _short_name(address: str) -> str:
    if len(address.partition("@")[0]) > 64:
        raise words.wrong("bad_address", "has more than 64 characters before the @", "Check the address.")
    return address


# As RFC 5321 writes them, without quoted names and addresses of machines.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_{|}~-]{1,64}"
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
Recipient = Annotated[
    str,
    Field(
        max_length=254,
        pattern=rf"^{_ATOM}(\.{_ATOM})*@({_LABEL}\.)+[A-Za-z]([A-Za-z0-9-]{{0,61}}[A-Za-z0-9])$",
    ),
    AfterValidator(_short_name),
]
PostEvents = Annotated[
    list[PostEvent], Field(min_length=1, json_schema_extra={"uniqueItems": True}), AfterValidator(_unique)
]
AnyEvents = Annotated[
    list[AnyEvent], Field(min_length=1, json_schema_extra={"uniqueItems": True}), AfterValidator(_unique)
]
ProfileId = Annotated[Text, Field(min_length=1, max_length=100)]


class WebhookPlace(Closed):
    """Where webhooks go: an https address."""

    url: Url


class EmailPlace(Closed):
    """Where mails go."""

    recipients: Annotated[list[Recipient], Field(min_length=1, max_length=10), AfterValidator(_unique)]


class TrialBody(Closed):
    """`POST /v1/notifications/test`."""

    channel: ChannelName
    profileId: ProfileId | None = None
    webhook: WebhookPlace | None = None
    email: EmailPlace | None = None


class NotificationBody(TrialBody):
    """`POST /v1/notifications`."""

    eventTypes: PostEvents
    onlyScheduledPosts: bool | None = None
    enabled: bool | None = None


class NotificationChange(Closed):
    """`PATCH /v1/notifications/{id}`; an explicit null takes the profile away."""

    profileId: ProfileId | None = None
    eventTypes: PostEvents | None = None
    onlyScheduledPosts: bool | None = None
    enabled: bool | None = None
    webhook: WebhookPlace | None = None
    email: EmailPlace | None = None


class WebhookBody(TrialBody):
    """`POST /v1/webhooks`."""

    eventTypes: AnyEvents
    onlyScheduledPosts: bool | None = None
    enabled: bool | None = None


class WebhookChange(Closed):
    """`PATCH /v1/webhooks/{id}`; an explicit null takes the profile away."""

    profileId: ProfileId | None = None
    eventTypes: AnyEvents | None = None
    onlyScheduledPosts: bool | None = None
    enabled: bool | None = None
    webhook: WebhookPlace | None = None
    email: EmailPlace | None = None


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
