"""What a video resource in a request may say: its parts, their members, and every limit on them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from starlette.requests import Request

from polypost import clock
from polypost.sandbox.networks.youtube import errors
from polypost.sandbox.networks.youtube.categories import ASSIGNABLE
from polypost.sandbox.networks.youtube.limits import limit

Body = dict[str, Any]
PRIVACY = ("public", "unlisted", "private")
LICENSES = ("youtube", "creativeCommon")
# Parts of a video that requests may carry, and the types of the members that they may set; the rest is read-only.
WRITABLE: dict[str, dict[str, type]] = {
    "snippet": {
        "title": str,
        "description": str,
        "tags": list,
        "categoryId": str,
        "defaultLanguage": str,
        "defaultAudioLanguage": str,
    },
    "status": {
        "privacyStatus": str,
        "publishAt": str,
        "license": str,
        "embeddable": bool,
        "publicStatsViewable": bool,
        "selfDeclaredMadeForKids": bool,
        "containsSyntheticMedia": bool,
    },
    "recordingDetails": {"recordingDate": str, "locationDescription": str, "location": dict},
    "paidProductPlacementDetails": {"hasPaidProductPlacement": bool},
    "localizations": {},
}
READ_ONLY: dict[str, frozenset[str]] = {
    "snippet": frozenset(
        {"publishedAt", "channelId", "channelTitle", "thumbnails", "localized", "liveBroadcastContent"}
    ),
    "status": frozenset({"uploadStatus", "failureReason", "rejectionReason", "madeForKids"}),
}
# Parts that only answers have.
READABLE = (
    *WRITABLE,
    "ageGating", "contentDetails", "fileDetails", "id", "liveStreamingDetails", "monetizationDetails", "player",
    "processingDetails", "projectDetails", "statistics", "suggestions", "topicDetails",
)  # fmt: skip


def parts(request: Request, known: Iterable[str]) -> list[str]:
    """The `part` parameter, given once or several times. Raises Refused (400)."""
    names = [name.strip() for text in request.query_params.getlist("part") for name in text.split(",")]
    asked = [name for name in dict.fromkeys(names) if name]
    if not asked:
        raise errors.bad_parameter("part", "Required parameter: part", "missingRequiredParameter")
    for name in asked:
        if name not in known:
            raise errors.bad_part("unknownPart", name)
    return asked


def checked(body: Any, asked: list[str], *, old: Body | None = None) -> Body:
    """The parts of a new video, or of a change to `old`, as they will be stored. Raises Refused (400, 403)."""
    if not isinstance(body, dict):
        raise errors.bad_request("Invalid JSON payload received.")
    for name in WRITABLE:
        if name in body and name not in asked:
            raise errors.bad_part("unexpectedPart", name)
    made = {name: _members(name, body.get(name, {})) for name in asked if name in WRITABLE}
    if "snippet" in made:
        _snippet(made["snippet"], changing=old is not None)
    if "status" in made:
        _status(made["status"], old)
    if "localizations" in made:
        _localizations(made, old)
    return made


def _members(part: str, given: Any) -> Body:
    if not isinstance(given, dict):
        raise errors.bad_request(f"Invalid value at 'video.{part}'")
    if part == "localizations":
        return given
    kinds = WRITABLE[part]
    taken: Body = {}
    for name, value in given.items():
        if name in READ_ONLY.get(part, ()) or value is None:
            continue
        if name not in kinds:
            raise errors.bad_request(
                f"Invalid JSON payload received. Unknown name \"{name}\" at 'video.{part}': Cannot find field."
            )
        if not isinstance(value, kinds[name]):
            raise errors.bad_request(f"Invalid value at 'video.{part}.{name}', {str(value)[:60]!r}")
        taken[name] = value
    return taken


def _snippet(snippet: Body, *, changing: bool) -> None:
    # A new video without a title is called so; a change replaces the part whole and needs one.
    title = snippet.get("title", "" if changing else "unknown")
    text = snippet.setdefault("description", "")
    if not title.strip() or len(title) > limit("title_characters") or _marked(title):
        message = "The request metadata specifies an invalid or empty video title."
        raise errors.invalid("invalidTitle", message, "body.snippet.title")
    # Of all limits on texts this one counts bytes (Videos resource).
    if len(text.encode("utf-8", "surrogatepass")) > limit("description_bytes") or _marked(text):
        message = "The request metadata specifies an invalid video description."
        raise errors.invalid("invalidDescription", message, "body.snippet.description")
    tags = snippet.setdefault("tags", [])
    if not all(isinstance(tag, str) for tag in tags) or counted(tags) > limit("tags_characters"):
        message = "The request metadata specifies invalid video keywords."
        raise errors.invalid("invalidTags", message, "body.snippet.tags")
    # 22 is People & Blogs.
    category = snippet.get("categoryId", "" if changing else "22")
    if category not in ASSIGNABLE:
        message = "The snippet.categoryId property specifies an invalid category ID."
        raise errors.invalid("invalidCategoryId", message, "body.snippet.categoryId")
    snippet |= {"title": title, "categoryId": category}


def _marked(text: str) -> bool:
    return "<" in text or ">" in text


def counted(tags: Iterable[str]) -> int:
    """The length of all tags as YouTube counts it: commas between them, quotes around one that has a space."""
    lengths = [len(tag) + (2 if " " in tag else 0) for tag in tags]
    return sum(lengths) + max(0, len(lengths) - 1)


def _status(status: Body, old: Body | None) -> None:
    if status.setdefault("privacyStatus", "public") not in PRIVACY:
        raise errors.bad_request(
            f"Invalid value at 'video.status.privacy_status', \"{status['privacyStatus']}\""
        )
    if status.setdefault("license", "youtube") not in LICENSES:
        raise errors.bad_request(f"Invalid value at 'video.status.license', \"{status['license']}\"")
    status.setdefault("embeddable", True)
    status.setdefault("publicStatsViewable", True)
    if "publishAt" not in status:
        return
    when = _instant(status["publishAt"])
    # A time can be set for private videos only, and for none that was out (Videos resource).
    was_public = old is not None and old["status"]["privacyStatus"] != "private"
    if when is None or when <= clock.now() or status["privacyStatus"] != "private" or was_public:
        message = "The request metadata specifies an invalid scheduled publishing time."
        raise errors.invalid("invalidPublishAt", message, "body.status.publishAt")
    status["publishAt"] = clock.iso(when)


def _instant(text: str) -> datetime | None:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when if when.tzinfo else None


def _localizations(made: Body, old: Body | None) -> None:
    snippet = made.get("snippet") or (old or {}).get("snippet", {})
    if made["localizations"] and "defaultLanguage" not in snippet:
        message = "The API request is trying to add localized video details without specifying the default language."
        raise errors.invalid("defaultLanguageNotSet", message, "body.localizations")


def effective_privacy(status: Body, *, locked: bool) -> str:
    """Who sees it now: a locked one nobody else, a scheduled one everybody after its time."""
    if locked:
        return "private"
    when = _instant(status.get("publishAt", ""))
    return "public" if when is not None and when <= clock.now() else str(status["privacyStatus"])
