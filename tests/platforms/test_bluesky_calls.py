"""Bluesky's calls one by one, against a server that answers as a test lined up."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.platforms.run import MemoryFile
from tests.platforms.sandboxed_bluesky import post
from tests.platforms.scripted_bluesky import (
    ACCOUNT,
    ALLOWANCE,
    DID,
    GET_RECORD,
    JOB,
    PUT,
    RESOLVE,
    SERVICE_AUTH,
    STORED,
    UPLOAD,
    VIDEO,
    Script,
    run_on,
    wrong,
)

from polypost import clock
from polypost.errors import (
    OutcomeUnknown,
    RateLimited,
    ReconnectRequired,
    Rejected,
    TokenExpired,
    Unavailable,
)
from polypost.platforms.base import Absent, Attempt, CannotTell, Found, Post, Proof
from polypost.platforms.bluesky import CONNECTOR
from polypost.platforms.bluesky.record import earliest_key, key_of
from polypost.probe import Facts

pytestmark = pytest.mark.anyio

BLOB = {"$type": "blob", "ref": {"$link": "bafkreia"}, "mimeType": "video/mp4", "size": 64}


def film(size: int = 64) -> MemoryFile:
    facts = Facts("video", "video/mp4", size, 1280, 720, duration=10.0)
    return MemoryFile(b"v" * 64, facts, "https://media.example.com/a.mp4")


def picture(url: str = "https://media.example.com/a.jpg") -> MemoryFile:
    return MemoryFile(b"x" * 64, Facts("image", "image/jpeg", 64, 100, 50), url)


def attempt(rkey: str = "3lbqta5lnck2i", created: str = "2026-11-24T12:00:00.000Z") -> Attempt:
    return Attempt("post", 1, datetime.now(UTC), {"rkey": rkey, "createdAt": created})


async def test_the_call_that_publishes(net: Script) -> None:
    net.on(PUT, STORED)
    run = run_on(net)
    proof = await CONNECTOR.publish(run, post("Hello", langs=[]))
    (asked,) = net.of(PUT)
    body = asked.json
    assert asked.headers["authorization"] == "Bearer token-1"
    assert {name: body[name] for name in ("repo", "collection", "swapRecord")} == {
        "repo": DID,
        "collection": "app.bsky.feed.post",
        "swapRecord": None,
    }
    assert body["record"] == {
        "$type": "app.bsky.feed.post",
        "text": "Hello",
        "createdAt": body["record"]["createdAt"],
    }
    assert proof == Proof(
        f"at://{DID}/app.bsky.feed.post/{body['rkey']}",
        f"https://bsky.app/profile/{DID}/post/{body['rkey']}",
    )
    assert run.attempts[0].handles == {"rkey": body["rkey"], "createdAt": body["record"]["createdAt"]}
    # Nothing was asked but to publish.
    assert net.routes == [PUT]


async def test_every_try_sends_the_same_bytes(net: Script) -> None:
    net.on(PUT, None, (500, wrong("InternalServerError")), (400, wrong("ExpiredToken")), STORED)
    run = run_on(net)
    for error in (OutcomeUnknown, OutcomeUnknown, TokenExpired):
        with pytest.raises(error):
            await CONNECTOR.publish(run_on(net, rows=run.rows), post("Hello"))
    await CONNECTOR.publish(run_on(net, rows=run.rows), post("Hello"))
    assert len({asked.body for asked in net.of(PUT)}) == 1


@pytest.mark.parametrize("body", [b"<html>", {}, {"uri": 7}, []])
async def test_a_success_that_says_nothing_is_a_doubt(net: Script, body: Any) -> None:
    net.on(PUT, (200, body))
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run_on(net), post())


async def test_a_used_up_allowance_lets_the_account_rest(net: Script) -> None:
    reset = int(clock.now().timestamp()) + 900
    net.on(PUT, (*STORED, {"RateLimit-Remaining": "2", "RateLimit-Reset": str(reset)}))
    run = run_on(net)
    await CONNECTOR.publish(run, post())
    assert run.holds == [datetime.fromtimestamp(reset, UTC)]
    net.on(PUT, (*STORED, {"RateLimit-Remaining": "4998", "RateLimit-Reset": str(reset)}))
    calm = run_on(net)
    await CONNECTOR.publish(calm, post())
    assert calm.holds == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((200, {"uri": "at://x", "cid": "b", "value": {"createdAt": "2026-11-24T12:00:00.000Z"}}), Found),
        ((200, {"uri": "at://x", "cid": "b", "value": {"createdAt": "2020-01-01T00:00:00Z"}}), CannotTell),
        ((200, {"uri": "at://x", "value": 7}), CannotTell),
        ((400, wrong("RecordNotFound")), Absent),
    ],
)
async def test_looking_after_a_lost_answer(net: Script, answer: Any, expected: type) -> None:
    net.on(GET_RECORD, answer)
    found = await CONNECTOR.reconcile(run_on(net), post(), attempt())
    assert isinstance(found, expected)
    (asked,) = net.asked
    assert asked.query == {"repo": DID, "collection": "app.bsky.feed.post", "rkey": "3lbqta5lnck2i"}
    # A session that has ended must not stand in the way of looking.
    assert "authorization" not in asked.headers
    if isinstance(found, Found):
        assert found.proof.id == f"at://{DID}/app.bsky.feed.post/3lbqta5lnck2i"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((500, b""), Unavailable),
        ((200, b"<html>"), Unavailable),
        ((429, wrong("RateLimitExceeded")), RateLimited),
        ((400, wrong("RepoNotFound")), Rejected),
    ],
)
async def test_a_look_that_fails_is_no_absence(net: Script, answer: Any, error: type[Exception]) -> None:
    net.on(GET_RECORD, answer)
    with pytest.raises(error):
        await CONNECTOR.reconcile(run_on(net), post(), attempt())


async def test_a_file_goes_up_in_pieces_and_comes_back_unchanged(net: Script) -> None:
    blob = {
        "$type": "blob",
        "ref": {"$link": "bafkreia"},
        "mimeType": "image/png",
        "size": 64,
        "new": "member",
    }
    net.on(UPLOAD, (200, {"blob": blob}))
    net.on(PUT, STORED)
    await CONNECTOR.publish(run_on(net), post("x", picture()))
    (asked,) = net.of(UPLOAD)
    assert (asked.headers["content-type"], asked.headers["content-length"]) == ("image/jpeg", "64")
    assert asked.body == b"x" * 64
    (image,) = net.of(PUT)[0].json["record"]["embed"]["images"]
    assert image == {"image": blob, "alt": "", "aspectRatio": {"width": 100, "height": 50}}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((200, {}), Unavailable),
        ((413, wrong("PayloadTooLarge")), Rejected),
        ((400, wrong("ExpiredToken")), TokenExpired),
        ((502, b""), Unavailable),
    ],
)
async def test_uploads_that_fail(net: Script, answer: Any, error: type[Exception]) -> None:
    net.on(UPLOAD, answer)
    with pytest.raises(error):
        await CONNECTOR.publish(run_on(net), post("x", picture()))
    assert net.of(PUT) == []


def video_works(net: Script, *sent: Any, jobs: tuple[Any, ...] = ()) -> None:
    net.on(ALLOWANCE, (200, {"canUpload": True}))
    net.on(SERVICE_AUTH, (200, {"token": "service-token"}))
    net.on(VIDEO, *sent)
    net.on(
        JOB, *(jobs or ((200, {"jobStatus": {"jobId": "j", "state": "JOB_STATE_COMPLETED", "blob": BLOB}}),))
    )
    net.on(UPLOAD, (200, {"blob": BLOB}))
    net.on(PUT, STORED)


@pytest.mark.parametrize(
    "sent",
    [
        (200, {"jobId": "j", "did": DID, "state": "JOB_STATE_CREATED"}),
        (200, {"jobStatus": {"jobId": "j", "did": DID, "state": "JOB_STATE_CREATED"}}),
        (200, {"jobId": "j", "state": "JOB_STATE_COMPLETED", "blob": BLOB}),
        (409, {"jobId": "j", "state": "JOB_STATE_COMPLETED", "error": "already_exists", "blob": BLOB}),
        (409, {"jobStatus": {"jobId": "j", "error": "already_exists", "blob": BLOB}}),
        (409, {"jobId": "j", "state": "JOB_STATE_COMPLETED", "error": "already_exists"}),
        (409, {"error": "already_exists"}),
    ],
)
async def test_every_form_of_a_films_answer(net: Script, sent: Any) -> None:
    video_works(net, sent)
    await CONNECTOR.publish(run_on(net), post("x", film()))
    assert net.of(PUT)[0].json["record"]["embed"]["video"] == BLOB


async def test_tokens_for_the_video_service(net: Script) -> None:
    video_works(net, (200, {"jobId": "j", "state": "JOB_STATE_CREATED"}))
    run = run_on(net)
    await CONNECTOR.publish(run, post("x", film()))
    allowance, upload = (asked.query for asked in net.of(SERVICE_AUTH))
    assert (allowance["aud"], allowance["lxm"]) == (
        "did:web:video.bsky.app",
        "app.bsky.video.getUploadLimits",
    )
    assert upload["aud"] == "did:web:morel.us-east.host.bsky.network"
    assert upload["lxm"] == "com.atproto.repo.uploadBlob"
    left = int(upload["exp"]) - run.now().timestamp()
    assert 1_700 < left <= 1_800
    (sent,) = net.of(VIDEO)
    assert sent.query["did"] == DID
    assert (sent.headers["content-type"], sent.headers["content-length"]) == ("video/mp4", "64")
    # The session's own token goes to the account's server only.
    for route in (ALLOWANCE, VIDEO):
        assert [asked.headers["authorization"] for asked in net.of(route)] == ["Bearer service-token"]
    assert "authorization" not in net.of(JOB)[0].headers


@pytest.mark.parametrize(
    "sent",
    [
        None,
        (500, b""),
        (503, wrong("ServiceOverloaded")),
        (401, wrong("BadJwtAudience")),
        (404, b""),
        (200, {}),
    ],
)
async def test_the_plain_way(net: Script, sent: Any) -> None:
    video_works(net, sent)
    run = run_on(net)
    await CONNECTOR.publish(run, post("x", film()))
    assert len(net.of(UPLOAD)) == 1
    assert len(run.warnings) == 1


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ((400, wrong("VideoTooLarge")), Rejected),
        ((400, wrong("DailyLimitExceeded")), RateLimited),
        ((429, b""), RateLimited),
        ((401, {"jobStatus": {"did": "", "error": "unconfirmed_email", "jobId": "", "state": ""}}), Rejected),
    ],
)
async def test_refusals_of_a_film(net: Script, sent: Any, error: type[Exception]) -> None:
    video_works(net, sent)
    with pytest.raises(error):
        await CONNECTOR.publish(run_on(net), post("x", film()))
    assert net.of(UPLOAD) == net.of(PUT) == []


async def test_a_large_film_has_no_plain_way(net: Script) -> None:
    video_works(net, (503, b""))
    huge = MemoryFile(b"", Facts("video", "video/mp4", 60_000_000, 9, 9))
    object.__setattr__(huge, "data", _Long())
    with pytest.raises(Unavailable):
        await CONNECTOR.publish(run_on(net), post("x", huge))
    assert net.of(UPLOAD) == []


class _Long(bytes):
    """A film of 60 MB that takes no memory: all of it is empty."""

    def __len__(self) -> int:
        return 60_000_000

    def __getitem__(self, part: Any) -> bytes:
        begin, end, _ = part.indices(60_000_000)
        return bytes(max(0, end - begin))


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ({"canUpload": False, "remainingDailyVideos": 0}, RateLimited),
        ({"canUpload": True, "remainingDailyVideos": 3, "remainingDailyBytes": 63}, RateLimited),
        ({"canUpload": False, "message": "Confirm your email"}, Rejected),
    ],
)
async def test_an_allowance_that_does_not_hold_the_film(
    net: Script, told: dict[str, Any], error: type[Exception]
) -> None:
    video_works(net, (200, {}))
    net.on(ALLOWANCE, (200, told))
    run = run_on(net)
    with pytest.raises(error) as refused:
        await CONNECTOR.publish(run, post("x", film()))
    assert net.of(VIDEO) == []
    if isinstance(refused.value, RateLimited):
        assert refused.value.until > run.now() + timedelta(minutes=50)


@pytest.mark.parametrize("answer", [None, (500, b""), (200, b"<html>"), (404, b"")])
async def test_an_allowance_that_cannot_be_asked_is_no_obstacle(net: Script, answer: Any) -> None:
    video_works(net, (200, {"jobId": "j", "state": "JOB_STATE_CREATED"}))
    net.on(ALLOWANCE, answer)
    await CONNECTOR.publish(run_on(net), post("x", film()))
    assert len(net.of(PUT)) == 1


def failed(code: str) -> Any:
    status = {"jobId": "j", "state": "JOB_STATE_FAILED", "message": "No", "failureCode": code}
    return 200, {"jobStatus": status}


async def test_a_failure_of_the_service_is_tried_once_more(net: Script) -> None:
    done = (200, {"jobStatus": {"jobId": "j", "state": "JOB_STATE_COMPLETED", "blob": BLOB}})
    created = (200, {"jobId": "j", "state": "JOB_STATE_CREATED"})
    video_works(net, created, jobs=(failed("generic_failure"), done))
    await CONNECTOR.publish(run_on(net), post("x", film()))
    assert len(net.of(VIDEO)) == 2
    video_works(net, created, jobs=(failed("pds_upload_failure"),))
    with pytest.raises(Rejected, match='It says: "No"'):
        await CONNECTOR.publish(run_on(net), post("x", film()))
    net.asked.clear()
    video_works(net, created, jobs=(failed("validation_failure"),))
    with pytest.raises(Rejected):
        await CONNECTOR.publish(run_on(net), post("x", film()))
    assert len(net.of(VIDEO)) == 1


async def test_a_look_at_a_job_that_fails_is_repeated_later(net: Script) -> None:
    video_works(net, (200, {"jobId": "j", "state": "JOB_STATE_CREATED"}), jobs=((502, b""),))
    with pytest.raises(Unavailable):
        await CONNECTOR.publish(run_on(net), post("x", film()))


async def test_mentions_are_resolved_once_and_those_of_nobody_stay_plain(net: Script) -> None:
    text = "@alice.bsky.social @bob.example.com @alice.bsky.social"
    net.on(RESOLVE, (200, {"did": DID}), (400, wrong("InvalidRequest", "Unable to resolve handle")))
    net.on(PUT, STORED)
    await CONNECTOR.publish(run_on(net), post(text))
    assert [asked.query["handle"] for asked in net.of(RESOLVE)] == [
        "alice.bsky.social",
        "bob.example.com",
    ]
    facets = net.of(PUT)[0].json["record"]["facets"]
    assert [facet["features"][0]["did"] for facet in facets] == [DID, DID]
    net.on(RESOLVE, (503, b""))
    with pytest.raises(Unavailable):
        await CONNECTOR.publish(run_on(net), post("@carol.example.com"))


async def test_a_thread_whose_first_post_is_gone_goes_no_further(net: Script) -> None:
    net.on(PUT, STORED)
    net.on(GET_RECORD, (400, wrong("RecordNotFound")))
    with pytest.raises(Rejected, match="is gone"):
        await CONNECTOR.publish(run_on(net), post("one", threadItems=[{"content": "two"}]))
    assert len(net.of(PUT)) == 1


async def test_gates_that_are_not_taken_are_a_warning(net: Script) -> None:
    net.on(PUT, STORED, (500, b""), (400, wrong("InvalidRequest")))
    run = run_on(net)
    await CONNECTOR.publish(run, post("x", replyControl=["mentioned"], allowQuotes=False))
    assert len(run.warnings) == 2
    gates = [json.loads(asked.body) for asked in net.of(PUT)[1:]]
    assert [gate["collection"] for gate in gates] == [
        "app.bsky.feed.threadgate",
        "app.bsky.feed.postgate",
    ]
    assert {gate["rkey"] for gate in gates} == {net.of(PUT)[0].json["rkey"]}


async def test_deleting(net: Script) -> None:
    delete = "POST /xrpc/com.atproto.repo.deleteRecord"
    net.on(delete, (200, {}), (400, wrong("ExpiredToken")), (500, b""))
    proof = Proof(f"at://{DID}/app.bsky.feed.post/3lbqta5lnck2i")
    run = run_on(net)
    await CONNECTOR.delete(run, proof)
    assert net.asked[0].json == {"repo": DID, "collection": "app.bsky.feed.post", "rkey": "3lbqta5lnck2i"}
    for error in (TokenExpired, Unavailable):
        with pytest.raises(error):
            await CONNECTOR.delete(run, proof)


async def test_an_account_without_a_server_is_connected_again(net: Script) -> None:
    with pytest.raises(ReconnectRequired):
        await CONNECTOR.publish(run_on(net, extra={"did": DID}), post())
    assert net.asked == []


def test_keys_sort_by_time_and_never_meet() -> None:
    now = clock.now()
    posts = [Post(f"tgt_{n}", "", (), None, due_at=now + timedelta(seconds=n)) for n in range(200)]
    keys = [key_of(post, 0, now) for post in posts]
    assert keys == sorted(keys)
    assert len(set(keys)) == 200
    assert all(len(key) == 13 and key[0] in "234567abcdefghij" for key in keys)
    # The example of the specification: the identifier for zero.
    assert earliest_key(datetime(1970, 1, 1, tzinfo=UTC)) == "2222222222222"
    assert ACCOUNT.id == DID
