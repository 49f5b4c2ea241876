"""What is sent for one post, and the key by which the server knows it again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from polypost.platforms.base import Post
from polypost.platforms.mastodon.options import MastodonOptions


@dataclass(frozen=True, slots=True)
class Part:
    """One post of the story: its text, its media ids, and the media's addresses, which stay when ids do not."""

    text: str
    media: Sequence[str] = ()
    urls: Sequence[str] = ()


def key_of(post: Post, name: str, part: Part, body: Mapping[str, Any]) -> str:
    """The same for every attempt at one content, another one as soon as the content is edited.

    Media ids are left out: they change when a file is sent anew, and the server does not compare bodies.
    """
    content = {**body, "media_ids": list(part.urls)}
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return f"polypost:{post.target_id}:{name}:{digest[:24]}"


def _body(options: MastodonOptions, part: Part) -> dict[str, Any]:
    body: dict[str, Any] = {"status": part.text, "visibility": options.seen_by}
    more = {
        "media_ids": list(part.media),
        "spoiler_text": options.spoiler_text,
        "sensitive": options.sensitive,
        "language": options.language,
        "quote_approval_policy": options.quote_policy,
    }
    # False is sent as well: without it the account's own preference holds.
    return body | {name: value for name, value in more.items() if value or value is False}


def root(options: MastodonOptions, part: Part) -> dict[str, Any]:
    """The body of the first post."""
    body = _body(options, part)
    if options.poll:
        poll = options.poll
        body["poll"] = {
            "options": poll.options,
            "expires_in": poll.duration_minutes * 60,
            "multiple": poll.multiple is True,
            "hide_totals": poll.hide_totals is True,
        }
    if options.reply_to_id:
        body["in_reply_to_id"] = options.reply_to_id
    if options.quoted_status_id:
        body["quoted_status_id"] = options.quoted_status_id
    return body


def reply(options: MastodonOptions, part: Part, parent: str) -> dict[str, Any]:
    """The body of a further post of the thread."""
    return _body(options, part) | {"in_reply_to_id": parent}
