"""Bodies, queries and answers of profiles and of what the networks are asked while somebody waits."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from polypost.api.openapi.described import Shape
from polypost.api.routes.connect_shapes import IntegrationShape, Name
from polypost.intake.bodies import Closed, Text

Description = Annotated[Text, Field(max_length=1000)]
AccountId = Annotated[str, Field(min_length=1, max_length=100)]


class ProfileBody(BaseModel):
    """`POST /v1/profiles`; open."""

    model_config = ConfigDict(extra="ignore", strict=True)

    name: Name
    description: Description | None = None


class ProfileChange(BaseModel):
    """`PATCH /v1/profiles/{id}`; open. An explicit null takes the description away."""

    model_config = ConfigDict(extra="ignore", strict=True)

    name: Name | None = None
    description: Description | None = None


class ProfilesQuery(BaseModel):
    """`GET /v1/profiles`: the page style of paging."""

    page: Annotated[int, Field(ge=1, le=100_000)] = 1
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None


class AccountQuery(BaseModel):
    """The account a look-up speaks for; without one, the first connected."""

    accountId: AccountId | None = None


class MoveBody(Closed):
    """`PATCH /v1/connect/integrations/{id}`; null takes the account out of its profile."""

    profileId: Annotated[Text, Field(min_length=1, max_length=100)] | None


class ProfileShape(Shape):
    """A profile."""

    id: str
    name: str
    description: str | None
    integrationCount: Annotated[int, Field(ge=0)]
    createdAt: datetime
    updatedAt: datetime


class ProfileAnswer(Shape):
    """One profile."""

    success: Literal[True]
    profile: ProfileShape


class ProfilesAnswer(Shape):
    """A page of profiles."""

    success: Literal[True]
    total: Annotated[int, Field(ge=0)]
    page: Annotated[int, Field(ge=1)]
    limit: Annotated[int, Field(ge=1)]
    profiles: list[ProfileShape]


class ProfileGone(Shape):
    """A profile was deleted."""

    success: Literal[True]
    message: str


class MoveAnswer(Shape):
    """The account in its new profile."""

    success: Literal[True]
    integration: IntegrationShape


class BoardShape(Shape):
    """A Pinterest board."""

    id: str
    name: str
    description: str | None
    privacy: str


class BoardsAnswer(Shape):
    """All boards of an account."""

    success: Literal[True]
    boards: list[BoardShape]


Audience = Literal["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "FOLLOWER_OF_CREATOR", "SELF_ONLY"]


class CreatorShape(Shape):
    """What a TikTok creator's settings allow; the duration in seconds."""

    creatorAvatarUrl: str | None
    creatorUsername: str | None
    creatorNickname: str | None
    privacyLevelOptions: list[Audience]
    commentDisabled: bool
    duetDisabled: bool
    stitchDisabled: bool
    maxVideoPostDurationSec: float


class CreatorAnswer(Shape):
    """A creator's settings as they are now."""

    success: Literal[True]
    data: CreatorShape
