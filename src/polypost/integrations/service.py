"""Connected accounts: added, found, listed, disconnected. Tokens never leave through here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import EllipsisType
from typing import Any, Literal, NamedTuple, cast

import structlog
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Select,
    String,
    and_,
    any_,
    bindparam,
    case,
    func,
    or_,
    select,
    update,
)

from polypost import clock, events
from polypost.errors import NotFound
from polypost.integrations import profiles
from polypost.integrations.sealed import token_columns
from polypost.integrations.tables import IntegrationRow, integrations
from polypost.integrations.vault import Vault
from polypost.observability import metrics
from polypost.platforms import base
from polypost.storage import (
    FIRST_TOUCHED,
    HotSelect,
    Insert,
    after_commit,
    insert_new,
    new_id,
    rows_of,
    told_with,
)

log = structlog.get_logger("polypost.integrations")

AuthStatus = Literal["active", "reconnect_required"]

_T = integrations.c
REFRESHABLE = _T.refresh_token.is_not(None).label("refreshable")


class WholeRow(IntegrationRow):
    """An account's row with `REFRESHABLE`."""

    refreshable: bool


_SHOWN: tuple[ColumnElement[Any], ...] = (
    _T.id,
    _T.project_id,
    _T.platform,
    _T.platform_user_id,
    _T.username,
    _T.display_name,
    _T.profile_url,
    _T.image_url,
    _T.platform_metadata,
    _T.profile_id,
    _T.app_id,
    _T.auth_status,
    _T.auth_failure_reason,
    _T.auth_failure_detail,
    _T.access_expires_at,
    _T.refresh_expires_at,
    _T.renew_at,
    REFRESHABLE,
    _T.scopes,
    _T.created_at,
    _T.updated_at,
)


_WHOLE = HotSelect(
    select(*_SHOWN).where(_T.id == bindparam("id"), _T.project_id == bindparam("project")), WholeRow
)


@cache
def _find(count: int, *more: ColumnElement[bool]) -> HotSelect[Any]:
    """The statement for so many ids: an expanding IN would be compiled anew for each request."""
    return HotSelect(
        select(_T.id, _T.updated_at, *more).where(
            _T.project_id == bindparam("project"),
            _T.id.in_([bindparam(f"id{number}") for number in range(count)]),
            _T.disconnected_at.is_(None),
        ),
        object,
    )


_FIND_ALL = HotSelect(
    select(_T.id, _T.updated_at, _T.project_id).where(
        _T.project_id == any_(bindparam("projects", type_=ARRAY(String))),
        _T.id == any_(bindparam("ids", type_=ARRAY(String))),
        _T.disconnected_at.is_(None),
    ),
    tuple[str, datetime, str],
)


@dataclass(frozen=True, slots=True)
class Integration:
    """A connected account without its tokens.

    `refreshable` says that the network gave a refresh token, `renew_at` is when the server renews the authorisation by itself, None when it does not end.
    `auth_failure_reason` is one of the API's words, `auth_failure_detail` a sentence.
    """

    id: str
    project_id: str
    platform: str
    platform_user_id: str
    username: str | None
    display_name: str | None
    profile_url: str | None
    image_url: str | None
    platform_metadata: Mapping[str, Any]
    profile_id: str | None
    app_id: str | None
    auth_status: AuthStatus
    auth_failure_reason: str | None
    auth_failure_detail: str | None
    access_expires_at: datetime | None
    refresh_expires_at: datetime | None
    renew_at: datetime | None
    refreshable: bool
    scopes: tuple[str, ...]
    created_at: datetime
    updated_at: datetime

    @property
    def account(self) -> base.Account:
        """The account as connectors see it."""
        return base.Account(
            id=self.platform_user_id,
            username=self.username,
            name=self.display_name,
            profile_url=self.profile_url,
            image_url=self.image_url,
            metadata=self.platform_metadata,
        )


class OfNetwork(NamedTuple):
    """The accounts on a network: how many there are, how many need to be connected again, and those that come first."""

    total: int
    lost: int
    first: list[Integration]


