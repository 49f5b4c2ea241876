"""`/v1/comments` on the three networks: read, written once, deleted, hidden, and everything that is refused."""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.contract.talk import account, error, post_on, query, visitor
from tests.contract.tenant import Tenant, paths, words

PLATFORMS = ("facebook", "instagram", "threads")
Out = Callable[[Tenant, str], str]


@pytest.fixture(scope="module")
def out() -> Out:
    """The network's id of a post of the tenant's account; one for each tenant and network."""
    known: dict[tuple[str, str], str] = {}

    def find(tenant: Tenant, platform: str) -> str:
        place = (tenant.project_id, platform)
        if place not in known:
            known[place] = post_on(tenant, account(tenant, platform))
        return known[place]

    return find


def listed(tenant: Tenant, platform: str, post_id: str, **more: Any) -> dict[str, Any]:
    answer = tenant.client.get("/v1/comments/", params=query(tenant, platform, postId=post_id, **more))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def found(tenant: Tenant, platform: str, post_id: str, text: str) -> list[dict[str, Any]]:
    """The comments with a text, wherever in the list."""
    every, after = [], None
    while True:
        more = {} if after is None else {"after": after}
        page = listed(tenant, platform, post_id, limit=100, **more)
        every += page["comments"]
        if (after := page["nextCursor"]) is None:
            return [each for each in every if each["text"] == text]


def write(tenant: Tenant, platform: str, text: str, headers: Any = None, **more: Any) -> httpx2.Response:
    body = query(tenant, platform, text=text, **more)
    return tenant.client.post("/v1/comments/", json=body, headers=headers)


def written(tenant: Tenant, platform: str, text: str, **more: Any) -> str:
    answer = write(tenant, platform, text, **more)
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"success", "commentId"}
    return str(answer.json()["commentId"])


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_others_say_and_what_we_answer(tenant: Tenant, out: Out, platform: str) -> None:
    post_id, text = out(tenant, platform), words()
    said = visitor(tenant.world, platform, post_id, text, author="Somebody")
    (comment,) = found(tenant, platform, post_id, text)
    assert set(comment) == {
        "id", "text", "author", "timestamp", "likeCount", "hidden", "replies",
    }  # fmt: skip
    assert comment["id"] == said["id"]
    assert comment["author"]["name"] == {"facebook": "Somebody"}.get(platform, "somebody")
    assert comment["author"]["id"] == (None if platform == "threads" else said["author"]["id"])
    assert comment["timestamp"].endswith("Z")
    assert (comment["hidden"], comment["replies"]) == (False, [])
    reply = written(tenant, platform, f"Answer {text}", commentId=said["id"])
    (comment,) = found(tenant, platform, post_id, text)
    (answer,) = comment["replies"]
    assert (answer["id"], answer["text"]) == (reply, f"Answer {text}")
    assert set(answer) == {"id", "text", "author", "timestamp", "likeCount"}
    own = written(tenant, platform, f"Own {text}", postId=post_id)
    assert [each["id"] for each in found(tenant, platform, post_id, f"Own {text}")] == [own]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_parts_of_a_list(tenant: Tenant, platform: str) -> None:
    # A post of its own: others would stand in the list too.
    by = tenant.connect(platform)
    made = post_on(tenant, by)
    texts = [f"{number} {words()}" for number in range(3)]
    for text in texts:
        visitor(tenant.world, platform, made, text)
    asked = {"platform": platform, "accountId": by.id, "postId": made, "limit": 2}
    first = tenant.client.get("/v1/comments", params=asked).json()
    assert len(first["comments"]) == 2
    second = tenant.client.get("/v1/comments", params=asked | {"after": first["nextCursor"]}).json()
    assert second["nextCursor"] is None
    seen = [each["text"] for each in (*first["comments"], *second["comments"])]
    assert seen == (texts if platform == "facebook" else texts[::-1])


