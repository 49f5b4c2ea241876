"""The Bluesky simulator: limits, faults, restarts, and the bytes and forms that identifiers are made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.platforms.simulators.bluesky import POST, Bluesky, error_of, speaker
from tests.platforms.simulators.helpers import Play, demo_account, play

from polypost import clock
from polypost.sandbox.networks.bluesky.cids import NotData, encode
from polypost.sandbox.networks.bluesky.formats import FORMATS, is_at_uri, is_handle, is_nsid, is_rkey

RKEY = "3lbqta5lnck2i"

me = demo_account(Bluesky)


async def test_limits_and_their_headers(me: Bluesky) -> None:
    answer = await me.create()
    assert answer.headers["ratelimit-policy"] == "3000;w=300"
    now = clock.now().timestamp()
    assert 0 < int(answer.headers["ratelimit-reset"]) - now <= 301
    assert int(answer.headers["ratelimit-remaining"]) < 3_000
    login = await me.post("com.atproto.server.createSession", token=None, identifier=me.handle, password="x")
    assert login.headers["ratelimit-policy"] == "30;w=300"
    for _ in range(29):
        await me.post("com.atproto.server.createSession", token=None, identifier=me.did, password="x")
    last = await me.post(
        "com.atproto.server.createSession",
        token=None,
        identifier=me.handle,
        password=me.account["appPassword"],
    )
    assert error_of(last) == (429, "RateLimitExceeded", "Rate Limit Exceeded")
    assert "retry-after" not in last.headers
    await me.running.fault("bluesky", "rate_limited", times=1, seconds=60)
    limited = await me.create()
    assert limited.status_code == 429
    assert limited.headers["ratelimit-policy"] == "5000;w=3600"
    await me.running.control("POST", "clock", advance=61)
    assert (await me.create()).status_code == 200


async def test_points_of_an_hour(me: Bluesky) -> None:
    kind = "com.atproto.repo.applyWrites"
    batch = [{"$type": f"{kind}#create", "collection": "com.example.thing", "value": {}}] * 200
    for _ in range(8):
        assert (await me.post(kind, repo=me.did, writes=batch)).status_code == 200
    refused = await me.post(kind, repo=me.did, writes=batch)
    assert (refused.status_code, refused.headers["ratelimit-remaining"]) == (429, "0")
    assert (await me.create()).headers["ratelimit-limit"] == "5000"
    await me.running.control("POST", "clock", advance=3_601)
    again = Bluesky(me.running, (await me.running.accounts("bluesky"))[0])
    assert (await again.post(kind, repo=me.did, writes=batch)).status_code == 200


@pytest.mark.parametrize(
    ("fault", "stored", "status"),
    [
        ("error_before", 0, 500),
        ("error_after", 1, 500),
        ("duplicate", 0, 400),
        ("account_takedown", 0, 401),
        ("account_deactivated", 0, 401),
        ("token_dead", 0, 400),
    ],
)
async def test_faults(me: Bluesky, fault: str, stored: int, status: int) -> None:
    await me.running.fault("bluesky", fault, times=1)
    assert (await me.create()).status_code == status
    assert len(await me.running.posts("bluesky")) == stored
    if fault == "token_dead":
        assert error_of(await me.create()) == (400, "ExpiredToken", "Token has been revoked")
        refused = await me.post("com.atproto.server.refreshSession", token=me.refresh_token)
        assert error_of(refused)[1] == "ExpiredToken"


def test_state_outlives_a_restart(tmp_path: Path) -> None:
    made: dict[str, Any] = {}

    async def before(running: Play) -> None:
        me = await speaker(running)
        made.update(await me.made("kept"), token=me.token, did=me.did)

    async def after(running: Play) -> None:
        me = await speaker(running)
        assert (me.did, me.token) == (made["did"], made["token"])
        assert (await me.create("more")).status_code == 200
        (view,) = (await me.get("app.bsky.feed.getPosts", uris=made["uri"])).json()["posts"]
        assert view["cid"] == made["cid"]

    play(tmp_path, before)
    play(tmp_path, after)


def test_demo_accounts_are_the_same_in_every_sandbox(tmp_path: Path) -> None:
    seen = []

    async def look(running: Play) -> None:
        listed = await running.accounts("bluesky")
        seen.append([(each["platformUserId"], each["username"], each["appPassword"]) for each in listed])

    play(tmp_path / "a", look)
    play(tmp_path / "b", look)
    assert seen[0] == seen[1]
    assert [name for _, name, _ in seen[0]] == ["demo.bsky.social", "demo2.bsky.social"]


def test_records_as_bytes() -> None:
    # Keys go by length, then by bytes.
    assert encode({"b": 1, "a": [True, None, -1], "aa": "é"}).hex() == "a3616183f5f620616201626161" + "62c3a9"
    assert encode({"$bytes": "AQI"}) == b"\x42\x01\x02"
    assert encode(2**32).hex() == "1b0000000100000000"
    assert encode("x" * 300)[:3].hex() == "79012c"
    link = {"$link": "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"}
    assert encode(link)[:5].hex() == "d82a582500"
    for wrong in (1.5, "\ud83d", 2**60, {"$link": 7}, {"$link": "x"}, {"$bytes": "é"}, object()):
        with pytest.raises(NotData):
            encode(wrong)


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (
            is_handle,
            ["a.b", "demo.bsky.social", "xn--a.example"],
            ["a", "-a.b", "a.1", "a..b", "x" * 300 + ".com"],
        ),
        (is_nsid, [POST, "com.example.thing"], ["com.example", "com.example.3", "a b.c.d"]),
        (is_rkey, [RKEY, "self", "a:b_c~d-e.f"], [".", "..", "", "a/b", "é", "x" * 513]),
        (
            is_at_uri,
            ["at://a.b", f"at://did:plc:x/{POST}/{RKEY}"],
            ["at://", "at://a", "at://a.b/x/y", "https://a.b"],
        ),
        (
            FORMATS["datetime"],
            ["2026-11-24T13:00:00Z", "2026-11-24T13:00:00.123456789+01:00"],
            ["2026-11-24", "2026-13-24T13:00:00Z", "2026-11-24T13:00:00-00:00"],
        ),
        (FORMATS["language"], ["en", "de-CH", "zh-Hant-TW", "i-klingon"], ["english language", "EN", "e"]),
        (FORMATS["uri"], ["https://a.b", "did:web:x"], ["a.b", "https://a b", "://x"]),
        (FORMATS["did"], ["did:plc:x", "did:web:a.b%3A80"], ["did:", "did:PLC:x", "did:plc:x:"]),
    ],
)
def test_forms_of_text(check: Any, good: list[str], bad: list[str]) -> None:
    assert [text for text in good if not check(text)] == []
    assert [text for text in bad if check(text)] == []
