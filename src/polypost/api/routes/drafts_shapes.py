"""Answers of drafts, and the answer of what makes an ordinary post in another way than create."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from polypost.api.openapi.described import Shape
from polypost.intake.bodies import PlatformName


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
