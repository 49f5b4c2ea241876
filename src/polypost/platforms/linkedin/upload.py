"""Media on their way to LinkedIn: announced, sent, for videos put together, and waited for.

Protocol: Microsoft Learn, LinkedIn: Images, Documents and Videos API, read 2026-11-24. Each call is a step of its own,
so that after a crash the upload goes on where it was.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal

from polypost.errors import Rejected, Unavailable
from polypost.platforms.base import MediaFile, NotYet, Run
from polypost.platforms.kit.answers import member, parsed
from polypost.platforms.kit.calls import bearer, deadline, kept
from polypost.platforms.kit.media import MIB
from polypost.platforms.linkedin.api import ask, call, encoded, own_address
from polypost.platforms.linkedin.errors import error_for

Kind = Literal["image", "document", "video"]

_PAUSE = timedelta(seconds=3)
# Assumed where LinkedIn does not say how long the addresses of a video's parts are good for.
_UNTOLD_LIFE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Patience:
    """How long processing may take, and how long to leave a file alone that LinkedIn does not let us ask about."""

    longest: timedelta
    blind: timedelta


_PATIENCE: Mapping[str, _Patience] = {
    "image": _Patience(timedelta(minutes=15), timedelta(seconds=4)),
    "document": _Patience(timedelta(minutes=30), timedelta(seconds=10)),
    "video": _Patience(timedelta(hours=1), timedelta(seconds=30)),
}


async def upload(run: Run, slot: str, file: MediaFile, kind: Kind) -> str:
    """Upload one file as steps named after `slot` and give its URN. Raises Rejected when LinkedIn cannot use it."""
    if kind == "video":
        slot, sent = await _video(run, slot, file)
    else:
        # One step: an upload that was announced and not sent is worth nothing, and its address runs out.
        sent = await run.step(f"{slot}-bytes", partial(_whole_file, run, file, kind))
    urn: str = sent["urn"]
    await run.until(
        f"{slot}-ready",
        partial(_ready, run, kind, urn, datetime.fromisoformat(sent["at"])),
        every=_PAUSE,
        at_most=_PATIENCE[kind].longest,
    )
    return urn


async def _whole_file(run: Run, file: MediaFile, kind: Kind) -> dict[str, str]:
    value = await _open(run, file, kind)
    if not isinstance(url := value.get("uploadUrl"), str):
        raise Unavailable("LinkedIn opened an upload without an address.")
    answer = await run.http.request(
        "PUT",
        own_address(url),
        headers={
            # Microsoft's samples show the token here, and none with a video's parts.
            **bearer(run),
            "Content-Type": file.facts.mime,
            "Content-Length": str(file.size),
        },
        content=file.stream(),
        timeout=deadline(file.size),
    )
    if not answer.is_success:
        raise error_for(answer, run.now())
    return {"urn": value[kind], "at": run.now().isoformat()}


async def _video(run: Run, slot: str, file: MediaFile) -> tuple[str, dict[str, str]]:
    """The parts in the order of their bytes: LinkedIn takes any other order too, and the video is broken."""
    slot, opened = await kept(run, slot, "open", partial(_open_video, run, file))
    ids = [
        await run.step(f"{slot}-part-{number}", partial(_send_part, run, file, part))
        for number, part in enumerate(opened["parts"])
    ]
    return slot, await run.step(f"{slot}-finish", partial(_finish, run, opened, ids))


async def _open_video(run: Run, file: MediaFile) -> dict[str, Any]:
    value = await _open(run, file, "video")
    ends = value.get("uploadUrlsExpireAt")
    until = datetime.fromtimestamp(ends / 1000, UTC) if isinstance(ends, int) else run.now() + _UNTOLD_LIFE
    return {
        "urn": value["video"],
        "until": until.isoformat(),
        "parts": _whole(value.get("uploadInstructions"), file.size),
        "token": value.get("uploadToken") or "",
    }


async def _open(run: Run, file: MediaFile, kind: Kind) -> Mapping[str, Any]:
    asked: dict[str, Any] = {"owner": run.account.id}
    if kind == "video":
        asked |= {"fileSizeBytes": file.size, "uploadCaptions": False, "uploadThumbnail": False}
    answer = await call(
        run,
        "POST",
        f"/rest/{kind}s?action=initializeUpload",
        verb="ACTION",
        json={"initializeUploadRequest": asked},
    )
    value = member(parsed(answer), "value")
    if not isinstance(value.get(kind), str):
        raise Unavailable("LinkedIn opened an upload without naming it.")
    return value


def _whole(parts: Any, size: int) -> list[dict[str, Any]]:
    """The parts of a video. Raises Unavailable when they are not the whole file, each byte once."""
    try:
        ordered = sorted(parts, key=lambda part: int(part["firstByte"]))
        places = [(part["firstByte"], part["lastByte"], str(part["uploadUrl"])) for part in ordered]
    except (TypeError, KeyError, ValueError) as error:
        raise Unavailable("LinkedIn opened an upload without saying where its parts go.") from error
    at = 0
    for first, last, _ in places:
        if first != at or not isinstance(last, int) or last < first:
            break
        at = last + 1
    if at != size:
        raise Unavailable("LinkedIn's parts of the video are not the whole file.")
    return [{"firstByte": first, "lastByte": last, "uploadUrl": url} for first, last, url in places]


async def _send_part(run: Run, file: MediaFile, part: Mapping[str, Any]) -> str:
    """Send one stretch of a video, without a token, and give the id by which LinkedIn will know it."""
    first, size = part["firstByte"], part["lastByte"] - part["firstByte"] + 1
    answer = await run.http.request(
        "PUT",
        part["uploadUrl"],
        headers={"Content-Type": "application/octet-stream", "Content-Length": str(size)},
        content=_stretch(file, first, size),
        timeout=deadline(size),
    )
    if not answer.is_success:
        raise error_for(answer, run.now())
    etag = answer.headers.get("etag", "").strip().removeprefix("W/").strip('"')
    if not etag:
        raise Unavailable("LinkedIn took a part of the video without giving its id.")
    return etag


async def _stretch(file: MediaFile, offset: int, length: int) -> AsyncIterator[bytes]:
    while length and (piece := await file.read(offset, min(length, MIB))):
        offset, length = offset + len(piece), length - len(piece)
        yield piece


async def _finish(run: Run, opened: Mapping[str, Any], ids: list[str]) -> dict[str, str]:
    asked = {"video": opened["urn"], "uploadToken": opened["token"], "uploadedPartIds": ids}
    path = "/rest/videos?action=finalizeUpload"
    await call(run, "POST", path, verb="ACTION", json={"finalizeUploadRequest": asked})
    return {"urn": opened["urn"], "at": run.now().isoformat()}


async def _ready(run: Run, kind: Kind, urn: str, sent_at: datetime) -> str | NotYet:
    answer = await ask(run, "GET", f"/rest/{kind}s/{encoded(urn)}")
    if answer.status_code in {403, 404}:
        # Self-serve apps often may not ask. Then the post itself tells: it is refused while the file is not ready.
        left = sent_at + _PATIENCE[kind].blind - run.now()
        return NotYet("processing", after=left) if left > timedelta(0) else "not asked"
    if not answer.is_success:
        raise error_for(answer, run.now())
    body = parsed(answer)
    match body.get("status"):
        case "AVAILABLE":
            return "ready"
        case "PROCESSING_FAILED":
            reason = body.get("processingFailureReason")
            raise Rejected(
                f"LinkedIn could not process the {kind}." + (f" It says: {reason}." if reason else ""),
                code="media_rejected",
                next_step="Re-encode the file (JPEG, PNG or GIF; MP4 with H.264 and AAC; PDF) and post it again.",
            )
    return NotYet("processing")
