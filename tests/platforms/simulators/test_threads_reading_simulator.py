"""What the Threads simulator shows: lists and their pages, replies, insights, search, and pages for people."""

from __future__ import annotations

import json
from typing import Any

from tests import media
from tests.platforms.simulators.helpers import demo_account
from tests.platforms.simulators.threads import API, Threads, bad, good

threads = demo_account(Threads)


def texts(answer: dict[str, Any]) -> list[str]:
    return [each.get("text", "") for each in answer["data"]]


async def test_lists_and_their_pages(threads):
    for number in range(5):
        await threads.text(f"post {number}")
    root = (await threads.get("me/threads", limit=1))["data"][0]["id"]
    await threads.text("a reply", reply_to_id=root)
    whole = await threads.get(f"{threads.id}/threads", fields="text")
    assert texts(whole) == [f"post {number}" for number in (4, 3, 2, 1, 0)]
    assert "next" not in whole["paging"]
    first = await threads.get("me/threads", fields="text", limit=2)
    after = first["paging"]["cursors"]["after"]
    second = await threads.get("me/threads", fields="text", limit=2, after=after)
    assert (texts(first), texts(second)) == (["post 4", "post 3"], ["post 2", "post 1"])
    assert good(await threads.call("GET", first["paging"]["next"].removeprefix(threads.url))) == second
    back = await threads.get("me/threads", fields="text", before=second["paging"]["cursors"]["before"])
    assert texts(back) == ["post 4", "post 3"]
    end = await threads.get("me/threads", after=whole["paging"]["cursors"]["after"])
    assert end == {"data": []}
    assert texts(await threads.get("me/replies", fields="text")) == ["a reply"]


async def test_lists_between_two_times(threads):
    await threads.text("early")
    await threads.running.control("POST", "clock", advance=3600)
    await threads.text("late")
    from polypost import clock

    now = int(clock.now().timestamp())
    assert texts(await threads.get("me/threads", fields="text", since=now - 60)) == ["late"]
    assert texts(await threads.get("me/threads", fields="text", until=now - 60)) == ["early"]
    assert texts(await threads.get("me/threads", fields="text", until="2025-01-01")) == []
    for query in ({"since": "yesterday"}, {"limit": "0"}, {"limit": "x"}, {"after": "!"}):
        bad(await threads.call("GET", f"{API}/me/threads", params=query), 100)
    both = {"before": "c2VxOjE=", "after": "c2VxOjE="}
    bad(await threads.call("GET", f"{API}/me/threads", params=both), 100)


async def test_lists_lag_when_told_to(threads):
    await threads.text("fresh")
    await threads.fault("listing_lag", seconds=60, times=2)
    assert texts(await threads.get("me/threads", fields="text")) == []
    await threads.running.control("POST", "clock", advance=61)
    assert texts(await threads.get("me/threads", fields="text")) == ["fresh"]


async def test_replies_conversations_and_hiding(threads):
    other = await threads.other()
    root = await threads.text("root")
    one = await other.text("one", reply_to_id=root)
    await threads.text("one-a", reply_to_id=one)
    two = await other.text("two", reply_to_id=root)
    assert texts(await threads.get(f"{root}/replies", fields="text")) == ["two", "one"]
    ordered = await threads.get(f"{root}/conversation", fields="text", reverse="false")
    assert texts(ordered) == ["one", "one-a", "two"]
    nested = await threads.get(f"{one}/conversation", fields="text")
    assert texts(nested) == ["one-a"]
    fields = "is_reply,is_reply_owned_by_me,root_post,replied_to,hide_status,has_replies"
    assert await threads.get(one, fields=fields) == {
        "id": one,
        "is_reply": True,
        "is_reply_owned_by_me": False,
        "root_post": {"id": root},
        "replied_to": {"id": root},
        "hide_status": "NOT_HUSHED",
        "has_replies": True,
    }
    hidden = await threads.call("POST", f"{API}/{two}/manage_reply", data={"hide": "true"})
    assert good(hidden) == {"success": True}
    assert (await threads.get(two, fields="hide_status"))["hide_status"] == "HIDDEN"
    page = await threads.page(await threads.permalink(root))
    assert "one" in page
    assert ">two<" not in page
    bad(await other.call("POST", f"{API}/{two}/manage_reply", data={"hide": "true"}), 100, 33)
    bad(await threads.call("POST", f"{API}/{root}/manage_reply", data={"hide": "true"}), 100, 33)
    bad(await threads.call("POST", f"{API}/{one}/manage_reply"), 100)


async def test_who_may_reply(threads):
    other = await threads.other()
    closed = await threads.text("closed", reply_control="accounts_you_follow")
    bad(await other.contain(text="hi", reply_to_id=closed), 100)
    await threads.text("myself", reply_to_id=closed)
    named = await threads.text("for @demo2 alone", reply_control="mentioned_only")
    await other.text("thanks", reply_to_id=named)


