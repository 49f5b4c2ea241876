"""Each operation of the contract's document and of ours has a method, with the same method and path on the wire."""

from __future__ import annotations

import inspect
import json
import re
from functools import cache
from typing import Any

import pytest

from polypost import Client
from tests.client.fixtures import Opened
from tests.client.servers import Asked, Said, Small, answering
from tests.contract.test_document import made
from tests.docs import sources

CONTRACT = sources.ROOT / "tests" / "specs" / "postpeer-openapi-20260805.json"
METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
# The contract has one for each network; ours is one with the network's name before the token.
SELECTIONS = {
    "get_linked_in_selection": ("get_selection", "linkedin"),
    "get_facebook_selection": ("get_selection", "facebook"),
    "submit_linked_in_selection": ("submit_selection", "linkedin"),
    "submit_facebook_selection": ("submit_selection", "facebook"),
}
# A browser's pages, and signed addresses that are not the API's: `upload` speaks to these, or nobody has to.
BESIDE = {
    "finish_connect",
    "show_choice",
    "submit_choice",
    "upload_file",
    "upload_piece",
    "get_upload_offset",
    "get_upload_options",
    "override_upload_method",
    "get_uploaded_file",
    "get_uploaded_file_head",
    "get_lent_file",
    "get_lent_file_head",
}
NEEDED: dict[str, Any] = {"content": b"content\nhi\n"}


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name.replace("OAuth", "Oauth").replace("TikTok", "Tiktok")).lower()


@cache
def operations() -> dict[str, tuple[str, str]]:
    """Method and path of every operation of both documents, by the name that its method has to have."""
    found = {}
    for document in (json.loads(CONTRACT.read_text()), made()):
        for path, item in document["paths"].items():
            for method in METHODS:
                if method in item:
                    found[snake(item[method]["operationId"])] = (method.upper(), path.rstrip("/"))
    return found


def arguments(name: str) -> tuple[list[Any], dict[str, Any]]:
    """Something for each parameter that the method has to have."""
    method, before = SELECTIONS.get(name, (name, None))
    given: list[Any] = [before] if before else []
    more: dict[str, Any] = {}
    for parameter in list(inspect.signature(getattr(Client, method)).parameters.values())[1:]:
        if parameter.default is not parameter.empty or parameter.kind is parameter.VAR_KEYWORD:
            continue
        if parameter.kind is parameter.KEYWORD_ONLY:
            more[parameter.name] = "x"
        elif not (before and parameter.name == "platform"):
            bulk = name == "create_bulk_upload"
            given.append(b"content\nhi\n" if bulk else [] if parameter.name == "platforms" else "a/b c")
    return given, more


def test_there_are_as_many_as_the_contract_says() -> None:
    contract = json.loads(CONTRACT.read_text())
    assert sum(method in item for item in contract["paths"].values() for method in METHODS) == 51
    assert len(operations()) > 100


def test_every_operation_has_a_method_and_every_method_an_operation() -> None:
    named = {SELECTIONS.get(name, (name, None))[0] for name in operations()} - BESIDE
    there = {name for name in dir(Client) if not name.startswith("_") and callable(getattr(Client, name))}
    assert named - there == set()
    assert there - named == {"close", "each", "request", "upload", "wait", "wait_bulk"}


def noted(asked: Asked) -> Said:
    return Said(body={"success": True, "post": {}, "ok": True})


@pytest.fixture(scope="module")
def small() -> Any:
    with answering(noted) as running:
        yield running


def test_methods_send_what_the_documents_say(opened: Opened, small: Small) -> None:
    client = opened(small.url)
    for name, (method, path) in operations().items():
        if name in BESIDE:
            continue
        called, _ = SELECTIONS.get(name, (name, None))
        given, more = arguments(name)
        client(called, *given, **more)
        asked = small.asked[-1]
        pattern = re.sub(r"\{[^}]+\}", r"[^/]+", path)
        assert (asked.method, bool(re.fullmatch(pattern, asked.path.partition("?")[0]))) == (method, True), (
            name,
            asked.path,
        )
        assert asked.headers["x-access-key"] == "key"


def test_calls_that_take_a_key_get_one(opened: Opened, small: Small) -> None:
    client = opened(small.url)
    for path, item in made()["paths"].items():
        for method, operation in item.items():
            if method not in METHODS or (name := snake(operation["operationId"])) in BESIDE:
                continue
            names = {
                each.get("$ref", each.get("name", "")).rpartition("/")[2]
                for each in operation.get("parameters", ())
            }
            takes = any("idempotency" in each.lower() for each in names)
            given, more = arguments(name)
            client(SELECTIONS.get(name, (name, None))[0], *given, **more)
            assert ("idempotency-key" in small.asked[-1].headers) == takes, (method, path)


def test_parts_are_written_as_the_api_writes_them(opened: Opened, small: Small) -> None:
    client = opened(f"{small.url}/v1/")
    entry = {"platform": "twitter", "accountId": "int_1"}
    picture = {"type": "image", "url": "https://example.com/a.png", "altText": "A dot"}
    parts = {"media_items": [picture], "scheduled_for": "2027-01-04T09:00:00", "respond_async": True}
    client("create_post", "Grüße", [entry], idempotency_key="one", **parts)
    asked = small.asked[-1]
    assert asked.headers["idempotency-key"] == "one"
    assert asked.headers["prefer"] == "respond-async"
    assert asked.headers["user-agent"].startswith("polypost-python/")
    assert json.loads(asked.body) == {
        "content": "Grüße",
        "platforms": [entry],
        "mediaItems": [picture],
        "scheduledFor": "2027-01-04T09:00:00",
    }
    client("list_posts", platform=["twitter", "threads"], profile_id="null", status=None)
    assert small.asked[-1].path == "/v1/posts?platform=twitter&platform=threads&profileId=null"
    client("get_usage", from_="2026-01")
    assert small.asked[-1].path == "/v1/usage?from=2026-01"
    client("move_integration", "int_1", None)
    assert json.loads(small.asked[-1].body) == {"profileId": None}
    client("request", "GET", "/v1/what-comes-next", query={"a": [1, True]})
    assert small.asked[-1].path == "/v1/what-comes-next?a=1&a=true"
