"""People who sign in, their roles in projects, how they get in, and a log of what was done to the server."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

import structlog
from sqlalchemy import Connection, and_, false, func, insert, or_, select, update

from polypost import clock
from polypost.access.keys import digest
from polypost.access.service import Principal, Project, get_project, name_problems, project_of
from polypost.access.tables import acts, api_keys, invitations, members, people, projects, sessions
from polypost.errors import Conflict, Gone, InvalidRequest, NotFound, Problem
from polypost.storage import after_commit, insert_new, new_id, upsert

log = structlog.get_logger("polypost.access")
Role = Literal["owner", "editor", "author", "viewer"]
ROLES: tuple[Role, ...] = get_args(Role)
# What each may do by the API's scopes; only an owner manages people, keys, webhooks, apps and the project itself.
SCOPES_OF: Mapping[str, tuple[str, ...]] = {
    "owner": (),
    "editor": ("read", "draft", "publish", "connect"),
    "author": ("read", "draft"),
    "viewer": ("read",),
}
Kind = Literal["first", "operator", "invite", "recover"]
LASTS: Mapping[str, timedelta] = {
    "first": timedelta(days=7),
    "operator": timedelta(days=7),
    "invite": timedelta(days=7),
    "recover": timedelta(hours=1),
}
IDLE = timedelta(hours=12)
# After so long the password is asked for again before what cannot be undone.
SURE = timedelta(minutes=15)
_TOUCH = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs in; an `operator` runs the server and is an owner everywhere."""

    id: str
    name: str
    operator: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """A browser in which a person is signed in; `sure` says that the password was given a short while ago."""

    id: str
    person: Person
    agent: str
    address: str
    created_at: datetime
    seen_at: datetime
    sure: bool


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a link in somebody's hands is for."""

    id: str
    kind: Kind
    project_id: str | None
    role: Role | None
    person_id: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Act:
    """Something that was done to the server or a project; `who` is the person's name, empty for a command."""

    at: datetime
    who: str
    what: str
    detail: Mapping[str, Any]


def principal_of(person: Person, project: Project, role: str) -> Principal:
    """The person as who asks in a project: what is made is made in the person's name."""
    return Principal(project, person.id, SCOPES_OF[role])


def anybody(db: Connection) -> bool:
    """Whether somebody can sign in at all."""
    return db.execute(select(people.c.id).where(people.c.removed_at.is_(None)).limit(1)).first() is not None


def invite(
    db: Connection,
    kind: Kind,
    *,
    project_id: str | None = None,
    role: Role | None = None,
    person_id: str | None = None,
    by: str | None = None,
) -> str:
    """The secret of a link that works once, for as long as `LASTS` says."""
    secret, now = secrets.token_urlsafe(32), clock.now()
    db.execute(
        insert(invitations).values(
            id=new_id("inv"),
            hash=digest(secret),
            kind=kind,
            project_id=project_id,
            role=role,
            person_id=person_id,
            created_by=by,
            created_at=now,
            expires_at=now + LASTS[kind],
        )
    )
    return secret


def invitation(db: Connection, secret: str) -> Invitation:
    """What a link is for. Raises Gone for one that was used, is too old, or never was."""
    row = db.execute(select(invitations).where(invitations.c.hash == digest(secret))).one_or_none()
    if row is None or row.used_at is not None or row.expires_at <= clock.now() or _passed(db, row.kind):
        raise Gone(
            "This link was used, or has ended.",
            code="link_ended",
            next_step="Ask for a new one; whoever runs the server makes one with `polypost people invite`.",
        )
    return Invitation(row.id, row.kind, row.project_id, row.role, row.person_id, row.expires_at)


def accept_invitation(db: Connection, secret: str, *, name: str, password: str) -> Person:
    """The person that a link makes, or to whom it gives a new password; `password` is what is kept of it.

    Raises Gone, InvalidRequest, Conflict.
    """
    link, now = _used(db, secret), clock.now()
    if link.person_id is not None:
        person = get_person(db, link.person_id)
        change_password(db, person, password)
        return person
    person = _join(db, name, password, operator=link.kind in {"first", "operator"}, now=now)
    if link.project_id is not None and link.role is not None:
        set_role(db, link.project_id, person.id, link.role)
    note(
        db, "person_joined", person_id=person.id, project_id=link.project_id, name=person.name, role=link.role
    )
    return person


