"""Writing a post: what each network says to it while it is written, what it will show, and sending it on its way."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from polypost.approvals import asking
from polypost.approvals.asking import By, Hour
from polypost.dashboard.body import AT, DRAFT, NOW, QUEUE, REPEAT, Written
from polypost.dashboard.catalogue import phrase
from polypost.dashboard.framed import fragment, framed
from polypost.dashboard.options import fields_of, further, rows_in
from polypost.dashboard.pages import compose_media
from polypost.dashboard.verdicts import Verdict, drawn_of, judged, label_of, placed, verdict_of, wheres_of
from polypost.dashboard.web import Page, Visit
from polypost.errors import ApiError, Conflict, InvalidRequest, KeyReused, NotFound, Problem
from polypost.intake import DryRun
from polypost.intake.door import Along, Created
from polypost.intake.in_flight import Taken
from polypost.intake.partial_validation import aside
from polypost.integrations import Integration, profiles
from polypost.integrations import service as integrations
from polypost.platforms.base import Boards
from polypost.platforms.registry import connector
from polypost.posts import queries

MOST_ACCOUNTS = 500
# What else a click on the form may mean than sending it.
_PREVIEW, _REDRAW, _ASK = "preview", "redraw", "ask"


async def compose(visit: Visit) -> Response:
    """The composer: empty, with a first post for who has never made one, with another post's, or to change a post."""
    source, edited = visit.asked("from"), visit.asked("edit")
    found = await _accounts(visit)
    if not source and not edited:
        written = Written(zone=visit.asked("zone") or "UTC", at=visit.asked("at")[:19])
        written.when = AT if written.at else NOW
        if not visit.asked("empty") and not written.at and found and not await _any_posts(visit):
            written.content = visit.words("Hello from Polypost!")
            first = next((a.id for a in found.values() if a.platform == "twitter"), next(iter(found)))
            written.accounts = [first]
        return await _page(visit, written, found)
    shown, request = await visit.services.store.read(
        lambda db: (
            queries.one(db, visit.here.id, edited or source),
            asking.of_post(db, visit.here.id, edited) if edited else None,
        )
    )
    written = Written.of_post(shown)
    if request is not None and request.queue and shown.post.status == "draft":
        written.when = QUEUE
    if edited and shown.post.status not in {"draft", "scheduled"}:
        return visit.go(visit.url("compose", **{"from": edited}))
    if not edited:
        written.when, written.at = NOW, ""
    written.accounts = [each for each in written.accounts if each in found]
    return await _page(visit, written, found, edited=(edited, shown.post.status) if edited else ("", ""))


async def check(visit: Visit) -> Response:
    """What the server says to the form so far: the same that it says to a request."""
    written, found = await _so_far(visit)
    status = await _status(visit)
    verdict = await verdict_of(visit, written, found, status)
    return visit.page("compose_verdict.html", written=written, verdict=verdict, edited=status)


async def media(visit: Visit) -> Response:
    """What is wrong with the media once they are here, and what will be done to them for each network."""
    written, found = await _so_far(visit)
    problems: list[tuple[str, Problem]] = []
    changes: list[str] = []
    if written.media and written.accounts:
        raw = judged(written, found)
        known = (await visit.services.intake.preview(visit.who, raw, probe=False)).problems
        run = await visit.services.intake.preview(visit.who, raw, probe=True)
        # What is wrong without looking at the files stands among the problems already.
        problems = placed([each for each in run.problems if each not in known], written, found)
        changes = run.changes
    return visit.page("compose_media.html", problems=problems, changes=changes)


async def look(visit: Visit) -> Response:
    """What the networks would show of it, as a page for a frame."""
    written, found = await _so_far(visit)
    run = await visit.services.intake.preview(visit.who, judged(written, found), probe=False)
    drawn = (
        await aside(run.large or len(written.accounts) > 1, lambda: _drawings(visit, run))
        if run.known
        else []
    )
    return framed(visit, drawn, started=bool(written.accounts))


