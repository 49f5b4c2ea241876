"""A channel's videos: made from uploaded bytes, processed for a while, shown with exactly the parts asked for."""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import datetime, timedelta
from typing import Any

from polypost import clock
from polypost.probe import Facts
from polypost.sandbox.networks.youtube.limits import limit
from polypost.sandbox.networks.youtube.media_rules import Examined, is_short
from polypost.sandbox.networks.youtube.metadata import effective_privacy
from polypost.sandbox.simkit import Account, Network, SimPost, media_of

THUMBNAILS = {
    "default": (120, 90),
    "medium": (320, 180),
    "high": (480, 360),
    "standard": (640, 480),
    "maxres": (1280, 720),
}
OWNER_ONLY = frozenset({"fileDetails", "processingDetails", "suggestions"})


class Videos:
    """The videos of all channels; a deleted one stays as a mark."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def add(
        self,
        account: Account,
        made: dict[str, Any],
        blob: str,
        examined: Examined,
        *,
        name: str,
        extra: float,
        locked: bool,
    ) -> SimPost:
        """A new video; `extra` are more seconds of processing, `locked` keeps it private whatever was asked for."""
        facts, now = examined.facts, clock.now()
        # Eleven characters, as YouTube's ids have.
        video_id = secrets.token_urlsafe(8)
        snippet = made.get("snippet") or {
            "title": "unknown",
            "description": "",
            "tags": [],
            "categoryId": "22",
        }
        raw = {
            **made,
            "snippet": snippet,
            "status": made.get("status")
            or {"privacyStatus": "public", "license": "youtube", "embeddable": True},
            "file": {"name": name, "size": self._net.blobs.size(blob)},
            "facts": None if facts is None else facts.as_dict(),
            "ends": examined.ends,
            "reason": examined.reason,
            "begun": now.timestamp(),
            "extra": extra,
            "looks": 0,
            "locked": locked,
            "thumbnail": None,
            "ratings": {},
        }
        media = media_of(blob, facts, str(snippet["title"]), kind="video")
        return self._net.posts.add(
            id=video_id,
            account_id=account.id,
            text=str(snippet["description"]),
            permalink=f"/watch?v={video_id}",
            media=[media],
            raw=raw,
        )

    def get(self, video_id: str) -> SimPost | None:
        """The present video with this id."""
        return self._net.posts.get(video_id) if 0 < len(video_id) <= 64 else None

    def change(self, post: SimPost, **changes: Any) -> SimPost:
        """Set members of the record; the description is the post's text too."""
        raw = {**post.raw, **changes}
        self._net.posts.update(post.id, text=raw["snippet"]["description"], raw=raw)
        found = self._net.posts.get(post.id)
        assert found is not None
        return found

    def look(self, post: SimPost) -> None:
        """Count a look at the processing, which brings it nearer to its end."""
        if upload_status(post) == "uploaded":
            self._net.posts.update(post.id, raw={**post.raw, "looks": post.raw["looks"] + 1})

    def visible(self, post: SimPost, reader: str | None) -> bool:
        """Whether somebody may see the video: its owner always, others unless it is private."""
        return post.account_id == reader or privacy(post) != "private"

    def thumbnails(self, video_id: str) -> dict[str, Any]:
        """Where the images of a video are."""
        base = f"{self._net.url}/vi/{video_id}"
        names = {
            "high": "hqdefault",
            "medium": "mqdefault",
            "standard": "sddefault",
            "maxres": "maxresdefault",
        }
        return {
            size: {"url": f"{base}/{names.get(size, size)}.jpg", "width": width, "height": height}
            for size, (width, height) in THUMBNAILS.items()
        }

    def resource(self, post: SimPost, parts: list[str], *, owner: bool) -> dict[str, Any]:
        """`youtube#video` with these parts."""
        account = self._net.accounts.get(post.account_id)
        body: dict[str, Any] = {"kind": "youtube#video", "id": post.id}
        for part in parts:
            if part in OWNER_ONLY and not owner:
                continue
            made = self._part(post, account, part, owner=owner)
            if made is not None:
                body[part] = made
        return tagged(body)

    def _part(
        self, post: SimPost, account: Account | None, part: str, *, owner: bool
    ) -> dict[str, Any] | None:
        raw = post.raw
        if part == "snippet":
            return self._snippet(post, account)
        if part == "status":
            return status(post, owner=owner)
        if part == "statistics":
            # Counts are texts in JSON, as all numbers of 64 bits in Google's interfaces.
            return {name: str(count) for name, count in self.counts(post, owner=owner).items()}
        if part in {"recordingDetails", "localizations", "paidProductPlacementDetails"}:
            found: dict[str, Any] | None = raw.get(part)
            return found
        if part == "player":
            html = f'<iframe width="480" height="270" src="//www.youtube.com/embed/{post.id}"></iframe>'
            return {"embedHtml": html}
        described = {
            "contentDetails": content_details,
            "fileDetails": file_details,
            "processingDetails": processing_details,
        }
        return described[part](post) if part in described else ({} if part in EMPTY else None)

    def _snippet(self, post: SimPost, account: Account | None) -> dict[str, Any]:
        raw = post.raw["snippet"]
        snippet = {name: value for name, value in raw.items() if value not in (None, [])}
        return {
            **snippet,
            "publishedAt": stamp(post.created),
            "channelId": post.account_id,
            "channelTitle": account.name if account else "",
            "thumbnails": self.thumbnails(post.id),
            "localized": {"title": raw["title"], "description": raw["description"]},
            "liveBroadcastContent": "none",
        }

    def counts(self, post: SimPost, *, owner: bool) -> dict[str, int]:
        """Real comments and ratings; views grow slowly with the video's age, the same at each look."""
        views = post.grown(8 + ord(post.id[0]) % 23)
        ratings = list(post.raw["ratings"].values())
        counts = {
            "viewCount": views,
            "likeCount": views // 9 + ratings.count("like"),
            "favoriteCount": 0,
            "commentCount": len(self._net.documents.of_account("comment", post.id)),
        }
        if owner:
            counts["dislikeCount"] = ratings.count("dislike")
        return counts


