"""The calendar: what went out and what will, by month, week or day after day; moved by dragging or by keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from starlette.responses import Response

from polypost import clock
from polypost.dashboard.curl import curl
from polypost.dashboard.pages.accounts import network_name
from polypost.dashboard.pages.posts import STATUSES, Choice, choice, example, zone_of
from polypost.dashboard.render import state_of_post
from polypost.dashboard.web import Page, Visit
from polypost.errors import ApiError
from polypost.planning import queues, schedules
from polypost.posts import queries
from polypost.posts.queries import Placed, Stretch
from polypost.posts.tables import PostRow

VIEWS = ("month", "week", "list")
# More are a number, which opens.
CHIPS_OF_DAY, CHIPS_OF_HOUR = 4, 3
MOST_POSTS = 2000
LIST_DAYS = 14
# Outlines of what is planned: so many schedules and queues are asked for theirs, and each for so many.
MOST_PLANS, MOST_OUTLINES = 20, 200
# When a post is meant to go out, until somebody says another hour.
MORNING = time(9)
_DAY, _HALF = timedelta(days=1), timedelta(minutes=30)
# Days that a calendar can have: the clock's arithmetic ends beyond them.
_FIRST, _LAST = date(1990, 1, 1), date(2100, 1, 1)


class Outline(NamedTuple):
    """What will be there and is no post yet: an occurrence of a schedule, or a free slot of a queue."""

    at: datetime
    local: datetime
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Chip:
    """A post in a cell: its wall time in the calendar's zone."""

    post: Placed
    local: datetime
    networks: Sequence[str]
    state: str

    @property
    def movable(self) -> bool:
        """Whether it waits for its hour, so that it can be given another."""
        return self.post.status == "scheduled" and self.post.hour


@dataclass(slots=True)
class Cell:
    """A day, or an hour of one: `shift` is gap or fold where the clocks are set in it, `note` says how.

    Of its `count` posts some are there as chips. `free` is the hour that a new post of the day begins with.
    """

    start: datetime
    over: bool
    now: bool
    free: datetime
    shift: str = ""
    note: str = ""
    count: int = 0
    chips: Sequence[Chip] = ()
    outlines: list[Outline] = field(default_factory=list)

    @property
    def folded(self) -> int:
        """How many do not stand there."""
        return self.count - len(self.chips)


class Span(NamedTuple):
    """What a view shows: days from `first`, as many as it has, around `day`; `before` and `after` are where to turn the page to."""

    first: date
    days: int
    before: date
    after: date

    @property
    def last(self) -> date:
        """The last day of them."""
        return self.first + (self.days - 1) * _DAY


async def calendar(visit: Visit) -> Response:
    """The calendar; for a page that has it, its part."""
    zone, view = zone_of(visit), visit.asked("view")
    view = view if view in VIEWS else "month"
    today = clock.now().astimezone(ZoneInfo(zone)).date()
    day = _day(visit.asked("day"), today)
    span = _span(view, day)
    project_id = visit.here.id
    cells = _cells(view, span, zone)
    bounds = [clock.resolve_local(each.start, zone).instant for each in cells]
    since, until = bounds[0], _begins(span.first + span.days * _DAY, zone)
    most = {"month": CHIPS_OF_DAY, "week": CHIPS_OF_HOUR}.get(view, MOST_POSTS)

    def shown(count: int) -> int:
        # A single one more would take the place of its number.
        return count if count <= most else most - 1

    def read(db: Connection) -> tuple[list[Stretch], bool, list[Outline], Choice]:
        chosen = choice(visit, db)
        filters = chosen.filters(project_id)
        found, more = queries.calendar(
            db, project_id, filters, [*bounds, until], shown=shown, limit=MOST_POSTS
        )
        names = {each.id: each.name for each in chosen.profiles}
        # An outline has neither account nor state: where posts are narrowed down by these, it is out of place.
        outlines = [] if chosen.query else _outlines(db, project_id, since, until, zone, names)
        return found, more, outlines, chosen

    found, more, outlines, chosen = await visit.services.store.browse(project_id, read)
    for cell, stretch in zip(cells, found, strict=True):
        cell.chips, cell.count = [_chip(each, zone) for each in stretch.posts], stretch.total
    at = {cell.start: cell for cell in cells}
    for outline in outlines:
        if there := at.get(_of(outline.local, view)):
            there.outlines.append(outline)
    asked = chosen.query | {"view": view, "day": day.isoformat()}
    if visit.asked("zone"):
        asked["zone"] = zone
    week = {name: value for name, value in asked.items() if name != "day"} | {"view": "week"}
    return visit.page(
        "calendar_part.html" if visit.partial else "calendar.html",
        view=view,
        views=VIEWS,
        day=day,
        today=today,
        span=span,
        cells=cells,
        weeks=_weeks(cells) if view == "week" else (),
        more=MOST_POSTS if more else 0,
        to_week=f"{visit.url('calendar', **week)}&day=",
        nothing=not chosen.query and not any(cell.count or cell.outlines for cell in cells),
        curl=curl(visit, "/v1/posts", _example(visit, chosen, today, zone)),
        chosen=chosen,
        asked=asked,
        zone=zone,
        zone_asked=bool(visit.asked("zone")),
        statuses=STATUSES,
        networks={each: network_name(each) for each in chosen.platforms},
        place="calendar",
    )


