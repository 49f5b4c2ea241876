"""X: finding a post whose answer was lost among the account's own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.platforms.scripted import with_network
from tests.platforms.scripted_twitter import LISTING, Script, post, run_on

from polypost.errors import NoAnswer
from polypost.platforms.base import Absent, Attempt, CannotTell, Found, Proof, Reconciled
from polypost.platforms.twitter import CONNECTOR
from polypost.platforms.twitter.reconcile import essence

STARTED = datetime(2026, 11, 24, 12, 0, 0, 500_000, tzinfo=UTC)


def attempt(text: str = "Hello", media: int = 0, reply_to: str | None = None) -> Attempt:
    return Attempt("post", 1, STARTED, {"text": text, "media": media, "reply_to": reply_to})


def listed(
    number: int, text: str = "Hello", created: str = "2026-11-24T12:00:01.000Z", **more: Any
) -> dict[str, Any]:
    return {"id": str(number), "text": text, "created_at": created, **more}


def page(*posts: dict[str, Any], token: str | None = None) -> tuple[int, Any]:
    meta = {"result_count": len(posts), **({"next_token": token} if token else {})}
    return 200, {"data": list(posts), "meta": meta} if posts else {"meta": meta}


def looked(
    wanted: Attempt, *answers: Any, taken: set[str] | None = None
) -> tuple[Reconciled, list[dict[str, str]]]:
    """What a look finds, and the queries it made."""

    async def story(net: Script) -> tuple[Reconciled, list[dict[str, str]]]:
        net.on(LISTING, *answers)
        run = run_on(net)
        run.taken |= taken or set()
        # The publishing room has no files any more when it looks.
        found = await CONNECTOR.reconcile(run, post("whatever"), wanted)
        return found, [asked.query for asked in net.asked]

    return with_network(Script, story)


def found(number: int) -> Found:
    return Found(Proof(str(number), f"https://x.com/polly/status/{number}"))


def test_the_same_text_since_the_attempt_is_it() -> None:
    result, queries = looked(attempt(), page(listed(9, "Something else"), listed(8)))
    assert result == found(8)
    assert queries[0]["start_time"] == "2026-11-24T11:58:00Z"
    assert queries[0]["max_results"] == "100"
    assert {"created_at", "entities", "attachments", "referenced_tweets"} <= set(
        queries[0]["tweet.fields"].split(",")
    )


def test_nothing_there() -> None:
    assert looked(attempt(), page())[0] == Absent()
    assert looked(attempt(), page(listed(9, "Other")))[0] == Absent()


def test_older_posts_do_not_count() -> None:
    assert looked(attempt(), page(listed(9, created="2026-11-24T11:57:59.000Z")))[0] == Absent()
    assert looked(attempt(), page(listed(9, created="2026-11-24T11:58:00.000Z")))[0] == found(9)


def test_the_oldest_that_belongs_to_nobody_else_is_taken() -> None:
    posts = page(listed(12), listed(11), listed(9))
    assert looked(attempt(), posts)[0] == found(9)
    assert looked(attempt(), posts, taken={"9"})[0] == found(11)
    assert looked(attempt(), posts, taken={"9", "11", "12"})[0] == Absent()


def test_all_pages_are_read() -> None:
    result, queries = looked(attempt(), page(listed(12), token="more"), page(listed(9)))
    assert result == found(9)
    assert [query.get("pagination_token") for query in queries] == [None, "more"]


def test_a_timeline_without_end_cannot_be_judged() -> None:
    assert isinstance(looked(attempt(), page(listed(12, "x"), token="more"))[0], CannotTell)


def test_links_are_compared_by_where_they_lead() -> None:
    urls = [
        {"url": "https://t.co/aaaaaaaaaa", "expanded_url": "https://example.com/a%20b/"},
        {"url": "https://t.co/bbbbbbbbbb", "expanded_url": "http://example.org"},
    ]
    shown = listed(8, "See https://t.co/aaaaaaaaaa, https://t.co/bbbbbbbbbb", entities={"urls": urls})
    assert looked(attempt("See https://Example.com/a%20b, example.org"), page(shown))[0] == found(8)
    assert looked(attempt("See https://example.com/c, example.org"), page(shown))[0] == Absent()


def test_only_the_three_html_entities_are_undone() -> None:
    assert looked(
        attempt("a < b && c > d &copy;"), page(listed(8, "a &lt; b &amp;&amp; c &gt; d &amp;copy;"))
    )[0] == found(8)
    assert looked(attempt("&lt;"), page(listed(8, "&amp;lt;")))[0] == found(8)


def test_white_space_and_composition_do_not_count() -> None:
    assert looked(attempt("  cafe\u0301 \r\n\r\n au lait\n"), page(listed(8, "café\n\nau lait")))[0] == found(
        8
    )


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        (
            "Hello https://t.co/mmmmmmmmmm",
            [{"url": "https://t.co/mmmmmmmmmm", "expanded_url": "https://x.com/polly/status/8/photo/1"}],
        ),
        (
            "Hello https://t.co/mmmmmmmmmm",
            [{"url": "https://t.co/mmmmmmmmmm", "expanded_url": "https://example.com", "media_key": "3_1"}],
        ),
        ("Hello https://t.co/mmmmmmmmmm", []),
        ("Hello", []),
    ],
)
def test_the_link_that_x_adds_for_media_does_not_count(text: str, urls: list[dict[str, str]]) -> None:
    shown = listed(8, text, entities={"urls": urls}, attachments={"media_keys": ["3_1"]})
    assert looked(attempt(media=1), page(shown))[0] == found(8)


def test_the_number_of_media_items_counts() -> None:
    two = listed(8, "", attachments={"media_keys": ["3_1", "3_2"]})
    assert looked(attempt("", media=2), page(two))[0] == found(8)
    assert looked(attempt("", media=1), page(two))[0] == Absent()
    assert looked(attempt("Hello", media=1), page(listed(8)))[0] == Absent()


@pytest.mark.parametrize("member", ["referenced_tweets", "referenced_posts"])
def test_the_parent_counts_under_both_its_names(member: str) -> None:
    reply = listed(8, **{member: [{"type": "quoted", "id": "5"}, {"type": "replied_to", "id": "7"}]})
    assert looked(attempt(reply_to="7"), page(reply))[0] == found(8)
    assert looked(attempt(reply_to="6"), page(reply))[0] == Absent()
    assert looked(attempt(), page(reply))[0] == Absent()
    assert looked(attempt(reply_to="7"), page(listed(8)))[0] == Absent()


def test_mentions_that_x_puts_in_front_of_a_reply_do_not_count() -> None:
    reply = listed(8, "@jack @jill Hello", referenced_tweets=[{"type": "replied_to", "id": "7"}])
    assert looked(attempt(reply_to="7"), page(reply))[0] == found(8)
    assert looked(attempt("@jill Hello", reply_to="7"), page(reply))[0] == Absent()
    assert looked(attempt("@jack @jill Hello", reply_to="7"), page(reply))[0] == found(8)


@pytest.mark.parametrize("member", ["note_tweet", "note_post"])
def test_a_long_post_is_compared_whole(member: str) -> None:
    text = "long " * 100 + "example.com"
    note = {
        "text": "long " * 100 + "https://t.co/aaaaaaaaaa",
        "entities": {"urls": [{"url": "https://t.co/aaaaaaaaaa", "expanded_url": "http://example.com"}]},
    }
    shown = listed(8, "long long… https://t.co/bbbbbbbbbb", **{member: note})
    assert looked(attempt(text), page(shown))[0] == found(8)


@pytest.mark.parametrize(
    "answer",
    [
        (401, {"title": "Unauthorized"}),
        (403, {"title": "Forbidden"}),
        (429, {"title": "Too Many Requests"}),
        (500, b""),
        (200, b"not json"),
        (200, {"errors": [{"title": "Authorization Error"}]}),
    ],
)
def test_a_refused_look_tells_nothing(answer: Any) -> None:
    assert isinstance(looked(attempt(), answer)[0], CannotTell)
    assert isinstance(looked(attempt(), page(listed(9), token="more"), answer)[0], CannotTell)


def test_a_lost_answer_stays_the_clients_error() -> None:
    with pytest.raises(NoAnswer):
        looked(attempt(), None)


def test_malformed_posts_are_passed_over() -> None:
    strange: list[Any] = [
        "x",
        {"text": "Hello"},
        listed(8, entities={"urls": ["x", {"url": 1}]}, attachments=[], referenced_tweets=["x"]),
        {"id": "9", "text": "Hello", "created_at": "yesterday"},
    ]
    assert looked(attempt(), page(*strange))[0] == found(8)


@given(st.text(max_size=60))
def test_the_essence_is_the_same_however_a_text_is_spaced(text: str) -> None:
    assert essence(text) == essence(f"  {text}\n")
    assert essence(text).split() == essence(" ".join(text.split())).split()


@pytest.mark.parametrize(
    ("content", "options", "rule"),
    [
        ("Hello", {}, "unique_text"),
        ("", {}, "never"),
        (" \n", {}, "never"),
        ("Hello", {"threadItems": [{"content": "more"}]}, "unique_text"),
        ("Hello", {"threadItems": [{"content": ""}]}, "never"),
    ],
)
def test_only_a_text_makes_a_second_attempt_safe(content: str, options: dict[str, Any], rule: str) -> None:
    assert CONNECTOR.retry_when_absent(post(content, **options), attempt()) == rule
