"""Instagram: what we send and what the simulator answers, against what Meta generates its own client from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from tests.platforms.conformance import Kind
from tests.platforms.conformance.stage import Stage
from tests.platforms.recording import Exchange
from tests.platforms.simulators.instagram import DAY
from tests.platforms.specs.tapped import exchanges
from tests.specs.deviations import DEVIATIONS
from tests.specs.graph import GENERAL, Graph, form

from polypost import clock
from polypost.platforms.base import App, Grant
from polypost.platforms.instagram import CONNECTOR

GRAPH = Graph("instagram-graph-v26.json")
# Each object as tokens of the Instagram Login see it and as those of the Facebook Login do: a call has to fit both.
USERS, MEDIA = ("iguserforigonlyapi", "iguser"), ("igmediaforigonlyapi", "igmedia")
CONTAINER = ("shadowigmediabuilder",)
LOGIN = {
    "/access_token": "igaccesstokenforigonlyapi",
    "/refresh_access_token": "igrefreshaccesstokenforigonlyapi",
}
PATH = re.compile(r"/v26\.0/(?P<id>\d+|me)(?:/(?P<edge>[a-z_]+))?")
UPLOAD = re.compile(r"/ig-api-upload/v26\.0/\d+")
# The code is redeemed at api.instagram.com, which is no part of the Graph API.
BESIDE = "/oauth/access_token"
# The quota's row and what an upload has come to are objects that the extract does not go into.
ROWS = {"media": MEDIA, "stories": MEDIA, "comments": (), "insights": ()}
QUOTA = {"quota_usage": int, "config": dict}
STATES = {"IN_PROGRESS", "FINISHED", "ERROR", "EXPIRED", "PUBLISHED"}
CALLBACK = "https://polypost.example/v1/connect/instagram/callback"

DAILY = timedelta(days=1)
FURTHER = (
    Kind("film in a carousel", media=("square.jpg", "tall.mp4"), processes=True),
    Kind(
        "film as a story",
        text="",
        media=("tall.mp4",),
        options=lambda _: {"contentType": "story"},
        processes=True,
    ),
    Kind(
        "reel with a cover",
        media=("tall.mp4",),
        options=lambda _: {"coverUrl": "file:tall.jpg", "shareToFeed": False},
        processes=True,
    ),
    Kind("reel with an offset", media=("tall.mp4",), options=lambda _: {"thumbOffset": 1500}, processes=True),
    Kind("with others", media=("square.jpg",), options=lambda _: {"collaborators": ["someone", "another"]}),
)


async def further(stage: Stage) -> None:
    """Every option once, and the login with its renewal."""
    for kind in FURTHER:
        row = await stage.publish(kind, mark=kind.name)
        assert row.state == "published", (kind.name, row.error_message)
    session, now = stage.told(FURTHER[0])[0], clock.now()
    listed = await CONNECTOR.recent(session, since=now - DAILY, until=now + DAILY, most=100)
    assert await CONNECTOR.measure(session, [each.proof for each in listed])
    http, app = stage.room.networks.client("instagram"), App("sandbox-app", "sandbox-app-secret")
    tokens = await CONNECTOR.login.exchange(http, app, Grant(await consent(stage), CALLBACK))
    clock.advance(DAY + 60)
    await CONNECTOR.login.refresh(http, app, tokens)


async def consent(stage: Stage) -> str:
    """A code, as the login's window gives it."""
    asked = {
        "client_id": "sandbox-app",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": ",".join(CONNECTOR.spec.oauth.scopes),
        "sandbox_decision": "approve",
    }
    async with httpx2.AsyncClient(trust_env=False) as web:
        page = await web.get(f"{stage.room.info.urls['instagram']}/oauth/authorize", params=asked)
    return httpx2.URL(page.headers["location"]).params["code"]


@pytest.fixture(scope="module")
def heard() -> list[Exchange]:
    return exchanges("instagram", further)


def nodes_of(call: Exchange, node: str) -> tuple[str, ...]:
    """What is behind an id, told by what is asked of it: accounts have numbers of their own."""
    if node == "me" or node.startswith("17841"):
        return USERS
    asked = set(call.params.get("fields", "").split(","))
    return CONTAINER if asked & {"status", "status_code", "video_status"} else MEDIA


