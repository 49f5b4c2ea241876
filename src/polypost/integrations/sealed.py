"""Tokens to and from their sealed columns, and the instant at which an unused account has to be renewed."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from polypost.integrations.tables import IntegrationRow
from polypost.integrations.vault import Vault
from polypost.platforms.base import Tokens

# Networks that state no end of their refresh tokens still drop those that lie unused for some months.
_UNSTATED = timedelta(days=30)
_SOON = timedelta(days=1)
_LEAD = timedelta(minutes=5)


def token_columns(
    db: Connection, vault: Vault, project_id: str, integration_id: str, tokens: Tokens, now: datetime
) -> dict[str, Any]:
    """The columns of the integrations table that hold `tokens`."""

    def seal(field: str, text: str | None) -> str | None:
        return None if text is None else vault.seal(db, project_id, integration_id, field, text)

    return {
        "access_token": seal("access_token", tokens.access_token),
        "refresh_token": seal("refresh_token", tokens.refresh_token),
        "extra": seal("extra", json.dumps(dict(tokens.extra)) if tokens.extra else None),
        "access_expires_at": tokens.access_expires_at,
        "refresh_expires_at": tokens.refresh_expires_at,
        "scopes": list(tokens.scopes),
        "stale_at": _stale(tokens, now),
        "renew_at": renewal(tokens, now),
    }


def open_tokens(db: Connection, vault: Vault, row: IntegrationRow) -> Tokens:
    """The tokens in a row of the integrations table, which is connected. Raises SealBroken."""

    def unseal(field: str, sealed: str | None) -> str | None:
        return None if sealed is None else vault.open(db, row.project_id, row.id, field, sealed)

    extra = unseal("extra", row.extra)
    return Tokens(
        access_token=unseal("access_token", row.access_token) or "",
        refresh_token=unseal("refresh_token", row.refresh_token),
        access_expires_at=row.access_expires_at,
        refresh_expires_at=row.refresh_expires_at,
        scopes=tuple(row.scopes),
        extra=json.loads(extra) if extra else {},
    )


def renewal(tokens: Tokens, now: datetime) -> datetime | None:
    """When the authorisation should be renewed although nobody uses it; None when it does not end.

    A connector may name the instant itself, in ISO 8601 as `extra["refresh_at"]`.
    """
    named = tokens.extra.get("refresh_at")
    if isinstance(named, str) and (at := datetime.fromisoformat(named)) > now:
        return at
    if tokens.refresh_token is None:
        end = tokens.access_expires_at
    else:
        end = tokens.refresh_expires_at or now + 2 * _UNSTATED
    if end is None:
        return None
    half = (end - now) / 2
    return now + half if half > _SOON else end


def _stale(tokens: Tokens, now: datetime) -> datetime | None:
    """From when on the access token is refreshed before use: minutes before its end, or half of a short life."""
    end = tokens.access_expires_at
    return None if end is None else end - min(_LEAD, max(end - now, timedelta()) / 2)
