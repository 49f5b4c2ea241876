"""What a network is asked while somebody waits: Pinterest's boards, a TikTok creator's settings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal, TypeVar

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from polypost.api.http import answers
from polypost.api.http.auth import principal
from polypost.api.openapi.documented import Shape, documented
from polypost.entrance.services import services
from polypost.errors import UpstreamError
from polypost.integrations import AccountSession, account_of
from polypost.platforms.abilities import Creators
from polypost.platforms.base import Boards
from polypost.platforms.registry import connector

AccountId = Annotated[str, Field(min_length=1, max_length=100)]


class AccountQuery(BaseModel):
    """The account a look-up speaks for; without one, the first connected."""

    accountId: AccountId | None = None


class BoardShape(Shape):
    """A Pinterest board."""

    id: str
    name: str
    description: str | None
    privacy: str


class BoardsAnswer(Shape):
    """All boards of an account."""

    success: Literal[True]
    boards: list[BoardShape]


Audience = Literal["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "FOLLOWER_OF_CREATOR", "SELF_ONLY"]


class CreatorShape(Shape):
    """What a TikTok creator's settings allow; the duration in seconds."""

    creatorAvatarUrl: str | None
    creatorUsername: str | None
    creatorNickname: str | None
    privacyLevelOptions: list[Audience]
    commentDisabled: bool
    duetDisabled: bool
    stitchDisabled: bool
    maxVideoPostDurationSec: float


class CreatorAnswer(Shape):
    """A creator's settings as they are now."""

    success: Literal[True]
    data: CreatorShape


router = APIRouter()
T = TypeVar("T")
# The contract's own list: a strict client refuses the whole answer for a word that is not on it.
_AUDIENCES = ("PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "FOLLOWER_OF_CREATOR", "SELF_ONLY")


@router.get("/v1/pinterest/boards")
@documented(BoardsAnswer, errors=(404, 502))
async def boards(request: Request, query: Annotated[AccountQuery, Query()]) -> Response:
    """The boards of a Pinterest account, from which a post's `boardId` is chosen."""
    network = connector("pinterest")
    assert isinstance(network, Boards)
    found = await _asked(request, "pinterest", query.accountId, network.boards)
    listed = [
        {"id": each.id, "name": each.name, "description": each.description, "privacy": each.privacy}
        for each in found
    ]
    return answers.ok({"success": True, "boards": listed})


@router.get("/v1/tiktok/creator-info")
@documented(CreatorAnswer, errors=(404, 502))
async def creator_info(request: Request, query: Annotated[AccountQuery, Query()]) -> Response:
    """What a TikTok creator's own settings allow, to be shown before each post."""
    network = connector("tiktok")
    assert isinstance(network, Creators)
    found = await _asked(request, "tiktok", query.accountId, network.creator)
    if found.longest is None:
        raise UpstreamError(
            "TikTok did not say how long this creator's videos may be.", next_step="Try again."
        )
    data = {
        "creatorAvatarUrl": found.avatar_url,
        "creatorUsername": found.username,
        "creatorNickname": found.name,
        "privacyLevelOptions": [each for each in found.audiences if each in _AUDIENCES],
        "commentDisabled": found.comments_off,
        "duetDisabled": found.duets_off,
        "stitchDisabled": found.stitches_off,
        "maxVideoPostDurationSec": found.longest,
    }
    return answers.ok({"success": True, "data": data})


async def _asked(
    request: Request, platform: str, account_id: str | None, call: Callable[[AccountSession], Awaitable[T]]
) -> T:
    who = await principal(request, "read", by_profile=True)
    rooms = services(request)
    account = await rooms.store.read(
        lambda db: account_of(db, who.project.id, platform, account_id, who.profiles)
    )
    return await rooms.lookup.ask(account, call)
