"""Rows into the contract's shapes, for every entrance that shows posts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polypost import clock
from polypost.media import Described
from polypost.posts import waits
from polypost.posts.orders import Accepted, NewPost
from polypost.posts.queries import Shown
from polypost.posts.states import State, shown
from polypost.posts.tables import TargetRow

_NOTHING: Mapping[str, Described] = {}
_WAITING = ("type", "url", "thumbnail")


def stamp(value: Any) -> str | None:
    """An instant as the contract writes it."""
    return None if value is None else clock.iso(value)


def created(found: Shown) -> dict[str, Any]:
    """The answer to `POST /v1/posts` from the post's present state."""
    entries = [_entry(row) for row in found.targets]
    body: dict[str, Any] = {
        "success": any(entry["success"] for entry in entries),
        "status": found.post.status,
        "postId": found.post.id,
        "platforms": entries,
    }
    if found.post.scheduled_for is not None:
        body["scheduledFor"] = stamp(found.post.scheduled_for)
        body["timezone"] = found.post.timezone
    if found.post.warning:
        body["warningMessage"] = found.post.warning
    return body


def accepted(order: NewPost, made: Accepted) -> dict[str, Any]:
    """The same for a post that was just accepted, without reading it back."""
    body: dict[str, Any] = {
        "success": True,
        "status": made.status,
        "postId": made.post_id,
        "platforms": [
            {
                "platform": each.platform,
                "accountId": each.integration_id,
                "success": True,
                "status": "publishing" if order.when is None else "pending",
            }
            for each in order.targets
        ],
    }
    if order.when is not None:
        body |= {"scheduledFor": stamp(made.scheduled_for), "timezone": order.timezone}
    return body if made.warning is None else body | {"warningMessage": made.warning}


def _entry(row: TargetRow) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "platform": row.platform,
        "accountId": row.integration_id,
        "success": row.state != State.FAILED.value,
        "status": shown(State(row.state)),
    }
    if row.proof_id is not None:
        entry["platformPostId"] = row.proof_id
    if row.proof_url is not None:
        entry["platformPostUrl"] = row.proof_url
    if row.state == State.FAILED.value:
        entry |= {"error": row.error_message or "Failed.", "code": row.error_code}
    if row.warning:
        entry["warningMessage"] = row.warning
    return entry


def post(found: Shown, hidden: tuple[str, ...] = ()) -> dict[str, Any]:
    """A post as the two read endpoints show it."""
    row = found.post
    return {
        "postId": row.id,
        "content": row.content,
        "status": row.status,
        "scheduledFor": stamp(row.scheduled_for),
        "timezone": row.timezone,
        "mediaItems": _media_items(row.media, found.uploads),
        "platforms": [target(each, found.uploads) for each in found.targets if each.platform not in hidden],
        "crosspostingEnabled": False,
        "rawRequestBody": row.raw,
        "createdAt": stamp(row.created_at),
        "updatedAt": stamp(row.updated_at),
        **({"late": row.late, "lateAfter": row.late_after} if row.late else {}),
    }


def _media_items(items: Sequence[Any], uploads: Mapping[str, Described]) -> list[dict[str, Any]]:
    """The media items that the contract has a type for."""
    return [_media_item(item, uploads.get(item["url"])) for item in items if item["type"] != "document"]


def _media_item(item: dict[str, Any], uploaded: Described | None) -> dict[str, Any]:
    """A media item; only of an uploaded one the server knows more than its address."""
    known = Described("", 0, "") if uploaded is None else uploaded
    names = {"filename": known.filename, "size": known.size, "mimeType": known.mime}
    alt = {"altText": item["altText"]} if "altText" in item else {}
    return {"type": item["type"], "url": item["url"], **names, **alt}


def target(row: TargetRow, uploads: Mapping[str, Described] = _NOTHING) -> dict[str, Any]:
    """One target as the read endpoints show it; `waiting` says why nothing happens yet, and what was changed has its own."""
    entry: dict[str, Any] = {
        "platform": row.platform,
        "accountId": row.integration_id,
        "status": shown(State(row.state)),
        "content": row.content,
        "platformPostId": row.proof_id,
        "platformPostUrl": row.proof_url,
        "publishedAt": stamp(row.published_at),
        "errorMessage": row.error_message,
        "errorCode": row.error_code,
        "warningMessage": row.warning,
    }
    if row.wait_reason is not None:
        entry["waitingFor"] = row.wait_reason
        # Its turn has no instant.
        if row.wait_reason != waits.SHARE:
            entry["nextAt"] = stamp(row.next_at)
    if row.mended_at is not None:
        entry |= {"changedAt": stamp(row.mended_at), "platformSpecificData": row.options}
        if row.own_media is not None:
            entry["mediaItems"] = _media_items(row.own_media, uploads)
    return entry


def scheduled_post(found: Shown, hidden: tuple[str, ...] = ()) -> dict[str, Any]:
    """A post as the scheduled list shows it; its media items are closed, and have the contract's keys alone."""
    row = found.post
    return {
        "postId": row.id,
        "content": row.content,
        "scheduledFor": stamp(row.scheduled_for),
        "timezone": row.timezone,
        "mediaItems": [{key: item[key] for key in _WAITING if key in item} for item in row.media],
        "platforms": [
            {"platform": each.platform, "status": shown(State(each.state))}
            for each in found.targets
            if each.platform not in hidden
        ],
        "createdAt": stamp(row.created_at),
    }
