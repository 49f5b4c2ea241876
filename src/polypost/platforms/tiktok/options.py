"""The `platformSpecificData` of a TikTok target."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from polypost.platforms.kit.options import WHOLE, ClosedOptions

Privacy = Literal["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "FOLLOWER_OF_CREATOR", "SELF_ONLY"]
Milliseconds = Annotated[int, WHOLE, Field(ge=0, le=2**31 - 1)]
Index = Annotated[int, WHOLE, Field(ge=0)]


class TikTokOptions(ClosedOptions):
    """Closed; an explicit null means the same as leaving the key out."""

    privacy_level: Privacy | None = None
    disable_comment: bool | None = None
    disable_duet: bool | None = None
    disable_stitch: bool | None = None
    brand_content_toggle: bool | None = None
    brand_organic_toggle: bool | None = None
    is_aigc: bool | None = None
    video_cover_timestamp_ms: Milliseconds | None = None
    auto_add_music: bool | None = None
    photo_cover_index: Index | None = None
    description: str | None = None
    draft: bool | None = None

    @property
    def audience(self) -> str:
        """Who may see the post."""
        return self.privacy_level or "PUBLIC_TO_EVERYONE"
