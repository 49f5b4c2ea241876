"""Carries events to who subscribed: hands them out as they are said, and delivers side by side."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from polypost import clock
from polypost.engine import Engine, WakeUp
from polypost.engine.runner import Runner
from polypost.errors import StoreUnavailable
from polypost.events import TOPIC
from polypost.integrations import Vault
from polypost.observability import failpoints, metrics
from polypost.storage import Store
from polypost.webhooks import fan_out, work
from polypost.webhooks.channels import Channels
from polypost.webhooks.tables import KIND

log = structlog.get_logger("polypost.webhooks")

# A signal may be lost with its connection; then an event waits this long.
LOOK_SECONDS = 5.0
QUICK = 128
SLOW = 32


@dataclass(frozen=True, slots=True)
class Plan:
    """How long a delivery is owned, and at which seconds after the first try the further ones are due.

    What is said within `gather` seconds after a hand-out shares the next one.
    """

    lease: timedelta
    retry_at: Sequence[float]
    gather: float = 0.0


class Dispatcher:
    """Delivers; one instance a process. It runs beside the engine's workers and never takes one from a publication.

    Receivers whose last try failed share `SLOW` places of their own: those that answer wait for none of them.
    """

    def __init__(self, store: Store, engine: Engine, vault: Vault, channels: Channels, plan: Plan) -> None:
        self._store = store
        self._engine = engine
        self._vault = vault
        self._channels = channels
        self._plan = plan
        # Its own places hold them to a number.
        self._runner = Runner({KIND: self._serve}, workers=sys.maxsize)
        self._quick = asyncio.Semaphore(QUICK)
        self._slow = asyncio.Semaphore(SLOW)
        self._failing: set[str] = set()
        self._stopping = False

    async def take(self, subscription_id: str) -> None:
        """The engine's handler: begin on the subscription's deliveries and give the engine its worker back."""
        if not self._stopping:
            self._runner.offer(WakeUp(KIND, subscription_id, clock.now()))

    async def fan_out_for_ever(self) -> None:
        """Hand out events as they are said, until cancelled."""
        with self._store.signals.listen(TOPIC) as heard:
            said = False
            while True:
                count = await self._fan_out(said=said)
                if count == fan_out.BATCH:
                    continue
                if count:
                    await asyncio.sleep(self._plan.gather)
                said = await heard.wait(LOOK_SECONDS)

    async def stop(self) -> None:
        """Begin nothing new and let the tries that are under way end."""
        self._stopping = True
        await self._runner.drain()

    async def _fan_out(self, *, said: bool) -> int:
        """One batch, and how many events that were; where nothing was `said`, nothing is committed without need."""
        try:
            if not said and not await self._store.read(fan_out.waiting):
                return 0
            count, touched = await self._store.write(lambda db: fan_out.fan_out(db, clock.now()))
        except StoreUnavailable as trouble:
            log.warning("events could not be handed out yet", reason=trouble.message)
            return 0
        except Exception:
            log.exception("handing out events failed")
            return 0
        for subscription_id in touched:
            await self.take(subscription_id)
        return count

    async def _serve(self, subscription_id: str) -> None:
        """Deliver what is due, one after the other."""
        more = True
        while more and not self._stopping:
            place = self._slow if subscription_id in self._failing else self._quick
            async with place:
                more = await self._deliver_one(subscription_id)

    async def _deliver_one(self, subscription_id: str) -> bool:
        wake_up, plan = self._engine.wake, self._plan
        claimed = await self._store.write(
            lambda db: work.claim(
                db, self._vault, wake_up, subscription_id, lease=plan.lease, now=clock.now()
            )
        )
        if claimed is None:
            return False
        failpoints.hit("P12")
        outcome = await self._channels.send(claimed)
        failpoints.hit("P13")
        metrics.DELIVERIES.add(claimed.channel, outcome.reason or "delivered")
        if outcome.reason is None:
            self._failing.discard(subscription_id)
        else:
            self._failing.add(subscription_id)
            told = {
                "subscription": subscription_id,
                "project": claimed.project_id,
                "type": claimed.event_type,
            }
            log.info("delivery failed", delivery=claimed.delivery_id, **told, reason=outcome.reason)
        more = await self._store.write(
            lambda db: work.settle(db, wake_up, claimed, outcome, retry_at=plan.retry_at, now=clock.now())
        )
        if more is None:
            # Or it was deleted meanwhile.
            self._failing.discard(subscription_id)
            log.warning("a delivery was taken over by another worker", delivery=claimed.delivery_id)
        return bool(more)