@pytest.mark.parametrize("platform", ["facebook", "instagram"])
def test_a_comment_is_deleted_once(tenant: Tenant, out: Out, platform: str) -> None:
    post_id, text = out(tenant, platform), words()
    said = visitor(tenant.world, platform, post_id, text)
    path, asked = f"/v1/comments/{said['id']}", query(tenant, platform)
    assert tenant.client.delete(path, params=asked).json() == {"success": True}
    assert found(tenant, platform, post_id, text) == []
    assert error(tenant.client.delete(path, params=asked)) == (404, "not_on_network")


@pytest.mark.parametrize("platform", ["facebook", "instagram"])
def test_a_post_is_no_comment(local: Tenant, out: Out, platform: str) -> None:
    post_id = out(local, platform)
    gone = local.client.delete(f"/v1/comments/{post_id}", params=query(local, platform))
    assert error(gone) == (404, "not_on_network")
    assert [each["deleted"] for each in local.world.visible(platform) if each["id"] == post_id] == [False]


def test_a_comment_is_hidden_and_shown(tenant: Tenant, out: Out) -> None:
    post_id, text = out(tenant, "instagram"), words()
    said = visitor(tenant.world, "instagram", post_id, text)
    path, body = f"/v1/comments/{said['id']}", query(tenant, "instagram")
    for hidden in (True, True, False):
        changed = tenant.client.patch(path, json=body | {"hidden": hidden})
        assert changed.json() == {"success": True}
        (comment,) = found(tenant, "instagram", post_id, text)
        assert comment["hidden"] is hidden
        page = httpx2.get(said["url"], timeout=30, trust_env=False).text
        assert (text in page) is not hidden


def test_what_a_network_does_not_offer(local: Tenant) -> None:
    for platform in ("facebook", "threads"):
        body = query(local, platform, hidden=True)
        assert paths(local.client.patch("/v1/comments/1", json=body)) == {"platform"}
    assert paths(local.client.delete("/v1/comments/1", params=query(local, "threads"))) == {"platform"}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_is_not_on_the_network(local: Tenant, platform: str) -> None:
    there_is_none = (404, "not_on_network")
    for post_id in ("122000000000000099", "../me", "1/2", "me"):
        asked = query(local, platform, postId=post_id)
        assert error(local.client.get("/v1/comments", params=asked)) == there_is_none
        assert error(write(local, platform, words(), postId=post_id)) == there_is_none
        assert error(write(local, platform, words(), commentId=post_id)) == there_is_none
    if platform == "instagram":
        hidden = local.client.patch("/v1/comments/17890", json=query(local, platform, hidden=True))
        assert error(hidden) == there_is_none


def test_closed_bodies_and_queries(local: Tenant) -> None:
    body = query(local, "instagram", text="Hello", postId="1")
    wrong: list[tuple[dict[str, Any], set[str]]] = [
        ({"more": 1}, {"more"}),
        ({"platform": "twitter"}, {"platform"}),
        ({"text": ""}, {"text"}),
        ({"text": "a\0b"}, {"text"}),
        ({"text": None}, {"text"}),
        ({"postId": 17}, {"postId"}),
        ({"postId": None}, {"postId"}),
        ({"commentId": ""}, {"commentId"}),
    ]
    for change, where in wrong:
        assert paths(local.client.post("/v1/comments", json=body | change)) == where
    assert paths(local.client.post("/v1/comments", json={})) == {"platform", "accountId", "text"}
    asked = query(local, "instagram", postId="1")
    for change in ({"limit": 0}, {"limit": 101}, {"limit": "x"}, {"platform": "x"}, {"accountId": ""}):
        assert paths(local.client.get("/v1/comments", params=asked | change)) == set(change)
    assert paths(local.client.get("/v1/comments")) == {"platform", "accountId", "postId"}
    assert paths(local.client.delete("/v1/comments/1")) == {"platform", "accountId"}
    hide = query(local, "instagram", hidden=True)
    for change, where in (({"hidden": "true"}, {"hidden"}), ({"more": 1}, {"more"})):
        assert paths(local.client.patch("/v1/comments/1", json=hide | change)) == where


