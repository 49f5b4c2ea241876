"""The official Python client on comments and messages, in both of its kinds."""

from __future__ import annotations

from collections.abc import Iterator

import postpeer
import pytest

from tests.contract.talk import account, letter, post_on, visitor
from tests.contract.tenant import Tenant, words
from tests.contract.test_official_client import QUICK, Official


@pytest.fixture(params=["sync", "async"])
def official(request: pytest.FixtureRequest, tenant: Tenant) -> Iterator[Official]:
    client = Official(request.param, tenant)
    yield client
    client.close()


@pytest.fixture(scope="module")
def posts(tenant: Tenant) -> dict[str, str]:
    """A post on each network."""
    return {
        platform: post_on(tenant, account(tenant, platform))
        for platform in ("facebook", "instagram", "threads")
    }


@pytest.mark.parametrize("platform", ["facebook", "instagram", "threads"])
def test_comments(official: Official, posts: dict[str, str], platform: str) -> None:
    by, text = account(official.tenant, platform).id, words()
    said = visitor(official.tenant.world, platform, posts[platform], text)
    made = official("comments.create", platform, by, f"Answer {text}", comment_id=said["id"])
    assert made.success is True
    assert official("comments.create", platform, by, f"Own {text}", post_id=posts[platform]).comment_id
    listed = official("comments.list", platform, by, posts[platform], limit=100)
    (comment,) = [each for each in listed.comments if each.text == text]
    assert comment.id == said["id"]
    assert [each.id for each in comment.replies] == [made.comment_id]
    assert comment.author.name.lower() == "visitor"
    assert comment.timestamp.tzinfo is not None
    first = official("comments.list", platform, by, posts[platform], limit=1)
    assert official("comments.list", platform, by, posts[platform], limit=1, after=first.next_cursor).comments


def test_hide_and_delete(official: Official, posts: dict[str, str]) -> None:
    by = account(official.tenant, "instagram").id
    said = visitor(official.tenant.world, "instagram", posts["instagram"], words())
    assert official("comments.hide", said["id"], "instagram", by, True).success is True
    assert official("comments.delete", "instagram", by, said["id"]).success is True
    with pytest.raises(postpeer.NotFoundError):
        official("comments.delete", "instagram", by, said["id"])
    with pytest.raises(postpeer.BadRequestError):
        official("comments.hide", said["id"], "threads", account(official.tenant, "threads").id, True)


def test_messages(official: Official) -> None:
    mine, text = account(official.tenant, "instagram"), words()
    came = letter(official.tenant, text, **{"from": words()})
    listed = official("messages.list", "instagram", mine.id, limit=5)
    assert (listed.self_id, listed.self_username) == (mine.user_id, mine.username)
    (conversation,) = [each for each in listed.conversations if each.id == came["conversationId"]]
    assert conversation.last_message.text == text
    sent = official("messages.send", "instagram", mine.id, came["from"]["id"], f"Answer {text}")
    read = official("messages.get", "instagram", mine.id, conversation.id, limit=2)
    assert [each.id for each in read.messages] == [sent.message_id, came["id"]]
    assert read.next_cursor is None
    with pytest.raises(postpeer.NotFoundError):
        official("messages.get", "instagram", mine.id, "aWdfZAG06none")


def test_a_lost_answer_is_an_error_that_says_so(official: Official, posts: dict[str, str]) -> None:
    by, text = account(official.tenant, "instagram"), words()
    official.tenant.fault("lost_answer", by, times=1)
    with pytest.raises(postpeer.InternalServerError) as lost:
        official(
            "comments.create",
            "instagram",
            by.id,
            text,
            post_id=posts["instagram"],
            _request_options=QUICK,
        )
    assert lost.value.status == 502
    assert lost.value.code == "outcome_unknown"
