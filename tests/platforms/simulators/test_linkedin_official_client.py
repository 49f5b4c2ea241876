"""LinkedIn's own Python client, which knows nothing of us, works unchanged; only scheme, host and port are replaced."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from linkedin_api.clients.auth.client import AuthClient
from linkedin_api.clients.restli.client import RestliClient
from tests import media
from tests.platforms.simulators.adapter import ToSandbox
from tests.platforms.simulators.helpers import Play, play

VERSION = "202609"
BACK = "https://app.example/back"


class Official:
    """The client with one demo member's token."""

    def __init__(self, account: dict[str, Any], url: str) -> None:
        self.account, self.url = account, url
        self.me, self.token = account["platformUserId"], account["accessToken"]
        self.restli = RestliClient()
        self.restli.session.mount("https://", ToSandbox(url))

    def auth(self, client_id: str, secret: str = "any") -> AuthClient:
        client = AuthClient(client_id=client_id, client_secret=secret, redirect_url=BACK)
        client.session.mount("https://", ToSandbox(self.url))
        return client

    def call(self, method: str, path: str, *, versioned: bool = True, **more: Any) -> Any:
        version = {"version_string": VERSION} if versioned else {}
        return getattr(self.restli, method)(resource_path=path, access_token=self.token, **version, **more)

    def entity(self, commentary: str, **more: Any) -> dict[str, Any]:
        return {
            "author": self.me,
            "commentary": commentary,
            "visibility": "PUBLIC",
            "distribution": {
                "feedDistribution": "MAIN_FEED",
                "targetEntities": [],
                "thirdPartyDistributionChannels": [],
            },
            "lifecycleState": "PUBLISHED",
            "isReshareDisabledByAuthor": False,
            **more,
        }

    def announce(self, kind: str, **more: Any) -> dict[str, Any]:
        params = {"initializeUploadRequest": {"owner": self.me, **more}}
        value: dict[str, Any] = self.call(
            "action", f"/{kind}s", action_name="initializeUpload", action_params=params
        ).value
        return value


def with_client(folder: Path, story: Any) -> None:
    async def main(running: Play) -> None:
        account = (await running.accounts("linkedin"))[0]
        await asyncio.to_thread(story, Official(account, running.info.urls["linkedin"]))

    play(folder, main)


def test_the_life_of_a_post(tmp_path: Path) -> None:
    def story(client: Official) -> None:
        made = client.call("create", "/posts", entity=client.entity("Hello \\(world\\)"))
        assert made.status_code == 201
        urn = made.decoded_entity_id
        assert urn.startswith("urn:li:share:")
        read = client.call("get", "/posts/{id}", path_keys={"id": urn})
        assert read.entity["commentary"] == "Hello \\(world\\)"
        several = client.call("batch_get", "/posts", ids=[urn, "urn:li:share:1"])
        assert list(several.results) == [urn]
        listed = client.call(
            "finder", "/posts", finder_name="author", query_params={"author": client.me, "count": 5}
        )
        assert [element["id"] for element in listed.elements] == [urn]
        assert listed.paging.count == 5
        change = {"$set": {"commentary": "Changed"}}
        changed = client.call(
            "partial_update", "/posts/{id}", path_keys={"id": urn}, patch_set_object=change["$set"]
        )
        assert changed.status_code == 204
        twice = client.call("create", "/posts", entity=client.entity("Hello \\(world\\)"))
        assert (twice.status_code, twice.decoded_entity_id) == (422, None)
        assert urn in twice.entity["message"]
        gone = client.call("delete", "/posts/{id}", path_keys={"id": urn})
        assert gone.status_code == 204
        assert client.call("get", "/posts/{id}", path_keys={"id": urn}).status_code == 404

    with_client(tmp_path, story)


