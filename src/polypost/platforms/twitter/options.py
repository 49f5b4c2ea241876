"""The `platformSpecificData` of an X target."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from polypost.platforms.kit.options import WHOLE, ClosedOptions, ThreadItem
from polypost.platforms.twitter.spec import SPEC

ReplySettings = Literal["everyone", "following", "mentionedUsers", "subscribers", "verified"]


# Form: X API OpenAPI 2.167, CreatePostsRequest, read in August 2026.
NetworkId = Annotated[str, Field(pattern=r"^[0-9]{1,19}$")]
Minutes = Annotated[
    int,
    WHOLE,
    Field(ge=SPEC.limit("poll_min_minutes"), le=SPEC.limit("poll_max_minutes")),
]


class Poll(ClosedOptions):
    """A poll below the text; the length of each option is judged by `check`."""

    options: Annotated[
        list[str],
        Field(min_length=SPEC.limit("poll_min_options"), max_length=SPEC.limit("poll_max_options")),
    ]
    duration_minutes: Minutes


class TwitterOptions(ClosedOptions):
    """Closed; an explicit null means the same as leaving the key out. "everyone" means no restriction."""

    community_id: NetworkId | None = None
    share_with_followers: bool | None = None
    reply_to_tweet_id: NetworkId | None = None
    reply_settings: ReplySettings | None = None
    thread_items: list[ThreadItem] | None = None
    long_post: bool | None = None
    poll: Poll | None = None

    @property
    def thread(self) -> list[ThreadItem]:
        """The posts that follow the first one."""
        return self.thread_items or []

    @property
    def who_may_reply(self) -> str | None:
        """The restriction as X names it, None for no restriction."""
        return None if self.reply_settings == "everyone" else self.reply_settings
