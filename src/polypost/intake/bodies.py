"""The contract's request bodies as closed, strict models, and the way from them to an order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from polypost import clock
from polypost.errors import InvalidRequest, Problem
from polypost.platforms.base import MediaRef
from polypost.platforms.registry import BUILT_IN
from polypost.posts import words
from polypost.posts.orders import NewPost, NewTarget, When

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


class EditBody(Closed):
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


def order_of(
    body: EditBody,
    *,
    raw: dict[str, Any],
    horizon: timedelta,
    check_url: Callable[[str], str | None],
    editing: bool = False,
) -> tuple[NewPost, list[Problem]]:
    """The order a body asks for, with the problems of its times and URLs. `check_url` says what is wrong with one."""
    problems: list[Problem] = []
    media = []
    for place, item in enumerate(body.mediaItems or ()):
        for name, url in (("url", item.url), ("thumbnail", item.thumbnail)):
            wrong = check_url(url) if url is not None else None
            if wrong is not None:
                hint = "Give a public http or https address."
                problems.append(Problem(f"mediaItems[{place}].{name}", wrong, hint, "address_refused"))
        media.append(MediaRef(item.type, item.url, item.thumbnail))
    when, wrong_time = _when(body, horizon, editing=editing)
    problems.extend(wrong_time)
    targets = [
        NewTarget(entry.platform, entry.accountId, entry.content, entry.platformSpecificData)
        for entry in body.platforms
    ]
    order = NewPost(
        content=body.content,
        targets=targets,
        media=media,
        when=when,
        timezone=body.timezone or "UTC",
        raw=raw,
    )
    return order, problems


def _when(body: EditBody, horizon: timedelta, *, editing: bool) -> tuple[When | None, list[Problem]]:
    problems = []
    said = body.scheduledFor if body.scheduledFor is not None else body.scheduledAt
    name = "scheduledFor" if body.scheduledFor is not None or body.scheduledAt is None else "scheduledAt"
    if None not in {body.scheduledFor, body.scheduledAt} and body.scheduledFor != body.scheduledAt:
        problems.append(
            Problem(
                "scheduledAt", "differs from scheduledFor", "Send scheduledFor alone.", "conflicting_times"
            )
        )
    now_asked = isinstance(body, CreateBody) and body.publishNow is True
    if (unknown := unknown_zone(body.timezone)) is not None:
        problems.append(unknown)
    elif said is not None:
        when, wrong = resolve(said, body.timezone, horizon, name)
        if wrong is None and when is not None and not now_asked:
            return when, problems
        problems.extend([wrong] if wrong else [])
    if now_asked and said is not None:
        problems.append(
            Problem(
                "publishNow",
                "cannot be true together with scheduledFor",
                "Send one of the two.",
                "conflicting_times",
            )
        )
    if not now_asked and said is None and not editing:
        problems.append(
            Problem(
                "publishNow",
                "is required unless scheduledFor is given",
                "Send publishNow: true or scheduledFor.",
                "no_time",
            )
        )
    return None, problems


def unknown_zone(name: str | None) -> Problem | None:
    """What is wrong with the name of a time zone; None when nothing is."""
    if name is None or clock.valid_zone(name):
        return None
    hint = "Use a name such as Europe/Berlin or UTC; capital letters count."
    return Problem("timezone", "is not a time zone of the IANA database", hint, "unknown_zone")


def resolve(
    said: str, timezone: str | None, horizon: timedelta, path: str
) -> tuple[When | None, Problem | None]:
    """The instant a user means, or what is wrong with it (RELIABILITY §7)."""
    if (unknown := unknown_zone(timezone)) is not None:
        return None, unknown
    now: datetime = clock.now()
    try:
        resolved = clock.resolve(said, timezone)
        instant = clock.check_window(resolved.instant, now, horizon)
    except clock.BadTime as bad:
        return None, Problem(path, bad.message, bad.hint, "bad_time")
    local = resolved.local.isoformat() if resolved.local is not None else None
    return When(instant, resolved.zone, local, resolved.note), None
