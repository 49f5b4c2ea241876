"""What the `platformSpecificData` of several networks is put together from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from polypost.errors import Problem
from polypost.platforms.base import MediaKind, MediaRef, Options
from polypost.probe import Facts


def _whole(value: Any) -> Any:
    # Some clients send every number as a float; 60.0 means 60, while 60.5 stays what it is and is refused.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an absolute http or https URL")
    return value


WHOLE = BeforeValidator(_whole)
WebAddress = Annotated[str, Field(max_length=2048), AfterValidator(_web_address)]


def misplaced(given: Mapping[str, Any], where: str, hint: str = "") -> Iterator[Problem]:
    """The problems of those options that were given although they belong `where` this post is not."""
    for name, value in given.items():
        if value is not None:
            path = f"platformSpecificData.{name}"
            yield Problem(path, f"{name} belongs to {where}.", hint or f"Leave {name} out.")


class ClosedOptions(Options):
    """Closed options, whose names on the wire are in camel case."""

    model_config = ConfigDict(alias_generator=to_camel)


class ThreadMedia(ClosedOptions):
    """A media item of a thread item; no network shows a thumbnail of one's own there, so `thumbnail` is only carried."""

    type: MediaKind
    url: WebAddress
    thumbnail: WebAddress | None = None
    alt_text: str | None = None


class ThreadItem(ClosedOptions):
    """A further post of a thread, a reply to the one before it."""

    content: str
    media_items: list[ThreadMedia] | None = None

    @property
    def media(self) -> list[ThreadMedia]:
        """Its media items, none when the key was left out."""
        return self.media_items or []

    def refs(self, known: Mapping[str, Facts]) -> tuple[MediaRef, ...]:
        """Its media as `MediaRef`s, with their facts where `known` holds them by address."""
        return tuple(
            MediaRef(
                media.type, media.url, media.thumbnail, known.get(media.url), alt_text=media.alt_text or ""
            )
            for media in self.media
        )


def thread_media(options: Any) -> list[MediaRef]:
    """The media of the items of a thread."""
    return [ref for item in options.thread for ref in item.refs({})]
