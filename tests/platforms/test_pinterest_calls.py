"""What the Pinterest connector sends, and what it makes of answers that the simulator gives only on a bad day."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest
from tests.platforms.run import Died
from tests.platforms.scripted_pinterest import (
    BOARD,
    BUCKET,
    FIELDS,
    MEDIA,
    PINS,
    STATUS,
    Script,
    film,
    picture,
    post,
    run_on,
)

from polypost.errors import (
    OutcomeUnknown,
    RateLimited,
    ReconnectRequired,
    Rejected,
    TokenExpired,
    Unavailable,
)
from polypost.platforms.base import Proof
from polypost.platforms.pinterest import CONNECTOR
from polypost.platforms.pinterest.spec import SPEC

pytestmark = pytest.mark.anyio

PIN = "813744226420795884"
WEBP = picture("a.webp", mime="image/webp")


async def told(net: Script, *items: Any, **more: Any) -> dict[str, Any]:
    """The body of the publishing call of a post."""
    proof = await CONNECTOR.publish(run_on(net), post(*items, **more))
    assert proof == Proof(PIN, f"https://www.pinterest.com/pin/{PIN}/")
    call = net.calls[PINS][-1]
    assert call.headers["authorization"] == "Bearer token-1"
    return json.loads(call.body)


async def test_a_picture_by_its_address(net: Script) -> None:
    body = await told(
        net,
        picture(),
        text="Line one\nline two",
        link="https://example.com",
        altText="alt",
        dominantColor="#6E7874",
    )
    assert body == {
        "board_id": BOARD,
        "title": "Line one",
        "description": "Line one\nline two",
        "link": "https://example.com",
        "alt_text": "alt",
        "dominant_color": "#6E7874",
        "media_source": {"source_type": "image_url", "url": "https://media.example/a.jpg"},
    }


async def test_a_picture_as_bytes(net: Script) -> None:
    file = picture(size=700, private=True)
    source = (await told(net, file, text=""))["media_source"]
    assert (source["source_type"], source["content_type"]) == ("image_base64", "image/jpeg")
    assert b64decode(source["data"]) == file.data


async def test_a_carousel_by_address_or_as_bytes(net: Script) -> None:
    source = (await told(net, picture("a.jpg"), WEBP))["media_source"]
    assert source == {
        "source_type": "multiple_image_urls",
        "items": [{"url": "https://media.example/a.jpg"}, {"url": "https://media.example/a.webp"}],
        "index": 0,
    }
    # One that Pinterest cannot fetch makes all go as bytes, for a pin cannot mix the two.
    source = (await told(net, picture("a.jpg"), picture("b.jpg", private=True)))["media_source"]
    assert source["source_type"] == "multiple_image_base64"
    assert [b64decode(item["data"]) for item in source["items"]] == [picture().data] * 2


class Unreachable(type(picture(private=True))):  # type: ignore[misc]  # its class is made by a factory
    """A file without a public address, as the engine gives it."""

    @property
    def public_url(self) -> str:
        raise Rejected("not public", code="media_not_public")


@pytest.mark.parametrize(
    ("mime", "size"),
    [("image/webp", 100), ("image/gif", 100), ("image/jpeg", SPEC.limit("pushed_bytes") + 1)],
)
async def test_what_cannot_be_pushed_needs_an_address(net: Script, mime: str, size: int) -> None:
    known = picture(size=1, mime=mime)
    facts = type(known.facts)("image", mime, size)
    file = Unreachable(bytes(size), facts, known.url)
    with pytest.raises(Rejected) as refusal:
        await CONNECTOR.publish(run_on(net), post(file))
    assert refusal.value.code == "media_not_public"
    assert not net.calls[PINS]


async def test_a_video_is_posted_as_a_form_whose_file_is_last(net: Script) -> None:
    body = await told(net, film(3000))
    assert body["media_source"] == {
        "source_type": "video_id",
        "media_id": "12345",
        "cover_image_key_frame_time": 0,
    }
    sent = net.calls[BUCKET][0]
    assert "authorization" not in sent.headers
    names = [part.split(b'"')[1].decode() for part in sent.body.split(b"Content-Disposition: ")[1:]]
    assert names == [*FIELDS, "file"]
    assert bytes(3000) in sent.body
    assert int(sent.headers["content-length"]) == len(sent.body)


async def test_covers(net: Script) -> None:
    url, thumb = "https://media.example/cover.jpg", "https://media.example/thumb.jpg"
    files = {url: picture("cover.jpg"), thumb: picture("thumb.jpg", private=True)}
    source = (await told(net, film(), extra=files, coverImageUrl=url))["media_source"]
    assert source["cover_image_url"] == url
    with_thumbnail = Thumbnailed(film().data, film().facts, film().url)
    source = (await told(net, with_thumbnail, extra=files))["media_source"]
    assert source["cover_image_content_type"] == "image/jpeg"
    assert b64decode(source["cover_image_data"]) == files[thumb].data
    source = (await told(net, with_thumbnail, extra=files, coverImageUrl=url))["media_source"]
    assert "cover_image_data" not in source


class Thumbnailed(type(film())):  # type: ignore[misc]  # its class is made by a factory
    """A film with a thumbnail of its own."""

    @property
    def ref(self) -> Any:
        ref = super().ref
        return type(ref)(ref.type, ref.url, "https://media.example/thumb.jpg", ref.facts)


async def test_a_long_text_warns(net: Script) -> None:
    run = run_on(net)
    await CONNECTOR.publish(run, post(picture(), text="x" * 500))
    assert run.warnings == []
    await CONNECTOR.publish(run_on(net), post(picture(), text="x" * 501))
    run = run_on(net)
    await CONNECTOR.publish(run, post(picture(), text="x" * 501))
    assert "500" in run.warnings[0]


async def test_handles_hold_what_reconcile_needs(net: Script) -> None:
    run = run_on(net)
    await CONNECTOR.publish(run, post(picture(), text="Text", title="Title"))
    assert run.attempts[0].handles == {
        "board": BOARD,
        "kind": "image",
        "title": "Title",
        "description": "Text",
        "link": "",
    }


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((500, {"code": 12, "message": "Something went wrong on our end."}), OutcomeUnknown),
        ((400, {"code": 12, "message": "Something went wrong on our end."}), OutcomeUnknown),
        ((201, b"<html>"), OutcomeUnknown),
        ((201, {"id": "no number"}), OutcomeUnknown),
        ((201, {"id": 5}), OutcomeUnknown),
        (3, OutcomeUnknown),
        ((401, {"code": 2, "message": "Authentication failed."}), TokenExpired),
        ((401, {"code": 3, "message": "scope"}), ReconnectRequired),
        ((403, {"code": 29, "message": "no"}), Rejected),
        ((429, {"code": 8, "message": "slow"}), RateLimited),
        ((400, {"code": 1, "message": "could not fetch the image"}), Unavailable),
    ],
)
async def test_answers_to_the_publishing_call(net: Script, answer: Any, kind: type[Exception]) -> None:
    net.on(PINS, answer)
    with pytest.raises(kind) as found:
        await CONNECTOR.publish(run_on(net), post(picture()))
    assert type(found.value) is kind
    assert len(net.calls[PINS]) == 1


async def test_the_account_rests_when_nothing_is_left(net: Script) -> None:
    left = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "30"}
    net.on(PINS, (201, {"id": PIN}, left))
    run = run_on(net)
    await CONNECTOR.publish(run, post(picture()))
    assert [round((until - run.now()).total_seconds()) for until in run.holds] == [30]
    ticket = {"media_id": "12345", "upload_url": "https://b.example/bucket/", "upload_parameters": FIELDS}
    net.on(MEDIA, (201, ticket, left))
    net.on(PINS, (201, {"id": PIN}, {"x-ratelimit-remaining": "7"}))
    run = run_on(net)
    await CONNECTOR.publish(run, post(film()))
    assert len(run.holds) == 1


async def test_fields_that_ran_out_are_asked_for_again(net: Script) -> None:
    net.on(BUCKET, (403, b"<Error><Code>AccessDenied</Code></Error>"), (204, b""))
    await told(net, film())
    assert len(net.calls[MEDIA]) == 2
    assert len(net.calls[BUCKET]) == 2


async def test_a_video_that_is_never_seen_is_sent_again(net: Script) -> None:
    unseen = (200, {"media_id": "12345", "status": "registered"})
    unknown = (404, {"code": 50, "message": "Media not found."})
    net.on(STATUS, unknown, unknown, *[unseen] * 40, (200, {"media_id": "12345", "status": "succeeded"}))
    await told(net, film())
    assert len(net.calls[MEDIA]) == 2


async def test_a_video_that_is_lost_every_time(net: Script) -> None:
    net.on(BUCKET, (403, b"<Error/>"))
    with pytest.raises(Unavailable, match="3 times"):
        await CONNECTOR.publish(run_on(net), post(film()))
    assert len(net.calls[MEDIA]) == 3
    assert not net.calls[PINS]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((400, b"<Error><Code>EntityTooLarge</Code></Error>"), Rejected),
        ((400, b"<Error><Code>InvalidArgument</Code></Error>"), Rejected),
        ((503, b"<Error><Code>SlowDown</Code></Error>"), Unavailable),
    ],
)
async def test_refusals_of_the_bucket(net: Script, answer: Any, kind: type[Exception]) -> None:
    net.on(BUCKET, answer)
    with pytest.raises(kind):
        await CONNECTOR.publish(run_on(net), post(film()))
    assert not net.calls[PINS]


async def test_a_video_that_cannot_be_processed(net: Script) -> None:
    net.on(STATUS, (200, {"media_id": "12345", "status": "failed"}))
    with pytest.raises(Rejected) as refusal:
        await CONNECTOR.publish(run_on(net), post(film()))
    assert refusal.value.code == "media_rejected"


@pytest.mark.parametrize("ticket", [{}, {"media_id": "1"}, {"media_id": "1", "upload_url": 5}])
async def test_a_registration_that_makes_no_sense(net: Script, ticket: dict[str, Any]) -> None:
    net.on(MEDIA, (201, ticket))
    with pytest.raises(Unavailable):
        await CONNECTOR.publish(run_on(net), post(film()))
    assert not net.calls[BUCKET]


async def test_what_was_done_is_not_done_again(net: Script) -> None:
    rows: dict[str, Any] = {}
    for place in ("video: register", "video: upload", "video: ready", "pin"):
        with pytest.raises(Died):
            await CONNECTOR.publish(run_on(net, rows=rows, dies_at=place), post(film()))
    await CONNECTOR.publish(run_on(net, rows=rows), post(film()))
    assert [len(net.calls[route]) for route in (MEDIA, BUCKET, PINS)] == [1, 1, 1]


async def test_a_refused_token_is_renewed_once(net: Script) -> None:
    async def renew() -> str:
        return "token-2"

    net.on(PINS, (401, {"code": 2, "message": "Authentication failed."}), (201, {"id": PIN}))
    await CONNECTOR.publish(run_on(net, renew=renew), post(picture()))
    assert [call.headers["authorization"] for call in net.calls[PINS]] == [
        "Bearer token-1",
        "Bearer token-2",
    ]


async def test_deleting(net: Script) -> None:
    route = f"DELETE /v5/pins/{PIN}"
    for status in (204, 404):
        net.on(route, (status, b""))
        await CONNECTOR.delete(run_on(net), Proof(PIN))
    net.on(route, (403, {"code": 29, "message": "no"}))
    with pytest.raises(Rejected) as refusal:
        await CONNECTOR.delete(run_on(net), Proof(PIN))
    assert refusal.value.code == "delete_refused"
    net.on(route, (401, {"code": 2, "message": "no"}))
    with pytest.raises(TokenExpired):
        await CONNECTOR.delete(run_on(net), Proof(PIN))
    net.on(route, (500, {"code": 12, "message": "no"}))
    with pytest.raises(Unavailable):
        await CONNECTOR.delete(run_on(net), Proof(PIN))


async def test_boards_on_every_page(net: Script) -> None:
    first = {
        "items": [{"id": "1", "name": "A", "description": None, "privacy": "PUBLIC"}],
        "bookmark": "b",
    }
    second = {"items": [{"id": "2", "name": "B", "description": "x", "privacy": "SECRET"}, {}, 5]}
    net.on("GET /v5/boards", (200, first), (200, second))
    found = await CONNECTOR.boards(run_on(net))
    assert [(b.id, b.name, b.description, b.privacy) for b in found] == [
        ("1", "A", None, "PUBLIC"),
        ("2", "B", "x", "SECRET"),
    ]
    asked = [call.fields for call in net.calls["GET /v5/boards"]]
    assert asked == [{"page_size": "250"}, {"page_size": "250", "bookmark": "b"}]
    net.on("GET /v5/boards", (200, b"<html>"))
    with pytest.raises(Unavailable):
        await CONNECTOR.boards(run_on(net))