def test_media(tmp_path: Path) -> None:
    def story(client: Official) -> None:
        image = client.announce("image")
        sent = requests.put(
            image["uploadUrl"],
            data=media.png(64, 48),
            headers={"Authorization": f"Bearer {client.token}"},
            timeout=5,
        )
        assert sent.status_code == 201
        status = client.call("get", "/images/{id}", path_keys={"id": image["image"]})
        assert status.entity["status"] == "AVAILABLE"
        content = {"media": {"id": image["image"], "altText": "A square"}}
        assert (
            client.call("create", "/posts", entity=client.entity("Look", content=content)).status_code == 201
        )

        data = media.mp4(size=100_000)
        video = client.announce("video", fileSizeBytes=len(data), uploadCaptions=False, uploadThumbnail=False)
        (part,) = video["uploadInstructions"]
        tag = requests.put(part["uploadUrl"], data=data, timeout=5).headers["ETag"]
        # The client's `action` wants JSON back, and LinkedIn answers this one with an empty body.
        finish = {
            "finalizeUploadRequest": {"video": video["video"], "uploadToken": "", "uploadedPartIds": [tag]}
        }
        answer = client.restli.session.post(
            "https://api.linkedin.com/rest/videos?action=finalizeUpload",
            json=finish,
            headers={"Authorization": f"Bearer {client.token}", "LinkedIn-Version": VERSION},
        )
        assert (answer.status_code, answer.content) == (200, b"")
        assert client.call("get", "/videos/{id}", path_keys={"id": video["video"]}).entity["status"] in {
            "PROCESSING",
            "AVAILABLE",
        }

    with_client(tmp_path, story)


def test_who_and_what_belongs_to_them(tmp_path: Path) -> None:
    def story(client: Official) -> None:
        info = client.call("get", "/userinfo", versioned=False).entity
        assert f"urn:li:person:{info['sub']}" == client.me
        assert client.call("get", "/me", versioned=False).entity["id"] == info["sub"]
        acls = client.call(
            "finder",
            "/organizationAcls",
            finder_name="roleAssignee",
            query_params={"role": "ADMINISTRATOR", "state": "APPROVED"},
        )
        organization = acls.elements[0]["organization"]
        number = organization.rpartition(":")[2]
        named = client.call("get", "/organizations/{id}", path_keys={"id": int(number)}).entity
        assert named["localizedName"] == "Demo Company"
        made = client.call("create", "/posts", entity={**client.entity("We"), "author": organization})
        urn = made.decoded_entity_id
        comment = {"actor": organization, "object": urn, "message": {"text": "First"}}
        path = "/socialActions/{id}/comments"
        said = client.call("create", path, path_keys={"id": urn}, entity=comment)
        assert (said.status_code, said.entity["message"]["text"]) == (201, "First")
        assert client.call("get_all", path, path_keys={"id": urn}).elements[0]["id"] == said.entity_id
        numbers = client.call(
            "finder",
            "/organizationalEntityShareStatistics",
            finder_name="organizationalEntity",
            query_params={"organizationalEntity": organization, "shares": [urn]},
        )
        assert numbers.elements[0]["share"] == urn
        assert numbers.elements[0]["totalShareStatistics"]["commentCount"] == 1

    with_client(tmp_path, story)


def test_queries_so_long_that_the_client_hides_them_in_a_body(tmp_path: Path) -> None:
    def story(client: Official) -> None:
        urn = client.call("create", "/posts", entity=client.entity("One of many")).decoded_entity_id
        many = [f"urn:li:share:{number}" for number in range(200)]
        found = client.call("batch_get", "/posts", ids=[urn, *many])
        assert list(found.results) == [urn]
        assert len(found.errors) == 200

    with_client(tmp_path, story)


def test_the_consent_and_its_tokens(tmp_path: Path) -> None:
    def story(client: Official) -> None:
        auth = client.auth("strangers-app")
        scopes = ["openid", "profile", "w_member_social", "w_organization_social"]
        place = urlsplit(auth.generate_member_auth_url(scopes=scopes, state="s"))
        page = requests.get(
            f"{client.url}{place.path}?{place.query}&sandbox_decision=approve",
            allow_redirects=False,
            timeout=5,
        )
        code = parse_qs(urlsplit(page.headers["location"]).query)["code"][0]
        tokens = auth.exchange_auth_code_for_access_token(code)
        assert (tokens.status_code, tokens.expires_in, tokens.scope) == (200, 5_184_000, ",".join(scopes))
        told = auth.introspect_access_token(tokens.access_token)
        assert (told.active, told.status, told.auth_type) == (True, "active", "3L")
        fresh = auth.exchange_refresh_token_for_access_token(tokens.refresh_token)
        assert fresh.access_token != tokens.access_token
        assert fresh.refresh_token == tokens.refresh_token
        assert auth.get_two_legged_access_token().status_code == 401
        client.token = fresh.access_token
        assert client.call("create", "/posts", entity=client.entity("connected")).status_code == 201

    with_client(tmp_path, story)
