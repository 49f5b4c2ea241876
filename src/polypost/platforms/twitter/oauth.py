"""Connecting an X account with OAuth 2.0 and PKCE, and keeping its rotating tokens alive.

Flow: X developer docs, OAuth 2.0 Authorization Code Flow with PKCE, read in August 2026.
"""

from __future__ import annotations

from polypost.platforms.base import Account, Session
from polypost.platforms.kit.calls import owner
from polypost.platforms.kit.oauth2 import OAuth2Login
from polypost.platforms.twitter.api import call
from polypost.platforms.twitter.errors import ErrorBody, error_for
from polypost.platforms.twitter.spec import OAUTH, WEB

LOGIN = OAuth2Login("X", OAUTH, error_for=error_for, said=ErrorBody.of)

_PROFILE = "profile_image_url,verified,verified_type,subscription_type,protected"
_METADATA = ("subscription_type", "verified_type", "protected")


async def identify(session: Session) -> list[Account]:
    """The account of this authorisation; `metadata` tells its subscription, which some limits depend on."""
    data = await call(session, "GET", "/2/users/me", params={"user.fields": _PROFILE})
    number, username = owner(data, "X", "id", "username")
    return [
        Account(
            id=number,
            username=username,
            name=data.get("name"),
            profile_url=f"{WEB}/{username}",
            image_url=data.get("profile_image_url"),
            metadata={name: data[name] for name in _METADATA if name in data},
        )
    ]
