"""The Bluesky simulator: records, keys, reading, pages."""

from __future__ import annotations

from typing import Any

import pytest
from tests import media
from tests.platforms.simulators.bluesky import EMBED, POST, Bluesky, error_of
from tests.platforms.simulators.helpers import demo_account

from polypost import clock
from polypost.sandbox.networks.bluesky.cids import record_cid

RKEY = "3lbqta5lnck2i"

me = demo_account(Bluesky)


async def test_a_post_and_what_is_told_of_it(me: Bluesky) -> None:
    answer = await me.create("Hello")
    body = answer.json()
    assert body["uri"].startswith(f"at://{me.did}/{POST}/3")
    assert body["validationStatus"] == "valid"
    assert set(body["commit"]) == {"cid", "rev"}
    rkey = body["uri"].rpartition("/")[2]
    got = (
        await me.get("com.atproto.repo.getRecord", repo=me.handle, collection=POST, rkey=rkey, token=None)
    ).json()
    assert (got["uri"], got["cid"], got["value"]["text"]) == (body["uri"], body["cid"], "Hello")
    # The CID is the network's own: another implementation computes the same.
    assert record_cid(got["value"]) == body["cid"]
    (shown,) = await me.running.posts("bluesky")
    assert (shown["id"], shown["text"]) == (body["uri"], "Hello")


async def test_a_key_that_is_taken_looks_like_an_accident(me: Bluesky) -> None:
    await me.made("one", rkey=RKEY)
    assert error_of(await me.create("two", rkey=RKEY))[:2] == (500, "InternalServerError")
    assert [shown["text"] for shown in await me.running.posts("bluesky")] == ["one"]


async def test_put_with_swap_record_null(me: Bluesky) -> None:
    record = me.record("one")
    first = (await me.put(record, RKEY, swapRecord=None)).json()
    assert "commit" in first
    again = await me.put(record, RKEY, swapRecord=None)
    assert again.status_code == 200
    assert {"uri": first["uri"], "cid": first["cid"]}.items() <= again.json().items()
    assert "commit" not in again.json()
    other = await me.put(me.record("two"), RKEY, swapRecord=None)
    assert error_of(other) == (400, "InvalidSwap", f"Record was at {first['cid']}")
    # Without the condition it is an edit.
    edited = await me.put(me.record("two"), RKEY)
    assert edited.json()["cid"] != first["cid"]
    right = await me.put(me.record("three"), RKEY, swapRecord=edited.json()["cid"])
    assert right.status_code == 200
    assert (
        error_of(await me.put(me.record("4"), "3lbqta5lnck2a", swapRecord=first["cid"]))[1] == "InvalidSwap"
    )
    (shown,) = await me.running.posts("bluesky")
    assert shown["text"] == "three"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text": "x" * 301}, "grapheme too big (maximum 300, got 301) at $.record.text"),
        ({"text": "👨‍👩‍👧‍👦" * 150}, "string too big (maximum 3000, got 3750) at $.record.text"),
        ({"text": 7}, "Expected string value type (got integer) at $.record.text"),
        (
            {"createdAt": "2026-11-24 13:00"},
            'Invalid datetime (got "2026-11-24 13:00") at $.record.createdAt',
        ),
        (
            {"createdAt": "2026-11-24T13:00:00"},
            'Invalid datetime (got "2026-11-24T13:00:00") at $.record.createdAt',
        ),
        ({"langs": ["en", "de", "fr", "it"]}, "array too big (maximum 3, got 4) at $.record.langs"),
        ({"tags": ["x" * 65]}, "grapheme too big (maximum 64, got 65) at $.record.tags[0]"),
        (
            {
                "facets": [
                    {
                        "index": {"byteStart": 0, "byteEnd": 1},
                        "features": [{"$type": "app.bsky.richtext.facet#link", "uri": "nowhere"}],
                    }
                ]
            },
            'Invalid uri (got "nowhere") at $.record.facets[0].features[0].uri',
        ),
        (
            {"facets": [{"index": {"byteStart": -1, "byteEnd": 1}, "features": []}]},
            "integer too small (minimum 0, got -1) at $.record.facets[0].index.byteStart",
        ),
        ({"embed": {"images": []}}, 'Missing required key "$type" at $.record.embed'),
        ({"embed": {"$type": f"{EMBED}.images"}}, 'Missing required key "images" at $.record.embed'),
        (
            {"embed": {"$type": f"{EMBED}.external", "external": {"uri": "https://e.com", "title": "t"}}},
            'Missing required key "description" at $.record.embed.external',
        ),
        (
            {"reply": {"root": {"uri": "x", "cid": "bafyreia"}, "parent": {}}},
            'Invalid at-uri (got "x") at $.record.reply.root.uri',
        ),
    ],
)
async def test_records_that_break_a_rule(me: Bluesky, change: dict[str, Any], message: str) -> None:
    record = {**me.record(), **change}
    answer = await me.post("com.atproto.repo.createRecord", repo=me.did, collection=POST, record=record)
    assert error_of(answer) == (400, "InvalidRequest", f"Invalid {POST} record: {message}")
    assert await me.running.posts("bluesky") == []


