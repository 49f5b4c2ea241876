"""The pages a person would see: a post among its thread, and a profile."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response

from polypost.sandbox.networks.bluesky import resident
from polypost.sandbox.networks.bluesky.identity import Identity
from polypost.sandbox.networks.bluesky.records import Records, is_quotable, media_embed, quoted, rules_of
from polypost.sandbox.networks.bluesky.views import Views
from polypost.sandbox.simkit import (
    Network,
    Pages,
    SimPost,
    Sketch,
    of_author,
)
from polypost.sandbox.simkit.content import Media

ON_PROFILE = 50
_FACET = "app.bsky.richtext.facet#"
_RULES = {
    "mention": "people it mentions",
    "follower": "followers",
    "following": "people the author follows",
    "list": "a list",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One post as the template draws it."""

    account_id: str
    author: str
    handle: str
    url: str
    time: datetime
    body: Markup
    media: list[Media]
    looping: bool
    card: dict[str, Any] | None
    quote: Shown | None
    quote_gone: bool
    counts: dict[str, int]
    notes: list[str]
    labels: list[str] = field(default_factory=list)
    focus: bool = False


class Web:
    """The handlers."""

    def __init__(
        self, net: Network, pages: Pages, identity: Identity, records: Records, views: Views
    ) -> None:
        self._pages = pages
        self._identity = identity
        self._records = records
        self._views = views
        self._net = net

    async def post(self, request: Request) -> Response:
        """`/profile/{handle or DID}/post/{rkey}`: the post among its thread."""
        account = self._identity.find(request.path_params["actor"])
        uri = f"at://{account.id if account else ''}/app.bsky.feed.post/{request.path_params['rkey']}"
        post = self._records.post(uri)
        if post is None:
            return self._pages.missing("Post not found")
        thread = self._records.thread(post)
        shown = [self._shown(each, focus=each.id == post.id) for each in thread]
        sketches = [self._sketch(each) for each in of_author(post, thread)]
        return self._pages.render(
            "post.html",
            posts=shown,
            title="Thread" if len(shown) > 1 else "Post",
            author=account,
            sketches=sketches,
        )

    async def profile(self, request: Request) -> Response:
        """`/profile/{handle or DID}`."""
        account = self._identity.find(request.path_params["actor"])
        if account is None:
            return self._pages.missing("Profile not found")
        posts = self._net.posts.by_account(account.id, limit=ON_PROFILE)
        posts = [resident.POST] if account is resident.RESIDENT else posts
        name = self._views.profile(account)["displayName"]
        return self._render([self._shown(post) for post in posts], f"{name} (@{account.username})")

    def _render(self, posts: list[Shown], title: str) -> Response:
        return self._pages.render("post.html", posts=posts, title=title)

    def _shown(self, post: SimPost, *, focus: bool = False, inside: bool = False) -> Shown:
        account = self._identity.find(post.account_id)
        record = post.raw["record"]
        embed = media_embed(record)
        counts = self._views.counts(post)
        quote = None if inside else self._views.quote_of(post)
        return Shown(
            account_id=post.account_id,
            author=self._views.profile(account)["displayName"] if account else post.account_id,
            handle=account.username if account else post.account_id,
            url=post.permalink,
            time=post.created,
            body=rich_text(record["text"], record.get("facets") or []),
            media=post.media,
            looping=embed.get("presentation") == "gif",
            card=self._card(post, embed),
            quote=self._shown(quote, inside=True) if quote else None,
            quote_gone=quote is None and not inside and quoted(record) is not None,
            counts=_worded(counts),
            notes=self._notes(post),
            labels=[str(each.get("val")) for each in (record.get("labels") or {}).get("values", [])],
            focus=focus,
        )

    def _sketch(self, post: SimPost) -> Sketch:
        record = post.raw["record"]
        card = self._card(post, media_embed(record))
        labels = (record.get("labels") or {}).get("values", [])
        return Sketch(
            text=record["text"],
            media=post.media,
            card=card and {**card, "image": card["thumb"]},
            covered=bool(labels and post.media),
            links=_links(record["text"], record.get("facets") or []),
        )

    def _card(self, post: SimPost, embed: dict[str, Any]) -> dict[str, Any] | None:
        external = embed.get("external")
        if not isinstance(external, dict):
            return None
        # Only web addresses become links: a record may hold any scheme.
        web = external["uri"].startswith(("https://", "http://"))
        return {
            "url": external["uri"] if web else "",
            "host": urlsplit(external["uri"]).hostname or external["uri"],
            "title": external["title"],
            "description": external["description"],
            "thumb": self._views.thumbnail(post),
        }

    def _notes(self, post: SimPost) -> list[str]:
        record, records = post.raw["record"], self._records
        notes = [f"#{tag}" for tag in record.get("tags") or []]
        if record.get("langs"):
            notes.append("in " + ", ".join(record["langs"]))
        rules = rules_of(records, post.id)
        if rules is not None:
            who = ", ".join(_RULES.get(rule, rule) for rule in rules)
            notes.append(f"replies by {who}" if who else "replies by nobody")
        if not is_quotable(records, post.id):
            notes.append("no quotes")
        return notes


def _worded(counts: dict[str, int]) -> dict[str, int]:
    """The numbers below a post, each with its word."""
    words = {
        "replyCount": ("reply", "replies"),
        "repostCount": ("repost", "reposts"),
        "likeCount": ("like", "likes"),
    }
    return {words[name][counts[name] != 1]: counts[name] for name in words}


def _links(text: str, facets: list[dict[str, Any]]) -> list[tuple[int, int, str, str]]:
    """The facets by their places in characters."""
    raw, found = text.encode("utf-8", "replace"), []
    for facet in sorted(facets, key=lambda each: each["index"]["byteStart"]):
        begin, end = (
            len(raw[: facet["index"][side]].decode("utf-8", "replace")) for side in ("byteStart", "byteEnd")
        )
        for feature in facet["features"][:1]:
            kind = str(feature.get("$type", "")).removeprefix(_FACET)
            value = feature.get("uri") or feature.get("did") or feature.get("tag") or ""
            found.append((begin, end, kind, value))
    return found


def rich_text(text: str, facets: list[dict[str, Any]]) -> Markup:
    """The text with its facets as links. Nothing else is a link, and a facet that does not fit is left out."""
    raw = text.encode("utf-8", "replace")
    parts: list[Markup] = []
    end = 0
    for facet in sorted(facets, key=lambda each: each["index"]["byteStart"]):
        begin, stop = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        if not end <= begin < stop <= len(raw):
            continue
        parts.append(escape(raw[end:begin].decode("utf-8", "replace")))
        parts.append(_linked(raw[begin:stop].decode("utf-8", "replace"), facet["features"]))
        end = stop
    return Markup("").join([*parts, escape(raw[end:].decode("utf-8", "replace"))])


def _linked(label: str, features: list[dict[str, Any]]) -> Markup:
    for feature in features:
        kind = str(feature.get("$type", "")).removeprefix(_FACET)
        if kind == "link" and feature["uri"].startswith(("https://", "http://")):
            return Markup('<a href="{}" rel="nofollow noopener">{}</a>').format(feature["uri"], label)
        if kind == "mention":
            return Markup('<a href="/profile/{}">{}</a>').format(feature["did"], label)
        if kind == "tag":
            return Markup('<span class="tag">{}</span>').format(label)
    return escape(label)
