"""Reddit's objects: posts (t3), comments (t1), communities (t5) and people, with the members that its clients read."""

from __future__ import annotations

import html
import math
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.reddit import members, subreddits
from polypost.sandbox.networks.reddit.subreddits import Subreddit
from polypost.sandbox.simkit import Account, Document, Network, Params, SimPost

HOST = "https://www.reddit.com"
COMMENT = "comment"
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
# Ids count milliseconds from here, so that they look like those of today.
_EPOCH_MS = 1_750_000_000_000


def base36(number: int) -> str:
    """A number as Reddit writes ids."""
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = DIGITS[digit] + text
    return text or "0"


def new_id(net: Network) -> str:
    """A new id, without its kind."""
    return base36(int(net.snowflake(epoch_ms=_EPOCH_MS, random_bits=0)))


def say(params: Params, body: Any) -> Response:
    """JSON as asked for: without `raw_json` the characters of HTML are escaped."""
    raw = params.text("raw_json") in {"1", "true"}
    return JSONResponse(body if raw else _escaped(body))


def listing(children: list[dict[str, Any]], *, after: str | None = None) -> dict[str, Any]:
    """A list of things."""
    data = {
        "after": after,
        "dist": len(children),
        "modhash": None,
        "geo_filter": "",
        "children": children,
        "before": None,
    }
    return {"kind": "Listing", "data": data}


def visible(post: SimPost) -> bool:
    """Whether its media have been worked on, so that others see it."""
    return bool(post.raw["ready"] <= clock.now().timestamp())


def lookup(net: Network, post_id: str, *, deleted: bool = False) -> SimPost | None:
    """A post by its id; one is always there, so that it can be crossposted."""
    return WELCOME if post_id == WELCOME.id else net.posts.get(post_id, deleted=deleted)


