"""Bodies and answers of `/v1/ai`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from polypost.api.openapi.described import Shape
from polypost.api.routes.connect_shapes import Address
from polypost.intake.bodies import Closed, Content, PlatformName, Text, Url

Description = Annotated[Text, Field(min_length=3, max_length=1500)]
Urls = Annotated[list[Url], Field(max_length=4)]


class WriteBody(BaseModel):
    """`POST /v1/ai/write`; open."""

    model_config = ConfigDict(extra="ignore", strict=True)

    description: Description
    platforms: Annotated[list[PlatformName], Field(max_length=50)] | None = None
    existingContent: Content | None = None


class ImageBody(Closed):
    """`POST /v1/ai/image`."""

    description: Description
    aspectRatio: Literal["square", "vertical", "landscape"] | None = None
    style: (
        Literal[
            "photo", "illustration", "minimal", "vibrant", "cinematic", "3d-render", "retro", "hand-drawn"
        ]
        | None
    ) = None
    referenceImageUrls: Urls | None = None
    assetImageUrls: Urls | None = None
    referenceImageUrl: Url | None = None


class WriteAnswer(Shape):
    """A caption."""

    success: bool
    content: str
    creditsCharged: int


class ImageAnswer(Shape):
    """A picture at a public address of this server."""

    success: bool
    url: Address
    mimeType: str
    creditsCharged: int
