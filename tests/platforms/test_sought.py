"""What networks say about posts of which no attempt is known agrees with how they look for them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from polypost.platforms.base import Account, Connector, Draft, MediaRef, Post
from polypost.platforms.bluesky.record import earliest_key, key_of
from polypost.platforms.registry import connector, connectors

DUE = datetime(2026, 11, 29, 9, tzinfo=UTC)
IMAGE, VIDEO, GIF = (MediaRef(kind, f"https://example.com/{kind}") for kind in ("image", "video", "gif"))
OPTIONS: dict[str, dict[str, Any]] = {
    "pinterest": {"boardId": "1"},
    "reddit": {"subreddit": "test", "title": "Hello"},
    "tiktok": {"privacyLevel": "SELF_ONLY"},
}
STORY = {"instagram": {"contentType": "story"}, "facebook": {"contentType": "story"}}
# Each kind of a table with media that make it one.
MEDIA: dict[str, tuple[MediaRef, ...]] = {
    "text": (),
    "image": (IMAGE,),
    "photos": (IMAGE, IMAGE),
    "multiple images": (IMAGE, IMAGE),
    "carousel": (IMAGE, IMAGE),
    "video": (VIDEO,),
    "every video": (VIDEO,),
    "reel": (VIDEO,),
    "gif": (GIF,),
    "story": (IMAGE,),
    "draft": (VIDEO,),
    "every post": (IMAGE,),
}


def sought(network: Connector, media: tuple[MediaRef, ...], **more: Any) -> Any:
    given = {**OPTIONS.get(network.spec.id, {}), **more}
    options = network.options.model_validate(given)
    account = Account("1", "me", metadata={})
    post = Post("tgt_1", "Hello", (), options, due_at=DUE)
    return network.sought(post, Draft("Hello", media, options, account))


@pytest.mark.parametrize("platform", [each.spec.id for each in connectors()])
def test_the_table_is_what_the_look_can(platform: str) -> None:
    network = connector(platform)
    assert network is not None
    assert network.spec.lists
    for kind, found in network.spec.lists.items():
        more = STORY[platform] if kind == "story" else {}
        assert (sought(network, MEDIA[kind], **more) is not None) is found, kind


def test_the_key_of_a_bluesky_post_is_of_its_hour_target_and_generation() -> None:
    post = Post("tgt_1", "Hello", (), None, due_at=DUE)
    key = key_of(post, 0, datetime.now(UTC))
    assert key == key_of(post, 0, DUE)
    others = [
        key_of(post, 1, DUE),
        key_of(Post("tgt_2", "Hello", (), None, due_at=DUE), 0, DUE),
        key_of(Post("tgt_1", "Hello", (), None, due_at=DUE, generation=2), 0, DUE),
        key_of(Post("tgt_1", "Hello", (), None, due_at=DUE.replace(hour=10)), 0, DUE),
    ]
    assert len({key, *others}) == 5
    assert key < others[0]
    assert earliest_key(DUE) <= key < earliest_key(DUE.replace(second=1)) <= others[3]
