"""OAuth apps: the server's own, those of projects (`/v1/apps`), and those registered on servers that people name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import EllipsisType
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, insert, select, update

from polypost import clock
from polypost.errors import Conflict, NotFound
from polypost.integrations.tables import apps, integrations
from polypost.integrations.vault import Vault
from polypost.platforms import registry
from polypost.platforms.base import App, Connector, OnServers
from polypost.storage import new_id

_T = apps.c
_SECRET = "client_secret"  # noqa: S105  # the field's name, which is sealed with it
_IN_USE = (
    select(func.count())
    .where(
        integrations.c.app_id == _T.id,
        integrations.c.project_id == _T.project_id,
        integrations.c.disconnected_at.is_(None),
    )
    .scalar_subquery()
)


@dataclass(frozen=True, slots=True)
class OAuthApp:
    """A project's app on a network without its secret; `integration_count` is how many accounts depend on it."""

    id: str
    project_id: str
    platform: str
    name: str
    image_url: str | None
    client_id: str
    integration_count: int
    created_at: datetime
    updated_at: datetime


class Apps:
    """Finds the credentials with which an account was, or is to be, connected.

    `of_server` gives the operator's app of a network, None where there is none.
    """

    def __init__(
        self,
        vault: Vault,
        of_server: Callable[[str], App | None],
        *,
        connectors: Callable[[str], Connector | None] = registry.connector,
    ) -> None:
        self._vault = vault
        self._of_server = of_server
        self._connectors = connectors

    def find(self, db: Connection, project_id: str, platform: str, app_id: str | None) -> App | None:
        """The app with this id in the project, or the operator's; empty credentials where a network needs none."""
        if app_id is not None:
            row = db.execute(
                select(apps).where(_T.id == app_id, _T.project_id == project_id, _T.platform == platform)
            ).one_or_none()
            return None if row is None else self._opened(db, row)
        found = self._of_server(platform)
        connector = self._connectors(platform)
        if found is None and connector is not None and connector.spec.oauth is None:
            return None if isinstance(connector, OnServers) else App("", "")
        return found

    def on_server(self, db: Connection, project_id: str, platform: str, server: str) -> App | None:
        """The newest app that was registered for the project on a named server."""
        query = (
            select(apps)
            .where(_T.project_id == project_id, _T.platform == platform, _T.server == server)
            .order_by(_T.created_at.desc(), _T.id.desc())
            .limit(1)
        )
        row = db.execute(query).one_or_none()
        return None if row is None else self._opened(db, row)

    def _opened(self, db: Connection, row: Row[Any]) -> App:
        secret = self._vault.open(db, row.project_id, row.id, _SECRET, row.client_secret)
        return App(row.client_id, secret, row.id)


def create(
    db: Connection,
    vault: Vault,
    project_id: str,
    *,
    platform: str,
    name: str,
    client_id: str,
    client_secret: str,
    image_url: str | None = None,
    server: str = "",
) -> OAuthApp:
    """Keep an app's credentials, the secret sealed. Raises Conflict when the project has this client id already."""
    same = and_(
        _T.project_id == project_id,
        _T.platform == platform,
        _T.server == server,
        _T.client_id == client_id,
    )
    if db.execute(select(_T.id).where(same)).first() is not None:
        raise Conflict(
            "This project has an app with this clientId on this network already.",
            code="app_exists",
            next_step="Use that one, or delete it first.",
        )
    app_id, now = new_id("app"), clock.now()
    db.execute(
        insert(apps).values(
            id=app_id,
            project_id=project_id,
            platform=platform,
            server=server,
            name=name,
            image_url=image_url,
            client_id=client_id,
            client_secret=vault.seal(db, project_id, app_id, _SECRET, client_secret),
            created_at=now,
            updated_at=now,
        )
    )
    return get(db, project_id, app_id)


def get(db: Connection, project_id: str, app_id: str) -> OAuthApp:
    """One app of the project. Raises NotFound."""
    row = db.execute(_shown(project_id).where(_T.id == app_id)).one_or_none()
    if row is None:
        raise _not_found()
    return OAuthApp(**row._asdict())


def list_apps(
    db: Connection,
    project_id: str,
    *,
    platforms: Sequence[str] = (),
    name: str | None = None,
    limit: int,
    offset: int,
) -> tuple[int, list[OAuthApp]]:
    """How many of the project's own apps there are, and a page of them, the newest first."""
    wanted = [_T.project_id == project_id, _T.server == ""]
    if platforms:
        wanted.append(_T.platform.in_(platforms))
    if name:
        wanted.append(func.lower(_T.name).contains(name.lower(), autoescape=True))
    total = db.execute(select(func.count()).select_from(apps).where(*wanted)).scalar_one()
    page = (
        _shown(project_id)
        .where(*wanted)
        .order_by(_T.created_at.desc(), _T.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return total, [OAuthApp(**row._asdict()) for row in db.execute(page)]


def named(db: Connection, project_id: str, app_ids: Iterable[str | None]) -> dict[str, OAuthApp]:
    """Those of the project's own apps that are among these ids, by id."""
    wanted = {app_id for app_id in app_ids if app_id is not None}
    if not wanted:
        return {}
    query = _shown(project_id).where(_T.server == "", _T.id.in_(sorted(wanted)))
    return {row.id: OAuthApp(**row._asdict()) for row in db.execute(query)}


def change(
    db: Connection,
    vault: Vault,
    project_id: str,
    app_id: str,
    *,
    name: str | None = None,
    client_secret: str | None = None,
    image_url: str | EllipsisType | None = ...,
) -> OAuthApp:
    """Rename an app, give it another image or secret. Raises NotFound."""
    values: dict[str, Any] = {"updated_at": clock.now()}
    if name is not None:
        values["name"] = name
    if image_url is not ...:
        values["image_url"] = image_url
    if client_secret is not None:
        values["client_secret"] = vault.seal(db, project_id, app_id, _SECRET, client_secret)
    changed = db.execute(
        update(apps).where(_T.project_id == project_id, _T.id == app_id, _T.server == "").values(**values)
    )
    if not changed.rowcount:
        raise _not_found()
    return get(db, project_id, app_id)


def remove(db: Connection, project_id: str, app_id: str) -> None:
    """Forget an app. Raises NotFound, and Conflict while accounts depend on it."""
    gone = db.execute(delete(apps).where(_T.project_id == project_id, _T.id == app_id, _IN_USE == 0))
    if not gone.rowcount:
        found = get(db, project_id, app_id)
        raise Conflict(
            f"{found.integration_count} connected accounts depend on this app.",
            code="app_in_use",
            next_step="Disconnect them first.",
        )


def forget(db: Connection, project_id: str, app_id: str) -> None:
    """Forget an app that its server no longer knows, in use or not, so that the next try registers another."""
    db.execute(delete(apps).where(_T.project_id == project_id, _T.id == app_id, _T.server != ""))


def _shown(project_id: str) -> Any:
    return select(
        _T.id,
        _T.project_id,
        _T.platform,
        _T.name,
        _T.image_url,
        _T.client_id,
        _IN_USE.label("integration_count"),
        _T.created_at,
        _T.updated_at,
    ).where(_T.project_id == project_id)


def _not_found() -> NotFound:
    return NotFound("There is no OAuth app with this id in this project.", code="app_not_found")
