"""Who wants to hear what: subscriptions made, read, changed, rotated and removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import EllipsisType
from typing import Any, Literal

from sqlalchemy import Connection, delete, func, insert, select, update

from polypost import clock
from polypost.errors import Conflict, InvalidRequest, NotFound, Problem
from polypost.integrations import Vault, profiles
from polypost.storage import new_id, row_of, rows_of
from polypost.webhooks import signing
from polypost.webhooks.fan_out import Waking, so_far
from polypost.webhooks.tables import (
    POST_EVENTS,
    SubscriptionRow,
    deliveries,
    delivery_attempts,
    subscriptions,
    wake_up_of,
)

EVENTS = (
    *POST_EVENTS,
    "schedule.skipped",
    "account.reconnect_required",
    "account.paused",
    "webhook.disabled",
)
MOST = 100
ROTATION = timedelta(hours=24)
_PREFIXES = {"notifications": "ntf", "webhooks": "whk"}

Origin = Literal["notifications", "webhooks"]
Channel = Literal["webhook", "email"]
_S = subscriptions.c
_D = deliveries.c


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription; `secret` is the signing secret in clear, None for e-mail.

    `older_until` is the end of the secret that was replaced. `disabled_reason` is `failing` or `gone` when the
    server switched it off by itself.
    """

    id: str
    project_id: str
    channel: str
    event_types: tuple[str, ...]
    profile_id: str | None
    only_scheduled: bool
    enabled: bool
    url: str | None
    secret: str | None
    older_until: datetime | None
    recipients: tuple[str, ...]
    disabled_reason: str | None
    last_test_at: datetime | None
    last_test_status: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a new subscription is to be; `url` for webhooks, `recipients` for e-mail."""

    channel: Channel
    event_types: Sequence[str]
    profile_id: str | None = None
    only_scheduled: bool = False
    enabled: bool = True
    url: str | None = None
    recipients: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be different; None leaves a thing as it is, and so does `...` for the profile."""

    event_types: Sequence[str] | None = None
    profile_id: str | EllipsisType | None = ...
    only_scheduled: bool | None = None
    enabled: bool | None = None
    url: str | None = None
    recipients: Sequence[str] | None = None


def create(
    db: Connection, vault: Vault, wake_up: Waking, project_id: str, origin: Origin, wanted: Wanted
) -> Subscription:
    """Subscribe. Raises InvalidRequest for an unknown profile, or when the project has a hundred already."""
    if wanted.profile_id is not None:
        check_profile(db, project_id, wanted.profile_id)
    count = select(func.count()).select_from(subscriptions).where(_S.project_id == project_id)
    if db.execute(count).scalar_one() >= MOST:
        hint = "Delete one that nobody needs."
        raise InvalidRequest(
            [Problem("", f"A project has at most {MOST} of these.", hint, "too_many_subscriptions")]
        )
    subscription_id, now = new_id(_PREFIXES[origin]), clock.now()
    so_far(db, wake_up, project_id, now)
    secret = signing.new_secret() if wanted.channel == "webhook" else None
    db.execute(
        insert(subscriptions).values(
            id=subscription_id,
            project_id=project_id,
            origin=origin,
            channel=wanted.channel,
            event_types=list(wanted.event_types),
            profile_id=wanted.profile_id,
            only_scheduled=wanted.only_scheduled,
            enabled=wanted.enabled,
            url=wanted.url,
            secret=None if secret is None else _sealed(db, vault, project_id, subscription_id, secret),
            recipients=list(wanted.recipients) or None,
            matching_since=now,
            epoch=0,
            created_at=now,
            updated_at=now,
        )
    )
    return get(db, vault, project_id, origin, subscription_id)


def get(db: Connection, vault: Vault, project_id: str, origin: Origin, subscription_id: str) -> Subscription:
    """One subscription of the project. Raises NotFound."""
    return _shown(db, vault, locate(db, project_id, origin, subscription_id))


