"""What the Google Business connector sends, and what it makes of answers that the simulator gives only on a bad day."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.platforms.run import Died, MemoryFile
from tests.platforms.scripted_googlebusiness import (
    ACCOUNT,
    CREATE,
    DELETE,
    GET,
    MAPS,
    NAME,
    SEARCH,
    Script,
    broken,
    photo,
    post,
    reason,
    refused,
    run_on,
    shown,
)

from polypost.errors import (
    Duplicate,
    OutcomeUnknown,
    RateLimited,
    ReconnectRequired,
    Rejected,
    TokenExpired,
    Unavailable,
    Undone,
)
from polypost.platforms.base import Proof
from polypost.platforms.googlebusiness import CONNECTOR
from polypost.platforms.googlebusiness.errors import Missing

pytestmark = pytest.mark.anyio

THUMB = "https://media.example/thumb.jpg"


async def test_a_text_in_the_locations_language(net: Script) -> None:
    run = run_on(net)
    assert await CONNECTOR.publish(run, post()) == Proof(NAME, SEARCH)
    assert net.sent() == {"languageCode": "de", "summary": "Open today", "topicType": "STANDARD"}
    assert net.calls[CREATE][0].headers["authorization"] == "Bearer token-1"
    assert run.warnings == []
    unknown = run_on(net, account=replace(ACCOUNT, metadata={}))
    await CONNECTOR.publish(unknown, post(text=""))
    assert net.sent() == {"languageCode": "en", "topicType": "STANDARD"}


async def test_a_photo_by_its_address(net: Script) -> None:
    await CONNECTOR.publish(run_on(net), post(photo()))
    url = "https://media.example/a.jpg"
    assert net.sent()["media"] == [{"mediaFormat": "PHOTO", "sourceUrl": url}]


class Hidden(MemoryFile):
    """A file without a public address, as the engine gives it."""

    @property
    def public_url(self) -> str:
        raise Rejected("not public", code="media_not_public")


async def test_a_photo_that_google_cannot_reach(net: Script) -> None:
    known = photo()
    with pytest.raises(Rejected) as refusal:
        await CONNECTOR.publish(run_on(net), post(Hidden(known.data, known.facts)))
    assert refusal.value.code == "media_not_public"
    assert not net.calls[CREATE]


async def test_a_video_is_its_thumbnail(net: Script) -> None:
    run, film = run_on(net), photo("a.mp4", kind="video", thumbnail=THUMB)
    await CONNECTOR.publish(run, post(film, extra={THUMB: photo("thumb.jpg")}))
    assert net.sent()["media"] == [{"mediaFormat": "PHOTO", "sourceUrl": THUMB}]
    (warning,) = run.warnings
    assert "no video" in warning
    assert "thumbnail" in warning
    with pytest.raises(Rejected, match="no video"):
        await CONNECTOR.publish(run_on(net), post(photo("a.mp4", kind="video")))
    assert len(net.calls[CREATE]) == 1


@pytest.mark.parametrize(
    ("options", "sent", "words"),
    [
        ({"callToActionType": "CALL", "callToActionUrl": "https://a.example"}, {"actionType": "CALL"}, None),
        (
            {"callToActionType": "BOOK", "callToActionUrl": "https://a.example"},
            {"actionType": "BOOK", "url": "https://a.example"},
            None,
        ),
        (
            {"callToActionType": "GET_OFFER", "callToActionUrl": "https://a.example"},
            {"actionType": "LEARN_MORE", "url": "https://a.example"},
            "LEARN_MORE",
        ),
        (
            {"topicType": "OFFER", "callToActionType": "BOOK", "callToActionUrl": "https://a.example"},
            None,
            "left out",
        ),
    ],
)
async def test_buttons(net: Script, options: dict[str, Any], sent: Any, words: str | None) -> None:
    run = run_on(net)
    await CONNECTOR.publish(run, post(**options))
    assert net.sent().get("callToAction") == sent
    assert "offer" not in net.sent()
    assert [words in warning for warning in run.warnings] == ([True] if words else [])


async def test_get_offer_on_an_offer(net: Script) -> None:
    button = {
        "topicType": "OFFER",
        "callToActionType": "GET_OFFER",
        "callToActionUrl": "https://a.example",
    }
    await CONNECTOR.publish(run := run_on(net), post(**button))
    assert net.sent()["offer"] == {"redeemOnlineUrl": "https://a.example"}
    assert "redeemed" in run.warnings[0]
    await CONNECTOR.publish(run := run_on(net), post(**button, offerRedeemOnlineUrl="https://b.example"))
    assert net.sent()["offer"] == {"redeemOnlineUrl": "https://b.example"}
    assert "left out" in run.warnings[0]


async def test_a_location_that_is_not_verified(net: Script) -> None:
    run = run_on(net, account=replace(ACCOUNT, metadata={"hasVoiceOfMerchant": False}))
    await CONNECTOR.publish(run, post())
    assert "verified" in run.warnings[0]


async def test_a_post_that_is_shown_later(net: Script) -> None:
    net.on(CREATE, (200, shown("PROCESSING", searchUrl=None)))
    slow = (200, shown("PROCESSING", searchUrl=None))
    net.on(GET, slow, refused(503), slow, refused(404, "NOT_FOUND"), (200, shown()))
    run = run_on(net)
    assert await CONNECTOR.publish(run, post()) == Proof(NAME, SEARCH)
    assert run.rows["post"] == Proof(NAME, MAPS)
    assert len(net.calls[GET]) == 5
    assert run.warnings == []


async def test_a_post_without_an_address_leads_to_the_business(net: Script) -> None:
    net.on(CREATE, (200, shown(searchUrl="javascript:alert(1)")))
    net.on(GET, (200, shown("RECURRING", searchUrl=None)))
    assert await CONNECTOR.publish(run_on(net), post()) == Proof(NAME, MAPS)


async def test_a_post_that_is_rejected(net: Script) -> None:
    net.on(GET, (200, shown("PROCESSING")), (200, shown("REJECTED")))
    with pytest.raises(Undone, match="rejected it"):
        await CONNECTOR.publish(run_on(net), post())


@pytest.mark.parametrize("silence", [(200, shown("PROCESSING", searchUrl=None)), refused(500)])
async def test_a_post_that_google_says_nothing_of(net: Script, silence: Any) -> None:
    net.on(GET, silence)
    run = run_on(net)
    assert (await CONNECTOR.publish(run, post())).id == NAME
    assert "not shown it yet" in run.warnings[0]
    assert timedelta(minutes=30) <= run.offset < timedelta(minutes=40)
    # Seldom enough that nobody's allowance suffers.
    assert len(net.calls[GET]) < 30


async def test_a_post_that_is_gone(net: Script) -> None:
    net.on(GET, refused(404, "NOT_FOUND"))
    run = run_on(net)
    with pytest.raises(Missing):
        await CONNECTOR.publish(run, post())
    assert timedelta(minutes=2) <= run.offset < timedelta(minutes=4)


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (refused(500, "INTERNAL"), OutcomeUnknown, "outcome_unknown"),
        (refused(503, "UNAVAILABLE"), OutcomeUnknown, "outcome_unknown"),
        ((503, b"busy", {"retry-after": "30"}), OutcomeUnknown, "outcome_unknown"),
        (refused(408), OutcomeUnknown, "outcome_unknown"),
        ((302, b"", {"location": "https://elsewhere.example"}), OutcomeUnknown, "outcome_unknown"),
        ((200, b"<html>"), OutcomeUnknown, "outcome_unknown"),
        ((200, {}), OutcomeUnknown, "outcome_unknown"),
        ((200, {"name": "../../../etc"}), OutcomeUnknown, "outcome_unknown"),
        (3, OutcomeUnknown, "outcome_unknown"),
        (refused(401, "UNAUTHENTICATED"), TokenExpired, "reconnect_required"),
        (
            refused(403, "PERMISSION_DENIED", reason("ACCESS_TOKEN_SCOPE_INSUFFICIENT")),
            ReconnectRequired,
            "reconnect_required",
        ),
        (refused(403, "PERMISSION_DENIED", reason("SERVICE_DISABLED")), Rejected, "platform_setup"),
        (refused(403, "PERMISSION_DENIED"), Rejected, "not_permitted"),
        (refused(404, "NOT_FOUND"), Missing, "rejected"),
        (refused(409, "ALREADY_EXISTS"), Duplicate, "duplicate"),
        (refused(429, "RESOURCE_EXHAUSTED"), RateLimited, "rate_limited"),
        (
            refused(429, "RESOURCE_EXHAUSTED", reason("RATE_LIMIT_EXCEEDED", quota_limit_value="0")),
            Rejected,
            "platform_setup",
        ),
        (
            refused(429, "RESOURCE_EXHAUSTED", reason("RATE_LIMIT_EXCEEDED", quota_limit_value="300")),
            RateLimited,
            "rate_limited",
        ),
        (broken(1000, None, "Fetching image failed."), Unavailable, "media_unreachable"),
        (broken(5, "media"), Rejected, "media_rejected"),
        (broken(2, "event.title"), Rejected, "rejected"),
        (broken(2, "summary"), Rejected, "rejected"),
        (refused(400, "INVALID_ARGUMENT"), Rejected, "rejected"),
    ],
)
async def test_answers_to_the_publishing_call(
    net: Script, answer: Any, kind: type[Exception], code: str
) -> None:
    net.on(CREATE, answer)
    with pytest.raises(kind) as found:
        await CONNECTOR.publish(run_on(net), post())
    assert type(found.value) is kind
    assert found.value.code == code
    assert len(net.calls[CREATE]) == 1


async def test_what_was_done_is_not_done_again(net: Script) -> None:
    rows: dict[str, Any] = {}
    for place in ("post", "taken", "shown"):
        with pytest.raises(Died):
            await CONNECTOR.publish(run_on(net, rows=rows, dies_at=place), post())
    with pytest.raises(Died):
        await CONNECTOR.publish(run_on(net, rows=rows, dies_after="shown"), post())
    await CONNECTOR.publish(run_on(net, rows=rows), post())
    assert (len(net.calls[CREATE]), len(net.calls[GET])) == (1, 2)


async def test_a_refused_token_is_renewed_once(net: Script) -> None:
    async def renew() -> str:
        return "token-2"

    net.on(CREATE, refused(401, "UNAUTHENTICATED"), (200, shown()))
    await CONNECTOR.publish(run_on(net, renew=renew), post())
    sent = [call.headers["authorization"] for call in net.calls[CREATE]]
    assert sent == ["Bearer token-1", "Bearer token-2"]


async def test_deleting(net: Script) -> None:
    for answer in ((200, {}), refused(404, "NOT_FOUND")):
        net.on(DELETE, answer)
        await CONNECTOR.delete(run_on(net), Proof(NAME))
    for answer, kind in (
        (refused(403, "PERMISSION_DENIED"), Rejected),
        (refused(401, "UNAUTHENTICATED"), TokenExpired),
        (refused(429, "RESOURCE_EXHAUSTED"), RateLimited),
        (refused(500, "INTERNAL"), Unavailable),
    ):
        net.on(DELETE, answer)
        with pytest.raises(kind) as refusal:
            await CONNECTOR.delete(run_on(net), Proof(NAME))
        assert kind is not Rejected or refusal.value.code == "delete_refused"
    calls = len(net.calls[DELETE])
    with pytest.raises(Rejected):
        await CONNECTOR.delete(run_on(net), Proof("../v1/accounts"))
    assert len(net.calls[DELETE]) == calls
