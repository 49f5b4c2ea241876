"""A loopback server that answers as Google is known to answer in rare cases, and posts to send it."""

from __future__ import annotations

from typing import Any

from tests.platforms import scripted
from tests.platforms.run import MemoryFile, MemoryRun

from polypost.platforms.base import Account, Post
from polypost.platforms.googlebusiness import CONNECTOR
from polypost.probe import Facts

HOME = "accounts/111/locations/222"
NAME = f"{HOME}/localPosts/333"
MAPS, SEARCH = "https://maps.google.com/maps?cid=5", "https://local.google.com/place?id=5&lpsid=333"
ACCOUNT = Account(HOME, name="Café", profile_url=MAPS, metadata={"languageCode": "de"})
CREATE, LIST = f"POST /v4/{HOME}/localPosts", f"GET /v4/{HOME}/localPosts"
GET, DELETE = f"GET /v4/{NAME}", f"DELETE /v4/{NAME}"
ACCOUNTS = "GET /v1/accounts"


class Script(scripted.Script):
    platform = "googlebusiness"

    def sent(self, route: str = CREATE, number: int = -1) -> Any:
        """The JSON of a call."""
        return self.calls[route][number].json

    def well_behaved(self) -> None:
        self.on(CREATE, (200, shown()))
        self.on(GET, (200, shown()))
        self.on(LIST, (200, {}))
        self.on(DELETE, (200, {}))


def photo(name: str = "a.jpg", *, kind: Any = None, thumbnail: str | None = None) -> MemoryFile:
    facts = (
        Facts("video", "video/mp4", 1000)
        if kind == "video"
        else Facts("image", "image/jpeg", 50_000, width=1200, height=900)
    )
    return MemoryFile(b"x", facts, f"https://media.example/{name}", kind, thumbnail=thumbnail)


def post(
    *items: MemoryFile, text: str = "Open today", extra: dict[str, MemoryFile] | None = None, **options: Any
) -> Post:
    return Post("tgt_1", text, items, CONNECTOR.options.model_validate(options), extra or {})


def shown(state: str = "LIVE", **more: Any) -> dict[str, Any]:
    told = {
        "name": NAME,
        "state": state,
        "topicType": "STANDARD",
        "summary": "Open today",
        "searchUrl": SEARCH,
    }
    return {name: value for name, value in {**told, **more}.items() if value is not None}


def refused(status: int, word: str = "", *details: dict[str, Any], text: str = "no") -> tuple[int, Any]:
    """An error as Google's interfaces answer it."""
    body = {"code": status, "message": text, "status": word}
    return status, {"error": body | ({"details": list(details)} if details else {})}


def reason(name: str, **metadata: str) -> dict[str, Any]:
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": name,
        "domain": "googleapis.com",
        "metadata": metadata,
    }


def broken(code: int, field: str | None = None, text: str = "This is wrong.") -> tuple[int, Any]:
    """A post that Google finds wrong."""
    entry = {"code": code, "message": text} | ({"field": field} if field else {})
    detail = {"@type": "type.googleapis.com/google.mybusiness.v4.ValidationError", "errorDetails": [entry]}
    return refused(400, "INVALID_ARGUMENT", detail)


def run_on(net: Script, **kept: Any) -> MemoryRun:
    return MemoryRun(net.http, kept.pop("account", ACCOUNT), "token-1", **kept)
