"""X's objects: posts, users, media and polls, with exactly the fields that were asked for, in the old or new names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from starlette.requests import Request

from polypost import clock
from polypost.sandbox.networks.twitter.limits import limit
from polypost.sandbox.simkit import Account, Network, SimPost

# Old name -> new name (X API OpenAPI 2.167); which one answers depends on which parameter asked.
NEW_NAMES = {
    "retweet_count": "repost_count",
    "referenced_tweets": "referenced_posts",
    "edit_history_tweet_ids": "edit_history_post_ids",
}


@dataclass(slots=True)
class Asked:
    """Which fields and expansions a call wants."""

    post: set[str]
    user: set[str]
    media: set[str]
    poll: set[str]
    expansions: set[str]
    new_names: bool
    reader: str | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, request: Request, reader: str | None) -> Asked:
        """Read from the query; `reader` is the id of the account that asks."""
        query = request.query_params

        def names(parameter: str) -> set[str]:
            return {name for name in query.get(parameter, "").split(",") if name}

        return cls(
            post=names("tweet.fields") | names("post.fields"),
            user=names("user.fields"),
            media=names("media.fields"),
            poll=names("poll.fields"),
            expansions=names("expansions"),
            new_names="post.fields" in query,
            reader=reader,
        )

    def name(self, old: str) -> str:
        """A member's name in the version that was asked for."""
        return NEW_NAMES[old] if self.new_names else old

    def wants(self, old: str) -> bool:
        """Whether a field was asked for, by either name."""
        return old in self.post or NEW_NAMES.get(old) in self.post


