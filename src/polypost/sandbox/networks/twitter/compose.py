"""From the body of `POST /2/tweets` to a post: every rule that X holds against it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from polypost import clock
from polypost.sandbox.networks.twitter.auth import Caller
from polypost.sandbox.networks.twitter.errors import DUPLICATE, forbidden, invalid, invalid_all
from polypost.sandbox.networks.twitter.library import Library, Upload
from polypost.sandbox.networks.twitter.limits import limit
from polypost.sandbox.networks.twitter.schema import CREATE_POST, violations
from polypost.sandbox.networks.twitter.text import (
    cashtags,
    has_invalid_characters,
    mentions,
    shown,
    weighted_length,
    without_leading_mentions,
)
from polypost.sandbox.simkit import Network, SimPost

KEPT_FIELDS = (
    "reply_settings", "community_id", "share_with_followers", "for_super_followers_only", "nullcast", "geo",
    "card_uri", "direct_message_deep_link", "made_with_ai", "paid_partnership",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Order:
    """A post that may be made: everything has been checked but its being a duplicate."""

    caller: Caller
    text: str
    uploads: tuple[Upload, ...]
    parent: SimPost | None
    quoted: SimPost | None
    previous: SimPost | None
    body: dict[str, Any]


class Composer:
    """Checks orders and makes posts of them."""

    def __init__(self, net: Network, library: Library) -> None:
        self._net = net
        self._library = library

    def check(self, caller: Caller, body: Any) -> Order:
        """The order in a body. Raises Refused with X's answer to the first rule that is broken."""
        wrongs = list(violations(CREATE_POST, body))
        if wrongs:
            raise invalid_all(
                (f"[{path}: {said}]", {path: [_shown_value(body, path)]}) for path, said in wrongs
            )
        text = body.get("text", "")
        media_ids = body.get("media", {}).get("media_ids", [])
        self._check_parts(body, text, media_ids)
        uploads = self._media(caller, media_ids)
        order = Order(
            caller=caller,
            text=text,
            uploads=uploads,
            parent=self._parent(caller, body),
            quoted=self._quoted(caller, body),
            previous=self._previous(caller, body),
            body=body,
        )
        self._check_text(order)
        return order

    def refuse_duplicate(self, order: Order) -> None:
        """Raises Refused when the account has said the same lately."""
        # How far back X looks, and whether posts of media alone count, is not known.
        since = clock.now() - timedelta(hours=limit("duplicate_hours"))
        new = order.text and not order.previous
        if new and self._net.posts.same_since(order.caller.account.id, _fingerprint(order.text), since):
            raise forbidden(DUPLICATE)

    def make(self, order: Order) -> SimPost:
        """Make the post visible."""
        account = order.caller.account
        post_id = self._net.snowflake()
        link = None
        if order.uploads:
            part = "photo" if order.uploads[0].kind == "image" else "video"
            link = f"https://x.com/{account.username}/status/{post_id}/{part}/1"
        written = shown(order.text, link, tuple(upload.key for upload in order.uploads))
        thread = order.parent.thread if order.parent else post_id
        raw: dict[str, Any] = {name: order.body[name] for name in KEPT_FIELDS if name in order.body}
        raw |= {
            "text": written.text,
            "entities": written.entities,
            "conversation_id": thread,
            # An edit is a new post under a new id (docs.x.com, edit posts).
            "edit_history": [*(order.previous.raw["edit_history"] if order.previous else []), post_id],
            "media": [{"key": u.key, "id": u.id} for u in order.uploads],
        }
        if "poll" in order.body:
            raw["poll"] = {"id": self._net.snowflake(), **order.body["poll"]}
        if order.quoted:
            raw["quoted"] = order.quoted.id
        with self._net.store.transaction():
            if order.previous:
                self._net.posts.delete(order.previous.id)
            return self._net.posts.add(
                id=post_id,
                account_id=account.id,
                text=order.text,
                permalink=f"/{account.username}/status/{post_id}",
                media=[upload.as_media() for upload in order.uploads],
                raw=raw,
                parent=order.parent.id if order.parent else None,
                thread=thread,
                fingerprint=_fingerprint(order.text),
            )

    def _check_parts(self, body: dict[str, Any], text: str, media_ids: list[str]) -> None:
        if not text.strip() and not media_ids:
            raise invalid("The text is required when there is no media.", {"$.text": [text]})
        # No page says that these exclude each other; it is a belief.
        exclusive = [name for name in ("media", "poll", "quote_tweet_id", "card_uri") if name in body]
        if len(exclusive) > 1:
            raise invalid(
                f"Only one of {', '.join(exclusive)} may be given.", {n: ["given"] for n in exclusive}
            )
        if has_invalid_characters(text):
            raise invalid("The text holds characters that are not allowed.", {"$.text": ["…"]})

    def _media(self, caller: Caller, media_ids: list[str]) -> tuple[Upload, ...]:
        uploads = [self._library.get(media_id) for media_id in media_ids]
        good = [u for u in uploads if u is not None and u.usable(caller.account.id)]
        if len(good) < len(media_ids) or len(set(media_ids)) < len(media_ids):
            raise invalid("Your media IDs are invalid.", {"media.media_ids": media_ids})
        if len(good) > 1 and any(upload.kind != "image" for upload in good):
            raise invalid("A post takes 4 pictures, or 1 GIF, or 1 video.", {"media.media_ids": media_ids})
        return tuple(good)

    def _parent(self, caller: Caller, body: dict[str, Any]) -> SimPost | None:
        if "reply" not in body:
            return None
        parent = self._net.posts.get(body["reply"]["in_reply_to_tweet_id"])
        if parent is None:
            raise forbidden("You attempted to reply to a Tweet that is deleted or not visible to you.")
        own = parent.account_id == caller.account.id
        invited = caller.account.username.lower() in mentions(parent.text) or self._quotes(parent, caller)
        # Since February 2026 self-serve apps may only answer those who spoke to them first (docs.x.com changelog).
        if not (own or invited or caller.privileged):
            raise forbidden(
                "Reply to this conversation is not allowed because you have not been mentioned or quoted."
            )
        return parent

    def _quotes(self, post: SimPost, caller: Caller) -> bool:
        quoted = self._net.posts.get(post.raw.get("quoted", ""))
        return quoted is not None and quoted.account_id == caller.account.id

    def _quoted(self, caller: Caller, body: dict[str, Any]) -> SimPost | None:
        if "quote_tweet_id" not in body:
            return None
        # Quotes left all self-serve tiers in April 2026 (docs.x.com changelog).
        if not caller.privileged:
            raise forbidden()
        quoted = self._net.posts.get(body["quote_tweet_id"])
        if quoted is None:
            raise invalid("The quoted post does not exist.", {"quote_tweet_id": [body["quote_tweet_id"]]})
        return quoted

    def _previous(self, caller: Caller, body: dict[str, Any]) -> SimPost | None:
        if "edit_options" not in body:
            return None
        previous = self._net.posts.get(body["edit_options"]["previous_post_id"])
        if previous is None or previous.account_id != caller.account.id or not caller.premium:
            raise forbidden()
        history = previous.raw["edit_history"]
        first = self._net.posts.get(history[0], deleted=True)
        begun = first.created if first else previous.created
        if clock.now() - begun > timedelta(minutes=limit("edit_minutes")) or len(history) > limit("edits"):
            raise forbidden("This post can no longer be edited.")
        return previous

    def _check_text(self, order: Order) -> None:
        counted = order.text
        if order.parent:
            counted = without_leading_mentions(counted, self._usernames(order.parent))
        premium = order.caller.premium
        # X does not say what is wrong with a text that is too long (third-party reports).
        if weighted_length(counted) > limit("text_weighted_premium" if premium else "text_weighted"):
            raise forbidden()
        if len(cashtags(order.text)) > limit("cashtags") and not order.caller.privileged:
            raise forbidden("Your post may hold one cashtag at most.")

    def _usernames(self, parent: SimPost) -> set[str]:
        in_thread = {post.account_id for post in self._net.posts.of_thread(parent.thread or parent.id)}
        accounts = [self._net.accounts.get(account_id) for account_id in in_thread]
        return {account.username.lower() for account in accounts if account}


def _fingerprint(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def _shown_value(body: Any, path: str) -> str:
    value = body
    for name in path.removeprefix("$").strip(".").replace("[", ".").replace("]", "").split("."):
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
    return str(value)[:100]
