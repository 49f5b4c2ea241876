"""Posts on the X simulator over real sockets: what X's documents promise holds here."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from tests.platforms.simulators.helpers import Play, demo_account
from tests.platforms.simulators.x import X, speaker

from polypost import clock
from polypost.sandbox.networks.twitter.text import shown, weighted_length

LONG = "あ" * 141
BODIES: list[tuple[dict[str, Any], int]] = [
    ({"text": "a" * 280}, 201),
    ({"text": "a" * 281}, 403),
    ({"text": LONG}, 403),
    ({"text": "a" * 256 + " https://example.com/" + "x" * 300}, 201),
    ({"text": ""}, 400),
    ({}, 400),
    ({"text": 5}, 400),
    ({"text": "x", "surprise": 1}, 400),
    ({"text": "x", "media": {"media_ids": []}}, 400),
    ({"text": "x", "media": {"media_ids": [1]}}, 400),
    ({"text": "x", "media": {"media_ids": ["1"] * 5}}, 400),
    ({"text": "x", "media": {"media_ids": ["123"]}}, 400),
    ({"text": "x", "reply": {"in_reply_to_tweet_id": "123"}}, 403),
    ({"text": "x", "reply": {}}, 400),
    ({"text": "x", "reply_settings": "everyone"}, 400),
    ({"text": "1", "reply_settings": "mentionedUsers"}, 201),
    ({"text": "2", "poll": {"options": ["a", "b"], "duration_minutes": 5}}, 201),
    ({"text": "x", "poll": {"options": ["a"], "duration_minutes": 5}}, 400),
    ({"text": "x", "poll": {"options": ["a", "b" * 26], "duration_minutes": 5}}, 400),
    ({"text": "x", "poll": {"options": ["a", "b"], "duration_minutes": 4}}, 400),
    ({"text": "x", "poll": {"options": ["a", "b"], "duration_minutes": 5.5}}, 400),
    ({"text": "x", "poll": {"options": ["a", "b"], "duration_minutes": 5}, "card_uri": "c"}, 400),
    ({"text": "x", "quote_tweet_id": "123"}, 403),
    ({"text": "buy $AAA and $BBB"}, 403),
    ({"text": "buy $AAA for $5"}, 201),
    ({"text": "bad \ufeff mark"}, 400),
    ({"text": "3", "made_with_ai": True, "paid_partnership": True, "community_id": "99"}, 201),
    ({"text": "4", "geo": {"place_id": "df51dec6f4ee2b2c"}, "nullcast": False}, 201),
]

x = demo_account(X)


async def test_the_body_of_a_post_is_judged_field_by_field(x: X) -> None:
    for body, status in BODIES:
        answer = await x.tweet(**body)
        assert answer.status_code == status, (body, answer.text)
    assert (await x.call("POST", "/2/tweets", content=b"{")).status_code == 400
    assert len(await x.running.posts("twitter")) == sum(status == 201 for _, status in BODIES)
    unknown = (await x.tweet("x", surprise=1)).json()
    assert unknown["type"].endswith("/invalid-request")
    assert list(unknown["errors"][0]["parameters"]) == ["$.surprise"]


WEIGHTS = {
    "Hello, world! 👋": 16,
    "👨‍👩‍👧‍👦": 2,
    "👍🏽": 2,
    "🇩🇪": 2,
    "1️⃣": 2,
    "日本語": 6,
    "cafe\u0301": 4,
    "example.com": 23,
    "https://example.com/a/b?c=d#e": 23,
    "user@example.com": 16,
    "’“…—": 5,
    "™": 2,
    "#日本": 5,
    "a\r\nb": 3,
    "see example.com, then": 33,
    "": 0,
}


@pytest.mark.parametrize(("text", "weight"), WEIGHTS.items())
def test_a_text_weighs_what_x_says(text: str, weight: int) -> None:
    assert weighted_length(text) == weight


def test_links_are_shortened_and_can_be_expanded_again() -> None:
    found = shown("Tom & <Ann>: example.com/x?a=1&b=2 and https://example.org #tag @ann $ABC")
    for entity in found.entities["urls"]:
        assert found.text[entity["start"] : entity["end"]] == entity["url"]
    assert [entity["expanded_url"] for entity in found.entities["urls"]] == [
        "http://example.com/x?a=1&b=2",
        "https://example.org",
    ]
    assert found.text.startswith("Tom &amp; &lt;Ann&gt;: https://t.co/")
    for name, key, word in (
        ("hashtags", "tag", "tag"),
        ("mentions", "username", "ann"),
        ("cashtags", "tag", "ABC"),
    ):
        entity = found.entities[name][0]
        assert entity[key] == word
        assert found.text[entity["start"] + 1 : entity["end"]] == word


async def test_premium_writes_longer_and_edits(running: Play) -> None:
    premium = await speaker(running, 1)
    first = await premium.made("a" * 5_000)
    edited = await premium.tweet("b" * 300, edit_options={"previous_post_id": first})
    assert edited.status_code == 201
    assert edited.json()["data"]["edit_history_tweet_ids"] == [first, edited.json()["data"]["id"]]
    assert [post["id"] for post in (await premium.mine())["data"]] == [edited.json()["data"]["id"]]
    clock.advance(3_601)
    premium.token = (await running.accounts("twitter"))[1]["accessToken"]
    late = await premium.tweet("c", edit_options={"previous_post_id": edited.json()["data"]["id"]})
    assert late.status_code == 403
    plain = await speaker(running)
    mine = await plain.made("mine")
    assert (await plain.tweet("edited", edit_options={"previous_post_id": mine})).status_code == 403


async def test_the_same_text_again_is_refused_for_hours(running: Play) -> None:
    x, other = await speaker(running), await speaker(running, 1)
    first = await x.made("good morning")
    again = await x.tweet("  good morning ")
    assert again.status_code == 403
    assert again.json() == {
        "title": "Forbidden",
        "detail": "You are not allowed to create a Tweet with duplicate content.",
        "type": "about:blank",
        "status": 403,
    }
    assert (await other.tweet("good morning")).status_code == 201
    assert (await x.call("DELETE", f"/2/tweets/{first}")).json() == {"data": {"deleted": True}}
    await x.made("good morning")
    clock.advance(12 * 3_600 + 1)
    assert (await (await speaker(running)).tweet("good morning")).status_code == 201


async def test_threads_replies_and_deletion(running: Play) -> None:
    x, other = await speaker(running), await speaker(running, 1)
    one = await x.made("one")
    two = await x.made("two", reply={"in_reply_to_tweet_id": one})
    three = await x.made("three https://example.com", reply={"in_reply_to_tweet_id": two})
    page = (await running.http.get(f"{x.url}/demo/status/{two}")).text
    assert page.index("one") < page.index("two") < page.index("three")
    assert "example.com" in page
    assert "t.co" not in page
    assert (await running.http.get(f"{x.url}/i/web/status/{three}")).status_code == 200
    read = (await x.call("GET", f"/2/tweets/{two}?tweet.fields=referenced_tweets,conversation_id")).json()[
        "data"
    ]
    assert (read["conversation_id"], read["referenced_tweets"]) == (
        one,
        [{"type": "replied_to", "id": one}],
    )
    assert (await other.tweet("hello", reply={"in_reply_to_tweet_id": one})).status_code == 403
    invited = await x.made("hey @demo2, say something")
    answer = await other.tweet("@demo " + "b" * 25_000, reply={"in_reply_to_tweet_id": invited})
    assert answer.status_code == 201
    assert (await other.call("DELETE", f"/2/tweets/{one}")).status_code == 403
    for _ in range(2):
        assert (await x.call("DELETE", f"/2/tweets/{one}")).json() == {"data": {"deleted": True}}
    assert (await x.tweet("late", reply={"in_reply_to_tweet_id": one})).status_code == 403
    gone = (await x.call("GET", f"/2/tweets?ids={one},{two}")).json()
    assert [post["id"] for post in gone["data"]] == [two]
    assert gone["errors"][0]["resource_id"] == one
    assert "data" not in (await x.call("GET", f"/2/tweets/{one}")).json()


async def test_own_posts_are_listed_in_pages_and_by_time(x: X) -> None:
    ids = []
    for n in range(12):
        ids.append(await x.made(f"number {n}"))
        clock.advance(60)
    newest = ids[::-1]
    first = await x.mine(max_results=5)
    assert [post["id"] for post in first["data"]] == newest[:5]
    assert first["meta"]["result_count"] == 5
    second = await x.mine(max_results=5, pagination_token=first["meta"]["next_token"])
    third = await x.mine(max_results=5, pagination_token=second["meta"]["next_token"])
    assert [post["id"] for page in (second, third) for post in page["data"]] == newest[5:]
    assert "next_token" not in third["meta"]
    since = clock.iso(clock.now() - timedelta(seconds=150))
    assert [post["id"] for post in (await x.mine(start_time=since))["data"]] == newest[:2]
    assert [post["id"] for post in (await x.mine(since_id=ids[9]))["data"]] == newest[:2]
    until = clock.iso(clock.now() - timedelta(seconds=9 * 60 + 30))
    assert [post["id"] for post in (await x.mine(end_time=until))["data"]] == newest[9:]
    assert (await x.mine(start_time="2030-01-01T00:00:00Z"))["meta"] == {"result_count": 0}
    for wrong in ({"max_results": "4"}, {"start_time": "yesterday"}, {"pagination_token": "?"}):
        assert (await x.call("GET", f"/2/users/{x.id}/tweets", params=wrong)).status_code == 400


async def test_fields_answer_in_the_old_and_the_new_names(x: X) -> None:
    picture = await x.picture()
    made = await x.made("see example.com", media={"media_ids": [picture]})
    names = "created_at,entities,attachments,public_metrics,author_id,non_public_metrics"
    old = (await x.call("GET", "/2/tweets", params={"ids": made, "tweet.fields": names})).json()["data"][0]
    assert old["attachments"] == {"media_keys": [f"3_{picture}"]}
    link, own = old["entities"]["urls"]
    assert (link["expanded_url"], own["media_key"]) == ("http://example.com", f"3_{picture}")
    assert old["text"] == f"see {link['url']} {own['url']}"
    assert {"retweet_count", "impression_count"} <= old["public_metrics"].keys()
    assert "edit_history_tweet_ids" in old
    assert "impression_count" in old["non_public_metrics"]
    query = {"ids": made, "post.fields": names, "expansions": "author_id,attachments.media_keys"}
    both = (await x.call("GET", "/2/tweets", params=query)).json()
    assert "repost_count" in both["data"][0]["public_metrics"]
    assert "edit_history_post_ids" in both["data"][0]
    assert both["includes"]["users"][0]["username"] == "demo"
    assert both["includes"]["media"][0] == {"media_key": f"3_{picture}", "type": "photo"}
    other = await x.other()
    foreign = (await other.call("GET", "/2/tweets", params={"ids": made, "tweet.fields": names})).json()
    assert "non_public_metrics" not in foreign["data"][0]
    assert foreign["errors"][0]["type"].endswith("/not-authorized-for-field")


async def test_analytics_are_spread_over_the_time_asked_for(x: X) -> None:
    made = await x.made("count me")
    clock.advance(3_600)
    now = clock.now()
    span = {
        "start_time": clock.iso(now - timedelta(days=2)),
        "end_time": clock.iso(now + timedelta(days=1)),
    }
    query = {"ids": made, "granularity": "daily", "analytics.fields": "impressions,likes", **span}
    series = (await x.call("GET", "/2/tweets/analytics", params=query)).json()["data"][0][
        "timestamped_metrics"
    ]
    assert len(series) == 3
    total = (await x.call("GET", "/2/tweets/analytics", params=query | {"granularity": "total"})).json()[
        "data"
    ]
    assert total[0]["timestamped_metrics"][0]["metrics"]["impressions"] == sum(
        point["metrics"]["impressions"] for point in series
    )
    assert (await x.call("GET", "/2/tweets/analytics", params={"ids": made})).status_code == 400


async def test_rate_limits_are_told_on_every_answer(x: X) -> None:
    good, bad = await x.tweet("one"), await x.tweet(surprise=1)
    assert [a.headers["x-rate-limit-remaining"] for a in (good, bad)] == ["99", "98"]
    assert good.headers["x-app-limit-24hour-limit"] == "10000"
    assert 0 < int(good.headers["x-rate-limit-reset"]) - clock.now().timestamp() <= 901
    for _ in range(48):
        await x.call("DELETE", "/2/tweets/1")
    left = [(await x.call("DELETE", "/2/tweets/1")).headers["x-rate-limit-remaining"] for _ in range(2)]
    assert left == ["1", "0"]
    over = await x.call("DELETE", "/2/tweets/1")
    assert over.status_code == 429
    assert over.json()["title"] == "Too Many Requests"
    assert over.headers["x-rate-limit-remaining"] == "0"
    clock.advance(901)
    assert (await x.call("DELETE", "/2/tweets/1")).status_code == 200


async def test_three_hours_hold_three_hundred_posts(x: X) -> None:
    for n in range(300):
        if n and n % 100 == 0:
            clock.advance(901)
        await x.made(f"{n}")
    clock.advance(901)
    over = await x.tweet("one more")
    assert (over.status_code, over.headers["x-rate-limit-limit"]) == (429, "300")


OWN = {
    "no_credits": (402, "about:blank"),
    "daily_limit": (429, "about:blank"),
    "usage_capped": (429, "usage-capped"),
    "not_enrolled": (403, "client-forbidden"),
    "suspended": (403, "user-suspended"),
    "rate_limited": (429, "about:blank"),
    "duplicate": (403, "about:blank"),
    "error_after": (503, "about:blank"),
}


@pytest.mark.parametrize("fault", OWN)
async def test_trouble_is_worded_as_x_words_it(x: X, fault: str) -> None:
    await x.running.fault("twitter", fault, times=1, seconds=30)
    answer = await x.tweet("hello")
    status, kind = OWN[fault]
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (status, kind)
    assert len(await x.running.posts("twitter")) == (fault == "error_after")
    if fault == "daily_limit":
        assert answer.headers["x-rate-limit-remaining"] != "0"
        assert answer.headers["x-user-limit-24hour-remaining"] == "0"
        assert 28 <= int(answer.headers["x-user-limit-24hour-reset"]) - clock.now().timestamp() <= 31
    if fault == "rate_limited":
        assert answer.headers["x-rate-limit-remaining"] == "0"
        assert 28 <= int(answer.headers["x-rate-limit-reset"]) - clock.now().timestamp() <= 31


async def test_a_lost_answer_leaves_the_post_and_a_lagging_list_hides_it(x: X) -> None:
    await x.running.fault("twitter", "lost_answer", times=1)
    await x.running.fault("twitter", "listing_lag", seconds=20)
    with pytest.raises(httpx2.RemoteProtocolError):
        await x.tweet("are you there?")
    assert (await x.mine())["meta"]["result_count"] == 0
    clock.advance(21)
    assert [post["text"] for post in (await x.mine())["data"]] == ["are you there?"]
    entry = (await x.running.control("GET", "requests?platform=twitter"))["requests"][-1]
    assert (entry["dropped"], entry["status"], entry["faults"]) == (True, None, ["lost_answer"])


async def test_paths_that_x_does_not_have(x: X) -> None:
    for path in ("/2/nothing", "/1.1/statuses/update.json"):
        answer = await x.call("POST", path)
        assert (answer.status_code, answer.json()["title"]) == (404, "Not Found")
    assert (await x.running.http.get(f"{x.url}/2/users/me")).status_code == 401
    assert (await x.call("GET", "/2/tweets/abc")).status_code == 400
    profile = await x.running.http.get(f"{x.url}/demo")
    assert (profile.status_code, "Nothing has been posted here yet" in profile.text) == (200, True)
    assert (await x.running.http.get(f"{x.url}/nobody")).status_code == 404


async def test_a_poll_is_read_back_and_shown(x: X) -> None:
    made = await x.made("tea?", poll={"options": ["yes", "no"], "duration_minutes": 60})
    query = {"ids": made, "expansions": "attachments.poll_ids", "poll.fields": "voting_status"}
    poll = (await x.call("GET", "/2/tweets", params=query)).json()["includes"]["polls"][0]
    assert [option["label"] for option in poll["options"]] == ["yes", "no"]
    assert poll["voting_status"] == "open"
    page = (await x.running.http.get(f"{x.url}/demo/status/{made}")).text
    assert "yes" in page
    assert "poll for 60 minutes" in page
    assert json.dumps(poll)
