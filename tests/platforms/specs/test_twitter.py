"""X: what we send and what the simulator answers, against X's own OpenAPI document."""

from __future__ import annotations

from tests.platforms.specs.tapped import exchanges, figures
from tests.specs.deviations import DEVIATIONS
from tests.specs.openapi import Document, unexplained

DOCUMENT = Document("x-openapi-2.167.publishing-subset.json")
# The document covers the API alone: neither consent and tokens nor the old chunked upload by command.
BESIDE = ("/2/oauth2/", "/i/oauth2/")


def test_every_exchange_is_as_documented() -> None:
    heard = [each for each in exchanges("twitter", figures) if not each.path.startswith(BESIDE)]
    assert {DOCUMENT.operation(each).name for each in heard if DOCUMENT.operation(each)} >= {
        "POST /2/tweets",
        "GET /2/users/me",
        "GET /2/tweets",
        "GET /2/users/{id}/tweets",
        "DELETE /2/tweets/{id}",
        "POST /2/media/upload/initialize",
        "POST /2/media/upload/{id}/append",
        "POST /2/media/upload/{id}/finalize",
    }
    findings = [finding for each in heard for finding in DOCUMENT.findings(each)]
    left, needless = unexplained(findings, [each.where for each in DEVIATIONS["twitter"]])
    assert left == set()
    assert needless == set()
