"""How far a video is, how well a post does, and times as the Graph API writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from polypost.sandbox.networks.facebook.errors import PROCESSING_FAILED
from polypost.sandbox.networks.facebook.library import HERE, Video
from polypost.sandbox.simkit import SimPost
from polypost.sandbox.simkit.meta import stamp


def video_status(video: Video, here: int) -> dict[str, Any]:
    """The phases of a video of which `here` bytes have come; the errors of the work on it stand in the second."""
    done = video.status
    uploaded = video.stage == HERE or done in {"ready", "processing"}
    sent = (
        "complete" if uploaded else "error" if done == "error" else "in_progress" if here else "not_started"
    )
    processing: dict[str, Any] = {"status": "not_started"}
    if done == "error":
        failure = {"code": PROCESSING_FAILED, "message": video.wrong or "The video is not readable."}
        processing = {"status": "error", "errors": [failure]}
    elif video.finished:
        processing = {"status": "complete" if done == "ready" else "in_progress"}
    publishing: dict[str, Any] = {"status": "not_started"}
    if video.published:
        publishing = {"status": "complete" if done == "ready" else "in_progress"}
        if done == "ready":
            publishing |= {"publish_status": "published", "publish_time": stamp(at(video.begun))}
    elif video.finished and done == "ready" and video.state in {"DRAFT", "SCHEDULED"}:
        publishing = {"status": "complete", "publish_status": video.state.lower()}
    return {
        "video_status": done,
        "uploading_phase": {"status": sent, "bytes_transferred": here},
        "processing_phase": processing,
        "publishing_phase": publishing,
        "copyright_check_status": {"status": "complete", "matches_found": False},
    }


def at(seconds: float) -> datetime:
    """The instant behind a number of seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def metrics(post: SimPost) -> dict[str, int]:
    """Numbers that grow slowly with a post's age, the same at each look."""
    seed = int(post.id.rpartition("_")[2]) % 89
    views = post.grown(12 + seed)
    return {
        "views": views,
        "viewers": views * 4 // 5,
        "clicks": views // 12,
        "reactions": views // (7 + seed % 5),
        "shares": views // 70,
    }