def wrong_requests(call: Exchange) -> Iterator[str]:
    if call.path in LOGIN:
        yield from GRAPH.wrong_request(LOGIN[call.path], "/", call, general=frozenset())
    elif path := PATH.fullmatch(call.path):
        edge = f"/{path['edge']}" if path["edge"] else "/"
        for node in nodes_of(call, path["id"]):
            yield from GRAPH.wrong_request(node, edge, call)


def wrong_answers(call: Exchange) -> Iterator[str]:
    if call.path in LOGIN:
        yield from GRAPH.wrong_answer(LOGIN[call.path], call.received)
        return
    path = PATH.fullmatch(call.path)
    if path is None:
        return
    if call.method == "POST":
        # What was made: an object of which the id is told.
        yield from (f"POST /{path['edge']}: {name}" for name in call.received.keys() - {"id"})
    elif call.method == "GET":
        nodes = ROWS.get(path["edge"], ()) if path["edge"] else nodes_of(call, path["id"])
        for node in nodes:
            for row in rows(call):
                yield from GRAPH.wrong_answer(node, row)


def rows(call: Exchange) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = call.received.get("data", [call.received])
    return found


def test_calls_and_answers_are_those_that_meta_describes(heard: list[Exchange]) -> None:
    asked = {wrong for call in heard for wrong in wrong_requests(call)}
    answered = {wrong for call in heard for wrong in wrong_answers(call)}
    assert asked | answered == {each.where for each in DEVIATIONS["instagram"]}
    assert {call.status for call in heard} == {200}


def test_every_call_was_looked_at(heard: list[Exchange]) -> None:
    unseen = {
        call.path
        for call in heard
        if not PATH.fullmatch(call.path) and not UPLOAD.fullmatch(call.path) and call.path not in LOGIN
    }
    assert unseen == {BESIDE}
    found = [match for call in heard if (match := PATH.fullmatch(call.path))]
    assert {match["edge"] for match in found} == {
        "content_publishing_limit",
        "media",
        "media_publish",
        "stories",
        "insights",
        None,
    }
    assert {call.path for call in heard} >= set(LOGIN)
    assert {call.method for call in heard} == {"GET", "POST", "DELETE"}
    sent = {name for call in heard if call.path.endswith("/media") for name in form(call)}
    assert sent == {
        "caption",
        "children",
        "collaborators",
        "cover_url",
        "image_url",
        "is_carousel_item",
        "media_type",
        "share_to_feed",
        "thumb_offset",
        "upload_type",
    }


def test_an_answer_has_the_members_that_were_asked_for(heard: list[Exchange]) -> None:
    for call in heard:
        if call.method != "GET" or not (path := PATH.fullmatch(call.path)):
            continue
        if path["edge"] == "insights":
            asked = call.params["metric"].split(",")
            assert [row["name"] for row in rows(call)] == asked
            continue
        assert set(call.params) <= GENERAL | {"since", "until"}
        for row in rows(call):
            assert row.keys() <= {*call.params["fields"].split(","), "id"}, call.path


def test_states_and_quota_are_those_of_meta_s_documents(heard: list[Exchange]) -> None:
    told = {row.get("status_code") for call in heard if call.method == "GET" for row in rows(call)} - {None}
    assert {"IN_PROGRESS", "FINISHED", "PUBLISHED"} <= told <= STATES
    quotas = [rows(call) for call in heard if call.path.endswith("/content_publishing_limit")]
    for (quota,) in quotas:
        assert {name: type(value) for name, value in quota.items()} == QUOTA
        assert {name: type(value) for name, value in quota["config"].items()} == {
            "quota_total": int,
            "quota_duration": int,
        }


def test_bytes_go_to_the_upload_host_as_documented(heard: list[Exchange]) -> None:
    sent = [call for call in heard if UPLOAD.fullmatch(call.path)]
    assert {call.method for call in sent} == {"POST"}
    for call in sent:
        assert {"authorization", "offset", "file_size"} <= set(call.headers)
        assert call.headers["authorization"].startswith("OAuth ")
        assert int(call.headers["offset"]) + len(call.body) == int(call.headers["file_size"])
        assert call.received == {"success": True, "message": "Upload successful."}
