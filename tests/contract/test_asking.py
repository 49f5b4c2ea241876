"""What a network is asked while somebody waits: Pinterest's boards and a TikTok creator's settings."""

from __future__ import annotations

from collections.abc import Callable

import httpx2

from tests.contract.tenant import Tenant, paths
from tests.processes import World

New = Callable[..., Tenant]
BOARDS, CREATOR = "/v1/pinterest/boards", "/v1/tiktok/creator-info"


def error(answer: httpx2.Response) -> tuple[int, str]:
    body = answer.json()
    assert "error" in body
    assert "success" not in body
    return answer.status_code, body["code"]


def test_boards_of_the_first_account_or_a_named_one(world: World, new: New) -> None:
    tenant = new(world)
    assert error(tenant.client.get(BOARDS)) == (404, "integration_not_found")
    first, second = tenant.connect("pinterest"), tenant.connect("pinterest")
    said = tenant.client.get(f"{BOARDS}/").json()
    assert (set(said), said["success"]) == ({"success", "boards"}, True)
    assert len(said["boards"]) > 1
    for board in said["boards"]:
        assert set(board) == {"id", "name", "description", "privacy"}
        assert board["name"]
    assert tenant.client.get(BOARDS, params={"accountId": first.id}).json() == said
    other = tenant.client.get(BOARDS, params={"accountId": second.id}).json()
    assert {each["id"] for each in other["boards"]}.isdisjoint(each["id"] for each in said["boards"])
    # A board that was shown is one that can be posted to.
    entry = {
        "platform": "pinterest",
        "accountId": second.id,
        "platformSpecificData": {"boardId": other["boards"][0]["id"]},
    }
    picture = [{"type": "image", "url": tenant.world.demo_image()}]
    body = {**tenant.body(), "platforms": [entry], "mediaItems": picture}
    assert tenant.post(body).json()["status"] == "published"


def test_a_creators_settings(world: World, new: New) -> None:
    tenant = new(world)
    assert error(tenant.client.get(CREATOR)) == (404, "integration_not_found")
    account = tenant.connect("tiktok")
    data = tenant.client.get(CREATOR).json()["data"]
    assert data["creatorUsername"] == account.username
    assert "SELF_ONLY" in data["privacyLevelOptions"]
    assert data["maxVideoPostDurationSec"] > 60
    assert (data["commentDisabled"], data["duetDisabled"], data["stitchDisabled"]) == (False, False, False)
    for fault in ("private_account", "restricted_creator"):
        tenant.fault(fault, account, times=1)
    tenant.fault("restricted_creator", account, times=1)
    private = tenant.client.get(CREATOR, params={"accountId": account.id}).json()["data"]
    assert "PUBLIC_TO_EVERYONE" not in private["privacyLevelOptions"]
    assert private["commentDisabled"] is True
    assert private["maxVideoPostDurationSec"] <= 60


def test_an_account_that_is_not_there(local: Tenant, new: New) -> None:
    pin, tik, stranger = local.connect("pinterest"), local.connect("tiktok"), new(local.world)
    for tenant, path, account in (
        (local, BOARDS, tik.id),
        (local, CREATOR, pin.id),
        (local, BOARDS, "int_unknown"),
        (local, BOARDS, "tok%2F1"),
        (stranger, BOARDS, pin.id),
        (stranger, CREATOR, tik.id),
    ):
        answer = tenant.client.get(f"{path}?accountId={account}")
        assert error(answer) == (404, "integration_not_found")
    for wrong in ("", "x" * 101):
        assert paths(local.client.get(BOARDS, params={"accountId": wrong})) == {"accountId"}
    local.disconnect(pin)
    assert error(local.client.get(BOARDS, params={"accountId": pin.id})) == (404, "integration_not_found")


def test_a_token_that_ends_is_renewed_in_between(local: Tenant) -> None:
    account = local.connect("pinterest")
    local.fault("token_expired", account, times=1)
    answer = local.client.get(BOARDS, params={"accountId": account.id})
    assert answer.status_code == 200
    assert answer.json()["boards"]


def test_trouble_of_the_network_is_502_with_what_happened(local: Tenant) -> None:
    account = local.connect("tiktok")
    for fault, code in (
        ("creator_spam_risk_user_banned_from_posting", "account_restricted"),
        ("creator_spam_risk_too_many_posts", "rate_limited"),
    ):
        local.fault(fault, account, times=1)
        answer = local.client.get(CREATOR, params={"accountId": account.id})
        assert error(answer) == (502, code)
        assert "TikTok" in answer.json()["error"]
    assert local.client.get(CREATOR, params={"accountId": account.id}).status_code == 200


def test_a_dead_authorisation_is_told_and_marked(local: Tenant) -> None:
    account = local.connect("pinterest")
    local.fault("token_dead", account)
    path = f"/v1/connect/integrations/{account.id}"
    for _ in range(2):
        answer = local.client.get(BOARDS, params={"accountId": account.id})
        assert error(answer) == (502, "reconnect_required")
        assert "Connect the account again" in answer.json()["error"]
    assert local.client.get(path).json()["integration"]["authStatus"] == "reconnect_required"
