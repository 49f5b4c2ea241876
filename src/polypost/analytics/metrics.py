"""Kept figures: written as the networks tell them, read by account and post."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, select

from polypost.analytics.rates import COUNTS, Counted, counted, good_for
from polypost.analytics.tables import figures, listings, rests
from polypost.platforms.abilities import Measured, Metrics
from polypost.platforms.base import Proof
from polypost.storage import upsert

_F, _L, _R = figures.c, listings.c, rests.c
_CHUNK = 500
NOTHING = Counted(Metrics(), None)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A post on a network whose figures are asked for."""

    integration_id: str
    platform: str
    proof: Proof
    published_at: datetime | None

    @property
    def key(self) -> tuple[str, str]:
        """What its row is found by."""
        return self.integration_id, self.proof.id


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a post; `known` is false when its network did not know it at the last look."""

    counted: Counted
    asked_at: datetime
    measured_at: datetime | None
    known: bool


@dataclass(frozen=True, slots=True)
class Rest:
    """Why an account's network is left alone until an instant."""

    until: datetime
    code: str
    message: str
    noted_at: datetime


@dataclass(frozen=True, slots=True)
class Listing:
    """That an account's posts of a span were read; not `complete` where there were more than are kept."""

    asked_at: datetime
    complete: bool


def counted_of(row: Row[Any]) -> Counted:
    """The figures of a row."""
    counts = {name: getattr(row, name) for name in COUNTS}
    return Counted(Metrics(**counts, engagement_rate=row.engagement_rate), row.exposure)


def kept(db: Connection, project_id: str, wanted: Iterable[Wanted]) -> dict[tuple[str, str], Kept]:
    """What is known of these posts, by account and network's id."""
    by_account: dict[str, list[str]] = {}
    for each in wanted:
        by_account.setdefault(each.integration_id, []).append(each.proof.id)
    found = {}
    for integration_id, ids in by_account.items():
        for begin in range(0, len(ids), _CHUNK):
            query = select(figures).where(
                _F.project_id == project_id,
                _F.integration_id == integration_id,
                _F.proof_id.in_(ids[begin : begin + _CHUNK]),
            )
            for row in db.execute(query):
                found[integration_id, row.proof_id] = Kept(
                    counted_of(row), row.asked_at, row.measured_at, row.measured_at == row.asked_at
                )
    return found


def is_fresh(known: Kept | None, published_at: datetime | None, now: datetime) -> bool:
    """Whether a figure need not be asked for again yet."""
    if known is None:
        return False
    return now - known.asked_at < good_for(None if published_at is None else now - published_at)


def stale(db: Connection, project_id: str, wanted: Sequence[Wanted], now: datetime) -> list[Wanted]:
    """Those of these posts whose figures are to be asked for, in the same order."""
    known = kept(db, project_id, wanted)
    return [each for each in wanted if not is_fresh(known.get(each.key), each.published_at, now)]


def keep(
    db: Connection, project_id: str, wanted: Sequence[Wanted], told: Mapping[str, Metrics], at: datetime
) -> None:
    """Write down what a network answered; what it does not know keeps its last figures."""
    for each in wanted:
        values: dict[str, Any] = {"asked_at": at}
        if each.proof.id in told:
            values |= _columns(told[each.proof.id], at)
        _put(
            db,
            figures,
            {"integration_id": each.integration_id, "proof_id": each.proof.id},
            {"project_id": project_id, "platform": each.platform},
            values,
        )
    _wake(db, project_id, {each.integration_id for each in wanted})


def keep_list(
    db: Connection,
    project_id: str,
    account: tuple[str, str],
    span: tuple[datetime, datetime],
    rows: Sequence[Measured],
    at: datetime,
    *,
    complete: bool,
) -> None:
    """Write down an account's list; `account` is our id and the platform."""
    integration_id, platform = account
    for row in rows:
        about = {"url": row.proof.url, "content": row.text, "published_at": row.published_at}
        _put(
            db,
            figures,
            {"integration_id": integration_id, "proof_id": row.proof.id},
            {"project_id": project_id, "platform": platform},
            {"asked_at": at, "listed_at": at, **about, **_columns(row.metrics, at)},
        )
    since, until = span
    # Narrower spans that were read before say less than this one does.
    db.execute(
        delete(listings).where(
            _L.project_id == project_id,
            _L.integration_id == integration_id,
            _L.since >= since,
            _L.until <= until,
        )
    )
    _put(
        db,
        listings,
        {"integration_id": integration_id, "since": since, "until": until},
        {"project_id": project_id},
        {"asked_at": at, "complete": complete},
    )
    _wake(db, project_id, {integration_id})


def listing(
    db: Connection, project_id: str, integration_id: str, span: tuple[datetime, datetime]
) -> Listing | None:
    """The newest reading of an account that covers the span."""
    query = (
        select(listings)
        .where(
            _L.project_id == project_id,
            _L.integration_id == integration_id,
            _L.since <= span[0],
            _L.until >= span[1],
        )
        .order_by(_L.asked_at.desc())
        .limit(1)
    )
    row = db.execute(query).one_or_none()
    return None if row is None else Listing(row.asked_at, row.complete)


def rest(
    db: Connection, project_id: str, integration_id: str, changed_at: datetime, now: datetime
) -> Rest | None:
    """Why the account's network must not be asked now; what was noted before the account last changed is over."""
    return resting(db, project_id, {integration_id: changed_at}, now).get(integration_id)


def resting(
    db: Connection, project_id: str, changed_at: Mapping[str, datetime], now: datetime
) -> dict[str, Rest]:
    """The same of several accounts, by their ids; without those that may be asked."""
    query = select(rests).where(
        _R.project_id == project_id, _R.integration_id.in_(list(changed_at)), _R.until > now
    )
    return {
        row.integration_id: Rest(row.until, row.code, row.message, row.noted_at)
        for row in db.execute(query)
        if row.code != "reconnect_required" or changed_at[row.integration_id] <= row.noted_at
    }


def note(db: Connection, project_id: str, integration_id: str, why: Rest) -> None:
    """Leave the account's network alone for a while."""
    values = {"until": why.until, "code": why.code[:48], "message": why.message, "noted_at": why.noted_at}
    _put(db, rests, {"integration_id": integration_id}, {"project_id": project_id}, values)


def _wake(db: Connection, project_id: str, ids: set[str]) -> None:
    db.execute(delete(rests).where(_R.project_id == project_id, _R.integration_id.in_(sorted(ids))))


def _columns(metrics: Metrics, at: datetime) -> dict[str, Any]:
    made = counted(metrics)
    counts = {name: getattr(made.metrics, name) for name in COUNTS}
    rate = made.metrics.engagement_rate
    return {**counts, "engagement_rate": rate, "exposure": made.exposure, "measured_at": at}


def _put(
    db: Connection,
    table: Table,
    key: Mapping[str, Any],
    fixed: Mapping[str, Any],
    values: Mapping[str, Any],
) -> None:
    """Insert a row, or give the one with this key other values."""
    upsert(db, table, list(key), [{**key, **fixed, **values}], fixed=list(fixed))
