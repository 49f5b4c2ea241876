"""The `platformSpecificData` of an Instagram target."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from polypost.platforms.base import Options
from polypost.platforms.kit.options import WHOLE, WebAddress


def _unique(names: list[str]) -> list[str]:
    if len({name.casefold() for name in names}) != len(names):
        raise ValueError("must not name an account twice")
    return names


Username = Annotated[str, Field(min_length=1, max_length=30, pattern=r"^[A-Za-z0-9._]+$")]
Whole = Annotated[int, WHOLE, Field(ge=0)]


class InstagramOptions(Options):
    """Closed; an explicit null means the same as leaving the key out.

    `thumb_offset` is in milliseconds and ignored by Instagram when there is a cover.
    """

    model_config = ConfigDict(alias_generator=to_camel)

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
