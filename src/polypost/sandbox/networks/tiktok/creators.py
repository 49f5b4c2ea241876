"""Who a creator is and what they may do: `/v2/user/info/` and `creator_info`."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from polypost.sandbox.networks.tiktok import errors
from polypost.sandbox.networks.tiktok.auth import Auth
from polypost.sandbox.networks.tiktok.limits import limit
from polypost.sandbox.networks.tiktok.tasks import DAY, Tasks
from polypost.sandbox.simkit import Account, Exchange, Network, exchange

OPEN = ("PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY")
CLOSED = ("FOLLOWER_OF_CREATOR", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY")
PRIVATE, RESTRICTED = "private_account", "restricted_creator"
# Refusals that this call alone sends with HTTP 200, by the name of their fault.
ON_PURPOSE = {
    f"creator_{code}": code
    for code in ("spam_risk_too_many_posts", "spam_risk_user_banned_from_posting", "reached_active_user_cap")
}
BASIC = (
    "open_id",
    "union_id",
    "avatar_url",
    "avatar_url_100",
    # No longer in the documents, but libraries in use still ask for it.
    "avatar_url_200",
    "avatar_large_url",
    "display_name",
)
PROFILE = ("username", "bio_description", "profile_deep_link", "profile_web_link", "is_verified")
STATS = ("follower_count", "following_count", "likes_count", "video_count")


class Creators:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, tasks: Tasks) -> None:
        self._auth = auth
        self._net = net
        self._tasks = tasks

    async def user(self, request: Request) -> Response:
        """`GET /v2/user/info/?fields=…`."""
        every = ("user.info.basic", "user.info.profile", "user.info.stats")
        caller = self._auth.enter(request, *every, rate="reads_per_minute")
        fields = [name.strip() for name in request.query_params.get("fields", "").split(",") if name.strip()]
        if not fields or not set(fields) <= {*BASIC, *PROFILE, *STATS}:
            raise errors.invalid("Fields is required and may only name fields of the user object")
        for scope, names in zip(every, (BASIC, PROFILE, STATS), strict=True):
            if set(fields) & set(names) and scope not in caller.token.scopes:
                raise errors.refused("scope_not_authorized")
        known = self._facts(caller.account)
        return errors.good({"user": {name: known[name] for name in fields}})

    def _facts(self, account: Account) -> dict[str, Any]:
        avatar = self._net.avatar_url(account.id)
        page = f"{self._net.url}/@{account.username}"
        return {
            "open_id": account.id,
            "union_id": account.data["union_id"],
            "avatar_url": avatar,
            "avatar_url_100": avatar,
            "avatar_url_200": avatar,
            "avatar_large_url": avatar,
            "display_name": account.name,
            "username": account.username,
            "bio_description": account.data["bio"],
            "profile_deep_link": page,
            "profile_web_link": page,
            "is_verified": False,
            "follower_count": account.data["followers"],
            "following_count": 12,
            "likes_count": 0,
            "video_count": self._net.posts.count(account.id),
        }

    async def info(self, request: Request) -> Response:
        """`POST /v2/post/publish/creator_info/query/`: an empty body or `{}`, with or without a content type."""
        caller = self._auth.enter(request, "video.publish", rate="creator_calls_per_minute")
        call = exchange(request)
        for fault, code in ON_PURPOSE.items():
            if call.fault(fault):
                raise errors.refused(code, status=200)
        self._tasks.settle_all(caller.account.id)
        if self.used_up(caller.account.id):
            raise errors.refused("spam_risk_too_many_posts", status=200)
        account, restricted = caller.account, call.fault(RESTRICTED) is not None
        return errors.good(
            {
                "creator_avatar_url": self._net.avatar_url(account.id),
                "creator_username": account.username,
                "creator_nickname": account.name,
                "privacy_level_options": list(privacy_options(account, call)),
                "comment_disabled": restricted,
                "duet_disabled": restricted,
                "stitch_disabled": restricted,
                "max_video_post_duration_sec": (
                    limit("restricted_max_seconds") if restricted else account.data["max_seconds"]
                ),
            }
        )

    def used_up(self, account_id: str) -> bool:
        """Whether the account has made its posts of the day."""
        return not self._net.buckets.look("posts", account_id, limit=limit("posts_per_day"), window=DAY).ok


def privacy_options(account: Account, call: Exchange) -> tuple[str, ...]:
    """What the creator may choose from; a private account offers no public posts."""
    return CLOSED if account.data["private"] or call.fault(PRIVATE) else OPEN
