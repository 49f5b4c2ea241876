"""What `/v1/notifications` and `/v1/webhooks` have in common: one kind of subscription behind two paths."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from polypost.access import Principal
from polypost.api.http import answers
from polypost.api.http.auth import principal
from polypost.api.http.body import json_object
from polypost.api.routes.webhooks_shapes import (
    DeliveriesQuery,
    NotificationBody,
    NotificationChange,
    TrialBody,
    WebhookBody,
    WebhookChange,
)
from polypost.api.services import Services, services
from polypost.errors import AddressRefused, InvalidRequest, Problem
from polypost.intake import bodies
from polypost.webhooks import Change, Origin, Subscription, Wanted, history, signing, subscriptions

_IDS = {"notifications": re.compile(r"ntf_[0-9a-z]{1,40}"), "webhooks": re.compile(r"whk_[0-9a-z]{1,40}")}
_NAMES = {"notifications": "notification", "webhooks": "webhook"}


async def test(request: Request) -> Response:
    """One test event to a place that need not be subscribed."""
    who = await principal(request, "connect")
    rooms = services(request)
    body = bodies.read(TrialBody, await json_object(request))
    _fits(rooms, body)
    if body.profileId is not None:
        profile = body.profileId
        await rooms.store.read(lambda db: subscriptions.check_profile(db, who.project.id, profile))
    if body.webhook is not None:
        await rooms.trial.webhook(who.project.id, body.webhook.url)
    elif body.email is not None:
        await rooms.trial.email(who.project.id, body.email.recipients)
    return answers.ok({"success": True, "message": "Test notification sent."})


async def create(
    request: Request, origin: Origin, model: type[NotificationBody] | type[WebhookBody]
) -> Response:
    """Subscribe."""
    who = await principal(request, "connect")
    rooms = services(request)
    body = bodies.read(model, await json_object(request))
    _fits(rooms, body)
    wanted = Wanted(
        channel=body.channel,
        event_types=body.eventTypes,
        profile_id=body.profileId,
        only_scheduled=bool(body.onlyScheduledPosts),
        enabled=body.enabled is not False,
        url=body.webhook.url if body.webhook else None,
        recipients=body.email.recipients if body.email else (),
    )
    wake_up = rooms.posts.engine.wake
    made = await rooms.store.write(
        lambda db: subscriptions.create(db, rooms.vault, wake_up, who.project.id, origin, wanted)
    )
    return _one(origin, made, who, 201)


async def list_all(request: Request, origin: Origin) -> Response:
    """All of the project's, the newest first; secrets are masked."""
    who = await principal(request, "read")
    rooms = services(request)
    found = await rooms.store.browse(
        who.project.id,
        lambda db: subscriptions.list_subscriptions(db, rooms.vault, who.project.id, origin),
    )
    return answers.ok({"success": True, origin: [shape(each, origin, masked=True) for each in found]})


async def get(request: Request, origin: Origin, subscription_id: str) -> Response:
    """One, with its secret."""
    who = await principal(request, "read")
    _well_formed(origin, subscription_id)
    rooms = services(request)
    found = await rooms.store.read(
        lambda db: subscriptions.get(db, rooms.vault, who.project.id, origin, subscription_id)
    )
    return _one(origin, found, who)


async def change(
    request: Request,
    origin: Origin,
    subscription_id: str,
    model: type[NotificationChange] | type[WebhookChange],
) -> Response:
    """Change what the body names; the channel stays."""
    who = await principal(request, "connect")
    _well_formed(origin, subscription_id)
    rooms = services(request)
    raw = await json_object(request)
    body = bodies.read(model, raw)
    if body.webhook is not None and body.email is not None:
        raise InvalidRequest(
            [Problem("email", "stands beside webhook", "Send the key of its channel alone.", "wrong_channel")]
        )
    _places(rooms, body.webhook.url if body.webhook else None, mails=body.email is not None)
    wanted = Change(
        event_types=body.eventTypes,
        profile_id=body.profileId if "profileId" in raw else ...,
        only_scheduled=body.onlyScheduledPosts,
        enabled=body.enabled,
        url=body.webhook.url if body.webhook else None,
        recipients=body.email.recipients if body.email else None,
    )
    wake_up = rooms.posts.engine.wake
    changed = await rooms.store.write(
        lambda db: subscriptions.change(
            db, rooms.vault, wake_up, who.project.id, origin, subscription_id, wanted
        )
    )
    return _one(origin, changed, who)


async def delete(request: Request, origin: Origin, subscription_id: str) -> Response:
    """Unsubscribe."""
    who = await principal(request, "connect")
    _well_formed(origin, subscription_id)
    rooms = services(request)
    wake_up = rooms.posts.engine.wake
    await rooms.store.write(
        lambda db: subscriptions.remove(db, wake_up, who.project.id, origin, subscription_id)
    )
    return answers.ok({"success": True, "message": f"{_NAMES[origin].capitalize()} deleted."})


