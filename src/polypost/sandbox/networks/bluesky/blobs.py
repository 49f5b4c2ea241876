"""Files before and after a record refers to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from polypost import clock
from polypost.errors import PolypostError
from polypost.probe import Facts, probe
from polypost.sandbox.networks.bluesky import rates
from polypost.sandbox.networks.bluesky.bodies import needed
from polypost.sandbox.networks.bluesky.cids import file_cid
from polypost.sandbox.networks.bluesky.errors import invalid, refused
from polypost.sandbox.networks.bluesky.limits import limit, span
from polypost.sandbox.networks.bluesky.schema import blobs as references
from polypost.sandbox.networks.bluesky.sessions import Sessions
from polypost.sandbox.simkit import Account, Network, exchange

BLOB = "blob"


@dataclass(frozen=True, slots=True)
class Blob:
    """A stored file: `name` is that of its bytes, `facts` what is known about them, None for no image or video."""

    cid: str
    mime: str
    size: int
    name: str
    facts: Facts | None

    @property
    def reference(self) -> dict[str, Any]:
        """The blob as records hold it."""
        return {"$type": "blob", "ref": {"$link": self.cid}, "mimeType": self.mime, "size": self.size}


class Blobs:
    """The handlers, and the store of files."""

    def __init__(self, net: Network, sessions: Sessions, rates: rates.Rates) -> None:
        self._sessions = sessions
        self._rates = rates
        self._net = net

    async def upload(self, request: Request) -> Response:
        """`com.atproto.repo.uploadBlob`: the bytes are the body; what they are is seen from them, not from the header."""
        caller = self._sessions.user(request)
        self._rates.take(request, rates.BLOBS, caller.account.id)
        declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not declared:
            raise invalid("Request encoding (Content-Type) required but not provided")
        most = limit("blob_bytes")
        if int(request.headers.get("content-length", "0")) > most:
            raise refused(413, "PayloadTooLarge", "request entity too large")
        name = self._net.blobs.new()
        size = await self._net.blobs.receive(name, request.stream(), limit=most)
        if size > most:
            self._net.blobs.delete(name)
            raise refused(413, "PayloadTooLarge", "request entity too large")
        if size == 0:
            self._net.blobs.delete(name)
            raise invalid("Request body is empty")
        return JSONResponse({"blob": self.keep(caller.account, name, declared).reference})

    async def get(self, request: Request) -> Response:
        """`com.atproto.sync.getBlob`."""
        found = self.find(needed(request, "did"), needed(request, "cid"))
        if found is None:
            raise refused(400, "BlobNotFound", "Blob not found")
        headers = {
            "x-content-type-options": "nosniff",
            "content-security-policy": "default-src 'none'; sandbox",
        }
        return FileResponse(self._net.blobs.path(found.name), media_type=found.mime, headers=headers)

    def keep(self, account: Account, name: str, declared: str) -> Blob:
        """Take a file in; one that nothing refers to is forgotten after a while."""
        path = self._net.blobs.path(name)
        try:
            facts: Facts | None = probe(path)
        except PolypostError:
            facts = None
        blob = Blob(file_cid(path), facts.mime if facts else declared, path.stat().st_size, name, facts)
        earlier = self.find(account.id, blob.cid)
        if earlier is not None:
            self._net.blobs.delete(name)
            blob = Blob(blob.cid, blob.mime, blob.size, earlier.name, facts)
        kept = self._net.documents.get(BLOB, _key(account.id, blob.cid))
        # The same bytes, uploaded again, keep what a record refers to.
        used = kept is not None and kept.expires is None
        self._store(account, blob, forever=used)
        return blob

    def find(self, did: str, cid: str) -> Blob | None:
        """A blob of an account that is still kept."""
        kept = self._net.documents.get(BLOB, _key(did, cid))
        if kept is None or kept.expired:
            return None
        facts = Facts.from_dict(kept.body["facts"]) if kept.body["facts"] else None
        return Blob(cid, kept.body["mime"], kept.body["size"], kept.body["name"], facts)

    def referenced(self, account: Account, reference: dict[str, Any]) -> Blob:
        """The blob behind a record's reference. Raises Refused."""
        cid = _link(reference)
        found = self.find(account.id, cid)
        if found is None:
            raise refused(400, "BlobNotFound", f"Could not find blob: {cid}")
        if found.mime != reference.get("mimeType"):
            said = f"Referenced Mimetype does not match stored blob. Expected: {found.mime}, Got: {reference.get('mimeType')}"
            raise refused(400, "InvalidMimeType", said)
        if found.size != reference.get("size"):
            raise refused(
                400, "InvalidSize", f"Referenced Size does not match stored blob. Expected: {found.size}"
            )
        return found

    def hold(self, account: Account, blob: Blob) -> None:
        """A record refers to the blob now: it stays."""
        self._store(account, blob, forever=True)

    def lose(self, request: Request, account: Account, record: Any) -> None:
        """The fault `blob_lost`: the files of a record vanish before it is written."""
        found = list(references(record))
        if found and exchange(request).fault("blob_lost"):
            for each in found:
                self._net.documents.delete(BLOB, _key(account.id, _link(each)))

    def _store(self, account: Account, blob: Blob, *, forever: bool) -> None:
        self._net.documents.put(
            BLOB,
            _key(account.id, blob.cid),
            {
                "mime": blob.mime,
                "size": blob.size,
                "name": blob.name,
                "facts": blob.facts.as_dict() if blob.facts else None,
            },
            account_id=account.id,
            expires=None if forever else clock.now() + span("blob_life_seconds"),
        )


def _link(reference: dict[str, Any]) -> str:
    link = reference.get("ref")
    return str(link.get("$link", "")) if isinstance(link, dict) else ""


def _key(did: str, cid: str) -> str:
    return f"{did}/{cid}"
