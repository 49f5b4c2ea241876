"""`video.bsky.app`: videos are uploaded there, become jobs, and end as blobs of the account."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.bluesky.blobs import Blob, Blobs
from polypost.sandbox.networks.bluesky.bodies import needed
from polypost.sandbox.networks.bluesky.errors import refused
from polypost.sandbox.networks.bluesky.limits import limit
from polypost.sandbox.networks.bluesky.sessions import Sessions
from polypost.sandbox.simkit import Account, Network, Refused, exchange

JOB, VIDEO = "video_job", "video_film"
# The service stores the finished video with this method of the account's own server.
UPLOADED_FOR = "com.atproto.repo.uploadBlob"
LIMITS_FOR = "app.bsky.video.getUploadLimits"
DAY = timedelta(days=1)
VIDEO_TYPES = ("video/mp4",)


class Video:
    """The handlers of the simple upload, and the jobs of both ways to upload."""

    def __init__(self, net: Network, sessions: Sessions, blobs: Blobs) -> None:
        self._sessions = sessions
        self._blobs = blobs
        self._net = net

    async def upload(self, request: Request) -> Response:
        """`uploadVideo`: the bytes are the body. The answer is wrapped as the schema says and bare as the docs read it."""
        if exchange(request).fault("video_down"):
            raise refused(503, "ServiceOverloaded", "The service is at capacity")
        account = self._sessions.service(request, UPLOADED_FOR)
        self._may_upload(request, account)
        if request.query_params.get("did", account.id) != account.id:
            raise refused(401, "AuthenticationRequired", "did does not match the token")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in VIDEO_TYPES:
            raise refused(400, "UnsupportedContentType", f"unsupported content type: {kind}")
        most = limit("video_bytes")
        name = self._net.blobs.new()
        size = await self._net.blobs.receive(name, request.stream(), limit=most)
        if not 0 < size <= most:
            self._net.blobs.delete(name)
            raise refused(413, "VideoTooLarge", f"video is empty or larger than {most} bytes")
        blob = self._blobs.keep(account, name, kind)
        known = self._net.documents.get(VIDEO, f"{account.id}/{blob.cid}")
        if known is not None:
            return self._exists(request, account, known.body["job"], blob)
        self._count(account, size)
        return both_ways(self.begin(request, account, blob))

    def _exists(self, request: Request, account: Account, job: str, blob: Blob) -> Response:
        """The answer to a video that was uploaded before: an error that brings the blob along."""
        status = {
            "jobId": job,
            "did": account.id,
            "state": "JOB_STATE_COMPLETED",
            # Third parties report 409: clients look for the blob before the status.
            "error": "already_exists",
            "message": "Video already processed",
        }
        if not exchange(request).fault("exists_without_blob"):
            status["blob"] = blob.reference  # type: ignore[assignment]  # the lexicon has an object among texts
        return both_ways(status, 409)

    async def status(self, request: Request) -> Response:
        """`getJobStatus`, open to whoever knows the job."""
        job = needed(request, "jobId")
        kept = self._net.documents.get(JOB, job)
        if kept is None:
            raise refused(400, "InvalidRequest", "job not found")
        looks = kept.body["looks"] + 1
        self._net.documents.update(JOB, job, looks=looks)
        return JSONResponse({"jobStatus": self._state(job, {**kept.body, "looks": looks})})

    async def limits(self, request: Request) -> Response:
        """`getUploadLimits`, with a token for this very call."""
        account = self._sessions.service(request, LIMITS_FOR)
        if not account.data["email_confirmed"]:
            return JSONResponse(
                {
                    "canUpload": False,
                    "error": "unconfirmed_email",
                    "message": "Confirm your email address first",
                }
            )
        videos = self._bucket("videos", account, "videos_per_day")
        size = self._bucket("video_bytes", account, "video_bytes_per_day")
        left = {"remainingDailyVideos": videos.remaining, "remainingDailyBytes": size.remaining}
        able = videos.ok and size.ok
        return JSONResponse(
            {"canUpload": able, **left, **({} if able else {"message": "User has exceeded the daily limit"})}
        )

    def begin(self, request: Request, account: Account, blob: Blob) -> dict[str, Any]:
        """A new job for a video that has arrived; its status."""
        job = secrets.token_hex(10)
        call = exchange(request)
        body = {
            "did": account.id,
            "blob": blob.reference,
            "looks": 0,
            "ready": clock.now().timestamp() + call.seconds("processing"),
            "failure": self._failure(blob, failed=call.fault("video_failed") is not None),
        }
        self._net.documents.put(JOB, job, body, account_id=account.id)
        if body["failure"] is None:
            self._net.documents.put(VIDEO, f"{account.id}/{blob.cid}", {"job": job}, account_id=account.id)
        return {"jobId": job, "did": account.id, "state": "JOB_STATE_CREATED"}

    def refuse_more(self, account: Account, size: int) -> None:
        """Raise Refused when the day's allowance does not hold another video of `size` bytes."""
        videos = self._bucket("videos", account, "videos_per_day")
        room = self._bucket("video_bytes", account, "video_bytes_per_day")
        if not videos.ok or size > room.remaining:
            raise refused(400, "DailyLimitExceeded", "User has exceeded the daily limit")

    def _may_upload(self, request: Request, account: Account) -> None:
        unconfirmed = exchange(request).fault("email_unconfirmed") or not account.data["email_confirmed"]
        if unconfirmed:
            status = {"did": "", "error": "unconfirmed_email", "jobId": "", "state": ""}
            raise Refused(JSONResponse({"jobStatus": status}, 401))

    def _count(self, account: Account, size: int) -> None:
        self.refuse_more(account, size)
        for name, most, cost in (
            ("videos", "videos_per_day", 1),
            ("video_bytes", "video_bytes_per_day", size),
        ):
            self._net.buckets.take(name, account.id, limit=limit(most), window=DAY, cost=cost)

    def _bucket(self, name: str, account: Account, most: str) -> Any:
        return self._net.buckets.look(name, account.id, limit=limit(most), window=DAY)

    def _failure(self, blob: Blob, *, failed: bool) -> dict[str, str] | None:
        facts = blob.facts
        if failed:
            return {"failureCode": "encoding_failure", "message": "Failed to process video"}
        if facts is None or facts.kind != "video" or facts.mime not in VIDEO_TYPES:
            return {"failureCode": "validation_failure", "message": "This is not a video that can be read"}
        if facts.duration is not None and facts.duration > limit("video_seconds") + 1:
            return {"failureCode": "validation_failure", "message": "The video is longer than 10 minutes"}
        return None

    def _state(self, job: str, body: dict[str, Any]) -> dict[str, Any]:
        status = {"jobId": job, "did": body["did"]}
        waiting = body["ready"] > clock.now().timestamp()
        if body["looks"] < limit("video_looks") or waiting:
            steps = ("JOB_STATE_ENCODING", "JOB_STATE_SCANNING", "JOB_STATE_UPLOADING")
            place = min(body["looks"], len(steps)) - 1
            return {**status, "state": steps[place], "progress": min(95, 40 * body["looks"])}
        if body["failure"] is not None:
            return {
                **status,
                "state": "JOB_STATE_FAILED",
                "error": "video processing error",
                **body["failure"],
            }
        return {**status, "state": "JOB_STATE_COMPLETED", "progress": 100, "blob": body["blob"]}


def both_ways(status: dict[str, Any], code: int = 200) -> Response:
    """A job's status inside `jobStatus` and beside it."""
    return JSONResponse({"jobStatus": status, **status}, code)
