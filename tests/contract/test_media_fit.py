"""Media made to fit: what goes out on each network, what is said of it, and what is refused."""

from __future__ import annotations

import io
from typing import Any

import httpx2
import pytest
from PIL import Image
from sqlalchemy import select

from polypost.media.tables import media_files
from tests import any_media
from tests.contract.hostile_media import Stage
from tests.contract.tenant import later, operator, words
from tests.processes import World
from tests.worlds import Worlds

# Every network that takes pictures.
PICTURES = [
    "twitter",
    "instagram",
    "facebook",
    "threads",
    "tiktok",
    "linkedin",
    "pinterest",
    "reddit",
    "bluesky",
    "googlebusiness",
    "mastodon",
]


def heic(width: int = 900, height: int = 800) -> bytes:
    """A picture as telephones make it."""
    import pillow_heif

    pillow_heif.register_heif_opener()
    out = io.BytesIO()
    Image.effect_noise((width, height), 60).convert("RGB").save(out, "HEIF")
    return out.getvalue()


def noisy(form: str, width: int = 900, height: int = 800, **options: Any) -> bytes:
    """A picture that does not become tiny."""
    out = io.BytesIO()
    Image.effect_noise((width, height), 60).convert("RGB").save(out, form, **options)
    return out.getvalue()


def published(world: World, url: str, *names: str, kind: str = "image", **more: Any) -> dict[str, Any]:
    """What became of a post of one item at the sandbox's accounts, by network."""
    body = {
        "content": words(),
        "platforms": [world.target(name) for name in names],
        "mediaItems": [{"type": kind, "url": url}],
        "publishNow": True,
    } | more
    with world.client() as client:
        answer = client.post("/v1/posts", json=body)
    assert answer.status_code == 202, answer.text
    post_id = answer.json()["postId"]
    post = world.settle([post_id])[post_id]
    return {each["platform"]: each for each in post["platforms"]} | {"post": post}


@pytest.mark.parametrize("form", ["png", "heic"])
def test_one_picture_to_every_network(worlds: Worlds, stage: Stage, form: str) -> None:
    world = worlds("sqlite")
    content = noisy("PNG") if form == "png" else heic()
    url = stage.put(f"one.{form}", content)
    done = published(world, url, *PICTURES)
    for name in PICTURES:
        assert done[name]["status"] == "published", (name, done[name])
    said = done["instagram"]["warningMessage"]
    assert said.startswith(f"{form.upper()} ")
    assert "→ JPEG" in said
    assert said.endswith("for Instagram.")
    if form == "png":
        assert done["twitter"]["warningMessage"] is None
    with world.client() as client:
        lines = client.get(f"/v1/posts/{done['post']['postId']}/timeline").json()["timeline"]
    assert said in [line["message"] for line in lines]


def test_an_animation_becomes_a_video_where_there_are_no_gifs(worlds: Worlds, stage: Stage) -> None:
    world = worlds("sqlite")
    url = stage.put("moving.gif", any_media.moving("GIF"))
    done = published(world, url, "instagram", "twitter", "threads", kind="gif")
    assert done["twitter"] == done["twitter"] | {"status": "published", "warningMessage": None}
    for name in ("instagram", "threads"):
        assert done[name]["status"] == "published", done[name]
        assert "→ MP4 (H.264)" in done[name]["warningMessage"]


def test_strict_sends_files_as_they_are_or_not_at_all(worlds: Worlds, stage: Stage) -> None:
    world = worlds("sqlite")
    url = stage.put("strict.png", noisy("PNG"))
    done = published(world, url, "twitter", "instagram", mediaFit="strict")
    assert done["twitter"]["status"] == "published"
    assert done["instagram"]["status"] == "failed"
    assert "JPEG only" in done["instagram"]["errorMessage"]
    with world.client() as client:
        body = {
            "content": words(),
            "platforms": [world.target("instagram")],
            "mediaItems": [{"type": "gif", "url": url}],
            "mediaFit": "strict",
            "publishNow": True,
        }
        assert client.post("/v1/posts", json=body).status_code == 400


