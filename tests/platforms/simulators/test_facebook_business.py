"""facebook-business, Meta's own client, works unchanged; only host and port are replaced."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from facebook_business.adobjects.page import Page
from facebook_business.adobjects.pagepost import PagePost
from facebook_business.adobjects.user import User
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession
from facebook_business.video_uploader import VideoEncodingStatusChecker
from tests import media
from tests.platforms.simulators.adapter import ToSandbox
from tests.platforms.simulators.helpers import Play, play

CHUNKED = "https://graph-video.facebook.com"


def api_of(url: str, entry: dict[str, Any], token: str) -> FacebookAdsApi:
    session = FacebookSession(entry["clientId"], entry["clientSecret"], token)
    session.requests.mount("https://", ToSandbox(url))
    return FacebookAdsApi(session)


def with_client(folder: Path, story: Any) -> None:
    """Tell a story with the first demo Page, in a thread of its own."""

    async def main(running: Play) -> None:
        entry = (await running.accounts("facebook"))[0]
        url = running.info.urls["facebook"]
        await asyncio.to_thread(story, api_of(url, entry, entry["accessToken"]), entry, url)

    play(folder, main)


def posts_of(page: Page) -> list[PagePost]:
    """The Page's posts; attachments are an edge, which the client's list of fields does not have."""
    return list(page.get_published_posts(params={"fields": "message,permalink_url,attachments"}))


def test_a_text_and_a_link_go_out_are_read_changed_and_deleted(tmp_path: Path) -> None:
    def story(api: FacebookAdsApi, entry: dict[str, Any], url: str) -> None:
        page = Page(entry["platformUserId"], api=api)
        text = page.create_feed(params={"message": "From Meta's own client"})
        assert text.get_id().startswith(f"{page.get_id()}_")
        link = page.create_feed(params={"message": "Look", "link": "https://example.com/a"})
        newest, first = posts_of(page)
        assert (newest["id"], newest["message"]) == (link.get_id(), "Look")
        assert newest["attachments"]["data"][0]["media_type"] == "link"
        assert first["permalink_url"].startswith("https://www.facebook.com/")
        PagePost(text.get_id(), api=api).api_update(params={"message": "Changed"})
        assert posts_of(page)[1]["message"] == "Changed"
        comment = PagePost(text.get_id(), api=api).create_comment(params={"message": "First"})
        assert comment.get_id()
        PagePost(text.get_id(), api=api).api_delete()
        assert [each["id"] for each in posts_of(page)] == [link.get_id()]

    with_client(tmp_path, story)


def test_photos_by_address_as_files_and_several_in_one_post(tmp_path: Path) -> None:
    def story(api: FacebookAdsApi, entry: dict[str, Any], url: str) -> None:
        page = Page(entry["platformUserId"], api=api)
        picture = io.BytesIO(media.jpeg())
        answer = api.call(
            "POST", [page.get_id(), "photos"], params={"caption": "One"}, files={"source": picture}
        )
        assert answer.json()["post_id"].startswith(page.get_id())
        staged = [
            api.call(
                "POST",
                [page.get_id(), "photos"],
                params={"published": False, "alt_text_custom": f"Number {number}"},
                files={"source": io.BytesIO(media.png())},
            ).json()["id"]
            for number in (1, 2)
        ]
        attached = [{"media_fbid": each} for each in staged]
        page.create_feed(params={"message": "Two", "attached_media": attached})
        album, single = posts_of(page)
        assert (album["message"], single["message"]) == ("Two", "One")
        shown = album["attachments"]["data"][0]["subattachments"]["data"]
        assert [each["target"]["id"] for each in shown] == staged
        with pytest.raises(FacebookRequestError) as refused:
            page.create_feed(params={"attached_media": attached})
        assert refused.value.api_error_subcode() == 1366051

    with_client(tmp_path, story)


def test_a_video_in_pieces_and_one_in_a_form(tmp_path: Path) -> None:
    def story(api: FacebookAdsApi, entry: dict[str, Any], url: str) -> None:
        page, film = Page(entry["platformUserId"], api=api), media.mp4(seconds=10, size=2_500_000)
        path = [page.get_id(), "videos"]

        def ask(files: Any = None, **params: Any) -> dict[str, Any]:
            return api.call("POST", path, params=params, files=files, url_override=CHUNKED).json()

        begun = ask(upload_phase="start", file_size=len(film))
        session, at = begun["upload_session_id"], begun
        while at["start_offset"] != at["end_offset"]:
            first, last = int(at["start_offset"]), int(at["end_offset"])
            piece = {"video_file_chunk": ("a.mp4", film[first:last], "multipart/form-data")}
            at = ask(piece, upload_phase="transfer", upload_session_id=session, start_offset=first)
        assert ask(upload_phase="finish", upload_session_id=session, title="A film", description="In pieces")
        VideoEncodingStatusChecker.waitUntilReady(api, begun["video_id"], interval=0, timeout=20)
        other = ask({"source": ("b.mp4", io.BytesIO(media.mp4()))}, description="In a form")
        assert other["id"]
        assert [each["message"] for each in posts_of(page)] == ["In a form", "In pieces"]

    with_client(tmp_path, story)


def test_a_person_s_pages_one_after_the_other_and_what_their_token_may_not_do(tmp_path: Path) -> None:
    def story(api: FacebookAdsApi, entry: dict[str, Any], url: str) -> None:
        app = {"client_id": entry["clientId"], "client_secret": entry["clientSecret"]}
        back = "https://app.example/callback"
        asked = {"client_id": app["client_id"], "redirect_uri": back, "scope": ",".join(entry["scopes"])}
        page = requests.get(
            f"{url}/v26.0/dialog/oauth",
            params=asked | {"sandbox_decision": "approve"},
            allow_redirects=False,
            timeout=20,
        )
        code = urlsplit(page.headers["location"]).query.removeprefix("code=")
        answer = requests.get(
            f"{url}/v26.0/oauth/access_token", params=app | {"redirect_uri": back, "code": code}, timeout=20
        ).json()
        person = api_of(url, entry, answer["access_token"])
        pages = list(
            User("me", api=person).get_accounts(params={"fields": "name,access_token,tasks", "limit": 1})
        )
        assert len(pages) > 1
        assert pages[0].get_id() == entry["platformUserId"]
        assert "CREATE_CONTENT" in pages[0]["tasks"]
        with pytest.raises(FacebookRequestError) as refused:
            Page(pages[0].get_id(), api=person).create_feed(params={"message": "As a person"})
        assert refused.value.api_error_code() == 200
        own = api_of(url, entry, pages[0]["access_token"])
        assert Page(pages[0].get_id(), api=own).create_feed(params={"message": "As the Page"}).get_id()

    with_client(tmp_path, story)


def test_a_wrong_proof_of_the_secret_is_refused(tmp_path: Path) -> None:
    def story(api: FacebookAdsApi, entry: dict[str, Any], url: str) -> None:
        other = api_of(url, entry | {"clientSecret": "not-the-secret"}, entry["accessToken"])
        with pytest.raises(FacebookRequestError) as refused:
            Page(entry["platformUserId"], api=other).api_get(fields=["name"])
        assert refused.value.api_error_code() == 100

    with_client(tmp_path, story)


def test_many_calls_in_one_batch(tmp_path: Path) -> None:
    def story(api: FacebookAdsApi, entry: dict[str, Any], url: str) -> None:
        page, batch, seen = Page(entry["platformUserId"], api=api), api.new_batch(), []
        for text in ("One", "Two"):
            page.create_feed(params={"message": text}, batch=batch, success=seen.append)
        page.create_feed(params={}, batch=batch, failure=seen.append)
        batch.execute()
        assert [answer.status() for answer in seen] == [200, 200, 400]
        assert json.loads(seen[2].body())["error"]["code"] == 100
        assert [each["message"] for each in posts_of(page)] == ["Two", "One"]

    with_client(tmp_path, story)
