"""The weekly slots of a queue, what waits in it, and below it the posts that repeat themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from polypost.dashboard.curl import curl
from polypost.dashboard.pages.accounts import network_name
from polypost.dashboard.rules import WEEKDAYS, said
from polypost.dashboard.web import Page, Visit
from polypost.entrance.queues import WEEKDAYS as DAYS
from polypost.entrance.queues import slots_in
from polypost.errors import InvalidRequest, Problem
from polypost.integrations import profiles
from polypost.planning import queues, schedules
from polypost.planning.queues import Queue
from polypost.planning.recurrence import Occurrence
from polypost.planning.schedules import Entry, Schedule
from polypost.posts import queries
from polypost.posts.queries import Placed

MOST_PROFILES = 500
_REPEATING = {
    "content": "Good morning!",
    "rule": "FREQ=WEEKLY;BYDAY=MO",
    "startsAt": "2027-01-04T09:00",
    "timezone": "Europe/Berlin",
    "platforms": [{"platform": "bluesky", "accountId": "ACCOUNT_ID"}],
}
# The next free slots, the posts that wait in a queue, and the recurring ones of a page.
FREE, WAITING, PER_PAGE = 5, 25, 20
_BETWEEN = re.compile(r"[\s,;]+")
_SLOT = re.compile(r"slots\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Repeated:
    """A schedule as lists show it: its rule in words, and what became of it the last time."""

    schedule: Schedule
    rule: str
    last: Entry | None

    @property
    def name(self) -> str:
        """Its name, or how its text begins."""
        return name_of(self.schedule)


@dataclass(frozen=True, slots=True)
class _Found:
    groups: Sequence[profiles.Profile]
    queue: Queue
    free: Sequence[Occurrence]
    waiting: Sequence[Placed]
    more: bool
    total: int
    repeated: Sequence[Repeated]


async def queue(visit: Visit) -> Response:
    """The queue of the project, or of the profile that is asked for."""
    return await _page(visit, visit.asked("profile") or None)


async def put(visit: Visit) -> Response:
    """Other slots; posts that are in the queue keep their hours."""
    visit.who.require("publish")
    profile = visit.said("profile") or None
    hours = {day: visit.said(day) for day in DAYS}
    typed = [(day, each) for day, text in hours.items() for each in _BETWEEN.split(text) if each]
    # A form's `9:00` is the API's `09:00`.
    slots = [{"weekday": day, "time": each.zfill(5)} for day, each in typed]
    zone = visit.said("zone").strip() or "UTC"
    try:
        body, read = slots_in({"profileId": profile, "timezone": zone, "slots": slots})
    except InvalidRequest as error:
        wrong: dict[str, list[str]] = {}
        for each in error.problems:
            place, what = _placed(visit, each, typed)
            wrong.setdefault(place, []).append(what)
        return await _page(visit, profile, error.status, wrong=wrong, typed=hours | {"zone": zone})
    await visit.services.store.write(
        lambda db: queues.put(db, visit.here.id, body.profileId, timezone=body.timezone, slots=read)
    )
    return visit.go(visit.url("queue", **({"profile": profile} if profile else {})))


def name_of(schedule: Schedule) -> str:
    """What a schedule is called: its name, or how its text begins."""
    return schedule.template.name or schedule.template.content[:60] or schedule.id


def repeated(db: Connection, project_id: str, schedule: Schedule, language: str) -> Repeated:
    """A schedule, told."""
    recurrence = schedule.template.recurrence
    last = next(iter(schedules.past(db, project_id, schedule.id, limit=1)), None)
    return Repeated(schedule, said(recurrence.rule, recurrence.start.date(), language), last)


def _placed(visit: Visit, problem: Problem, typed: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """The field of the form that a problem is about, and what is said there."""
    slot = _SLOT.match(problem.path)
    if slot is None:
        return ("zone" if problem.path == "timezone" else "slots"), f"{problem.message}. {problem.hint}"
    day, hour = typed[int(slot[1])]
    return day, visit.words("“%(hour)s” is no hour of a day. Write it like 09:00.") % {"hour": hour}


async def _page(
    visit: Visit,
    profile: str | None,
    status: int = 200,
    *,
    wrong: Mapping[str, Sequence[str]] | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    project_id, horizon = visit.here.id, visit.services.settings.horizon
    page = visit.page_asked

    def read(db: Connection) -> _Found:
        _, groups = profiles.list_profiles(db, project_id, limit=MOST_PROFILES, offset=0)
        shown, free = queues.free(db, project_id, profile, count=FREE, horizon=horizon)
        ids = queues.waiting(db, project_id, shown, limit=WAITING + 1)
        waiting = queries.placed(db, project_id, ids[:WAITING])
        total, found = schedules.list_schedules(
            db, project_id, status=None, limit=PER_PAGE, offset=page * PER_PAGE, descending=True
        )
        every = [repeated(db, project_id, each, visit.language) for each in found]
        return _Found(groups, shown, free, waiting, len(ids) > WAITING, total, every)

    found = await visit.services.store.browse(project_id, read)
    hours = typed or _hours(found.queue)
    return visit.page(
        "queue.html",
        status,
        found=found,
        profile=profile or "",
        days=list(zip(DAYS, WEEKDAYS, strict=True)),
        hours=hours,
        zone=hours["zone"],
        wrong=wrong or {},
        page=page,
        pages=-(-found.total // PER_PAGE),
        curl=curl(visit, "/v1/queue/slots", _example(profile), method="PUT"),
        repeating=curl(visit, "/v1/schedules", _REPEATING),
        network_name=network_name,
        place="queue",
    )


def _example(profile: str | None) -> dict[str, Any]:
    """Hours as the API takes them."""
    whose = {"profileId": profile} if profile else {}
    return {"timezone": "Europe/Berlin", **whose, "slots": [{"weekday": "monday", "time": "09:00"}]}


def _hours(queue: Queue) -> dict[str, str]:
    """The slots as the form has them."""
    found: dict[str, Any] = {day: [] for day in DAYS}
    for slot in queue.slots:
        found[DAYS[slot.weekday]].append(slot.at.isoformat("minutes"))
    return {day: ", ".join(each) for day, each in found.items()} | {"zone": queue.timezone}


PAGES = (
    Page("GET", "/{project}/queue", queue, "viewer"),
    Page("POST", "/{project}/queue", put, "editor"),
)
