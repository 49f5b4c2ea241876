"""Whose account a login is, on the networks where it is one account's."""

from __future__ import annotations

from typing import Any

import pytest
from tests.platforms.answering import Answer, Asked, Net, with_answers
from tests.platforms.scripted_tiktok import said

from polypost.errors import PlatformError, ReconnectRequired, Rejected, TokenExpired, Unavailable
from polypost.platforms.base import Account
from polypost.platforms.registry import connector

PATHS = {
    "twitter": "/2/users/me",
    "instagram": "/v26.0/me",
    "threads": "/v1.0/me",
    "tiktok": "/v2/user/info/",
    "pinterest": "/v5/user_account",
    "reddit": "/api/v1/me",
    "youtube": "/youtube/v3/channels",
}
POLLY = {
    "id": "12",
    "name": "Polly Post",
    "username": "polly",
    "profile_image_url": "https://pbs.example.com/polly.jpg",
    "subscription_type": "Premium",
    "verified": True,
}
PROFESSIONAL = {"id": "99", "user_id": 1784, "username": "demo", "name": "", "account_type": "MEDIA_CREATOR"}
THREADER = {
    "id": 24876543210987001,
    "username": "demo",
    "name": "",
    "threads_profile_picture_url": "https://a.example/p.png",
    "is_verified": True,
}
CREATOR = {"open_id": "open-1", "display_name": "Demo"}
NAMED = {"union_id": "union-1", "avatar_url": "https://cdn.example/a.png", "username": "demo"}
PINNER = {
    "id": "5",
    "username": "demo",
    "account_type": "PINNER",
    "business_name": None,
    "board_count": 2,
    "profile_image": "https://i.pinimg.com/a.jpg",
    "about": "x",
}
REDDITOR = {
    "name": "PyAPITestUser2",
    "id": "4cixf",
    "icon_img": "https://i.example/a.png?x=1&amp;y=2",
    "link_karma": 12,
    "is_suspended": False,
}
CHANNEL = {"id": "UCx", "snippet": {"title": "T", "customUrl": None}}
UNSCOPED = (401, said(code="scope_not_authorized"))


def identified(platform: str, *answers: Answer) -> tuple[Any, list[Asked]]:
    """The accounts that a login stands for, or the error, and what was asked for; the last answer is given for ever."""
    found: list[Any] = []

    async def story(net: Net) -> None:
        network = connector(platform)
        assert network is not None
        try:
            found.append(await network.identify(net.session))
        except PlatformError as error:
            found.append(error)
        found.append(net.asked)
        assert {asked.path for asked in net.asked} == {PATHS[platform]}

    line = list(answers)
    with_answers(platform, Account("1"), lambda _: line.pop(0) if len(line) > 1 else line[0], story)
    return found[0], found[1]


def of_instagram() -> Account:
    return Account(
        "1784", "demo", "demo", "https://www.instagram.com/demo/", None, {"account_type": "MEDIA_CREATOR"}
    )


def of_pinterest(name: str) -> Account:
    known = {"account_type": "PINNER", "board_count": 2}
    return Account("5", "demo", name, "https://www.pinterest.com/demo/", "https://i.pinimg.com/a.jpg", known)


@pytest.mark.parametrize(
    ("platform", "answer", "account"),
    [
        (
            "twitter",
            {"data": POLLY},
            Account(
                "12",
                "polly",
                "Polly Post",
                "https://x.com/polly",
                "https://pbs.example.com/polly.jpg",
                {"subscription_type": "Premium"},
            ),
        ),
        ("instagram", PROFESSIONAL, of_instagram()),
        ("instagram", {"data": [PROFESSIONAL]}, of_instagram()),
        (
            "threads",
            THREADER,
            Account(
                "24876543210987001",
                "demo",
                "demo",
                "https://www.threads.net/@demo",
                "https://a.example/p.png",
                {"is_verified": True},
            ),
        ),
        (
            "tiktok",
            said({"user": CREATOR | NAMED}),
            Account(
                "open-1",
                "demo",
                "Demo",
                "https://www.tiktok.com/@demo",
                "https://cdn.example/a.png",
                {"union_id": "union-1"},
            ),
        ),
        ("pinterest", PINNER, of_pinterest("demo")),
        ("pinterest", PINNER | {"business_name": "Shop"}, of_pinterest("Shop")),
        (
            "reddit",
            REDDITOR,
            Account(
                "4cixf",
                "PyAPITestUser2",
                "PyAPITestUser2",
                "https://www.reddit.com/user/PyAPITestUser2",
                "https://i.example/a.png?x=1&y=2",
                {"link_karma": 12, "is_suspended": False},
            ),
        ),
        (
            "youtube",
            {"items": [CHANNEL]},
            Account(
                "UCx",
                None,
                "T",
                "https://www.youtube.com/channel/UCx",
                metadata={"uploads": None, "long_uploads": None},
            ),
        ),
    ],
)
def test_who_it_is(platform: str, answer: Any, account: Account) -> None:
    found, asked = identified(platform, (200, answer))
    assert found == [account]
    if platform == "twitter":
        assert "subscription_type" in asked[0].one("user.fields")
    if platform == "tiktok":
        assert asked[0].one("fields") == "open_id,union_id,avatar_url,display_name,username"


def test_a_person_may_keep_the_name_back() -> None:
    found, asked = identified("tiktok", UNSCOPED, (200, said({"user": CREATOR})))
    assert found == [Account("open-1", None, "Demo")]
    assert "username" not in asked[1].one("fields")


@pytest.mark.parametrize(
    ("platform", "answer", "error"),
    [
        ("twitter", (200, {"data": {"id": "12"}}), Unavailable),
        ("twitter", (401, {"title": "Unauthorized"}), TokenExpired),
        ("instagram", (200, {"id": "99"}), Rejected),
        ("instagram", (200, {"user_id": "1", "account_type": "PERSONAL"}), Rejected),
        ("threads", (200, {"username": "demo"}), Rejected),
        ("tiktok", (200, said({"user": {}})), Unavailable),
        ("tiktok", (200, said()), Unavailable),
        ("tiktok", UNSCOPED, ReconnectRequired),
        ("tiktok", (401, said(code="access_token_invalid")), TokenExpired),
        ("pinterest", (200, {"username": "demo"}), Unavailable),
        ("reddit", (200, {"name": None}), Unavailable),
        ("youtube", (200, {"kind": "youtube#channelListResponse"}), Rejected),
        ("youtube", (200, {"kind": "youtube#channelListResponse", "items": []}), Rejected),
        ("youtube", (200, {"kind": "youtube#channelListResponse", "items": ["?"]}), Rejected),
        ("youtube", (200, {}), Unavailable),
    ],
)
def test_an_answer_that_names_nobody(platform: str, answer: Answer, error: type[PlatformError]) -> None:
    assert type(identified(platform, answer)[0]) is error
