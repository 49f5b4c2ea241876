"""What the server says to what stands in the composer: the same that it says to a request of the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from polypost import clock
from polypost.dashboard.body import AT, DRAFT, QUEUE, REPEAT, Written
from polypost.dashboard.options import label
from polypost.dashboard.render import at as clock_of
from polypost.dashboard.render import dated
from polypost.dashboard.web import Visit
from polypost.drawing import Drawn
from polypost.errors import NotFound, Problem
from polypost.intake import DryRun
from polypost.intake.partial_validation import aside
from polypost.integrations import Integration
from polypost.planning import queues
from polypost.planning.bodies import recurrence_of
from polypost.planning.recurrence import LOOK, Occurrence, Recurrence
from polypost.platforms.registry import connector
from polypost.posts.drawings import drawings
from polypost.posts.orders import When
from polypost.posts.words import MOST_PROBLEMS


@dataclass(frozen=True, slots=True)
class Counter:
    """How full the fullest text of an account is; `parts` are the posts of a thread."""

    account: Integration
    length: int
    limit: int
    unit: str
    parts: int

    @property
    def left(self) -> int:
        """How much goes in; below zero is too much."""
        return self.limit - self.length

    @property
    def share(self) -> float:
        """How full it is in percent, at most 100."""
        return min(100.0, 100 * self.length / max(self.limit, 1))

    @property
    def word(self) -> str:
        """How that is: `fine`, `near` the limit, or `over` it."""
        return "over" if self.left < 0 else "near" if self.share >= 90 else "fine"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`problems` come with the id of the field that each is about, `label` is what the main button does.

    `wheres` are these fields in words.
    """

    label: str
    problems: Sequence[tuple[str, Problem]] = ()
    price: int = 0
    left: int | None = None
    instant: str = ""
    note: str = ""
    counters: Sequence[Counter] = ()
    missing: str = ""
    wheres: Mapping[str, str] = field(default_factory=dict)

    def at(self, field_id: str) -> list[Problem]:
        """What is wrong at a field."""
        return [problem for place, problem in self.problems if place == field_id]


@dataclass(frozen=True, slots=True)
class _Hour:
    """When it would go out: in a few words, in a sentence, and what there is to say of it."""

    short: str = ""
    sentence: str = ""
    note: str = ""
    problems: list[Problem] = field(default_factory=list)


async def verdict_of(
    visit: Visit, written: Written, found: Mapping[str, Integration], edited: str = ""
) -> Verdict:
    """What `POST /v1/posts` would say to it, or the call that stands for its hour; `edited` is a post's status."""
    if not written.accounts:
        # A form that is not filled in yet is no mistake.
        said = visit.words("Choose at least one account to publish to.")
        return Verdict(
            label_of(visit, written, edited, _Hour()), missing=said if written.content.strip() else ""
        )
    run = await visit.services.intake.preview(visit.who, judged(written, found), probe=False)
    hour = await _hour(visit, written, run)
    # As many as the API names.
    problems = placed([*run.problems, *hour.problems][:MOST_PROBLEMS], written, found)
    if not (written.content.strip() or written.media or written.texts or written.options):
        # Nor is an empty text, before anything is written; sending it says what is wrong.
        problems = [each for each in problems if each[0] != "content"]
    counters: list[Counter] = []
    if run.known:
        drawn = await aside(run.large or len(run.order.targets) > 1, lambda: drawn_of(run))
        counters = [made for account, each in drawn if (made := _counter(account, each)) is not None]
    return Verdict(
        label_of(visit, written, edited, hour),
        problems,
        run.said.price,
        run.said.left,
        hour.sentence,
        hour.note,
        counters,
        wheres=wheres_of(visit, problems, found),
    )


def judged(written: Written, found: Mapping[str, Integration]) -> dict[str, object]:
    """The body as `create` would get it: without an hour of its own it is judged as if it went out now."""
    return written.body(found) if written.when == AT else written.untimed(found) | {"publishNow": True}


def drawn_of(run: DryRun) -> list[tuple[Integration, Drawn]]:
    """What each known account would show, with what is known of uploads."""
    facts = {item.url: item.facts for item in run.order.media if item.facts is not None} | dict(run.facts)
    return [
        (run.found[target.integration_id], drawn)
        for target, drawn in drawings(run.order, run.found, facts)
        if target.integration_id in run.found
    ]


