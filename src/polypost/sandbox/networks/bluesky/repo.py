"""Repositories: writing records (posts among them), reading them back, listing them."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.bluesky import errors, rates
from polypost.sandbox.networks.bluesky.blobs import Blobs
from polypost.sandbox.networks.bluesky.bodies import needed, read_body, whole
from polypost.sandbox.networks.bluesky.errors import invalid, refused
from polypost.sandbox.networks.bluesky.formats import is_nsid
from polypost.sandbox.networks.bluesky.identity import Identity
from polypost.sandbox.networks.bluesky.limits import limit
from polypost.sandbox.networks.bluesky.records import Records
from polypost.sandbox.networks.bluesky.sessions import Sessions
from polypost.sandbox.networks.bluesky.tids import Tids
from polypost.sandbox.networks.bluesky.writes import (
    CREATE,
    DELETE,
    UPDATE,
    Write,
    check_place,
    cost,
    foreign,
    prepared,
)
from polypost.sandbox.simkit import Account, Caller, Refused, exchange

_BATCH = {f"com.atproto.repo.applyWrites#{action}": action for action in (CREATE, UPDATE, DELETE)}


class Repo:
    """The handlers of `com.atproto.repo`."""

    def __init__(
        self,
        sessions: Sessions,
        rates: rates.Rates,
        blobs: Blobs,
        identity: Identity,
        tids: Tids,
        records: Records,
    ) -> None:
        self._sessions = sessions
        self._rates = rates
        self._blobs = blobs
        self._identity = identity
        self._tids = tids
        self._records = records

    async def create(self, request: Request) -> Response:
        """`createRecord`: under a given key or a new one; a key that is taken is an accident of the server."""
        body = await read_body(request, repo=str, collection=str, record=dict)
        caller = self._enter(request, body)
        rkey = _key(body) if "rkey" in body else self._tids.next()
        write = self._prepare(request, caller, CREATE, body, rkey)
        if self._records.get(write.uri) is not None:
            raise Refused(errors.server_error())
        self._records.check_head(caller.account, body)
        commit = await self._carry_out(request, caller, [write])
        return JSONResponse({**write.result, "commit": commit})

    async def put(self, request: Request) -> Response:
        """`putRecord`: makes or replaces; the same record again changes nothing, whatever `swapRecord` says."""
        body = await read_body(request, repo=str, collection=str, rkey=str, record=dict)
        caller = self._enter(request, body)
        write = self._prepare(request, caller, UPDATE, body, _key(body))
        kept = self._records.get(write.uri)
        if kept is not None and kept["cid"] == write.cid:
            return JSONResponse(write.result)
        # null is a demand as well: that there be no record.
        if "swapRecord" in body and body["swapRecord"] != (kept["cid"] if kept else None):
            raise Refused(errors.swapped(kept["cid"] if kept else "null"))
        self._records.check_head(caller.account, body)
        commit = await self._carry_out(request, caller, [write])
        return JSONResponse({**write.result, "commit": commit})

    async def delete(self, request: Request) -> Response:
        """`deleteRecord`: removing what is not there is a success without a commit."""
        body = await read_body(request, repo=str, collection=str, rkey=str)
        caller = self._enter(request, body)
        check_place(body["collection"], _key(body))
        write = Write(DELETE, caller.account, body["collection"], body["rkey"])
        kept = self._records.get(write.uri)
        if kept is None:
            return JSONResponse({})
        if body.get("swapRecord") and body["swapRecord"] != kept["cid"]:
            raise Refused(errors.swapped(kept["cid"]))
        self._records.check_head(caller.account, body)
        return JSONResponse({"commit": await self._carry_out(request, caller, [write])})

    async def apply(self, request: Request) -> Response:
        """`applyWrites`: several changes, all or none."""
        body = await read_body(request, repo=str, writes=list)
        caller = self._enter(request, body)
        if len(body["writes"]) > limit("writes"):
            raise invalid(f"Too many writes. Max: {limit('writes')}")
        writes = [self._listed(request, caller, each, body) for each in body["writes"]]
        self._records.check_head(caller.account, body)
        commit = await self._carry_out(request, caller, writes)
        kind = "com.atproto.repo.applyWrites#{}Result"
        results = [
            {"$type": kind.format(write.action), **({} if write.action == DELETE else write.result)}
            for write in writes
        ]
        return JSONResponse({"commit": commit, "results": results})

    async def get(self, request: Request) -> Response:
        """`getRecord`, open to everybody."""
        self._sessions.reader(request)
        account = self._repository(needed(request, "repo"))
        uri = f"at://{account.id}/{needed(request, 'collection')}/{needed(request, 'rkey')}"
        kept = self._records.get(uri)
        wanted = request.query_params.get("cid")
        if kept is None or (wanted and wanted != kept["cid"]):
            raise refused(400, "RecordNotFound", f"Could not locate record: {uri}")
        return JSONResponse({"uri": uri, "cid": kept["cid"], "value": kept["value"]})

    async def listing(self, request: Request) -> Response:
        """`listRecords`, newest first."""
        self._sessions.reader(request)
        account = self._repository(needed(request, "repo"))
        collection = needed(request, "collection")
        if not is_nsid(collection):
            raise invalid("Params/collection must be a valid nsid")
        size = whole(request, "limit", limit("list_size"), 1, limit("list_size_max"))
        upwards = request.query_params.get("reverse") == "true"
        cursor = request.query_params.get("cursor")
        until = exchange(request).listed_until().timestamp()
        found = self._records.of(account, collection, older_than=until)
        found.sort(key=lambda kept: str(kept["rkey"]), reverse=not upwards)
        if cursor:
            found = [kept for kept in found if (kept["rkey"] > cursor if upwards else kept["rkey"] < cursor)]
        page = found[:size]
        shown = [{"uri": kept["uri"], "cid": kept["cid"], "value": kept["value"]} for kept in page]
        return JSONResponse({"records": shown, **({"cursor": page[-1]["rkey"]} if page else {})})

    async def describe(self, request: Request) -> Response:
        """`describeRepo`."""
        account = self._repository(needed(request, "repo"))
        return JSONResponse(
            {
                "handle": account.username,
                "did": account.id,
                "didDoc": self._identity.document(request, account),
                "collections": self._records.collections(account),
                "handleIsCorrect": True,
            }
        )

    async def latest_commit(self, request: Request) -> Response:
        """`com.atproto.sync.getLatestCommit`."""
        return JSONResponse(self._records.head(self._repository(needed(request, "did"))))

    def _enter(self, request: Request, body: dict[str, Any]) -> Caller:
        caller = self._sessions.user(request)
        if body["repo"].lower() not in {caller.account.id.lower(), caller.account.username.lower()}:
            raise foreign()
        return caller

    def _prepare(
        self, request: Request, caller: Caller, action: str, body: dict[str, Any], rkey: str
    ) -> Write:
        self._blobs.lose(request, caller.account, body["record"])
        return prepared(
            self._blobs,
            caller.account,
            action,
            body["collection"],
            rkey,
            body["record"],
            validate=_flag(body, "validate"),
        )

    def _listed(self, request: Request, caller: Caller, each: Any, body: dict[str, Any]) -> Write:
        """One change of a batch."""
        action = _BATCH.get(str(each.get("$type"))) if isinstance(each, dict) else None
        if action is None or not isinstance(each.get("collection"), str):
            raise invalid("Input/writes must hold creates, updates and deletes")
        if action == DELETE or (action == UPDATE and "rkey" not in each):
            check_place(each["collection"], _key(each))
        if action == DELETE:
            return Write(DELETE, caller.account, each["collection"], each["rkey"])
        if not isinstance(each.get("value"), dict):
            raise invalid("Input/writes must hold a value")
        rkey = _key(each) if "rkey" in each else self._tids.next()
        order = {"collection": each["collection"], "record": each["value"], "validate": body.get("validate")}
        write = self._prepare(request, caller, action, order, rkey)
        if (self._records.get(write.uri) is not None) is (action == CREATE):
            raise Refused(errors.server_error())
        return write

    async def _carry_out(self, request: Request, caller: Caller, writes: list[Write]) -> dict[str, str]:
        self._rates.take(request, rates.WRITES, caller.account.id, cost(writes))
        if not any(write.visible for write in writes):
            return self._records.store(caller.account, writes)
        async with exchange(request).commit():
            return self._records.store(caller.account, writes)

    def _repository(self, actor: str) -> Account:
        account = self._identity.find(actor)
        if account is None:
            raise refused(400, "RepoNotFound", f"Could not find repo: {actor[:100]}")
        return account


def _flag(body: dict[str, Any], name: str) -> bool | None:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise invalid(f"Input/{name} must be a boolean")
    return value


def _key(body: dict[str, Any]) -> str:
    rkey = body.get("rkey")
    if not isinstance(rkey, str):
        raise invalid("Input/rkey must be a string")
    return rkey
