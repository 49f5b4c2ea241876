"""An account that is always there, with one post to answer and to quote; nobody can sign in to it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from polypost.sandbox.networks.bluesky.cids import record_cid
from polypost.sandbox.simkit import Account, SimPost

_BORN = datetime(2026, 1, 1, tzinfo=UTC)
# The DID that bsky.app has on the network.
_DID, _RKEY = "did:plc:z72i7hdynmk6r22z27h6tvur", "3mbc2fh4k222a"
POST_URI = f"at://{_DID}/app.bsky.feed.post/{_RKEY}"
_RECORD: dict[str, Any] = {
    "$type": "app.bsky.feed.post",
    "text": "Welcome to the sandbox! Answer this post, or quote it.",
    "createdAt": "2026-01-01T00:00:00.000Z",
    "langs": ["en"],
}

RESIDENT = Account(
    _DID,
    "bsky.app",
    "Bluesky of the sandbox",
    {"app_password": None, "password": None, "email": None, "description": "Always here"},
    _BORN,
)
POST = SimPost(
    seq=0,
    platform="bluesky",
    id=POST_URI,
    account_id=_DID,
    created=_BORN,
    text=_RECORD["text"],
    media=[],
    permalink=f"/profile/{_DID}/post/{_RKEY}",
    parent=None,
    thread=POST_URI,
    deleted=None,
    raw={"record": _RECORD, "cid": record_cid(_RECORD), "rkey": _RKEY, "thumb": None},
)
STORED: dict[str, Any] = {
    "cid": POST.raw["cid"],
    "value": _RECORD,
    "collection": "app.bsky.feed.post",
    "rkey": _RKEY,
}
