"""Connecting a Reddit account, and keeping its tokens alive.

Flow: Reddit, OAuth2 wiki, and recorded answers of 2021 to 2023, read on 2026-11-24. Refusals may come with a 200.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import unescape

from httpx2 import Response

from polypost.platforms.base import Account, Session
from polypost.platforms.kit.answers import member, parsed
from polypost.platforms.kit.calls import owner
from polypost.platforms.kit.oauth2 import OAuth2Login
from polypost.platforms.reddit.api import get, user_agent
from polypost.platforms.reddit.errors import error_for
from polypost.platforms.reddit.spec import OAUTH, WEB

_METADATA = ("link_karma", "comment_karma", "has_verified_email", "is_suspended", "over_18")


class _Login(OAuth2Login):
    """Reddit wants to know who calls, and refuses by a word under any status, or by the status' own number."""

    def headers(self) -> Mapping[str, str]:
        """The honest name that Reddit's rules ask for."""
        return user_agent()

    def error_in(self, answer: Response) -> str:
        """A word, or a number."""
        error = parsed(answer).get("error")
        return str(error) if isinstance(error, str | int) else ""


def _said(answer: Response) -> str:
    return f"Reddit says: {LOGIN.error_in(answer) or answer.status_code}."


LOGIN = _Login("Reddit", OAUTH, error_for=error_for, said=_said)


async def identify(session: Session) -> list[Account]:
    """The account of this authorisation; `metadata` tells the karma that decides how often it may post."""
    me = await get(session, "/api/v1/me")
    number, name = owner(me, "Reddit", "id", "name")
    image = me.get("icon_img")
    title = member(me, "subreddit").get("title")
    return [
        Account(
            id=number,
            username=name,
            name=title or name,
            profile_url=f"{WEB}/user/{name}",
            image_url=unescape(image) if isinstance(image, str) and image.startswith("http") else None,
            metadata={key: me[key] for key in _METADATA if key in me},
        )
    ]