async def panel(visit: Visit) -> Response:
    """What is asked for one account only, once it is chosen."""
    asked = visit.asked("account")
    account = (await _found(visit, [asked])).get(asked)
    if account is None:
        raise NotFound(phrase("There is no such account."), code="account_not_found")
    return visit.page("compose_panel.html", account=account, **_panel_values(Written(), Verdict("")))


async def boards(visit: Visit) -> Response:
    """The boards of an account, where its network has some: one is chosen, not its id typed."""
    asked = visit.asked("account")
    account = (await _found(visit, [asked])).get(asked)
    network = connector(account.platform) if account else None
    if account is None or not isinstance(network, Boards):
        raise NotFound(phrase("There is no such account."), code="account_not_found")
    found = await visit.services.lookup.ask(account, network.boards)
    return visit.page("compose_boards.html", boards=found)


async def send(visit: Visit) -> Response:
    """Publish, schedule or keep it, as the form says; whatever is wrong leaves everything that was typed in place."""
    written, found = Written.of_form(visit.form), await _accounts(visit)
    wanted, edited = visit.said("do"), visit.said("edit")
    if wanted == _PREVIEW:
        return await look(visit)
    edit = (edited, await _status(visit))
    try:
        written.media += await compose_media.taken(visit)
        if wanted == _REDRAW:
            return await _page(visit, written, found, edited=edit, once=visit.said("once"))
        if wanted == DRAFT:
            written.when = DRAFT
        asks = wanted == _ASK or (wanted != DRAFT and not visit.may("editor"))
        place = await (_asked if asks else _made)(visit, written, found, *edit)
    except ApiError as error:
        if error.status >= 500:
            raise
        problems = error.problems if isinstance(error, InvalidRequest) else []
        problems = problems or [Problem("", error.message, error.next_step)]
        at = placed(problems, written, found)
        verdict = Verdict(label_of(visit, written, edit[1]), at, wheres=wheres_of(visit, at, found))
        # A draft is kept before it is scheduled, and a used word stands for what was sent under it.
        once = "" if edited or isinstance(error, KeyReused) else visit.said("once")
        return await _page(
            visit, written, found, verdict=verdict, status=error.status, edited=edit, once=once
        )
    return visit.go(place)


async def _made(
    visit: Visit, written: Written, found: Mapping[str, Integration], edited: str, status: str
) -> str:
    """Hand it in by the call that stands for its hour; the address of what came of it."""
    intake, submitter = visit.services.intake, visit.submitter()
    if written.when == DRAFT:
        return await _kept(visit, written, found, edited)
    visit.who.require("publish")
    if status == "scheduled":
        raw = written.untimed(found) | {"scheduledFor": written.at, "timezone": written.zone}
        await intake.edit(submitter, edited, raw)
        return visit.url("posts", edited)
    if edited and written.when in {NOW, AT, QUEUE}:
        await intake.edit_draft(submitter, edited, written.untimed(found) | {"timezone": written.zone})
        hour: dict[str, Any] = {"publishNow": True}
        if written.when == QUEUE:
            hour = {"queue": True} | ({"profileId": written.profile} if written.profile else {})
        if written.when == AT:
            hour = {"scheduledFor": written.at, "timezone": written.zone}
        await visit.services.planner.schedule_draft(submitter, edited, hour)
        return visit.url("posts", edited)
    if written.when == REPEAT:
        made, _ = await visit.services.planner.create(submitter, written.body(found))
        return visit.url("recurrences", made.id)
    if written.when == QUEUE:
        post_id = await visit.services.planner.queue(submitter, written.body(found), _queued)
    else:
        post_id = await intake.create(submitter, written.body(found), _created)
    return visit.url("posts", post_id)


async def _asked(
    visit: Visit, written: Written, found: Mapping[str, Integration], edited: str, status: str
) -> str:
    """Keep it as a draft that waits for approval, at the hour that the form says."""
    if status not in {"", "draft"}:
        raise Conflict("This post is no draft.", code="not_a_draft", next_step="Cancel it first.")
    hour = Hour(queue=written.when == QUEUE)
    if written.when == AT:
        hour = visit.services.approvals.hour(written.at, written.zone)
    elif written.when == REPEAT:
        hint = visit.words("Choose an hour, or let an editor repeat it.")
        raise InvalidRequest([Problem("rule", visit.words("A repeat cannot wait for approval."), hint)])
    project_id, by = visit.here.id, By(visit.person.id, visit.person.name)

    def also(db: Connection, post_id: str) -> None:
        asking.ask(db, project_id, post_id, by, text=written.note, hour=hour)

    written = replace(written, when=DRAFT)
    return await _kept(visit, written, found, edited, also)


