"""The `platformSpecificData` of an Instagram target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from polypost.platforms.base import MediaRef
from polypost.platforms.kit.options import WHOLE, ClosedOptions, WebAddress


def _unique(names: list[str]) -> list[str]:
    if len({name.casefold() for name in names}) != len(names):
        raise ValueError("must not name an account twice")
    return names


Username = Annotated[str, Field(min_length=1, max_length=30, pattern=r"^[A-Za-z0-9._]+$")]
Whole = Annotated[int, WHOLE, Field(ge=0)]


class InstagramOptions(ClosedOptions):
    """Closed; an explicit null means the same as leaving the key out.

    `thumb_offset` is in milliseconds and ignored by Instagram when there is a cover.
    """

    content_type: Literal["story"] | None = None
    share_to_feed: bool | None = None
    cover_url: WebAddress | None = None
    thumb_offset: Whole | None = None
    collaborators: (
        Annotated[list[Username], Field(min_length=1, max_length=3), AfterValidator(_unique)] | None
    ) = None

    @property
    def story(self) -> bool:
        """Whether the item goes out as a story."""
        return self.content_type == "story"


def kind_of(options: InstagramOptions, media: Sequence[MediaRef]) -> str:
    """Which of Instagram's four kinds a post is: story, carousel, reel or image."""
    if options.story:
        return "story"
    if len(media) > 1:
        return "carousel"
    return "reel" if media and media[0].type == "video" else "image"
