"""What a new post asks for: parameters to an order, or the first thing that Reddit has against it."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from polypost.sandbox.networks.reddit import errors, subreddits
from polypost.sandbox.networks.reddit.library import Asset, Library
from polypost.sandbox.networks.reddit.limits import limit
from polypost.sandbox.networks.reddit.subreddits import Subreddit
from polypost.sandbox.networks.reddit.things import lookup
from polypost.sandbox.simkit import Account, Network, Params, SimPost

KINDS = frozenset({"self", "link", "image", "video", "videogif", "crosspost"})
VIDEOS = frozenset({"video", "videogif"})
LINK = "submitted_link"
NO = frozenset({"", "false", "0", "off", "no", "none", "null"})
BANNED_DOMAIN = "banned.example"
_IMAGES = frozenset({"image", "gif"})


@dataclass(slots=True)
class Order:
    """A post that may be made. `works` is False where its media turn out to be of no use."""

    subreddit: Subreddit
    kind: str
    title: str
    body: str = ""
    url: str = ""
    flair_id: str | None = None
    flair_text: str | None = None
    nsfw: bool = False
    spoiler: bool = False
    send_replies: bool = True
    assets: list[Asset] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)
    poster: str | None = None
    poll: dict[str, Any] | None = None
    crosspost: SimPost | None = None
    works: bool = True


class Composer:
    """Reads orders."""

    def __init__(self, net: Network, library: Library) -> None:
        self._net = net
        self._library = library

    def submission(self, params: Params, account: Account) -> Order:
        """The order of `POST /api/submit`. Raises Refused."""
        kind = params.text("kind").lower()
        order = self._begin(params, account, kind if kind in KINDS else "")
        if not order.kind:
            raise errors.says("INVALID_OPTION", "kind")
        self._content(order, params, account)
        self._finish(order, params)
        return order

    def gallery(self, params: Params, account: Account) -> Order:
        """The order of `POST /api/submit_gallery_post.json`. Raises Refused."""
        order = self._begin(params, account, "gallery")
        if not order.subreddit.galleries:
            raise errors.says("GALLERIES_DISABLED", "sr")
        items = params.values.get("items")
        low, high = limit("gallery_min_items"), limit("gallery_max_items")
        if not isinstance(items, list) or not low <= len(items) <= high:
            raise errors.says("BAD_NUMBER", "items", f"a gallery has {low} to {high} images")
        for item in items:
            self._gallery_item(order, item, account)
        self._finish(order, params)
        return order

    def poll(self, params: Params, account: Account) -> Order:
        """The order of `POST /api/submit_poll_post`. Raises Refused."""
        order = self._begin(params, account, "poll")
        if not order.subreddit.polls:
            raise errors.says("POLLS_DISABLED", "sr")
        options, days = params.values.get("options"), params.values.get("duration")
        low, high = limit("poll_min_options"), limit("poll_max_options")
        if not isinstance(options, list) or not all(
            isinstance(each, str) and each.strip() for each in options
        ):
            raise errors.says("NO_TEXT", "options")
        if not low <= len(options) <= high:
            raise errors.says("BAD_NUMBER", "options", f"a poll has {low} to {high} options")
        low, high = limit("poll_min_days"), limit("poll_max_days")
        if not isinstance(days, int) or isinstance(days, bool) or not low <= days <= high:
            raise errors.says("BAD_NUMBER", "duration", f"a poll runs for {low} to {high} days")
        order.poll = {"options": options, "days": days}
        self._finish(order, params)
        return order

    def _begin(self, params: Params, account: Account, kind: str) -> Order:
        subreddit = subreddits.for_posting(self._net, params.text("sr").strip(), account.username)
        title = " ".join(params.text("title").split())
        if not title:
            raise errors.says("NO_TEXT", "title")
        if len(title) > limit("title_characters"):
            raise errors.too_long("title", limit("title_characters"))
        # Since 2023 a link or an image may have a text as well (PRAW 8).
        body = params.text("text").strip()
        if len(body) > limit("body_characters"):
            raise errors.too_long("text", limit("body_characters"))
        return Order(
            subreddit,
            kind,
            title,
            body,
            nsfw=flag(params, "nsfw"),
            spoiler=flag(params, "spoiler"),
            send_replies=flag(params, "sendreplies", default=True),
        )

    def _content(self, order: Order, params: Params, account: Account) -> None:
        community, kind = order.subreddit, order.kind
        if kind == "self" and community.takes == "link":
            raise errors.says("NO_SELFS", "sr")
        if kind != "self" and community.takes == "self":
            raise errors.says("NO_LINKS", "sr")
        if kind == "self":
            self._richtext(order, params, account)
        elif kind == "link":
            self._link(order, params)
        elif kind == "crosspost":
            self._crosspost(order, params)
        else:
            self._media(order, params, account)

    def _link(self, order: Order, params: Params) -> None:
        url = params.text("url").strip()
        if not url:
            raise errors.says("NO_URL", "url")
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme not in {"http", "https"} or "." not in host or re.search(r"\s", host):
            raise errors.says("BAD_URL", "url")
        if parts.hostname == BANNED_DOMAIN:
            raise errors.says("DOMAIN_BANNED", "url", f"{parts.hostname} is not allowed on reddit: spam")
        order.url = url
        # Only links are compared, and not where `resubmit` allows them.
        earlier = self._net.documents.get(LINK, link_key(order))
        if earlier is not None and not flag(params, "resubmit") and self._net.posts.get(earlier.body["post"]):
            raise errors.says("ALREADY_SUB", "url")

    def _media(self, order: Order, params: Params, account: Account) -> None:
        video = order.kind in VIDEOS
        if not (order.subreddit.videos if video else order.subreddit.images):
            raise errors.says("NO_VIDEOS" if video else "NO_IMAGES", "sr")
        if not params.text("url"):
            raise errors.says("NO_URL", "url")
        asset = self._library.by_url(params.text("url"), account.id)
        if asset is None:
            raise errors.says("BAD_URL", "url")
        order.assets = [asset]
        order.works = asset.kind in ({"video"} if video else _IMAGES)
        if video:
            poster = self._library.by_url(params.text("video_poster_url"), account.id)
            if poster is None:
                raise errors.says("MISSING_VIDEO_URLS", "video_poster_url")
            order.works = order.works and poster.kind in _IMAGES and _short_enough(asset)
            order.poster = poster.document.body["blob"]

    def _crosspost(self, order: Order, params: Params) -> None:
        parent = lookup(self._net, params.text("crosspost_fullname").removeprefix("t3_"))
        if parent is None or not order.subreddit.crossposts:
            raise errors.says("INVALID_CROSSPOST_THING", "crosspost_fullname")
        order.crosspost = parent

    def _richtext(self, order: Order, params: Params, account: Account) -> None:
        text = params.text("richtext_json")
        if not text:
            return
        try:
            blocks = json.loads(text)["document"]
            lines = [self._block(order, block, account) for block in blocks]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise errors.says("INVALID_OPTION", "richtext_json") from error
        order.body = "\n\n".join(lines)
        if len(order.body) > limit("body_characters"):
            raise errors.too_long("text", limit("body_characters"))

    def _block(self, order: Order, block: dict[str, Any], account: Account) -> str:
        if block["e"] == "par":
            return "".join(part.get("t", "") for part in block["c"])
        caption = block.get("c", "")
        asset = self._library.by_id(block["id"], account.id)
        if asset is None or asset.kind is None:
            raise errors.says("INVALID_OPTION", "richtext_json")
        order.assets.append(asset)
        order.items.append({"media_id": asset.id, "caption": caption})
        return f"![{block['e']}]({asset.id}{f' {chr(34)}{caption}{chr(34)}' if caption else ''})"

    def _gallery_item(self, order: Order, item: Any, account: Account) -> None:
        asset = self._library.by_id(str(item.get("media_id")), account.id) if isinstance(item, dict) else None
        if asset is None or asset.kind not in _IMAGES:
            raise errors.says("INVALID_OPTION", "items", "that media is not a finished upload of an image")
        caption, link = item.get("caption") or "", item.get("outbound_url") or ""
        if not isinstance(caption, str) or not isinstance(link, str):
            raise errors.says("INVALID_OPTION", "items")
        if len(caption) > limit("gallery_caption_characters"):
            raise errors.too_long("caption", limit("gallery_caption_characters"))
        if link and urlsplit(link).scheme not in {"http", "https"}:
            raise errors.says("BAD_URL", "outbound_url")
        order.assets.append(asset)
        order.items.append({"media_id": asset.id, "caption": caption, "outbound_url": link})

    def _finish(self, order: Order, params: Params) -> None:
        """Flair, then the community's rules."""
        template, text = params.text("flair_id"), params.text("flair_text")
        if len(text) > limit("flair_characters"):
            raise errors.too_long("flair_text", limit("flair_characters"))
        if template:
            flair = order.subreddit.flair(template)
            if flair is None or flair.mod_only:
                raise errors.says("BAD_FLAIR_TEMPLATE_ID", "flair_id")
            order.flair_id, order.flair_text = template, (text if flair.editable and text else flair.text)
        elif order.subreddit.flair_required:
            raise errors.says("SUBMIT_VALIDATION_FLAIR_REQUIRED", "flair")
        if flag(params, "validate_on_submit"):
            subreddits.check_rules(order.subreddit.rules, order.title, order.body, order.url)


def flag(params: Params, name: str, *, default: bool = False) -> bool:
    """A yes or no in any of the ways in which clients write it."""
    return default if name not in params.values else params.text(name).strip().lower() not in NO


def link_key(order: Order) -> str:
    """Under which a community remembers an address."""
    bare = re.sub(r"^https?://(www\.)?", "", order.url, flags=re.IGNORECASE).rstrip("/")
    return hashlib.blake2b(f"{order.subreddit.name}\n{bare}".encode(), digest_size=12).hexdigest()


def _short_enough(asset: Asset) -> bool:
    duration = (asset.document.body["facts"] or {}).get("duration")
    return duration is None or duration <= limit("video_max_seconds")
