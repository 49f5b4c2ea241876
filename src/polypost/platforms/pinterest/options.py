"""The `platformSpecificData` of a Pinterest target."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from polypost.platforms.kit.options import ClosedOptions


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"\s", value):
        raise ValueError("must be an absolute http or https URL")
    return value


Url = Annotated[str, AfterValidator(_web_address)]


class PinterestOptions(ClosedOptions):
    """Closed; an explicit null means the same as leaving the key out, except for `boardId`, which has to be there."""

    board_id: Annotated[str, Field(pattern=r"^[0-9]+$", max_length=32)] = Field(
        description="The board's id; GET /v1/pinterest/boards?accountId=… lists those of an account."
    )
    title: str | None = None
    link: Url | None = None
    alt_text: str | None = None
    dominant_color: Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")] | None = None
    cover_image_url: Annotated[str, Field(max_length=2048), AfterValidator(_web_address)] | None = None