def test_accounts_of_others_and_of_other_networks(
    tenant: Tenant, new: Callable[..., Tenant], out: Out
) -> None:
    stranger, post_id = new(tenant.world), out(tenant, "facebook")
    for known in (account(tenant, "facebook").id, "int_0"):
        asked = {"platform": "facebook", "accountId": known}
        calls = (
            stranger.client.get("/v1/comments", params=asked | {"postId": post_id}),
            stranger.client.post("/v1/comments", json=asked | {"postId": post_id, "text": "x"}),
            stranger.client.delete("/v1/comments/1", params=asked),
            stranger.client.patch("/v1/comments/1", json=asked | {"hidden": True}),
        )
        assert {error(each) for each in calls} == {(404, "integration_not_found")}
    mixed = {"platform": "instagram", "accountId": account(tenant, "facebook").id, "postId": post_id}
    answer = tenant.client.get("/v1/comments", params=mixed)
    assert paths(answer) == {"accountId"}
    assert answer.json()["errors"][0]["code"] == "wrong_platform"


@pytest.mark.parametrize(
    ("platform", "most"), [("facebook", 8_000), ("threads", 500)], ids=["facebook", "threads"]
)
def test_a_text_that_is_too_long(local: Tenant, out: Out, platform: str, most: int) -> None:
    answer = write(local, platform, "x" * (most + 1), postId=out(local, platform))
    assert error(answer) == (400, "too_long")


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("fault", ["lost_answer", "error_after"])
def test_an_answer_that_was_lost_is_not_sent_again(
    tenant: Tenant, out: Out, platform: str, fault: str
) -> None:
    post_id, text = out(tenant, platform), words()
    tenant.fault(fault, account(tenant, platform), times=1)
    first = write(tenant, platform, text, postId=post_id)
    assert error(first) == (502, "outcome_unknown")
    assert "Look there" in first.json()["message"]
    again = write(tenant, platform, text, postId=post_id)
    assert error(again) == (502, "outcome_unknown")
    assert len(found(tenant, platform, post_id, text)) == 1
    # Who has looked, and wants it all the same, says so with a key.
    key = {"Idempotency-Key": uuid.uuid4().hex}
    assert write(tenant, platform, text, headers=key, postId=post_id).status_code == 200
    assert len(found(tenant, platform, post_id, text)) == 2


@pytest.mark.parametrize("fault", ["reset_before", "error_before"])
def test_a_doubt_that_was_none_is_a_doubt_all_the_same(local: Tenant, out: Out, fault: str) -> None:
    post_id, text = out(local, "instagram"), words()
    local.fault(fault, account(local, "instagram"), times=1)
    assert error(write(local, "instagram", text, postId=post_id)) == (502, "outcome_unknown")
    assert found(local, "instagram", post_id, text) == []


def test_equal_comments_are_two(tenant: Tenant, out: Out) -> None:
    post_id, text = out(tenant, "instagram"), words()
    assert written(tenant, "instagram", text, postId=post_id) != written(
        tenant, "instagram", text, postId=post_id
    )


def test_a_key_makes_one_of_two(tenant: Tenant, out: Out) -> None:
    post_id, text = out(tenant, "instagram"), words()
    key = {"Idempotency-Key": uuid.uuid4().hex}
    first = write(tenant, "instagram", text, headers=key, postId=post_id)
    again = write(tenant, "instagram", text, headers=key, postId=post_id)
    assert first.json()["commentId"] == again.json()["commentId"]
    assert again.headers["idempotency-replayed"] == "true"
    assert len(found(tenant, "instagram", post_id, text)) == 1
    other = write(tenant, "instagram", words(), headers=key, postId=post_id)
    assert error(other) == (422, "idempotency_key_reused")
    assert error(write(tenant, "instagram", text, headers={"Idempotency-Key": ""}, postId=post_id))[0] == 400