def test_shape_changes_on_request_alone_and_for_whom_it_was_asked(worlds: Worlds, stage: Stage) -> None:
    world = worlds("sqlite")
    url = stage.put("wide.jpg", any_media.still("JPEG", 1800, 600))
    done = published(world, url, "twitter", "instagram")
    assert done["twitter"]["status"] == "published"
    assert done["instagram"]["status"] == "failed"
    assert '"fit": {"ratio": "pad"}' in done["instagram"]["errorMessage"]
    item = {"type": "image", "url": url, "fit": {"ratio": "crop", "focus": [0, 0.5]}}
    done = published(world, url, "instagram", mediaItems=[item])

    assert "1146×600 instead of 1800×600" in done["instagram"]["warningMessage"]
    body = {
        "content": words(),
        "platforms": [world.target("instagram") | {"fit": {"ratio": "pad"}}, world.target("twitter")],
        "mediaItems": [{"type": "image", "url": url}],
        "publishNow": True,
    }
    with world.client() as client:
        answer = client.post("/v1/posts", json=body)
        assert answer.status_code == 202, answer.text
        wrong = client.post("/v1/posts", json=body | {"mediaItems": [{**item, "fit": {"ratio": "melt"}}]})
        assert wrong.status_code == 400
        assert wrong.json()["errors"][0]["path"] == "mediaItems[0].fit.ratio"
    post_id = answer.json()["postId"]
    told = {each["platform"]: each for each in world.settle([post_id])[post_id]["platforms"]}
    assert "1800×943" in told["instagram"]["warningMessage"]
    assert told["twitter"]["warningMessage"] is None


def test_the_dry_run_says_before_what_would_be_done(worlds: Worlds, stage: Stage) -> None:
    world = worlds("sqlite")
    url = stage.put("dry.heic", heic())
    body = {
        "content": words(),
        "platforms": [world.target("twitter"), world.target("mastodon")],
        "mediaItems": [{"type": "image", "url": url}],
        "publishNow": True,
    }
    with world.client() as client:
        said = client.post("/v1/posts/validate?probeMedia=true", json=body).json()
        assert said["valid"] is True, said
        assert said["warningMessage"].startswith("HEIC ")
        assert said["warningMessage"].endswith("→ JPEG for X")
        strict = client.post("/v1/posts/validate?probeMedia=true", json=body | {"mediaFit": "strict"}).json()
        assert [problem["code"] for problem in strict["errors"]] == ["media_format"]


def test_that_a_file_tells_no_more_is_said_alike_before_and_after(worlds: Worlds, stage: Stage) -> None:
    world = worlds("sqlite")
    url = stage.put("gps.jpg", any_media.still("JPEG", exif=any_media.exif(1)))
    expected = "Location, camera and time removed from 1 file"
    body = {
        "content": words(),
        "platforms": [world.target("twitter"), world.target("instagram")],
        "mediaItems": [{"type": "image", "url": url}],
        "publishNow": True,
    }
    with world.client() as client:
        said = client.post("/v1/posts/validate?probeMedia=true", json=body).json()
        assert (said["valid"], said["warningMessage"]) == (True, expected)
        strict = client.post("/v1/posts/validate?probeMedia=true", json=body | {"mediaFit": "strict"}).json()
        assert "warningMessage" not in strict
        done = published(world, url, "twitter", "instagram")
        lines = client.get(f"/v1/posts/{done['post']['postId']}/timeline").json()["timeline"]
    for name in ("twitter", "instagram"):
        assert done[name]["warningMessage"] == f"{expected}."
    assert [line["message"] for line in lines].count(f"{expected}.") == 2


def test_own_uploads_are_judged_when_they_are_accepted(worlds: Worlds) -> None:
    world = worlds("sqlite")
    with world.client() as client:
        data = client.post("/v1/media/upload", json={"filename": "a.heic", "mimeType": "image/heic"}).json()[
            "data"
        ]
        sent = httpx2.put(data["uploadUrl"], content=heic(), trust_env=False, timeout=30)
        assert sent.status_code == 200, sent.text
        body = {
            "content": words(),
            "platforms": [world.target("twitter")],
            "mediaItems": [{"type": "image", "url": data["publicUrl"]}],
            "scheduledFor": later(3600),
        }
        made = client.post("/v1/posts", json=body)
        assert made.status_code == 202, made.text
        assert "→ JPEG for X" in made.json()["warningMessage"]
        strict = client.post("/v1/posts", json=body | {"mediaFit": "strict"})
        assert strict.status_code == 400


def test_a_file_that_only_looks_like_one(worlds: Worlds, stage: Stage) -> None:
    world = worlds("sqlite")
    for name, content in (("list.mp4", b"#EXTM3U\nfile:///etc/passwd\n"), ("x.png", b"<svg></svg>")):
        kind = "video" if name.endswith("mp4") else "image"
        done = published(world, stage.put(name, content), "twitter", kind=kind)
        assert done["twitter"]["errorCode"] == "media_unsupported"
    whole = noisy("PNG")
    spoilt = whole[:40_000] + bytes(1_000) + whole[41_000:]
    done = published(world, stage.put("spoilt.png", spoilt), "instagram")
    assert done["instagram"]["errorCode"] == "media_undecodable"


