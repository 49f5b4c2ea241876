"""The one request that publishes: which path, which body, and what will be needed to find its post again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from polypost.errors import Unavailable
from polypost.platforms.reddit.api import JSON
from polypost.platforms.reddit.options import RedditOptions
from polypost.platforms.reddit.plan import VIDEOS, Plan
from polypost.platforms.reddit.upload import Uploaded

_GALLERY, _POLL, _SUBMIT = "/api/submit_gallery_post.json", "/api/submit_poll_post", "/api/submit"


@dataclass(frozen=True, slots=True)
class Submission:
    """`body` holds the client's keyword for it: `data` for a form, `json` for the two younger calls."""

    kind: str
    path: str
    body: Mapping[str, Any]
    handles: Mapping[str, Any]


def compose(
    plan: Plan,
    options: RedditOptions,
    media: Sequence[Uploaded],
    poster: Uploaded | None,
    richtext: str | None,
) -> Submission:
    """The request for a plan whose media are up."""
    handles = known_by(plan, options, len(media))
    shared = _shared(plan, options)
    if plan.kind == "gallery":
        return Submission("gallery", _GALLERY, {"json": shared | _gallery(plan, options, media)}, handles)
    if plan.kind == "poll":
        return Submission("poll", _POLL, {"json": shared | _poll(plan, options)}, handles)
    fields: dict[str, Any] = {"kind": plan.kind, **_text(plan, richtext)}
    if plan.kind == "link":
        fields |= {"url": options.url, "resubmit": bool(options.resubmit)}
    elif plan.kind == "crosspost":
        fields |= {"crosspost_fullname": f"t3_{handles['parent']}"}
    elif plan.kind != "self":
        fields |= {"url": media[0].url}
    if plan.kind in VIDEOS and poster is not None:
        fields |= {"video_poster_url": poster.url}
    form = {name: _word(value) for name, value in {**shared, **fields}.items()}
    return Submission(plan.kind, _SUBMIT, {"data": form}, handles)


def known_by(plan: Plan, options: RedditOptions, count: int) -> dict[str, Any]:
    """What a submission with `count` media is known by among the account's own."""
    handles: dict[str, Any] = {
        "kind": plan.kind,
        "subreddit": options.subreddit,
        "title": plan.title,
        "text": plan.body,
        "count": count,
    }
    if plan.kind == "link":
        handles |= {"url": options.url, "resubmit": bool(options.resubmit)}
    elif plan.kind == "crosspost":
        handles |= {"parent": (options.crosspost_id or "").removeprefix("t3_")}
    return handles


def _shared(plan: Plan, options: RedditOptions) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "sr": options.subreddit,
        "title": plan.title,
        "nsfw": bool(options.nsfw),
        "spoiler": bool(options.spoiler),
        "sendreplies": options.send_replies is not False,
        # The subreddit's rules are then told before the post is made, instead of removing it afterwards.
        "validate_on_submit": True,
        **JSON,
    }
    if options.flair_id:
        fields["flair_id"] = options.flair_id
    if options.flair_text:
        fields["flair_text"] = options.flair_text
    return fields


def _text(plan: Plan, richtext: str | None) -> dict[str, str]:
    if richtext is not None:
        return {"richtext_json": richtext}
    return {"text": plan.body} if plan.body or plan.kind == "self" else {}


def _gallery(plan: Plan, options: RedditOptions, media: Sequence[Uploaded]) -> dict[str, Any]:
    words = options.gallery or []
    items = []
    for place, each in enumerate(media):
        said = words[place] if place < len(words) else None
        items.append(
            {
                "caption": (said.caption if said else None) or "",
                "outbound_url": (said.outbound_url if said else None) or "",
                "media_id": each.asset_id,
            }
        )
    return {"items": items, "show_error_list": True, **({"text": plan.body} if plan.body else {})}


def _poll(plan: Plan, options: RedditOptions) -> dict[str, Any]:
    assert options.poll is not None
    return {
        "text": plan.body,
        "options": list(options.poll.options),
        "duration": options.poll.duration_days,
        "resubmit": False,
    }


def compact(output: Any) -> str:
    """The converted text as one field. Raises Unavailable for an answer without it."""
    if not isinstance(output, dict):
        raise Unavailable("Reddit did not convert the text with its pictures.")
    return json.dumps(output, separators=(",", ":"), ensure_ascii=False)


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
