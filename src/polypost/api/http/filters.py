"""Query parameters of the lists: repeated keys, commas, the literal `null`."""

from __future__ import annotations

from datetime import datetime
from types import EllipsisType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field
from starlette.requests import Request

from polypost import clock
from polypost.access import Principal
from polypost.errors import InvalidRequest, Problem
from polypost.intake.bodies import PlatformName
from polypost.integrations import profiles
from polypost.posts import words
from polypost.posts.queries import Filters

_FLAGS = {"true": True, "1": True, "false": False, "0": False}


def flag(request: Request, name: str) -> bool:
    """A query parameter that is true or false; absent is false.

    Raises InvalidRequest for anything else: a dry run that is not understood must not become a publication,
    so the name is found whatever its capital letters.
    """
    if not request.scope["query_string"]:
        return False
    given = [value for key, value in request.query_params.multi_items() if key.casefold() == name.casefold()]
    if any(value.lower() not in _FLAGS for value in given):
        raise InvalidRequest([Problem(name, "must be true or false", "Write true or false.", "bool_parsing")])
    return any(_FLAGS[value.lower()] for value in given)


def split_list(value: Any) -> Any:
    """A list whose members may hold several values with commas between them."""
    return [part for item in value for part in item.split(",") if part] if isinstance(value, list) else value


def _instant(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        # A plus sign that was not encoded arrives as a space before the offset.
        text = value[:19] + value[19:].replace(" ", "+")
        return clock.resolve(text).instant
    except clock.BadTime as bad:
        raise words.wrong("bad_time", bad.message, bad.hint) from bad


When = Annotated[datetime, BeforeValidator(_instant)]
Sort = Literal["asc", "desc"]


class PageQuery(BaseModel):
    """The offset style of paging."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    offset: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    sort: Sort = "desc"


class PostsQuery(PageQuery):
    """`GET /v1/posts`."""

    status: (
        Literal["draft", "pending", "scheduled", "publishing", "published", "failed", "partial"] | None
    ) = None
    platform: Annotated[list[PlatformName], BeforeValidator(split_list)] = Field(default_factory=list)
    profileId: str | None = None
    createdAfter: When | None = None
    createdBefore: When | None = None
    scheduledAfter: When | None = None
    scheduledBefore: When | None = None


class ScheduledQuery(PageQuery):
    """`GET /v1/posts/scheduled`."""

    sort: Sort = "asc"


class IntegrationsQuery(PageQuery):
    """`GET /v1/connect/integrations`."""

    platform: Annotated[list[PlatformName], BeforeValidator(split_list)] = Field(default_factory=list)
    profileId: str | None = None
    q: str | None = None


def profile_of(text: str | None) -> str | EllipsisType | None:
    """The profile a query names: `...` for none, None for the literal `null`."""
    if text is None:
        return ...
    return None if text == "null" else text


def filters_of(who: Principal, query: PostsQuery, hidden: tuple[str, ...]) -> Filters:
    """The room's filters for a posts query."""
    profile = profile_of(query.profileId)
    return Filters(
        statuses=(query.status,) if query.status else (),
        platforms=query.platform,
        integration_ids=None if profile is ... else profiles.accounts(who.project.id, profile),
        created_after=query.createdAfter,
        created_before=query.createdBefore,
        scheduled_after=query.scheduledAfter,
        scheduled_before=query.scheduledBefore,
        hidden_platforms=hidden,
        profiles=who.profiles,
    )
