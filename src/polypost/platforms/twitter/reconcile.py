"""Looking for a post whose answer was lost: own posts since the attempt, compared by what a reader would see.

X gives no key of our own back, so a match is the same text, as many media items and the same parent (R1).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from polypost.platforms.base import Absent, Attempt, CannotTell, Found, Proof, Reconciled, Run
from polypost.platforms.kit import answers
from polypost.platforms.kit.answers import member, objects, parsed
from polypost.platforms.kit.calls import bearer
from polypost.platforms.kit.matching import CLOCK_SLACK, unclaimed
from polypost.platforms.twitter.api import permalink
from polypost.platforms.twitter.errors import ErrorBody
from polypost.platforms.twitter.spec import API
from polypost.platforms.twitter.urls import find_urls

_PAGE = 100
_MOST_PAGES = 10
_FIELDS = "created_at,entities,attachments,referenced_tweets,note_tweet"
_SHORT_LINK = re.compile(r"https?://t\.co/[A-Za-z0-9]+")
_MEDIA_LINK = re.compile(r"/status/\d+/(?:photo|video)/\d+$")
_LAST_LINK = re.compile(r"\s*https?://t\.co/[A-Za-z0-9]+\s*\Z")
_LEADING_MENTIONS = re.compile(r"(?:@\w{1,15}\s+)+")


async def look(run: Run, attempt: Attempt) -> Reconciled:
    """Read the account's posts since the attempt and pick the oldest that is it and nobody else's."""
    since = attempt.started_at - CLOCK_SLACK
    matches: list[int] = []
    token: str | None = None
    for _ in range(_MOST_PAGES):
        page = await _page(run, since, token)
        if isinstance(page, CannotTell):
            return page
        matches += [int(post["id"]) for post in _posts(page, since) if _is(post, attempt.handles)]
        token = member(page, "meta").get("next_token")
        if not token:
            break
    else:
        return CannotTell("The account has too many posts since then to look through.")
    free = await unclaimed(run, map(str, matches))
    # Ids grow with time, so the oldest match is the smallest.
    oldest = min(free, key=int, default="")
    return Found(Proof(oldest, permalink(run.account, oldest))) if oldest else Absent()


async def _page(run: Run, since: datetime, token: str | None) -> Mapping[str, Any] | CannotTell:
    params = {
        "max_results": str(_PAGE),
        "start_time": written(since),
        "tweet.fields": _FIELDS,
        **({"pagination_token": token} if token else {}),
    }
    url = f"{API}/2/users/{run.account.id}/tweets"
    answer = await run.http.request("GET", url, params=params, headers=bearer(run))
    body = parsed(answer)
    # An empty timeline has no data but a count; errors beside data concern other objects.
    if answer.is_success and ("data" in body or "meta" in body):
        return body
    return CannotTell(f"X did not list the account's posts. {ErrorBody.of(answer)}")


def _posts(page: Mapping[str, Any], since: datetime) -> Iterator[Mapping[str, Any]]:
    """The well-formed posts of a page that are not older than `since`."""
    for post in objects(page.get("data")):
        if not str(post.get("id", "")).isdecimal():
            continue
        created = instant(post.get("created_at"))
        if created is None or created >= since.replace(microsecond=0):
            yield post


def _is(post: Mapping[str, Any], handles: Mapping[str, Any]) -> bool:
    media = len(member(post, "attachments").get("media_keys") or ())
    parent = handles.get("reply_to")
    if media != handles.get("media", 0) or _parent(post) != parent:
        return False
    wanted = essence(str(handles.get("text", "")))
    return any(
        essence(shown) == wanted for shown in _readings(post, has_media=media > 0, is_reply=bool(parent))
    )


def essence(text: str) -> str:
    """A text without what X changes: composed, single spaces, links without scheme and last slash."""
    text = unicodedata.normalize("NFC", text)
    parts, at = [], 0
    for begin, end in find_urls(text):
        parts += [text[at:begin], _bare(text[begin:end])]
        at = end
    return " ".join("".join([*parts, text[at:]]).split())


def _bare(url: str) -> str:
    host, slash, path = re.sub(r"^https?://", "", url, flags=re.IGNORECASE).partition("/")
    return (host.lower() + slash + unquote(path)).rstrip("/")


def _readings(post: Mapping[str, Any], *, has_media: bool, is_reply: bool) -> Iterator[str]:
    """What the text may have been when it was sent: X adds a link for media and mentions for a reply."""
    shown = expanded(post)
    yield shown
    if has_media:
        yield (shown := _LAST_LINK.sub("", shown))
    if is_reply and (mentions := _LEADING_MENTIONS.match(shown)):
        yield shown[mentions.end() :]


def expanded(post: Mapping[str, Any]) -> str:
    """The post's text with real links in the place of X's short ones, and none for its own media."""
    # Long posts carry a shortened text, and the whole one in a member that has two names.
    note = post.get("note_tweet") or post.get("note_post")
    source = note if isinstance(note, Mapping) and isinstance(note.get("text"), str) else post
    # The ampersand last: what was written as "&lt;" arrives as "&amp;lt;".
    text = str(source.get("text", "")).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    links = {**_links(post), **_links(source)}
    return _SHORT_LINK.sub(lambda found: links.get(found[0], found[0]), text)


def _links(source: Mapping[str, Any]) -> dict[str, str]:
    links = {}
    for url in objects(member(source, "entities").get("urls")):
        short, full = url.get("url"), url.get("expanded_url")
        if isinstance(short, str) and isinstance(full, str):
            links[short] = "" if url.get("media_key") or _MEDIA_LINK.search(full) else full
    return links


def _parent(post: Mapping[str, Any]) -> str | None:
    """The id of the post this one replies to; the member has two names."""
    for reference in post.get("referenced_tweets") or post.get("referenced_posts") or ():
        if isinstance(reference, Mapping) and reference.get("type") == "replied_to":
            return str(reference.get("id"))
    return None


def written(when: datetime) -> str:
    """An instant as X asks for it, in whole seconds."""
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def instant(text: Any) -> datetime | None:
    """The instant that a text holds; None where it is none."""
    when = answers.instant(text)
    return when if when and when.tzinfo else None
