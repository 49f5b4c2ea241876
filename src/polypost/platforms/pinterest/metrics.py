"""How Pinterest counts what a pin brought: the `lifetime_metrics` of a pin, which only business accounts have.

`impression`, `clickthrough` (to the pin's link), `save`, `reaction` and `comment`. Pins from before 2023-03-20 have
them for videos alone; figures of the last 90 days stand beside them and are none of a whole life. Pinterest OpenAPI
description v5.23.0, pins/get and pins/list, `pin_metrics`; read 2026-11-24. Several pins by their ids are asked for one
by one: the call for many is not open to every app.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from polypost.errors import Rejected
from polypost.platforms.abilities import Measured, Metrics
from polypost.platforms.base import Proof, Session
from polypost.platforms.kit.answers import count, member, paragraphs, parsed, utc
from polypost.platforms.kit.calls import bearer
from polypost.platforms.pinterest.api import pages, permalink
from polypost.platforms.pinterest.errors import error_for
from polypost.platforms.pinterest.reconcile import over
from polypost.platforms.pinterest.spec import API

_MOST_PAGES = 8
# From so many on, the account's newest pins are read in one call before the rest is asked for one by one.
_WORTH_A_LIST = 4
_WITH_METRICS = {"pin_metrics": "true"}
_ID = re.compile(r"[0-9]{1,32}", re.ASCII)

Found = Mapping[str, Any]


class PostMetrics:
    """`MetricsSource` for Pinterest."""

    async def measure(self, session: Session, proofs: Sequence[Proof]) -> Mapping[str, Metrics]:
        """The figures of the account's pins; strangers' pins are left out. All None for personal accounts."""
        ids = list(dict.fromkeys(proof.id for proof in proofs if _ID.fullmatch(proof.id)))
        figures: dict[str, Metrics] = {}
        if len(ids) >= _WORTH_A_LIST:
            async for page in pages(session, "/pins", most=1, **_WITH_METRICS):
                figures = {
                    str(pin["id"]): _metrics(pin) for pin in page if pin.get("id") in ids and _is_own(pin)
                }
        for number in ids:
            if number not in figures and (pin := await _one(session, number)):
                figures[number] = _metrics(pin)
        return figures

    async def recent(
        self, session: Session, *, since: datetime, until: datetime, most: int
    ) -> Sequence[Measured]:
        """The account's pins of that time, among 2,000 that Pinterest lists first, which are the newest as a rule."""
        found: list[tuple[datetime, Measured]] = []
        async for page in pages(session, "/pins", most=_MOST_PAGES, **_WITH_METRICS):
            for pin in page:
                at = utc(pin.get("created_at"))
                if at and since.replace(microsecond=0) <= at <= until and _is_own(pin):
                    found.append((at, _measured(pin, at)))
            if over(page, since):
                break
        found.sort(key=lambda each: each[0], reverse=True)
        return [measured for _, measured in found[:most]]


async def _one(session: Session, number: str) -> Found | None:
    """A pin of the account, None when it is gone or is not the account's to read."""
    answer = await session.http.request(
        "GET", f"{API}/pins/{number}", params=_WITH_METRICS, headers=bearer(session)
    )
    pin = parsed(answer) if answer.is_success else {}
    if pin.get("id") == number:
        return pin if _is_own(pin) else None
    error = error_for(answer, session.now())
    if answer.status_code == 404 or (isinstance(error, Rejected) and error.code == "not_permitted"):
        return None
    raise error


def _is_own(pin: Found) -> bool:
    return pin.get("is_owner") is not False and bool(pin.get("id"))


def _metrics(pin: Found) -> Metrics:
    figures = member(member(pin, "pin_metrics"), "lifetime_metrics")
    return Metrics(
        impressions=count(figures, "impression"),
        likes=count(figures, "reaction"),
        comments=count(figures, "comment"),
        saves=count(figures, "save"),
        clicks=count(figures, "clickthrough"),
    )


def _measured(pin: Found, at: datetime) -> Measured:
    number = str(pin["id"])
    text = paragraphs(pin.get("title"), pin.get("description"))
    return Measured(Proof(number, permalink(number)), text, at.astimezone(UTC), _metrics(pin))
