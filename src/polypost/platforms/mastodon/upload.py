"""Media on its way to a server: one form with the whole file, then waiting until the server has worked on it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from polypost.errors import Rejected, Unavailable
from polypost.platforms.base import MediaFile, NotYet, Run
from polypost.platforms.kit.answers import parsed
from polypost.platforms.kit.calls import bearer, kept
from polypost.platforms.kit.forms import Form
from polypost.platforms.mastodon.api import address, server_of
from polypost.platforms.mastodon.errors import error_for, said
from polypost.platforms.mastodon.spec import SPEC

_PAUSE = timedelta(seconds=3)
_LONGEST_PROCESSING = timedelta(hours=1)
# A server sweeps away what hangs on no post for about a day; what is older than this is sent anew.
_SURE = timedelta(hours=SPEC.limit("media_life_hours")) * 5 / 6
_SLOWEST = 128 * 1024
_ENDINGS = {"image/jpeg": "jpg", "video/quicktime": "mov"}


async def upload(run: Run, slot: str, file: MediaFile, *, alt: str = "", focus: str = "") -> str:
    """Upload one file as steps named after `slot` and give its media id. Raises Rejected."""
    name, sent = await kept(run, slot, "sent", partial(_send, run, file, alt, focus))
    media_id: str = sent["id"]
    if not sent["ready"]:
        await run.until(
            f"{name}-ready", partial(_ready, run, media_id), every=_PAUSE, at_most=_LONGEST_PROCESSING
        )
    return media_id


async def _send(run: Run, file: MediaFile, alt: str, focus: str) -> dict[str, Any]:
    fields = {name: text for name, text in (("description", alt), ("focus", focus)) if text}
    mime = file.facts.mime
    ending = _ENDINGS.get(mime) or mime.rpartition("/")[2]
    form = Form(fields, f"media.{ending}", mime, file.size)
    answer = await run.http.request(
        "POST",
        address(server_of(run), "/api/v2/media"),
        headers={**bearer(run), **form.headers},
        content=form.around(file.stream()),
        timeout=60 + form.length / _SLOWEST,
    )
    media_id = parsed(answer).get("id") if answer.is_success else None
    if not isinstance(media_id, str) or not media_id:
        error = error_for(answer, run.now())
        if answer.status_code == 422:
            raise _unusable(said(answer)) from error
        raise error
    ready = answer.status_code != 202 and parsed(answer).get("url") is not None
    return {"id": media_id, "ready": ready, "until": (run.now() + _SURE).isoformat()}


def _unusable(sentence: str) -> Rejected:
    return Rejected(
        f"The server cannot use a media file. {sentence}",
        code="media_rejected",
        next_step="Convert it (JPEG or PNG, MP4 with H.264 video and AAC sound) and post it again.",
    )


async def _ready(run: Run, media_id: str) -> str | NotYet:
    url = address(server_of(run), f"/api/v1/media/{media_id}")
    answer = await run.http.request("GET", url, headers=bearer(run))
    if answer.status_code == 422:
        raise _unusable(said(answer))
    # It has run out, or hangs on a post already; a file that belongs to somebody else looks the same.
    if answer.status_code == 404:
        raise Rejected(
            f"The server no longer has an uploaded file. {said(answer)}",
            code="media_rejected",
            next_step="Retry, so that it is uploaded anew.",
        )
    if not answer.is_success:
        raise error_for(answer, run.now())
    body = parsed(answer)
    if body.get("id") != media_id:
        raise Unavailable("The server did not tell how far a file is.")
    return NotYet("processing") if answer.status_code == 206 or body.get("url") is None else "ready"
