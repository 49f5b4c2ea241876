"""What is told of a target's way once it is written: a line of the log, numbers, and the span it is in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import structlog

from polypost import clock
from polypost.observability import metrics, traces
from polypost.posts import waits
from polypost.posts.work import Claim

log = structlog.get_logger("polypost.publishing")
# A step that takes longer is worth a line.
SLOW_SECONDS = 10.0


def of(claimed: Claim) -> dict[str, Any]:
    """Which target, as log and traces name it."""
    target = claimed.target
    return {
        "target": target.id,
        "post": target.post_id,
        "project": target.project_id,
        "network": target.platform,
        "integration": target.integration_id,
    }


def begun(claimed: Claim) -> None:
    """A worker has it; if it is the first one, how late."""
    target = claimed.target
    first = not (claimed.journal or claimed.attempts_of or target.tries or target.first_try_at)
    if first and target.wait_reason in {None, waits.SHARE} and not claimed.out:
        metrics.START_LAG.observe(max((clock.now() - target.due_at).total_seconds(), 0.0))


def published(claimed: Claim) -> None:
    """It is out."""
    seconds = _ended(claimed, "published", "")
    log.info("target published", **of(claimed), seconds=seconds)


def failed(claimed: Claim, code: str, reason: str) -> None:
    """It is not, or nobody knows."""
    seconds = _ended(claimed, "failed", code)
    traces.tell({"code": code}, failed=True)
    log.warning(
        "target failed", **of(claimed), code=code, reason=reason, tries=claimed.target.tries, seconds=seconds
    )


def waiting(claimed: Claim, at: datetime, reason: str) -> None:
    """It gives its worker back until `at`."""
    named = waits.named(reason)
    metrics.WAITS.add(claimed.target.platform, named)
    traces.tell({"waits": named})
    say = log.debug if named == "processing" else log.info
    say("target waits", **of(claimed), reason=reason, until=clock.iso(at))


def doubted(claimed: Claim) -> None:
    """The answer to its call was lost."""
    metrics.DOUBTS.add(claimed.target.platform)
    log.warning("an answer was lost", **of(claimed))


def cleared(claimed: Claim, outcome: str) -> None:
    """What became of that call: `found`, `absent` or `unknown`."""
    metrics.DOUBTS_ENDED.add(claimed.target.platform, outcome)
    log.info("a doubt ended", **of(claimed), outcome=outcome)


@contextmanager
def timed(claimed: Claim, step: str) -> Iterator[None]:
    """Say so where the step in the block was slow."""
    began = clock.monotonic()
    try:
        yield
    finally:
        seconds = clock.monotonic() - began
        if seconds > SLOW_SECONDS:
            metrics.SLOW_STEPS.add(claimed.target.platform)
            log.warning("slow step", **of(claimed), step=step, seconds=round(seconds, 1))


def _ended(claimed: Claim, outcome: str, code: str) -> float:
    target = claimed.target
    seconds = max((clock.now() - target.due_at).total_seconds(), 0.0)
    metrics.TARGETS_ENDED.add(target.platform, outcome, code)
    metrics.TARGET_TIME.observe(seconds, target.platform, outcome)
    traces.tell({"outcome": outcome})
    return round(seconds, 3)
