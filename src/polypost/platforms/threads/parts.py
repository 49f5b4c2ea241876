"""What a target consists of: its first post and the replies that continue it, each with the parameters it needs.

Parameters: Meta for Developers, Threads API: Posts and the pages on what can be attached, read 2026-11-24.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from polypost.platforms.base import MediaFile, MediaRef, Post
from polypost.platforms.kit.alt_text import alt_texts
from polypost.platforms.threads.options import Poll, TextAttachment, ThreadsOptions
from polypost.platforms.threads.spec import SPEC

TEXT, IMAGE, VIDEO, CAROUSEL = "TEXT", "IMAGE", "VIDEO", "CAROUSEL"
# The same kinds as they are read back.
READ_AS = {TEXT: "TEXT_POST", IMAGE: "IMAGE", VIDEO: "VIDEO", CAROUSEL: "CAROUSEL_ALBUM"}
_LETTERS = "abcd"


@dataclass(frozen=True, slots=True)
class Part:
    """One post to be made; `name` is that of its commit call, `further` are parameters beyond text and media."""

    name: str
    text: str
    files: tuple[MediaFile, ...]
    alts: Sequence[str]
    further: Mapping[str, str]

    @property
    def kind(self) -> str:
        """Its media_type."""
        return kind_of([file.ref for file in self.files])

    def fields(self, reply_to: str | None, children: Sequence[str] = ()) -> dict[str, str]:
        """The parameters of its container."""
        # Never with auto_publish_text: without a container nothing tells what became of a lost answer.
        fields = {"media_type": self.kind, **self.further}
        if self.text.strip():
            fields["text"] = self.text
        if reply_to:
            fields["reply_to_id"] = reply_to
        if children:
            return fields | {"children": ",".join(children)}
        return fields | (self.medium(0) if self.files else {})

    def child(self, place: int) -> dict[str, str]:
        """The parameters of a carousel item's container."""
        return self.medium(place) | {"is_carousel_item": "true"}

    def medium(self, place: int) -> dict[str, str]:
        """The parameters that one file brings along."""
        file = self.files[place]
        video = file.ref.type == "video"
        fields = {
            "media_type": VIDEO if video else IMAGE,
            "video_url" if video else "image_url": file.public_url,
        }
        alt = self.alts[place]
        return fields | ({"alt_text": alt} if alt else {})


def kind_of(media: Sequence[MediaRef]) -> str:
    """The media_type of a post with these media."""
    if not media:
        return TEXT
    if len(media) > 1:
        return CAROUSEL
    return VIDEO if media[0].type == "video" else IMAGE


def parts_of(post: Post) -> list[Part]:
    """The posts in the order in which they go out."""
    options: ThreadsOptions = post.options
    shared = _shared(options)
    alts = alt_texts(SPEC, [file.ref for file in post.media], options.alt_text)
    parts = [Part("post", post.text, post.media, alts, shared | _first(options))]
    for number, item in enumerate(options.thread, 1):
        files = tuple(post.extra_media[media.url] for media in item.media)
        alts = alt_texts(SPEC, item.refs({}), item.alt_text)
        parts.append(Part(f"thread-{number}", item.content, files, alts, shared))
    return parts


def _shared(options: ThreadsOptions) -> dict[str, str]:
    codes = options.allowlisted_country_codes
    return {"allowlisted_country_codes": ",".join(codes)} if codes else {}


def _first(options: ThreadsOptions) -> dict[str, str]:
    """What only the first post of a chain can have."""
    flags = {"is_spoiler_media": options.spoiler_media, "is_ghost_post": options.ghost_post}
    given = {
        "reply_control": options.reply_control,
        "topic_tag": options.topic_tag,
        "link_attachment": options.link_attachment,
        "quote_post_id": options.quote_post_id,
        "location_id": options.location_id,
        "poll_attachment": _poll(options.poll),
        "text_entities": _entities(options),
        "text_attachment": _long_text(options.text_attachment),
        "gif_attachment": _json(options.gif_attachment.model_dump()) if options.gif_attachment else None,
        **{name: "true" for name, wanted in flags.items() if wanted},
    }
    return {name: value for name, value in given.items() if value}


def _poll(poll: Poll | None) -> str | None:
    if poll is None:
        return None
    return _json(
        {f"option_{letter}": text.strip() for letter, text in zip(_LETTERS, poll.options, strict=False)}
    )


def _entities(options: ThreadsOptions) -> str | None:
    found = [
        {"entity_type": "SPOILER", "offset": entity.offset, "length": entity.length}
        for entity in options.text_entities or ()
    ]
    return _json(found) if found else None


def _long_text(attachment: TextAttachment | None) -> str | None:
    return None if attachment is None else _json(attachment.model_dump(exclude_none=True))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
