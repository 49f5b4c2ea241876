"""The page on which a person lets an agent in, or does not."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import Connection
from starlette.responses import Response

from polypost.access import grants, people
from polypost.access.clients import is_loopback
from polypost.dashboard.catalogue import phrase
from polypost.dashboard.pages.keys import SCOPES
from polypost.dashboard.web import Page, Visit
from polypost.entrance.consent import Asked, Turned, asked
from polypost.errors import InvalidRequest, NotFound, Problem

# What somebody has to take in by a click of their own, because it is public at once.
_BY_HAND = "publish"


async def form(visit: Visit) -> Response:
    """Who asks, for what, and where the browser is sent back to."""
    return await _page(visit, visit.request.url.query)


async def answer(visit: Visit) -> Response:
    """The person's answer, with which the browser goes back to the agent."""
    query = visit.said("query")
    try:
        found = await _asked(visit, query)
    except Turned as turned:
        return _back(visit, turned.url)
    if visit.said("do") != "allow":
        return _back(visit, found.answer(error="access_denied", error_description="The person said no."))
    chosen = [each for each in visit.form.getlist("scope") if isinstance(each, str) and each in found.scopes]
    project = next(((each, role) for each, role in visit.projects if each.id == visit.said("project")), None)
    if project is None:
        raise NotFound(
            phrase("There is no such project, or you are no member of it."), code="project_not_found"
        )
    who = people.principal_of(visit.person, *project)
    if not any(who.may(scope) for scope in chosen):
        said = visit.words("Choose what the agent may do, and a project in which you may do it yourself.")
        return await _page(visit, query, 400, [Problem("scopes", said)])

    def write(db: Connection) -> str:
        return grants.give(
            db,
            who,
            visit.person,
            client_id=found.client.id,
            client_name=found.client.name,
            scopes=chosen,
            redirect_uri=found.redirect_uri,
            challenge=found.challenge,
        )

    return _back(visit, found.answer(code=await visit.services.store.write(write)))


async def _page(
    visit: Visit, query: str, status: int = 200, problems: list[Problem] | None = None
) -> Response:
    try:
        found = await _asked(visit, query)
    except Turned as turned:
        return _back(visit, turned.url)
    return visit.page(
        "consent.html",
        status,
        found=found,
        host=urlsplit(found.redirect_uri).netloc or found.redirect_uri,
        own_machine=is_loopback(found.redirect_uri),
        usable=visit.projects,
        scopes={scope: SCOPES[scope] for scope in found.scopes},
        by_hand=_BY_HAND,
        query=query,
        problems=problems or [],
    )


async def _asked(visit: Visit, query: str) -> Asked:
    if not visit.services.settings.agents_oauth:
        raise NotFound(code="oauth_off")
    try:
        said = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=30))
    except ValueError as error:
        raise InvalidRequest(message="The address has too many parts.", code="bad_client") from error
    return await asked(visit.services, visit.base, said)


def _back(visit: Visit, url: str) -> Response:
    """A page that goes on to the agent by itself; a form may lead to no other site."""
    page = visit.page("consent_done.html", url=url)
    page.headers["Refresh"] = f"0; url={url}"
    page.headers["Referrer-Policy"] = "no-referrer"
    return page


PAGES = (
    Page("GET", "/consent", form),
    Page("POST", "/consent", answer),
)
