"""The two ways out: a signed POST to a user's address, and an e-mail. Both say how it ended in a word of ours."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from polypost import clock
from polypost.errors import AddressRefused, HookFailed, MailFailed
from polypost.outbound import HookSender, Mailer, on_behalf_of
from polypost.webhooks import emails, signing
from polypost.webhooks.work import ClaimedDelivery, Outcome

log = structlog.get_logger("polypost.webhooks")


@dataclass(frozen=True, slots=True)
class Channels:
    """What deliveries go out by; `mailer` is None where no mail server is set."""

    hooks: HookSender
    mailer: Mailer | None

    async def send(self, claimed: ClaimedDelivery) -> Outcome:
        """Try the delivery once. Raises nothing: whatever goes wrong is the outcome's reason."""
        began, started = clock.now(), clock.monotonic()
        status = None
        try:
            if claimed.channel == "email":
                reason = await self._mail(claimed)
            elif claimed.secrets is None:
                reason = "secret_unreadable"
            else:
                status, reason = await self._post(claimed, claimed.secrets)
        except Exception:
            # A fault of ours counts as a try: else this one event would come up for ever, before all others.
            log.exception("a delivery could not be made", delivery=claimed.delivery_id)
            reason = "internal_error"
        return Outcome(reason, status, began, round((clock.monotonic() - started) * 1000))

    async def _post(
        self, claimed: ClaimedDelivery, secrets: tuple[str, ...]
    ) -> tuple[int | None, str | None]:
        on_behalf_of(claimed.project_id)
        body = claimed.body.encode()
        signed = signing.headers(claimed.event_id, body, secrets, clock.now()) if secrets else {}
        try:
            status = await self.hooks.post(claimed.url or "", body, signed)
        except (AddressRefused, HookFailed) as error:
            return None, error.code
        if status == 410:
            return status, "gone"
        return status, None if 200 <= status < 300 else "bad_status"

    async def _mail(self, claimed: ClaimedDelivery) -> str | None:
        if self.mailer is None:
            return "mail_not_configured"
        subject, text = emails.write(claimed.event_type, claimed.body)
        name = f"{claimed.event_id}.{claimed.subscription_id}"
        try:
            await self.mailer.send(claimed.recipients, subject, text, message_id=name)
        except MailFailed as error:
            return error.code
        return None
