"""What pins brought, day by day; for business accounts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.platforms.pinterest.simulator import errors
from polypost.platforms.pinterest.simulator.auth import READ_PINS, Caller
from polypost.platforms.pinterest.simulator.limits import limit
from polypost.platforms.pinterest.simulator.pins import Pins
from polypost.platforms.pinterest.simulator.rates import ANALYTICS
from polypost.platforms.pinterest.simulator.views import counts
from polypost.platforms.simkit import SimPost

if TYPE_CHECKING:
    from polypost.platforms.pinterest.simulator.simulator import PinterestSimulator

LIFETIME = frozenset({"TOTAL_COMMENTS", "TOTAL_REACTIONS"})
KNOWN = frozenset(
    {
        "IMPRESSION",
        "OUTBOUND_CLICK",
        "PIN_CLICK",
        "SAVE",
        "SAVE_RATE",
        "TOTAL_COMMENTS",
        "TOTAL_REACTIONS",
        "USER_FOLLOW",
        "PROFILE_VISIT",
        "VIDEO_MRC_VIEW",
        "VIDEO_10S_VIEW",
        "QUARTILE_95_PERCENT_VIEW",
        "VIDEO_V50_WATCH_TIME",
        "VIDEO_START",
        "VIDEO_AVG_WATCH_TIME",
    }
)


class Analytics:
    """The handlers."""

    def __init__(self, sim: PinterestSimulator, pins: Pins) -> None:
        self._sim = sim
        self._pins = pins

    async def one(self, request: Request) -> Response:
        """`GET /v5/pins/{id}/analytics`."""
        caller = self._enter(request)
        pin = self._pins.readable(caller, str(request.path_params["pin_id"]))
        return JSONResponse(_analysis(request, pin))

    async def many(self, request: Request) -> Response:
        """`GET /v5/pins/analytics?pin_ids=…`."""
        caller = self._enter(request)
        ids = [name for name in ",".join(request.query_params.getlist("pin_ids")).split(",") if name]
        most = limit("pins_per_analysis")
        if not 1 <= len(ids) <= most:
            raise errors.invalid(f"pin_ids: constraint: minItems=1, maxItems={most}")
        return JSONResponse({name: _analysis(request, self._pins.readable(caller, name)) for name in ids})

    def _enter(self, request: Request) -> Caller:
        caller = self._sim.auth.enter(request, ANALYTICS, *READ_PINS)
        if caller.account.data["account_type"] != "BUSINESS":
            raise errors.refused("business")
        return caller


def _analysis(request: Request, pin: SimPost) -> dict[str, Any]:
    begin, end = _day(request, "start_date"), _day(request, "end_date")
    if not 0 <= (end - begin).days < limit("analytics_days"):
        raise errors.invalid("start_date and end_date must be in order and at most 90 days apart")
    metrics = [name for name in ",".join(request.query_params.getlist("metric_types")).split(",") if name]
    if not metrics or not set(metrics) <= KNOWN:
        raise errors.invalid(f"metric_types: {errors.shown(','.join(metrics))} is not one of {sorted(KNOWN)}")
    days = [begin + timedelta(days=number) for number in range((end - begin).days + 1)]
    born = pin.created.date()
    live = [day for day in days if born <= day <= clock.now().date()]
    total = _counted(pin, metrics, 1.0 if live else 0.0)
    daily = [
        {
            "date": day.isoformat(),
            "data_status": "READY" if day in live else "BEFORE_PIN_CREATED" if day < born else "PROCESSING",
            "metrics": _counted(pin, metrics, 1 / len(live)) if day in live else {},
        }
        for day in days
    ]
    lifetime = {name: value for name, value in counts(pin).items() if name in LIFETIME}
    return {"all": {"lifetime_metrics": lifetime, "daily_metrics": daily, "summary_metrics": total}}


def _counted(pin: SimPost, metrics: list[str], share: float) -> dict[str, float]:
    known = counts(pin)
    seen = known["IMPRESSION"]
    known_rates = {"SAVE_RATE": round(known["SAVE"] / seen, 4) if seen else 0.0}
    return {
        name: known_rates[name] if name in known_rates else int(known[name] * share)
        for name in metrics
        if name not in LIFETIME
    }


def _day(request: Request, name: str) -> date:
    try:
        return date.fromisoformat(request.query_params.get(name, ""))
    except ValueError as error:
        raise errors.invalid(f"{name} is not a date: YYYY-MM-DD") from error
