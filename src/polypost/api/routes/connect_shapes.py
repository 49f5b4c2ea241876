"""Bodies and queries of connecting accounts and of OAuth apps."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema

from polypost.api.http.filters import split_list
from polypost.api.openapi.documented import Maybe, Shape, named
from polypost.api.routes.posts_shapes import Count, MessageAnswer
from polypost.entrance.accounts import Credential, Name
from polypost.intake.bodies import Closed, PlatformName, Text, Url
from polypost.platforms.registry import BUILT_IN


class AppChange(Closed):
    """`PATCH /v1/apps/{id}`; an explicit null takes the picture away."""

    name: Name | None = None
    clientSecret: Credential | None = None
    imageUrl: Url | None = None


class AppsQuery(BaseModel):
    """`GET /v1/apps`: the page style of paging."""

    platform: Annotated[list[PlatformName], BeforeValidator(split_list)] = Field(default_factory=list)
    page: Annotated[int, Field(ge=1, le=100_000)] = 1
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    name: str | None = None


class SelectionBody(Closed):
    """`POST /v1/connect/{platform}/selection/{token}`."""

    selectedAccountIds: Annotated[list[Text], Field(min_length=1, max_length=1000)]


class SignInBody(Closed):
    """`POST /v1/connect/bluesky/auth`."""

    identifier: Annotated[Text, Field(min_length=1, max_length=2048)]
    password: Annotated[Text, Field(min_length=1, max_length=1024)]


class TokenBody(Closed):
    """`POST /v1/connect/mastodon/token`."""

    server: Annotated[Text, Field(min_length=1, max_length=2048)]
    accessToken: Credential


# Another network than these is a 404 or a 400 of the function's own.
AnyNetwork = Annotated[str, named(*BUILT_IN)]
# Where one login stands for several accounts.
ManyAccounts = Annotated[str, named("facebook", "linkedin")]
Address = Annotated[str, WithJsonSchema({"type": "string", "format": "uri"})]


class SignInQuery(BaseModel):
    """What the contract's callers may send along although nobody is sent anywhere; without effect."""

    redirectUri: Address | None = None
    cancelRedirectUri: Address | None = None
    headless: bool = False
    appId: str | None = None


class CallbackQuery(BaseModel):
    """What networks send along; some send more."""

    state: str | None = None
    code: str | None = None
    error: str | None = None
    iss: str | None = None


class ChoiceForm(BaseModel):
    """What the page of a choice sends: an `account` for each that was chosen."""

    account: list[str]


class Consent(Shape):
    """Where the person goes to let the server in."""

    url: Address


class AppOfIntegration(Shape):
    """The app of your own by which an account was connected."""

    id: str
    name: str
    imageUrl: str | None


class IntegrationShape(Shape):
    """A connected account; its `id` is the `accountId` of posts."""

    id: str
    platform: PlatformName
    platformUserId: str | None
    username: str | None
    displayName: str | None
    profileUrl: Address | None
    imageUrl: Address | None
    platformMetadata: dict[str, Any]
    profileId: str | None
    appId: str | None
    app: AppOfIntegration | None
    byok: bool
    authStatus: Literal["active", "reconnect_required"]
    authFailureReason: (
        Literal["token_expired", "access_revoked", "security_invalidation", "refresh_rejected"] | None
    )
    createdAt: datetime


class TokenStatus(Shape):
    """Whether the server can still speak for the account."""

    valid: bool
    autoRefreshes: bool
    reconnectRequired: bool
    reason: Literal["token_expired", "access_revoked", "security_invalidation", "refresh_rejected"] | None


class IntegrationDetails(IntegrationShape):
    """A connected account with the state of its authorisation; tokens are never shown."""

    scopes: list[str]
    accessTokenExpiresAt: datetime | None
    refreshTokenExpiresAt: datetime | None
    tokenStatus: TokenStatus
    updatedAt: datetime


class IntegrationList(Shape):
    """A page of connected accounts; `total` counts all pages."""

    success: bool
    total: Count
    integrations: list[IntegrationShape]


class OneIntegration(Shape):
    """One connected account."""

    success: bool
    integration: IntegrationDetails


class Connected(MessageAnswer):
    """The account that is connected now."""

    integration: IntegrationShape


class Offered(Shape):
    """An account that a login may connect."""

    id: str
    type: Literal["person", "organization", "page"]
    platformUserId: str
    displayName: str | None
    username: str | None
    imageUrl: Address | None


class Selection(Shape):
    """What there is to choose from, and how long."""

    success: bool
    platform: Literal["facebook", "linkedin"]
    expiresInSeconds: int
    accounts: list[Offered]


class Selected(MessageAnswer):
    """The accounts that are connected now."""

    platform: Literal["facebook", "linkedin"]
    integrations: list[IntegrationShape]
    redirectUri: str = Maybe


class AppShape(Shape):
    """An OAuth app of your own; its secret is never shown."""

    id: str
    platform: PlatformName
    name: str
    imageUrl: str | None
    clientId: str
    integrationCount: Count
    createdAt: datetime
    updatedAt: datetime


class OneApp(Shape):
    """One app."""

    success: bool
    app: AppShape


class AppList(Shape):
    """A page of apps; `total` counts all pages."""

    success: bool
    total: Count
    page: Annotated[int, Field(ge=1)]
    limit: Annotated[int, Field(ge=1)]
    apps: list[AppShape]
