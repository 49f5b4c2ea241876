"""A post as Bluesky stores it: a record under a key that we choose, so that writing it twice makes one post.

Form: lexicons app.bsky.feed.post, app.bsky.embed, app.bsky.feed.threadgate and postgate of 20 August 2026.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from polypost.platforms.base import Post
from polypost.platforms.bluesky.options import BlueskyOptions, Card
from polypost.platforms.bluesky.spec import SPEC
from polypost.platforms.bluesky.text import facets
from polypost.platforms.bluesky.xrpc import POST
from polypost.probe import Facts

_EMBED = "app.bsky.embed"
_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
_CLOCK_BITS = 10
_DIGITS = 13
# The rest of the second is for the other posts of a thread.
_SPREAD = 900_000
_RULES = {"mentioned": "mentionRule", "following": "followingRule", "followers": "followerRule"}

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """An image or video that is uploaded: its blob, its text, its facts, and whether it plays in a loop."""

    blob: Mapping[str, Any]
    alt: str
    facts: Facts
    looping: bool = False


def key_of(post: Post, position: int, now: datetime) -> str:
    """The key of one post of a thread: a timestamp identifier, made of when it is due, its target and its generation.

    Whoever sends the same once more, from an older copy of the store too, sends it to the same place. Microseconds and
    ten further bits come from a hash, since many may be due in a second.
    """
    due = int((post.due_at or now).timestamp())
    digest = hashlib.sha256(f"{post.target_id}:{post.generation}".encode()).digest()
    spread = int.from_bytes(digest[:8])
    return _identifier(due * 1_000_000 + spread % _SPREAD + position, spread >> 32)


def earliest_key(since: datetime) -> str:
    """The smallest key of what was due at or after an instant."""
    return _identifier(int(since.timestamp()) * 1_000_000, 0)


def _identifier(microseconds: int, clock: int) -> str:
    number = microseconds << _CLOCK_BITS | clock & (1 << _CLOCK_BITS) - 1
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(_DIGITS)))


def instant(now: datetime) -> str:
    """An instant as records write it."""
    return now.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def post_record(
    text: str,
    now: datetime,
    *,
    langs: Sequence[str],
    dids: Mapping[str, str],
    embed: Record | None,
    reply: Mapping[str, Any] | None,
) -> Record:
    """The record of a post; `dids` are those of the handles it may mention."""
    record: Record = {"$type": POST, "text": text, "createdAt": instant(now)}
    if langs:
        record["langs"] = list(langs)
    if marks := facets(text, dids):
        record["facets"] = marks
    if reply:
        record["reply"] = dict(reply)
    if embed:
        record["embed"] = embed
    return record


def embed_of(
    shown: Sequence[Shown],
    *,
    card: Record | None = None,
    captions: Sequence[Mapping[str, Any]] = (),
    quote: Mapping[str, Any] | None = None,
) -> Record | None:
    """What a post embeds: images, a video or a card, a quote, or a quote beside one of them."""
    media = _media(shown, captions) or card
    if quote is None:
        return media
    record: Record = {"$type": f"{_EMBED}.record", "record": dict(quote)}
    if media is None:
        return record
    return {"$type": f"{_EMBED}.recordWithMedia", "record": record, "media": media}


def card_embed(card: Card, thumbnail: Mapping[str, Any] | None) -> Record:
    """A link card."""
    external: Record = {"uri": card.url, "title": card.title, "description": card.description or ""}
    if thumbnail is not None:
        external["thumb"] = dict(thumbnail)
    return {"$type": f"{_EMBED}.external", "external": external}


def with_options(record: Record, options: BlueskyOptions) -> Record:
    """The record with the labels and hidden tags of the first post."""
    more: Record = {}
    if options.labels:
        values = [{"val": label} for label in dict.fromkeys(options.labels)]
        more["labels"] = {"$type": "com.atproto.label.defs#selfLabels", "values": values}
    if options.tags:
        more["tags"] = [tag.removeprefix("#") for tag in options.tags]
    return {**record, **more}


def threadgate(uri: str, repliers: Sequence[str], now: datetime) -> Record:
    """The record that says who may reply to a post."""
    kind = "app.bsky.feed.threadgate"
    allow = [{"$type": f"{kind}#{_RULES[who]}"} for who in dict.fromkeys(repliers)]
    return {"$type": kind, "post": uri, "allow": allow, "createdAt": instant(now)}


def postgate(uri: str, now: datetime) -> Record:
    """The record that says that a post may not be quoted."""
    kind = "app.bsky.feed.postgate"
    rules = [{"$type": f"{kind}#disableRule"}]
    return {"$type": kind, "post": uri, "embeddingRules": rules, "createdAt": instant(now)}


def _media(shown: Sequence[Shown], captions: Sequence[Mapping[str, Any]]) -> Record | None:
    if not shown:
        return None
    if shown[0].facts.kind == "video":
        return _video(shown[0], captions)
    # A gallery only where it has to be: not every app shows one.
    if len(shown) > SPEC.limit("images"):
        items = [{"$type": f"{_EMBED}.gallery#image", **_image(each)} for each in shown]
        return {"$type": f"{_EMBED}.gallery", "items": items}
    return {"$type": f"{_EMBED}.images", "images": [_image(each) for each in shown]}


def _image(shown: Shown) -> Record:
    # `alt` has to be there even where it says nothing.
    return {"image": dict(shown.blob), "alt": shown.alt, **_ratio(shown.facts)}


def _video(shown: Shown, captions: Sequence[Mapping[str, Any]]) -> Record:
    video: Record = {"$type": f"{_EMBED}.video", "video": dict(shown.blob), **_ratio(shown.facts)}
    if shown.alt:
        video["alt"] = shown.alt
    if captions:
        video["captions"] = [dict(caption) for caption in captions]
    if shown.looping:
        video["presentation"] = "gif"
    return video


def _ratio(facts: Facts) -> Record:
    if not facts.width or not facts.height:
        return {}
    return {"aspectRatio": {"width": facts.width, "height": facts.height}}