async def fold(visit: Visit) -> Response:
    """All posts of one cell, in place of the number that it shows."""
    zone, project_id = zone_of(visit), visit.here.id
    hour = len(visit.asked("at")) > len("2027-03-09")
    try:
        begin = datetime.fromisoformat(visit.asked("at"))
    except ValueError:
        begin = datetime.combine(clock.now().date(), time())
    begin = datetime.combine(_day(begin.date().isoformat(), begin.date()), begin.time())
    end = begin + (timedelta(hours=1) if hour else _DAY)
    since, until = (clock.resolve_local(each, zone).instant for each in (begin, end))

    def read(db: Connection) -> Stretch:
        filters = choice(visit, db).filters(project_id)
        ((whole,), _) = queries.calendar(
            db, project_id, filters, (since, until), shown=lambda count: count, limit=MOST_POSTS
        )
        return whole

    found = await visit.services.store.browse(project_id, read)
    chips = [_chip(each, zone) for each in found.posts]
    return visit.page("calendar_fold.html", chips=chips, zone=zone)


async def move(visit: Visit) -> Response:
    """Another hour: a wall time in the calendar's zone. The post keeps its own zone; what is wrong is said as text."""
    visit.who.require("publish")
    post_id, zone = visit.path("post"), visit.said("zone") or "UTC"
    try:
        row: PostRow = (
            await visit.services.store.read(lambda db: queries.one(db, visit.here.id, post_id))
        ).post
        hour = visit.said("at")
        if row.timezone != zone:
            # A wall time is one of its zone: of another one it is an instant.
            hour = clock.iso(clock.resolve_local(datetime.fromisoformat(hour), zone).instant)
        moved = await visit.services.intake.reschedule(visit.submitter(), post_id, {"scheduledFor": hour})
    except ApiError as error:
        if error.status >= 500:
            raise
        return Response(error.message, error.status, media_type="text/plain")
    except (ValueError, clock.BadTime) as error:
        return Response(str(error), 400, media_type="text/plain")
    return Response(moved.note or "", media_type="text/plain")


def _example(visit: Visit, chosen: Choice, today: date, zone: str) -> dict[str, Any]:
    """A post of tomorrow morning, as a calendar without posts shows how one is scheduled."""
    return {
        "content": visit.words("Hello!"),
        "scheduledFor": f"{datetime.combine(today + _DAY, MORNING):%Y-%m-%dT%H:%M}",
        "timezone": zone,
        "platforms": [example(chosen.accounts)],
    }


