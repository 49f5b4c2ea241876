"""Accounts, statuses, media and polls as the API shows them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from polypost import clock
from polypost.sandbox.networks.mastodon.library import Library, Upload
from polypost.sandbox.networks.mastodon.rules import DOMAIN
from polypost.sandbox.networks.mastodon.text import as_html, mentioned, tags
from polypost.sandbox.simkit import Account, Network, SimPost

LIKES, BOOKMARKS, PINS, VOTES = "likes", "bookmarks", "pins", "votes"
QUOTERS = {"public": ["public"], "followers": ["followers"], "nobody": []}


def number_of(account_id: str) -> str:
    """An account's id as the API has it: without the server, which only tells accounts apart between servers."""
    return account_id.partition("@")[0]


class Answers:
    """Makes JSON of what is stored."""

    def __init__(self, net: Network, library: Library) -> None:
        self._library = library
        self._net: Network = net

    def account(self, account: Account, *, own: bool = False) -> dict[str, Any]:
        """An account; `own` adds what only its owner sees."""
        image = self._net.avatar_url(account.id)
        shown: dict[str, Any] = {
            "id": number_of(account.id),
            "username": account.username,
            "acct": account.username,
            "display_name": account.name,
            "locked": False,
            "bot": False,
            "discoverable": True,
            "indexable": True,
            "group": False,
            "created_at": day(account.created),
            "note": "<p>An account of the sandbox.</p>",
            "url": f"https://{DOMAIN}/@{account.username}",
            "uri": f"https://{DOMAIN}/users/{account.username}",
            "avatar": image,
            "avatar_static": image,
            "avatar_description": "",
            "header": image,
            "header_static": image,
            "header_description": "",
            "followers_count": 0,
            "following_count": 0,
            "statuses_count": self._net.posts.count(account.id),
            "last_status_at": None,
            "hide_collections": False,
            "noindex": False,
            "show_media": True,
            "show_media_replies": True,
            "show_featured": True,
            "feature_approval": {"automatic": [], "manual": [], "current_user": "denied"},
            "emojis": [],
            "roles": [],
            "fields": [],
        }
        if own:
            shown["source"] = {
                "privacy": "public",
                "sensitive": False,
                "language": None,
                "note": "An account of the sandbox.",
                "fields": [],
                "follow_requests_count": 0,
                "hide_collections": False,
                "discoverable": True,
                "indexable": True,
                "attribution_domains": [],
                "quote_policy": "public",
            }
            # The role that everybody has.
            shown["role"] = {"id": "-99", "name": "", "permissions": "0", "color": "", "highlighted": False}
        return shown

    def status(self, post: SimPost, viewer: str | None = None, *, deep: bool = True) -> dict[str, Any]:
        """A status; `viewer` is the account that reads. A quote shows its status once, not that one's own quote."""
        account, raw = self._net.accounts.get(post.account_id), post.raw
        assert account is not None
        parent = self._net.posts.get(post.parent, deleted=True) if post.parent else None
        people = self.people(post.text)
        return {
            "id": post.id,
            "created_at": moment(post.created),
            "in_reply_to_id": post.parent,
            "in_reply_to_account_id": number_of(parent.account_id) if parent else None,
            "sensitive": raw["sensitive"],
            "spoiler_text": raw["spoiler_text"],
            "visibility": raw["visibility"],
            "language": raw["language"],
            "uri": f"https://{DOMAIN}/users/{account.username}/statuses/{post.id}",
            "url": f"https://{DOMAIN}{post.permalink}",
            "replies_count": self._net.posts.count_replies(post.id),
            **self.counts(post),
            "quotes_count": len(raw.get("quoted_by", [])),
            "edited_at": raw.get("edited_at"),
            "content": as_html(post.text, people, lambda tag: f"https://{DOMAIN}/tags/{tag}"),
            "reblog": None,
            "application": raw["application"],
            "account": self.account(account),
            "media_attachments": self._media(raw["media_ids"]),
            "mentions": list({person["id"]: person for person in people.values()}.values()),
            "tags": [{"name": tag, "url": f"https://{DOMAIN}/tags/{tag}"} for tag in tags(post.text)],
            "emojis": [],
            "tagged_collections": [],
            "card": None,
            "poll": self.poll(post, viewer) if raw.get("poll") else None,
            "quote": self._quote(raw.get("quoted"), viewer, deep=deep),
            "quote_approval": {
                "automatic": QUOTERS.get(raw["quote_policy"], []),
                "manual": [],
                "current_user": "automatic"
                if raw["quote_policy"] == "public" or viewer == post.account_id
                else "denied",
            },
            **self._relation(post, viewer),
        }

    def counts(self, post: SimPost) -> dict[str, int]:
        """Who really liked it, and what invented readers do with a public post, more of them with every minute."""
        open_to_all = post.raw["visibility"] in {"public", "unlisted"}
        likes = post.grown(1 + int(post.id) % 5) if open_to_all else 0
        return {"reblogs_count": likes // 4, "favourites_count": likes + len(self.marks(LIKES, post.id))}

    def _relation(self, post: SimPost, viewer: str | None) -> dict[str, Any]:
        if viewer is None:
            return {}
        marks = {
            name: viewer in self.marks(kind, post.id)
            for name, kind in (("favourited", LIKES), ("bookmarked", BOOKMARKS))
        }
        shown: dict[str, Any] = {**marks, "reblogged": False, "muted": False, "filtered": []}
        if viewer == post.account_id:
            shown["pinned"] = viewer in self.marks(PINS, post.id)
        return shown

    def _quote(self, quoted: str | None, viewer: str | None, *, deep: bool) -> dict[str, Any] | None:
        if quoted is None:
            return None
        post = self._net.posts.get(quoted)
        if post is None:
            return {"state": "deleted", "quoted_status": None}
        if not deep:
            return {"state": "accepted", "quoted_status_id": quoted}
        return {"state": "accepted", "quoted_status": self.status(post, viewer, deep=False)}

    def _media(self, ids: Iterable[str]) -> list[dict[str, Any]]:
        found = (self._library.get(media_id) for media_id in ids)
        return [self.media(upload) for upload in found if upload is not None]

    def media(self, upload: Upload) -> dict[str, Any]:
        """A media attachment; its addresses come when it is ready."""
        url = self._net.address(upload.as_media()) if upload.ready else None
        width, height = upload.width, upload.height
        meta: dict[str, Any] = {}
        if width and height:
            size = {
                "width": width,
                "height": height,
                "size": f"{width}x{height}",
                "aspect": round(width / height, 4),
            }
            meta = {"original": size, "small": size}
        if upload.focus is not None:
            meta["focus"] = {"x": upload.focus[0], "y": upload.focus[1]}
        return {
            "id": upload.id,
            "type": upload.kind,
            "url": url,
            "preview_url": url,
            "remote_url": None,
            "preview_remote_url": None,
            "text_url": None,
            "meta": meta,
            "description": upload.alt or None,
            "blurhash": "U00000fQfQfQfQfQfQfQfQfQfQfQ",
        }

    def poll(self, post: SimPost, viewer: str | None = None) -> dict[str, Any]:
        """The poll of a status, whose id is the status's own here."""
        poll = post.raw["poll"]
        ends = post.created + timedelta(seconds=poll["expires_in"])
        voters = self.marks(VOTES, post.id)
        counts = [sum(place in choice for choice in voters.values()) for place in range(len(poll["options"]))]
        expired = ends <= clock.now()
        hidden = poll["hide_totals"] and not expired
        shown: dict[str, Any] = {
            "id": post.id,
            "expires_at": moment(ends),
            "expired": expired,
            "multiple": poll["multiple"],
            "votes_count": sum(counts),
            # Only polls with several choices tell how many voted (documentation, Poll entity).
            "voters_count": len(voters) if poll["multiple"] else None,
            "options": [
                {"title": title, "votes_count": None if hidden else count}
                for title, count in zip(poll["options"], counts, strict=True)
            ],
            "emojis": [],
        }
        if viewer is not None:
            shown |= {
                "voted": viewer in voters or viewer == post.account_id,
                "own_votes": voters.get(viewer, []),
            }
        return shown

    def marks(self, kind: str, post_id: str) -> dict[str, Any]:
        """Who has marked a post in a way, with what belongs to it, by account."""
        found = self._net.documents.get(kind, post_id)
        return {} if found is None else found.body

    def people(self, text: str) -> dict[str, dict[str, Any]]:
        """The accounts of this server that a text mentions, by what was written."""
        found = {}
        for name, domain in mentioned(text):
            account = self._net.accounts.by_username(name) if domain in {None, DOMAIN} else None
            if account is not None:
                written = f"@{name}@{domain}" if domain else f"@{name}"
                url = f"https://{DOMAIN}/@{account.username}"
                found[written.lower()] = {
                    "id": number_of(account.id),
                    "username": account.username,
                    "url": url,
                    "acct": account.username,
                }
        return found


def moment(instant: datetime) -> str:
    """An instant with milliseconds."""
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03}Z"


def day(instant: datetime) -> str:
    """The midnight of a day, which is all that is told of when an account began."""
    return f"{instant:%Y-%m-%d}T00:00:00.000Z"
