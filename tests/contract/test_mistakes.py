"""Mistakes that everybody makes in the first hour: each answer names what mends it, by key, call, command or setting."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from polypost import access
from tests.contract.tenant import Tenant, operator

IMAGE = {"type": "image", "url": "https://example.com/a.jpg"}


class Mistake(NamedTuple):
    """A request that is wrong, where it is, and what the answer has to say to who reads nothing else."""

    request: Any
    path: str
    says: tuple[str, ...]


def post(path: str, *says: str, without: str = "", **changed: Any) -> Mistake:
    """A create body with something else in it, or without something."""

    def body(tenant: Tenant) -> dict[str, Any]:
        made = {**tenant.body(), **changed}
        made.pop(without, None)
        return made

    return Mistake(body, path, says)


def entry(path: str, *says: str, without: str = "", **changed: Any) -> Mistake:
    """A create body whose only platform entry has something else in it, or not something."""

    def body(tenant: Tenant) -> dict[str, Any]:
        made = tenant.body()
        (first, *_) = made["platforms"]
        wrong = {**first, **changed}
        wrong.pop(without, None)
        return {**made, "platforms": [wrong]}

    return Mistake(body, f"platforms[0].{path}", says)


def media(path: str, *says: str, **changed: Any) -> Mistake:
    """A create body with one media item that has something else in it."""
    return post(f"mediaItems[0].{path}", *says, mediaItems=[{**IMAGE, **changed}])


UPLOAD, ALLOW = "POST /v1/media/upload", "POLYPOST_ALLOW_ADDRESSES"

MISTAKES = {
    "text": post("text", "Did you mean content?", "content, platforms, mediaItems", text="Hello"),
    "caption": post("caption", "Did you mean content?", caption="Hello"),
    "Content": post("Content", "Did you mean content?", Content="Hello"),
    "no content": post("content", "is required", "Add this key.", without="content"),
    "no platforms": post("platforms", "is required", without="platforms"),
    "scheduled_for": post(
        "scheduled_for", "Did you mean scheduledFor?", scheduled_for="2027-01-01T00:00:00Z"
    ),
    "publishAt": post("publishAt", "Did you mean scheduledFor?", publishAt="2027-01-01T00:00:00Z"),
    "publish_now": post("publish_now", "Did you mean publishNow?", publish_now=True),
    "publishnow": post("publishnow", "Did you mean publishNow?", publishnow=True),
    "time_zone": post("time_zone", "Did you mean timezone?", time_zone="UTC"),
    "mediaUrls": post("mediaUrls", "Did you mean mediaItems?", mediaUrls=["https://example.com/a.jpg"]),
    "images": post("images", "Did you mean mediaItems?", images=["https://example.com/a.jpg"]),
    "accounts": post("accounts", "Did you mean platforms?", accounts=["int_x"]),
    "an option beside the text": post(
        "boardId", "option of pinterest", "platformSpecificData", boardId="813744157000000101"
    ),
    "names of platforms": post("platforms[0]", "platform and accountId", platforms=["twitter"]),
    "one platform": post("platforms", "square brackets", platforms={"platform": "twitter", "accountId": "?"}),
    "urls of media": post("mediaItems[0]", "type and url", mediaItems=["https://example.com/a.jpg"]),
    "publishNow as a text": post("publishNow", "true or false, without quotes", publishNow="true"),
    "both times": post("publishNow", "Send one of the two.", scheduledFor="2027-01-01T00:00:00Z"),
    "no time": post("publishNow", "publishNow: true or scheduledFor", without="publishNow"),
    "seconds": post("scheduledFor", "2027-01-15T08:00:00.000Z", publishNow=None, scheduledFor=1800000000),
    "milliseconds": post(
        "scheduledFor", "2027-01-15T08:00:00.000Z", publishNow=None, scheduledFor=1800000000000
    ),
    "seconds as a text": post(
        "scheduledFor", "2027-01-15T08:00:00.000Z", publishNow=None, scheduledFor="1800000000"
    ),
    "tomorrow": post("scheduledFor", "2026-04-15T14:30:00Z", publishNow=None, scheduledFor="tomorrow 9am"),
    "the other order": post(
        "scheduledFor", "2026-04-15T14:30:00Z", publishNow=None, scheduledFor="24/12/2026 18:00"
    ),
    "the past": post(
        "scheduledFor", "Choose a time in the future", publishNow=None, scheduledFor="2020-01-01T00:00:00Z"
    ),
    "a city": post("timezone", "Did you mean Europe/Berlin?", timezone="Berlin"),
    "small letters": post("timezone", "Did you mean Europe/Berlin?", timezone="europe/berlin"),
    "an abbreviation": post("timezone", "Did you mean America/Los_Angeles?", timezone="PST"),
    "an offset as a zone": post("timezone", "Europe/Berlin or UTC", timezone="UTC+2"),
    "x": entry("platform", "Did you mean twitter?", platform="x"),
    "X": entry("platform", "Did you mean twitter?", platform="X"),
    "Twitter": entry("platform", "Did you mean twitter?", platform="Twitter"),
    "fb": entry("platform", "Did you mean facebook?", platform="fb"),
    "insta": entry("platform", "Did you mean instagram?", platform="insta"),
    "linked-in": entry("platform", "Did you mean linkedin?", platform="linked-in"),
    "google": entry("platform", "Did you mean googlebusiness?", platform="google"),
    "another network": entry("platform", "'twitter'", "Choose one of them", platform="myspace"),
    "account_id": entry("account_id", "Did you mean accountId?", account_id="int_x"),
    "no account": entry("accountId", "is required", without="accountId"),
    "a name as account": entry("accountId", "GET /v1/connect/integrations", accountId="@demo"),
    "an account of another network": entry("accountId", "GET /v1/connect/integrations", platform="bluesky"),
    "options": entry("options", "Did you mean platformSpecificData?", options={}),
    "an option beside the account": entry("title", "platformSpecificData", title="Hello"),
    "an option that X has not": entry(
        "platformSpecificData.replySetting",
        "Did you mean",
        "X takes",
        platformSpecificData={"replySetting": "following"},
    ),
    "no board": entry(
        "platformSpecificData.boardId",
        "GET /v1/pinterest/boards",
        platform="pinterest",
        platformSpecificData={},
    ),
    "no subreddit": entry("platformSpecificData.subreddit", "without r/", platform="reddit"),
    "photo": media("type", "Did you mean image?", type="photo"),
    "mp4": media("type", "Did you mean video?", type="video/mp4"),
    "src": media("src", "Did you mean url?", src="https://example.com/a.jpg"),
    "a path": media("url", "is a file", UPLOAD, url="./a.jpg"),
    "a name": media("url", "is a file", UPLOAD, url="a.jpg"),
    "a path of Windows": media("url", "is a file", UPLOAD, url="C:\\pictures\\a.jpg"),
    "its content": media("url", UPLOAD, url="data:image/png;base64," + "A" * 4000),
    "no scheme": media("url", "https://", url="example.com/a.jpg"),
    "localhost": media("url", UPLOAD, ALLOW, "localhost:3000", url="http://localhost:3000/a.jpg"),
    "the house's own net": media("url", UPLOAD, ALLOW, "192.168.1.5:80", url="http://192.168.1.5/a.jpg"),
    "a space": media("url", "percent-encoded", url="https://example.com/my picture.jpg"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_wrong_body_is_told_what_mends_it(local: Tenant, name: str) -> None:
    request, path, says = MISTAKES[name]
    answer = local.post(request(local))
    assert answer.status_code == 400, answer.text
    (told, *_) = [each for each in answer.json()["errors"] if each["path"] == path]
    for words in says:
        assert words in f"{told['message']} {told['hint']}"


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "says"),
    [
        ("POST", "/posts", {"json": {}}, 404, "Did you mean /v1/posts?"),
        ("POST", "/v1/post", {"json": {}}, 404, "Did you mean /v1/posts?"),
        ("POST", "/api/v1/posts", {"json": {}}, 404, "Did you mean /v1/posts?"),
        ("GET", "/v1/posts/post_1/timelines", {}, 404, "Did you mean /v1/posts/post_1/timeline?"),
        ("GET", "/v1/integrations", {}, 404, "/v1/connect/integrations"),
        ("PUT", "/v1/posts", {"json": {}}, 405, "GET, POST"),
        ("POST", "/v1/posts", {"content": b"{'content': 'Hello'}"}, 400, "not valid JSON"),
        ("POST", "/v1/posts", {"json": [{}]}, 400, "Send one JSON object"),
        ("POST", "/v1/media/upload", {"files": {"file": b"1"}}, 400, "uploadUrl"),
        ("POST", "/v1/media/upload", {"json": {"filename": "a.jpg", "mimeType": "jpg"}}, 400, "image/jpeg"),
        ("GET", "/v1/posts", {"headers": {"x-access-key": ""}}, 401, "polypost keys create"),
        (
            "GET",
            "/v1/posts",
            {"headers": {"x-access-key": "", "authorization": "Bearer pp_test_x"}},
            401,
            "x-access-key, not in Authorization",
        ),
        ("GET", "/v1/connect/x", {}, 404, "Did you mean twitter?"),
        ("GET", "/v1/posts?platform=x", {}, 400, "Did you mean twitter?"),
        (
            "GET",
            "/v1/connect/twitter?redirectUri=https://shop.example/",
            {},
            400,
            "polypost integrations allow-redirect",
        ),
        (
            "POST",
            "/v1/webhooks",
            {
                "json": {
                    "channel": "webhook",
                    "webhook": {"url": "http://localhost:3000/hook"},
                    "eventTypes": ["post.published"],
                }
            },
            400,
            "localhost:3000 to POLYPOST_ALLOW_ADDRESSES",
        ),
    ],
)
def test_a_wrong_call_is_told_what_mends_it(
    local: Tenant, method: str, path: str, sent: dict[str, Any], status: int, says: str
) -> None:
    answer = local.client.request(method, path, **sent)
    assert (answer.status_code, says in answer.text) == (status, True), answer.text


def test_a_key_that_only_reads_is_told_how_to_make_another(local: Tenant) -> None:
    key = operator(
        local.world, lambda db: access.create_key(db, local.project_id, name="reader", scopes=["read"])[1]
    )
    answer = local.client.post("/v1/posts", json=local.body(), headers={"x-access-key": key})
    assert answer.status_code == 403
    assert "polypost keys create --scope publish" in answer.text


def test_options_that_are_wrong_together_are_told_in_their_own_words(local: Tenant) -> None:
    options = {"privacyStatus": "unlisted", "visibility": "public"}
    target = {
        "platform": "youtube",
        "accountId": local.account("youtube").id,
        "platformSpecificData": options,
    }
    body = {"content": "Film", "publishNow": True, "platforms": [target]}
    answer = local.client.post("/v1/posts/validate", json=body).json()
    said = {each["path"]: each["message"] for each in answer["errors"]}
    assert "visibility" in said["platforms[0].platformSpecificData"]
