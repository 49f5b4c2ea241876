"""Access that people give to agents by OAuth: a grant for each consent, and the codes and tokens that stand for it.

Only hashes are kept. A refresh token works once: one that comes again ends the whole grant, because two hold it.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, delete, insert, select, update

from polypost import clock
from polypost.access import people
from polypost.access.keys import digest
from polypost.access.people import Person
from polypost.access.service import Principal
from polypost.access.tables import oauth_grants, oauth_tokens
from polypost.access.tables import people as persons
from polypost.errors import NotFound
from polypost.storage import new_id

# What agents may be given; accounts are connected by people.
SCOPES = ("read", "draft", "publish")
CODE, ACCESS, REFRESH = "code", "access", "refresh"
LASTS = {CODE: timedelta(minutes=1), ACCESS: timedelta(hours=1), REFRESH: timedelta(days=30)}
# How often it is noted that one is used.
_TOUCH = timedelta(minutes=1)
_G, _T = oauth_grants.c, oauth_tokens.c


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person lets an agent do; `person` is their name."""

    id: str
    project_id: str
    person: str
    client_id: str
    client_name: str
    scopes: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None


class Tokens(NamedTuple):
    """What an agent is handed; only hashes of it are kept."""

    access: str
    refresh: str
    scopes: tuple[str, ...]


def give(
    db: Connection,
    who: Principal,
    person: Person,
    *,
    client_id: str,
    client_name: str,
    scopes: Sequence[str],
    redirect_uri: str,
    challenge: str,
) -> str:
    """A code for what a person agreed to, no more of it than they may do themselves."""
    grant_id, now = new_id("oag"), clock.now()
    given = [scope for scope in SCOPES if scope in scopes and who.may(scope)]
    db.execute(
        insert(oauth_grants).values(
            id=grant_id,
            project_id=who.project.id,
            person_id=person.id,
            client_id=client_id,
            client_name=client_name,
            scopes=given,
            created_at=now,
        )
    )
    people.note(
        db, "agent_allowed", person_id=person.id, project_id=who.project.id, agent=client_name, scopes=given
    )
    return _made(db, grant_id, CODE, now, redirect_uri=redirect_uri, challenge=challenge)


def redeem(db: Connection, code: str, *, client_id: str, redirect_uri: str, verifier: str) -> Tokens | None:
    """Tokens for a code, once; None for one that is not right. One that comes again ends its grant."""
    found = _taken(db, code, CODE, client_id)
    proof = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    if (
        found is None
        or found.redirect_uri != redirect_uri
        or not secrets.compare_digest(found.challenge, proof)
    ):
        return None
    return _tokens(db, found)


def refresh(db: Connection, token: str, *, client_id: str) -> Tokens | None:
    """New tokens for a refresh token, once; None for one that is not right. One that comes again ends its grant."""
    found = _taken(db, token, REFRESH, client_id)
    return None if found is None else _tokens(db, found)


def authenticate(db: Connection, token: str) -> tuple[Principal, bool] | None:
    """Who asks with an access token, and whether to note that; None for one that is not right, or not any more.

    What somebody gave ends where they may not do it any more themselves.
    """
    query = _of(token, ACCESS).where(_T.expires_at > clock.now(), _G.revoked_at.is_(None))
    row = db.execute(query).one_or_none()
    part = row and people.part_in(db, row.project_id, row.person_id, since=row.created_at)
    if not row or not part:
        return None
    person, project, role = part
    own = people.principal_of(person, project, role)
    scopes = tuple(scope for scope in row.scopes if own.may(scope))
    stale = row.last_used_at is None or row.last_used_at < clock.now() - _TOUCH
    return (Principal(project, row.id, scopes), stale) if scopes else None


def touch(db: Connection, project_id: str, grant_id: str) -> None:
    """Note that a grant is used."""
    db.execute(update(oauth_grants).where(_mine(project_id, grant_id)).values(last_used_at=clock.now()))


