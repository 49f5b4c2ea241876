"""Commands that open the store themselves: projects, keys, accounts, doctor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection

from polypost import access, clock
from polypost.access import ApiKey, Project, people
from polypost.access.people import Role
from polypost.dashboard import HOME
from polypost.doctor import Report, report
from polypost.errors import NotFound
from polypost.integrations import load_master_keys, profiles, redirects
from polypost.integrations import service as integrations
from polypost.integrations.vault import has_secrets
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
    return await _with_store(settings, lambda db: _make_project(db, name, credits))


def _make_project(db: Connection, name: str, credits: int | None) -> dict[str, Any]:
    project = access.create_project(db, name, credits=credits)
    key, secret = access.create_key(db, project.id, name="first key")
    people.note(db, "project_created", project_id=project.id, name=name)
    return {"id": project.id, "name": name, "credits": credits, "apiKey": secret, "keyId": key.id}


async def begin(settings: Settings, name: str) -> dict[str, Any]:
    """The first project with its key, and a link for whoever is to sign in first; each None where there is one already.

    An empty database gets its tables; one of another version is left to `polypost migrate`.
    """

    def make(db: Connection) -> tuple[dict[str, Any] | None, str | None]:
        # Nothing is made that could not be served.
        load_master_keys(settings, embedded=settings.database_url is None, has_secrets=has_secrets(db))
        project = None if access.list_projects(db) else _make_project(db, name, None)
        return project, None if people.anybody(db) else people.invite(db, "first")

    if settings.database_url is not None:
        found = await asyncio.to_thread(schema.revision, settings.data, settings.database_url)
        if found in {None, schema.HEAD}:
            from polypost.engine.pgqueuer import install

            await asyncio.to_thread(schema.upgrade, settings.data, settings.database_url)
            await install(settings.database_url)
    project, secret = await _with_store(settings, make)
    return {"project": project, "administrator": None if secret is None else _link(settings, secret, "first")}


async def list_projects(settings: Settings) -> list[dict[str, Any]]:
    """All projects."""

    def read(db: Connection) -> list[dict[str, Any]]:
        return [_project(project) for project in access.list_projects(db)]

    return await _with_store(settings, read)


async def change_project(settings: Settings, name: str, **changes: Any) -> dict[str, Any]:
    """A project with changed settings; what is None stays."""

    def change(db: Connection) -> dict[str, Any]:
        project = access.change_project(db, _named(db, name).id, **changes)
        given = {what: value for what, value in changes.items() if value is not None}
        people.note(db, "project_changed", project_id=project.id, **given)
        return _project(project)

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
        people.note(db, "key_created", project_id=project_id, key=key.id, name=key.name)
        return {"apiKey": secret, **_key(key)}

    return await _with_store(settings, make)


async def list_keys(settings: Settings, project: str) -> list[dict[str, Any]]:
    """A project's keys."""

    def read(db: Connection) -> list[dict[str, Any]]:
        return [_key(key) for key in access.list_keys(db, _named(db, project).id)]

    return await _with_store(settings, read)


async def revoke_key(settings: Settings, project: str, key_id: str) -> None:
    """Revoke a key."""

    def revoke(db: Connection) -> None:
        project_id = _named(db, project).id
        access.revoke_key(db, project_id, key_id)
        people.note(db, "key_revoked", project_id=project_id, key=key_id)

    await _with_store(settings, revoke)


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

    def forget(db: Connection) -> None:
        project_id = _named(db, project).id
        integrations.disconnect(db, project_id, integration_id)
        people.note(db, "account_disconnected", project_id=project_id, account=integration_id)

    await _with_store(settings, forget)


async def allow_redirect(settings: Settings, project: str, uri: str) -> None:
    """Add an address to the project's allow-list."""

    def allow(db: Connection) -> None:
        project_id = _named(db, project).id
        redirects.allow_redirect(db, project_id, uri)
        people.note(db, "redirect_allowed", project_id=project_id, uri=uri)

    await _with_store(settings, allow)


