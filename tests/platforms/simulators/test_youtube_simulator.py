"""Logging in at the YouTube simulator, its lists, comments, quotas and pages."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.platforms.simulators.helpers import demo_account, on, without_buttons
from tests.platforms.simulators.youtube import API, YouTube, bad, film, good

from polypost import clock

SCOPE = "https://www.googleapis.com/auth/youtube"
BACK = "https://app.example/back"
APP = {"client_id": "strangers-app", "client_secret": "any"}
UPRIGHT = {"width": 720, "height": 1280, "size": 300_000}

yt = demo_account(YouTube)


async def page(yt: YouTube, **query: str) -> httpx2.Response:
    asked = {
        "client_id": "strangers-app",
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": f"{SCOPE}.upload {SCOPE}.readonly",
        "access_type": "offline",
        "state": "s & t",
        **query,
    }
    return await yt.running.http.get(f"{yt.url}/o/oauth2/v2/auth", params=asked)


async def code(yt: YouTube, **query: str) -> str:
    answer = await page(yt, sandbox_decision="approve", **query)
    back = httpx2.URL(answer.headers["location"])
    assert back.params["state"] == "s & t"
    found: str = back.params["code"]
    return found


async def token(yt: YouTube, path: str = "/token", **form: str) -> httpx2.Response:
    return await yt.running.http.post(yt.url + path, data={**APP, **form})


async def redeemed(yt: YouTube, **query: str) -> dict[str, Any]:
    form = {"grant_type": "authorization_code", "code": await code(yt, **query), "redirect_uri": BACK}
    return good(await token(yt, **form))


async def refreshed(yt: YouTube, tokens: dict[str, Any]) -> httpx2.Response:
    return await token(yt, grant_type="refresh_token", refresh_token=tokens["refresh_token"])


def dead(answer: httpx2.Response) -> None:
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "invalid_grant",
        "error_description": "Token has been expired or revoked.",
    }


async def test_the_consent_page(yt: YouTube) -> None:
    shown = await page(yt)
    assert (shown.status_code, "Demo channel 2" in shown.text) == (200, True)
    denied = await page(yt, sandbox_decision="deny")
    assert httpx2.URL(denied.headers["location"]).params["error"] == "access_denied"
    for missing in ("client_id", "redirect_uri", "scope"):
        assert (await page(yt, **{missing: ""})).status_code == 400
    assert (await page(yt, response_type="token")).status_code == 400


async def test_codes_and_tokens(yt: YouTube) -> None:
    tokens = await redeemed(yt)
    assert set(tokens) == {"access_token", "expires_in", "refresh_token", "scope", "token_type"}
    assert (tokens["expires_in"], tokens["token_type"]) in {(3599, "Bearer"), (3598, "Bearer")}
    assert tokens["scope"] == f"{SCOPE}.upload {SCOPE}.readonly"
    again = good(await refreshed(yt, tokens))
    assert "refresh_token" not in again
    assert again["access_token"] != tokens["access_token"]
    info = await yt.running.http.get(f"{yt.url}/tokeninfo", params={"access_token": again["access_token"]})
    assert good(info)["aud"] == "strangers-app"
    # Only the first consent brings a refresh token, unless it is asked for anew.
    assert "refresh_token" not in await redeemed(yt)
    assert "refresh_token" in await redeemed(yt, prompt="consent")
    assert "refresh_token" not in await redeemed(yt, access_type="online")


BAD_TOKEN_CALLS = (
    ({"code": "wrong"}, 400, "invalid_grant"),
    ({"code": ""}, 400, "invalid_request"),
    ({"redirect_uri": "https://else.example"}, 400, "redirect_uri_mismatch"),
    ({"client_id": "another"}, 400, "invalid_grant"),
    ({"client_id": ""}, 400, "invalid_request"),
    ({"grant_type": ""}, 400, "invalid_request"),
    ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ({"grant_type": "refresh_token", "refresh_token": "wrong"}, 400, "invalid_grant"),
    ({"client_id": "sandbox-app", "client_secret": "wrong"}, 401, "invalid_client"),
)


async def test_token_calls_that_are_refused(yt: YouTube) -> None:
    for form, status, error in BAD_TOKEN_CALLS:
        asked = {"grant_type": "authorization_code", "code": await code(yt), "redirect_uri": BACK}
        answer = await token(yt, **(asked | form))
        assert (answer.status_code, answer.json()["error"]) == (status, error)


async def test_codes_are_used_once_and_end(yt: YouTube) -> None:
    for wait in (0, 601):
        form = {"grant_type": "authorization_code", "code": await code(yt), "redirect_uri": BACK}
        if wait:
            clock.advance(wait)
        else:
            good(await token(yt, **form))
        assert (await token(yt, **form)).json()["error"] == "invalid_grant"


async def test_the_verifier_must_answer_the_challenge(yt: YouTube) -> None:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 43).digest()).decode().rstrip("=")
    asked = {"code_challenge": challenge, "code_challenge_method": "S256"}
    for verifier, status in (("", 400), ("w" * 43, 400), ("v" * 43, 200)):
        answer = await token(
            yt,
            grant_type="authorization_code",
            code=await code(yt, **asked),
            redirect_uri=BACK,
            code_verifier=verifier,
        )
        assert answer.status_code == status


async def test_how_refresh_tokens_die(yt: YouTube) -> None:
    revoked, testing_form = await redeemed(yt), {"client_id": "sandbox-testing-app"}
    assert (
        await yt.running.http.post(f"{yt.url}/revoke", data={"token": revoked["access_token"]})
    ).status_code == 200
    dead(await refreshed(yt, revoked))
    unknown = await yt.running.http.post(f"{yt.url}/revoke", data={"token": "x"})
    assert (unknown.status_code, unknown.json()["error"]) == (400, "invalid_token")
    value = await code(yt, **testing_form)
    form = {"grant_type": "authorization_code", "code": value, "redirect_uri": BACK, **testing_form}
    testing, idle = good(await token(yt, **form)), await redeemed(yt)
    assert testing["refresh_token_expires_in"] <= 7 * 86_400
    clock.advance(8 * 86_400)
    dead(await token(yt, grant_type="refresh_token", refresh_token=testing["refresh_token"], **testing_form))
    # Use keeps the other alive, and half a year without it does not.
    good(await refreshed(yt, idle))
    clock.advance(180 * 86_400)
    good(await refreshed(yt, idle))
    clock.advance(183 * 86_400)
    dead(await refreshed(yt, idle))


async def test_the_hundred_and_first_refresh_token_ends_the_first(yt: YouTube) -> None:
    first, second = [await redeemed(yt, prompt="consent") for _ in range(2)]
    for _ in range(99):
        await redeemed(yt, prompt="consent")
    dead(await refreshed(yt, first))
    good(await refreshed(yt, second))


async def test_access_tokens_are_asked_for_everywhere(yt: YouTube) -> None:
    url = f"{yt.url}{API}/channels?part=id&mine=true"
    assert bad(await yt.running.http.get(url), 401, "required")["status"] == "UNAUTHENTICATED"
    wrong = await yt.running.http.get(url, headers={"authorization": "Bearer x"})
    assert bad(wrong, 401, "authError")["errors"][0]["location"] == "Authorization"
    assert "invalid_token" in wrong.headers["www-authenticate"]
    good(await yt.running.http.get(f"{url}&access_token={yt.token}"))
    clock.advance(3_600)
    bad(await yt.call("GET", f"{API}/channels?part=id&mine=true"), 401, "authError")
    bad(await yt.call("GET", "/youtube/v3/nowhere"), 404, "notFound")


async def test_scopes_are_what_was_ticked(yt: YouTube) -> None:
    yt.token = (await redeemed(yt, sandbox_scopes=f"{SCOPE}.readonly"))["access_token"]
    await yt.get("/channels", part="id", mine="true")
    error = bad(await yt.open(10), 403, "insufficientPermissions")
    assert error["status"] == "PERMISSION_DENIED"
    assert error["details"][0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
    yt.token = (await redeemed(yt, sandbox_scopes=f"{SCOPE}.upload"))["access_token"]
    await yt.opened(10)
    bad(await yt.call("GET", f"{API}/channels?part=id&mine=true"), 403, "insufficientPermissions")
    bad(
        await yt.call("POST", f"{API}/commentThreads?part=snippet", json={}),
        403,
        "insufficientPermissions",
    )


async def test_channels(yt: YouTube) -> None:
    everything = "snippet,contentDetails,status,statistics"
    (mine,) = (await yt.get("/channels", part=everything, mine="true"))["items"]
    assert (mine["id"], mine["snippet"]["customUrl"]) == (yt.id, "@demo")
    assert mine["contentDetails"]["relatedPlaylists"]["uploads"] == f"UU{yt.id[2:]}"
    assert mine["status"]["longUploadsStatus"] == "allowed"
    other = await yt.other()
    (named,) = (await yt.get("/channels", part=everything, forHandle="@demo2"))["items"]
    assert (named["id"], "longUploadsStatus" in named["status"]) == (other.id, False)
    (own,) = (await other.get("/channels", part="status", mine="true"))["items"]
    assert own["status"]["longUploadsStatus"] == "eligible"
    assert len((await yt.get("/channels", part="id", id=f"{yt.id},{other.id},UCnone"))["items"]) == 2
    await yt.fault("no_channel")
    assert "items" not in await yt.get("/channels", part="id", mine="true")
    bad(await yt.call("GET", f"{API}/channels?part=id"), 400, "missingRequiredParameter")
    bad(await yt.call("GET", f"{API}/channels?mine=true"), 400, "missingRequiredParameter")
    bad(await yt.call("GET", f"{API}/channels?part=colour&mine=true"), 400, "unknownPart", "youtube.part")


def test_demo_channels_are_the_same_everywhere(tmp_path: Path) -> None:
    seen: list[list[str]] = []

    async def story(yt: YouTube) -> None:
        seen.append([each["platformUserId"] for each in await yt.running.accounts("youtube")])

    for folder in ("a", "b"):
        on(YouTube, tmp_path / folder, story)
    assert seen[0] == seen[1]
    assert all(len(each) == 24 for each in seen[0])


async def test_a_video_is_worked_on_for_a_while(yt: YouTube) -> None:
    parts = "status,processingDetails,contentDetails"
    looked = await yt.video()
    seen = [await yt.one(looked, parts) for _ in range(3)]
    assert [each["status"]["uploadStatus"] for each in seen] == ["uploaded", "uploaded", "processed"]
    assert [each["processingDetails"]["processingStatus"] for each in seen] == [
        "processing",
        "processing",
        "succeeded",
    ]
    assert (seen[0]["contentDetails"]["duration"], seen[2]["contentDetails"]["duration"]) == (
        "P0D",
        "PT5S",
    )
    await yt.fault("processing", seconds=60)
    slow = await yt.video()
    clock.advance(50)
    assert [(await yt.one(slow))["status"]["uploadStatus"] for _ in range(4)] == ["uploaded"] * 4
    clock.advance(20)
    assert (await yt.one(slow))["status"]["uploadStatus"] == "processed"


@pytest.mark.parametrize(
    ("fault", "ends", "name", "reason"),
    [
        ("processing_failed", "failed", "failureReason", "conversion"),
        ("rejected_duplicate", "rejected", "rejectionReason", "duplicate"),
    ],
)
async def test_a_video_that_comes_to_nothing(
    yt: YouTube, fault: str, ends: str, name: str, reason: str
) -> None:
    await yt.fault(fault)
    video_id = await yt.video()
    clock.advance(10)
    status = (await yt.one(video_id))["status"]
    assert (status["uploadStatus"], status[name]) == (ends, reason)
    assert reason in (await yt.running.http.get(f"{yt.url}/watch?v={video_id}")).text


async def test_uploads_of_an_app_that_is_not_audited(yt: YouTube) -> None:
    value = await code(yt, client_id="sandbox-unaudited-app", scope=SCOPE)
    form = {"grant_type": "authorization_code", "code": value, "redirect_uri": BACK}
    yt.token = good(await token(yt, **form, client_id="sandbox-unaudited-app"))["access_token"]
    data = film()
    answer = await yt.call("PUT", await yt.opened(len(data)), content=data)
    # The answer to the upload does not tell; only reading the video does.
    assert good(answer)["status"]["privacyStatus"] == "public"
    video_id = answer.json()["id"]
    assert (await yt.one(video_id))["status"]["privacyStatus"] == "private"
    body = {"id": video_id, "status": {"privacyStatus": "public"}}
    bad(await yt.call("PUT", f"{API}/videos?part=status", json=body), 403, "forbiddenPrivacySetting")
    assert "Locked as private" in (await yt.running.http.get(f"{yt.url}/watch?v={video_id}")).text


async def test_a_change_replaces_its_part_whole(yt: YouTube) -> None:
    snippet = {"title": "Old", "description": "Text", "tags": ["a"], "categoryId": "28"}
    video_id = await yt.video(snippet=snippet, status={"privacyStatus": "private"})

    async def change(part: str, **body: Any) -> httpx2.Response:
        return await yt.call("PUT", f"{API}/videos?part={part}", json={"id": video_id, **body})

    changed = good(await change("snippet", snippet={"title": "New", "categoryId": "22"}))
    assert "tags" not in changed["snippet"]
    found = await yt.one(video_id)
    assert (found["snippet"]["title"], found["snippet"]["description"]) == ("New", "")
    assert found["status"]["privacyStatus"] == "private"
    bad(await change("snippet", snippet={"categoryId": "22"}), 400, "invalidTitle")
    bad(await change("snippet", snippet={"title": "New"}), 400, "invalidCategoryId")
    soon = clock.iso(clock.now() + timedelta(hours=1))
    good(await change("status", status={"privacyStatus": "private", "publishAt": soon}))
    assert (await yt.one(video_id))["status"]["publishAt"] == soon
    clock.advance(3_601)
    yt.token = (await redeemed(yt, scope=SCOPE))["access_token"]
    assert (await yt.one(video_id))["status"]["privacyStatus"] == "public"
    later = clock.iso(clock.now() + timedelta(hours=1))
    again = await change("status", status={"privacyStatus": "private", "publishAt": later})
    bad(again, 400, "invalidPublishAt")


async def test_what_others_see_and_may(yt: YouTube) -> None:
    other = await yt.other()
    private = await yt.video(status={"privacyStatus": "private"})
    public = await yt.video(status={"privacyStatus": "public"})
    found = await other.get("/videos", part="status,statistics", id=f"{private},{public},nothing")
    (seen,) = found["items"]
    assert (seen["id"], "dislikeCount" in seen["statistics"]) == (public, False)
    assert "selfDeclaredMadeForKids" not in seen["status"]
    assert "dislikeCount" in (await yt.one(public, "statistics"))["statistics"]
    bad(await other.call("GET", f"{API}/videos?part=fileDetails&id={public}"), 403, "forbidden")
    bad(await other.call("DELETE", f"{API}/videos?id={public}"), 403, "forbidden")
    bad(await other.call("DELETE", f"{API}/videos?id={private}"), 404, "videoNotFound")
    assert (await yt.call("DELETE", f"{API}/videos?id={private}")).status_code == 204
    bad(await yt.call("DELETE", f"{API}/videos?id={private}"), 404, "videoNotFound")
    listed = await other.get("/playlistItems", part="contentDetails", playlistId=f"UU{yt.id[2:]}")
    assert [item["contentDetails"]["videoId"] for item in listed["items"]] == [public]


async def test_lists_have_pages_and_may_lag(yt: YouTube) -> None:
    made = [await yt.video(film(size=200_000)) for _ in range(3)]
    uploads = {"part": "snippet,contentDetails,status", "playlistId": f"UU{yt.id[2:]}"}
    first = await yt.get("/playlistItems", **uploads, maxResults="2")
    rest = await yt.get("/playlistItems", **uploads, maxResults="2", pageToken=first["nextPageToken"])
    ids = [item["contentDetails"]["videoId"] for item in first["items"] + rest["items"]]
    assert ids == made[::-1]
    assert ("nextPageToken" in rest, "prevPageToken" in rest) == (False, True)
    assert first["pageInfo"] == {"totalResults": 3, "resultsPerPage": 2}
    path = f"{API}/playlistItems?part=id&playlistId={uploads['playlistId']}"
    bad(await yt.call("GET", f"{path}&maxResults=51"), 400, "invalidParameter")
    bad(await yt.call("GET", f"{path}&pageToken=%21"), 400, "invalidPageToken")
    bad(await yt.call("GET", f"{API}/playlistItems?part=id&playlistId=PLx"), 404, "playlistNotFound")
    await yt.fault("listing_lag", seconds=60)
    assert (await yt.get("/playlistItems", **uploads))["items"] == []
    bad(await yt.call("GET", f"{API}/videos?part=id"), 400, "missingRequiredParameter")
    many = ",".join(str(number) for number in range(51))
    bad(await yt.call("GET", f"{API}/videos?part=id&id={many}"), 400, "invalidFilters")


FIELDS = (
    ("items/id", 200),
    ("items(id,snippet(title,tags)),kind", 200),
    ("*", 200),
    ("items(", 400),
    (",", 400),
)


async def test_only_the_fields_that_were_asked_for(yt: YouTube) -> None:
    for fields, status in FIELDS:
        await yt.video()
        answer = await yt.call(
            "GET",
            f"{API}/search",
            params={"part": "snippet", "forMine": "true", "type": "video", "fields": fields},
        )
        assert answer.status_code == status
        if fields == "items/id":
            (item,) = answer.json()["items"]
            assert set(item) == {"id"}


async def test_comments(yt: YouTube) -> None:
    video_id = await yt.video()

    async def say(text: Any, video: str = video_id, caller: YouTube = yt) -> httpx2.Response:
        snippet = {"videoId": video, "topLevelComment": {"snippet": {"textOriginal": text}}}
        return await caller.call("POST", f"{API}/commentThreads?part=snippet", json={"snippet": snippet})

    thread = good(await say("a < b"))
    top = thread["snippet"]["topLevelComment"]["snippet"]
    assert (top["textOriginal"], top["textDisplay"]) == ("a < b", "a &lt; b")
    bad(await say(""), 400, "commentTextRequired", "youtube.commentThread")
    bad(await say("x" * 10_001), 400, "commentTextTooLong")
    bad(await say("x", "nothing"), 404, "videoNotFound")
    kids = await yt.video(status={"privacyStatus": "public", "selfDeclaredMadeForKids": True})
    bad(await say("x", kids), 403, "commentsDisabled")
    reply = {"snippet": {"parentId": thread["id"], "textOriginal": "Indeed"}}
    answer = good(await yt.call("POST", f"{API}/comments?part=snippet", json=reply))
    (shown,) = (await yt.get("/commentThreads", part="snippet,replies", videoId=video_id))["items"]
    assert shown["snippet"]["totalReplyCount"] == 1
    assert [each["id"] for each in shown["replies"]["comments"]] == [answer["id"]]
    listed = await yt.get("/comments", part="snippet", parentId=thread["id"])
    assert [each["id"] for each in listed["items"]] == [answer["id"]]
    other = await yt.other()
    bad(await other.call("DELETE", f"{API}/comments?id={answer['id']}"), 403, "forbidden")
    assert (await yt.call("DELETE", f"{API}/comments?id={answer['id']}")).status_code == 204
    assert (await yt.one(video_id, "statistics"))["statistics"]["commentCount"] == "1"


async def test_the_allowances_of_a_day(yt: YouTube) -> None:
    for _ in range(100):
        await yt.open(10)
    error = bad(await yt.open(10), 429, "rateLimitExceeded", "global")
    assert "'Video Uploads per day'" in error["message"]
    # Everything else is counted apart, in units.
    for _ in range(199):
        await yt.call("POST", f"{API}/videos/rate?id=x&rating=like")
    for _ in range(50):
        await yt.get("/videos", part="id", id="x")
    bad(await yt.call("GET", f"{API}/videos?part=id&id=x"), 403, "quotaExceeded", "youtube.quota")
    await yt.get("/search", part="snippet", forMine="true", type="video")
    await yt.running.control("POST", "limits", enforced=False)
    assert (await yt.open(10)).status_code == 200


async def test_pieces_cost_nothing(yt: YouTube) -> None:
    session = await yt.opened(10 * 262_144)
    for _ in range(150):
        await yt.ask(session)
    assert (await yt.open(10)).status_code == 200


async def test_numbers_of_the_analytics(yt: YouTube) -> None:
    video_id = await yt.video()
    clock.advance(1_800)
    today = clock.now().date().isoformat()
    asked = {
        "ids": "channel==MINE",
        "startDate": today,
        "endDate": today,
        "metrics": "views,likes",
        "filters": f"video=={video_id}",
    }
    table = good(await yt.call("GET", "/v2/reports", params=asked))
    assert [column["name"] for column in table["columnHeaders"]] == ["views", "likes"]
    ((views, _),) = table["rows"]
    assert views > 0
    daily = good(await yt.call("GET", "/v2/reports", params={**asked, "dimensions": "day"}))
    assert daily["rows"][0][0] == today
    for wrong in ({"metrics": "colour"}, {"startDate": "soon"}, {"ids": "channel==UCx"}):
        assert (await yt.call("GET", "/v2/reports", params={**asked, **wrong})).status_code == 400


async def test_pages(yt: YouTube) -> None:
    snippet = {
        "title": "A <title>".replace("<", "").replace(">", ""),
        "description": "See https://example.com #tag",
    }
    wide = await yt.video(snippet=snippet, status={"privacyStatus": "unlisted"})
    tall = await yt.video(film(**UPRIGHT), snippet={"title": "Upright"}, status={})

    async def shown(path: str, status: int = 200) -> str:
        answer = await yt.running.http.get(yt.url + path, follow_redirects=True)
        assert answer.status_code == status
        return without_buttons(answer.text)

    watched = await shown(f"/watch?v={wide}")
    assert "A title" in watched
    assert "Unlisted" in watched
    assert '<a href="https://example.com"' in watched
    assert "prefers-color-scheme: dark" in watched
    assert "Short" in await shown(f"/shorts/{tall}")
    assert watched == await shown(f"/{wide}")
    channel = await shown("/@demo")
    assert "Upright" in channel
    assert "Unlisted" in channel
    assert channel == await shown(f"/channel/{yt.id}")
    picture = await yt.running.http.get(f"{yt.url}/vi/{wide}/hqdefault.jpg")
    assert picture.headers["content-type"] == "image/jpeg"
    await shown("/watch?v=nothing", 404)
    await shown("/@nobody", 404)
    assert (await yt.running.http.get(f"{yt.url}/vi/nothing/default.jpg")).status_code == 404


async def test_an_app_reads_what_is_public_with_its_key_alone(yt: YouTube) -> None:
    public, private = await yt.video(), await yt.video(status={"privacyStatus": "private"})

    async def read(path: str, **query: str) -> httpx2.Response:
        return await yt.running.http.get(f"{yt.url}{API}{path}", params={"key": "AIza", **query})

    seen = good(await read("/videos", part="snippet,statistics", id=f"{public},{private}"))
    assert [item["id"] for item in seen["items"]] == [public]
    assert len(good(await read("/channels", part="snippet", id=yt.id))["items"]) == 1
    assert len(good(await read("/search", part="snippet", channelId=yt.id))["items"]) == 1
    good(await read("/playlistItems", part="snippet", playlistId=f"UU{yt.id[2:]}"))
    good(await read("/commentThreads", part="snippet", videoId=public))
    bad(await read("/channels", part="snippet", mine="true"), 401, "required")
    bad(await read("/search", part="snippet", forMine="true"), 401, "required")
    bad(await read("/videos", part="fileDetails", id=public), 403, "forbidden")
    bad(await yt.running.http.delete(f"{yt.url}{API}/videos?id={public}&key=AIza"), 401, "required")
