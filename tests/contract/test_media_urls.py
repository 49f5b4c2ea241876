"""URLs in a body that lead where no user's URL may lead: no connection, a fixed text, nothing learnt."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.contract.hostile_media import SECRET, Stage
from tests.contract.tenant import Tenant, paths, words
from tests.unit.outbound.hostile import HOSTILE, spelled

# What a 400 says of a URL: nothing in it depends on what is behind the address.
FIXED = {
    "The URL does not lead to a public web address.",
    "must have 1 or more characters",
    "must have at most 2048 characters",
    "must not contain the NUL character",
}
SIZE = 20
GOOD = "https://media.example.com/picture.jpg"
BATCHES = [HOSTILE[at : at + SIZE] for at in range(0, len(HOSTILE), SIZE)]


def refused(answer: Any, wanted: set[str]) -> None:
    """Every one of these paths is named, in words that give nothing away."""
    assert paths(answer) >= wanted, wanted - paths(answer)
    for problem in answer.json()["errors"]:
        if problem["path"].startswith("mediaItems["):
            assert problem["message"] in FIXED, problem
            assert problem["hint"]


@pytest.mark.parametrize("batch", range(len(BATCHES)))
def test_private_urls_of_every_form_in_media(local: Tenant, stage: Stage, batch: int) -> None:
    urls = [spelled(form, stage.canary) for form in BATCHES[batch]]
    items: list[dict[str, Any]] = [{"type": "image", "url": url} for url in urls]
    refused(
        local.post(local.body(mediaItems=items)), {f"mediaItems[{place}].url" for place in range(len(urls))}
    )
    items = [{"type": "video", "url": GOOD, "thumbnail": url} for url in urls]
    refused(
        local.post(local.body(mediaItems=items)),
        {f"mediaItems[{place}].thumbnail" for place in range(len(urls))},
    )
    assert stage.reached == []


@pytest.mark.parametrize("batch", range(len(BATCHES)))
def test_private_urls_of_every_form_in_options(local: Tenant, stage: Stage, batch: int) -> None:
    urls = [spelled(form, stage.canary) for form in BATCHES[batch]]
    thread = [{"content": words(), "mediaItems": [{"type": "image", "url": url}]} for url in urls]
    body = local.body()
    body["platforms"][0]["platformSpecificData"] = {"threadItems": thread}
    where = "platforms[0].platformSpecificData"
    # Wrong forms are named first; what remains is named when those are gone.
    while urls:
        named = paths(local.post(body))
        found = {
            place for place in range(len(urls)) if f"{where}.threadItems[{place}].mediaItems[0].url" in named
        }
        assert found, urls
        urls = [url for place, url in enumerate(urls) if place not in found]
        thread[:] = [item for place, item in enumerate(thread) if place not in found]
    for form in BATCHES[batch]:
        cover = local.body(None, "instagram", mediaItems=[{"type": "video", "url": GOOD}])
        url = spelled(form, stage.canary)
        cover["platforms"][0]["platformSpecificData"] = {"coverUrl": url}
        refused(local.post(cover), {f"{where}.coverUrl"})
    assert stage.reached == []


def test_a_dry_run_names_them_too_and_connects_nowhere(local: Tenant, stage: Stage) -> None:
    body = local.body(mediaItems=[{"type": "image", "url": f"http://127.0.0.1:{stage.canary}/"}])
    for path in ("/v1/posts?dryRun=true&probeMedia=true", "/v1/posts/validate?probeMedia=true"):
        said = local.client.post(path, json=body).json()
        assert (said["valid"], [problem["path"] for problem in said["errors"]]) == (
            False,
            ["mediaItems[0].url"],
        )
    assert stage.reached == []


def test_an_edit_is_checked_like_a_new_post(local: Tenant, stage: Stage) -> None:
    body = {
        "content": words(),
        "platforms": [local.entry()],
        "mediaItems": [{"type": "image", "url": f"http://127.0.0.1:{stage.canary}/"}],
    }
    answer = local.client.put(f"/v1/posts/scheduled/{local.scheduled()['postId']}", json=body)
    refused(answer, {"mediaItems[0].url"})
    assert stage.reached == []


@pytest.mark.parametrize(
    ("trick", "words_of"),
    [
        ("redirect", "does not lead to a public web address"),
        ("metadata", "does not lead to a public web address"),
        ("page", "is not of a supported type"),
        ("svg", "is not of a supported type"),
        ("packed", "is not publicly accessible"),
        ("empty", "is not of a supported type"),
        ("huge", "is too large"),
        ("401", "is not publicly accessible"),
        ("403", "is not publicly accessible"),
        ("404", "is not publicly accessible"),
        ("410", "is not publicly accessible"),
    ],
)
def test_what_turns_out_bad_on_the_way_fails_the_target_in_fixed_words(
    local: Tenant, stage: Stage, trick: str, words_of: str
) -> None:
    before = local.used()
    said = local.post(local.body(mediaItems=[{"type": "image", "url": stage.url(f"{trick}.jpg")}])).json()
    assert said["status"] == "failed"
    (entry,) = said["platforms"]
    assert words_of in entry["error"]
    assert len(entry["error"].split(". ")) > 1, entry["error"]
    timeline = local.client.get(f"/v1/posts/{said['postId']}/timeline").text
    for text in (entry["error"], timeline):
        assert SECRET.decode() not in text
        assert str(stage.canary) not in text
        assert "169.254" not in text
    assert stage.reached == []
    assert local.used() == before


@pytest.mark.parametrize("trick", ["loop", "cut", "204", "429", "500", "503"])
def test_a_host_that_stumbles_is_asked_again_and_the_timeline_says_so(
    local: Tenant, stage: Stage, trick: str
) -> None:
    lines = waiting_for(local, stage.url(f"{trick}.jpg"))
    assert "Image could not be fetched this time. Trying again at" in lines
    assert SECRET.decode() not in lines
    assert stage.reached == []


def test_a_name_that_leads_nowhere_is_asked_for_again(local: Tenant) -> None:
    # Whether the name is unknown or nobody could be asked depends on the machine; either is no verdict yet.
    assert "Trying again at" in waiting_for(local, "https://media.polypost.invalid/picture.jpg")


def waiting_for(local: Tenant, url: str) -> str:
    """The timeline of a publish-now post once its target waits for this picture."""
    body = local.body(mediaItems=[{"type": "image", "url": url}])
    said = local.post(body, headers={"Prefer": "respond-async"}).json()
    for _ in range(200):
        post = local.client.get(f"/v1/posts/{said['postId']}").json()["post"]
        (entry,) = post["platforms"]
        assert post["status"] == "publishing", f"{entry['errorCode']}: {entry['errorMessage']}"
        if entry.get("waitingFor") == "back_off":
            assert entry["status"] == "publishing"
            return local.client.get(f"/v1/posts/{said['postId']}/timeline").text
        time.sleep(0.1)
    raise AssertionError(entry)


def test_a_cover_that_redirects_inside_fails_the_target(local: Tenant, stage: Stage) -> None:
    body = local.body()
    body["platforms"][0]["platformSpecificData"] = {
        "threadItems": [
            {"content": words(), "mediaItems": [{"type": "image", "url": stage.url("redirect.jpg")}]}
        ]
    }
    said = local.post(body).json()
    assert said["status"] == "failed"
    assert local.on_network(body["content"]) == []
    assert "does not lead to a public web address" in said["platforms"][0]["error"]
    assert stage.reached == []


def test_an_addresss_own_server_is_no_media(local: Tenant) -> None:
    """The server itself and the networks that an operator put elsewhere are private for users' URLs."""
    world = local.world
    for url in (world.url, world.sandbox.ready["sandboxUrl"], *world.sandbox.ready["sandboxUrls"].values()):
        refused(
            local.post(local.body(mediaItems=[{"type": "image", "url": f"{url}/x.jpg"}])),
            {"mediaItems[0].url"},
        )
