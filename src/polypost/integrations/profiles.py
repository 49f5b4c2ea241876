"""Profiles: groups of a project's accounts. A deleted one is only hidden; its accounts keep its id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from types import EllipsisType
from typing import Any

from sqlalchemy import Connection, Select, func, insert, or_, select, update

from polypost import clock
from polypost.errors import NotFound
from polypost.integrations.tables import integrations, profiles
from polypost.storage import new_id

_T = profiles.c
_ACCOUNTS = (
    select(func.count())
    .where(
        integrations.c.profile_id == _T.id,
        integrations.c.project_id == _T.project_id,
        integrations.c.disconnected_at.is_(None),
    )
    .scalar_subquery()
)


@dataclass(frozen=True, slots=True)
class Profile:
    """A group of accounts; `integration_count` is how many connected ones it has."""

    id: str
    project_id: str
    name: str
    description: str | None
    integration_count: int
    created_at: datetime
    updated_at: datetime


def create(db: Connection, project_id: str, *, name: str, description: str | None = None) -> Profile:
    """A new profile; names need not be unique."""
    profile_id, now = new_id("prof"), clock.now()
    db.execute(
        insert(profiles).values(
            id=profile_id,
            project_id=project_id,
            **_named(name),
            description=description,
            created_at=now,
            updated_at=now,
        )
    )
    return get(db, project_id, profile_id)


def get(db: Connection, project_id: str, profile_id: str) -> Profile:
    """One profile of the project. Raises NotFound."""
    row = db.execute(_shown(project_id).where(_T.id == profile_id)).one_or_none()
    if row is None:
        raise _not_found()
    return Profile(**row._asdict())


def require(db: Connection, project_id: str, profile_id: str | None) -> None:
    """Pass when accounts can be put into the profile, or into none. Raises NotFound."""
    if profile_id is not None:
        get(db, project_id, profile_id)


def list_profiles(
    db: Connection, project_id: str, *, name: str | None = None, limit: int, offset: int
) -> tuple[int, list[Profile]]:
    """How many profiles have `name` in theirs, whatever the case, and a page of them, the newest first."""
    wanted = [_T.project_id == project_id, _T.deleted_at.is_(None)]
    if name:
        wanted.append(_T.search.contains(name.casefold(), autoescape=True))
    total = db.execute(select(func.count()).select_from(profiles).where(*wanted)).scalar_one()
    page = (
        _shown(project_id)
        .where(*wanted)
        .order_by(_T.created_at.desc(), _T.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return total, [Profile(**row._asdict()) for row in db.execute(page)]


def change(
    db: Connection,
    project_id: str,
    profile_id: str,
    *,
    name: str | None = None,
    description: str | EllipsisType | None = ...,
) -> Profile:
    """Rename a profile or describe it anew; a description of None is taken away. Raises NotFound."""
    values: dict[str, Any] = {"updated_at": clock.now()}
    if name is not None:
        values |= _named(name)
    if description is not ...:
        values["description"] = description
    _update(db, project_id, profile_id, values)
    return get(db, project_id, profile_id)


def remove(db: Connection, project_id: str, profile_id: str) -> None:
    """Show the profile no more; its accounts stay as they are. Raises NotFound."""
    now = clock.now()
    _update(db, project_id, profile_id, {"deleted_at": now, "updated_at": now})


def bound(project_id: str, profile_id: str | None) -> Any:
    """The condition for accounts of a profile; None is for those that no profile shows: without one, or of a deleted one."""
    if profile_id is not None:
        return integrations.c.profile_id == profile_id
    deleted = select(_T.id).where(_T.project_id == project_id, _T.deleted_at.is_not(None))
    return or_(integrations.c.profile_id.is_(None), integrations.c.profile_id.in_(deleted))


def accounts(project_id: str, profile_id: str | None) -> Select[tuple[str]]:
    """The ids of a profile's accounts as a query to look in, with those that are disconnected: their posts stay theirs."""
    return select(integrations.c.id).where(
        integrations.c.project_id == project_id, bound(project_id, profile_id)
    )


def _named(name: str) -> dict[str, str]:
    # SQLite folds the case of ASCII letters only, so the text to look in is folded here.
    return {"name": name, "search": name.casefold()}


def _update(db: Connection, project_id: str, profile_id: str, values: dict[str, Any]) -> None:
    changed = db.execute(
        update(profiles)
        .where(_T.id == profile_id, _T.project_id == project_id, _T.deleted_at.is_(None))
        .values(**values)
    )
    if not changed.rowcount:
        raise _not_found()


def _shown(project_id: str) -> Any:
    return select(
        _T.id,
        _T.project_id,
        _T.name,
        _T.description,
        _ACCOUNTS.label("integration_count"),
        _T.created_at,
        _T.updated_at,
    ).where(_T.project_id == project_id, _T.deleted_at.is_(None))


def _not_found() -> NotFound:
    return NotFound("There is no profile with this id in this project.", code="profile_not_found")
