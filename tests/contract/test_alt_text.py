"""`mediaItems[].altText`: one text for all networks that show one, judged and told by each."""

from __future__ import annotations

from typing import Any

import postpeer
import pytest

from polypost.platforms.registry import connectors
from tests.processes import World

TEXT = "A lighthouse at dusk"
SHOWING = [each.spec.id for each in connectors() if "image" in each.spec.described]
# Of those that take a picture.
SILENT = ["googlebusiness", "reddit"]


def picture(world: World, text: str | None = TEXT) -> dict[str, Any]:
    return {"type": "image", "url": world.demo_image()} | ({} if text is None else {"altText": text})


def made(world: World, *platforms: str, text: str | None = TEXT, **more: Any) -> dict[str, Any]:
    """A post with a picture."""
    targets = [world.target(platform) for platform in platforms]
    for target in targets:
        own = more.get(target["platform"], {})
        target["platformSpecificData"] = target["platformSpecificData"] | own
    return {"content": "Look", "publishNow": True, "mediaItems": [picture(world, text)], "platforms": targets}


def shown(world: World, platform: str) -> str:
    """The alternative text of what came last on a network."""
    (last, *_) = world.visible(platform)
    return str(last["media"][0]["alt"])


def test_networks_that_show_one() -> None:
    assert {
        "twitter",
        "instagram",
        "facebook",
        "threads",
        "linkedin",
        "pinterest",
        "bluesky",
        "mastodon",
    } == set(SHOWING)


def test_every_network_that_has_one_shows_it(embedded: World) -> None:
    with embedded.client() as client:
        answer = client.post("/v1/posts", json=made(embedded, *SHOWING)).json()
    assert answer["status"] == "published", answer
    assert {platform: shown(embedded, platform) for platform in SHOWING} == dict.fromkeys(SHOWING, TEXT)


def test_an_option_goes_before_it(embedded: World) -> None:
    own = {
        "linkedin": {"altText": ["Ours"]},
        "pinterest": {"altText": "Ours"},
        "facebook": {"altTexts": ["Ours"]},
    }
    with embedded.client() as client:
        answer = client.post("/v1/posts", json=made(embedded, *own, **own)).json()
    assert answer["status"] == "published", answer
    assert {platform: shown(embedded, platform) for platform in own} == dict.fromkeys(own, "Ours")


def test_a_network_without_one_says_so(embedded: World) -> None:
    with embedded.client() as client:
        answer = client.post("/v1/posts", json=made(embedded, *SILENT)).json()
        assert answer["status"] == "published", answer
        for entry in answer["platforms"]:
            assert "no alternative text" in entry["warningMessage"]
        silent = client.post(
            "/v1/posts", json=made(embedded, *SILENT, text=None) | {"content": "Look again"}
        ).json()
        assert all("warningMessage" not in entry for entry in silent["platforms"])


@pytest.mark.parametrize(
    ("length", "refused"), [(500, []), (501, ["pinterest"]), (1001, ["pinterest", "threads", "twitter"])]
)
def test_its_length_is_judged_by_each_network(embedded: World, length: int, refused: list[str]) -> None:
    platforms = ["linkedin", "pinterest", "threads", "twitter"]
    with embedded.client() as client:
        body = made(embedded, *platforms, text="x" * length)
        answer = client.post("/v1/posts/validate", json=body).json()
    assert answer["valid"] is (refused == [])
    names = {"pinterest": "Pinterest", "threads": "Threads", "twitter": "X"}
    said = [(each["path"], each["message"].partition(" has")[0]) for each in answer["errors"]]
    assert said == [
        ("mediaItems[0].altText", f"An alternative text on {names[platform]}") for platform in refused
    ]


def test_it_is_told_with_the_post_and_kept_when_it_waits(embedded: World) -> None:
    with embedded.client() as client:
        body = made(embedded, "twitter")
        del body["publishNow"]
        body["scheduledFor"] = "2027-12-01T10:00:00Z"
        post_id = client.post("/v1/posts", json=body).json()["postId"]
        (item,) = client.get(f"/v1/posts/{post_id}").json()["post"]["mediaItems"]
        assert item["altText"] == TEXT
        waiting = client.get("/v1/posts/scheduled", params={"limit": 100}).json()["posts"]
        (found,) = [each for each in waiting if each["postId"] == post_id]
        assert set(found["mediaItems"][0]) == {"type", "url"}
        # With a further key there its whole page would be lost.
        official = postpeer.PostPeer(api_key=embedded.key, base_url=embedded.url)
        assert post_id in [each.post_id for each in official.posts.scheduled.list(limit=100).posts]
        official.close()
        client.delete(f"/v1/posts/scheduled/{post_id}")