def add(
    db: Connection,
    vault: Vault,
    project_id: str,
    account: base.Account,
    tokens: base.Tokens,
    *,
    platform: str,
    app_id: str | None = None,
    profile_id: str | None = None,
    grant_id: str | None = None,
) -> Integration:
    """Connect an account, or connect it again: then it keeps its id, and its profile unless another is given."""
    now = clock.now()
    same = and_(_T.project_id == project_id, _T.platform == platform, _T.platform_user_id == account.id)
    insert_new(
        db,
        integrations,
        {
            "id": new_id("int"),
            "project_id": project_id,
            "platform": platform,
            "platform_user_id": account.id,
            "platform_metadata": {},
            "search": "",
            "auth_status": "active",
            "scopes": [],
            "token_version": 0,
            "refresh_in_doubt": False,
            "created_at": now,
            "updated_at": now,
        },
    )
    integration_id = db.execute(select(_T.id).where(same)).scalar_one()
    db.execute(
        update(integrations)
        .where(same)
        .values(
            **_described(account),
            **token_columns(db, vault, project_id, integration_id, tokens, now),
            **healthy(),
            app_id=app_id,
            grant_id=grant_id,
            profile_id=_T.profile_id if profile_id is None else profile_id,
            disconnected_at=None,
            updated_at=now,
        )
    )
    return get(db, project_id, integration_id)


def healthy() -> dict[str, Any]:
    """The columns of an account whose tokens have just been stored: a new version, nothing held against it."""
    return {
        "auth_status": "active",
        "auth_failure_reason": None,
        "auth_failure_detail": None,
        "token_version": _T.token_version + 1,
        "refresh_owner": None,
        "refresh_until": None,
        "refresh_in_doubt": False,
    }


def get(db: Connection, project_id: str, integration_id: str, profile_ids: Sequence[str] = ()) -> Integration:
    """One connected account, of one of the profiles where some are named. Raises NotFound."""
    found = find(db, project_id, [integration_id]).get(integration_id)
    if found is None or not within(found, profile_ids):
        raise _not_found()
    return found


def within(integration: Integration, profile_ids: Sequence[str]) -> bool:
    """Whether the account is in one of the profiles; none at all leave nothing out."""
    return not profile_ids or integration.profile_id in profile_ids


def inside(project_id: str, profile_ids: Sequence[str]) -> Select[tuple[str]]:
    """The ids of the project's accounts that are in one of these profiles, as a query; those that are disconnected too."""
    return select(_T.id).where(_T.project_id == project_id, _T.profile_id.in_(profile_ids))


def outside(project_id: str, profile_ids: Sequence[str]) -> Select[tuple[str]]:
    """The ids of the project's accounts that are in none of these profiles, as a query; those that are disconnected too."""
    elsewhere = or_(_T.profile_id.is_(None), _T.profile_id.not_in(profile_ids))
    return select(_T.id).where(_T.project_id == project_id, elsewhere)


def ever_connected(db: Connection, project_id: str, integration_id: str) -> Select[tuple[str]]:
    """The id as a query to look in, of an account that is or was connected. Raises NotFound."""
    query = select(_T.id).where(_T.id == integration_id, _T.project_id == project_id)
    if db.execute(query).first() is None:
        raise _not_found()
    return query


def on_platforms(project_id: str, platforms: Sequence[str]) -> Select[tuple[str]]:
    """The ids of the project's accounts on these networks as a query, with those that are disconnected."""
    return select(_T.id).where(_T.project_id == project_id, _T.platform.in_(platforms))


# Accounts as they were read, by id; a row that changed has another updated_at.
_READ: dict[str, Integration] = {}
_MOST_READ = 10_000


def find(db: Connection, project_id: str, ids: Iterable[str]) -> dict[str, Integration]:
    """The connected accounts of the project among `ids`, by id; what is foreign, absent or gone is left out."""
    asked = _asked(project_id, ids)
    rows = _find(len(asked) - 1)(db, asked)
    return {each: _as_read(db, project_id, each, updated_at) for each, updated_at in rows}


def find_with(
    db: Connection, write: Insert, project_id: str, ids: Iterable[str]
) -> tuple[bool, dict[str, Integration]]:
    """`find`, and whether `write` inserted something, in one statement of PostgreSQL; where nothing is found, it may have.

    What is inserted has to be RETURNED.
    """
    asked = _asked(project_id, ids)
    rows = told_with(db, [write], _find(len(asked) - 1, FIRST_TOUCHED), asked)
    found = {each: _as_read(db, project_id, each, updated_at) for each, updated_at, _ in rows}
    return any(inserted for *_, inserted in rows), found


def _asked(project_id: str, ids: Iterable[str]) -> dict[str, str]:
    return {"project": project_id, **{f"id{number}": each for number, each in enumerate(ids)}}


