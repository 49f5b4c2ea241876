"""The `platformSpecificData` of a Bluesky target."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from polypost.platforms.base import MediaKind, Options

Label = Literal["sexual", "nudity", "porn", "graphic-media"]
Repliers = Literal["mentioned", "following", "followers"]


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an absolute http or https URL")
    return value


WebAddress = Annotated[str, Field(max_length=2048), AfterValidator(_web_address)]
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


class _Closed(Options):
    model_config = ConfigDict(alias_generator=to_camel)


class ThreadMedia(_Closed):
    """A media item of a thread item; Bluesky shows no thumbnail of one's own, so `thumbnail` is only carried."""

    type: MediaKind
    url: WebAddress
    thumbnail: WebAddress | None = None


class ThreadItem(_Closed):
    """A further post of a thread, a reply to the one before it."""

    content: str
    media_items: list[ThreadMedia] | None = None
    alt_text: list[str] | None = None

    @property
    def media(self) -> list[ThreadMedia]:
        """Its media items, none when the key was left out."""
        return self.media_items or []


class Card(_Closed):
    """A link card; nobody fetches the page, so what the card says is given here."""

    url: WebAddress
    title: str
    description: str | None = None
    thumbnail_url: WebAddress | None = None


class Caption(_Closed):
    """Subtitles of a video in one language, as the text of a WebVTT file."""

    lang: Language
    content: str


class BlueskyOptions(_Closed):
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
