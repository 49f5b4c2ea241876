"""Reddit describes its API in no form that a test can read, so two others stand in for it.

The shapes of recorded answers (PRAW's and prawcore's public cassettes, 2016 to 2023, read 2026-11-24) are held against
everything that passes between our connector and the simulator; and what PRAW 8 sends for each kind of post is held
against what we send.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import praw
import pytest
import requests
from jsonschema import Draft202012Validator
from praw.models import InlineImage, PostMedia
from requests.adapters import HTTPAdapter
from tests import media
from tests.platforms.conformance.stage import Stage
from tests.platforms.recording import Exchange
from tests.platforms.simulators.helpers import Play, play
from tests.platforms.specs.tapped import exchanges, figures

from polypost.platforms.base import App, Tokens
from polypost.platforms.reddit import CONNECTOR

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
NONE: Schema = {"type": "null"}
WORD: Schema = {"enum": ["true", "false"]}
ID: Schema = {"type": "string", "pattern": "^[a-z0-9]{4,10}$"}
POST_NAME: Schema = {"type": "string", "pattern": "^t3_[a-z0-9]{4,10}$"}
ADDRESS: Schema = {
    "type": "string",
    "pattern": "^https://www\\.reddit\\.com/(r|user)/\\w+/comments/[a-z0-9]+/\\w+/$",
}


def thing(required: tuple[str, ...], **members: Schema) -> Schema:
    """An object with at least these members."""
    return {"type": "object", "properties": members, "required": list(required)}


def only(required: tuple[str, ...], **members: Schema) -> Schema:
    """An object with these members and no other."""
    return {**thing(required, **members), "additionalProperties": False}


def many(items: Schema, low: int = 0) -> Schema:
    return {"type": "array", "items": items, "minItems": low}


def answer(data: Schema) -> Schema:
    """`{"json": {"errors": [], "data": …}}`."""
    inner = only(("errors", "data"), errors={"type": "array", "maxItems": 0}, data=data)
    return only(("json",), json=inner)


SHARED = {
    "sr": TEXT,
    "title": TEXT,
    "api_type": {"const": "json"},
    "flair_id": TEXT,
    "flair_text": TEXT,
    "text": TEXT,
}
FORM_FLAGS = dict.fromkeys(("nsfw", "spoiler", "sendreplies", "validate_on_submit"), WORD)
JSON_FLAGS = dict.fromkeys(("nsfw", "spoiler", "sendreplies", "validate_on_submit"), FLAG)
NAMED = only(("url", "id", "name"), url=ADDRESS, id=ID, name=POST_NAME, drafts_count={"type": "integer"})
UNNAMED = only(
    ("user_submitted_page", "websocket_url"),
    user_submitted_page=TEXT,
    websocket_url={"type": ["string", "null"]},
)
BY_NAME = answer(only(("url", "id"), url=ADDRESS, id=POST_NAME))
ITEM = only(("caption", "outbound_url", "media_id"), caption=TEXT, outbound_url=TEXT, media_id=TEXT)
POST = thing(
    (
        "id",
        "name",
        "title",
        "selftext",
        "author",
        "subreddit",
        "permalink",
        "url",
        "created_utc",
        "is_self",
        "over_18",
    ),
    id=ID,
    name=POST_NAME,
    title=TEXT,
    selftext=TEXT,
    author=TEXT,
    subreddit=TEXT,
    permalink={"type": "string", "pattern": "^/(r|user)/"},
    created_utc={"type": "number"},
    is_self=FLAG,
    is_video=FLAG,
    over_18=FLAG,
    spoiler=FLAG,
    score={"type": "integer"},
    upvote_ratio={"type": "number"},
    num_comments={"type": "integer"},
    view_count=NONE,
    removed_by_category={"type": ["string", "null"]},
)
CHILD = only(("kind", "data"), kind={"const": "t3"}, data=POST)
LISTING = only(
    ("kind", "data"),
    kind={"const": "Listing"},
    data=thing(("children", "after", "before"), children=many(CHILD), after={"type": ["string", "null"]}),
)
FIELD = only(("name", "value"), name=TEXT, value=TEXT)
TOKEN = only(
    ("access_token", "token_type", "expires_in", "scope"),
    access_token=TEXT,
    token_type={"const": "bearer"},
    expires_in={"type": "integer", "minimum": 1},
    scope=TEXT,
    refresh_token=TEXT,
)
# Operation → (what may be sent, what comes back with a 200).
OPERATIONS: Mapping[str, tuple[Schema, Schema]] = {
    "POST /api/submit": (
        only(
            ("sr", "title", "kind", "api_type"),
            **SHARED,
            **FORM_FLAGS,
            kind={"enum": ["self", "link", "image", "video", "videogif", "crosspost"]},
            url={"type": "string", "pattern": "^https://"},
            resubmit=WORD,
            video_poster_url={"type": "string", "pattern": "^https://"},
            richtext_json=TEXT,
            crosspost_fullname={"type": "string", "pattern": "^t3_"},
        ),
        {"anyOf": [answer(NAMED), answer(UNNAMED)]},
    ),
    "POST /api/submit_gallery_post.json": (
        only(
            ("sr", "title", "items", "api_type", "show_error_list"),
            **SHARED,
            **JSON_FLAGS,
            items=many(ITEM, 2),
            show_error_list=FLAG,
        ),
        BY_NAME,
    ),
    "POST /api/submit_poll_post": (
        only(
            ("sr", "title", "text", "options", "duration", "api_type"),
            **SHARED,
            **JSON_FLAGS,
            options=many(TEXT, 2),
            duration={"type": "integer", "minimum": 1, "maximum": 7},
            resubmit=FLAG,
        ),
        BY_NAME,
    ),
    "POST /api/media/asset.json": (
        only(("filepath", "mimetype", "api_type"), filepath=TEXT, mimetype=TEXT, api_type={"const": "json"}),
        thing(
            ("args", "asset"),
            args=only(
                ("action", "fields"), action={"type": "string", "pattern": "^//[^/]"}, fields=many(FIELD, 3)
            ),
            asset=thing(
                ("asset_id", "processing_state", "payload", "websocket_url"),
                asset_id=TEXT,
                processing_state={"const": "incomplete"},
                payload=thing(("filepath",)),
            ),
        ),
    ),
    "POST /api/convert_rte_body_format": (
        only(
            ("output_mode", "markdown_text", "api_type"),
            output_mode={"const": "rtjson"},
            markdown_text=TEXT,
            api_type=TEXT,
        ),
        thing(("output",), output=thing(("document",), document=many(thing(("e",), e=TEXT), 1))),
    ),
    "POST /api/comment": (
        only(("thing_id", "text", "api_type"), thing_id=POST_NAME, text=TEXT, api_type={"const": "json"}),
        answer(
            only(
                ("things",),
                things=many(
                    only(
                        ("kind", "data"),
                        kind={"const": "t1"},
                        data=thing(("id", "name", "permalink", "body")),
                    ),
                    1,
                ),
            )
        ),
    ),
    "POST /api/del": (only(("id",), id=POST_NAME, api_type=TEXT), only(())),
    "GET /api/v1/me": (
        only(()),
        thing(("name", "id", "icon_img", "has_verified_email", "is_suspended", "link_karma")),
    ),
    "GET /user/{name}/submitted": (
        only((), sort={"const": "new"}, limit={"type": "string", "pattern": "^[0-9]+$"}, after=POST_NAME),
        LISTING,
    ),
    "GET /api/info": (
        only(("id",), id={"type": "string", "pattern": "^t3_[a-z0-9]+(,t3_[a-z0-9]+)*$"}),
        LISTING,
    ),
    "POST /api/v1/access_token": (
        only(("grant_type",), grant_type=TEXT, refresh_token=TEXT, code=TEXT, redirect_uri=TEXT),
        TOKEN,
    ),
}
WITHOUT_BODY = {"POST /api/v1/revoke_token": {"token", "token_type_hint"}}
BUCKET = "POST /"


def operation(exchange: Exchange) -> str:
    path = re.sub(r"^/user/[^/]+/", "/user/{name}/", exchange.path)
    return f"{exchange.method} {path}"


@cache
def heard() -> tuple[Exchange, ...]:
    async def more(stage: Stage) -> None:
        await figures(stage)
        network, entry = CONNECTOR, stage.entry
        run, post = stage.told(stage.case.kinds[0], mark="with a comment")
        commented = network.options.model_validate({"subreddit": "sandbox", "firstComment": "First"})
        await network.publish(run, type(post)(post.target_id, post.text, (), commented))
        app = App(entry["clientId"], entry["clientSecret"])
        tokens = await network.login.refresh(run.http, app, Tokens("", entry["refreshToken"]))
        await network.login.revoke(run.http, app, tokens)

    return tuple(exchanges("reddit", more))


def sent(exchange: Exchange) -> dict[str, Any]:
    if exchange.headers.get("content-type", "").startswith("application/json"):
        return exchange.sent
    form = exchange.form if exchange.method == "POST" else exchange.params
    return {name: value for name, value in form.items() if name != "raw_json"}


def wrong(schema: Schema, value: Any) -> list[str]:
    return [
        f"{error.json_path}: {error.message}"[:300]
        for error in Draft202012Validator(schema).iter_errors(value)
    ]


def test_everything_that_reddit_is_asked_for_is_described() -> None:
    asked = {operation(each) for each in heard()}
    assert asked == {*OPERATIONS, *WITHOUT_BODY, BUCKET}


@pytest.mark.parametrize("name", OPERATIONS)
def test_requests_and_answers_have_the_recorded_shapes(name: str) -> None:
    request, reply = OPERATIONS[name]
    told = [each for each in heard() if operation(each) == name]
    assert told
    for each in told:
        assert wrong(request, sent(each)) == []
        assert each.status == 200
        assert wrong(reply, each.received) == []
        assert each.headers["user-agent"].startswith("server:polypost:")


def test_calls_of_the_api_ask_for_raw_json_and_are_told_the_window() -> None:
    calls = [each for each in heard() if each.headers.get("authorization", "").startswith("Bearer ")]
    assert calls
    for each in calls:
        assert each.params["raw_json"] == "1"
        assert float(each.answer_headers["x-ratelimit-remaining"]) >= 0
        assert int(each.answer_headers["x-ratelimit-used"]) >= 0
        assert 0 < int(each.answer_headers["x-ratelimit-reset"]) <= 600


def test_buckets_get_the_form_of_the_lease_and_no_token() -> None:
    told = [each for each in heard() if operation(each) == BUCKET]
    assert told
    for each in told:
        assert each.status == 201
        assert "authorization" not in each.headers
        names = re.findall(rb'form-data; name="([^"]+)"', each.body)
        assert names[-1] == b"file"
        assert {b"key", b"policy"} <= set(names)
        assert re.search(
            rb"<PostResponse><Location>.+</Location><Bucket>.+</Bucket><Key>.+</Key><ETag>", each.answer
        )


def test_a_farewell_has_no_body() -> None:
    (told,) = (each for each in heard() if operation(each) in WITHOUT_BODY)
    assert set(told.form) == WITHOUT_BODY[operation(told)]
    assert (told.status, told.answer) == (200, b"")


class Overheard(HTTPAdapter):
    """Sends what was meant for https to the sandbox, and keeps what the submissions said."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, set[str]] = {}

    def send(self, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        asked = urlsplit(str(request.url))
        request.url = asked._replace(scheme="http").geturl()
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        if "/api/submit" in asked.path:
            is_json = "json" in str(request.headers["content-type"])
            said = json.loads(body) if is_json else dict(parse_qsl(body.decode(), keep_blank_values=True))
            kind = said.get("kind") or ("gallery" if "items" in said else "poll")
            self.kept[f"{kind}+media" if "richtext_json" in said else kind] = set(said)
        return super().send(request, **more)


@pytest.fixture(scope="module")
def of_praw(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The fields that PRAW sends, by kind of post."""
    overheard = Overheard()

    def story(account: dict[str, Any], url: str) -> None:
        with requests.Session() as session:
            session.mount("https://", overheard)
            session.mount("http://", overheard)
            reddit = praw.Reddit(
                client_id=account["clientId"],
                client_secret=account["clientSecret"],
                refresh_token=account["refreshToken"],
                user_agent="test:polypost-suite:1.0 (by /u/demo)",
                oauth_url=url,
                reddit_url=url,
                check_for_updates=False,
                requestor_kwargs={"session": session},
            )
            place, flair = reddit.subreddit("sandbox"), {"flair_text": "x"}
            picture, film = PostMedia(media.png(64, 48), "a.png"), PostMedia(media.mp4(), "a.mp4")
            place.submit("Text", selftext="Text", **flair)
            place.submit("Inside", selftext="{a}", inline_media={"a": InlineImage(media=picture)}, **flair)
            place.submit("Link", url="https://example.com/", selftext="Text", **flair)
            silent = {"media": film, "gif": True}
            for title, more in (("i", {"image": picture}), ("v", {"video": film}), ("g", {"video": silent})):
                place.submit(title, selftext="Text", without_websockets=True, **more, **flair)
            place.submit("Two", gallery=[picture, picture], selftext="Text", **flair)
            place.submit("Well?", poll={"options": ["a", "b"], "duration": 1}, selftext="Text", **flair)
            reddit.submission("welcome").crosspost("sandbox", title="Over there", flair_text="x")

    async def main(running: Play) -> None:
        account = (await running.accounts("reddit"))[0]
        await asyncio.to_thread(story, account, running.info.urls["reddit"])

    play(tmp_path_factory.mktemp("praw"), main)
    return overheard.kept


def test_our_submissions_have_the_fields_of_praws(of_praw: dict[str, set[str]]) -> None:
    ours: dict[str, set[str]] = {}
    for each in heard():
        if operation(each).startswith("POST /api/submit"):
            said = sent(each)
            kind = said.get("kind") or ("gallery" if "items" in said else "poll")
            ours.setdefault(f"{kind}+media" if "richtext_json" in said else kind, set()).update(said)
    assert set(ours) == set(of_praw)
    # PRAW holds crossposts against no rules; `validate_on_submit` is a field of the same call for all the others.
    more = {kind: fields - of_praw[kind] for kind, fields in ours.items() if fields - of_praw[kind]}
    assert more == {"crosspost": {"validate_on_submit"}}
    left_out = {
        kind: of_praw[kind] - fields - {"flair_text", "text", "resubmit"} for kind, fields in ours.items()
    }
    assert {kind: fields for kind, fields in left_out.items() if fields} == {}


def test_the_cassettes_errors_are_the_simulators(tmp_path: Path) -> None:
    """What was recorded of refusals, word for word where the words were recorded."""

    async def story(running: Play) -> None:
        account = (await running.accounts("reddit"))[0]
        headers = {
            "authorization": f"Bearer {account['accessToken']}",
            "user-agent": "test:polypost-suite:1.0",
        }

        async def submit(path: str = "submit", **body: Any) -> Any:
            url = f"{running.info.urls['reddit']}/api/{path}"
            form = {"json": body} if path.endswith(".json") else {"data": {**body, "api_type": "json"}}
            return await running.http.post(url, headers=headers, **form)

        gallery = {"sr": "sandboxplain", "title": "Two", "items": []}
        refused = await submit("submit_gallery_post.json", **gallery)
        error = ["GALLERIES_DISABLED", "Gallery posts aren't allowed in this subreddit", "sr"]
        assert refused.json() == {"json": {"errors": [error]}}
        link = {"sr": "sandbox", "kind": "link", "title": "Link", "url": "https://example.com/"}
        await submit(**link)
        again = await submit(**link)
        assert again.json()["json"]["errors"] == [
            ["ALREADY_SUB", "that link has already been submitted", "url"]
        ]
        rule = await submit(
            sr="sandboxrules", kind="self", title="A giveaway today", text="x", validate_on_submit="1"
        )
        assert rule.status_code == 400
        shape = only(
            ("fields", "explanation", "message", "reason", "error_type", "error"),
            fields=many(TEXT, 1),
            explanation=TEXT,
            message={"const": "Bad Request"},
            reason={"const": "SUBMIT_VALIDATION_TITLE_BLACKLISTED_STRING"},
            error_type={"const": "SUBMIT_VALIDATION_ERROR"},
            error={"const": 400},
        )
        assert wrong(shape, rule.json()) == []

    play(tmp_path, story)