def accept_as(db: Connection, secret: str, person: Person) -> Invitation:
    """Make somebody who is there already a member by a link; it takes no right away. Raises Gone, InvalidRequest."""
    link = _used(db, secret)
    if link.kind != "invite" or link.project_id is None or link.role is None:
        raise InvalidRequest([Problem("as", "This link is for somebody new.", "Sign out and open it again.")])
    had = {found.id: role for found, role in list_members(db, link.project_id)}.get(person.id)
    if had is None or ROLES.index(link.role) < ROLES.index(had):
        set_role(db, link.project_id, person.id, link.role)
    note(
        db,
        "person_joined",
        person_id=person.id,
        project_id=link.project_id,
        name=person.name,
        role=link.role,
    )
    return link


def folded(name: str) -> str:
    """A name without the differences that nobody sees: case, width, and characters that have none."""
    seen = "".join(each for each in unicodedata.normalize("NFKC", name) if unicodedata.category(each) != "Cf")
    return unicodedata.normalize("NFKC", seen.casefold()).strip()


def credentials(db: Connection, name: str) -> tuple[Person, str] | None:
    """Who has this name, and what is kept of the password."""
    if problems_of_name(name):
        return None
    row = db.execute(select(people).where(_there(), people.c.folded == folded(name))).one_or_none()
    return None if row is None else (_person(row), row.password)


def change_password(db: Connection, person: Person, password: str, *, but: str | None = None) -> None:
    """Another password, of which `password` is kept; signs out everywhere, `but` in one session."""
    db.execute(update(people).where(people.c.id == person.id).values(password=password))
    end_sessions(db, person.id, but=but)
    note(db, "password_changed", person_id=person.id, name=person.name)


def get_person(db: Connection, person_id: str) -> Person:
    """One person. Raises NotFound."""
    row = db.execute(select(people).where(_there(), people.c.id == person_id)).one_or_none()
    if row is None:
        raise NotFound("There is nobody with this id.", code="person_not_found")
    return _person(row)


def named(db: Connection, name: str) -> Person:
    """Who has this name or id. Raises NotFound."""
    for person in list_people(db):
        if person.id == name or folded(person.name) == folded(name):
            return person
    raise NotFound(
        f"There is nobody called '{name}'.", code="person_not_found", next_step="See `polypost people list`."
    )


def list_people(db: Connection) -> list[Person]:
    """Everybody who can sign in, in the order in which they came; for the server's operator."""
    rows = db.execute(select(people).where(_there()).order_by(people.c.created_at, people.c.id))
    return [_person(row) for row in rows]


def list_members(db: Connection, project_id: str) -> list[tuple[Person, Role]]:
    """Who belongs to a project, in the order in which they came to it; operators, who belong to all, first."""
    query = (
        select(people, members.c.role)
        .join_from(
            people,
            members,
            and_(members.c.person_id == people.c.id, members.c.project_id == project_id),
            isouter=True,
        )
        .where(_there(), or_(people.c.operator.is_(True), members.c.role.is_not(None)))
        .order_by(people.c.operator.desc(), members.c.created_at, people.c.id)
    )
    return [(_person(row), "owner" if row.operator else row.role) for row in db.execute(query)]


def projects_of(db: Connection, person: Person) -> list[tuple[Project, Role]]:
    """The projects that somebody sees, by name, and what they may do there."""
    role = members.c.role
    query = (
        select(projects, role)
        .join_from(
            projects,
            members,
            and_(members.c.project_id == projects.c.id, members.c.person_id == person.id),
            isouter=person.operator,
        )
        .where(projects.c.disabled_at.is_(None))
        .order_by(func.lower(projects.c.name), projects.c.id)
    )
    return [(project_of(row), "owner" if person.operator else row.role) for row in db.execute(query)]


def part_in(
    db: Connection, project_id: str, person_id: str, *, since: datetime
) -> tuple[Person, Project, Role] | None:
    """Somebody's part in a project; None where they have none, or got it after `since`."""
    query = (
        select(people, members.c.role, members.c.created_at.label("joined"))
        .join_from(
            people,
            members,
            and_(members.c.person_id == people.c.id, members.c.project_id == project_id),
            isouter=True,
        )
        .where(_there(), people.c.id == person_id)
    )
    row = db.execute(query).one_or_none()
    if row is None or not (row.operator or (row.role is not None and row.joined <= since)):
        return None
    project = get_project(db, project_id)
    person = _person(row)
    return None if project.disabled_at else (person, project, "owner" if person.operator else row.role)


