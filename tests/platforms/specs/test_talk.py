"""Comments and messages: what we send and what the simulators answer, against what Meta publishes of its APIs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from tests.platforms.recording import Exchange
from tests.platforms.talking import PLATFORMS, Talk, talking
from tests.specs.graph import Graph
from tests.specs.postman import Collection

EXTRACTS = {
    "facebook": Graph("facebook-graph-v26.json"),
    "instagram": Graph("instagram-graph-v26.json"),
}
THREADS = Collection(
    "threads-api.postman_collection.json", base="/v1.0", owner="me", anywhere=frozenset({"access_token"})
)
PATH = re.compile(r"/v26\.0/(?P<id>[\w=-]+)(?:/(?P<edge>[a-z]+))?")
# Lists below an object, which the client knows as its methods and not among its fields.
EDGES = {
    "facebook": {"comments": "comment"},
    "instagram": {"replies": "igcomment", "messages": ""},
}
NODES = {"facebook": ("pagepost", "comment"), "instagram": ("igmediaforigonlyapi", "igcomment")}
# Where the generated client and the documents are not of one mind, or say nothing.
EXCUSED = {
    # A conversation's messages are no method of its object there; the documents ask for them as a field.
    "GET unifiedthread / messages",
    # Only the documents of the Conversations API and of user profiles have these.
    "GET person / name,username,profile_pic",
}


@cache
def heard(platform: str) -> list[Exchange]:
    """Every call about comments and messages, each with something to tell."""

    async def main() -> list[Exchange]:
        with TemporaryDirectory(prefix="polypost-talk-") as folder:
            async with talking(Path(folder), platform) as talk:
                await everything(talk)
                return talk.tap.exchanges

    return asyncio.run(main())


async def everything(talk: Talk) -> None:
    post = await talk.post()
    said = await talk.visitor(post, "One", author="Somebody")
    network, session = talk.network, talk.session
    await network.comment(session, "Two", post_id=post, comment_id=None)
    await network.comment(session, "Three", post_id=None, comment_id=said)
    first = await network.comments(session, post, limit=1, after=None)
    await network.comments(session, post, limit=1, after=first.after)
    if talk.platform == "instagram":
        await network.hide_comment(session, said, hidden=True)
        came = await talk.letter("Hello")
        await network.send_message(session, came["from"]["id"], "Hello yourself")
        await network.conversations(session, limit=5, after=None)
        newest = await network.messages(session, came["conversationId"], limit=1, after=None)
        await network.messages(session, came["conversationId"], limit=1, after=newest.after)
    if talk.platform != "threads":
        await network.remove_comment(session, said)


def node_of(platform: str, call: Exchange, path: re.Match[str]) -> str:
    """The object behind an id, told by what is asked of it."""
    post, comment = NODES[platform]
    fields = call.params.get("fields", "")
    if path["edge"] in {"conversations", "messages"}:
        return "iguserforigonlyapi"
    if not path["edge"]:
        if fields.startswith("messages"):
            return "unifiedthread"
        return "person" if "profile_pic" in fields else comment
    if path["edge"] == "replies":
        return comment
    # An answer on Facebook stands under a comment; both edges take the same.
    return post


def wrong_requests(platform: str, call: Exchange) -> Iterator[str]:
    path = PATH.fullmatch(call.path)
    assert path is not None, call.path
    node = node_of(platform, call, path)
    if node in {"person", "unifiedthread"}:
        asked = call.params["fields"].split(".")[0] if node == "unifiedthread" else call.params["fields"]
        yield f"{call.method} {node} / {asked}"
        return
    edge = f"/{path['edge']}" if path["edge"] else "/"
    if call.headers.get("content-type") == "application/json":
        known = EXTRACTS[platform].params(node, call.method, edge)
        assert known is not None
        yield from (f"{call.method} {node} {edge} {name}" for name in call.sent.keys() - known.keys())
        return
    yield from EXTRACTS[platform].wrong_request(node, edge, call)


def objects(platform: str, node: str, body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """An answer's objects with those below them, each without the lists that stand in it."""
    below = {name: kind for name, kind in EDGES[platform].items() if name in body}
    yield node, {name: value for name, value in body.items() if name not in below}
    for name, kind in below.items():
        for row in body[name]["data"]:
            yield from objects(platform, kind, row)


def wrong_answers(platform: str, call: Exchange) -> Iterator[str]:
    path = PATH.fullmatch(call.path)
    assert path is not None
    if call.method != "GET":
        return
    kinds = {"comments": NODES[platform][1], "replies": "igcomment", "conversations": "unifiedthread"}
    node = kinds.get(path["edge"] or "", node_of(platform, call, path))
    for row in call.received.get("data", [call.received]):
        for kind, each in objects(platform, node, row):
            if kind in EXTRACTS[platform].objects:
                yield from EXTRACTS[platform].wrong_answer(kind, each)


@pytest.mark.parametrize("platform", ["facebook", "instagram"])
def test_calls_and_answers_are_those_that_meta_describes(platform: str) -> None:
    calls = heard(platform)
    assert {call.status for call in calls} == {200}
    wrong = {each for call in calls for each in wrong_requests(platform, call)}
    wrong |= {each for call in calls for each in wrong_answers(platform, call)}
    assert wrong == (EXCUSED if platform == "instagram" else set())


def test_threads_as_in_meta_s_collection() -> None:
    calls = heard("threads")
    labels = {request.label for call in calls for request in THREADS.fitting(call)}
    assert labels >= {"GET /{{thread_id}}/replies", "POST /me/threads", "POST /me/threads_publish"}
    # Its samples are the last parts of lists; that earlier ones lead on, and that lists are asked for in
    # parts, is what the cursors in them are for.
    paging = {
        "GET /{{thread_id}}/replies: parameter limit: not in the collection",
        "GET /{{thread_id}}/replies: answer paging.next: not in the sample",
    }
    found = {finding for call in calls for finding in THREADS.findings(call)}
    # An account's own replies have the same path, and come nearest when a list is asked for in parts.
    assert {each for each in found if not each.startswith("GET /me/replies: parameter reverse")} == paging


@pytest.mark.parametrize("platform", PLATFORMS)
def test_tokens_stand_in_headers_alone(platform: str) -> None:
    for call in heard(platform):
        assert call.headers["authorization"].startswith("Bearer ")
        assert "access_token" not in call.query


def test_a_message_is_sent_as_documented() -> None:
    (sent,) = [call for call in heard("instagram") if call.path.endswith("/messages")]
    assert sent.method == "POST"
    assert sent.sent.keys() == {"recipient", "message"}
    assert sent.received.keys() == {"recipient_id", "message_id"}
    assert sent.received["recipient_id"] == sent.sent["recipient"]["id"]


def test_a_conversation_s_messages_are_asked_for_as_documented() -> None:
    every = [call.params.get("fields", "") for call in heard("instagram")]
    asked = [each for each in every if "messages.limit(1)" in each]
    inner = "{id,message,from,created_time}"
    assert asked[0] == f"id,updated_time,participants,messages.limit(1){inner}"
    assert asked[1] == f"messages.limit(1){inner}"
    assert re.fullmatch(rf"messages\.limit\(1\)\.after\([\w=-]+\){re.escape(inner)}", asked[2])
