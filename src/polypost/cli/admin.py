"""Commands that open the store themselves: projects, keys, accounts, doctor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection

from polypost import access, clock
from polypost.access import ApiKey, Project
from polypost.doctor import Report, report
from polypost.errors import NotFound
from polypost.integrations import profiles, redirects
from polypost.integrations import service as integrations
from polypost.settings import Settings
from polypost.storage import Store, open_store, schema

T = TypeVar("T")


@asynccontextmanager
async def _opened(settings: Settings, *, patient: bool = False) -> AsyncIterator[Store]:
    """The store, beside a server that may be running; a `patient` one bears statements that take long."""
    settings.data.mkdir(parents=True, exist_ok=True)
    if settings.database_url is None:
        await asyncio.to_thread(schema.upgrade, settings.data, None)
    else:
        await asyncio.to_thread(schema.check, settings.data, settings.database_url)
    store = open_store(settings.data, settings.database_url, patient=patient)
    try:
        yield store
    finally:
        await store.close()


async def _with_store(settings: Settings, fn: Callable[[Connection], T]) -> T:
    """Run `fn` in one transaction."""
    async with _opened(settings) as store:
        return await store.write(fn)


def _named(db: Connection, name: str) -> Project:
    for project in access.list_projects(db):
        if name in {project.id, project.name}:
            return project
    raise NotFound(f"There is no project called '{name}'.", next_step="See `polypost projects list`.")


def _project(project: Project) -> dict[str, Any]:
    return {
        "id": project.id,
        "name": project.name,
        "credits": project.credit_limit,
        "monthlyCredits": project.monthly_credits,
        "dedupeWindowSeconds": project.dedupe_window_seconds,
        "disabled": project.disabled_at is not None,
        "createdAt": clock.iso(project.created_at),
    }


def _key(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": list(key.scopes or access.SCOPES),
        "profiles": list(key.profiles),
        "revoked": key.revoked_at is not None,
        "expiresAt": clock.iso(key.expires_at) if key.expires_at else None,
        "lastUsedAt": clock.iso(key.last_used_at) if key.last_used_at else None,
        "createdAt": clock.iso(key.created_at),
    }


async def create_project(settings: Settings, name: str, credits: int | None) -> dict[str, Any]:
    """A project with a key, as the command prints it."""

    def make(db: Connection) -> dict[str, Any]:
        project = access.create_project(db, name, credits=credits)
        key, secret = access.create_key(db, project.id, name="first key")
        return {"id": project.id, "name": name, "credits": credits, "apiKey": secret, "keyId": key.id}

    return await _with_store(settings, make)


async def list_projects(settings: Settings) -> list[dict[str, Any]]:
    """All projects."""

    def read(db: Connection) -> list[dict[str, Any]]:
        return [_project(project) for project in access.list_projects(db)]

    return await _with_store(settings, read)


async def change_project(settings: Settings, name: str, **changes: Any) -> dict[str, Any]:
    """A project with changed settings; what is None stays."""

    def change(db: Connection) -> dict[str, Any]:
        return _project(access.change_project(db, _named(db, name).id, **changes))

    return await _with_store(settings, change)


async def create_key(
    settings: Settings,
    project: str,
    name: str,
    *,
    scopes: Iterable[str] = (),
    profile_ids: Iterable[str] = (),
    days: int | None = None,
) -> dict[str, Any]:
    """Another key of a project, for the accounts of the profiles `profile_ids` alone where some are named."""
    expires_at = None if days is None else clock.now() + timedelta(days=days)

    def make(db: Connection) -> dict[str, Any]:
        project_id = _named(db, project).id
        for profile_id in profile_ids:
            profiles.require(db, project_id, profile_id)
        key, secret = access.create_key(
            db, project_id, name=name, scopes=scopes, profiles=profile_ids, expires_at=expires_at
        )
        return {"apiKey": secret, **_key(key)}

    return await _with_store(settings, make)


async def list_keys(settings: Settings, project: str) -> list[dict[str, Any]]:
    """A project's keys."""

    def read(db: Connection) -> list[dict[str, Any]]:
        return [_key(key) for key in access.list_keys(db, _named(db, project).id)]

    return await _with_store(settings, read)


async def revoke_key(settings: Settings, project: str, key_id: str) -> None:
    """Revoke a key."""
    await _with_store(settings, lambda db: access.revoke_key(db, _named(db, project).id, key_id))


async def list_integrations(settings: Settings, project: str) -> list[dict[str, Any]]:
    """A project's accounts."""

    def read(db: Connection) -> list[dict[str, Any]]:
        _, found = integrations.list_integrations(
            db, _named(db, project).id, limit=100_000, offset=0, sort="asc"
        )
        return [
            {
                "id": each.id,
                "platform": each.platform,
                "username": each.username,
                "authStatus": each.auth_status,
                "createdAt": clock.iso(each.created_at),
            }
            for each in found
        ]

    return await _with_store(settings, read)


async def disconnect(settings: Settings, project: str, integration_id: str) -> None:
    """Forget an account's tokens."""
    await _with_store(
        settings, lambda db: integrations.disconnect(db, _named(db, project).id, integration_id)
    )


async def allow_redirect(settings: Settings, project: str, uri: str) -> None:
    """Add an address to the project's allow-list."""
    await _with_store(settings, lambda db: redirects.allow_redirect(db, _named(db, project).id, uri))


async def doctor(settings: Settings, checking: Callable[[str], None] | None = None) -> Report:
    """What does not hold in the store, and what waits there; `checking` hears of each rule before it is checked."""
    async with _opened(settings, patient=True) as store:
        return await report(store, checking)