def set_role(db: Connection, project_id: str, person_id: str, role: Role) -> None:
    """Make somebody a member of a project, or change what they may do there.

    Links that they made for others end, unless they are an owner still.
    """
    if role != "owner":
        _end_links(db, project_id, person_id)
    row = {"project_id": project_id, "person_id": person_id, "role": role, "created_at": clock.now()}
    upsert(db, members, ["project_id", "person_id"], [row], fixed=["created_at"])


def remove_member(db: Connection, project_id: str, person_id: str) -> None:
    """End somebody's part in a project, with the keys and links that they made there. Raises NotFound."""
    gone = db.execute(
        members.delete().where(members.c.project_id == project_id, members.c.person_id == person_id)
    )
    if gone.rowcount != 1:
        raise NotFound("This person is no member of the project.", code="person_not_found")
    _end_links(db, project_id, person_id)
    now = clock.now()
    made = (api_keys.c.project_id == project_id, api_keys.c.made_by == person_id)
    db.execute(update(api_keys).where(*made, api_keys.c.revoked_at.is_(None)).values(revoked_at=now))
    left = db.execute(select(members.c.project_id).where(members.c.person_id == person_id).limit(1)).first()
    if left is None:
        end_sessions(db, person_id)


def remove_person(db: Connection, person_id: str) -> None:
    """End somebody's access everywhere, with their sessions and keys. Raises NotFound; Conflict for the last operator."""
    person, now = get_person(db, person_id), clock.now()
    others = select(people.c.id).where(_there(), people.c.operator.is_(True), people.c.id != person_id)
    if person.operator and db.execute(others.limit(1)).first() is None:
        raise Conflict(
            f"{person.name} is the only operator.",
            code="last_operator",
            next_step="Invite another with `polypost people invite --operator` first.",
        )
    db.execute(members.delete().where(members.c.person_id == person_id))
    made = update(api_keys).where(api_keys.c.made_by == person_id, api_keys.c.revoked_at.is_(None))
    db.execute(made.values(revoked_at=now))
    db.execute(invitations.delete().where(_theirs(person_id)))
    end_sessions(db, person_id)
    db.execute(update(people).where(people.c.id == person_id).values(removed_at=now))


def open_session(db: Connection, person: Person, *, agent: str, address: str) -> str:
    """The secret of a new session."""
    secret, now = secrets.token_urlsafe(32), clock.now()
    db.execute(
        insert(sessions).values(
            id=new_id("ses"),
            hash=digest(secret),
            person_id=person.id,
            agent=agent[:300],
            address=address[:64],
            created_at=now,
            seen_at=now,
            confirmed_at=now,
        )
    )
    return secret


def session(db: Connection, secret: str) -> Session | None:
    """The session of a secret; None where it ended, or nobody was seen in it for `IDLE`."""
    query = (
        select(sessions, people.c.name, people.c.operator, people.c.created_at.label("joined"))
        .join_from(sessions, people, sessions.c.person_id == people.c.id)
        .where(sessions.c.hash == digest(secret), sessions.c.seen_at > clock.now() - IDLE, _there())
    )
    row = db.execute(query).one_or_none()
    return None if row is None else _session(row, Person(row.person_id, row.name, row.operator, row.joined))


def has_been_session(db: Connection, secret: str) -> bool:
    """Whether this is the secret of a session, which may have ended by itself a while ago."""
    return db.execute(select(sessions.c.id).where(sessions.c.hash == digest(secret))).first() is not None


def is_stale(found: Session) -> bool:
    """Whether it is to be noted that somebody was seen in a session."""
    return found.seen_at < clock.now() - _TOUCH


def touch(db: Connection, session_id: str) -> None:
    """Note that somebody is seen in a session now."""
    db.execute(update(sessions).where(sessions.c.id == session_id).values(seen_at=clock.now()))


def confirm(db: Connection, session_id: str) -> None:
    """Note that the password was given once more."""
    db.execute(update(sessions).where(sessions.c.id == session_id).values(confirmed_at=clock.now()))


def list_sessions(db: Connection, person: Person) -> list[Session]:
    """Where somebody is signed in, the latest first."""
    query = (
        select(sessions)
        .where(sessions.c.person_id == person.id, sessions.c.seen_at > clock.now() - IDLE)
        .order_by(sessions.c.seen_at.desc(), sessions.c.id)
    )
    return [_session(row, person) for row in db.execute(query)]


