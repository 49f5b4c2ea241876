"""YouTube: what we send and what the simulator answers, against Google's own discovery document."""

from __future__ import annotations

import pytest
from tests.platforms.conformance.stage import Stage
from tests.platforms.recording import Exchange
from tests.platforms.specs.tapped import exchanges, figures
from tests.specs.deviations import DEVIATIONS
from tests.specs.discovery import Document
from tests.specs.openapi import unexplained

from polypost.platforms.youtube import CONNECTOR
from polypost.sandbox.networks.youtube.metadata import READABLE

DOCUMENT = Document("youtube.v3.json")
# The document covers the API alone, not Google's identity servers.
BESIDE = ("/token", "/revoke", "/o/oauth2/")
API = "https://www.googleapis.com/youtube/v3"


async def more(stage: Stage) -> None:
    """Answers that publishing does not need, and clients ask for."""
    await figures(stage)
    http = stage.room.networks.client("youtube")
    headers = {"Authorization": f"Bearer {stage.entry['accessToken']}"}

    async def call(method: str, path: str, body: object = None, **params: str) -> dict[str, object]:
        answer = await http.request(method, f"{API}/{path}", params=params, headers=headers, json=body)
        assert answer.is_success, answer.text
        made: dict[str, object] = answer.json() if answer.content else {}
        return made

    video_id = (await stage.visible())[0]["id"]
    made = await call(
        "POST", "playlists", {"snippet": {"title": "Mine"}, "status": {}}, part="snippet,status"
    )
    entry = {
        "playlistId": made["id"],
        "resourceId": {"kind": "youtube#video", "videoId": video_id},
    }
    item = await call("POST", "playlistItems", {"snippet": entry}, part="snippet,contentDetails,status")
    await call("GET", "playlists", part="snippet,contentDetails,status", mine="true")
    await call("GET", "playlistItems", part="snippet,contentDetails,status", playlistId=str(made["id"]))
    await call("DELETE", "playlistItems", id=str(item["id"]))
    await call("DELETE", "playlists", id=str(made["id"]))
    said = {"videoId": video_id, "topLevelComment": {"snippet": {"textOriginal": "Hi"}}}
    thread = await call("POST", "commentThreads", {"snippet": said}, part="snippet")
    reply = {"snippet": {"parentId": thread["id"], "textOriginal": "Hello"}}
    await call("POST", "comments", reply, part="snippet")
    await call("GET", "commentThreads", part="snippet,replies", videoId=video_id)
    await call("GET", "comments", part="snippet", parentId=str(thread["id"]))
    await call("DELETE", "comments", id=str(thread["id"]))
    await call("GET", "videos", part=",".join(READABLE), id=video_id)
    await call("GET", "videos", part="snippet", chart="mostPopular")
    await call("POST", "videos/rate", id=video_id, rating="like")
    await call("GET", "videos/getRating", id=video_id)
    changed = {"id": video_id, "snippet": {"title": "New", "categoryId": "22"}}
    await call("PUT", "videos", changed, part="snippet")
    await call("GET", "search", part="snippet", forMine="true", type="video")
    await call("GET", "videoCategories", part="snippet", regionCode="US")
    everything = "snippet,contentDetails,status,statistics,brandingSettings,topicDetails"
    await call("GET", "channels", part=everything, mine="true")


@pytest.fixture(scope="module")
def heard() -> list[Exchange]:
    return [each for each in exchanges("youtube", more) if not each.path.startswith(BESIDE)]


def test_every_exchange_is_as_documented(heard: list[Exchange]) -> None:
    named = {method.name for each in heard if (method := DOCUMENT.method(each))}
    assert named >= {
        "youtube.videos.insert",
        "youtube.videos.list",
        "youtube.videos.delete",
        "youtube.thumbnails.set",
        "youtube.commentThreads.insert",
        "youtube.channels.list",
        "youtube.search.list",
    }
    findings = [finding for each in heard for finding in DOCUMENT.findings(each)]
    left, needless = unexplained(findings, [each.where for each in DEVIATIONS.get("youtube", ())])
    assert left == set()
    assert needless == set()


def test_the_scopes_that_are_asked_for_suffice(heard: list[Exchange]) -> None:
    oauth = CONNECTOR.spec.oauth
    assert oauth is not None
    assert set(oauth.scopes) <= set(DOCUMENT.whole["auth"]["oauth2"]["scopes"])
    for each in heard:
        method = DOCUMENT.method(each)
        assert method is not None
        assert DOCUMENT.scopes_of(method.name) & set(oauth.scopes), method.name


def test_every_option_of_a_video_is_in_the_document() -> None:
    """The revision is the one that the facts were read from; a newer client brings a newer one to look at."""
    assert DOCUMENT.whole["revision"] in CONNECTOR.spec.api_version.source
    largest = DOCUMENT.whole["resources"]["videos"]["methods"]["insert"]["mediaUpload"]["maxSize"]
    assert int(largest) == CONNECTOR.spec.limit("video_bytes")


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"query": "part=snippet&colour=red"}, "youtube.videos.list: query colour: not a parameter"),
        ({"query": "id=x"}, "youtube.videos.list: query part: missing"),
        ({"query": "part=snippet&maxResults=many"}, "youtube.videos.list: query maxResults: 'many' is not"),
        ({"query": "part=snippet&maxResults=51"}, "youtube.videos.list: query maxResults: 51 is greater"),
        ({"answer": b'{"items": [{"colour": 1}]}'}, "youtube.videos.list: answer 200 items.[]: Additional"),
        (
            {"answer": b'{"items": [{"statistics": {"viewCount": 1}}]}'},
            "youtube.videos.list: answer 200 items",
        ),
        (
            {"answer": b'{"items": [{"statistics": {"viewCount": "x"}}]}'},
            "youtube.videos.list: answer 200 items",
        ),
        (
            {"answer": b'{"items": [{"snippet": {"publishedAt": "soon"}}]}'},
            "youtube.videos.list: answer 200 items",
        ),
        ({"status": 404}, "youtube.videos.list: answer 404: an error"),
        ({"path": "/youtube/v3/nowhere"}, "GET /youtube/v3/nowhere: not in the document"),
    ],
)
def test_the_comparison_sees_what_it_should(change: dict[str, object], finding: str) -> None:
    good = {
        "method": "GET",
        "path": "/youtube/v3/videos",
        "query": "part=snippet&maxResults=50",
        "headers": {},
        "body": b"",
        "status": 200,
        "answer_headers": {},
        "answer": b'{"items": [{"statistics": {"viewCount": "1"}}]}',
    }
    assert list(DOCUMENT.findings(Exchange(**good))) == []  # type: ignore[arg-type]  # a change of any member
    found = list(DOCUMENT.findings(Exchange(**{**good, **change})))  # type: ignore[arg-type]  # a change of any member
    assert [each.startswith(finding) for each in found] == [True]
