"""A video on its way to Pinterest: registered, posted to the upload bucket as a form, and waited for.

Nobody sees a video before its pin is made, so one that got lost is simply sent again.
Protocol: Pinterest for Developers, Create boards and Pins, read 2026-11-24.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from httpx2 import Response

from polypost.errors import Rejected, Unavailable
from polypost.platforms.base import MediaFile, NotYet, Run
from polypost.platforms.kit.answers import parsed
from polypost.platforms.kit.calls import deadline, next_look
from polypost.platforms.kit.forms import Form
from polypost.platforms.pinterest.api import call, send
from polypost.platforms.pinterest.errors import Missing, error_for, used_up_until

BUILDS = 3
LOOK_EVERY = timedelta(seconds=3)
LOOK_AT_MOST = timedelta(hours=1)
# A video that is still only registered so long after its upload has not been seen.
UNSEEN_AFTER = timedelta(minutes=10)
_LONGEST_PAUSE = timedelta(seconds=30)


class _Lost(Unavailable):
    """The upload came to nothing through no fault of the file's."""


async def upload(run: Run, file: MediaFile) -> str:
    """Send one video and wait until Pinterest has worked on it; its media id.

    Raises Rejected when Pinterest cannot use the file.
    """
    for build in range(1, BUILDS + 1):
        mark = "" if build == 1 else f" (build {build})"
        try:
            return await _build(run, file, mark)
        except _Lost:
            continue
    raise Unavailable(f"Pinterest lost the video {BUILDS} times.")


async def _build(run: Run, file: MediaFile, mark: str) -> str:
    async def register() -> dict[str, Any]:
        return await _register(run)

    async def send() -> str:
        return await _send(run, file, ticket)

    async def look() -> str | NotYet:
        return await _look(run, str(ticket["id"]), datetime.fromisoformat(sent))

    ticket = await run.step(f"video: register{mark}", register)
    sent = await run.step(f"video: upload{mark}", send)
    if not sent:
        raise _Lost
    state = await run.until(f"video: ready{mark}", look, every=LOOK_EVERY, at_most=LOOK_AT_MOST)
    if state == "failed":
        raise Rejected(
            "Pinterest could not process the video.",
            code="media_rejected",
            next_step="Re-encode it (MP4 with H.264 video and AAC sound) and post it again.",
        )
    if state != "succeeded":
        raise _Lost
    return str(ticket["id"])


async def _register(run: Run) -> dict[str, Any]:
    answer = await send(run, "POST", "/media", json={"media_type": "video"})
    if until := used_up_until(answer.headers, run.now()):
        await run.hold(until)
    body = parsed(answer)
    if not body:
        raise error_for(answer, run.now())
    media_id, url, fields = body.get("media_id"), body.get("upload_url"), body.get("upload_parameters")
    known = isinstance(media_id, str) and isinstance(url, str) and isinstance(fields, Mapping)
    if not known or not isinstance(fields, Mapping):
        raise Unavailable("Pinterest registered a video without saying where it goes.")
    return {"id": media_id, "url": url, "fields": {name: str(value) for name, value in fields.items()}}


async def _send(run: Run, file: MediaFile, ticket: Mapping[str, Any]) -> str:
    """Post the form; when that was, or nothing when the bucket does not take it any more."""
    # The file has to come last.
    form = Form(ticket["fields"], "video", file.facts.mime, file.size)
    # No token goes along: the fields are the authorisation, and the bucket refuses a second one.
    answer = await run.http.request(
        "POST",
        str(ticket["url"]),
        headers=form.headers,
        content=form.around(file.stream()),
        timeout=deadline(form.length),
    )
    if answer.is_success:
        return run.now().isoformat()
    if answer.status_code == 400:
        raise _refused(answer)
    if 400 <= answer.status_code < 500:
        # The fields have run out; new ones come with a new registration.
        return ""
    raise Unavailable(f"Pinterest's upload host has trouble of its own (status {answer.status_code}).")


def _refused(answer: Response) -> Rejected:
    too_large = b"EntityTooLarge" in answer.content
    return Rejected(
        "Pinterest's upload host finds the video too large."
        if too_large
        else "Pinterest's upload host does not take the video.",
        code="media_rejected",
        next_step="Re-encode the video with a lower bit rate." if too_large else "Try another file.",
    )


async def _look(run: Run, media_id: str, sent: datetime) -> str | NotYet:
    age = run.now() - sent
    try:
        body = await call(run, "GET", f"/media/{media_id}")
    except Missing:
        body = {"status": "registered"}
    state = str(body.get("status") or "")
    if state in {"succeeded", "failed"}:
        return state
    if state == "registered" and age > UNSEEN_AFTER:
        return "unseen"
    return NotYet(state, after=next_look(age, least=LOOK_EVERY, most=_LONGEST_PAUSE))
