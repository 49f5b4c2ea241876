"""Posts as an agent reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polypost.entrance import shapes
from polypost.errors import Problem
from polypost.mcp.text import visible
from polypost.mcp.tool import MOST_TARGETS, Call
from polypost.posts.queries import Shown

# As many as a model mends at once.
MOST_PROBLEMS = 20
BEGINNING = 160
_NOTHING_TO_SAY: tuple[Any, ...] = (None, "", [], {})
# What becomes of a post in a state, for who asked for it.
NEXT = {
    "draft": "Nothing goes out by itself: preview_post, then schedule_post or publish_post.",
    "scheduled": "It goes out by itself at scheduledFor; until then edit_post or cancel_post.",
    "publishing": "The networks are working: call get_post again in a while. Do not publish it again.",
    "published": "It is out; platformPostUrl leads to it.",
    "partial": "Look at the targets that failed: edit_post changes them and tries again, retry_post tries as they are.",
    "failed": "Look at `error` of each target: edit_post changes them and tries again, retry_post tries as they are.",
}


def said(entry: dict[str, Any]) -> dict[str, Any]:
    """The entry without what says nothing."""
    return {name: value for name, value in entry.items() if value not in _NOTHING_TO_SAY}


def problems(found: Sequence[Problem]) -> list[dict[str, str]]:
    """Problems as answers list them."""
    return [
        {name: visible(text, 300) for name, text in each.as_dict().items()} for each in found[:MOST_PROBLEMS]
    ]


def post(call: Call, found: Shown) -> dict[str, Any]:
    """A post with its targets."""
    whole = shapes.post(found)
    short = {name: value for name, value in brief(call, found).items() if name != "furtherPlatforms"}
    return short | said(
        {
            "content": visible(found.post.content),
            "mediaItems": [said(dict(each)) for each in whole["mediaItems"]],
            "platforms": [_target(each) for each in whole["platforms"]],
            "createdAt": whole["createdAt"],
        }
    )


def brief(call: Call, found: Shown) -> dict[str, Any]:
    """A post in a list."""
    row = found.post
    targets = (shapes.target(each) for each in found.targets[:MOST_TARGETS])
    return said(
        {
            "postId": row.id,
            "status": row.status,
            "content": visible(row.content, BEGINNING),
            "scheduledFor": shapes.stamp(row.scheduled_for),
            "timezone": row.timezone if row.scheduled_for else None,
            "warning": row.warning,
            "platforms": [
                {"platform": each["platform"], "accountId": each["accountId"], "status": each["status"]}
                for each in targets
            ],
            "furtherPlatforms": max(0, len(found.targets) - MOST_TARGETS) or None,
            "page": call.page("posts", row.id),
        }
    )


def _target(entry: dict[str, Any]) -> dict[str, Any]:
    error = {"code": entry["errorCode"], "message": visible(entry["errorMessage"] or "", 500)}
    kept = ("platform", "accountId", "status", "platformPostId", "platformPostUrl", "publishedAt")
    further = ("content", "waitingFor", "nextAt")
    return said(
        {name: entry[name] for name in kept}
        | {name: visible(str(entry[name]), 300) for name in further if entry.get(name) is not None}
        | {"error": said(error) if entry["errorCode"] else None, "warning": entry["warningMessage"]}
    )
