"""The X simulator over real sockets: what X's documents promise holds here."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from tests import media
from tests.platforms.simulators.helpers import Play, play

from polypost import clock
from polypost.platforms.twitter.simulator.text import shown, weighted_length

VERIFIER = "a-verifier-of-the-proper-length-for-rfc-7636-and-more"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
REDIRECT = "https://app.example/back?x=1"


class X:
    """One account speaking to X."""

    def __init__(self, running: Play, account: dict[str, Any]) -> None:
        self.running = running
        self.url = running.info.urls["twitter"]
        self.account = account
        self.id = account["platformUserId"]
        self.token = account["accessToken"]

    async def call(self, method: str, path: str, **more: Any) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.token}"}
        return await self.running.http.request(method, self.url + path, headers=headers, **more)

    async def tweet(self, text: str | None = None, **body: Any) -> httpx2.Response:
        return await self.call("POST", "/2/tweets", json=body if text is None else {"text": text, **body})

    async def made(self, text: str | None = None, **body: Any) -> str:
        answer = await self.tweet(text, **body)
        assert answer.status_code == 201, answer.text
        return answer.json()["data"]["id"]

    async def mine(self, **query: Any) -> dict[str, Any]:
        answer = await self.call("GET", f"/2/users/{self.id}/tweets", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def upload(
        self, data: bytes, category: str, media_type: str, *, order: list[int] | None = None
    ) -> Any:
        size = 40_000
        begin = {"media_type": media_type, "total_bytes": len(data), "media_category": category}
        begun = (await self.call("POST", "/2/media/upload/initialize", json=begin)).json()["data"]
        parts = [data[at : at + size] for at in range(0, len(data), size)]
        for index in order or range(len(parts)):
            sent = await self.call(
                "POST",
                f"/2/media/upload/{begun['id']}/append",
                data={"segment_index": str(index)},
                files={"media": ("part", parts[index])},
            )
            assert sent.status_code == 200, sent.text
            assert sent.json()["data"]["expires_at"] > clock.now().timestamp()
        return await self.call("POST", f"/2/media/upload/{begun['id']}/finalize")

    async def picture(self, data: bytes | None = None) -> str:
        answer = await self.call(
            "POST",
            "/2/media/upload",
            files={"media": ("a.jpg", data or media.jpeg(64, 48), "image/jpeg")},
            data={"media_category": "tweet_image"},
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]["id"]


async def speaker(running: Play, number: int = 0) -> X:
    return X(running, (await running.accounts("twitter"))[number])


def on_x(folder: Path, story: Any) -> None:
    async def main(running: Play) -> None:
        await story(await speaker(running))

    play(folder, main)


def authorize(url: str, **more: str) -> str:
    query = {
        "response_type": "code",
        "client_id": "strangers-app",
        "redirect_uri": REDIRECT,
        "scope": "tweet.read tweet.write users.read offline.access",
        "state": "s t",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "s256",
    }
    return f"{url}/i/oauth2/authorize?{urlencode(query | more)}"


def came_back(answer: httpx2.Response) -> dict[str, str]:
    assert answer.status_code == 302
    target = urlsplit(answer.headers["location"])
    assert target._replace(query="").geturl() == "https://app.example/back"
    found = {name: values[0] for name, values in parse_qs(target.query).items()}
    assert found.pop("x") == "1"
    return found


async def code_of(x: X, **more: str) -> str:
    return came_back(await x.running.http.get(authorize(x.url, sandbox_decision="approve", **more)))["code"]


async def trade(x: X, code: str, /, **more: str) -> httpx2.Response:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    return await x.running.http.post(
        f"{x.url}/2/oauth2/token", data=form | more, auth=("strangers-app", "any secret at all")
    )


async def refresh(x: X, token: str) -> httpx2.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": "strangers-app"}
    return await x.running.http.post(f"{x.url}/2/oauth2/token", data=form)


def test_a_person_consents_on_a_page(tmp_path: Path) -> None:
    async def story(x: X) -> None:
        page = await x.running.http.get(authorize(x.url))
        assert page.status_code == 200
        assert all(
            words in page.text for words in ("@demo", "@demo2", "strangers-app", "offline.access", "Deny")
        )
        second = (await x.running.accounts("twitter"))[1]
        form = {"sandbox_account": second["platformUserId"], "sandbox_decision": "approve"}
        back = came_back(await x.running.http.post(authorize(x.url), data=form))
        assert back["state"] == "s t"
        tokens = (await trade(x, back["code"])).json()
        assert (tokens["token_type"], tokens["expires_in"] > 7_000) == ("bearer", True)
        assert set(tokens["scope"].split()) == {"tweet.read", "tweet.write", "users.read", "offline.access"}
        x.token = tokens["access_token"]
        assert (await x.call("GET", "/2/users/me")).json()["data"]["username"] == "demo2"
        denied = came_back(await x.running.http.post(authorize(x.url), data={"sandbox_decision": "deny"}))
        assert denied == {"error": "access_denied", "state": "s t"}

    on_x(tmp_path, story)


@pytest.mark.parametrize(
    "wrong",
    [
        {"response_type": "token"},
        {"code_challenge": ""},
        {"redirect_uri": "javascript:alert(1)"},
        {"state": "s" * 501},
    ],
)
def test_a_wrong_authorize_address_leads_nowhere(wrong: dict[str, str], tmp_path: Path) -> None:
    async def story(x: X) -> None:
        answer = await x.running.http.get(authorize(x.url, sandbox_decision="approve", **wrong))
        assert answer.status_code in {400, 404}

    on_x(tmp_path, story)


def test_a_code_is_traded_once_by_its_owner_within_thirty_seconds(tmp_path: Path) -> None:
    async def story(x: X) -> None:
        code = await code_of(x)
        for wrong in (
            {"code_verifier": "wrong"},
            {"redirect_uri": "https://app.example/back"},
            {"code": "made-up"},
        ):
            answer = await trade(x, code, **wrong)
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        assert (await trade(x, code)).status_code == 200
        again = await trade(x, code)
        assert again.json() == {
            "error": "invalid_request",
            "error_description": "Value passed for the authorization code was invalid.",
        }
        late = await code_of(x)
        clock.advance(31)
        assert (await trade(x, late)).status_code == 400

    on_x(tmp_path, story)


def test_refresh_tokens_rotate_and_a_spent_one_is_refused(tmp_path: Path) -> None:
    async def story(x: X) -> None:
        first = (await trade(x, await code_of(x))).json()
        second = await refresh(x, first["refresh_token"])
        assert second.status_code == 200
        assert second.json()["refresh_token"] != first["refresh_token"]
        again = await refresh(x, first["refresh_token"])
        assert again.status_code == 400
        assert again.json() == {
            "error": "invalid_request",
            "error_description": "Value passed for the token was invalid.",
        }
        third = (await refresh(x, second.json()["refresh_token"])).json()
        form = {"token": third["access_token"], "client_id": "strangers-app"}
        revoked = await x.running.http.post(f"{x.url}/2/oauth2/revoke", data=form)
        assert revoked.json() == {"revoked": True}
        assert (await refresh(x, third["refresh_token"])).status_code == 400
        short = (await trade(x, await code_of(x, scope="tweet.read users.read"))).json()
        assert "refresh_token" not in short
        x.token = short["access_token"]
        assert (await x.call("GET", "/2/users/me")).status_code == 200
        assert (await x.tweet("no scope for this")).status_code == 403

    on_x(tmp_path, story)


def test_the_token_address_takes_json_and_knows_the_demo_app(tmp_path: Path) -> None:
    async def story(x: X) -> None:
        code = await code_of(x, client_id="sandbox-app")
        body = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
            "client_id": "sandbox-app",
        }
        bare = await x.running.http.post(f"{x.url}/2/oauth2/token", json=body)
        assert bare.status_code == 401
        assert bare.json()["error"] == "unauthorized_client"
        whole = body | {"client_secret": x.account["clientSecret"]}
        assert (await x.running.http.post(f"{x.url}/2/oauth2/token", json=whole)).status_code == 200

    on_x(tmp_path, story)


def test_tokens_expire_and_faults_kill_the_whole_authorisation(tmp_path: Path) -> None:
    async def story(x: X) -> None:
        clock.advance(7_201)
        expired = await x.tweet("late")
        assert expired.status_code == 401
        assert expired.json() == {
            "title": "Unauthorized",
            "detail": "Unauthorized",
            "type": "about:blank",
            "status": 401,
        }
        tokens = (await trade(x, await code_of(x))).json()
        x.token = tokens["access_token"]
        assert (await x.tweet("in time")).status_code == 201
        await x.running.fault("twitter", "token_dead", times=1, accountId=x.id)
        assert (await x.tweet("dead")).status_code == 401
        assert (await refresh(x, tokens["refresh_token"])).json()["error"] == "invalid_request"

    on_x(tmp_path, story)


def test_an_app_without_a_user_may_only_read(tmp_path: Path) -> None:
    async def story(x: X) -> None:
        made = await x.made("public")
        form = {"grant_type": "client_credentials"}
        answer = await x.running.http.post(f"{x.url}/oauth2/token", data=form, auth=("strangers-app", "x"))
        x.token = answer.json()["access_token"]
        assert (await x.call("GET", f"/2/tweets/{made}")).json()["data"]["text"] == "public"
        refused = await x.tweet("no")
        assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (
            403,
            "unsupported-authentication",
        )

    on_x(tmp_path, story)


def test_users_are_found_with_the_fields_asked_for(tmp_path: Path) -> None:
    async def story(x: X) -> None:
        plain = (await x.call("GET", "/2/users/me")).json()["data"]
        assert plain == {"id": x.id, "name": "Demo account", "username": "demo"}
        fields = "profile_image_url,verified,verified_type,subscription_type,protected"
        full = (await x.call("GET", "/2/users/me", params={"user.fields": fields})).json()["data"]
        assert (full["subscription_type"], full["protected"], full["verified"]) == ("None", False, False)
        assert (await x.running.http.get(full["profile_image_url"])).headers["content-type"] == "image/png"
        both = (await x.call("GET", "/2/users/by?usernames=demo2,nobody")).json()
        assert [user["username"] for user in both["data"]] == ["demo2"]
        assert both["errors"][0]["type"].endswith("/resource-not-found")
        assert (await x.call("GET", "/2/users/by/username/DEMO")).json()["data"]["id"] == x.id

    on_x(tmp_path, story)


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


def test_the_body_of_a_post_is_judged_field_by_field(tmp_path: Path) -> None:
    async def story(x: X) -> None:
        for body, status in BODIES:
            answer = await x.tweet(**body)
            assert answer.status_code == status, (body, answer.text)
        assert (await x.call("POST", "/2/tweets", content=b"{")).status_code == 400
        assert len(await x.running.posts("twitter")) == sum(status == 201 for _, status in BODIES)
        unknown = (await x.tweet("x", surprise=1)).json()
        assert unknown["type"].endswith("/invalid-request")
        assert list(unknown["errors"][0]["parameters"]) == ["$.surprise"]

    on_x(tmp_path, story)


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


def test_premium_writes_longer_and_edits(tmp_path: Path) -> None:
    async def main(running: Play) -> None:
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

    play(tmp_path, main)


def test_the_same_text_again_is_refused_for_hours(tmp_path: Path) -> None:
    async def main(running: Play) -> None:
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

    play(tmp_path, main)


def test_threads_replies_and_deletion(tmp_path: Path) -> None:
    async def main(running: Play) -> None:
        x, other = await speaker(running), await speaker(running, 1)
        one = await x.made("one")
        two = await x.made("two", reply={"in_reply_to_tweet_id": one})
        three = await x.made("three https://example.com", reply={"in_reply_to_tweet_id": two})
        page = (await running.http.get(f"{x.url}/demo/status/{two}")).text
        assert page.index("one") < page.index("two") < page.index("three")
        assert "example.com" in page
        assert "t.co" not in page
        assert (await running.http.get(f"{x.url}/i/web/status/{three}")).status_code == 200
        read = (
            await x.call("GET", f"/2/tweets/{two}?tweet.fields=referenced_tweets,conversation_id")
        ).json()["data"]
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

    play(tmp_path, main)


def test_an_app_above_the_self_serve_tiers_may_quote(tmp_path: Path) -> None:
    async def story(x: X) -> None:
        first = await x.made("worth quoting")
        code = await code_of(x, client_id="sandbox-enterprise-app")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
        }
        answer = await x.running.http.post(
            f"{x.url}/2/oauth2/token", data=form, auth=("sandbox-enterprise-app", "x")
        )
        x.token = answer.json()["access_token"]
        quote = await x.made("indeed", quote_tweet_id=first)
        read = (await x.call("GET", f"/2/tweets/{quote}?post.fields=referenced_posts")).json()["data"]
        assert read["referenced_posts"] == [{"type": "quoted", "id": first}]

    on_x(tmp_path, story)


def test_own_posts_are_listed_in_pages_and_by_time(tmp_path: Path) -> None:
    async def story(x: X) -> None:
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

    on_x(tmp_path, story)


def test_fields_answer_in_the_old_and_the_new_names(tmp_path: Path) -> None:
    async def story(x: X) -> None:
        picture = await x.picture()
        made = await x.made("see example.com", media={"media_ids": [picture]})
        names = "created_at,entities,attachments,public_metrics,author_id,non_public_metrics"
        old = (await x.call("GET", "/2/tweets", params={"ids": made, "tweet.fields": names})).json()["data"][
            0
        ]
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
        other = await speaker(x.running, 1)
        foreign = (await other.call("GET", "/2/tweets", params={"ids": made, "tweet.fields": names})).json()
        assert "non_public_metrics" not in foreign["data"][0]
        assert foreign["errors"][0]["type"].endswith("/not-authorized-for-field")

    on_x(tmp_path, story)


def test_analytics_are_spread_over_the_time_asked_for(tmp_path: Path) -> None:
    async def story(x: X) -> None:
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

    on_x(tmp_path, story)


def test_a_picture_in_segments_in_any_order(tmp_path: Path) -> None:
    async def story(x: X) -> None:
        data = media.png(900, 700) + b"\0" * 100_000
        done = await x.upload(data, "tweet_image", "image/png", order=[2, 0, 1, 0])
        answer = done.json()["data"]
        assert answer["image"] == {"image_type": "image/png", "w": 900, "h": 700}
        assert (answer["size"], answer["media_key"]) == (len(data), f"3_{answer['id']}")
        assert "processing_info" not in answer
        status = await x.call("GET", f"/2/media/upload?media_id={answer['id']}&command=STATUS")
        assert (status.status_code, status.json()["errors"][0]["message"]) == (400, "Not found")
        text = {"id": answer["id"], "metadata": {"alt_text": {"text": "A plain <colour>"}}}
        assert (await x.call("POST", "/2/media/metadata", json=text)).json()["data"]["id"] == answer["id"]
        text["metadata"]["alt_text"]["text"] = "x" * 1_001
        assert (await x.call("POST", "/2/media/metadata", json=text)).status_code == 400
        made = await x.made(media={"media_ids": [answer["id"]]})
        page = (await x.running.http.get(f"{x.url}/demo/status/{made}")).text
        assert 'alt="A plain &lt;colour&gt;"' in page
        stored = (await x.running.posts("twitter"))[0]["media"][0]
        assert (await x.running.http.get(stored["url"])).content == data

    on_x(tmp_path, story)


def test_a_video_is_worked_on_before_it_can_be_used(tmp_path: Path) -> None:
    async def story(x: X) -> None:
        await x.running.fault("twitter", "processing", seconds=59, times=1)
        done = (await x.upload(media.mp4(), "tweet_video", "video/mp4")).json()["data"]
        assert done["media_key"] == f"7_{done['id']}"
        assert done["processing_info"]["state"] == "pending"
        assert done["processing_info"]["check_after_secs"] >= 1
        too_soon = await x.tweet("x", media={"media_ids": [done["id"]]})
        assert too_soon.json()["errors"][0] == {
            "message": "Your media IDs are invalid.",
            "parameters": {"media.media_ids": [done["id"]]},
        }
        clock.advance(40)
        path = f"/2/media/upload?media_id={done['id']}&command=STATUS"
        midway = (await x.call("GET", path)).json()["data"]["processing_info"]
        assert midway["state"] == "in_progress"
        assert 0 < midway["progress_percent"] < 100
        clock.advance(30)
        assert (await x.call("GET", path)).json()["data"]["processing_info"]["state"] == "succeeded"
        await x.made("film", media={"media_ids": [done["id"]]})
        assert (await x.running.posts("twitter"))[0]["media"][0]["kind"] == "video"

    on_x(tmp_path, story)


WRONG_FILMS = [
    {"seconds": 141},
    {"width": 1920, "height": 1080},
    {"width": 1280, "height": 400},
]


FILM_NAMES = ["long", "large", "flat", "vp9", "no film"]


@pytest.mark.parametrize(
    "film", [*(media.mp4(**shape) for shape in WRONG_FILMS), media.webm(), media.jpeg()], ids=FILM_NAMES
)
def test_a_film_that_x_does_not_take_fails_in_processing(film: bytes, tmp_path: Path) -> None:
    async def story(x: X) -> None:
        done = (await x.upload(film, "tweet_video", "video/mp4")).json()["data"]
        clock.advance(2)
        path = f"/2/media/upload?media_id={done['id']}&command=STATUS"
        assert (await x.call("GET", path)).json()["data"]["processing_info"]["state"] == "failed"
        assert (await x.tweet("x", media={"media_ids": [done["id"]]})).status_code == 400

    on_x(tmp_path, story)


def test_four_pictures_or_one_gif_or_one_video(tmp_path: Path) -> None:
    async def story(x: X) -> None:
        pictures = [await x.picture(media.jpeg(20 + n, 20)) for n in range(4)]
        await x.made("four", media={"media_ids": pictures})
        gif = (await x.upload(media.gif(), "tweet_gif", "image/gif")).json()["data"]
        assert gif["media_key"].startswith("16_")
        clock.advance(2)
        assert (await x.tweet("x", media={"media_ids": [gif["id"], pictures[0]]})).status_code == 400
        assert (await x.tweet("x", media={"media_ids": [pictures[0]] * 2})).status_code == 400
        await x.made("moving", media={"media_ids": [gif["id"]]})
        assert [post["mediaCount"] for post in await x.running.posts("twitter")] == [1, 4]

    on_x(tmp_path, story)


def test_media_belong_to_one_account_for_one_day(tmp_path: Path) -> None:
    async def main(running: Play) -> None:
        x, other = await speaker(running), await speaker(running, 1)
        picture = await x.picture()
        assert (await other.tweet("x", media={"media_ids": [picture]})).status_code == 400
        shared = {
            "media_type": "image/jpeg",
            "total_bytes": 10,
            "media_category": "tweet_image",
            "additional_owners": [other.id],
        }
        assert (await x.call("POST", "/2/media/upload/initialize", json=shared)).status_code == 200
        clock.advance(86_401)
        x = await speaker(running)
        assert (await x.tweet("x", media={"media_ids": [picture]})).status_code == 400

    play(tmp_path, main)


@pytest.mark.parametrize(
    "body",
    [
        {"media_type": "image/svg+xml", "total_bytes": 5, "media_category": "tweet_image"},
        {"media_type": "video/mp4", "total_bytes": 5, "media_category": "tweet_image"},
        {"media_type": "image/png", "total_bytes": 6 * 1024 * 1024, "media_category": "tweet_image"},
        {"media_type": "image/png", "total_bytes": 0, "media_category": "tweet_image"},
        {"media_type": "image/png", "total_bytes": 5, "media_category": "tweet_poem"},
        {"media_type": "image/png", "total_bytes": 5, "media_category": "tweet_image", "more": 1},
    ],
)
def test_an_upload_that_cannot_work_does_not_begin(body: dict[str, Any], tmp_path: Path) -> None:
    async def story(x: X) -> None:
        assert (await x.call("POST", "/2/media/upload/initialize", json=body)).status_code == 400

    on_x(tmp_path, story)


def test_bytes_decide_what_a_file_is(tmp_path: Path) -> None:
    async def story(x: X) -> None:
        for data in (b"<svg xmlns='http://www.w3.org/2000/svg'/>", media.bmp(), media.mp4(), b""):
            answer = await x.call(
                "POST",
                "/2/media/upload",
                files={"media": ("a.jpg", data, "image/jpeg")},
                data={"media_category": "tweet_image"},
            )
            assert answer.status_code == 400, data[:20]
        as_json = {"media": base64.b64encode(media.jpeg(30, 20)).decode(), "media_category": "tweet_image"}
        done = await x.call("POST", "/2/media/upload", json=as_json)
        assert done.json()["data"]["image"] == {"image_type": "image/jpeg", "w": 30, "h": 20}
        assert (await x.call("POST", "/2/media/upload", json={"media": as_json["media"]})).status_code == 400

    on_x(tmp_path, story)


def test_the_older_form_with_a_command(tmp_path: Path) -> None:
    async def story(x: X) -> None:
        data = media.jpeg(50, 40)
        begin = {"command": "INIT", "media_type": "image/jpeg", "total_bytes": str(len(data))}
        media_id = (await x.call("POST", "/2/media/upload", data=begin)).json()["data"]["id"]
        part = {"command": "APPEND", "media_id": media_id, "segment_index": "0"}
        unfinished = await x.call(
            "POST", "/2/media/upload", data={"command": "FINALIZE", "media_id": media_id}
        )
        assert unfinished.status_code == 400
        sent = await x.call("POST", "/2/media/upload", data=part, files={"media": ("m", data)})
        assert sent.status_code == 200
        done = await x.call("POST", "/2/media/upload", data={"command": "FINALIZE", "media_id": media_id})
        assert done.json()["data"]["image"]["w"] == 50
        await x.made("old way", media={"media_ids": [media_id]})

    on_x(tmp_path, story)


def test_rate_limits_are_told_on_every_answer(tmp_path: Path) -> None:
    async def story(x: X) -> None:
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

    on_x(tmp_path, story)


def test_three_hours_hold_three_hundred_posts(tmp_path: Path) -> None:
    async def story(x: X) -> None:
        for n in range(300):
            if n and n % 100 == 0:
                clock.advance(901)
            await x.made(f"{n}")
        clock.advance(901)
        over = await x.tweet("one more")
        assert (over.status_code, over.headers["x-rate-limit-limit"]) == (429, "300")

    on_x(tmp_path, story)


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
def test_trouble_is_worded_as_x_words_it(fault: str, tmp_path: Path) -> None:
    async def story(x: X) -> None:
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

    on_x(tmp_path, story)


def test_a_lost_answer_leaves_the_post_and_a_lagging_list_hides_it(tmp_path: Path) -> None:
    async def story(x: X) -> None:
        await x.running.fault("twitter", "lost_answer", times=1)
        await x.running.fault("twitter", "listing_lag", seconds=20)
        with pytest.raises(httpx2.RemoteProtocolError):
            await x.tweet("are you there?")
        assert (await x.mine())["meta"]["result_count"] == 0
        clock.advance(21)
        assert [post["text"] for post in (await x.mine())["data"]] == ["are you there?"]
        entry = (await x.running.control("GET", "requests?platform=twitter"))["requests"][-1]
        assert (entry["dropped"], entry["status"], entry["faults"]) == (True, None, ["lost_answer"])

    on_x(tmp_path, story)


def test_paths_that_x_does_not_have(tmp_path: Path) -> None:
    async def story(x: X) -> None:
        for path in ("/2/nothing", "/1.1/statuses/update.json"):
            answer = await x.call("POST", path)
            assert (answer.status_code, answer.json()["title"]) == (404, "Not Found")
        assert (await x.running.http.get(f"{x.url}/2/users/me")).status_code == 401
        assert (await x.call("GET", "/2/tweets/abc")).status_code == 400
        profile = await x.running.http.get(f"{x.url}/demo")
        assert (profile.status_code, "Nothing has been posted here yet" in profile.text) == (200, True)
        assert (await x.running.http.get(f"{x.url}/nobody")).status_code == 404

    on_x(tmp_path, story)


def test_a_poll_is_read_back_and_shown(tmp_path: Path) -> None:
    async def story(x: X) -> None:
        made = await x.made("tea?", poll={"options": ["yes", "no"], "duration_minutes": 60})
        query = {"ids": made, "expansions": "attachments.poll_ids", "poll.fields": "voting_status"}
        poll = (await x.call("GET", "/2/tweets", params=query)).json()["includes"]["polls"][0]
        assert [option["label"] for option in poll["options"]] == ["yes", "no"]
        assert poll["voting_status"] == "open"
        page = (await x.running.http.get(f"{x.url}/demo/status/{made}")).text
        assert "yes" in page
        assert "poll for 60 minutes" in page
        assert json.dumps(poll)

    on_x(tmp_path, story)
