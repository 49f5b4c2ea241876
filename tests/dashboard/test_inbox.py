"""The inbox: comments and messages read when somebody looks, answered once, and what networks refuse in words."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.contract.talk import account, letter, post_on, query, visitor
from tests.contract.tenant import Tenant, words
from tests.dashboard.browser import Browser
from tests.dashboard.conftest import Members

PLATFORMS = ("facebook", "instagram", "threads")
HOSTILE = '<script>alert("x")</script> <img src=x onerror=alert(1)> שלום'


@pytest.fixture(scope="module")
def out(tenant: Tenant) -> dict[str, str]:
    """The network's id of a post on each network."""
    return {platform: post_on(tenant, account(tenant, platform)) for platform in PLATFORMS}


@pytest.fixture(scope="module")
def editor(tenant: Tenant, members: Members) -> Browser:
    """Somebody who may answer."""
    return members(tenant, "editor")


def place(tenant: Tenant, platform: str, page: str = "comments", **about: str) -> str:
    """A page of the inbox."""
    base = f"/{tenant.project_id}/inbox/{account(tenant, platform).id}"
    return f"{base}/{page}" + (f"?{urlencode(about)}" if about else "")


def said(tenant: Tenant, platform: str, post_id: str, text: str) -> list[dict[str, Any]]:
    """The comments with a text, and answers, as the API reads them."""
    asked = query(tenant, platform, postId=post_id, limit=100)
    listed = tenant.client.get("/v1/comments", params=asked).json()["comments"]
    every = [each for top in listed for each in (top, *top.get("replies", []))]
    return [each for each in every if each["text"] == text]