class Things:
    """Builds the objects."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def post(self, post: SimPost, *, reader: str | None = None) -> dict[str, Any]:
        """A post. For others than its author, a removed or deleted one shows only that."""
        return {"kind": "t3", "data": self.link(post, reader=reader)}

    def link(self, post: SimPost, *, reader: str | None = None) -> dict[str, Any]:
        """The data of a post."""
        raw = post.raw
        author = self._net.accounts.get(post.account_id)
        name = author.username if author else raw.get("author", "[deleted]")
        community = subreddits.find(self._net, raw["sr"])
        gone = (
            "[deleted]"
            if post.deleted
            else "[removed]"
            if raw["removed"] and reader != post.account_id
            else None
        )
        data: dict[str, Any] = {
            "id": post.id,
            "name": f"t3_{post.id}",
            "title": raw["title"],
            "selftext": gone or raw["body"],
            "selftext_html": None
            if not raw["body"] or gone
            else f'<div class="md"><p>{html.escape(raw["body"])}</p></div>',
            "author": "[deleted]" if post.deleted else name,
            "author_fullname": f"t2_{post.account_id}",
            "subreddit": raw["sr"],
            "subreddit_id": f"t5_{community.id}" if community else None,
            "subreddit_name_prefixed": community.prefixed if community else f"r/{raw['sr']}",
            "subreddit_type": "user" if community and community.owner else "public",
            "permalink": post.permalink,
            "created": math.floor(post.created.timestamp()),
            "created_utc": float(math.floor(post.created.timestamp())),
            "link_flair_text": raw["flair_text"],
            "link_flair_template_id": raw["flair_id"],
            "over_18": raw["nsfw"],
            "spoiler": raw["spoiler"],
            "send_replies": raw["send_replies"],
            "removed_by_category": "automod_filtered"
            if raw["removed"]
            else "deleted"
            if post.deleted
            else None,
            "edited": raw.get("edited", False),
            "likes": True if reader == post.account_id else None,
            **self._votes(post),
            **members.POST,
        }
        return data | self._content(post)

    def _votes(self, post: SimPost) -> dict[str, Any]:
        score = self.score(post)
        return {
            "score": score,
            "ups": score,
            "downs": 0,
            "upvote_ratio": 1.0,
            "num_comments": len(self.comments(post)),
            "num_crossposts": 0,
            "view_count": None,
        }

    def _content(self, post: SimPost) -> dict[str, Any]:
        raw, kind = post.raw, post.raw["kind"]
        data: dict[str, Any] = {
            "is_self": kind in {"self", "poll"},
            "is_video": kind in {"video", "videogif"},
            "is_reddit_media_domain": kind in {"image", "video", "videogif"},
            "url": raw["url"] or HOST + post.permalink,
            "domain": f"self.{raw['sr']}",
            "media": None,
            "secure_media": None,
            "thumbnail": "self" if kind == "self" else "default",
        }
        if kind == "link":
            data |= {"domain": urlsplit(raw["url"]).hostname or "", "post_hint": "link"}
        elif kind == "image":
            data |= {"domain": "i.redd.it", "post_hint": "image", "url": self._url(post, 0)}
        elif kind in {"video", "videogif"}:
            data |= self._video(post)
        elif kind == "gallery":
            data |= {"is_gallery": True, "domain": "reddit.com", "url": f"{HOST}/gallery/{post.id}"}
            data["gallery_data"] = {"items": [{**item, "id": n} for n, item in enumerate(raw["items"], 1)]}
        elif kind == "poll":
            data["poll_data"] = self._poll(post)
        elif kind == "crosspost":
            data |= self._crosspost(raw["crosspost_parent"])
        if not data["is_self"]:
            data["url_overridden_by_dest"] = data["url"]
        if raw["items"]:
            data["media_metadata"] = {
                item["media_id"]: self._metadata(post, n, item) for n, item in enumerate(raw["items"])
            }
        return data

    def _video(self, post: SimPost) -> dict[str, Any]:
        item = post.media[0]
        video = {
            "fallback_url": self._url(post, 0),
            "width": item.get("width"),
            "height": item.get("height"),
            "duration": math.ceil(item.get("duration") or 0),
            "is_gif": post.raw["kind"] == "videogif",
            "transcoding_status": "completed",
        }
        media = {"reddit_video": video}
        return {
            "domain": "v.redd.it",
            "post_hint": "hosted:video",
            "url": f"https://v.redd.it/{post.id}",
            "media": media,
            "secure_media": media,
        }

    def _metadata(self, post: SimPost, place: int, item: dict[str, Any]) -> dict[str, Any]:
        media = post.media[place]
        size = {"y": media.get("height"), "x": media.get("width"), "u": self._url(post, place)}
        kind = "AnimatedImage" if media["kind"] == "gif" else "Image"
        return {"status": "valid", "e": kind, "m": media["mime"], "s": size, "id": item["media_id"]}

    def _poll(self, post: SimPost) -> dict[str, Any]:
        poll = post.raw["poll"]
        ends = post.created.timestamp() + poll["days"] * 86_400
        options = [{"text": text, "id": str(n)} for n, text in enumerate(poll["options"], 1)]
        return {
            "options": options,
            "total_vote_count": 0,
            "voting_end_timestamp": int(ends * 1000),
            "user_selection": None,
            "is_prediction": False,
        }

    def _crosspost(self, parent_id: str) -> dict[str, Any]:
        parent = lookup(self._net, parent_id, deleted=True)
        listed = [self.link(parent)] if parent else []
        url = HOST + parent.permalink if parent else HOST
        return {
            "crosspost_parent": f"t3_{parent_id}",
            "crosspost_parent_list": listed,
            "url": url,
            "is_self": False,
        }

    def _url(self, post: SimPost, place: int) -> str:
        return self._net.address(post.media[place])

    def score(self, post: SimPost) -> int:
        """Points that grow slowly with age, the same at each look."""
        return 1 + post.grown(3 + int(post.id, 36) % 7)

    def comments(self, post: SimPost) -> list[Document]:
        """The comments below a post, oldest first."""
        return self._net.documents.of_account(COMMENT, post.id)

    def comment(self, comment: Document) -> dict[str, Any]:
        """A comment."""
        body = comment.body
        post = lookup(self._net, str(comment.account_id), deleted=True)
        created = math.floor(comment.created.timestamp())
        gone = body["deleted"]
        place = subreddits.find(self._net, post.raw["sr"]) if post else None
        author = self._net.accounts.get(post.account_id) if post else None
        link_author = author.username if author else "[deleted]"
        data = {
            "id": comment.id,
            "name": f"t1_{comment.id}",
            "body": "[deleted]" if gone else body["text"],
            "body_html": f'<div class="md"><p>{html.escape(body["text"])}</p></div>',
            "author": "[deleted]" if gone else body["author"],
            "author_fullname": f"t2_{body['author_id']}",
            "parent_id": body["parent"],
            "link_id": f"t3_{comment.account_id}",
            "permalink": f"{post.permalink if post else '/'}{comment.id}/",
            "subreddit": post.raw["sr"] if post else None,
            "subreddit_name_prefixed": place.prefixed if place else None,
            "subreddit_id": f"t5_{place.id}" if place else None,
            "link_title": post.raw["title"] if post else None,
            "link_author": link_author,
            "link_permalink": HOST + (post.permalink if post else "/"),
            "over_18": bool(post and post.raw["nsfw"]),
            "created": created,
            "created_utc": float(created),
            "score": 1,
            "ups": 1,
            "downs": 0,
            "replies": "",
            "edited": False,
            "is_submitter": bool(post and post.account_id == body["author_id"]),
            **members.COMMENT,
        }
        return {"kind": "t1", "data": data}

    def person(self, account: Account, *, own: bool) -> dict[str, Any]:
        """A person, with what only they see of themselves."""
        data = account.data
        shown: dict[str, Any] = {
            "name": account.username,
            "id": account.id,
            "created": math.floor(account.created.timestamp()),
            "created_utc": float(math.floor(account.created.timestamp())),
            "icon_img": self._net.avatar_url(account.id),
            "link_karma": data["link_karma"],
            "comment_karma": 20,
            "total_karma": data["link_karma"] + 20,
            "has_verified_email": True,
            "verified": True,
            "is_gold": False,
            "is_mod": False,
            "is_employee": False,
            "subreddit": {
                "display_name": f"u_{account.username}",
                "title": account.name,
                "subreddit_type": "user",
                **members.PROFILE,
            },
            **members.PERSON,
        }
        private = {
            **members.OWN,
            "is_suspended": False,
            "suspension_expiration_utc": None,
            "over_18": False,
            "inbox_count": 0,
            "has_mail": False,
        }
        return shown | private if own else shown

    def community(self, found: Subreddit) -> dict[str, Any]:
        """A community."""
        data = {
            "id": found.id,
            "name": f"t5_{found.id}",
            "display_name": found.name,
            "display_name_prefixed": found.prefixed,
            "title": found.title,
            "url": f"{found.path}/",
            "subreddit_type": "user" if found.owner else "restricted" if found.restricted else "public",
            "submission_type": found.takes,
            "allow_images": found.images,
            "allow_videos": found.videos,
            "allow_videogifs": found.videos,
            "allow_galleries": found.galleries,
            "allow_polls": found.polls,
            "link_flair_enabled": bool(found.flairs),
            "can_assign_link_flair": bool(found.flairs),
            "restrict_posting": found.restricted,
            "user_is_banned": False,
            "user_is_contributor": False,
            "user_is_moderator": False,
            "user_is_subscriber": not found.restricted,
            "over18": False,
            "quarantine": False,
            "subscribers": 1_000 + found.number,
            "public_description": found.title,
            **members.COMMUNITY,
            "created_utc": 1_750_000_000.0,
        }
        return {"kind": "t5", "data": data}


WELCOME = SimPost(
    seq=0,
    platform="reddit",
    id="welcome",
    account_id="welcome",
    created=datetime(2026, 1, 1, tzinfo=UTC),
    text="Welcome to the sandbox",
    media=[],
    permalink="/r/sandbox/comments/welcome/welcome_to_the_sandbox/",
    parent=None,
    thread="sandbox",
    deleted=None,
    raw={
        "author": "sandbox_team",
        "title": "Welcome to the sandbox",
        "body": "This post is always here, to be commented on and crossposted.",
        "kind": "self",
        "sr": "sandbox",
        "url": "",
        "flair_id": None,
        "flair_text": None,
        "nsfw": False,
        "spoiler": False,
        "send_replies": True,
        "items": [],
        "poster": None,
        "poll": None,
        "crosspost_parent": None,
        "ready": 0.0,
        "removed": False,
    },
)


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return html.escape(value, quote=False)
    if isinstance(value, dict):
        return {name: _escaped(inner) for name, inner in value.items()}
    return [_escaped(inner) for inner in value] if isinstance(value, list) else value