def test_a_file_that_breaks_off(worlds: Worlds, stage: Stage) -> None:
    world = worlds("sqlite")
    cut = noisy("JPEG")[:40_000]
    done = published(world, stage.put("cut.jpg", cut), "twitter", "instagram")
    for name in ("twitter", "instagram"):
        assert done[name]["status"] == "failed"
        assert done[name]["errorCode"] == "media_incomplete"
        assert "Image breaks off before its end. Send the whole file" in done[name]["errorMessage"]
    body = {
        "content": words(),
        "platforms": [world.target("twitter")],
        "mediaItems": [{"type": "image", "url": stage.put("cut2.jpg", cut)}],
        "publishNow": True,
    }
    with world.client() as client:
        said = client.post("/v1/posts/validate?probeMedia=true", json=body).json()
        assert [problem["code"] for problem in said["errors"]] == ["media_incomplete"]
        assert "whole file" in said["errors"][0]["hint"]
        asked = {"filename": "cut.jpg", "mimeType": "image/jpeg"}
        data = client.post("/v1/media/upload", json=asked).json()["data"]
        sent = httpx2.put(data["uploadUrl"], content=cut, trust_env=False, timeout=30)
        assert (sent.status_code, sent.json()["code"]) == (400, "media_incomplete")
        assert "whole file" in sent.text


def test_one_copy_is_made_for_all_who_need_the_same(worlds: Worlds, stage: Stage) -> None:
    world = worlds("sqlite")
    done = published(world, stage.put("shared.heic", heic()), "twitter", "instagram", "facebook", "linkedin")
    rows = operator(
        world,
        lambda db: db.execute(
            select(media_files.c.url, media_files.c.state).where(
                media_files.c.post_id == done["post"]["postId"], media_files.c.url.like("fit:%")
            )
        ).all(),
    )
    assert [row.state for row in rows] == ["ready"]


def test_schedules_and_drafts_keep_what_was_asked_for(worlds: Worlds) -> None:
    world = worlds("sqlite")
    asked = {
        "content": words(),
        "platforms": [world.target("twitter") | {"fit": {"ratio": "pad"}}],
        "mediaItems": [{"type": "image", "url": "https://example.com/a.jpg", "fit": {"focus": [0.1, 0.2]}}],
        "mediaFit": "strict",
    }
    times = {"timezone": "UTC", "rule": "FREQ=DAILY", "startsAt": "2027-01-01T09:00:00"}
    with world.client() as client:
        made = client.post("/v1/schedules", json=asked | times)
        assert made.status_code == 201, made.text
        kept = made.json()["schedule"]
        assert kept["mediaFit"] == "strict"
        assert kept["platforms"][0]["fit"] == {"ratio": "pad"}
        assert kept["mediaItems"][0]["fit"] == {"focus": [0.1, 0.2]}
        draft = client.post("/v1/posts/drafts", json=asked)
        assert draft.status_code == 201, draft.text


def test_a_video_becomes_one_that_the_network_takes(worlds: Worlds, stage: Stage) -> None:
    world = worlds("sqlite")
    url = stage.put("clip.mov", any_media.video("mov", "libx265", width=1920, height=1080, seconds=3.5))
    done = published(world, url, "twitter", "instagram", kind="video")
    assert done["twitter"]["status"] == "published", done["twitter"]
    said = done["twitter"]["warningMessage"]
    assert said.startswith("MOV (HEVC) ")
    assert said.endswith("for X (1280×720 instead of 1920×1080).")
    assert done["instagram"] == done["instagram"] | {"status": "published", "warningMessage": None}


def test_no_copy_is_smaller_than_its_network_takes(worlds: Worlds, stage: Stage) -> None:
    world = worlds("sqlite")
    sources = {source.name: source for source in any_media.SOURCES}
    for name, network in (
        ("WebP, one colour", "googlebusiness"),
        ("JPEG, small, with much told", "googlebusiness"),
        ("MOV H.264, small", "linkedin"),
    ):
        source = sources[name]
        url = stage.put(f"{len(name)}.bin", source.content)
        done = published(world, url, network, kind=source.kind)
        assert done[network]["status"] == "published", (name, done[network])