def read(row: WholeRow) -> Integration:
    """The account of a whole row with `REFRESHABLE`."""
    return _known(row.project_id, row.id, row.updated_at) or _keep(row)


def _known(project_id: str, integration_id: str, updated_at: datetime) -> Integration | None:
    known = _READ.get(integration_id)
    if known is None or (known.project_id, known.updated_at) != (project_id, updated_at):
        return None
    return known


def _keep(row: WholeRow) -> Integration:
    if len(_READ) >= _MOST_READ:
        _READ.clear()
    found = _READ[row.id] = _integration_of(row)
    return found


def find_all(db: Connection, wanted: Sequence[tuple[str, Sequence[str]]]) -> list[dict[str, Integration]]:
    """`find` for several projects, each with its ids, in one look; on PostgreSQL."""
    asked = {
        "projects": sorted({project_id for project_id, _ in wanted}),
        "ids": sorted({each for _, ids in wanted for each in ids}),
    }
    found = {
        (project_id, each): _as_read(db, project_id, each, updated_at)
        for each, updated_at, project_id in _FIND_ALL(db, asked)
    }
    return [
        {each: found[project_id, each] for each in ids if (project_id, each) in found}
        for project_id, ids in wanted
    ]


def _as_read(db: Connection, project_id: str, integration_id: str, updated_at: datetime) -> Integration:
    known = _known(project_id, integration_id, updated_at)
    if known is not None:
        return known
    (row,) = _WHOLE(db, {"id": integration_id, "project": project_id})
    return _keep(row)


def list_integrations(
    db: Connection,
    project_id: str,
    *,
    platforms: Sequence[str] = (),
    hidden: Sequence[str] = (),
    profile_id: str | EllipsisType | None = ...,
    profile_ids: Sequence[str] = (),
    q: str | None = None,
    limit: int = 20,
    offset: int = 0,
    sort: Literal["asc", "desc"] = "desc",
) -> tuple[int, list[Integration]]:
    """How many connected accounts match, and one page of them by creation time.

    `hidden` leaves platforms out. `profile_id` None asks for those that no profile shows, `profile_ids` for those in any of them.
    `q` is looked for in names and the network's id
    whatever the case, and as a whole id of ours.
    """
    wanted: list[ColumnElement[bool]] = [_T.project_id == project_id, _T.disconnected_at.is_(None)]
    if platforms:
        wanted.append(_T.platform.in_(platforms))
    if hidden:
        wanted.append(_T.platform.not_in(hidden))
    if profile_id is not ...:
        wanted.append(profiles.bound(project_id, profile_id))
    if profile_ids:
        wanted.append(_T.profile_id.in_(profile_ids))
    if q:
        wanted.append(_named(q))
    total = db.execute(select(func.count()).select_from(integrations).where(*wanted)).scalar_one()
    order = (_T.created_at, _T.id) if sort == "asc" else (_T.created_at.desc(), _T.id.desc())
    rows = rows_of(db, select(*_SHOWN).where(*wanted).order_by(*order).limit(limit).offset(offset), WholeRow)
    return total, [_integration_of(row) for row in rows]


def by_network(db: Connection, project_id: str, *, most: int, q: str = "") -> dict[str, OfNetwork]:
    """The connected accounts by platform, at most `most` of each; those to be connected again first, then the oldest.

    `q` is looked for as `list_integrations` does.
    """
    lost = case((_T.auth_status == "active", 0), else_=1)
    rank = func.row_number().over(partition_by=_T.platform, order_by=(lost.desc(), _T.created_at, _T.id))
    counts = (
        func.count().over(partition_by=_T.platform).label("total"),
        func.sum(lost).over(partition_by=_T.platform).label("lost"),
    )
    wanted = [_T.project_id == project_id, _T.disconnected_at.is_(None)]
    if q:
        wanted.append(_named(q))
    ranked = select(*_SHOWN, rank.label("rank"), *counts).where(*wanted).subquery()
    found: dict[str, OfNetwork] = {}
    for row in db.execute(select(ranked).where(ranked.c.rank <= most).order_by(ranked.c.rank)):
        group = found.setdefault(row.platform, OfNetwork(row.total, int(row.lost), []))
        group.first.append(_integration_of(cast("WholeRow", row)))
    return found


