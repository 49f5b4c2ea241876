"""Google Business: what we send and what the simulator answers, against Google's documents and the description of posts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.platforms.conformance.stage import Stage
from tests.platforms.recording import Exchange
from tests.platforms.run import MemoryFile
from tests.platforms.specs.tapped import exchanges
from tests.specs.deviations import DEVIATIONS
from tests.specs.discovery import Document
from tests.specs.localposts import SPEC, document, words
from tests.specs.openapi import unexplained

from polypost.platforms.base import Account, Post
from polypost.platforms.googlebusiness import CONNECTOR
from polypost.platforms.googlebusiness.body import local_post
from polypost.platforms.googlebusiness.options import GoogleBusinessOptions
from polypost.probe import Facts

POSTS = Document(document())
DOCUMENTS = (
    POSTS,
    *(
        Document(f"mybusiness{name}.v1.json")
        for name in ("accountmanagement", "businessinformation", "verifications")
    ),
)
# The documents cover the interfaces alone, not Google's identity servers.
BESIDE = ("/token", "/revoke", "/o/oauth2/")
HOST = "https://mybusiness.googleapis.com"


def document_of(exchange: Exchange) -> Document:
    """The document that names a call; where none does, its findings say so."""
    return next((each for each in DOCUMENTS if each.method(exchange)), POSTS)


async def more(stage: Stage) -> None:
    """Answers that publishing does not need, and clients ask for."""
    http = stage.room.networks.client("googlebusiness")
    headers = {"Authorization": f"Bearer {stage.entry['accessToken']}"}
    home = stage.entry["platformUserId"]
    account, _, number = home.partition("/locations/")

    async def call(method: str, path: str, body: object = None, **params: str) -> dict[str, Any]:
        answer = await http.request(method, f"{HOST}/{path}", params=params, headers=headers, json=body)
        assert answer.is_success, answer.text
        return dict(answer.json())

    await call("GET", "v1/accounts", pageSize="1")
    await call("GET", f"v1/{account}")
    await call("GET", "v1/accounts/-/locations", readMask="*", pageSize="1")
    await call("GET", f"v1/locations/{number}", readMask="title,metadata,openInfo")
    await call("GET", f"v1/locations/{number}/VoiceOfMerchantState")
    await stage.fault("suspended")
    await call("GET", f"v1/locations/{number}/VoiceOfMerchantState")
    recurring = {
        "title": "Every week",
        "schedule": {
            side: {"year": 2026, "month": 12, "day": day} for side, day in (("startDate", 1), ("endDate", 2))
        },
        "recurrenceInfo": {"weeklyPattern": {"daysOfWeek": ["MONDAY"]}},
    }
    made = await call("POST", f"v4/{home}/localPosts", {"topicType": "EVENT", "event": recurring})
    await call("PATCH", f"v4/{made['name']}", {"summary": "New"}, updateMask="summary")
    await call("DELETE", f"v4/{made['name']}")
    await call("POST", f"v4/{home}/localPosts", {"topicType": "ALERT", "alertType": "COVID_19"})


@pytest.fixture(scope="module")
def heard() -> list[Exchange]:
    return [each for each in exchanges("googlebusiness", more) if not each.path.startswith(BESIDE)]


def test_every_exchange_is_as_documented(heard: list[Exchange]) -> None:
    named = {method.name for each in heard if (method := document_of(each).method(each))}
    assert named >= {
        *(f"mybusiness.accounts.locations.localPosts.{name}" for name in SPEC["methods"]),
        "mybusinessaccountmanagement.accounts.list",
        "mybusinessbusinessinformation.accounts.locations.list",
        "mybusinessbusinessinformation.locations.get",
        "mybusinessverifications.locations.getVoiceOfMerchantState",
    }
    findings = [finding for each in heard for finding in document_of(each).findings(each)]
    left, needless = unexplained(findings, [each.where for each in DEVIATIONS["googlebusiness"]])
    assert left == set()
    assert needless == set()


def test_the_scope_that_is_asked_for_suffices() -> None:
    oauth = CONNECTOR.spec.oauth
    assert oauth is not None
    assert list(oauth.scopes) == SPEC["scopes"]


def test_the_options_are_those_of_the_description() -> None:
    schema = CONNECTOR.options.model_json_schema()
    known = {
        name: schema["properties"][name]["anyOf"][0]["enum"] for name in ("topicType", "callToActionType")
    }
    assert set(known["topicType"]) == set(words("LocalPostTopicType")[1:]) - {"ALERT"}
    assert set(known["callToActionType"]) == set(words("ActionType")[1:])


@pytest.mark.parametrize("vector", SPEC["vectors"], ids=lambda vector: vector["name"])
def test_the_vectors(vector: dict[str, Any]) -> None:
    asked = vector["contract"]
    options = GoogleBusinessOptions.model_validate(asked.get("platformSpecificData", {}))
    photos = tuple(
        MemoryFile(b"", Facts("image", "image/jpeg", 1), item["url"]) for item in asked.get("mediaItems", ())
    )
    warnings: list[str] = []
    body = local_post(Post("tgt_1", asked["content"], photos, options), Account("x"), warnings.append)
    assert body == vector["request"]
    assert bool(warnings) == vector.get("warning", False)


def exchange(**change: Any) -> Exchange:
    good = {
        "method": "POST",
        "path": "/v4/accounts/1/locations/2/localPosts",
        "query": "",
        "headers": {"content-type": "application/json"},
        "body": {"topicType": "STANDARD", "event": {"schedule": {"endTime": {"hours": 9}}}},
        "status": 200,
        "answer_headers": {},
        "answer": {"state": "LIVE", "createTime": "2026-11-24T12:00:00Z"},
    } | change
    good |= {name: json.dumps(good[name]).encode() for name in ("body", "answer")}
    return Exchange(**good)


CREATE = "mybusiness.accounts.locations.localPosts.create"


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"query": "colour=red"}, f"{CREATE}: query colour: not a parameter"),
        ({"body": {"topicType": "NEWS"}}, f"{CREATE}: request topicType: 'NEWS' is not one of"),
        ({"body": {"colour": "red"}}, f"{CREATE}: request: Additional"),
        ({"body": {"event": {"schedule": {"endTime": {"hours": "9"}}}}}, f"{CREATE}: request event.schedule"),
        ({"body": {"media": [{"mediaFormat": "GIF"}]}}, f"{CREATE}: request media.[].mediaFormat: 'GIF'"),
        ({"answer": {"state": "SHOWN"}}, f"{CREATE}: answer 200 state: 'SHOWN' is not one of"),
        ({"answer": {"createTime": "soon"}}, f"{CREATE}: answer 200 createTime"),
        ({"status": 400}, f"{CREATE}: answer 400: an error"),
        ({"path": "/v4/locations/2/localPosts"}, "POST /v4/locations/2/localPosts: not in the document"),
    ],
)
def test_the_comparison_sees_what_it_should(change: dict[str, Any], finding: str) -> None:
    assert list(POSTS.findings(exchange())) == []
    (found,) = POSTS.findings(exchange(**change))
    assert found.startswith(finding)
