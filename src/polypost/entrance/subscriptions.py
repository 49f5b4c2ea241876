"""What both the API and the dashboard take for subscriptions: webhooks and mails about posts and accounts."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field

from polypost.entrance.services import Services
from polypost.errors import AddressRefused, InvalidRequest, Problem
from polypost.intake.bodies import Closed, Text, Url
from polypost.outbound import advice
from polypost.posts import words
from polypost.webhooks import Change, Wanted

T = TypeVar("T")
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


def wanted(rooms: Services, body: NotificationBody | WebhookBody) -> Wanted:
    """The subscription that a body asks for. Raises InvalidRequest for a place that it cannot go to."""
    require_place(rooms, body)
    return Wanted(
        channel=body.channel,
        event_types=body.eventTypes,
        profile_id=body.profileId,
        only_scheduled=bool(body.onlyScheduledPosts),
        enabled=body.enabled is not False,
        url=body.webhook.url if body.webhook else None,
        recipients=body.email.recipients if body.email else (),
    )


def changed(rooms: Services, body: NotificationChange | WebhookChange, *, profile: bool) -> Change:
    """What a body changes; `profile` says that it names one, null included. Raises InvalidRequest."""
    if body.webhook is not None and body.email is not None:
        hint = "Send the key of its channel alone."
        raise InvalidRequest([Problem("email", "stands beside webhook", hint, "wrong_channel")])
    _places(rooms, body.webhook.url if body.webhook else None, mails=body.email is not None)
    return Change(
        event_types=body.eventTypes,
        profile_id=body.profileId if profile else ...,
        only_scheduled=body.onlyScheduledPosts,
        enabled=body.enabled,
        url=body.webhook.url if body.webhook else None,
        recipients=body.email.recipients if body.email else None,
    )


def require_place(rooms: Services, body: TrialBody) -> None:
    """Pass when a body has exactly the place of its channel, and one that can be reached by it. Raises InvalidRequest."""
    places = {"webhook": body.webhook, "email": body.email}
    problems = [
        Problem(name, "is required for this channel", "Add this key.", "missing")
        if name == body.channel
        else Problem(name, "belongs to the other channel", "Remove this key.", "wrong_channel")
        for name, place in places.items()
        if (place is None) == (name == body.channel)
    ]
    if problems:
        raise InvalidRequest(problems)
    _places(rooms, body.webhook.url if body.webhook else None, mails=body.email is not None)


def _places(rooms: Services, url: str | None, *, mails: bool) -> None:
    if url is not None:
        try:
            rooms.channels.hooks.check_url(url)
        except AddressRefused as error:
            said, hint = "does not lead to a public https address", advice(url, file=False)
            raise InvalidRequest([Problem("webhook.url", said, hint, "address_refused")]) from error
    if mails and rooms.channels.mailer is None:
        hint = "Its operator has to set POLYPOST_SMTP_URL and POLYPOST_MAIL_FROM."
        raise InvalidRequest([Problem("channel", "this server sends no e-mail", hint, "mail_not_configured")])
