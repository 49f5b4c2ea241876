"""Names: handles to DIDs, DIDs to documents, documents to servers."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from polypost.sandbox.networks.bluesky.bodies import needed
from polypost.sandbox.networks.bluesky.errors import invalid, refused
from polypost.sandbox.networks.bluesky.limits import limit
from polypost.sandbox.networks.bluesky.resident import RESIDENT
from polypost.sandbox.simkit import Account, Network

DOMAIN = "bsky.social"
# A client that keeps the network's names in `Host` must not be led to the real network.
REAL_HOSTS = (
    "bsky.social", "bsky.app", "api.bsky.app", "public.api.bsky.app", "video.bsky.app", "plc.directory"
)  # fmt: skip


def did_of(number: int) -> str:
    """The DID of demo account `number`, the same in every sandbox."""
    digest = hashlib.sha256(f"polypost sandbox account {number}".encode()).digest()
    return f"did:plc:{base64.b32encode(digest).decode().lower()[:24]}"


class Identity:
    """The handlers of `com.atproto.identity`, of the DID directory and of a server about itself."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def find(self, actor: str) -> Account | None:
        """The account with this handle or DID."""
        if not actor.isascii():
            return None
        if actor.lower() in {RESIDENT.id, RESIDENT.username}:
            return RESIDENT
        if actor.startswith("did:"):
            return self._net.accounts.get(actor)
        return self._net.accounts.by_username(actor)

    def address(self, request: Request) -> str:
        """Where this server is, as the caller sees it."""
        host = request.headers.get("host", "")
        if not host or host.partition(":")[0].lower() in REAL_HOSTS or "bsky.network" in host:
            return self._net.url
        return f"{request.url.scheme}://{host}"

    def service_did(self) -> str:
        """The DID of the server itself."""
        return f"did:web:{quote(urlsplit(self._net.url).netloc, safe='')}"

    def document(self, request: Request, account: Account) -> dict[str, Any]:
        """The DID document of an account."""
        return {
            "@context": [
                "https://www.w3.org/ns/did/v1",
                "https://w3id.org/security/multikey/v1",
                "https://w3id.org/security/suites/secp256k1-2019/v1",
            ],
            "id": account.id,
            "alsoKnownAs": [f"at://{account.username}"],
            "verificationMethod": [
                {
                    "id": f"{account.id}#atproto",
                    "type": "Multikey",
                    "controller": account.id,
                    # A key that nobody needs: no commit is signed here.
                    "publicKeyMultibase": "zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme",
                }
            ],
            "service": [
                {
                    "id": "#atproto_pds",
                    "type": "AtprotoPersonalDataServer",
                    "serviceEndpoint": self.address(request),
                }
            ],
        }

    async def resolve_handle(self, request: Request) -> Response:
        """`com.atproto.identity.resolveHandle`."""
        account = self.find(needed(request, "handle"))
        if account is None:
            raise invalid("Unable to resolve handle")
        return JSONResponse({"did": account.id})

    async def resolve_did(self, request: Request) -> Response:
        """`com.atproto.identity.resolveDid`."""
        account = self.find(needed(request, "did"))
        if account is None:
            raise refused(400, "DidNotFound", "DID not found")
        return JSONResponse({"didDoc": self.document(request, account)})

    async def resolve_identity(self, request: Request) -> Response:
        """`com.atproto.identity.resolveIdentity`."""
        account = self.find(needed(request, "identifier"))
        if account is None:
            raise refused(400, "HandleNotFound", "Unable to resolve identity")
        return JSONResponse(
            {"did": account.id, "handle": account.username, "didDoc": self.document(request, account)}
        )

    async def directory(self, request: Request) -> Response:
        """`https://plc.directory/{did}`."""
        did = request.path_params["did"]
        account = self.find(did) if did.startswith("did:") else None
        if account is None:
            return JSONResponse({"message": f"DID not registered: {did}"}, 404)
        return JSONResponse(self.document(request, account), media_type="application/did+ld+json")

    async def well_known_did(self, request: Request) -> Response:
        """`https://{handle}/.well-known/atproto-did`, for the handle in `Host`."""
        account = self._net.accounts.by_username(request.headers.get("host", "").partition(":")[0])
        return PlainTextResponse(account.id) if account else PlainTextResponse("User not found", 404)

    async def well_known_document(self, request: Request) -> Response:
        """`/.well-known/did.json`: the server's own document."""
        did = self.service_did()
        service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer"}
        service["serviceEndpoint"] = self.address(request)
        return JSONResponse({"@context": ["https://www.w3.org/ns/did/v1"], "id": did, "service": [service]})

    async def describe_server(self, _request: Request) -> Response:
        """`com.atproto.server.describeServer`."""
        return JSONResponse(
            {
                "did": self.service_did(),
                "availableUserDomains": [f".{DOMAIN}"],
                "inviteCodeRequired": True,
                "phoneVerificationRequired": False,
                "blobUploadLimit": limit("blob_bytes"),
                "links": {},
                "contact": {},
            }
        )

    async def health(self, _request: Request) -> Response:
        """`/xrpc/_health`."""
        return JSONResponse({"version": "0.4.217"})
