"""Comments and messages through the connectors: what they send once, what refusals mean, what they never send."""

from __future__ import annotations

from typing import Any

import pytest
from tests.platforms import scripted_instagram, scripted_threads
from tests.platforms.talking import PLATFORMS, Talk

from polypost.errors import NoAnswer, NotThere, OutcomeUnknown, Rejected, Unavailable
from polypost.integrations import AccountSession
from polypost.platforms.abilities import Comments, HidesComments, Messages, Person, RemovesComments
from polypost.platforms.base import Account, Tokens
from polypost.platforms.instagram import CONNECTOR as INSTAGRAM
from polypost.platforms.instagram import reading
from polypost.platforms.registry import connector, connectors
from polypost.platforms.threads import CONNECTOR as THREADS
from polypost.platforms.threads import comments as threads_comments

pytestmark = pytest.mark.anyio

DAY = 86_400.0
# What an account has that was connected without the further permissions.
PLAIN = {
    "facebook": ("pages_show_list", "pages_manage_posts", "pages_read_engagement"),
    "instagram": ("instagram_business_basic", "instagram_business_content_publish"),
    "threads": ("threads_basic", "threads_content_publish"),
}
READ = {
    "facebook": "pages_read_user_content",
    "instagram": "instagram_business_manage_comments",
    "threads": "threads_read_replies",
}


def test_who_can_do_what() -> None:
    able = {
        kind: {each.spec.id for each in connectors() if isinstance(each, kind)}
        for kind in (Comments, RemovesComments, HidesComments, Messages)
    }
    assert able == {
        Comments: {"facebook", "instagram", "threads"},
        RemovesComments: {"facebook", "instagram"},
        HidesComments: {"instagram"},
        Messages: {"instagram"},
    }


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_missing_permission_is_named(talk: Talk, platform: str) -> None:
    post = await talk.post()
    poor = await talk.lesser(*PLAIN[platform])
    with pytest.raises(Rejected) as refused:
        await talk.network.comments(poor, post, limit=5, after=None)
    assert refused.value.code == "missing_permission"
    assert READ[platform] in refused.value.message
    assert f"POLYPOST_{platform.upper()}_SCOPES" in refused.value.message
    if platform == "instagram":
        with pytest.raises(Rejected) as refused:
            await talk.network.conversations(poor, limit=5, after=None)
        assert "instagram_business_manage_messages" in refused.value.message
    if platform == "facebook":
        with pytest.raises(Rejected, match="pages_manage_engagement"):
            await talk.network.comment(poor, "Hello", post_id=post, comment_id=None)


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_what_cannot_be_an_id_never_reaches_the_network(talk: Talk, platform: str) -> None:
    heard = len(talk.tap.exchanges)
    for wrong in ("", "me", "../me", "1/2", "1?x=y", "１２", "1" * 99, "1%2F2", "a b"):
        for call in (
            talk.network.comments(talk.session, wrong, limit=5, after=None),
            talk.network.comment(talk.session, "x", post_id=wrong, comment_id=None),
            talk.network.comment(talk.session, "x", post_id="1", comment_id=wrong or "x"),
        ):
            with pytest.raises(NotThere):
                await call
    assert len(talk.tap.exchanges) == heard


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    ("fault", "raised"),
    [("lost_answer", NoAnswer), ("error_after", OutcomeUnknown), ("error_before", OutcomeUnknown)],
    ids=["lost", "error after", "error before"],
)
async def test_a_comment_is_sent_once_whatever_comes_back(
    talk: Talk, platform: str, fault: str, raised: type[Exception]
) -> None:
    post = await talk.post()
    await talk.side.fault(fault)
    with pytest.raises(raised):
        await talk.network.comment(talk.session, "Only once", post_id=post, comment_id=None)
    found = await talk.network.comments(talk.session, post, limit=5, after=None)
    assert len(found.items) == (fault != "error_before")


@pytest.mark.parametrize("platform", ["facebook", "instagram"])
async def test_hidden_comments_and_their_answers(talk: Talk, platform: str) -> None:
    post = await talk.post()
    said = await talk.visitor(post, "Rude", author="Somebody Else")
    hide = {"is_hidden" if platform == "facebook" else "hide": "true"}
    await talk.side.call("POST", f"/v26.0/{said}", data=hide)
    (comment,) = (await talk.network.comments(talk.session, post, limit=5, after=None)).items
    assert (comment.hidden, comment.text) == (True, "Rude")
    if platform == "instagram":
        with pytest.raises(Rejected):
            await talk.network.comment(talk.session, "x", post_id=None, comment_id=said)


@pytest.mark.parametrize("platform", ["instagram"])
async def test_the_day_in_which_an_answer_is_possible(talk: Talk) -> None:
    came = await talk.letter("Are you open?")
    to = came["from"]["id"]
    await talk.network.send_message(talk.session, to, "Yes")
    await talk.side.running.control("POST", "clock", advance=DAY + 60)
    with pytest.raises(Rejected) as late:
        await talk.network.send_message(talk.session, to, "Still yes")
    assert late.value.code == "message_window_closed"
    await talk.letter("And now?")
    await talk.network.send_message(talk.session, to, "Now too")
    with pytest.raises(NotThere):
        await talk.network.send_message(talk.session, "17", "Nobody")


