"""Reddit: what is sent, in which order, and what becomes of it when a call goes wrong."""

from __future__ import annotations

import json
import struct
import zlib
from datetime import timedelta
from typing import Any

import pytest
from tests.platforms.run import Died
from tests.platforms.sandboxed_reddit import post
from tests.platforms.scripted_reddit import (
    BUCKET,
    COMMENT,
    CONVERT,
    GALLERY,
    LEASE,
    LISTING,
    POLL,
    SUBMIT,
    Script,
    film,
    lease,
    listed,
    made,
    picture,
    run_on,
    said,
    unnamed,
    uploads,
)

import polypost
from polypost.errors import (
    Duplicate,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    TokenExpired,
    Unavailable,
)
from polypost.platforms.base import Absent, Account, Attempt, CannotTell, Found, Proof
from polypost.platforms.kit.forms import Form
from polypost.platforms.reddit import CONNECTOR
from polypost.platforms.reddit.upload import plain_image

pytestmark = pytest.mark.anyio

BASE = {"sr": "sandbox", "nsfw": "false", "spoiler": "false", "sendreplies": "true", "api_type": "json"}
BASE |= {"validate_on_submit": "true"}


async def test_a_text_is_one_call_and_the_proof_is_its_permalink(net: Script) -> None:
    net.on(SUBMIT, made())
    run = run_on(net)
    proof = await CONNECTOR.publish(run, post("Title\n\nBody"))
    assert proof == Proof("4bbe4m", "https://www.reddit.com/r/python/comments/4bbe4m/test_title/")
    (asked,) = net.asked
    assert asked.form == {**BASE, "kind": "self", "title": "Title", "text": "Body"}
    assert asked.query == {"raw_json": "1"}
    assert asked.headers["authorization"] == "Bearer token-1"
    assert asked.headers["user-agent"] == f"server:polypost:{polypost.__version__} (by /u/polly)"
    assert run.attempts[0].handles == {
        "kind": "self",
        "subreddit": "sandbox",
        "title": "Title",
        "text": "Body",
        "count": 0,
    }


async def test_every_option_has_its_place_in_the_request(net: Script) -> None:
    net.on(SUBMIT, made())
    options = {
        "title": "  Two \n words ",
        "url": "https://example.com/a?b=1",
        "flairId": "f-1",
        "flairText": "Mine",
        "nsfw": True,
        "spoiler": True,
        "sendReplies": False,
        "resubmit": True,
    }
    await CONNECTOR.publish(run_on(net), post("More about it", **options))
    assert net.asked[0].form == {
        **BASE,
        "kind": "link",
        "title": "Two words",
        "text": "More about it",
        "url": "https://example.com/a?b=1",
        "flair_id": "f-1",
        "flair_text": "Mine",
        "nsfw": "true",
        "spoiler": "true",
        "sendreplies": "false",
        "resubmit": "true",
    }


async def test_an_upload_is_a_form_whose_file_comes_last(net: Script) -> None:
    file = picture(bytes(range(256)) * 2000)
    uploads(net)
    net.on(SUBMIT, unnamed())
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run_on(net), post("Look", file))
    assert net.routes == [LEASE, BUCKET, SUBMIT]
    assert net.asked[0].form == {"filepath": "media-0.png", "mimetype": "image/png", "api_type": "json"}
    bucket = net.of(BUCKET)[0]
    assert list(bucket.form) == ["acl", "key", "success_action_status", "policy"]
    assert bucket.segment == file.data
    assert bucket.body.index(b'name="policy"') < bucket.body.index(b'name="file"')
    assert "authorization" not in bucket.headers
    assert "transfer-encoding" not in bucket.headers
    host = "https://reddit-uploaded-media.s3-accelerate.amazonaws.com"
    assert net.of(SUBMIT)[0].form["url"] == f"{host}/rte_images/4pr7xi4z80g41"
    assert net.of(SUBMIT)[0].form["kind"] == "image"
    assert max(file.reads) <= 262_144


@pytest.mark.parametrize("kind", ["video", "videogif"])
async def test_a_film_has_a_still_picture_even_where_none_was_given(net: Script, kind: str) -> None:
    net.on(LEASE, lease("film", "rte_images/film"), lease("still", "rte_images/still"))
    net.on(BUCKET, (204, b""))
    net.on(SUBMIT, unnamed())
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run_on(net), post("Look", film(), kind=kind))
    form = net.of(SUBMIT)[0].form
    assert (form["kind"], form["url"][-5:], form["video_poster_url"][-6:]) == (kind, "/film", "/still")
    assert net.of(BUCKET)[1].segment.startswith(b"\x89PNG")


