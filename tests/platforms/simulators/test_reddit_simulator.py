"""The Reddit simulator as its clients meet it: posts, refusals, limits, lists, pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.platforms.simulators.helpers import demo_account, on
from tests.platforms.simulators.reddit import AGENT, Reddit

from polypost.sandbox.networks.reddit.limits import LIMITS, limit
from polypost.sandbox.networks.reddit.submit import slug

me = demo_account(Reddit)


async def test_a_submission_as_recorded(me: Reddit) -> None:
    data = await me.made("Test Title!", text="Body")
    assert set(data) == {"url", "drafts_count", "id", "name"}
    assert data["name"] == f"t3_{data['id']}"
    assert data["url"] == f"https://www.reddit.com/r/sandbox/comments/{data['id']}/test_title/"
    assert data["id"].isalnum()
    assert data["id"] == data["id"].lower()


async def test_every_spelling_of_a_path(me: Reddit) -> None:
    async def spelled(me: Reddit, path: str) -> None:
        form = {"sr": "sandbox", "kind": "self", "title": "Hello", "api_type": "json"}
        as_query = await me.call("POST", path, params=form)
        as_form = await me.call("POST", path, data=form)
        as_parts = await me.call("POST", path, files={name: (None, value) for name, value in form.items()})
        as_json = await me.call("POST", path, json=form)
        for answer in (as_query, as_form, as_parts, as_json):
            assert answer.json()["json"]["errors"] == []

    for path in ("/api/submit", "/api/submit/", "/api/submit.json"):
        await spelled(me, path)


async def test_without_api_type_the_answer_is_for_a_script(me: Reddit) -> None:
    good = (await me.submit(api_type="")).json()
    assert good["success"] is True
    assert any("/r/sandbox/comments/" in str(call[3]) for call in good["jquery"])
    bad = (await me.submit(None, api_type="")).json()
    assert bad["success"] is False
    assert [".error.NO_TEXT.field-title"] in [call[3] for call in bad["jquery"]]


async def test_without_raw_json_the_characters_of_html_are_escaped(me: Reddit) -> None:
    made = await me.made("a < b & c > d")
    plain = (await me.call("GET", "/api/info", params={"id": made["name"]})).json()
    raw = await me.read("/api/info", id=made["name"])
    titles = [each["data"]["children"][0]["data"]["title"] for each in (plain, raw)]
    assert titles == ["a &lt; b &amp; c &gt; d", "a < b & c > d"]


REFUSALS: dict[str, dict[str, Any]] = {
    "SUBREDDIT_REQUIRED": {"sr": ""},
    "SUBREDDIT_NOEXIST": {"sr": "nosuchplace"},
    "SUBREDDIT_NOTALLOWED": {"sr": "sandboxclosed"},
    "NO_SELFS": {"sr": "sandboxlinks"},
    "NO_LINKS": {"sr": "sandboxtext", "kind": "link", "url": "https://example.com/"},
    "NO_URL": {"kind": "link"},
    "BAD_URL": {"kind": "link", "url": "nothing"},
    "DOMAIN_BANNED": {"kind": "link", "url": "https://banned.example/a"},
    "INVALID_OPTION": {"kind": "other"},
    "TOO_LONG": {"title": "x" * 301},
    "NO_IMAGES": {"sr": "sandboxplain", "kind": "image", "url": "https://x.example/rte_images/a"},
    "NO_VIDEOS": {"sr": "sandboxplain", "kind": "video", "url": "https://x.example/rte_images/a"},
    "SUBMIT_VALIDATION_FLAIR_REQUIRED": {"sr": "sandboxflair"},
    "BAD_FLAIR_TEMPLATE_ID": {"flair_id": "0"},
    "INVALID_CROSSPOST_THING": {"kind": "crosspost", "crosspost_fullname": "t3_none"},
}


async def test_refusals_come_with_a_200(me: Reddit) -> None:
    for code, fields in REFUSALS.items():
        assert await me.refused(**fields) == code, code
    assert await me.refused("Hello", kind="image", url="https://elsewhere.example/a.png") == "BAD_URL"
    assert await me.refused(None) == "NO_TEXT"
    assert await me.refused(text="x" * 40_001) == "TOO_LONG"
    assert await me.refused(flair_text="x" * 65) == "TOO_LONG"
    assert await me.running.posts("reddit") == []
    await me.made("x" * 300, text="x" * 40_000, flair_text="x" * 64)


RULES: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("Short", {"text": "Body"}, "MIN_LENGTH"),
    ("x" * 101, {"text": "Body"}, "MAX_LENGTH"),
    ("A grand giveaway", {"text": "Body"}, "TITLE_BLACKLISTED_STRING"),
    ("What a surprise!", {"text": "Body"}, "TITLE_REGEX_REQUIREMENT"),
    ("A title of its own", {}, "BODY_REQUIRED"),
    ("A title of its own", {"text": "My referral"}, "BODY_BLACKLISTED_STRING"),
    ("A title of its own", {"text": "x" * 1_001}, "BODY_MAX_LENGTH"),
    (
        "A title of its own",
        {"kind": "link", "url": "https://other.example/", "text": "x"},
        "LINK_WHITELIST",
    ),
)


async def test_rules_are_held_where_they_are_asked_for(me: Reddit) -> None:
    for title, fields, reason in RULES:
        strict = await me.submit(title, sr="sandboxrules", validate_on_submit="true", **fields)
        assert strict.status_code == 400
        body = strict.json()
        assert body["reason"] == f"SUBMIT_VALIDATION_{reason}"
        assert body["error_type"] == "SUBMIT_VALIDATION_ERROR"
        assert body["explanation"]
        await me.made(title, sr="sandboxrules", **fields)


async def test_doors(me: Reddit) -> None:
    private = await me.submit(sr="sandboxprivate")
    assert (private.status_code, private.json()) == (
        403,
        {"reason": "private", "message": "Forbidden", "error": 403},
    )
    gone = await me.call("GET", "/r/sandboxbanned/about")
    assert (gone.status_code, gone.json()["reason"]) == (404, "banned")
    assert (await me.call("GET", "/r/nosuchplace/about")).status_code == 404
    other = await me.other()
    assert await other.refused(sr="u_demo") == "SUBREDDIT_NOTALLOWED"
    made = await me.made(sr="u_demo")
    assert made["url"].startswith("https://www.reddit.com/user/demo/comments/")


async def test_a_link_is_there_once(me: Reddit) -> None:
    link = {"kind": "link", "url": "https://www.example.com/a/", "resubmit": "false"}
    first = await me.made(**link)
    same = {**link, "url": "http://example.com/a"}
    assert await me.refused(**same) == "ALREADY_SUB"
    assert await (await me.other()).refused(**same) == "ALREADY_SUB"
    await me.made(**{**link, "sr": "sandboxlinks"})
    await me.made(**{**link, "resubmit": "True"})
    made = await me.made(**{**link, "url": "https://example.com/b"})
    await me.call("POST", "/api/del", data={"id": made["name"]})
    await me.made(**{**link, "url": "https://example.com/b"})
    assert first["id"] in [post["id"] for post in await me.mine()]


async def test_the_headers_of_the_window(me: Reddit) -> None:
    answers = [await me.call("GET", "/api/v1/me") for _ in range(2)]
    used = [int(answer.headers["x-ratelimit-used"]) for answer in answers]
    left = [answer.headers["x-ratelimit-remaining"] for answer in answers]
    assert used == [1, 2]
    assert left == ["999.0", "998.0"]
    assert 0 < int(answers[0].headers["x-ratelimit-reset"]) <= 600
    other = await me.other()
    assert (await other.call("GET", "/api/v1/me")).headers["x-ratelimit-used"] == "1"
    page = await me.running.http.get(f"{me.url}/r/sandbox/")
    assert "x-ratelimit-used" not in page.headers


async def test_a_window_that_is_used_up_is_a_429_for_every_call(me: Reddit) -> None:
    await me.fault("window_used", seconds=90)
    for answer in (await me.submit(), await me.call("GET", "/api/v1/me"), await me.call("POST", "/api/del")):
        assert (answer.status_code, answer.json()) == (429, {"message": "Too Many Requests", "error": 429})
        told = [answer.headers[f"x-ratelimit-{name}"] for name in ("used", "remaining")]
        assert told == ["1000", "0.0"]
        assert 80 < int(answer.headers["x-ratelimit-reset"]) <= 90
    await me.advance(91)
    await me.made()


async def test_a_scope_that_is_missing_is_named_in_a_header(me: Reddit) -> None:
    await me.fault("missing_scope")
    answer = await me.submit()
    assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden", "error": 403})
    assert answer.headers["www-authenticate"] == 'Bearer realm="reddit", error="insufficient_scope"'
    await me.made()


async def test_things_have_the_members_that_clients_read(me: Reddit) -> None:
    made = await me.made("Hello", text="Words")
    said = {"thing_id": made["name"], "text": "Two", "api_type": "json"}
    answer = (await me.call("POST", "/api/comment", data=said)).json()["json"]
    comment = answer["data"]["things"][0]["data"]
    (post,) = await me.mine()
    assert {"score", "ups", "upvote_ratio", "num_comments", "num_crossposts", "view_count"} <= post.keys()
    assert {"removed_by_category", "media_embed", "clicked", "visited", "gildings", "wls"} <= post.keys()
    assert comment["subreddit_name_prefixed"] == post["subreddit_name_prefixed"] == "r/sandbox"
    assert (comment["permalink"], comment["controversiality"]) == (f"{post['permalink']}{comment['id']}/", 0)


async def test_posting_too_fast_is_an_error_in_a_200(me: Reddit) -> None:
    for number in range(limit("posts_per_window")):
        await me.made(f"Number {number}")
    answer = (await me.submit()).json()["json"]
    assert answer["errors"][0][0] == "RATELIMIT"
    assert answer["errors"][0][2] == "ratelimit"
    assert 0 < answer["ratelimit"] <= 600
    assert "data" not in answer
    await me.running.control("POST", "clock", advance=601)
    await me.made("Later")
    await me.running.control("POST", "limits", enforced=False)
    await me.made("Without limits")


async def test_lists_have_pages(me: Reddit) -> None:
    ids = [(await me.made(f"Number {number}"))["id"] for number in range(5)][::-1]
    first = await me.read("/user/demo/submitted", limit=2)
    assert [child["data"]["id"] for child in first["data"]["children"]] == ids[:2]
    assert first["data"]["after"] == f"t3_{ids[1]}"
    second = await me.read("/r/sandbox/new", limit=3, after=first["data"]["after"])
    assert [child["data"]["id"] for child in second["data"]["children"]] == ids[2:]
    assert second["data"]["after"] is None


async def test_a_removed_post_is_still_there_for_its_author(me: Reddit) -> None:
    await me.running.fault("reddit", "removed", times=1)
    made = await me.made("Gone", text="Secret")
    other = await me.other()
    (own,) = await me.mine()
    assert (own["removed_by_category"], own["selftext"]) == ("automod_filtered", "Secret")
    theirs = (await other.read("/api/info", id=made["name"]))["data"]["children"][0]["data"]
    assert theirs["selftext"] == "[removed]"
    assert (await other.read("/r/sandbox/new"))["data"]["children"] == []


async def test_what_was_deleted_leaves_a_stub(me: Reddit) -> None:
    made = await me.made("Kept title", text="Secret")
    other = await me.other()
    assert (await other.call("POST", "/api/del", data={"id": made["name"]})).json() == {}
    assert len(await me.mine()) == 1
    for _ in range(2):
        answer = await me.call("POST", "/api/del", data={"id": made["name"]})
        assert (answer.status_code, answer.json()) == (200, {})
    assert await me.mine() == []
    (stub,) = (await me.read("/api/info", id=made["name"]))["data"]["children"]
    assert (stub["data"]["author"], stub["data"]["selftext"]) == ("[deleted]", "[deleted]")
    page = await me.running.http.get(f"{me.url}/comments/{made['id']}/")
    assert "Secret" not in page.text
    assert "Kept title" in page.text


async def test_comments_marks_and_edits(me: Reddit) -> None:
    made = await me.made("Talk", text="One")

    async def say(parent: str, text: str) -> Any:
        form = {"thing_id": parent, "text": text, "api_type": "json"}
        return (await me.call("POST", "/api/comment", data=form)).json()["json"]

    first = (await say(made["name"], "Two"))["data"]["things"][0]["data"]
    await say(first["name"], "Three")
    assert (await say(made["name"], " "))["errors"][0][0] == "NO_TEXT"
    assert (await say(made["name"], "x" * 10_001))["errors"][0][0] == "TOO_LONG"
    assert (await say("t3_none", "x"))["errors"][0][0] == "DELETED_LINK"
    tree = (await me.read(f"/r/sandbox/comments/{made['id']}/talk/"))[1]["data"]["children"]
    assert tree[0]["data"]["replies"]["data"]["children"][0]["data"]["body"] == "Three"
    edit = {"thing_id": made["name"], "text": "Changed", "api_type": "json"}
    changed = (await me.call("POST", "/api/editusertext", data=edit)).json()["json"]["data"]["things"][0]
    assert changed["data"]["selftext"] == "Changed"
    other = await me.other()
    theirs = (await other.call("POST", "/api/editusertext", data=edit)).json()
    assert theirs["json"]["errors"][0][0] == "NOT_AUTHOR"
    await me.call("POST", "/api/del", data={"id": first["name"]})
    tree = (await me.read(f"/comments/{made['id']}"))[1]["data"]["children"]
    assert tree[0]["data"]["body"] == "[deleted]"


async def test_a_client_without_a_name_is_turned_away(me: Reddit) -> None:
    for agent in ["", "curl/8.0", "python-requests/2.32", "axios/1.7.9", "Java/17.0.2"]:
        answer = await me.call("GET", "/api/v1/me", headers={"user-agent": agent})
        assert answer.status_code == 429, agent
        assert "user agent" in answer.text
    # Widely used publishers call with names as short as these, and Reddit serves them.
    for agent in ["n8n", "node"]:
        answer = await me.call("GET", "/api/v1/me", headers={"user-agent": agent})
        assert answer.status_code == 200, agent


async def test_strange_bodies_are_refused_and_break_nothing(me: Reddit) -> None:
    gallery = {"sr": "sandbox", "title": "Two"}
    asset, _ = await me.uploaded()
    for items in (
        None,
        3,
        [1, 2],
        [{}, {}],
        [{"media_id": asset, "caption": 5}] * 2,
        [{"media_id": [1]}] * 2,
    ):
        answer = await me.call("POST", "/api/submit_gallery_post.json", json={**gallery, "items": items})
        assert answer.json()["json"]["errors"], items
    for options in (None, 3, "ab", [1, 2], [[], {}]):
        body = {"sr": "sandbox", "title": "Well?", "options": options, "duration": 1}
        answer = await me.call("POST", "/api/submit_poll_post", json=body)
        assert answer.json()["json"]["errors"], options
    for text in (
        "[]",
        "3",
        '{"document": [3]}',
        '{"document": [{"e": "par", "c": [3]}]}',
        '{"document": [{}]}',
    ):
        assert await me.refused(richtext_json=text) == "INVALID_OPTION", text
    for content in (b"{", b"[]", b'"\\ud800"', b'{"title": "\\ud800"}'):
        headers = {"content-type": "application/json"}
        answer = await me.call("POST", "/api/submit", content=content, headers=headers)
        assert answer.status_code == 400, content
    for path in ("/api/info?id=t9_x,,t3_", "/user/demo/submitted?limit=x&after=zz", "/api/v1/nothing"):
        assert (await me.call("GET", path)).status_code in {200, 404}, path
    assert (
        await me.running.http.get(f"{me.url}/r/sandbox/new.json", headers={"user-agent": AGENT})
    ).status_code == 401
    assert await me.running.posts("reddit") == []


async def test_the_faults_of_its_own(me: Reddit) -> None:
    for fault, status in (("spam_filter", 415), ("to_login", 302), ("in_timeout", 200), ("quota", 200)):
        await me.running.fault("reddit", fault, times=1)
        answer = await me.submit()
        assert answer.status_code == status
        if status == 200:
            code = answer.json()["json"]["errors"][0][0]
            assert code == {"in_timeout": "IN_TIMEOUT", "quota": "QUOTA_FILLED"}[fault]
    await me.running.fault("reddit", "error_before", times=1)
    assert (await me.submit()).headers["content-type"].startswith("text/html")
    await me.running.fault("reddit", "lost_answer", times=1)
    with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
        await me.submit()
    assert len(await me.running.posts("reddit")) == 1


async def test_pages_show_what_was_posted(me: Reddit) -> None:
    _, url = await me.uploaded()
    await me.made("A link", kind="link", url="https://example.com/page", nsfw="true", spoiler="true")
    await me.made("A text", text="**bold** [label](https://example.com/x) <script>alert(1)</script>")
    await me.submit("A picture", kind="image", url=url)
    poll = {"sr": "sandbox", "title": "A poll", "text": "", "options": ["Yes", "No"], "duration": 2}
    await me.call("POST", "/api/submit_poll_post", json=poll)
    parent = (await me.mine())[2]
    await me.made("A crosspost", kind="crosspost", crosspost_fullname=parent["name"])
    pages = {}
    for post in await me.mine():
        page = await me.running.http.get(me.url + post["permalink"])
        assert page.status_code == 200
        pages[post["title"]] = page.text
    assert "example.com" in pages["A link"]
    assert "NSFW" in pages["A link"]
    assert "<b>bold</b>" in pages["A text"]
    assert "<script>" not in pages["A text"]
    assert "<img" in pages["A picture"]
    assert "Yes" in pages["A poll"]
    assert "A text" in pages["A crosspost"]
    for path in ("/", "/r/sandbox/", "/user/demo/", "/r/sandbox/comments/welcome/x/"):
        page = await me.running.http.get(me.url + path)
        assert page.status_code == 200, path
        assert "https://" not in page.headers["content-security-policy"]
    for path in ("/r/sandboxprivate/", "/user/nobody/", "/comments/none/", "/nothing"):
        assert (await me.running.http.get(me.url + path)).status_code == 404, path


def test_demo_accounts_are_the_same_in_every_sandbox(tmp_path: Path) -> None:
    found: list[list[tuple[str, str]]] = []

    async def story(me: Reddit) -> None:
        accounts = await me.running.accounts("reddit")
        found.append([(each["platformUserId"], each["username"]) for each in accounts])
        assert accounts[0]["options"] == {"subreddit": "sandbox"}

    on(Reddit, tmp_path / "one", story)
    on(Reddit, tmp_path / "two", story)
    assert found[0] == found[1]
    assert [name for _, name in found[0]] == ["demo", "demo2"]


def test_every_number_has_a_source() -> None:
    assert all(number.source for number in LIMITS.values())
    assert AGENT.startswith("test:")


@pytest.mark.parametrize(
    ("title", "end"), [("Test Title!", "test_title"), ("日本", "post"), ("x " * 60, "x_" * 24 + "x")]
)
def test_the_readable_end_of_an_address(title: str, end: str) -> None:
    assert slug(title).startswith(end)
    assert len(slug(title)) <= 50