EMPTY = frozenset({"topicDetails", "suggestions"})


def upload_status(post: SimPost) -> str:
    """Uploaded while it is worked on, then processed, failed or rejected."""
    raw = post.raw
    waited = clock.now().timestamp() - raw["begun"] - raw["extra"]
    done = waited >= limit("processing_seconds") or (
        waited >= 0 and raw["looks"] >= limit("processing_looks")
    )
    return str(raw["ends"]) if done else "uploaded"


def privacy(post: SimPost) -> str:
    """Who sees it now."""
    return effective_privacy(post.raw["status"], locked=post.raw["locked"])


def status(post: SimPost, *, owner: bool) -> dict[str, Any]:
    """`status`; what the owner declared is the owner's to see."""
    raw = post.raw["status"]
    now = upload_status(post)
    made = {
        "uploadStatus": now,
        "privacyStatus": privacy(post),
        "license": raw.get("license", "youtube"),
        "embeddable": raw.get("embeddable", True),
        "publicStatsViewable": raw.get("publicStatsViewable", True),
        "madeForKids": raw.get("selfDeclaredMadeForKids", False),
    }
    if now in {"failed", "rejected"}:
        made["failureReason" if now == "failed" else "rejectionReason"] = post.raw["reason"]
    if owner:
        names = ("selfDeclaredMadeForKids", "containsSyntheticMedia")
        made |= {name: raw[name] for name in names if name in raw}
        if "publishAt" in raw and made["privacyStatus"] == "private":
            made["publishAt"] = raw["publishAt"]
    return made


def facts_of(post: SimPost) -> Facts | None:
    """What is known about the video."""
    known = post.raw["facts"]
    return None if known is None else Facts.from_dict(known)


def short(post: SimPost) -> bool:
    """Whether YouTube shows it as a Short."""
    facts = facts_of(post)
    return facts is not None and is_short(facts)


def content_details(post: SimPost) -> dict[str, Any]:
    """`contentDetails`; the length is known when processing has ended."""
    facts = facts_of(post)
    known = facts is not None and upload_status(post) == "processed"
    return {
        "duration": duration(facts.duration if known and facts else None),
        "dimension": "2d",
        "definition": "hd" if facts and min(facts.width or 0, facts.height or 0) >= 720 else "sd",
        "caption": "false",
        "licensedContent": False,
        "contentRating": {},
        "projection": "rectangular",
        "hasCustomThumbnail": post.raw["thumbnail"] is not None,
    }


def duration(seconds: float | None) -> str:
    """A length as ISO 8601 writes it: `PT1H2M3S`, `P0D` for one that is not known."""
    if seconds is None:
        return "P0D"
    whole = round(seconds)
    parts = ((whole // 3600, "H"), (whole // 60 % 60, "M"), (whole % 60, "S"))
    text = "".join(f"{number}{unit}" for number, unit in parts if number)
    return f"PT{text or '0S'}"


def file_details(post: SimPost) -> dict[str, Any]:
    """`fileDetails` of the file that was uploaded."""
    file, facts = post.raw["file"], facts_of(post)
    details = {
        "fileName": file["name"],
        "fileSize": str(file["size"]),
        "fileType": "video" if facts else "other",
    }
    if facts is None:
        return details
    details["container"] = facts.mime.rpartition("/")[2]
    if facts.duration is not None:
        details["durationMs"] = str(round(facts.duration * 1000))
    if facts.bitrate is not None:
        details["bitrateBps"] = str(facts.bitrate)
    streams = [{"widthPixels": facts.width, "heightPixels": facts.height}] if facts.width else []
    return {**details, "videoStreams": streams}


def processing_details(post: SimPost) -> dict[str, Any]:
    """`processingDetails`: where the work on the file stands."""
    now = upload_status(post)
    words = {"uploaded": "processing", "processed": "succeeded", "rejected": "terminated", "failed": "failed"}
    done = now == "processed"
    ready = "available" if done else "inProgress"
    details: dict[str, Any] = {
        "processingStatus": words[now],
        "fileDetailsAvailability": "available",
        "processingIssuesAvailability": ready,
        "tagSuggestionsAvailability": ready,
        "editorSuggestionsAvailability": ready,
        "thumbnailsAvailability": ready,
    }
    if now == "uploaded":
        parts, looks = limit("processing_looks"), min(post.raw["looks"], limit("processing_looks"))
        left = max(0.0, post.raw["begun"] + post.raw["extra"] - clock.now().timestamp())
        details["processingProgress"] = {
            "partsTotal": str(parts),
            "partsProcessed": str(looks),
            "timeLeftMs": str(round(left * 1000)),
        }
    if now == "failed":
        details["processingFailureReason"] = "transcodeFailed"
    return details


def stamp(instant: datetime) -> str:
    """A time as YouTube writes it: whole seconds, `Z`."""
    return f"{instant - timedelta(microseconds=instant.microsecond):%Y-%m-%dT%H:%M:%SZ}"


def tagged(body: dict[str, Any]) -> dict[str, Any]:
    """A resource with the `etag` that follows from its content."""
    kind, rest = body["kind"], {name: value for name, value in body.items() if name != "kind"}
    digest = hashlib.blake2b(json.dumps(body, sort_keys=True).encode(), digest_size=20).hexdigest()
    return {"kind": kind, "etag": digest[:27], **rest}
