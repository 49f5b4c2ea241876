"""Webhooks and e-mails: who is told of what happens here, and what became of each delivery."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection
from starlette.responses import Response

from polypost.access import people
from polypost.dashboard.catalogue import phrase
from polypost.dashboard.curl import curl
from polypost.dashboard.saying import sentences
from polypost.dashboard.web import Page, Visit
from polypost.entrance.subscriptions import (
    NotificationChange,
    WebhookBody,
    WebhookChange,
    changed,
    wanted,
)
from polypost.errors import ApiError, Conflict, InvalidRequest
from polypost.intake import bodies
from polypost.integrations import profiles
from polypost.webhooks import EVENTS, POST_EVENTS, Change, Origin, Subscription, history, subscriptions
from polypost.webhooks.trial import WORDS as REASONS

MOST_PROFILES, PAGE = 500, 25
SAID = {
    "post.scheduled": phrase("A post was put on the schedule, or its hour moved"),
    "post.published": phrase("A post is out on all its accounts"),
    "post.partial": phrase("A post is out on some of its accounts, and not on others"),
    "post.failed": phrase("A post failed on all its accounts"),
    "schedule.skipped": phrase("A post that repeats was left out once"),
    "account.reconnect_required": phrase("An account has to be connected again"),
    "account.paused": phrase("A network refused an account several times; it rests for a day"),
    "webhook.disabled": phrase("A webhook or e-mail was switched off, as nothing got through"),
}
STATES = {
    "pending": phrase("Waiting"),
    "delivered": phrase("Delivered"),
    "failed": phrase("Failed"),
}
_DONE = {
    "changed": phrase("It is changed."),
    "on": phrase("It is active: what waited goes out now."),
    "off": phrase("It is paused: it hears of nothing new, and what was still to be delivered waits."),
    "tested": phrase("The test got through."),
    "again": phrase("It is sent once more, now."),
}
_FIELDS = {
    "eventTypes": phrase("Events"),
    "webhook": phrase("Address"),
    "email": phrase("Recipients"),
    "profileId": phrase("Profile"),
    "channel": phrase("E-mail"),
}
_EXAMPLE = {
    "channel": "webhook",
    "eventTypes": ["post.failed"],
    "webhook": {"url": "https://example.com/hooks/polypost"},
}


@dataclass(frozen=True, slots=True)
class Form:
    """What stands in the fields of a subscription."""

    channel: str = "webhook"
    url: str = ""
    recipients: str = ""
    events: tuple[str, ...] = ("post.partial", "post.failed", "account.reconnect_required")
    profile: str = ""
    scheduled: bool = False


async def listed(visit: Visit) -> Response:
    """All subscriptions, and forms for another."""
    return await _page(visit)


async def create(visit: Visit) -> Response:
    """Subscribe; the signing secret is on this page and never again."""
    rooms, given = visit.services, _given(visit)
    channel: Literal["webhook", "email"] = "email" if given.channel == "email" else "webhook"
    try:
        body = bodies.read(WebhookBody, {"channel": channel, **_body(given, channel)})
        asked = wanted(rooms, body)

        def write(db: Connection) -> Subscription:
            made = subscriptions.create(
                db, rooms.vault, rooms.posts.engine.wake, visit.here.id, "webhooks", asked
            )
            _note(visit, db, "webhook_created", made.id)
            return made

        made = await rooms.store.write(write)
    except InvalidRequest as error:
        return await _page(visit, error.status, wrong=error, given=given)
    return await _one(visit, made.id, secret=made.secret or "")


async def one(visit: Visit) -> Response:
    """A subscription and its deliveries."""
    return await _one(visit, visit.path("subscription"), done=visit.words(_DONE.get(visit.asked("done"), "")))


async def change(visit: Visit) -> Response:
    """Other events, another place, another filter."""
    given = _given(visit)
    try:
        raw = _body(given, given.channel)
        await _changed(visit, "webhook_changed", _asked(visit, raw, profile=True))
    except InvalidRequest as error:
        return await _one(visit, visit.path("subscription"), error.status, wrong=error, given=given)
    return _back(visit, "changed")


async def switch(visit: Visit) -> Response:
    """Pause it, or switch it on again."""
    if visit.said("enabled") == "yes":
        await _changed(visit, "webhook_switched_on", _asked(visit, {"enabled": True}))
        return _back(visit, "on")
    await _changed(visit, "webhook_switched_off", _asked(visit, {"enabled": False}))
    return _back(visit, "off")


async def test(visit: Visit) -> Response:
    """Send a test event to where it goes, and wait for what becomes of it."""
    rooms, (project_id, origin, subscription_id) = visit.services, _which(visit)

    def noted(db: Connection) -> Subscription:
        _note(visit, db, "webhook_tested", subscription_id)
        return subscriptions.get(db, rooms.vault, project_id, origin, subscription_id)

    found = await rooms.store.write(noted)
    try:
        if found.url is not None:
            await rooms.trial.webhook(project_id, found.url)
        else:
            await rooms.trial.email(project_id, found.recipients)
    except InvalidRequest as error:
        return await _one(visit, subscription_id, error.status, tried=error.message)
    return _back(visit, "tested")


async def rotate(visit: Visit) -> Response:
    """Another signing secret, on this page and never again."""
    rooms, (project_id, origin, subscription_id) = visit.services, _which(visit)

    def write(db: Connection) -> Subscription:
        found = subscriptions.rotate(db, rooms.vault, project_id, origin, subscription_id)
        _note(visit, db, "webhook_secret_rotated", subscription_id)
        return found

    try:
        found = await rooms.store.write(write)
    except Conflict as error:
        return await _one(visit, subscription_id, error.status, tried=error.message)
    return await _one(visit, subscription_id, secret=found.secret or "")


async def remove(visit: Visit) -> Response:
    """Unsubscribe."""
    rooms, (project_id, origin, subscription_id) = visit.services, _which(visit)

    def write(db: Connection) -> None:
        subscriptions.remove(db, rooms.posts.engine.wake, project_id, origin, subscription_id)
        _note(visit, db, "webhook_deleted", subscription_id)

    await rooms.store.write(write)
    return visit.go(visit.url("webhooks"))


async def redeliver(visit: Visit) -> Response:
    """Send one delivery once more."""
    rooms, (project_id, origin, subscription_id) = visit.services, _which(visit)
    delivery_id = visit.path("delivery")

    def write(db: Connection) -> None:
        history.redeliver(db, rooms.posts.engine.wake, project_id, origin, subscription_id, delivery_id)
        _note(visit, db, "webhook_redelivered", subscription_id, delivery=delivery_id)

    try:
        await rooms.store.write(write)
    except Conflict as error:
        return await _one(visit, subscription_id, error.status, tried=error.message)
    return _back(visit, "again")


def _which(visit: Visit) -> tuple[str, Origin, str]:
    """The project, and the subscription that the path names."""
    subscription_id = visit.path("subscription")
    return visit.here.id, _origin(subscription_id), subscription_id


def _origin(subscription_id: str) -> Origin:
    return "notifications" if subscription_id.startswith("ntf_") else "webhooks"


def _events(origin: Origin) -> tuple[str, ...]:
    return POST_EVENTS if origin == "notifications" else EVENTS


def _given(visit: Visit) -> Form:
    return Form(
        channel=visit.said("channel"),
        url=visit.said("url").strip(),
        recipients=visit.said("recipients").strip(),
        events=tuple(each for each in visit.form.getlist("event") if isinstance(each, str)),
        profile=visit.said("profile"),
        scheduled=bool(visit.said("scheduled")),
    )


def _stands(found: Subscription) -> Form:
    return Form(
        channel=found.channel,
        url=found.url or "",
        recipients=", ".join(found.recipients),
        events=found.event_types,
        profile=found.profile_id or "",
        scheduled=found.only_scheduled,
    )


def _body(given: Form, channel: str) -> dict[str, Any]:
    """The body that the API takes for it."""
    place = (
        {"email": {"recipients": given.recipients.replace(",", " ").split()}}
        if channel == "email"
        else {"webhook": {"url": given.url}}
    )
    return {
        "eventTypes": list(given.events),
        "onlyScheduledPosts": given.scheduled,
        "profileId": given.profile or None,
        **place,
    }


def _asked(visit: Visit, raw: dict[str, Any], *, profile: bool = False) -> Change:
    model: type[NotificationChange | WebhookChange] = (
        NotificationChange if _which(visit)[1] == "notifications" else WebhookChange
    )
    return changed(visit.services, bodies.read(model, raw), profile=profile)


async def _changed(visit: Visit, what: str, asked: Change) -> None:
    rooms, (project_id, origin, subscription_id) = visit.services, _which(visit)

    def write(db: Connection) -> None:
        subscriptions.change(
            db, rooms.vault, rooms.posts.engine.wake, project_id, origin, subscription_id, asked
        )
        _note(visit, db, what, subscription_id)

    await rooms.store.write(write)


def _note(visit: Visit, db: Connection, what: str, subscription_id: str, **more: str) -> None:
    person, project = visit.person.id, visit.here.id
    people.note(db, what, person_id=person, project_id=project, subscription=subscription_id, **more)


def _back(visit: Visit, done: str) -> Response:
    return visit.go(visit.url("webhooks", visit.path("subscription"), done=done))


def _groups(db: Connection, project_id: str) -> list[profiles.Profile]:
    return profiles.list_profiles(db, project_id, limit=MOST_PROFILES, offset=0)[1]


async def _page(
    visit: Visit, status: int = 200, *, wrong: ApiError | None = None, given: Form | None = None
) -> Response:
    project_id, vault = visit.here.id, visit.services.vault

    def read(db: Connection) -> Mapping[str, Any]:
        both: tuple[Origin, Origin] = ("webhooks", "notifications")
        found = [
            each for one in both for each in subscriptions.list_subscriptions(db, vault, project_id, one)
        ]
        return {
            "found": sorted(found, key=lambda each: each.created_at, reverse=True),
            "groups": _groups(db, project_id),
        }

    return visit.page(
        "webhooks.html",
        status,
        **await visit.services.store.read(read),
        **_words(visit),
        events=EVENTS,
        given=given or Form(),
        wrong=sentences(wrong, visit, _FIELDS) if wrong else [],
        curl=curl(visit, "/v1/webhooks", _EXAMPLE),
    )


async def _one(
    visit: Visit,
    subscription_id: str,
    status: int = 200,
    *,
    wrong: ApiError | None = None,
    given: Form | None = None,
    tried: str = "",
    secret: str = "",
    done: str = "",
) -> Response:
    project_id, vault, origin = visit.here.id, visit.services.vault, _origin(subscription_id)
    state = visit.asked("state") if visit.asked("state") in STATES else None

    def read(db: Connection) -> Mapping[str, Any]:
        found, before = history.newest_deliveries(
            db,
            project_id,
            origin,
            subscription_id,
            state=state,
            before=visit.asked("before") or None,
            limit=PAGE,
        )
        return {
            "found": subscriptions.get(db, vault, project_id, origin, subscription_id),
            "deliveries": [(each, _post_of(each)) for each in found],
            "before": before,
            "groups": _groups(db, project_id),
        }

    values = await visit.services.store.read(read)
    return visit.page(
        "webhook.html",
        status,
        **values,
        **_words(visit),
        events=_events(origin),
        given=given or _stands(values["found"]),
        wrong=sentences(wrong, visit, _FIELDS) if wrong else [],
        tried=tried,
        secret=secret,
        done=done,
        state_here=state or "",
        first=not visit.asked("before"),
        looked_at=history.LOOKED_AT,
        kept=visit.services.settings.kept.deliveries,
        curl=curl(visit, f"/v1/{origin}/{subscription_id}/deliveries"),
    )


def _words(visit: Visit) -> dict[str, Any]:
    return {
        "said": SAID,
        "states": STATES,
        "reasons": REASONS,
        "mails": visit.services.channels.mailer is not None,
        "place": "webhooks",
    }


def _post_of(delivery: history.Delivery) -> str:
    """The post that an event is about, if it is about one."""
    about = json.loads(delivery.body).get("data") or {}
    return str(about.get("postId") or "")


PAGES = (
    Page("GET", "/{project}/webhooks", listed, "owner"),
    Page("POST", "/{project}/webhooks", create, "owner"),
    Page("GET", "/{project}/webhooks/{subscription}", one, "owner"),
    Page("POST", "/{project}/webhooks/{subscription}", change, "owner"),
    Page("POST", "/{project}/webhooks/{subscription}/switch", switch, "owner"),
    Page("POST", "/{project}/webhooks/{subscription}/test", test, "owner"),
    Page("POST", "/{project}/webhooks/{subscription}/rotate", rotate, "owner", sure=True),
    Page("POST", "/{project}/webhooks/{subscription}/delete", remove, "owner", sure=True),
    Page(
        "POST",
        "/{project}/webhooks/{subscription}/deliveries/{delivery}/redeliver",
        redeliver,
        "owner",
    ),
)
