"""How far an upload is, in X's words."""

from __future__ import annotations

import math
from typing import Any

from polypost import clock
from polypost.sandbox.networks.twitter.library import Upload


def begun(upload: Upload) -> dict[str, Any]:
    """What the beginning of an upload answers."""
    return {"id": upload.id, "media_key": upload.key, "expires_after_secs": _left(upload)}


def _left(upload: Upload) -> int:
    return max(0, int(upload.expires_at - clock.now().timestamp()))


def described(upload: Upload, *, error: bool = False) -> dict[str, Any]:
    """What the end of an upload and its status answer; `error` adds v1.1's reason of a failure."""
    data: dict[str, Any] = {**begun(upload), "size": upload.size}
    facts = upload.facts
    if facts is not None and not upload.processed:
        data["image"] = {"image_type": facts.mime, "w": facts.width, "h": facts.height}
    if upload.processed:
        data["processing_info"] = _processing(upload, error=error)
        if upload.kind == "video" and upload.state == "succeeded" and facts is not None:
            data["video"] = {"video_type": facts.mime}
    return data


def _processing(upload: Upload, *, error: bool) -> dict[str, Any]:
    state = upload.state
    if state == "succeeded":
        return {"state": state, "progress_percent": 100}
    if state == "failed":
        # Only v1.1 said why; the v2 description has no such member.
        reason = {"error": {"code": 1, "name": "InvalidMedia", "message": upload.wrong}} if error else {}
        return {"state": state, "progress_percent": 100, **reason}
    left = upload.ready_at - clock.now().timestamp()
    info: dict[str, Any] = {"state": state, "check_after_secs": max(1, min(10, math.ceil(left)))}
    if state == "in_progress":
        whole = upload.ready_at - upload.begun
        info["progress_percent"] = min(99, int(100 * (whole - left) / whole))
    return info
