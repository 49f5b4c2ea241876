"""Projects and API keys: made, listed, revoked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, and_, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from polypost import clock
from polypost.access import keys
from polypost.access.tables import api_keys, people, projects
from polypost.errors import Conflict, Forbidden, InvalidRequest, NotFound, Problem
from polypost.storage import insert_new, new_id

NAME_CHARACTERS = 200
DEDUPE_SECONDS = 7 * 86400
SCOPES = ("read", "draft", "publish", "connect")
# As large as the stores' whole numbers.
MOST_CREDITS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Project:
    """A tenant; `dedupe_window_seconds` 0 is off.

    `monthly_credits` come anew each calendar month (UTC) and are spent first, `credit_limit` is all it may ever spend
    beyond them; when both are None, nothing limits it.
    """

    id: str
    name: str
    credit_limit: int | None
    dedupe_window_seconds: int
    disabled_at: datetime | None
    created_at: datetime
    monthly_credits: int | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret. Of `SCOPES` it has the named ones, and of the project's accounts those in `profiles`; empty means all.

    `maker` is the name of the person who made it at the dashboard, empty for a command.
    """

    id: str
    project_id: str
    name: str
    prefix: str
    scopes: tuple[str, ...]
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime
    profiles: tuple[str, ...] = ()
    maker: str = ""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling: a project by one of its keys, which reaches the accounts in `profiles` alone where it names some."""

    project: Project
    key_id: str
    scopes: tuple[str, ...]
    profiles: tuple[str, ...] = ()

    def may(self, *scopes: str) -> bool:
        """Whether the key covers one of the scopes, or none is needed."""
        return not self.scopes or not scopes or bool(set(scopes) & set(self.scopes))

    def require(self, *scopes: str) -> None:
        """Pass when the key covers one of the scopes, or when none is needed. Raises Forbidden, which names the first."""
        if not self.may(*scopes):
            raise Forbidden(
                f"This API key does not have the scope '{scopes[0]}'.",
                code="missing_scope",
                next_step=f"Use a key that has it: `polypost keys create --scope {scopes[0]}`.",
            )


def create_project(db: Connection, name: str, *, credits: int | None = None) -> Project:
    """A new project; `credits` is all it may ever spend, None for no limit. Raises InvalidRequest, Conflict."""
    if problems := [*name_problems(name), *_credit_problems(credits=credits)]:
        raise InvalidRequest(problems)
    project = Project(
        id=new_id("prj"),
        name=name.strip(),
        credit_limit=credits,
        dedupe_window_seconds=0,
        disabled_at=None,
        created_at=clock.now(),
    )
    if not insert_new(db, projects, asdict(project)):
        raise _name_taken(project.name)
    return project


def list_projects(db: Connection) -> list[Project]:
    """All projects of this server, oldest first; for its operator only."""
    rows = db.execute(select(projects).order_by(projects.c.created_at, projects.c.id))
    return [project_of(row) for row in rows]


def get_project(db: Connection, project_id: str) -> Project:
    """One project. Raises NotFound."""
    row = db.execute(select(projects).where(projects.c.id == project_id)).one_or_none()
    if row is None:
        raise NotFound("There is no project with this id.", code="project_not_found")
    return project_of(row)


def change_project(
    db: Connection,
    project_id: str,
    *,
    credits: int | Literal["unlimited"] | None = None,
    monthly_credits: int | None = None,
    dedupe_window_seconds: int | None = None,
    disabled: bool | None = None,
) -> Project:
    """Change what is not None; holds within a second in every process. Raises NotFound, InvalidRequest.

    `credits` is all that the project may ever spend besides `monthly_credits`, what it has spent included; "unlimited"
    takes both limits away. A disabled project's keys are
    refused; what it has scheduled still goes out.
    """
    before = get_project(db, project_id)
    problems = _credit_problems(
        credits=None if credits == "unlimited" else credits, monthlyCredits=monthly_credits
    )
    if dedupe_window_seconds is not None and not 0 <= dedupe_window_seconds <= DEDUPE_SECONDS:
        problems.append(
            Problem("dedupeWindowSeconds", "is out of range", f"Give 0 (off) to {DEDUPE_SECONDS} seconds.")
        )
    if problems:
        raise InvalidRequest(problems)
    values: dict[str, Any] = {}
    if credits is not None:
        values["credit_limit"] = None if credits == "unlimited" else credits
    if monthly_credits is not None or credits == "unlimited":
        values["monthly_credits"] = monthly_credits
    if dedupe_window_seconds is not None:
        values["dedupe_window_seconds"] = dedupe_window_seconds
    if disabled is not None:
        values["disabled_at"] = (before.disabled_at or clock.now()) if disabled else None
    if values:
        db.execute(update(projects).where(projects.c.id == project_id).values(**values))
    return get_project(db, project_id)


def rename_project(db: Connection, project_id: str, name: str) -> Project:
    """Give a project another name. Raises NotFound, InvalidRequest, and Conflict for another project's."""
    if problems := name_problems(name):
        raise InvalidRequest(problems)
    name = name.strip()
    try:
        db.execute(update(projects).where(projects.c.id == project_id).values(name=name))
    except IntegrityError:
        raise _name_taken(name) from None
    return get_project(db, project_id)


