"""The AT Protocol's lexicons, held against every request of our connector and every answer of its stand-in."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from tests import media
from tests.platforms.conformance.stage import Stage
from tests.platforms.recording import Exchange
from tests.platforms.specs.tapped import exchanges, figures
from tests.specs.deviations import DEVIATIONS
from tests.specs.lexicons import PREFIX, lexicons
from tests.specs.openapi import unexplained

from polypost import clock
from polypost.errors import PlatformError, Rejected
from polypost.integrations import AccountSession
from polypost.platforms.base import App, Tokens
from polypost.platforms.bluesky import CONNECTOR

LEXICONS = lexicons("atproto-lexicons-20260820.json")
EXCUSED = [each.where for each in DEVIATIONS["bluesky"]]
APP = App("", "")
POST = "app.bsky.feed.post"
WRITES = "com.atproto.repo.applyWrites"
FAULTS = (
    ("video_down", "video"),
    ("video_failed", "video"),
    ("email_unconfirmed", "video"),
    ("blob_lost", "pictures"),
    ("rate_limited", "text"),
    ("duplicate", "text"),
    ("account_takedown", "text"),
)


async def connecting(stage: Stage) -> None:
    """A session from the password to its end, and what goes wrong on the way."""
    http, entry = stage.room.networks.client("bluesky"), stage.entry
    for name in (entry["identifier"], entry["email"], entry["platformUserId"]):
        tokens = await CONNECTOR.sign_in(http, name, entry["appPassword"])
        await CONNECTOR.identify(AccountSession.of_login(http, tokens))
    tokens = await CONNECTOR.login.refresh(http, APP, tokens)
    await CONNECTOR.login.revoke(http, APP, tokens)
    with pytest.raises(PlatformError):
        await CONNECTOR.login.refresh(http, APP, tokens)
    for name, password in ((entry["identifier"], "wrong"), ("nobody.example.com", "wrong")):
        with pytest.raises(Rejected):
            await CONNECTOR.sign_in(http, name, password)


async def refusals(stage: Stage) -> None:
    """Films and files that are refused, sessions that end, everything that options name."""
    kinds = {kind.name: kind for kind in stage.case.kinds}
    for fault, name in FAULTS:
        await stage.fault(fault, seconds=1)
        run, post = stage.told(kinds[name], mark=fault)
        # Some are got over: a film goes the plain way, a lost file is uploaded again.
        with suppress(PlatformError):
            await CONNECTOR.publish(run, post)
        # A limit holds for the second that was asked for.
        await stage.room.pass_time(timedelta(seconds=1))
    kind = stage.case.kinds[0]
    run, post = stage.told(kind, mark="everything")
    options = CONNECTOR.options.model_validate(
        {
            "labels": ["nudity"],
            "tags": ["hidden"],
            "langs": ["pt-BR"],
            "replyControl": ["mentioned", "followers"],
        }
    )
    await CONNECTOR.publish(run, type(post)(post.target_id, post.text, (), options))
    await stage.room.pass_time(timedelta(hours=3))
    run, post = stage.told(kind, mark="late")
    with pytest.raises(PlatformError):
        await CONNECTOR.publish(run, post)


class Stranger:
    """Somebody who makes the calls that our connector does not make, through the same wire-tap."""

    def __init__(self, stage: Stage, web: httpx2.AsyncClient, tokens: Tokens) -> None:
        self.url = stage.room.networks.overrides["bluesky"].rstrip("/")
        self.did = stage.entry["platformUserId"]
        self.web = web
        self.tokens = tokens

    async def get(self, name: str, **params: Any) -> Any:
        answer = await self.web.get(f"{self.url}{PREFIX}{name}", params=params)
        return answer.json()

    async def post(self, name: str, token: str | None = None, **body: Any) -> Any:
        return await self.send(name, token, json=body)

    async def send(self, name: str, token: str | None = None, **request: Any) -> Any:
        headers = {
            "authorization": f"Bearer {token or self.tokens.access_token}",
            **request.pop("headers", {}),
        }
        answer = await self.web.post(f"{self.url}{PREFIX}{name}", headers=headers, **request)
        return answer.json()

    async def service_token(self) -> str:
        query = {"aud": "did:web:pds.example.com", "lxm": "com.atproto.repo.uploadBlob"}
        headers = {"authorization": f"Bearer {self.tokens.access_token}"}
        answer = await self.web.get(
            f"{self.url}{PREFIX}com.atproto.server.getServiceAuth", params=query, headers=headers
        )
        return str(answer.json()["token"])


async def by_others(stage: Stage) -> None:
    """Calls that our connector does not make."""
    tokens = await CONNECTOR.sign_in(
        stage.room.networks.client("bluesky"), stage.entry["identifier"], stage.entry["appPassword"]
    )
    async with httpx2.AsyncClient(trust_env=False, timeout=20) as web:
        them = Stranger(stage, web, tokens)
        await _writing(them)
        await _reading(them, stage)
        await _films_in_parts(them)


async def _writing(them: Stranger) -> None:
    record = {"$type": POST, "text": "by others", "createdAt": clock.iso(clock.now())}
    place = {"repo": them.did, "collection": POST}
    made = await them.post("com.atproto.repo.createRecord", **place, record=record)
    rkey = made["uri"].rpartition("/")[2]
    await them.post("com.atproto.repo.createRecord", **place, record=record, rkey=rkey)
    await them.post("com.atproto.repo.putRecord", **place, record=record, rkey=rkey, swapRecord=None)
    like = {
        "$type": "app.bsky.feed.like",
        "subject": {"uri": made["uri"], "cid": made["cid"]},
        "createdAt": record["createdAt"],
    }
    writes = [
        {"$type": f"{WRITES}#create", "collection": "app.bsky.feed.like", "value": like},
        {"$type": f"{WRITES}#update", "collection": POST, "rkey": rkey, "value": record | {"text": "edited"}},
        {"$type": f"{WRITES}#delete", "collection": POST, "rkey": rkey},
    ]
    await them.post(WRITES, repo=them.did, writes=writes)


async def _reading(them: Stranger, stage: Stage) -> None:
    for shown in await stage.visible():
        await them.get("app.bsky.feed.getPosts", uris=shown["id"])
        await them.get("app.bsky.feed.getPostThread", uri=shown["id"], depth=3)
    await them.get("app.bsky.feed.getAuthorFeed", actor=them.did, limit=100)
    await them.get("app.bsky.feed.getPostThread", uri=stage.entry["examplePost"])
    await them.get("app.bsky.actor.getProfile", actor=them.did)
    await them.get("app.bsky.actor.getProfile", actor="nobody.example.com")
    await them.get("com.atproto.repo.listRecords", repo=them.did, collection=POST, limit=2, reverse="true")
    await them.get("com.atproto.repo.describeRepo", repo=them.did)
    await them.get("com.atproto.server.describeServer")
    await them.get("com.atproto.identity.resolveHandle", handle="nobody.example.com")


async def _films_in_parts(them: Stranger) -> None:
    token, film = await them.service_token(), media.mp4(seconds=3)
    begun = await them.post("app.bsky.video.startUpload", token, sizeBytes=len(film), mimeType="video/mp4")
    part = {"jobId": begun["jobId"], "partNumber": 1}
    kind = {"content-type": "application/octet-stream"}
    for body in (film, b"too short"):
        await them.send("app.bsky.video.uploadPart", token, params=part, content=body, headers=kind)
    done = await them.post("app.bsky.video.finishUpload", token, jobId=begun["jobId"])
    headers = {"authorization": f"Bearer {token}"}
    query = {"jobId": begun["jobId"]}
    status = f"{them.url}{PREFIX}app.bsky.video.getUploadStatus"
    assert (await them.web.get(status, params=query, headers=headers)).status_code == 200
    while (
        "blob"
        not in (await them.get("app.bsky.video.getJobStatus", jobId=done["completedJobId"]))["jobStatus"]
    ):
        continue
    await them.post("app.bsky.video.abortUpload", token, jobId=begun["jobId"])


@pytest.fixture(scope="module")
def met() -> list[Exchange]:
    """All calls of methods."""

    async def more(stage: Stage) -> None:
        await connecting(stage)
        await figures(stage)
        await by_others(stage)
        await refusals(stage)

    before = clock._Advance.seconds
    try:
        return [call for call in exchanges("bluesky", more) if call.path.startswith(PREFIX)]
    finally:
        clock._Advance.seconds = before


def test_every_request_and_every_answer(met: list[Exchange]) -> None:
    found = [finding for call in met for finding in LEXICONS.findings(call)]
    assert unexplained(found, EXCUSED) == (set(), set())


def test_every_method_of_the_bundle_was_called_and_answered(met: list[Exchange]) -> None:
    answered = {call.path.removeprefix(PREFIX) for call in met if call.status == 200}
    assert LEXICONS.methods - answered == set()


def test_every_kind_of_embed_was_sent_and_shown(met: list[Exchange]) -> None:
    sent = {
        call.sent["record"].get("embed", {}).get("$type")
        for call in met
        if call.path.endswith("putRecord") and call.status == 200
    }
    kinds = {"images", "gallery", "video", "external", "record"}
    assert {f"app.bsky.embed.{kind}" for kind in kinds} <= sent
    shown = {
        post.get("embed", {}).get("$type")
        for call in met
        if call.path.endswith("getPosts")
        for post in call.received.get("posts", [])
    }
    assert {f"app.bsky.embed.{kind}#view" for kind in kinds} <= shown


def test_the_reader_of_lexicons_sees_what_it_should() -> None:
    fine = {"$type": POST, "text": "x", "createdAt": "2026-11-24T12:00:00Z"}
    assert list(LEXICONS.record(fine, POST)) == []
    for change, said in (
        ({"text": "x" * 301}, "record.text: has too many characters"),
        ({"text": "é" * 1501}, "record.text: is too long or too short"),
        ({"createdAt": "yesterday"}, "record.createdAt: is no datetime"),
        ({"langs": ["x"]}, "record.langs[0]: is no language"),
        ({"langs": ["en"] * 4}, "record.langs: has too many items"),
        (
            {"embed": {"$type": "app.bsky.embed.nothing"}},
            "record.embed: app.bsky.embed.nothing is none of the union",
        ),
        (
            {"embed": {"$type": "app.bsky.embed.images", "images": [{"alt": ""}]}},
            "record.embed.images[0]: image is missing",
        ),
        ({"typo": 1}, "record: typo is unknown"),
        ({"reply": 7}, "record.reply: is no object"),
    ):
        assert said in list(LEXICONS.record({**fine, **change}, POST))
