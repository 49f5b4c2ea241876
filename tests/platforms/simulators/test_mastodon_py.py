"""Mastodon.py, a client that knows nothing of us, works unchanged; only the server's address is given to it."""

from __future__ import annotations

import asyncio
import io
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from mastodon import Mastodon, MastodonAPIError, MastodonNotFoundError, MastodonUnauthorizedError
from tests import media
from tests.platforms.simulators.helpers import Play, play

from polypost import clock

BACK = "https://app.example/back"
SCOPES = ["read", "write"]


def with_client(folder: Path, story: Any) -> None:
    """Tell a story with a client that was let in by its own means."""

    async def main(running: Play) -> None:
        await asyncio.to_thread(lambda: story(connected(running.info.urls["mastodon"])))

    play(folder, main)


def connected(url: str) -> Mastodon:
    client_id, secret = Mastodon.create_app(
        "Stranger", scopes=SCOPES, redirect_uris=BACK, website="https://app.example", api_base_url=url
    )
    client = Mastodon(client_id, secret, api_base_url=url, ratelimit_method="throw")
    page = client.auth_request_url(redirect_uris=BACK, scopes=SCOPES, state="s", allow_http=True)
    answer = requests.get(f"{page}&sandbox_decision=approve", allow_redirects=False, timeout=10)
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    client.log_in(code=code, redirect_uri=BACK, scopes=SCOPES, allow_http=True)
    return client


def test_who_and_where(tmp_path: Path) -> None:
    def story(client: Mastodon) -> None:
        assert client.me().username == "demo"
        assert client.instance().configuration.statuses.max_characters == 500
        assert client.instance_v2().api_versions["mastodon"] >= 7
        assert client.verify_minimum_version("4.5.0")
        assert client.app_verify_credentials().name == "Stranger"
        assert client.instance_health()
        assert client.instance_nodeinfo().software.name == "mastodon"
        assert client.account_lookup("demo").id == client.me().id
        assert client.preferences()["posting:default:visibility"] == "public"

    with_client(tmp_path, story)


def test_posts_of_every_kind(tmp_path: Path) -> None:
    def story(client: Mastodon) -> None:
        first = client.status_post("Hello #bears https://example.com", visibility="public", language="en")
        assert first.application.name == "Stranger"
        assert [tag.name for tag in first.tags] == ["bears"]
        picture = client.media_post(
            io.BytesIO(media.png(30, 20)), "image/png", description="A bear", focus=(0.5, -0.5)
        )
        film = client.media_post(io.BytesIO(media.mp4(seconds=2)), "video/mp4")
        assert film.url is None
        while client.media(film).url is None:
            time.sleep(0.1)
        shown = client.status_post("Look", media_ids=[picture], spoiler_text="CW", sensitive=True)
        assert shown.media_attachments[0].description == "A bear"
        assert client.status_post("", media_ids=film).media_attachments[0].type == "video"
        poll = client.make_poll(["a", "b"], 300, multiple=True)
        asked = client.status_post("?", poll=poll)
        assert [option.title for option in asked.poll.options] == ["a", "b"]
        assert client.poll(asked.poll).multiple
        reply = client.status_reply(first, "And")
        assert reply.in_reply_to_id == first.id
        assert [each.id for each in client.status_context(first).descendants] == [reply.id]
        quote = client.status_post("Quoted", quoted_status_id=first, quote_approval_policy="nobody")
        assert quote.quote.quoted_status.id == first.id
        listed = client.account_statuses(client.me(), limit=2)
        assert [each.id for each in listed] == [quote.id, reply.id]
        assert len(client.fetch_remaining(listed)) == 6
        assert len(client.timeline_home()) == 6

    with_client(tmp_path, story)


def test_a_post_finds_its_audience(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def story(client: Mastodon) -> None:
        post = client.status_post("Seen by many")
        hidden = client.status_post("Seen by few", visibility="private")
        client.status_favourite(post)
        assert client.status(post).favourites_count == 1
        monkeypatch.setattr(clock._Advance, "seconds", clock._Advance.seconds + 86_400)
        shown = client.status(post)
        assert shown.favourites_count > shown.reblogs_count > 0
        counts = [(each.favourites_count, each.reblogs_count) for each in client.statuses([post, hidden])]
        assert counts == [(shown.favourites_count, shown.reblogs_count), (0, 0)]
        assert [each.favourites_count for each in client.account_statuses(client.me())] == [0, counts[0][0]]
        with pytest.raises(MastodonAPIError, match="422"):
            client.statuses(range(1, 22))

    with_client(tmp_path, story)


def test_keys_edits_and_the_end(tmp_path: Path) -> None:
    def story(client: Mastodon) -> None:
        first = client.status_post("One", idempotency_key="k")
        assert client.status_post("One", idempotency_key="k").id == first.id
        assert client.status_source(first).text == "One"
        assert client.status_update(first, "Two").content == "<p>Two</p>"
        assert [each.content for each in client.status_history(first)] == ["<p>One</p>", "<p>Two</p>"]
        assert client.status_favourite(first).favourited
        assert [each.id for each in client.statuses([first])] == [first.id]
        client.status_delete(first)
        with pytest.raises(MastodonNotFoundError):
            client.status(first)
        later = datetime.now(UTC) + timedelta(hours=1)
        kept = client.status_post("Later", scheduled_at=later)
        assert [each.id for each in client.scheduled_statuses()] == [kept.id]
        client.scheduled_status_update(kept, later + timedelta(hours=1))
        client.scheduled_status_delete(kept)
        with pytest.raises(MastodonAPIError, match="limit of 500"):
            client.status_post("x" * 501)
        token = client.access_token
        client.revoke_access_token(allow_http=True)
        client.access_token = token
        with pytest.raises(MastodonUnauthorizedError):
            client.me()

    with_client(tmp_path, story)