def create_key(
    db: Connection,
    project_id: str,
    *,
    name: str,
    kind: keys.Kind = "live",
    scopes: Iterable[str] = (),
    profiles: Iterable[str] = (),
    expires_at: datetime | None = None,
    made_by: str | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its secret, which is shown here and never again. Raises NotFound, InvalidRequest.

    `profiles` are ids of the project's, which the caller has looked up; `made_by` is the person with whom it ends.
    """
    get_project(db, project_id)
    scopes = tuple(dict.fromkeys(scopes))
    problems = name_problems(name)
    if unknown := [scope for scope in scopes if scope not in SCOPES]:
        hint = f"Choose among {', '.join(SCOPES)}; none at all means all of them."
        problems.append(Problem("scopes", f"'{unknown[0]}' is no scope.", hint))
    if problems:
        raise InvalidRequest(problems)
    secret, key_id = keys.generate(kind), new_id("key")
    db.execute(
        insert(api_keys).values(
            id=key_id,
            project_id=project_id,
            name=name.strip(),
            prefix=keys.shown(secret),
            hash=keys.digest(secret),
            scopes=list(scopes),
            expires_at=expires_at,
            created_at=clock.now(),
            profiles=list(dict.fromkeys(profiles)) or None,
            made_by=made_by,
        )
    )
    return get_key(db, project_id, key_id), secret


def get_key(db: Connection, project_id: str, key_id: str) -> ApiKey:
    """One key of the project. Raises NotFound."""
    row = db.execute(_keys(project_id).where(api_keys.c.id == key_id)).one_or_none()
    if row is None:
        raise NotFound("There is no API key with this id in this project.", code="key_not_found")
    return _key_of(row)


def list_keys(db: Connection, project_id: str) -> list[ApiKey]:
    """The keys of a project, oldest first, with the revoked ones."""
    query = _keys(project_id).order_by(api_keys.c.created_at, api_keys.c.id)
    return [_key_of(row) for row in db.execute(query)]


def newest_keys(db: Connection, project_id: str, *, ended: bool, limit: int, offset: int = 0) -> list[ApiKey]:
    """A page of a project's keys, newest first: of those that work, or of those that were revoked or came to their end."""
    works = and_(
        api_keys.c.revoked_at.is_(None),
        or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > clock.now()),
    )
    query = _keys(project_id).where(~works if ended else works)
    newest = query.order_by(api_keys.c.created_at.desc(), api_keys.c.id.desc())
    return [_key_of(row) for row in db.execute(newest.limit(limit).offset(offset))]


def revoke_key(db: Connection, project_id: str, key_id: str) -> ApiKey:
    """End a key; every process refuses it within a second. Repeating changes nothing. Raises NotFound."""
    mine = (api_keys.c.id == key_id) & (api_keys.c.project_id == project_id)
    db.execute(update(api_keys).where(mine, api_keys.c.revoked_at.is_(None)).values(revoked_at=clock.now()))
    return get_key(db, project_id, key_id)


def project_of(row: Row[Any]) -> Project:
    """The project in a row that has the table's columns under their own names."""
    return Project(
        id=row.id,
        name=row.name,
        credit_limit=row.credit_limit,
        dedupe_window_seconds=row.dedupe_window_seconds,
        disabled_at=row.disabled_at,
        created_at=row.created_at,
        monthly_credits=row.monthly_credits,
    )


def _key_of(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        project_id=row.project_id,
        name=row.name,
        prefix=row.prefix,
        scopes=tuple(row.scopes),
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
        created_at=row.created_at,
        profiles=tuple(row.profiles or ()),
        maker=row.maker or "",
    )


def _keys(project_id: str) -> Select[Any]:
    """The project's keys, each with the name of who made it."""
    return (
        select(api_keys, people.c.name.label("maker"))
        .join_from(api_keys, people, api_keys.c.made_by == people.c.id, isouter=True)
        .where(api_keys.c.project_id == project_id)
    )


def _credit_problems(**given: int | None) -> list[Problem]:
    return [
        Problem(path, "is out of range", f"Give 0 to {MOST_CREDITS} credits.")
        for path, credits in given.items()
        if credits is not None and not 0 <= credits <= MOST_CREDITS
    ]


def _name_taken(name: str) -> Conflict:
    return Conflict(
        f"There is a project called '{name}' already.",
        code="name_taken",
        next_step="Choose another name; `polypost projects list` shows all.",
    )


def name_problems(name: str) -> list[Problem]:
    """What is wrong with the name of a project, a key or a person."""
    if 1 <= len(name.strip()) <= NAME_CHARACTERS and "\0" not in name:
        return []
    return [Problem("name", f"A name has 1 to {NAME_CHARACTERS} characters.", "Choose another name.")]
