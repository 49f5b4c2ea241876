"""What somebody hands in about a post, as closed, strict models in the API's own names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from polypost.errors import InvalidRequest, Problem
from polypost.platforms.registry import BUILT_IN
from polypost.posts import words

M = TypeVar("M", bound=BaseModel)
CONTENT_BYTES = 100_000
# TikTok takes 35 pictures, and no network more.
MOST_MEDIA = 35
MOST_TARGETS = 50


def _no_nul(text: str) -> str:
    if "\x00" in text:
        raise words.wrong("nul", "must not contain the NUL character", "Remove it.")
    return text


def _content(text: str) -> str:
    if len(text.encode()) > CONTENT_BYTES:
        said = f"must not be longer than {CONTENT_BYTES // 1000} kB"
        raise words.wrong("text_too_long", said, "Shorten the text.")
    return text


def _absent(value: Any) -> Any:
    return {} if value is None else value


Text = Annotated[str, AfterValidator(_no_nul)]
Content = Annotated[Text, AfterValidator(_content)]
Zone = Annotated[Text, Field(min_length=1, max_length=64)]
ProfileId = Annotated[Text, Field(min_length=1, max_length=40)]
Url = Annotated[str, Field(min_length=1, max_length=2048), AfterValidator(_no_nul)]
if TYPE_CHECKING:
    PlatformName = str
else:
    # An enum to clients, made of what this server has.
    PlatformName = Literal[BUILT_IN]


class Closed(BaseModel):
    """A body in which an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", strict=True)


class PlatformEntry(Closed):
    """One network and account of a post."""

    platform: PlatformName
    accountId: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_no_nul)] = Field(
        description="The `id` of a connected account."
    )
    content: Content | None = Field(
        default=None, description="A text for this account instead of the post's."
    )
    platformSpecificData: Annotated[dict[str, Any], BeforeValidator(_absent)] = Field(default_factory=dict)


class MediaItem(Closed):
    """One media item by public URL."""

    type: Literal["image", "video", "gif", "document"]
    url: Url
    thumbnail: Url | None = None


class UntimedBody(Closed):
    """A post without its hour."""

    content: Content
    platforms: Annotated[list[PlatformEntry], Field(min_length=1, max_length=50)]
    mediaItems: Annotated[list[MediaItem], Field(max_length=20)] | None = None


class DraftBody(UntimedBody):
    """`POST /v1/posts/drafts` and `PUT /v1/posts/drafts/{post_id}`."""

    timezone: Zone | None = None


class EditBody(UntimedBody):
    """A scheduled post as it shall be (`PUT /v1/posts/scheduled/{postId}`)."""

    content: Content = Field(description="The text; empty where the network allows it. At most 100 kB.")
    platforms: Annotated[list[PlatformEntry], Field(min_length=1, max_length=MOST_TARGETS)] = Field(
        description="Where to publish; each account once."
    )
    mediaItems: Annotated[list[MediaItem], Field(max_length=MOST_MEDIA)] | None = Field(
        default=None, description="Pictures, films or documents, by public address, for all platforms."
    )
    scheduledFor: Text | None = Field(
        default=None, description="When, in RFC 3339. Without an offset it is wall time in `timezone`."
    )
    scheduledAt: Text | None = Field(default=None, description="Another name of `scheduledFor`.")
    timezone: Text | None = Field(default=None, description="An IANA name; `UTC` if left out.")


class CreateBody(EditBody):
    """A new post: what, where, and when."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "content": "Hello from my own server.",
                    "platforms": [{"platform": "bluesky", "accountId": "int_…"}],
                    "publishNow": True,
                }
            ]
        }
    )

    publishNow: bool | None = Field(
        default=None, description="`true` publishes at once; left out or `false` needs `scheduledFor`."
    )


class RescheduleBody(BaseModel):
    """Another hour (`PATCH /v1/posts/scheduled/{postId}`); open."""

    model_config = ConfigDict(extra="ignore", strict=True)

    scheduledFor: Text
    timezone: Text | None = None


class RetryEntry(Closed):
    """A failed target by its network and account."""

    platform: PlatformName
    accountId: Text


class RetryBody(Closed):
    """Which failed targets to try again; all of them if left out (`POST /v1/posts/{postId}/retry`)."""

    platforms: Annotated[list[RetryEntry], Field(min_length=1, max_length=50)] | None = None
    force: bool = Field(default=False, description="Also those of which nobody knows whether they are out.")


def problems_in(findings: Sequence[ErrorDetails]) -> list[Problem]:
    """Pydantic's findings as problems with the contract's paths and words."""
    return [Problem(words.path_of(item["loc"]), *words.say(item)) for item in findings]


def read(model: type[M], body: dict[str, Any]) -> M:
    """The body as `model`. Raises InvalidRequest with every problem of its shape."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise InvalidRequest(problems_in(words.findings(error))) from error