def test_the_plain_image_is_a_picture() -> None:
    data = plain_image(640, 360)
    assert struct.unpack(">II", data[16:24]) == (640, 360)
    length = struct.unpack(">I", data[33:37])[0]
    assert len(zlib.decompress(data[41 : 41 + length])) == 641 * 360
    assert len(data) < 2000


async def test_a_gallery_and_a_poll_are_json_and_their_id_is_a_full_name(net: Script) -> None:
    uploads(net)
    net.on(GALLERY, made("huw6vs", full=True))
    net.on(POLL, made("huw6vt", full=True))
    files = [picture(url=f"https://media.example.com/{n}.png") for n in range(2)]
    words = [{"caption": "one", "outboundUrl": "https://example.com/"}]
    proof = await CONNECTOR.publish(run_on(net), post("Look\nMore", *files, gallery=words))
    assert proof.id == "huw6vs"
    sent = net.of(GALLERY)[0].json
    assert sent["items"] == [
        {"caption": "one", "outbound_url": "https://example.com/", "media_id": "4pr7xi4z80g41"},
        {"caption": "", "outbound_url": "", "media_id": "4pr7xi4z80g41"},
    ]
    assert (sent["text"], sent["show_error_list"], sent["api_type"], sent["nsfw"]) == (
        "More",
        True,
        "json",
        False,
    )
    poll = {"options": ["a", "b"], "durationDays": 2.0}
    proof = await CONNECTOR.publish(run_on(net), post("Well?", poll=poll))
    assert proof.id == "huw6vt"
    sent = net.of(POLL)[0].json
    assert (sent["options"], sent["duration"], sent["text"]) == (["a", "b"], 2, "")


async def test_pictures_in_a_text_go_through_the_editors_form(net: Script) -> None:
    uploads(net)
    document = {"document": [{"e": "par", "c": [{"e": "text", "t": "Look"}]}]}
    net.on(CONVERT, (200, {"output": document}))
    net.on(SUBMIT, made())
    await CONNECTOR.publish(run_on(net), post("Title\nLook", picture(), kind="self"))
    assert net.of(CONVERT)[0].form["markdown_text"] == "Look\n\n![img](4pr7xi4z80g41)"
    assert json.loads(net.of(SUBMIT)[0].form["richtext_json"]) == document
    assert "text" not in net.of(SUBMIT)[0].form


@pytest.mark.parametrize("answer", [(200, {}), (200, {"output": None}), (200, b"[]")])
async def test_a_text_that_could_not_be_converted_stops_the_story(net: Script, answer: Any) -> None:
    uploads(net)
    net.on(CONVERT, answer)
    with pytest.raises(Unavailable):
        await CONNECTOR.publish(run_on(net), post("Title", picture(), kind="self"))
    assert net.of(SUBMIT) == []


@pytest.mark.parametrize(
    "answer",
    [
        (200, {}),
        (200, {"args": {"action": "https://elsewhere.example", "fields": []}, "asset": {"asset_id": "a"}}),
        (200, {"args": {"action": "//bucket.example", "fields": []}, "asset": {"asset_id": "a"}}),
        (200, {"args": {"action": "//b.example", "fields": [{"name": "key", "value": "k"}]}}),
        (500, b"<html>"),
    ],
)
async def test_a_lease_without_a_place_is_trouble_of_theirs(net: Script, answer: Any) -> None:
    net.on(LEASE, answer)
    with pytest.raises(Unavailable):
        await CONNECTOR.publish(run_on(net), post("Look", picture()))
    assert net.routes == [LEASE]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (
            (400, b"<Error><Code>EntityTooLarge</Code><MaxSizeAllowed>20971520</MaxSizeAllowed></Error>"),
            Rejected,
        ),
        ((403, b"<Error><Code>AccessDenied</Code></Error>"), Unavailable),
        ((500, b""), Unavailable),
    ],
)
async def test_a_bucket_that_does_not_take_the_file(net: Script, answer: Any, error: type[Exception]) -> None:
    uploads(net)
    net.on(BUCKET, answer)
    with pytest.raises(error):
        await CONNECTOR.publish(run_on(net), post("Look", picture()))
    assert net.of(SUBMIT) == []


