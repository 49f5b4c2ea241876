"""A loopback server that answers as Bluesky is known to answer, in the order that a test lined up."""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.platforms import scripted
from tests.platforms.run import MemoryRun

from polypost.platforms.base import Account

DID = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
OTHER = "did:plc:ragtjsm2j2vknwkz3zp4oxrd"
SERVER = "https://morel.us-east.host.bsky.network"
ACCOUNT = Account(DID, "alice.bsky.social")
EXTRA = {"pds": SERVER, "did": DID}

PUT = "POST /xrpc/com.atproto.repo.putRecord"
GET_RECORD = "GET /xrpc/com.atproto.repo.getRecord"
UPLOAD = "POST /xrpc/com.atproto.repo.uploadBlob"
RESOLVE = "GET /xrpc/com.atproto.identity.resolveHandle"
CREATE = "POST /xrpc/com.atproto.server.createSession"
REFRESH = "POST /xrpc/com.atproto.server.refreshSession"
SESSION = "GET /xrpc/com.atproto.server.getSession"
PROFILE = "GET /xrpc/app.bsky.actor.getProfile"
SERVICE_AUTH = "GET /xrpc/com.atproto.server.getServiceAuth"
ALLOWANCE = "GET /xrpc/app.bsky.video.getUploadLimits"
VIDEO = "POST /xrpc/app.bsky.video.uploadVideo"
JOB = "GET /xrpc/app.bsky.video.getJobStatus"
DOCUMENT = f"GET /{DID}"

STORED = (200, {"uri": f"at://{DID}/app.bsky.feed.post/x", "cid": "bafyreia"})


class Script(scripted.Script):
    platform = "bluesky"


def run_on(net: Script, **kept: Any) -> MemoryRun:
    return MemoryRun(net.http, ACCOUNT, "token-1", **({"extra": EXTRA} | kept))


def wrong(name: str, message: str = "It is so") -> dict[str, str]:
    return {"error": name, "message": message}


def jwt(**claims: Any) -> str:
    """A token that says something of itself; nobody here checks its signature."""
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJFUzI1NksifQ.{body}.c2ln"


def document(server: Any = SERVER, handle: str = "alice.bsky.social", did: str = DID) -> dict[str, Any]:
    """A DID document."""
    service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": server}
    return {"id": did, "alsoKnownAs": [f"at://{handle}"], "service": [service]}


def session(**more: Any) -> dict[str, Any]:
    """What opening or renewing a session answers."""
    return {
        "accessJwt": jwt(scope="com.atproto.appPass", exp=2_000_000_000),
        "refreshJwt": jwt(scope="com.atproto.refresh", exp=2_007_000_000),
        "handle": "alice.bsky.social",
        "did": DID,
        **more,
    }
