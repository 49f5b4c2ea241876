"""The official Python client on profiles, on moving accounts, usage, boards and creator settings."""

from __future__ import annotations

from collections.abc import Iterator

import postpeer
import pytest

from tests.contract.tenant import Tenant, words
from tests.contract.test_official_client import QUICK, Official


@pytest.fixture(params=["sync", "async"])
def official(request: pytest.FixtureRequest, tenant: Tenant) -> Iterator[Official]:
    client = Official(request.param, tenant)
    yield client
    client.close()


def test_profiles(official: Official) -> None:
    name = words()
    made = official("profiles.create", name, description="Ours").profile
    assert (made.name, made.description, made.integration_count) == (name, "Ours", 0)
    assert official("profiles.get", made.id).profile.created_at == made.created_at
    listed = official("profiles.list", page=1, limit=10, name=name.upper())
    assert (listed.success, listed.total, [each.id for each in listed.profiles]) == (True, 1, [made.id])
    assert official("profiles.update", made.id, name=f"{name}!").profile.name == f"{name}!"
    assert official("profiles.delete", made.id).success is True
    with pytest.raises(postpeer.NotFoundError):
        official("profiles.get", made.id)
    with pytest.raises(postpeer.BadRequestError):
        official("profiles.get", "not-an-id")


def test_an_account_moves(official: Official) -> None:
    tenant = official.tenant
    account = tenant.connect("twitter")
    profile = official("profiles.create", words()).profile
    moved = official("connect.integrations.move", account.id, profile.id).integration
    assert (moved.id, moved.profile_id) == (account.id, profile.id)
    found = official("connect.integrations.list", profile_id=profile.id)
    assert [each.id for each in found.integrations] == [account.id]
    entry = {"platform": "twitter", "account_id": account.id}
    made = official("posts.create", content=words(), platforms=[entry], publish_now=True)
    listed = official("posts.list", profile_id=profile.id)
    assert [each.post_id for each in listed.posts] == [made.post_id]
    assert official("usage.get", profile_id=profile.id).total_usage == 1
    assert official("connect.get_oauth_url", "twitter", profile_id=profile.id).url
    back = official("connect.integrations.move", account.id, None).integration
    assert back.profile_id is None
    assert account.id in {
        each.id for each in official("connect.integrations.list", profile_id="null", limit=100).integrations
    }
    with pytest.raises(postpeer.NotFoundError):
        official("connect.integrations.move", account.id, "prof_unknown")


def test_usage(official: Official) -> None:
    found = official("usage.get", from_="2026-01", to="2099-12")
    assert found.balance.monthly.limit > 0
    assert found.total_usage >= sum(month.count for month in found.usage)
    with pytest.raises(postpeer.NotFoundError):
        official("usage.get", profile_id="prof_unknown")


def test_boards_and_creator_settings(official: Official) -> None:
    tenant = official.tenant
    pin, tik = tenant.account("pinterest"), tenant.account("tiktok")
    boards = official("pinterest.get_boards", account_id=pin.id)
    assert boards.boards[0].name
    info = official("tiktok.get_creator_info", account_id=tik.id)
    assert info.data.creator_username == tik.username
    with pytest.raises(postpeer.NotFoundError):
        official("pinterest.get_boards", account_id=tik.id)
    tenant.fault("creator_reached_active_user_cap", tik, times=1)
    with pytest.raises(postpeer.InternalServerError):
        official("tiktok.get_creator_info", account_id=tik.id, _request_options=QUICK)