async def test_what_is_not_checked(me: Bluesky) -> None:
    # Facets beyond the text are taken and simply show nothing.
    beyond = {"index": {"byteStart": 90, "byteEnd": 99}, "features": []}
    await me.made("short", facets=[beyond])
    # The same text twice is nobody's business.
    await me.made("short")
    # A union is open.
    await me.made("new", embed={"$type": "app.bsky.embed.hologram", "x": 1})
    unchecked = await me.post(
        "com.atproto.repo.createRecord",
        repo=me.did,
        collection=POST,
        validate=False,
        record=me.record("x" * 400, embed={"$type": f"{EMBED}.images"}),
    )
    assert unchecked.json()["validationStatus"] == "unknown"
    own = await me.post(
        "com.atproto.repo.createRecord",
        repo=me.did,
        collection="com.example.thing",
        record={"any": ["thing", None, True]},
    )
    assert own.json()["validationStatus"] == "unknown"
    assert own.json()["uri"].split("/")[3] == "com.example.thing"
    required = await me.post(
        "com.atproto.repo.createRecord",
        repo=me.did,
        collection="com.example.thing",
        validate=True,
        record={},
    )
    assert error_of(required)[1] == "InvalidRequest"
    for shown in await me.running.posts("bluesky"):
        assert (await me.running.http.get(shown["permalink"])).status_code == 200


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"repo": "did:plc:other"}, (403, "AccountNotFound")),
        ({"collection": "nothing"}, (400, "InvalidRequest")),
        ({"rkey": "my-key"}, (400, "InvalidRequest")),
        ({"rkey": "bad/key"}, (400, "InvalidRequest")),
        ({"rkey": 7}, (400, "InvalidRequest")),
        ({"record": "text"}, (400, "InvalidRequest")),
        ({"record": {"$type": "app.bsky.feed.like"}}, (400, "InvalidRequest")),
        ({"record": {"text": 1.5}}, (400, "InvalidRequest")),
        ({"validate": False, "record": {"text": "\ud83d"}}, (400, "InvalidRequest")),
        ({"validate": "yes"}, (400, "InvalidRequest")),
        ({"repo": "\ud83d"}, (403, "AccountNotFound")),
        ({"swapCommit": "bafyreia"}, (400, "InvalidSwap")),
    ],
)
async def test_orders_that_cannot_be_carried_out(
    me: Bluesky, body: dict[str, Any], error: tuple[int, str]
) -> None:
    whole = {"repo": me.did, "collection": POST, "record": me.record(), **body}
    answer = await me.post("com.atproto.repo.createRecord", **whole)
    assert error_of(answer)[:2] == error
    del whole["record"]
    missing = await me.post("com.atproto.repo.createRecord", **whole)
    assert error_of(missing)[2] == 'Input must have the property "record"'


async def test_bodies_and_methods_that_fit_nothing(me: Bluesky) -> None:
    create = "com.atproto.repo.createRecord"
    assert error_of(await me.call("GET", create))[0] == 405
    assert error_of(await me.call("POST", "com.atproto.repo.getRecord"))[0] == 405
    assert error_of(await me.get("com.example.nothing"))[:2] == (501, "MethodNotImplemented")
    assert "Content-Type" in error_of(await me.call("POST", create, content=b"{}"))[2]
    text = {"content-type": "text/plain"}
    assert "text/plain" in error_of(await me.call("POST", create, content=b"{}", headers=text))[2]
    for wrong in (b"{", b"[]"):
        answer = await me.call("POST", create, content=wrong, headers={"content-type": "application/json"})
        assert error_of(answer)[:2] == (400, "InvalidRequest")


