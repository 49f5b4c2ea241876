"""The calls that open a publish task: `video/init/`, `inbox/video/init/`, `content/init/`."""

from __future__ import annotations

import json
from typing import Any

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from polypost.sandbox.networks.tiktok import errors
from polypost.sandbox.networks.tiktok.auth import Auth
from polypost.sandbox.networks.tiktok.creators import Creators, privacy_options
from polypost.sandbox.networks.tiktok.limits import limit
from polypost.sandbox.networks.tiktok.orders import PRIVATE, photo_order, video_order
from polypost.sandbox.networks.tiktok.pulls import Pulls
from polypost.sandbox.networks.tiktok.tasks import DAY, DIRECT, INBOX, Order, Task, Tasks
from polypost.sandbox.networks.tiktok.uploads import Uploads
from polypost.sandbox.simkit import BadBody, Caller, Exchange, Network, exchange, read_json

# Refusals of an init call by the name of their fault, which is TikTok's own code.
ANYWHERE = ("app_version_check_failed", "spam_risk_user_banned_from_posting", "internal_error")
OF_DIRECT = (
    "spam_risk_too_many_posts",
    "reached_active_user_cap",
    "unaudited_client_can_only_post_to_private_accounts",
)
OF_INBOX = ("spam_risk_too_many_pending_share",)
OF_PULLS = ("url_ownership_unverified",)
# Reasons for which a task fails after all, by the name of their fault.
FAIL_REASONS = (
    "internal", "spam_risk", "spam_risk_text", "spam_risk_too_many_posts",
    "spam_risk_user_banned_from_posting", "auth_removed",
)  # fmt: skip
FAILS = {f"fails_{reason}": reason for reason in FAIL_REASONS}
MODERATION = "moderation"
UNAUDITED = "unaudited_client_can_only_post_to_private_accounts"


class Inits:
    """The handlers. Where TikTok pulls the media, opening the task is what publishes."""

    def __init__(
        self, net: Network, auth: Auth, tasks: Tasks, pulls: Pulls, uploads: Uploads, creators: Creators
    ) -> None:
        self._auth = auth
        self._net = net
        self._tasks = tasks
        self._pulls = pulls
        self._uploads = uploads
        self._creators = creators

    async def video(self, request: Request) -> Response:
        """`POST /v2/post/publish/video/init/`."""
        caller = self._enter(request, "video.publish")
        options = privacy_options(caller.account, exchange(request))
        order = video_order(await body_of(request), place=DIRECT, privacy=options)
        return await self._open(request, caller, order)

    async def inbox(self, request: Request) -> Response:
        """`POST /v2/post/publish/inbox/video/init/`."""
        caller = self._enter(request, "video.upload")
        return await self._open(request, caller, video_order(await body_of(request), place=INBOX, privacy=()))

    async def photos(self, request: Request) -> Response:
        """`POST /v2/post/publish/content/init/`, whose scope depends on the mode."""
        caller = self._enter(request, "video.publish", "video.upload")
        options = privacy_options(caller.account, exchange(request))
        order = photo_order(await body_of(request), privacy=options)
        scope = "video.publish" if order.place == DIRECT else "video.upload"
        if scope not in caller.token.scopes:
            raise errors.refused("scope_not_authorized")
        return await self._open(request, caller, order)

    def _enter(self, request: Request, *scopes: str) -> Caller:
        return self._auth.enter(request, *scopes, rate="inits_per_minute")

    async def _open(self, request: Request, caller: Caller, order: Order) -> Response:
        call = exchange(request)
        self._judge(call, caller, order)
        # Without bytes nothing is published: this call may be sent again.
        if not order.urls:
            # The upload host, which publishes, has no words to say it in.
            if call.fault("duplicate"):
                raise errors.refused("spam_risk")
            task = self._add(call, caller, order)
            return errors.good({"publish_id": task.id, "upload_url": self._uploads.open(task)})
        async with call.commit():
            task = self._add(call, caller, order)
            await self._pulls.begin(task)
        answer = errors.good({"publish_id": task.id})
        if self._pulls.idle(task):
            answer.background = BackgroundTask(self._pulls.carry_on, task)
        return answer

    def _judge(self, call: Exchange, caller: Caller, order: Order) -> None:
        """Raises Refused for what the account or the app may not do now."""
        direct = order.place == DIRECT
        # An app before its audit may post to private accounts, for their owners' eyes.
        private = caller.account.data["private"] and order.info.get("privacy_level") == PRIVATE
        for code in (*ANYWHERE, *(OF_DIRECT if direct else OF_INBOX), *(OF_PULLS if order.urls else ())):
            if not (code == UNAUDITED and private) and call.fault(code):
                raise errors.refused(code)
        if direct and self._creators.used_up(caller.account.id):
            raise errors.refused("spam_risk_too_many_posts")
        if direct:
            return
        shares = limit("pending_shares")
        if not self._net.buckets.take("shares", caller.account.id, limit=shares, window=DAY).ok:
            raise errors.refused("spam_risk_too_many_pending_share")

    def _add(self, call: Exchange, caller: Caller, order: Order) -> Task:
        fails = next((reason for fault, reason in FAILS.items() if call.fault(fault)), "")
        return self._tasks.add(
            caller.account.id,
            order,
            extra=call.seconds("processing"),
            moderation=call.seconds(MODERATION),
            fails=fails,
        )


async def body_of(request: Request, *, empty: bool = False) -> dict[str, Any]:
    """The JSON object of a call, whatever its content type says; `empty` lets none at all stand for `{}`.

    Raises Refused (`invalid_params`).
    """
    if empty and not await request.body():
        return {}
    try:
        body = await read_json(request)
        # JSON can carry halves of surrogate pairs, which are no text.
        json.dumps(body, ensure_ascii=False).encode()
    except (BadBody, ValueError) as error:
        raise errors.invalid("The request body is not valid JSON") from error
    if not isinstance(body, dict):
        raise errors.invalid("The request body is not a JSON object")
    return body
