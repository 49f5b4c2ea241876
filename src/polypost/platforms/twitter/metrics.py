"""How X counts what a post brought: posts by their ids, and the account's own list.

Public figures, of any age: `impression_count`, `like_count`, `reply_count`, `retweet_count`, `bookmark_count`; a
video's views stand with its media. How often links were clicked X tells to the owner only, for 30 days. X developer
docs, Posts lookup and Metrics; X API OpenAPI 2.167, GetPostsByIds; read 2026-08-01.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from polypost.platforms.abilities import Measured, Metrics
from polypost.platforms.base import Proof, Session
from polypost.platforms.kit.answers import count, member, objects, parsed
from polypost.platforms.twitter.api import permalink, send
from polypost.platforms.twitter.errors import error_for
from polypost.platforms.twitter.reconcile import expanded, instant, written

_BATCH, _PAGE, _SMALLEST_PAGE, _MOST_PAGES = 100, 100, 5, 10
_ID = re.compile(r"[0-9]{1,19}", re.ASCII)
# Ids hold the milliseconds since this instant above 22 bits of their own.
_EPOCH_MS, _ID_BITS = 1_288_834_974_657, 22
# An hour less than X says, so that no post grows too old on the way.
_PRIVATE_FOR = timedelta(days=30) - timedelta(hours=1)
_FIELDS = "author_id,created_at,entities,attachments,note_tweet,public_metrics"
_MEDIA = {"expansions": "attachments.media_keys", "media.fields": "type,public_metrics"}
_VIDEO = "video"

Found = Mapping[str, Any]
# A post with the views of its video.
Seen = tuple[Found, int | None]


class PostMetrics:
    """`MetricsSource` for X."""

    async def measure(self, session: Session, proofs: Sequence[Proof]) -> Mapping[str, Metrics]:
        """The figures of the account's posts, 100 at a time; strangers' posts are left out."""
        wanted = dict.fromkeys(proof.id for proof in proofs if _ID.fullmatch(proof.id))
        oldest = session.now() - _PRIVATE_FOR
        young = [number for number in wanted if _born(number) > oldest]
        figures: dict[str, Metrics] = {}
        async for post, views in _looked_up(session, young, private=True):
            figures[str(post["id"])] = _metrics(post, views)
        # X leaves out a post whose private figures it will not tell, so that the rest is asked for without them.
        rest = [number for number in wanted if number not in figures]
        async for post, views in _looked_up(session, rest, private=False):
            figures[str(post["id"])] = _metrics(post, views)
        return figures

    async def recent(
        self, session: Session, *, since: datetime, until: datetime, most: int
    ) -> Sequence[Measured]:
        """The account's posts without its replies and reposts, of which X lists the newest 800."""
        border = min(max(since, session.now() - _PRIVATE_FOR), until)
        found: list[Measured] = []
        for begin, end, private in ((border, until, True), (since, border, False)):
            if begin < end and len(found) < most:
                listed = _listed(session, begin, end, most - len(found), private=private)
                found += [_measured(session, post, views) async for post, views in listed]
        return found


async def _looked_up(session: Session, ids: Sequence[str], *, private: bool) -> AsyncIterator[Seen]:
    for start in range(0, len(ids), _BATCH):
        params = {"ids": ",".join(ids[start : start + _BATCH]), **_asked(private=private)}
        body = await _body(session, "/2/tweets", params)
        for each in _own(session, body):
            yield each


async def _listed(
    session: Session, since: datetime, until: datetime, most: int, *, private: bool
) -> AsyncIterator[Seen]:
    params = {
        "max_results": str(min(max(most, _SMALLEST_PAGE), _PAGE)),
        "start_time": written(since),
        "exclude": "replies,retweets",
        **_asked(private=private),
    }
    # The end of a list that reaches to now is left to X, whose clock may differ.
    if session.now() - until > timedelta(minutes=1):
        params["end_time"] = written(until + timedelta(seconds=1))
    left = most
    for _ in range(_MOST_PAGES):
        body = await _body(session, f"/2/users/{session.account.id}/tweets", params)
        for post, views in _own(session, body):
            created = instant(post.get("created_at"))
            if left and (created is None or since.replace(microsecond=0) <= created <= until):
                left -= 1
                yield post, views
        token = member(body, "meta").get("next_token")
        if not left or not isinstance(token, str):
            return
        params["pagination_token"] = token


async def _body(session: Session, path: str, params: Mapping[str, str]) -> dict[str, Any]:
    """An answer that lists posts, or says why it lists none. Raises Unavailable for any other."""
    answer = await send(session, "GET", path, params=params)
    body = parsed(answer)
    if not {"data", "errors", "meta"} & set(body):
        raise error_for(answer, session.now())
    return body


def _asked(*, private: bool) -> dict[str, str]:
    return {"tweet.fields": f"{_FIELDS},non_public_metrics" if private else _FIELDS, **_MEDIA}


def _own(session: Session, body: Mapping[str, Any]) -> Iterator[Seen]:
    """The account's well-formed posts in an answer, each with the views of its video."""
    media = objects(member(body, "includes").get("media"))
    shown = {each["media_key"]: each for each in media if isinstance(each.get("media_key"), str)}
    for post in objects(body.get("data")):
        if str(post.get("id", "")).isdecimal() and post.get("author_id") == session.account.id:
            yield post, _views(post, shown)


def _views(post: Found, media: Mapping[str, Found]) -> int | None:
    """The views of the post's one video; of several X tells each by itself, and a sum would be ours."""
    keys = member(post, "attachments").get("media_keys")
    videos = [
        media[key]
        for key in (keys if isinstance(keys, list) else ())
        if key in media and media[key].get("type") == _VIDEO
    ]
    return count(member(videos[0], "public_metrics"), "view_count") if len(videos) == 1 else None


def _metrics(post: Found, views: int | None) -> Metrics:
    public, private = member(post, "public_metrics"), member(post, "non_public_metrics")
    return Metrics(
        impressions=count(public, "impression_count"),
        likes=count(public, "like_count"),
        comments=count(public, "reply_count"),
        # The member has two names, as many in this interface.
        shares=count(public, "retweet_count", "repost_count"),
        saves=count(public, "bookmark_count"),
        clicks=count(private, "url_link_clicks"),
        views=views,
    )


def _measured(session: Session, post: Found, views: int | None) -> Measured:
    number = str(post["id"])
    return Measured(
        Proof(number, permalink(session.account, number)),
        expanded(post) or None,
        instant(post.get("created_at")),
        _metrics(post, views),
    )


def _born(number: str) -> datetime:
    return datetime.fromtimestamp(((int(number) >> _ID_BITS) + _EPOCH_MS) / 1000, UTC)
