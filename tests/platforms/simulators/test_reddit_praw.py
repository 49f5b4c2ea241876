"""PRAW, a client that knows nothing of us, works unchanged; only its two base addresses are replaced.

It insists on https for uploads, as the network does, so the sandbox speaks TLS here and PRAW trusts its certificate.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import praw
import prawcore
import pytest
import requests
from praw.exceptions import MediaPostFailed, RedditAPIException, TooLargeMediaException, WebSocketException
from praw.models import InlineImage, PostMedia
from tests import media
from tests.platforms.simulators.helpers import Play, play

AGENT = "test:polypost-suite:1.0 (by /u/demo)"
CALLBACK = "http://localhost:8080/callback"
Story = Callable[[praw.Reddit, Play, dict[str, Any]], None]


def with_praw(folder: Path, story: Story, **login: str) -> None:
    """Tell a story in a thread of its own, beside the sandbox."""

    async def main(running: Play) -> None:
        account = (await running.accounts("reddit"))[0]
        os.environ["REQUESTS_CA_BUNDLE"] = os.environ["WEBSOCKET_CLIENT_CA_BUNDLE"] = str(
            running.info.certificate
        )
        with client(running, account, **(login or {"refresh_token": account["refreshToken"]})) as reddit:
            await asyncio.to_thread(story, reddit, running, account)
        # Refusals live in cycles with the answers they came in, and those keep their sockets open.
        gc.collect()

    play_with_tls(folder, main)


def play_with_tls(folder: Path, main: Any) -> None:
    before = dict(os.environ)

    async def trusting(running: Play) -> None:
        # The suite's own client has to trust the same certificate.
        import ssl

        import httpx2

        trust = ssl.create_default_context(cafile=str(running.info.certificate))
        async with httpx2.AsyncClient(verify=trust, timeout=20, trust_env=False) as http:
            running.http = http
            await main(running)

    try:
        play(folder, trusting, tls=True)
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def client(running: Play, account: dict[str, Any], **login: str) -> Iterator[praw.Reddit]:
    """PRAW with a session that is closed in the end."""
    url = running.info.urls["reddit"]
    with requests.Session() as session:
        yield praw.Reddit(
            client_id=account["clientId"],
            client_secret=account["clientSecret"],
            user_agent=AGENT,
            oauth_url=url,
            reddit_url=url,
            check_for_updates=False,
            requestor_kwargs={"session": session},
            **login,
        )


def test_text_link_poll_comment_edit_and_deletion(tmp_path: Path) -> None:
    def story(reddit: praw.Reddit, _running: Play, account: dict[str, Any]) -> None:
        me = reddit.user.me()
        assert (me.name, me.id) == ("demo", account["platformUserId"])
        place = reddit.subreddit("sandbox")
        first = place.submit("One & two", selftext="Three <four>")
        assert (first.title, first.selftext, first.author.name) == ("One & two", "Three <four>", "demo")
        reply = first.reply("And five")
        assert (reply.body, reply.parent_id) == ("And five", first.fullname)
        assert [each.body for each in reddit.submission(first.id).comments] == ["And five"]
        assert first.edit("Six").selftext == "Six"
        link = place.submit("Read", url="https://example.com/", resubmit=False)
        assert (link.is_self, link.url, link.domain) == (False, "https://example.com/", "example.com")
        with pytest.raises(RedditAPIException) as refused:
            place.submit("Read again", url="https://example.com", resubmit=False)
        assert [item.error_type for item in refused.value.items] == ["ALREADY_SUB"]
        poll = place.submit("Well?", poll={"options": ["Yes", "No"], "duration": 3}, selftext="")
        assert [option.text for option in poll.poll_data.options] == ["Yes", "No"]
        assert [each.id for each in me.submissions.new()] == [poll.id, link.id, first.id]
        assert [each.id for each in place.new(limit=2)] == [poll.id, link.id]
        cross = link.crosspost("u_demo", title="Over there")
        assert cross.crosspost_parent == link.fullname
        first.delete()
        (left,) = reddit.info(fullnames=[first.fullname])
        assert (left.author, left.selftext) == (None, "[deleted]")
        assert first.id not in [each.id for each in me.submissions.new()]

    with_praw(tmp_path, story)


def test_media_of_every_kind(tmp_path: Path) -> None:
    def story(reddit: praw.Reddit, running: Play, _account: dict[str, Any]) -> None:
        place = reddit.subreddit("sandbox")
        picture = PostMedia(media.png(64, 48), "a.png")
        image = place.submit("Look", image=picture)
        assert image.title == "Look"
        assert requests.get(image.url, timeout=5).content == media.png(64, 48)
        film = place.submit(
            "Look, a film",
            video={"media": PostMedia(media.mp4(), "a.mp4"), "thumbnail": picture},
        )
        assert film.is_video
        assert film.media["reddit_video"]["is_gif"] is False
        silent = place.submit("Silent", video={"media": PostMedia(media.mp4(), "b.mp4"), "gif": True})
        assert silent.media["reddit_video"]["is_gif"] is True
        gallery = place.submit("Two", gallery=[{"media": picture, "caption": "one"}, picture])
        assert gallery.is_gallery
        assert [item["caption"] for item in gallery.gallery_data["items"]] == ["one", ""]
        inline = place.submit(
            "Inside",
            selftext="Before {picture} after",
            inline_media={"picture": InlineImage(media=picture, caption="it")},
        )
        assert "![img](" in inline.selftext
        assert len(inline.media_metadata) == 1
        assert place.submit("No waiting", image=picture, without_websockets=True) is None
        too_large = PostMedia(b"\x89PNG" + bytes(20 * 1024 * 1024), "large.png")
        with pytest.raises(TooLargeMediaException):
            place.submit("Large", image=too_large)

    with_praw(tmp_path, story)


def test_the_socket_says_no_closes_or_is_not_there(tmp_path: Path) -> None:
    def story(reddit: praw.Reddit, running: Play, account: dict[str, Any]) -> None:
        place = reddit.subreddit("sandbox")
        picture = PostMedia(media.png(64, 48), "a.png")

        def fault(name: str) -> None:
            body = {"platform": "reddit", "fault": name, "times": 1}
            requests.post(f"{running.info.url}/_sandbox/faults", json=body, timeout=5).raise_for_status()

        fault("media_failed")
        with pytest.raises(MediaPostFailed):
            place.submit("Broken", image=picture)
        fault("socket_closed")
        with pytest.raises(WebSocketException):
            place.submit("Unheard of", image=picture)
        fault("no_socket")
        assert place.submit("Unsaid", image=picture) is None
        titles = [each.title for each in reddit.redditor("demo").submissions.new()]
        assert titles == ["Unsaid", "Unheard of"]

    with_praw(tmp_path, story)


def test_what_a_community_wants(tmp_path: Path) -> None:
    def story(reddit: praw.Reddit, _running: Play, _account: dict[str, Any]) -> None:
        place = reddit.subreddit("sandboxflair")
        assert place.post_requirements()["is_flair_required"] is True
        with pytest.raises(RedditAPIException) as refused:
            place.submit("Hello", selftext="")
        assert refused.value.items[0].error_type == "SUBMIT_VALIDATION_FLAIR_REQUIRED"
        choices = list(place.flair.link_templates.user_selectable())
        assert [each["flair_text"] for each in choices] == ["Question", "Show"]
        made = place.submit("Hello", selftext="", flair_id=choices[1]["flair_template_id"], flair_text="Ours")
        assert made.link_flair_text == "Ours"
        made.flair.select(choices[0]["flair_template_id"])
        assert reddit.submission(made.id).link_flair_text == "Question"
        with pytest.raises(RedditAPIException, match="TITLE_BLACKLISTED_STRING"):
            reddit.subreddit("sandboxrules").submit("Win a giveaway today", selftext="Text")
        with pytest.raises(prawcore.Forbidden):
            reddit.subreddit("sandboxprivate").submit("Hello", selftext="")
        with pytest.raises(prawcore.NotFound):
            _ = reddit.subreddit("sandboxbanned").title
        assert reddit.subreddit("sandboxlinks").submission_type == "link"
        picture = PostMedia(media.png(64, 48), "a.png")
        with pytest.raises(RedditAPIException, match="GALLERIES_DISABLED"):
            reddit.subreddit("sandboxplain").submit("Two", gallery=[picture, picture])

    with_praw(tmp_path, story)


def test_the_code_flow_and_revocation(tmp_path: Path) -> None:
    def story(reddit: praw.Reddit, running: Play, account: dict[str, Any]) -> None:
        address = reddit.auth.url(scopes=["identity", "submit"], state="s-1", duration="permanent")
        back = requests.get(
            address + "&sandbox_decision=approve&sandbox_account=demo2", allow_redirects=False, timeout=5
        )
        came = parse_qs(urlsplit(back.headers["location"]).query)
        assert came["state"] == ["s-1"]
        token = reddit.auth.authorize(came["code"][0])
        assert reddit.user.me().name == "demo2"
        assert reddit.auth.scopes() == {"identity", "submit"}
        with pytest.raises(prawcore.InsufficientScope):
            list(reddit.redditor("demo2").submissions.new())
        with pytest.raises(prawcore.OAuthException, match="invalid_grant"):
            reddit.auth.authorize(came["code"][0])
        with client(running, account, refresh_token=token) as again:
            assert again.user.me().name == "demo2"
            again._core._authorizer.revoke()
        with client(running, account, refresh_token=token) as late, pytest.raises(prawcore.ResponseException):
            late.user.me()

    with_praw(tmp_path, story, redirect_uri=CALLBACK)


def test_a_script_with_a_password_and_a_reader_without_an_account(tmp_path: Path) -> None:
    def story(reddit: praw.Reddit, running: Play, account: dict[str, Any]) -> None:
        assert reddit.user.me().name == "demo"
        made = reddit.subreddit("sandbox").submit("From a script", selftext="")
        with client(running, account) as reader:
            assert [each.title for each in reader.subreddit("sandbox").new()] == ["From a script"]
            assert reader.submission(url=f"https://www.reddit.com{made.permalink}").title == "From a script"
        wrong = {"username": "nobody-here", "password": "x"}
        refused = pytest.raises(prawcore.OAuthException, match="invalid_grant")
        with client(running, account, **wrong) as nobody, refused:
            nobody.user.me()

    with_praw(tmp_path, story, username="demo", password="anything")