async def rotate(request: Request, origin: Origin, subscription_id: str) -> Response:
    """A new secret; for 24 hours the one before signs too."""
    who = await principal(request, "connect")
    _well_formed(origin, subscription_id)
    rooms = services(request)
    changed = await rooms.store.write(
        lambda db: subscriptions.rotate(db, rooms.vault, who.project.id, origin, subscription_id)
    )
    return _one(origin, changed, who)


async def deliveries(
    request: Request, origin: Origin, subscription_id: str, query: DeliveriesQuery
) -> Response:
    """What was sent and how it went."""
    who = await principal(request, "read")
    _well_formed(origin, subscription_id)
    total, found = await services(request).store.browse(
        who.project.id,
        lambda db: history.list_deliveries(
            db,
            who.project.id,
            origin,
            subscription_id,
            state=query.state,
            limit=query.limit,
            offset=(query.page - 1) * query.limit,
        ),
    )
    page = {"total": total, "page": query.page, "limit": query.limit}
    return answers.ok({"success": True, **page, "deliveries": [_delivery(each) for each in found]})


async def redeliver(request: Request, origin: Origin, subscription_id: str, delivery_id: str) -> Response:
    """Send a delivery once more."""
    who = await principal(request, "connect")
    _well_formed(origin, subscription_id)
    rooms = services(request)
    wake_up = rooms.posts.engine.wake
    again = await rooms.store.write(
        lambda db: history.redeliver(db, wake_up, who.project.id, origin, subscription_id, delivery_id)
    )
    return answers.ok({"success": True, "delivery": _delivery(again)})


def shape(found: Subscription, origin: Origin, *, masked: bool) -> dict[str, Any]:
    """A subscription as its path shows it; on `/v1/notifications` it is closed."""
    body: dict[str, Any] = {
        "id": found.id,
        "channel": found.channel,
        "profileId": found.profile_id,
        "eventTypes": list(found.event_types),
        "onlyScheduledPosts": found.only_scheduled,
        "enabled": found.enabled,
    }
    if found.channel == "webhook":
        secret = found.secret or ""
        body["webhook"] = {"url": found.url, "secret": signing.masked(secret) if masked else secret}
    else:
        body["email"] = {"recipients": list(found.recipients)}
    body |= {
        "lastTestAt": answers.stamp(found.last_test_at),
        "lastTestStatus": found.last_test_status,
        "createdAt": answers.stamp(found.created_at),
        "updatedAt": answers.stamp(found.updated_at),
    }
    if origin == "webhooks":
        body["disabledReason"] = found.disabled_reason
        body["olderSecretUntil"] = answers.stamp(found.older_until)
    return body


def _one(origin: Origin, found: Subscription, who: Principal, status: int = 200) -> Response:
    # Whoever has the secret can forge what the server says: a key that only reads does not get it.
    masked = bool(who.scopes) and "connect" not in who.scopes
    return answers.ok({"success": True, _NAMES[origin]: shape(found, origin, masked=masked)}, status)


def _delivery(found: history.Delivery) -> dict[str, Any]:
    return {
        "id": found.id,
        "eventId": found.event_id,
        "eventType": found.event_type,
        "state": found.state,
        "nextAt": answers.stamp(found.next_at),
        "createdAt": answers.stamp(found.created_at),
        "endedAt": answers.stamp(found.ended_at),
        "attempts": [
            {
                "at": answers.stamp(each.at),
                "milliseconds": each.milliseconds,
                "status": each.status,
                "reason": each.reason,
            }
            for each in found.attempts
        ],
    }


def _fits(rooms: Services, body: TrialBody) -> None:
    """Exactly the place of the channel, and one that can be reached by it. Raises InvalidRequest."""
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
            hint = "Give a public https address."
            raise InvalidRequest(
                [Problem("webhook.url", "does not lead to a public https address", hint, "address_refused")]
            ) from error
    if mails and rooms.channels.mailer is None:
        hint = "Its operator has to set POLYPOST_SMTP_URL and POLYPOST_MAIL_FROM."
        raise InvalidRequest([Problem("channel", "this server sends no e-mail", hint, "mail_not_configured")])


def _well_formed(origin: Origin, subscription_id: str) -> None:
    if not _IDS[origin].fullmatch(subscription_id):
        start = _IDS[origin].pattern[:4]
        raise InvalidRequest(
            [Problem("id", f"is not the id of a {_NAMES[origin]}", f"Ids begin with {start}.", "bad_id")]
        )
