"""X: what is sent, in which order, and what becomes of it when a call goes wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.platforms.run import Died, MemoryFile
from tests.platforms.scripted_twitter import (
    CREATE,
    OPEN,
    STATUS,
    Script,
    created,
    film,
    picture,
    post,
    run_on,
    thread_media,
)

from polypost import clock
from polypost.errors import (
    Duplicate,
    OutcomeUnknown,
    RateLimited,
    ReconnectRequired,
    Rejected,
    TokenExpired,
    Unavailable,
)
from polypost.platforms.base import Account, Proof
from polypost.platforms.twitter import CONNECTOR
from polypost.platforms.twitter.spec import SPEC

pytestmark = pytest.mark.anyio

SEGMENT = SPEC.limit("segment_bytes")
APPEND, CLOSE = "POST /2/media/upload/71/append", "POST /2/media/upload/71/finalize"
DUPLICATE = {
    "detail": "You are not allowed to create a Tweet with duplicate content.",
    "type": "about:blank",
    "title": "Forbidden",
    "status": 403,
}


async def test_a_text_is_one_call_and_the_proof_is_its_permalink(net: Script) -> None:
    net.on(CREATE, created(1456012973835788293))
    run = run_on(net)
    proof = await CONNECTOR.publish(run, post("Hello"))
    assert proof == Proof("1456012973835788293", "https://x.com/polly/status/1456012973835788293")
    assert net.routes == [CREATE]
    assert net.asked[0].json == {"text": "Hello"}
    assert net.asked[0].headers["authorization"] == "Bearer token-1"
    assert run.attempts[0].handles == {"text": "Hello", "media": 0, "reply_to": None}
    assert run.holds == []


async def test_an_account_without_a_known_name_still_gets_a_working_link(net: Script) -> None:
    net.on(CREATE, created(7))
    proof = await CONNECTOR.publish(run_on(net, Account("12")), post())
    assert proof.url == "https://x.com/i/web/status/7"


async def test_every_option_has_its_place_in_the_request(net: Script) -> None:
    net.on(CREATE, created(7))
    options = {
        "communityId": "9",
        "shareWithFollowers": True,
        "replyToTweetId": "8",
        "replySettings": "mentionedUsers",
        "poll": {"options": ["a", "b"], "durationMinutes": 60.0},
    }
    run = run_on(net)
    await CONNECTOR.publish(run, post("Hello", **options))
    assert net.asked[0].json == {
        "text": "Hello",
        "community_id": "9",
        "share_with_followers": True,
        "reply": {"in_reply_to_tweet_id": "8"},
        "reply_settings": "mentionedUsers",
        "poll": {"options": ["a", "b"], "duration_minutes": 60},
    }
    assert run.attempts[0].handles["reply_to"] == "8"


async def test_everyone_may_reply_is_not_said(net: Script) -> None:
    net.on(CREATE, created(7))
    await CONNECTOR.publish(run_on(net), post(replySettings="everyone", shareWithFollowers=False))
    assert net.asked[0].json == {"text": "Hello"}


async def test_a_file_goes_up_in_segments_and_is_never_held_whole(net: Script) -> None:
    data = bytes(range(256)) * (SEGMENT * 2 // 256) + b"tail"
    file = film(data)
    net.uploads()
    net.on(CREATE, created(7))
    await CONNECTOR.publish(run_on(net), post("", file))
    assert net.of(OPEN)[0].json == {
        "media_type": "video/mp4",
        "total_bytes": len(data),
        "media_category": "tweet_video",
    }
    assert [asked.form for asked in net.of(APPEND)] == [
        {"segment_index": "0"},
        {"segment_index": "1"},
        {"segment_index": "2"},
    ]
    assert b"".join(asked.segment for asked in net.of(APPEND)) == data
    assert net.of(CREATE)[0].json == {"media": {"media_ids": ["71"]}}
    assert net.of(STATUS) == []
    assert max(file.reads) == SEGMENT


async def test_a_segment_may_be_accepted_without_a_word(net: Script) -> None:
    net.uploads()
    net.on(APPEND, (204, b""))
    net.on(CREATE, created(7))
    await CONNECTOR.publish(run_on(net), post("", picture()))
    assert net.routes == [OPEN, APPEND, CLOSE, CREATE]


async def test_a_crash_in_an_upload_goes_on_at_the_next_segment(net: Script) -> None:
    file = film(b"v" * (SEGMENT * 2))
    net.uploads()
    net.on(CREATE, created(7))
    first = run_on(net, dies_at="media-0-segment-1")
    with pytest.raises(Died):
        await CONNECTOR.publish(first, post("Hello", file))
    await CONNECTOR.publish(run_on(net, rows=first.rows), post("Hello", file))
    assert net.routes == [OPEN, APPEND, APPEND, CLOSE, CREATE]


async def test_an_upload_that_x_has_forgotten_is_begun_anew(net: Script) -> None:
    net.uploads()
    net.on(CREATE, created(7))
    first = run_on(net, dies_at="post")
    with pytest.raises(Died):
        await CONNECTOR.publish(first, post("Hello", picture()))
    later = run_on(net, rows=first.rows)
    later.offset = timedelta(hours=25)
    await CONNECTOR.publish(later, post("Hello", picture()))
    assert net.routes == [OPEN, APPEND, CLOSE] * 2 + [CREATE]


async def test_processing_is_waited_for_as_long_as_x_says(net: Script) -> None:
    net.uploads(processing_info={"state": "pending", "check_after_secs": 7})
    net.on(
        STATUS,
        (
            200,
            {"data": {"id": "71", "processing_info": {"state": "in_progress", "check_after_secs": 11}}},
        ),
        (200, {"data": {"id": "71", "processing_info": {"state": "succeeded"}}}),
    )
    net.on(CREATE, created(7))
    run = run_on(net)
    await CONNECTOR.publish(run, post("Hello", film()))
    assert [asked.query for asked in net.of(STATUS)] == [{"media_id": "71", "command": "STATUS"}] * 2
    assert timedelta(seconds=17.9) < run.offset <= timedelta(seconds=18)


@pytest.mark.parametrize("where", ["closing", "looking"])
async def test_a_file_that_x_cannot_process_is_refused_with_its_reason(net: Script, where: str) -> None:
    failed = {"state": "failed", "error": {"code": 1, "name": "InvalidMedia", "message": "file is not valid"}}
    net.uploads(processing_info=failed if where == "closing" else {"state": "pending"})
    net.on(STATUS, (200, {"data": {"id": "71", "processing_info": failed}}))
    with pytest.raises(Rejected, match="file is not valid") as refused:
        await CONNECTOR.publish(run_on(net), post("Hello", film()))
    assert refused.value.code == "media_rejected"
    assert net.of(CREATE) == []


async def test_all_media_of_a_thread_is_up_before_its_first_post(net: Script) -> None:
    second, third = (
        picture(url="https://media.example.com/2.png"),
        film(url="https://media.example.com/3.mp4"),
    )
    items = [
        {"content": "two", "mediaItems": [thread_media(second)]},
        {"content": "", "mediaItems": [thread_media(third)]},
    ]
    net.uploads()
    net.on(CREATE, created(7), created(8), created(9))
    run = run_on(net)
    proof = await CONNECTOR.publish(run, post("one", further=(second, third), threadItems=items))
    assert proof.id == "7"
    assert net.routes == [OPEN, APPEND, CLOSE] * 2 + [CREATE] * 3
    assert [asked.json for asked in net.of(CREATE)] == [
        {"text": "one"},
        {"text": "two", "media": {"media_ids": ["71"]}, "reply": {"in_reply_to_tweet_id": "7"}},
        {"media": {"media_ids": ["71"]}, "reply": {"in_reply_to_tweet_id": "8"}},
    ]
    assert [attempt.handles for attempt in run.attempts] == [
        {"text": "one", "media": 0, "reply_to": None},
        {"text": "two", "media": 1, "reply_to": "7"},
        {"text": "", "media": 1, "reply_to": "8"},
    ]


async def test_a_thread_goes_on_after_its_last_known_post(net: Script) -> None:
    net.on(CREATE, created(7), created(8))
    thread = post("one", threadItems=[{"content": "two"}])
    first = run_on(net, dies_at="thread-1")
    with pytest.raises(Died):
        await CONNECTOR.publish(first, thread)
    proof = await CONNECTOR.publish(run_on(net, rows=first.rows), thread)
    assert proof.id == "7"
    assert [asked.json.get("reply") for asked in net.of(CREATE)] == [None, {"in_reply_to_tweet_id": "7"}]


async def test_thread_media_that_does_not_fit_stops_everything(net: Script) -> None:
    wrong = film(url="https://media.example.com/3.mp4")
    items = [{"content": "two", "mediaItems": [thread_media(wrong, "image")]}]
    with pytest.raises(Rejected, match=r"threadItems\[0\]\.mediaItems\[0\]"):
        await CONNECTOR.publish(run_on(net), post("one", further=(wrong,), threadItems=items))
    assert net.asked == []


async def test_a_used_up_allowance_lets_the_account_rest(net: Script) -> None:
    reset = int(datetime(2030, 1, 1, tzinfo=UTC).timestamp())
    headers = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(reset)}
    net.on(CREATE, created(7, **headers))
    run = run_on(net)
    await CONNECTOR.publish(run, post())
    assert run.holds == [datetime(2030, 1, 1, tzinfo=UTC)]
    assert "post" in run.rows


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((500, {"title": "Internal Server Error"}), OutcomeUnknown),
        ((502, b"<html>bad gateway</html>"), OutcomeUnknown),
        ((503, b""), OutcomeUnknown),
        ((503, b"", {"retry-after": "30"}), RateLimited),
        ((201, b"not json"), OutcomeUnknown),
        ((201, {"data": {}}), OutcomeUnknown),
        ((200, {"errors": [{"message": "strange"}]}), OutcomeUnknown),
        (None, OutcomeUnknown),
        ((302, b"", {"location": "/elsewhere"}), OutcomeUnknown),
        ((429, {"title": "Too Many Requests"}), RateLimited),
        ((401, {"title": "Unauthorized"}), TokenExpired),
        ((402, b""), Rejected),
        ((403, DUPLICATE), Duplicate),
        ((400, {"errors": [{"message": "no"}]}), Rejected),
    ],
)
async def test_the_answer_to_the_publishing_call_decides(
    net: Script, answer: object, error: type[Exception]
) -> None:
    net.on(CREATE, answer)  # type: ignore[arg-type]  # answers of several shapes
    with pytest.raises(error) as raised:
        await CONNECTOR.publish(run_on(net), post())
    assert type(raised.value) is error
    assert len(net.of(CREATE)) == 1


async def test_trouble_before_the_publishing_call_is_only_trouble(net: Script) -> None:
    net.uploads()
    net.on(APPEND, (500, b""))
    with pytest.raises(Unavailable):
        await CONNECTOR.publish(run_on(net), post("Hello", picture()))
    net.on(OPEN, (200, b"no"))
    with pytest.raises(Unavailable):
        await CONNECTOR.publish(run_on(net), post("Hello", picture()))


async def test_an_upload_without_its_scope_asks_to_connect_again(net: Script) -> None:
    net.on(OPEN, (403, {"title": "Forbidden", "type": "about:blank", "detail": "Forbidden"}))
    with pytest.raises(ReconnectRequired) as refused:
        await CONNECTOR.publish(run_on(net), post("Hello", picture()))
    assert refused.value.reason == "access_revoked"


async def test_a_refreshed_token_is_used_at_once(net: Script) -> None:
    async def renew() -> str:
        return "token-2"

    net.on(CREATE, (401, {"title": "Unauthorized"}), created(7))
    await CONNECTOR.publish(run_on(net, renew=renew), post())
    assert [asked.headers["authorization"] for asked in net.asked] == ["Bearer token-1", "Bearer token-2"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((200, {"data": {"deleted": True}}), None),
        ((404, {"title": "Not Found Error"}), None),
        ((403, {"title": "Forbidden", "detail": "You are not permitted to perform this action."}), Rejected),
        ((401, {"title": "Unauthorized"}), TokenExpired),
        ((503, b""), Unavailable),
    ],
)
async def test_deleting(net: Script, answer: object, error: type[Exception] | None) -> None:
    net.on("DELETE /2/tweets/7", answer)  # type: ignore[arg-type]  # answers of several shapes
    if error is None:
        await CONNECTOR.delete(run_on(net), Proof("7"))
    else:
        with pytest.raises(error):
            await CONNECTOR.delete(run_on(net), Proof("7"))


class CutFile(MemoryFile):
    """A file that lost its second half after it was probed."""

    async def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : len(self.data) // 2]


async def test_a_file_that_got_shorter_is_not_closed(net: Script) -> None:
    whole = film()
    net.uploads()
    with pytest.raises(Unavailable):
        await CONNECTOR.publish(run_on(net), post("Hello", CutFile(whole.data, whole.facts, whole.url)))
    assert net.routes == [OPEN]


async def test_the_clock_that_decides_is_the_runs_own(net: Script) -> None:
    net.on(CREATE, (429, {"title": "Too Many Requests"}))
    run = run_on(net)
    run.offset = timedelta(days=1)
    with pytest.raises(RateLimited) as limited:
        await CONNECTOR.publish(run, post())
    assert limited.value.until > clock.now() + timedelta(days=1)
