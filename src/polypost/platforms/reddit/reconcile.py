"""Looking for a post among the account's own: after a lost answer, and for media, whose answer names no post.

Reddit gives no key of our own back, so a match is the same subreddit, title, kind and content since the attempt (R1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from polypost.errors import Rejected, Unavailable
from polypost.platforms.base import Absent, Attempt, CannotTell, Found, Proof, Reconciled, Run, Session
from polypost.platforms.kit.answers import member, text
from polypost.platforms.kit.matching import CLOCK_SLACK, essence, unclaimed
from polypost.platforms.reddit.api import get, permalink

_PAGE = 100
_MOST_PAGES = 5


async def look(run: Run, attempt: Attempt) -> Reconciled:
    """Read the account's posts since the attempt and pick the oldest that is it and nobody else's."""
    if not run.account.username:
        return CannotTell("The account's name is not known, so its posts cannot be listed.")
    since = (attempt.started_at - CLOCK_SLACK).timestamp()
    matches: dict[str, Mapping[str, Any]] = {}
    after: str | None = None
    for _ in range(_MOST_PAGES):
        try:
            posts, after = await listed(run, after)
        except (Rejected, Unavailable) as unreadable:
            return CannotTell(str(unreadable))
        recent = [post for post in posts if created(post) >= since - 1]
        matches |= {str(post["id"]): post for post in recent if _is(post, attempt.handles)}
        if after is None or len(recent) < len(posts):
            break
    else:
        return CannotTell("The account has too many posts since then to look through.")
    free = sorted((matches[key] for key in await unclaimed(run, matches)), key=created)
    return Found(proof_of(free[0])) if free else Absent()


def proof_of(post: Mapping[str, Any]) -> Proof:
    """The proof that a listed post is."""
    path = post.get("permalink")
    return Proof(str(post["id"]), permalink(path) if isinstance(path, str) and path.startswith("/") else None)


async def listed(session: Session, after: str | None) -> tuple[list[Mapping[str, Any]], str | None]:
    """A page of the account's posts, newest first, and what asks for the next. Raises what `api.get` says."""
    params = {"sort": "new", "limit": str(_PAGE), **({"after": after} if after else {})}
    body = await get(session, f"/user/{session.account.username}/submitted", **params)
    data = member(body, "data")
    children = data.get("children")
    if not isinstance(children, list):
        raise Unavailable("Reddit did not list the account's posts.")
    posts = [post for child in children if (post := member(child, "data")).get("id")]
    return posts, text(data.get("after"))


def _is(post: Mapping[str, Any], handles: Mapping[str, Any]) -> bool:
    if essence(post.get("title")) != essence(handles.get("title")):
        return False
    if str(post.get("subreddit", "")).casefold() != str(handles.get("subreddit", "")).casefold():
        return False
    return _kind(post) == _FAMILY.get(str(handles.get("kind")), handles.get("kind")) and _content(
        post, handles
    )


_FAMILY = {"videogif": "video"}


def _kind(post: Mapping[str, Any]) -> str:
    """The kind of a listed post, as far as its members tell."""
    # These three may look like a link or a text as well, so they are asked for first.
    if post.get("crosspost_parent"):
        return "crosspost"
    if post.get("poll_data"):
        return "poll"
    if post.get("is_gallery"):
        return "gallery"
    domain = str(post.get("domain", ""))
    if post.get("is_video") or domain == "v.redd.it":
        return "video"
    if post.get("is_self"):
        return "self"
    return "image" if domain == "i.redd.it" or post.get("is_reddit_media_domain") else "link"


def _content(post: Mapping[str, Any], handles: Mapping[str, Any]) -> bool:
    kind = handles.get("kind")
    if kind == "link":
        return address(post.get("url")) == address(handles.get("url"))
    if kind == "crosspost":
        return post.get("crosspost_parent") == f"t3_{handles.get('parent')}"
    if kind == "gallery":
        items = member(post, "gallery_data").get("items")
        return not isinstance(items, list) or len(items) == handles.get("count")
    if kind == "self" and not handles.get("count"):
        return essence(post.get("selftext")) == essence(handles.get("text"))
    # Uploaded files get addresses of Reddit's own, so there is nothing more to compare.
    return True


def address(url: Any) -> str:
    """An address as compared: without scheme and last slash."""
    host, slash, path = re.sub(r"^https?://", "", url if isinstance(url, str) else "").partition("/")
    return (host.casefold() + slash + path).rstrip("/")


def created(post: Mapping[str, Any]) -> float:
    """When a post was made, in seconds since 1970; 0 where that is not told."""
    told = post.get("created_utc")
    return float(told) if isinstance(told, int | float) else 0.0
