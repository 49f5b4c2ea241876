"""`POST /v1/media/upload`, the PUT to its address, and the file for everybody; on both stores."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import postpeer
import pytest

from tests import media
from tests.contract.tenant import Tenant, later, paths, words
from tests.contract.uploading import anybody, asked, refused, sent, shown, uploaded

PNG = media.png(64, 48)


def test_a_file_and_its_addresses(tenant: Tenant) -> None:
    data = asked(tenant, "My holiday.png")
    assert data["uploadUrl"].startswith(f"{tenant.world.url}/media/uploads/upl_")
    assert data["publicUrl"].endswith("/My-holiday.png")
    assert data["maxBytes"] == 100 * 1024 * 1024
    assert data["resumable"] is True
    left = datetime.fromisoformat(data["expiresAt"]) - datetime.now(UTC)
    assert timedelta(hours=23) < left <= timedelta(hours=24)
    assert refused(shown(data)) == (404, "media_not_found")

    answer = sent(data, PNG)
    assert answer.status_code == 200, answer.text
    digest = hashlib.sha256(PNG).hexdigest()
    assert answer.json() == {
        "success": True,
        "data": {
            "publicUrl": data["publicUrl"],
            "filename": "My holiday.png",
            "size": len(PNG),
            "mimeType": "image/png",
            "sha256": digest,
        },
    }
    whole = shown(data)
    assert (whole.status_code, whole.content) == (200, PNG)
    assert whole.headers["content-type"] == "image/png"
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert whole.headers["content-disposition"].startswith("attachment")
    assert whole.headers["etag"] == f'"{digest}"'
    assert "set-cookie" not in whole.headers
    assert shown(data, range="bytes=1-3").content == b"PNG"
    assert shown(data, **{"if-none-match": f'"{digest}"'}).status_code == 304
    asked_only = shown(data, "HEAD")
    assert (asked_only.status_code, asked_only.headers["content-length"]) == (200, str(len(PNG)))


def test_the_same_bytes_again_change_nothing_and_others_replace_them_until_a_post_uses_them(
    tenant: Tenant,
) -> None:
    data = uploaded(tenant, PNG)
    assert sent(data, PNG).status_code == 200
    other = media.png(32, 32)
    replaced = sent(data, other)
    assert replaced.status_code == 200, replaced.text
    assert replaced.json()["data"]["sha256"] == hashlib.sha256(other).hexdigest()
    assert shown(data).content == other
    item = {"type": "image", "url": data["publicUrl"]}
    tenant.scheduled(mediaItems=[item])
    assert sent(data, other).status_code == 200
    assert refused(sent(data, PNG)) == (409, "upload_used")
    assert shown(data).content == other


def test_posts_read_uploads_where_they_lie_and_show_what_they_are(tenant: Tenant) -> None:
    photo = media.jpeg(1080, 1080)
    data = uploaded(tenant, photo, "Grüße aus Köln.jpg", "image/jpeg")
    item = {"type": "image", "url": data["publicUrl"]}
    text = words()
    answer = tenant.post(tenant.body(text, "twitter", "instagram", mediaItems=[item]))
    assert answer.json()["status"] == "published", answer.text
    posted = tenant.get(answer.json()["postId"])["mediaItems"]
    assert posted == [
        {**item, "filename": "Grüße aus Köln.jpg", "size": len(photo), "mimeType": "image/jpeg"}
    ]
    listed = tenant.client.get("/v1/posts", params={"limit": 100}).json()["posts"]
    assert posted in [each["mediaItems"] for each in listed]
    assert {each["mediaCount"] for each in tenant.on_network(text)} == {1}


def test_a_scheduled_post_shows_closed_media_items(tenant: Tenant) -> None:
    data = uploaded(tenant, PNG)
    item = {"type": "image", "url": data["publicUrl"]}
    made = tenant.scheduled(mediaItems=[item])
    waiting = tenant.client.get("/v1/posts/scheduled", params={"limit": 100}).json()["posts"]
    (found,) = [each for each in waiting if each["postId"] == made["postId"]]
    assert found["mediaItems"] == [item]


def test_a_post_before_its_file_fails_on_its_own_and_works_once_the_file_is_here(tenant: Tenant) -> None:
    data = asked(tenant)
    item = {"type": "image", "url": data["publicUrl"]}
    made = tenant.post(tenant.body(None, mediaItems=[item])).json()
    assert made["status"] == "failed"
    assert made["platforms"][0]["code"] == "upload_incomplete"
    assert tenant.get(made["postId"])["mediaItems"][0]["filename"] == "a.png"
    assert sent(data, PNG).status_code == 200
    body = tenant.body(None, mediaItems=[item])
    assert tenant.post(body).json()["status"] == "published"


def test_any_project_may_name_a_public_address(tenant: Tenant, new: Callable[..., Tenant]) -> None:
    data = uploaded(tenant, PNG)
    stranger = new(tenant.world)
    item = {"type": "image", "url": data["publicUrl"]}
    assert stranger.published(mediaItems=[item])["status"] == "published"
    stray = data["publicUrl"].replace("127.0.0.1", "127.0.0.2")
    refusal = stranger.post(stranger.body(None, mediaItems=[{"type": "image", "url": stray}]))
    assert paths(refusal) == {"mediaItems[0].url"}


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"filename": "", "mimeType": "image/png"}, "filename"),
        ({"filename": "a", "mimeType": ""}, "mimeType"),
        ({"filename": "a", "mimeType": "text/html"}, "mimeType"),
        ({"filename": "a", "mimeType": "image/svg+xml"}, "mimeType"),
        ({"filename": "a", "mimeType": "video/x-msvideo"}, "mimeType"),
        ({"filename": "a\0", "mimeType": "image/png"}, "filename"),
        ({"filename": "a", "mimeType": "image/png", "project": "x"}, "project"),
        ({"filename": "a", "mimeType": "image/png", "size": 0}, "size"),
        ({"filename": "a", "mimeType": "image/png", "size": True}, "size"),
        ({"filename": "a"}, "mimeType"),
    ],
    ids=["empty-name", "empty-type", "html", "svg", "avi", "nul", "closed", "nothing", "bool", "missing"],
)
def test_what_is_not_taken(local: Tenant, body: dict[str, object], where: str) -> None:
    assert paths(local.client.post("/v1/media/upload", json=body)) == {where}


def test_types_and_sizes(local: Tenant) -> None:
    for mime, most in (
        ("application/pdf", 100),
        ("video/mp4", 256 * 1024),
        ("image/gif", 100),
        ("IMAGE/JPG", 100),
    ):
        assert asked(local, "a", mime)["maxBytes"] == most * 1024 * 1024
    too_large = local.client.post(
        "/v1/media/upload", json={"filename": "a", "mimeType": "image/png", "size": 101 * 1024 * 1024}
    )
    assert refused(too_large) == (413, "media_too_large")
    with anybody() as client:
        answer = client.post(f"{local.world.url}/v1/media/upload", json={})
    assert refused(answer) == (401, "unauthorized")


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_the_official_client(tenant: Tenant, kind: str) -> None:
    names = {"filename": "from the client.jpg", "mime_type": "image/jpeg"}
    if kind == "sync":
        with postpeer.PostPeer(api_key=tenant.key, base_url=tenant.world.url) as client:
            data = client.media.upload(**names).data
    else:

        async def ask() -> object:
            async with postpeer.AsyncPostPeer(api_key=tenant.key, base_url=tenant.world.url) as client:
                return (await client.media.upload(**names)).data

        data = asyncio.run(ask())
    with anybody() as plain:
        body, headers = media.jpeg(), {"content-type": "image/jpeg"}
        assert plain.put(str(data.upload_url), content=body, headers=headers).status_code == 200
    item = {"type": "image", "url": str(data.public_url)}
    made = tenant.post(tenant.body(None, "twitter", "instagram", mediaItems=[item]))
    assert made.json()["status"] == "published", made.text
    with postpeer.PostPeer(api_key=tenant.key, base_url=tenant.world.url) as client:
        (shown_item,) = client.posts.get(made.json()["postId"]).post.media_items
    assert (shown_item.filename, shown_item.mime_type) == ("from the client.jpg", "image/jpeg")


def test_a_host_header_names_the_server_only_without_a_public_url(local: Tenant) -> None:
    port = urlsplit(local.world.url).port
    body = {"filename": "a", "mimeType": "image/png"}
    for host, expected in ((f"localhost:{port}", f"localhost:{port}"), ("a b<c", f"127.0.0.1:{port}")):
        data = local.client.post("/v1/media/upload", json=body, headers={"host": host}).json()["data"]
        assert urlsplit(data["uploadUrl"]).netloc == expected
        assert urlsplit(data["publicUrl"]).netloc == expected


def test_editing_and_deleting_let_go(tenant: Tenant) -> None:
    first, second = uploaded(tenant, PNG), uploaded(tenant, PNG)
    made = tenant.scheduled(mediaItems=[{"type": "image", "url": first["publicUrl"]}])
    edited = {
        "content": words(),
        "platforms": [tenant.entry()],
        "mediaItems": [{"type": "image", "url": second["publicUrl"]}],
        "scheduledFor": later(7200),
    }
    path = f"/v1/posts/scheduled/{made['postId']}"
    assert tenant.client.put(path, json=edited).status_code == 200
    other = media.png(32, 32)
    assert sent(first, other).status_code == 200
    assert refused(sent(second, other)) == (409, "upload_used")
    assert tenant.client.delete(path).status_code == 200
    assert refused(sent(second, other)) == (409, "upload_used")
    assert tenant.client.delete(f"/v1/posts/{made['postId']}").status_code == 200
    assert sent(second, other).status_code == 200
