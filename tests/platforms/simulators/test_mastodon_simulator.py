"""Mastodon's statuses as clients meet them: rules, keys, lists, edits, scheduling, pages."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.platforms.simulators.helpers import demo_account
from tests.platforms.simulators.mastodon import Mastodon, bad, good

from polypost import clock
from polypost.sandbox.networks.mastodon.intake import nested
from polypost.sandbox.networks.mastodon.text import length

net = demo_account(Mastodon)


async def test_a_status_in_every_dress(net: Mastodon) -> None:
    picture = await net.picture(description="A bear")
    poll = {"options": ["a", "b"], "expires_in": 300}
    made = [
        await net.call("POST", "/api/v1/statuses", json={"status": "json", "poll": poll}),
        await net.call("POST", "/api/v1/statuses", data={"status": "form", "media_ids[]": [picture]}),
        await net.call("POST", "/api/v1/statuses", files={"status": (None, "multipart")}),
        await net.call("POST", "/api/v1/statuses", params={"status": "query"}),
        await net.call(
            "POST",
            "/api/v1/statuses",
            content="status=nested&poll[options][]=x&poll[options][]=y&poll[expires_in]=600&poll[multiple]=true",
            headers={"content-type": "application/x-www-form-urlencoded"},
        ),
    ]
    assert [good(each)["content"] for each in made] == [
        "<p>json</p>", "<p>form</p>", "<p>multipart</p>", "<p>query</p>", "<p>nested</p>",
    ]  # fmt: skip
    assert good(made[1])["media_attachments"][0]["description"] == "A bear"
    nested_poll = good(made[4])["poll"]
    assert [each["title"] for each in nested_poll["options"]] == ["x", "y"]
    assert nested_poll["multiple"] is True
    token = net.account["accessToken"]
    assert (await net.open("POST", f"/api/v1/statuses?access_token={token}&status=a")).status_code == 200


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("a", "1"), ("a", "2")], {"a": "2"}),
        ([("a[]", "1"), ("a[]", "2")], {"a": ["1", "2"]}),
        ([("a[b]", "1"), ("a[c][]", "2")], {"a": {"b": "1", "c": ["2"]}}),
        ([("a[][x]", "1"), ("a[][y]", "2"), ("a[][x]", "3")], {"a": [{"x": "1", "y": "2"}, {"x": "3"}]}),
        ([("a", "1"), ("a[b]", "2")], {"a": {"b": "2"}}),
    ],
)
def test_names_with_brackets(pairs: list[tuple[str, str]], expected: dict[str, Any]) -> None:
    assert nested(pairs) == expected


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("hello", 5),
        ("see https://example.com/a/very/long/path?x=1", 27),
        ("hi @ann@example.social", 7),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", 1),
        ("(https://example.com/a_(b)).", 26),
    ],
)
def test_length(text: str, count: int) -> None:
    assert length(text) == count
    assert length(text, "ab") == count + 2


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "Text can't be blank"),
    "space": ({"status": " \n"}, "Text can't be blank"),
    "too long": ({"status": "x" * 501}, "Text character limit of 500 exceeded"),
    "too long with a warning": ({"status": "x" * 500, "spoiler_text": "y"}, "limit of 500"),
    "who may see it": ({"status": "a", "visibility": "secret"}, "Visibility"),
    "who may quote it": ({"status": "a", "quote_approval_policy": "me"}, "Quote approval policy"),
    "unknown media": ({"status": "a", "media_ids": ["1"]}, "could not be found"),
    "five media": ({"status": "a", "media_ids": list("12345")}, "Cannot attach more than 4 files"),
    "one option": ({"status": "a", "poll": {"options": ["a"], "expires_in": 300}}, "more than one item"),
    "five options": (
        {"status": "a", "poll": {"options": list("abcde"), "expires_in": 300}},
        "more than 4 items",
    ),
    "a long option": (
        {"status": "a", "poll": {"options": ["a", "x" * 51], "expires_in": 300}},
        "longer than 50",
    ),
    "twice the same": ({"status": "a", "poll": {"options": ["a", "a"], "expires_in": 300}}, "duplicate"),
    "no end": ({"status": "a", "poll": {"options": ["a", "b"]}}, "can't be blank"),
    "too soon": ({"status": "a", "poll": {"options": ["a", "b"], "expires_in": 299}}, "too soon"),
    "too far": ({"status": "a", "poll": {"options": ["a", "b"], "expires_in": 2_629_747}}, "too far"),
}


@pytest.mark.parametrize("case", WRONG)
async def test_what_is_refused(net: Mastodon, case: str) -> None:
    body, words = WRONG[case]
    bad(await net.call("POST", "/api/v1/statuses", json=body), 422, words)
    assert await net.visible() == []


async def test_what_fits_just_so(net: Mastodon) -> None:
    await net.post("x" * 476 + " https://example.com/" + "y" * 300)
    await net.post("👨‍👩‍👧" * 500)
    await net.post("x" * 490, spoiler_text="y" * 10)
    shown = await net.post("", spoiler_text="Alone")
    assert (shown["content"], shown["spoiler_text"]) == ("<p>Alone</p>", "")
    bad(
        await net.call("POST", "/api/v1/statuses", json={"status": "a", "in_reply_to_id": "1"}),
        404,
        "reply",
    )
    bad(await net.call("POST", "/api/v1/statuses", json={"status": "a", "quoted_status_id": "1"}), 404)
    bad(
        await net.call("POST", "/api/v1/statuses", content="{", headers={"content-type": "application/json"}),
        400,
    )


async def test_a_servers_limits_can_be_its_own(net: Mastodon) -> None:
    good(await net.open("PUT", "/_sandbox/limits", json={"text_characters": 3, "url_characters": 2}))
    bad(await net.call("POST", "/api/v1/statuses", json={"status": "abcd"}), 422, "limit of 3")
    await net.post("https://example.com")
    told = good(await net.open("GET", "/api/v2/instance"))["configuration"]["statuses"]
    assert (told["max_characters"], told["characters_reserved_per_url"]) == (3, 2)
    good(await net.open("PUT", "/_sandbox/limits", json={}))
    await net.post("abcd")
    bad(await net.open("PUT", "/_sandbox/limits", json={"unknown": 1}), 400)


async def test_a_key_gives_the_same_status_for_an_hour(net: Mastodon) -> None:
    first = await net.post("One", key="k")
    assert (await net.post("One", key="k"))["id"] == first["id"]
    # Bodies are not compared, and the key comes before every rule.
    assert (await net.post("", key="k"))["content"] == "<p>One</p>"
    assert (await net.post("One", key="other"))["id"] != first["id"]
    assert (await (await net.as_other()).post("One", key="k"))["id"] != first["id"]
    await net.advance(3_601)
    assert (await net.post("One", key="k"))["id"] != first["id"]
    assert len(await net.visible()) == 4


async def test_a_key_of_a_deleted_status_finds_nothing(net: Mastodon) -> None:
    made = await net.post(key="k")
    good(await net.call("DELETE", f"/api/v1/statuses/{made['id']}"))
    bad(await net.call("POST", "/api/v1/statuses", json={"status": "a"}, key="k"), 404, "Record not found")
    await net.advance(3_601)
    await net.post(key="k")


async def test_two_calls_at_once_both_post(net: Mastodon) -> None:
    await net.fault("late_key", seconds=0.5, times=2)
    made = await asyncio.gather(net.post(key="k"), net.post(key="k"))
    assert made[0]["id"] != made[1]["id"]
    assert (await net.post(key="k"))["id"] in {made[0]["id"], made[1]["id"]}


async def test_a_key_survives_a_lost_answer_but_not_a_crash(net: Mastodon) -> None:
    for fault in ("error_after", "bad_gateway_after"):
        await net.fault(fault)
        lost = await net.call("POST", "/api/v1/statuses", json={"status": fault}, key=fault)
        assert lost.status_code in {502, 503}
        await net.post(fault, key=fault)
    assert len(await net.visible()) == 2
    await net.fault("key_lost")
    await net.post("crash", key="crash")
    await net.post("crash", key="crash")
    assert len(await net.visible()) == 4


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ("error_before", 503, "temporary problem"),
        ("rate_limited", 429, "Too many requests"),
        ("token_dead", 401, "revoked"),
        ("login_disabled", 403, "disabled"),
        ("bad_gateway", 502, None),
        ("html_errors", 502, None),
    ],
)
async def test_faults_that_store_nothing(net: Mastodon, fault: str, status: int, words: str | None) -> None:
    await net.fault(fault, seconds=60)
    answer = await net.call("POST", "/api/v1/statuses", json={"status": "a"}, key="k")
    if words is None:
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/html")
    else:
        bad(answer, status, words)
    assert await net.visible() == []
    if fault == "rate_limited":
        reset = datetime.fromisoformat(answer.headers["x-ratelimit-reset"])
        assert timedelta(seconds=50) < reset - clock.now() < timedelta(seconds=70)
        assert "retry-after" not in answer.headers


async def test_a_limited_account_becomes_quiet(net: Mastodon) -> None:
    await net.fault("silenced", times=None)
    assert (await net.post())["visibility"] == "unlisted"
    assert (await net.post(visibility="private"))["visibility"] == "private"


async def test_an_older_server(net: Mastodon) -> None:
    quoted = (await net.post("quoted"))["id"]
    picture = await net.picture()
    await net.older()
    shown = await net.post("late", media_ids=["1", picture], quoted_status_id=quoted)
    assert [each["id"] for each in shown["media_attachments"]] == [picture]
    assert shown["quote"] is None
    bad(await net.open("GET", "/api/v2/instance"), 404)
    told = good(await net.open("GET", "/api/v1/instance"))
    assert (told["version"], told["configuration"]["statuses"]["max_characters"]) == ("4.2.10", 500)
    bad(await net.call("GET", "/api/v1/statuses", params={"id[]": [quoted]}), 404)


async def test_threads_and_quotes(net: Mastodon) -> None:
    root = await net.post("one")
    reply = await net.post("two", in_reply_to_id=root["id"])
    last = await net.post("three", in_reply_to_id=reply["id"])
    context = good(await net.call("GET", f"/api/v1/statuses/{reply['id']}/context"))
    assert [each["id"] for each in context["ancestors"]] == [root["id"]]
    assert [each["id"] for each in context["descendants"]] == [last["id"]]
    assert reply["in_reply_to_account_id"] == net.number
    quote = await net.post("look", quoted_status_id=root["id"])
    assert quote["quote"]["quoted_status"]["id"] == root["id"]
    assert good(await net.call("GET", f"/api/v1/statuses/{root['id']}"))["quotes_count"] == 1
    closed = await net.post("mine", quote_approval_policy="nobody")
    asked = {"status": "a", "quoted_status_id": closed["id"]}
    bad(await net.call("POST", "/api/v1/statuses", json=asked), 403, "not allowed")


async def test_people_tags_and_links(net: Mastodon) -> None:
    shown = await net.post(
        "@demo2 @demo2@mastodon.example @ann@else.where #Bears & <b> https://example.com/?a=1&b=2"
    )
    assert [each["username"] for each in shown["mentions"]] == ["demo2"]
    assert [each["name"] for each in shown["tags"]] == ["bears"]
    assert "&amp; &lt;b&gt;" in shown["content"]
    assert 'href="https://example.com/?a=1&amp;b=2"' in shown["content"]
    listed = good(await net.open("GET", "/api/v1/timelines/tag/Bears"))
    assert [each["id"] for each in listed] == [shown["id"]]


async def test_who_may_see_what(net: Mastodon) -> None:
    ids = {
        each: (await net.post(each, visibility=each))["id"]
        for each in ("public", "unlisted", "private", "direct")
    }
    other = await net.as_other()

    async def listed(call: Any, **more: Any) -> set[str]:
        return {
            each["visibility"]
            for each in good(await call("GET", f"/api/v1/accounts/{net.number}/statuses", **more))
        }

    assert await listed(net.call) == set(ids)
    assert await listed(net.open) == {"public", "unlisted"}
    assert await listed(other.call) == {"public", "unlisted", "private"}
    bad(await net.open("GET", f"/api/v1/statuses/{ids['direct']}"), 404)
    assert {each["visibility"] for each in good(await net.open("GET", "/api/v1/timelines/public"))} == {
        "public"
    }
    assert len(good(await net.call("GET", "/api/v1/timelines/home"))) == 4


async def test_lists_page_by_page(net: Mastodon) -> None:
    ids = [(await net.post(str(n)))["id"] for n in range(5)][::-1]
    path = f"/api/v1/accounts/{net.number}/statuses"

    async def listed(**query: str) -> list[str]:
        return [each["id"] for each in good(await net.call("GET", path, params=query))]

    assert await listed(limit="2") == ids[:2]
    assert await listed(limit="2", max_id=ids[1]) == ids[2:4]
    assert await listed(since_id=ids[3]) == ids[:3]
    assert await listed(limit="2", min_id=ids[4]) == ids[2:4]
    answer = await net.call("GET", path, params={"limit": "2"})
    assert f"max_id={ids[1]}" in answer.headers["link"]
    assert 'rel="next"' in answer.headers["link"]
    bad(await net.call("GET", path, params={"max_id": "x"}), 400)
    bad(await net.call("GET", "/api/v1/accounts/1/statuses"), 404)
    await net.fault("listing_lag", seconds=60)
    assert await listed() == []
    found = good(await net.call("GET", "/api/v1/statuses", params={"id[]": [ids[0], "1"]}))
    assert [each["id"] for each in found] == [ids[0]]


async def test_source_edits_and_their_history(net: Mastodon) -> None:
    picture = await net.picture()
    made = await net.post("One & two", spoiler_text="CW", media_ids=[picture])
    path = f"/api/v1/statuses/{made['id']}"
    assert good(await net.call("GET", f"{path}/source")) == {
        "id": made["id"], "text": "One & two", "spoiler_text": "CW",
    }  # fmt: skip
    bad(await (await net.as_other()).call("GET", f"{path}/source"), 404)
    bad(await net.call("PUT", path, json={"status": "a", "visibility": "direct"}), 422)
    changed = good(await net.call("PUT", path, json={"status": "Three", "media_ids": [picture]}))
    assert (changed["content"], len(changed["media_attachments"])) == ("<p>Three</p>", 1)
    assert changed["edited_at"]
    # What is left out is taken away.
    changed = good(await net.call("PUT", path, json={"status": "Four"}))
    assert changed["media_attachments"] == []
    versions = good(await net.call("GET", f"{path}/history"))
    assert [each["content"] for each in versions] == [
        "<p>One &amp; two</p>",
        "<p>Three</p>",
        "<p>Four</p>",
    ]


async def test_deleting_and_writing_anew(net: Mastodon) -> None:
    picture = await net.picture()
    made = await net.post("One", media_ids=[picture])
    bad(await (await net.as_other()).call("DELETE", f"/api/v1/statuses/{made['id']}"), 404)
    gone = good(await net.call("DELETE", f"/api/v1/statuses/{made['id']}"))
    assert (gone["text"], gone["media_attachments"][0]["id"]) == ("One", picture)
    bad(await net.call("DELETE", f"/api/v1/statuses/{made['id']}"), 404, "Record not found")
    again = await net.post("Two", media_ids=[picture])
    good(await net.call("DELETE", f"/api/v1/statuses/{again['id']}", params={"delete_media": "true"}))
    body = {"status": "Three", "media_ids": [picture]}
    bad(await net.call("POST", "/api/v1/statuses", json=body), 422)
    assert [each["deleted"] for each in await net.visible()] == [True, True]


async def test_marks_and_votes(net: Mastodon) -> None:
    poll = {"options": ["a", "b"], "expires_in": 300, "hide_totals": True}
    made, other = await net.post("?", poll=poll), await net.as_other()
    path = f"/api/v1/polls/{made['poll']['id']}"
    bad(await other.call("POST", f"{path}/votes", json={"choices": [2]}), 422)
    bad(await other.call("POST", f"{path}/votes", json={"choices": [0, 1]}), 422)
    voted = good(await other.call("POST", f"{path}/votes", json={"choices": [1]}))
    assert (voted["own_votes"], voted["options"][1]["votes_count"]) == ([1], None)
    bad(await other.call("POST", f"{path}/votes", json={"choices": [1]}), 422, "already voted")
    await net.advance(301)
    over = good(await net.open("GET", path))
    assert (over["expired"], [each["votes_count"] for each in over["options"]]) == (True, [0, 1])
    bad(
        await other.call("POST", f"/api/v1/statuses/{made['id']}/favourite"),
        403,
        "outside the authorized scopes",
    )


async def test_scheduling_of_mastodons_own(net: Mastodon) -> None:
    def later(seconds: float) -> str:
        return (clock.now() + timedelta(seconds=seconds)).astimezone(UTC).isoformat()

    kept = await net.post("Later", key="k", scheduled_at=later(600))
    assert set(kept) == {"id", "scheduled_at", "params", "media_attachments"}
    # With a date the key breaks: the second call looks among published statuses.
    bad(await net.call("POST", "/api/v1/statuses", json={"status": "Later"}, key="k"), 404)
    path = f"/api/v1/scheduled_statuses/{kept['id']}"
    assert [each["id"] for each in good(await net.call("GET", "/api/v1/scheduled_statuses"))] == [kept["id"]]
    assert good(await net.call("GET", path))["params"]["text"] == "Later"
    bad(await net.call("PUT", path, json={"scheduled_at": later(60)}), 422)
    good(await net.call("PUT", path, json={"scheduled_at": later(900)}))
    assert await net.visible() == []
    await net.advance(901)
    assert len(good(await net.call("GET", f"/api/v1/accounts/{net.number}/statuses"))) == 1
    bad(await net.call("GET", path), 404)
    # Nearer than five minutes is now.
    assert (await net.post("Now", scheduled_at=later(60)))["content"] == "<p>Now</p>"
    other = await net.post("Never", scheduled_at=later(600))
    good(await net.call("DELETE", f"/api/v1/scheduled_statuses/{other['id']}"))
    bad(await net.call("POST", "/api/v1/statuses", json={"status": "a", "scheduled_at": "soon"}), 422)


async def test_throttles_and_their_headers(net: Mastodon) -> None:
    answer = await net.call("POST", "/api/v1/statuses", json={"status": "a"})
    assert answer.headers["x-ratelimit-limit"] == "300"
    assert answer.headers["x-ratelimit-remaining"] == "299"
    datetime.fromisoformat(answer.headers["x-ratelimit-reset"])
    for number in range(31):
        answer = await net.call("DELETE", "/api/v1/statuses/1")
        assert answer.status_code == (429 if number == 30 else 404)
    assert answer.headers["x-ratelimit-remaining"] == "0"
    await net.advance(1_801)
    assert (await net.call("DELETE", "/api/v1/statuses/1")).status_code == 404
    await net.running.control("POST", "limits", enforced=False)
    for _ in range(31):
        assert (await net.call("DELETE", "/api/v1/statuses/1")).status_code == 404


async def test_pages(net: Mastodon) -> None:
    picture = await net.picture(description="A <bear>")
    made = await net.post(
        "Hi <there> https://example.com", media_ids=[picture], spoiler_text="Careful & slow"
    )
    reply = await net.post(
        "And", in_reply_to_id=made["id"], quoted_status_id=made["id"], visibility="private"
    )
    path = made["url"].removeprefix("https://mastodon.example")
    assert path == f"/@demo/{made['id']}"
    page = await net.page(path)
    for words in (
        "Hi &lt;there&gt;",
        "Careful &amp; slow",
        "A &lt;bear&gt;",
        "<blockquote>",
        "followers only",
        "via Sandbox app",
    ):
        assert words in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert await net.page(f"/users/demo/statuses/{made['id']}") == page
    poll = await net.post("?", poll={"options": ["Yes", "<No>"], "expires_in": 300})
    assert "&lt;No&gt;" in await net.page(f"/@demo/{poll['id']}")
    assert "And" in await net.page("/@demo")
    await net.page("/@demo@mastodon.example")
    good(await net.call("DELETE", f"/api/v1/statuses/{reply['id']}"))
    await net.page(f"/@demo/{reply['id']}", 404)
    await net.page("/@nobody", 404)


async def test_paths_that_are_not_there(net: Mastodon) -> None:
    bad(await net.call("GET", "/api/v1/unknown"), 404)
    bad(await net.call("PATCH", "/api/v1/statuses/1"), 404)
    bad(await net.call("POST", "/api/v1/statuses/1/dance"), 404)
    assert (await net.open("GET", "/health")).text == "OK"
    assert good(await net.open("GET", "/api/v1/custom_emojis")) == []
