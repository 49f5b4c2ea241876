"""The `platformSpecificData` of a Facebook target."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from polypost.platforms.base import Options
from polypost.platforms.facebook.spec import SPEC


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an absolute http or https URL")
    return value


WebAddress = Annotated[str, Field(max_length=2048), AfterValidator(_web_address)]


class FacebookOptions(Options):
    """Closed; an explicit null means the same as leaving the key out.

    `alt_texts` belong to the media items in their order; an empty one says nothing.
    """

    model_config = ConfigDict(alias_generator=to_camel)

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
