"""Connecting an account through the Instagram Login."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polypost.errors import Rejected
from polypost.platforms.base import Account, Session
from polypost.platforms.families.meta.login import LongLivedLogin
from polypost.platforms.instagram.graph import API, Graph
from polypost.platforms.instagram.spec import LOGIN as WEB
from polypost.platforms.instagram.spec import OAUTH


class _Login(LongLivedLogin):
    """Instagram tells the permissions along with the first token."""

    def unwrapped(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """As `_first` finds it."""
        return _first(body)

    def scopes(self, body: Mapping[str, Any]) -> tuple[str, ...]:
        """As a list, or separated by commas."""
        granted = body.get("permissions") or []
        names = granted.split(",") if isinstance(granted, str) else granted
        return tuple(name.strip() for name in names if isinstance(name, str) and name.strip())


LOGIN = _Login(API, OAUTH, prefix="ig")


async def identify(session: Session) -> list[Account]:
    """The professional account behind the token; `user_id` is its id, `id` only the app's name for it."""
    body = _first(
        await Graph(session).get("me", fields="user_id,username,name,account_type,profile_picture_url")
    )
    number, username = body.get("user_id"), body.get("username")
    if number is None:
        raise Rejected("Instagram did not say which account this is.", next_step="Connect the account again.")
    if str(body.get("account_type", "")).upper() == "PERSONAL":
        raise Rejected(
            "This is a personal Instagram account, and only professional ones can publish.",
            next_step="Switch it to Business or Creator in Instagram's settings and connect it again.",
        )
    return [
        Account(
            id=str(number),
            username=username,
            name=body.get("name") or username,
            profile_url=f"{WEB}/{username}/" if username else None,
            image_url=body.get("profile_picture_url"),
            metadata={"account_type": body.get("account_type")},
        )
    ]


def _first(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object itself; Instagram's documentation wraps some answers in a list, its servers mostly do not."""
    rows = body.get("data")
    return rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else body