def test_a_refusal_leaves_the_key_free(local: Tenant, out: Out) -> None:
    post_id, text = out(local, "instagram"), words()
    key = {"Idempotency-Key": uuid.uuid4().hex}
    local.fault("rate_limited", account(local, "instagram"), times=1, seconds=120)
    limited = write(local, "instagram", text, headers=key, postId=post_id)
    assert error(limited) == (502, "rate_limited")
    assert 60 <= int(limited.headers["retry-after"]) <= 180
    local.world.control("DELETE", "faults")
    assert write(local, "instagram", text, headers=key, postId=post_id).status_code == 200
    assert len(found(local, "instagram", post_id, text)) == 1


def test_reading_knows_no_doubt(local: Tenant, out: Out) -> None:
    """Faults of publication do not concern what only looks; a limit holds for every call."""
    post_id = out(local, "facebook")
    local.fault("slow", account(local, "facebook"), times=1, seconds=0.01)
    assert listed(local, "facebook", post_id)["success"] is True
    local.fault("rate_limited", account(local, "facebook"), times=1, seconds=60)
    asked = query(local, "facebook", postId=post_id)
    assert error(local.client.get("/v1/comments", params=asked)) == (502, "rate_limited")
    local.world.control("DELETE", "faults")
    assert listed(local, "facebook", post_id)["success"] is True


def test_a_deletion_whose_answer_was_lost_is_done(local: Tenant, out: Out) -> None:
    """Facebook's word that the comment is gone, after a try without an answer, is its answer."""
    post_id = out(local, "facebook")
    said = visitor(local.world, "facebook", post_id, words())
    asked = query(local, "facebook")
    local.fault("lost_answer", account(local, "facebook"), times=1)
    gone = local.client.delete(f"/v1/comments/{said['id']}", params=asked)
    assert gone.json() == {"success": True}


def test_an_account_that_has_to_be_connected_again(tenant: Tenant, out: Out) -> None:
    page = tenant.connect("facebook")
    tenant.fault("token_dead", page, times=1)
    asked = {"platform": "facebook", "accountId": page.id, "postId": "1"}
    for _ in range(2):
        answer = tenant.client.get("/v1/comments", params=asked)
        assert error(answer) == (400, "reconnect_required")
        assert "Connect the account again." in answer.json()["message"]
    shown = tenant.client.get(f"/v1/connect/integrations/{page.id}").json()["integration"]
    assert shown["authStatus"] == "reconnect_required"


def test_a_client_that_left_gets_the_same_comment_again(local: Tenant, out: Out) -> None:
    """The answer was on its way to nobody: the repeat is answered from what the first one made."""
    post_id, text = out(local, "instagram"), words()
    content = json.dumps(query(local, "instagram", text=text, postId=post_id)).encode()
    address = urlsplit(local.world.url)
    head = (
        f"POST /v1/comments HTTP/1.1\r\nhost: {address.netloc}\r\nx-access-key: {local.key}\r\n"
        f"content-length: {len(content)}\r\n\r\n"
    )
    local.fault("slow", account(local, "instagram"), times=1, seconds=1.5)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=30) as sock:
        sock.sendall(head.encode() + content)
        # Once the comment stands, the request has certainly been read.
        while not comments_on_page(local, post_id, text):
            continue
    again = write(local, "instagram", text, postId=post_id)
    assert again.status_code == 200, again.text
    assert again.headers["idempotency-replayed"] == "true"
    assert [each["id"] for each in found(local, "instagram", post_id, text)] == [again.json()["commentId"]]


def comments_on_page(tenant: Tenant, post_id: str, text: str) -> bool:
    """Whether the post's own page shows the text, without a call to the network's API."""
    (post,) = [each for each in tenant.world.visible("instagram") if each["id"] == post_id]
    return text in httpx2.get(post["permalink"], timeout=30, trust_env=False).text


def test_a_token_that_is_refused_once_is_renewed(local: Tenant, out: Out) -> None:
    post_id = out(local, "instagram")
    local.fault("token_expired", account(local, "instagram"), times=1)
    assert listed(local, "instagram", post_id)["success"] is True
