"""Approvals: drafts that wait for somebody's word, and the page of a link by which one person without an account gives it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import chain
from typing import Any, NamedTuple
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.responses import Response

from polypost.access import people
from polypost.access.keys import digest
from polypost.approvals import asking, links
from polypost.approvals.asking import By
from polypost.approvals.links import Opened
from polypost.approvals.tables import APPROVED, RETURNED, WAITING
from polypost.dashboard import framed
from polypost.dashboard.approving import Asked, asked_in, asked_of
from polypost.dashboard.curl import curl
from polypost.dashboard.pages import compose_media, posts
from polypost.dashboard.web import HOME, Page, Visit
from polypost.errors import ApiError, Gone, InvalidRequest, NotFound, Problem
from polypost.intake import Submitter
from polypost.integrations import Integration
from polypost.integrations import service as integrations
from polypost.outbound import on_behalf_of
from polypost.posts import checks, queries
from polypost.posts.orders import order_of
from polypost.posts.queries import Shown

# Drafts that wait, a page; of the others the newest.
PER_PAGE, LATELY = 25, 10
# Who has more drafts than these pages decides first.
LAST_PAGE = 400
# What a link says once it was used.
_USED = {"link_approved": APPROVED, "link_returned": RETURNED}


class _Opened(NamedTuple):
    """A link with all that its page shows."""

    found: Opened
    asked: Asked
    accounts: dict[str, Integration]


async def listed(visit: Visit) -> Response:
    """What waits, what was sent back, and what was approved lately."""
    project_id = visit.here.id
    page = min(visit.page_asked, LAST_PAGE)

    def read(db: Connection) -> tuple[list[list[Asked]], dict[str, Integration], list[Integration]]:
        waiting = asking.listed(db, project_id, WAITING, limit=PER_PAGE + 1, offset=page * PER_PAGE)
        found = [
            waiting,
            *(asking.listed(db, project_id, each, limit=LATELY) for each in (RETURNED, APPROVED)),
        ]
        shown = queries.these(db, project_id, [each.post_id for each in chain(*found)])
        groups = [asked_in(db, project_id, shown, each) for each in found]
        some = [] if any(groups) else integrations.list_integrations(db, project_id, limit=1, sort="asc")[1]
        return groups, _accounts(db, project_id, shown.values()), some

    (waiting, returned, approved), accounts, some = await visit.services.store.browse(project_id, read)
    body = {"content": visit.words("Hello!"), "platforms": [posts.example(some)]}
    return visit.page(
        "approvals.html",
        waiting=waiting[:PER_PAGE],
        returned=returned,
        approved=approved,
        accounts=accounts,
        page=page,
        more=len(waiting) > PER_PAGE and page < LAST_PAGE,
        curl=curl(visit, "/v1/posts/drafts", body),
        place="approvals",
    )


async def one(visit: Visit) -> Response:
    """A draft as its networks will show it, and what can be said to it."""
    return await _page(visit)


async def look(visit: Visit) -> Response:
    """What the networks would show, as a page for a frame."""
    shown, accounts = await visit.services.store.read(
        lambda db: _shown(db, visit.here.id, visit.path("post"))
    )
    return await framed.stored(visit, shown, shown.targets, accounts)


async def ask(visit: Visit) -> Response:
    """Put a draft up for approval, at the hour that it has."""
    project_id, post_id, by = visit.here.id, visit.path("post"), _by(visit)
    try:
        await visit.services.store.write(
            lambda db: asking.ask(db, project_id, post_id, by, text=visit.said("note"))
        )
    except ApiError as error:
        return await _refused(visit, error)
    return visit.go(visit.url("posts", post_id))


async def approve(visit: Visit) -> Response:
    """Let exactly what was shown go out."""
    post_id = visit.path("post")
    try:
        await visit.services.approvals.approve(
            Submitter(visit.who),
            post_id,
            visit.said("version"),
            _by(visit),
            text=visit.said("comment"),
            now=visit.said("now") == "yes",
        )
    except ApiError as error:
        return await _refused(visit, error)
    return visit.go(visit.url("posts", post_id))


async def send_back(visit: Visit) -> Response:
    """Say what has to change."""
    project_id, post_id, by = visit.here.id, visit.path("post"), _by(visit)
    version, text = visit.said("version"), visit.said("comment")
    try:
        await visit.services.store.write(
            lambda db: asking.send_back(db, project_id, post_id, version, by, text)
        )
    except ApiError as error:
        return await _refused(visit, error)
    return visit.go(visit.url("approvals"))


async def new_link(visit: Visit) -> Response:
    """A link for one person; shown once."""
    project_id, post_id, by = visit.here.id, visit.path("post"), _by(visit)
    days, version = visit.said("days"), visit.said("version")
    try:
        secret = await visit.services.store.write(
            lambda db: links.make(
                db, project_id, post_id, version, by, days=int(days) if days in map(str, links.DAYS) else 0
            )
        )
    except ApiError as error:
        return await _refused(visit, error)
    return await _page(visit, link=f"{visit.base}{HOME}/approve/{secret}")


async def revoke(visit: Visit) -> Response:
    """End a link before its time."""
    project_id, post_id, by = visit.here.id, visit.path("post"), _by(visit)
    link_id = visit.path("link")
    await visit.services.store.write(lambda db: links.revoke(db, project_id, post_id, link_id, by))
    return visit.go(visit.url("approvals", post_id))


async def by_link(visit: Visit) -> Response:
    """What somebody is asked to approve. Looking at it changes nothing: mail programs look at links, too."""
    return await _of_link(visit)


async def answer(visit: Visit) -> Response:
    """Approve, or send back, in the name of who holds the link."""
    secret, name, text = visit.path("secret"), visit.said("name").strip(), visit.said("comment")
    # As often as a password may be tried.
    visit.services.signing.attempt(visit.address, f"approve {digest(secret)}")
    store = visit.services.store
    try:
        found = await store.read(lambda db: links.opened(db, secret))
        on_behalf_of(found.link.project_id)
        if wrong := people.problems_of_name(name):
            hint = "Say who you are, so that it is known who decided."
            raise InvalidRequest([Problem("name", each.message, hint) for each in wrong])
        if visit.said("do") == "return":
            await store.write(lambda db: links.send_back(db, secret, name, text))
        else:
            by = By(found.giver.id, name, found.link.id)
            await visit.services.approvals.approve(
                Submitter(found.who), found.link.post_id, found.link.version, by, text=text, secret=secret
            )
    except Gone as error:
        return _gone(visit, error)
    except ApiError as error:
        if error.status >= 500:
            raise
        return await _of_link(visit, error.status, problems=_problems(error))
    return visit.go(f"{HOME}/approve/{secret}")


async def look_by_link(visit: Visit) -> Response:
    """The same drawing for who holds a link."""
    found = await _opened(visit)
    shown = found.asked.shown
    return await framed.stored(
        visit, shown, shown.targets, found.accounts, partial(_place, visit.path("secret"))
    )


async def file_by_link(visit: Visit) -> Response:
    """A picture or film of the draft, and nothing else."""
    found = await _opened(visit)
    shown, url = found.asked.shown, visit.asked("url")
    order = order_of(shown.post, shown.targets)
    known = {
        each for item in [*order.media, *checks.option_media(order)] for each in (item.url, item.thumbnail)
    }
    if url not in known:
        raise NotFound("There is no such file in this post.", code="media_not_found")
    project_id = found.found.link.project_id
    return await compose_media.shown(visit, project_id, url, film=visit.asked("kind") == "video")


def _place(secret: str, url: str, kind: str) -> str:
    return f"{HOME}/approve/{secret}/file?{urlencode({'url': url, 'kind': kind})}"


async def _opened(visit: Visit) -> _Opened:
    """What the link of the path leads to. Raises Gone, TooManyRequests."""
    secret = visit.path("secret")

    def read(db: Connection) -> _Opened:
        found = links.opened(db, secret)
        shown, accounts = _shown(db, found.link.project_id, found.link.post_id)
        return _Opened(found, asked_of(db, found.link.project_id, shown), accounts)

    try:
        opened = await visit.services.store.read(read)
    except Gone as error:
        if error.code == "link_ended":
            visit.services.throttle.failure(visit.address)
        raise
    on_behalf_of(opened.found.link.project_id)
    return opened


async def _of_link(visit: Visit, status: int = 200, *, problems: Sequence[Problem] = ()) -> Response:
    try:
        opened = await _opened(visit)
    except Gone as error:
        return _gone(visit, error)
    return visit.page(
        "approve.html",
        status,
        found=opened.found,
        project=opened.found.who.project,
        asked=opened.asked,
        accounts=opened.accounts,
        problems=problems,
        base=f"{HOME}/approve/{visit.path('secret')}",
    )


def _gone(visit: Visit, error: Gone) -> Response:
    """What a link says that shows nothing any more. Raises Gone where it was not used."""
    if error.code not in _USED:
        raise error
    return visit.page("approve_done.html", outcome=_USED[error.code])


async def _refused(visit: Visit, error: ApiError) -> Response:
    if error.status >= 500 or isinstance(error, NotFound):
        raise error
    return await _page(visit, error.status, problems=_problems(error))


def _problems(error: ApiError) -> Sequence[Problem]:
    found = error.problems if isinstance(error, InvalidRequest) else []
    return found or [Problem("", str(error), error.next_step)]


async def _page(
    visit: Visit, status: int = 200, *, link: str = "", problems: Sequence[Problem] = ()
) -> Response:
    project_id = visit.here.id

    def read(db: Connection) -> tuple[Asked, dict[str, Integration]]:
        shown, accounts = _shown(db, project_id, visit.path("post"))
        return asked_of(db, project_id, shown), accounts

    asked, accounts = await visit.services.store.read(read)
    return visit.page(
        "approval.html",
        status,
        asked=asked,
        accounts=accounts,
        link=link,
        days=links.DAYS,
        problems=problems,
        place="approvals",
    )


def _shown(db: Connection, project_id: str, post_id: str) -> tuple[Shown, dict[str, Integration]]:
    shown = queries.one(db, project_id, post_id)
    return shown, _accounts(db, project_id, [shown])


def _accounts(db: Connection, project_id: str, shown: Any) -> dict[str, Integration]:
    return integrations.find(
        db, project_id, {target.integration_id for each in shown for target in each.targets}
    )


def _by(visit: Visit) -> By:
    return By(visit.person.id, visit.person.name)


PAGES = (
    Page("GET", "/approve/{secret}", by_link, open=True, secret=True),
    Page("POST", "/approve/{secret}", answer, open=True, secret=True),
    Page("GET", "/approve/{secret}/look", look_by_link, open=True, secret=True),
    Page("GET", "/approve/{secret}/file", file_by_link, open=True, secret=True),
    Page("GET", "/{project}/approvals", listed, "viewer"),
    Page("GET", "/{project}/approvals/{post}", one, "viewer"),
    Page("GET", "/{project}/approvals/{post}/look", look, "viewer"),
    Page("POST", "/{project}/approvals/{post}/ask", ask, "author"),
    Page("POST", "/{project}/approvals/{post}/approve", approve, "editor"),
    Page("POST", "/{project}/approvals/{post}/return", send_back, "editor"),
    Page("POST", "/{project}/approvals/{post}/links", new_link, "editor"),
    Page("POST", "/{project}/approvals/{post}/links/{link}/revoke", revoke, "editor"),
)
