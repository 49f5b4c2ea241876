"""tiktok-api-client, a client that knows nothing of us, works unchanged; only host and port are replaced."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from tests import media
from tests.platforms.simulators.tiktok import TikTok, at_tiktok
from tiktok_api_client import TikTok as Client
from tiktok_api_client.utils import HTTPError

CALLBACK = "https://app.example/back"


class ToSandbox(HTTPAdapter):
    """Sends what was meant for TikTok's hosts to the sandbox."""

    url = ""

    def send(self, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        asked, here = urlsplit(request.url), urlsplit(self.url)
        request.url = asked._replace(scheme=here.scheme, netloc=here.netloc).geturl()
        return super().send(request, **more)


class Session(requests.Session):
    """The session that `requests.post` makes for itself, with that adapter on it."""

    def __init__(self) -> None:
        super().__init__()
        self.mount("https://", ToSandbox())


@pytest.fixture
def with_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Runs a story (client, account's world) in a thread; the client is connected by its own means."""
    monkeypatch.setattr(requests.sessions, "Session", Session)

    def connected(url: str) -> Client:
        client = Client("strangers-app", "theirs", CALLBACK, state="s")
        page = urlsplit(client.get_authorization_url())
        answer = requests.get(
            f"{url}{page.path}?{page.query}&sandbox_decision=approve", allow_redirects=False, timeout=5
        )
        back = parse_qs(urlsplit(answer.headers["location"]).query)
        assert back["state"] == ["s"]
        client.exchange_code_for_token(back["code"][0])
        return client

    def told(story: Any, then: Any = None) -> None:
        async def main() -> None:
            async with at_tiktok(tmp_path) as tiktok:
                monkeypatch.setattr(ToSandbox, "url", tiktok.url)
                await asyncio.to_thread(lambda: story(connected(tiktok.url), tiktok))
                if then is not None:
                    await then(tiktok)

        asyncio.run(main())

    return told


def finished(client: Client, publish_id: str) -> dict[str, Any]:
    for _ in range(10):
        seen = client.check_upload_status(publish_id)["data"]
        if not seen["status"].startswith("PROCESSING"):
            return seen
    raise AssertionError("it was never done")


def test_its_login_refresh_and_revocation(with_client):
    def story(client: Client, _: TikTok) -> None:
        first = client.token_data
        assert (first["scope"], first["token_type"]) == ("video.publish", "Bearer")
        second = client.refresh_access_token()
        assert second["refresh_token"] != first["refresh_token"]
        assert client.get_creator_info()["data"]["creator_username"] == "demo"
        with pytest.raises(Exception, match="400"):
            client.refresh_access_token(first["refresh_token"])
        assert client.revoke_access_token() == {}
        with pytest.raises(Exception, match="access_token_invalid"):
            client.get_creator_info()

    with_client(story)


def test_its_photos(with_client):
    def story(client: Client, tiktok: TikTok) -> None:
        urls = [tiktok.photo("a.jpg"), tiktok.photo("b.jpg")]
        made = client.create_photo("DIRECT_POST", "Two photos", "PUBLIC_TO_EVERYONE", photo_images=urls)
        publish_id = made["photo_upload_response"]["data"]["publish_id"]
        assert finished(client, publish_id)["status"] == "PUBLISH_COMPLETE"
        assert client.check_upload_status(publish_id)["data"]["publicaly_available_post_id"]
        with pytest.raises(HTTPError, match="privacy_level_option_mismatch"):
            client.create_photo("DIRECT_POST", "x", "FOLLOWER_OF_CREATOR", photo_images=urls)
        with pytest.raises(HTTPError, match="scope_not_authorized"):
            client.create_photo("MEDIA_UPLOAD", "x", "SELF_ONLY", photo_images=urls)

    with_client(story)


def test_its_video_by_address(with_client):
    def story(client: Client, tiktok: TikTok) -> None:
        made = client.create_video(
            "PULL_FROM_URL",
            "POST_VIDEO_URL",
            "A film",
            "SELF_ONLY",
            video_url=tiktok.files.add("a.mp4", media.mp4()),
        )
        assert finished(client, made["data"]["publish_id"])["status"] == "PUBLISH_COMPLETE"

    with_client(story)


def test_its_video_in_one_piece_and_in_several(with_client, tmp_path):
    def story(client: Client, tiktok: TikTok) -> None:
        for number, size in enumerate((2_000_000, 65_000_000), 1):
            film = media.write_mp4(tmp_path / f"{number}.mp4", width=720, height=1280, size=size)
            # Its last step reads JSON from an answer that TikTok leaves empty; by then everything is sent.
            with pytest.raises(HTTPError, match="Expecting value"):
                client.create_video(
                    "FILE_UPLOAD", "POST_VIDEO_FILE", f"Film {number}", "SELF_ONLY", video_path=str(film)
                )

    async def shown(tiktok: TikTok) -> None:
        await tiktok.later(6)
        await tiktok.running.http.get(f"{tiktok.url}/@demo")
        assert [each["text"] for each in await tiktok.posts()] == ["Film 2", "Film 1"]

    with_client(story, shown)
