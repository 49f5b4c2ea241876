"""`/v1/notifications` and `/v1/webhooks`: one kind of subscription behind two paths, of which one is the contract's."""

# Without postponed annotations: the name of a path's parameter is known where its router is made, not in the module.
import re
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from polypost.access import Principal
from polypost.api.http import answers
from polypost.api.http.auth import principal
from polypost.api.http.body import json_object
from polypost.api.openapi.documented import documented
from polypost.api.routes.subscriptions_shapes import (
    AllNotifications,
    AllWebhooks,
    DeliveriesAnswer,
    DeliveriesQuery,
    Done,
    OneDelivery,
    OneNotification,
    OneWebhook,
)
from polypost.entrance.services import services
from polypost.entrance.subscriptions import (
    NotificationBody,
    NotificationChange,
    TrialBody,
    WebhookBody,
    WebhookChange,
    changed,
    require_place,
    wanted,
)
from polypost.errors import InvalidRequest, Problem
from polypost.intake import bodies
from polypost.webhooks import Origin, Subscription, history, signing, subscriptions


@dataclass(frozen=True, slots=True)
class _Resource:
    """One of the two paths: its words, the beginning of its ids, its bodies and answers."""

    origin: Origin
    singular: str
    id_prefix: str
    body: type[NotificationBody] | type[WebhookBody]
    changes: type[NotificationChange] | type[WebhookChange]
    one: type[BaseModel]
    all: type[BaseModel]

    @property
    def parameter(self) -> str:
        """The name of its id in paths."""
        return f"{self.singular}_id"

    @property
    def place(self) -> str:
        """The path to one, below that of all."""
        return f"/{{{self.parameter}}}"

    def check(self, subscription_id: str) -> None:
        """Raise InvalidRequest for what cannot be an id of this path."""
        if not re.fullmatch(rf"{self.id_prefix}[0-9a-z]{{1,40}}", subscription_id):
            hint = f"Ids begin with {self.id_prefix}."
            raise InvalidRequest([Problem("id", f"is not the id of a {self.singular}", hint, "bad_id")])

    def answer(self, found: Subscription, who: Principal, status: int = 200) -> Response:
        """One subscription."""
        # Whoever has the secret can forge what the server says: a key that only reads does not get it.
        masked = bool(who.scopes) and "connect" not in who.scopes
        body = {"success": True, self.singular: shape(found, self.origin, masked=masked)}
        return answers.ok(body, status)


def _router(resource: _Resource) -> APIRouter:
    """The routes of one path."""
    router = APIRouter(prefix=f"/v1/{resource.origin}")
    _serve_all(router, resource)
    _serve_one(router, resource)
    _serve_deliveries(router, resource)
    return router


def _serve_all(router: APIRouter, resource: _Resource) -> None:
    origin = resource.origin

    @router.post("/test")
    @documented(Done, body=TrialBody)
    async def test(request: Request) -> Response:
        """Send a test event to a place, subscribed or not."""
        who = await principal(request, "connect")
        rooms = services(request)
        body = bodies.read(TrialBody, await json_object(request))
        require_place(rooms, body)
        if body.profileId is not None:
            profile = body.profileId
            await rooms.store.read(lambda db: subscriptions.check_profile(db, who.project.id, profile))
        if body.webhook is not None:
            await rooms.trial.webhook(who.project.id, body.webhook.url)
        elif body.email is not None:
            await rooms.trial.email(who.project.id, body.email.recipients)
        return answers.ok({"success": True, "message": "Test notification sent."})

    @router.post("")
    @documented(resource.one, status=201, body=resource.body)
    async def create(request: Request) -> Response:
        """Subscribe a webhook or mail addresses to events."""
        who = await principal(request, "connect")
        rooms = services(request)
        body = bodies.read(resource.body, await json_object(request))
        asked = wanted(rooms, body)
        wake_up = rooms.posts.engine.wake
        made = await rooms.store.write(
            lambda db: subscriptions.create(db, rooms.vault, wake_up, who.project.id, origin, asked)
        )
        return resource.answer(made, who, 201)

    @router.get("")
    @documented(resource.all)
    async def list_all(request: Request) -> Response:
        """All of the project's, the newest first, with masked secrets."""
        who = await principal(request, "read")
        rooms = services(request)
        found = await rooms.store.browse(
            who.project.id,
            lambda db: subscriptions.list_subscriptions(db, rooms.vault, who.project.id, origin),
        )
        return answers.ok({"success": True, origin: [shape(each, origin, masked=True) for each in found]})