@pytest.mark.parametrize("platform", ["threads"])
async def test_a_comment_of_threads_waits_for_what_is_just_out(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads_comments, "PAUSE", 0.0)
    post = await talk.post()
    await talk.side.fault("reply_too_soon", times=2)
    await talk.side.fault("media_not_found", times=1)
    made = await talk.network.comment(talk.session, "Hello", post_id=post, comment_id=None)
    (comment,) = (await talk.network.comments(talk.session, post, limit=5, after=None)).items
    assert (comment.id, comment.author) == (made, Person(None, username="demo"))
    await talk.side.fault("media_not_found", times=99)
    with pytest.raises(Unavailable, match="Nothing was published"):
        await talk.network.comment(talk.session, "Hello", post_id=post, comment_id=None)
    await talk.side.fault("reply_too_soon", times=99)
    with pytest.raises(NotThere):
        await talk.network.comment(talk.session, "Hello", post_id=post, comment_id=None)


ODD: list[Any] = [
    {},
    {"data": None},
    {"data": [None, 7, "x", []]},
    {"data": [{"id": 17, "text": 5, "message": [], "from": "x", "timestamp": "soon", "like_count": "1"}]},
    {"data": [{"id": "1", "created_time": [], "hidden": "no", "replies": 3, "comments": {"data": 1}}]},
    {"data": [], "paging": []},
    {"data": [], "paging": {"next": "x", "cursors": {"after": 5}}},
    {"data": [{"participants": {"data": [{}, {"id": 1}]}, "messages": {"data": [{}]}, "updated_time": 1e9}]},
    {"messages": {"data": [{"id": "1"}], "paging": {"next": "x"}}},
]


@pytest.mark.parametrize("number", range(len(ODD)))
async def test_odd_answers_are_read_as_far_as_they_go(number: int) -> None:
    async with scripted_instagram.Script() as script:
        session = AccountSession(script.http, Tokens("t"), Account("1784"))
        for path in ("1/comments", "1784/conversations", "c"):
            script.on(f"GET /v26.0/{path}", (200, ODD[number]))
        comments = await INSTAGRAM.comments(session, "1", limit=5, after=None)
        inbox = await INSTAGRAM.conversations(session, limit=5, after=None)
        messages = await INSTAGRAM.messages(session, "c", limit=5, after=None)
        assert (comments.after, inbox.after, messages.after) == (None, None, None)


async def test_a_profile_that_instagram_keeps_to_itself() -> None:
    people = {"data": [{"id": "1784", "username": "me"}, {"id": "5", "username": "other"}]}
    row = {"id": "c", "participants": people, "updated_time": 1_700_000_000}
    async with scripted_instagram.Script() as script:
        session = AccountSession(script.http, Tokens("t"), Account("1784", username="me"))
        script.on("GET /v26.0/1784/conversations", (200, {"data": [row]}))
        script.on("GET /v26.0/5", (403, {"error": {"code": 230}}))
        (found,) = (await INSTAGRAM.conversations(session, limit=5, after=None)).items
        assert found.participants == [Person("1784", username="me"), Person("5", username="other")]
        assert found.updated_at == reading.instant("2023-11-14T22:13:20+0000")
        # The account itself is not asked for.
        assert len(script.calls["GET /v26.0/5"]) == 1
        assert "GET /v26.0/1784" not in script.calls


async def test_a_sent_message_without_a_name_is_in_doubt() -> None:
    async with scripted_instagram.Script() as script:
        session = AccountSession(script.http, Tokens("t"), Account("1784"))
        for answer in ((200, {}), (200, b"no"), (500, {}), (400, {"error": {"code": 2}})):
            script.on("POST /v26.0/1784/messages", answer)
            with pytest.raises(OutcomeUnknown):
                await INSTAGRAM.send_message(session, "5", "Hello")
        (call, *_) = script.calls["POST /v26.0/1784/messages"]
        assert call.body == b'{"recipient":{"id":"5"},"message":{"text":"Hello"}}'
        assert "access_token" not in call.fields


async def test_replies_that_are_gone_when_they_are_asked_for() -> None:
    async with scripted_threads.Script() as script:
        session = AccountSession(script.http, Tokens("t"), Account("1"))
        rows = [{"id": "7", "text": "x", "has_replies": True}, {"id": 8, "hide_status": "COVERED"}]
        script.on("GET /v1.0/5/replies", (200, {"data": rows}))
        script.on("GET /v1.0/7/replies", (400, {"error": {"code": 24, "error_subcode": 4279009}}))
        found = await THREADS.comments(session, "5", limit=5, after=None)
        assert [(each.id, each.replies, each.hidden) for each in found.items] == [
            ("7", [], None),
            ("8", [], True),
        ]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_further_scopes_are_not_asked_of_every_app(platform: str) -> None:
    """An app that was not granted a permission could connect nobody if it were asked for."""
    network = connector(platform)
    assert network is not None
    assert network.spec.oauth is not None
    asked = set(network.spec.oauth.scopes)
    assert (READ[platform] in asked) is (platform == "threads")
