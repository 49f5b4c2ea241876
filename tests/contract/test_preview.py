"""What the networks show of a post: drawn as data and as HTML, without a trace in the store."""

from __future__ import annotations

from typing import Any

import pytest

from polypost import access
from polypost.api.routes.drawing_shapes import Drawing, Drawings
from polypost.platforms.registry import BUILT_IN
from tests.contract.tenant import Tenant, operator, words

PATH = "/v1/posts/preview"
NEEDED = {"pinterest": {"boardId": "1"}, "reddit": {"subreddit": "python"}}


def drawn(tenant: Tenant, body: Any, path: str = PATH) -> dict[str, Any]:
    """What is drawn; nothing may be stored, paid or published by it."""
    before = tenant.client.get("/v1/posts").json()["total"], tenant.used()
    answer = tenant.client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    assert (tenant.client.get("/v1/posts").json()["total"], tenant.used()) == before
    said = dict(answer.json())
    assert said["valid"] is said["success"] is not bool(said["errors"])
    assert "not a promise" in said["notice"]
    # As the document has it, key by key.
    Drawings.model_validate(said)
    for entry in said["platforms"]:
        assert set(entry["drawing"]) == set(Drawing.model_fields)
    return said


def test_it_draws_and_stores_nothing(tenant: Tenant) -> None:
    body = tenant.body("Hello #tag", "twitter", "instagram")
    body["platforms"][1]["content"] = "For pictures"
    said = drawn(tenant, body)
    for entry, text in zip(said["platforms"], ("Hello #tag", "For pictures"), strict=True):
        shown = entry["drawing"]["parts"][0]["text"]
        assert (shown["visible"], shown["folded"]) == (text, False)
        assert text.split()[-1] in entry["html"]
        assert entry["drawing"]["known"] is True
        assert all(figure["source"] for figure in entry["drawing"]["figures"].values())
    assert [entry["accountId"] for entry in said["platforms"]] == [
        entry["accountId"] for entry in body["platforms"]
    ]
    account = tenant.accounts[0].username
    assert account in said["platforms"][0]["html"]


def test_every_network_is_drawn_also_without_its_account(local: Tenant) -> None:
    entries = [
        {"platform": name, "accountId": "int_nobody", "platformSpecificData": NEEDED.get(name)}
        for name in BUILT_IN
    ]
    said = drawn(local, {"content": words(), "platforms": entries, "publishNow": True})
    assert [entry["platform"] for entry in said["platforms"]] == list(BUILT_IN)
    assert said["valid"] is False
    assert {problem["code"] for problem in said["errors"]} >= {"unknown_account"}


def test_what_is_wrong_is_said_and_drawn_all_the_same(local: Tenant) -> None:
    said = drawn(local, local.body("x" * 300))
    assert said["errors"][0]["code"] == "too_long"
    [entry] = said["platforms"]
    assert entry["drawing"]["parts"][0]["text"]["visible"] == "x" * 280
    assert entry["drawing"]["parts"][0]["counted"]["length"] == 300
    wrong = local.body()
    wrong["platforms"][0]["platformSpecificData"] = {"surprise": 1}
    assert len(drawn(local, wrong)["platforms"]) == 1
    assert drawn(local, {"content": None, "platforms": "x"})["platforms"] == []
    assert local.client.post(PATH, content=b"[]").status_code == 400


def test_media_are_measured_when_asked(local: Tenant) -> None:
    body = local.body(mediaItems=[{"type": "image", "url": local.world.demo_image(), "altText": "A grid"}])
    [plain] = drawn(local, body)["platforms"][0]["drawing"]["parts"][0]["media"]["items"]
    assert (plain["ratio"], plain["altText"], plain["altBadge"]) == (None, "A grid", True)
    [entry] = drawn(local, body, f"{PATH}?probeMedia=true")["platforms"]
    [item] = entry["drawing"]["parts"][0]["media"]["items"]
    assert item["ratio"] > 0
    assert entry["drawing"]["grid"]["crop"] is not None


@pytest.mark.parametrize(("scope", "status"), [("read", 200), ("draft", 200), ("connect", 403)])
def test_who_may_look_may_see_it_drawn(local: Tenant, scope: str, status: int) -> None:
    key = operator(
        local.world, lambda db: access.create_key(db, local.project_id, name=scope, scopes=[scope])[1]
    )
    answer = local.client.post(PATH, json=local.body(), headers={"x-access-key": key})
    assert answer.status_code == status


def test_what_is_drawn_is_bounded(local: Tenant) -> None:
    entries = [local.entry()] * 50
    body = {"content": "#x " * 30_000, "platforms": entries, "publishNow": True}
    answer = local.client.post(PATH, json=body)
    assert answer.status_code == 200
    assert len(answer.content) < 600_000
    said = answer.json()
    assert len(said["platforms"]) + len(said["undrawn"]) == 50
    ordinary = drawn(local, {"content": words(), "platforms": entries[:20], "publishNow": True})
    assert ordinary["undrawn"] == []
    body["content"] = "x"
    body["platforms"] = [local.entry() | {"platformSpecificData": {"threadItems": [{"content": "x"}] * 900}}]
    assert len(drawn(local, body)["platforms"][0]["drawing"]["parts"]) == 25


def test_a_page_of_several_gets_the_style_sheet_once(local: Tenant) -> None:
    body = local.body(mediaItems=[])
    body["platforms"] = [local.entry()] * 3
    alone, shared = drawn(local, body), drawn(local, body, f"{PATH}?sharedStyle=true")
    assert "style" not in alone
    assert ".ppd-text" in shared["style"]
    sheet = f"<style>{shared['style']}</style>"
    for one, other in zip(alone["platforms"], shared["platforms"], strict=True):
        # A fragment with the sheet differs from one without by nothing else.
        assert one["html"].count("<style>") == 1
        assert "<style>" not in other["html"]
        assert "".join(one["html"].replace(sheet, "").split()) == "".join(other["html"].split())
        assert one["drawing"] == other["drawing"]
