"""`youtubeanalytics…/v2/reports`: the numbers of the caller's videos, as one row, or one for each day or video."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from operator import itemgetter
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from polypost.sandbox.networks.youtube import errors
from polypost.sandbox.networks.youtube.auth import MAY_ANALYSE, MAY_READ, Auth
from polypost.sandbox.networks.youtube.lists import MOST, shown
from polypost.sandbox.networks.youtube.videos import Videos
from polypost.sandbox.simkit import Network, SimPost

METRICS = (
    "views", "estimatedMinutesWatched", "averageViewDuration", "likes", "dislikes", "comments", "shares",
    "subscribersGained", "subscribersLost", "averageViewPercentage", "engagedViews", "videosAddedToPlaylists",
    "videosRemovedFromPlaylists",
)  # fmt: skip
DIMENSIONS = frozenset({"", "day", "video"})
# Of a channel with so few viewers YouTube says nothing by these: a table without rows.
SPARSE = frozenset(
    {
        "ageGroup", "country", "deviceType", "elapsedVideoTimeRatio", "gender", "insightTrafficSourceType",
        "operatingSystem", "sharingService", "subscribedStatus",
    }
)  # fmt: skip
SPARSE_METRICS = ("viewerPercentage", "audienceWatchRatio", "relativeRetentionPerformance")
TYPES = dict.fromkeys(("averageViewPercentage", *SPARSE_METRICS), "FLOAT")
# The simulator's bound: about ten years of days.
LONGEST_DAYS = 3_700
Group = tuple[list[str], list[SimPost], date | None]


class Analytics:
    """The handler."""

    def __init__(self, net: Network, auth: Auth, videos: Videos) -> None:
        self._auth = auth
        self._videos = videos
        self._net = net

    async def reports(self, request: Request) -> Response:
        """`GET /v2/reports?ids=channel==MINE&startDate&endDate&metrics[&filters=video==…][&dimensions=day]`."""
        caller = self._auth.enter(request, MAY_ANALYSE | MAY_READ)
        if not MAY_ANALYSE & caller.scopes:
            raise errors.scope_missing()
        query = request.query_params
        if query.get("ids") not in {"channel==MINE", f"channel=={caller.account.id}"}:
            raise _unknown("ids", query.get("ids", ""))
        names = [name for name in query.get("metrics", "").split(",") if name]
        dimensions = [name for name in query.get("dimensions", "").split(",") if name]
        sparse = bool(dimensions) and set(dimensions) <= SPARSE
        known = {*METRICS, *SPARSE_METRICS} if sparse else METRICS
        if not names or any(name not in known for name in names):
            raise _unknown("metrics", query.get("metrics", ""))
        begin, end = _day(request, "startDate"), _day(request, "endDate")
        if begin > end or (end - begin).days > LONGEST_DAYS:
            raise _unknown("endDate", query.get("endDate", ""))
        posts = self._posts(caller.account.id, query.get("filters", ""))
        if not sparse and query.get("dimensions", "") not in DIMENSIONS:
            raise _unknown("dimensions", query["dimensions"])
        groups = [] if sparse else self._groups("".join(dimensions), posts, begin, end)
        rows = [[*key, *self._row(chosen, names, day)] for key, chosen, day in groups]
        columns = [_column(name, "DIMENSION", "STRING") for name in dimensions]
        columns += [_column(name, "METRIC", TYPES.get(name, "INTEGER")) for name in names]
        rows = _cut(request, rows, [column["name"] for column in columns])
        body = {
            "kind": "youtubeAnalytics#resultTable",
            "columnHeaders": columns,
            "rows": rows if posts else [],
        }
        return shown(request, body)

    def _groups(self, dimension: str, posts: list[SimPost], begin: date, end: date) -> list[Group]:
        """The rows' names, each with the videos and the day that count for it."""
        if dimension == "video":
            return [([post.id], [post], None) for post in posts]
        if dimension == "day":
            return [([day.isoformat()], posts, day) for day in _days(begin, end)]
        return [([], posts, None)]

    def _posts(self, channel_id: str, filters: str) -> list[SimPost]:
        mine = self._net.posts.by_account(channel_id, limit=MOST)
        wanted = filters.removeprefix("video==").split(",") if filters.startswith("video==") else None
        return [post for post in mine if wanted is None or post.id in wanted]

    def _row(self, posts: list[SimPost], names: list[str], day: date | None) -> list[int]:
        numbers = dict.fromkeys(METRICS, 0)
        for post in posts:
            # What was seen is counted on the day of publication, so that the days add up to the whole.
            if day is None or post.created.date() == day:
                counts = self._videos.counts(post, owner=True)
                numbers["views"] += counts["viewCount"]
                numbers["likes"] += counts["likeCount"]
                numbers["dislikes"] += counts["dislikeCount"]
                numbers["comments"] += counts["commentCount"]
                numbers["shares"] += counts["viewCount"] // 40
                numbers["estimatedMinutesWatched"] += counts["viewCount"] // 2
        numbers["engagedViews"] = numbers["views"] * 3 // 4
        numbers["averageViewPercentage"] = 50 if numbers["views"] else 0
        numbers["averageViewDuration"] = 30 if numbers["views"] else 0
        return [numbers[name] for name in names]


def _cut(request: Request, rows: list[list[Any]], columns: list[str]) -> list[list[Any]]:
    """In the order of `sort`, and the page that `startIndex` and `maxResults` name."""
    query = request.query_params
    for word in reversed([word for word in query.get("sort", "").split(",") if word]):
        if word.removeprefix("-") not in columns:
            raise _unknown("sort", word)
        rows = sorted(rows, key=itemgetter(columns.index(word.removeprefix("-"))), reverse=word[0] == "-")
    first, most = query.get("startIndex", "1")[:6], query.get("maxResults", str(MOST))[:6]
    if not first.isdecimal() or not most.isdecimal():
        raise _unknown("maxResults", most)
    begin = max(1, int(first)) - 1
    return rows[begin : begin + int(most)]


def _column(name: str, kind: str, data: str) -> dict[str, Any]:
    return {"name": name, "columnType": kind, "dataType": data}


def _days(begin: date, end: date) -> Iterator[date]:
    while begin <= end:
        yield begin
        begin += timedelta(days=1)


def _day(request: Request, name: str) -> date:
    text = request.query_params.get(name, "")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise _unknown(name, text) from error


def _unknown(name: str, value: str) -> Exception:
    message = f"Unknown identifier ({value[:60]}) given in field parameters.{name}."
    return errors.refused(400, "badRequest", message, domain="global", location=f"parameters.{name}")
