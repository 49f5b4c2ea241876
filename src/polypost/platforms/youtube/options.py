"""The `platformSpecificData` of a YouTube target."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from polypost.platforms.kit.options import ClosedOptions

Visibility = Literal["public", "private", "unlisted"]
# People & Blogs.
DEFAULT_CATEGORY = "22"


class YouTubeOptions(ClosedOptions):
    """Closed; an explicit null means the same as leaving the key out. `privacyStatus` is another name of `visibility`."""

    title: str | None = None
    tags: list[Annotated[str, Field(min_length=1)]] | None = None
    visibility: Visibility | None = None
    privacy_status: Visibility | None = None
    made_for_kids: bool | None = None
    contains_synthetic_media: bool | None = None
    category_id: Annotated[str, Field(pattern=r"^[0-9]{1,3}$")] | None = None
    first_comment: Annotated[str, Field(min_length=1)] | None = None
    default_language: Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] | None = None
    license: Literal["youtube", "creativeCommon"] | None = None
    embeddable: bool | None = None
    public_stats_viewable: bool | None = None
    notify_subscribers: bool | None = None
    has_paid_product_placement: bool | None = None
    playlist_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{2,64}$")] | None = None

    @model_validator(mode="after")
    def _one_visibility(self) -> Self:
        if self.visibility and self.privacy_status and self.visibility != self.privacy_status:
            raise ValueError(
                "visibility and privacyStatus mean the same and say different things; give one of them"
            )
        return self

    @property
    def privacy(self) -> Visibility:
        """Who shall see the video, as YouTube names it."""
        return self.visibility or self.privacy_status or "public"
