"""For Mastodon.py and people who schedule on their own server: a status that waits there until its hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.mastodon.answers import Answers, moment
from polypost.sandbox.networks.mastodon.auth import Auth
from polypost.sandbox.networks.mastodon.compose import Composer
from polypost.sandbox.networks.mastodon.errors import invalid, not_found
from polypost.sandbox.networks.mastodon.intake import Sent, read
from polypost.sandbox.networks.mastodon.library import Library
from polypost.sandbox.networks.mastodon.limits import limit
from polypost.sandbox.simkit import Caller, Document, Network, Refused

SCHEDULED = "scheduled"
PARAMS = (
    "in_reply_to_id", "media_ids", "sensitive", "spoiler_text", "visibility", "language", "poll",
    "quoted_status_id", "quote_approval_policy",
)  # fmt: skip


class Scheduled:
    """The handlers, and the hand that publishes what is due."""

    def __init__(
        self, net: Network, auth: Auth, answers: Answers, composer: Composer, library: Library
    ) -> None:
        self._auth = auth
        self._answers = answers
        self._composer = composer
        self._library = library
        self._net = net

    def due(self, sent: Sent) -> datetime | None:
        """When a status is to come out; None for now, and nearer than five minutes is now as well."""
        text = sent.text("scheduled_at")
        if not text:
            return None
        try:
            instant = datetime.fromisoformat(text)
        except ValueError as wrong:
            raise invalid("Scheduled at is invalid") from wrong
        instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
        # The documentation forbids less than five minutes, the source posts at once.
        soon = clock.now() + timedelta(seconds=limit("schedule_ahead_seconds"))
        return None if instant < soon else instant

    def add(self, caller: Caller, sent: Sent, due: datetime, key: str) -> dict[str, Any]:
        """Keep a status for later."""
        values = {name: value for name, value in sent.values.items() if name != "scheduled_at"}
        body = {"at": due.timestamp(), "values": values, "token": caller.token.value, "key": key or None}
        number = self._net.snowflake(epoch_ms=0, random_bits=16)
        return self._shown(self._net.documents.put(SCHEDULED, number, body, account_id=caller.account.id))

    def _shown(self, kept: Document) -> dict[str, Any]:
        values = kept.body["values"]
        ids = Sent(values).listed("media_ids")
        uploads = [self._library.get(str(each)) for each in ids]
        params = {name: values.get(name) for name in PARAMS}
        more = {
            "text": values.get("status", ""),
            "idempotency": kept.body["key"],
            "scheduled_at": None,
            "application_id": 1,
            "with_rate_limit": False,
            "allowed_mentions": None,
        }
        return {
            "id": kept.id,
            "scheduled_at": moment(datetime.fromtimestamp(kept.body["at"], UTC)),
            "params": params | more,
            "media_attachments": [self._answers.media(each) for each in uploads if each],
        }

    def release(self) -> None:
        """Publish what is due; called before anything is read."""
        now = clock.now().timestamp()
        for account in self._net.accounts.all():
            for kept in self._net.documents.of_account(SCHEDULED, account.id):
                if kept.body["at"] <= now:
                    self._publish(account.id, kept)

    def _publish(self, account_id: str, kept: Document) -> None:
        self._net.documents.delete(SCHEDULED, kept.id)
        account, token = self._net.accounts.get(account_id), self._net.tokens.find(kept.body["token"])
        if account is None or token is None:
            return
        try:
            order = self._composer.check(
                Caller(account, token), Sent(kept.body["values"]), older=False, silenced=False
            )
        except Refused:
            # What no longer fits at its hour, its images swept away for one, never comes out.
            return
        self._composer.make(order)

    async def many(self, request: Request) -> Response:
        """`GET /api/v1/scheduled_statuses`."""
        caller = self._auth.user(request, "read:statuses")
        self.release()
        kept = self._net.documents.of_account(SCHEDULED, caller.account.id)
        return JSONResponse([self._shown(each) for each in reversed(kept)])

    def _own(self, request: Request, caller: Caller) -> Document:
        self.release()
        kept = self._net.documents.get(SCHEDULED, request.path_params["id"])
        if kept is None or kept.account_id != caller.account.id:
            raise not_found()
        return kept

    async def one(self, request: Request) -> Response:
        """`GET /api/v1/scheduled_statuses/{id}`."""
        caller = self._auth.user(request, "read:statuses")
        return JSONResponse(self._shown(self._own(request, caller)))

    async def move(self, request: Request) -> Response:
        """`PUT /api/v1/scheduled_statuses/{id}`: another hour."""
        caller = self._auth.user(request, "write:statuses")
        kept = self._own(request, caller)
        due = self.due(await read(request))
        if due is None:
            raise invalid("Scheduled at The scheduled date must be in the future")
        self._net.documents.update(SCHEDULED, kept.id, at=due.timestamp())
        return JSONResponse(self._shown(self._own(request, caller)))

    async def cancel(self, request: Request) -> Response:
        """`DELETE /api/v1/scheduled_statuses/{id}`."""
        caller = self._auth.user(request, "write:statuses")
        self._net.documents.delete(SCHEDULED, self._own(request, caller).id)
        return JSONResponse({})
