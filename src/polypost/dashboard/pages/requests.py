"""What was asked of the API with the project's keys in the last days, and each request as curl."""

from __future__ import annotations

import json
import re
from http import HTTPStatus

from sqlalchemy import Connection
from starlette.responses import Response

from polypost import access
from polypost.access import request_log
from polypost.access.request_log import Kept, Narrowed
from polypost.dashboard.curl import curl
from polypost.dashboard.web import Page, Visit

PER_PAGE = 50
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
CLASSES = ("2", "4", "5")
_POST = re.compile(r"/(post_[0-9a-f]+)")


async def listed(visit: Visit) -> Response:
    """Requests, the newest first, narrowed as the address says; an id leads to its page."""
    project_id, path = visit.here.id, visit.asked("path").strip()
    if path.startswith(f"{request_log.KIND}_"):
        return visit.go(visit.url("requests", path))
    status, method = visit.asked("status"), visit.asked("method")
    narrowed = Narrowed(
        int(status) if status in CLASSES else 0,
        method if method in METHODS else "",
        path,
        visit.asked("key"),
    )

    def read(db: Connection) -> tuple[list[access.ApiKey], list[Kept], str]:
        found, further = request_log.list_requests(
            db, project_id, narrowed, before=visit.asked("before"), limit=PER_PAGE
        )
        return access.list_keys(db, project_id), found, further

    keys, found, further = await visit.services.store.browse(project_id, read)
    asked = {"status": status, "method": method, "path": path, "key": narrowed.key_id}
    return visit.page(
        "requests.html",
        requests=found,
        further=further,
        looked_at=request_log.LOOKED_AT if further and len(found) < PER_PAGE else 0,
        keys={each.id: each.name for each in keys},
        asked={name: value for name, value in asked.items() if value},
        before=visit.asked("before"),
        methods=[(each, each) for each in METHODS],
        days=visit.services.settings.keep_requests_days,
        most=request_log.MOST,
        answer_of=answer_of,
        curl=curl(visit, "/v1/posts"),
        place="requests",
    )


async def one(visit: Visit) -> Response:
    """A request with its body, and how to send it again."""
    project_id, request_id = visit.here.id, visit.path("request")

    def read(db: Connection) -> tuple[list[access.ApiKey], Kept]:
        return access.list_keys(db, project_id), request_log.get_request(db, project_id, request_id)

    keys, found = await visit.services.store.read(read)
    post = _POST.search(found.path)
    return visit.page(
        "request.html",
        asked=found,
        key={each.id: each.name for each in keys}.get(found.key_id, found.key_id),
        answer=answer_of(found),
        body=_indented(found.body),
        post=post[1] if post else "",
        most=request_log.BODY_BYTES,
        curl=curl(visit, found.url, found.body or None, method="" if found.method == "GET" else found.method),
        place="requests",
    )


def answer_of(asked: Kept) -> str:
    """The status and its words."""
    try:
        return f"{asked.status} {HTTPStatus(asked.status).phrase}"
    except ValueError:
        return str(asked.status)


def _indented(body: str) -> str:
    """The body as people read it, where it is whole."""
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except ValueError:
        return body


PAGES = (
    Page("GET", "/{project}/requests", listed, "viewer"),
    Page("GET", "/{project}/requests/{request}", one, "viewer"),
)
