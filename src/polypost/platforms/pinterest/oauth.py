"""Connecting a Pinterest account and keeping its tokens alive.

Flow: Pinterest for Developers, Set up authentication and authorization, read 2026-11-24.
"""

from __future__ import annotations

from httpx2 import Response

from polypost.errors import PlatformError
from polypost.outbound import NetworkClient
from polypost.platforms.base import Account, App, Session
from polypost.platforms.kit.calls import owner
from polypost.platforms.kit.oauth2 import OAuth2Login
from polypost.platforms.pinterest.api import call
from polypost.platforms.pinterest.errors import ErrorBody, error_for
from polypost.platforms.pinterest.spec import OAUTH, WEB

_METADATA = ("account_type", "board_count")


class _Login(OAuth2Login):
    """Pinterest names its refusals by numbers."""

    def ends(self, answer: Response) -> bool:
        """Under the statuses of a refusal, by any number."""
        return answer.status_code in self.oauth.refusing and bool(ErrorBody.of(answer).code)

    async def app_refused(self, http: NetworkClient, app: App, answer: Response) -> PlatformError | None:
        """A dead token and a wrong secret are refused in the same words.

        The address that revokes tells them apart: it answers 401 to an app that it does not know, and 403 to one that
        shows a token which is none.
        """
        if answer.status_code != 401 or not ErrorBody.of(answer).code:
            return None
        asked = await self.ask(http, app, self.oauth.revoke_url, {"token": "none"})
        return self.unknown_app(answer) if asked.status_code == 401 else None


LOGIN = _Login("Pinterest", OAUTH, error_for=error_for, said=ErrorBody.of)


async def identify(session: Session) -> list[Account]:
    """The account of this authorisation."""
    body = await call(session, "GET", "/user_account")
    number, username = owner(body, "Pinterest", "id", "username")
    return [
        Account(
            id=number,
            username=username,
            name=body.get("business_name") or username,
            profile_url=f"{WEB}/{username}/",
            image_url=body.get("profile_image"),
            metadata={name: body[name] for name in _METADATA if name in body},
        )
    ]