def _serve_one(router: APIRouter, resource: _Resource) -> None:
    origin, place = resource.origin, resource.place
    Id = Annotated[str, Path(alias=resource.parameter)]  # noqa: N806  # a type

    @router.get(place)
    @documented(resource.one, errors=(400, 404))
    async def get(request: Request, subscription_id: Id) -> Response:
        """One, with its secret."""
        who = await principal(request, "read")
        resource.check(subscription_id)
        rooms = services(request)
        found = await rooms.store.read(
            lambda db: subscriptions.get(db, rooms.vault, who.project.id, origin, subscription_id)
        )
        return resource.answer(found, who)

    @router.patch(place)
    @documented(resource.one, body=resource.changes, errors=(404,))
    async def change(request: Request, subscription_id: Id) -> Response:
        """Change events, place, filters, or switch it on and off; the channel stays."""
        who = await principal(request, "connect")
        resource.check(subscription_id)
        rooms = services(request)
        raw = await json_object(request)
        body = bodies.read(resource.changes, raw)
        asked = changed(rooms, body, profile="profileId" in raw)
        wake_up = rooms.posts.engine.wake
        found = await rooms.store.write(
            lambda db: subscriptions.change(
                db, rooms.vault, wake_up, who.project.id, origin, subscription_id, asked
            )
        )
        return resource.answer(found, who)

    @router.delete(place)
    @documented(Done, errors=(400, 404))
    async def delete(request: Request, subscription_id: Id) -> Response:
        """Unsubscribe; what was still to be delivered is forgotten."""
        who = await principal(request, "connect")
        resource.check(subscription_id)
        rooms = services(request)
        wake_up = rooms.posts.engine.wake
        await rooms.store.write(
            lambda db: subscriptions.remove(db, wake_up, who.project.id, origin, subscription_id)
        )
        return answers.ok({"success": True, "message": f"{resource.singular.capitalize()} deleted."})

    @router.post(f"{place}/rotate-secret")
    @documented(resource.one, errors=(400, 404, 409))
    async def rotate(request: Request, subscription_id: Id) -> Response:
        """A new signing secret; for 24 hours the one before signs too."""
        who = await principal(request, "connect")
        resource.check(subscription_id)
        rooms = services(request)
        found = await rooms.store.write(
            lambda db: subscriptions.rotate(db, rooms.vault, who.project.id, origin, subscription_id)
        )
        return resource.answer(found, who)


def _serve_deliveries(router: APIRouter, resource: _Resource) -> None:
    origin, place = resource.origin, resource.place
    Id = Annotated[str, Path(alias=resource.parameter)]  # noqa: N806  # a type

    @router.get(f"{place}/deliveries")
    @documented(DeliveriesAnswer, errors=(400, 404))
    async def deliveries(
        request: Request, subscription_id: Id, query: Annotated[DeliveriesQuery, Query()]
    ) -> Response:
        """What was sent to it and how each try went, the newest event first."""
        who = await principal(request, "read")
        resource.check(subscription_id)
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

    @router.post(f"{place}/deliveries/{{delivery_id}}/redeliver")
    @documented(OneDelivery, errors=(400, 404, 409))
    async def redeliver(request: Request, subscription_id: Id, delivery_id: str) -> Response:
        """Send a delivery once more, with the same id and body."""
        who = await principal(request, "connect")
        resource.check(subscription_id)
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


router = APIRouter()
router.include_router(
    _router(
        _Resource(
            "notifications",
            "notification",
            "ntf_",
            NotificationBody,
            NotificationChange,
            OneNotification,
            AllNotifications,
        )
    )
)
router.include_router(
    _router(_Resource("webhooks", "webhook", "whk_", WebhookBody, WebhookChange, OneWebhook, AllWebhooks))
)