async def _kept(
    visit: Visit, written: Written, found: Mapping[str, Integration], edited: str, also: Along | None = None
) -> str:
    visit.who.require("draft", "publish")
    intake, submitter, raw = visit.services.intake, visit.submitter(), written.body(found)
    if also is not None and submitter.key is not None:
        # A form that kept it before has not asked yet.
        submitter = submitter._replace(key=f"ask {submitter.key}")
    if edited:
        kept = await intake.edit_draft(submitter, edited, raw, also)
    else:
        kept = await intake.keep_draft(submitter, raw, also)
    return visit.url("posts", kept.post.post.id)


async def _created(made: Created) -> str:
    return made.taken.accepted.post_id


async def _queued(taken: Taken) -> str:
    return taken.accepted.post_id


def _drawings(visit: Visit, run: DryRun) -> list[tuple[Integration, str]]:
    return [(account, fragment(visit, drawn)) for account, drawn in drawn_of(run)]


async def _status(visit: Visit) -> str:
    """The status of the post that the form changes; empty where it makes a new one."""
    edited = visit.said("edit")
    if not edited:
        return ""
    return (await visit.services.store.read(lambda db: queries.one(db, visit.here.id, edited))).post.status


async def _so_far(visit: Visit) -> tuple[Written, dict[str, Integration]]:
    """What stands in the form, and the accounts that are chosen there."""
    written = Written.of_form(visit.form)
    return written, await _found(visit, written.accounts)


async def _found(visit: Visit, ids: Sequence[str]) -> dict[str, Integration]:
    return await visit.services.store.read(lambda db: integrations.find(db, visit.here.id, ids))


async def _accounts(visit: Visit) -> dict[str, Integration]:
    _, found = await visit.services.store.browse(
        visit.here.id,
        lambda db: integrations.list_integrations(db, visit.here.id, limit=MOST_ACCOUNTS, sort="asc"),
    )
    return {each.id: each for each in found}


async def _any_posts(visit: Visit) -> bool:
    return await visit.services.store.browse(
        visit.here.id, lambda db: queries.are_there_any(db, visit.here.id)
    )


async def _page(
    visit: Visit,
    written: Written,
    found: Mapping[str, Integration],
    *,
    verdict: Verdict | None = None,
    status: int = 200,
    edited: tuple[str, str] = ("", ""),
    once: str = "",
) -> Response:
    if verdict is None:
        verdict = await verdict_of(visit, written, found, edited[1])
    _, groups = await visit.services.store.read(
        lambda db: profiles.list_profiles(db, visit.here.id, limit=MOST_ACCOUNTS, offset=0)
    )
    return visit.page(
        "compose.html",
        status,
        found=found,
        groups=sorted(groups, key=lambda each: each.name.casefold()),
        edit=edited[0],
        edited=edited[1],
        once=once or secrets.token_urlsafe(16),
        rest=json.dumps(written.rest) if written.rest else "",
        place="compose",
        **_panel_values(written, verdict),
    )


def _panel_values(written: Written, verdict: Verdict) -> dict[str, Any]:
    return {
        "written": written,
        "verdict": verdict,
        "fields_of": fields_of,
        "further": further,
        "rows_in": rows_in,
    }


PAGES = (
    Page("GET", "/{project}/compose", compose, "author"),
    Page("POST", "/{project}/compose", send, "author", largest=compose_media.MOST_BY_FORM),
    Page("POST", "/{project}/compose/check", check, "author"),
    Page("POST", "/{project}/compose/media", media, "author"),
    Page("POST", "/{project}/compose/preview", look, "author"),
    Page("GET", "/{project}/compose/panel", panel, "author"),
    Page("GET", "/{project}/compose/boards", boards, "author"),
    *compose_media.PAGES,
)
