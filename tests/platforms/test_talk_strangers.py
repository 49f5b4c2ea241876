"""What our connectors write is read by clients that know nothing of us, and the other way round."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from facebook_business.adobjects.comment import Comment
from facebook_business.adobjects.igcomment import IGComment
from facebook_business.adobjects.igmediaforigonlyapi import IGMediaForIGOnlyAPI
from facebook_business.adobjects.iguserforigonlyapi import IGUserForIGOnlyAPI
from facebook_business.adobjects.pagepost import PagePost
from tests.platforms.simulators.test_facebook_business import api_of
from tests.platforms.simulators.test_threads_threads_client import ToSandbox
from tests.platforms.talking import Talk
from threads_client import ThreadsClient

pytestmark = pytest.mark.anyio


async def apart(work: Callable[[Any], Any], talk: Talk) -> Any:
    """Let Meta's own client work, which blocks."""
    api = api_of(talk.side.url, talk.side.account, talk.side.token)
    return await asyncio.to_thread(work, api)


@pytest.mark.parametrize("platform", ["facebook"])
async def test_meta_s_client_on_facebook(talk: Talk) -> None:
    post = await talk.post()
    ours = await talk.network.comment(talk.session, "By us", post_id=post, comment_id=None)

    def work(api: Any) -> str:
        fields = ["message", "from", "is_hidden"]
        (read,) = PagePost(post, api=api).get_comments(fields=fields)
        assert (read["id"], read["message"]) == (ours, "By us")
        return str(Comment(ours, api=api).create_comment(params={"message": "By them"}).get_id())

    theirs = await apart(work, talk)
    (comment,) = (await talk.network.comments(talk.session, post, limit=5, after=None)).items
    assert [(each.id, each.text) for each in comment.replies] == [(theirs, "By them")]


@pytest.mark.parametrize("platform", ["instagram"])
async def test_meta_s_client_on_instagram(talk: Talk) -> None:
    post = await talk.post()
    ours = await talk.network.comment(talk.session, "By us", post_id=post, comment_id=None)
    came = await talk.letter("Hello")
    sent = await talk.network.send_message(talk.session, came["from"]["id"], "Hello yourself")

    def work(api: Any) -> tuple[str, str]:
        (read,) = IGMediaForIGOnlyAPI(post, api=api).get_comments(params={"fields": "text,username"})
        assert (read["id"], read["text"]) == (ours, "By us")
        reply = IGComment(ours, api=api).create_reply(params={"message": "By them"})
        IGComment(ours, api=api).api_update(params={"hide": True})
        user = IGUserForIGOnlyAPI(talk.side.id, api=api)
        asked = {"platform": "INSTAGRAM", "fields": "messages{message}"}
        (conversation,) = user.get_conversations(params=asked)
        assert conversation["messages"]["data"][0] == {"id": sent, "message": "Hello yourself"}
        body = {"recipient": {"id": came["from"]["id"]}, "message": {"text": "From them"}}
        return str(reply["id"]), str(user.create_message(params=body)["message_id"])

    reply, message = await apart(work, talk)
    (comment,) = (await talk.network.comments(talk.session, post, limit=5, after=None)).items
    assert comment.hidden is True
    assert [(each.id, each.text) for each in comment.replies] == [(reply, "By them")]
    newest = await talk.network.messages(talk.session, came["conversationId"], limit=1, after=None)
    assert [(each.id, each.text) for each in newest.items] == [(message, "From them")]


@pytest.mark.parametrize("platform", ["threads"])
async def test_threads_client_on_threads(talk: Talk) -> None:
    """The client cannot list replies; it answers one of ours, and we read it."""
    post = await talk.post()
    ours = await talk.network.comment(talk.session, "By us", post_id=post, comment_id=None)
    http = httpx.AsyncClient(transport=ToSandbox(talk.side.url))
    async with http, ThreadsClient(access_token=talk.side.token, client=http) as client:
        made = await client.posts.create_container(text="By them", reply_to_id=ours)
        theirs = await client.posts.publish_container(made, max_retries=1)
    (comment,) = (await talk.network.comments(talk.session, post, limit=5, after=None)).items
    assert comment.id == ours
    assert [(each.id, each.text) for each in comment.replies] == [(theirs, "By them")]
