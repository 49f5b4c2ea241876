"""Files on their way to Bluesky: images and subtitles straight to the account's server, videos by way of the video service.

Flow: Bluesky docs, Uploading images and video, and the lexicons app.bsky.video, read on 2026-11-24.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import quote, urlsplit

from httpx2 import Response

from polypost.errors import NoAnswer, NotSent, PlatformError, RateLimited, Rejected, Unavailable
from polypost.platforms.base import MediaFile, NotYet, Run
from polypost.platforms.bluesky.errors import ClocksDiffer, error_for
from polypost.platforms.bluesky.spec import SPEC, VIDEO
from polypost.platforms.bluesky.xrpc import call, home
from polypost.platforms.kit.answers import parsed
from polypost.platforms.kit.calls import bearing, deadline

_PAUSE = timedelta(seconds=3)
_LONGEST_PROCESSING = timedelta(hours=1)
_TOKEN_LIFE = timedelta(minutes=30)
_UPLOAD = "com.atproto.repo.uploadBlob"
# The limits that are told name no instant at which they end.
_DAY_IS_OVER = timedelta(hours=1)
_JOBS = 2
# Failures of the service and not of the video; the same video often passes the second time.
_PASSING = frozenset({"pds_upload_failure", "generic_failure", ""})
PLAIN = (
    "Bluesky's video service could not be used, so the video was uploaded plainly; it can be watched when Bluesky has"
    " processed it."
)


async def upload_file(run: Run, slot: str, file: MediaFile) -> dict[str, Any]:
    """Upload a file as the step `slot` and give the blob, which goes into the record as it is."""
    return await run.step(slot, partial(_send_file, run, file))


async def upload_captions(run: Run, slot: str, text: str) -> dict[str, Any]:
    """Upload subtitles."""

    async def send() -> dict[str, Any]:
        data = text.encode()
        return _blob(await call(run, "POST", _UPLOAD, headers={"Content-Type": "text/vtt"}, content=data))

    return await run.step(slot, send)


async def upload_video(run: Run, slot: str, file: MediaFile) -> dict[str, Any]:
    """Upload a video and wait until it is processed; the blob. Raises Rejected when Bluesky cannot use it."""
    await run.step(f"{slot}-allowance", partial(_allowed, run, file))
    for number in range(1, _JOBS + 1):
        sent = await run.step(f"{slot}-video-{number}", partial(_send_video, run, file))
        if sent["plain"]:
            run.warn(PLAIN)
            return await upload_file(run, f"{slot}-plain", file)
        done = await run.until(
            f"{slot}-ready-{number}",
            partial(_ready, run, sent),
            every=_PAUSE,
            at_most=_LONGEST_PROCESSING,
        )
        if done["blob"]:
            return dict(done["blob"])
        if done["code"] not in _PASSING:
            break
    raise Rejected(
        "Bluesky could not process the video." + (f' It says: "{done["said"]}"' if done["said"] else ""),
        code="media_rejected",
        next_step="Re-encode it as an MP4 with H.264 video and AAC sound, at most 10 minutes long, and post it again.",
    )


async def _send_file(run: Run, file: MediaFile) -> dict[str, Any]:
    answer = await call(
        run,
        "POST",
        _UPLOAD,
        headers={"Content-Type": file.facts.mime, "Content-Length": str(file.size)},
        content=file.stream(),
        timeout=deadline(file.size),
    )
    return _blob(answer)


def _blob(answer: Mapping[str, Any]) -> dict[str, Any]:
    blob = answer.get("blob")
    if not isinstance(blob, dict):
        raise Unavailable("Bluesky took a file without naming it.")
    return blob


async def _allowed(run: Run, file: MediaFile) -> bool:
    """Ask whether the day's allowance holds this video. Raises RateLimited or Rejected when it does not."""
    audience = f"did:web:{urlsplit(VIDEO).hostname}"
    try:
        token = await _service_token(run, audience, "app.bsky.video.getUploadLimits")
        url = f"{VIDEO}/xrpc/app.bsky.video.getUploadLimits"
        answer = await run.http.request("GET", url, headers=bearing(token))
    except (NotSent, NoAnswer, Rejected, Unavailable):
        # A courtesy; the upload itself is refused if it must be.
        return False
    told = parsed(answer) if answer.is_success else {}
    left = told.get("remainingDailyBytes")
    short = isinstance(left, int) and left < file.size
    if told.get("remainingDailyVideos") == 0 or short:
        raise RateLimited(run.now() + _DAY_IS_OVER, "The account has uploaded its videos of the day.")
    if told.get("canUpload") is False:
        raise _not_permitted(str(told.get("message") or told.get("error") or ""))
    return bool(told)


