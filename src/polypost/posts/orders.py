"""What an entrance hands in and what it gets back; plain values without any wire in them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from polypost import clock
from polypost.engine import Engine
from polypost.platforms.base import AS_IT_IS, Fit, MediaRef
from polypost.platforms.registry import connector
from polypost.posts.media_fit import ORDINARY, Rules
from polypost.posts.options import Parsed, parse_options

# What an idempotency key of a new post stands for.
CREATE = "POST /v1/posts"
# And of an upload of many.
BULK = "POST /v1/posts/bulk"
# What `late` of a post may be: whatever is late goes out within the server's grace, or fails where it is later than that.
PUBLISH, SKIP = "publish", "skip"
# Where an entry of a body has its options.
OPTIONS = "platformSpecificData"
_canonical = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True)
class NewTarget:
    """One platform entry: where to, and what differs there. `options` as sent; `media` are its own where it was mended."""

    platform: str
    integration_id: str
    content: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    media: Sequence[MediaRef] | None = None

    @cached_property
    def parsed(self) -> Parsed:
        """The options as the network's own, or what is wrong with them by its path in the entry; worked out once."""
        network = connector(self.platform)
        # What there is no network for is said of the platform.
        return Parsed(None, []) if network is None else parse_options(network, self.options, OPTIONS)


@dataclass(frozen=True, slots=True)
class When:
    """The resolved instant, and what the user wrote to mean it (RELIABILITY T6)."""

    instant: datetime
    timezone: str
    local: str | None = None
    note: str | None = None


def hour_of(post: Any) -> When | None:
    """The hour of a stored post; None where it has none.

    One that was given as local time is worked out anew where this process has a later release of the zones than the
    one that was asked, and never with an earlier one.
    """
    if post.scheduled_for is None:
        return None
    older = post.local_time is not None and (post.tzdata or "") < clock.tzdata_version()
    # Where a zone has left the database, what it said last holds.
    if older and clock.valid_zone(post.timezone):
        found = clock.resolve_local(datetime.fromisoformat(post.local_time), post.timezone)
        return When(found.instant, post.timezone, post.local_time, found.note)
    return When(post.scheduled_for, post.timezone, post.local_time, post.warning)


@dataclass(frozen=True, slots=True)
class Late:
    """What becomes of a post whose hour has passed: `policy` is PUBLISH or SKIP, `after` seconds."""

    policy: str
    after: int | None

    @property
    def values(self) -> dict[str, Any]:
        """The post's columns that say so."""
        return {"late": self.policy, "late_after": self.after}


class NewPost(NamedTuple):
    """An order; `when` is None for a post that goes out now, `profiles` name those to whose accounts it is confined.

    `rules` are the server's own about media.
    """

    content: str
    targets: Sequence[NewTarget]
    media: Sequence[MediaRef]
    when: When | None
    timezone: str
    raw: dict[str, Any]
    api_key_id: str | None = None
    fingerprint: int | None = None
    idempotency_key: str | None = None
    operation: str = CREATE
    profiles: Sequence[str] = ()
    late: Late | None = None
    rules: Rules = ORDINARY


@dataclass(frozen=True, slots=True)
class Accepted:
    """What acceptance answers. `replayed` when the post was there already."""

    post_id: str
    replayed: bool
    status: str
    scheduled_for: datetime | None
    warning: str | None


@dataclass(frozen=True, slots=True)
class Context:
    """What the room needs from outside: the engine, prices, who this server is, and whether others accept into its store."""

    engine: Engine
    price: Callable[[str], int]
    server: str
    late_grace: timedelta = timedelta(hours=24)
    shared: bool = False


def media_value(item: MediaRef) -> dict[str, Any]:
    """A media item as bodies write it."""
    value: dict[str, Any] = {"type": item.type, "url": item.url}
    if item.thumbnail:
        value["thumbnail"] = item.thumbnail
    if item.alt_text:
        value["altText"] = item.alt_text
    if item.fit is not AS_IT_IS:
        value["fit"] = fit_value(item.fit)
    return value


def stored_value(item: MediaRef) -> dict[str, Any]:
    """The same as rows keep it, with what stands elsewhere in bodies: the post's `mediaFit`, and what accounts ask for."""
    value = media_value(item)
    if item.strict:
        value["mediaFit"] = "strict"
    if item.fits:
        value["fits"] = {account: fit_value(fit) for account, fit in item.fits}
    return value


def asked_fit(raw: Any) -> Any:
    """What the body of a post says about `mediaFit`; None where it says nothing, or is not one (a row of a CSV)."""
    return raw.get("mediaFit") if isinstance(raw, dict) else None


def fit_value(fit: Fit) -> dict[str, Any]:
    """What may be done to an item, as bodies write it."""
    told = {"ratio": fit.ratio, "focus": fit.focus and list(fit.focus), "trim": fit.trim}
    return {name: said for name, said in told.items() if said is not None}


def fit_of(value: Mapping[str, Any] | None) -> Fit:
    """What `fit_value` wrote."""
    told = value or {}
    if not told:
        return AS_IT_IS
    focus = told.get("focus")
    return Fit(told.get("ratio"), (focus[0], focus[1]) if focus else None, told.get("trim"))


def media_ref(value: Mapping[str, Any]) -> MediaRef:
    """The media item that `media_value` or `stored_value` wrote."""
    return MediaRef(
        value["type"],
        value["url"],
        value.get("thumbnail"),
        alt_text=value.get("altText", ""),
        strict=value.get("mediaFit") == "strict",
        fit=fit_of(value.get("fit")),
        fits=tuple((account, fit_of(fit)) for account, fit in value.get("fits", {}).items()),
    )


def media_refs(values: Sequence[Mapping[str, Any]] | None) -> list[MediaRef] | None:
    """The media items of a row that may have none of its own."""
    return None if values is None else [media_ref(each) for each in values]


def order_of(post: Any, targets: Sequence[Any]) -> NewPost:
    """The order that stored rows stand for; without an hour."""
    return NewPost(
        content=post.content,
        targets=[
            NewTarget(
                row.platform,
                row.integration_id,
                row.content,
                row.options or {},
                media_refs(row.own_media),
            )
            for row in targets
        ],
        media=[media_ref(item) for item in post.media],
        when=None,
        timezone=post.timezone,
        raw=post.raw,
    )


def fingerprint(*parts: Any) -> int:
    """A signed 64-bit fingerprint of JSON values: equal bodies have equal ones whatever their key order."""
    text = _canonical(parts)
    return int.from_bytes(
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True
    )
