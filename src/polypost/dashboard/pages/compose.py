"""Writing a post: what each network says to it while it is written, what it will show, and sending it on its way."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from polypost import clock, drawing
from polypost.dashboard.body import AT, DRAFT, Written, fields_of
from polypost.dashboard.render import at as clock_of
from polypost.dashboard.web import Page, Visit
from polypost.errors import ApiError, InvalidRequest, Problem
from polypost.intake import DryRun
from polypost.intake.door import Created
from polypost.integrations import Integration
from polypost.integrations import service as integrations
from polypost.posts import queries
from polypost.posts.drawings import drawings

MOST_ACCOUNTS = 500


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the server says to what stands in the composer: `by_field` are the problems by the id of their field."""

    problems: list[tuple[str, Problem]]
    price: int
    left: int | None
    when: str
    changes: list[str]


async def compose(visit: Visit) -> Response:
    """The composer: empty, with a first post for who has never made one, or with another post's."""
    written = Written(zone=visit.asked("zone") or "UTC")
    source = visit.asked("from")
    if source:
        shown = await visit.services.store.read(lambda db: queries.one(db, visit.here.id, source))
        raw = shown.post.raw if isinstance(shown.post.raw, dict) else {}
        written = Written.of_body(raw, shown.post.timezone)
    found = await _accounts(visit)
    if not source and not visit.asked("empty") and not await _any_posts(visit) and found:
        written.content = visit.words("Hello from Polypost!")
        written.accounts = [
            next((a.id for a in found.values() if a.platform == "twitter"), next(iter(found)))
        ]
    return _page(visit, written, found)


async def check(visit: Visit) -> Response:
    """What the server says to the form so far: the same that it says to a request."""
    written = Written.of_form(visit.form)
    found = await _accounts(visit)
    verdict = await _verdict(visit, written, found)
    return visit.page("compose_verdict.html", written=written, verdict=verdict, found=found)


async def look(visit: Visit) -> Response:
    """What the networks would show of it, as a page for a frame."""
    written = Written.of_form(visit.form)
    found = await _accounts(visit)
    run = await visit.services.intake.preview(visit.who, _previewed(written, found), probe=False)
    visit.request.scope["polypost.framed"] = True
    shown = [
        (found[target.integration_id], drawing.render(drawn, styled=False))
        for target, drawn in (drawings(run.order, run.found, run.facts) if run.known else ())
        if target.integration_id in found
    ]
    return visit.page("drawings.html", shown=shown, style=drawing.style())


async def send(visit: Visit) -> Response:
    """Publish, schedule or keep it, as the form says; whatever is wrong leaves everything that was typed in place."""
    written = Written.of_form(visit.form)
    found = await _accounts(visit)
    wanted = visit.said("do")
    if wanted == "preview":
        return await look(visit)
    if wanted == DRAFT:
        written.when = DRAFT
    try:
        post_id = await _made(visit, written, found)
    except ApiError as error:
        if error.status >= 500:
            raise
        problems = error.problems if isinstance(error, InvalidRequest) else [Problem("", error.message)]
        return _page(visit, written, found, problems=_placed(problems, written), status=error.status)
    return visit.go(visit.url("posts", post_id))


async def _made(visit: Visit, written: Written, found: Mapping[str, Integration]) -> str:
    raw = written.body(found)
    intake = visit.services.intake
    if written.when == DRAFT:
        visit.who.require("draft", "publish")
        return (await intake.keep_draft(visit.submitter(), raw)).post.post.id
    visit.who.require("publish")

    async def answer(created: Created) -> str:
        return created.taken.accepted.post_id

    return await intake.create(visit.submitter(), raw, answer)


async def _verdict(visit: Visit, written: Written, found: Mapping[str, Integration]) -> Verdict:
    run = await visit.services.intake.preview(visit.who, _previewed(written, found), probe=False)
    problems = _placed(run.problems, written)
    return Verdict(problems, run.said.price, run.said.left, _when(visit, written, run), run.changes)


def _previewed(written: Written, found: Mapping[str, Integration]) -> dict[str, Any]:
    """The body as `create` would get it: a draft is judged as if it went out now."""
    raw = written.body(found)
    return raw | {"publishNow": True} if written.when == DRAFT else raw


def _when(visit: Visit, written: Written, run: DryRun) -> str:
    """What the main button does."""
    count = len(written.accounts)
    if written.when == AT:
        when = run.order.when
        if when is None:
            return visit.words("Schedule")
        return f"{visit.words('Schedule for')} {clock_of(when.instant, written.zone)}"
    return f"{visit.words('Publish to')} {count}" if count else visit.words("Publish")


def _placed(problems: list[Problem], written: Written) -> list[tuple[str, Problem]]:
    """Problems with the field that each is about."""
    return [(_field(problem.path, written), problem) for problem in problems]


def _field(path: str, written: Written) -> str:
    if path.startswith("platforms["):
        place, _, rest = path[len("platforms[") :].partition("]")
        account = (
            written.accounts[int(place)] if place.isdigit() and int(place) < len(written.accounts) else ""
        )
        if rest.startswith(".platformSpecificData."):
            return f"option.{account}.{rest.split('.')[2].partition('[')[0]}"
        return f"text.{account}" if rest == ".content" else f"account.{account}"
    if path.startswith("mediaItems"):
        return "media"
    return {"content": "content", "scheduledFor": "at", "timezone": "zone", "platforms": "accounts"}.get(
        path, "page"
    )


async def _accounts(visit: Visit) -> dict[str, Integration]:
    _, found = await visit.services.store.browse(
        visit.here.id,
        lambda db: integrations.list_integrations(db, visit.here.id, limit=MOST_ACCOUNTS, sort="asc"),
    )
    return {each.id: each for each in found}


async def _any_posts(visit: Visit) -> bool:
    total, _ = await visit.services.store.browse(
        visit.here.id,
        lambda db: queries.many(db, visit.here.id, queries.Filters(), limit=1, offset=0, descending=True),
    )
    return total > 0


def _page(
    visit: Visit,
    written: Written,
    found: Mapping[str, Integration],
    *,
    problems: list[tuple[str, Problem]] | None = None,
    status: int = 200,
) -> Response:
    return visit.page(
        "compose.html",
        status,
        written=written,
        found=found,
        verdict=Verdict(problems or [], 0, None, _label(visit, written), []),
        fields={each.platform: fields_of(each.platform) for each in found.values()},
        once=visit.said("once") or secrets.token_urlsafe(16),
        zones=sorted(clock.zones()),
        place="compose",
    )


def _label(visit: Visit, written: Written) -> str:
    return visit.words("Schedule") if written.when == AT else visit.words("Publish")


PAGES = (
    Page("GET", "/{project}/compose", compose, "author"),
    Page("POST", "/{project}/compose", send, "author"),
    Page("POST", "/{project}/compose/check", check, "author"),
    Page("POST", "/{project}/compose/preview", look, "author"),
)
