"""From what a client wants to write to a record that may be stored: keys, schemas, blobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from polypost.sandbox.networks.bluesky import schema
from polypost.sandbox.networks.bluesky.blobs import Blob, Blobs
from polypost.sandbox.networks.bluesky.cids import NotData, record_cid
from polypost.sandbox.networks.bluesky.errors import invalid, refused
from polypost.sandbox.networks.bluesky.formats import is_nsid, is_rkey
from polypost.sandbox.networks.bluesky.limits import limit
from polypost.sandbox.networks.bluesky.tids import is_tid
from polypost.sandbox.simkit import Account

POST = "app.bsky.feed.post"
CREATE, UPDATE, DELETE = "create", "update", "delete"
POINTS = {CREATE: "create_points", UPDATE: "update_points", DELETE: "delete_points"}


@dataclass(frozen=True, slots=True)
class Write:
    """One change of a repository that may be carried out."""

    action: str
    account: Account
    collection: str
    rkey: str
    record: dict[str, Any] = field(default_factory=dict)
    cid: str = ""
    status: str = "unknown"
    blobs: tuple[Blob, ...] = ()
    fits: bool = True

    @property
    def uri(self) -> str:
        """The address of the record."""
        return f"at://{self.account.id}/{self.collection}/{self.rkey}"

    @property
    def visible(self) -> bool:
        """Whether it makes a post."""
        return self.action != DELETE and self.collection == POST

    @property
    def result(self) -> dict[str, Any]:
        """What the writer is told."""
        return {"uri": self.uri, "cid": self.cid, "validationStatus": self.status}


def prepared(
    blobs: Blobs,
    account: Account,
    action: str,
    collection: str,
    rkey: str,
    record: dict[str, Any],
    *,
    validate: bool | None,
) -> Write:
    """A record to write. Raises Refused with the server's answer to the first rule that is broken."""
    check_place(collection, rkey)
    record = {"$type": collection, **record}
    if record["$type"] != collection:
        raise invalid(f"Invalid $type: expected {collection}, got {record['$type']}")
    known, fits = False, True
    try:
        known = schema.check(collection, record)
    except schema.Misfit as misfit:
        if validate is not False:
            raise invalid(f"Invalid {collection} record: {misfit}") from misfit
        fits = False
    # Left out, `validate` checks what is known and lets the rest pass (lexicon of createRecord).
    if validate and not known:
        raise invalid(f"Unknown lexicon type: {collection}")
    try:
        cid = record_cid(record)
    except NotData as error:
        raise invalid(f"Invalid record: {error}") from error
    found = tuple(blobs.referenced(account, each) for each in schema.blobs(record))
    status = "valid" if known and validate is not False else "unknown"
    return Write(action, account, collection, rkey, record, cid, status, found, fits)


def check_place(collection: str, rkey: str) -> None:
    """Raise Refused for a collection or key that no record can have."""
    if not is_nsid(collection):
        raise invalid(f"Invalid collection: {collection[:100]}")
    if not is_rkey(rkey):
        raise invalid("Invalid record key")
    if collection in schema.RECORDS and not is_tid(rkey):
        raise invalid(f'Invalid record key. Expected a valid TID (got "{rkey[:40]}")')


def cost(writes: list[Write]) -> int:
    """How many points the writes take of the account's allowance."""
    return sum(limit(POINTS[write.action]) for write in writes)


def foreign() -> Exception:
    """The refusal to write into somebody else's repository."""
    # As observed on the reference server.
    return refused(403, "AccountNotFound", "Account not found")
