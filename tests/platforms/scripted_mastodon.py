"""A loopback server that answers as Mastodon servers are known to answer in rare cases, and posts to send it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.platforms import scripted
from tests.platforms.run import MemoryFile, MemoryRun

from polypost import clock
from polypost.platforms.base import Account, Post
from polypost.platforms.mastodon import CONNECTOR
from polypost.probe import Facts

SERVER = "example.social"
STATUSES, MEDIA = "POST /api/v1/statuses", "POST /api/v2/media"
INSTANCE, INSTANCE_V1 = "GET /api/v2/instance", "GET /api/v1/instance"
LIST = "GET /api/v1/accounts/42/statuses"
ME = "GET /api/v1/accounts/verify_credentials"


def account(**metadata: Any) -> Account:
    """The account, its server read just now; `metadata` goes over what is known."""
    known = {"server": SERVER, "apiVersion": 10, "limits": {}, "limitsReadAt": clock.iso(clock.now())}
    return Account(f"42@{SERVER}", f"polly@{SERVER}", metadata=known | metadata)


def instance(**configuration: Any) -> dict[str, Any]:
    """What a server says of itself."""
    return {
        "domain": SERVER,
        "version": "4.6.0",
        "api_versions": {"mastodon": 10},
        "configuration": configuration or {"statuses": {"max_characters": 500}},
    }


class Script(scripted.Script):
    platform = "mastodon"

    def bodies(self, route: str = STATUSES) -> list[dict[str, Any]]:
        return [call.json for call in self.calls[route]]

    def well_behaved(self) -> None:
        self.on(STATUSES, (200, status()))
        self.on(MEDIA, (200, {"id": "22", "url": "https://files.example/22"}))
        self.on(INSTANCE, (200, instance()))
        self.on(LIST, (200, []))


def status(number: int = 7, **more: Any) -> dict[str, Any]:
    """A status as the server answers and lists it."""
    return {
        "id": str(number),
        "url": f"https://{SERVER}/@polly/{number}",
        "uri": f"https://{SERVER}/users/polly/statuses/{number}",
        "created_at": "2026-11-24T12:00:01.000Z",
        "visibility": "public",
        "in_reply_to_id": None,
        "media_attachments": [],
        "poll": None,
        "application": {"name": "Polypost", "website": None},
    } | more


def run_on(net: Script, known: Account | None = None, **kept: Any) -> MemoryRun:
    extra = kept.pop("extra", {"server": SERVER, "application": "Polypost"})
    return MemoryRun(net.http, known or account(), "token-1", extra=extra, **kept)


def post(
    text: str = "Hello", *media: MemoryFile, further: tuple[MemoryFile, ...] = (), **options: Any
) -> Post:
    asked = CONNECTOR.options.model_validate(options)
    return Post("tgt_1", text, media, asked, {file.url: file for file in further})


def picture(name: str = "a.png", size: int = 64) -> MemoryFile:
    return MemoryFile(
        b"x" * size, Facts("image", "image/png", size, 100, 100), f"https://media.example/{name}"
    )


def film(size: int = 64) -> MemoryFile:
    facts = Facts("video", "video/mp4", size, 1280, 720, duration=10.0)
    return MemoryFile(b"v" * size, facts, "https://media.example/a.mp4")


def at(second: int) -> datetime:
    return datetime(2026, 11, 24, 12, 0, second, tzinfo=UTC)