def placed(
    problems: Sequence[Problem], written: Written, found: Mapping[str, Integration]
) -> list[tuple[str, Problem]]:
    """Problems with the field that each is about."""
    return [(written.field_of(problem.path, found), problem) for problem in problems]


def wheres_of(
    visit: Visit, problems: Sequence[tuple[str, Problem]], found: Mapping[str, Integration]
) -> dict[str, str]:
    """The fields that problems are about, in words: whose and what it is called."""
    return {field: _where(visit, field, found) for field, _ in problems}


def _where(visit: Visit, field_id: str, found: Mapping[str, Integration]) -> str:
    words, (kind, _, rest) = visit.words, field_id.partition(".")
    if kind == "media" and rest:
        return words("File %(num)s") % {"num": int(rest.partition(".")[0]) + 1}
    account, _, option = rest.partition(".")
    if account in found:
        network = connector(found[account].platform)
        name = network.spec.name if network else found[account].platform
        steps = [each for each in option.split(".") if each and not each.isdecimal()]
        return ", ".join([name, *(words(label(each)) for each in steps[-1:])])
    named = {"content": words("Text"), "at": words("Date and time"), "zone": words("Time zone")}
    return named.get(field_id, "")


def label_of(visit: Visit, written: Written, edited: str, hour: _Hour | None = None) -> str:
    """What the main button does."""
    words, short, count = visit.words, hour.short if hour else "", len(written.accounts)
    if not visit.may("editor"):
        return words("Ask for approval")
    if edited == "scheduled":
        return words("Save the change")
    timed = {
        AT: (words("Schedule"), words("Schedule for %(hour)s")),
        QUEUE: (words("Put into the queue"), words("Queue for %(hour)s")),
        REPEAT: (words("Repeat"), words("Repeat from %(hour)s")),
        DRAFT: (words("Keep as a draft"), words("Keep as a draft")),
    }
    if written.when in timed:
        bare, full = timed[written.when]
        return full % {"hour": short} if short else bare
    return words("Publish to %(num)s") % {"num": count} if count else words("Publish")


async def _hour(visit: Visit, written: Written, run: DryRun) -> _Hour:
    if written.when == AT and run.order.when is not None:
        return _said(visit, run.order.when)
    if written.when == QUEUE:
        return await _slot(visit, written.profile or None)
    if written.when == REPEAT:
        recurrence, wrong = recurrence_of(written.rule, written.at, written.zone)
        first = _first(recurrence) if recurrence is not None and not wrong else None
        if first is None:
            return _Hour(problems=wrong)
        return _said(visit, When(first.at, written.zone, None, first.note))
    return _Hour()


def _first(recurrence: Recurrence) -> Occurrence | None:
    now = clock.now()
    return next(recurrence.after(now, until=now + LOOK), None)


async def _slot(visit: Visit, profile_id: str | None) -> _Hour:
    project_id, horizon = visit.here.id, visit.services.settings.horizon
    try:
        queue, free = await visit.services.store.browse(
            project_id, lambda db: queues.free(db, project_id, profile_id, count=1, horizon=horizon)
        )
    except NotFound as error:
        return _Hour(sentence=error.message)
    if not free:
        return _Hour(sentence=visit.words("No slot of the queue is free. Add slots to it first."))
    return _said(visit, When(free[0].at, queue.timezone, None, free[0].note))


def _said(visit: Visit, when: When) -> _Hour:
    there = clock_of(when.instant, when.timezone, visit.language)
    universal = clock_of(when.instant, language=visit.language)
    sentence = visit.words("That is") + f" {there}, {when.timezone}"
    if there != universal:
        sentence += f" ({universal} UTC)"
    # A button has no room for a year that goes without saying.
    local, now = (each.astimezone(ZoneInfo(when.timezone)) for each in (when.instant, clock.now()))
    this_year = local.year == now.year
    short = dated(local, "%a %-d %b, %H:%M", visit.language) if this_year else there
    return _Hour(short, sentence + ".", when.note or "")


def _counter(account: Integration, drawn: Drawn) -> Counter | None:
    full = [part.counted for part in drawn.parts if part.counted is not None]
    if not full:
        return None
    most = max(full, key=lambda each: each.length / max(each.limit, 1))
    return Counter(account, most.length, most.limit, most.unit, len(drawn.parts) + drawn.hidden_parts)
