"""Looking for a post whose answer was lost: ask its container, then find the post that came of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from polypost.errors import Rejected, Unavailable
from polypost.platforms.base import Absent, Attempt, CannotTell, Found, Proof, Reconciled, Run
from polypost.platforms.families.meta.errors import PermissionMissing
from polypost.platforms.families.meta.graph import identity, listed
from polypost.platforms.families.meta.insights import made_at
from polypost.platforms.families.meta.posts import nearest
from polypost.platforms.kit.matching import CLOCK_SLACK, TOO_MANY, essence, or_cannot_tell
from polypost.platforms.threads.containers import state_of
from polypost.platforms.threads.graph import Graph

_PAGE = 50
_FIELDS = "id,text,timestamp,permalink,media_type,is_quote_post"


@or_cannot_tell(Rejected, Unavailable, PermissionMissing)
async def look(run: Run, attempt: Attempt) -> Reconciled:
    """PUBLISHED means out, FINISHED and EXPIRED that it is not; a container can be published once."""
    graph = Graph(run)
    if attempt.handles["container"] is None:
        return await _find(run, graph, attempt)
    state, _ = await state_of(graph, str(attempt.handles["container"]))
    if state in {"FINISHED", "EXPIRED", "ERROR"}:
        return Absent()
    if state != "PUBLISHED":
        return CannotTell(f"The container on Threads is in state {state or 'unknown'}.")
    return await _find(run, graph, attempt)


async def _find(run: Run, graph: Graph, attempt: Attempt) -> Reconciled:
    """The post of a published container: ours by text, kind, parent and time, and nobody else's yet."""
    handles = attempt.handles
    since = int((attempt.started_at - CLOCK_SLACK).timestamp())
    reply = handles.get("reply_to") is not None
    body = await graph.get(
        f"{run.account.id}/{'replies' if reply else 'threads'}",
        fields=f"{_FIELDS},replied_to" if reply else _FIELDS,
        since=str(since),
        limit=str(_PAGE),
    )
    rows = [row for row in listed(body) if _matches(row, handles, attempt.started_at)]
    found = await nearest(run, rows, attempt.started_at)
    if found is None and handles["container"] is None:
        return Absent() if len(listed(body)) < _PAGE else CannotTell(TOO_MANY)
    if found is None:
        # It is out for certain; only its id is not to be had yet, so never "absent".
        return CannotTell("Threads has published this but does not list it yet.")
    return Found(Proof(str(found["id"]), found.get("permalink")))


def _matches(row: Mapping[str, Any], handles: Mapping[str, Any], started: datetime) -> bool:
    if identity(row) is None or not row.get("timestamp") or made_at(row) < started - CLOCK_SLACK:
        return False
    # What an answer leaves out speaks neither for nor against.
    if row.get("media_type") not in {None, handles["media_type"]}:
        return False
    if row.get("is_quote_post") not in {None, handles["quote"]}:
        return False
    parent = identity(row.get("replied_to"))
    if parent is not None and parent != handles["reply_to"]:
        return False
    return _plain(row.get("text")) == _plain(handles["text"])


def _plain(text: str | None) -> str:
    """Text as compared: Threads turns the first tag into a topic."""
    return essence((text or "").replace("#", " "))