def _span(view: str, day: date) -> Span:
    if view == "month":
        first = day.replace(day=1)
        after = (first + 31 * _DAY).replace(day=1)
        start = first - first.weekday() * _DAY
        weeks = -(-(after - start).days // 7)
        return Span(start, 7 * weeks, (first - _DAY).replace(day=1), after)
    if view == "week":
        start = day - day.weekday() * _DAY
        return Span(start, 7, start - 7 * _DAY, start + 7 * _DAY)
    return Span(day, LIST_DAYS, day - LIST_DAYS * _DAY, day + LIST_DAYS * _DAY)


def _cells(view: str, span: Span, zone: str) -> list[Cell]:
    """The cells in order: days, or for a week the hours of each."""
    here = clock.now().astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    size = timedelta(hours=1) if view == "week" else _DAY
    begin = datetime.combine(span.first, time())
    cells: list[Cell] = []
    shifts: dict[date, dict[datetime, tuple[str, str]]] = {}
    for place in range(span.days * (24 if view == "week" else 1)):
        start = begin + place * size
        if start.date() not in shifts:
            shifts[start.date()] = dict(_shifts(start.date(), zone))
        of_day = shifts[start.date()]
        shift, note = of_day.get(start, ("", "")) if view == "week" else next(iter(of_day.values()), ("", ""))
        free = max(datetime.combine(start.date(), MORNING), _of(here, "week") + timedelta(hours=1))
        cells.append(Cell(start, start + size <= here, start <= here < start + size, free, shift, note))
    return cells


def _weeks(cells: Sequence[Cell]) -> list[list[Cell]]:
    """The hours of a week as rows: the same hour of all days."""
    return [list(cells[hour::24]) for hour in range(24)]


def _of(local: datetime, view: str) -> datetime:
    start = local.replace(minute=0, second=0, microsecond=0)
    return start if view == "week" else start.replace(hour=0)


def _chip(post: Placed, zone: str) -> Chip:
    local = post.at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    networks = list(dict.fromkeys(network_name(each.platform) for each in post.targets))
    return Chip(post, local, networks, state_of_post(post.status, post.targets))


def _shifts(day: date, zone: str) -> Iterator[tuple[datetime, tuple[str, str]]]:
    """The hours of a day in which the clocks are set: by the hour, gap or fold, and what is to be said of it."""
    begin = datetime.combine(day, time())
    rules = ZoneInfo(zone)
    # Between two midnights with one offset nothing is set, but where two changes cancel out, which no zone does in a day.
    if begin.replace(tzinfo=rules).utcoffset() == (begin + _DAY).replace(tzinfo=rules).utcoffset():
        return
    found: dict[datetime, tuple[str, str]] = {}
    for place in range(48):
        wall = begin + place * _HALF
        resolved = clock.resolve_local(wall, zone)
        if resolved.note is None:
            continue
        exists = resolved.instant.astimezone(rules).replace(tzinfo=None) == wall
        found.setdefault(wall.replace(minute=0), ("fold" if exists else "gap", resolved.note))
    yield from found.items()


def _outlines(
    db: Connection, project_id: str, since: datetime, until: datetime, zone: str, names: Mapping[str, str]
) -> list[Outline]:
    """What lies ahead and is no post yet; `names` are those of profiles."""
    now, rules = clock.now(), ZoneInfo(zone)
    if until <= now:
        return []
    found: list[tuple[datetime, str, str]] = []
    _, active = schedules.list_schedules(
        db, project_id, status="active", limit=MOST_PLANS, offset=0, descending=True
    )
    for each in active:
        entries = schedules.entries(
            db, project_id, each.id, since=max(since, now), until=until, limit=MOST_OUTLINES
        )
        name = each.template.name or each.template.content[:40]
        found += [(entry.at, "schedule", name) for entry in entries if entry.state == "planned"]
    for queue, slot in queues.free_between(db, project_id, since, until, count=MOST_OUTLINES):
        if queue.profile_id is None or queue.profile_id in names:
            found.append((slot.at, "slot", names.get(queue.profile_id or "", "")))
    found.sort(key=lambda each: each[0])
    return [
        Outline(at, at.astimezone(rules).replace(tzinfo=None), kind, name)
        for at, kind, name in found
        if since <= at < until
    ]


def _day(text: str, otherwise: date) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return otherwise
    return min(max(found, _FIRST), _LAST)


def _begins(day: date, zone: str) -> datetime:
    """The instant at which a day begins."""
    return clock.resolve_local(datetime.combine(day, time()), zone).instant


PAGES = (
    Page("GET", "/{project}/calendar", calendar, "viewer"),
    Page("GET", "/{project}/calendar/fold", fold, "viewer"),
    Page("POST", "/{project}/calendar/{post}/move", move, "editor"),
)
