"""LinkedIn: there is no document of its own, so we hold against what others derived and recorded.

The operations come from LinkedIn's public Postman workspaces by way of a third party: without schemas, but with
parameters, headers and examples of bodies. Error codes and escape vectors come from documents and recorded answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from tests.platforms.conformance.stage import Stage
from tests.platforms.recording import Exchange
from tests.platforms.specs.tapped import exchanges, figures
from tests.specs.deviations import DEVIATIONS
from tests.specs.openapi import HERE, Document, unexplained

from polypost.errors import (
    Duplicate,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    ReconnectRequired,
    Rejected,
    TokenExpired,
    Unavailable,
)
from polypost.platforms.linkedin.errors import error_for
from polypost.platforms.linkedin.spec import SPEC
from polypost.platforms.linkedin.text import commentary, plain
from polypost.sandbox.networks.linkedin import little
from polypost.sandbox.networks.linkedin.limits import limit

NAME = "linkedin.third-party.publishing-subset.json"
DOCUMENT = Document(NAME, base="/rest")
WHOLE: dict[str, Any] = json.loads((HERE / NAME).read_text())
ERRORS: dict[str, Any] = json.loads((HERE / "linkedin-errors.json").read_text())
# The old API beside the versioned one, the consent, and the upload addresses are in no document.
BESIDE = ("/oauth/", "/v2/", "/dms-uploads/")


async def provoke(stage: Stage) -> None:
    """Figures; then calls that LinkedIn refuses, each for another reason."""
    await figures(stage)
    url = stage.room.networks.overrides["linkedin"].rstrip("/")
    good = {"Authorization": f"Bearer {stage.entry['accessToken']}", "LinkedIn-Version": "202609"}
    body = {
        "author": stage.entry["platformUserId"],
        "commentary": "Twice",
        "visibility": "PUBLIC",
        "distribution": {
            "feedDistribution": "MAIN_FEED",
            "targetEntities": [],
            "thirdPartyDistributionChannels": [],
        },
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": False,
    }
    wrong: list[tuple[dict[str, str], dict[str, Any]]] = [
        ({"Authorization": "Bearer nonsense"}, {}),
        ({"LinkedIn-Version": ""}, {}),
        ({"LinkedIn-Version": "202401"}, {}),
        ({}, {"author": "urn:li:person:other"}),
        ({}, {"author": "urn:li:share:1"}),
        ({}, {"author": "me"}),
        ({}, {"commentary": "x" * 3001}),
        ({}, {"visibility": None}),
        ({}, {"visibility": "X"}),
        ({}, {"content": {"media": {"id": "urn:li:video:1"}}}),
        ({}, {}),
        ({}, {}),
    ]
    async with httpx2.AsyncClient(trust_env=False) as web:
        for headers, more in wrong:
            sent = {name: value for name, value in {**good, **headers}.items() if value}
            await web.post(f"{url}/rest/posts", json={**body, **more}, headers=sent)
        for fault in ("rate_limited", "error_before", "conflict", "restricted_member", "token_expired"):
            await stage.fault(fault, seconds=0)
            await web.post(f"{url}/rest/posts", json={**body, "commentary": fault}, headers=good)


@pytest.fixture(scope="module")
def heard() -> list[Exchange]:
    return [each for each in exchanges("linkedin", provoke) if not each.path.startswith(BESIDE)]


def test_every_exchange_is_as_documented(heard: list[Exchange]) -> None:
    accepted = [each for each in heard if each.status < 400]
    assert {DOCUMENT.operation(each).name for each in accepted if DOCUMENT.operation(each)} >= {
        "POST /rest/posts",
        "GET /rest/posts",
        "DELETE /rest/posts/{encoded ugcPostUrn|shareUrn}",
        "POST /rest/images",
        "GET /rest/images/{image_urn}",
        "POST /rest/videos",
        "POST /rest/documents",
        "GET /rest/organizationAcls",
        "GET /rest/organizations/{organization_id}",
    }
    findings = [finding for each in accepted for finding in DOCUMENT.findings(each)]
    left, needless = unexplained(findings, [each.where for each in DEVIATIONS["linkedin"]])
    assert left == set()
    assert needless == set()


def test_the_headers_that_the_document_names_are_sent(heard: list[Exchange]) -> None:
    for each in heard:
        if each.status >= 400:
            continue
        operation = DOCUMENT.operation(each)
        named = [
            told["name"]
            for told in (operation.told.get("parameters", ()) if operation else ())
            if told["in"] == "header"
        ]
        missing = [name for name in [*named, "LinkedIn-Version"] if name.lower() not in each.headers]
        assert missing == [], each.path


def test_bodies_have_what_the_examples_have(heard: list[Exchange]) -> None:
    compared = set()
    for each in heard:
        operation = DOCUMENT.operation(each)
        if each.status >= 400 or operation is None or each.params.get("action") == "finalizeUpload":
            continue
        example = example_of(operation.told)
        if example is None:
            continue
        sent = each.sent
        if operation.name == "POST /rest/posts" and "document" not in str(sent.get("content")):
            # The example shows a document; other kinds share everything but its content.
            example = {name: value for name, value in example.items() if name != "content"}
        assert set(places(example)) - set(places(sent)) == set(), operation.name
        compared.add(operation.name)
    assert compared == {"POST /rest/posts", "POST /rest/images", "POST /rest/videos"}


def example_of(told: Any) -> Any:
    """The example of an operation's body: JSON in a text, quoted once more, with comments."""
    for kind in told.get("requestBody", {}).get("content", {}).values():
        name = kind["schema"]["$ref"].rpartition("/")[2]
        text: str = WHOLE["components"]["schemas"][name]["example"]
        unquoted = text.strip('"').replace("\\n", "\n").replace('\\"', '"')
        return json.loads(re.sub(r"\s//[^\n]*", "", unquoted))
    return None


