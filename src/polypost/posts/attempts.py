"""Intent rows: what was tried at a commit call, and what became of it (RELIABILITY S5–S8, R1).

An attempt ends as published, refused, not_sent, absent (the last look found nothing) or unknown. While it is
open, `outcome` may hold what is known so far: "duplicate" for a refusal that may be our own doing, "not_sent"
from a worker that lost its lease; a `proof_id` is the late answer of such a worker.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select, update

from polypost import clock
from polypost.platforms.base import Attempt, Proof
from polypost.posts.states import State
from polypost.posts.tables import AttemptRow, attempts, posts, targets
from polypost.posts.work import UNSEEN, Claim, changed, lost
from polypost.storage import HotInsert, HotSelect, HotUpdate, Insert, Update, Write, fenced, new_id, rows_of

_INSERT = HotInsert(attempts)
_ONE = HotSelect(select(attempts).where(attempts.c.id == bindparam("attempt")), AttemptRow)
_SET = HotUpdate(attempts, attempts.c.id == bindparam("attempt"))


@dataclass(frozen=True, slots=True)
class Intent:
    """A commit call that is to be made: of which target and part, under a lease from its instant on."""

    claimed: Claim
    part: str
    handles: Mapping[str, Any]
    lease: timedelta


def begin(db: Connection, intent: Intent, now: datetime) -> AttemptRow:
    """The intent row (RELIABILITY S5), durable before the first byte of the commit call leaves.

    Raises LeaseLost when another worker owns the target by now; then nothing is written.
    """
    claimed, part, handles, lease = intent.claimed, intent.part, intent.handles, intent.lease
    owned = changed(
        claimed,
        state=State.COMMITTING.value,
        attempted=True,
        step=part,
        lease_until=now + lease,
        next_at=now + lease,
    )
    values = {
        "id": new_id("att"),
        "project_id": claimed.target.project_id,
        "target_id": claimed.target.id,
        "integration_id": claimed.target.integration_id,
        "generation": claimed.target.generation,
        "part": part,
        "number": len(claimed.attempts_of.get(part, ())) + 1,
        "epoch": claimed.epoch,
        "started_at": now,
        "fingerprint": hashlib.sha256(json.dumps([part, dict(handles)], sort_keys=True).encode()).hexdigest(),
        "handles": dict(handles),
    }
    if not fenced(db, owned, Insert(_INSERT, [values])):
        raise lost(claimed)
    return _ONE.made(values)


def begin_several(db: Connection, intents: Sequence[Intent]) -> list[AttemptRow]:
    """The same of several targets, or of none; raises LeaseLost when another worker owns one of them by now."""
    now = clock.now()
    return [begin(db, intent, now) for intent in intents]


def ended(
    attempt: AttemptRow,
    outcome: str,
    *,
    now: datetime,
    proof: Proof | None = None,
    detail: str | None = None,
    absent: bool = False,
) -> Write:
    """What became of an attempt, to be written with something else; `absent` when the last look said it is not there."""
    values = {
        "finished_at": now,
        "outcome": outcome,
        "proof_id": proof.id if proof else None,
        "proof_url": proof.url if proof else None,
        "detail": detail,
    }
    if absent:
        values["absent_at"] = now
    return Update(_SET, {"attempt": attempt.id}, values)


def end(db: Connection, attempt: AttemptRow, outcome: str, **more: Any) -> None:
    """Record what became of an attempt."""
    ended(attempt, outcome, **more).alone(db)


def note_duplicate(db: Connection, attempt: AttemptRow, detail: str) -> None:
    """The network called an open attempt a duplicate; whether that is our own doing is still to be seen."""
    still_open = (attempts.c.id == attempt.id, attempts.c.finished_at.is_(None))
    db.execute(update(attempts).where(*still_open).values(outcome="duplicate", detail=detail))


def keep_evidence(db: Connection, attempt_id: str, outcome: str, proof: Proof | None) -> AttemptRow:
    """What a worker that lost its lease learned too late: evidence for a look, not a result (RELIABILITY P17).

    Returns the attempt as it is then.
    """
    same = attempts.c.id == attempt_id
    undecided = or_(attempts.c.finished_at.is_(None), attempts.c.outcome.in_(UNSEEN))
    if proof is not None:
        late = update(attempts).where(same, undecided)
        db.execute(late.values(proof_id=proof.id, proof_url=proof.url))
    elif outcome == "not_sent":
        db.execute(update(attempts).where(same, attempts.c.finished_at.is_(None)).values(outcome=outcome))
    (kept,) = _ONE(db, {"attempt": attempt_id})
    return kept


def find_late(db: Connection, attempt: AttemptRow, proof: Proof) -> None:
    """An attempt that had ended without an answer turned out to be on the network."""
    values = {"outcome": "published", "proof_id": proof.id, "proof_url": proof.url}
    _SET(db, {"attempt": attempt.id}, values)


def name(db: Connection, attempt: AttemptRow, part: str) -> None:
    """Say of which part an attempt was."""
    _SET(db, {"attempt": attempt.id}, {"part": part})


def undo(db: Connection, claimed: Claim, outcome: str, detail: str) -> None:
    """What the network had taken of the target is not out after all, or nobody knows whether it is (`outcome`)."""
    db.execute(
        update(attempts)
        .where(attempts.c.target_id == claimed.target.id, attempts.c.outcome == "published")
        .values(outcome=outcome, proof_id=None, proof_url=None, detail=detail)
    )


def unseen(db: Connection, project_id: str, target_ids: Sequence[str]) -> list[AttemptRow]:
    """Attempts of these targets that are out, or may be although nobody saw them there."""
    query = select(attempts).where(
        attempts.c.project_id == project_id,
        attempts.c.target_id.in_(target_ids),
        or_(attempts.c.outcome.in_({*UNSEEN, "published"}), attempts.c.finished_at.is_(None)),
    )
    return rows_of(db, query.order_by(attempts.c.started_at), AttemptRow)


def as_attempt(row: AttemptRow, since: datetime) -> Attempt:
    """The intent row as connectors see it; `since` is when the first attempt that may be meant began."""
    return Attempt(
        part=row.part,
        number=row.number,
        started_at=since,
        handles=row.handles,
        refusal=row.detail or "" if row.outcome == "duplicate" else "",
    )


def linked(db: Connection, integration_id: str, target_id: str, ids: Sequence[str]) -> set[str]:
    """Those network ids that belong to another target of the account (R1)."""
    query = select(attempts.c.proof_id).where(
        attempts.c.integration_id == integration_id,
        attempts.c.proof_id.in_(list(ids)),
        attempts.c.target_id != target_id,
    )
    return {str(row.proof_id) for row in db.execute(query)}


def taken(db: Connection, integration_id: str, attempt_id: str, proof: Proof) -> bool:
    """Whether another attempt of the account has this proof, be it the same target's (I2)."""
    same = (attempts.c.integration_id == integration_id, attempts.c.proof_id == proof.id)
    query = select(attempts.c.id).where(*same, attempts.c.id != attempt_id)
    return db.execute(query).one_or_none() is not None


def same_text_open(db: Connection, claimed: Claim, *, until: datetime) -> bool:
    """Whether another open target of the account has the same text, so that a duplicate refusal proves nothing (R2).

    What is due after `until` cannot be meant by that refusal.
    """
    query = (
        select(targets.c.id)
        .join(posts, posts.c.id == targets.c.post_id)
        .where(
            targets.c.integration_id == claimed.target.integration_id,
            targets.c.next_at.is_not(None),
            targets.c.due_at <= until,
            targets.c.id != claimed.target.id,
            func.coalesce(targets.c.content, posts.c.content) == claimed.text,
        )
        .limit(1)
    )
    return db.execute(query).one_or_none() is not None


def proofs(db: Connection, project_id: str, target_id: str) -> list[Proof]:
    """What of a target is on the network, in the order it went out."""
    query = select(attempts.c.proof_id, attempts.c.proof_url).where(
        attempts.c.target_id == target_id,
        attempts.c.project_id == project_id,
        attempts.c.outcome == "published",
    )
    return [Proof(row.proof_id, row.proof_url) for row in db.execute(query.order_by(attempts.c.started_at))]
