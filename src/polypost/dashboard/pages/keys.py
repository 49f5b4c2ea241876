"""API keys: who may call the API in the project's name, what for, and until when."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from polypost import access, clock
from polypost.access import ApiKey, grants, people
from polypost.dashboard.catalogue import phrase
from polypost.dashboard.curl import curl
from polypost.dashboard.saying import Mistyped, sentences
from polypost.dashboard.web import Page, Visit
from polypost.errors import ApiError, InvalidRequest, NotFound, Problem
from polypost.integrations import profiles

# Keys that work on a page, and the most that are shown of those that ended and of profiles.
PAGE, MOST_ENDED, MOST_PROFILES, MOST_AGENTS = 50, 25, 500, 100
LONGEST_DAYS = 36_500
SCOPES = {
    "read": phrase("Looks at posts, accounts and figures, and checks a post without publishing it."),
    "draft": phrase("Writes drafts for people to publish, uploads files for them, and never publishes."),
    "publish": phrase("Publishes, schedules, changes and deletes posts, uploads files, answers comments."),
    "connect": phrase("Connects and disconnects accounts, and manages apps, profiles and webhooks."),
}
_FIELDS = {"name": phrase("Name"), "days": phrase("Days"), "profiles": phrase("Profiles"), "scopes": ""}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the form says of a new key; `days` is what stands in its field."""

    name: str = ""
    scopes: Sequence[str] = ("read", "draft", "publish")
    profiles: Sequence[str] = ()
    days: str = ""


async def listed(visit: Visit) -> Response:
    """The keys that work, those that ended, and a form for another."""
    return await _page(visit)


async def create(visit: Visit) -> Response:
    """A new key; its secret is on this page and never again."""
    asked = Wanted(visit.said("name"), _chosen(visit, "scope"), _chosen(visit, "profile"), visit.said("days"))
    try:
        made = await visit.services.store.write(lambda db: _made(visit, db, asked))
    except (InvalidRequest, NotFound) as error:
        return await _page(visit, error.status, wrong=error, given=asked)
    return await _page(visit, made=made)


async def revoke(visit: Visit) -> Response:
    """End a key."""
    project_id, key_id = visit.here.id, visit.path("key")

    def write(db: Connection) -> None:
        key = access.revoke_key(db, project_id, key_id)
        people.note(
            db, "key_revoked", person_id=visit.person.id, project_id=project_id, key=key.id, name=key.name
        )

    await visit.services.store.write(write)
    return visit.go(visit.url("keys"))


async def end_agent(visit: Visit) -> Response:
    """End what a person gave to an agent."""
    project_id, grant_id, by = visit.here.id, visit.path("grant"), visit.person.id
    await visit.services.store.write(lambda db: grants.revoke(db, project_id, grant_id, by=by))
    return visit.go(visit.url("keys"))


def _made(visit: Visit, db: Connection, asked: Wanted) -> tuple[ApiKey, str]:
    days = asked.days.strip()
    if days and not (days.isascii() and days.isdigit() and 1 <= int(days[:6]) <= LONGEST_DAYS):
        hint = visit.words("Give 1 to 36500 days, or nothing for a key without an end.")
        raise Mistyped([Problem("days", visit.words("is not how long a key can last"), hint)])
    if not asked.scopes:
        # Of the API's own accord none at all means all, which nobody means by an empty form.
        raise Mistyped([Problem("scopes", visit.words("Choose what the key may do."))])
    for profile_id in asked.profiles:
        profiles.require(db, visit.here.id, profile_id)
    key, secret = access.create_key(
        db,
        visit.here.id,
        name=asked.name,
        scopes=() if set(asked.scopes) >= set(access.SCOPES) else asked.scopes,
        profiles=asked.profiles,
        expires_at=clock.now() + timedelta(days=int(days)) if days else None,
        made_by=visit.person.id,
    )
    people.note(
        db, "key_created", person_id=visit.person.id, project_id=visit.here.id, key=key.id, name=key.name
    )
    return key, secret


def _chosen(visit: Visit, name: str) -> list[str]:
    return [each for each in visit.form.getlist(name) if isinstance(each, str)]


async def _page(
    visit: Visit,
    status: int = 200,
    *,
    wrong: ApiError | None = None,
    given: Wanted | None = None,
    made: tuple[ApiKey, str] | None = None,
) -> Response:
    project_id, asked = visit.here.id, visit.asked("page")
    page = int(asked) if re.fullmatch("[0-9]{1,6}", asked) else 0

    def read(db: Connection) -> Mapping[str, Any]:
        return {
            "keys": access.newest_keys(db, project_id, ended=False, limit=PAGE + 1, offset=page * PAGE),
            "ended": access.newest_keys(db, project_id, ended=True, limit=MOST_ENDED + 1),
            "agents": grants.listed(db, project_id, limit=MOST_AGENTS),
            "groups": profiles.list_profiles(db, project_id, limit=MOST_PROFILES, offset=0)[1],
        }

    found = await visit.services.store.read(read)
    return visit.page(
        "keys.html",
        status,
        **found,
        names={group.id: group.name for group in found["groups"]},
        page=page,
        most=PAGE,
        most_ended=MOST_ENDED,
        scopes=SCOPES,
        given=given or Wanted(),
        wrong=sentences(wrong, visit, _FIELDS) if wrong else [],
        made=made,
        curl=curl(visit, "/v1/health/auth", key=made[1]) if made else "",
        place="keys",
    )


PAGES = (
    Page("GET", "/{project}/keys", listed, "owner"),
    Page("POST", "/{project}/keys", create, "owner"),
    Page("POST", "/{project}/keys/{key}/revoke", revoke, "owner", sure=True),
    Page("POST", "/{project}/agents/{grant}/end", end_agent, "owner"),
)
