"""What Mastodon is sent, call by call, against a scripted server."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.platforms.run import Died
from tests.platforms.scripted_mastodon import (
    INSTANCE,
    MEDIA,
    SERVER,
    STATUSES,
    Script,
    account,
    film,
    instance,
    picture,
    post,
    run_on,
    status,
)

from polypost import clock
from polypost.errors import (
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    ReconnectRequired,
    Rejected,
    Unavailable,
)
from polypost.platforms.base import Attempt, Post, Proof
from polypost.platforms.mastodon import CONNECTOR

pytestmark = pytest.mark.anyio

LOOK = "GET /api/v1/media/22"


def keys(net: Script) -> list[str]:
    return [call.headers["idempotency-key"] for call in net.calls[STATUSES]]


async def test_a_plain_post(net: Script) -> None:
    run = run_on(net)
    proof = await CONNECTOR.publish(run, post())
    assert proof == Proof("7", f"https://{SERVER}/@polly/7")
    assert net.bodies() == [{"status": "Hello", "visibility": "public"}]
    assert net.calls[STATUSES][0].headers["authorization"] == "Bearer token-1"
    assert run.warnings == []
    # What was read a moment ago is not read again.
    assert INSTANCE not in net.calls


async def test_everything_at_once(net: Script) -> None:
    asked = {
        "visibility": "unlisted",
        "spoilerText": "Careful",
        "sensitive": False,
        "language": "de",
        "replyToId": "3",
        "quotePolicy": "followers",
        "poll": {"options": ["a", "b"], "durationMinutes": 60, "multiple": True},
    }
    net.on(STATUSES, (200, status(visibility="unlisted")))
    await CONNECTOR.publish(run_on(net), post("?", **asked))
    assert net.bodies() == [
        {
            "status": "?",
            "visibility": "unlisted",
            "spoiler_text": "Careful",
            "sensitive": False,
            "language": "de",
            "in_reply_to_id": "3",
            "quote_approval_policy": "followers",
            "poll": {"options": ["a", "b"], "expires_in": 3600, "multiple": True, "hide_totals": False},
        }
    ]
    await CONNECTOR.publish(run_on(net), post("?", quotedStatusId="9"))
    assert net.bodies()[1]["quoted_status_id"] == "9"


async def test_the_form_of_an_upload(net: Script) -> None:
    item = picture(size=700_000)
    await CONNECTOR.publish(run_on(net), post("", item, altText=["Ein Bär"], focus=["0.5,-1"]))
    (call,) = net.calls[MEDIA]
    assert call.headers["content-length"] == str(len(call.body))
    assert "transfer-encoding" not in call.headers
    for part in ('name="description"\r\n\r\nEin Bär\r\n', 'name="focus"\r\n\r\n0.5,-1\r\n'):
        assert part.encode() in call.body
    assert b'name="file"; filename="media.png"\r\nContent-Type: image/png\r\n\r\n' + item.data in call.body
    assert max(item.reads) < 700_000
    assert net.bodies()[0]["media_ids"] == ["22"]


async def test_a_film_is_waited_for(net: Script) -> None:
    net.on(MEDIA, (202, {"id": "22", "url": None}))
    net.on(
        LOOK,
        (206, {"id": "22", "url": None}),
        (206, {"id": "22"}),
        (200, {"id": "22", "url": "https://f"}),
    )
    run = run_on(net)
    net.on(STATUSES, (200, status(media_attachments=[{}])))
    await CONNECTOR.publish(run, post("", film()))
    assert len(net.calls[LOOK]) == 3
    assert run.offset >= timedelta(seconds=4)
    assert run.warnings == []


@pytest.mark.parametrize(
    ("upload", "look", "kind", "code"),
    [
        ((422, {"error": "File content type is invalid"}), None, Rejected, "media_rejected"),
        ((413, b"<html>"), None, Rejected, "media_rejected"),
        ((500, {"error": "Error processing thumbnail"}), None, Unavailable, "platform_unavailable"),
        ((401, {}), None, ReconnectRequired, "reconnect_required"),
        ((429, {}), None, RateLimited, "rate_limited"),
        ((200, {}), None, Unavailable, "platform_unavailable"),
        ((202, {"id": "22"}), (422, {"error": "failed"}), Rejected, "media_rejected"),
        ((202, {"id": "22"}), (404, {"error": "Record not found"}), Rejected, "media_rejected"),
        ((202, {"id": "22"}), (502, b"<html>"), Unavailable, "platform_unavailable"),
        ((202, {"id": "22"}), (200, b"[]"), Unavailable, "platform_unavailable"),
        ((202, {"id": "22"}), (206, {"id": "22"}), Unavailable, "platform_unavailable"),
    ],
)
async def test_an_upload_that_comes_to_nothing(
    net: Script, upload: Any, look: Any, kind: type[PlatformError], code: str
) -> None:
    net.on(MEDIA, upload)
    if look is not None:
        net.on(LOOK, look)
    with pytest.raises(kind) as refused:
        await CONNECTOR.publish(run_on(net), post("", film()))
    assert refused.value.code == code
    assert STATUSES not in net.calls


async def test_an_upload_that_the_server_may_have_swept_away_is_sent_anew(net: Script) -> None:
    first = run_on(net, dies_at="post")
    with pytest.raises(Died):
        await CONNECTOR.publish(first, post("", picture()))
    net.on(MEDIA, (200, {"id": "23", "url": "https://f"}))
    later = run_on(net, rows=first.rows)
    later.offset = timedelta(hours=19)
    await CONNECTOR.publish(later, post("", picture()))
    assert net.bodies()[0]["media_ids"] == ["22"]
    old = run_on(net, rows={name: row for name, row in first.rows.items() if name != "post"})
    old.offset = timedelta(hours=21)
    await CONNECTOR.publish(old, post("", picture()))
    assert net.bodies()[1]["media_ids"] == ["23"]
    # Another media id is no edit: the server must know the post again.
    assert len(set(keys(net))) == 1


async def test_a_thread_is_told_one_after_the_other(net: Script) -> None:
    net.on(STATUSES, *[(200, status(n, visibility="private")) for n in (7, 8, 9)])
    second = picture("2.png")
    items = [
        {"content": "two", "mediaItems": [{"type": "image", "url": second.url}], "altText": ["Zwei"]},
        {"content": "three"},
    ]
    wanted = post("one", further=(second,), threadItems=items, visibility="private", language="en")
    proof = await CONNECTOR.publish(run_on(net), wanted)
    assert proof.id == "7"
    one, two, three = net.bodies()
    assert "in_reply_to_id" not in one
    assert (two["in_reply_to_id"], two["media_ids"]) == ("7", ["22"])
    assert (three["in_reply_to_id"], three["visibility"], three["language"]) == ("8", "private", "en")
    assert len(set(keys(net))) == 3
    assert all(key.startswith("polypost:tgt_1:") for key in keys(net))
    assert b"Zwei" in net.calls[MEDIA][0].body


async def test_the_key_stays_with_the_content(net: Script) -> None:
    same = [post(), post(), post("Hello", replyToId=None)]
    for wanted in same:
        await CONNECTOR.publish(run_on(net), wanted)
    assert len(set(keys(net))) == 1
    others = [
        post("Hello!"),
        post(spoilerText="x"),
        post(visibility="direct"),
        post("Hello", picture("a.png")),
        post("Hello", picture("b.png")),
        Post("tgt_2", "Hello", (), CONNECTOR.options.model_validate({})),
    ]
    for wanted in others:
        await CONNECTOR.publish(run_on(net), wanted)
    assert len(set(keys(net))) == 1 + len(others)
    assert all(key.isascii() and len(key) < 255 for key in keys(net))


@pytest.mark.parametrize("age", [59, 60, 3299, 3300])
def test_a_repetition_is_allowed_only_while_the_key_is_sure(age: int) -> None:
    begun = clock.now() - timedelta(seconds=age + 0.5)
    for keyed in (True, False, None):
        rule = CONNECTOR.retry_when_absent(post(), Attempt("post", 1, begun, {"keyed": keyed}))
        assert rule == ("always" if keyed and 60 <= age < 3300 else "never")


@pytest.mark.parametrize(("version", "keyed"), [(2, True), (None, False)])
async def test_software_without_a_version_has_no_sure_keys(
    net: Script, version: int | None, keyed: bool
) -> None:
    run = run_on(net, account(apiVersion=version))
    await CONNECTOR.publish(run, post())
    assert run.attempts[0].handles["keyed"] is keyed


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((422, {"error": "Validation failed: Text character limit of 500 exceeded"}), Rejected),
        ((404, {"error": "Record not found"}), Rejected),
        ((401, {"error": "The access token is invalid"}), ReconnectRequired),
        ((403, {"error": "Your login is currently disabled"}), ReconnectRequired),
        ((429, {}), RateLimited),
        ((503, {"error": "temporary"}), OutcomeUnknown),
        ((502, b"<html>"), OutcomeUnknown),
        ((200, b"<html>"), OutcomeUnknown),
        ((200, {"id": 7}), OutcomeUnknown),
        ((200, {"id": "../x"}), OutcomeUnknown),
        (100, OutcomeUnknown),
    ],
)
async def test_answers_to_the_call_that_publishes(
    net: Script, answer: Any, kind: type[PlatformError]
) -> None:
    net.on(STATUSES, answer)
    with pytest.raises(kind):
        await CONNECTOR.publish(run_on(net), post())
    assert len(net.calls[STATUSES]) == 1


async def test_somebody_elses_post_that_may_not_be_answered_does_not_cost_the_account(net: Script) -> None:
    net.on(STATUSES, (403, {"error": "This action is not allowed"}))
    for options in ({"replyToId": "3"}, {"quotedStatusId": "3"}):
        with pytest.raises(Rejected) as refused:
            await CONNECTOR.publish(run_on(net), post(**options))
        assert refused.value.code == "not_permitted"
    net.on(STATUSES, (200, status()), (403, {"error": "no"}))
    with pytest.raises(ReconnectRequired):
        await CONNECTOR.publish(run_on(net), post(threadItems=[{"content": "two"}]))


async def test_an_allowance_that_is_used_up_lets_the_account_rest(net: Script) -> None:
    until = clock.now() + timedelta(minutes=3)
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": clock.iso(until)}
    net.on(STATUSES, (200, status(), headers))
    run = run_on(net)
    await CONNECTOR.publish(run, post())
    assert [abs(held - until) < timedelta(seconds=1) for held in run.holds] == [True]


async def test_what_the_server_changed_without_a_word_is_said(net: Script) -> None:
    net.on(STATUSES, (200, status(visibility="unlisted")))
    run = run_on(net)
    await CONNECTOR.publish(run, post("Hello", picture()))
    assert len(run.warnings) == 2
    assert "unlisted" in run.warnings[0]
    assert "media" in run.warnings[1]


@pytest.mark.parametrize(("text", "count"), [("Hello", 1), ("Hello @ann", 0)])
async def test_a_direct_post_to_nobody_is_said(net: Script, text: str, count: int) -> None:
    net.on(STATUSES, (200, status(visibility="direct")))
    run = run_on(net)
    await CONNECTOR.publish(run, post(text, visibility="direct"))
    assert len(run.warnings) == count


@pytest.mark.parametrize(
    ("more", "url"),
    [
        ({"url": None}, f"https://{SERVER}/users/polly/statuses/7"),
        ({"url": "javascript:alert(1)", "uri": 3}, None),
    ],
)
async def test_the_permalink(net: Script, more: dict[str, Any], url: str | None) -> None:
    net.on(STATUSES, (200, status(**more)))
    assert (await CONNECTOR.publish(run_on(net), post())).url == url


@pytest.mark.parametrize("read_at", ["", "yesterday", "2026-11-23T10:00:00.000Z"])
async def test_limits_of_yesterday_are_read_again(net: Script, read_at: str) -> None:
    net.on(INSTANCE, (200, instance(statuses={"max_characters": 3})))
    run = run_on(net, account(limitsReadAt=read_at))
    with pytest.raises(Rejected, match="5 of 3"):
        await CONNECTOR.publish(run, post())
    assert run.account.metadata["limits"] == {"text_characters": 3}
    assert STATUSES not in net.calls
    # Told again, the story reads nothing anew.
    await CONNECTOR.publish(run_on(net, run.account, rows=run.rows), post("abc"))
    assert len(net.calls[INSTANCE]) == 1


async def test_a_refusal_makes_the_limits_be_read_again(net: Script) -> None:
    net.on(STATUSES, (422, {"error": "Validation failed"}))
    net.on(INSTANCE, (200, instance(statuses={"max_characters": 3})))
    run = run_on(net)
    with pytest.raises(Rejected, match="Validation failed"):
        await CONNECTOR.publish(run, post())
    assert run.account.metadata["limits"] == {"text_characters": 3}
    net.on(INSTANCE, (502, b"<html>"))
    with pytest.raises(Rejected, match="Validation failed"):
        await CONNECTOR.publish(run_on(net), post())


@pytest.mark.parametrize(
    ("answer", "kind"),
    [((200, {"id": "7"}), None), ((404, {}), None), ((410, {}), None), ((403, {}), ReconnectRequired),
     ((429, {}), RateLimited), ((502, b""), Unavailable)],
)  # fmt: skip
async def test_deleting(net: Script, answer: Any, kind: type[PlatformError] | None) -> None:
    net.on("DELETE /api/v1/statuses/7", answer)
    if kind is None:
        await CONNECTOR.delete(run_on(net), Proof("7"))
    else:
        with pytest.raises(kind):
            await CONNECTOR.delete(run_on(net), Proof("7"))
    assert net.calls["DELETE /api/v1/statuses/7"][0].fields == {"delete_media": "true"}
