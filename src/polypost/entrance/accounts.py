"""What both the API and the dashboard take for apps and profiles."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from polypost.errors import InvalidRequest, Problem
from polypost.intake.bodies import PlatformName, Text, Url
from polypost.platforms.registry import BUILT_IN, connector

Name = Annotated[Text, Field(min_length=1, max_length=200)]
Description = Annotated[Text, Field(max_length=1000)]
Credential = Annotated[Text, Field(min_length=1, max_length=4096)]


class AppBody(BaseModel):
    """`POST /v1/apps`; open."""

    model_config = ConfigDict(extra="ignore", strict=True)

    platform: PlatformName
    name: Name
    clientId: Credential
    clientSecret: Credential
    imageUrl: Url | None = None


class ProfileBody(BaseModel):
    """`POST /v1/profiles`; open."""

    model_config = ConfigDict(extra="ignore", strict=True)

    name: Name
    description: Description | None = None


def require_usable(platform: str | None, image_url: str | None) -> None:
    """Pass when an app can be for this network, and its picture be shown. Raises InvalidRequest."""
    problems = []
    network = connector(platform) if platform is not None else None
    if platform is not None and (network is None or network.spec.oauth is None):
        able = ", ".join(name for name in BUILT_IN if (found := connector(name)) and found.spec.oauth)
        problems.append(
            Problem("platform", "takes no app of your own here", f"Use one of {able}.", "unknown_platform")
        )
    if image_url is not None and not image_url.startswith(("https://", "http://")):
        problems.append(Problem("imageUrl", "is not a web address", "Give an https address.", "bad_url"))
    if problems:
        raise InvalidRequest(problems)