async def test_insights_of_posts_and_profiles(threads):
    post_id = await threads.text("seen")
    await threads.text("answer", reply_to_id=post_id)
    answer = await threads.get(f"{post_id}/insights", metric="views,likes,replies,reposts,quotes,shares")
    by_name = {each["name"]: each for each in answer["data"]}
    assert by_name["replies"]["values"] == [{"value": 1}]
    assert by_name["replies"]["id"] == f"{post_id}/insights/thread_replies/lifetime"
    bad(await threads.call("GET", f"{API}/{post_id}/insights", params={"metric": "saves"}), 100)
    bad(await threads.call("GET", f"{API}/{post_id}/insights"), 100)
    answer = await threads.get("me/threads_insights", metric="views,likes,followers_count")
    views, likes, followers = answer["data"]
    assert views["values"][0]["end_time"].endswith("+0000")
    assert set(likes["total_value"]) == {"value"}
    assert followers["total_value"] == {"value": 1207}
    people = await threads.get("me/threads_insights", metric="follower_demographics", breakdown="country")
    (breakdown,) = people["data"][0]["total_value"]["breakdowns"]
    assert breakdown["dimension_keys"] == ["country"]
    for query in (
        {"metric": "follower_demographics"},
        {"metric": "views", "since": "2024-04-01"},
        {"metric": "nonsense"},
    ):
        bad(await threads.call("GET", f"{API}/me/threads_insights", params=query), 100)


async def test_search_mentions_and_profiles(threads):
    other = await threads.other()
    theirs = await other.text("Greetings to @demo, from the garden #Tulips")
    await threads.text("A garden of my own")
    found = await threads.get("keyword_search", q="GARDEN", search_type="RECENT", fields="text,username")
    assert [each["username"] for each in found["data"]] == ["demo", "demo2"]
    tagged = await threads.get("keyword_search", q="tulips", search_mode="TAG", fields="id")
    assert [each["id"] for each in tagged["data"]] == [theirs]
    mentions = await threads.get("me/mentions", fields="username")
    assert [each["username"] for each in mentions["data"]] == ["demo2"]
    profile = await threads.get("profile_lookup", username="demo2")
    assert (profile["username"], profile["is_verified"]) == ("demo2", True)
    posts = await threads.get("profile_posts", username="demo2", fields="text")
    assert len(posts["data"]) == 1
    assert (await threads.get(theirs, fields="username"))["username"] == "demo2"
    for path, query in (
        ("keyword_search", {"q": ""}),
        ("keyword_search", {"q": "x", "search_type": "BEST"}),
        ("profile_lookup", {"username": "nobody"}),
        ("location_search", {}),
        ("location_search", {"latitude": "1"}),
    ):
        bad(await threads.call("GET", f"{API}/{path}", params=query), 100)
    near = await threads.get("location_search", latitude=53.5, longitude=9.99, fields="name")
    assert [place["name"] for place in near["data"]] == ["Harbour Café"]


async def test_a_post_is_embedded_with_an_app_s_token(threads):
    address = await threads.permalink(await threads.text("embed me"))
    token = "TH|sandbox-app|sandbox-app-secret"
    answer = await threads.running.http.get(
        f"{threads.url}/oembed", params={"url": address, "access_token": token}
    )
    assert answer.json()["type"] == "rich"
    assert f'data-text-post-permalink="{address}"' in answer.json()["html"]
    wrong = await threads.running.http.get(
        f"{threads.url}/oembed", params={"url": address, "access_token": "TH|sandbox-app|no"}
    )
    bad(wrong, 190)


async def test_a_page_shows_all_that_a_post_has(threads):
    quoted = await threads.text("the quoted words")
    article = {
        "plaintext": "Very long words",
        "link_attachment_url": "https://more.example/",
        "text_with_styling_info": [{"offset": 5, "length": 4, "styling_info": ["bold"]}],
    }
    root = await threads.text(
        "Look <here> secret",
        quote_post_id=quoted,
        link_attachment="https://card.example/page",
        topic_tag="Show",
        location_id="220000000000000002",
        reply_control="followers_only",
        text_entities=json.dumps([{"entity_type": "SPOILER", "offset": 12, "length": 6}]),
    )
    page = await threads.page(await threads.permalink(root))
    for piece in (
        "the quoted words",
        "card.example",
        ">Show<",
        "Harbour Café",
        "followers only",
        "&lt;here&gt;",
        'class="spoiler"',
        "prefers-color-scheme: dark",
    ):
        assert piece in page, piece
    assert 'src="http' not in page
    second = await threads.text(
        "The second", reply_to_id=root, poll_attachment='{"option_a":"Ay","option_b":"Nay"}'
    )
    await threads.text("The third", reply_to_id=second, text_attachment=json.dumps(article))
    page = await threads.page(await threads.permalink(second))
    assert page.index("&lt;here&gt;") < page.index("The second") < page.index("The third")
    assert "Nay" in page
    assert "<b>long</b>" in page
    await threads.published(media_type="CAROUSEL", children=await threads.items(2), text="Album")
    film = threads.film()
    await threads.published(media_type="VIDEO", video_url=film, alt_text="A film", text="Film")
    spoiler = threads.files.add("s.jpg", media.jpeg())
    await threads.published(media_type="IMAGE", image_url=spoiler, is_spoiler_media="1", alt_text="Hidden")
    profile = await threads.page("/@demo")
    for piece in ("Album", "Film", 'aria-label="A film"', 'alt="Hidden"', "covered", "1207 followers"):
        assert piece in profile, piece
    assert "The second" not in profile


async def test_pages_that_are_not_there(threads):
    for path in ("/@nobody", "/@demo/post/nothing", "/t/nothing"):
        answer = await threads.running.http.get(threads.url + path)
        assert answer.status_code == 404
        assert "text/html" in answer.headers["content-type"]
    assert "Nothing has been posted here yet" in await threads.page("/@demo/")
