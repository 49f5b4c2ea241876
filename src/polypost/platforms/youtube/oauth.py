"""Connecting a channel through Google's login."""

from __future__ import annotations

from polypost.errors import Rejected
from polypost.platforms.base import Account, Session
from polypost.platforms.families.google.login import GoogleLogin
from polypost.platforms.kit.answers import member
from polypost.platforms.youtube.api import call, items
from polypost.platforms.youtube.errors import ErrorBody, error_for
from polypost.platforms.youtube.spec import OAUTH, READ_SCOPE, UPLOAD_SCOPE, WEB, WRITE_SCOPE

LOGIN = GoogleLogin(
    OAUTH,
    error_for=error_for,
    said=ErrorBody.of,
    # A wider scope covers a narrower one.
    needed={
        "upload videos": frozenset({UPLOAD_SCOPE, WRITE_SCOPE}),
        "see the channel": frozenset({READ_SCOPE, WRITE_SCOPE}),
    },
)


async def identify(session: Session) -> list[Account]:
    """The channel behind the token; `metadata` tells its list of uploads and whether long videos are possible."""
    params = {"part": "snippet,contentDetails,status", "mine": "true"}
    found = items(await call(session, "GET", "channels", params=params))
    if not found or not isinstance(found[0].get("id"), str):
        raise Rejected(
            "This Google account has no YouTube channel.",
            code="no_account",
            next_step="Make a channel on youtube.com with this account, then connect it again.",
        )
    channel = found[0]
    snippet = member(channel, "snippet")
    handle = str(snippet.get("customUrl") or "").removeprefix("@")
    image = member(member(snippet, "thumbnails"), "default").get("url")
    uploads = member(member(channel, "contentDetails"), "relatedPlaylists").get("uploads")
    return [
        Account(
            id=channel["id"],
            username=handle or None,
            name=snippet.get("title"),
            profile_url=f"{WEB}/@{handle}" if handle else f"{WEB}/channel/{channel['id']}",
            image_url=image,
            metadata={"uploads": uploads, "long_uploads": member(channel, "status").get("longUploadsStatus")},
        )
    ]
