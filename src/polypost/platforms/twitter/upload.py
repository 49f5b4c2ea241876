"""Media on its way to X: opened, sent in segments, closed, and waited for (X API v2, media upload).

Every segment is a step of its own, so that after a crash the upload goes on where it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from polypost.errors import Rejected, Unavailable
from polypost.platforms.base import MediaFile, NotYet, Run
from polypost.platforms.kit.answers import member
from polypost.platforms.kit.calls import kept, stretch
from polypost.platforms.twitter.api import call, send
from polypost.platforms.twitter.errors import Call
from polypost.platforms.twitter.spec import SPEC

_CATEGORIES = {"image": "tweet_image", "gif": "tweet_gif", "video": "tweet_video"}
_PATH = "/2/media/upload"
_PAUSE = timedelta(seconds=5)
_LONGEST_PROCESSING = timedelta(hours=1)
_SEGMENT_SECONDS = 120.0


async def upload(run: Run, slot: str, file: MediaFile, kind: str, alt: str = "") -> str:
    """Upload one file as steps named after `slot`, with its alternative text, and give its media id.

    Raises Rejected when X cannot process the file.
    """
    slot, opened = await kept(run, slot, "open", partial(_open, run, file, kind))
    media_id: str = opened["id"]
    size = SPEC.limit("segment_bytes")
    # A segment may be sent again (X API OpenAPI 2.167), as happens to one whose answer was lost.
    for number in range(-(-file.size // size)):
        await run.step(f"{slot}-segment-{number}", partial(_append, run, media_id, file, number, size))
    closed = await run.step(f"{slot}-close", partial(_close, run, media_id))
    # Images are ready at once, and asking how far one is would be refused (xurl #18).
    if closed["processing"]:
        await run.until(
            f"{slot}-ready",
            partial(_ready, run, media_id, datetime.fromisoformat(closed["look_at"])),
            every=_PAUSE,
            at_most=_LONGEST_PROCESSING,
        )
    if alt:
        await run.step(f"{slot}-alt", partial(_describe, run, media_id, alt))
    return media_id


async def _describe(run: Run, media_id: str, alt: str) -> None:
    body = {"id": media_id, "metadata": {"alt_text": {"text": alt}}}
    await call(run, "POST", "/2/media/metadata", purpose=Call.UPLOAD, json=body)


async def _open(run: Run, file: MediaFile, kind: str) -> dict[str, str]:
    data = await call(
        run,
        "POST",
        f"{_PATH}/initialize",
        purpose=Call.UPLOAD,
        json={
            "media_type": file.facts.mime,
            "total_bytes": file.size,
            "media_category": _CATEGORIES[kind],
        },
    )
    media_id = data.get("id")
    if not isinstance(media_id, str):
        raise Unavailable("X opened an upload without naming it.")
    life = _seconds(data.get("expires_after_secs")) or timedelta(hours=SPEC.limit("media_life_hours"))
    return {"id": media_id, "until": (run.now() + life).isoformat()}


async def _append(run: Run, media_id: str, file: MediaFile, number: int, size: int) -> None:
    offset = number * size
    pieces = [piece async for piece in stretch(file, offset, min(size, file.size - offset), size)]
    await send(
        run,
        "POST",
        f"{_PATH}/{media_id}/append",
        purpose=Call.UPLOAD,
        data={"segment_index": str(number)},
        files={"media": ("segment", b"".join(pieces), "application/octet-stream")},
        timeout=_SEGMENT_SECONDS,
    )


async def _close(run: Run, media_id: str) -> dict[str, Any]:
    data = await call(run, "POST", f"{_PATH}/{media_id}/finalize", purpose=Call.UPLOAD)
    wait = _processing(data)
    look_at = run.now() + (wait or timedelta(0))
    return {"processing": wait is not None, "look_at": look_at.isoformat()}


async def _ready(run: Run, media_id: str, look_at: datetime) -> str | NotYet:
    if (early := look_at - run.now()) > timedelta(0):
        return NotYet("processing", after=early)
    params = {"media_id": media_id, "command": "STATUS"}
    data = await call(run, "GET", _PATH, purpose=Call.UPLOAD, params=params)
    wait = _processing(data)
    if wait is None:
        return "ready"
    done = data["processing_info"].get("progress_percent")
    return NotYet("processing" if done is None else f"processing, {done} %", after=wait)


def _processing(data: Mapping[str, Any]) -> timedelta | None:
    """How long to wait before the next look, None when there is nothing to wait for. Raises Rejected on failure."""
    info = data.get("processing_info")
    if not isinstance(info, Mapping) or info.get("state") == "succeeded":
        return None
    if info.get("state") == "failed":
        # The old interface named the fault here; OpenAPI 2.167 has no such member.
        error = member(info, "error")
        said = str(error.get("message") or error.get("name") or "")
        raise Rejected(
            "X could not process a media file." + (f' It says: "{said}"' if said else ""),
            code="media_rejected",
            next_step="Re-encode the file (MP4 with H.264 video and AAC sound, or a GIF) and post it again.",
        )
    return _seconds(info.get("check_after_secs")) or _PAUSE


def _seconds(value: Any) -> timedelta | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    return timedelta(seconds=value) if known else None
