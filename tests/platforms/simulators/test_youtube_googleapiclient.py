"""google-api-python-client, which knows nothing of us, works unchanged; only host and port are replaced."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httplib2
import pytest
import requests
from google.oauth2.credentials import Credentials
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.discovery import Resource, build
from googleapiclient.errors import HttpError, ResumableUploadError
from googleapiclient.http import MediaFileUpload, MediaIoBaseUpload
from requests.adapters import HTTPAdapter
from requests_oauthlib import OAuth2Session
from tests import media
from tests.platforms.simulators.helpers import Play, play
from tests.platforms.simulators.youtube import UNIT, film

from polypost.sandbox import SandboxInfo

SCOPES = [f"https://www.googleapis.com/auth/youtube.{name}" for name in ("upload", "readonly", "force-ssl")]
TOKEN_URI = "https://oauth2.googleapis.com/token"


class ToSandbox(httplib2.Http):
    """Sends what was meant for Google to the sandbox."""

    def __init__(self, url: str) -> None:
        super().__init__(timeout=20)
        self._place = urlsplit(url)
        # As the client's own build_http does: 308 has another meaning in uploads.
        self.redirect_codes = self.redirect_codes - {308}

    def request(self, uri: str, *more: Any, **named: Any) -> Any:
        there = urlsplit(uri)._replace(scheme=self._place.scheme, netloc=self._place.netloc).geturl()
        return super().request(there, *more, **named)


class SessionToSandbox(HTTPAdapter):
    """The same for the client that fetches the first tokens."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._place = urlsplit(url)

    def send(self, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        asked = urlsplit(request.url)
        request.url = asked._replace(scheme=self._place.scheme, netloc=self._place.netloc).geturl()
        return super().send(request, **more)


def client_of(url: str, credentials: Credentials) -> Resource:
    return build("youtube", "v3", http=AuthorizedHttp(credentials, http=ToSandbox(url)))


def credentials_of(account: dict[str, Any], token: str | None = None) -> Credentials:
    return Credentials(
        token or account["accessToken"],
        refresh_token=account["refreshToken"],
        token_uri=TOKEN_URI,
        client_id=account["clientId"],
        client_secret=account["clientSecret"],
        scopes=SCOPES,
    )


@pytest.fixture
def with_client(tmp_path: Path) -> Callable[[Any], None]:
    """Run a story in a thread with the client of the first demo channel, its account, and the sandbox."""

    def told(story: Any) -> None:
        async def main(running: Play) -> None:
            account = (await running.accounts("youtube"))[0]

            def tell() -> None:
                with client_of(running.info.urls["youtube"], credentials_of(account)) as client:
                    story(client, account, running.info)

            await asyncio.to_thread(tell)

        play(tmp_path, main)

    return told


def insert(client: Resource, upload: Any, **snippet: Any) -> Any:
    body = {
        "snippet": {"title": "From the client", "description": "Ümläut", "categoryId": "22", **snippet},
        "status": {"privacyStatus": "unlisted", "selfDeclaredMadeForKids": False},
    }
    return client.videos().insert(part="snippet,status", body=body, media_body=upload)


@pytest.mark.parametrize("chunk", [UNIT, 2 * UNIT, -1])
def test_a_resumable_upload_and_what_belongs_to_it(
    with_client: Callable[[Any], None], tmp_path: Path, chunk: int
) -> None:
    file = tmp_path / "film.mp4"
    file.write_bytes(film())

    def story(client: Resource, account: dict[str, Any], _: SandboxInfo) -> None:
        upload = MediaFileUpload(str(file), mimetype="video/mp4", chunksize=chunk, resumable=True)
        request, response, shares = insert(client, upload, tags=["one", "two words"]), None, []
        while response is None:
            status, response = request.next_chunk()
            if status:
                shares.append(status.resumable_progress)
        assert shares == [] if chunk < 0 else shares == list(range(chunk, 600_000, chunk))
        video_id = response["id"]
        (channel,) = (
            client.channels().list(part="snippet,contentDetails,status", mine=True).execute()["items"]
        )
        assert channel["id"] == account["platformUserId"]
        uploads = channel["contentDetails"]["relatedPlaylists"]["uploads"]
        listed = client.playlistItems().list(part="snippet,contentDetails", playlistId=uploads).execute()
        assert [item["contentDetails"]["videoId"] for item in listed["items"]] == [video_id]
        picture = MediaIoBaseUpload(io.BytesIO(media.jpeg(1280, 720)), mimetype="image/jpeg")
        sizes = client.thumbnails().set(videoId=video_id, media_body=picture).execute()["items"][0]
        assert sizes["medium"]["width"] == 320
        said = {"videoId": video_id, "topLevelComment": {"snippet": {"textOriginal": "First!"}}}
        client.commentThreads().insert(part="snippet", body={"snippet": said}).execute()
        threads = client.commentThreads().list(part="snippet", videoId=video_id).execute()["items"]
        assert [t["snippet"]["topLevelComment"]["snippet"]["textOriginal"] for t in threads] == ["First!"]
        found = client.videos().list(part="snippet,status,statistics", id=video_id).execute()["items"][0]
        assert found["snippet"]["tags"] == ["one", "two words"]
        assert (found["status"]["privacyStatus"], found["statistics"]["commentCount"]) == ("unlisted", "1")
        client.videos().delete(id=video_id).execute()
        assert client.videos().list(part="id", id=video_id).execute()["items"] == []

    with_client(story)


def test_uploads_in_one_request(with_client: Callable[[Any], None]) -> None:
    def story(client: Resource, _: dict[str, Any], info: SandboxInfo) -> None:
        data = film()
        upload = MediaIoBaseUpload(io.BytesIO(data), mimetype="video/mp4", resumable=False)
        video_id = insert(client, upload).execute()["id"]
        details = (
            client.videos().list(part="fileDetails,processingDetails", id=video_id).execute()["items"][0]
        )
        assert details["fileDetails"]["fileSize"] == str(len(data))
        picture = MediaIoBaseUpload(io.BytesIO(media.png(1280, 720)), mimetype="image/png", resumable=True)
        client.thumbnails().set(videoId=video_id, media_body=picture).execute()
        track = {"videoId": video_id, "language": "en", "name": "English"}
        lines = MediaIoBaseUpload(
            io.BytesIO(b"1\n00:00:00,000 --> 00:00:01,000\nHi\n"), mimetype="text/plain"
        )
        made = client.captions().insert(part="snippet", body={"snippet": track}, media_body=lines).execute()
        (listed,) = client.captions().list(part="snippet", videoId=video_id).execute()["items"]
        assert (listed["id"], listed["snippet"]["language"]) == (made["id"], "en")
        assert client.captions().download(id=made["id"]).execute().endswith(b"Hi\n")
        with pytest.raises(HttpError, match="already has a caption track"):
            client.captions().insert(part="snippet", body={"snippet": track}, media_body=lines).execute()
        client.captions().delete(id=made["id"]).execute()
        page = requests.get(f"{info.urls['youtube']}/watch?v={video_id}", timeout=5)
        assert "From the client" in page.text

    with_client(story)


@pytest.mark.parametrize(
    "fault", ["chunk_error", "chunk_break", "partial_chunk", "nothing_stored", "lost_answer"]
)
def test_an_upload_that_breaks_goes_on(
    with_client: Callable[[Any], None], tmp_path: Path, fault: str
) -> None:
    file = tmp_path / "film.mp4"
    file.write_bytes(film(size=4 * UNIT + 99))

    def story(client: Resource, _: dict[str, Any], info: SandboxInfo) -> None:
        upload = MediaFileUpload(str(file), mimetype="video/mp4", chunksize=2 * UNIT, resumable=True)
        request = insert(client, upload)
        rule = {"platform": "youtube", "fault": fault, "times": 1}
        requests.post(f"{info.url}/_sandbox/faults", json=rule, timeout=5).raise_for_status()
        response, trouble = None, 0
        while response is None:
            try:
                _, response = request.next_chunk()
            except (HttpError, OSError):
                # The client asks for the range by itself before it goes on.
                trouble += 1
        assert trouble == (fault in {"chunk_error", "chunk_break"})
        posts = requests.get(f"{info.url}/_sandbox/posts?platform=youtube", timeout=5).json()["posts"]
        assert [each["id"] for each in posts] == [response["id"]]
        assert requests.get(posts[0]["media"][0]["url"], timeout=5).content == file.read_bytes()

    with_client(story)


def test_errors_in_the_clients_words(with_client: Callable[[Any], None]) -> None:
    def story(client: Resource, _: dict[str, Any], __: SandboxInfo) -> None:
        upload = MediaIoBaseUpload(io.BytesIO(film()), mimetype="video/mp4", resumable=True)
        with pytest.raises(ResumableUploadError) as refused:
            insert(client, upload, title="a < b").next_chunk()
        assert refused.value.error_details[0]["reason"] == "invalidTitle"
        with pytest.raises(HttpError) as missing:
            client.videos().delete(id="nothing").execute()
        assert (missing.value.status_code, missing.value.error_details[0]["reason"]) == (404, "videoNotFound")
        uneven = MediaIoBaseUpload(io.BytesIO(film()), mimetype="video/mp4", chunksize=1_000, resumable=True)
        with pytest.raises(HttpError, match="262144"):
            insert(client, uneven).next_chunk()

    with_client(story)


def test_a_token_that_ended_is_renewed_by_the_client(with_client: Callable[[Any], None]) -> None:
    def story(_: Resource, account: dict[str, Any], info: SandboxInfo) -> None:
        credentials = credentials_of(account, "ya29.that-ended-long-ago")
        with client_of(info.urls["youtube"], credentials) as client:
            (channel,) = client.channels().list(part="id", mine=True).execute()["items"]
        assert channel["id"] == account["platformUserId"]
        assert credentials.token != "ya29.that-ended-long-ago"

    with_client(story)


def test_playlists_categories_fields_and_pages(with_client: Callable[[Any], None]) -> None:
    def story(client: Resource, account: dict[str, Any], _: SandboxInfo) -> None:
        ids = []
        for number in range(3):
            upload = MediaIoBaseUpload(io.BytesIO(film()), mimetype="video/mp4", resumable=False)
            ids.append(insert(client, upload, title=f"Number {number}").execute()["id"])
        playlist = (
            client.playlists().insert(part="snippet", body={"snippet": {"title": "Mine"}}).execute()["id"]
        )
        for video_id in ids:
            entry = {"playlistId": playlist, "resourceId": {"kind": "youtube#video", "videoId": video_id}}
            client.playlistItems().insert(part="snippet", body={"snippet": entry}).execute()
        calls = client.playlistItems()
        request = calls.list(part="contentDetails", playlistId=playlist, maxResults=2)
        seen = []
        while request is not None:
            answer = request.execute()
            seen += [item["contentDetails"]["videoId"] for item in answer["items"]]
            request = calls.list_next(request, answer)
        assert seen == ids
        titles = (
            client.search().list(part="snippet", forMine=True, type="video", q="number 1").execute()["items"]
        )
        assert [hit["id"]["videoId"] for hit in titles] == [ids[1]]
        named = client.videos().list(part="snippet", id=ids[0], fields="items(id,snippet/title)").execute()
        assert named == {"items": [{"id": ids[0], "snippet": {"title": "Number 0"}}]}
        kinds = client.videoCategories().list(part="snippet", regionCode="US").execute()["items"]
        assert {kind["id"] for kind in kinds if kind["snippet"]["assignable"]} >= {"22", "28"}
        client.videos().rate(id=ids[0], rating="like").execute()
        rated = client.videos().getRating(id=ids[0]).execute()["items"]
        assert rated == [{"videoId": ids[0], "rating": "like"}]
        assert account["username"] == "demo"

    with_client(story)


def test_the_consent_by_another_clients_session(with_client: Callable[[Any], None]) -> None:
    def story(_: Resource, account: dict[str, Any], info: SandboxInfo) -> None:
        url = info.urls["youtube"]
        session = OAuth2Session(
            "strangers-app", redirect_uri="https://app.example/back", scope=SCOPES, pkce="S256"
        )
        session.mount("https://", SessionToSandbox(url))
        address, state = session.authorization_url(
            "https://accounts.google.com/o/oauth2/v2/auth", access_type="offline", prompt="consent"
        )
        place = urlsplit(address)
        page = requests.get(
            f"{url}{place.path}?{place.query}&sandbox_decision=approve", allow_redirects=False, timeout=5
        )
        tokens = session.fetch_token(
            TOKEN_URI, authorization_response=page.headers["location"], client_secret="any", state=state
        )
        credentials = Credentials(tokens["access_token"], refresh_token=tokens["refresh_token"])
        with client_of(url, credentials) as client:
            (channel,) = client.channels().list(part="id", mine=True).execute()["items"]
        assert channel["id"] == account["platformUserId"]

    with_client(story)
