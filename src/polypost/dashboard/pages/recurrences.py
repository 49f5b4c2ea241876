"""Posts that repeat: each one's rule, what comes of it and what came; made, changed, paused, ended."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from starlette.datastructures import FormData
from starlette.responses import Response

from polypost import clock
from polypost.dashboard.body import Written
from polypost.dashboard.curl import curl
from polypost.dashboard.pages.accounts import network_name
from polypost.dashboard.pages.posts import zone_of
from polypost.dashboard.pages.queue import name_of
from polypost.dashboard.rules import FREQUENCIES, WEEKDAYS, Fields, said, same
from polypost.dashboard.web import Page, Visit
from polypost.errors import ApiError, InvalidRequest, KeyReused, NotFound, Problem
from polypost.intake import Submitter
from polypost.integrations import Integration
from polypost.integrations import service as integrations
from polypost.planning import schedules
from polypost.planning.bodies import recurrence_of
from polypost.planning.recurrence import LOOK, Occurrence
from polypost.planning.rules import DAYS
from polypost.planning.schedules import Entry, Schedule
from polypost.planning.templates import Template
from polypost.posts import queries

MOST_ACCOUNTS = 500
# Of one: so many times to come, and so many that were.
NEXT, PAST = 10, 20
_LOOK = "look"
_FIELDS = {"startsAt": "at", "timezone": "zone", "rule": "rule", "content": "content", "name": "name"}


@dataclass(slots=True)
class Form:
    """What stands in the form; `source` is the post whose media and options go along."""

    name: str = ""
    content: str = ""
    accounts: Sequence[str] = field(default_factory=list)
    rule: Fields = field(default_factory=Fields)
    at: str = ""
    zone: str = "UTC"
    source: str = ""

    @classmethod
    def of_form(cls, form: FormData) -> Form:
        """What a form says."""
        texts = {name: value for name, value in form.items() if isinstance(value, str)}
        return cls(
            texts.get("name", "").strip(),
            texts.get("content", "").replace("\r\n", "\n"),
            list(dict.fromkeys(each for each in form.getlist("account") if isinstance(each, str))),
            Fields.of_form(form),
            texts.get("at", "").strip(),
            texts.get("zone", "").strip() or "UTC",
            texts.get("source", ""),
        )

    @classmethod
    def of_template(cls, template: Template) -> Form:
        """A schedule as it stands in the store."""
        return cls(
            template.name or "",
            template.content,
            [each.integration_id for each in template.targets],
            Fields.of_rule(template.rule),
            _wall(template.starts_at),
            template.timezone,
        )

    def entries(self, accounts: Mapping[str, Integration], before: Sequence[Any]) -> list[dict[str, Any]]:
        """The platform entries of the chosen accounts; what one has of its own stays."""
        known = {each["accountId"]: each for each in before}
        return [
            known.get(each)
            or {"platform": accounts[each].platform if each in accounts else "", "accountId": each}
            for each in self.accounts
        ]

    def body(self, accounts: Mapping[str, Integration], source: Mapping[str, Any]) -> dict[str, Any]:
        """The body of `POST /v1/schedules` that says the same; `source` is one of the post that goes along."""
        raw: dict[str, Any] = {**source, "content": self.content}
        raw["platforms"] = self.entries(accounts, source.get("platforms", ()))
        raw |= {"rule": self.rule.rule, "startsAt": self.at, "timezone": self.zone}
        return raw | ({"name": self.name} if self.name else {})

    def change(self, accounts: Mapping[str, Integration], before: Template) -> dict[str, Any]:
        """The body of `PATCH /v1/schedules/{id}`: what differs from the one `before`."""
        raw: dict[str, Any] = {"name": self.name or None, "content": self.content}
        if list(self.accounts) != [each.integration_id for each in before.targets]:
            raw["platforms"] = self.entries(accounts, before.body["platforms"])
        if not same(self.rule.rule, before.rule):
            raw["rule"] = self.rule.rule
        if self.at != _wall(before.starts_at):
            raw["startsAt"] = self.at
        if self.zone != before.timezone:
            raw["timezone"] = self.zone
        return raw


async def new(visit: Visit) -> Response:
    """The form: empty, or with what a post has."""
    source, zone = visit.asked("from"), zone_of(visit)
    tomorrow = clock.now().astimezone(ZoneInfo(zone)) + timedelta(days=1)
    form = Form(at=f"{tomorrow:%Y-%m-%d}T09:00", zone=zone, source=source)
    if source:
        shown = await visit.services.store.read(lambda db: queries.one(db, visit.here.id, source))
        form.content = shown.post.content
        form.accounts = [each.integration_id for each in shown.targets]
    return await _new_page(visit, form)


async def make(visit: Visit) -> Response:
    """Make it, or show the times that the form means."""
    visit.who.require("publish")
    form, accounts = Form.of_form(visit.form), await _accounts(visit)
    if visit.said("do") == _LOOK:
        return await _looked(visit, form, None)
    try:
        source = await _source(visit, form, accounts)
        made, _ = await visit.services.planner.create(visit.submitter(), form.body(accounts, source))
    except ApiError as error:
        # A used word stands for what was made under it.
        once = "" if isinstance(error, KeyReused) else visit.said("once")
        return await _new_page(visit, form, _status(error), problems=_problems(error), once=once)
    return visit.go(visit.url("recurrences", made.id))


async def one(visit: Visit) -> Response:
    """The page of one."""
    return await _one_page(visit)


async def change(visit: Visit) -> Response:
    """Another text, other accounts or times; or show the times that the form means."""
    visit.who.require("publish")
    form, accounts, schedule_id = Form.of_form(visit.form), await _accounts(visit), visit.path("schedule")
    if visit.said("do") == _LOOK:
        return await _looked(visit, form, schedule_id)
    before = await visit.services.store.read(lambda db: schedules.get(db, visit.here.id, schedule_id))
    try:
        await visit.services.planner.change(
            Submitter(visit.who), schedule_id, form.change(accounts, before.template)
        )
    except NotFound:
        raise
    except ApiError as error:
        return await _one_page(visit, _status(error), form=form, problems=_problems(error))
    return visit.go(visit.url("recurrences", schedule_id))


async def pause(visit: Visit) -> Response:
    """Nothing more of it goes out."""
    visit.who.require("publish")
    await visit.services.store.write(lambda db: schedules.pause(db, visit.here.id, visit.path("schedule")))
    return visit.go(visit.url("recurrences", visit.path("schedule")))


async def resume(visit: Visit) -> Response:
    """Go on with what lies ahead."""
    visit.who.require("publish")
    await visit.services.planner.resume(Submitter(visit.who), visit.path("schedule"))
    return visit.go(visit.url("recurrences", visit.path("schedule")))


async def remove(visit: Visit) -> Response:
    """Forget it, and what it made that is not out yet unless that is to stay."""
    visit.who.require("publish")
    keep = visit.said("keep") == "yes"
    await visit.services.store.write(
        lambda db: schedules.remove(db, visit.here.id, visit.path("schedule"), keep_posts=keep)
    )
    return visit.go(f"{visit.url('queue')}#recurrences")


async def _looked(visit: Visit, form: Form, schedule_id: str | None) -> Response:
    recurrence, wrong = recurrence_of(form.rule.rule, form.at, form.zone)
    now = clock.now()
    times: list[Occurrence] = []
    if recurrence is not None and not wrong:
        times = list(islice(recurrence.after(now, until=now + LOOK), NEXT))
    status = 400 if wrong else 200
    if schedule_id is None:
        return await _new_page(visit, form, status, problems=wrong, times=times, once=visit.said("once"))
    return await _one_page(visit, status, form=form, problems=wrong, times=times)


async def _source(visit: Visit, form: Form, accounts: Mapping[str, Integration]) -> dict[str, Any]:
    """The body of the post that is repeated, without its hour."""
    if not form.source:
        return {}
    shown = await visit.services.store.read(lambda db: queries.one(db, visit.here.id, form.source))
    return Written.of_post(shown).untimed(accounts)


async def _accounts(visit: Visit) -> dict[str, Integration]:
    _, found = await visit.services.store.browse(
        visit.here.id,
        lambda db: integrations.list_integrations(db, visit.here.id, limit=MOST_ACCOUNTS, sort="asc"),
    )
    return {each.id: each for each in found}


async def _new_page(
    visit: Visit,
    form: Form,
    status: int = 200,
    *,
    problems: Sequence[Problem] = (),
    times: Sequence[Occurrence] = (),
    once: str = "",
) -> Response:
    return visit.page(
        "recurrence_new.html",
        status,
        once=once or secrets.token_urlsafe(16),
        **_form_values(visit, form, await _accounts(visit), problems, times),
    )


async def _one_page(
    visit: Visit,
    status: int = 200,
    *,
    form: Form | None = None,
    problems: Sequence[Problem] = (),
    times: Sequence[Occurrence] = (),
) -> Response:
    project_id, schedule_id = visit.here.id, visit.path("schedule")
    now = clock.now()

    def read(db: Connection) -> tuple[Schedule, list[Entry], list[Entry]]:
        found = schedules.get(db, project_id, schedule_id)
        ahead = schedules.entries(
            db, project_id, schedule_id, since=now, until=now + timedelta(days=366), limit=NEXT
        )
        return found, ahead, schedules.past(db, project_id, schedule_id, limit=PAST)

    found, ahead, past = await visit.services.store.browse(project_id, read)
    template, recurrence = found.template, found.template.recurrence
    accounts = await _accounts(visit)
    return visit.page(
        "recurrence.html",
        status,
        found=found,
        name=name_of(found),
        rule=said(recurrence.rule, recurrence.start.date(), visit.language),
        ahead=ahead,
        past=past,
        opened=form is not None,
        own_texts=any(each.content is not None or each.options for each in template.targets),
        curl=curl(visit, f"/v1/schedules/{found.id}"),
        **_form_values(visit, form or Form.of_template(template), accounts, problems, times),
    )


def _form_values(
    visit: Visit,
    form: Form,
    accounts: Mapping[str, Integration],
    problems: Sequence[Problem],
    times: Sequence[Occurrence],
) -> dict[str, Any]:
    return {
        "form": form,
        "accounts": accounts,
        # Those that are not connected any more can be taken out, too.
        "lost": [each for each in form.accounts if each not in accounts],
        "wrong": _placed(problems),
        "times": times,
        "frequencies": FREQUENCIES,
        "days": list(zip(DAYS, WEEKDAYS, strict=True)),
        "network_name": network_name,
        "place": "queue",
    }


def _placed(problems: Sequence[Problem]) -> dict[str, list[Problem]]:
    """Problems by the field that each is about; those of none stand at the form's."""
    found: dict[str, list[Problem]] = {}
    for each in problems:
        head = each.path.partition("[")[0].partition(".")[0]
        found.setdefault("accounts" if head == "platforms" else _FIELDS.get(head, "form"), []).append(each)
    return found


def _problems(error: ApiError) -> Sequence[Problem]:
    found = error.problems if isinstance(error, InvalidRequest) else ()
    return found or [Problem("", error.message, error.next_step)]


def _status(error: ApiError) -> int:
    if error.status >= 500:
        raise error
    return error.status


def _wall(start: datetime) -> str:
    """A wall time as fields of forms have it: the seconds only where there are some."""
    return start.isoformat(timespec="seconds" if start.second else "minutes")


PAGES = (
    Page("GET", "/{project}/recurrences/new", new, "editor"),
    Page("POST", "/{project}/recurrences/new", make, "editor"),
    Page("GET", "/{project}/recurrences/{schedule}", one, "viewer"),
    Page("POST", "/{project}/recurrences/{schedule}", change, "editor"),
    Page("POST", "/{project}/recurrences/{schedule}/pause", pause, "editor"),
    Page("POST", "/{project}/recurrences/{schedule}/resume", resume, "editor"),
    Page("POST", "/{project}/recurrences/{schedule}/delete", remove, "editor", sure=True),
)
