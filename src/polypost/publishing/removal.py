"""Takes posts back from the networks: each deletion done once, charged once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import Connection

from polypost import clock
from polypost.access import Project
from polypost.credits import service as credits
from polypost.errors import Conflict, NoAnswer, NotFound, NotSent, PlatformError, PolypostError
from polypost.integrations import AccountCalls, AccountSession, Integration
from polypost.integrations import service as integrations
from polypost.platforms.base import Deletes, Proof
from polypost.platforms.registry import connector
from polypost.posts import attempts, changes, work
from polypost.posts.states import State, shown
from polypost.posts.tables import TargetRow
from polypost.storage import Store

COMMIT_SECONDS = 20.0
PRICE = 1
DELETED, ALREADY = "deleted", "already deleted"
_TAKEN_BACK = frozenset({DELETED, ALREADY})
_CHANGED = "This target changed meanwhile, so the post stays here. Delete it once more when it has ended."


@dataclass(frozen=True, slots=True)
class Removal:
    """What became of one target; `message` for the person, `error` when the network did not do it."""

    target: TargetRow
    success: bool
    status: str
    message: str | None = None
    error: str | None = None


class Remover:
    """Deletes posts here and, when asked, on the networks that allow it."""

    def __init__(self, store: Store, calls: AccountCalls) -> None:
        self._store = store
        self._calls = calls

    async def remove(
        self, project: Project, post_id: str, *, from_platforms: bool
    ) -> tuple[int, list[Removal]]:
        """Credits charged and what happened per target.

        The post is gone here unless a network refused, or a target was tried again meanwhile. Raises NotFound, Conflict
        (still open) and PaymentRequired; then nothing was deleted anywhere.
        """
        rows = await self._store.read(lambda db: self._ready(db, project, post_id, paid=from_platforms))
        removals = [await self._take_back(project, row) if from_platforms else _kept(row) for row in rows]
        charged = PRICE * sum(removal.status == DELETED for removal in removals)
        if all(removal.success for removal in removals):
            try:
                await self._store.write(lambda db: self._remove(db, project, post_id, rows))
            except NotFound:
                # Another request deleted it meanwhile; what this one was charged for has to be said all the same.
                if not charged:
                    raise
            except Conflict:
                # A retry came in between: the post stays, and what was deleted on the networks has to be said.
                if not any(removal.status in _TAKEN_BACK for removal in removals):
                    raise
                removals = await self._store.read(
                    lambda db: _as_they_are(removals, changes.targets_of(db, project.id, post_id))
                )
        return charged, removals

    def _ready(self, db: Connection, project: Project, post_id: str, *, paid: bool) -> Sequence[TargetRow]:
        changes.removable(db, project.id, post_id)
        rows = changes.targets_of(db, project.id, post_id)
        if paid:
            owed = PRICE * sum(_is_out(row) for row in rows)
            credits.afford(db, project.id, owed, funds=project, at=clock.now())
        return rows

    def _remove(self, db: Connection, project: Project, post_id: str, rows: Sequence[TargetRow]) -> None:
        changes.removable(db, project.id, post_id, lock=True)
        now = changes.targets_of(db, project.id, post_id)
        if {_as_it_was(row) for row in now} != {_as_it_was(row) for row in rows}:
            raise Conflict(
                "A target of this post changed meanwhile.",
                code="still_open",
                next_step="Delete it once more.",
            )
        changes.remove(db, project.id, post_id)

    async def _take_back(self, project: Project, row: TargetRow) -> Removal:
        network = connector(row.platform)
        if not _is_out(row):
            return _kept(row)
        name = network.spec.name if network else row.platform
        if network is None or not isinstance(network, Deletes):
            return Removal(
                row, success=True, status="published", message=f"{name} does not let posts be deleted by API."
            )
        integration = await self._store.read(
            lambda db: integrations.find(db, project.id, [row.integration_id]).get(row.integration_id)
        )
        if integration is None:
            said = "The account is no longer connected. Connect it again, then delete once more."
            return Removal(row, success=False, status="published", error=said)
        try:
            await self._delete_parts(network, project, row, integration)
        except (PlatformError, NotSent, NoAnswer) as error:
            return Removal(row, success=False, status="published", error=error.message)
        return await self._record(project, row, name)

    async def _delete_parts(
        self, network: Deletes, project: Project, row: TargetRow, integration: Integration
    ) -> None:
        proofs = await self._store.read(lambda db: attempts.proofs(db, project.id, row.id)) or [
            Proof(row.proof_id or "")
        ]
        for proof in reversed(proofs):
            await self._calls.ask(
                integration, partial(_delete, network, proof), commit_seconds=COMMIT_SECONDS
            )

    async def _record(self, project: Project, row: TargetRow, name: str) -> Removal:
        entry = credits.Entry(row.id, row.generation, PRICE, row.platform, row.integration_id)

        def write(db: Connection) -> bool:
            now = clock.now()
            first = work.mark_removed(db, project.id, row.id, now)
            if first:
                credits.charge(db, project.id, entry, funds=project, at=now, owed=True)
            return first

        try:
            first = await self._store.write(write)
        except PolypostError as error:
            return Removal(row, success=False, status="published", error=error.message)
        status = DELETED if first else ALREADY
        return Removal(row, success=True, status=status, message=f"Deleted on {name}.")


async def _delete(network: Deletes, proof: Proof, session: AccountSession) -> None:
    await network.delete(session, proof)


def _as_it_was(row: TargetRow) -> tuple[str, int, str]:
    """What a retry, or an answer that came late, changes of a target."""
    return row.id, row.generation, row.state


def _is_out(row: TargetRow) -> bool:
    return bool(row.state == State.PUBLISHED.value and row.proof_id is not None and row.removed_at is None)


def _kept(row: TargetRow) -> Removal:
    return Removal(row, success=True, status=str(row.state))


def _as_they_are(removals: Sequence[Removal], rows: Sequence[TargetRow]) -> list[Removal]:
    """The same, where a target is no longer what it was: after a retry it is out, or may yet be."""
    now = {row.id: row for row in rows}
    return [
        each
        if each.status in _TAKEN_BACK or _as_it_was(now[each.target.id]) == _as_it_was(each.target)
        else replace(each, success=False, status=shown(State(now[each.target.id].state)), error=_CHANGED)
        for each in removals
    ]
