"""Files that were uploaded: what they are, which posts need them, how long they stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, Row
from starlette.responses import Response

from polypost.access import people
from polypost.dashboard.curl import curl
from polypost.dashboard.pages import compose_media
from polypost.dashboard.web import Page, Visit
from polypost.errors import ApiError, Conflict, InvalidRequest, PolypostError
from polypost.media import holds, kinds, upload_rows

PER_PAGE = 25
# Of the posts that need a file so many are named.
NAMED = 3
# What browsers show, and up to how many bytes a list loads them.
_SHOWN = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif", "image/avif"})
_SMALL = 2_000_000


async def uploads(visit: Visit) -> Response:
    """The files, newest first."""
    return await _page(visit)


async def take(visit: Visit) -> Response:
    """Files of the form, kept like those that come by the API."""
    if not any(getattr(each, "filename", "") for each in visit.form.getlist("file")):
        return await _page(visit, 400, chosen=False)
    try:
        await compose_media.taken(visit)
    except PolypostError as error:
        status = error.status if isinstance(error, ApiError) else 400
        if status >= 500:
            raise
        return await _page(visit, status, wrong=_said(error))
    return visit.go(visit.url("uploads"))


async def remove(visit: Visit) -> Response:
    """Take a file away that no post needs any more."""
    upload_id = visit.path("upload")

    def write(db: Connection) -> None:
        row = upload_rows.withdraw(db, visit.here.id, upload_id)
        people.note(
            db,
            "upload_removed",
            person_id=visit.person.id,
            project_id=visit.here.id,
            upload=upload_id,
            file=row.filename[:200],
        )

    try:
        await visit.services.store.write(write)
    except Conflict as error:
        return await _page(visit, error.status, wrong=_said(error))
    return visit.go(visit.url("uploads"))


def seen_at(row: Row[Any]) -> str:
    """Where a list finds the picture of an upload; empty for what it does not load."""
    path = urlsplit(row.url).path
    ours = row.state == "complete" and row.host != upload_rows.BUCKET and path.startswith("/media/uploads/")
    return path if ours and row.mime in _SHOWN and (row.size or 0) <= _SMALL else ""


def _said(error: PolypostError) -> str:
    problems: Sequence[Any] = error.problems if isinstance(error, InvalidRequest) else ()
    if problems:
        return " ".join(f"{each.message}. {each.hint}" for each in problems)
    return f"{error.message} {error.next_step or ''}".strip()


async def _page(visit: Visit, status: int = 200, *, wrong: str = "", chosen: bool = True) -> Response:
    project_id, page = visit.here.id, visit.page_asked

    def read(db: Connection) -> tuple[Sequence[Row[Any]], Mapping[str, tuple[int, list[str]]]]:
        rows = upload_rows.listed(db, project_id, limit=PER_PAGE + 1, offset=page * PER_PAGE)
        used = holds.holders(db, project_id, [row.id for row in rows[:PER_PAGE]], limit=NAMED)
        return rows, used

    rows, used = await visit.services.store.browse(project_id, read)
    return visit.page(
        "uploads.html",
        status,
        rows=rows[:PER_PAGE],
        more=len(rows) > PER_PAGE,
        used=used,
        page=page,
        kind_of=kinds.kind_of,
        seen_at=seen_at,
        wrong=wrong,
        chosen=chosen,
        curl=curl(visit, "/v1/media/upload", {"filename": "photo.jpg", "mimeType": "image/jpeg"}),
        place="uploads",
    )


PAGES = (
    Page("GET", "/{project}/uploads", uploads, "viewer"),
    Page("POST", "/{project}/uploads", take, "author", largest=compose_media.MOST_BY_FORM),
    Page("POST", "/{project}/uploads/{upload}/delete", remove, "editor", sure=True),
)