async def test_deleting_and_coming_back(me: Bluesky) -> None:
    record = me.record("again")
    await me.put(record, RKEY)
    place = {"repo": me.did, "collection": POST, "rkey": RKEY}
    gone = await me.post("com.atproto.repo.deleteRecord", **place)
    assert set(gone.json()) == {"commit"}
    assert (await me.post("com.atproto.repo.deleteRecord", **place)).json() == {}
    lost = await me.get("com.atproto.repo.getRecord", **place)
    assert error_of(lost) == (
        400,
        "RecordNotFound",
        f"Could not locate record: at://{me.did}/{POST}/{RKEY}",
    )
    assert [shown["deleted"] for shown in await me.running.posts("bluesky")] == [True]
    assert "commit" in (await me.put(record, RKEY, swapRecord=None)).json()
    assert [shown["deleted"] for shown in await me.running.posts("bluesky")] == [False]
    wrong = await me.post("com.atproto.repo.deleteRecord", **place, swapRecord="bafyreia")
    assert error_of(wrong)[1] == "InvalidSwap"


async def test_several_changes_at_once(me: Bluesky) -> None:
    kind = "com.atproto.repo.applyWrites"
    gate = {"post": f"at://{me.did}/{POST}/{RKEY}", "allow": [], "createdAt": clock.iso(clock.now())}
    writes = [
        {"$type": f"{kind}#create", "collection": POST, "rkey": RKEY, "value": me.record("gated")},
        {
            "$type": f"{kind}#create",
            "collection": "app.bsky.feed.threadgate",
            "rkey": RKEY,
            "value": gate,
        },
    ]
    done = await me.post(kind, repo=me.did, writes=writes)
    assert [result["$type"] for result in done.json()["results"]] == [f"{kind}#createResult"] * 2
    # One of them cannot be made, so none is.
    bad = [{"$type": f"{kind}#create", "collection": POST, "value": me.record("lost")}, writes[0]]
    assert error_of(await me.post(kind, repo=me.did, writes=bad))[0] == 500
    assert len(await me.running.posts("bluesky")) == 1
    (shown,) = await me.running.posts("bluesky")
    assert "replies by nobody" in (await me.running.http.get(shown["permalink"])).text
    gone = [{"$type": f"{kind}#delete", "collection": POST, "rkey": RKEY}]
    assert (await me.post(kind, repo=me.did, writes=gone)).json()["results"] == [
        {"$type": f"{kind}#deleteResult"}
    ]
    for wrong in ([{"$type": "x"}], [7], writes * 101):
        assert error_of(await me.post(kind, repo=me.did, writes=wrong))[1] == "InvalidRequest"


async def test_lists_newest_first_in_pages_and_with_a_lag(me: Bluesky) -> None:
    uris = [(await me.made(f"{n}"))["uri"] for n in range(5)]
    name = "com.atproto.repo.listRecords"
    first = (await me.get(name, repo=me.did, collection=POST, limit=3, token=None)).json()
    assert [each["uri"] for each in first["records"]] == uris[:1:-1]
    rest = (await me.get(name, repo=me.did, collection=POST, cursor=first["cursor"])).json()
    assert [each["uri"] for each in rest["records"]] == uris[1::-1]
    upwards = (await me.get(name, repo=me.did, collection=POST, reverse="true", limit=2)).json()
    assert [each["uri"] for each in upwards["records"]] == uris[:2]
    await me.running.fault("bluesky", "listing_lag", seconds=60, times=2)
    assert (await me.get(name, repo=me.did, collection=POST)).json() == {"records": []}
    feed = await me.get("app.bsky.feed.getAuthorFeed", actor=me.did)
    assert feed.json() == {"feed": []}
    for wrong in (
        {"limit": "101"},
        {"limit": "x"},
        {"limit": "0"},
        {"collection": "x"},
        {"repo": "nobody.example"},
    ):
        answer = await me.get(name, **({"repo": me.did, "collection": POST} | wrong))
        assert answer.status_code == 400
    described = (await me.get("com.atproto.repo.describeRepo", repo=me.handle)).json()
    assert (described["did"], described["collections"]) == (me.did, [POST])
    head = (await me.get("com.atproto.sync.getLatestCommit", did=me.did)).json()
    assert set(head) == {"cid", "rev"}


