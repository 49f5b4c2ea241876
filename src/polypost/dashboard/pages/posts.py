"""Posts: the list, and the page of each, which tells its whole story."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from starlette.responses import Response

from polypost.access.people import projects_of
from polypost.dashboard.web import HOME, Page, Visit
from polypost.errors import NotFound
from polypost.integrations import Integration
from polypost.integrations import service as integrations
from polypost.posts import queries, timeline
from polypost.posts.queries import Shown

PER_PAGE = 25
STATUSES = ("draft", "scheduled", "publishing", "published", "partial", "failed")


async def listed(visit: Visit) -> Response:
    """Posts of the project, newest first; narrowed by status and network."""
    status, platform = visit.asked("status"), visit.asked("platform")
    page = int(visit.asked("page")) if visit.asked("page").isdecimal() else 0
    filters = queries.Filters(
        statuses=[status] if status in STATUSES else (), platforms=[platform] if platform else ()
    )
    project_id = visit.here.id

    def read(db: Any) -> tuple[int, list[Shown], dict[str, Integration]]:
        total, found = queries.many(
            db, project_id, filters, limit=PER_PAGE, offset=page * PER_PAGE, descending=True
        )
        return total, found, _accounts(db, project_id, found)

    total, found, accounts = await visit.services.store.browse(project_id, read)
    return visit.page(
        "posts.html",
        posts=found,
        total=total,
        page=page,
        pages=-(-total // PER_PAGE),
        state_asked=status,
        platform=platform,
        accounts=accounts,
        statuses=STATUSES,
        place="posts",
    )


async def one(visit: Visit) -> Response:
    """The page of a post."""
    return await _page(visit)


async def cards(visit: Visit) -> Response:
    """What changes on a post's page by itself."""
    return await _page(visit, "post_cards.html")


async def find(visit: Visit) -> Response:
    """Lead from an id to its page, in whichever project of the person it is."""
    post_id = visit.path("post")

    def look(db: Any) -> str:
        for project, _ in projects_of(db, visit.person):
            try:
                queries.one(db, project.id, post_id)
            except NotFound:
                continue
            return project.id
        raise NotFound("There is no post with this id.", code="post_not_found")

    project_id = await visit.services.store.read(look)
    return visit.go(f"{HOME}/{project_id}/posts/{post_id}")


async def retry(visit: Visit) -> Response:
    """Failed targets once more, or one of them."""
    visit.who.require("publish")
    raw: dict[str, Any] = {"force": visit.said("force") == "yes"}
    if account := visit.said("account"):
        raw["platforms"] = [{"platform": visit.said("platform"), "accountId": account}]
    await visit.services.intake.retry(visit.submitter(), visit.path("post"), raw)
    return visit.go(visit.url("posts", visit.path("post")))


async def mend(visit: Visit) -> Response:
    """Another text for a failed target, and once more."""
    visit.who.require("publish")
    entry = {
        "platform": visit.said("platform"),
        "accountId": visit.said("account"),
        "content": visit.said("content").replace("\r\n", "\n"),
    }
    await visit.services.intake.mend(visit.submitter(), visit.path("post"), {"platforms": [entry]})
    return visit.go(visit.url("posts", visit.path("post")))


async def remove(visit: Visit) -> Response:
    """Delete the post here, and on the networks where that is asked."""
    visit.who.require("publish")
    wide = visit.said("networks") == "yes"
    await visit.services.remover.remove(visit.here, visit.path("post"), from_platforms=wide)
    return visit.go(visit.url("posts"))


async def _page(visit: Visit, template: str = "post.html") -> Response:
    project_id, post_id = visit.here.id, visit.path("post")

    def read(db: Any) -> tuple[Shown, list[Any], dict[str, Integration]]:
        found = queries.one(db, project_id, post_id)
        return found, timeline.read(db, project_id, post_id), _accounts(db, project_id, [found])

    found, lines, accounts = await visit.services.store.browse(project_id, read)
    by_target: dict[str | None, list[Any]] = {}
    for line in lines:
        by_target.setdefault(line.target_id, []).append(line)
    return visit.page(
        template,
        post=found.post,
        targets=found.targets,
        lines=by_target,
        accounts=accounts,
        done=found.done,
        curl=_curl(visit, found.post.raw),
        place="posts",
    )


def _curl(visit: Visit, raw: Any) -> str:
    """The request that makes this post."""
    address = visit.services.settings.public_url or str(visit.request.base_url).rstrip("/")
    body = json.dumps(raw, ensure_ascii=False, indent=2).replace("'", "'\\''")
    return (
        f"curl {address}/v1/posts \\\n  -H 'x-access-key: YOUR_KEY' -H 'content-type: application/json' \\\n"
        f"  -d '{body}'"
    )


def _accounts(db: Any, project_id: str, found: Iterable[Shown]) -> dict[str, Integration]:
    ids = {target.integration_id for each in found for target in each.targets}
    return integrations.find(db, project_id, ids)


PAGES = (
    Page("GET", "/posts/{post}", find),
    Page("GET", "/{project}/posts", listed, "viewer"),
    Page("GET", "/{project}/posts/{post}", one, "viewer"),
    Page("GET", "/{project}/posts/{post}/cards", cards, "viewer"),
    Page("POST", "/{project}/posts/{post}/retry", retry, "editor"),
    Page("POST", "/{project}/posts/{post}/change", mend, "editor"),
    Page("POST", "/{project}/posts/{post}/delete", remove, "editor"),
)
