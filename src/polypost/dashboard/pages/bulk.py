"""Files of many posts: looked at first, with a verdict for each row, and made into posts when somebody says so."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from starlette.datastructures import UploadFile
from starlette.responses import Response

from polypost import bulk, clock
from polypost.bulk import Bulk
from polypost.dashboard.curl import curl
from polypost.dashboard.pages.compose_media import pieces
from polypost.dashboard.pages.posts import zone_of
from polypost.dashboard.web import Page, Visit
from polypost.entrance.bulk import until_done
from polypost.errors import ApiError, InvalidRequest, Problem
from polypost.intake import Submitter
from polypost.integrations import service as integrations

PER_PAGE, ROWS = 20, 50
# A small file has its verdicts by then, and the page that follows has nothing to wait for.
PATIENCE_SECONDS = 3.0
STATES = ("refused", "created", "valid", "pending", "stopped")
# The API's limit of a file, and room for what a form has around it.
LARGEST = bulk.FILE_BYTES + 10_000
_LINES = ("jsonl", "ndjson", "json")


async def files(visit: Visit) -> Response:
    """The form for a file, and the files that were sent."""
    return await _page(visit)


async def look(visit: Visit) -> Response:
    """Keep a file and judge its rows; nothing is made of them yet."""
    visit.who.require("publish")
    file = visit.form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return await _page(visit, 400, chosen=False)
    try:
        # Not under a key of the form's: the same bytes are the same upload.
        found, _ = await visit.services.bulk.receive(
            Submitter(visit.who), pieces(file), form=await _format(file), dry_run=True
        )
    except ApiError as error:
        if error.status >= 500:
            raise
        problems = error.problems if isinstance(error, InvalidRequest) else ()
        return await _page(
            visit, error.status, problems=problems or [Problem("", error.message, error.next_step)]
        )
    found = await until_done(visit.services, visit.here.id, found.id, PATIENCE_SECONDS)
    return visit.go(visit.url("bulk", found.id, **({} if found.dry_run else {"before": "1"})))


async def one(visit: Visit) -> Response:
    """A file and its rows."""
    return await _file_page(visit)


async def run(visit: Visit) -> Response:
    """Make the posts of a file that was looked at."""
    visit.who.require("publish")
    bulk_id = visit.path("bulk")
    try:
        found = await visit.services.bulk.carry_out(Submitter(visit.who), bulk_id)
    except ApiError as error:
        if error.status != 409:
            raise
        return await _file_page(visit, 409, wrong=f"{error.message} {error.next_step}")
    return visit.go(visit.url("bulk", found.id, **({} if found.id == bulk_id else {"before": "1"})))


async def stop(visit: Visit) -> Response:
    """Make no further posts of it."""
    visit.who.require("publish")
    await visit.services.store.write(lambda db: bulk.stop(db, visit.here.id, visit.path("bulk")))
    return visit.go(visit.url("bulk", visit.path("bulk")))


async def example(visit: Visit) -> Response:
    """A file to begin with, with accounts of the project."""
    _, found = await visit.services.store.browse(
        visit.here.id, lambda db: integrations.list_integrations(db, visit.here.id, limit=2, sort="asc")
    )
    named = [f"{each.platform}:{each.id}" for each in found] or ["bluesky:ACCOUNT_ID"]
    zone = zone_of(visit)
    day = clock.now().astimezone(ZoneInfo(zone)) + timedelta(days=7)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["content", "platforms", "scheduledFor", "timezone", "mediaUrls"])
    writer.writerow([visit.words("Good morning, all"), named[0], f"{day:%Y-%m-%d}T09:00:00", zone, ""])
    writer.writerow(
        [visit.words("A second one, for two accounts"), " ".join(named), f"{day:%Y-%m-%d}T18:30:00", zone, ""]
    )
    # Spreadsheets take a file that begins so for UTF-8.
    body = "\ufeff" + text.getvalue()
    headers = {"content-disposition": 'attachment; filename="posts.csv"'}
    return Response(body, media_type="text/csv", headers=headers)


async def _format(file: UploadFile) -> str:
    """The form of a file, by the end of its name or how it begins."""
    if (file.filename or "").rpartition(".")[2].lower() in _LINES:
        return "jsonl"
    begin = (await file.read(100)).lstrip()
    await file.seek(0)
    return "jsonl" if begin.startswith(b"{") else "csv"


async def _page(
    visit: Visit, status: int = 200, *, problems: Sequence[Problem] = (), chosen: bool = True
) -> Response:
    page, project_id = visit.page_asked, visit.here.id
    total, found = await visit.services.store.browse(
        project_id, lambda db: bulk.list_bulks(db, project_id, limit=PER_PAGE, offset=page * PER_PAGE)
    )
    return visit.page(
        "bulk.html",
        status,
        found=found,
        total=total,
        page=page,
        pages=-(-total // PER_PAGE),
        problems=problems,
        chosen=chosen,
        largest=bulk.FILE_BYTES // 1_000_000,
        kept=bulk.KEPT.days,
        curl=curl(visit, "/v1/posts/bulk?dryRun=true", file=("text/csv", "posts.csv")),
        place="bulk",
    )


async def _file_page(visit: Visit, status: int = 200, *, wrong: str = "") -> Response:
    project_id, bulk_id, page = visit.here.id, visit.path("bulk"), visit.page_asked
    chosen = visit.asked("status") if visit.asked("status") in STATES else ""

    def read(db: Connection) -> tuple[Bulk, Bulk | None, int, list[bulk.Row]]:
        found = bulk.find(db, project_id, bulk_id)
        before = bulk.carried_out(db, project_id, bulk_id) if found.dry_run else None
        states = [chosen] if chosen else []
        # Those that a dry run found good wait under that name once it is carried out.
        states += ["valid"] if chosen == "pending" and not found.dry_run else []
        total, rows = bulk.page(db, project_id, bulk_id, states=states, limit=ROWS, offset=page * ROWS)
        return found, before, total, rows

    found, before, total, rows = await visit.services.store.browse(project_id, read)
    asked = {"status": chosen} if chosen else {}
    return visit.page(
        "bulk_part.html" if visit.partial else "bulk_file.html",
        status,
        file=found,
        judged=found.good + found.refused,
        made_before=before,
        rows=rows,
        total=total,
        page=page,
        pages=-(-total // ROWS),
        chosen=chosen,
        asked=asked,
        wrong=wrong,
        replayed=bool(visit.asked("before")),
        now=clock.now(),
        curl=curl(visit, f"/v1/posts/bulk/{found.id}?status=refused&limit=1000"),
        place="bulk",
    )


PAGES = (
    Page("GET", "/{project}/bulk", files, "viewer"),
    Page("POST", "/{project}/bulk", look, "editor", largest=LARGEST),
    Page("GET", "/{project}/bulk/example", example, "viewer"),
    Page("GET", "/{project}/bulk/{bulk}", one, "viewer"),
    Page("POST", "/{project}/bulk/{bulk}/run", run, "editor"),
    Page("POST", "/{project}/bulk/{bulk}/stop", stop, "editor"),
)
