"""The `platformSpecificData` of a Bluesky target."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from polypost.platforms.kit import options as kit
from polypost.platforms.kit.options import ClosedOptions, WebAddress

Label = Literal["sexual", "nudity", "porn", "graphic-media"]
Repliers = Literal["mentioned", "following", "followers"]


# Form: BCP 47, of which the lexicons' `language` format takes the well-formed tags.
Language = Annotated[str, Field(max_length=60, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$")]
# An AT URI, or the address of a post in the app.
PostAddress = Annotated[
    str,
    Field(
        max_length=600,
        pattern=(
            r"^(at://[A-Za-z0-9.:%_-]+/app\.bsky\.feed\.post/[A-Za-z0-9._:~-]+"
            r"|https://bsky\.app/profile/[A-Za-z0-9.:%_-]+/post/[A-Za-z0-9._:~-]+/?)$"
        ),
    ),
]


class ThreadItem(kit.ThreadItem):
    """A further post of a thread, a reply to the one before it."""

    alt_text: list[str] | None = None


class Card(ClosedOptions):
    """A link card; nobody fetches the page, so what the card says is given here."""

    url: WebAddress
    title: str
    description: str | None = None
    thumbnail_url: WebAddress | None = None


class Caption(ClosedOptions):
    """Subtitles of a video in one language, as the text of a WebVTT file."""

    lang: Language
    content: str


class BlueskyOptions(ClosedOptions):
    """Closed; an explicit null means the same as leaving the key out.

    `alt_text` goes by the order of the media items. `reply_control` names who may reply, an empty list nobody.
    """

    langs: list[Language] | None = None
    alt_text: list[str] | None = None
    card: Card | None = None
    reply_to: PostAddress | None = None
    quote: PostAddress | None = None
    labels: list[Label] | None = None
    tags: list[str] | None = None
    gallery: bool | None = None
    captions: list[Caption] | None = None
    reply_control: list[Repliers] | None = None
    allow_quotes: bool | None = None
    thread_items: list[ThreadItem] | None = None

    @property
    def thread(self) -> list[ThreadItem]:
        """The posts that follow the first one."""
        return self.thread_items or []

    @property
    def languages(self) -> list[str]:
        """The languages of the text, English where none are named."""
        named = ["en"] if self.langs is None else self.langs
        return [part.lower() + dash + rest for part, dash, rest in (tag.partition("-") for tag in named)]
