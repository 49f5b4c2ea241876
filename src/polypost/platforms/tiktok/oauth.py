"""Connecting an account through TikTok's Login Kit and keeping its rotating tokens alive.

Flow: TikTok for Developers, Login Kit: Manage User Access Tokens, read 2026-11-24. How long tokens live and whether
refresh tokens change differs between versions of that page, so only what each answer says is believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from httpx2 import Response

from polypost.errors import PlatformError, ReconnectRequired, TokenExpired, Unavailable
from polypost.platforms.base import Account, Session
from polypost.platforms.kit.answers import member, parsed, quoted, sentence
from polypost.platforms.kit.calls import owner
from polypost.platforms.kit.oauth2 import OAuth2Login
from polypost.platforms.tiktok.api import call
from polypost.platforms.tiktok.spec import OAUTH, WEB


def _said(answer: Response) -> str:
    return quoted("TikTok", sentence(parsed(answer).get("error_description")), answer.status_code)


def _trouble(answer: Response, _: datetime) -> PlatformError:
    return Unavailable(f"TikTok's login is out of order. {_said(answer)}")


LOGIN = OAuth2Login("TikTok", OAUTH, error_for=_trouble, said=_said)

_FIELDS = "open_id,union_id,avatar_url,display_name"


async def identify(session: Session) -> list[Account]:
    """The account of this authorisation; `open_id` is its id for this app."""
    try:
        data = await _user(session, f"{_FIELDS},username")
    except TokenExpired:
        raise
    except ReconnectRequired:
        # The person may have unticked the scope for the name alone; posts do without it.
        data = await _user(session, _FIELDS)
    known = member(data, "user")
    (number,), username = owner(known, "TikTok", "open_id"), known.get("username")
    return [
        Account(
            id=number,
            username=username,
            name=known.get("display_name") or username,
            profile_url=f"{WEB}/@{username}" if username else None,
            image_url=known.get("avatar_url"),
            metadata={"union_id": known["union_id"]} if known.get("union_id") else {},
        )
    ]


async def _user(session: Session, fields: str) -> Mapping[str, Any]:
    return await call(session, "GET", "/v2/user/info/", params={"fields": fields})