class Answers:
    """Builds the objects."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def posts(self, posts: Iterable[SimPost], asked: Asked) -> dict[str, Any]:
        """`data` and `includes` for several posts."""
        listed = list(posts)
        data = [self.post(post, asked) for post in listed]
        includes = self._includes(listed, asked)
        return {"data": data, **({"includes": includes} if includes else {})}

    def post(self, post: SimPost, asked: Asked) -> dict[str, Any]:
        """One post."""
        raw = post.raw
        answer: dict[str, Any] = {
            "id": post.id,
            "text": raw["text"],
            asked.name("edit_history_tweet_ids"): raw["edit_history"],
        }
        referenced = _references(post)
        attachments = _attachments(post)
        plain: dict[str, Any] = {
            "created_at": clock.iso(post.created),
            "author_id": post.account_id,
            "conversation_id": raw["conversation_id"],
            "entities": raw["entities"] or None,
            "attachments": attachments or None,
            "lang": "und",
            "possibly_sensitive": False,
            "reply_settings": raw.get("reply_settings", "everyone"),
            "community_id": raw.get("community_id"),
            "paid_partnership": raw.get("paid_partnership"),
            "in_reply_to_user_id": self._author_of(post.parent),
            "source": "Polypost sandbox",
        }
        expanded = {"author_id"} & asked.expansions
        answer |= {n: v for n, v in plain.items() if v is not None and (n in asked.post or n in expanded)}
        if referenced and asked.wants("referenced_tweets"):
            answer[asked.name("referenced_tweets")] = referenced
        self._add_metrics(post, asked, answer)
        return answer

    def _add_metrics(self, post: SimPost, asked: Asked, answer: dict[str, Any]) -> None:
        metrics = self.metrics(post)
        if "public_metrics" in asked.post:
            answer["public_metrics"] = {
                NEW_NAMES.get(n, n) if asked.new_names else n: v for n, v in metrics.items()
            }
        private = {
            "impression_count": metrics["impression_count"],
            "url_link_clicks": metrics["like_count"] // 2,
            "user_profile_clicks": metrics["like_count"] // 3,
        }
        young = clock.now() - post.created <= timedelta(days=limit("private_metrics_days"))
        for name in ("non_public_metrics", "organic_metrics"):
            if name not in asked.post:
                continue
            if asked.reader == post.account_id and young:
                answer[name] = private
            else:
                asked.errors.append(
                    {
                        "resource_id": post.id,
                        "parameter": "tweet.fields",
                        "resource_type": "tweet",
                        "section": "data",
                        "title": "Field Authorization Error",
                        "value": name,
                        "detail": f"Sorry, you are not authorized to access '{name}' on the Tweet with id: [{post.id}].",
                        "type": "https://api.twitter.com/2/problems/not-authorized-for-field",
                    }
                )

    def metrics(self, post: SimPost) -> dict[str, int]:
        """Public metrics: real replies and quotes, the rest grows slowly with the post's age, the same at each look."""
        seed = int(post.id) % 97
        views = post.grown(10 + seed)
        return {
            "retweet_count": views // 60,
            "reply_count": self._net.posts.count_replies(post.id),
            "like_count": views // (8 + seed % 5),
            "quote_count": 0,
            "bookmark_count": views // 90,
            "impression_count": views,
        }

    def user(self, account: Account, fields: set[str]) -> dict[str, Any]:
        """One user."""
        data = account.data
        more = {
            "created_at": clock.iso(account.created),
            "description": data.get("description", ""),
            "profile_image_url": self._net.avatar_url(account.id),
            "protected": False,
            "verified": data.get("subscription_type", "None") != "None",
            "verified_type": "blue" if data.get("subscription_type", "None") != "None" else "none",
            "subscription_type": data.get("subscription_type", "None"),
            "url": "",
            "location": "",
            "public_metrics": {
                "followers_count": 100,
                "following_count": 10,
                "tweet_count": self._net.posts.count(account.id),
                "listed_count": 0,
            },
        }
        basis = {"id": account.id, "name": account.name, "username": account.username}
        return basis | {name: value for name, value in more.items() if name in fields}

    def _author_of(self, post_id: str | None) -> str | None:
        parent = self._net.posts.get(post_id, deleted=True) if post_id else None
        return parent.account_id if parent else None

    def _includes(self, posts: list[SimPost], asked: Asked) -> dict[str, Any]:
        includes: dict[str, Any] = {}
        if "author_id" in asked.expansions or "username" in asked.expansions:
            accounts = [self._net.accounts.get(i) for i in dict.fromkeys(p.account_id for p in posts)]
            includes["users"] = [self.user(account, asked.user) for account in accounts if account]
        if "attachments.media_keys" in asked.expansions:
            media = [self._media(post, n, asked.media) for post in posts for n in range(len(post.media))]
            includes["media"] = media
        if "attachments.poll_ids" in asked.expansions:
            includes["polls"] = [_poll(post, asked.poll) for post in posts if "poll" in post.raw]
        if asked.expansions & {"referenced_tweets.id", "referenced_posts", "referenced_tweets"}:
            ids = [reference["id"] for post in posts for reference in _references(post)]
            found = [self._net.posts.get(post_id) for post_id in dict.fromkeys(ids)]
            includes["tweets"] = [self.post(post, asked) for post in found if post]
        return {name: values for name, values in includes.items() if values}

    def _media(self, post: SimPost, index: int, fields: set[str]) -> dict[str, Any]:
        item, key = post.media[index], post.raw["media"][index]["key"]
        kind = {"image": "photo", "gif": "animated_gif"}.get(item["kind"], "video")
        duration = item.get("duration")
        # Two of three who come past a video play it.
        views = self.metrics(post)["impression_count"] * 2 // 3
        more = {
            "url": self._net.address(item) if kind == "photo" else None,
            "width": item.get("width"),
            "height": item.get("height"),
            "alt_text": item.get("alt") or None,
            "duration_ms": None if duration is None else int(duration * 1000),
            "public_metrics": {"view_count": views} if kind == "video" else None,
        }
        return {"media_key": key, "type": kind} | {
            n: v for n, v in more.items() if v is not None and n in fields
        }


def _references(post: SimPost) -> list[dict[str, str]]:
    found = []
    if post.parent:
        found.append({"type": "replied_to", "id": post.parent})
    if "quoted" in post.raw:
        found.append({"type": "quoted", "id": post.raw["quoted"]})
    return found


def _attachments(post: SimPost) -> dict[str, list[str]]:
    found = {}
    if post.raw["media"]:
        found["media_keys"] = [item["key"] for item in post.raw["media"]]
    if "poll" in post.raw:
        found["poll_ids"] = [post.raw["poll"]["id"]]
    return found


def _poll(post: SimPost, fields: set[str]) -> dict[str, Any]:
    poll = post.raw["poll"]
    end = post.created + timedelta(minutes=poll["duration_minutes"])
    more = {
        "duration_minutes": poll["duration_minutes"],
        "end_datetime": clock.iso(end),
        "voting_status": "open" if end > clock.now() else "closed",
    }
    options = [{"position": n, "label": label, "votes": 0} for n, label in enumerate(poll["options"], 1)]
    return {"id": poll["id"], "options": options} | {n: v for n, v in more.items() if n in fields}
