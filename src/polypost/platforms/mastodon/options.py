"""The `platformSpecificData` of a Mastodon target."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from polypost.platforms.kit import options as kit
from polypost.platforms.kit.options import WHOLE, ClosedOptions

_FOCUS = re.compile(r"\s*(-?\d*\.?\d+)\s*,\s*(-?\d*\.?\d+)\s*", re.ASCII)


def _focus(value: str) -> str:
    found = _FOCUS.fullmatch(value)
    if value and (found is None or any(abs(float(part)) > 1 for part in found.groups())):
        raise ValueError("must be two numbers between -1 and 1, as in 0.5,-0.25, or empty")
    return value


StatusId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
FocalPoint = Annotated[str, Field(max_length=40), AfterValidator(_focus)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,4})?$")]


class ThreadItem(kit.ThreadItem):
    """A further post of a thread, a reply to the one before it; `altText` goes by the order of its media."""

    alt_text: list[str] | None = None


class Poll(ClosedOptions):
    """A poll below the text; numbers and lengths are judged by `check`, because every server has its own."""

    options: Annotated[list[str], Field(max_length=100)]
    duration_minutes: Annotated[int, WHOLE, Field(ge=1, le=10_000_000)]
    multiple: bool | None = None
    hide_totals: bool | None = None


class MastodonOptions(ClosedOptions):
    """Closed; an explicit null means the same as leaving the key out."""

    visibility: Literal["public", "unlisted", "private", "direct"] | None = None
    spoiler_text: str | None = None
    sensitive: bool | None = None
    language: Language | None = None
    alt_text: list[str] | None = None
    focus: list[FocalPoint] | None = None
    poll: Poll | None = None
    reply_to_id: StatusId | None = None
    thread_items: list[ThreadItem] | None = None
    quoted_status_id: StatusId | None = None
    quote_policy: Literal["public", "followers", "nobody"] | None = None

    @property
    def thread(self) -> list[ThreadItem]:
        """The posts that follow the first one."""
        return self.thread_items or []

    @property
    def seen_by(self) -> str:
        """The visibility that is sent: always one, because the account's preference may be any."""
        return self.visibility or "public"