def list_subscriptions(db: Connection, vault: Vault, project_id: str, origin: Origin) -> list[Subscription]:
    """All of the project's, the newest first."""
    mine = (_S.project_id == project_id, _S.origin == origin)
    query = select(subscriptions).where(*mine).order_by(_S.created_at.desc(), _S.id.desc())
    return [_shown(db, vault, row) for row in rows_of(db, query, SubscriptionRow)]


def change(
    db: Connection,
    vault: Vault,
    wake_up: Waking,
    project_id: str,
    origin: Origin,
    subscription_id: str,
    wanted: Change,
) -> Subscription:
    """Change what is named. Raises NotFound, and InvalidRequest for the other channel's key or an unknown profile.

    Switched off, it gets no new events, and what is still to be delivered waits; switched on again, that goes out
    with a fresh row of tries.
    """
    so_far(db, wake_up, project_id, clock.now())
    row = locate(db, project_id, origin, subscription_id, lock=True)
    wrong = "email" if wanted.recipients is not None else "webhook" if wanted.url is not None else None
    if wrong is not None and row.channel != wrong:
        raise InvalidRequest(
            [Problem(wrong, "belongs to the other channel", "The channel cannot change.", "wrong_channel")]
        )
    if isinstance(wanted.profile_id, str):
        check_profile(db, project_id, wanted.profile_id)
    now = clock.now()
    values = _changed(wanted)
    if wanted.enabled is not None and wanted.enabled != row.enabled:
        values |= {"enabled": wanted.enabled, "disabled_reason": None}
        values["next_at"] = _wake(db, project_id, subscription_id, now) if wanted.enabled else None
        if not wanted.enabled:
            rest(db, project_id, subscription_id)
    if values.keys() & {"event_types", "profile_id", "only_scheduled", "enabled"}:
        # What was said before is judged by what the subscription was, which `so_far` has just done.
        values["matching_since"] = now
    values["updated_at"] = now
    db.execute(
        update(subscriptions).where(_S.id == subscription_id, _S.project_id == project_id).values(values)
    )
    if values.get("next_at") is not None:
        wake_up(db, [wake_up_of(subscription_id, project_id, now)])
    return get(db, vault, project_id, origin, subscription_id)


def rotate(
    db: Connection, vault: Vault, project_id: str, origin: Origin, subscription_id: str
) -> Subscription:
    """A new signing secret; the one before signs too for 24 hours. Raises NotFound, and Conflict for e-mail."""
    row = locate(db, project_id, origin, subscription_id, lock=True)
    if row.secret is None:
        raise Conflict("Only webhooks have a signing secret.", code="no_secret")
    now = clock.now()
    db.execute(
        update(subscriptions)
        .where(_S.id == subscription_id, _S.project_id == project_id)
        .values(
            secret=_sealed(db, vault, project_id, subscription_id, signing.new_secret()),
            older_secret=row.secret,
            older_until=now + ROTATION,
            updated_at=now,
        )
    )
    return get(db, vault, project_id, origin, subscription_id)


def remove(db: Connection, wake_up: Waking, project_id: str, origin: Origin, subscription_id: str) -> None:
    """Unsubscribe; what was still to be delivered is forgotten. Raises NotFound."""
    so_far(db, wake_up, project_id, clock.now())
    locate(db, project_id, origin, subscription_id, lock=True)
    mine = (_D.subscription_id == subscription_id, _D.project_id == project_id)
    tries = delivery_attempts.c
    db.execute(
        delete(delivery_attempts).where(
            tries.project_id == project_id, tries.delivery_id.in_(select(_D.id).where(*mine))
        )
    )
    db.execute(delete(deliveries).where(*mine))
    db.execute(delete(subscriptions).where(_S.id == subscription_id, _S.project_id == project_id))


def note_test(
    db: Connection,
    project_id: str,
    status: str,
    *,
    url: str | None = None,
    recipients: Sequence[str] | None = None,
) -> None:
    """Note how a test ended on every subscription of the project that goes to the tested place."""
    place = _S.url == url if url is not None else _S.recipients == list(recipients or ())
    db.execute(
        update(subscriptions)
        .where(_S.project_id == project_id, place)
        .values(last_test_at=clock.now(), last_test_status=status)
    )