def listed(db: Connection, project_id: str, *, limit: int) -> list[Grant]:
    """The grants of a project that hold, the newest first."""
    query = (
        select(oauth_grants, persons.c.name.label("person"))
        .join_from(oauth_grants, persons, _G.person_id == persons.c.id)
        .where(_G.project_id == project_id, _G.revoked_at.is_(None))
        .order_by(_G.created_at.desc(), _G.id.desc())
        .limit(limit)
    )
    return [
        Grant(
            row.id,
            row.project_id,
            row.person,
            row.client_id,
            row.client_name,
            tuple(row.scopes),
            row.created_at,
            row.last_used_at,
        )
        for row in db.execute(query)
    ]


def name_of(db: Connection, project_id: str, grant_id: str) -> str:
    """The name of the agent that has a grant; empty for none."""
    return db.execute(select(_G.client_name).where(_mine(project_id, grant_id))).scalar() or ""


def revoke(db: Connection, project_id: str, grant_id: str, *, by: str) -> None:
    """End a grant with all its tokens; repeating changes nothing. Raises NotFound."""
    row = db.execute(select(_G.client_name).where(_mine(project_id, grant_id))).one_or_none()
    if row is None:
        raise NotFound("There is no such agent in this project.", code="grant_not_found")
    if _end(db, grant_id):
        people.note(db, "agent_ended", person_id=by, project_id=project_id, agent=row.client_name)


def revoke_token(db: Connection, token: str) -> None:
    """End the grant of a token that an agent gives back; nothing for one that is not known."""
    for kind in (ACCESS, REFRESH):
        if (row := db.execute(_of(token, kind)).one_or_none()) is not None:
            _end(db, row.id)


def clean(db: Connection, now: datetime) -> None:
    """Forget tokens that ended a day ago, and grants that nobody has a token of any more."""
    db.execute(delete(oauth_tokens).where(_T.expires_at < now - timedelta(days=1)))
    left = select(_T.grant_id)
    old = now - LASTS[REFRESH] - timedelta(days=1)
    db.execute(delete(oauth_grants).where(_G.created_at < old, _G.id.not_in(left)))


def _of(token: str, kind: str) -> Select[Any]:
    return (
        select(oauth_grants, _T.hash, _T.used_at, _T.redirect_uri, _T.challenge)
        .join_from(oauth_tokens, oauth_grants, _T.grant_id == _G.id)
        .where(_T.hash == digest(token), _T.kind == kind)
    )


def _taken(db: Connection, token: str, kind: str, client_id: str) -> Row[Any] | None:
    """The row of a token that works once, which it has now done."""
    now = clock.now()
    row = db.execute(
        _of(token, kind).where(_T.expires_at > now, _G.revoked_at.is_(None), _G.client_id == client_id)
    ).one_or_none()
    if row is None:
        return None
    first = update(oauth_tokens).where(_T.hash == row.hash, _T.used_at.is_(None)).values(used_at=now)
    if not db.execute(first).rowcount:
        _end(db, row.id)
        return None
    return row


def _tokens(db: Connection, row: Row[Any]) -> Tokens:
    now = clock.now()
    return Tokens(_made(db, row.id, ACCESS, now), _made(db, row.id, REFRESH, now), tuple(row.scopes))


def _made(db: Connection, grant_id: str, kind: str, now: datetime, **more: str) -> str:
    secret = f"pp_{kind}_{secrets.token_urlsafe(32)}"
    values = {"hash": digest(secret), "grant_id": grant_id, "kind": kind, "created_at": now}
    db.execute(insert(oauth_tokens).values(**values, expires_at=now + LASTS[kind], **more))
    return secret


def _end(db: Connection, grant_id: str) -> bool:
    open_one = and_(_G.id == grant_id, _G.revoked_at.is_(None))
    return bool(db.execute(update(oauth_grants).where(open_one).values(revoked_at=clock.now())).rowcount)


def _mine(project_id: str, grant_id: str) -> ColumnElement[bool]:
    return and_(_G.id == grant_id, _G.project_id == project_id)
