"""The `platformSpecificData` of an Instagram target."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from polypost.platforms.base import Options


def _whole(value: Any) -> Any:
    # Some clients send every number as a float; 500.0 means 500, while 500.5 stays what it is and is refused.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an absolute http or https URL")
    return value


def _unique(names: list[str]) -> list[str]:
    if len({name.casefold() for name in names}) != len(names):
        raise ValueError("must not name an account twice")
    return names


Username = Annotated[str, Field(min_length=1, max_length=30, pattern=r"^[A-Za-z0-9._]+$")]
Whole = Annotated[int, BeforeValidator(_whole), Field(ge=0)]


class InstagramOptions(Options):
    """Closed; an explicit null means the same as leaving the key out.

    `thumb_offset` is in milliseconds and ignored by Instagram when there is a cover.
    """

    model_config = ConfigDict(alias_generator=to_camel)

    content_type: Literal["story"] | None = None
    share_to_feed: bool | None = None
    cover_url: Annotated[str, Field(max_length=2048), AfterValidator(_web_address)] | None = None
    thumb_offset: Whole | None = None
    collaborators: (
        Annotated[list[Username], Field(min_length=1, max_length=3), AfterValidator(_unique)] | None
    ) = None

    @property
    def story(self) -> bool:
        """Whether the item goes out as a story."""
        return self.content_type == "story"
