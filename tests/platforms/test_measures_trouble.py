"""What reading figures raises when a network refuses, asks to wait, has trouble, or falls silent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from tests.platforms.answering import Answer, Net, with_answers
from tests.platforms.measured import Shown, on_show

from polypost import clock
from polypost.errors import (
    NoAnswer,
    PlatformError,
    PolypostError,
    RateLimited,
    ReconnectRequired,
    Rejected,
    TokenExpired,
    Unavailable,
)
from polypost.platforms.abilities import MetricsSource
from polypost.platforms.base import Account, Proof
from polypost.platforms.registry import connector


def _google(status: int, reason: str, text: str) -> Answer:
    return status, {"error": {"code": status, "message": text, "errors": [{"reason": reason}]}}


def _tiktok(status: int, code: str) -> Answer:
    return status, {"data": {}, "error": {"code": code, "message": "", "log_id": "1"}}


@dataclass(frozen=True)
class Case:
    """A network's own words; `scope` is in what people read when the authorisation lacks it.

    `endless` is a page of a list of posts that always has a next one and nothing that is wanted, `pages` how many are read.
    """

    proof: str
    account: Account
    ended: Answer | None
    limited: Answer
    lacking: Answer
    scope: str
    endless: Any
    pages: int
    lacks: type[PlatformError] = ReconnectRequired
    ended_as: type[PlatformError] = TokenExpired
    extra: tuple[tuple[str, str], ...] = ()


# Posts of others, and an answer to somebody, neither of which is a post of the account's.
STRANGERS = [
    {"id": f"urn:li:share:{number}", "author": "urn:li:person:abc", "publishedAt": 4_000_000_000_000}
    for number in range(100)
]
STUCK = {
    "id": "1",
    "account": {"id": "42"},
    "created_at": clock.iso(clock.now() - timedelta(hours=1)),
    "content": "Hello",
    "in_reply_to_id": "9",
    "reblog": None,
}
CASES = {
    "twitter": Case(
        "1990000000000000000",
        Account("12", "polly"),
        (401, {"title": "Unauthorized", "type": "about:blank", "status": 401}),
        (429, {"title": "Too Many Requests", "status": 429}, {"x-rate-limit-reset": "4000000000"}),
        (403, {"type": "https://api.x.com/2/problems/oauth1-permissions", "detail": "needs tweet.read"}),
        "tweet.read",
        {"data": [], "meta": {"next_token": "on"}},
        pages=10,
    ),
    "youtube": Case(
        "abcdefghijk",
        Account("UCpolly", "polly"),
        _google(401, "authError", "Invalid Credentials"),
        _google(403, "rateLimitExceeded", "Slow down"),
        _google(403, "insufficientPermissions", "Request had insufficient authentication scopes."),
        "youtube.readonly",
        {"items": [], "nextPageToken": "on"},
        pages=20,
    ),
    "tiktok": Case(
        "7560000000000000000",
        Account("open-id-1", "polly"),
        _tiktok(401, "access_token_invalid"),
        _tiktok(429, "rate_limit_exceeded"),
        _tiktok(401, "scope_not_authorized"),
        "video.list",
        {"data": {"videos": [], "cursor": 5, "has_more": True}, "error": {"code": "ok"}},
        pages=6,
        lacks=Rejected,
    ),
    "pinterest": Case(
        "813744226420795884",
        Account("1", "polly"),
        (401, {"code": 2, "message": "Authentication failed."}),
        (429, {"code": 8, "message": "You have exceeded your rate limit. Try again later."}),
        (401, {"code": 3, "message": "Your token does not have the permission pins:read"}),
        "pins:read",
        {"items": [], "bookmark": "on"},
        pages=8,
    ),
    "linkedin": Case(
        "urn:li:share:7000000000000000001",
        Account("urn:li:organization:7"),
        (401, {"status": 401, "message": "Invalid access token"}),
        (429, {"status": 429, "message": "Resource level throttle limit reached"}),
        (403, {"status": 403, "code": "ACCESS_DENIED", "message": "Not enough permissions to access"}),
        "r_organization_social",
        {"elements": STRANGERS},
        pages=10,
        lacks=Rejected,
    ),
    "reddit": Case(
        "abc123",
        Account("p1", "polly"),
        (401, {"message": "Unauthorized", "error": 401}),
        (429, {"message": "Too Many Requests", "error": 429}, {"x-ratelimit-reset": "60"}),
        (403, {}, {"www-authenticate": 'Bearer realm="reddit", error="insufficient_scope"'}),
        "scope read",
        {"kind": "Listing", "data": {"children": [], "after": "t3_1", "before": None}},
        pages=10,
    ),
    "bluesky": Case(
        "at://did:plc:polly/app.bsky.feed.post/3l",
        Account("did:plc:polly", "polly.example"),
        None,
        (429, {"error": "RateLimitExceeded"}, {"ratelimit-remaining": "0", "ratelimit-reset": "4000000000"}),
        (403, {"error": "InsufficientScope", "message": "needs the scope transition:generic"}),
        "transition:generic",
        {"feed": [], "cursor": "on"},
        pages=20,
    ),
    "mastodon": Case(
        "7",
        Account("42@example.social", metadata={"apiVersion": 6}),
        (401, {"error": "The access token is invalid"}),
        (429, {"error": "Too many requests"}, {"x-ratelimit-reset": "4000000000"}),
        (
            403,
            {"error": "This action is outside the authorized scopes", "error_description": "read:statuses"},
        ),
        "read:statuses",
        [STUCK],
        pages=25,
        # Tokens have no end there; one that is refused was taken back.
        ended_as=ReconnectRequired,
        extra=(("server", "example.social"),),
    ),
}
NOW = clock.now


def meets(platform: str, answer: Answer, expect: Callable[[Net, MetricsSource], Any]) -> None:
    """Ask with a network that gives this answer to everything."""
    case, network = CASES[platform], connector(platform)
    assert isinstance(network, MetricsSource)

    async def story(net: Net) -> None:
        await expect(net, network)

    with_answers(platform, case.account, lambda _: answer, story, **dict(case.extra))


def calls(platform: str, net: Net, network: MetricsSource) -> list[Any]:
    """Both questions, not yet awaited."""
    since = NOW() - timedelta(days=7)
    return [
        network.measure(net.session, [Proof(CASES[platform].proof)]),
        network.recent(net.session, since=since, until=NOW(), most=5),
    ]


def raises(platform: str, answer: Answer, error: type[PolypostError]) -> list[Any]:
    """What both questions raise."""
    seen: list[Any] = []

    async def expect(net: Net, network: MetricsSource) -> None:
        for call in calls(platform, net, network):
            with pytest.raises(error) as raised:
                await call
            seen.append(raised.value)

    meets(platform, answer, expect)
    return seen


each = pytest.mark.parametrize("platform", CASES)


@pytest.mark.parametrize("platform", [name for name, case in CASES.items() if case.ended])
def test_an_authorisation_that_has_ended(platform: str) -> None:
    case = CASES[platform]
    assert case.ended is not None
    raises(platform, case.ended, case.ended_as)


@each
def test_too_many_calls(platform: str) -> None:
    for error in raises(platform, CASES[platform].limited, RateLimited):
        assert isinstance(error, RateLimited)
        assert error.until > NOW()


@each
def test_a_scope_that_is_missing_is_named(platform: str) -> None:
    case = CASES[platform]
    errors = raises(platform, case.lacking, case.lacks)
    assert case.scope in f"{errors[0]} {errors[0].next_step}"
    assert not any(isinstance(error, TokenExpired) for error in errors)


@each
def test_trouble_of_the_network(platform: str) -> None:
    raises(platform, (500, {"message": "Something went wrong"}), Unavailable)


@each
def test_silence(platform: str) -> None:
    raises(platform, None, NoAnswer)


@each
def test_an_answer_in_another_shape(platform: str) -> None:
    """Nothing is invented: no figures, no posts, or a clear word that the network answered nonsense."""

    async def expect(net: Net, network: MetricsSource) -> None:
        for body in ([], {}, {"data": 7, "items": "x", "posts": [3], "elements": {}, "results": []}):
            net.always(200, body)
            for call in calls(platform, net, network):
                try:
                    found = await call
                except Unavailable:
                    continue
                assert not found

    meets(platform, (200, {}), expect)


@each
def test_a_list_without_an_end_is_left(platform: str) -> None:
    case = CASES[platform]

    async def expect(net: Net, network: MetricsSource) -> None:
        most = {"twitter": 500, "tiktok": 20}.get(platform, 9)
        since = NOW() - timedelta(days=1)
        assert await network.recent(net.session, since=since, until=NOW(), most=most) == []
        assert len(net.asked) == case.pages

    meets(platform, (200, case.endless), expect)


@pytest.mark.parametrize(
    ("platform", "fault", "error"),
    [
        ("facebook", "token_dead", ReconnectRequired),
        ("instagram", "token_expired", TokenExpired),
        ("threads", "token_dead", ReconnectRequired),
    ],
)
def test_trouble_on_the_simulator(platform: str, fault: str, error: type[PlatformError]) -> None:
    async def story(shown: Shown) -> None:
        await shown.stage.fault("read_error")
        with pytest.raises(Unavailable):
            await shown.figures()
        await shown.stage.fault("read_limited", seconds=0)
        with pytest.raises(RateLimited):
            await shown.listed()
        await shown.stage.fault(fault)
        with pytest.raises(error):
            await shown.figures()

    on_show(platform, story)
