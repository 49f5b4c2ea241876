"""What becomes of a TikTok call whose answer was lost."""

from __future__ import annotations

from typing import Any

import pytest
from tests.platforms.scripted_tiktok import PHOTOS, STATUS, Script, post, run_on, said, state

from polypost import clock
from polypost.platforms.base import Absent, Attempt, CannotTell, Found
from polypost.platforms.tiktok import CONNECTOR

pytestmark = pytest.mark.anyio

UPLOAD = {"publish_id": "v_pub_file~v2-1.1", "size": 1000, "draft": False}


def attempt(handles: dict[str, Any]) -> Attempt:
    return Attempt("publish", 1, clock.now(), handles)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((200, state("PUBLISH_COMPLETE")), Found),
        ((200, state("SEND_TO_USER_INBOX")), Found),
        ((200, state("FAILED", reason="internal")), Found),
        ((200, state("PROCESSING_UPLOAD", uploaded=1000)), Found),
        ((200, state("PROCESSING_UPLOAD", uploaded=999)), Absent),
        ((200, state("PROCESSING_UPLOAD", uploaded=0)), Absent),
        ((200, state("PROCESSING_UPLOAD", uploaded=None)), CannotTell),
        ((200, state("PROCESSING_DOWNLOAD")), CannotTell),
        ((200, state("SOMETHING_NEW")), CannotTell),
        ((400, said(code="invalid_publish_id")), CannotTell),
        ((400, said(code="token_not_authorized_for_specified_publish_id")), CannotTell),
        ((429, said(code="rate_limit_exceeded")), CannotTell),
        ((500, b""), CannotTell),
        ((200, b"<html>"), CannotTell),
    ],
)
async def test_an_upload_is_asked_for_by_its_publish_id(net: Script, answer, kind) -> None:
    net.on(STATUS, answer)
    seen = await CONNECTOR.reconcile(run_on(net), post(), attempt(UPLOAD))
    assert type(seen) is kind
    if isinstance(seen, Found):
        assert seen.proof.id == UPLOAD["publish_id"]
    assert net.sent(STATUS) == {"publish_id": UPLOAD["publish_id"]}


async def test_photos_cannot_be_asked_for(net: Script) -> None:
    assert isinstance(await CONNECTOR.reconcile(run_on(net), post(), attempt({"photos": 1})), CannotTell)
    assert PHOTOS not in net.calls


def test_only_an_upload_may_be_tried_again():
    assert CONNECTOR.retry_when_absent(post(), attempt(UPLOAD)) == "always"
    assert CONNECTOR.retry_when_absent(post(), attempt({"photos": 1})) == "never"
