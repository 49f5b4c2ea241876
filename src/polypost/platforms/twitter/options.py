"""The `platformSpecificData` of an X target."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from polypost.platforms.base import MediaKind, Options
from polypost.platforms.twitter.spec import SPEC

ReplySettings = Literal["everyone", "following", "mentionedUsers", "subscribers", "verified"]


def _whole(value: Any) -> Any:
    # Some clients send every number as a float; 60.0 means 60, while 60.5 stays what it is and is refused.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an absolute http or https URL")
    return value


# Form: X API OpenAPI 2.167, CreatePostsRequest, read in August 2026.
NetworkId = Annotated[str, Field(pattern=r"^[0-9]{1,19}$")]
WebAddress = Annotated[str, Field(max_length=2048), AfterValidator(_web_address)]
Minutes = Annotated[
    int,
    BeforeValidator(_whole),
    Field(ge=SPEC.limit("poll_min_minutes"), le=SPEC.limit("poll_max_minutes")),
]


class _Closed(Options):
    model_config = ConfigDict(alias_generator=to_camel)


class ThreadMedia(_Closed):
    """A media item of a thread item; X shows no thumbnail of one's own, so `thumbnail` is only carried."""

    type: MediaKind
    url: WebAddress
    thumbnail: WebAddress | None = None


class ThreadItem(_Closed):
    """A further post of a thread, a reply to the one before it."""

    content: str
    media_items: list[ThreadMedia] | None = None

    @property
    def media(self) -> list[ThreadMedia]:
        """Its media items, none when the key was left out."""
        return self.media_items or []


class Poll(_Closed):
    """A poll below the text; the length of each option is judged by `check`."""

    options: Annotated[
        list[str],
        Field(min_length=SPEC.limit("poll_min_options"), max_length=SPEC.limit("poll_max_options")),
    ]
    duration_minutes: Minutes


class TwitterOptions(_Closed):
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
