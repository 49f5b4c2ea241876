"""Ids, cursors and words that nobody would send: never a 5xx, and no status but the documented ones."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.talk import account, letter, post_on, query
from tests.contract.tenant import Tenant, words

CALM = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
odd = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30) | st.sampled_from(
    [
        "../me",
        "%2e%2e",
        "me/accounts",
        "1?fields=id",
        "1){id}",
        "c2VxOjA=",
        "LTE=",
        "9" * 900,
        "\u0661\u0662",
        "\0",
    ]
)
FINE = {200, 400, 404}


@pytest.fixture(scope="module")
def posts(local: Tenant) -> dict[str, str]:
    """A post on each network."""
    return {name: post_on(local, account(local, name)) for name in ("facebook", "instagram", "threads")}


@CALM
@given(platform=st.sampled_from(["facebook", "instagram", "threads"]), first=odd, second=odd)
def test_comments(local: Tenant, posts: dict[str, str], platform: str, first: str, second: str) -> None:
    asked = query(local, platform)
    listed = local.client.get("/v1/comments", params=asked | {"postId": first, "after": second})
    after = local.client.get("/v1/comments", params=asked | {"postId": posts[platform], "after": first})
    named = {"postId": first, "commentId": second, "text": first}
    written = local.client.post("/v1/comments", json=asked | named)
    # As one segment: with dots alone, or nothing, it would be another path.
    path = f"/v1/comments/x{quote(first, safe='')}"
    gone = local.client.delete(path, params=asked)
    hidden = local.client.patch(path, json=asked | {"hidden": True})
    for answer in (listed, after, written, gone, hidden):
        assert answer.status_code in FINE, (answer.request.url, answer.text)


@CALM
@given(first=odd, second=odd)
def test_messages(local: Tenant, first: str, second: str) -> None:
    asked = query(local, "instagram")
    inbox = local.client.get("/v1/messages", params=asked | {"after": first})
    path = f"/v1/messages/x{quote(first, safe='')}"
    read = local.client.get(path, params=asked | {"after": second})
    sent = local.client.post("/v1/messages", json=asked | {"recipientId": first, "text": second})
    for answer in (inbox, read, sent):
        assert answer.status_code in FINE, (answer.request.url, answer.text)


@CALM
@given(text=odd, after=odd)
def test_words(local: Tenant, posts: dict[str, str], text: str, after: str) -> None:
    came = letter(local, words(), **{"from": "Ada"})
    asked = query(local, "instagram")
    said = local.client.post("/v1/comments", json=asked | {"postId": posts["instagram"], "text": text})
    sent = local.client.post("/v1/messages", json=asked | {"recipientId": came["from"]["id"], "text": text})
    read = local.client.get(f"/v1/messages/{came['conversationId']}", params=asked | {"after": after})
    for answer in (said, sent, read):
        assert answer.status_code in FINE, (answer.request.url, answer.text)