def test_the_forms_length_is_told() -> None:
    form = Form({"key": "é"}, "a.png", "image/png", 5)
    assert int(form.headers["Content-Length"]) == len(form.head) + 5 + len(form.tail)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((500, {"message": "Internal Server Error", "error": 500}), OutcomeUnknown),
        ((502, b"<html>bad gateway</html>"), OutcomeUnknown),
        ((520, b""), OutcomeUnknown),
        ((503, b"", {"retry-after": "30"}), RateLimited),
        ((200, b"not json"), OutcomeUnknown),
        ((200, {"json": {"errors": []}}), OutcomeUnknown),
        ((200, {"json": {"errors": [], "data": {}}}), OutcomeUnknown),
        ((200, {"json": {"errors": None, "data": {"id": ""}}}), OutcomeUnknown),
        ((200, {"jquery": [], "success": True}), OutcomeUnknown),
        (None, OutcomeUnknown),
        ((302, b"", {"location": "https://www.reddit.com/login/"}), TokenExpired),
        ((302, b"", {"location": "/subreddits/search"}), OutcomeUnknown),
        ((429, {"message": "Too Many Requests", "error": 429}), RateLimited),
        ((401, {"message": "Unauthorized", "error": 401}), TokenExpired),
        (said("ALREADY_SUB", field="url"), Duplicate),
        (said("NO_LINKS"), Rejected),
        (unnamed(), OutcomeUnknown),
    ],
)
async def test_what_the_answer_to_a_submission_means(
    net: Script, answer: Any, error: type[Exception]
) -> None:
    net.on(SUBMIT, answer)
    with pytest.raises(error) as raised:
        await CONNECTOR.publish(run_on(net), post())
    assert type(raised.value) is error
    assert net.routes == [SUBMIT]


async def test_errors_that_are_null_are_none(net: Script) -> None:
    net.on(SUBMIT, (200, {"json": {"errors": None, "data": {"id": "abc"}}}))
    proof = await CONNECTOR.publish(run_on(net), post())
    assert proof == Proof("abc", "https://www.reddit.com/comments/abc/")


async def test_a_refused_token_is_renewed_once(net: Script) -> None:
    net.on(SUBMIT, (401, {"message": "Unauthorized", "error": 401}), made())

    async def renew() -> str:
        return "token-2"

    await CONNECTOR.publish(run_on(net, renew=renew), post())
    assert [asked.headers["authorization"] for asked in net.asked] == ["Bearer token-1", "Bearer token-2"]


