"""What became of a person's leave to use an account, for the log and the numbers."""

from __future__ import annotations

from typing import Any, Literal

import structlog

from polypost.observability import metrics

log = structlog.get_logger("polypost.integrations")


def tell(
    platform: str, outcome: Literal["connected", "denied", "failed"], *, code: str = "", **told: Any
) -> None:
    """Say it; `told` has the project, the accounts, and what went wrong."""
    metrics.CONSENTS.add(platform, outcome, code)
    if code:
        told["code"] = code
    say = log.warning if outcome == "failed" else log.info
    say(f"consent {outcome}", network=platform, **told)
