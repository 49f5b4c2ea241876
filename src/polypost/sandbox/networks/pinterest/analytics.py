"""What pins and accounts brought, day by day; for business accounts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.pinterest import errors
from polypost.sandbox.networks.pinterest.auth import READ_PINS, Auth, Caller
from polypost.sandbox.networks.pinterest.limits import limit
from polypost.sandbox.networks.pinterest.pins import Pins
from polypost.sandbox.networks.pinterest.rates import ANALYTICS
from polypost.sandbox.networks.pinterest.views import VIDEO, counts
from polypost.sandbox.simkit import Network, SimPost

LIFETIME = frozenset({"TOTAL_COMMENTS", "TOTAL_REACTIONS"})
KNOWN = frozenset({
    "IMPRESSION", "OUTBOUND_CLICK", "PIN_CLICK", "SAVE", "SAVE_RATE", "TOTAL_COMMENTS", "TOTAL_REACTIONS",
    "USER_FOLLOW", "PROFILE_VISIT", "VIDEO_MRC_VIEW", "VIDEO_10S_VIEW", "QUARTILE_95_PERCENT_VIEW",
    "VIDEO_V50_WATCH_TIME", "VIDEO_START", "VIDEO_AVG_WATCH_TIME",
})  # fmt: skip
COUNTED = KNOWN - {"SAVE_RATE"}
ACCOUNT = frozenset(
    {
        f"{name}{end}"
        for name in ("ENGAGEMENT", "OUTBOUND_CLICK", "PIN_CLICK", "SAVE")
        for end in ("", "_RATE")
    }
    | {"IMPRESSION"}
)
FILM = frozenset(name for name in KNOWN if name.startswith(("VIDEO_", "QUARTILE_")))
MOST_PINS = 5_000


class Analytics:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, pins: Pins) -> None:
        self._net = net
        self._auth = auth
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

    async def account(self, request: Request) -> Response:
        """`GET /v5/user_account/analytics`: all pins together."""
        caller = self._enter(request, "user_accounts:read")
        begin, end = _span(request)
        metrics = _metrics(request, ACCOUNT) or sorted(ACCOUNT)
        today = clock.now().date()
        pins = self._net.posts.by_account(caller.account.id, limit=MOST_PINS)
        days = [begin + timedelta(days=number) for number in range((end - begin).days + 1)]
        daily = [
            {
                "date": day.isoformat(),
                "data_status": "READY" if day <= today else "PROCESSING",
                # What a pin brought counts on the day it was made, so that the days add up to the whole.
                "metrics": _together([pin for pin in pins if pin.created.date() == day], metrics),
            }
            for day in days
        ]
        within = [pin for pin in pins if begin <= pin.created.date() <= end]
        return JSONResponse({"all": {"daily_metrics": daily, "summary_metrics": _together(within, metrics)}})

    async def top_pins(self, request: Request) -> Response:
        """`GET /v5/user_account/analytics/top_pins`."""
        return self._top(request, ACCOUNT, videos=False)

    async def top_videos(self, request: Request) -> Response:
        """`GET /v5/user_account/analytics/top_video_pins`."""
        return self._top(request, ACCOUNT | FILM, videos=True)

    def _top(self, request: Request, known: frozenset[str], *, videos: bool) -> Response:
        caller = self._enter(request, "pins:read", "user_accounts:read")
        begin, end = _span(request)
        by, number = request.query_params.get("sort_by", ""), request.query_params.get("num_of_pins", "10")
        if by not in known:
            raise errors.invalid(f"{errors.shown(by)} is not one of {sorted(known)}")
        if not number.isdecimal() or not 1 <= int(number[:4]) <= limit("top_pins"):
            raise errors.invalid(
                f"num_of_pins: {errors.shown(number)} is not between 1 and {limit('top_pins')}"
            )
        metrics = _metrics(request, known) or [by]
        pins = [
            pin
            for pin in self._net.posts.by_account(caller.account.id, limit=MOST_PINS)
            if begin <= pin.created.date() <= end and (not videos or pin.raw["kind"] == VIDEO)
        ]
        best = sorted(pins, key=lambda pin: _together([pin], [by])[by], reverse=True)[: int(number)]
        shown = [
            {
                "pin_id": pin.id,
                "metrics": _together([pin], metrics),
                "data_status": dict.fromkeys(metrics, "READY"),
            }
            for pin in best
        ]
        latest = int(clock.now().timestamp() * 1000)
        available = {"latest_available_timestamp": latest, "is_realtime": False}
        return JSONResponse({"date_availability": available, "pins": shown, "sort_by": by})

    def _enter(self, request: Request, *scopes: str) -> Caller:
        caller = self._auth.enter(request, ANALYTICS, *(scopes or READ_PINS))
        if caller.account.data["account_type"] != "BUSINESS":
            raise errors.refused("business")
        return caller


def _analysis(request: Request, pin: SimPost) -> dict[str, Any]:
    begin, end = _span(request)
    metrics = _metrics(request, KNOWN)
    if not metrics:
        raise errors.invalid("'metric_types' is a required property")
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


def _span(request: Request) -> tuple[date, date]:
    begin, end = _day(request, "start_date"), _day(request, "end_date")
    if not 0 <= (end - begin).days < limit("analytics_days"):
        raise errors.invalid("start_date and end_date must be in order and at most 90 days apart")
    return begin, end


def _metrics(request: Request, known: frozenset[str]) -> list[str]:
    asked = [name for name in ",".join(request.query_params.getlist("metric_types")).split(",") if name]
    if not set(asked) <= known:
        raise errors.invalid(f"metric_types: {errors.shown(','.join(asked))} is not one of {sorted(known)}")
    return asked


def _together(pins: list[SimPost], metrics: list[str]) -> dict[str, float]:
    sums = dict.fromkeys((*COUNTED, "ENGAGEMENT"), 0)
    for pin in pins:
        for name, value in counts(pin).items():
            sums[name] += value
    sums["ENGAGEMENT"] = sums["SAVE"] + sums["PIN_CLICK"] + sums["OUTBOUND_CLICK"]
    seen = sums["IMPRESSION"]
    known: dict[str, float] = {**sums}
    for name in ("ENGAGEMENT", "OUTBOUND_CLICK", "PIN_CLICK", "SAVE"):
        known[f"{name}_RATE"] = round(sums[name] / seen, 4) if seen else 0.0
    return {name: known[name] for name in metrics}


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