def move(db: Connection, project_id: str, integration_id: str, profile_id: str | None) -> Integration:
    """Put an account into another profile, or into none. Raises NotFound for the account and for the profile."""
    get(db, project_id, integration_id)
    profiles.require(db, project_id, profile_id)
    changed = db.execute(
        update(integrations)
        .where(*_connected(project_id, integration_id))
        .values(profile_id=profile_id, updated_at=clock.now())
    )
    if not changed.rowcount:
        raise _not_found()
    return get(db, project_id, integration_id)


def disconnect(db: Connection, project_id: str, integration_id: str) -> None:
    """Forget an account's tokens; connecting it again revives it under the same id. Raises NotFound."""
    now = clock.now()
    changed = db.execute(
        update(integrations)
        .where(*_connected(project_id, integration_id))
        .values(
            access_token=None,
            refresh_token=None,
            extra=None,
            disconnected_at=now,
            updated_at=now,
        )
    )
    if not changed.rowcount:
        raise _not_found()


def profiles_of(db: Connection, project_id: str, integration_ids: Sequence[str]) -> set[str]:
    """The profiles of these accounts of the project, disconnected ones included."""
    query = select(_T.profile_id).where(_T.project_id == project_id, _T.id.in_(integration_ids))
    return set(db.execute(query.where(_T.profile_id.is_not(None))).scalars())


def mark_reconnect(
    db: Connection, project_id: str, integration_id: str, reason: str, *, detail: str | None = None
) -> None:
    """Note that the account's authorisation is dead and say so once; the first reason stays.

    `reason` is a value of the API's `authFailureReason`, `detail` a sentence for people.
    """
    now = clock.now()
    platform = db.execute(
        update(integrations)
        .where(*_connected(project_id, integration_id), _T.auth_status == "active")
        .values(
            auth_status="reconnect_required",
            auth_failure_reason=reason,
            auth_failure_detail=detail,
            updated_at=now,
        )
        .returning(_T.platform)
    ).scalar_one_or_none()
    if platform is None:
        return
    payload = {"integrationId": integration_id, "reason": reason}
    events.event(project_id, "account.reconnect_required", integration_id, payload, now).alone(db)

    def tell() -> None:
        metrics.DEAD_TOKENS.add(platform, reason)
        told = {"project": project_id, "integration": integration_id, "network": platform}
        log.warning("an account has to be connected again", **told, reason=reason, detail=detail)

    after_commit(db, tell)


def to_reconnect(db: Connection) -> dict[str, int]:
    """How many accounts of each network a person has to connect again; goes through the accounts of all projects."""
    query = (
        select(_T.platform, func.count().label("accounts"))
        .where(_T.disconnected_at.is_(None), _T.auth_status == "reconnect_required")
        .group_by(_T.platform)
    )
    return {row.platform: row.accounts for row in db.execute(query)}


def update_metadata(
    db: Connection, project_id: str, integration_id: str, metadata: Mapping[str, Any]
) -> Integration:
    """Lay new facts about the account over the known ones. Raises NotFound."""
    mine = _connected(project_id, integration_id)
    row = db.execute(select(_T.platform_metadata).where(*mine).with_for_update()).one_or_none()
    if row is None:
        raise _not_found()
    db.execute(
        update(integrations)
        .where(*mine)
        .values(platform_metadata={**row.platform_metadata, **metadata}, updated_at=clock.now())
    )
    return get(db, project_id, integration_id)


def no_account() -> base.Account:
    """What stands for the account where there is none (any more)."""
    return base.Account(id="")


def _named(q: str) -> ColumnElement[bool]:
    return or_(_T.id == q, _T.search.contains(q.casefold(), autoescape=True))


def _connected(project_id: str, integration_id: str) -> tuple[ColumnElement[bool], ...]:
    return (_T.id == integration_id, _T.project_id == project_id, _T.disconnected_at.is_(None))


def _described(account: base.Account) -> dict[str, Any]:
    return {
        "username": account.username,
        "display_name": account.name,
        "profile_url": account.profile_url,
        "image_url": account.image_url,
        "platform_metadata": dict(account.metadata),
        # SQLite folds the case of ASCII letters only, so the text to look in is folded here.
        "search": "\n".join(filter(None, (account.name, account.username, account.id))).casefold(),
    }


def _integration_of(row: WholeRow) -> Integration:
    values = {name: getattr(row, name) for name in Integration.__slots__}
    values["scopes"] = tuple(values["scopes"])
    return Integration(**values)


def _not_found() -> NotFound:
    return NotFound("There is no connected account with this id.", code="integration_not_found")