def field(page: str, name: str, beside: str = "") -> str:
    """The value of the first hidden field of this name after some words."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page[page.index(beside) :])
    assert found is not None
    return unescape(found[1])


def test_the_way_from_an_account_to_its_comments(
    tenant: Tenant, out: dict[str, str], editor: Browser
) -> None:
    page = editor.get(f"/{tenant.project_id}/inbox").text
    for platform in PLATFORMS:
        assert place(tenant, platform, "").removesuffix("/") in page
    assert page.count("Messages<span") == 1
    posts = editor.get(place(tenant, "facebook", "").removesuffix("/")).text
    assert f"post={out['facebook']}" in posts
    text = words()
    visitor(tenant.world, "facebook", out["facebook"], text, author="Some Body")
    read = editor.get(place(tenant, "facebook", post=out["facebook"])).text
    assert text in read
    assert "Some Body" in read


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_answer_is_sent_once_however_often_its_form_comes(
    tenant: Tenant, out: dict[str, str], editor: Browser, platform: str
) -> None:
    post_id, text = out[platform], words()
    came = visitor(tenant.world, platform, post_id, text)
    path = place(tenant, platform)
    read = editor.get(place(tenant, platform, post=post_id)).text
    form = {"post": post_id, "comment": came["id"], "text": f"Re {text}"}
    form["once"] = field(read, "once", f'value="{came["id"]}"')
    pages = [editor.post(path, form) for _ in range(2)]
    assert [page.status_code for page in pages] == [200, 200]
    assert "It is sent." in pages[1].text
    assert len(said(tenant, platform, post_id, f"Re {text}")) == 1
    own = {"post": post_id, "text": f"Own {text}", "once": words()}
    assert editor.post(path, own).status_code == 200
    assert len(said(tenant, platform, post_id, f"Own {text}")) == 1


def test_a_lost_answer_is_said_and_never_repeated(
    tenant: Tenant, out: dict[str, str], editor: Browser
) -> None:
    post_id, text, path = out["instagram"], words(), place(tenant, "instagram")
    tenant.fault("lost_answer", account(tenant, "instagram"), times=1)
    form = {"post": post_id, "text": text, "once": words()}
    for _ in range(2):
        page = editor.post(path, form)
        assert page.status_code == 409
        assert "did not say whether it took this" in page.text
        assert f">\n{text}</textarea>" in page.text
        assert field(page.text, "once") == form["once"]
    assert len(said(tenant, "instagram", post_id, text)) == 1
    # Other words in the same form are not sent either: who wants them looks first, and says so.
    changed = editor.post(path, form | {"text": f"{text} or so"})
    assert changed.status_code == 422
    assert "sent before with other words" in changed.text
    assert said(tenant, "instagram", post_id, f"{text} or so") == []
    again = field(changed.text, "again")
    assert editor.post(path, form | {"text": f"{text} or so", "again": again}).status_code == 200
    assert len(said(tenant, "instagram", post_id, f"{text} or so")) == 1


def test_what_a_network_refuses_is_said_beside_the_words(
    tenant: Tenant, out: dict[str, str], editor: Browser
) -> None:
    post_id, text = out["threads"], words() + "x" * 500
    came = visitor(tenant.world, "threads", post_id, words())
    page = editor.post(place(tenant, "threads"), {"post": post_id, "comment": came["id"], "text": text})
    assert page.status_code == 400
    assert f">\n{text}</textarea>" in page.text
    assert page.text.index('role="alert"') > page.text.index(f'value="{came["id"]}"')


def test_a_comment_is_hidden_shown_and_deleted(tenant: Tenant, out: dict[str, str], editor: Browser) -> None:
    post_id, text = out["instagram"], words()
    came = visitor(tenant.world, "instagram", post_id, text)
    form = {"post": post_id, "comment": came["id"]}
    for hidden in ("yes", "no"):
        editor.post(place(tenant, "instagram", "comments/hide"), form | {"hidden": hidden})
        assert said(tenant, "instagram", post_id, text)[0]["hidden"] is (hidden == "yes")
    gone = editor.post(place(tenant, "instagram", "comments/delete"), form)
    assert "The comment is deleted." in gone.text
    assert said(tenant, "instagram", post_id, text) == []
    twice = editor.post(place(tenant, "instagram", "comments/delete"), form)
    assert twice.status_code == 404
    assert 'role="alert"' in twice.text
    # What a network does not offer has no button.
    visitor(tenant.world, "threads", out["threads"], words())
    assert "comments/delete" not in editor.get(place(tenant, "threads", post=out["threads"])).text


def test_trouble_of_a_network_is_said_on_the_page(
    tenant: Tenant, out: dict[str, str], editor: Browser
) -> None:
    tenant.fault("rate_limited", account(tenant, "facebook"), times=1, seconds=60)
    page = editor.get(place(tenant, "facebook", post=out["facebook"]))
    assert page.status_code == 200
    assert "Facebook could not be asked:" in page.text
    unknown = editor.get(place(tenant, "facebook", post="122000000000000099")).text
    assert "could not be asked:" in unknown


def test_viewers_read_and_have_no_forms(tenant: Tenant, out: dict[str, str], members: Members) -> None:
    viewer, text = members(tenant, "viewer"), words()
    visitor(tenant.world, "instagram", out["instagram"], text)
    page = viewer.get(place(tenant, "instagram", post=out["instagram"])).text
    assert text in page
    assert "<textarea" not in page
    assert "comments/hide" not in page
    refused = viewer.post(place(tenant, "instagram"), {"post": out["instagram"], "text": words()})
    assert refused.status_code == 403


def test_hostile_words_stay_words(tenant: Tenant, out: dict[str, str], editor: Browser) -> None:
    visitor(tenant.world, "facebook", out["facebook"], HOSTILE, author="<b>Me</b>")
    page = editor.get(place(tenant, "facebook", post=out["facebook"])).text
    assert "&lt;script&gt;alert(" in page
    assert "<script>alert" not in page
    assert "<b>Me</b>" not in page
    came = letter(tenant, HOSTILE)
    page = editor.get(place(tenant, "instagram", "conversation", id=came["conversationId"])).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(" in page


def test_a_message_is_read_and_answered_once(tenant: Tenant, editor: Browser) -> None:
    text, name = words(), words()
    came = letter(tenant, text, **{"from": name})
    conversation = came["conversationId"]
    listed = editor.get(place(tenant, "instagram", "messages")).text
    assert name in listed
    assert text in listed
    read = editor.get(place(tenant, "instagram", "conversation", id=conversation)).text
    assert text in read
    form = {
        "id": conversation,
        "recipient": field(read, "recipient"),
        "once": field(read, "once"),
        "text": f"Re {text}",
    }
    assert form["recipient"] == came["from"]["id"]
    path = place(tenant, "instagram", "conversation")
    for _ in range(2):
        page = editor.post(path, form)
        assert page.status_code == 200
        assert page.text.count(f"Re {text}") == 1
    # A fault of the network, once more: nothing goes out twice.
    tenant.fault("lost_answer", account(tenant, "instagram"), times=1)
    lost = form | {"once": words(), "text": f"Lost {text}"}
    assert [editor.post(path, lost).status_code for _ in range(2)] == [409, 409]
    shown = tenant.client.get(f"/v1/messages/{conversation}", params=query(tenant, "instagram")).json()
    assert [each["text"] for each in shown["messages"]].count(f"Lost {text}") == 1


def test_accounts_of_others_are_not_there(tenant: Tenant, new: Any, editor: Browser) -> None:
    stranger = new(tenant.world)
    theirs = stranger.connect("facebook").id
    for page in ("", "/comments?post=1", "/messages", "/conversation?id=1"):
        assert editor.get(f"/{tenant.project_id}/inbox/{theirs}{page}").status_code == 404
    sent = editor.post(f"/{tenant.project_id}/inbox/{theirs}/comments", {"post": "1", "text": "x"})
    assert sent.status_code == 404


def test_what_a_network_does_not_offer_is_said(tenant: Tenant, editor: Browser) -> None:
    x = tenant.account("twitter").id
    for page in ("comments?post=1", "messages", "conversation?id=1"):
        answer = editor.get(f"/{tenant.project_id}/inbox/{x}/{page}")
        assert answer.status_code == 200
        assert "could not be asked:" in answer.text
    assert x not in editor.get(f"/{tenant.project_id}/inbox").text
