"""Whole Reddit stories against the simulator, over loopback sockets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests import media
from tests.platforms.run import Died, MemoryRun
from tests.platforms.sandboxed_reddit import Room, post

from polypost import clock
from polypost.errors import (
    Duplicate,
    OutcomeUnknown,
    PolypostError,
    RateLimited,
    ReconnectRequired,
    Rejected,
    TokenExpired,
)
from polypost.platforms.base import Absent, Attempt, Found, Post, Proof
from polypost.platforms.reddit import CONNECTOR
from polypost.platforms.reddit.spec import SPEC

pytestmark = pytest.mark.anyio

SECOND = timedelta(seconds=2)
LINK = "https://example.com/a?b=1&c=<2>"
CASES: dict[str, tuple[Callable[[Room], Post], int]] = {
    "text": (lambda _: post("Hello <world> & all\n\nThe **rest** of it."), 0),
    "title only": (lambda _: post("Hello"), 0),
    "text with pictures": (
        lambda room: post("Look\nat these", room.picture("1.png"), room.picture("2.png"), kind="self"),
        2,
    ),
    "link": (lambda _: post("Read this", url=LINK), 0),
    "image": (lambda room: post("Look", room.picture()), 1),
    "gif": (lambda room: post("Look", room.file("a.gif", media.gif(3))), 1),
    "film": (lambda room: post("Look\nA film", room.film()), 1),
    "silent film": (lambda room: post("Look", room.film(), kind="videogif"), 1),
    "gallery": (
        lambda room: post(
            "Look",
            *(room.picture(f"{n}.png") for n in range(3)),
            gallery=[{"caption": "one", "outboundUrl": "https://example.com/"}, {}],
        ),
        3,
    ),
    "poll": (lambda _: post("Well?", poll={"options": ["Yes", "No"], "durationDays": 3.0}), 0),
}
UNNAMED = {"image", "gif", "film", "silent film"}


async def told(room: Room, wanted: Post, run: MemoryRun | None = None) -> Proof:
    """Tell a story to its end: where Reddit names no post, look for it as the engine does."""
    run = run or room.run()
    try:
        return await CONNECTOR.publish(run, wanted)
    except OutcomeUnknown:
        await room.pass_time(SECOND)
        found = await CONNECTOR.reconcile(run, wanted, run.attempts[-1])
        assert isinstance(found, Found)
        run.rows["submit"] = found.proof
        return await CONNECTOR.publish(room.run(rows=run.rows), wanted)


@pytest.mark.parametrize("case", CASES)
async def test_each_kind_of_post_goes_out_once(room: Room, case: str) -> None:
    make, count = CASES[case]
    proof = await told(room, make(room))
    (shown,) = await room.posts()
    assert (shown["id"], shown["mediaCount"], shown["accountId"]) == (proof.id, count, room.account.id)
    assert proof.url == f"https://www.reddit.com{urlsplit(shown['permalink']).path}"
    page = await room.web.get(urlsplit(proof.url).path)
    assert page.status_code == 200
    (listed,) = await room.shown()
    assert (listed["id"], listed["subreddit"]) == (proof.id, "sandbox")


@pytest.mark.parametrize(("kind", "rule"), [("link", "always"), ("self", "never"), ("video", "never")])
def test_only_a_link_may_be_sent_again(kind: str, rule: str) -> None:
    attempt = Attempt("submit", 1, clock.now(), {"kind": kind, "resubmit": False})
    assert CONNECTOR.retry_when_absent(post(), attempt) == rule


async def test_a_link_sent_twice_is_evidence_not_a_second_post(room: Room) -> None:
    run, wanted = room.run(), post("Read this", url=LINK)
    await room.fault("lost_answer")
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            await CONNECTOR.publish(run, wanted)
    assert len(await room.posts()) == 1
    assert isinstance(await CONNECTOR.reconcile(run, wanted, run.attempts[-1]), Found)
    with pytest.raises(Duplicate):
        await CONNECTOR.publish(room.run(), wanted)
    again = post("Read this", url=LINK, resubmit=True)
    run = room.run()
    await CONNECTOR.publish(run, again)
    assert len(await room.posts()) == 2
    assert CONNECTOR.retry_when_absent(again, run.attempts[0]) == "never"


async def test_what_is_asked_for_is_what_is_there(room: Room) -> None:
    (flair, own) = await room.read("/r/sandbox/api/link_flair_v2")
    proof = await CONNECTOR.publish(
        room.run(),
        post(
            "One & two\nThree <four>",
            flairId=own["id"],
            flairText="My own",
            nsfw=True,
            spoiler=True,
            sendReplies=False,
        ),
    )
    (shown,) = await room.shown()
    wanted = {
        "id": proof.id,
        "title": "One & two",
        "selftext": "Three <four>",
        "link_flair_text": "My own",
        "link_flair_template_id": own["id"],
        "over_18": True,
        "spoiler": True,
        "send_replies": False,
        "is_self": True,
    }
    assert {name: shown[name] for name in wanted} == wanted
    assert flair["text"] == "News"


async def test_a_gallery_keeps_its_captions_and_links(room: Room) -> None:
    await CONNECTOR.publish(room.run(), CASES["gallery"][0](room))
    (shown,) = await room.shown()
    items = shown["gallery_data"]["items"]
    assert [(item["caption"], item["outbound_url"]) for item in items] == [
        ("one", "https://example.com/"),
        ("", ""),
        ("", ""),
    ]
    assert set(shown["media_metadata"]) == {item["media_id"] for item in items}


async def test_a_crosspost_and_a_profile(room: Room) -> None:
    first = await CONNECTOR.publish(room.run(), post("One"))
    run = room.run()
    await room.fault("lost_answer")
    wanted = post("Look over there", crosspostId=f"t3_{first.id}", subreddit="u_demo")
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, wanted)
    found = await CONNECTOR.reconcile(run, wanted, run.attempts[0])
    assert isinstance(found, Found)
    assert found.proof.url
    assert found.proof.url.startswith("https://www.reddit.com/user/demo/comments/")
    shown = (await room.shown())[0]
    assert (shown["crosspost_parent"], shown["subreddit"]) == (f"t3_{first.id}", "u_demo")
    page = await room.web.get(urlsplit(found.proof.url).path)
    assert "One" in page.text


async def test_the_films_own_still_picture_is_used(room: Room) -> None:
    still = room.picture("still.png")
    film = room.film(thumbnail=still.url)
    run = room.run()
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, post("Look", film, further=(still,)))
    assert still.reads
    assert run.rows["poster"]["asset_id"] in run.rows["poster"]["url"]


async def test_media_that_reddit_cannot_use_never_become_a_post(room: Room) -> None:
    run, wanted = room.run(), post("Look", room.picture())
    await room.fault("media_failed")
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, wanted)
    await room.pass_time(timedelta(minutes=30))
    assert await CONNECTOR.reconcile(run, wanted, run.attempts[0]) == Absent()
    assert CONNECTOR.retry_when_absent(wanted, run.attempts[0]) == "never"
    assert await room.posts() == []


@pytest.mark.parametrize("fault", ["processing", "listing_lag"])
async def test_what_takes_time_is_found_later(room: Room, fault: str) -> None:
    run, wanted = room.run(), post("Look", room.film())
    await room.fault(fault, seconds=40)
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, wanted)
    early = await CONNECTOR.reconcile(run, wanted, run.attempts[0])
    await room.pass_time(timedelta(seconds=60))
    late = await CONNECTOR.reconcile(run, wanted, run.attempts[0])
    assert (type(early), type(late)) == (Absent, Found)


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        ("rate_limited", RateLimited, "rate_limited"),
        ("quota", RateLimited, "rate_limited"),
        ("window_used", RateLimited, "rate_limited"),
        ("missing_scope", ReconnectRequired, "reconnect_required"),
        ("duplicate", Duplicate, "duplicate"),
        ("token_dead", TokenExpired, "reconnect_required"),
        ("to_login", TokenExpired, "reconnect_required"),
        ("in_timeout", Rejected, "account_restricted"),
        ("spam_filter", Rejected, "rejected"),
    ],
)
async def test_refusals_are_understood(room: Room, fault: str, error: type[PolypostError], code: str) -> None:
    run = room.run()
    await room.fault(fault, seconds=90)
    with pytest.raises(error) as refused:
        await CONNECTOR.publish(run, post())
    assert type(refused.value) is error
    assert refused.value.code == code
    if fault in {"rate_limited", "window_used"}:
        assert isinstance(refused.value, RateLimited)
        assert timedelta(seconds=80) < refused.value.until - run.now() <= timedelta(seconds=90)
    assert await room.posts() == []


NOT_TAKEN: tuple[tuple[dict[str, Any], str], ...] = (
    ({"subreddit": "nosuchplace"}, "SUBREDDIT_NOEXIST"),
    ({"subreddit": "sandboxbanned"}, "SUBREDDIT_NOEXIST"),
    ({"subreddit": "sandboxclosed"}, "SUBREDDIT_NOTALLOWED"),
    ({"subreddit": "u_demo2"}, "SUBREDDIT_NOTALLOWED"),
    ({"subreddit": "sandboxprivate"}, "private"),
    ({"subreddit": "sandboxlinks"}, "NO_SELFS"),
    ({"subreddit": "sandboxtext", "url": LINK}, "NO_LINKS"),
    ({"subreddit": "sandboxflair"}, "FLAIR_REQUIRED"),
    ({"flairId": "none-of-theirs"}, "BAD_FLAIR_TEMPLATE_ID"),
    ({"subreddit": "sandboxrules", "title": "Short"}, "at least 10 characters"),
    ({"subreddit": "sandboxrules", "title": "A big giveaway today"}, "giveaway"),
    (
        {"subreddit": "sandboxplain", "poll": {"options": ["a", "b"], "durationDays": 1}},
        "POLLS_DISABLED",
    ),
    ({"url": "https://banned.example/"}, "DOMAIN_BANNED"),
    ({"crosspostId": "zzz"}, "INVALID_CROSSPOST_THING"),
)


async def test_what_a_community_does_not_take(room: Room) -> None:
    for options, word in NOT_TAKEN:
        with pytest.raises(Rejected, match=word):
            await CONNECTOR.publish(room.run(), post("Hello", **options))
    files = [room.picture(f"{n}.png") for n in range(2)]
    for subreddit in ("sandboxplain", "sandboxtext"):
        with pytest.raises(Rejected, match="GALLERIES_DISABLED"):
            await CONNECTOR.publish(room.run(), post("Look", *files, subreddit=subreddit))
    assert await room.posts() == []


async def test_the_last_call_of_a_window_lets_the_account_rest(room: Room) -> None:
    # Windows begin on the clock's tens of minutes: one that ends in the middle would count anew.
    await room.pass_time(timedelta(seconds=601 - clock.now().timestamp() % 600))
    for _ in range(SPEC.limit("requests_per_window") - 1):
        await room.read("/api/v1/me")
    run = room.run()
    await CONNECTOR.publish(run, post())
    assert len(run.holds) == 1
    with pytest.raises(RateLimited) as limited:
        await CONNECTOR.publish(room.run(), post())
    assert abs(limited.value.until - run.holds[0]) < timedelta(seconds=5)
    await room.pass_time(limited.value.until - clock.now() + timedelta(seconds=1))
    await CONNECTOR.publish(room.run(), post())


async def test_a_comment_that_fails_is_a_warning(room: Room) -> None:
    first = room.run(dies_at="first-comment")
    with pytest.raises(Died):
        await CONNECTOR.publish(first, post("Hello", firstComment="First"))
    await room.fault("token_dead")
    run = room.run(rows=first.rows)
    proof = await CONNECTOR.publish(run, post("Hello", firstComment="First"))
    assert proof == first.rows["submit"]
    assert run.warnings == ["The post is out, but its first comment could not be added."]


async def test_deleting_twice_is_a_success(room: Room) -> None:
    proof = await CONNECTOR.publish(room.run(), post())
    assert proof.url
    await CONNECTOR.delete(room.run(), proof)
    await CONNECTOR.delete(room.run(), proof)
    assert [entry["deleted"] for entry in await room.posts()] == [True]
    await CONNECTOR.delete(room.run(), Proof("1"))
    assert await room.shown() == []
    page = await room.web.get(urlsplit(proof.url).path)
    assert "[deleted]" in page.text
