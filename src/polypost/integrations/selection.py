"""A login that stands for several accounts waits here until the person has chosen.

The token in the link is the only key to it: one use, ten minutes, stored as a hash, the accounts' tokens sealed.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from polypost import clock
from polypost.errors import InvalidRequest, NotFound, Problem
from polypost.integrations import service
from polypost.integrations.service import Integration
from polypost.integrations.tables import selections
from polypost.integrations.vault import Vault
from polypost.platforms.base import Account, Tokens
from polypost.storage import new_id

LIFETIME = timedelta(minutes=10)
KEPT = timedelta(days=1)
_FIELD = "accounts"
_INSTANTS = ("access_expires_at", "refresh_expires_at")
_T = selections.c


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a login came from and goes to: the flow's own settings."""

    project_id: str
    platform: str
    app_id: str | None = None
    profile_id: str | None = None
    redirect_uri: str | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """What there is to choose from and for which project, how long still, and where the person goes afterwards."""

    platform: str
    project_id: str
    accounts: Sequence[Account]
    seconds_left: int
    redirect_uri: str | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The accounts that were connected, and where the person goes next."""

    integrations: Sequence[Integration]
    redirect_uri: str | None


def connect(
    db: Connection, vault: Vault, origin: Origin, accounts: Sequence[Account], tokens: Tokens
) -> list[Integration]:
    """Store the accounts of one login, each with its own tokens where the network gives it some."""
    grant = new_id("grant")
    return [
        service.add(
            db,
            vault,
            origin.project_id,
            account,
            account.tokens or tokens,
            platform=origin.platform,
            app_id=origin.app_id,
            profile_id=origin.profile_id,
            grant_id=grant,
        )
        for account in accounts
    ]


def offer(db: Connection, vault: Vault, origin: Origin, accounts: Sequence[Account], tokens: Tokens) -> str:
    """Keep a login until the choice is made; the token of the link."""
    token, now = secrets.token_urlsafe(32), clock.now()
    hashed = _hash(token)
    kept = json.dumps({"tokens": _flat(tokens), "accounts": [_account(each) for each in accounts]})
    # Of all projects: what is over is nobody's any more.
    db.execute(delete(selections).where(_T.expires_at < now - KEPT))
    db.execute(
        insert(selections).values(
            hash=hashed,
            **asdict(origin),
            accounts=vault.seal(db, origin.project_id, hashed, _FIELD, kept),
            created_at=now,
            expires_at=now + LIFETIME,
        )
    )
    return token


def look(db: Connection, vault: Vault, platform: str, token: str) -> Offer:
    """What a token offers. Raises NotFound when it is used, over, or none."""
    row = _live(db, platform, token)
    _, accounts = _opened(db, vault, row)
    left = int((row.expires_at - clock.now()).total_seconds())
    return Offer(platform, row.project_id, accounts, left, row.redirect_uri)


def choose(db: Connection, vault: Vault, platform: str, token: str, chosen: Sequence[str]) -> Chosen:
    """Connect the chosen accounts and spend the token. Raises NotFound, InvalidRequest for an account not offered."""
    row = _live(db, platform, token)
    tokens, accounts = _opened(db, vault, row)
    offered = {account.id: account for account in accounts}
    problems = [
        Problem(
            f"selectedAccountIds[{place}]",
            "is not one of the accounts to choose from",
            "Use the ids of the selection.",
            "unknown_account",
        )
        for place, each in enumerate(chosen)
        if each not in offered
    ]
    if problems:
        raise InvalidRequest(problems)
    spent = db.execute(
        update(selections)
        .where(_T.hash == row.hash, _T.project_id == row.project_id, _T.used_at.is_(None))
        .values(used_at=clock.now(), accounts="")
    )
    if not spent.rowcount:
        raise _not_found()
    origin = Origin(row.project_id, platform, row.app_id, row.profile_id, row.redirect_uri)
    wanted = [offered[each] for each in dict.fromkeys(chosen)]
    return Chosen(connect(db, vault, origin, wanted, tokens), row.redirect_uri)


def _live(db: Connection, platform: str, token: str) -> Row[Any]:
    query = select(selections).where(
        _T.hash == _hash(token),
        _T.platform == platform,
        _T.used_at.is_(None),
        _T.expires_at > clock.now(),
    )
    row = db.execute(query).one_or_none()
    if row is None:
        raise _not_found()
    return row


def _opened(db: Connection, vault: Vault, row: Row[Any]) -> tuple[Tokens, list[Account]]:
    kept = json.loads(vault.open(db, row.project_id, row.hash, _FIELD, row.accounts))
    accounts = [
        Account(**{**each, "tokens": _tokens(each["tokens"]) if each["tokens"] else None})
        for each in kept["accounts"]
    ]
    return _tokens(kept["tokens"]), accounts


def _account(account: Account) -> dict[str, Any]:
    return {**asdict(account), "tokens": _flat(account.tokens) if account.tokens else None}


def _flat(tokens: Tokens) -> dict[str, Any]:
    values = asdict(tokens)
    return values | {name: values[name] and values[name].isoformat() for name in _INSTANTS}


def _tokens(kept: dict[str, Any]) -> Tokens:
    instants = {name: kept[name] and datetime.fromisoformat(kept[name]) for name in _INSTANTS}
    return Tokens(**(kept | instants | {"scopes": tuple(kept["scopes"])}))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _not_found() -> NotFound:
    return NotFound(
        "This choice is not known, was made already, or is older than ten minutes.",
        code="selection_not_found",
        next_step="Connect again.",
    )
