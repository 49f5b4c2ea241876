"""Threads: what we send and what the simulator answers, against Meta's own collection of requests and samples."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
from tests import media
from tests.platforms.conformance.stage import Stage
from tests.platforms.recording import Exchange
from tests.platforms.simulators.threads import DAY, Threads, at_threads
from tests.platforms.specs.tapped import exchanges
from tests.specs.deviations import DEVIATIONS
from tests.specs.openapi import unexplained
from tests.specs.postman import Collection, Request

from polypost import clock
from polypost.platforms.base import App, Grant
from polypost.platforms.threads import CONNECTOR

# The collection's authorisation puts the token into the query; each of its paths exists with a version before it.
COLLECTION = Collection(
    "threads-api.postman_collection.json",
    base="/v1.0",
    owner="me",
    anywhere=frozenset({"access_token"}),
)
EXCUSED = [each.where for each in DEVIATIONS["threads"]]
# The window of the login is a page for people and no request of the collection.
BESIDE = ("/oauth/authorize",)
CALLBACK = "https://polypost.example/v1/connect/threads/callback"
SECRETS = {"app_id": "sandbox-app", "app_secret": "sandbox-app-secret", "redirect_uri": CALLBACK}


async def consent(web: httpx2.AsyncClient, url: str) -> str:
    """A code, as the login's window gives it."""
    asked = {
        "client_id": SECRETS["app_id"],
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": ",".join(CONNECTOR.spec.oauth.scopes),
        "sandbox_decision": "approve",
    }
    page = await web.get(f"{url}/oauth/authorize", params=asked)
    return httpx2.URL(page.headers["location"]).params["code"]


async def connect_and_renew(stage: Stage) -> None:
    """What connecting an account and renewing its token say to Threads."""
    session, now = stage.told(stage.case.kinds[0])[0], clock.now()
    span = {"since": now - timedelta(days=1), "until": now + timedelta(days=1)}
    assert await CONNECTOR.recent(session, **span, most=100)
    http = stage.room.networks.client("threads")
    app = App(SECRETS["app_id"], SECRETS["app_secret"])
    async with httpx2.AsyncClient(trust_env=False) as web:
        code = await consent(web, stage.room.info.urls["threads"])
    tokens = await CONNECTOR.login.exchange(http, app, Grant(code, CALLBACK))
    clock.advance(DAY + 60)
    await CONNECTOR.login.refresh(http, app, tokens)


def test_every_exchange_is_as_documented() -> None:
    heard = [each for each in exchanges("threads", connect_and_renew) if not each.path.startswith(BESIDE)]
    assert {request.label for each in heard for request in COLLECTION.fitting(each)} >= {
        "POST /oauth/access_token",
        "GET /access_token",
        "GET /refresh_access_token",
        "GET /debug_token",
        "GET /me",
        "GET /me/threads_publishing_limit",
        "POST /me/threads",
        "GET /{{container_id}}",
        "POST /me/threads_publish",
        "GET /{{thread_id}}",
        "GET /me/threads",
        "GET /{{thread_id}}/insights",
        "DELETE /{{thread_id}}",
    }
    findings = [finding for each in heard for finding in COLLECTION.findings(each)]
    left, needless = unexplained(findings, EXCUSED)
    assert left == set()
    assert needless == set()


def test_every_sample_request_is_answered_as_its_sample_says(tmp_path: Path) -> None:
    assert len(COLLECTION.requests) == 37

    async def main() -> list[str]:
        async with at_threads(tmp_path) as threads:
            await threads.running.control("POST", "clock", advance=DAY + 60)
            player = Player(threads)
            return [finding for request in COLLECTION.requests for finding in await player.play(request)]

    left, needless = unexplained(asyncio.run(main()), EXCUSED)
    assert left == set()
    assert needless == set()


