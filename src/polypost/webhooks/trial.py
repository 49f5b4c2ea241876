"""A test of a place before, or after, somebody subscribes it: one try, at once, and the answer says how it went."""

from __future__ import annotations

from collections.abc import Sequence

from polypost import clock
from polypost.errors import InvalidRequest
from polypost.integrations import Vault
from polypost.storage import Store, new_id
from polypost.webhooks import subscriptions
from polypost.webhooks.channels import Channels
from polypost.webhooks.fan_out import compose
from polypost.webhooks.work import ClaimedDelivery

WORDS = {
    "address_refused": "The URL does not lead to a public web address.",
    "hook_unreachable": "The receiver could not be reached.",
    "hook_timeout": "The receiver did not answer in time.",
    "bad_status": "The receiver answered, but not with success (2xx).",
    "gone": "The receiver answered, but not with success (2xx).",
    "secret_unreadable": "The signing secret cannot be read; rotate it.",
    "mail_refused": "The mail server refused the mail.",
    "mail_unreachable": "The mail server could not be reached.",
    "mail_not_configured": "This server has no mail server to send by.",
    "internal_error": "Something went wrong inside the server; its log says what.",
}
"""What became of a test, by the outcome's reason; fixed, so that nothing is learned of places behind it (RELIABILITY O7)."""


class Trial:
    """Sends test events; nothing is stored but how it ended, on subscriptions that go to the same place."""

    def __init__(self, store: Store, vault: Vault, channels: Channels) -> None:
        self._store = store
        self._vault = vault
        self._channels = channels

    async def webhook(self, project_id: str, url: str) -> None:
        """Post a test event to `url`, signed if the project has a webhook there. Raises InvalidRequest when it fails."""
        secrets = await self._store.read(
            lambda db: subscriptions.secrets_for(db, self._vault, project_id, url)
        )
        await self._try(project_id, _claimed_delivery("webhook", project_id, url=url, secrets=tuple(secrets)))

    async def email(self, project_id: str, recipients: Sequence[str]) -> None:
        """Send a test mail. Raises InvalidRequest when it fails."""
        await self._try(project_id, _claimed_delivery("email", project_id, recipients=tuple(recipients)))

    async def _try(self, project_id: str, claimed: ClaimedDelivery) -> None:
        outcome = await self._channels.send(claimed)
        status = "failed" if outcome.reason else "success"
        await self._store.write(
            lambda db: subscriptions.note_test(
                db, project_id, status, url=claimed.url, recipients=claimed.recipients
            )
        )
        if outcome.reason is not None:
            raise InvalidRequest(message=f"The test failed. {WORDS[outcome.reason]}", code="test_failed")


def _claimed_delivery(
    channel: str,
    project_id: str,
    *,
    url: str | None = None,
    secrets: tuple[str, ...] = (),
    recipients: tuple[str, ...] = (),
) -> ClaimedDelivery:
    event_id = new_id("evt")
    body = compose(event_id, "test", clock.now(), {"message": "This is a test."})
    return ClaimedDelivery(
        delivery_id="",
        subscription_id="test",
        project_id=project_id,
        epoch=0,
        channel=channel,
        event_id=event_id,
        event_type="test",
        body=body,
        tries=0,
        url=url,
        secrets=secrets,
        recipients=recipients,
    )