async def test_a_used_up_window_lets_the_account_rest(net: Script) -> None:
    headers = {"x-ratelimit-used": "1000", "x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "90"}
    net.on(SUBMIT, (*made(), headers))
    run = run_on(net)
    await CONNECTOR.publish(run, post())
    (until,) = run.holds
    assert timedelta(seconds=80) < until - run.now() <= timedelta(seconds=90)
    assert "submit" in run.rows
    uploads(net)
    net.on(SUBMIT, (*unnamed(), headers))
    run = run_on(net)
    with pytest.raises(OutcomeUnknown):
        await CONNECTOR.publish(run, post("Look", picture()))
    assert len(run.holds) == 1


async def test_the_first_comment_follows_and_is_made_once(net: Script) -> None:
    net.on(SUBMIT, made())
    net.on(COMMENT, (200, {"json": {"errors": [], "data": {"things": [{"data": {"id": "c1"}}]}}}))
    wanted = post("Hello", firstComment=" First ")
    first = run_on(net, dies_at="first-comment")
    with pytest.raises(Died):
        await CONNECTOR.publish(first, wanted)
    run = run_on(net, rows=first.rows)
    await CONNECTOR.publish(run, wanted)
    await CONNECTOR.publish(run, wanted)
    assert net.routes == [SUBMIT, COMMENT]
    assert net.of(COMMENT)[0].form == {"thing_id": "t3_4bbe4m", "text": "First", "api_type": "json"}


@pytest.mark.parametrize(
    "answer", [said("TOO_LONG", field="text"), (200, {"json": {"errors": [], "data": {}}}), None]
)
async def test_a_comment_that_was_not_taken_is_a_warning(net: Script, answer: Any) -> None:
    net.on(SUBMIT, made())
    net.on(COMMENT, answer)
    run = run_on(net)
    assert (await CONNECTOR.publish(run, post("Hello", firstComment="First"))).id == "4bbe4m"
    assert len(run.warnings) == 1


def attempt(run: Any, **handles: Any) -> Attempt:
    known = {"kind": "self", "subreddit": "Python", "title": "Hello", "text": "", "count": 0}
    return Attempt("submit", 1, run.now(), {**known, **handles})


def shown(run: Any, post_id: str = "a1", **more: Any) -> dict[str, Any]:
    basis = {"id": post_id, "title": "Hello", "subreddit": "python", "is_self": True, "selftext": ""}
    created = {"created_utc": run.now().timestamp(), "permalink": f"/r/python/comments/{post_id}/hello/"}
    return {**basis, **created, **more}


LINKED = {"is_self": False, "domain": "example.com"}


@pytest.mark.parametrize(
    ("handles", "more", "match"),
    [
        ({}, {}, True),
        ({}, {"title": " Hello  "}, True),
        ({}, {"title": "Other"}, False),
        ({}, {"subreddit": "other"}, False),
        ({}, {"created_utc": 1_000_000_000}, False),
        ({"text": "a  b"}, {"selftext": "a b\n"}, True),
        ({"text": "a"}, {"selftext": "b"}, False),
        ({"text": "a", "count": 2}, {"selftext": "![img](x)"}, True),
        ({}, LINKED, False),
        ({"kind": "link", "url": "https://example.com/a/"}, {**LINKED, "url": "http://EXAMPLE.com/a"}, True),
        ({"kind": "link", "url": "https://example.com/a"}, {**LINKED, "url": "https://example.com/b"}, False),
        ({"kind": "image"}, {"is_self": False, "domain": "i.redd.it"}, True),
        ({"kind": "image"}, LINKED, False),
        ({"kind": "video"}, {"is_self": False, "is_video": True}, True),
        ({"kind": "videogif"}, {"is_self": False, "domain": "v.redd.it"}, True),
        ({"kind": "gallery", "count": 2}, {"is_gallery": True, "gallery_data": {"items": [1, 2]}}, True),
        ({"kind": "gallery", "count": 3}, {"is_gallery": True, "gallery_data": {"items": [1, 2]}}, False),
        ({"kind": "poll"}, {"poll_data": {"options": []}}, True),
        ({"kind": "poll"}, {}, False),
        ({"kind": "crosspost", "parent": "b2"}, {"crosspost_parent": "t3_b2"}, True),
        ({"kind": "crosspost", "parent": "b2"}, {"crosspost_parent": "t3_b3"}, False),
    ],
)
async def test_what_counts_as_the_post(
    net: Script, handles: dict[str, Any], more: dict[str, Any], match: bool
) -> None:
    run = run_on(net)
    net.on(LISTING, listed(shown(run, **more)))
    found = await CONNECTOR.reconcile(run, post(), attempt(run, **handles))
    wanted = Found(Proof("a1", "https://www.reddit.com/r/python/comments/a1/hello/"))
    assert found == (wanted if match else Absent())
    assert net.asked[0].query == {"sort": "new", "limit": "100", "raw_json": "1"}


async def test_the_oldest_that_is_nobody_elses_is_it(net: Script) -> None:
    run = run_on(net)
    now = run.now().timestamp()
    posts = [shown(run, f"a{age}", created_utc=now - age) for age in (0, 10, 20)]
    net.on(LISTING, listed(*posts))
    run.taken.add("a20")
    found = await CONNECTOR.reconcile(run, post(), attempt(run))
    assert isinstance(found, Found)
    assert found.proof.id == "a10"


async def test_pages_are_turned_until_the_posts_are_older_than_the_attempt(net: Script) -> None:
    run = run_on(net)
    new, old = shown(run, "n1", title="x"), shown(run, "o1", created_utc=1)
    net.on(LISTING, listed(new, after="t3_n1"), listed(shown(run, "a1"), old, after="t3_o1"))
    found = await CONNECTOR.reconcile(run, post(), attempt(run))
    assert isinstance(found, Found)
    assert [asked.query.get("after") for asked in net.asked] == [None, "t3_n1"]


@pytest.mark.parametrize(
    "answer", [(500, b""), (403, {"message": "Forbidden", "error": 403}), (200, {"data": {}}), (200, b"x")]
)
async def test_a_list_that_is_not_shown_tells_nothing(net: Script, answer: Any) -> None:
    net.on(LISTING, answer)
    run = run_on(net)
    assert isinstance(await CONNECTOR.reconcile(run, post(), attempt(run)), CannotTell)


async def test_more_posts_than_can_be_looked_through_tell_nothing(net: Script) -> None:
    run = run_on(net)
    net.on(LISTING, listed(shown(run, "n1", title="x"), after="t3_n1"))
    assert isinstance(await CONNECTOR.reconcile(run, post(), attempt(run)), CannotTell)
    nameless = run_on(net, Account("4cixf"))
    assert isinstance(await CONNECTOR.reconcile(nameless, post(), attempt(run)), CannotTell)
