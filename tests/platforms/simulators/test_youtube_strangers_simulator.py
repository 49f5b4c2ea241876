"""What other people's YouTube clients call beside the upload: identity, changes, batches, methods in headers."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
from google.auth import jwt
from google.oauth2.credentials import Credentials
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.discovery import build
from tests.platforms.simulators.helpers import demo_account
from tests.platforms.simulators.test_youtube_googleapiclient import ToSandbox
from tests.platforms.simulators.youtube import API, UPLOAD, YouTube, bad, film, good

BACK = "https://app.example/back"
PERSON = "https://www.googleapis.com/auth/userinfo"

yt = demo_account(YouTube)


async def consented(yt: YouTube, scope: str) -> tuple[httpx2.URL, dict[str, Any]]:
    """The address that leads back to the app, and the tokens that its code brought."""
    query = {
        "client_id": "other",
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": scope,
        "nonce": "n1",
    }
    answer = await yt.running.http.get(
        f"{yt.url}/o/oauth2/v2/auth", params=query | {"sandbox_decision": "approve"}
    )
    back = httpx2.URL(answer.headers["location"])
    form = {
        "client_id": "other",
        "client_secret": "any",
        "grant_type": "authorization_code",
        "code": back.params["code"],
        "redirect_uri": BACK,
    }
    return back, good(await yt.running.http.post(f"{yt.url}/token", data=form))


async def test_an_app_learns_who_consented_as_with_google(yt: YouTube) -> None:
    scope = f"openid {PERSON}.profile {PERSON}.email https://www.googleapis.com/auth/youtube.upload"
    back, tokens = await consented(yt, scope)
    assert (back.params["scope"], back.params["iss"]) == (scope, "https://accounts.google.com")
    http = yt.running.http
    pem = good(await http.get(f"{yt.url}/oauth2/v1/certs"))
    claims = jwt.decode(tokens["id_token"], certs=pem, audience="other")
    assert (claims["iss"], claims["nonce"]) == ("https://accounts.google.com", "n1")
    yt.token = tokens["access_token"]
    openid = good(await yt.call("GET", "/v1/userinfo"))
    older = good(await yt.call("GET", "/oauth2/v2/userinfo"))
    assert openid["sub"] == older["id"] == claims["sub"]
    assert openid["email"] == older["email"] == claims["email"]
    told = good(await yt.call("POST", "/tokeninfo"))
    assert told["scope"] == scope
    configured = good(await http.get(f"{yt.url}/.well-known/openid-configuration"))
    (key,) = good(await http.get(configured["jwks_uri"]))["keys"]
    assert key["kid"] in pem


async def test_a_token_without_such_scopes_does_not_say_who(yt: YouTube) -> None:
    _, tokens = await consented(yt, "https://www.googleapis.com/auth/youtube.upload")
    assert "id_token" not in tokens
    yt.token = tokens["access_token"]
    bad(await yt.call("GET", "/oauth2/v2/userinfo"), 403, "insufficientPermissions")


async def test_playlists_and_their_order_can_be_changed(yt: YouTube) -> None:
    part = {"part": "snippet,status"}
    made = good(await yt.call("POST", f"{API}/playlists", params=part, json={"snippet": {"title": "One"}}))
    text = {"id": made["id"], "snippet": {"title": "Two", "description": "ü"}}
    changed = good(await yt.call("PUT", f"{API}/playlists", params=part, json=text))
    assert (changed["snippet"]["title"], changed["status"]) == ("Two", {"privacyStatus": "public"})
    items = []
    for _ in range(3):
        resource = {"kind": "youtube#video", "videoId": await yt.video()}
        body = {"snippet": {"playlistId": made["id"], "resourceId": resource}}
        item = await yt.call("POST", f"{API}/playlistItems", params={"part": "snippet"}, json=body)
        items.append(good(item))
    moved = {"id": items[2]["id"], "snippet": items[2]["snippet"] | {"position": 0}}
    answer = await yt.call("PUT", f"{API}/playlistItems", params={"part": "snippet"}, json=moved)
    assert good(answer)["snippet"]["position"] == 0
    listed = (await yt.get("/playlistItems", part="snippet", playlistId=made["id"]))["items"]
    assert [each["id"] for each in listed] == [items[place]["id"] for place in (2, 0, 1)]
    (one,) = (await yt.get("/playlistItems", part="snippet", id=items[1]["id"]))["items"]
    assert one["snippet"]["position"] == 2
    moved["snippet"]["position"] = 7
    answer = await yt.call("PUT", f"{API}/playlistItems", params={"part": "snippet"}, json=moved)
    bad(answer, 400, "invalidPlaylistItemPosition")


async def test_comments_channels_and_captions_can_be_changed(yt: YouTube) -> None:
    video = await yt.video()
    words = {"snippet": {"videoId": video, "topLevelComment": {"snippet": {"textOriginal": "First"}}}}
    part = {"part": "snippet"}
    comment = good(await yt.call("POST", f"{API}/commentThreads", params=part, json=words))["id"]
    new = {"id": comment, "snippet": {"textOriginal": "Better"}}
    assert good(await yt.call("PUT", f"{API}/comments", params=part, json=new))["id"] == comment
    query = {"id": comment, "moderationStatus": "heldForReview"}
    assert (await yt.call("POST", f"{API}/comments/setModerationStatus", params=query)).status_code == 204
    (thread,) = (await yt.get("/commentThreads", part="snippet", allThreadsRelatedToChannelId=yt.id))["items"]
    assert thread["snippet"]["topLevelComment"]["snippet"]["textOriginal"] == "Better"
    stranger = await yt.other()
    bad(await stranger.call("PUT", f"{API}/comments", params=part, json=new), 403, "forbidden")
    about = {"id": yt.id, "brandingSettings": {"channel": {"description": "Ours"}}}
    parts = {"part": "brandingSettings"}
    good(await yt.call("PUT", f"{API}/channels", params=parts, json=about))
    # A Python client writes its truths in capitals.
    (channel,) = (await yt.get("/channels", part="snippet", mine="True"))["items"]
    assert channel["snippet"]["description"] == "Ours"
    bad(await stranger.call("PUT", f"{API}/channels", params=parts, json=about), 403, "channelForbidden")
    (upload,) = (await yt.get("/activities", part="contentDetails", mine="true"))["items"]
    assert upload["contentDetails"]["upload"]["videoId"] == video


async def test_a_caption_track_gets_another_file(yt: YouTube) -> None:
    def related(resource: dict[str, Any], text: str) -> dict[str, Any]:
        body = f"--b\r\nContent-Type: application/json\r\n\r\n{json.dumps(resource)}\r\n--b\r\n"
        body += f"Content-Type: text/plain\r\n\r\n{text}\r\n--b--"
        return {"content": body, "headers": {"content-type": "multipart/related; boundary=b"}}

    path, query = f"/upload{API}/captions", {"uploadType": "multipart", "part": "snippet"}
    about = {"snippet": {"videoId": await yt.video(), "language": "en", "name": ""}}
    track = good(await yt.call("POST", path, params=query, **related(about, "old")))["id"]
    fresh = {"id": track, "snippet": {"isDraft": True}}
    changed = good(await yt.call("PUT", path, params=query, **related(fresh, "new")))
    assert (changed["id"], changed["snippet"]["isDraft"]) == (track, True)
    assert (await yt.call("GET", f"{API}/captions/{track}")).text == "new"
    fresh["snippet"] = {"isDraft": False}
    answer = await yt.call("PUT", f"{API}/captions", params={"part": "snippet"}, json=fresh)
    assert good(answer)["snippet"]["isDraft"] is False


async def test_numbers_come_by_video_sorted_and_cut(yt: YouTube) -> None:
    videos = {await yt.video() for _ in range(3)}
    asked = {
        "ids": "channel==MINE", "startDate": "2020-01-01", "endDate": "2029-01-01", "dimensions": "video",
        "metrics": "views,averageViewPercentage", "sort": "-views", "maxResults": "2",
    }  # fmt: skip
    report = good(await yt.call("GET", "/v2/reports", params=asked))
    assert [each["name"] for each in report["columnHeaders"]] == [
        "video",
        "views",
        "averageViewPercentage",
    ]
    assert len(report["rows"]) == 2
    assert {row[0] for row in report["rows"]} <= videos
    assert report["rows"] == sorted(report["rows"], key=lambda row: -row[1])
    asked |= {"dimensions": "ageGroup,gender", "metrics": "viewerPercentage", "sort": ""}
    few = good(await yt.call("GET", "/v2/reports", params=asked))
    assert ([each["name"] for each in few["columnHeaders"]][:2], few["rows"]) == (
        ["ageGroup", "gender"],
        [],
    )
    asked["dimensions"] = "day"
    bad(await yt.call("GET", "/v2/reports", params=asked), 400, "badRequest")


async def test_googles_client_batches_and_hides_a_long_query_in_a_form(yt: YouTube) -> None:
    http = AuthorizedHttp(Credentials(yt.token), http=ToSandbox(yt.url))
    service, answers = build("youtube", "v3", http=http), {}

    def keep(name: str, answer: Any, error: Any) -> None:
        answers[name] = answer["kind"] if error is None else error.resp.status

    def run() -> dict[str, Any]:
        batch = service.new_batch_http_request(callback=keep)
        batch.add(service.channels().list(part="id", mine=True))
        batch.add(service.playlists().insert(part="snippet", body={"snippet": {"title": "über"}}))
        batch.add(service.videos().delete(id="nothing-here"))
        batch.execute()
        long = ",".join(f"{number:03}-{'x' * 40}" for number in range(50))
        found: dict[str, Any] = service.videos().list(part="id", id=long).execute()
        service.close()
        return found

    found = await asyncio.to_thread(run)
    assert list(answers.values()) == ["youtube#channelListResponse", "youtube#playlist", 404]
    assert found["items"] == []


async def test_a_batch_that_is_none_is_refused(yt: YouTube) -> None:
    assert (await yt.call("POST", "/batch", content=b"nothing")).status_code == 400


async def test_a_browser_may_upload_from_any_page(yt: YouTube) -> None:
    origin = {"origin": "https://page.example"}
    asks = {"access-control-request-method": "PUT", "access-control-request-headers": "content-range"}
    before = await yt.running.http.request("OPTIONS", f"{yt.url}{UPLOAD}", headers=origin | asks)
    assert before.status_code == 200
    assert "PUT" in before.headers["access-control-allow-methods"]
    assert before.headers["access-control-allow-headers"] == "content-range"
    data = film()
    query = {"uploadType": "resumable", "part": "snippet"}
    opened = await yt.call("POST", UPLOAD, params=query, headers=origin, json={"snippet": {"title": "T"}})
    assert opened.headers["access-control-allow-origin"] == "https://page.example"
    assert "location" in opened.headers["access-control-expose-headers"]
    good(await yt.call("PUT", opened.headers["location"], headers=origin, content=data))


async def test_another_page_shows_a_video(yt: YouTube) -> None:
    async def shown(video: str) -> httpx2.Response:
        address = f"https://www.youtube.com/watch?v={video}"
        return await yt.running.http.get(f"{yt.url}/oembed", params={"url": address, "format": "json"})

    video = await yt.video(snippet={"title": 'A "title"'}, status={"privacyStatus": "unlisted"})
    found = good(await shown(video))
    assert (found["title"], found["author_url"]) == ('A "title"', f"{yt.url}/@demo")
    assert f"/embed/{video}" in found["html"]
    assert "&quot;title&quot;" in found["html"]
    hidden = await yt.video(snippet={"title": "T"}, status={"privacyStatus": "private"})
    assert [(await shown(each)).status_code for each in (hidden, "nothing")] == [403, 404]