async def test_what_the_app_shows(me: Bluesky) -> None:
    root = await me.made(
        "root", labels={"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "porn"}]}
    )
    reply = await me.made("reply", reply={"root": root, "parent": root})
    last = await me.made("last", reply={"root": root, "parent": reply})
    image = await me.picture(aspectRatio={"width": 3, "height": 2})
    shown = await me.made("picture", embed={"$type": f"{EMBED}.images", "images": [image]})
    quote = await me.made("quote", embed={"$type": f"{EMBED}.record", "record": shown})
    found = (
        await me.get(
            "app.bsky.feed.getPosts", uris=[root["uri"], quote["uri"], f"{root['uri']}x"], token=None
        )
    ).json()
    first, second = found["posts"]
    assert (first["replyCount"], first["labels"][0]["val"]) == (1, "porn")
    assert second["embed"]["record"]["value"]["text"] == "picture"
    (view,) = second["embed"]["record"]["embeds"]
    assert (await me.running.http.get(view["images"][0]["fullsize"])).content.startswith(b"\x89PNG")
    thread = (await me.get("app.bsky.feed.getPostThread", uri=reply["uri"])).json()["thread"]
    assert thread["parent"]["post"]["uri"] == root["uri"]
    assert [each["post"]["uri"] for each in thread["replies"]] == [last["uri"]]
    feed = (await me.get("app.bsky.feed.getAuthorFeed", actor=me.handle, filter="posts_with_media")).json()
    assert [each["post"]["record"]["text"] for each in feed["feed"]] == ["picture"]
    await me.post(
        "com.atproto.repo.deleteRecord",
        repo=me.did,
        collection=POST,
        rkey=shown["uri"].rpartition("/")[2],
    )
    (again,) = (await me.get("app.bsky.feed.getPosts", uris=quote["uri"])).json()["posts"]
    assert again["embed"]["record"]["notFound"] is True
    lost = await me.get("app.bsky.feed.getPostThread", uri=shown["uri"])
    assert error_of(lost)[1] == "NotFound"
    profile = (await me.get("app.bsky.actor.getProfile", actor=me.did, token=None)).json()
    assert (profile["handle"], profile["postsCount"]) == (me.handle, 4)
    both = (await me.get("app.bsky.actor.getProfiles", actors=[me.did, "bsky.app", "nobody.example"])).json()
    assert [each["handle"] for each in both["profiles"]] == [me.handle, "bsky.app"]
    assert (
        error_of(await me.get("app.bsky.actor.getProfile", actor="nobody.example"))[2] == "Profile not found"
    )
    assert error_of(await me.get("app.bsky.feed.getPosts"))[0] == 400


async def test_an_account_that_is_always_there(me: Bluesky) -> None:
    uri = me.account["examplePost"]
    (view,) = (await me.get("app.bsky.feed.getPosts", uris=uri)).json()["posts"]
    answer = await me.made(
        "hi", reply={"root": {"uri": uri, "cid": view["cid"]}, "parent": {"uri": uri, "cid": view["cid"]}}
    )
    thread = (await me.get("app.bsky.feed.getPostThread", uri=uri)).json()["thread"]
    assert [each["post"]["uri"] for each in thread["replies"]] == [answer["uri"]]
    page = await me.running.http.get(f"{me.url}/profile/bsky.app")
    assert "Welcome to the sandbox" in page.text
    session = await me.post(
        "com.atproto.server.createSession", token=None, identifier="bsky.app", password="x"
    )
    assert error_of(session)[:2] == (401, "AuthenticationRequired")


async def test_pages(me: Bluesky) -> None:
    text = "<b>bold</b> https://plain.example link tag"
    place = text.index("link")
    marks = [
        {
            "index": {"byteStart": place, "byteEnd": place + 4},
            "features": [{"$type": "app.bsky.richtext.facet#link", "uri": "https://linked.example"}],
        },
        {
            "index": {"byteStart": place + 5, "byteEnd": place + 8},
            "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "tag"}],
        },
        {
            "index": {"byteStart": 0, "byteEnd": 3},
            "features": [{"$type": "app.bsky.richtext.facet#link", "uri": "javascript:alert(1)"}],
        },
    ]
    card = {
        "uri": "javascript:alert(1)",
        "title": "<i>T</i>",
        "description": "D",
        "thumb": await me.upload(media.jpeg(20, 20), "image/jpeg"),
    }
    post = await me.made(text, facets=marks, embed={"$type": f"{EMBED}.external", "external": card})
    rkey = post["uri"].rpartition("/")[2]
    for actor in (me.did, me.handle):
        page = await me.running.http.get(f"{me.url}/profile/{actor}/post/{rkey}")
        assert page.status_code == 200
    assert "&lt;b&gt;bold&lt;/b&gt;" in page.text
    assert 'href="https://linked.example"' in page.text
    # Nothing becomes a link by itself, and no scheme but the web's does.
    assert 'href="https://plain.example"' not in page.text
    assert "javascript:" not in page.text.replace("javascript:alert(1)</small>", "")
    assert "&lt;i&gt;T&lt;/i&gt;" in page.text
    profile = await me.running.http.get(f"{me.url}/profile/{me.handle}")
    assert "bold" in profile.text
    for missing in (f"/profile/{me.did}/post/x", "/profile/nobody.example"):
        assert (await me.running.http.get(me.url + missing)).status_code == 404
