"""The `platformSpecificData` of a Reddit target."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from polypost.platforms.kit.options import WHOLE, ClosedOptions, WebAddress
from polypost.platforms.reddit.spec import SPEC

Kind = Literal["self", "link", "image", "video", "videogif", "gallery", "poll", "crosspost"]
_SUBREDDIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]{1,20}|u_[A-Za-z0-9_-]{3,20}", re.ASCII)


def _subreddit(value: str) -> str:
    if not _SUBREDDIT.fullmatch(value):
        raise ValueError("must be a subreddit's name without r/, as in python, or u_name for a profile")
    return value


Days = Annotated[int, WHOLE, Field(ge=SPEC.limit("poll_min_days"), le=SPEC.limit("poll_max_days"))]


class Poll(ClosedOptions):
    """A poll; how long an option may be is not known, so only empty ones are refused."""

    options: Annotated[
        list[str],
        Field(min_length=SPEC.limit("poll_min_options"), max_length=SPEC.limit("poll_max_options")),
    ]
    duration_days: Days


class GalleryItem(ClosedOptions):
    """What goes with a picture of a gallery: words below it, and where a click leads."""

    caption: str | None = None
    outbound_url: WebAddress | None = None


class RedditOptions(ClosedOptions):
    """Closed; an explicit null means the same as leaving the key out. `gallery` goes along with `mediaItems`."""

    subreddit: Annotated[str, AfterValidator(_subreddit)] = Field(
        description="The name of a subreddit without r/, as in python, or u_name for a profile."
    )
    title: str | None = None
    kind: Kind | None = None
    url: WebAddress | None = None
    flair_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    flair_text: str | None = None
    nsfw: bool | None = None
    spoiler: bool | None = None
    send_replies: bool | None = None
    resubmit: bool | None = None
    first_comment: str | None = None
    gallery: Annotated[list[GalleryItem], Field(max_length=SPEC.limit("gallery_max_items"))] | None = None
    poll: Poll | None = None
    crosspost_id: Annotated[str, Field(pattern=r"^(t3_)?[a-z0-9]{1,13}$")] | None = None
