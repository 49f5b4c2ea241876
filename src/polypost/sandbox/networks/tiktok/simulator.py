"""The TikTok simulator: its addresses, its demo accounts, its words for trouble."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from functools import partial
from typing import Any

from starlette.routing import BaseRoute, Route

from polypost.sandbox.networks.tiktok import errors
from polypost.sandbox.networks.tiktok.auth import FIXED, FLAT_200, Auth
from polypost.sandbox.networks.tiktok.creators import ON_PURPOSE, PRIVATE, RESTRICTED, Creators
from polypost.sandbox.networks.tiktok.inits import (
    ANYWHERE,
    FAILS,
    MODERATION,
    OF_DIRECT,
    OF_INBOX,
    OF_PULLS,
    Inits,
)
from polypost.sandbox.networks.tiktok.limits import limit
from polypost.sandbox.networks.tiktok.pulls import Pulls
from polypost.sandbox.networks.tiktok.reading import IDS_AS_TEXT, Reading
from polypost.sandbox.networks.tiktok.tasks import Tasks
from polypost.sandbox.networks.tiktok.uploads import TROUBLE, Uploads
from polypost.sandbox.networks.tiktok.web import Web
from polypost.sandbox.simkit import Account, Handler, Look, Network, Simulator, Wording, each_path

# The account whose profile is private, as some creators have it.
PRIVATE_NUMBER = 2


class TikTokSimulator(Simulator):
    """TikTok on one port: www.tiktok.com, open.tiktokapis.com and the upload hosts at once.

    Every API path exists with and without its last slash. Demo account 2 is private.
    """

    platform = "tiktok"
    look = Look("TikTok", "#b3123f", __package__)
    wording = Wording(
        error=partial(errors.answer, "internal_error"),
        # TikTok does not say how long, and has no word of its own for a repeated post.
        rate_limited=lambda _: errors.answer("rate_limit_exceeded"),
        duplicate=partial(errors.answer, "spam_risk"),
        token_dead=partial(errors.answer, "access_token_invalid"),
    )
    _auth: Auth
    scopes = (
        "user.info.basic", "user.info.profile", "user.info.stats", "video.list", "video.publish",
        "video.upload",
    )  # fmt: skip
    own_faults = (
        FIXED, FLAT_200, PRIVATE, RESTRICTED, *ON_PURPOSE, *ANYWHERE, *OF_DIRECT, *OF_INBOX, *OF_PULLS,
        *TROUBLE, *FAILS, MODERATION, IDS_AS_TEXT,
    )  # fmt: skip

    def __init__(self, net: Network) -> None:
        super().__init__(net)
        tasks = Tasks(net)
        auth, pulls = Auth(net, self.pages, self.gate), Pulls(net, tasks)
        self._auth = auth
        self._creators = Creators(net, auth, tasks)
        self._uploads = Uploads(net, tasks)
        self._inits = Inits(net, auth, tasks, pulls, self._uploads, self._creators)
        self._reading = Reading(net, auth, tasks, pulls)
        self._web = Web(net, self.pages, tasks)

    def routes(self) -> Sequence[BaseRoute]:
        """Every path of every host."""
        web, reading, inits = self._web, self._reading, self._inits
        publish = "/v2/post/publish"
        return [
            *_both("/v2/auth/authorize", self._auth.authorize, "GET", "POST"),
            *_both("/v2/oauth/token", self._auth.token, "POST"),
            *_both("/v2/oauth/revoke", self._auth.revoke, "POST"),
            *_both("/v2/user/info", self._creators.user, "GET"),
            *_both(f"{publish}/creator_info/query", self._creators.info, "POST"),
            *_both(f"{publish}/video/init", inits.video, "POST"),
            *_both(f"{publish}/inbox/video/init", inits.inbox, "POST"),
            *_both(f"{publish}/content/init", inits.photos, "POST"),
            *_both(f"{publish}/status/fetch", reading.status, "POST"),
            *_both(f"{publish}/cancel", reading.cancel, "POST"),
            *_both("/v2/video/list", reading.videos, "POST"),
            *_both("/v2/video/query", reading.query, "POST"),
            *_both("/video", self._uploads.put, "PUT"),
            *_both("/@{username}/video/{id}", web.post, "GET"),
            *_both("/@{username}/photo/{id}", web.post, "GET"),
            *_both("/@{username}", web.profile, "GET"),
            *_both("/oembed", web.oembed, "GET"),
            *_both("/messages", web.messages, "GET"),
            *_both("/messages/{id}", web.share, "GET"),
        ]

    def open_account(self, number: int) -> Account:
        """Demo account `number`; its ids follow from the number, so that they are the same in every sandbox."""
        space = uuid.uuid5(uuid.NAMESPACE_DNS, "tiktok.sandbox.invalid")
        return self.net.accounts.demo(
            number,
            id=str(uuid.uuid5(space, f"open-{number}")),
            data={
                "union_id": str(uuid.uuid5(space, f"union-{number}")),
                "private": number == PRIVATE_NUMBER,
                "max_seconds": limit("creator_max_seconds"),
                "bio": "Opened by the sandbox.",
                "followers": 1_000 + 7 * number,
            },
        )

    def example(self, account: Account) -> dict[str, Any]:
        """A private account has no public posts, so that its first one has to name another audience."""
        return {"privacyLevel": "FOLLOWER_OF_CREATOR"} if account.data["private"] else {}

    def profile_path(self, username: str) -> str:
        """With the sign that TikTok's own addresses have."""
        return f"/@{username}"


def _both(path: str, handler: Handler, *methods: str) -> list[Route]:
    """A path with its last slash and without."""
    return each_path((f"{path}/", path), handler, *methods)
