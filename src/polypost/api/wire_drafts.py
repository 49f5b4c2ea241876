"""Bodies and answers of drafts, and the answer of what makes an ordinary post in another way than create."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from polypost.api.described import Shape
from polypost.intake.bodies import Closed, Content, MediaItem, PlatformEntry, PlatformName, Text

Zone = Annotated[Text, Field(min_length=1, max_length=64)]
ProfileId = Annotated[Text, Field(min_length=1, max_length=40)]


class UntimedBody(Closed):
    """A post without its hour."""

    content: Content
    platforms: Annotated[list[PlatformEntry], Field(min_length=1, max_length=50)]
    mediaItems: Annotated[list[MediaItem], Field(max_length=20)] | None = None


class DraftBody(UntimedBody):
    """`POST /v1/posts/drafts` and `PUT /v1/posts/drafts/{post_id}`."""

    timezone: Zone | None = None


class ScheduleDraftBody(Closed):
    """`POST /v1/posts/drafts/{post_id}/schedule`: exactly one of `scheduledFor`, `publishNow: true` and `queue: true`."""

    scheduledFor: Text | None = None
    timezone: Zone | None = None
    publishNow: bool | None = None
    queue: bool | None = None
    profileId: ProfileId | None = None


class ProblemShape(Shape):
    """What would be wrong with a draft as a post."""

    path: str
    message: str
    hint: str
    code: str


class DraftTarget(Shape):
    """A target of a draft."""

    platform: PlatformName
    accountId: str
    success: bool
    status: str


class DraftAnswer(Shape):
    """A draft as it was kept, with what has to change before it can be scheduled."""

    success: Literal[True]
    status: Literal["draft", "scheduled", "publishing", "published", "partial", "failed"]
    postId: str
    platforms: list[DraftTarget]
    warnings: list[ProblemShape]


class AcceptedTarget(Shape):
    """A target of an accepted post."""

    platform: PlatformName
    accountId: str
    success: bool
    status: Literal["draft", "pending", "publishing", "published", "failed"]
    platformPostId: str | None = None
    platformPostUrl: str | None = None
    error: str | None = None
    code: str | None = None
    warningMessage: str | None = None


class AcceptedPost(Shape):
    """The answer of create."""

    success: bool
    status: Literal["draft", "scheduled", "pending", "publishing", "published", "partial", "failed"]
    postId: str
    platforms: list[AcceptedTarget]
    scheduledFor: datetime | None = None
    timezone: str | None = None
    warningMessage: str | None = None