def secrets_for(db: Connection, vault: Vault, project_id: str, url: str) -> list[str]:
    """The signing secrets with which the project's newest webhook to `url` signs now, the newest first."""
    query = select(subscriptions).where(_S.project_id == project_id, _S.url == url)
    row = row_of(db, query.order_by(_S.created_at.desc(), _S.id.desc()).limit(1), SubscriptionRow)
    return [] if row is None else open_secrets(db, vault, row, clock.now())


def open_secrets(db: Connection, vault: Vault, row: SubscriptionRow, now: datetime) -> list[str]:
    """The secrets that a subscription signs with at `now`, the newest first. Raises SealBroken."""
    sealed = [row.secret]
    if row.older_secret is not None and row.older_until is not None and row.older_until > now:
        sealed.append(row.older_secret)
    return [vault.open(db, row.project_id, row.id, "secret", each) for each in sealed if each is not None]


def check_profile(db: Connection, project_id: str, profile_id: str) -> None:
    """Raise InvalidRequest unless the project has this profile."""
    try:
        profiles.require(db, project_id, profile_id)
    except NotFound as missing:
        hint = "Use the id of a profile of this project."
        raise InvalidRequest(
            [Problem("profileId", "is no profile here", hint, "unknown_profile")]
        ) from missing


def locate(
    db: Connection, project_id: str, origin: Origin, subscription_id: str, *, lock: bool = False
) -> SubscriptionRow:
    """The subscription's row. Raises NotFound for absent and foreign ones alike."""
    query = select(subscriptions).where(
        _S.id == subscription_id, _S.project_id == project_id, _S.origin == origin
    )
    row = row_of(db, query.with_for_update() if lock else query, SubscriptionRow)
    if row is None:
        raise NotFound(
            "There is no subscription with this id in this project.", code="subscription_not_found"
        )
    return row


def rest(db: Connection, project_id: str, subscription_id: str) -> None:
    """Let what is still to be delivered wait until the subscription is switched on again."""
    db.execute(update(deliveries).where(*_open(project_id, subscription_id)).values(next_at=None))


def _changed(wanted: Change) -> dict[str, Any]:
    """The columns that a change names; switching on and off is more than a column."""
    said: dict[str, Any] = {
        "event_types": wanted.event_types,
        "only_scheduled": wanted.only_scheduled,
        "url": wanted.url,
        "recipients": wanted.recipients,
    }
    values = {name: value for name, value in said.items() if value is not None}
    return values if wanted.profile_id is ... else values | {"profile_id": wanted.profile_id}


def _wake(db: Connection, project_id: str, subscription_id: str, now: datetime) -> datetime | None:
    woken = db.execute(
        update(deliveries)
        .where(*_open(project_id, subscription_id))
        .values(next_at=now, tries=0, first_try_at=None)
    )
    return now if woken.rowcount else None


def _open(project_id: str, subscription_id: str) -> tuple[Any, ...]:
    return (
        _D.subscription_id == subscription_id,
        _D.project_id == project_id,
        _D.state == "pending",
    )


def _shown(db: Connection, vault: Vault, row: SubscriptionRow) -> Subscription:
    secrets = open_secrets(db, vault, row, clock.now())
    return Subscription(
        id=row.id,
        project_id=row.project_id,
        channel=row.channel,
        event_types=tuple(row.event_types),
        profile_id=row.profile_id,
        only_scheduled=row.only_scheduled,
        enabled=row.enabled,
        url=row.url,
        secret=secrets[0] if secrets else None,
        older_until=row.older_until if len(secrets) > 1 else None,
        recipients=tuple(row.recipients or ()),
        disabled_reason=row.disabled_reason,
        last_test_at=row.last_test_at,
        last_test_status=row.last_test_status,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _sealed(db: Connection, vault: Vault, project_id: str, subscription_id: str, secret: str) -> str:
    return vault.seal(db, project_id, subscription_id, "secret", secret)
