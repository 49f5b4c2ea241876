"""The Threads simulator over real sockets: containers, publication, options, quotas, deletion, faults."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from itertools import product
from typing import Any

import httpx2
import pytest
from tests.platforms.simulators.helpers import demo_account
from tests.platforms.simulators.threads import API, DAY, Threads, at_threads, bad, good

from polypost import clock

threads = demo_account(Threads)


async def test_a_text_is_contained_published_and_read_back(threads):
    container = await threads.contained(text="Hello #tea https://example.com/a, bye")
    assert await threads.get(container, fields="status,error_message") == {
        "id": container,
        "status": "FINISHED",
    }
    post_id = good(await threads.publish(container))["id"]
    assert (await threads.settled(container))["status"] == "PUBLISHED"
    fields = (
        "id,permalink,shortcode,media_product_type,media_type,text,timestamp,username,owner,is_quote_post,"
        "has_replies,topic_tag,link_attachment_url,is_reply,reply_audience,media_url,children"
    )
    shown = await threads.get(post_id, fields=fields)
    assert shown.pop("timestamp").endswith("+0000")
    assert shown.pop("permalink") == f"https://www.threads.net/@demo/post/{shown.pop('shortcode')}"
    assert shown == {
        "id": post_id,
        "media_product_type": "THREADS",
        "media_type": "TEXT_POST",
        "text": "Hello #tea https://example.com/a, bye",
        "username": "demo",
        "owner": {"id": threads.id},
        "is_quote_post": False,
        "has_replies": False,
        "topic_tag": "tea",
        "link_attachment_url": "https://example.com/a",
        "is_reply": False,
        "reply_audience": "EVERYONE",
    }
    assert await threads.get(post_id) == {"id": post_id}


def dressed(dress: str, params: dict[str, str]) -> dict[str, Any]:
    """How a client may send parameters."""
    ways: dict[str, Any] = {
        "form": {"data": params},
        "query": {"params": params},
        "json": {"json": params},
        "multipart": {"files": {name: (None, value) for name, value in params.items()}},
    }
    return ways[dress]


async def test_every_dress_of_request_that_clients_use(threads):
    async def post(path: str, params: dict[str, str], dress: str, token: str) -> dict[str, Any]:
        bare = token == "parameter"
        headers = {} if bare else {"authorization": f"{token} {threads.token}"}
        params = params | ({"access_token": threads.token} if bare else {})
        how = dressed(dress, params)
        return good(await threads.running.http.post(threads.url + path, headers=headers, **how))

    for dress, token, prefix in product(
        ("form", "query", "json", "multipart"), ("parameter", "Bearer", "OAuth"), ("", "/v1.0")
    ):
        text = f"{dress} {token} {prefix}"
        asked = {"media_type": "TEXT", "text": text}
        made = await post(f"{prefix}/{threads.id}/threads", asked, dress, token)
        await post(f"{prefix}/me/threads_publish", {"creation_id": made["id"]}, dress, token)
        assert (await threads.posts())[0]["text"] == text


async def test_a_slash_at_the_end_changes_nothing(threads):
    container = await threads.contained(text="x")
    for path in (f"/{container}/", f"{API}/{container}/"):
        answer = await threads.call("GET", path, params={"fields": "id,status,error_message"})
        assert good(answer) == {"id": container, "status": "FINISHED"}


async def test_an_unknown_field_is_refused(threads):
    container = await threads.contained(text="x")
    for fields in ("status_code", "id,status,nonsense"):
        error = bad(await threads.call("GET", f"{API}/{container}", params={"fields": fields}), 100)
        assert "nonexisting field" in error["message"]
    for fields in ("a{", "}", "id,{x}", "a b", "a{b{c{d{e}}}}"):
        bad(await threads.call("GET", f"{API}/me", params={"fields": fields}), 100)


REFUSED: list[dict[str, Any]] = [
    {"media_type": ""},
    {"media_type": "REELS", "text": "x"},
    {},
    {"text": " "},
    {"text": "x" * 501},
    {"text": "🌍" * 125 + "x"},
    {"media_type": "IMAGE"},
    {"media_type": "IMAGE", "image_url": "file:///etc/passwd"},
    {"media_type": "VIDEO", "image_url": "https://a.example/a.mp4"},
    {"text": "x", "is_carousel_item": "true"},
    {"text": "x", "is_carousel_item": "perhaps"},
    {"media_type": "CAROUSEL", "children": ""},
    {"media_type": "CAROUSEL", "children": "1"},
    {"media_type": "CAROUSEL", "children": ",".join(map(str, range(21)))},
    {"text": "x", "reply_control": "nobody"},
    {"text": "x", "topic_tag": ""},
    {"text": "x", "topic_tag": "t" * 51},
    {"text": "x", "topic_tag": "a.b"},
    {"text": "x", "topic_tag": "a&b"},
    {"text": "x", "reply_to_id": "abc"},
    {"text": "x", "location_id": "77"},
    {"text": "x", "poll_attachment": "{"},
    {"text": "x", "poll_attachment": '{"option_a":"\\ud800","option_b":"2"}'},
    {"text": "x", "poll_attachment": "[" * 100_000},
    {"text": "x", "poll_attachment": '{"option_a":"1"}'},
    {"text": "x", "poll_attachment": '{"option_a":"1","option_c":"3"}'},
    {"text": "x", "poll_attachment": '{"option_a":"1","option_b":"2","option_e":"3"}'},
    {"text": "x", "poll_attachment": json.dumps({"option_a": "1", "option_b": "x" * 26})},
    {
        "text": "x",
        "poll_attachment": '{"option_a":"1","option_b":"2"}',
        "link_attachment": "https://a.example",
    },
    {"text": "x", "link_attachment": "nonsense"},
    {"text": "x", "link_attachment": "http://["},
    {"text": "x", "gif_attachment": '{"gif_id":"1","provider":"OTHER"}'},
    {"text": "x", "text_attachment": '{"plaintext":""}'},
    {"text": "x", "text_attachment": json.dumps({"plaintext": "x" * 10_001})},
    {
        "text": "x",
        "text_attachment": json.dumps(
            {
                "plaintext": "x",
                "text_with_styling_info": [{"offset": 0, "length": 1, "styling_info": ["loud"]}],
            }
        ),
    },
    {"text": "x", "text_entities": '[{"entity_type":"SPOILER","offset":0,"length":2}]'},
    {"text": "xyz", "text_entities": '[{"entity_type":"BOLD","offset":0,"length":2}]'},
    {
        "text": "x" * 20,
        "text_entities": json.dumps(
            [{"entity_type": "SPOILER", "offset": n, "length": 1} for n in range(11)]
        ),
    },
    {
        "text": "xyz",
        "text_entities": json.dumps([{"entity_type": "SPOILER", "offset": n, "length": 2} for n in range(2)]),
    },
    {"text": "x", "is_spoiler_media": "true"},
    {"media_type": "IMAGE", "image_url": "https://a.example/a", "is_ghost_post": "true"},
    {"media_type": "IMAGE", "image_url": "https://a.example/a", "link_attachment": "https://a.example"},
    {"media_type": "IMAGE", "image_url": "https://a.example/a", "auto_publish_text": "true"},
    {"media_type": "IMAGE", "image_url": "https://a.example/a", "alt_text": "x" * 1001},
    {"text": "x", "allowlisted_country_codes": "DEU"},
]


async def test_what_no_container_can_be_made_of(threads):
    for params in REFUSED:
        answer = await threads.contain(**params)
        assert answer.status_code == 400, params
        bad(answer, 100)


async def test_more_than_five_links_are_refused_by_name(threads):
    five = " ".join(f"https://a.example/{n}" for n in range(5))
    await threads.contained(text=five, link_attachment="https://a.example/1")
    error = bad(await threads.contain(text=five, link_attachment="https://b.example"), 100)
    assert error["message"] == "THREADS_API__LINK_LIMIT_EXCEEDED"


async def test_texts_at_their_edge_are_taken(threads):
    for text in ("x" * 500, "🌍" * 125, "漢" * 500):
        await threads.text(text)
    await threads.published(text="", link_attachment="https://a.example")


async def test_polls_places_quotes_and_the_rest_are_read_back(threads):
    places = await threads.get("location_search", q="library", fields="id,name,city,latitude")
    (place,) = places["data"]
    assert place["name"] == "Old Library"
    quoted = await threads.text("first")
    poll = {"option_a": "Tea", "option_b": "Coffee"}
    post_id = await threads.text(
        "hidden words",
        poll_attachment=json.dumps(poll),
        location_id=place["id"],
        quote_post_id=quoted,
        topic_tag="Drinks and more",
        reply_control="mentioned_only",
        allowlisted_country_codes="de,FR",
        text_entities=json.dumps([{"entity_type": "spoiler", "offset": 0, "length": 6}]),
        gif_attachment=json.dumps({"gif_id": "1618", "provider": "TENOR"}),
    )
    fields = (
        "poll_attachment{option_a,option_b,option_c,option_a_votes_percentage,expiration_timestamp},location_id,"
        "is_quote_post,quoted_post{text,username},topic_tag,reply_audience,allowlisted_country_codes,"
        "text_entities,gif_url"
    )
    shown = await threads.get(post_id, fields=fields)
    assert shown["poll_attachment"].pop("expiration_timestamp").endswith("+0000")
    assert shown["poll_attachment"] == poll | {"option_a_votes_percentage": 0}
    assert shown["location_id"] == place["id"]
    assert shown["quoted_post"] == {"id": quoted, "text": "first", "username": "demo"}
    assert (shown["is_quote_post"], shown["topic_tag"]) == (True, "Drinks and more")
    assert shown["reply_audience"] == "MENTIONED_ONLY"
    assert shown["allowlisted_country_codes"] == ["DE", "FR"]
    assert shown["text_entities"] == [{"entity_type": "SPOILER", "offset": 0, "length": 6}]
    assert "1618" in shown["gif_url"]
    assert (await threads.get(place["id"], fields="name,country"))["country"] == "IE"


async def test_ghosts_are_gone_after_a_day(threads):
    ghost = await threads.text("boo", is_ghost_post="true")
    address = await threads.permalink(ghost)
    assert "gone after a day" in await threads.page(address)
    assert (await threads.get(ghost, fields="ghost_post_status"))["ghost_post_status"] == "active"
    assert len((await threads.get("me/threads"))["data"]) == 1
    bad(await (await threads.other()).contain(text="hi", reply_to_id=ghost), 100)
    await threads.running.control("POST", "clock", advance=DAY + 1)
    assert (await threads.get(ghost, fields="ghost_post_status"))["ghost_post_status"] == "archived"
    assert (await threads.get("me/threads"))["data"] == []
    assert len((await threads.get("me/ghost_posts"))["data"]) == 1
    gone = await threads.running.http.get(threads.url + address.removeprefix("https://www.threads.net"))
    assert gone.status_code == 404


async def test_publishing_at_once_answers_with_the_post(threads):
    post_id = await threads.contained(text="now", auto_publish_text="true")
    assert (await threads.get(post_id, fields="text"))["text"] == "now"


async def test_a_container_is_published_once(threads):
    container = await threads.contained(text="once")
    good(await threads.publish(container))
    error = bad(await threads.publish(container), 24, 4279009)
    assert error["error_user_title"] == "Media Not Found"
    assert error["error_user_msg"] == f"The media with id {container} cannot be found."
    bad(await threads.publish("18000000000000001"), 24, 4279009)
    bad(await threads.publish(""), 100)
    other = await threads.other()
    bad(await other.publish(await threads.contained(text="mine")), 24, 4279009)
    assert len(await threads.posts()) == 1


async def test_a_container_lives_for_a_day(threads):
    container = await threads.contained(text="late")
    await threads.running.control("POST", "clock", advance=DAY + 1)
    assert (await threads.settled(container))["status"] == "EXPIRED"
    bad(await threads.publish(container), 24, 4279009)


async def test_the_day_s_quotas(threads):
    post_id = await threads.text()
    await threads.text("reply", reply_to_id=post_id)
    fields = (
        "quota_usage,config,reply_quota_usage,reply_config,delete_quota_usage,delete_config,"
        "location_search_quota_usage,location_search_config"
    )
    (row,) = (await threads.get("me/threads_publishing_limit", fields=fields))["data"]
    day = {"quota_duration": DAY}
    assert row == {
        "quota_usage": 1,
        "config": day | {"quota_total": 250},
        "reply_quota_usage": 1,
        "reply_config": day | {"quota_total": 1000},
        "delete_quota_usage": 0,
        "delete_config": day | {"quota_total": 100},
        "location_search_quota_usage": 0,
        "location_search_config": day | {"quota_total": 500},
    }
    await threads.fault("quota", seconds=3600)
    container = await threads.contained(text="too much")
    bad(await threads.publish(container), 9, 2207042, status=403)
    bad(await threads.publish(container), 9, 2207042, status=403)
    await threads.text("replies have their own", reply_to_id=post_id)
    await threads.running.control("POST", "clock", advance=3601)
    good(await threads.publish(container))


async def test_deletion_and_its_quota(threads):
    post_id = await threads.text()
    await threads.fault("cannot_delete")
    bad(await threads.call("DELETE", f"{API}/{post_id}"), 10, status=403)
    other = await threads.other()
    bad(await other.call("DELETE", f"{API}/{post_id}"), 100, 33)
    assert good(await threads.call("DELETE", f"{API}/{post_id}")) == {
        "success": True,
        "deleted_id": post_id,
    }
    bad(await threads.call("DELETE", f"{API}/{post_id}"), 100, 33)
    assert (await threads.get("me/threads"))["data"] == []
    (row,) = (await threads.get("me/threads_publishing_limit", fields="delete_quota_usage"))["data"]
    assert row == {"delete_quota_usage": 1}


@pytest.mark.parametrize(
    ("fault", "code", "subcode", "status"),
    [
        ("media_not_found", 24, 4279009, 400),
        ("restricted", 25, 4279013, 403),
        ("spam", 4, 2207051, 403),
        ("error_before", 2, None, 500),
        ("rate_limited", 4, None, 403),
        ("duplicate", 506, None, 400),
        ("token_dead", 190, 460, 400),
        ("token_expired", 190, 463, 400),
    ],
)
async def test_trouble_when_publishing_stores_nothing(threads, fault, code, subcode, status):
    container = await threads.contained(text="x")
    await threads.fault(fault, times=1)
    bad(await threads.publish(container), code, subcode, status)
    assert await threads.posts() == []
    if fault == "rate_limited":
        bad(await threads.call("GET", f"{API}/me"), code, subcode, status)
        await threads.running.control("POST", "clock", advance=6)
    if fault not in {"token_dead"}:
        good(await threads.publish(container))


async def test_a_rate_limit_says_how_long_in_its_headers(threads):
    container = await threads.contained(text="x")
    await threads.fault("rate_limited", seconds=90)
    answer = await threads.publish(container)
    rows = json.loads(answer.headers["x-business-use-case-usage"])
    ((row,),) = rows.values()
    assert (row["type"], row["estimated_time_to_regain_access"]) == ("threads", 2)
    assert json.loads(answer.headers["x-app-usage"])["call_count"] == 100
    await threads.running.control("POST", "clock", advance=91)
    usual = await threads.call("GET", f"{API}/me")
    assert json.loads(usual.headers["x-app-usage"])["call_count"] < 5


@pytest.mark.parametrize("fault", ["published_anyway", "error_after", "lost_answer"])
async def test_a_post_that_is_out_in_spite_of_the_answer(threads, fault):
    container = await threads.contained(text="out")
    await threads.fault(fault)
    if fault == "lost_answer":
        with pytest.raises(httpx2.RemoteProtocolError):
            await threads.publish(container)
    else:
        answer = await threads.publish(container)
        assert answer.status_code == (403 if fault == "published_anyway" else 500)
    assert (await threads.settled(container))["status"] == "PUBLISHED"
    assert len(await threads.posts()) == 1


async def test_a_reply_to_what_is_not_there_yet(threads):
    post_id = await threads.text()
    await threads.fault("reply_too_soon")
    bad(await threads.contain(text="re", reply_to_id=post_id), 24, 4279009)
    await threads.contained(text="re", reply_to_id=post_id)
    bad(await threads.contain(text="re", reply_to_id="18000000000000001"), 24, 4279009)
    bad(await threads.contain(text="re", quote_post_id="18000000000000001"), 24, 4279009)


async def test_reposts_are_facades(threads):
    other = await threads.other()
    theirs = await other.text("Worth repeating")
    facade = good(await threads.call("POST", f"{API}/{theirs}/repost"))["id"]
    shown = await threads.get(facade, fields="media_type,text,reposted_post{text,username}")
    assert shown["media_type"] == "REPOST_FACADE"
    assert shown["reposted_post"] == {"id": theirs, "text": "Worth repeating", "username": "demo2"}
    page = await threads.page("/@demo")
    assert "Reposted by Demo account" in page
    assert "Worth repeating" in page
    insights = await threads.get(f"{facade}/insights", metric="views")
    assert insights == {"data": []}
    bad(await threads.call("POST", f"{API}/18000000000000001/repost"), 24, 4279009)


async def test_what_there_is_not(threads):
    bad(await threads.call("GET", f"{API}/18000000000000001"), 100, 33)
    bad(await threads.call("GET", f"{API}/nobody/threads"), 100, 33)
    bad(await threads.call("POST", f"{API}/18000000000000001/threads", data={"text": "x"}), 100, 33)
    bad(await threads.call("GET", "/some/where/else"), 2500)
    bad(await threads.call("POST", f"{API}/me"), 2500)
    bad(await threads.running.http.get(f"{threads.url}{API}/me"), 104, status=401)


def test_state_outlives_the_process(tmp_path):
    async def main() -> None:
        async with at_threads(tmp_path) as threads:
            post_id = await threads.text("kept")
            address = await threads.permalink(post_id)
            container = await threads.contained(text="later")
        async with at_threads(tmp_path) as threads:
            assert "kept" in await threads.page(address)
            good(await threads.publish(container))
            assert len(await threads.posts()) == 2

    asyncio.run(main())


async def test_demo_accounts_are_the_same_everywhere(threads):
    accounts = await threads.running.accounts("threads")
    assert [(each["platformUserId"], each["username"]) for each in accounts] == [
        ("24876543210987001", "demo"),
        ("24876543210987002", "demo2"),
    ]
    assert int(accounts[0]["platformUserId"]) > 2**53
    assert datetime.fromisoformat(accounts[0]["extra"]["issued_at"]) <= clock.now()
