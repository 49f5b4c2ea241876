"""tweepy, a client that knows nothing of us, works unchanged; only host and port are replaced."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import tweepy
from tests import media
from tests.platforms.simulators.adapter import ToSandbox
from tests.platforms.simulators.helpers import Play, play

from polypost import clock


def with_tweepy(folder: Path, story: Any) -> None:
    async def main(running: Play) -> None:
        account = (await running.accounts("twitter"))[0]
        await asyncio.to_thread(story, account, running.info.urls["twitter"])

    play(folder, main)


def client_of(url: str, **credentials: str) -> tweepy.Client:
    client = tweepy.Client(**credentials)
    client.session.mount("https://", ToSandbox(url))
    return client


def signing(account: dict[str, Any]) -> dict[str, str]:
    keys = account["oauth1"]
    return {
        "consumer_key": keys["consumerKey"],
        "consumer_secret": keys["consumerSecret"],
        "access_token": keys["accessToken"],
        "access_token_secret": keys["accessTokenSecret"],
    }


def api_of(url: str, account: dict[str, Any]) -> tweepy.API:
    keys = signing(account)
    auth = tweepy.OAuth1UserHandler(
        keys["consumer_key"], keys["consumer_secret"], keys["access_token"], keys["access_token_secret"]
    )
    api = tweepy.API(auth)
    api.session.mount("https://", ToSandbox(url))
    return api


def test_a_thread_with_oauth2_and_its_deletion(tmp_path: Path) -> None:
    def story(account: dict[str, Any], url: str) -> None:
        client = client_of(url, bearer_token=account["accessToken"])
        assert client.get_me(user_auth=False).data.username == account["username"]
        first = client.create_tweet(text="One & two https://example.com", user_auth=False)
        second = client.create_tweet(text="three", in_reply_to_tweet_id=first.data["id"], user_auth=False)
        listed = client.get_users_tweets(account["platformUserId"], tweet_fields=["created_at", "entities"])
        assert [str(tweet.id) for tweet in listed.data] == [second.data["id"], first.data["id"]]
        assert listed.data[1].entities["urls"][0]["expanded_url"] == "https://example.com"
        with pytest.raises(tweepy.Forbidden, match="duplicate content"):
            client.create_tweet(text="three", user_auth=False)
        with pytest.raises(tweepy.BadRequest, match="media IDs are invalid"):
            client.create_tweet(text="x", media_ids=["1"], user_auth=False)
        assert client.delete_tweet(first.data["id"], user_auth=False).data == {"deleted": True}

    with_tweepy(tmp_path, story)


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_media_and_posts_with_oauth1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def story(account: dict[str, Any], url: str) -> None:
        api = api_of(url, account)
        client = client_of(url, **signing(account))
        picture = api.media_upload("a.png", file=io.BytesIO(media.png(30, 20)))
        assert picture.image == {"image_type": "image/png", "w": 30, "h": 20}
        api.create_media_metadata(picture.media_id, alt_text="plain")
        film = api.media_upload(
            "a.mp4",
            file=io.BytesIO(media.mp4()),
            chunked=True,
            media_category="tweet_video",
            chunk_size=20_000,
        )
        assert film.processing_info["state"] == "succeeded"
        client.create_tweet(text="picture", media_ids=[picture.media_id])
        client.create_tweet(text="film; ümläut", media_ids=[film.media_id])
        client.create_tweet(text="poll", poll_options=["a", "b"], poll_duration_minutes=10)
        found = client.get_users_tweets(
            account["platformUserId"],
            expansions="attachments.media_keys",
            media_fields=["alt_text"],
            user_auth=True,
        )
        assert {item.type for item in found.includes["media"]} == {"photo", "video"}
        monkeypatch.setattr(clock._Advance, "seconds", clock._Advance.seconds + 3600)
        seen = client.get_tweets(
            [each.id for each in found.data],
            expansions="attachments.media_keys",
            media_fields=["public_metrics"],
            tweet_fields=["public_metrics"],
            user_auth=True,
        )
        (shown,) = (each for each in seen.includes["media"] if each.type == "video")
        views = [each.public_metrics["impression_count"] for each in seen.data]
        assert 0 < shown.public_metrics["view_count"] < max(views)

    with_tweepy(tmp_path, story)


def test_a_wrong_signature_is_refused(tmp_path: Path) -> None:
    def story(account: dict[str, Any], url: str) -> None:
        for key in ("consumer_secret", "access_token_secret", "access_token", "consumer_key"):
            client = client_of(url, **(signing(account) | {key: "wrong"}))
            with pytest.raises(tweepy.Unauthorized):
                client.create_tweet(text="x")

    with_tweepy(tmp_path, story)


def test_the_consent_by_tweepys_own_handler(tmp_path: Path) -> None:
    def story(account: dict[str, Any], url: str) -> None:
        handler = tweepy.OAuth2UserHandler(
            client_id="strangers-app",
            redirect_uri="https://app.example/back",
            scope=["tweet.read", "tweet.write", "users.read", "offline.access"],
            client_secret="any",
        )
        handler.mount("https://", ToSandbox(url))
        place = urlsplit(handler.get_authorization_url())
        page = requests.get(
            f"{url}{place.path}?{place.query}&sandbox_decision=approve", allow_redirects=False, timeout=5
        )
        tokens = handler.fetch_token(page.headers["location"])
        client = client_of(url, bearer_token=tokens["access_token"])
        assert client.create_tweet(text="connected", user_auth=False).data["text"] == "connected"
        assert tokens["refresh_token"]

    with_tweepy(tmp_path, story)