def end_session(db: Connection, person_id: str, session_id: str) -> None:
    """Sign somebody out in one place; repeating changes nothing."""
    db.execute(sessions.delete().where(sessions.c.id == session_id, sessions.c.person_id == person_id))


def end_sessions(db: Connection, person_id: str, *, but: str | None = None) -> None:
    """Sign somebody out everywhere, `but` in one session."""
    db.execute(sessions.delete().where(sessions.c.person_id == person_id, sessions.c.id != (but or "")))


def clean(db: Connection, now: datetime) -> None:
    """Forget sessions and links that ended a day ago."""
    db.execute(sessions.delete().where(sessions.c.seen_at < now - IDLE - timedelta(days=1)))
    db.execute(invitations.delete().where(invitations.c.expires_at < now - timedelta(days=1)))


def note(
    db: Connection, what: str, *, person_id: str | None = None, project_id: str | None = None, **detail: Any
) -> None:
    """Put something that was done into the log; secrets have no place in `detail`."""
    row = {"id": new_id("act"), "at": clock.now(), "person_id": person_id, "project_id": project_id}
    db.execute(insert(acts).values(**row, what=what, detail=detail))
    told = {"what": what, "act": row["id"], "person": person_id, "project": project_id, "detail": detail}
    after_commit(db, lambda: log.info("administrative act", **told))


def list_acts(db: Connection, project_id: str, *, server: bool = False, limit: int = 100) -> list[Act]:
    """What was done in a project, and with `server` to the server as a whole, the latest first."""
    query = (
        select(acts, people.c.name)
        .join_from(acts, people, acts.c.person_id == people.c.id, isouter=True)
        .where(or_(acts.c.project_id == project_id, acts.c.project_id.is_(None) if server else false()))
        .order_by(acts.c.at.desc(), acts.c.id.desc())
        .limit(limit)
    )
    return [Act(row.at, row.name or "", row.what, row.detail) for row in db.execute(query)]


def _join(db: Connection, name: str, password: str, *, operator: bool, now: datetime) -> Person:
    name = unicodedata.normalize("NFC", name).strip()
    if problems := problems_of_name(name):
        raise InvalidRequest(problems)
    person = Person(new_id("usr"), name, operator, now)
    row = {"id": person.id, "name": name, "folded": folded(name), "password": password}
    if not insert_new(db, people, {**row, "operator": operator, "created_at": now}):
        says = f"There is somebody called '{name}' already."
        raise InvalidRequest([Problem("name", says, "Choose another name.", "name_taken")])
    return person


def problems_of_name(name: str) -> list[Problem]:
    """What is wrong with what somebody wants to be called."""
    # Lines, what turns the direction of the text around, and nothing that can be seen are no parts of a name.
    turning = any("\u202a" <= each <= "\u202e" or "\u2066" <= each <= "\u2069" for each in name)
    if (
        turning
        or any(unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"} for each in name)
        or not folded(name)
    ):
        return [Problem("name", "A name is of letters that can be seen.", "Choose another name.")]
    return name_problems(name)


def _passed(db: Connection, kind: str) -> bool:
    """The link of the first person ends with whoever comes first, by whichever link."""
    return kind == "first" and anybody(db)


def _used(db: Connection, secret: str) -> Invitation:
    """A link that is used by this. Raises Gone."""
    link = invitation(db, secret)
    used = update(invitations).where(invitations.c.id == link.id, invitations.c.used_at.is_(None))
    if db.execute(used.values(used_at=clock.now())).rowcount != 1:
        raise Gone("This link was used.", code="link_ended", next_step="Sign in with what it was used for.")
    return link


def _theirs(person_id: str) -> Any:
    """Unused links that somebody made, or that are for them."""
    mine = or_(invitations.c.created_by == person_id, invitations.c.person_id == person_id)
    return and_(invitations.c.used_at.is_(None), mine)


def _end_links(db: Connection, project_id: str, person_id: str) -> None:
    db.execute(invitations.delete().where(invitations.c.project_id == project_id, _theirs(person_id)))


def _there() -> Any:
    return people.c.removed_at.is_(None)


def _person(row: Any) -> Person:
    return Person(row.id, row.name, row.operator, row.created_at)


def _session(row: Any, person: Person) -> Session:
    sure = row.confirmed_at > clock.now() - SURE
    return Session(row.id, person, row.agent, row.address, row.created_at, row.seen_at, sure)
