"""One LinkedIn login, a person and an organization to choose from, through the real way in."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from tests.engine.room import Room
from tests.platforms.conformance.stage import in_room
from tests.platforms.sandboxed_linkedin import ORGANIZATION

from polypost.integrations import Connect
from polypost.integrations.apps import Apps
from polypost.platforms.base import App

pytestmark = pytest.mark.anyio

PUBLIC = "https://post.example.org"


async def consented(room: Room, connect: Connect) -> dict[str, str]:
    """What LinkedIn sends the browser back with."""
    url = await connect.begin(room.project.id, "linkedin")
    async with httpx2.AsyncClient(trust_env=False) as web:
        answer = await web.get(f"{url}&sandbox_decision=approve")
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    return {name: values[0] for name, values in query.items()}


def connect_with(room: Room, *scopes: str) -> Connect:
    app = App("sandbox-app", "sandbox-app-secret", scopes=scopes)
    apps = Apps(room.vault, lambda _: app)
    return Connect(room.store, room.vault, room.networks, apps, lambda: PUBLIC)


async def test_the_person_chooses_who_is_connected(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        connect = connect_with(
            room, "w_organization_social", "r_organization_social", "rw_organization_admin"
        )
        finished = await connect.finish("linkedin", await consented(room, connect))
        assert finished.redirect_to is not None
        assert finished.redirect_to.startswith(f"{PUBLIC}/v1/connect/linkedin/choose/")
        token = finished.redirect_to.rpartition("/")[2]
        offer = await connect.offered("linkedin", token)
        assert [each.kind for each in offer.accounts] == ["person", "organization"]
        chosen = [each.id for each in offer.accounts if each.kind == "organization"]
        done = await connect.choose("linkedin", token, chosen)
        assert [each.platform_user_id for each in done.integrations] == [ORGANIZATION]

    await in_room(tmp_path, "linkedin", story)


async def test_with_what_any_app_gets_there_is_nothing_to_choose(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        connect = connect_with(room)
        finished = await connect.finish("linkedin", await consented(room, connect))
        (person,) = finished.integrations
        assert person.platform_user_id is not None
        assert person.platform_user_id.startswith("urn:li:person:")

    await in_room(tmp_path, "linkedin", story)
