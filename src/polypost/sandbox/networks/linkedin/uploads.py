"""Announcing, sending and finishing uploads, and asking how far they are."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.linkedin import errors, restli, urns
from polypost.sandbox.networks.linkedin.auth import Auth, Caller
from polypost.sandbox.networks.linkedin.library import WAITING, Asset, Chunk, Library
from polypost.sandbox.networks.linkedin.limits import limit
from polypost.sandbox.networks.linkedin.media_rules import most_bytes
from polypost.sandbox.simkit import Network, Refused, exchange

KINDS = {"images": "image", "documents": "document", "videos": "video"}
ADDRESS = "/dms-uploads/{asset}/{part}"


class Uploads:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, library: Library) -> None:
        self._net = net
        self._auth = auth
        self._library = library

    async def act(self, request: Request) -> Response:
        """`POST /rest/{images,documents,videos}?action=…`."""
        caller = self._auth.enter(request)
        resource = _resource(request)
        body = await restli.read_object(request)
        action = request.query_params.get("action", "")
        if action == "initializeUpload":
            asked = _member(body, "initializeUploadRequest")
            return JSONResponse({"value": self._begin(request, caller, KINDS[resource], asked)})
        if action == "finalizeUpload" and resource == "videos":
            await self._finalize(request, caller, _member(body, "finalizeUploadRequest"))
            return Response(status_code=200)
        raise errors.invalid("INVALID_VALUE_FOR_FIELD", f"There is no action {action[:40]!r}", "action")

    async def send(self, request: Request) -> Response:
        """`PUT` to an upload address: 201, or 200 with an ETag for a part of a video."""
        asset = self._library.get(request.path_params["asset"])
        given = request.query_params.get("ut", "")
        if asset is None or not secrets.compare_digest(asset.secret.encode(), given.encode()):
            raise errors.not_found("upload")
        exchange(request).identify(asset.owner)
        if asset.expired:
            raise errors.invalid("EXPIRED_UPLOAD_URL", "The upload URL has expired")
        part = request.path_params["part"]
        if part in {"captions", "thumbnail"}:
            return await _swallowed(request)
        if self._library.parts(asset):
            return await self._part(request, asset, part)
        if exchange(request).fault("upload_needs_token") and "authorization" not in request.headers:
            raise errors.refused("empty_token")
        size = await self._library.receive(asset, request.stream())
        if size > most_bytes(asset.kind):
            raise Refused(errors.answer(errors.Fault(413, "The file is too large")))
        if not size:
            raise errors.invalid("MISSING_FIELD", "The upload holds no bytes")
        self._finish(request, asset)
        return Response(status_code=201, headers=errors.traced())

    async def status(self, request: Request) -> Response:
        """`GET /rest/{images,documents,videos}/{urn}`."""
        caller = self._auth.enter(request)
        resource = _resource(request)
        # Tokens of self-serve apps are often not let in here.
        if exchange(request).fault("status_forbidden"):
            raise errors.denied(f"{resource}.GET")
        entity = self._entity(request, caller, resource, request.path_params["urn"])
        if entity is None:
            raise errors.not_found(request.path_params["urn"])
        return JSONResponse(entity)

    async def several(self, request: Request) -> Response:
        """`GET /rest/{images,documents,videos}?ids=List(…)`."""
        caller = self._auth.enter(request)
        resource = _resource(request)
        ids = restli.listed(request, "ids")
        if ids is None:
            raise errors.invalid("MISSING_FIELD", "ids is missing", "ids")
        return restli.batch(ids, lambda urn: self._entity(request, caller, resource, urn))

    def _begin(self, request: Request, caller: Caller, kind: str, asked: dict[str, Any]) -> dict[str, Any]:
        owner = asked.get("owner")
        if urns.kind_of(owner) not in urns.AUTHORS:
            raise errors.invalid("INVALID_URN_TYPE", "The owner is not a member or organization", "owner")
        if not isinstance(owner, str) or not caller.writes(owner):
            raise errors.denied(f"{kind}s.ACTION-initializeUpload")
        exchange(request).identify(owner)
        if kind == "video":
            return self._begin_video(request, owner, asked)
        asset = self._library.begin(kind, owner)
        return {
            "uploadUrlExpiresAt": int(asset.expires.timestamp() * 1000),
            "uploadUrl": self._address(request, asset, "0"),
            kind: asset.urn,
        }

    def _begin_video(self, request: Request, owner: str, asked: dict[str, Any]) -> dict[str, Any]:
        size = asked.get("fileSizeBytes")
        if not isinstance(size, int) or isinstance(size, bool):
            raise errors.invalid("MISSING_FIELD", "fileSizeBytes is missing", "fileSizeBytes")
        if not 0 < size <= limit("video_bytes_max"):
            raise errors.invalid(
                "INVALID_VALUE_FOR_FIELD", "The size of the video is out of range", "fileSizeBytes"
            )
        video = self._library.begin("video", owner, size=size)
        value = {
            "uploadUrlsExpireAt": int(video.expires.timestamp() * 1000),
            "video": video.urn,
            "uploadInstructions": [
                {
                    "uploadUrl": self._address(request, video, str(part.number)),
                    "firstByte": part.first,
                    "lastByte": part.last,
                }
                for part in self._library.parts(video)
            ],
            # Empty in the documents' own samples; `finalizeUpload` sends it back.
            "uploadToken": "",
        }
        for name, extra in (("uploadCaptions", "captions"), ("uploadThumbnail", "thumbnail")):
            if asked.get(name) is True:
                value[f"{extra}UploadUrl"] = self._address(request, video, extra)
        return value

    def _address(self, request: Request, asset: Asset, part: str) -> str:
        """An upload address on the host that the caller knows us by."""
        base = str(request.base_url).rstrip("/")
        return f"{base}{ADDRESS.format(asset=asset.urn, part=part)}?ca=vector_feedshare&ut={asset.secret}"

    async def _part(self, request: Request, video: Asset, number: str) -> Response:
        part = next((part for part in self._library.parts(video) if str(part.number) == number), None)
        if part is None or video.stage != WAITING:
            raise errors.not_found("upload")
        # Publishers in wide use send every stretch of a video to the first address; their videos come out whole.
        received = await self._library.receive_part(video, part, request.stream())
        if not received.size:
            raise errors.invalid("MISSING_FIELD", "The upload holds no bytes")
        return Response(status_code=200, headers={"etag": f'"{received.etag}"', **errors.traced()})

    async def _finalize(self, request: Request, caller: Caller, asked: dict[str, Any]) -> None:
        urn, ids = asked.get("video"), asked.get("uploadedPartIds")
        video = self._library.get(urn) if isinstance(urn, str) else None
        if video is None or video.kind != "video" or not caller.writes(video.owner):
            raise errors.invalid("INVALID_VIDEO_ID", "The video is not known", "video")
        if not isinstance(ids, list) or not ids:
            raise errors.invalid("MISSING_FIELD", "uploadedPartIds is missing", "uploadedPartIds")
        came = self._library.chunks(video)
        known = {chunk.etag: chunk for chunk in came}
        order: list[Chunk] = []
        for given in ids:
            # Clients send the etag as it came, in quotes, or without them.
            chunk = known.get(str(given).strip('"'))
            if chunk is None:
                raise errors.invalid(
                    "INVALID_VALUE_FOR_FIELD", "There is no part with this id", "uploadedPartIds"
                )
            order.append(chunk)
        if video.stage == WAITING:
            # The numbers of the addresses have to rise, and all the bytes that were announced to be there.
            numbers = [chunk.number for chunk in order]
            whole = numbers == sorted(numbers) and sum(chunk.size for chunk in order) == video.size
            await self._library.join(video, order)
            self._finish(request, video, damaged=not whole)

    def _finish(self, request: Request, asset: Asset, *, damaged: bool = False) -> None:
        call = exchange(request)
        extra = call.seconds("processing")
        failed = call.fault("processing_failed") is not None
        self._library.finish(asset, extra_seconds=extra, damaged=damaged, failed=failed)

    def _entity(self, request: Request, caller: Caller, resource: str, urn: str) -> dict[str, Any] | None:
        asset = self._library.get(urn)
        if asset is None or asset.kind != KINDS[resource] or not caller.acts_for(asset.owner):
            return None
        exchange(request).identify(asset.owner)
        entity: dict[str, Any] = {"id": asset.urn, "owner": asset.owner, "status": asset.status}
        if asset.status == "PROCESSING_FAILED":
            entity["processingFailureReason"] = asset.wrong
        if asset.status == "AVAILABLE":
            entity["downloadUrl"] = self._net.media_url(asset.blob)
            entity["downloadUrlExpiresAt"] = int(asset.expires.timestamp() * 1000)
            if asset.kind == "video" and asset.facts is not None:
                entity["duration"] = int((asset.facts.duration or 0) * 1000)
                entity["aspectRatioWidth"] = asset.facts.width
                entity["aspectRatioHeight"] = asset.facts.height
        return entity


def _member(body: dict[str, Any], name: str) -> dict[str, Any]:
    found = body.get(name)
    if not isinstance(found, dict):
        raise errors.invalid("MISSING_FIELD", f"{name} is missing", name)
    return found


def _resource(request: Request) -> str:
    """images, documents or videos."""
    return str(request.scope["path"].split("/")[2])


async def _swallowed(request: Request) -> Response:
    """Captions and thumbnails are taken and not looked at: how LinkedIn wants them is not known for certain."""
    stream: AsyncIterator[bytes] = request.stream()
    async for _ in stream:
        continue
    return Response(status_code=201, headers=errors.traced())
