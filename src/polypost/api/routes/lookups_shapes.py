"""Answers of the small resources, as the document shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from polypost.api.openapi.described import Maybe, Shape
from polypost.api.routes.posts_shapes import Count
from polypost.intake.bodies import PlatformName


class NetworkShape(Shape):
    """A network of this server; `beta` where the network lets only some apps in."""

    name: PlatformName
    status: Literal["prod", "beta", "dev"]


class PlatformList(Shape):
    """The networks of this server."""

    platforms: list[NetworkShape]


class Health(Shape):
    """It works."""

    ok: bool


class Ready(Shape):
    """Whether the server can keep its promises; `checks` has the reasons by room."""

    ok: bool
    checks: dict[str, dict[str, Any]]


class UsageMonth(Shape):
    """Credits of one month, by network."""

    year: int
    month: Annotated[int, Field(ge=1, le=12)]
    count: Count
    platform: dict[str, Count]


class MonthlyCredits(Shape):
    """Credits that come anew every month."""

    limit: Count
    used: Count
    remaining: Count
    cycleStart: datetime
    cycleEnd: datetime


class PurchasedCredits(Shape):
    """Credits of the project's limit, which do not end."""

    total: Count
    used: Count
    remaining: Count


class Balance(Shape):
    """What is left; `unlimited` where the project has no limit."""

    unlimited: bool
    monthly: MonthlyCredits
    purchased: PurchasedCredits


class Usage(Shape):
    """Credits spent, oldest month first; `balance` only where nothing narrows the question."""

    success: bool
    totalUsage: Count
    usage: list[UsageMonth]
    balance: Balance = Maybe
