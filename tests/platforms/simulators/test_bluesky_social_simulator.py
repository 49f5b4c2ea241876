"""Likes, reposts, quotes, follows and what comes of them; search; what people say about themselves."""

from __future__ import annotations

from typing import Any

from tests.platforms.simulators.bluesky import Bluesky
from tests.platforms.simulators.helpers import demo_account

NOW = "2026-11-24T12:00:00.000Z"

me = demo_account(Bluesky)


async def record(who: Bluesky, collection: str, **value: Any) -> str:
    body = {"repo": who.did, "collection": collection, "record": {"createdAt": NOW, **value}}
    answer = await who.post("com.atproto.repo.createRecord", **body)
    assert answer.status_code == 200, answer.text
    return answer.json()["uri"]


async def ask(who: Bluesky, method: str, **query: Any) -> Any:
    answer = await who.get(method, **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_what_others_do_with_a_post_is_seen_and_taken_back(me: Bluesky) -> None:
    other = await me.other()
    post = await me.made("Look")
    before = (await ask(me, "app.bsky.feed.getPosts", uris=post["uri"]))["posts"][0]
    like = await record(other, "app.bsky.feed.like", subject=post)
    repost = await record(other, "app.bsky.feed.repost", subject=post)
    follow = await record(other, "app.bsky.graph.follow", subject=me.did)
    embed = {"$type": "app.bsky.embed.record", "record": post}
    quote = await other.made("So true", embed=embed)
    reply = await other.made("Yes", reply={"root": post, "parent": post})
    seen = (await ask(other, "app.bsky.feed.getPosts", uris=post["uri"]))["posts"][0]
    for name in ("likeCount", "repostCount", "quoteCount", "replyCount"):
        assert seen[name] == before[name] + 1, name
    assert (seen["viewer"]["like"], seen["viewer"]["repost"]) == (like, repost)
    assert "like" not in before["viewer"]
    likes = (await ask(me, "app.bsky.feed.getLikes", uri=post["uri"]))["likes"]
    assert [each["actor"]["did"] for each in likes] == [other.did]
    reposters = (await ask(me, "app.bsky.feed.getRepostedBy", uri=post["uri"]))["repostedBy"]
    assert [each["did"] for each in reposters] == [other.did]
    quotes = (await ask(me, "app.bsky.feed.getQuotes", uri=post["uri"]))["posts"]
    assert [each["uri"] for each in quotes] == [quote["uri"]]
    followers = (await ask(me, "app.bsky.graph.getFollowers", actor=me.did))["followers"]
    assert [each["did"] for each in followers] == [other.did]
    follows = (await ask(me, "app.bsky.graph.getFollows", actor=other.did))["follows"]
    assert [each["did"] for each in follows] == [me.did]
    feed = (await ask(other, "app.bsky.feed.getTimeline"))["feed"]
    assert {each["post"]["uri"] for each in feed} == {post["uri"], quote["uri"], reply["uri"]}
    liked = (await ask(other, "app.bsky.feed.getActorLikes", actor=other.did))["feed"]
    assert [each["post"]["uri"] for each in liked] == [post["uri"]]
    notices = (await ask(me, "app.bsky.notification.listNotifications"))["notifications"]
    assert {(each["reason"], each["uri"]) for each in notices} == {
        ("like", like),
        ("repost", repost),
        ("follow", follow),
        ("quote", quote["uri"]),
        ("reply", reply["uri"]),
    }
    assert (await ask(me, "app.bsky.notification.getUnreadCount"))["count"] == 5
    rkey = like.rpartition("/")[2]
    gone = {"repo": other.did, "collection": "app.bsky.feed.like", "rkey": rkey}
    assert (await other.post("com.atproto.repo.deleteRecord", **gone)).status_code == 200
    assert (await ask(me, "app.bsky.feed.getLikes", uri=post["uri"]))["likes"] == []


async def test_the_timeline_is_read_page_by_page(me: Bluesky) -> None:
    posts = [(await me.made(str(number)))["uri"] for number in range(3)][::-1]
    other = await me.other()
    await other.made("Not followed")
    first = await ask(me, "app.bsky.feed.getTimeline", limit=2)
    second = await ask(me, "app.bsky.feed.getTimeline", limit=2, cursor=first["cursor"])
    assert [each["post"]["uri"] for each in first["feed"] + second["feed"]] == posts
    assert "cursor" not in second


async def test_posts_and_people_are_found(me: Bluesky) -> None:
    post = await me.made("Apples and pears")
    await me.made("Oranges")
    found = await ask(me, "app.bsky.feed.searchPosts", q="PEARS apples")
    assert [each["uri"] for each in found["posts"]] == [post["uri"]]
    other = await me.other()
    by = {"q": "apples", "author": other.did}
    assert (await ask(me, "app.bsky.feed.searchPosts", **by))["posts"] == []
    for method in ("searchActors", "searchActorsTypeahead"):
        people = (await ask(me, f"app.bsky.actor.{method}", q="demo2"))["actors"]
        assert [each["did"] for each in people] == [other.did]
    identity = await ask(me, "com.atproto.identity.resolveIdentity", identifier="demo2.bsky.social")
    assert (identity["did"], identity["didDoc"]["id"]) == (other.did, other.did)
    nobody = await me.get("com.atproto.identity.resolveIdentity", identifier="nobody.bsky.social")
    assert nobody.json()["error"] == "HandleNotFound"


async def test_what_people_say_about_themselves_is_shown(me: Bluesky) -> None:
    picture = (await me.picture())["image"]
    value = {"$type": "app.bsky.actor.profile", "displayName": "Zoë ✨", "avatar": picture}
    body = {"repo": me.did, "collection": "app.bsky.actor.profile", "rkey": "self", "record": value}
    assert (await me.post("com.atproto.repo.putRecord", **body)).status_code == 200
    profile = await ask(me, "app.bsky.actor.getProfile", actor=me.did)
    assert profile["displayName"] == "Zoë ✨"
    shown = await me.running.http.get(profile["avatar"])
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/png")
    await me.made("Hello")
    assert "Zoë ✨ (@demo.bsky.social)" in (await me.running.http.get(f"{me.url}/profile/{me.did}")).text
    likes = [{"$type": "app.bsky.actor.defs#adultContentPref", "enabled": False}]
    assert (await ask(me, "app.bsky.actor.getPreferences"))["preferences"] == []
    assert (await me.post("app.bsky.actor.putPreferences", preferences=likes)).status_code == 200
    assert (await ask(me, "app.bsky.actor.getPreferences"))["preferences"] == likes
    assert (await me.post("app.bsky.notification.updateSeen", seenAt=NOW)).status_code == 200


async def test_a_page_in_a_browser_may_call_from_anywhere(me: Bluesky) -> None:
    origin = {"origin": "https://client.example"}
    asked = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,atproto-accept-labelers",
    }
    address = f"{me.url}/xrpc/com.atproto.repo.createRecord"
    answer = await me.running.http.options(address, headers=origin | asked)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")
    assert "atproto-accept-labelers" in answer.headers["access-control-allow-headers"]
    refused = await me.running.http.post(address, headers=origin, json={})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (400, "*")
