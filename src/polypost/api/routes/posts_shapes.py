"""Answers about posts, and the parameters of creating them, as the document shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from polypost.api.openapi.documented import ClosedShape, Maybe, Shape
from polypost.intake.bodies import PlatformName

PostStatus = Literal["draft", "pending", "scheduled", "publishing", "published", "failed", "partial"]
Count = Annotated[int, Field(ge=0)]


class ValidateQuery(BaseModel):
    """Parameters of a dry run."""

    probeMedia: bool = Field(default=False, description="Fetch and measure the media too.")


class PreviewQuery(ValidateQuery):
    """Parameters of a preview."""

    sharedStyle: bool = Field(
        default=False,
        description="Leave the style sheet out of every `html`, and answer it once, as `style`.",
    )


class CreatedTarget(Shape):
    """What became of one platform entry so far; `success` is true unless it failed."""

    platform: PlatformName
    accountId: str
    success: bool
    status: PostStatus
    platformPostId: str = Maybe
    platformPostUrl: str = Maybe
    error: str = Maybe
    code: str | None = None
    warningMessage: str = Maybe


class CreatedPost(Shape):
    """A post that was taken; `success` is false only when every target failed."""

    success: bool
    status: PostStatus
    postId: str
    platforms: list[CreatedTarget]
    scheduledFor: datetime = Maybe
    timezone: str = Maybe
    warningMessage: str = Maybe


class Problem(Shape):
    """One thing wrong with a body."""

    path: str
    message: str
    hint: str
    code: str


class Credits(Shape):
    """Credits: what the post would cost, and what is left; null where it is not known or has no limit."""

    price: Count | None
    remaining: int | None


class PreviewTarget(Shape):
    """The text that an account would get; its beginning where the texts together have more than 250 kB."""

    platform: PlatformName
    accountId: str
    content: str


class Verdict(Shape):
    """What acceptance would say to a body."""

    success: bool
    valid: bool
    errors: list[Problem]
    credits: Credits
    scheduledFor: datetime | None
    timezone: str
    platforms: list[PreviewTarget]
    warningMessage: str = Maybe


class StoredMedia(Shape):
    """A media item as it was given by its address."""

    type: Literal["image", "video", "gif"]
    url: str
    filename: str
    size: Count
    mimeType: str


class Target(Shape):
    """One platform entry of a post; `waitingFor` and `nextAt` while it waits, the last three after it was changed."""

    platform: PlatformName
    accountId: str
    status: PostStatus
    content: str | None
    platformPostId: str | None
    platformPostUrl: str | None
    publishedAt: datetime | None
    errorMessage: str | None
    errorCode: str | None
    warningMessage: str | None
    waitingFor: str = Maybe
    nextAt: datetime | None = None
    changedAt: datetime = Maybe
    mediaItems: list[StoredMedia] = Maybe
    platformSpecificData: dict[str, Any] = Maybe


class Post(Shape):
    """A post with everything that is known about it."""

    postId: str
    content: str
    status: PostStatus
    scheduledFor: datetime | None
    timezone: str
    mediaItems: list[StoredMedia]
    platforms: list[Target]
    crosspostingEnabled: bool
    rawRequestBody: dict[str, Any]
    createdAt: datetime
    updatedAt: datetime
    late: Literal["publish", "skip"] = Maybe
    lateAfter: int | None = None


class OnePost(Shape):
    """One post."""

    success: bool
    post: Post


class PostList(Shape):
    """A page of posts; `total` counts all pages."""

    success: bool
    total: Count
    posts: list[Post]


class Removal(Shape):
    """What became of one deletion on a network."""

    platform: PlatformName
    integrationId: str
    platformPostId: str | None
    status: str
    success: bool
    message: str = Maybe
    errorMessage: str = Maybe


class Removed(ClosedShape):
    """What was deleted; `success` is false while a network refuses, and then the post stays here."""

    success: bool
    creditsCharged: Count
    platforms: list[Removal]


class TimelineLine(Shape):
    """One thing that happened; `detail` holds a redacted exchange or figures."""

    at: datetime
    kind: str
    message: str
    platform: PlatformName | None
    accountId: str | None
    detail: dict[str, Any] = Maybe


class TimelineAnswer(Shape):
    """Everything that happened to a post, oldest first."""

    success: bool
    postId: str
    status: PostStatus
    timeline: list[TimelineLine]


class WaitingMedia(ClosedShape):
    """A media item of a post that waits."""

    type: Literal["image", "video", "gif", "document"]
    url: str
    thumbnail: str = Maybe


class WaitingTarget(Shape):
    """One platform entry of a post that waits."""

    platform: PlatformName
    status: PostStatus


class WaitingPost(Shape):
    """A post that waits for its hour."""

    postId: str
    content: str
    scheduledFor: datetime | None
    timezone: str
    mediaItems: list[WaitingMedia]
    platforms: list[WaitingTarget]
    createdAt: datetime


class WaitingList(Shape):
    """A page of posts that wait; `total` counts all pages."""

    success: bool
    total: Count
    posts: list[WaitingPost]


class MessageAnswer(Shape):
    """It was done."""

    success: bool
    message: str


class Rescheduled(MessageAnswer):
    """The hour at which the post is due now."""

    scheduledFor: datetime
    warningMessage: str = Maybe


class Edited(MessageAnswer):
    """The post as it is due now."""

    postId: str
    scheduledFor: datetime
    warningMessage: str = Maybe
