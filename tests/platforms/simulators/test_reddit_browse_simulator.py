"""Looking around on Reddit: what scripts and publishers ask for beside posting."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from tests import media
from tests.platforms.simulators.helpers import demo_account
from tests.platforms.simulators.reddit import AGENT, Reddit

me = demo_account(Reddit)


def names(listing: dict[str, Any]) -> list[str]:
    assert listing["kind"] == "Listing"
    return [child["data"]["name"] for child in listing["data"]["children"]]


async def test_histories_front_pages_and_search_show_what_was_posted(me: Reddit) -> None:
    first = await me.made("Apples and pears", text="Fruit")
    second = await me.made("Elsewhere", sr="sandboxtext")
    answer = {"thing_id": first["name"], "text": "Below", "api_type": "json"}
    told = (await me.call("POST", "/api/comment", data=answer)).json()
    comment = told["json"]["data"]["things"][0]["data"]["name"]
    assert names(await me.read("/user/demo/comments")) == [comment]
    assert set(names(await me.read("/user/demo/overview"))) == {first["name"], second["name"], comment}
    assert names(await me.read("/r/sandbox/comments")) == [comment]
    assert names(await me.read("/r/sandboxtext/comments")) == []
    for path in ["/new", "/best", "/", "/r/all/new", "/r/popular"]:
        assert names(await me.read(path)) == [second["name"], first["name"]], path
    page = await me.read("/new", limit=1)
    assert page["data"]["after"] == second["name"]
    assert names(await me.read("/new", limit=1, after=second["name"])) == [first["name"]]
    assert names(await me.read("/search", q="PEARS fruit")) == [first["name"]]
    assert names(await me.read("/r/sandboxtext/search", q="pears", restrict_sr="1")) == []
    assert names(await me.read("/r/sandboxtext/search", q="pears", restrict_sr="0")) == [first["name"]]
    post, others = await me.read(f"/duplicates/{first['id']}")
    assert (names(post), names(others)) == ([first["name"]], [])
    assert (await me.call("GET", "/duplicates/none")).status_code == 404


async def test_communities_are_found_by_a_part_of_their_name(me: Reddit) -> None:
    query = {"q": "sandboxf", "show": "public", "sort": "activity", "show_users": "false", "limit": 10}
    found = (await me.read("/subreddits/search", **query))["data"]["children"]
    assert [(each["data"]["url"], each["data"]["subreddit_type"]) for each in found] == [
        ("/r/sandboxflair/", "public")
    ]
    assert len(names(await me.read("/subreddits/popular"))) > 5
    told = await me.call("POST", "/api/search_reddit_names", data={"query": "sandboxte"})
    assert told.json() == {"names": ["sandboxtext"]}


async def test_marks_boxes_and_facts_about_oneself(me: Reddit) -> None:
    made = await me.made()
    for mark in ["vote", "save", "unsave", "hide", "unhide", "report", "marknsfw"]:
        answer = await me.call("POST", f"/api/{mark}", data={"id": made["name"], "dir": 1})
        assert (answer.status_code, answer.json()) == (200, {}), mark
    for path in ["/message/inbox", "/message/unread", "/user/demo/saved"]:
        assert names(await me.read(path)) == []
    assert (await me.call("GET", "/user/demo2/saved")).status_code == 403
    assert (await me.read("/api/v1/me/karma"))["data"][0]["link_karma"] == 121
    assert (await me.read("/api/v1/me/prefs"))["lang"] == "en"
    assert (await me.read("/api/v1/me/trophies"))["data"] == {"trophies": []}
    assert (await me.read("/api/v1/scopes", scopes="submit,nonsense")).keys() == {"submit"}
    assert await me.read("/api/username_available", user="demo") is False
    assert await me.read("/api/username_available", user="nobody_yet") is True


@pytest.mark.parametrize("written", ["sandbox", "r/sandbox", "/r/sandbox", "/r/Sandbox/"])
async def test_a_community_may_be_written_as_its_path(me: Reddit, written: str) -> None:
    assert "/r/sandbox/comments/" in (await me.made("Hello", sr=written))["url"]


async def test_tokens_are_given_to_a_client_that_sends_no_user_agent(me: Reddit) -> None:
    pair = b64encode(b"sandbox-app:sandbox-app-secret").decode()
    request = me.running.http.build_request(
        "POST",
        f"{me.url}/api/v1/access_token",
        data={"grant_type": "client_credentials"},
        headers={"authorization": f"Basic {pair}"},
    )
    del request.headers["user-agent"]
    answer = await me.running.http.send(request)
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    headers = {"authorization": f"Bearer {token}", "user-agent": AGENT}
    assert (await me.running.http.get(f"{me.url}/r/sandbox/new", headers=headers)).status_code == 200


async def test_things_have_the_members_on_which_typed_clients_insist(me: Reddit) -> None:
    made = await me.made("Whole")
    answer = {"thing_id": made["name"], "text": "Below", "api_type": "json"}
    told = (await me.call("POST", "/api/comment", data=answer)).json()
    comment = told["json"]["data"]["things"][0]["data"]
    assert (comment["link_title"], comment["link_author"]) == ("Whole", "demo")
    assert {"score_hidden", "author_flair_text", "collapsed", "likes"} <= comment.keys()
    post = (await me.read("/r/sandbox/new"))["data"]["children"][0]["data"]
    assert comment["subreddit_id"] == post["subreddit_id"]
    assert {"hide_score", "link_flair_type", "approved_at_utc", "quarantine"} <= post.keys()
    mine, person = await me.read("/api/v1/me"), (await me.read("/user/demo/about"))["data"]
    assert {"awardee_karma", "coins", "has_mod_mail"} <= mine.keys()
    assert "public_description" in mine["subreddit"]
    assert ("is_friend" in person, "coins" in person) == (True, False)
    community = (await me.read("/r/sandbox/about"))["data"]
    assert {"public_description_html", "user_is_muted", "active_user_count"} <= community.keys()


async def test_a_file_without_a_name_is_a_file_to_the_bucket(me: Reddit) -> None:
    lease = await me.lease()
    parts = [*((each["name"], each["value"].encode()) for each in lease["args"]["fields"])]
    parts.append(("file", media.png(40, 30)))
    body = b"".join(
        b'--edge\r\ncontent-disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value)
        for name, value in parts
    )
    sent = await me.running.http.post(
        me.url.partition("//")[0] + lease["args"]["action"],
        content=body + b"--edge--\r\n",
        headers={"content-type": "multipart/form-data; boundary=edge"},
    )
    assert sent.status_code == 201, sent.text
    key = next(each["value"] for each in lease["args"]["fields"] if each["name"] == "key")
    address = f"https:{lease['args']['action']}/{key}"
    assert (await me.submit("Picture", kind="image", url=address)).json()["json"]["errors"] == []
    (shown,) = await me.running.posts("reddit")
    assert (await me.running.http.get(shown["media"][0]["url"])).content == media.png(40, 30)
