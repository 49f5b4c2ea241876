"""Every request of the TikTok connector and every answer of the simulator against the description of the API."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests import media
from tests.platforms.recording import Exchange, recording
from tests.platforms.run import MemoryFile, MemoryRun
from tests.platforms.simulators.test_tiktok_login_simulator import REDIRECT, consented
from tests.platforms.simulators.tiktok import TikTok, at_tiktok
from tests.platforms.specs.tapped import exchanges, figures

from polypost.errors import PlatformError
from polypost.integrations import AccountSession
from polypost.outbound import NetworkClient, Networks
from polypost.platforms.base import Account, App, Grant, Post, Tokens
from polypost.platforms.tiktok import CONNECTOR
from polypost.probe import probe

SPEC = json.loads(
    (Path(__file__).parents[2] / "specs" / "tiktok-content-posting.json").read_text(encoding="utf-8")
)
ENDPOINTS = {(each["method"], each["path"]): each for each in SPEC["endpoints"]}
ERRORS = {each["code"]: each for each in SPEC["errors"]}
UPLOAD = "/video/"
VIDEO_TYPES = {"video/mp4", "video/quicktime", "video/webm"}
PREFIXES = {
    "/v2/post/publish/video/init/": {"direct_file", "direct_url"},
    "/v2/post/publish/inbox/video/init/": {"inbox_file", "inbox_url"},
    "/v2/post/publish/content/init/": {"photo_url"},
}
PYTHON = {"string": str, "bool": bool, "int": int, "int32": int, "int64": int}


def typed(value: Any, words: str) -> bool:
    """Whether a value is of the type with which its description begins."""
    kind = PYTHON[re.match(r"\w+", words)[0]]
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def fits(members: Mapping[str, Any], described: Mapping[str, str]) -> bool:
    return all(name in described and typed(value, described[name]) for name, value in members.items())


def judge_request(call: Exchange) -> None:
    if call.path == UPLOAD:
        sent = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", call.headers["content-range"])
        assert call.method == "PUT"
        assert "authorization" not in call.headers
        assert call.headers["content-type"] in VIDEO_TYPES
        assert int(call.headers["content-length"]) == len(call.body) == int(sent[2]) - int(sent[1]) + 1
        return
    endpoint = ENDPOINTS[call.method, call.path]
    assert set(call.params) == set(endpoint.get("query", ()))
    if endpoint.get("auth") == "none":
        assert "authorization" not in call.headers
        assert call.headers["content-type"] == endpoint["content_type"]
        return
    assert call.headers["authorization"].startswith("Bearer act.")
    if call.method == "POST":
        assert call.headers["content-type"] == "application/json; charset=UTF-8"
        judge_body(call.path, call.sent)


def judge_body(path: str, body: dict[str, Any]) -> None:
    if path in READING:
        assert set(body) <= READING[path]
        assert len(body.get("filters", {}).get("video_ids", ())) <= 20
        assert body.get("max_count", 1) <= 20
        return
    if path not in PREFIXES:
        assert set(body) <= {"publish_id"}
        return
    source = dict(body["source_info"])
    if path.endswith("content/init/"):
        assert set(body) == {"media_type", "post_mode", "post_info", "source_info"}
        assert (body["media_type"], source["source"]) == ("PHOTO", "PULL_FROM_URL")
        assert set(source) == set(SPEC["source_info"]["photo"])
        assert 1 <= len(source["photo_images"]) <= 35
        assert fits(body["post_info"], SPEC["post_info_photo"])
        direct = body["post_mode"] == "DIRECT_POST"
    else:
        direct = "inbox" not in path
        assert set(body) == {"source_info", *(["post_info"] if direct else [])}
        assert source.pop("source") == "FILE_UPLOAD"
        assert set(source) == set(SPEC["source_info"]["FILE_UPLOAD"])
        assert fits(source, SPEC["source_info"]["FILE_UPLOAD"])
        assert fits(body.get("post_info", {}), SPEC["post_info_video"])
    if direct:
        assert body["post_info"]["privacy_level"] in SPEC["privacy_levels"]


def judge_answer(call: Exchange) -> None:
    if call.path == UPLOAD:
        assert str(call.status) in SPEC["put_statuses"]
        assert call.answer == b""
        return
    body = call.received
    if ENDPOINTS[call.method, call.path].get("flat_errors"):
        if "error" in body:
            assert set(body) == set(SPEC["oauth_errors_flat"]["body"])
            assert body["error"] in SPEC["oauth_errors_flat"]["codes"]
        elif call.path.endswith("revoke/"):
            assert body == ENDPOINTS[call.method, call.path]["ok_body"]
        return
    assert set(body) == set(SPEC["envelope"])
    assert set(body["error"]) == set(SPEC["envelope"]["error"])
    known = ERRORS[body["error"]["code"]]
    on_purpose = "creator_info" in call.path and "HTTP 200" in known.get("note", "")
    assert call.status == (200 if on_purpose else known["http"])
    judge_data(call.path, body["data"])


def judge_data(path: str, data: dict[str, Any]) -> None:
    if path in READING and data:
        assert data["videos"]
        assert all(typed(video[name], "int64") for video in data["videos"] for name in COUNTS)
    if "publish_id" in data:
        allowed = {SPEC["publish_id_prefixes"][name] for name in PREFIXES[path]}
        assert any(data["publish_id"].startswith(prefix) for prefix in allowed)
    if "status" in data:
        assert data["status"] in SPEC["statuses"]
        assert data["fail_reason"] in {"", *SPEC["fail_reasons"]}
    if "privacy_level_options" in data:
        assert data["privacy_level_options"] in SPEC["privacy_options_by_account"].values()


def judge(exchanges: list[Exchange]) -> None:
    for call in exchanges:
        judge_request(call)
        judge_answer(call)


class Stage:
    """The connector before a recorder before the simulator."""

    def __init__(self, tiktok: TikTok, http: NetworkClient, folder: Path) -> None:
        self.tiktok = tiktok
        self.http = http
        self._folder = folder

    def run(self) -> MemoryRun:
        entry = self.tiktok.account
        account = Account(entry["platformUserId"], entry["username"])
        return MemoryRun(self.http, account, entry["accessToken"], pause=self._pause)

    async def _pause(self, wait: timedelta) -> None:
        await self.tiktok.later(wait.total_seconds())

    def file(self, name: str, data: bytes) -> MemoryFile:
        path = self._folder / name
        path.write_bytes(data)
        return MemoryFile(data, probe(path), self.tiktok.files.add(name, data))

    def post(self, *names: str, size: int = 400_000, **options: Any) -> Post:
        made = [
            self.file(
                name,
                media.mp4(seconds=10, width=720, height=1280, size=size) if "mp4" in name else media.jpeg(),
            )
            for name in names
        ]
        return Post("tgt_1", "Hello", tuple(made), CONNECTOR.options.model_validate(options))


@pytest.fixture
def on(tmp_path: Path) -> Any:
    """Tell a story and judge everything that went over the wire; `paths` have to be among it."""

    def tell(story: Any, *paths: str) -> None:
        async def main() -> None:
            async with at_tiktok(tmp_path / "sandbox") as tiktok, recording(tiktok.url) as kept:
                networks = Networks({"tiktok": kept.url})
                try:
                    await story(Stage(tiktok, networks.client("tiktok"), tmp_path))
                finally:
                    await networks.aclose()
                judge(kept.exchanges)
                assert {call.path for call in kept.exchanges} >= set(paths)

        asyncio.run(main())

    return tell


READING = {"/v2/video/query/": {"filters"}, "/v2/video/list/": {"max_count", "cursor"}}
COUNTS = ("view_count", "like_count", "comment_count", "share_count")
STATUS, CREATOR = "/v2/post/publish/status/fetch/", "/v2/post/publish/creator_info/query/"


def test_every_kind_of_post_through_the_pipeline():
    heard = exchanges("tiktok", figures)
    judge(heard)
    assert {call.path for call in heard} >= {*READING, CREATOR, STATUS, UPLOAD, *PREFIXES, "/v2/user/info/"}


def test_every_option(on):
    async def story(stage: Stage) -> None:
        flags = {"disableComment": True, "brandOrganicToggle": True, "brandContentToggle": True}
        film = {"disableDuet": True, "disableStitch": True, "isAigc": True, "videoCoverTimestampMs": 5}
        photos = {"photoCoverIndex": 1, "autoAddMusic": False, "description": "More"}
        await CONNECTOR.publish(stage.run(), stage.post("a.mp4", **flags, **film))
        await CONNECTOR.publish(stage.run(), stage.post("a.jpg", "b.jpg", **flags, **photos))
        await CONNECTOR.publish(stage.run(), stage.post("a.mp4", privacyLevel="SELF_ONLY"))

    on(story, CREATOR, UPLOAD, "/v2/post/publish/content/init/")


def test_a_video_of_several_chunks(on):
    async def story(stage: Stage) -> None:
        run = stage.run()
        await CONNECTOR.publish(run, stage.post("a.mp4", size=11_000_000))
        await CONNECTOR.reconcile(run, stage.post("a.mp4"), run.attempts[0])

    on(story, UPLOAD)


def test_the_login(on):
    async def story(stage: Stage) -> None:
        app, account = App("strangers-app", "theirs"), Account("")
        code = (await consented(stage.tiktok))["code"]
        tokens = await CONNECTOR.login.exchange(stage.http, app, Grant(code, REDIRECT))
        (account,) = await CONNECTOR.identify(AccountSession.of_login(stage.http, tokens))
        assert account.username == "demo"
        tokens = await CONNECTOR.login.refresh(stage.http, app, tokens)
        await CONNECTOR.login.revoke(stage.http, app, tokens)
        for refused in (Tokens("", "unknown"), tokens):
            with pytest.raises(PlatformError):
                await CONNECTOR.login.refresh(stage.http, app, refused)
        with pytest.raises(PlatformError):
            await CONNECTOR.login.exchange(stage.http, App("sandbox-app", "wrong"), Grant(code, REDIRECT))

    on(story, "/v2/oauth/token/", "/v2/oauth/revoke/", "/v2/user/info/")


REFUSALS = [
    ("creator_spam_risk_too_many_posts", ("a.jpg",)),
    ("creator_spam_risk_user_banned_from_posting", ("a.jpg",)),
    ("spam_risk_too_many_posts", ("a.mp4",)),
    ("reached_active_user_cap", ("a.mp4",)),
    ("unaudited_client_can_only_post_to_private_accounts", ("a.jpg",)),
    ("url_ownership_unverified", ("a.jpg",)),
    ("app_version_check_failed", ("a.jpg",)),
    ("internal_error", ("a.mp4",)),
    ("rate_limited", ("a.jpg",)),
    ("error_before", ("a.jpg",)),
    ("fails_internal", ("a.mp4",)),
    ("token_dead", ("a.jpg",)),
]


def test_refusals(on):
    async def story(stage: Stage) -> None:
        await stage.tiktok.unlimited()
        for fault, names in REFUSALS:
            await stage.tiktok.fault(fault)
            with pytest.raises(PlatformError):
                await CONNECTOR.publish(stage.run(), stage.post(*names))

    on(story)


def test_the_description_names_what_the_connector_knows():
    from polypost.platforms.tiktok.errors import CODES, FAIL_REASONS

    assert set(FAIL_REASONS) == set(SPEC["fail_reasons"])
    assert set(ERRORS) - {"ok"} == set(CODES) - {"spam_risk"}
    assert set(
        CONNECTOR.options.model_json_schema()["properties"]["privacyLevel"]["anyOf"][0]["enum"]
    ) == set(SPEC["privacy_levels"])
