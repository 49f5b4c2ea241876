"""Media on the Reddit simulator: leases, buckets, galleries, rich texts, sockets."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

import pytest
import websocket
from tests import media
from tests.platforms.simulators.helpers import Play, demo_account
from tests.platforms.simulators.reddit import Reddit, speaker

me = demo_account(Reddit)


async def test_a_lease_as_recorded(me: Reddit) -> None:
    lease = await me.lease()
    assert lease["args"]["action"] == f"//{urlsplit(me.url).netloc}"
    names = [field["name"] for field in lease["args"]["fields"]]
    assert names[:2] == ["acl", "key"]
    assert {"success_action_status", "policy", "X-Amz-Signature"} <= set(names)
    asset = lease["asset"]
    assert asset["processing_state"] == "incomplete"
    assert asset["payload"] == {"filepath": "a.png"}
    assert asset["websocket_url"].startswith(f"ws://{urlsplit(me.url).netloc}/")
    sent = await me.send(lease, media.png(64, 48))
    assert sent.status_code == 201
    assert "<PostResponse><Location>" in sent.text
    assert f"rte_images%2F{asset['asset_id']}" in sent.text
    film = await me.lease("video/mp4", "a.mp4")
    keys = [field["value"] for field in film["args"]["fields"] if field["name"] == "key"]
    assert keys == [film["asset"]["asset_id"]]
    taken = await me.send(film, media.mp4())
    assert f"<Bucket>reddit-uploaded-video</Bucket><Key>{keys[0]}</Key>" in taken.text


async def test_what_a_bucket_refuses(me: Reddit) -> None:
    lease = await me.lease()
    assert (await me.send(lease, b"x", policy="e30=")).status_code == 403
    assert (await me.send(lease, b"x", key="rte_images/other")).status_code == 403
    fields = {field["name"]: (None, field["value"]) for field in lease["args"]["fields"]}
    first = {"file": ("a.png", b"x"), **fields}
    assert (await me.running.http.post(f"{me.url}/", files=first)).status_code == 403
    assert (await me.running.http.post(f"{me.url}/", data={"key": "x"})).status_code == 400
    large = await me.send(lease, bytes(20 * 1024 * 1024 + 1))
    assert large.status_code == 400
    assert "<Error><Code>EntityTooLarge</Code><Message>" in large.text
    assert "<ProposedSize>20971521</ProposedSize><MaxSizeAllowed>20971520</MaxSizeAllowed>" in large.text
    await me.running.control("POST", "clock", advance=3_601)
    late = await me.send(lease, media.png(64, 48))
    assert (late.status_code, "Policy expired" in late.text) == (403, True)
    fresh = await me.lease()
    assert (await me.send(fresh, media.png(64, 48))).status_code == 201
    assert (await me.send(fresh, media.png(64, 48))).status_code == 403
    for wrong in ({"filepath": "a.exe", "mimetype": "application/exe"}, {"mimetype": "image/png"}):
        assert (await me.call("POST", "/api/media/asset.json", data=wrong)).status_code == 400


async def test_an_image_is_answered_without_an_id(me: Reddit) -> None:
    _, url = await me.uploaded()
    data = await me.made("Look", kind="image", url=url)
    assert set(data) == {"user_submitted_page", "websocket_url"}
    assert data["user_submitted_page"] == "https://www.reddit.com/user/demo/submitted/"
    (shown,) = await me.mine()
    assert (shown["post_hint"], shown["domain"], shown["is_self"]) == ("image", "i.redd.it", False)
    other = await me.other()
    assert await other.refused("Theirs", kind="image", url=url) == "BAD_URL"


async def test_a_film_needs_a_still_picture_and_some_time(me: Reddit) -> None:
    _, still = await me.uploaded()
    _, film = await me.uploaded(media.mp4(), "video/mp4")
    assert await me.refused("Look", kind="video", url=film) == "MISSING_VIDEO_URLS"
    await me.made("Look", kind="video", url=film, video_poster_url=still)
    assert await me.mine() == []
    await me.running.control("POST", "clock", advance=2)
    (shown,) = await me.mine()
    assert shown["is_video"] is True
    assert shown["media"]["reddit_video"]["is_gif"] is False
    await me.made("Long", kind="videogif", url=film, video_poster_url=still)
    await me.running.control("POST", "clock", advance=2)
    assert (await me.mine())[0]["media"]["reddit_video"]["is_gif"] is True


@pytest.mark.parametrize("what", ["a film as an image", "nothing", "no picture", "a film too long"])
async def test_what_cannot_be_worked_on_never_appears(me: Reddit, what: str) -> None:
    _, still = await me.uploaded()
    if what == "nothing":
        lease = await me.lease()
        url = f"https:{lease['args']['action']}/rte_images/{lease['asset']['asset_id']}"
    elif what == "no picture":
        _, url = await me.uploaded(b"not a picture")
    else:
        seconds = 901 if what == "a film too long" else 5
        _, url = await me.uploaded(media.mp4(seconds=seconds), "video/mp4")
    kind = "video" if what == "a film too long" else "image"
    data = await me.made("Look", kind=kind, url=url, video_poster_url=still)
    assert "websocket_url" in data
    await me.running.control("POST", "clock", advance=60)
    assert await me.mine() == []
    assert await me.running.posts("reddit") == []


async def test_a_gallery(me: Reddit) -> None:
    assets = [(await me.uploaded())[0] for _ in range(2)]

    async def submit(*items: Any, **more: Any) -> Any:
        body = {"sr": "sandbox", "title": "Two", "items": list(items), "api_type": "json", **more}
        return (await me.call("POST", "/api/submit_gallery_post.json", json=body)).json()["json"]

    items = [{"media_id": each, "caption": "", "outbound_url": ""} for each in assets]
    made = await submit(*items, text="Words")
    assert made["data"]["id"].startswith("t3_")
    assert set(made["data"]) == {"url", "id"}
    (shown,) = await me.mine()
    assert (shown["is_gallery"], shown["selftext"]) == (True, "Words")
    assert [each["media_id"] for each in shown["gallery_data"]["items"]] == assets
    assert (await submit(items[0]))["errors"][0][0] == "BAD_NUMBER"
    assert (await submit(*items * 11))["errors"][0][0] == "BAD_NUMBER"
    assert (await submit(items[0], {**items[1], "caption": "x" * 181}))["errors"][0][0] == "TOO_LONG"
    assert (await submit(items[0], {**items[1], "outbound_url": "x"}))["errors"][0][0] == "BAD_URL"
    assert (await submit(items[0], {"media_id": "none"}))["errors"][0][0] == "INVALID_OPTION"
    refused = await submit(*items, sr="sandboxplain")
    words = "Gallery posts aren't allowed in this subreddit"
    assert refused == {"errors": [["GALLERIES_DISABLED", words, "sr"]]}


POLLS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"options": ["a"]}, "BAD_NUMBER"),
    ({"options": ["a"] * 7}, "BAD_NUMBER"),
    ({"options": ["a", ""]}, "NO_TEXT"),
    ({"duration": 0}, "BAD_NUMBER"),
    ({"duration": 8}, "BAD_NUMBER"),
    ({"duration": "3"}, "BAD_NUMBER"),
    ({"sr": "sandboxplain"}, "POLLS_DISABLED"),
)


async def test_a_poll(me: Reddit) -> None:
    body = {"sr": "sandbox", "title": "Well?", "text": "", "options": ["a", "b"], "duration": 1}
    for change, code in POLLS:
        bad = (await me.call("POST", "/api/submit_poll_post", json=body | change)).json()["json"]
        assert bad["errors"][0][0] == code, change
    good = (await me.call("POST", "/api/submit_poll_post", json=body)).json()["json"]
    assert good["data"]["id"].startswith("t3_")


async def test_pictures_inside_a_text(me: Reddit) -> None:
    asset, _ = await me.uploaded()
    markdown = f'Before\n\n![img]({asset} "it")\n\nafter'
    form = {"output_mode": "rtjson", "markdown_text": markdown}
    output = (await me.call("POST", "/api/convert_rte_body_format", data=form)).json()["output"]
    assert [block["e"] for block in output["document"]] == ["par", "img", "par"]
    await me.made("Inside", richtext_json=json.dumps(output))
    (shown,) = await me.mine()
    assert shown["selftext"] == markdown
    assert list(shown["media_metadata"]) == [asset]
    page = await me.running.http.get(me.url + shown["permalink"])
    assert "/_sandbox/media/" in page.text
    for wrong in ("{}", "no", '{"document": [{"e": "img", "id": "none"}]}', '{"document": [3]}'):
        assert await me.refused("Inside", richtext_json=wrong) == "INVALID_OPTION"


async def test_the_socket_waits_for_the_post(running: Play) -> None:
    """websocket-client is somebody else's reading of RFC 6455."""
    me = await speaker(running)
    _, url = await me.uploaded()
    await running.fault("reddit", "processing", times=1, seconds=3_600)
    data = await me.made("Look", kind="image", url=url)

    def listen() -> Any:
        connection = websocket.create_connection(data["websocket_url"], timeout=10)
        ready.set()
        try:
            return json.loads(connection.recv())
        finally:
            connection.close()

    ready = asyncio.Event()
    told = asyncio.create_task(asyncio.to_thread(listen))
    while not ready.is_set():
        await asyncio.sleep(0.01)
    assert await me.mine() == []
    await running.control("POST", "clock", advance=3_601)
    message = await told
    (shown,) = await me.mine()
    assert message == {
        "type": "success",
        "payload": {"redirect": f"https://www.reddit.com{shown['permalink']}"},
    }


async def test_a_socket_of_nothing(me: Reddit) -> None:
    data = await me.lease()
    path = urlsplit(data["asset"]["websocket_url"])
    assert (await me.running.http.get(f"{me.url}{path.path}?{path.query}")).status_code == 404
    wrong = {"upgrade": "websocket", "connection": "Upgrade", "sec-websocket-key": "x"}
    answer = await me.running.http.get(f"{me.url}{path.path}?m=wrong", headers=wrong)
    assert answer.status_code == 404


async def test_another_kind_of_upgrade_is_an_ordinary_call(running: Play) -> None:
    """Some clients offer HTTP/2 with their first request; the connection goes on as it was."""
    me = await speaker(running)
    address = urlsplit(me.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    head = f"Host: {address.netloc}\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n"
    try:
        for _ in range(2):
            writer.write(f"GET /r/sandbox/ HTTP/1.1\r\n{head}".encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 200")
            length = int(answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            assert b"Everything goes" in await reader.readexactly(length)
    finally:
        writer.close()
        await writer.wait_closed()
