"""What an entrance hands in and what it gets back; plain values without any wire in them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from polypost.engine import Engine
from polypost.platforms.base import MediaRef
from polypost.platforms.registry import connector
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
    """An order; `when` is None for a post that goes out now, `profiles` name those to whose accounts it is confined."""

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
    """A media item as rows keep it and bodies write it."""
    further = {"thumbnail": item.thumbnail, "altText": item.alt_text}
    return {"type": item.type, "url": item.url} | {name: said for name, said in further.items() if said}


def media_ref(value: Mapping[str, Any]) -> MediaRef:
    """The media item that `media_value` wrote."""
    return MediaRef(value["type"], value["url"], value.get("thumbnail"), alt_text=value.get("altText", ""))


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