class Player:
    """Sends the collection's requests one after the other, as Postman would with its variables filled."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._values = COLLECTION.variables | SECRETS
        self._values["image_url"] = threads.files.add("a.jpg", media.jpeg())
        self._values["video_url"] = threads.film()
        self._items: list[str] = []

    async def play(self, request: Request) -> list[str]:
        """One request; what differs from its sample."""
        await self._prepare(request)
        query = {name: self._filled(value) for name, value in request.query.items()}
        query |= await self._beyond(request)
        path = "/" + "/".join(self._filled(part) for part in request.path.strip("/").split("/"))
        answer = await self._threads.running.http.request(
            request.method, self._threads.url + path, params=query
        )
        assert answer.status_code == 200, (request.name, answer.text)
        await self._learn(request, answer.json())
        return COLLECTION.findings(
            Exchange(request.method, path, str(answer.url.query.decode()), {}, b"", 200, {}, answer.content)
        )

    def _filled(self, value: str) -> str:
        for name, filled in self._values.items():
            value = value.replace(f"{{{{{name}}}}}", str(filled))
        assert "{{" not in value, value
        return value

    async def _prepare(self, request: Request) -> None:
        """What has to be there before."""
        threads, values = self._threads, self._values
        if "{{code}}" in request.query.values():
            values["code"] = await consent(threads.running.http, threads.url)
        if "{{carousel_children_ids}}" in request.query.values():
            values["carousel_children_ids"] = ",".join([await threads.finished(i) for i in self._items])
        if "{{quote_post_id}}" in request.query.values():
            values["quote_post_id"] = await threads.text("worth quoting")
        if "reply_thread_id" in request.path or "{{reply_thread_id}}" in request.query.values():
            values["reply_thread_id"] = await threads.text("a reply", reply_to_id=values["thread_id"])
        if request.name == "Control Who Can Reply":
            values["reply_control"] = "followers_only"
        if "{{location_id}}" in request.path:
            values["location_id"] = "220000000000000001"
        if request.name == "Search for Threads Posts":
            await threads.text("About the ThreadsAPI")
        if request.name == "Get Mentioned Threads Posts":
            await (await threads.other()).text("Hello @demo")
        if request.name == "Embed a Threads Post":
            await (await threads.other()).text("Shown elsewhere")
        if request.name == "Debug Access Token":
            values["input_token"] = threads.token

    async def _beyond(self, request: Request) -> dict[str, str]:
        """Parameters that the collection adds by its authorisation, or leaves to whoever sends it."""
        threads = self._threads
        if request.name == "Exchange the Code For a Token" or request.name == "Get App Access Token":
            return {}
        if request.name == "Get Long-Lived Access Token":
            return {"access_token": self._values["short_token"]}
        if request.name == "Embed a Threads Post":
            shown = (await threads.get("me/threads", fields="permalink", limit=1))["data"][0]
            return {"access_token": self._values["app_access_token"], "url": shown["permalink"]}
        more = {"access_token": threads.token}
        if request.name == "Get Account Insights":
            more["breakdown"] = "country"
        if request.query.get("username") == "threads":
            more["username"] = "demo2"
        return more

    async def _learn(self, request: Request, answer: dict[str, Any]) -> None:
        """Keep the ids that later requests name, as the collection's own scripts do."""
        threads, values = self._threads, self._values
        if request.label == "POST /oauth/access_token":
            values["short_token"] = answer["access_token"]
        if request.label == "GET /oauth/access_token":
            values["app_access_token"] = answer["access_token"]
        if request.label == "POST /me/threads_publish":
            values["thread_id"] = answer["id"]
        if request.label == "DELETE /{{thread_id}}":
            values["thread_id"] = await threads.text("the next one")
        if request.label == "POST /me/threads" and "auto_publish_text" not in request.query:
            if request.query.get("is_carousel_item"):
                self._items.append(answer["id"])
            else:
                values["container_id"] = await threads.finished(answer["id"])


def heard(method: str, path: str, query: str = "", body: bytes = b"", answer: bytes = b"{}") -> list[str]:
    form = {"content-type": "application/x-www-form-urlencoded"} if body else {}
    return sorted(COLLECTION.findings(Exchange(method, path, query, form, body, 200, {}, answer)))


def test_the_comparison_sees_what_it_should() -> None:
    assert heard("PUT", "/v1.0/me") == ["PUT /v1.0/me: not in the collection"]
    create = "POST /me/threads"
    assert heard("POST", "/v1.0/24/threads", body=b"media_type=TEXT", answer=b'{"id":"1"}') == []
    assert heard("POST", "/v1.0/24/threads", body=b"text=x&nonsense=1", answer=b'{"id":1,"uri":"x"}') == [
        f"{create}: answer id: a number instead of a text",
        f"{create}: answer uri: not in the sample",
        f"{create}: parameter media_type: missing",
        f"{create}: parameter nonsense: not in the collection",
    ]
    (finding,) = heard("GET", "/v1.0/18", "fields=status_code", answer=b'{"id":"1"}')
    assert finding.endswith("fields status_code: not in the collection")
    quota = b'{"data":[{"quota_usage":"1"}]}'
    assert heard("GET", "/v1.0/me/threads_publishing_limit", "fields=quota_usage", answer=quota) == [
        "GET /me/threads_publishing_limit: answer data[].quota_usage: a text instead of a number"
    ]
    listed = b'{"data":[{"id":"1","timestamp":"2026-01-01"}]}'
    assert heard("GET", "/v1.0/24/threads", "fields=timestamp&limit=5", answer=listed) == [
        "GET /me/threads: answer data[].timestamp: not an instant as in the sample"
    ]
    assert heard("POST", "/v1.0/me/threads_publish", "creation_id=1") == [
        "POST /me/threads_publish: answer id: missing"
    ]
