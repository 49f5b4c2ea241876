"""Bodies and queries of connecting accounts and of OAuth apps."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from polypost.api.filters import split_list
from polypost.api.wire import Closed, PlatformName, Text, Url

Name = Annotated[Text, Field(min_length=1, max_length=200)]
Credential = Annotated[Text, Field(min_length=1, max_length=4096)]


class AppBody(BaseModel):
    """`POST /v1/apps`; open."""

    model_config = ConfigDict(extra="ignore", strict=True)

    platform: PlatformName
    name: Name
    clientId: Credential  # noqa: N815 (the contract's word)
    clientSecret: Credential  # noqa: N815
    imageUrl: Url | None = None  # noqa: N815


class AppChange(Closed):
    """`PATCH /v1/apps/{id}`; an explicit null takes the picture away."""

    name: Name | None = None
    clientSecret: Credential | None = None  # noqa: N815
    imageUrl: Url | None = None  # noqa: N815


class AppsQuery(BaseModel):
    """`GET /v1/apps`: the page style of paging."""

    platform: Annotated[list[PlatformName], BeforeValidator(split_list)] = Field(default_factory=list)
    page: Annotated[int, Field(ge=1, le=100_000)] = 1
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    name: str | None = None


class SelectionBody(Closed):
    """`POST /v1/connect/{platform}/selection/{token}`."""

    selectedAccountIds: Annotated[list[Text], Field(min_length=1, max_length=1000)]  # noqa: N815


class SignInBody(Closed):
    """`POST /v1/connect/bluesky/auth`."""

    identifier: Annotated[Text, Field(min_length=1, max_length=2048)]
    password: Annotated[Text, Field(min_length=1, max_length=1024)]


class TokenBody(Closed):
    """`POST /v1/connect/mastodon/token`."""

    server: Annotated[Text, Field(min_length=1, max_length=2048)]
    accessToken: Credential  # noqa: N815
