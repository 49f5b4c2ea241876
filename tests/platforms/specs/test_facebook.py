"""Every call of our connector and every answer of the simulator against what Meta publishes about the Graph API."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.platforms import sandboxed
from tests.platforms.recording import Exchange
from tests.platforms.sandboxed_facebook import KINDS, Room
from tests.specs.deviations import DEVIATIONS
from tests.specs.graph import Graph, form

from polypost.platforms.facebook import CONNECTOR

SPECS = Path(__file__).parents[2] / "specs"
GRAPH = Graph("facebook-graph-v26.json")
NODE, EDGE = r"(?P<id>[\d_]+|me)", r"(?P<edge>[a-z_]+)"
PATH = re.compile(rf"/v26\.0/{NODE}(?:/{EDGE})?")
# Several objects by `ids`, each in the answer under its own.
SEVERAL = "/v26.0/"
UPLOAD = re.compile(r"/video-upload/v26\.0/\d+")
OBJECT_OF_EDGE = {
    "feed": "pagepost", "published_posts": "pagepost", "photos": "photo", "videos": "advideo",
    "video_reels": "advideo", "comments": "comment", "stories": "story", "accounts": "page",
}  # fmt: skip


def kind_of_node(call: Exchange, path: re.Match[str]) -> str:
    """The object behind an id, told by what is asked of it or said to it."""
    given = {**call.params, **form(call)}
    if path["id"] in {"me", PAGE_ID}:
        return "page"
    if "page_story_id" in given.get("fields", ""):
        return "photo"
    return "pagepost" if "_" in path["id"] else "advideo"


MEASURED = {"text", "photos", "video", "reel"}
PAGE_ID = "100000000000001"


def wrong_requests(call: Exchange) -> Iterator[str]:
    path = PATH.fullmatch(call.path)
    if path is not None:
        edge = f"/{path['edge']}" if path["edge"] else "/"
        yield from GRAPH.wrong_request(kind_of_node(call, path), edge, call)


def wrong_answers(call: Exchange) -> Iterator[str]:
    """Members of an answer's objects that the spec's object does not have."""
    path = PATH.fullmatch(call.path)
    if call.path == SEVERAL:
        node = "advideo" if "video_insights" in call.params["fields"] else "pagepost"
        for row in call.received.values():
            yield from GRAPH.wrong_answer(node, row)
    if path is None or call.method != "GET":
        return
    node = OBJECT_OF_EDGE.get(path["edge"] or "") or kind_of_node(call, path)
    rows = call.received.get("data", [call.received]) if path["edge"] else [call.received]
    for row in rows if node in GRAPH.objects else ():
        yield from GRAPH.wrong_answer(node, row)


@pytest.fixture(scope="module")
def exchanges(tmp_path_factory: pytest.TempPathFactory) -> list[Exchange]:
    """Every call that the connector makes for each kind of post, for looking after it, and for taking it back."""
    kept: list[Exchange] = []

    async def story(room: Room) -> None:
        assert room.account.id == PAGE_ID
        await CONNECTOR.identify(room.run())
        now = room.run().now()
        for number, (kind, build) in enumerate(KINDS.items()):
            run, wanted = room.run(), build(room)
            # Facebook refuses a text that repeats the last one.
            wanted = type(wanted)(
                f"tgt_{number}", f"{wanted.text} {number}", wanted.media, wanted.options, wanted.extra_media
            )
            proof = await CONNECTOR.publish(run, wanted)
            await CONNECTOR.reconcile(run, wanted, run.attempts[-1])
            if kind in MEASURED:
                assert proof.id in await CONNECTOR.measure(run, [proof])
                span = {"since": now - timedelta(days=1), "until": now + timedelta(days=1)}
                assert await CONNECTOR.recent(run, **span, most=10)
            await CONNECTOR.delete(run, proof)
        kept.extend(room.exchanges)

    sandboxed.play(Room, tmp_path_factory.mktemp("facebook"), story)
    return kept


def test_calls_and_answers_are_those_that_meta_describes(exchanges: list[Exchange]) -> None:
    asked = {wrong for call in exchanges for wrong in wrong_requests(call)}
    answered = {wrong for call in exchanges for wrong in wrong_answers(call)}
    assert {each.where for each in DEVIATIONS["facebook"]} == asked | answered
    assert all(call.status == 200 for call in exchanges)


def test_every_call_was_looked_at(exchanges: list[Exchange]) -> None:
    unseen = {
        call.path for call in exchanges if not PATH.fullmatch(call.path) and not UPLOAD.fullmatch(call.path)
    } - {SEVERAL}
    assert unseen == set()
    edges = {match["edge"] for call in exchanges if (match := PATH.fullmatch(call.path))}
    assert edges >= {
        "feed",
        "photos",
        "videos",
        "video_reels",
        "video_stories",
        "photo_stories",
        "comments",
        None,
    }


def test_a_reel_is_published_as_in_meta_s_own_collection(exchanges: list[Exchange]) -> None:
    collection = json.loads((SPECS / "facebook-reels.postman_collection.json").read_text())
    requests = {each["name"]: each["request"] for each in collection["item"]}
    upload = requests["2.A Upload Local Reel"]
    sent = next(call for call in exchanges if UPLOAD.fullmatch(call.path))
    assert {header["key"].lower() for header in upload["header"]} <= set(sent.headers)
    assert sent.headers["authorization"].startswith("OAuth ")
    assert sent.path.split("/")[1] == upload["url"]["path"][0]
    phases = [
        form(call) for call in exchanges if call.path.endswith("/video_reels") and call.method == "POST"
    ]
    start = {each["key"] for each in requests["1. Create Reel"]["url"]["query"]}
    finish = {each["key"] for each in requests["4. Publish Reel"]["url"]["query"]}
    # The token goes into a header, where no log keeps it.
    assert set(phases[0]) == start - {"access_token"}
    assert set(phases[1]) == finish - {"access_token"}
