"""One account's tokens in the store: who may refresh them now, and what becomes of the outcome.

The lease is a pair of columns, so that it holds for all processes. A lease that was not given back is the
mark of one that died between asking the network and storing what it said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from polypost import clock
from polypost.errors import PolypostError, ReconnectRequired
from polypost.integrations import service
from polypost.integrations.sealed import open_tokens, token_columns
from polypost.integrations.tables import IntegrationRow, integrations
from polypost.integrations.vault import Vault
from polypost.platforms.base import Tokens
from polypost.storage import HotSelect, emit

# Longer than one call to a network may take, so that a lease outlives everybody but the dead.
LEASE = timedelta(seconds=45)

_T = integrations.c
_ROW = select(integrations).where(
    _T.id == bindparam("integration"), _T.project_id == bindparam("project"), _T.disconnected_at.is_(None)
)
_READ = HotSelect(_ROW, IntegrationRow)
# All of an account, once.
_WHOLE = HotSelect(_ROW.add_columns(service.REFRESHABLE), service.WholeRow)
_LOCKED = HotSelect(_ROW.with_for_update(), IntegrationRow)


@dataclass(frozen=True, slots=True)
class Held:
    """An account's authorisation as the store has it; `in_doubt` when an earlier refresh has no known end."""

    project_id: str
    id: str
    platform: str
    app_id: str | None
    tokens: Tokens
    version: int
    stale_at: datetime | None
    renew_at: datetime | None
    in_doubt: bool

    def expiring(self, refused: str | None, now: datetime) -> bool:
        """Whether the access token is of no use, or will not be in a moment."""
        return self.tokens.access_token == refused or (self.stale_at is not None and self.stale_at <= now)

    def due(self, refused: str | None, now: datetime) -> bool:
        """Whether it is time to refresh it."""
        return self.expiring(refused, now) or (self.renew_at is not None and self.renew_at <= now)


def topic(integration_id: str) -> str:
    """What is said when a refresh of the account has ended."""
    return f"tokens:{integration_id}"


def load(db: Connection, vault: Vault, project_id: str, integration_id: str) -> Held:
    """The account's tokens. Raises ReconnectRequired when it is disconnected or marked."""
    return _held(db, vault, _usable(_READ.first(db, _key(project_id, integration_id))))


def question(project_id: str, integration_id: str) -> tuple[HotSelect[service.WholeRow], Mapping[str, Any]]:
    """What `at_hand` reads of an account, to be asked beside something else."""
    return _WHOLE, _key(project_id, integration_id)


def at_hand(
    db: Connection, vault: Vault, row: service.WholeRow | None
) -> tuple[service.Integration | None, Held | None]:
    """The account, None when it is not connected, and its tokens, None when they cannot be used."""
    if row is None:
        return None, None
    account = service.read(row)
    try:
        return account, _held(db, vault, _usable(row))
    except PolypostError:
        return account, None


def claim(
    db: Connection, vault: Vault, project_id: str, integration_id: str, refused: str | None, owner: str
) -> tuple[Held, bool]:
    """The account's tokens, and whether `owner` now has the lease to refresh them; only when that is due."""
    now = clock.now()
    row = _usable(_LOCKED.first(db, _key(project_id, integration_id)))
    held = _held(db, vault, row)
    if not held.due(refused, now) or (row.refresh_until is not None and row.refresh_until > now):
        return held, False
    db.execute(
        update(integrations)
        .where(_T.id == integration_id, _T.project_id == project_id)
        .values(refresh_owner=owner, refresh_until=now + LEASE)
    )
    return held, True


def release(db: Connection, held: Held, owner: str, *, in_doubt: bool, renew_at: datetime | None) -> None:
    """Give the lease back without new tokens."""
    db.execute(
        update(integrations)
        .where(_T.id == held.id, _T.project_id == held.project_id, _T.refresh_owner == owner)
        .values(refresh_owner=None, refresh_until=None, refresh_in_doubt=in_doubt, renew_at=renew_at)
    )
    emit(db, topic(held.id))


def keep(db: Connection, vault: Vault, held: Held, fresh: Tokens) -> Tokens:
    """Store `fresh` unless somebody stored newer ones; returns those that count.

    The lease is not asked for: what the network gave last is the truth, even if its bearer was slow.
    """
    now = clock.now()
    row = _connected(_LOCKED.first(db, _key(held.project_id, held.id)))
    if row.token_version != held.version:
        return open_tokens(db, vault, row)
    db.execute(
        update(integrations)
        .where(_T.id == held.id, _T.project_id == held.project_id)
        .values(
            **token_columns(db, vault, held.project_id, held.id, fresh, now),
            **service.healthy(),
            updated_at=now,
        )
    )
    emit(db, topic(held.id))
    return fresh


def give_up(db: Connection, vault: Vault, held: Held, reason: str, detail: str) -> Tokens | None:
    """Mark the account as in need of a person, unless somebody stored newer tokens: then these are returned."""
    row = _usable(_LOCKED.first(db, _key(held.project_id, held.id)))
    if row.token_version != held.version:
        return open_tokens(db, vault, row)
    service.mark_reconnect(db, held.project_id, held.id, reason, detail=detail)
    db.execute(
        update(integrations)
        .where(_T.id == held.id, _T.project_id == held.project_id)
        .values(refresh_owner=None, refresh_until=None)
    )
    emit(db, topic(held.id))
    return None


def _key(project_id: str, integration_id: str) -> dict[str, str]:
    return {"project": project_id, "integration": integration_id}


def _connected(row: IntegrationRow | None) -> IntegrationRow:
    if row is None:
        raise ReconnectRequired("The account is not connected any more.", reason="access_revoked")
    return row


def _usable(row: IntegrationRow | None) -> IntegrationRow:
    row = _connected(row)
    if row.auth_status != "active":
        said = row.auth_failure_detail or "The account's authorisation does not work any more."
        raise ReconnectRequired(said, reason=row.auth_failure_reason or "refresh_rejected")
    return row


def _held(db: Connection, vault: Vault, row: IntegrationRow) -> Held:
    return Held(
        project_id=row.project_id,
        id=row.id,
        platform=row.platform,
        app_id=row.app_id,
        tokens=open_tokens(db, vault, row),
        version=row.token_version,
        stale_at=row.stale_at,
        renew_at=row.renew_at,
        in_doubt=row.refresh_in_doubt or row.refresh_owner is not None,
    )
