"""The `platformSpecificData` of a Facebook target."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from polypost.platforms.facebook.spec import SPEC
from polypost.platforms.kit.options import ClosedOptions, WebAddress


class FacebookOptions(ClosedOptions):
    """Closed; an explicit null means the same as leaving the key out.

    `alt_texts` belong to the media items in their order; an empty one says nothing.
    """

    content_type: Literal["reel", "story"] | None = None
    link: WebAddress | None = None
    published: bool | None = None
    title: Annotated[str, Field(min_length=1, max_length=SPEC.limit("title_characters"))] | None = None
    video_thumbnail_url: WebAddress | None = None
    alt_texts: Annotated[list[str], Field(max_length=SPEC.limit("photos_per_post"))] | None = None
    first_comment: Annotated[str, Field(min_length=1, max_length=SPEC.limit("comment_characters"))] | None = (
        None
    )

    @property
    def story(self) -> bool:
        """Whether the item goes out as a story."""
        return self.content_type == "story"

    @property
    def shown(self) -> bool:
        """Whether people see the post; without the option they do."""
        return self.published is not False
