"""Who belongs to a project, who is invited, and what was done; and new projects, for the operator."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from polypost import access
from polypost.access import people
from polypost.approvals import links
from polypost.dashboard.web import HOME, Page, Visit
from polypost.errors import Conflict, InvalidRequest, Problem


async def team(visit: Visit) -> Response:
    """The members, and the log."""
    return await _page(visit)


async def invite(visit: Visit) -> Response:
    """A link for a new member; shown once."""
    role = _role(visit)
    secret = await visit.services.store.write(lambda db: _invited(db, visit, role))
    return await _page(visit, link=f"{visit.base}{HOME}/join/{secret}")


async def change_role(visit: Visit) -> Response:
    """What a member may do from now on."""
    role, person_id, project_id = _role(visit), visit.path("person"), visit.here.id

    def write(db: Any) -> None:
        _require_member(db, project_id, person_id)
        people.set_role(db, project_id, person_id, role)
        if role not in {"owner", "editor"}:
            links.end_of(db, project_id, person_id)
        people.note(
            db, "role_changed", person_id=visit.person.id, project_id=project_id, member=person_id, role=role
        )

    await visit.services.store.write(write)
    return visit.go(visit.url("people"))


async def remove(visit: Visit) -> Response:
    """End somebody's part in the project."""
    person_id, project_id = visit.path("person"), visit.here.id

    def write(db: Any) -> None:
        people.remove_member(db, project_id, person_id)
        links.end_of(db, project_id, person_id)
        people.note(db, "member_removed", person_id=visit.person.id, project_id=project_id, member=person_id)

    await visit.services.store.write(write)
    return visit.go(visit.url("people"))


async def new_project(visit: Visit) -> Response:
    """A project of the operator's."""

    def write(db: Any) -> access.Project:
        made = access.create_project(db, visit.said("name"))
        people.note(db, "project_created", person_id=visit.person.id, project_id=made.id, name=made.name)
        return made

    try:
        made = await visit.services.store.write(write)
    except Conflict as error:
        raise InvalidRequest([Problem("name", error.message)]) from error
    return visit.go(f"{HOME}/{made.id}/accounts")


def _invited(db: Any, visit: Visit, role: people.Role) -> str:
    people.note(db, "member_invited", person_id=visit.person.id, project_id=visit.here.id, role=role)
    return people.invite(db, "invite", project_id=visit.here.id, role=role, by=visit.person.id)


def _role(visit: Visit) -> people.Role:
    role = visit.said("role")
    if role not in people.ROLES:
        raise InvalidRequest(
            [Problem("role", "There is no such role.", f"Choose among {', '.join(people.ROLES)}.")]
        )
    return role


def _require_member(db: Any, project_id: str, person_id: str) -> None:
    if person_id not in {
        person.id for person, _ in people.list_members(db, project_id) if not person.operator
    }:
        raise InvalidRequest([Problem("person", "This person is no member, or runs the server.")])


async def _page(visit: Visit, *, link: str = "") -> Response:
    project_id = visit.here.id
    members, acts = await visit.services.store.read(
        lambda db: (
            people.list_members(db, project_id),
            people.list_acts(db, project_id, server=visit.person.operator),
        )
    )
    return visit.page(
        "people.html", members=members, acts=acts, link=link, roles=people.ROLES, place="people"
    )


PAGES = (
    Page("GET", "/{project}/people", team, "owner"),
    Page("POST", "/{project}/people/invite", invite, "owner"),
    Page("POST", "/{project}/people/{person}/role", change_role, "owner"),
    Page("POST", "/{project}/people/{person}/remove", remove, "owner", sure=True),
    Page("POST", "/projects", new_project, operator=True),
)