async def _send_video(run: Run, file: MediaFile) -> dict[str, Any]:
    """The job that a video has become, or its blob, or that the plain way must be taken."""
    audience = f"did:web:{quote(urlsplit(home(run.extra)).netloc, safe='')}"
    token = await _service_token(run, audience, _UPLOAD)
    try:
        answer = await run.http.request(
            "POST",
            f"{VIDEO}/xrpc/app.bsky.video.uploadVideo",
            params={"did": run.account.id, "name": f"{file.size:x}-{run.now():%Y%m%d%H%M%S}.mp4"},
            headers={**bearing(token), "Content-Type": "video/mp4", "Content-Length": str(file.size)},
            content=file.stream(),
            timeout=deadline(file.size),
        )
    except (NotSent, NoAnswer) as lost:
        return _plainly(file, Unavailable(str(lost), code=lost.code))
    status = _status(answer)
    # Before the status: a video that is there already is refused (409), and the answer holds its blob.
    if isinstance(status.get("blob"), dict):
        return {"plain": False, "blob": status["blob"], "job": None}
    if (answer.is_success or status.get("error") == "already_exists") and status.get("jobId"):
        return {"plain": False, "blob": None, "job": str(status["jobId"])}
    if status.get("error") == "unconfirmed_email":
        raise _not_permitted("")
    error = error_for(answer, run.now())
    known = status.get("error") == "already_exists"
    if 400 <= answer.status_code < 500 and answer.status_code not in {401, 403, 404} and not known:
        raise error
    return _plainly(file, error)


def _plainly(file: MediaFile, error: PlatformError) -> dict[str, Any]:
    """Take the plain way, unless the account's server does not take files of this size; then raise `error`."""
    if file.size > SPEC.limit("blob_bytes"):
        raise error if isinstance(error, RateLimited) else Unavailable(str(error))
    return {"plain": True, "blob": None, "job": None}


async def _ready(run: Run, sent: Mapping[str, Any]) -> dict[str, Any] | NotYet:
    if sent["blob"]:
        return {"blob": sent["blob"], "code": "", "said": ""}
    url = f"{VIDEO}/xrpc/app.bsky.video.getJobStatus"
    answer = await run.http.request("GET", url, params={"jobId": sent["job"]})
    status = _status(answer)
    # A video that was uploaded before answers with an error and its blob.
    if isinstance(status.get("blob"), dict):
        return {"blob": status["blob"], "code": "", "said": ""}
    if not answer.is_success:
        raise error_for(answer, run.now())
    if status.get("state") == "JOB_STATE_FAILED":
        said = str(status.get("message") or status.get("error") or "")
        return {"blob": None, "code": str(status.get("failureCode") or ""), "said": said}
    done = status.get("progress")
    return NotYet("processing" if done is None else f"processing, {done} %")


def _status(answer: Response) -> Mapping[str, Any]:
    """A job's status: the lexicon wraps it, the service itself often does not."""
    body = parsed(answer)
    wrapped = body.get("jobStatus")
    return wrapped if isinstance(wrapped, Mapping) else body


async def _service_token(run: Run, audience: str, method: str) -> str:
    """A token with which the account's server lets another service act, for one method and half an hour."""
    params = {"aud": audience, "lxm": method}
    expires = int((run.now() + _TOKEN_LIFE).timestamp())
    try:
        answer = await call(
            run, "GET", "com.atproto.server.getServiceAuth", params={**params, "exp": expires}
        )
    except ClocksDiffer:
        # Without an end of ours it is a minute by the clock of the account's server.
        answer = await call(run, "GET", "com.atproto.server.getServiceAuth", params=params)
    token = answer.get("token")
    if not isinstance(token, str):
        raise Unavailable("The account's server gave no token for the video service.")
    return token


def _not_permitted(said: str) -> Rejected:
    return Rejected(
        "Bluesky does not let this account upload videos." + (f' It says: "{said}"' if said else ""),
        code="not_permitted",
        next_step="Confirm the account's e-mail address in Bluesky's settings, then retry.",
    )