async def invite(settings: Settings, project: str | None, role: Role) -> dict[str, Any]:
    """A link for a new member of a project, or for a new operator where none is named."""

    def make(db: Connection) -> str:
        if project is None:
            people.note(db, "operator_invited")
            return people.invite(db, "operator")
        project_id = _named(db, project).id
        people.note(db, "member_invited", project_id=project_id, role=role)
        return people.invite(db, "invite", project_id=project_id, role=role)

    return _link(settings, await _with_store(settings, make), "invite")


async def list_people(settings: Settings) -> list[dict[str, Any]]:
    """Everybody who can sign in, and what they may do where."""

    def read(db: Connection) -> list[dict[str, Any]]:
        return [
            {
                "id": person.id,
                "name": person.name,
                "operator": person.operator,
                "roles": []
                if person.operator
                else [f"{project.name}: {role}" for project, role in people.projects_of(db, person)],
                "createdAt": clock.iso(person.created_at),
            }
            for person in people.list_people(db)
        ]

    return await _with_store(settings, read)


async def recover(settings: Settings, name: str) -> dict[str, Any]:
    """A link by which somebody chooses another password."""

    def make(db: Connection) -> str:
        person = people.named(db, name)
        people.note(db, "recovery_begun", name=person.name)
        return people.invite(db, "recover", person_id=person.id)

    return _link(settings, await _with_store(settings, make), "recover")


async def remove_person(settings: Settings, name: str) -> dict[str, Any]:
    """End somebody's access everywhere."""

    def remove(db: Connection) -> dict[str, Any]:
        person = people.named(db, name)
        people.remove_person(db, person.id)
        people.note(db, "person_removed", name=person.name, person=person.id)
        return {"removed": person.id, "name": person.name}

    return await _with_store(settings, remove)


async def export(settings: Settings, name: str, into: Path, *, files: bool) -> dict[str, Any]:
    """Write a project into a file; with `files` also the uploads that are on this machine."""
    from polypost import portability

    async with _opened(settings, patient=True) as store:
        project = await store.read(lambda db: _named(db, name))
        folder = settings.data / "uploads" if files else None
        done = await portability.export(store, project.id, into, folder=folder)
        await store.write(lambda db: people.note(db, "project_exported", project_id=project.id))
    return {"project": project.name, "file": str(into), **asdict(done)}


async def erase(settings: Settings, name: str, *, sure: bool) -> dict[str, Any]:
    """Delete a project for good; only tell which it is unless somebody is `sure`."""
    from polypost import portability

    async with _opened(settings, patient=True) as store:
        project = await store.read(lambda db: _named(db, name))
        if not sure:
            return {"project": project.name, "erased": False}
        erased = await portability.erase(store, project.id, over=clock.now() - settings.kept.media)
    return {"project": project.name, "rows": erased, "erased": True}


async def rotate_master(settings: Settings, *, finish: bool, now: bool) -> dict[str, Any]:
    """Begin with another master key, or take the older one away."""
    from polypost.integrations import rotation
    from polypost.integrations.vault import has_secrets

    async with _opened(settings) as store:
        secrets = await store.read(has_secrets)
        masters = load_master_keys(settings, embedded=settings.database_url is None, has_secrets=secrets)
        if finish:
            done = await rotation.finish(store, masters, now=now)
        else:
            done = await rotation.begin(store, masters)
        what = "master_key_retired" if finish else "master_key_rotated"
        await store.write(lambda db: people.note(db, what, keys=done.wrapped))
    return {
        "wrapped": done.wrapped,
        "masterKeys": done.keys,
        "until": clock.iso(done.until) if done.until else None,
    }


def _link(settings: Settings, secret: str, kind: people.Kind) -> dict[str, Any]:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    base = settings.public_url or f"http://{host}:{settings.port}"
    ends = clock.now() + people.LASTS[kind]
    return {"url": f"{base.rstrip('/')}{HOME}/join/{secret}", "expiresAt": clock.iso(ends)}


async def doctor(settings: Settings, checking: Callable[[str], None] | None = None) -> Report:
    """What does not hold in the store, and what waits there; `checking` hears of each rule before it is checked."""
    async with _opened(settings, patient=True) as store:
        return await report(store, checking)