def places(value: Any, at: str = "") -> Iterator[str]:
    """The names of all members, with those that they stand in."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield f"{at}.{name}"
            yield from places(inner, f"{at}.{name}")


def test_the_simulators_refusals_are_known(heard: list[Exchange]) -> None:
    known = {(entry["http"], mark) for entry in ERRORS["errors"] for mark in marks(entry)}
    statuses = {entry["http"] for entry in ERRORS["errors"]}
    seen = set()
    for each in heard:
        if each.status < 400:
            continue
        assert each.status in statuses
        body = each.received
        assert body["status"] == each.status
        inputs = body.get("errorDetails", {}).get("inputErrors", [])
        found = {entry["code"] for entry in inputs} | {
            body[name] for name in ("code", "serviceErrorCode") if name in body
        }
        if each.status != 404:
            assert found <= {mark for status, mark in known if status == each.status}, body
        seen |= {(each.status, mark) for mark in found}
    assert {status for status, _ in seen} >= {400, 401, 403, 409, 422, 426, 429}
    assert (422, "DUPLICATE_POST") in seen


def marks(entry: dict[str, Any]) -> list[Any]:
    return [entry[name] for name in ("code", "serviceErrorCode") if name in entry]


CLASSES: dict[str, tuple[type[PlatformError], str]] = {
    "client_bug": (Rejected, "platform_setup"),
    "validation": (Rejected, "rejected"),
    "not_ready": (Unavailable, "platform_unavailable"),
    "upload": (Rejected, "media_rejected"),
    "auth": (TokenExpired, "reconnect_required"),
    "account_blocked": (Rejected, "account_restricted"),
    "permission": (ReconnectRequired, "reconnect_required"),
    "not_found": (Rejected, "rejected"),
    "conflict_retry_once": (Unavailable, "platform_unavailable"),
    "duplicate": (Duplicate, "duplicate"),
    "client_outdated": (Rejected, "platform_setup"),
    "rate_limited": (RateLimited, "rate_limited"),
    "transient": (OutcomeUnknown, "outcome_unknown"),
    "transient_ambiguous": (OutcomeUnknown, "outcome_unknown"),
}
# Validation that concerns a file says so, and no token at all is cured as a dead one is.
FINER = {
    "INVALID_VIDEO_ID": (Rejected, "media_rejected"),
    "MEDIA_ASSET_PROCESSING_FAILED": (Rejected, "media_rejected"),
    "EMPTY_ACCESS_TOKEN": (TokenExpired, "reconnect_required"),
}


@pytest.mark.parametrize("entry", ERRORS["errors"], ids=lambda entry: f"{entry['http']}-{entry.get('code')}")
def test_the_connector_knows_every_error(entry: dict[str, Any]) -> None:
    kind, code = FINER.get(entry.get("code", ""), CLASSES[entry["class"]])
    for mark in [None, *marks(entry)]:
        if mark is None and entry["http"] in {400, 401, 422}:
            continue
        where = {"serviceErrorCode": mark} if isinstance(mark, int) else {"code": mark} if mark else {}
        body = json.dumps({"status": entry["http"], "message": "m", **where}).encode()
        answer = httpx2.Response(entry["http"], content=body)
        error = error_for(answer, datetime(2026, 11, 24, tzinfo=UTC), committing=True)
        assert (type(error), error.code) == (kind, code), mark


def test_the_reserved_characters_are_those_of_the_documents() -> None:
    reserved = ERRORS["little_text_reserved"]
    assert set(reserved) == little.RESERVED
    for char in reserved:
        assert commentary(f"a {char} b") == f"a \\{char} b"


@pytest.mark.parametrize("vector", ERRORS["little_text_vectors"], ids=lambda vector: vector["plain"])
def test_the_escape_vectors(vector: dict[str, str]) -> None:
    assert commentary(vector["plain"]) == vector["escaped"]
    assert plain(vector["escaped"]) == vector["plain"]
    assert little.read(vector["escaped"]).text == vector["plain"]


def test_the_numbers_beside_the_errors() -> None:
    assert limit("video_part_bytes") == ERRORS["video_part_size"]
    assert SPEC.limit("image_pixels") == ERRORS["max_image_pixels_exclusive"] - 1
